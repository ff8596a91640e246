import { allocateBuffer, type Allocate, checkAllocator } from './allocation.ts';
import { assertHash, DEFAULT_RADIUS, HASH_BYTES, MAX_RADIUS, ROW_WORDS } from './bits.ts';
import { buildSegments } from './build.ts';
import { type AnyMatch, type Match, MatchCollector, MOST_INDEXES, MOST_QUERIES } from './collector.ts';
import { HammingError } from './errors.ts';
import { GrowingSegment } from './growing-segment.ts';
import { permuteHashes, restoreHash } from './permutation.ts';
import { prepareQuery } from './query.ts';
import { createHashSource, createSegmentSource, DEFAULT_LIMITS, type Limits, type RowSource, type Segment } from './segment.ts';
import { runAtOnce, runInSlices, type SliceOptions, type Steps } from './slices.ts';
import { Survivors } from './survivors.ts';
import { Tombstones } from './tombstones.ts';

/** The set of hashes and the exact search in it. Indexes are given out in order, from 0, and never again for another hash. */
export interface HammingIndex {
  /** Hashes that searches find: those added and not removed. */
  readonly size: number;
  /** Highest index given out, plus 1. */
  readonly slots: number;
  /** Hashes added since the last merge, which searches find a little more slowly. */
  readonly unmerged: number;
  /** Bytes of all typed arrays, tombstones and working memory included. */
  readonly bytesUsed: number;
  /** Adds a hash, also one that is there already; the next search finds it. Returns its index. */
  add(hash: Uint8Array): number;
  /** Hides a hash from the next search on. False when there is none, or it is removed already. */
  remove(index: number): boolean;
  /** Undoes `remove`. False when there is nothing to undo. */
  restore(index: number): boolean;
  /** Whether searches can find this index. */
  has(index: number): boolean;
  /** A copy of the 32 bytes, also of a removed hash. */
  hashAt(index: number): Uint8Array;
  /** Every hash within `radius` bits (0 to 63, default 31), by distance, then index. */
  search(query: Uint8Array, radius?: number): Match[];
  /** The same for up to 4,096 queries, such as the orientations of one picture: every index once, with its nearest query. */
  searchAny(queries: readonly Uint8Array[], radius?: number): AnyMatch[];
  /** Merges all segments into the main one, at once: 0.3 s for a million hashes. */
  optimise(): void;
  /** The same in slices. Searches, additions and removals go on meanwhile; what is added meanwhile stays unmerged. */
  optimiseInSlices(options?: BuildOptions): Promise<void>;
}

export interface HammingIndexOptions {
  /** Gives the memory, e.g. `(bytes) => new SharedArrayBuffer(bytes)`. Default: ArrayBuffer. */
  readonly allocate?: Allocate | undefined;
}

export interface BuildOptions extends SliceOptions {
  /** Hashes to take in between two pauses; list entries, which are cheaper, come by the eightfold. Default 8,192. */
  readonly yieldEvery?: number | undefined;
}

const DEFAULT_YIELD_EVERY = 8192;

/** An index over `hashes` (32 bytes each, no separators), built at once. Index i is hash i. */
export function createHammingIndex(hashes: Uint8Array = new Uint8Array(0), options: HammingIndexOptions = {}): HammingIndex {
  return createLimitedIndex(hashes, { ...options, limits: DEFAULT_LIMITS });
}

/** The same without blocking the event loop for long. `hashes` must not change until the promise settles. */
export async function buildHammingIndex(hashes: Uint8Array, options: HammingIndexOptions & BuildOptions = {}): Promise<HammingIndex> {
  const index = new SegmentedIndex({ ...options, limits: DEFAULT_LIMITS });
  await runInSlices(index.load(readSource(hashes), readSliceRows(options)), options);
  return index;
}

/** For tests: the same structure with small segments. */
export function createLimitedIndex(hashes: Uint8Array, options: HammingIndexOptions & { readonly limits: Limits }): HammingIndex {
  const index = new SegmentedIndex(options);
  runAtOnce(index.load(readSource(hashes), DEFAULT_YIELD_EVERY));
  return index;
}

class SegmentedIndex implements HammingIndex {
  readonly #limits: Limits;
  readonly #allocate: Allocate;
  readonly #removed: Tombstones;
  readonly #survivors: Survivors;
  readonly #collector: MatchCollector;
  /** By base, without gaps; the full ring segments first, then at most one smaller merged one, then grown ones. */
  #segments: Segment[] = [];
  /** The last segment, when it may still take additions. */
  #open: GrowingSegment | undefined;
  #slots = 0;
  #merged = 0;
  #merging = false;

  constructor(options: HammingIndexOptions & { readonly limits: Limits }) {
    this.#limits = options.limits;
    this.#allocate = checkAllocator(options.allocate ?? allocateBuffer);
    this.#removed = new Tombstones(this.#allocate);
    this.#survivors = new Survivors(this.#allocate);
    this.#collector = new MatchCollector(this.#removed);
  }

  get size(): number {
    return this.#slots - this.#removed.count;
  }

  get slots(): number {
    return this.#slots;
  }

  get unmerged(): number {
    return this.#slots - this.#merged;
  }

  get bytesUsed(): number {
    const segments = this.#segments.reduce((sum, segment) => sum + segment.bytesUsed, 0);
    return segments + this.#removed.bytesUsed + this.#survivors.bytesUsed + this.#collector.bytesUsed;
  }

