/** What witnesses of other logs ask for, and the witnesses and time stamps of this one. */
import { z } from 'zod';
import { GatehouseError } from '../platform/errors.ts';
import { json, noContent, Reply } from '../platform/http/reply.ts';
import { defineRoute, type Exchange, type Route } from '../platform/http/route.ts';
import type { Outside } from './outside.ts';
import {
  AddCosignerSchema,
  AddWitnessedLogSchema,
  CosignerSchema,
  StampingSchema,
  StampSchema,
  WitnessedLogSchema,
  WitnessSchema,
  type WitnessAnswer,
} from './witness-schema.ts';

/** 63 hashes and a checkpoint with a hundred signatures are 20 kB. */
const BODY_BYTES_MAX = 65_536;
/** C2SP tlog-witness, "add-checkpoint". */
const SIZE_TYPE = 'text/x.tlog.size';
const PLAIN = { description: 'Why not', contentType: 'text/plain' } as const;
const NameQuery = z.object({ name: z.string().min(1).max(400) });
const CosignersSchema = z.object({ cosigners: z.array(CosignerSchema) });

export function witnessRoutes({ witness, cosigners, stamps }: Outside): readonly Route[] {
  return [addCheckpointRoute(witness), ...witnessedRoutes(witness), ...cosignerRoutes(cosigners), ...stampRoutes(stamps)];
}

function addCheckpointRoute(witness: Outside['witness']): Route {
  return defineRoute({
    method: 'post',
    path: '/log/witness/add-checkpoint',
    right: 'public',
    tag: 'log',
    summary: 'Cosign a checkpoint of another log, as its witness',
    description: 'C2SP tlog-witness 1.0.0. Only logs that were added with `POST /v1/log/witness/logs` are known; without one every answer is 404.',
    rawBody: { kind: 'stream', contentTypes: ['text/plain'], description: 'The old size, a consistency proof, an empty line, the checkpoint' },
    responses: {
      200: { description: 'Lines of cosignatures', contentType: 'text/plain' },
      400: PLAIN,
      403: PLAIN,
      404: PLAIN,
      409: { description: 'The size of the last checkpoint that was cosigned', contentType: SIZE_TYPE },
      422: PLAIN,
    },
    handle: async (exchange) => toReply(await witness.addCheckpoint(await readBody(exchange))),
  });
}

function toReply(answer: WitnessAnswer): Reply {
  const headers = { 'content-type': 'text/plain; charset=utf-8', 'cache-control': 'no-store' };
  if (answer.kind === 'cosigned') return new Reply(answer.lines, { headers });
  if (answer.kind === 'conflict') return new Reply(`${answer.size}\n`, { status: 409, headers: { ...headers, 'content-type': SIZE_TYPE } });
  return new Reply(`${answer.reason}\n`, { status: answer.status, headers });
}

/** @returns no text at all for bytes that are none: that is no request. @throws {GatehouseError} `too_large`, `length_mismatch` */
async function readBody({ incoming }: Pick<Exchange, 'incoming'>): Promise<string> {
  const chunks: Buffer[] = [];
  let sizeBytes = 0;
  try {
    for await (const chunk of incoming as AsyncIterable<Buffer>) {
      sizeBytes += chunk.length;
      if (sizeBytes > BODY_BYTES_MAX) break;
      chunks.push(chunk);
    }
  } catch (cause) {
    throw new GatehouseError('length_mismatch', 'The connection ended before the whole request had arrived. Nothing was cosigned.', { cause });
  }
  if (sizeBytes > BODY_BYTES_MAX) throw new GatehouseError('too_large', `This body may hold at most ${BODY_BYTES_MAX} bytes. Nothing was cosigned.`);
  const bytes = Buffer.concat(chunks);
  const text = bytes.toString('utf8');
  return Buffer.from(text).equals(bytes) ? text : '';
}

