/**
 * The HTTP frame: every request passes here in this order, and nothing answers without it.
 *
 *   host name -> who asks -> rate limit -> right -> same origin (browsers) -> handler -> security headers
 */
import type { IncomingMessage, ServerResponse } from 'node:http';
import { Hono, type Context } from 'hono';
import { getCookie } from 'hono/cookie';
import type { Clock } from '../clock.ts';
import { GatehouseError, toGatehouseError, toProblem } from '../errors.ts';
import { newRequestId } from '../ids.ts';
import type { Log } from '../log.ts';
import type { Metrics } from '../metrics.ts';
import { requireCsrf } from './body.ts';
import { networkOf, type ClientAddress, type ForwardingInput } from './client-address.ts';
import { deliver } from './delivery.ts';
import type { RateLimiter } from './rate-limit.ts';
import { html, json, Reply, seeOther } from './reply.ts';
import { LOCAL_PRINCIPAL, type Authenticator, type Principal } from './rights.ts';
import type { Exchange, Method, Route } from './route.ts';
import { isCrossSite, SESSION_COOKIE } from './security.ts';

export interface FrameOptions {
  readonly routes: readonly Route[];
  readonly authenticator: Authenticator;
  readonly limiter: RateLimiter;
  readonly clock: Clock;
  readonly log: Log;
  readonly metrics: Metrics;
  /** Of several frames in one process: a metric can be made once. */
  readonly timer?: RequestTimer;
  readonly limits: { readonly requestsPerMinute: number; readonly anonymousPerMinute: number };
  /** Stub mode: every answer and every page says so. */
  readonly isStub?: boolean;
  readonly readAddress: (input: ForwardingInput) => ClientAddress;
  /** Host names (without port) that may stand in the Host header. */
  readonly isAllowedHost: (host: string) => boolean;
  /** An error as a page, for people. */
  readonly renderErrorPage: (error: GatehouseError, requestId: string, principal: Principal) => string;
}

export interface NodeEnv {
  readonly Bindings: { readonly incoming: IncomingMessage; readonly outgoing: ServerResponse; readonly isControl: boolean };
}

export type Fetch = (request: Request, env: NodeEnv['Bindings']) => Promise<Response>;

const SAFE: ReadonlySet<string> = new Set(['GET', 'HEAD', 'OPTIONS']);
const ANONYMOUS: ReadonlySet<never> = new Set();

export function createFrame(options: FrameOptions): Fetch {
  const app = new Hono<NodeEnv>({ strict: true });
  const seconds = options.timer ?? createRequestTimer(options.metrics);
  for (const route of options.routes) {
    // The router takes HEAD for GET.
    const method = route.method === 'head' ? 'GET' : route.method.toUpperCase();
    app.on(method, toHonoPath(route.path), async (context, next) => {
      if (route.method === 'head' && context.env.incoming.method !== 'HEAD') return next();
      const started = options.clock.monotonicMs();
      const { response, status } = await answer(options, route, context);
      seconds.observe({ route: route.path, method: route.method, status: String(status) }, (options.clock.monotonicMs() - started) / 1000);
      return response;
    });
  }
  app.notFound((context) => answerUnknown(options, context));
  return async (request, env) => app.fetch(request, env);
}

export interface RequestTimer {
  observe(labels: Record<'route' | 'method' | 'status', string>, seconds: number): void;
}

export function createRequestTimer(metrics: Metrics): RequestTimer {
  return metrics.histogram({
    name: 'gatehouse_http_request_seconds',
    help: 'Time to answer, by route, method and status.',
    labels: ['route', 'method', 'status'],
    buckets: [0.005, 0.02, 0.1, 0.5, 2, 10, 60],
  });
}

interface Answered {
  readonly response: Response;
  readonly status: number;
}

async function answer(options: FrameOptions, route: Route, context: Context<NodeEnv>): Promise<Answered> {
  const requestId = newRequestId();
  const address = readClient(options, context);
  const delivery = { outgoing: context.env.outgoing, requestId, isSecure: address.isSecure, isStub: options.isStub === true };
  let principal = nobodyAt(address.ip);
  try {
    checkHost(options, context);
    principal = route.ignoresCredentials === true ? nobodyAt(address.ip) : await identify(options, context, { ip: address.ip, takesBasic: route.takesBasic });
    if (route.isUnmetered !== true) limitRate(options, principal);
    checkRight(route, principal);
    const exchange = toExchange(context, { principal: mark(options, principal), requestId, address, route });
    checkOrigin(route, exchange);
    const given = await route.handle(exchange);
    return { response: deliver(given, delivery), status: given.status };
  } catch (thrown) {
    const isGone = context.env.outgoing.destroyed;
    const given = fail(options, { thrown, route, requestId, principal, isGone });
    return { response: deliver(given, delivery), status: given.status };
  }
}