  add(hash: Uint8Array): number {
    assertHash(hash);
    if (this.#slots >= MOST_INDEXES) throw new HammingError('full', 'The index can number no more hashes.');
    const segment = this.#openSegment();
    segment.reserve(1);
    segment.append(1, (target) => permuteHashes(hash, target, { from: 0, to: 1 }));
    segment.link();
    return this.#slots++;
  }

  remove(index: number): boolean {
    if (!this.has(index)) return false;
    this.#removed.set(index);
    return true;
  }

  restore(index: number): boolean {
    assertIndex(index);
    if (!this.#removed.has(index)) return false;
    this.#removed.unset(index);
    return true;
  }

  has(index: number): boolean {
    assertIndex(index);
    return index < this.#slots && !this.#removed.has(index);
  }

  hashAt(index: number): Uint8Array {
    assertIndex(index);
    const segment = this.#segments.findLast(({ base }) => base <= index);
    if (segment === undefined || index >= this.#slots)
      throw new HammingError('bad_index', `Index ${index} was never given out; the highest is ${this.#slots - 1}.`);
    return restoreHash(segment.rows, (index - segment.base) * ROW_WORDS);
  }

  search(query: Uint8Array, radius: number = DEFAULT_RADIUS): Match[] {
    assertHash(query);
    assertRadius(radius);
    this.#collector.begin();
    this.#collect(query, radius);
    return this.#collector.takeMatches();
  }

  searchAny(queries: readonly Uint8Array[], radius: number = DEFAULT_RADIUS): AnyMatch[] {
    assertQueries(queries);
    assertRadius(radius);
    this.#collector.begin();
    for (const [number, query] of queries.entries()) {
      this.#collector.startQuery(number);
      this.#collect(query, radius);
    }
    return this.#collector.takeBest();
  }

  optimise(): void {
    this.#startMerge();
    try {
      runAtOnce(this.#merge(DEFAULT_YIELD_EVERY));
    } finally {
      this.#endMerge();
    }
  }

  async optimiseInSlices(options: BuildOptions = {}): Promise<void> {
    const sliceRows = readSliceRows(options);
    this.#startMerge();
    try {
      await runInSlices(this.#merge(sliceRows), options);
    } finally {
      this.#endMerge();
    }
  }

  /** Fills an empty index. */
  *load(source: RowSource, sliceRows: number): Steps<void> {
    this.#segments = yield* buildSegments(source, { base: 0, limits: this.#limits, allocate: this.#allocate, sliceRows });
    this.#slots = source.count;
    this.#merged = source.count;
    this.#reopenLast();
  }

  #collect(hash: Uint8Array, radius: number): void {
    const search = { query: prepareQuery(hash, radius), limits: this.#limits, survivors: this.#survivors, sink: this.#collector };
    for (const segment of this.#segments) {
      this.#collector.base = segment.base;
      segment.search(search);
    }
  }

  #openSegment(): GrowingSegment {
    if (this.#open !== undefined && this.#open.count < this.#limits.growingRows) return this.#open;
    const segment = new GrowingSegment({ base: this.#slots, linearRows: this.#limits.linearRows, allocate: this.#allocate });
    this.#segments.push(segment);
    this.#open = segment;
    return segment;
  }

  #startMerge(): void {
    if (this.#merging) throw new HammingError('busy', 'A merge is already running. Wait for it to end.');
    this.#merging = true;
  }

  /** Also after a merge that was aborted. */
  #endMerge(): void {
    this.#merging = false;
    this.#reopenLast();
  }

  /** Replaces all segments that are not full by merged ones. Additions meanwhile go to a new segment, behind these. */
  *#merge(sliceRows: number): Steps<void> {
    const first = this.#segments.findIndex(({ count }) => count < this.#limits.ringRows);
    const parts = first === -1 ? [] : this.#segments.slice(first);
    const slots = this.#slots;
    if (parts.length > 1) {
      this.#open = undefined;
      const base = parts[0]?.base ?? 0;
      const merged = yield* buildSegments(createSegmentSource(parts), { base, limits: this.#limits, allocate: this.#allocate, sliceRows });
      this.#segments.splice(first, parts.length, ...merged);
    }
    this.#merged = slots;
  }

  /** A small index, or the small rest of a large one, goes on growing where it is. */
  #reopenLast(): void {
    const last = this.#segments.at(-1);
    this.#open = last instanceof GrowingSegment ? last : undefined;
  }
}

function readSource(hashes: Uint8Array): RowSource {
  if (!(hashes instanceof Uint8Array) || hashes.length % HASH_BYTES !== 0) {
    throw new HammingError('bad_hashes', 'Hashes must be a Uint8Array with 32 bytes for each.');
  }
  const count = hashes.length / HASH_BYTES;
  if (count > MOST_INDEXES) throw new HammingError('full', 'The index cannot number so many hashes.');
  return createHashSource(hashes, count);
}

function readSliceRows({ yieldEvery = DEFAULT_YIELD_EVERY }: BuildOptions): number {
  if (!Number.isSafeInteger(yieldEvery) || yieldEvery < 1) throw new HammingError('bad_option', '`yieldEvery` must be a whole number of at least 1.');
  return yieldEvery;
}

function assertIndex(index: number): void {
  if (!Number.isSafeInteger(index) || index < 0) throw new HammingError('bad_index', 'An index must be a whole number of at least 0.');
}

function assertRadius(radius: number): void {
  if (!Number.isInteger(radius) || radius < 0 || radius > MAX_RADIUS) {
    throw new HammingError('bad_radius', `The radius must be a whole number from 0 to ${MAX_RADIUS}.`);
  }
}

function assertQueries(queries: readonly Uint8Array[]): void {
  if (!Array.isArray(queries) || queries.length > MOST_QUERIES) {
    throw new HammingError('bad_queries', `Queries must be an array of at most ${MOST_QUERIES} hashes.`);
  }
  for (const query of queries) assertHash(query);
}
