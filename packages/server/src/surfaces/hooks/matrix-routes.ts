/** The API of matrix-content-scanner-python (its docs/api.md), for clients that were made for it. */
import { createReadStream } from 'node:fs';
import { Readable } from 'node:stream';
import type { ReadableStream as WebStream } from 'node:stream/web';
import { z } from 'zod';
import { json, type Answer, type Reply } from '../../platform/http/reply.ts';
import { defineRoute, type Exchange, type Route } from '../../platform/http/route.ts';
import { MATRIX_FAULTS, notCleared, type MatrixFault } from './answer-rules.ts';
import type { Judged, Matrix, MatrixQuestion } from './matrix.ts';
import { CORS, mediaHeaders, readClientToken, type MediaTarget } from './media-rules.ts';
import {
  MatrixErrorSchema,
  MatrixKeySchema,
  MatrixScanSchema,
  MediaIdSchema,
  MediaRequestSchema,
  ServerNameSchema,
  ThumbnailSchema,
  type MediaRequest,
} from './schema.ts';
import type { HooksService } from './service.ts';

const BASE = '/_matrix/media_proxy/unstable';
const TargetSchema = z.object({ serverName: ServerNameSchema, mediaId: MediaIdSchema });
const failure = (description: string): { readonly description: string; readonly schema: z.ZodType } => ({ description, schema: MatrixErrorSchema });
const FAILURES = {
  400: failure('Malformed, or the file could not be decrypted'),
  403: failure('Not cleared (`MCS_MEDIA_NOT_CLEAN`), or the encrypted body could not be read (`MCS_BAD_DECRYPTION`)'),
  404: failure('No such media, or this service is not offered here'),
  502: failure('The homeserver could not be asked'),
  503: failure('Not decided: do not show; try again'),
};
const MEDIA = { 200: { description: 'The media, with the type that it really has', contentType: '*/*' }, ...FAILURES };
const SCANNED = { 200: { description: 'Whether it may be shown', schema: MatrixScanSchema }, ...FAILURES };
const AUTHORIZATION = {
  Authorization: "`Bearer <token>`: the client's own Matrix access token, which is handed to the homeserver; or a key of ours with `scan`",
};
const shared = { right: 'public', tag: 'hooks', requestHeaders: AUTHORIZATION } as const;

export function matrixRoutes({ matrix }: HooksService): readonly Route[] {
  return [...plainRoutes(matrix), ...encryptedRoutes(matrix)];
}

function plainRoutes(matrix: Matrix | undefined): readonly Route[] {
  return [
    defineRoute({
      ...shared,
      method: 'get',
      path: `${BASE}/download/{serverName}/{mediaId}`,
      summary: 'Matrix: fetch a media, if it may be shown',
      params: TargetSchema,
      responses: MEDIA,
      handle: async (exchange) => serve(matrix, question(exchange, exchange.params)),
    }),
    defineRoute({
      ...shared,
      method: 'get',
      path: `${BASE}/thumbnail/{serverName}/{mediaId}`,
      summary: 'Matrix: fetch a thumbnail, if it may be shown',
      params: TargetSchema,
      query: ThumbnailSchema,
      responses: MEDIA,
      handle: async (exchange) => serve(matrix, question(exchange, { ...exchange.params, thumbnail: exchange.query })),
    }),
    defineRoute({
      ...shared,
      method: 'get',
      path: `${BASE}/scan/{serverName}/{mediaId}`,
      summary: 'Matrix: ask whether a media may be shown',
      params: TargetSchema,
      responses: SCANNED,
      handle: async (exchange) => scan(matrix, question(exchange, exchange.params)),
    }),
  ];
}

function encryptedRoutes(matrix: Matrix | undefined): readonly Route[] {
  const ask = async (exchange: Asking & { readonly body: MediaRequest }, answer: typeof serve | typeof scan): Promise<Answer> => {
    const request = matrix?.readRequest(exchange.body) ?? 'off';
    return typeof request === 'string' ? refuse(MATRIX_FAULTS[request]) : answer(matrix, { ...question(exchange, request.target), file: request.file });
  };
  return [
    defineRoute({
      ...shared,
      method: 'post',
      path: `${BASE}/download_encrypted`,
      summary: 'Matrix: fetch an encrypted media decrypted, if it may be shown',
      body: MediaRequestSchema,
      responses: MEDIA,
      handle: (exchange) => ask(exchange, serve),
    }),
    defineRoute({
      ...shared,
      method: 'post',
      path: `${BASE}/scan_encrypted`,
      summary: 'Matrix: ask whether an encrypted media may be shown',
      body: MediaRequestSchema,
      responses: SCANNED,
      handle: (exchange) => ask(exchange, scan),
    }),
    defineRoute({
      ...shared,
      method: 'get',
      path: `${BASE}/public_key`,
      summary: 'Matrix: the key for which `encrypted_body` is encrypted',
      responses: { 200: { description: 'base64, as libolm writes it', schema: MatrixKeySchema }, 404: FAILURES[404] },
      handle: async () => (matrix === undefined ? refuse(MATRIX_FAULTS.off) : json({ public_key: matrix.publicKey }, { headers: CORS })),
    }),
  ];
}

type Asking = Pick<Exchange, 'principal' | 'header' | 'signal'>;

function question(exchange: Asking, target: MediaTarget): MatrixQuestion {
  const { principal, signal } = exchange;
  return { target, principal, signal, clientToken: readClientToken(exchange.header('authorization')) };
}

function refuse({ status, body }: MatrixFault): Reply {
  return json(body, { status, headers: { ...CORS, ...(status === 503 ? { 'retry-after': '5' } : {}) } });
}

async function judge(matrix: Matrix | undefined, asked: MatrixQuestion): Promise<Judged> {
  return matrix === undefined ? { kind: 'fault', fault: 'off' } : matrix.judge(asked);
}

async function scan(matrix: Matrix | undefined, asked: MatrixQuestion): Promise<Answer> {
  const judged = await judge(matrix, asked);
  if (judged.kind === 'fault') return refuse(MATRIX_FAULTS[judged.fault]);
  if (judged.kind === 'release') await judged.content.discard();
  return json({ clean: judged.kind === 'release', info: judged.message }, { headers: CORS });
}

async function serve(matrix: Matrix | undefined, asked: MatrixQuestion): Promise<Answer> {
  const judged = await judge(matrix, asked);
  if (judged.kind === 'fault') return refuse(MATRIX_FAULTS[judged.fault]);
  if (judged.kind === 'stop') return refuse(notCleared(judged.message));
  const { content, mediaType } = judged;
  const file = createReadStream(content.path);
  file.once('close', () => void content.discard());
  if (asked.signal.aborted) file.destroy();
  asked.signal.addEventListener('abort', () => file.destroy(), { once: true });
  // Node's and the DOM's names for one and the same class.
  const body = Readable.toWeb(file) as WebStream<Uint8Array> as unknown as ReadableStream<Uint8Array>;
  return new Response(body, { headers: mediaHeaders(mediaType, content.sizeBytes) });
}
