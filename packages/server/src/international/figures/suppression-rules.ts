/**
 * Which counts may be seen. A count from 1 to `k` - 1 never is, and neither is what it could be worked out from: where one is withheld, the smallest of the
 * others is withheld with it. Whoever knows these rules and sees the sum cannot say of any withheld count whether it is small (the test enumerates every
 * table with the same publication; where the sum itself is below 2k all may be small, and which is how small stays open). Zero may be seen beside large
 * counts: nothing was reported, and there is nobody whom a zero would give away.
 *
 * Tables are cut so that none can be subtracted from another: see README.md, figures.
 */

export interface Counted {
  readonly key: string;
  readonly count: number;
}

/** @returns the keys of what must not be shown; a sum over all of `items` may be shown when `isShowable` says so */
export function findWithheld(items: readonly Counted[], k: number): ReadonlySet<string> {
  const small = items.filter(({ count }) => !isShowable(count, k));
  if (small.length === 0) return new Set();
  const rest = items.filter(({ count }) => count >= k);
  const least = Math.min(...rest.map(({ count }) => count));
  const shown = rest.filter(({ count }) => count > least);
  // Zeros beside nothing else would leave too few solutions: one single one for four that are together four.
  if (shown.length === 0) return new Set(items.map(({ key }) => key));
  // All that are equally small: otherwise the order of the table would say which one is the small one.
  return new Set(items.filter(({ count }) => count > 0 && count <= Math.max(least, k - 1)).map(({ key }) => key));
}

export function isShowable(count: number, k: number): boolean {
  return count === 0 || count >= k;
}
