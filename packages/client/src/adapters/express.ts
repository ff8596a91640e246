/** Express 4 and 5, connect, and everything else that calls `(request, response, next)`. */
import { readAge } from '../age-info.ts';
import type { GateHandler } from '../types.ts';
import { listBehindGate, toGateRequest, type NodeHeaders } from './node.ts';

export interface ExpressRequest {
  readonly method?: string | undefined;
  readonly url?: string | undefined;
  /** With the part at which a router is mounted. */
  readonly originalUrl?: string | undefined;
  readonly headers: NodeHeaders;
}

export interface ExpressResponse {
  statusCode: number;
  getHeader(name: string): unknown;
  setHeader(name: string, value: string | string[]): unknown;
  end(body?: string): unknown;
}

export type ExpressMiddleware<Request, Reply> = (request: Request, response: Reply, next: (error?: unknown) => void) => void;

export function toExpress<Request extends ExpressRequest, Reply extends ExpressResponse>(handler: GateHandler<Request>): ExpressMiddleware<Request, Reply> {
  return (request, response, next) => {
    // Express 4 does not look at promises: every end is told to `next`.
    handle({ handler, request, response }).then(
      (isAnswered) => (isAnswered ? undefined : next()),
      (thrown: unknown) => next(toError(thrown)),
    );
  };
}

/** For Express nothing and null are no error, and the texts `route` and `router` mean to go on elsewhere: what is protected would be reached. */
function toError(thrown: unknown): Error {
  return thrown instanceof Error ? thrown : new Error('What a gate was given to call failed without an error.', { cause: thrown });
}

interface Handling<Request> {
  readonly handler: GateHandler<Request>;
  readonly request: Request;
  readonly response: ExpressResponse;
}

async function handle<Request extends ExpressRequest>({ handler, request, response }: Handling<Request>): Promise<boolean> {
  const asked = toGateRequest(request.method, request.originalUrl ?? request.url, request.headers);
  const reply = await handler(asked, request);
  if (reply === undefined) {
    if (readAge(asked) !== undefined) for (const [name, value] of listBehindGate((header) => response.getHeader(header))) response.setHeader(name, value);
    return false;
  }
  response.statusCode = reply.status;
  for (const [name, value] of reply.headers) if (name !== 'set-cookie') response.setHeader(name, value);
  const cookies = reply.headers.getSetCookie();
  // Others may have set some before.
  if (cookies.length > 0) response.setHeader('set-cookie', [...toList(response.getHeader('set-cookie')), ...cookies]);
  const body = await reply.text();
  response.end(body);
  return true;
}

function toList(value: unknown): string[] {
  const values: readonly unknown[] = Array.isArray(value) ? value : [value];
  return values.filter((one) => typeof one === 'string');
}
