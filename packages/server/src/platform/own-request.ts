/** A request to this process itself, through its listener and everything behind it, as somebody from outside would send it. Only the status is read. */
import { request as requestHttp } from 'node:http';
import { request as requestHttps } from 'node:https';

export interface OwnRequest {
  /** `AppContext.ownUrl` */
  readonly url: string;
  readonly path: `/${string}`;
  readonly headers: Readonly<Record<string, string>>;
  readonly timeoutMs: number;
  readonly signal: AbortSignal;
}

/** Listening on all addresses is not an address to call. */
const ANY: Readonly<Record<string, string>> = { '0.0.0.0': '127.0.0.1', '[::]': '[::1]' };

export function requestOwn({ url, path, headers, timeoutMs, signal }: OwnRequest): Promise<number> {
  const target = new URL(path, url);
  target.hostname = ANY[target.hostname] ?? target.hostname;
  const isTls = target.protocol === 'https:';
  return new Promise((resolve, reject) => {
    const options = { headers, signal, timeout: timeoutMs, agent: false };
    // Its certificate names the public host, not the address on this machine; nothing secret is sent.
    const sent = isTls ? requestHttps(target, { ...options, rejectUnauthorized: false }) : requestHttp(target, options);
    sent.once('response', (reply) => {
      reply.resume();
      resolve(reply.statusCode ?? 0);
    });
    sent.once('timeout', () => sent.destroy(new Error('the listener did not answer in time')));
    sent.once('error', reject);
    sent.end();
  });
}