function readClient(options: FrameOptions, context: Context<NodeEnv>): ClientAddress {
  const { socket } = context.env.incoming;
  return options.readAddress({
    remoteAddress: socket.remoteAddress ?? '127.0.0.1',
    isTls: 'encrypted' in socket && socket.encrypted === true,
    forwardedFor: context.req.header('x-forwarded-for'),
    forwardedProto: context.req.header('x-forwarded-proto'),
  });
}

/** A name that is not ours means DNS rebinding or a misrouted request. */
function checkHost(options: FrameOptions, context: Context<NodeEnv>): void {
  if (context.env.isControl) return;
  const host = context.env.incoming.headers.host ?? '';
  const name = host.replace(/:\d+$/, '').toLowerCase();
  if (!options.isAllowedHost(name)) throw new GatehouseError('misdirected', 'The Host header names a host that is not served here.');
}

interface Caller {
  readonly ip: string;
  readonly takesBasic?: true | undefined;
}

async function identify(options: FrameOptions, context: Context<NodeEnv>, { ip, takesBasic }: Caller): Promise<Principal> {
  if (context.env.isControl) return LOCAL_PRINCIPAL;
  const given = context.req.header('authorization');
  const authorization = takesBasic === true ? toBearer(given) : given;
  const sessionCookie = getCookie(context, SESSION_COOKIE);
  if (authorization === undefined && sessionCookie === undefined) return nobodyAt(ip);
  return (await options.authenticator.authenticate({ authorization, sessionCookie, ip })) ?? nobodyAt(ip);
}

/** The password of HTTP Basic (RFC 7617) as the key that it is; what is no Basic stays as it came. */
function toBearer(authorization: string | undefined): string | undefined {
  const encoded = /^basic +([A-Za-z0-9+/_-]+=*)$/i.exec(authorization?.trim() ?? '')?.[1];
  if (encoded === undefined) return authorization;
  const pair = Buffer.from(encoded, 'base64').toString('utf8');
  return `Bearer ${pair.slice(pair.indexOf(':') + 1)}`;
}

/** Pages know nothing of settings, but all know who looks at them. */
function mark({ isStub }: FrameOptions, principal: Principal): Principal {
  return isStub === true ? { ...principal, isStub: true } : principal;
}

function nobodyAt(ip: string): Principal {
  return { kind: 'anonymous', id: ip, name: 'nobody', rights: ANONYMOUS };
}

function limitRate(options: FrameOptions, principal: Principal): void {
  if (principal.kind === 'local') return;
  const perMinute = principal.kind === 'anonymous' ? options.limits.anonymousPerMinute : options.limits.requestsPerMinute;
  const who = principal.kind === 'anonymous' ? networkOf(principal.id) : principal.id;
  const waitS = options.limiter.take(`${principal.kind}:${who}`, perMinute);
  if (waitS > 0) throw new GatehouseError('rate_limited', `At most ${perMinute} requests a minute.`, { retryAfterS: waitS });
}

function checkRight(route: Route, principal: Principal): void {
  if (route.right === 'public' || principal.rights.has(route.right)) return;
  if (principal.kind === 'anonymous') throw new GatehouseError('unauthenticated', 'There were no credentials, or they are unknown, expired or revoked.');
  throw new GatehouseError('forbidden', `The right "${route.right}" is needed.`, { members: { right: route.right } });
}

/**
 * Sessions: a browser sends its cookie along with other sites' requests too. The sign-in form: another site must not sign somebody in as
 * somebody else. Forms check their token when they read the body.
 */
function checkOrigin(route: Route, exchange: Exchange): void {
  const isAmbient = exchange.principal.kind === 'session' || route.ignoresCredentials === true;
  if (!isAmbient || SAFE.has(exchange.method.toUpperCase())) return;
  if (isCrossSite(exchange)) throw new GatehouseError('csrf_failed', 'The request came from another site. Nothing was changed.');
  const kind = route.doc.body?.kind;
  if (kind !== 'form' && kind !== 'multipart') requireCsrf(exchange, undefined);
}

interface ExchangeParts {
  readonly principal: Principal;
  readonly requestId: string;
  readonly address: ClientAddress;
  readonly route: Route;
}

