import { spawn } from 'node:child_process';
import { chmod, mkdir, mkdtemp, readdir, readFile, rename, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Client } from 'pg';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { systemClock } from '../clock.ts';
import { chooseAccount } from './embedded-account.ts';
import { startEmbedded, type EmbeddedPostgres, type EmbeddedPostgresExit } from './embedded.ts';
import { isDiskFull, toEmbeddedError } from './embedded-errors.ts';
import { createSpawnOptions, listProcessesIn } from './embedded-process.ts';
import { superviseEmbedded } from './embedded-supervisor.ts';

const log = { info: () => undefined, warn: () => undefined, error: () => undefined };
const isLinux = process.platform === 'linux';

async function query(server: EmbeddedPostgres, text: string): Promise<unknown[]> {
  const client = new Client(server.connection);
  // A connection that breaks fails its query; without a listener its event would end the run as well.
  client.on('error', () => undefined);
  await client.connect();
  try {
    return (await client.query({ text, rowMode: 'array' })).rows.flat();
  } finally {
    await client.end();
  }
}

async function readPid(server: EmbeddedPostgres): Promise<number> {
  return Number((await readFile(join(server.clusterDir, 'postmaster.pid'), 'utf8')).split('\n')[0]);
}

describe('startEmbedded', () => {
  let root: string;
  let dataDir: string;

  beforeAll(async () => {
    root = await mkdtemp(join(tmpdir(), 'gatehouse-pg-'));
    await chmod(root, 0o711);
    dataDir = join(root, 'data');
  });

  afterAll(async () => {
    await rm(root, { recursive: true, force: true, maxRetries: 5 });
  });

  it('starts a durable, closed server, stops it without a trace, and starts it again with its rows', async () => {
    const first = await startEmbedded({ dataDir, log });
    expect(await query(first, 'select 1')).toEqual([1]);
    expect(await query(first, `select setting from pg_settings where name in ('fsync', 'full_page_writes', 'synchronous_commit', 'data_checksums')`)).toEqual([
      'on',
      'on',
      'on',
      'on',
    ]);
    expect(await query(first, 'show listen_addresses')).toEqual(['']);
    expect(await query(first, 'show server_encoding')).toEqual(['UTF8']);
    await query(first, 'create table note (id int primary key)');
    await query(first, 'insert into note values (7)');
    expect((await stat(first.connection.host)).mode & 0o777).toBe(0o700);
    await first.stop();
    await first.stop();
    expect(await listProcessesIn(first.clusterDir)).toEqual([]);
    expect(await readdir(first.connection.host)).toEqual([]);

    const second = await startEmbedded({ dataDir, log });
    expect(await query(second, 'select id from note')).toEqual([7]);
    await second.stop();
    await expect(second.restart()).rejects.toThrow();
  });

  it('stops a server that was left over, and ignores a reused pid and unfinished clusters', async () => {
    const left = await startEmbedded({ dataDir, log });
    const leftPid = await readPid(left);
    // What a second start finds after the first gateway and its watchdog were killed.
    const next = await startEmbedded({ dataDir, log });
    expect(await readPid(next)).not.toBe(leftPid);
    await next.stop();

    const bystander = spawn('sleep', ['60'], createSpawnOptions(await chooseAccount(next.clusterDir)));
    await writeFile(join(next.clusterDir, 'postmaster.pid'), `${bystander.pid}\n${next.clusterDir}\n1\n5432\n${next.connection.host}\n\n  1 1\nready   \n`);
    await writeFile(join(next.connection.host, '.s.PGSQL.5432.lock'), `${bystander.pid}\n`);
    await mkdir(join(dataDir, 'pg.tmp-deadbeef', 'base'), { recursive: true });
    const last = await startEmbedded({ dataDir, log });
    expect(await query(last, 'select id from note')).toEqual([7]);
    expect(await readdir(dataDir)).not.toContain('pg.tmp-deadbeef');
    expect(bystander.exitCode ?? bystander.signalCode).toBeNull();
    bystander.kill();
    await last.stop();
  });

  it('reports the death of the server, and the supervisor brings it back', async () => {
    const server = await startEmbedded({ dataDir, log });
    const exits: EmbeddedPostgresExit[] = [];
    server.onExit((exit) => void exits.push(exit));
    const supervision = new AbortController();
    const changes: boolean[] = [];
    const back = new Promise<void>((resolve) => {
      superviseEmbedded(server, {
        clock: systemClock,
        log,
        signal: supervision.signal,
        onChange: (isUp) => {
          changes.push(isUp);
          if (isUp) resolve();
        },
      });
    });
    await query(server, 'insert into note values (8)');
    process.kill(await readPid(server), 'SIGKILL');
    await back;
    expect(changes).toEqual([false, true]);
    expect(exits).toMatchObject([{ signal: 'SIGKILL', error: { code: 'start_failed' } }]);
    expect(await query(server, 'select id from note order by id')).toEqual([7, 8]);
    supervision.abort();
    await server.stop();
    expect(exits).toHaveLength(1);
  });

  it('keeps the log short, and free of the values in statements', async () => {
    await writeFile(join(dataDir, 'pg.log'), 'x'.repeat(9 * 1024 * 1024));
    const server = await startEmbedded({ dataDir, log });
    await expect(query(server, `select 'secret-value'::int`)).rejects.toThrow('secret-value');
    await expect(query(server, `insert into note values (7)`)).rejects.toThrow();
    await server.stop();
    const text = await readFile(server.logFile, 'utf8');
    expect(text.length).toBeLessThan(10_000);
    expect((await stat(`${server.logFile}.1`)).size).toBe(4 * 1024 * 1024);
    expect(text).toContain('ready to accept connections');
    expect(text).not.toContain('secret-value');
    expect(text).not.toContain('duplicate key');
  });

  it('does not begin with an empty database where one is missing', async () => {
    await rename(join(dataDir, 'pg'), join(dataDir, 'elsewhere'));
    await expect(startEmbedded({ dataDir, log })).rejects.toMatchObject({ code: 'start_failed', message: expect.stringContaining('postgres.location') });
    await rename(join(dataDir, 'elsewhere'), join(dataDir, 'pg'));
  });

  it('refuses a cluster of another major version', async () => {
    const file = join(dataDir, 'pg', 'PG_VERSION');
    const version = await readFile(file, 'utf8');
    await writeFile(file, '14\n');
    await expect(startEmbedded({ dataDir, log })).rejects.toMatchObject({ code: 'start_failed', message: expect.stringContaining('GATEHOUSE_PG_BIN') });
    await writeFile(file, version);
  });

  it('says what to do when there is no binary', async () => {
    const failing = startEmbedded({ dataDir, log, pgBinDir: join(root, 'nothing') });
    await expect(failing).rejects.toMatchObject({ code: 'no_binary', message: expect.stringContaining('GATEHOUSE_PG_BIN') });
  });

  it('ends a start that is aborted', async () => {
    const abort = new AbortController();
    const starting = startEmbedded({ dataDir: join(root, 'aborted'), log, signal: abort.signal });
    setTimeout(() => abort.abort(), 200);
    await expect(starting).rejects.toMatchObject({ name: 'AbortError' });
    expect((await readdir(join(root, 'aborted'))).filter((name) => name.startsWith('pg.tmp-'))).toEqual([]);
  });

  it.runIf(isLinux)('survives SIGINT to the group of the gateway, as Ctrl-C sends it', async () => {
    const server = await startEmbedded({ dataDir, log });
    const pid = await readPid(server);
    const groupAndSession = (await readFile(`/proc/${pid}/stat`, 'latin1')).split(') ')[1]?.split(' ').slice(2, 4);
    expect(groupAndSession).toEqual([String(pid), String(pid)]);
    await server.stop();
  });

  it.runIf(isLinux)('has left no process behind after all that', async () => {
    const pids = (await readdir('/proc')).filter((name) => /^\d+$/.test(name));
    const commandLines = await Promise.all(pids.map((pid) => readFile(`/proc/${pid}/cmdline`, 'utf8').catch(() => '')));
    expect(commandLines.filter((line) => line.includes(root))).toEqual([]);
  });
});

describe('errors', () => {
  it('recognises a full disk in errors and in what PostgreSQL prints', () => {
    expect(isDiskFull(Object.assign(new Error('write'), { code: 'ENOSPC' }))).toBe(true);
    expect(isDiskFull('FATAL:  could not write lock file "postmaster.pid": No space left on device')).toBe(true);
    expect(isDiskFull('PANIC:  could not write to file: Disk quota exceeded')).toBe(true);
    expect(isDiskFull('FATAL:  something else')).toBe(false);
  });

  it('gives every refusal of the file system a code and a way out', () => {
    expect(toEmbeddedError(Object.assign(new Error('mkdir'), { code: 'ENOSPC' }), '/data')).toMatchObject({ code: 'disk_full' });
    expect(toEmbeddedError(Object.assign(new Error('mkdir'), { code: 'EACCES' }), '/data')).toMatchObject({
      code: 'permission',
      message: expect.stringMatching(/\/data.*GATEHOUSE_DATA_DIR.*GATEHOUSE_DATABASE_URL.*GATEHOUSE_PG_BIN/),
    });
  });
});
