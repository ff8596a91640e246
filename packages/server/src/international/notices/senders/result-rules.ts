/** From what happened to what is known. When in doubt: it may have arrived. */
import type { SendOutcome, SendResult } from './schema.ts';

export function toResult(outcome: SendOutcome, reply: string): SendResult {
  return { outcome, accepted: outcome === 'accepted', reply };
}

export interface SmtpFault {
  /** As the server answered; undefined when it did not. */
  readonly code: number | undefined;
  readonly enhanced: string | undefined;
  /** The command that was answered. */
  readonly command: string | undefined;
  /** The server had begun to take the message. */
  readonly isTaking: boolean;
  /** A closed word of ours or of Node: `ETIMEDOUT`. */
  readonly cause: string;
}

/** Only what is answered about the sender, the recipient or the message is about this notice; the rest is about the server, and passes. */
const ABOUT_THE_NOTICE = /^(MAIL FROM|RCPT TO|DATA)$/;

export function judgeSmtp({ code, enhanced, command, isTaking, cause }: SmtpFault): SendResult {
  const words = [code, enhanced].filter((word) => word !== undefined).join(' ');
  const isRefusal = code !== undefined && code >= 400 && code < 600;
  if (isTaking && !isRefusal) return toResult('unknown', `no answer after the message was sent (${cause})`);
  if (!isRefusal) return toResult('temporary', `nothing was sent (${cause})`);
  if (code >= 500 && (isTaking || ABOUT_THE_NOTICE.test(command ?? ''))) return toResult('permanent', words);
  return toResult('temporary', words);
}

/** RFC 9110: a request that was not understood or not allowed was not carried out; "later" says so itself. What a server breaks at, it may have done. */
export function judgeHttp(status: number): SendResult {
  const reply = `HTTP ${status}`;
  if (status >= 200 && status < 300) return toResult('accepted', reply);
  if ([401, 403, 407, 408, 421, 425, 429, 503].includes(status)) return toResult('temporary', reply);
  if (status >= 500) return toResult('unknown', reply);
  return toResult('permanent', reply);
}

/** RFC 3463 and RFC 5248: a status, and nothing else of what was answered. */
export function readEnhanced(response: unknown): string | undefined {
  return typeof response === 'string' ? /^\d{3}[ -]([245]\.\d{1,3}\.\d{1,3})\b/.exec(response)?.[1] : undefined;
}
