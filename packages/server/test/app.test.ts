/** The whole application: an external database, what logs and metrics must not hold, the lock, a database that goes away, backup and restore. */
import { createHash } from 'node:crypto';
import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { createServer, request as httpRequest } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import pg from 'pg';
import { afterAll, beforeAll, describe, expect, inject, it } from 'vitest';
import { restoreIntoEmpty, startApp } from '../src/app.ts';
import { createApiClient } from '../src/platform/cli/api.ts';
import { systemClock } from '../src/platform/clock.ts';
import { loadConfig } from '../src/platform/config.ts';
import { createLog, silentLog } from '../src/platform/log.ts';
import { startTestApp, type TestApp } from './support/app.ts';
import { createTestDatabase, type TestDatabase } from './support/database.ts';

const SAMPLES = join(import.meta.dirname, '../src/console/data');
const LIST_NAME = 'List-name-nobody-should-read';
const REFERENCE = 'uploader-reference-nobody-should-read';
const OCTETS = { 'content-type': 'application/octet-stream' };

let app: TestApp;
const lines: string[] = [];

const readSample = async (name: string): Promise<Uint8Array<ArrayBuffer>> => new Uint8Array(await readFile(join(SAMPLES, name)));
const digest = (bytes: Uint8Array): string => createHash('sha256').update(bytes).digest('hex');

async function post(path: string, body: unknown): Promise<Record<string, unknown>> {
  const response = await app.call(path, { method: 'POST', body: JSON.stringify(body), headers: { 'content-type': 'application/json' } });
  return (await response.json()) as Record<string, unknown>;
}

async function upload(name: string): Promise<Record<string, unknown>> {
  const { id } = await post('/v1/uploads', { reference: REFERENCE });
  const sent = await app.call(`/v1/uploads/${String(id)}/content`, { method: 'PUT', body: await readSample(name), headers: OCTETS });
  return (await sent.json()) as Record<string, unknown>;
}

beforeAll(async () => {
  app = await startTestApp({ log: createLog('debug', { write: (line) => void lines.push(line) }) });
  const list = await post('/v1/lists', { name: LIST_NAME });
  await app.call(`/v1/lists/${String(list['id'])}/import?format=csv`, { method: 'POST', body: await readSample('demo-list.csv'), headers: OCTETS });
});

afterAll(() => app.stop());

describe('least knowledge', () => {
  it('logs and metrics hold no hashes, list names, references, bytes or keys', async () => {
    const held = await upload('original.jpg');
    const released = await upload('unrelated.jpg');
    expect([held['state'], released['state']]).toEqual(['held', 'released']);
    await app.call('/v1/scan', { method: 'POST', body: await readSample('flipped.jpg'), headers: OCTETS });
    const metrics = await (await app.call('/metrics')).text();
    expect(metrics).toContain('gatehouse_');
    const entries = (await readFile(join(SAMPLES, 'demo-list.csv'), 'utf8'))
      .split('\n')
      .slice(1)
      .map((line) => line.split(',')[1] ?? '')
      .filter((value) => value !== '');
    const secrets = [
      LIST_NAME,
      REFERENCE,
      app.key,
      app.key.slice(-24),
      digest(await readSample('original.jpg')),
      digest(await readSample('unrelated.jpg')),
      String(released['receipt']),
      'original.jpg',
      ...entries,
    ];
    expect(entries.length).toBeGreaterThan(200);
    expect(lines.length).toBeGreaterThan(0);
    for (const text of [lines.join(''), metrics]) for (const secret of secrets) expect(text.includes(secret), secret).toBe(false);
  });

  it('the log hides secrets that somebody passes by mistake', () => {
    let written = '';
    const log = createLog('info', { write: (line) => void (written += line) });
    log.info(
      { token: 'secret-1', headers: { authorization: 'secret-2', cookie: 'secret-3' }, upload: { sha256: 'secret-4', fileName: 'secret-5' } },
      'a mistake',
    );
    expect(written).toContain('a mistake');
    expect(written).not.toContain('secret-');
  });
});

describe('one data directory', () => {
  it('has one owner: a second process is refused and changes nothing', async () => {
    const loaded = loadConfig({ env: {}, overrides: { dataDir: app.dataDir, port: 0 } });
    await expect(startApp({ loaded, log: silentLog, clock: systemClock, listen: 'all' })).rejects.toMatchObject({ code: 'data_dir_in_use' });
    expect((await app.call('/readyz')).status).toBe(200);
  });
});

describe('a start that fails at its last step', () => {
  it('ends, says why, and leaves nothing running', async () => {
    const other = createServer();
    await new Promise<void>((done) => other.listen(0, '127.0.0.1', done));
    const address = other.address();
    const port = typeof address === 'object' && address !== null ? address.port : 0;
    await expect(startTestApp({ config: { port } })).rejects.toThrow('another program listens there');
    await new Promise((done) => other.close(done));
  });
});

