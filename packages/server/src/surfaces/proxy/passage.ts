/** One request on its way through: head, body on disk, verdict, application, answer. */
import { createReadStream } from 'node:fs';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { pipeline } from 'node:stream/promises';
import type { IntakeService, Spooled } from '../../intake/index.ts';
import type { Log } from '../../platform/log.ts';
import type { Origin } from '../../platform/origin.ts';
import { shapeOf, type BodyScreener, type BodyVerdict, type Shape } from '../bodies/index.ts';
import { principalOf } from '../room.ts';
import { bearSilence } from '../socket-listener.ts';
import { findHeadFault, hasBody, toClientHeaders, toOriginHeaders, toRecord } from './head-rules.ts';
import { REFUSALS, refusalFor, refusalOf, refuse, type Refusal } from './refusals.ts';
import { findRoute, isNamed, type ProxyRoute, type ProxyRoutes, type RouteShape } from './address-rules.ts';

export interface ProxyDeps {
  readonly intake: Pick<IntakeService, 'spool'>;
  readonly screenBody: BodyScreener;
  readonly origin: Origin;
  readonly routes: ProxyRoutes;
  readonly maxBytes: number;
  readonly isTrustedProxy: (address: string) => boolean;
  readonly log: Log;
}

interface Passage {
  readonly request: IncomingMessage;
  readonly response: ServerResponse;
  readonly headers: Readonly<Record<string, string>>;
  readonly signal: AbortSignal;
}

export interface Incoming {
  readonly request: IncomingMessage;
  readonly response: ServerResponse;
  /** The client waits for `100 Continue` before it sends its body. */
  readonly isAsking: boolean;
}

export async function passThrough(deps: ProxyDeps, { request, response, isAsking }: Incoming): Promise<void> {
  const gone = new AbortController();
  response.once('close', () => gone.abort());
  const passage: Passage = { request, response, headers: toRecord(request.rawHeaders), signal: gone.signal };
  const method = request.method ?? '';
  const url = request.url ?? '';
  const fault = findHeadFault({ method, url, rawHeaders: request.rawHeaders });
  if (fault !== undefined) {
    deps.log.info({ surface: 'proxy', fault }, 'an ambiguous request was refused');
    return stop(passage, REFUSALS.ambiguous);
  }
  const path = url.split('?')[0] ?? '';
  if (!hasBody(passage.headers)) {
    if (deps.routes.withoutBody === 'routes' && !isNamed(deps.routes, path)) return stop(passage, REFUSALS.unknownRoute);
    return forward(deps, passage, undefined);
  }
  const route = findRoute(deps.routes, method, path);
  const refusal = judgeHead(deps, route, passage.headers);
  if (route === undefined || refusal !== undefined) return stop(passage, refusal ?? REFUSALS.unknownRoute);
  if (isAsking) response.writeContinue();
  await passBody(deps, passage, route);
}

/** What can be refused before a byte of the body is read. */
function judgeHead(deps: ProxyDeps, route: ProxyRoute | undefined, headers: Passage['headers']): Refusal | undefined {
  if (route === undefined) return REFUSALS.unknownRoute;
  const shape = shapeOf(withoutChunks(headers));
  if (shape.kind === 'refuse') return shape.reason === 'malformed' ? REFUSALS.ambiguous : REFUSALS.shape;
  if (!route.shapes.includes(nameOf(shape))) return REFUSALS.shape;
  return Number(headers['content-length'] ?? 0) > limitOf(deps, route) ? REFUSALS.tooLarge : undefined;
}

function nameOf(shape: Exclude<Shape, { kind: 'refuse' }>): RouteShape {
  if (shape.kind !== 'text') return shape.kind;
  return shape.as === 'plain' ? 'text' : shape.as;
}

function limitOf({ maxBytes }: ProxyDeps, route: ProxyRoute): number {
  return Math.min(maxBytes, route.maxBytes ?? maxBytes);
}

/** The chunks were of the connection; Node has taken them apart. */
function withoutChunks(headers: Passage['headers']): Passage['headers'] {
  const { 'transfer-encoding': _chunks, ...others } = headers;
  return others;
}

async function passBody(deps: ProxyDeps, passage: Passage, route: ProxyRoute): Promise<void> {
  const { request, headers, signal } = passage;
  let content: Spooled;
  try {
    content = await deps.intake.spool(request, { signal, maxBytes: limitOf(deps, route) });
  } catch (error) {
    return stop(passage, refusalFor(error));
  }
  try {
    const screening = {
      content,
      headers: withoutChunks(headers),
      principal: principalOf('proxy'),
      surface: 'proxy',
      signal,
      wantsReceipt: route.receipt,
    } as const;
    const verdict = await bearSilence(request.socket, () => deps.screenBody(screening)).catch((error: unknown): Refusal => {
      deps.log.warn({ surface: 'proxy', err: error }, 'a body could not be screened; it was not sent on');
      return refusalFor(error);
    });
    const refusal = 'kind' in verdict ? refusalOf(verdict) : verdict;
    if (refusal !== undefined || !('kind' in verdict)) return stop(passage, refusal ?? REFUSALS.later);
    await forward(deps, passage, { content, added: describe(verdict) });
  } finally {
    await content.discard();
  }
}

function describe(verdict: BodyVerdict): Record<string, string> {
  const pieces = verdict.kind === 'release' ? verdict.pieces : [];
  const receipt = pieces.length === 1 ? pieces[0]?.receipt : undefined;
  return {
    // What a policy released without screening it is not clear.
    'Gatehouse-Verdict': pieces.every(({ verdict: one }) => one === 'clear') ? 'clear' : 'released',
    ...(pieces[0] === undefined ? {} : { 'Gatehouse-Reference': pieces[0].id }),
    ...(receipt === undefined ? {} : { 'Gatehouse-Receipt': receipt }),
  };
}

interface Cleared {
  readonly content: Spooled;
  readonly added: Readonly<Record<string, string>>;
}

async function forward(deps: ProxyDeps, passage: Passage, cleared: Cleared | undefined): Promise<void> {
  const { request, response, signal } = passage;
  // The bytes that were screened, from the disk: the client cannot change them any more.
  const body = cleared === undefined ? null : createReadStream(cleared.content.path);
  try {
    const headers = describeToOrigin(deps, passage, cleared);
    const sending = { method: request.method ?? '', path: request.url ?? '', headers, body, signal };
    // How long an application may take is a limit of the origin.
    const reply = await bearSilence(request.socket, () => deps.origin.send(sending));
    response.writeHead(reply.status, toClientHeaders(reply.headers));
    await pipeline(reply.body, response, { signal });
  } catch (error) {
    if (signal.aborted) return;
    deps.log.warn({ surface: 'proxy', reason: error instanceof Error ? error.message : 'unknown' }, 'the application did not answer');
    stop(passage, REFUSALS.originAway);
    // In the middle of an answer only an end says that it is not whole.
    if (!response.writableEnded) response.destroy();
  } finally {
    body?.destroy();
  }
}

function describeToOrigin(deps: ProxyDeps, { request }: Passage, cleared: Cleared | undefined): string[] {
  const remoteAddress = (request.socket.remoteAddress ?? '').replace(/^::ffff:/, '');
  return toOriginHeaders(request.rawHeaders, {
    remoteAddress,
    isTrusted: deps.isTrustedProxy(remoteAddress),
    bodyBytes: cleared?.content.sizeBytes,
    added: cleared?.added ?? {},
  });
}

function stop({ request, response, headers }: Passage, refusal: Refusal): void {
  refuse(response, refusal, { accept: headers['accept'] ?? '', isClosing: !request.complete });
}
