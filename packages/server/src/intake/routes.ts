import { Readable } from 'node:stream';
import type { ReadableStream as WebStream } from 'node:stream/web';
import { z } from 'zod';
import type { AppContext } from '../platform/context.ts';
import { json, noContent, type Reply } from '../platform/http/reply.ts';
import { defineRoute, type Route } from '../platform/http/route.ts';
import { callbackRoutes } from './callback-routes.ts';
import { receiptRoutes } from './receipt-routes.ts';
import { openFeed, readWaitS } from './request-content.ts';
import { isSettled } from './rules.ts';
import {
  CreateUploadSchema,
  ListUploadsSchema,
  LookViewSchema,
  ScanReplySchema,
  UploadIdSchema,
  UploadPageSchema,
  UploadViewSchema,
  type UploadView,
} from './schema.ts';
import type { OpenContent } from './contents.ts';
import type { IntakeService } from './service.ts';

const ParamsSchema = z.object({ id: UploadIdSchema });
const WAIT_MAX_S = 60;
const WAIT_DEFAULT_S = 20;
const WaitSchema = z.object({ wait: z.coerce.number().int().min(0).max(WAIT_MAX_S).default(0).describe('Seconds to wait for the decision.') });
const WaitAfterSchema = z.object({
  wait: z.coerce
    .number()
    .int()
    .min(0)
    .max(WAIT_MAX_S)
    .default(WAIT_DEFAULT_S)
    .describe('Seconds to wait for the decision; 0 answers as soon as the content is durable.'),
});
const CONTENT = {
  kind: 'stream',
  contentTypes: ['application/octet-stream', 'multipart/form-data'],
  description: 'The bytes as they will be published, or one file in multipart/form-data. No Content-Encoding.',
} as const;
const CONTENT_HEADERS = { 'Content-Digest': 'sha-256=:<base64>: (RFC 9530); the content must have it', Prefer: 'respond-async: answer 202 at once (RFC 7240)' };
const UPLOAD = { schema: UploadViewSchema } as const;
const SCAN_STATUS = { clear: 200, match: 422, unscannable: 415, error: 503 } as const;
const SCAN_RETRY_S = '5';

export function routes(service: IntakeService, context: AppContext): readonly Route[] {
  return [
    ...announceRoutes(service),
    ...receiveRoutes(service, context),
    ...contentRoutes(service),
    scanRoute(service, context),
    ...receiptRoutes(service),
    ...callbackRoutes(service),
  ];
}

function announceRoutes(service: IntakeService): readonly Route[] {
  return [
    defineRoute({
      method: 'post',
      path: '/v1/uploads',
      right: 'uploads:write',
      tag: 'uploads',
      summary: 'Announce an upload',
      description: 'With an Idempotency-Key the same request gives the same upload for 24 hours. Then send the bytes to `links.content`.',
      requestHeaders: { 'Idempotency-Key': '1 to 255 visible ASCII characters, of your choice' },
      body: CreateUploadSchema,
      responses: {
        201: {
          description: 'Announced',
          ...UPLOAD,
          headers: { Location: 'where its status is', 'Idempotency-Replayed': '`true` when the key was used before' },
        },
      },
      async handle({ body, principal, header }) {
        const { view, isReplay } = await service.create(body, { principal, idempotencyKey: header('idempotency-key') });
        return json(view, { status: 201, headers: { location: view.links.self, ...(isReplay ? { 'idempotency-replayed': 'true' } : {}) } });
      },
    }),
    defineRoute({
      method: 'get',
      path: '/v1/uploads',
      right: 'uploads:read',
      tag: 'uploads',
      summary: 'List uploads, newest first',
      query: ListUploadsSchema,
      responses: { 200: { description: 'A page; `next` is the `before` of the following one', schema: UploadPageSchema } },
      handle: async ({ query, principal }) => json(await service.list(query, principal)),
    }),
    defineRoute({
      method: 'get',
      path: '/v1/uploads/{id}',
      right: 'uploads:read',
      tag: 'uploads',
      summary: 'The state of an upload, its verdict and its receipt',
      description: 'Publish only with a receipt. With `wait`, the answer comes when the upload is decided, or after that many seconds.',
      params: ParamsSchema,
      query: WaitSchema,
      responses: { 200: { description: 'The upload', ...UPLOAD } },
      handle: async ({ params, query, principal, signal }) => json(await service.get(params.id, { principal, waitS: query.wait, signal })),
    }),
    defineRoute({
      method: 'delete',
      path: '/v1/uploads/{id}',
      right: 'uploads:write',
      tag: 'uploads',
      summary: 'End an upload',
      description: 'Its bytes are removed and its receipt is withdrawn.',
      params: ParamsSchema,
      responses: { 204: { description: 'Ended' } },
      async handle({ params, principal }) {
        await service.remove(params.id, principal.id);
        return noContent();
      },
    }),
  ];
}

