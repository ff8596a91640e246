/** Additions, removals, restorations and merges in any order, against an array of hashes. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { createDraw, drawHash, flipBits, joinHashes, perturb, searchByBruteForce } from '../test/samples.ts';
import { createLimitedIndex } from './hamming-index.ts';
import { createHammingIndex, type HammingIndex, hammingDistance } from './index.ts';
import { DEFAULT_LIMITS } from './segment.ts';

/** Small enough that a few dozen changes pass through every kind of segment, full ring segments included. */
const LIMITS = { linearRows: 3, growingRows: 8, ringRows: 30, rowsPerChain: 0, rowsPerBucket: 0 };

/** A ring segment, however small, has 4 MiB of bounds to fill: the time that these tests take, and more on a busy machine. */
const TIMEOUT_MS = 180_000;

/** What an index must be: the hashes in the order of their indexes, and which are removed. */
class Model {
  readonly hashes: Uint8Array[];
  readonly removed = new Set<number>();

  constructor(hashes: readonly Uint8Array[]) {
    this.hashes = [...hashes];
  }

  visible(): (Uint8Array | undefined)[] {
    return this.hashes.map((hash, index) => (this.removed.has(index) ? undefined : hash));
  }

  check(index: HammingIndex, query: Uint8Array, radius: number): void {
    expect(index.search(query, radius)).toEqual(searchByBruteForce(this.visible(), query, radius));
    expect(index.slots).toBe(this.hashes.length);
    expect(index.size).toBe(this.hashes.length - this.removed.size);
  }

  checkSlots(index: HammingIndex): void {
    for (const [slot, hash] of this.hashes.entries()) {
      expect(index.hashAt(slot)).toEqual(hash);
      expect(index.has(slot)).toBe(!this.removed.has(slot));
    }
    expect(index.has(this.hashes.length)).toBe(false);
  }
}

/** Hashes around two centres, so that most searches find some. */
function makeHash(number: number): Uint8Array {
  const centre = new Uint8Array(32).fill((number & 1) * 0x55);
  return flipBits(
    centre,
    Array.from({ length: (number >> 1) % 40 }, (_, step) => (step * 37 + number) % 256),
  );
}

type Change = { readonly do: 'add'; readonly hash: number } | { readonly do: 'remove' | 'restore'; readonly slot: number } | { readonly do: 'optimise' };

const hashNumber = fc.nat({ max: 500 });
const change: fc.Arbitrary<Change> = fc.oneof(
  { weight: 10, arbitrary: fc.record({ do: fc.constant('add' as const), hash: hashNumber }) },
  { weight: 4, arbitrary: fc.record({ do: fc.constantFrom('remove' as const, 'restore' as const), slot: fc.nat({ max: 60 }) }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('optimise' as const) }) },
);

function apply(step: Change, index: HammingIndex, model: Model): void {
  if (step.do === 'optimise') {
    index.optimise();
    expect(index.unmerged).toBe(0);
  } else if (step.do === 'add') {
    expect(index.add(makeHash(step.hash))).toBe(model.hashes.push(makeHash(step.hash)) - 1);
  } else if (step.do === 'remove') {
    const wasThere = step.slot < model.hashes.length && !model.removed.has(step.slot);
    expect(index.remove(step.slot)).toBe(wasThere);
    if (wasThere) model.removed.add(step.slot);
  } else {
    expect(index.restore(step.slot)).toBe(model.removed.delete(step.slot));
  }
}

