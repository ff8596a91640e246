/** The HTTP client of the command line: to the control socket, or to a server elsewhere with an API key. */
import { Agent, request, type Dispatcher } from 'undici';
import { GatehouseError, PROBLEMS, type ErrorCode } from '../errors.ts';

export interface ApiReply {
  readonly status: number;
  readonly headers: Readonly<Record<string, string | string[] | undefined>>;
  /** The parsed body when it is JSON, the bytes of an archive, else its text. */
  readonly body: unknown;
}

export interface ApiRequest {
  readonly method: 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE';
  /** Path and query, `/v1/lists` */
  readonly path: string;
  readonly headers?: Readonly<Record<string, string>>;
  /** A value to send as JSON. */
  readonly json?: unknown;
  /** A stream to send as it is. */
  readonly stream?: NodeJS.ReadableStream;
  readonly signal?: AbortSignal;
}

export interface ApiClient {
  /** Any answer below 400, and those of `accept`; other ones throw the problem that the server reported. */
  send(request: ApiRequest, accept?: readonly number[]): Promise<ApiReply>;
  close(): Promise<void>;
}

export type ApiTarget = { readonly socketPath: string } | { readonly url: string; readonly apiKey: string | undefined };

/** Long enough for an import of ten million lines; a server that died closes the connection. */
const BODY_TIMEOUT_MS = 6 * 3_600_000;

export function createApiClient(target: ApiTarget): ApiClient {
  const agent = new Agent({
    headersTimeout: BODY_TIMEOUT_MS,
    bodyTimeout: BODY_TIMEOUT_MS,
    connect: 'socketPath' in target ? { socketPath: target.socketPath } : {},
  });
  const origin = 'socketPath' in target ? 'http://localhost' : new URL(target.url).origin;
  const authorization = 'apiKey' in target && target.apiKey !== undefined ? { authorization: `Bearer ${target.apiKey}` } : {};
  return {
    async send(call, accept = []) {
      const reply = await attempt(origin, () =>
        request(new URL(call.path, origin), {
          method: call.method,
          dispatcher: agent,
          headers: { ...authorization, ...(call.json === undefined ? {} : { 'content-type': 'application/json' }), ...call.headers },
          body: call.json === undefined ? toBody(call.stream) : JSON.stringify(call.json),
          ...(call.signal === undefined ? {} : { signal: call.signal }),
        }),
      );
      const body = await readBody(reply.body, String(reply.headers['content-type'] ?? ''));
      if (reply.statusCode < 400 || accept.includes(reply.statusCode)) return { status: reply.statusCode, headers: reply.headers, body };
      throw toProblemError(reply.statusCode, body);
    },
    close: () => agent.destroy(),
  };
}

async function readBody(body: Dispatcher.ResponseData['body'], contentType: string): Promise<unknown> {
  if (contentType === 'application/x-tar') return new Uint8Array(await body.arrayBuffer());
  const text = await body.text();
  return contentType.includes('json') && text !== '' ? JSON.parse(text) : text;
}

function toBody(stream: NodeJS.ReadableStream | undefined): NonNullable<Dispatcher.DispatchOptions['body']> | null {
  if (stream === undefined) return null;
  return stream as Extract<NonNullable<Dispatcher.DispatchOptions['body']>, { pipe: unknown }>;
}

async function attempt<T>(origin: string, work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (cause) {
    if (cause instanceof Error && cause.name === 'AbortError') throw cause;
    throw new GatehouseError('starting', `The server at ${origin} did not answer (${String(Reflect.get(Object(cause), 'code') ?? 'no connection')}).`, {
      cause,
    });
  }
}

function toProblemError(status: number, body: unknown): GatehouseError {
  const code: unknown = Reflect.get(Object(body), 'code');
  const detail: unknown = Reflect.get(Object(body), 'detail');
  const errors: unknown = Reflect.get(Object(body), 'errors');
  const known = typeof code === 'string' && Object.hasOwn(PROBLEMS, code) ? (code as ErrorCode) : 'internal';
  return new GatehouseError(known, typeof detail === 'string' ? detail : `The server answered ${status}.`, {
    errors: Array.isArray(errors) ? errors.flatMap(toFieldError) : [],
  });
}

function toFieldError(value: unknown): { at: string; message: string }[] {
  const at: unknown = Reflect.get(Object(value), 'at');
  const message: unknown = Reflect.get(Object(value), 'message');
  return typeof at === 'string' && typeof message === 'string' ? [{ at, message }] : [];
}