function toExchange(context: Context<NodeEnv>, parts: ExchangeParts): Exchange {
  let url: URL | undefined;
  let signal: AbortSignal | undefined;
  const readUrl = (): URL => (url ??= new URL(context.req.url));
  return {
    principal: parts.principal,
    method: parts.route.method,
    get path() {
      return readUrl().pathname;
    },
    params: context.req.param(),
    get query() {
      return readUrl().searchParams;
    },
    header: (name) => context.req.header(name),
    incoming: context.env.incoming,
    ip: parts.address.ip,
    requestId: parts.requestId,
    // A stop lets requests under way end; past its time their connections are closed, which ends them here too.
    get signal() {
      return (signal ??= whenGone(context.env.outgoing, parts.route.timeoutMs));
    },
    isSecure: parts.address.isSecure,
  };
}

/** Made only for handlers that ask: a signal costs as much as the routing. */
function whenGone(outgoing: ServerResponse, timeoutMs: number | undefined): AbortSignal {
  const abort = new AbortController();
  const timer = timeoutMs === undefined ? undefined : setTimeout(() => abort.abort(new DOMException('The time was over.', 'TimeoutError')), timeoutMs);
  const leave = (): void => {
    clearTimeout(timer);
    if (!outgoing.writableFinished) abort.abort();
  };
  // It may have gone while its credentials were checked.
  if (outgoing.destroyed) leave();
  else outgoing.once('close', leave);
  return abort.signal;
}

interface Failure {
  readonly thrown: unknown;
  readonly route: Route | undefined;
  readonly requestId: string;
  readonly principal: Principal;
  /** The client left before: nobody waits for the answer, and nothing is wrong here. */
  readonly isGone: boolean;
}

function fail(options: FrameOptions, failure: Failure): Reply {
  const fault = toGatehouseError(failure.thrown);
  if (fault.status >= 500 && !failure.isGone) noteFault(options, failure, fault);
  const error = failure.route?.mapError?.(fault) ?? fault;
  const headers: Record<string, string> = { ...error.extras.headers };
  if (error.extras.retryAfterS !== undefined) headers['retry-after'] = String(error.extras.retryAfterS);
  if (error.code === 'unauthenticated') headers['www-authenticate'] = 'Bearer';
  if (failure.route?.surface === 'page') {
    if (error.code === 'unauthenticated' && failure.route.method === 'get') return seeOther('/sign-in');
    return html(options.renderErrorPage(error, failure.requestId, mark(options, failure.principal)), { status: error.status, headers });
  }
  return json(toProblem(error, failure.requestId), { status: error.status, headers: { ...headers, 'content-type': 'application/problem+json' } });
}

function noteFault({ log }: FrameOptions, { requestId, route }: Failure, { code, extras: { cause } }: GatehouseError): void {
  const why = code === 'internal' ? { err: cause } : { reason: Reflect.get(Object(cause), 'code') };
  log.error({ requestId, route: route?.path, code, ...why }, 'a request failed');
}

/** No such path, or not with this method: host name, who asks and rate limit as for any other, so that a person finds the way back. */
async function answerUnknown(options: FrameOptions, context: Context<NodeEnv>): Promise<Response> {
  const requestId = newRequestId();
  const address = readClient(options, context);
  const methods = options.routes.filter((route) => matchesPath(route.path, context.req.path)).map((route) => route.method.toUpperCase());
  const wantsHtml = (context.req.header('accept') ?? '').includes('text/html');
  const pageRoute = wantsHtml ? options.routes.find((route) => route.surface === 'page') : undefined;
  let principal = nobodyAt(address.ip);
  let thrown: unknown =
    methods.length === 0
      ? new GatehouseError('not_found', 'There is no such address.')
      : new GatehouseError('method_not_allowed', `Offered here: ${methods.join(', ')}.`);
  try {
    checkHost(options, context);
    principal = await identify(options, context, { ip: address.ip });
    limitRate(options, principal);
  } catch (refusal) {
    thrown = refusal;
  }
  const failed = fail(options, { thrown, route: pageRoute, requestId, principal, isGone: false });
  const answered = methods.length === 0 ? failed : new Reply(failed.text, { status: failed.status, headers: { ...failed.headers, allow: methods.join(', ') } });
  return deliver(answered, { outgoing: context.env.outgoing, requestId, isSecure: address.isSecure, isStub: options.isStub === true });
}

function toHonoPath(path: string): string {
  return path.replaceAll(/\{(\w+)\}/g, ':$1');
}

function matchesPath(pattern: string, path: string): boolean {
  const expression = pattern
    .split(/\{\w+\}/)
    .map((part) => part.replaceAll(/[.*+?^${}()|[\]\\]/g, String.raw`\$&`))
    .join('[^/]+');
  return new RegExp(`^${expression}$`).test(path);
}

export type { Method };
