/**
 * The application behind the reverse proxy: one address, named by the operator, and no other. Nothing that a client says chooses where a request
 * goes; redirects are the client's to follow.
 */
import type { Readable } from 'node:stream';
import { Pool } from 'undici';

export interface OriginRequest {
  readonly method: string;
  /** `/path?query`, as it came. */
  readonly path: string;
  /** Name, value, name, value, …; hop-by-hop ones are left out already. */
  readonly headers: readonly string[];
  readonly body: Readable | null;
  readonly signal: AbortSignal;
  /**
   * Also after HEAD. Else undici closes the connection then, because some servers send a body that would be taken for the next answer: for an
   * application behind the proxy as it should be, for a store of TLS and many HEADs a handshake each.
   */
  readonly keepsConnection?: true;
}

export interface OriginReply {
  readonly status: number;
  /** Name, value, …, as they came. */
  readonly headers: readonly string[];
  readonly body: Readable;
}

export interface Origin {
  /** @throws when it does not answer */
  send(request: OriginRequest): Promise<OriginReply>;
  close(): Promise<void>;
}

const CONNECTIONS = 64;
const SILENCE_MS = 300_000;

/** @param url `http://127.0.0.1:3000`, `https://app.internal`, or `unix:/run/app.sock` */
export function openOrigin(url: string): Origin {
  const socketPath = url.startsWith('unix:') ? url.slice('unix:'.length) : undefined;
  const pool = new Pool(socketPath === undefined ? url : 'http://localhost', {
    connections: CONNECTIONS,
    headersTimeout: SILENCE_MS,
    bodyTimeout: SILENCE_MS,
    ...(socketPath === undefined ? {} : { socketPath }),
  });
  return {
    async send({ method, path, headers, body, signal, keepsConnection }) {
      const reply = await pool.request({
        method,
        path,
        headers: [...headers],
        body,
        signal,
        responseHeaders: 'raw',
        ...(keepsConnection ? { reset: false } : {}),
      });
      // Let go of early, a body tells of its end as a fault; without a listener that would end the process.
      reply.body.on('error', () => undefined);
      return { status: reply.statusCode, headers: readRaw(reply.headers), body: reply.body };
    },
    close: () => pool.destroy(),
  };
}

/** With `responseHeaders: 'raw'` they are a flat list, whatever the type says. */
function readRaw(headers: unknown): readonly string[] {
  if (Array.isArray(headers)) return headers.map((value) => (Buffer.isBuffer(value) ? value.toString('latin1') : String(value)));
  return Object.entries(headers as Record<string, string | string[] | undefined>).flatMap(([name, value]) =>
    [value ?? []].flat().flatMap((one) => [name, one]),
  );
}
