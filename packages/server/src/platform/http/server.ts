/** Listens: on TCP (or TLS) for everybody, and on a Unix socket in the data directory for the command line of the same person. */
import { createHash } from 'node:crypto';
import { chmod, mkdir, readFile, rm } from 'node:fs/promises';
import { createServer, type RequestListener, type Server } from 'node:http';
import { createServer as createTlsServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { dirname, join, resolve } from 'node:path';
import { getRequestListener } from '@hono/node-server';
import type { Config } from '../config.ts';
import { GatehouseError } from '../errors.ts';
import type { Log } from '../log.ts';
import { bindServer, type Where } from '../server-binding.ts';
import type { Fetch } from './frame.ts';

export interface Listening {
  readonly port: number;
  /** Takes no new connection, waits for requests under way up to `timeoutMs`, then closes their connections. */
  close(timeoutMs: number): Promise<void>;
}

const HEADERS_TIMEOUT_MS = 20_000;
/** Large uploads over slow lines; silence is bounded by `IDLE_TIMEOUT_MS`. */
const REQUEST_TIMEOUT_MS = 6 * 3_600_000;
const IDLE_TIMEOUT_MS = 120_000;
const IDLE_SWEEP_MS = 50;
/** sun_path: 104 bytes with the closing zero on macOS, 108 on Linux. */
const SOCKET_PATH_BYTES_MAX = 103;

export async function listenTcp(fetch: Fetch, config: Config, log: Pick<Log, 'warn'>): Promise<Listening> {
  const listener = toListener(fetch, false);
  const server =
    config.tlsCertFile !== undefined && config.tlsKeyFile !== undefined
      ? await createSecureServer({ certFile: config.tlsCertFile, keyFile: config.tlsKeyFile }, listener)
      : createServer(listener);
  await listen(tune(server), { host: config.host, port: config.port }, log);
  return asListening(server);
}

async function createSecureServer(files: { readonly certFile: string; readonly keyFile: string }, listener: RequestListener): Promise<Server> {
  try {
    return createTlsServer({ cert: await readFile(files.certFile), key: await readFile(files.keyFile), minVersion: 'TLSv1.2' }, listener);
  } catch (cause) {
    throw new GatehouseError(
      'config_invalid',
      `TLS cannot be offered with tlsCertFile and tlsKeyFile (${String(Reflect.get(Object(cause), 'code') ?? 'unknown fault')}). Nothing was started.`,
      { cause },
    );
  }
}

/** @returns undefined where Unix sockets are not offered; the CLI then needs an API key */
export async function listenControl(fetch: Fetch, dataDir: string, log: Pick<Log, 'warn'>): Promise<Listening> {
  const path = controlSocketPath(dataDir);
  await mkdir(dirname(path), { recursive: true, mode: 0o700 });
  // The lock of the data directory is ours, so whoever listened here is gone.
  await rm(path, { force: true });
  const server = tune(createServer(toListener(fetch, true)));
  const mask = process.umask(0o177);
  try {
    await listen(server, { path }, log);
  } finally {
    process.umask(mask);
  }
  await chmod(path, 0o600);
  return asListening(server);
}

/** Where the control socket of a data directory is; in a private temporary folder when the path would be too long for a socket. */
export function controlSocketPath(dataDir: string): string {
  const direct = join(resolve(dataDir), 'control.sock');
  if (Buffer.byteLength(direct) <= SOCKET_PATH_BYTES_MAX) return direct;
  const name = createHash('sha256').update(resolve(dataDir)).digest('hex').slice(0, 24);
  return join(tmpdir(), `gatehouse-${process.getuid?.() ?? 'user'}-${name}`, 'control.sock');
}

function toListener(fetch: Fetch, isControl: boolean): RequestListener {
  const listener = getRequestListener(
    (request, env) => {
      if (!('setTimeout' in env.incoming) || !('chunkedEncoding' in env.outgoing)) throw new TypeError('only HTTP/1.1 is served');
      return fetch(request, { incoming: env.incoming as Parameters<RequestListener>[0], outgoing: env.outgoing, isControl });
    },
    { overrideGlobalObjects: false },
  );
  return (incoming, outgoing) => void listener(incoming, outgoing);
}

function tune(server: Server): Server {
  server.headersTimeout = HEADERS_TIMEOUT_MS;
  server.requestTimeout = REQUEST_TIMEOUT_MS;
  server.timeout = IDLE_TIMEOUT_MS;
  server.keepAliveTimeout = 10_000;
  return server;
}

const listen = (server: Server, where: Where, log: Pick<Log, 'warn'>): Promise<void> => bindServer(server, where, { log, explain });

function explain(place: string, { code, message }: NodeJS.ErrnoException): string {
  const hint =
    code === 'EADDRINUSE'
      ? 'another program listens there; choose another with GATEHOUSE_PORT'
      : code === 'EACCES'
        ? 'this user may not; ports below 1024 need a privilege'
        : message;
  return `Cannot listen on ${place}: ${hint}. Nothing was changed.`;
}

function asListening(server: Server): Listening {
  const address: AddressInfo | string | null = server.address();
  return {
    port: typeof address === 'object' && address !== null ? address.port : 0,
    close(timeoutMs) {
      return new Promise((done) => {
        const timer = setTimeout(() => server.closeAllConnections(), timeoutMs);
        // A connection that becomes idle after its last answer would else be kept for `keepAliveTimeout`.
        const sweep = setInterval(() => server.closeIdleConnections(), IDLE_SWEEP_MS);
        server.close(() => {
          clearTimeout(timer);
          clearInterval(sweep);
          done();
        });
        server.closeIdleConnections();
      });
    },
  };
}