function receiveRoutes(service: IntakeService, { config }: AppContext): readonly Route[] {
  return [
    defineRoute({
      method: 'put',
      path: '/v1/uploads/{id}/content',
      right: 'uploads:write',
      tag: 'uploads',
      summary: 'Send the content',
      description:
        'A 2xx means: the bytes are safe here. It is not a clearance. The same bytes may be sent again after a lost answer; ' +
        `other bytes never replace them. At most ${config.maxUploadBytes} bytes.`,
      params: ParamsSchema,
      query: WaitAfterSchema,
      requestHeaders: CONTENT_HEADERS,
      rawBody: CONTENT,
      responses: { 200: { description: 'Received and decided: see `state`', ...UPLOAD }, 202: { description: 'Received, not yet decided', ...UPLOAD } },
      async handle(exchange) {
        const { params, query, principal } = exchange;
        const raw = { ...exchange, params: {}, query: new URLSearchParams() };
        const waitS = readWaitS(exchange, query.wait);
        return answer(await service.receive(params.id, { ...openFeed(raw, config.maxUploadBytes), principal, waitS }), waitS);
      },
    }),
    defineRoute({
      method: 'post',
      path: '/v1/uploads/{id}/rescreen',
      right: 'uploads:write',
      tag: 'uploads',
      summary: 'Screen the content again',
      description:
        'For held, refused or released content, when the cause was mended or the lists changed. Its receipt is withdrawn; a new one follows if it is clear.',
      params: ParamsSchema,
      query: WaitAfterSchema,
      requestHeaders: { Prefer: CONTENT_HEADERS.Prefer },
      responses: { 200: { description: 'Decided', ...UPLOAD }, 202: { description: 'Not yet decided', ...UPLOAD } },
      async handle(exchange) {
        const { params, query, principal, signal } = exchange;
        const waitS = readWaitS(exchange, query.wait);
        return answer(await service.rescreen(params.id, { principal, waitS, signal }), waitS);
      },
    }),
  ];
}

function answer(view: UploadView, waitS: number): Reply {
  return json(view, {
    status: isSettled(view.state) ? 200 : 202,
    headers: { location: view.links.self, ...(waitS === 0 ? { 'preference-applied': 'respond-async' } : {}) },
  });
}

function contentRoutes(service: IntakeService): readonly Route[] {
  return [
    defineRoute({
      method: 'get',
      path: '/v1/uploads/{id}/content',
      right: 'uploads:read',
      tag: 'uploads',
      summary: 'Fetch released content',
      description: 'Only in the state `released`, and for clear content only while its receipt is in force.',
      params: ParamsSchema,
      responses: {
        200: {
          description: 'The bytes, as an attachment, with the type that they really have',
          contentType: '*/*',
          headers: { 'Content-Digest': 'SHA-256 of the bytes (RFC 9530)' },
        },
      },
      handle: async ({ params }) => toAttachment(params.id, await service.openContent(params.id)),
    }),
    defineRoute({
      method: 'get',
      path: '/v1/uploads/{id}/looks',
      right: 'held:view',
      tag: 'uploads',
      summary: 'Who looked at content that was not released, newest first',
      params: ParamsSchema,
      responses: { 200: { description: 'At most the newest 200', schema: z.object({ looks: z.array(LookViewSchema) }) } },
      handle: async ({ params }) => json({ looks: await service.looks(params.id) }),
    }),
    defineRoute({
      method: 'post',
      path: '/v1/uploads/{id}/view',
      right: 'held:view',
      tag: 'uploads',
      summary: 'Look at content that is not released',
      description: 'A new drawing of it, grey and blurred unless `clear=1`; never the original bytes. Each look is recorded with who looked.',
      params: ParamsSchema,
      query: z.object({ clear: z.enum(['0', '1']).default('0') }),
      responses: { 200: { description: 'A picture', contentType: 'image/jpeg' } },
      async handle({ params, query, principal, signal }) {
        const { bytes, mediaType } = await service.view(params.id, { isBlurred: query.clear === '0', principal, signal });
        return new Response(new Uint8Array(bytes), { headers: { 'content-type': mediaType, 'content-security-policy': "default-src 'none'; sandbox" } });
      },
    }),
  ];
}

const MEDIA_TYPE = /^[a-z0-9][a-z0-9.+-]*\/[a-z0-9][a-z0-9.+-]*$/;

function toAttachment(id: string, content: OpenContent): Response {
  // Node's and the DOM's names for one and the same class.
  const body = Readable.toWeb(content.stream) as WebStream<Uint8Array> as unknown as ReadableStream<Uint8Array>;
  return new Response(body, {
    headers: {
      'content-type': MEDIA_TYPE.test(content.mediaType) ? content.mediaType : 'application/octet-stream',
      'content-length': String(content.sizeBytes),
      'content-disposition': `attachment; filename="${id}"`,
      'content-digest': `sha-256=:${Buffer.from(content.sha256, 'hex').toString('base64')}:`,
      'content-security-policy': "default-src 'none'; sandbox",
    },
  });
}

function scanRoute(service: IntakeService, { config }: AppContext): Route {
  const reply = { schema: ScanReplySchema };
  return defineRoute({
    method: 'post',
    path: '/v1/scan',
    right: 'scan',
    tag: 'scan',
    summary: 'Screen content in one call',
    description: `The bytes are gone when the answer comes. Only 200 is clear; it has a receipt unless \`receipt=0\`. At most ${config.maxScanBytes} bytes.`,
    query: z.object({ receipt: z.enum(['0', '1']).default('1') }),
    requestHeaders: { 'Content-Digest': CONTENT_HEADERS['Content-Digest'] },
    rawBody: CONTENT,
    responses: {
      200: { description: 'Clear', ...reply },
      415: { description: 'Unscannable: a property of the content', ...reply },
      422: { description: 'A match', ...reply },
      503: { description: 'Error: no answer could be given; not a clearance', ...reply, headers: { 'Retry-After': 'seconds' } },
    },
    async handle(exchange) {
      const raw = { ...exchange, params: {}, query: new URLSearchParams() };
      const result = await service.scan({ ...openFeed(raw, config.maxScanBytes), principal: exchange.principal, wantsReceipt: exchange.query.receipt === '1' });
      return json(result, { status: SCAN_STATUS[result.verdict], headers: result.verdict === 'error' ? { 'retry-after': SCAN_RETRY_S } : {} });
    },
  });
}
