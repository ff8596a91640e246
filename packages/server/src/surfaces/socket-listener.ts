/** A port or a Unix socket for a protocol of its own: who may speak, how many at once, and an orderly end. */
import { chmod, rm, stat } from 'node:fs/promises';
import { createServer, type Server, type Socket } from 'node:net';
import { dirname } from 'node:path';
import type { Duplex } from 'node:stream';
import { createServer as createTlsServer } from 'node:tls';
import { isLoopback } from '../platform/config.ts';
import { GatehouseError } from '../platform/errors.ts';
import type { Listener, OpenListener } from '../platform/domain.ts';
import { createAddressCheck } from '../platform/http/client-address.ts';
import type { Log } from '../platform/log.ts';
import { bindServer, type Where } from '../platform/server-binding.ts';

export interface SocketOptions {
  /** `icap` */
  readonly name: string;
  readonly where: { readonly host: string; readonly port: number } | { readonly path: string; readonly mode: number };
  /** PEM, for TLS from the first byte. */
  readonly tls?: { readonly cert: Buffer; readonly key: Buffer; /** Tests put a short time here. */ readonly handshakeTimeout?: number };
  /** Addresses and ranges that may speak; a Unix socket is guarded by its mode. */
  readonly allow: readonly string[];
  readonly maxConnections: number;
  /** A connection on which nothing moves for so long is ended. */
  readonly idleMs: number;
  readonly log: Log;
  /** What goes out when there are too many already, before the end. */
  readonly busy?: string;
  /** One connection, to its end. What it throws ends the connection. */
  handle(connection: Connection): Promise<void>;
}

export interface Connection {
  readonly socket: Socket;
  /** Aborts when the peer is gone, or when the time for a stop is over. */
  readonly signal: AbortSignal;
  /** The handler says that it waits for a next message: a stop ends it at once. */
  isIdle: boolean;
  /** A stop is under way: the handler ends after the message in hand. */
  isStopping: boolean;
}

const LETTING_GO_MS = 5_000;
const HANDSHAKE_MS = 10_000;
/** A peer that has said all may still want to hear the answer. */
const HALF_OPEN = { allowHalfOpen: true } as const;

/** How many wait on a connection, and the limit on silence that it had before. Requests of HTTP may overlap on theirs (pipelining). */
const borne = new WeakMap<Socket, { waiting: number; readonly idleMs: number }>();

/** Without the limit on silence: while content is screened the peer has nothing to say. */
export async function bearSilence<T>(socket: Socket, work: () => Promise<T>): Promise<T> {
  const silence = borne.get(socket) ?? { waiting: 0, idleMs: socket.timeout ?? 0 };
  borne.set(socket, silence);
  silence.waiting += 1;
  socket.setTimeout(0);
  try {
    return await work();
  } finally {
    silence.waiting -= 1;
    if (silence.waiting === 0) {
      borne.delete(socket);
      socket.setTimeout(silence.idleMs);
    }
  }
}

/** `host:port`; the port may be 0. */
export function splitHostPort(text: string): { readonly host: string; readonly port: number } {
  const at = text.lastIndexOf(':');
  return { host: text.slice(0, at).replace(/^\[(.*)\]$/, '$1'), port: Number(text.slice(at + 1)) };
}

export function createSocketListener(options: SocketOptions): Listener & { address(): string | undefined } {
  let address: string | undefined;
  return {
    name: options.name,
    address: () => address,
    async open() {
      const opened = await open(options);
      ({ address } = opened);
      return opened;
    },
  };
}