function witnessedRoutes(witness: Outside['witness']): readonly Route[] {
  return [
    defineRoute({
      method: 'get',
      path: '/v1/log/witness',
      right: 'log:read',
      tag: 'log',
      summary: 'This installation as a witness: its key, and the logs that it cosigns',
      responses: { 200: { description: 'Key and logs', schema: WitnessSchema } },
      handle: async () => json(await witness.describe()),
    }),
    defineRoute({
      method: 'post',
      path: '/v1/log/witness/logs',
      right: 'log:manage',
      tag: 'log',
      summary: 'Cosign the checkpoints of another log from now on',
      body: AddWitnessedLogSchema,
      responses: { 201: { description: 'Added', schema: WitnessedLogSchema } },
      handle: async ({ body, principal }) => json(await witness.add(body, principal.id), { status: 201 }),
    }),
    defineRoute({
      method: 'delete',
      path: '/v1/log/witness/logs',
      right: 'log:manage',
      tag: 'log',
      summary: 'Cosign another log no more',
      description: 'What was cosigned stays remembered: added again, the log must continue it.',
      query: NameQuery,
      responses: { 204: { description: 'It is cosigned no more' } },
      async handle({ query, principal }) {
        await witness.remove(query.name, principal.id);
        return noContent();
      },
    }),
  ];
}

function cosignerRoutes(cosigners: Outside['cosigners']): readonly Route[] {
  return [
    defineRoute({
      method: 'get',
      path: '/v1/log/cosigners',
      right: 'log:read',
      tag: 'log',
      summary: 'The witnesses of this log, and what each has cosigned',
      responses: { 200: { description: 'All of them', schema: CosignersSchema } },
      handle: async () => json({ cosigners: await cosigners.list() }),
    }),
    defineRoute({
      method: 'post',
      path: '/v1/log/cosigners',
      right: 'log:manage',
      tag: 'log',
      summary: 'Ask a witness to cosign the checkpoints of this log from now on',
      description: 'It is asked within a minute, and then after each new checkpoint at most once a minute.',
      body: AddCosignerSchema,
      responses: { 201: { description: 'Added', schema: CosignerSchema } },
      handle: async ({ body, principal }) => json(await cosigners.add(body, principal.id), { status: 201 }),
    }),
    defineRoute({
      method: 'delete',
      path: '/v1/log/cosigners',
      right: 'log:manage',
      tag: 'log',
      summary: 'Ask a witness no more',
      description: 'What it cosigned stays.',
      query: NameQuery,
      responses: { 204: { description: 'It is asked no more' } },
      async handle({ query, principal }) {
        await cosigners.remove(query.name, principal.id);
        return noContent();
      },
    }),
    defineRoute({
      method: 'post',
      path: '/v1/log/cosigners/ask',
      right: 'log:manage',
      tag: 'log',
      summary: 'Sign a checkpoint and ask all witnesses now',
      responses: { 200: { description: 'How each of them stands; `failure` is null for those that cosigned', schema: CosignersSchema } },
      handle: async ({ signal }) => json({ cosigners: await cosigners.askAll(signal) }),
    }),
  ];
}

function stampRoutes(stamps: Outside['stamps']): readonly Route[] {
  return [
    defineRoute({
      method: 'get',
      path: '/v1/log/stamps',
      right: 'log:read',
      tag: 'log',
      summary: 'The last time stamp of the log, and whether stamping works',
      responses: { 200: { description: 'The last one', schema: StampingSchema } },
      handle: async () => json(await stamps.describe()),
    }),
    defineRoute({
      method: 'post',
      path: '/v1/log/stamps',
      right: 'log:manage',
      tag: 'log',
      summary: 'Sign a checkpoint and have it stamped now',
      description: 'Without this that happens once a day. A checkpoint that has a stamp keeps it.',
      responses: { 200: { description: 'The stamp', schema: StampSchema } },
      handle: async ({ signal }) => json(await stamps.stamp(signal)),
    }),
  ];
}
