/** 100 % recall and precision: every search equals brute force, for every radius, kind of data and way of searching. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { createDraw, drawHash, joinHashes, perturb, placeAdversarially, SAMPLES, searchByBruteForce, WAYS } from '../test/samples.ts';
import { createLimitedIndex } from './hamming-index.ts';
import { createHammingIndex, hammingDistance } from './index.ts';

const RADII = Array.from({ length: 64 }, (_, radius) => radius);

const KERNELS = ['wasm', 'typescript'] as const;
const EVERY_WAY = Object.entries(WAYS).flatMap(([way, limits]) => KERNELS.map((kernel) => ({ way, limits, kernel })));

describe.each(EVERY_WAY)('searching by $way, $kernel', ({ way, limits, kernel }) => {
  it.each(Object.entries(SAMPLES))('equals brute force on %s for every radius', (_name, makeSample) => {
    const { hashes, queries } = makeSample();
    const index = createLimitedIndex(joinHashes(hashes), { limits, kernel });
    expect(index.kernel).toBe(kernel);
    const all = queries.map((query) => searchByBruteForce(hashes, query, 63));
    for (const radius of RADII) {
      for (const [number, query] of queries.entries()) {
        expect(index.search(query, radius)).toEqual(all[number]?.filter(({ distance }) => distance <= radius));
      }
    }
  });

  it('finds every adversarial neighbour at exactly the radius and none a bit further away', { timeout: 120_000 }, () => {
    // One query for each radius, all in one index: few enough matches for each that no search gives up and scans.
    const draw = createDraw(11);
    const cases = RADII.map((radius) => {
      const query = drawHash(draw);
      const random = Array.from({ length: 40 }, (_, number) => perturb(query, radius + (number & 1), draw));
      return { radius, query, hashes: [...placeAdversarially(query, radius), ...placeAdversarially(query, radius + 1), ...random] };
    });
    const hashes = cases.flatMap((one) => one.hashes);
    const index = createLimitedIndex(joinHashes(hashes), { limits, kernel });
    for (const { radius, query } of cases) {
      const found = index.search(query, radius);
      expect(found).toEqual(searchByBruteForce(hashes, query, radius));
      expect(found.length).toBe(32 + 20);
    }
  });

  it('equals brute force on any hashes', { timeout: 120_000 }, () => {
    const near = fc.record({
      seed: fc.nat(),
      distances: fc.array(fc.integer({ min: 0, max: 80 }), { maxLength: 40 }),
      radius: fc.integer({ min: 0, max: 63 }),
    });
    fc.assert(
      fc.property(near, ({ seed, distances, radius }) => {
        const draw = createDraw(seed);
        const query = drawHash(draw);
        const hashes = distances.map((distance) => perturb(query, distance, draw));
        expect(createLimitedIndex(joinHashes(hashes), { limits, kernel }).search(query, radius)).toEqual(searchByBruteForce(hashes, query, radius));
      }),
      { numRuns: way === 'scan' ? 100 : 25 },
    );
  });
});

describe('an index of 200,000 hashes with the default limits', () => {
  const draw = createDraw(12);
  const hashes = Array.from({ length: 200_000 }, () => drawHash(draw));
  const index = createHammingIndex(joinHashes(hashes));

  it('finds every planted neighbour within the radius, and only those', () => {
    for (let trial = 0; trial < 600; trial++) {
      const target = draw(hashes.length);
      const distance = draw(80);
      const radius = trial % 64;
      const found = index.search(perturb(hashes[target] ?? drawHash(draw), distance, draw), radius);
      expect(found).toEqual(distance <= radius ? [{ index: target, distance }] : []);
    }
  });

  it('finds every adversarially placed neighbour at radius 31', () => {
    for (let trial = 0; trial < 12; trial++) {
      const target = draw(hashes.length);
      const hash = hashes[target] ?? drawHash(draw);
      for (const query of placeAdversarially(hash, 31)) expect(index.search(query)).toEqual([{ index: target, distance: 31 }]);
      for (const query of placeAdversarially(hash, 32)) expect(index.search(query)).toEqual([]);
    }
  });
});

describe('searchAny', () => {
  it.each(Object.entries(WAYS))('by %s gives every index once, with its smallest distance and the first query that has it', (_name, limits) => {
    const { hashes, queries } = SAMPLES['clustered']?.() ?? { hashes: [], queries: [] };
    const many = [...queries, ...queries.map((query) => perturb(query, 5, createDraw(13))), ...queries];
    const index = createLimitedIndex(joinHashes(hashes), { limits });
    for (const radius of [0, 20, 31, 45, 63]) {
      const expected = hashes
        .map((hash, at) => {
          const distances = many.map((query) => hammingDistance(hash, query));
          const distance = Math.min(...distances);
          return { index: at, distance, query: distances.indexOf(distance) };
        })
        .filter(({ distance }) => distance <= radius)
        .toSorted((a, b) => a.distance - b.distance || a.index - b.index);
      expect(index.searchAny(many, radius)).toEqual(expected);
    }
  });

  it('gives every index once when several queries match everything', () => {
    const hash = drawHash(createDraw(15));
    const index = createHammingIndex(joinHashes(Array.from({ length: 70_000 }, () => hash)));
    const found = index.searchAny([3, 1, 2, 1].map((distance) => perturb(hash, distance, createDraw(16))));
    expect(found.length).toBe(70_000);
    expect(found.every(({ index: slot, distance, query }, at) => slot === at && distance === 1 && query === 1)).toBe(true);
  });

  it('takes no queries, and 4,096', () => {
    const hash = drawHash(createDraw(14));
    const index = createHammingIndex(hash);
    expect(index.searchAny([])).toEqual([]);
    const far = new Uint8Array(hash.map((byte) => 255 - byte));
    const queries = Array.from({ length: 4096 }, (_, number) => (number === 4095 ? hash : far));
    expect(index.searchAny(queries)).toEqual([{ index: 0, distance: 0, query: 4095 }]);
  });
});
