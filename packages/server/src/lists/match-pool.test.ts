import { join, resolve } from 'node:path';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { createHammingIndex, type HammingIndex, type MatchColumns } from '@gatehouse/hamming';
import { afterEach, describe, expect, test } from 'vitest';
import { systemClock } from '../platform/clock.ts';
import { PACKAGE_DIR, resolveEntry } from '../platform/entry.ts';
import { createIndexLoader } from './index-loader.ts';
import { MatchPool, type MatchPoolOptions } from './match-pool.ts';
import { createThreadedSearch, findSmall } from './match-search.ts';

const FAKES = resolve(PACKAGE_DIR, 'test/fixtures/match-workers');
/** What the fake does, by the first byte of a query. */
const DO = { good: 0, hang: 1, crash: 2, crashIfUsed: 3, slow: 4, fault: 5 } as const;

const opened: { stop(): Promise<void> }[] = [];
const replaced: string[] = [];
function openPool(options: Partial<MatchPoolOptions> = {}): MatchPool {
  const pool = new MatchPool({
    program: () => join(FAKES, 'fake-match-worker.mjs'),
    threads: 1,
    clock: systemClock,
    onReplace: (reason) => replaced.push(reason),
    ...options,
  });
  opened.push(pool);
  return pool;
}

afterEach(async () => {
  await Promise.all(opened.splice(0).map((pool) => pool.stop()));
  replaced.length = 0;
});

const index = createHammingIndex(new Uint8Array(32));

interface Told {
  readonly thread: number;
  readonly jobs: number;
  readonly opened: number;
}

async function ask(pool: MatchPool, what: keyof typeof DO, options: { key?: string; signal?: AbortSignal; queries?: number } = {}): Promise<Told> {
  const queries = Array.from({ length: options.queries ?? 1 }, () => new Uint8Array(32).fill(DO[what], 0, 1));
  const [columns] = await pool.search([{ index, queries, radius: 31 }], options);
  return { thread: columns?.indexes[0] ?? -1, jobs: columns?.distances[0] ?? -1, opened: columns?.queries[0] ?? -1 };
}

/** How it ended, as a word. */
const end = (answer: Promise<unknown>): Promise<string> =>
  answer.then(
    () => 'answered',
    (error: unknown) => String(Reflect.get(Object(error), 'code')),
  );

describe('a thread', () => {
  test('takes one message after the other, and opens an index once, and again when its segments have changed', async () => {
    const pool = openPool();
    pool.keep([index]);
    const first = await ask(pool, 'good');
    const growing = createHammingIndex();
    growing.add(new Uint8Array(32));
    pool.keep([index, growing]);
    const search = async (): Promise<number> => (await pool.search([{ index: growing, queries: [new Uint8Array(32)], radius: 31 }], {}))[0]?.queries[0] ?? -1;
    // It was opened in advance by now, or by this.
    await search();
    const opens = [await search()];
    for (let at = 0; at < 65_535; at++) growing.add(new Uint8Array(32));
    opens.push(await search(), await search());
    expect(opens).toEqual([0, 1, 0]);
    expect(await ask(pool, 'good')).toEqual({ thread: first.thread, jobs: 1, opened: 0 });
    // What is not kept is open for one message only.
    pool.keep([]);
    await search();
    expect([await search(), await search()]).toEqual([1, 1]);
  });

  test('crashes: a fresh one tries again, and only then the comparison fails', async () => {
    const pool = openPool();
    const first = await ask(pool, 'good');
    const second = await ask(pool, 'crashIfUsed');
    expect(second.thread).toBeGreaterThan(first.thread);
    expect(replaced).toEqual(['crashed']);
    expect(await end(ask(pool, 'crash'))).toBe('internal');
    expect(replaced).toEqual(['crashed', 'crashed', 'crashed']);
    expect(await end(ask(pool, 'good'))).toBe('answered');
  });

  test('hangs: it is replaced at the deadline, and the comparison fails', async () => {
    const pool = openPool({ timeoutMs: 200 });
    const first = await ask(pool, 'good');
    expect(await end(ask(pool, 'hang'))).toBe('internal');
    expect(replaced).toEqual(['timeout']);
    expect((await ask(pool, 'good')).thread).toBeGreaterThan(first.thread);
  });

  test('is not blamed when the gateway was too busy to read its answer', async () => {
    const pool = openPool({ timeoutMs: 250 });
    await ask(pool, 'good');
    const answer = end(ask(pool, 'slow'));
    await nextTurn();
    Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 500);
    expect(await answer).toBe('answered');
    expect(replaced).toEqual([]);
  });

  test.each(['crash', 'hang'] as const)('takes nobody with it: what travelled with a %s is tried again alone', async (what) => {
    const pool = openPool({ timeoutMs: 300 });
    await ask(pool, 'good');
    const ahead = ask(pool, 'slow');
    const others = [ask(pool, 'good'), ask(pool, what), ask(pool, 'good')];
    expect(await Promise.all([ahead, ...others].map(end))).toEqual(['answered', 'answered', 'internal', 'answered']);
    expect((await others[2])?.jobs).toBe(1);
  });

  test('that meets a fault in one search fails that comparison alone', async () => {
    const pool = openPool();
    const ahead = ask(pool, 'slow');
    expect(await Promise.all([ahead, ask(pool, 'fault'), ask(pool, 'good')].map(end))).toEqual(['answered', 'internal', 'answered']);
    expect(replaced).toEqual([]);
  });

  test('that cannot be started fails what waits, and is not tried again at once', async () => {
    let starts = 0;
    const program = (): string => ((starts += 1), join(FAKES, 'broken-match-worker.mjs'));
    const pool = openPool({ program, threads: 2 });
    const answers = Array.from({ length: 6 }, () => end(ask(pool, 'good', { queries: 64 })));
    expect(new Set(await Promise.all(answers))).toEqual(new Set(['internal']));
    expect(starts).toBe(2);
  });
});

