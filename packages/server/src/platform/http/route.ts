/**
 * What a route is. `defineRoute` ties the documentation, the checks and the handler together, so that the OpenAPI document cannot
 * say anything else than what runs.
 */
import type { IncomingMessage } from 'node:http';
import type { z } from 'zod';
import { GatehouseError, type FieldError } from '../errors.ts';
import type { Principal, Right } from './rights.ts';
import { readForm, readJson } from './body.ts';
import type { Answer } from './reply.ts';

/** `head` of a path that has a `get` is answered by that one; a route of its own is for paths that must not be fetched. */
export type Method = 'get' | 'post' | 'put' | 'patch' | 'delete' | 'head' | 'options';

/** One request, as handlers see it. */
export interface Exchange {
  readonly principal: Principal;
  readonly method: Method;
  readonly path: string;
  readonly params: Readonly<Record<string, string>>;
  readonly query: URLSearchParams;
  /** One header, by its lower-case name. */
  header(name: string): string | undefined;
  /** The body is read from here, as a stream, by exactly one reader. */
  readonly incoming: IncomingMessage;
  readonly ip: string;
  readonly requestId: string;
  /** Aborted when the client goes away, when the time for a stop has run out, or after the route's own `timeoutMs` (with a `TimeoutError`). */
  readonly signal: AbortSignal;
  readonly isSecure: boolean;
}

export interface ResponseDoc {
  readonly description: string;
  readonly schema?: z.ZodType;
  /** Default application/json. */
  readonly contentType?: string;
  readonly headers?: Readonly<Record<string, string>>;
}

export type BodyDoc =
  | { readonly kind: 'json'; readonly schema: z.ZodType }
  | { readonly kind: 'form'; readonly schema: z.ZodType }
  /** The handler reads `exchange.incoming` itself. */
  | { readonly kind: 'stream'; readonly contentTypes: readonly string[]; readonly description: string }
  /** The handler reads it with `readMultipart`, which checks the CSRF field before the first file. */
  | { readonly kind: 'multipart'; readonly description: string };

export interface RouteDoc {
  readonly summary: string;
  readonly description?: string;
  readonly tag: string;
  readonly params?: z.ZodType;
  readonly query?: z.ZodType;
  readonly requestHeaders?: Readonly<Record<string, string>>;
  readonly body?: BodyDoc;
  readonly responses: Readonly<Record<number, ResponseDoc>>;
}

export interface Route {
  readonly method: Method;
  /** `/v1/uploads/{id}` */
  readonly path: string;
  readonly right: Right | 'public';
  /**
   * The request is treated as nobody's, whatever cookie or key it carries: the sign-in form, whose authority is the link alone. It is
   * counted against the address, and requests from other sites are refused as for sessions.
   */
  readonly ignoresCredentials?: true;
  /** Not counted against a limit: asked by a proxy for every request of a site, and cheap. */
  readonly isUnmetered?: true;
  /** The key may also come as the password of HTTP Basic: for callers that know nothing but an address (`http://hook:<key>@host/`). */
  readonly takesBasic?: true;
  /** Pages of the origins that `surfaceOrigins` names may call it, with a key or a ticket; see cross-origin.ts. */
  readonly isCrossOrigin?: true;
  /** After this time `signal` aborts, if the handler has asked for it. */
  readonly timeoutMs?: number;
  /** For clients to whom an error says something else than to others; also for those of the frame, such as a database that is away. The log has what it was. */
  readonly mapError?: (error: GatehouseError) => GatehouseError;
  /** Pages answer errors in HTML and are not in the OpenAPI document. */
  readonly surface: 'api' | 'page';
  readonly doc: RouteDoc;
  handle(exchange: Exchange): Promise<Answer>;
}

type Output<Schema> = Schema extends z.ZodType ? z.output<Schema> : undefined;

export interface RouteInput<Params, Query, Body> extends Omit<Exchange, 'params' | 'query'> {
  readonly params: Params;
  readonly query: Query;
  readonly body: Body;
}

interface RouteSpec<P extends z.ZodType | undefined, Q extends z.ZodType | undefined, B extends z.ZodType | undefined> {
  readonly method: Method;
  readonly path: string;
  readonly right: Right | 'public';
  readonly ignoresCredentials?: true;
  readonly isUnmetered?: true;
  readonly takesBasic?: true;
  readonly isCrossOrigin?: true;
  readonly timeoutMs?: number;
  readonly mapError?: (error: GatehouseError) => GatehouseError;
  readonly summary: string;
  readonly description?: string;
  readonly tag?: string;
  readonly params?: P;
  readonly query?: Q;
  readonly requestHeaders?: Readonly<Record<string, string>>;
  /** A JSON body on API routes, a urlencoded form on pages. */
  readonly body?: B;
  /** Instead of `body`: the handler reads the stream. */
  readonly rawBody?: Extract<BodyDoc, { kind: 'stream' | 'multipart' }>;
  readonly responses?: Readonly<Record<number, ResponseDoc>>;
  handle(input: RouteInput<Output<P>, Output<Q>, Output<B>>): Promise<Answer>;
}

