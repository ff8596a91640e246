import { z } from 'zod';
import type { AppContext } from '../../platform/domain.ts';
import { GatehouseError, toGatehouseError } from '../../platform/errors.ts';
import { json, Reply } from '../../platform/http/reply.ts';
import { defineRoute, type Exchange, type Route } from '../../platform/http/route.ts';
import { chooseProtocol, tus10, type Operation, type Protocol } from './protocol.ts';
import { TusIdSchema, TusOutcomeSchema } from './schema.ts';
import type { Sent, TusService } from './service.ts';
import { LOCKED_RETRY_S } from './turns.ts';

const WAIT_MAX_S = 60;
const PATH = '/v1/tus';
const params = z.object({ id: TusIdSchema });
const PIECE = {
  kind: 'stream',
  contentTypes: ['application/offset+octet-stream', 'application/partial-upload'],
  description: 'Bytes from Upload-Offset on',
} as const;
const COMMON = { right: 'uploads:send', isCrossOrigin: true, tag: 'resumable uploads' } as const;
const PROGRESS = {
  'Tus-Resumable': 'The version of the protocol',
  'Upload-Offset': 'How much was received; the size only when the upload was released',
  'Upload-Expires': 'When what was received is removed',
  'Gatehouse-State': '`released` with the last answer',
  'Gatehouse-Upload': 'Its id at /v1/uploads',
  'Gatehouse-Receipt': 'The receipt, when it was cleared',
};
const REQUEST = { 'Tus-Resumable': '1.0.0', 'Upload-Length': 'The size of the file', 'Upload-Offset': 'Where the piece begins' };

type Request = Pick<Exchange, 'header' | 'incoming' | 'principal' | 'signal'>;

export function routes(service: TusService, context: AppContext): readonly Route[] {
  return [...describeRoutes(context), createRoute(service, context), ...pieceRoutes(service, context), ...senderRoutes(service, context)];
}

function describeRoutes({ config }: AppContext): readonly Route[] {
  const handle = async (): Promise<Reply> =>
    new Reply(undefined, { status: 204, headers: { ...tus10.always, ...tus10.describe({ maxBytes: config.maxUploadBytes }) } });
  const common = { method: 'options', right: 'public', isCrossOrigin: true, tag: COMMON.tag, handle } as const;
  const headers = {
    'Tus-Version': 'Versions that are spoken',
    'Tus-Extension': 'What of the protocol is offered',
    'Tus-Max-Size': 'The size of the largest file',
    'Tus-Checksum-Algorithm': 'For Upload-Checksum',
  };
  const responses = { 204: { description: 'See the headers', headers } };
  return [
    defineRoute({ ...common, path: PATH, summary: 'What of tus is offered', responses }),
    defineRoute({ ...common, path: `${PATH}/{id}`, params: z.object({ id: z.string() }), summary: 'What of tus is offered', responses }),
  ];
}

function createRoute(service: TusService, context: AppContext): Route {
  return defineRoute({
    ...COMMON,
    method: 'post',
    path: PATH,
    summary: 'Begin a resumable upload',
    description:
      'tus 1.0.0 with creation, creation-with-upload, creation-defer-length, expiration, checksum and termination; or draft-ietf-httpbis-resumable-upload-05. Metadata that is read: sha256, permit, reference (keys only), filename (stub mode only).',
    requestHeaders: { ...REQUEST, 'Upload-Metadata': 'Pairs of a key and a value in base64', 'Gatehouse-Permit': 'For exactly these bytes; can be used once' },
    rawBody: { ...PIECE, description: 'Nothing, or the first piece' },
    responses: { 201: { description: 'Begun; with all bytes in it: released', headers: { Location: 'The address of the upload', ...PROGRESS } } },
    handle: (exchange) =>
      speak(exchange, context, async (protocol) => {
        const { principal, signal, incoming, header } = exchange;
        const sent = await service.create(protocol.readCreate(header), { principal, signal, source: incoming, permit: header('gatehouse-permit') });
        const { status, headers } = answer(protocol, 'create', sent);
        return new Reply(undefined, { status, headers: { ...headers, location: `${PATH}/${sent.id}` } });
      }),
  });
}