describe('the queue', () => {
  test('sends small comparisons together, and no more in a message than its limit', async () => {
    const pool = openPool();
    const ahead = ask(pool, 'slow');
    const small = Array.from({ length: 10 }, () => ask(pool, 'good'));
    expect((await Promise.all(small)).map(({ jobs }) => jobs)).toEqual(small.map(() => 10));
    await ahead;
    const again = ask(pool, 'slow');
    const large = Array.from({ length: 6 }, () => ask(pool, 'good', { queries: 32 }));
    expect((await Promise.all(large)).map(({ jobs }) => jobs)).toEqual(large.map(() => 2));
    await again;
  });

  test('leaves the other threads their part', async () => {
    const pool = openPool({ threads: 2 });
    await Promise.all([ask(pool, 'slow'), ask(pool, 'slow')]);
    const ahead = [ask(pool, 'slow'), ask(pool, 'slow')];
    const answers = await Promise.all(Array.from({ length: 4 }, () => ask(pool, 'slow')));
    await Promise.all(ahead);
    expect(new Set(answers.map(({ thread }) => thread)).size).toBe(2);
    expect(pool.threads).toBe(2);
  });

  test('lets keys take turns', async () => {
    const pool = openPool();
    const order: string[] = [];
    const add = async (name: string, key: string): Promise<void> => {
      await ask(pool, 'good', { key, queries: 64 });
      order.push(name);
    };
    await Promise.all([...Array.from({ length: 6 }, (_none, at) => add(`crowd ${at}`, 'crowd')), add('newcomer', 'newcomer')]);
    // One of the crowd is under way already, and one had waited for its turn.
    expect(order.indexOf('newcomer')).toBeLessThanOrEqual(2);
  });

  test('refuses what is over its limit, at once', async () => {
    const pool = openPool({ queueLimit: 2 });
    const taken = [ask(pool, 'slow'), ask(pool, 'good'), ask(pool, 'good')];
    expect(await end(ask(pool, 'good'))).toBe('queue_full');
    expect(await Promise.all(taken.map(end))).toEqual(['answered', 'answered', 'answered']);
    expect(pool.length).toBe(0);
  });

  test('forgets what is cancelled: before, while it waits, and while it runs', async () => {
    const pool = openPool();
    const [gone, waiting, running] = [new AbortController(), new AbortController(), new AbortController()];
    gone.abort(new RangeError('gone'));
    await expect(ask(pool, 'good', { signal: gone.signal })).rejects.toThrow('gone');
    const slow = ask(pool, 'slow', { signal: running.signal });
    const next = ask(pool, 'hang', { signal: waiting.signal });
    expect(pool.length).toBe(2);
    waiting.abort(new RangeError('waiting'));
    await expect(next).rejects.toThrow('waiting');
    expect(pool.length).toBe(1);
    running.abort(new RangeError('running'));
    await expect(slow).rejects.toThrow('running');
    expect(await end(ask(pool, 'good'))).toBe('answered');
    expect(replaced).toEqual([]);
  });

  test('ends at once: what waits and what runs', async () => {
    const pool = openPool({ threads: 2 });
    const answers = Array.from({ length: 5 }, () => end(ask(pool, 'hang', { queries: 64 })));
    await pool.stop();
    expect(new Set(await Promise.all(answers))).toEqual(new Set(['stopping']));
    expect(await end(ask(pool, 'good'))).toBe('stopping');
    expect([pool.threads, pool.length]).toEqual([0, 0]);
    expect(replaced).toEqual([]);
  });
});