async function open(options: SocketOptions): Promise<OpenListener> {
  const { where, maxConnections, log, name } = options;
  requireNames(options);
  const isAllowed = createAddressCheck(options.allow);
  const connections = new Map<Connection, AbortController>();
  /** Of TLS: also those that have not shaken hands yet, which Node would wait for. */
  const underTls = new Set<Socket>();
  /** @returns false when it was turned away */
  const admit = (socket: Socket): boolean => {
    // Its faults are those of whoever reads from it; without a listener one would end the process.
    socket.on('error', () => undefined);
    if ('path' in where || isAllowed(socket.remoteAddress ?? '')) return true;
    log.warn({ surface: name, address: socket.remoteAddress }, 'an address that may not speak here was turned away');
    socket.destroy();
    return false;
  };
  /** Before the handshake: a stranger gets none, and whoever never finishes one counts all the same. */
  const shakeHands = (socket: Socket): void => {
    if (!admit(socket)) return;
    if (underTls.size >= 2 * maxConnections) return void socket.destroy();
    underTls.add(socket);
    socket.once('close', () => underTls.delete(socket));
  };
  const accept = (socket: Socket): void => {
    if (!admit(socket)) return;
    if (connections.size >= maxConnections) return letGo(socket, options.busy);
    const gone = new AbortController();
    const connection: Connection = { socket, signal: gone.signal, isIdle: true, isStopping: false };
    connections.set(connection, gone);
    socket.setNoDelay(true);
    socket.setTimeout(options.idleMs, () => socket.destroy());
    socket.once('close', () => {
      connections.delete(connection);
      gone.abort();
    });
    options.handle(connection).then(
      () => letGo(socket),
      (error: unknown) => {
        if (!gone.signal.aborted) log.info({ surface: name, reason: error instanceof Error ? error.message : 'unknown' }, 'a connection was ended');
        socket.destroy();
      },
    );
  };
  const server: Server =
    options.tls === undefined
      ? createServer(HALF_OPEN, accept)
      : createTlsServer({ ...HALF_OPEN, handshakeTimeout: HANDSHAKE_MS, ...options.tls, minVersion: 'TLSv1.2' }, accept).on('connection', shakeHands);
  // A handshake that failed or took too long: Node tells of it, and ends nothing.
  server.on('tlsClientError', (_error: Error, socket: Socket) => void socket.destroy());
  if ('path' in where) await prepare(where.path, name);
  await listenOn(server, options, where);
  if ('path' in where) await chmod(where.path, where.mode);
  return {
    address: describeAddress(server),
    close: (timeoutMs) => close(server, { connections, underTls }, timeoutMs),
  };
}

/** @throws {GatehouseError} config_invalid for a port that others reach and none of them may use: somebody forgot to say who */
function requireNames({ name, where, allow }: SocketOptions): void {
  if ('path' in where || isLoopback(where.host) || allow.some((range) => range !== 'loopback')) return;
  throw new GatehouseError(
    'config_invalid',
    `${name} knows no keys, and ${where.host}:${where.port} can be reached from outside: name the addresses that may speak in GATEHOUSE_SURFACE_ALLOW. Nothing was opened.`,
  );
}

/**
 * The last words, and an end within seconds: what the peer still sends is read and thrown away, else the answer could be lost with the connection,
 * and a peer that has gone would hold its place until the connection is idle for long enough.
 */
export function letGo(socket: Duplex, answer = ''): void {
  const timer = setTimeout(() => socket.destroy(), LETTING_GO_MS);
  socket.once('close', () => clearTimeout(timer));
  // Whoever read here last may still listen.
  socket.removeAllListeners('readable');
  socket.resume().end(answer);
}

interface Peers {
  readonly connections: ReadonlyMap<Connection, AbortController>;
  readonly underTls: ReadonlySet<Socket>;
}

/** Who waits for a next message is ended at once; who is in the middle of one has `timeoutMs`. */
function close(server: Server, { connections, underTls }: Peers, timeoutMs: number): Promise<void> {
  return new Promise((resolve) => {
    const timer = setTimeout(() => {
      for (const [{ socket }, gone] of connections) {
        gone.abort();
        socket.destroy();
      }
      for (const socket of underTls) socket.destroy();
    }, timeoutMs);
    server.close(() => {
      clearTimeout(timer);
      resolve();
    });
    for (const connection of connections.keys()) {
      connection.isStopping = true;
      if (connection.isIdle) connection.socket.destroy();
    }
  });
}

/** @throws {GatehouseError} config_invalid when the place is taken or may not be used */
export function listenOn(server: Server, { name, log }: Pick<SocketOptions, 'name' | 'log'>, where: Where): Promise<void> {
  return bindServer(server, where, {
    name,
    log,
    explain(place, { code, message }) {
      const why = code === 'EADDRINUSE' ? 'another program listens there' : message;
      return `Cannot listen for ${name} on ${place}: ${why}. Choose another address. Nothing was changed.`;
    },
  });
}

/** `127.0.0.1:1344`, `[::1]:1344`, or the path of a socket. */
export function describeAddress(server: Server): string {
  const bound = server.address();
  if (typeof bound !== 'object' || bound === null) return String(bound);
  return `${bound.family === 'IPv6' ? `[${bound.address}]` : bound.address}:${bound.port}`;
}

/** Only a socket is removed: a file of that name is somebody's. For a folder that is not there Node would say "permission denied". */
async function prepare(path: string, name: string): Promise<void> {
  const folder = dirname(path);
  const place = await stat(folder).catch(() => undefined);
  if (place?.isDirectory() !== true)
    throw new GatehouseError(
      'config_invalid',
      `Cannot listen for ${name} on ${path}: there is no folder ${folder}. Make it, for the user of Gatehouse. Nothing was changed.`,
    );
  const found = await stat(path).catch(() => undefined);
  if (found === undefined) return;
  if (!found.isSocket()) throw new GatehouseError('config_invalid', `${path} exists and is no socket. Nothing was changed; choose another path.`);
  await rm(path, { force: true });
}
