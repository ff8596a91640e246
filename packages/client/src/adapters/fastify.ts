/** Fastify 4 and 5: a hook (`onRequest`, `preHandler`) in front of what is protected, and of everything for the endpoints. */
import { readAge } from '../age-info.ts';
import type { GateHandler } from '../types.ts';
import { listBehindGate, toGateRequest, type NodeHeaders } from './node.ts';

export interface FastifyRequestLike {
  readonly method: string;
  readonly url: string;
  /** Before `rewriteUrl`. */
  readonly originalUrl?: string;
  readonly headers: NodeHeaders;
}

export interface FastifyReplyLike {
  code(status: number): unknown;
  getHeader(name: string): unknown;
  header(name: string, value: string | string[]): unknown;
  send(body: string): unknown;
}

export type FastifyHook<Request> = (request: Request, reply: FastifyReplyLike) => Promise<unknown>;

export function toFastify<Request extends FastifyRequestLike>(handler: GateHandler<Request>): FastifyHook<Request> {
  return async (request, reply) => {
    const asked = toGateRequest(request.method, request.originalUrl ?? request.url, request.headers);
    const answered = await handler(asked, request);
    if (answered === undefined) {
      if (readAge(asked) !== undefined) for (const [name, value] of listBehindGate((header) => reply.getHeader(header))) reply.header(name, value);
      return undefined;
    }
    reply.code(answered.status);
    for (const [name, value] of answered.headers) if (name !== 'set-cookie') reply.header(name, value);
    const cookies = answered.headers.getSetCookie();
    // Fastify adds to those of others.
    if (cookies.length > 0) reply.header('set-cookie', cookies);
    reply.send(await answered.text());
    // A hook that returns the reply has answered: nothing after it runs.
    return reply;
  };
}