describe('what is small', () => {
  const slotsOf = (...slots: number[]): { slots: number; queries: number }[] => slots.map((count) => ({ slots: count, queries: 10 }));

  test('is searched on the calling thread, the smallest first, until the rows are used up', () => {
    expect(findSmall(slotsOf(50, 1000, 20, 30), 1000)).toEqual([true, false, true, true]);
    expect(findSmall(slotsOf(50, 50, 50), 1000)).toEqual([true, true, false]);
    expect(findSmall(slotsOf(101), 1000)).toEqual([false]);
    expect(findSmall([], 1000)).toEqual([]);
  });

  test('and what is not, elsewhere: each answer stands at its place', async () => {
    const asked: HammingIndex[][] = [];
    const search = createThreadedSearch(
      {
        search: async (searches) => {
          asked.push(searches.map((one) => one.index));
          return searches.map((one): MatchColumns => one.index.find(one.queries, one.radius));
        },
      },
      100,
    );
    const indexes = [30, 200, 60, 300].map((count) => createHammingIndex(new Uint8Array(count * 32)));
    const answers = await search(
      indexes.map((one) => ({ index: one, queries: [new Uint8Array(32)], radius: 1 })),
      {},
    );
    expect(answers.map(({ length }) => length)).toEqual([30, 200, 60, 300]);
    expect(asked).toEqual([[indexes[1], indexes[3]]]);
  });
});

describe('the real threads', () => {
  test('find what the index finds, while hashes are added, withdrawn and merged in a thread', async () => {
    const pool = openPool({ program: () => resolveEntry('lists/match-worker'), threads: 2 });
    const keeper = createIndexLoader({ program: () => resolveEntry('lists/match-worker'), slot: 3 });
    opened.push(keeper);
    const random = createRandom(7);
    const centres = Array.from({ length: 20 }, () => randomHash(random));
    const near = (bits: number): Uint8Array => flip(centres[Math.floor(random() * centres.length)] ?? new Uint8Array(32), Math.floor(random() * bits), random);
    const searched = createHammingIndex();
    const add = (count: number): void => {
      for (let at = 0; at < count; at++) searched.add(near(40));
    };
    add(70_000);
    pool.keep([searched]);
    const merging = keeper.merge(searched);
    for (let round = 0; round < 30; round++) {
      add(400);
      searched.remove(round * 11);
      const queries = [near(10), near(10)];
      const expected = searched.find(queries, 31);
      const [found] = await pool.search([{ index: searched, queries, radius: 31 }], {});
      expect(found?.length).toBeGreaterThan(0);
      expect(found).toEqual(expected);
    }
    await merging;
    const layout = searched.layout;
    await keeper.merge(searched);
    expect(searched.layout).toBeGreaterThan(layout);
    expect(searched.unmerged).toBe(0);
    const [found] = await pool.search([{ index: searched, queries: centres, radius: 40 }], {});
    expect(found).toEqual(searched.find(centres, 40));
    // Large enough to have been handed over and not copied.
    expect(found?.length).toBeGreaterThan(60_000);
  });
});

function createRandom(seed: number): () => number {
  let state = seed;
  return () => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return state / 2 ** 32;
  };
}

function randomHash(random: () => number): Uint8Array {
  return Uint8Array.from({ length: 32 }, () => Math.floor(random() * 256));
}

function flip(hash: Uint8Array, bits: number, random: () => number): Uint8Array {
  const flipped = hash.slice();
  for (let at = 0; at < bits; at++) {
    const bit = Math.floor(random() * 256);
    flipped[bit >> 3] = (flipped[bit >> 3] ?? 0) ^ (1 << (bit & 7));
  }
  return flipped;
}