function pieceRoutes(service: TusService, context: AppContext): readonly Route[] {
  const append = (id: string, exchange: Request): Promise<Reply> =>
    speak(exchange, context, async (protocol) => {
      const { principal, signal, incoming, header } = exchange;
      return answer(protocol, 'append', await service.append(id, protocol.readAppend(header), { principal, signal, source: incoming }));
    });
  const end = (id: string, exchange: Request): Promise<Reply> =>
    speak(exchange, context, async (protocol) => {
      await service.end(id, exchange);
      return new Reply(undefined, { status: protocol.statusOf('end'), headers: protocol.always });
    });
  const path = `${PATH}/{id}`;
  return [
    defineRoute({
      ...COMMON,
      method: 'patch',
      path,
      params,
      summary: 'Add a piece',
      description:
        'Received is durable. The answer to the last piece is the decision: 204 when released, 422 when it could not be published, 423 while it is being checked (ask with HEAD).',
      requestHeaders: { ...REQUEST, 'Upload-Checksum': 'Of the piece: sha256, sha1 or md5, and the digest in base64' },
      rawBody: PIECE,
      responses: { 204: { description: 'Received; with the last piece: released', headers: PROGRESS } },
      handle: (exchange) => append(exchange.params.id, exchange),
    }),
    defineRoute({
      ...COMMON,
      method: 'delete',
      path,
      params,
      summary: 'Take an unfinished upload back',
      description: 'Its bytes are removed. Of a finished one only this address ends.',
      responses: { 204: { description: 'Ended', headers: { 'Tus-Resumable': 'The version of the protocol' } } },
      handle: (exchange) => end(exchange.params.id, exchange),
    }),
    defineRoute({
      ...COMMON,
      method: 'post',
      path,
      params,
      summary: 'PATCH or DELETE for clients that cannot send them',
      requestHeaders: { ...REQUEST, 'X-HTTP-Method-Override': 'PATCH or DELETE' },
      rawBody: PIECE,
      responses: { 204: { description: 'As with the method that was meant', headers: PROGRESS } },
      async handle(exchange) {
        const method = exchange.header('x-http-method-override')?.toUpperCase();
        if (method === 'PATCH') return append(exchange.params.id, exchange);
        if (method === 'DELETE') return end(exchange.params.id, exchange);
        throw new GatehouseError('method_not_allowed', 'POST needs X-HTTP-Method-Override: PATCH or DELETE here.');
      },
    }),
  ];
}

function senderRoutes(service: TusService, context: AppContext): readonly Route[] {
  return [
    defineRoute({
      ...COMMON,
      method: 'head',
      path: `${PATH}/{id}`,
      params,
      summary: 'Where the upload is',
      description:
        'Ends a request that is still sending a piece. 410 when it could not be published, 423 while it is being checked. GET is refused: nothing can be fetched here.',
      requestHeaders: { 'Tus-Resumable': '1.0.0' },
      responses: {
        200: { description: 'Where it is', headers: { ...PROGRESS, 'Upload-Length': 'The size of the file' } },
        204: { description: 'The same, in the draft of the IETF', headers: PROGRESS },
      },
      mapError: asLocked,
      handle: (exchange) => speak(exchange, context, async (protocol) => answer(protocol, 'head', await service.ask(exchange.params.id, exchange))),
    }),
    defineRoute({
      ...COMMON,
      method: 'get',
      path: `${PATH}/{id}/outcome`,
      params,
      query: z.object({ wait: z.coerce.number().int().min(0).max(WAIT_MAX_S).default(0).describe('Seconds to wait for the decision.') }),
      summary: 'What became of an own upload',
      responses: { 200: { description: 'The outcome', schema: TusOutcomeSchema } },
      handle: async ({ params: { id }, query, principal, signal }) => json(await service.outcome(id, { principal, signal, waitS: query.wait })),
    }),
  ];
}

/**
 * tus-js-client answers any failed HEAD but 423 with a new upload of the whole file. A fault that passes must not cost that, nor a limit of requests.
 */
function asLocked(error: GatehouseError): GatehouseError {
  if ((error.status < 500 && error.code !== 'rate_limited') || error.code === 'internal') return error;
  return new GatehouseError('upload_locked', error.message, { ...error.extras, retryAfterS: error.extras.retryAfterS ?? LOCKED_RETRY_S });
}

/** Every answer, also an error, is one of the protocol. */
async function speak(exchange: Request, { config }: AppContext, work: (protocol: Protocol) => Promise<Reply>): Promise<Reply> {
  const protocol = chooseProtocol(exchange.header);
  if (protocol === undefined)
    throw new GatehouseError('version_unsupported', 'Tus-Resumable must be 1.0.0. Nothing was changed.', {
      headers: { ...tus10.always, ...tus10.describe({ maxBytes: config.maxUploadBytes }) },
    });
  try {
    return await work(protocol);
  } catch (thrown) {
    const error = toGatehouseError(thrown);
    throw new GatehouseError(error.code, error.message, { ...error.extras, headers: { ...error.extras.headers, ...protocol.always } });
  }
}

function answer(protocol: Protocol, operation: Operation, sent: Sent): Reply {
  const { view } = sent;
  const found =
    view === undefined
      ? {}
      : { 'gatehouse-state': 'released', 'gatehouse-upload': view.id, ...(view.receipt === undefined ? {} : { 'gatehouse-receipt': view.receipt }) };
  const headers = { ...protocol.always, ...protocol.write(operation, sent), ...found };
  return new Reply(undefined, { status: protocol.statusOf(operation), headers });
}
