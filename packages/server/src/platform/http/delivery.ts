/** The last step of the frame: headers that every answer has, and the way to the connection. */
import type { ServerResponse } from 'node:http';
import { RESPONSE_ALREADY_SENT } from '@hono/node-server/utils/response';
import { Reply, type Answer } from './reply.ts';
import { addSecurityHeaders, findSecurityHeaders } from './security.ts';

const STUB_HEADER = 'gatehouse-stub';

export interface Delivery {
  readonly outgoing: ServerResponse;
  readonly requestId: string;
  readonly isSecure: boolean;
  /** Stub mode: every answer says so. */
  readonly isStub: boolean;
}

/** @returns what the listener sends, or the sign that it was sent already. @throws when a header cannot be sent; then nothing was */
export function deliver(answer: Answer, delivery: Delivery): Response {
  if (answer instanceof Reply) return sendReply(answer, delivery);
  const headers = new Headers(answer.headers);
  headers.set('x-request-id', delivery.requestId);
  if (delivery.isStub) headers.set(STUB_HEADER, '1');
  addSecurityHeaders(headers, delivery.isSecure);
  const isHead = delivery.outgoing.req.method === 'HEAD';
  // Nobody reads it: what stands behind it (an open file, room in the spool) would be held for ever.
  if (isHead) void answer.body?.cancel().catch(() => undefined);
  return new Response(isHead ? null : answer.body, { status: answer.status, headers });
}

function sendReply({ status, text, headers }: Reply, { outgoing, requestId, isSecure, isStub }: Delivery): Response {
  const all: Record<string, string | number> = { ...findSecurityHeaders(isSecure) };
  for (const name in headers) all[name.toLowerCase()] = headers[name] ?? '';
  all['x-request-id'] = requestId;
  if (isStub) all[STUB_HEADER] = '1';
  // RFC 9110, section 8.6: none with 204.
  if (status !== 204) all['content-length'] = text === undefined ? 0 : Buffer.byteLength(text);
  outgoing.writeHead(status, all);
  // Head and body leave in one write.
  outgoing.end(text);
  return RESPONSE_ALREADY_SENT;
}
