import type { Sink } from './query.ts';
import type { Tombstones } from './tombstones.ts';

/** One list entry within the radius. */
export interface Match {
  readonly index: number;
  /** Differing bits, 0 to the radius. */
  readonly distance: number;
}

/** The same for several queries at once. */
export interface AnyMatch extends Match {
  /** The first of the queries with the smallest distance. */
  readonly query: number;
}

/**
 * Matches as columns, by distance, then index: the light form for results of many thousands, which can be sent to another thread.
 * All columns have `length` elements.
 */
export interface MatchColumns {
  readonly length: number;
  readonly indexes: Uint32Array;
  /** Differing bits. */
  readonly distances: Uint8Array;
  /** The first of the queries with the smallest distance. */
  readonly queries: Uint16Array;
}

/** Indexes are below 2^32, distances below 2^6, queries below 2^12: together 50 bits of the 53 that a number holds exactly. */
export const MOST_INDEXES = 4_294_967_296;
export const MOST_QUERIES = 4096;
const DISTANCES = 64;
const FIRST_KEYS = 64;
/** A larger buffer, left by an unusually large result, is given back. */
const MOST_KEYS_KEPT = 65_536;

/** Collects matches as plain numbers, which sort natively and cost 8 bytes each. */
export class MatchCollector implements Sink {
  /** Set before each segment. */
  base = 0;
  #query = 0;
  #hasSeveral = false;
  #removed: Tombstones;
  #keys: Float64Array = new Float64Array(FIRST_KEYS);
  #count = 0;

  constructor(removed: Tombstones) {
    this.#removed = removed;
  }

  get bytesUsed(): number {
    return this.#keys.byteLength;
  }

  emit(row: number, distance: number): void {
    const index = this.base + row;
    if (this.#removed.has(index)) return;
    if (this.#count === this.#keys.length) this.#grow();
    this.#keys[this.#count++] = (index * DISTANCES + distance) * MOST_QUERIES + this.#query;
  }

  /** Forgets what an earlier search left behind when it failed. */
  begin(removed: Tombstones): void {
    this.#removed = removed;
    this.#count = 0;
    this.#query = 0;
    this.#hasSeveral = false;
  }

  /** What follows is found by that query. Repeats of earlier ones are dropped before they pile up: 16 queries may all match everything. */
  startQuery(query: number): void {
    this.#query = query;
    this.#hasSeveral = query > 0;
    if (this.#count > MOST_KEYS_KEPT) this.#dropRepeats();
  }

  /** The matches of all queries since `begin`: every index once, with its smallest distance and the first query that has it. */
  takeColumns(): MatchColumns {
    // Segments do not overlap, so that one query has every index once.
    if (this.#hasSeveral) this.#dropRepeats();
    const length = this.#count;
    const columns = { length, indexes: new Uint32Array(length), distances: new Uint8Array(length), queries: new Uint16Array(length) };
    let at = 0;
    for (const key of this.#order(length)) {
      const query = key % MOST_QUERIES;
      const rest = (key - query) / MOST_QUERIES;
      const index = rest % MOST_INDEXES;
      columns.indexes[at] = index;
      columns.distances[at] = (rest - index) / MOST_INDEXES;
      columns.queries[at++] = query;
    }
    return columns;
  }

  #dropRepeats(): void {
    const byIndex = this.#keys.subarray(0, this.#count);
    byIndex.sort();
    this.#count = keepFirstOfEachIndex(byIndex);
  }

  /** The first `count` keys by distance, then index; the collector is empty again. */
  #order(count: number): Float64Array {
    const keys = this.#keys.subarray(0, count);
    for (let at = 0; at < count; at++) keys[at] = swapOrder(keys[at] ?? 0);
    keys.sort();
    this.#count = 0;
    if (this.#keys.length > MOST_KEYS_KEPT) this.#keys = new Float64Array(FIRST_KEYS);
    return keys;
  }

  #grow(): void {
    const grown = new Float64Array(this.#keys.length * 2);
    grown.set(this.#keys);
    this.#keys = grown;
  }
}

/** Moves the first (smallest) key of each index to the front; returns how many there are. */
function keepFirstOfEachIndex(sorted: Float64Array): number {
  let kept = 0;
  let last = -1;
  for (const key of sorted) {
    const index = Math.floor(key / (DISTANCES * MOST_QUERIES));
    if (index === last) continue;
    sorted[kept++] = key;
    last = index;
  }
  return kept;
}

/** From (index, distance, query) to (distance, index, query). */
function swapOrder(key: number): number {
  const query = key % MOST_QUERIES;
  const rest = (key - query) / MOST_QUERIES;
  const distance = rest % DISTANCES;
  const index = (rest - distance) / DISTANCES;
  return (distance * MOST_INDEXES + index) * MOST_QUERIES + query;
}