describe('an external PostgreSQL', () => {
  let other: TestDatabase;
  beforeAll(async () => {
    other = await createTestDatabase();
  });
  afterAll(() => other.drop());

  it('is used through GATEHOUSE_DATABASE_URL with the same code; when it goes away nothing is cleared', async () => {
    const dataDir = await mkdtemp(join(tmpdir(), 'gatehouse-external-'));
    const server = inject('postgres');
    const name = 'database' in other.target ? other.target.database : '';
    const databaseUrl = `postgresql://${server.user}@localhost:${server.port}/${name}?host=${encodeURIComponent(server.host)}`;
    const loaded = loadConfig({ env: {}, overrides: { dataDir, port: 0, databaseUrl } });
    const running = await startApp({ loaded, log: silentLog, clock: systemClock, listen: 'all' });
    try {
      expect(await readdir(dataDir)).not.toContain('pg');
      expect((await fetch(`${running.url ?? ''}/livez`)).status).toBe(200);
      await forbidConnections(name);
      const ready = await fetch(`${running.url ?? ''}/readyz`);
      expect(ready.status).toBe(503);
      expect(((await ready.json()) as { failing: string[] }).failing).toContain('platform.database');
      const scan = await fetch(`${running.url ?? ''}/v1/scan`, {
        method: 'POST',
        body: await readSample('unrelated.jpg'),
        headers: { ...OCTETS, authorization: `Bearer ${app.key}` },
      });
      expect(scan.status).toBe(503);
      expect(((await scan.json()) as Record<string, unknown>)['receipt']).toBeUndefined();
    } finally {
      await running.stop();
      await rm(dataDir, { recursive: true, force: true });
    }
  });

  async function forbidConnections(name: string): Promise<void> {
    const client = new pg.Client(inject('postgres'));
    await client.connect();
    await client.query(`alter database ${name} allow_connections false`);
    await client.query('select pg_terminate_backend(pid) from pg_stat_activity where datname = $1', [name]);
    await client.end();
  }
});

describe('backup and restore', () => {
  it('brings everything back: uploads with their bytes, lists, receipts that verify, keys', async () => {
    const released = await upload('unrelated.jpg');
    const folder = join(await mkdtemp(join(tmpdir(), 'gatehouse-backup-')), 'backup');
    const client = createApiClient({ socketPath: app.socketPath });
    const report = (await client.send({ method: 'POST', path: '/v1/backups', json: { folder } })).body as { tables: number; files: number };
    await client.close();
    expect(report.files).toBeGreaterThan(2);
    const other = await createTestDatabase();
    const dataDir = await mkdtemp(join(tmpdir(), 'gatehouse-restored-'));
    const loaded = loadConfig({ env: {}, overrides: { dataDir, port: 0 } });
    await restoreIntoEmpty({ loaded, log: silentLog, clock: systemClock, database: other.target }, folder);
    const restored = await startApp({ loaded, log: silentLog, clock: systemClock, listen: 'all', database: other.target });
    try {
      const ask = (path: string, init: RequestInit = {}): Promise<Response> =>
        fetch(`${restored.url ?? ''}${path}`, { ...init, headers: { authorization: `Bearer ${app.key}`, 'content-type': 'application/json' } });
      const content = new Uint8Array(await (await ask(`/v1/uploads/${String(released['id'])}/content`)).arrayBuffer());
      expect(digest(content)).toBe(digest(await readSample('unrelated.jpg')));
      const checked = await ask('/v1/receipts/verify', { method: 'POST', body: JSON.stringify({ receipt: released['receipt'], sha256: digest(content) }) });
      expect(await checked.json()).toMatchObject({ valid: true });
      const { lists } = (await (await ask('/v1/lists')).json()) as { lists: { name: string; entries: { pdq: number } }[] };
      expect(lists.find(({ name }) => name === LIST_NAME)?.entries.pdq).toBe(200);
      const scan = await fetch(`${restored.url ?? ''}/v1/scan`, {
        method: 'POST',
        body: await readSample('rotated.jpg'),
        headers: { authorization: `Bearer ${app.key}`, ...OCTETS },
      });
      expect(scan.status).toBe(422);
    } finally {
      await restored.stop();
      await other.drop();
      for (const dir of [dataDir, folder]) await rm(dir, { recursive: true, force: true });
    }
  });
});

describe('an orderly stop', () => {
  it('lets an upload under way finish, ends long polls at once, and takes no new request', async () => {
    const own = await startTestApp();
    const make = async (): Promise<string> => {
      const made = await own.call('/v1/uploads', { method: 'POST', body: '{}', headers: { 'content-type': 'application/json' } });
      return ((await made.json()) as { id: string }).id;
    };
    const [id, other] = [await make(), await make()];
    const bytes = await readSample('unrelated.jpg');
    const sending = httpRequest(`${own.url}/v1/uploads/${id}/content`, {
      method: 'PUT',
      headers: { authorization: `Bearer ${own.key}`, ...OCTETS, 'content-length': bytes.length },
    });
    const answered = new Promise<number>((resolve, reject) => {
      sending.on('response', (response) => {
        response.resume();
        resolve(response.statusCode ?? 0);
      });
      sending.on('error', reject);
    });
    await new Promise<void>((resolve) => void sending.write(bytes.subarray(0, 10_000), () => resolve()));
    const poll = own.call(`/v1/uploads/${other}?wait=60`);
    // Both are under way: the poll's second look shows that it waits.
    await systemClock.sleep(1_200);
    const stopped = own.app.stop();
    expect(await (await poll).json()).toMatchObject({ state: 'created' });
    await expect(fetch(`${own.url}/livez`)).rejects.toThrow();
    sending.end(bytes.subarray(10_000));
    expect([200, 202]).toContain(await answered);
    await stopped;
    await own.stop();
  });
});
