/** A file system that really is full (a small tmpfs), under the whole application: refused with a clear problem, nothing lost, nothing released, and on it goes once there is room. */
import { execFile } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { startApp, type App } from '../../src/app.ts';
import { systemClock } from '../../src/platform/clock.ts';
import { loadConfig } from '../../src/platform/config.ts';
import { ALL_RIGHTS, LOCAL_PRINCIPAL } from '../../src/platform/http/rights.ts';
import { silentLog } from '../../src/platform/log.ts';
import { createTestDatabase, type TestDatabase } from '../support/database.ts';

const run = promisify(execFile);
const SAMPLES = join(import.meta.dirname, '../../src/console/data');
const OCTETS = { 'content-type': 'application/octet-stream' };
const MIB = 1024 ** 2;

let dir: string;
let test: TestDatabase;
let app: App;
let key: string;

async function resize(megabytes: number): Promise<void> {
  await run('mount', ['-o', `remount,size=${megabytes}m`, dir]);
}

const call = (path: string, init: RequestInit = {}): Promise<Response> =>
  fetch(`${app.url ?? ''}${path}`, { ...init, headers: { authorization: `Bearer ${key}`, ...Object.fromEntries(new Headers(init.headers)) } });

async function send(bytes: Uint8Array<ArrayBuffer>): Promise<{ readonly id: string; readonly status: number; readonly body: Record<string, unknown> }> {
  const made = (await (await call('/v1/uploads', { method: 'POST', body: '{}', headers: { 'content-type': 'application/json' } })).json()) as { id: string };
  const sent = await call(`/v1/uploads/${made.id}/content`, { method: 'PUT', body: bytes, headers: OCTETS });
  return { id: made.id, status: sent.status, body: (await sent.json()) as Record<string, unknown> };
}

beforeAll(async () => {
  dir = await mkdtemp(join(tmpdir(), 'gatehouse-full-'));
  await run('mount', ['-t', 'tmpfs', '-o', 'size=64m,mode=0711', 'tmpfs', dir]).catch((error: unknown) => {
    throw new Error(`this test needs to mount a tmpfs (run it as root with CAP_SYS_ADMIN): ${String(error)}`);
  });
  test = await createTestDatabase();
  const loaded = loadConfig({ env: {}, overrides: { dataDir: dir, port: 0 } });
  app = await startApp({ loaded, log: silentLog, clock: systemClock, listen: 'all', database: test.target });
  ({ secret: key } = await app.services.access.createKey({ name: 'test', rights: [...ALL_RIGHTS] }, LOCAL_PRINCIPAL));
  const list = (await (
    await call('/v1/lists', { method: 'POST', body: '{"name":"Demonstration"}', headers: { 'content-type': 'application/json' } })
  ).json()) as { id: string };
  await call(`/v1/lists/${list.id}/import?format=csv`, {
    method: 'POST',
    body: new Uint8Array(await readFile(join(SAMPLES, 'demo-list.csv'))),
    headers: OCTETS,
  });
});

afterAll(async () => {
  await app.stop();
  await test.drop();
  await run('umount', [dir]);
  await rm(dir, { recursive: true, force: true });
});

it('refuses what does not fit, keeps what it acknowledged, releases nothing unscreened, and goes on once there is room', async () => {
  const picture = new Uint8Array(await readFile(join(SAMPLES, 'unrelated.jpg')));
  const before = await send(picture);
  expect([before.status, before.body['state']]).toEqual([200, 'released']);
  const kept: string[] = [];
  let refused: Awaited<ReturnType<typeof send>> | undefined;
  for (let i = 0; i < 20 && refused === undefined; i++) {
    const sent = await send(new Uint8Array(randomBytes(10 * MIB)));
    if (sent.status === 200) kept.push(sent.id);
    else refused = sent;
  }
  expect(kept.length).toBeGreaterThan(2);
  expect(refused?.status).toBe(507);
  expect(refused?.body).toMatchObject({ code: 'storage_full' });
  expect(await readdir(join(dir, 'spool'))).toEqual([]);
  for (const id of kept) expect(await (await call(`/v1/uploads/${id}`)).json()).toMatchObject({ state: 'held' });
  expect((await call(`/v1/uploads/${before.id}/content`)).status).toBe(200);
  const scan = await call('/v1/scan', { method: 'POST', body: new Uint8Array(randomBytes(10 * MIB)), headers: OCTETS });
  expect(scan.status).toBeGreaterThanOrEqual(500);
  expect(((await scan.json()) as Record<string, unknown>)['receipt']).toBeUndefined();
  expect((await call('/readyz')).status).toBe(503);
  await resize(128);
  const after = await call(`/v1/uploads/${refused?.id ?? ''}/content`, { method: 'PUT', body: picture, headers: OCTETS });
  expect([after.status, ((await after.json()) as Record<string, unknown>)['state']]).toEqual([200, 'released']);
});
