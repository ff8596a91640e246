/** Building in slices, stopping it, memory from elsewhere, and what is refused. */
import { describe, expect, it } from 'vitest';
import { createDraw, drawHash, joinHashes, perturb } from '../test/samples.ts';
import { buildHammingIndex, createHammingIndex, createLabelFilter, HammingError, type HammingErrorCode } from './index.ts';
import { allocateMemory } from './memory.ts';
import { DEFAULT_LIMITS } from './segment.ts';
import { createLimitedIndex } from './hamming-index.ts';

const draw = createDraw(31);
const hashes = Array.from({ length: 70_000 }, () => drawHash(draw));
const joined = joinHashes(hashes);

function codeOf(run: () => unknown): HammingErrorCode | undefined {
  try {
    run();
  } catch (error) {
    if (error instanceof HammingError) return error.code;
    throw error;
  }
  return undefined;
}

/** A value that the types would not let through. */
function pretend(value: unknown): never {
  return value as never;
}

describe('buildHammingIndex', () => {
  it.each([0, 1, 2048, 2049, 65_535, 65_536, 70_000])('builds the same index of %i hashes as createHammingIndex', async (count) => {
    const part = joined.subarray(0, count * 32);
    const [sliced, atOnce] = [await buildHammingIndex(part), createHammingIndex(part)];
    expect([sliced.size, sliced.slots, sliced.unmerged, sliced.bytesUsed]).toEqual([count, count, 0, atOnce.bytesUsed]);
    for (let trial = 0; trial < 32; trial++) {
      const query = perturb(hashes[draw(Math.max(1, count))] ?? drawHash(draw), trial, draw);
      expect(sliced.search(query)).toEqual(atOnce.search(query));
    }
  });

  it('lets the event loop run between slices', async () => {
    let turns = 0;
    let isDone = false;
    const turn = (): void => {
      turns++;
      if (!isDone) setImmediate(turn);
    };
    setImmediate(turn);
    await buildHammingIndex(joined, { yieldEvery: 1000 });
    isDone = true;
    expect(turns).toBeGreaterThan(70 + (16 * 70) / 16);
  });

  it('takes in no more than `yieldEvery` hashes between two pauses', async () => {
    let pauses = 0;
    await buildHammingIndex(joined, { yieldEvery: 10_000, pause: async () => void pauses++ });
    // 7 slices of rows, and for each of 16 chunks 4 slices of counts and 4 of entries, which are twice as long.
    expect(pauses).toBe(7 + 16 * 2 * 4);
  });

  it('stops at an aborted signal', async () => {
    const controller = new AbortController();
    let pauses = 0;
    const pause = async (): Promise<void> => {
      if (++pauses === 3) controller.abort(new Error('closing'));
    };
    await expect(buildHammingIndex(joined, { signal: controller.signal, pause })).rejects.toMatchObject({ code: 'aborted', cause: { message: 'closing' } });
    expect(pauses).toBe(3);
  });
});

describe('optimiseInSlices', () => {
  it('leaves the index whole and open for additions when it is aborted', async () => {
    const index = createHammingIndex(joined.subarray(0, 66_000 * 32));
    for (const hash of hashes.slice(66_000)) index.add(hash);
    const controller = new AbortController();
    const pause = async (): Promise<void> => {
      index.add(new Uint8Array(32));
      controller.abort();
    };
    await expect(index.optimiseInSlices({ signal: controller.signal, pause })).rejects.toMatchObject({ code: 'aborted' });
    expect(index.unmerged).toBe(4001);
    expect(index.search(hashes[69_999] ?? joined, 0)).toEqual([{ index: 69_999, distance: 0 }]);
    expect(index.search(new Uint8Array(32), 0)).toEqual([{ index: 70_000, distance: 0 }]);
    await index.optimiseInSlices();
    expect(index.unmerged).toBe(0);
    expect(index.search(new Uint8Array(32), 0)).toEqual([{ index: 70_000, distance: 0 }]);
  });

  it('leaves no pieces behind when it is aborted again and again', async () => {
    const index = createHammingIndex(joined.subarray(0, 66_000 * 32));
    index.add(new Uint8Array(32));
    const before = index.bytesUsed;
    for (let round = 0; round < 20; round++) {
      const signal = { aborted: false };
      const pause = async (): Promise<void> => {
        signal.aborted = true;
      };
      await expect(index.optimiseInSlices({ signal, pause })).rejects.toThrow(HammingError);
      index.add(new Uint8Array(32));
    }
    expect(index.bytesUsed).toBe(before + 20 * 32);
  });

  it('refuses a second merge while one runs', async () => {
    const index = createHammingIndex(joined.subarray(0, 66_000 * 32));
    index.add(new Uint8Array(32));
    const first = index.optimiseInSlices();
    expect(codeOf(() => index.optimise())).toBe('busy');
    await expect(index.optimiseInSlices()).rejects.toMatchObject({ code: 'busy' });
    await first;
    index.optimise();
  });
});

