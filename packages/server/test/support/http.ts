/** A frame with given routes behind a real loopback listener, and requests with full control over every header. */
import { request } from 'node:http';
import { loadConfig } from '../../src/platform/config.ts';
import type { Clock } from '../../src/platform/clock.ts';
import { createAddressReader } from '../../src/platform/http/client-address.ts';
import { createFrame, type FrameOptions } from '../../src/platform/http/frame.ts';
import { createRateLimiter } from '../../src/platform/http/rate-limit.ts';
import type { Authenticator } from '../../src/platform/http/rights.ts';
import type { Route } from '../../src/platform/http/route.ts';
import { listenTcp } from '../../src/platform/http/server.ts';
import { silentLog, type Log } from '../../src/platform/log.ts';
import { createMetrics } from '../../src/platform/metrics.ts';

export interface TestReply {
  readonly status: number;
  readonly headers: Readonly<Record<string, string | string[] | undefined>>;
  readonly text: string;
  /** The parsed body; undefined when it is not JSON. */
  readonly json: unknown;
}

export interface TestCall {
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string;
}

export interface TestServer {
  readonly port: number;
  /** What a browser sends as Host and after `http://` in Origin. */
  readonly host: string;
  send(method: string, path: string, call?: TestCall): Promise<TestReply>;
  close(): Promise<void>;
}

export interface TestServerOptions {
  readonly routes: readonly Route[];
  readonly authenticator: Authenticator;
  readonly clock: Clock;
  readonly limits?: FrameOptions['limits'];
  readonly trustedProxies?: readonly string[];
  readonly log?: Log;
  readonly allowedHosts?: readonly string[];
}

export async function startTestServer(options: TestServerOptions): Promise<TestServer> {
  const fetch = createFrame({
    routes: options.routes,
    authenticator: options.authenticator,
    limiter: createRateLimiter(options.clock),
    clock: options.clock,
    log: options.log ?? silentLog,
    metrics: createMetrics(),
    limits: options.limits ?? { requestsPerMinute: 10_000, anonymousPerMinute: 10_000 },
    readAddress: createAddressReader(options.trustedProxies ?? []),
    isAllowedHost: (host) => (options.allowedHosts ?? ['127.0.0.1', 'localhost']).includes(host),
    renderErrorPage: (error, _requestId, principal) => `<!DOCTYPE html><title>${error.code}</title><p>${principal.name}</p>`,
  });
  const listening = await listenTcp(fetch, loadConfig({ env: {}, overrides: { port: 0 } }).config, silentLog);
  return {
    port: listening.port,
    host: `127.0.0.1:${listening.port}`,
    send: (method, path, call) => send({ port: listening.port, method, path }, call ?? {}),
    async close() {
      await listening.close(0);
    },
  };
}

function send(where: { readonly port: number; readonly method: string; readonly path: string }, call: TestCall): Promise<TestReply> {
  return new Promise((resolve, reject) => {
    const outgoing = request({ host: '127.0.0.1', ...where, headers: { connection: 'close', ...call.headers } }, (incoming) => {
      const chunks: Buffer[] = [];
      incoming.on('data', (chunk: Buffer) => void chunks.push(chunk));
      incoming.on('error', reject);
      incoming.on('end', () => {
        const text = Buffer.concat(chunks).toString('utf8');
        const isJson = (incoming.headers['content-type'] ?? '').includes('json');
        resolve({ status: incoming.statusCode ?? 0, headers: incoming.headers, text, json: isJson && text !== '' ? JSON.parse(text) : undefined });
      });
    });
    outgoing.on('error', reject);
    outgoing.end(call.body);
  });
}

/** Headers of a urlencoded form. */
export const FORM = { 'content-type': 'application/x-www-form-urlencoded' } as const;

/** `name=value` of the first Set-Cookie header, as a browser would send it back. */
export function cookieOf(reply: TestReply): string {
  return [reply.headers['set-cookie']].flat()[0]?.split(';')[0] ?? '';
}
