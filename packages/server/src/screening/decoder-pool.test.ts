import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { createServer, type AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { createInterface } from 'node:readline';
import { text } from 'node:stream/consumers';
import { afterEach, describe, expect, test, vi } from 'vitest';
import { collectUncaught } from '../../test/support/faults.ts';
import { systemClock } from '../platform/clock.ts';
import { inspectProcess } from '../platform/db/embedded-process.ts';
import { PACKAGE_DIR, resolveEntry } from '../platform/entry.ts';
import { findIsolation, NO_ISOLATION, probeIsolation } from './decoder-isolation.ts';
import { DecoderPool, type DecodeOutcome, type DecoderPoolOptions, type DrawOutcome } from './decoder-pool.ts';

const FAKES = resolve(PACKAGE_DIR, 'test/fixtures/decoders');
const FAKE = join(FAKES, 'fake-decoder.mjs');

const pools: DecoderPool[] = [];
function openPool(options: Partial<DecoderPoolOptions> = {}): DecoderPool {
  const pool = new DecoderPool({
    program: FAKE,
    processes: 1,
    timeoutMs: 20_000,
    memoryMib: 512,
    queueLimit: 100,
    limits: { maxPixels: 1e6, maxFrames: 10 },
    clock: systemClock,
    ...options,
  });
  pools.push(pool);
  return pool;
}

afterEach(async () => {
  vi.unstubAllEnvs();
  await Promise.all(pools.splice(0).map((pool) => pool.stop()));
});

const decode = (pool: DecoderPool, path: string, key = 'key'): Promise<DecodeOutcome> => pool.decode({ path, key });
const reasonOf = (outcome: DecodeOutcome | DrawOutcome): string => ('reason' in outcome ? outcome.reason : outcome.kind);
const isGone = async (pid: number): Promise<boolean> => (await inspectProcess(pid)).kind !== 'alive';
const untilGone = (pids: readonly number[]): Promise<void> =>
  vi.waitFor(async () => expect(await Promise.all(pids.map(isGone))).toEqual(pids.map(() => true)), { timeout: 20_000, interval: 20 });

describe('what a decoder does', () => {
  test('it works: the same process takes one file after the other', async () => {
    const pool = openPool();
    const pids = [];
    for (let i = 0; i < 3; i++) {
      const outcome = await decode(pool, '/pid');
      pids.push(outcome.kind === 'hashed' ? outcome.hashed.width : 0);
    }
    expect(pids).toEqual([pool.pids[0], pool.pids[0], pool.pids[0]]);
    expect(pool.state.lastSuccessMs).toBeGreaterThan(0);
  });

  test('it had a very large picture: a fresh one does the next, before its memory counts against that', async () => {
    const pool = openPool();
    expect(reasonOf(await decode(pool, '/large'))).toBe('hashed');
    await vi.waitFor(() => expect(pool.pids).toEqual([]), { timeout: 10_000 });
    expect(reasonOf(await decode(pool, '/good'))).toBe('hashed');
  });

  test('it crashes: a fresh one tries again, and only then the content is to blame', async () => {
    const pool = openPool();
    expect(reasonOf(await decode(pool, '/crash-odd'))).toBe('hashed');
    expect(await decode(pool, '/crash')).toMatchObject({ kind: 'broke', reason: 'decoder_crashed' });
    expect(reasonOf(await decode(pool, '/good'))).toBe('hashed');
  });

  test('it hangs: it is killed at the deadline, also when it blocks its own event loop', async () => {
    const pool = openPool({ timeoutMs: 300 });
    await decode(pool, '/good');
    const [pid = 0] = pool.pids;
    expect(await decode(pool, '/hang')).toMatchObject({ kind: 'broke', reason: 'decoder_timeout' });
    expect(await decode(pool, '/spin')).toMatchObject({ kind: 'broke', reason: 'decoder_timeout' });
    await untilGone([pid]);
    expect(reasonOf(await decode(pool, '/good'))).toBe('hashed');
  });

  test('it eats memory: it is killed, once more when an earlier file may have been the cause', async () => {
    const pool = openPool({ memoryMib: 200 });
    expect(await decode(pool, '/eat')).toMatchObject({ kind: 'broke', reason: 'decoder_out_of_memory' });
    expect(reasonOf(await decode(pool, '/good'))).toBe('hashed');
    expect(await decode(pool, '/eat')).toMatchObject({ kind: 'broke', reason: 'decoder_out_of_memory' });
  });

  test.each(['nonsense', 'flood', 'stray'])('it speaks nonsense (%s): it is not believed', async (name) => {
    expect(await decode(openPool(), `/${name}`)).toMatchObject({ kind: 'broke', reason: 'decoder_crashed' });
  });

  test('it is asked for a drawing: what comes must be one, and small enough', async () => {
    const pool = openPool();
    const draw = (path: string): ReturnType<DecoderPool['draw']> => pool.draw({ path, key: 'key', isBlurred: true });
    const largest = 2 * 1024 * 1024;
    const outcome = await draw(`/drawing/${largest}`);
    expect(outcome.kind === 'drawn' ? outcome.jpeg.length : outcome).toBe(largest);
    for (const path of [`/drawing/${largest + 3}`, `/drawing/${2 * largest}`, '/drawing-odd', '/good', '/flood/6000000'])
      expect([path, reasonOf(await draw(path))]).toEqual([path, 'decoder_crashed']);
    expect(await draw('/drawing/1000')).toMatchObject({ kind: 'drawn' });
    // And never instead of hashes; whoever does that is not asked again.
    const [pid] = pool.pids;
    expect(await decode(pool, '/drawing/1000')).toMatchObject({ kind: 'broke', reason: 'decoder_crashed' });
    expect(pool.pids).not.toContain(pid);
    expect(await draw('/environment')).toMatchObject({ kind: 'refused', reason: 'truncated' });
    expect(await draw('/drawing/1000')).toMatchObject({ kind: 'drawn' });
  });

  test.each(['broken', 'mute'])('the program cannot be started (%s): nothing is said about the content', async (name) => {
    const pool = openPool({ program: join(FAKES, `${name}-decoder.mjs`), startTimeoutMs: name === 'mute' ? 400 : 15_000 });
    const outcomes = await Promise.all([decode(pool, '/good'), decode(pool, '/good'), decode(pool, '/good')]);
    expect(outcomes.map(reasonOf)).toEqual(['decoder_unavailable', 'decoder_unavailable', 'decoder_unavailable']);
    expect(outcomes.map(({ kind }) => kind)).toEqual(['failed', 'failed', 'failed']);
    expect(pool.state.complaint).toMatch(name === 'broken' ? /Could not load the "sharp" module/ : /ended before it was ready/);
    expect(pool.pids).toEqual([]);
  });
});

test('the system makes no process: nothing is said about the content, and the gateway lives', async () => {
  const uncaught = await collectUncaught(async () => {
    // spawn(2) refuses at once, as without memory; then by an event, as without processes.
    for (const pool of [openPool({ program: 'a\0b' }), openPool({ isolation: { ...NO_ISOLATION, prefix: ['/nowhere/unshare'] } })]) {
      expect(await decode(pool, '/good')).toMatchObject({ kind: 'failed', reason: 'decoder_unavailable' });
      expect(pool.state.complaint).toBeDefined();
      await pool.stop();
    }
    // Without file descriptors it is an event, and there are no channels. So many are needed for loading the program.
    const starved = spawn('/bin/sh', ['-c', 'ulimit -n 512 && exec "$@"', 'sh', process.execPath, join(FAKES, 'starved-pool.mjs'), FAKE]);
    starved.stderr.pipe(process.stderr);
    expect(await text(starved.stdout)).toBe('decoder_unavailable, then hashed\n');
  });
  expect(uncaught).toEqual([]);
});

describe('the queue', () => {
  test('refuses what is over its limit, at once', async () => {
    const pool = openPool({ queueLimit: 2 });
    const taken = [decode(pool, '/slow/50'), decode(pool, '/good'), decode(pool, '/good')];
    expect(await decode(pool, '/good')).toMatchObject({ kind: 'failed', reason: 'queue_full' });
    expect((await Promise.all(taken)).map(reasonOf)).toEqual(['hashed', 'hashed', 'hashed']);
    expect(pool.length).toBe(0);
  });

  test('lets keys take turns', async () => {
    const pool = openPool();
    const order: string[] = [];
    const add = async (name: string, key: string): Promise<void> => {
      await decode(pool, '/good', key);
      order.push(name);
    };
    await Promise.all([...Array.from({ length: 6 }, (_, i) => add(`crowd ${i}`, 'crowd')), add('newcomer', 'newcomer')]);
    // One of the crowd is under way already, and one had waited for its turn.
    expect(order.indexOf('newcomer')).toBeLessThanOrEqual(2);
  });

  test('runs as many at once as there are processes, each in one of its own', async () => {
    const pool = openPool({ processes: 3 });
    const outcomes = Promise.all([1, 2, 3, 4].map(() => decode(pool, '/slow/300')));
    await vi.waitFor(() => expect(pool.pids.length).toBe(3), { timeout: 10_000 });
    expect(new Set(pool.pids).size).toBe(3);
    expect((await outcomes).map(reasonOf)).toEqual(['hashed', 'hashed', 'hashed', 'hashed']);
  });

  test('gives up what is cancelled: waiting, under way, and before it began', async () => {
    const pool = openPool({ timeoutMs: 600_000 });
    const [running, waiting] = [new AbortController(), new AbortController()];
    const first = pool.decode({ path: '/hang', key: 'a', signal: running.signal });
    const second = pool.decode({ path: '/good', key: 'a', signal: waiting.signal });
    const third = decode(pool, '/good');
    await vi.waitFor(() => expect(pool.pids.length).toBe(1), { timeout: 10_000 });
    waiting.abort();
    expect(reasonOf(await second)).toBe('cancelled');
    running.abort();
    expect(reasonOf(await first)).toBe('cancelled');
    // Its process went with it, and another one does the rest.
    expect(reasonOf(await third)).toBe('hashed');
    expect(reasonOf(await pool.decode({ path: '/good', key: 'a', signal: AbortSignal.abort() }))).toBe('cancelled');
  });

  test('stops: what waits and runs is answered, and no process is left', async () => {
    const pool = openPool({ processes: 2 });
    const outcomes = ['/hang', '/hang', '/good', '/good'].map((path) => decode(pool, path));
    await vi.waitFor(() => expect(pool.pids.length).toBe(2), { timeout: 10_000 });
    const { pids } = pool;
    await pool.stop();
    expect((await Promise.all(outcomes)).map(reasonOf)).toEqual(['stopping', 'stopping', 'stopping', 'stopping']);
    expect(await Promise.all(pids.map(isGone))).toEqual([true, true]);
    expect(reasonOf(await decode(pool, '/good'))).toBe('stopping');
  });

  test('stops while a process is being started, too', async () => {
    const pool = openPool();
    const outcome = decode(pool, '/good');
    await pool.stop();
    expect(reasonOf(await outcome)).toBe('stopping');
    expect(pool.pids).toEqual([]);
  });
});

describe('the isolation', () => {
  test('the environment holds no secret and no setting', async () => {
    vi.stubEnv('GATEHOUSE_TEST_TOKEN', 'a secret');
    vi.stubEnv('SOME_SECRET', 'a secret');
    expect(await decode(openPool(), '/environment')).toMatchObject({ kind: 'refused', reason: 'truncated' });
  });

  test('the network is cut off exactly when the pool says so', async () => {
    const server = createServer((socket) => socket.destroy()).listen(0, '127.0.0.1');
    await once(server, 'listening');
    const { port } = server.address() as AddressInfo;
    const [shut, open] = [openPool(), openPool({ isolation: NO_ISOLATION })];
    const connected = 'too_many_frames';
    expect(reasonOf(await decode(open, `/network/${port}`))).toBe(connected);
    expect(reasonOf(await decode(shut, `/network/${port}`))).toBe(shut.state.isolation.network === 'cut_off' ? 'too_many_pixels' : connected);
    server.close();
  });

  test('nothing can be written to a file, and root has no power but to read', async () => {
    const dir = await mkdtemp(join(tmpdir(), 'gatehouse-powers-'));
    const pool = openPool();
    const outcome = await decode(pool, `/powers${join(dir, 'file')}`);
    const [capabilities, written] = outcome.kind === 'hashed' ? [outcome.hashed.width, outcome.hashed.height] : [-1, -1];
    // CAP_DAC_READ_SEARCH is bit 2.
    expect(pool.state.isolation.prefix.includes('setpriv') ? capabilities : 0).toBeOneOf([0, 4]);
    expect(written).toBe(0);
    await rm(dir, { recursive: true });
  });

  test('is the strongest that works here, and the same at each probe', async () => {
    const isolation = await probeIsolation();
    expect(await findIsolation()).toEqual(isolation);
    expect(isolation.hasLimits).toBe(process.platform !== 'win32');
  });

  test('is not taken for impossible because the system was too slow, or killed the probe', async () => {
    expect(await probeIsolation([['/bin/sh', '-c', 'exit 1']])).toMatchObject({ network: 'not_cut_off' });
    await expect(probeIsolation([['/bin/sh', '-c', 'sleep 10']], 50)).rejects.toThrow('took too long');
    await expect(probeIsolation([['/bin/sh', '-c', 'kill -9 $$']])).rejects.toThrow('was killed');
  });
});

describe('the owner is killed', () => {
  test.each([
    ['while decoders wait', FAKE, ['/hang', '/hang']],
    ['while the real decoder program waits', resolveEntry('screening/decoder-process'), ['/nowhere/a.png', '/nowhere/b.png']],
  ])('%s: they do not outlive it', async (_name, program, paths) => {
    const owner = spawn(process.execPath, [join(FAKES, 'pool-owner.mjs'), program, ...paths], { stdio: ['ignore', 'pipe', 'inherit'] });
    const exited = once(owner, 'exit');
    const [line] = (await once(createInterface(owner.stdout), 'line')) as [string];
    const pids = line.split(' ').map(Number);
    expect(pids).toHaveLength(2);
    expect(await Promise.all(pids.map(isGone))).toEqual([false, false]);
    owner.kill('SIGKILL');
    await exited;
    await untilGone(pids);
  });
});
