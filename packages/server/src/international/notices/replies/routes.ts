/** Where a mail gateway delivers replies. Its key needs no other right, and it learns nothing but that the reply was taken. */
import type { Readable } from 'node:stream';
import type { z } from 'zod';
import { GatehouseError } from '../../../platform/errors.ts';
import { noContent } from '../../../platform/http/reply.ts';
import { defineRoute, parse, type Exchange, type Route } from '../../../platform/http/route.ts';
import { REPLY_BYTES_MAX, ReplyInputSchema } from './schema.ts';

/** Base64 and a little JSON around it. */
const JSON_BYTES_MAX = Math.ceil(REPLY_BYTES_MAX / 3) * 4 + 1024;

export interface ReplyReceiver {
  receive(reply: { readonly raw: Uint8Array }): Promise<unknown>;
}

export function replyRoutes(receiver: ReplyReceiver): readonly Route[] {
  return [
    defineRoute({
      method: 'post',
      path: '/v1/international/notices/replies',
      right: 'notices:receive',
      tag: 'notices',
      summary: 'For mail gateways: a reply to a notice has arrived',
      description:
        'The whole message, as it came or as base64 in JSON, at most 2 MiB. It is matched by the Message-ID of the notice or by its reference, never by its sender. Only its text is kept. The same message twice is one reply.',
      rawBody: { kind: 'stream', contentTypes: ['message/rfc822', 'application/json'], description: 'The message, or `{"raw": "<base64>"}`' },
      responses: { 204: { description: 'Taken, whether it could be matched or not' } },
      async handle(exchange) {
        await receiver.receive({ raw: await readMessage(exchange) });
        return noContent();
      },
    }),
  ];
}

async function readMessage({ header, incoming }: Pick<Exchange, 'header' | 'incoming'>): Promise<Uint8Array> {
  const type = header('content-type')?.split(';')[0]?.trim().toLowerCase();
  if (type === 'message/rfc822') return readBytes(incoming, REPLY_BYTES_MAX);
  if (type !== 'application/json')
    throw new GatehouseError('unsupported_media_type', 'A reply is message/rfc822, or JSON with the message as base64. Nothing was kept.');
  const { raw } = parse(ReplyInputSchema, readJsonText(await readBytes(incoming, JSON_BYTES_MAX)), '') as z.output<typeof ReplyInputSchema>;
  return Buffer.from(raw, 'base64');
}

function readJsonText(bytes: Uint8Array): unknown {
  try {
    return JSON.parse(Buffer.from(bytes).toString('utf8'));
  } catch {
    throw new GatehouseError('invalid_request', 'The body is no JSON. Nothing was kept.');
  }
}

async function readBytes(incoming: Readable, bytesMax: number): Promise<Uint8Array> {
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of incoming as AsyncIterable<Buffer>) {
    size += chunk.byteLength;
    if (size > bytesMax)
      throw new GatehouseError('too_large', `A reply has at most ${REPLY_BYTES_MAX} bytes. Nothing was kept; deliver it without its attachments.`);
    chunks.push(chunk);
  }
  return Buffer.concat(chunks);
}