describe('the memory', () => {
  it('that cannot be had does no harm: the index is as before and goes on', () => {
    let isFull = false;
    const allocate = (bytes: number, most: number) => {
      if (isFull) throw new RangeError('WebAssembly.Memory(): could not allocate memory');
      return allocateMemory(bytes, most);
    };
    const limits = { ...DEFAULT_LIMITS, growingRows: 700 };
    const index = createLimitedIndex(new Uint8Array(0), { limits, allocate });
    let failures = 0;
    for (let count = 0; count < 3000;) {
      isFull = true;
      const code = codeOf(() => index.add(hashes[count] ?? joined));
      isFull = false;
      expect(code === undefined ? 'allocation_failed' : code).toBe('allocation_failed');
      if (code === undefined) count++;
      else failures++;
      expect([index.size, index.slots]).toEqual([count, count]);
      if (code !== undefined) index.add(hashes[count++] ?? joined);
      expect(index.search(hashes[count - 1] ?? joined, 3)).toEqual([{ index: count - 1, distance: 0 }]);
    }
    expect(failures).toBe(Math.ceil(3000 / 700));
    isFull = true;
    expect(codeOf(() => index.optimise())).toBe('allocation_failed');
    expect(index.search(hashes[2000] ?? joined, 3)).toEqual([{ index: 2000, distance: 0 }]);
    isFull = false;
    index.optimise();
    expect(index.unmerged).toBe(0);
  });

  it('of one thread alone does where the platform has no other', () => {
    const index = createLimitedIndex(joined.subarray(0, 3200), { limits: DEFAULT_LIMITS, allocate: (bytes) => new ArrayBuffer(bytes) });
    expect([index.kernel, index.search(hashes[5] ?? joined, 3)]).toEqual(['typescript', [{ index: 5, distance: 0 }]]);
    expect(codeOf(() => index.share())).toBe('not_shareable');
  });
});

describe('bad input', () => {
  const index = createHammingIndex(joined.subarray(0, 320));
  const good = new Uint8Array(32);
  const cases: readonly (readonly [string, HammingErrorCode, () => unknown])[] = [
    ['hashes of a broken length', 'bad_hashes', () => createHammingIndex(new Uint8Array(33))],
    ['hashes of another type', 'bad_hashes', () => createHammingIndex(pretend('00'.repeat(32)))],
    ['an added hash that is short', 'bad_hash', () => index.add(new Uint8Array(31))],
    ['an added hash that is hexadecimal', 'bad_hash', () => index.add(pretend('0'.repeat(64)))],
    ['a query that is long', 'bad_hash', () => index.search(new Uint8Array(64))],
    ['a query that is missing', 'bad_hash', () => index.search(pretend(undefined))],
    ['a radius of -1', 'bad_radius', () => index.search(good, -1)],
    ['a radius of 64', 'bad_radius', () => index.search(good, 64)],
    ['a radius of 1.5', 'bad_radius', () => index.search(good, 1.5)],
    ['a radius that is no number', 'bad_radius', () => index.searchAny([good], Number.NaN)],
    ['a filter that is none', 'bad_radius', () => index.search(good, pretend({ radius: 3 }))],
    ['one radius too few', 'bad_radius', () => index.searchAny([good, good], [31])],
    ['a label in an index without', 'bad_label', () => index.add(good, 1)],
    ['a label of 65,536', 'bad_label', () => createLabelFilter([[65_536, 1]])],
    ['a label with a radius of 64', 'bad_radius', () => createLabelFilter([[1, 64]])],
    ['labels for other hashes', 'bad_label', () => createHammingIndex(good, { labels: new Uint16Array(2) })],
    ['a radius that is text', 'bad_radius', () => index.search(good, pretend('31'))],
    ['queries that are no array', 'bad_queries', () => index.searchAny(pretend(good))],
    ['4,097 queries', 'bad_queries', () => index.searchAny(Array.from({ length: 4097 }, () => good))],
    ['one bad query among several', 'bad_hash', () => index.searchAny([good, new Uint8Array(1)])],
    ['a negative index', 'bad_index', () => index.remove(-1)],
    ['a broken index', 'bad_index', () => index.has(0.5)],
    ['an index that is text', 'bad_index', () => index.restore(pretend('1'))],
    ['the hash of an index that was never given out', 'bad_index', () => index.hashAt(10)],
    ['the hash of an empty index', 'bad_index', () => createHammingIndex().hashAt(0)],
  ];

  it.each(cases)('%s is refused as %s', (_what, code, run) => {
    expect(codeOf(run)).toBe(code);
  });

  it('in slices is a rejected promise', async () => {
    await expect(buildHammingIndex(new Uint8Array(31))).rejects.toMatchObject({ code: 'bad_hashes' });
    await expect(buildHammingIndex(good, { yieldEvery: 0 })).rejects.toMatchObject({ code: 'bad_option' });
    await expect(index.optimiseInSlices({ yieldEvery: 2.5 })).rejects.toMatchObject({ code: 'bad_option' });
  });

  it('never puts a hash into its message', () => {
    const secret = new Uint8Array(31).fill(0xab);
    expect(() => index.add(secret)).toThrow(/^A hash must be a Uint8Array of 32 bytes\.$/);
  });

  it('does no harm', () => {
    expect(index.size).toBe(10);
    for (const [slot, hash] of hashes.slice(0, 10).entries()) expect(index.search(hash, 0)).toEqual([{ index: slot, distance: 0 }]);
  });

  it('asks nothing of indexes that were never given out', () => {
    expect([index.has(99), index.remove(99), index.restore(99)]).toEqual([false, false, false]);
  });
});
