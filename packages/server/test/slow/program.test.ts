/** The program as it is started: what its first module has to do before anything else is loaded. */
import { execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { chmod, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { promisify } from 'node:util';
import { expect, it } from 'vitest';
import { childEnvironment } from '../../src/platform/config.ts';
import { findDataDirOwner } from '../../src/platform/lock.ts';

const PROGRAM = join(import.meta.dirname, '../../dist/cli.js');
/** Said at the end, by the process itself; two halves of the young generation. */
const SAY = `
import { getHeapSpaceStatistics } from 'node:v8';
process.on('exit', () => process.stderr.write('new space: ' + getHeapSpaceStatistics().find(({ space_name: name }) => name === 'new_space').space_size));`;

it('keeps the young generation of its heap as small as it starts', async () => {
  const args = ['--import', `data:text/javascript,${encodeURIComponent(SAY)}`, PROGRAM, '--help'];
  const { stdout, stderr } = await promisify(execFile)(process.execPath, args);
  expect(stdout).toContain('gatehouse');
  const [, bytes] = /new space: (\d+)/.exec(stderr) ?? [];
  // 33.5 MB without the flag, for loading alone.
  expect(Number(bytes)).toBeLessThanOrEqual(2 * 1024 * 1024);
});

/** When the server is ready: a promise that nobody has. */
const BREAK = `
const { write } = process.stdout;
process.stdout.write = (...said) => (setTimeout(() => void Promise.reject(new Error('nobody heard of it')), 50), write.apply(process.stdout, said));`;

it('ends in order, with an exit code, when something fails that no request can be told of', async () => {
  const dataDir = await mkdtemp(join(tmpdir(), 'gatehouse-program-'));
  await chmod(dataDir, 0o711);
  try {
    const args = ['--import', `data:text/javascript,${encodeURIComponent(BREAK)}`, PROGRAM, 'serve', '--json'];
    const env = { ...childEnvironment(), GATEHOUSE_DATA_DIR: dataDir, GATEHOUSE_PORT: '0', GATEHOUSE_LOG_LEVEL: 'info' };
    const server = spawn(process.execPath, args, { stdio: ['ignore', 'pipe', 'pipe'], env });
    const [said, [code]] = await Promise.all([text(server.stderr), once(server, 'exit'), text(server.stdout)]);
    expect([code, said]).toEqual([
      70,
      expect.stringMatching(/An unexpected fault, outside of any request\.\n {2}Error: nobody heard of it[^]*It released nothing/),
    ]);
    // As at every stop: the database too is no longer there.
    expect(said).toMatch(/stopping: no new request is taken/);
    expect(await findDataDirOwner(dataDir)).toBeUndefined();
  } finally {
    await rm(dataDir, { recursive: true, force: true, maxRetries: 5 });
  }
});

it('whoever reads what it prints may go; a disk that is full is told, with an exit code', async () => {
  const run = async (script: string): Promise<string> =>
    (await promisify(execFile)('/bin/sh', ['-c', script, process.execPath, PROGRAM], { env: childEnvironment() })).stderr;
  // More than a pipe holds.
  expect(await run('{ "$0" "$1" openapi; echo "code $?" >&2; } | head -c 1')).toBe('code 0\n');
  expect(await run('"$0" "$1" openapi > /dev/full; echo "code $?" >&2')).toMatch(/ENOSPC[^]*\ncode 70\n$/);
});

it('a server whose log nobody reads any more goes on, and stops in order', async () => {
  const dataDir = await mkdtemp(join(tmpdir(), 'gatehouse-program-'));
  await chmod(dataDir, 0o711);
  try {
    const env = { ...childEnvironment(), GATEHOUSE_DATA_DIR: dataDir, GATEHOUSE_PORT: '0', GATEHOUSE_LOG_LEVEL: 'debug' };
    const server = spawn(process.execPath, [PROGRAM, 'serve', '--json'], { stdio: ['ignore', 'pipe', 'pipe'], env });
    server.stderr.destroy();
    const ended = once(server, 'exit');
    const ready = once(server.stdout, 'data').then(() => server.kill('SIGTERM'));
    await Promise.race([ready, ended]);
    expect(await ended).toEqual([0, null]);
  } finally {
    await rm(dataDir, { recursive: true, force: true, maxRetries: 5 });
  }
});