/** A route of the HTTP API. */
export function defineRoute<
  P extends z.ZodType | undefined = undefined,
  Q extends z.ZodType | undefined = undefined,
  B extends z.ZodType | undefined = undefined,
>(spec: RouteSpec<P, Q, B>): Route {
  return build(spec, 'api');
}

/** A page of the console, or the target of one of its forms. */
export function definePage<
  P extends z.ZodType | undefined = undefined,
  Q extends z.ZodType | undefined = undefined,
  B extends z.ZodType | undefined = undefined,
>(spec: RouteSpec<P, Q, B>): Route {
  return build(spec, 'page');
}

function build<P extends z.ZodType | undefined, Q extends z.ZodType | undefined, B extends z.ZodType | undefined>(
  spec: RouteSpec<P, Q, B>,
  surface: Route['surface'],
): Route {
  const body: BodyDoc | undefined = spec.rawBody ?? (spec.body === undefined ? undefined : { kind: surface === 'api' ? 'json' : 'form', schema: spec.body });
  return {
    method: spec.method,
    path: spec.path,
    right: spec.right,
    ...(spec.ignoresCredentials === undefined ? {} : { ignoresCredentials: spec.ignoresCredentials }),
    ...(spec.isUnmetered === undefined ? {} : { isUnmetered: spec.isUnmetered }),
    ...(spec.takesBasic === undefined ? {} : { takesBasic: spec.takesBasic }),
    ...(spec.isCrossOrigin === undefined ? {} : { isCrossOrigin: spec.isCrossOrigin }),
    ...(spec.timeoutMs === undefined ? {} : { timeoutMs: spec.timeoutMs }),
    ...(spec.mapError === undefined ? {} : { mapError: spec.mapError }),
    surface,
    doc: toDoc(spec, body),
    async handle(exchange) {
      const params = parse(spec.params, exchange.params, '');
      const query = spec.query === undefined ? undefined : parse(spec.query, queryObject(exchange.query), '?');
      const parsedBody = spec.body === undefined ? undefined : parse(spec.body, surface === 'api' ? await readJson(exchange) : await readForm(exchange), '/');
      // The three casts are the only place where the schema's output type meets its erased form.
      return spec.handle(withInput(exchange, { params: params as Output<P>, query: query as Output<Q>, body: parsedBody as Output<B> }));
    },
  };
}

interface Documented extends Pick<RouteDoc, 'summary'> {
  readonly tag?: string;
  readonly description?: string;
  readonly params?: z.ZodType | undefined;
  readonly query?: z.ZodType | undefined;
  readonly requestHeaders?: Readonly<Record<string, string>>;
  readonly responses?: RouteDoc['responses'];
}

function toDoc(spec: Documented, body: BodyDoc | undefined): RouteDoc {
  return {
    summary: spec.summary,
    tag: spec.tag ?? 'console',
    responses: spec.responses ?? {},
    ...(spec.description === undefined ? {} : { description: spec.description }),
    ...(spec.params === undefined ? {} : { params: spec.params }),
    ...(spec.query === undefined ? {} : { query: spec.query }),
    ...(spec.requestHeaders === undefined ? {} : { requestHeaders: spec.requestHeaders }),
    ...(body === undefined ? {} : { body }),
  };
}

/** What is made only when it is asked for stays so: a spread would ask for it. */
function withInput<Params, Query, Body>(
  exchange: Exchange,
  input: Pick<RouteInput<Params, Query, Body>, 'params' | 'query' | 'body'>,
): RouteInput<Params, Query, Body> {
  return {
    ...input,
    principal: exchange.principal,
    method: exchange.method,
    get path() {
      return exchange.path;
    },
    header: exchange.header,
    incoming: exchange.incoming,
    ip: exchange.ip,
    requestId: exchange.requestId,
    get signal() {
      return exchange.signal;
    },
    isSecure: exchange.isSecure,
  };
}

/** Repeated parameters become arrays. */
function queryObject(query: URLSearchParams): Record<string, string | string[]> {
  return Object.fromEntries(
    [...new Set(query.keys())].map((name) => {
      const values = query.getAll(name);
      return [name, values.length === 1 ? (values[0] ?? '') : values];
    }),
  );
}

/** @throws {GatehouseError} `invalid_request` with one error for each field */
export function parse(schema: z.ZodType | undefined, value: unknown, prefix: string): unknown {
  if (schema === undefined) return undefined;
  const result = schema.safeParse(value);
  if (result.success) return result.data;
  const errors: FieldError[] = result.error.issues.map((issue) => ({ at: `${prefix}${issue.path.map(String).join('/')}`, message: issue.message }));
  throw new GatehouseError('invalid_request', 'Some fields are missing or wrong. Nothing was changed.', { errors });
}
