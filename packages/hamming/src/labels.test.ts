/** The label filter: per-list masks with a radius for each list, in every way of searching, against brute force. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { createDraw, drawHash, joinHashes, perturb, searchByBruteForce, WAYS } from '../test/samples.ts';
import { createLimitedIndex } from './hamming-index.ts';
import { createHammingIndex, createLabelFilter } from './index.ts';

const EVERY_WAY = Object.entries(WAYS).flatMap(([way, limits]) => (['wasm', 'typescript'] as const).map((kernel) => ({ way, limits, kernel })));
const LABELS = [0, 1, 2, 700, 65_535];

describe.each(EVERY_WAY)('labels by $way, $kernel', ({ limits, kernel }) => {
  const draw = createDraw(61);
  const centre = drawHash(draw);
  const hashes = Array.from({ length: 900 }, () => perturb(centre, draw(70), draw));
  const labels = Uint16Array.from(hashes, () => LABELS[draw(LABELS.length)] ?? 0);
  const index = createLimitedIndex(joinHashes(hashes.slice(0, 500)), { limits, kernel, labels: labels.subarray(0, 500) });
  for (const [at, hash] of hashes.entries()) if (at >= 500) index.add(hash, labels[at]);

  it('each have their own radius, and are not seen without one', () => {
    const radii = fc.uniqueArray(fc.tuple(fc.constantFrom(...LABELS, 5), fc.nat({ max: 63 })), { selector: ([label]) => label });
    fc.assert(
      fc.property(radii, fc.nat({ max: 60 }), (pairs, distance) => {
        const query = perturb(centre, distance, draw);
        const radiusOf = new Map(pairs);
        const expected = searchByBruteForce(hashes, query, 63).filter((match) => match.distance <= (radiusOf.get(labels[match.index] ?? 0) ?? -1));
        expect(index.search(query, createLabelFilter(pairs))).toEqual(expected);
        // The filter leaves nothing behind for the next search.
        expect(index.search(query, 40)).toEqual(searchByBruteForce(hashes, query, 40));
      }),
      { numRuns: 40 },
    );
  });

  it('stay with their hashes through a merge', () => {
    index.remove(3);
    index.optimise();
    for (const at of [0, 3, 499, 500, 899]) expect(index.labelAt(at)).toBe(labels[at]);
    const expected = searchByBruteForce(hashes, centre, 63).filter((match) => match.index !== 3 && labels[match.index] === 700);
    expect(index.search(centre, createLabelFilter([[700, 63]]))).toEqual(expected);
    index.restore(3);
  });
});

describe('an index without labels', () => {
  it('has label 0 everywhere', () => {
    const index = createHammingIndex(new Uint8Array(32));
    expect(index.labelAt(0)).toBe(0);
    expect(index.search(new Uint8Array(32), createLabelFilter([[0, 3]]))).toHaveLength(1);
    expect(index.search(new Uint8Array(32), createLabelFilter([[1, 3]]))).toHaveLength(0);
    expect(index.search(new Uint8Array(32), createLabelFilter([]))).toHaveLength(0);
  });
});

describe('one radius for each query', () => {
  it.each(['searchAny', 'searchEach'] as const)('is kept by %s', (method) => {
    const draw = createDraw(62);
    const hash = drawHash(draw);
    const index = createHammingIndex(joinHashes([hash, drawHash(draw)]));
    const queries = [10, 20, 30].map((distance) => perturb(hash, distance, draw));
    if (method === 'searchAny') expect(index.searchAny(queries, [9, 20, 29])).toEqual([{ index: 0, distance: 20, query: 1 }]);
    else expect(index.searchEach(queries, [9, 20, 29])).toEqual([[], [{ index: 0, distance: 20 }], []]);
  });

  it('and columns say the same as objects', () => {
    const draw = createDraw(63);
    const hash = drawHash(draw);
    const index = createHammingIndex(joinHashes(Array.from({ length: 5000 }, () => perturb(hash, draw(40), draw))));
    const queries = [hash, perturb(hash, 7, draw)];
    const { length, indexes, distances, queries: nearest } = index.find(queries);
    const objects = Array.from({ length }, (_, at) => ({ index: indexes[at], distance: distances[at], query: nearest[at] }));
    expect(objects).toEqual(index.searchAny(queries));
    expect(length).toBeGreaterThan(1000);
  });
});