describe('an index that changes', () => {
  it(
    'equals brute force after every step',
    () => {
      const steps = fc.array(fc.record({ step: change, query: hashNumber, radius: fc.integer({ min: 0, max: 63 }) }), { maxLength: 60, size: 'max' });
      fc.assert(
        fc.property(fc.array(hashNumber, { maxLength: 40 }), steps, (first, changes) => {
          const model = new Model(first.map(makeHash));
          const index = createLimitedIndex(joinHashes(model.hashes), { limits: LIMITS });
          for (const { step, query, radius } of changes) {
            apply(step, index, model);
            model.check(index, makeHash(query), radius);
          }
          model.checkSlots(index);
        }),
        { numRuns: 20 },
      );
    },
    TIMEOUT_MS,
  );

  it(
    'equals brute force between the slices of a merge too',
    async () => {
      const steps = fc.array(fc.record({ step: change.filter((one) => one.do !== 'optimise'), query: hashNumber }), { minLength: 20, maxLength: 60 });
      await fc.assert(
        fc.asyncProperty(fc.array(hashNumber, { minLength: 10, maxLength: 50 }), steps, async (first, changes) => {
          const model = new Model(first.map(makeHash));
          const index = createLimitedIndex(joinHashes(first.slice(0, 5).map(makeHash)), { limits: LIMITS });
          for (const number of first.slice(5)) index.add(makeHash(number));
          let next = 0;
          const pause = async (): Promise<void> => {
            const { step, query } = changes[next++ % changes.length] ?? { step: { do: 'add', hash: 1 }, query: 1 };
            apply(step, index, model);
            model.check(index, makeHash(query), 31);
          };
          await index.optimiseInSlices({ yieldEvery: 1, pause });
          // A single segment, or only full ones, need no merge and so no pause.
          if (first.length > 8) expect(next).toBeGreaterThan(0);
          model.check(index, makeHash(3), 63);
          index.optimise();
          expect(index.unmerged).toBe(0);
          model.check(index, makeHash(4), 63);
          model.checkSlots(index);
        }),
        { numRuns: 8 },
      );
    },
    TIMEOUT_MS,
  );

  it('finds the same hash under each of its indexes', () => {
    const index = createHammingIndex();
    const hash = drawHash(createDraw(21));
    expect([index.add(hash), index.add(hash), index.add(hash)]).toEqual([0, 1, 2]);
    index.remove(1);
    expect(index.search(hash, 0)).toEqual([
      { index: 0, distance: 0 },
      { index: 2, distance: 0 },
    ]);
  });

  it('keeps its own copy of a hash', () => {
    const index = createHammingIndex();
    const hash = drawHash(createDraw(22));
    const original = hash.slice();
    index.add(hash);
    hash.fill(0);
    index.hashAt(0).fill(0);
    expect(index.hashAt(0)).toEqual(original);
    expect(index.search(original, 0)).toEqual([{ index: 0, distance: 0 }]);
  });
});

describe('150,000 hashes with the default limits', () => {
  const draw = createDraw(23);
  const first = Array.from({ length: 70_000 }, () => drawHash(draw));
  const index = createHammingIndex(joinHashes(first));
  const hashes = [...first];
  for (let count = 0; count < 80_000; count++) {
    const hash = drawHash(draw);
    index.add(hash);
    hashes.push(hash);
  }

  function probe(): void {
    for (let trial = 0; trial < 300; trial++) {
      const target = draw(hashes.length);
      const distance = draw(70);
      const radius = trial % 64;
      const query = perturb(hashes[target] ?? drawHash(draw), distance, draw);
      expect(index.search(query, radius)).toEqual(distance <= radius ? [{ index: target, distance }] : []);
    }
  }

  it('are all found, in the main segment, the full and the open one', () => {
    expect(index.unmerged).toBe(80_000);
    probe();
  });

  it('are all found after a merge', async () => {
    await index.optimiseInSlices();
    expect(index.unmerged).toBe(0);
    expect(index.bytesUsed / index.slots).toBeLessThan(132 + (4 << 20) / index.slots);
    probe();
  });
});

describe('the memory', () => {
  const SCRATCH_BYTES = 500_000;

  it('is 128 bytes a hash, 4 MiB of bounds, and the working memory of one thread in a ring segment', () => {
    const count = 66_000;
    const { bytesUsed } = createHammingIndex(new Uint8Array(count * 32));
    const fixed = count * 128 + 16 * 65_537 * 4;
    expect(bytesUsed).toBeGreaterThan(fixed);
    expect(bytesUsed).toBeLessThan(fixed + SCRATCH_BYTES);
  });

  it('is 96 bytes a hash and 2 MiB of heads in a growing one, and 32 bytes in a small one', () => {
    for (const [count, fixed] of [
      [60_000, 60_000 * 96 + 2 ** 21],
      [1000, 32_000],
    ] as const) {
      const { bytesUsed } = createHammingIndex(new Uint8Array(count * 32));
      expect(bytesUsed).toBeGreaterThan(fixed);
      expect(bytesUsed).toBeLessThan(fixed + SCRATCH_BYTES);
    }
  });

  it('counts tombstones at one bit an index', () => {
    const index = createHammingIndex(new Uint8Array(3200 * 32));
    const before = index.bytesUsed;
    index.remove(3199);
    expect(index.bytesUsed - before).toBe(400);
  });
});

describe('worst cases', () => {
  it.each(['a single value', 'values one bit apart'])('are answered by one pass over the rows: %s', (kind) => {
    const hash = new Uint8Array(32).fill(0x3c);
    const count = 70_000;
    const hashes = Array.from({ length: count }, (_, number) => (kind === 'a single value' ? hash : flipBits(hash, [number % 256])));
    const index = createLimitedIndex(joinHashes(hashes), { limits: DEFAULT_LIMITS });
    const query = flipBits(hash, [0, 16, 32]);
    expect(index.search(query, 2)).toEqual(searchByBruteForce(hashes, query, 2));
    expect(index.search(query, 4).every(({ distance }, at, all) => distance >= (all[at - 1]?.distance ?? 0))).toBe(true);
    expect(index.search(query, 4).length).toBe(hashes.filter((one) => hammingDistance(one, query) <= 4).length);
  });
});
