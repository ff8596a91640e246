/** The suppression against brute force: for small k, every table that could have led to what was published is enumerated. */
import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { releaseParts, releaseTable, type Group } from './suppression-rules.ts';

const name = (at: number): string => String.fromCodePoint(97 + at);
const toParts = (counts: readonly number[]) => counts.map((count, at) => ({ label: name(at), count }));

/** What a reader sees, as one text. */
const publishParts = (counts: readonly number[], k: number): string => JSON.stringify(releaseParts(toParts(counts), k));

/** All ways to write `total` as `length` counts. */
function* compositions(total: number, length: number): Generator<number[]> {
  if (length === 1) {
    yield [total];
    return;
  }
  for (let first = 0; first <= total; first++) for (const rest of compositions(total - first, length - 1)) yield [first, ...rest];
}

describe('parts of a whole', () => {
  it.each([
    [2, 3],
    [3, 3],
    [3, 2],
    [4, 4],
  ])('k = %i, %i parts: of nothing withheld can it be told that it is small, and nothing small can be worked out', (k, length) => {
    for (let total = k; total <= k * 4; total++) {
      const worlds = new Map<string, number[][]>();
      for (const counts of compositions(total, length)) {
        const seen = publishParts(counts, k);
        worlds.set(seen, [...(worlds.get(seen) ?? []), counts]);
      }
      for (const [seen, possible] of worlds) {
        const { parts } = JSON.parse(seen) as { parts: { count?: number }[] };
        for (const [at, part] of parts.entries()) {
          if (part.count !== undefined) {
            expect(part.count).toBeGreaterThanOrEqual(k);
            continue;
          }
          const values = new Set(possible.map((counts) => counts[at] ?? -1));
          // The reader knows the rules, the total and every shown part, and still cannot tell it.
          expect(values.size, `${seen}: part ${at} must be one of ${[...values].join()}`).toBeGreaterThan(1);
        }
        // Sums of what is withheld that follow from the total are about k or more.
        const shown = parts.reduce((sum, { count = 0 }) => sum + count, 0);
        const isHidden = parts.some(({ count }) => count === undefined);
        if (isHidden) expect(total - shown).toBeGreaterThanOrEqual(k);
      }
    }
  });

  it('where one part is large, a withheld one may be on either side of k', () => {
    const k = 4;
    for (let total = k; total <= 16; total++) {
      const worlds = new Map<string, number[][]>();
      for (const counts of compositions(total, 3)) worlds.set(publishParts(counts, k), [...(worlds.get(publishParts(counts, k)) ?? []), counts]);
      for (const possible of worlds.values()) {
        for (const counts of possible) {
          if (!counts.some((count) => count >= k) || counts.every((count) => count >= k)) continue;
          const hidden = releaseParts(toParts(counts), k).parts.flatMap(({ count }, at) => (count === undefined ? [at] : []));
          const sides = hidden.map((at) => [possible.some((one) => (one[at] ?? 0) < k), possible.some((one) => (one[at] ?? 0) >= k)]);
          expect(sides.flat().every(Boolean)).toBe(true);
        }
      }
    }
  });

  it('shows no total below k', () => {
    expect(releaseParts(toParts([20, 20]), 50)).toEqual({ parts: [{ label: 'a' }, { label: 'b' }], total: undefined });
    expect(releaseParts(toParts([60, 70]), 50).parts.map(({ count }) => count)).toEqual([60, 70]);
    expect(releaseParts(toParts([60, 70, 0]), 50).parts.map(({ count }) => count)).toEqual([undefined, 70, undefined]);
    expect(releaseParts(toParts([70, 70, 3]), 50).parts.map(({ count }) => count)).toEqual([undefined, undefined, undefined]);
    expect(releaseParts([], 50)).toEqual({ parts: [], total: undefined });
  });
});

describe('tables with two sides', () => {
  const toGroups = (flat: readonly number[]): Group[] =>
    Array.from({ length: flat.length / 2 }, (_none, at) => ({ label: name(at), yes: flat[at * 2] ?? 0, no: flat[at * 2 + 1] ?? 0 }));

  it.each([
    [2, 3],
    [3, 2],
  ])('k = %i, %i groups: no side below k can be told', (k, groups) => {
    for (let total = k; total <= k * 6; total++) {
      const worlds = new Map<string, number[][]>();
      for (const flat of compositions(total, groups * 2)) {
        const seen = JSON.stringify(releaseTable(toGroups(flat), k));
        worlds.set(seen, [...(worlds.get(seen) ?? []), flat]);
      }
      for (const [seen, possible] of worlds) {
        const published = JSON.parse(seen) as { groups: { shown?: { yes: number; total: number } }[] };
        for (const [at, { shown }] of published.groups.entries()) {
          if (shown !== undefined) {
            expect(Math.min(shown.yes, shown.total - shown.yes)).toBeGreaterThanOrEqual(k);
            continue;
          }
          // What is worked out may be k or more: that could have been shown.
          const told = [0, 1].map((side) => new Set(possible.map((flat) => flat[at * 2 + side] ?? -1))).filter(({ size }) => size === 1);
          for (const [value] of told.map((values) => [...values])) expect(value, `${seen}: group ${at}`).toBeGreaterThanOrEqual(k);
        }
      }
    }
  });

  it('holds for tables of any size: nothing below k is shown, and what is left over is k or more', () => {
    const side = fc.integer({ min: 0, max: 400 });
    fc.assert(
      fc.property(fc.array(fc.tuple(side, side), { minLength: 1, maxLength: 8 }), fc.integer({ min: 1, max: 60 }), (sides, k) => {
        const groups = sides.map(([yes, no], at) => ({ label: name(at), yes, no }));
        const { groups: released, overall, total } = releaseTable(groups, k);
        const shown = released.flatMap((one) => (one.shown === undefined ? [] : [one.shown]));
        for (const { yes, total: all } of [...shown, ...(overall.shown === undefined ? [] : [overall.shown])])
          expect(Math.min(yes, all - yes)).toBeGreaterThanOrEqual(k);
        if (total !== undefined) expect(total).toBeGreaterThanOrEqual(k);
        if (overall.shown === undefined || shown.length === released.length) return;
        expect(released.length - shown.length).toBeGreaterThanOrEqual(2);
        const [yes, all] = [shown.reduce((sum, one) => sum + one.yes, 0), shown.reduce((sum, one) => sum + one.total, 0)];
        expect(overall.shown.yes - yes).toBeGreaterThanOrEqual(k);
        expect(overall.shown.total - overall.shown.yes - (all - yes)).toBeGreaterThanOrEqual(k);
      }),
      { numRuns: 500 },
    );
  });
});
