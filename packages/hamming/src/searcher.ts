import { assertHash, DEFAULT_RADIUS } from './bits.ts';
import { type AnyMatch, type Match, MatchCollector, type MatchColumns, MOST_QUERIES } from './collector.ts';
import { HammingError } from './errors.ts';
import { prepareQuery, type Within } from './query.ts';
import type { Segment } from './segment.ts';
import { Tombstones } from './tombstones.ts';

/** Exact search. Nothing here changes the index. */
export interface HammingSearch {
  /** Every hash within `within` (a radius of 0 to 63 bits, default 31, or a label filter), by distance, then index. */
  search(query: Uint8Array, within?: Within): Match[];
  /** The same for up to 4,096 queries, such as the orientations of one picture: every index once, with its nearest query. */
  searchAny(queries: readonly Uint8Array[], within?: Within | readonly Within[]): AnyMatch[];
  /** The matches of each of up to 4,096 queries. */
  searchEach(queries: readonly Uint8Array[], within?: Within | readonly Within[]): Match[][];
  /** `searchAny` with the matches as columns: the light form for many thousands of them. */
  find(queries: readonly Uint8Array[], within?: Within | readonly Within[]): MatchColumns;
}

export interface Searched {
  readonly segments: readonly Segment[];
  readonly removed: Tombstones;
}

export class Searcher implements HammingSearch {
  readonly #read: () => Searched;
  readonly #collector: MatchCollector = new MatchCollector(new Tombstones());

  /** @param read gives what is to be searched, at the time of the search */
  constructor(read: () => Searched) {
    this.#read = read;
  }

  get bytesUsed(): number {
    return this.#collector.bytesUsed;
  }

  search(query: Uint8Array, within: Within = DEFAULT_RADIUS): Match[] {
    assertHash(query);
    return toMatches(this.#findOne(query, within));
  }

  searchAny(queries: readonly Uint8Array[], within: Within | readonly Within[] = DEFAULT_RADIUS): AnyMatch[] {
    const { indexes, distances, queries: nearest } = this.find(queries, within);
    return Array.from(indexes, (index, at) => ({ index, distance: distances[at] ?? 0, query: nearest[at] ?? 0 }));
  }

  searchEach(queries: readonly Uint8Array[], within: Within | readonly Within[] = DEFAULT_RADIUS): Match[][] {
    const reaches = pairUp(queries, within);
    return queries.map((query, at) => toMatches(this.#findOne(query, reaches[at] ?? DEFAULT_RADIUS)));
  }

  find(queries: readonly Uint8Array[], within: Within | readonly Within[] = DEFAULT_RADIUS): MatchColumns {
    const reaches = pairUp(queries, within);
    const searched = this.#read();
    this.#collector.begin(searched.removed);
    for (const [at, query] of queries.entries()) {
      this.#collector.startQuery(at);
      this.#collect(searched, query, reaches[at] ?? DEFAULT_RADIUS);
    }
    return this.#collector.takeColumns();
  }

  #findOne(query: Uint8Array, within: Within): MatchColumns {
    const searched = this.#read();
    this.#collector.begin(searched.removed);
    this.#collect(searched, query, within);
    return this.#collector.takeColumns();
  }

  #collect({ segments }: Searched, hash: Uint8Array, within: Within): void {
    const query = prepareQuery(hash, within);
    for (const segment of segments) {
      this.#collector.base = segment.base;
      segment.search(query, this.#collector);
    }
  }
}

function toMatches({ indexes, distances }: MatchColumns): Match[] {
  return Array.from(indexes, (index, at) => ({ index, distance: distances[at] ?? 0 }));
}

/** The reach of each query. @throws HammingError `bad_queries`, `bad_hash`, `bad_radius` */
function pairUp(queries: readonly Uint8Array[], within: Within | readonly Within[]): readonly Within[] {
  const given: unknown = queries;
  if (!Array.isArray(given) || queries.length > MOST_QUERIES) {
    throw new HammingError('bad_queries', `Queries must be an array of at most ${MOST_QUERIES} hashes.`);
  }
  for (const query of queries) assertHash(query);
  const reaches = isList(within) ? within : queries.map(() => within);
  if (reaches.length !== queries.length) throw new HammingError('bad_radius', 'There must be one radius for all queries or one for each.');
  for (const [at, query] of queries.entries()) prepareQuery(query, reaches[at] ?? Number.NaN);
  return reaches;
}

function isList(within: Within | readonly Within[]): within is readonly Within[] {
  return Array.isArray(within);
}
