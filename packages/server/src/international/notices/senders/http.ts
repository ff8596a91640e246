/** Sending through somebody's API: the whole message as JSON to one address, with a token. */
import type { Outbound } from '../../../platform/outbound.ts';
import { isMailbox } from '../formats/clean-rules.ts';
import { judgeHttp, toResult } from './result-rules.ts';
import type { Sender, SendResult } from './schema.ts';

export interface HttpSenderOptions {
  readonly url: string;
  readonly token: string | undefined;
  readonly outbound: Outbound;
  /** Of the envelope. */
  readonly from: string;
  readonly timeoutMs?: number;
}

const TIMEOUT_MS = 30_000;
/** Before a connection exists: certainly nothing was sent. */
const NOT_CONNECTED = /^(ECONNREFUSED|ENOTFOUND|EAI_AGAIN|EHOSTUNREACH|ENETUNREACH|UND_ERR_CONNECT_TIMEOUT|outbound_refused|ERR_TLS_.*|CERT_.*|.*_CERT.*)$/;

export function createHttpSender({ url, token, outbound, from, timeoutMs = TIMEOUT_MS }: HttpSenderOptions): Sender {
  return {
    kind: 'http',
    async send({ to, subject, raw, messageId }, signal) {
      if (!isMailbox(to) || !isMailbox(from)) return toResult('permanent', 'the address is none');
      if (signal.aborted) return toResult('temporary', 'nothing was sent (stopped)');
      try {
        const { status } = await outbound.send({
          url,
          method: 'POST',
          headers: {
            'content-type': 'application/json',
            // An API that knows the header sends a message once, whatever happens on the way.
            'idempotency-key': messageId,
            ...(token === undefined ? {} : { authorization: `Bearer ${token}` }),
          },
          body: JSON.stringify({ from, to, subject, message_id: messageId, raw: Buffer.from(raw).toString('base64') }),
          timeoutMs,
          signal,
        });
        return judgeHttp(status);
      } catch (error) {
        return judgeFault(error);
      }
    },
  };
}

function judgeFault(error: unknown): SendResult {
  const code: unknown = error instanceof Error ? Reflect.get(error, 'code') : undefined;
  const word = typeof code === 'string' && /^[A-Za-z_0-9]{1,40}$/.test(code) ? code : 'no answer';
  return NOT_CONNECTED.test(word) ? toResult('temporary', `nothing was sent (${word})`) : toResult('unknown', `no answer after the message was sent (${word})`);
}
