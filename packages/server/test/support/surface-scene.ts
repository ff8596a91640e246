/** The application with faults that can be switched: a database behind a proxy, a small disk of its own, decoders that fail. */
import { execFile } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { mkdtemp, open, readdir, readFile, rm } from 'node:fs/promises';
import { connect, createServer, type AddressInfo, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { startApp } from '../../src/app.ts';
import { systemClock } from '../../src/platform/clock.ts';
import { loadConfig } from '../../src/platform/config.ts';
import type { DatabaseTarget } from '../../src/platform/db/database.ts';
import { controlSocketPath } from '../../src/platform/http/server.ts';
import { ALL_RIGHTS, LOCAL_PRINCIPAL } from '../../src/platform/http/rights.ts';
import { silentLog } from '../../src/platform/log.ts';
import type { TestApp } from './app.ts';
import { createTestDatabase } from './database.ts';
import type { SurfaceDriver } from './surfaces.ts';

const run = promisify(execFile);
const SAMPLES = join(import.meta.dirname, '../../src/console/data');
export const CONTENT_BYTES_MAX = 512 * 1024;

export const FAULTS = ['error', 'scanner down', 'database down', 'disk full'] as const;
export type Fault = (typeof FAULTS)[number];

export interface SurfaceScene {
  readonly app: TestApp;
  /** Another clear picture each time: bytes after its end change its digests and nothing else. */
  makeClear(): Buffer;
  makeMatch(): Buffer;
  break(fault: Fault): Promise<void>;
  mend(): Promise<void>;
  spoolFiles(): Promise<string[]>;
  stop(): Promise<void>;
}

export async function openScene(driver: SurfaceDriver): Promise<SurfaceScene> {
  const dir = await mkdtemp(join(tmpdir(), 'gatehouse-surface-'));
  await run('mount', ['-t', 'tmpfs', '-o', 'size=32m,mode=0711', 'tmpfs', dir]).catch((error: unknown) => {
    throw new Error(`this test needs to mount a tmpfs (run it as root with CAP_SYS_ADMIN): ${String(error)}`);
  });
  const database = await createTestDatabase();
  const proxy = await openProxy(database.target);
  const limits = { maxUploadBytes: CONTENT_BYTES_MAX, maxScanBytes: CONTENT_BYTES_MAX, passDeadlineMs: 10_000 };
  const overrides = { dataDir: dir, port: 0, anonymousPerMinute: 100_000, requestsPerMinute: 1_000_000, ...limits, ...(await driver.config({ dir })) };
  const loaded = loadConfig({ env: {}, overrides });
  const app = await startApp({
    loaded,
    log: silentLog,
    clock: systemClock,
    listen: 'all',
    database: { ...database.target, host: '127.0.0.1', port: proxy.port },
  });
  const { secret: key } = await app.services.access.createKey({ name: 'test', rights: [...ALL_RIGHTS] }, LOCAL_PRINCIPAL);
  const url = app.url ?? '';
  const call: TestApp['call'] = (path, init = {}) =>
    fetch(new URL(path, url), { ...init, headers: { authorization: `Bearer ${key}`, ...Object.fromEntries(new Headers(init.headers)) } });
  const [clear, match] = await Promise.all(['unrelated.jpg', 'original.jpg'].map((name) => readFile(join(SAMPLES, name))));
  await importDemonstration(call);
  const { pool } = app.services.screening;
  const decode = pool.decode.bind(pool);
  const filler = join(dir, 'filler');
  const stop = async (): Promise<void> => {
    await app.stop();
    await proxy.close();
    await database.drop();
    await run('umount', [dir]);
    await rm(dir, { recursive: true, force: true });
  };
  return {
    app: {
      app,
      url,
      socketPath: controlSocketPath(dir),
      dataDir: dir,
      key,
      createSignInLink: async () => (await app.services.access.createFirstSignInLink()).url,
      call,
      stop,
    },
    makeClear: () => Buffer.concat([clear ?? Buffer.alloc(0), randomBytes(8)]),
    makeMatch: () => Buffer.concat([match ?? Buffer.alloc(0), randomBytes(8)]),
    async break(fault) {
      if (fault === 'database down') proxy.setDown(true);
      if (fault === 'disk full') await fill(filler);
      if (fault === 'error') Object.assign(pool, { decode: () => Promise.reject(new Error('a fault of the decoders')) });
      if (fault === 'scanner down') {
        const times = { waitMs: 0, decodeMs: 0, hashMs: 0 };
        Object.assign(pool, { decode: async () => ({ kind: 'failed', reason: 'decoder_unavailable', times }) });
      }
    },
    async mend() {
      proxy.setDown(false);
      Object.assign(pool, { decode });
      await rm(filler, { force: true });
    },
    spoolFiles: () => readdir(join(dir, 'spool')),
    stop,
  };
}

async function importDemonstration(call: TestApp['call']): Promise<void> {
  const made = await call('/v1/lists', { method: 'POST', body: '{"name":"Demonstration"}', headers: { 'content-type': 'application/json' } });
  const { id } = (await made.json()) as { id: string };
  const body = new Uint8Array(await readFile(join(SAMPLES, 'demo-list.csv')));
  const sent = await call(`/v1/lists/${id}/import?format=csv`, { method: 'POST', body, headers: { 'content-type': 'application/octet-stream' } });
  if (!sent.ok) throw new Error(`the demonstration list was not imported: ${await sent.text()}`);
}

/** To the last page. */
async function fill(path: string): Promise<void> {
  const file = await open(path, 'w');
  try {
    for (const size of [1024 ** 2, 4096]) {
      const zeros = Buffer.alloc(size);
      while ((await file.write(zeros).catch(() => ({ bytesWritten: 0 }))).bytesWritten === size);
    }
  } finally {
    await file.close();
  }
}

interface Proxy {
  readonly port: number;
  setDown(isDown: boolean): void;
  close(): Promise<void>;
}

/** PostgreSQL that can go away: every connection breaks, and no new one comes about. */
async function openProxy(target: DatabaseTarget): Promise<Proxy> {
  if (!('host' in target)) throw new TypeError('the test cluster is named by host and port');
  const { host, port } = target;
  const sockets = new Set<Socket>();
  const keep = (socket: Socket): Socket => {
    sockets.add(socket);
    socket.on('error', () => undefined).once('close', () => sockets.delete(socket));
    return socket;
  };
  let isAway = false;
  const server = createServer((socket) => {
    if (isAway) return void socket.destroy();
    const inner = keep(host.startsWith('/') ? connect(`${host}/.s.PGSQL.${port}`) : connect(port, host));
    keep(socket).once('close', () => inner.destroy());
    inner.once('close', () => socket.destroy());
    socket.pipe(inner).pipe(socket);
  });
  await new Promise<void>((resolve) => void server.listen(0, '127.0.0.1', resolve));
  const breakAll = (): void => sockets.forEach((socket) => socket.destroy());
  return {
    port: (server.address() as AddressInfo).port,
    setDown(isDown) {
      isAway = isDown;
      if (isDown) breakAll();
    },
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        breakAll();
      }),
  };
}
