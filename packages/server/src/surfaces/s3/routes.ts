/** Uploads to the store, and its events, over HTTP. */
import { z } from 'zod';
import { UploadIdSchema } from '../../intake/index.ts';
import { GatehouseError } from '../../platform/errors.ts';
import { readRawText } from '../../platform/http/body.ts';
import { json } from '../../platform/http/reply.ts';
import { defineRoute, type Exchange, type Route } from '../../platform/http/route.ts';
import { NewS3UploadSchema, S3ObjectSchema, S3ReconciledSchema, S3ReviewSchema, S3StatusSchema, S3UploadSchema, TakenHintsSchema } from './schema.ts';
import type { S3Service } from './service.ts';

const TIMEOUT_MS = 60_000;
/** SNS sends at most 256 KiB; a batch of records of others may be longer. */
const EVENT_BYTES_MAX = 1_048_576;
const EVENTS = { kind: 'stream', contentTypes: ['application/json', 'text/plain'], description: 'A message of AWS S3, SNS, EventBridge or Ceph.' } as const;

export function routes(service: S3Service): readonly Route[] {
  return [...uploadRoutes(service), ...eventRoutes(service), ...stateRoutes(service)];
}

function uploadRoutes(service: S3Service): readonly Route[] {
  return [
    defineRoute({
      method: 'post',
      path: '/v1/s3/uploads',
      right: 'uploads:write',
      tag: 's3',
      summary: 'Let one file be sent to the quarantine bucket',
      description:
        'Gives an address, or the fields of a form, for one object under a random key. That the store took the file is no clearance: ask for the upload, and publish only what was promoted.',
      body: NewS3UploadSchema,
      responses: { 201: { description: 'Where to send it', schema: S3UploadSchema } },
      handle: async ({ body, principal }) => {
        const upload = await service.createUpload(body, principal);
        return json(upload, { status: 201, headers: { location: upload.statusUrl } });
      },
    }),
    defineRoute({
      method: 'get',
      path: '/v1/s3/uploads/{id}',
      right: 'uploads:read',
      tag: 's3',
      summary: 'Where the object of an upload is',
      params: z.object({ id: UploadIdSchema }),
      responses: { 200: { description: 'The object', schema: S3ObjectSchema } },
      handle: async ({ params }) => json(await service.findObject(params.id)),
    }),
  ];
}

function eventRoutes(service: S3Service): readonly Route[] {
  const answer = async (exchange: Pick<Exchange, 'incoming' | 'signal'>): Promise<ReturnType<typeof json>> =>
    json({ noted: await service.takeHints(await readMessage(exchange), exchange.signal) });
  const responses = { 200: { description: 'Taken', schema: TakenHintsSchema } };
  return [
    defineRoute({
      method: 'post',
      path: '/v1/hooks/s3-events',
      right: 'uploads:write',
      takesBasic: true,
      tag: 's3',
      summary: 'An event of the store: something was stored',
      description: 'A hint, and no more: what is in the bucket is listed. Events may come twice, late, or never.',
      rawBody: EVENTS,
      responses,
      handle: answer,
    }),
    defineRoute({
      method: 'post',
      path: '/v1/hooks/s3-events/{secret}',
      right: 'public',
      ignoresCredentials: true,
      tag: 's3',
      summary: 'The same, for stores that can send no key',
      description: 'The secret is GATEHOUSE_S3_EVENTS_SECRET. A subscription of SNS is confirmed by itself.',
      params: z.object({ secret: z.string().max(200) }),
      rawBody: EVENTS,
      responses,
      async handle(exchange) {
        service.requireSecret(exchange.params.secret);
        return answer(exchange);
      },
    }),
  ];
}

function stateRoutes(service: S3Service): readonly Route[] {
  return [
    defineRoute({
      method: 'get',
      path: '/v1/s3',
      right: 'settings:read',
      tag: 's3',
      summary: 'How many objects are where',
      responses: { 200: { description: 'The state', schema: S3StatusSchema } },
      handle: async () => json(await service.status()),
    }),
    defineRoute({
      method: 'post',
      path: '/v1/s3/reconcile',
      right: 'uploads:write',
      tag: 's3',
      summary: 'List the quarantine bucket now',
      timeoutMs: TIMEOUT_MS,
      responses: { 200: { description: 'What was found', schema: S3ReconciledSchema } },
      handle: async ({ signal }) => json(await service.reconcile(signal)),
    }),
    defineRoute({
      method: 'get',
      path: '/v1/s3/check',
      right: 'settings:read',
      tag: 's3',
      summary: 'Whether the store is set up so that nothing slips past',
      responses: { 200: { description: 'The findings', schema: S3ReviewSchema } },
      handle: async () => json(await service.review()),
    }),
  ];
}

/** SNS says text/plain and means JSON. */
async function readMessage(exchange: Pick<Exchange, 'incoming'>): Promise<unknown> {
  try {
    return JSON.parse(await readRawText(exchange, EVENT_BYTES_MAX));
  } catch (cause) {
    if (cause instanceof GatehouseError) throw cause;
    throw new GatehouseError('invalid_request', 'The body is not valid JSON.', { cause });
  }
}
