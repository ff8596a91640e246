/** Where an index is searched: on the calling thread or on another. */
import type { HammingIndex, MatchColumns } from '@gatehouse/hamming';
import type { MatchPool } from './match-pool.ts';
import type { MatchOptions } from './schema.ts';

export interface IndexSearch {
  readonly index: HammingIndex;
  /** 32 bytes each. */
  readonly queries: readonly Uint8Array[];
  readonly radius: number;
}

/** The answers to the searches of one comparison, in their order: every index once, with its nearest query, by distance, then index. */
export type SearchIndexes = (searches: readonly IndexSearch[], options: MatchOptions) => Promise<readonly MatchColumns[]>;

export const searchHere: SearchIndexes = async (searches, { signal }) => {
  signal?.throwIfAborted();
  return searches.map(searchOne);
};

function searchOne({ index, queries, radius }: IndexSearch): MatchColumns {
  return index.find(queries, radius);
}

/**
 * What one comparison may search on the calling thread, in rows times queries; the smallest indexes first. A message to a thread and back
 * costs 70 to 100 us, as much as the usual search of this size. The worst, in which every query reads every row, takes 2 ms here: the
 * event loop must not wait for more than 10 ms.
 */
export const ROWS_HERE_MAX = 1_048_576;

/** Small indexes here, large ones in the threads of the pool, at the same time. */
export function createThreadedSearch(pool: Pick<MatchPool, 'search'>, rowsHereMax = ROWS_HERE_MAX): SearchIndexes {
  return async (searches, options) => {
    const isHere = findSmall(
      searches.map(({ index, queries }) => ({ slots: index.slots, queries: queries.length })),
      rowsHereMax,
    );
    const there = searches.filter((_search, at) => isHere[at] !== true);
    if (there.length === 0) return searchHere(searches, options);
    options.signal?.throwIfAborted();
    const under = pool.search(there, options);
    const [answers, own] = await Promise.all([
      under,
      searchHere(
        searches.filter((_search, at) => isHere[at] === true),
        options,
      ),
    ]);
    const [fromThreads, fromHere] = [answers.values(), own.values()];
    return searches.map((_search, at) => take(isHere[at] === true ? fromHere : fromThreads));
  };
}

/** Which searches of a comparison are done on the calling thread. */
export function findSmall(searches: readonly { readonly slots: number; readonly queries: number }[], rowsHereMax: number): boolean[] {
  const isSmall = searches.map(() => false);
  let rows = 0;
  for (const [at, { slots, queries }] of [...searches.entries()].toSorted(([, a], [, b]) => a.slots - b.slots)) {
    rows += slots * queries;
    if (rows > rowsHereMax) break;
    isSmall[at] = true;
  }
  return isSmall;
}

function take(answers: IterableIterator<MatchColumns>): MatchColumns {
  const next = answers.next();
  if (next.done === true) throw new TypeError('a search has no answer');
  return next.value;
}
