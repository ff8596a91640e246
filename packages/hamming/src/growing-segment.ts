import { type Allocate, growWords } from './allocation.ts';
import { byteAt, CHUNK_VALUES, chunkAt, CHUNKS, POPCOUNT_16, ROW_WORDS, wordAt } from './bits.ts';
import { FLIP_WEIGHTS, FLIPS, MOST_PROBES } from './plan.ts';
import type { Query } from './query.ts';
import { scanRows } from './scan.ts';
import type { Segment, SegmentSearch } from './segment.ts';

/** Chain links are 16 bits wide and 0 ends a chain. */
const MAX_GROWING_ROWS = 65_535;
const FIRST_ROWS = 256;

/** First rows (plus 1) of the chains that the current query follows. Shared by all searches of this thread, which never overlap. */
const FIRSTS = new Uint16Array(MOST_PROBES);

/**
 * The segment that takes additions. Up to `linearRows` it is a plain table of rows. Beyond that every chunk has a hash table with
 * chaining: `heads` holds the newest row (plus 1) of each of the 16 x 65,536 buckets; the link of a row in chunk c is one word,
 * the next row (plus 1) above and the signature, the row's chunk c + 1, below. So an addition is 16 small writes, never a rebuild.
 */
export class GrowingSegment implements Segment {
  readonly base: number;
  readonly #allocate: Allocate;
  readonly #linearRows: number;
  #count = 0;
  /** Rows that are in the chains: all or none, except while a sliced build links them. */
  #linked = 0;
  #rows: Uint32Array;
  #chunks: Uint16Array;
  #links: Uint32Array;
  #heads: Uint16Array | undefined;

  constructor(options: { readonly base: number; readonly linearRows: number; readonly capacity?: number; readonly allocate: Allocate }) {
    this.base = options.base;
    this.#linearRows = options.linearRows;
    this.#allocate = options.allocate;
    this.#rows = new Uint32Array(options.allocate((options.capacity ?? FIRST_ROWS) * ROW_WORDS * 4));
    this.#chunks = new Uint16Array(this.#rows.buffer);
    this.#links = new Uint32Array(0);
  }

  get count(): number {
    return this.#count;
  }

  get rows(): Uint32Array {
    return this.#rows;
  }

  get bytesUsed(): number {
    return this.#rows.byteLength + this.#links.byteLength + (this.#heads?.byteLength ?? 0);
  }

  /** Makes room for `count` more rows. All allocation is here, so that what follows cannot fail half-way. */
  reserve(count: number): void {
    const capacity = this.#rows.length / ROW_WORDS;
    const wanted = this.#count + count;
    if (wanted > capacity) this.#growRows(Math.max(wanted, Math.min(MAX_GROWING_ROWS, capacity * 2)));
    if (wanted <= this.#linearRows) return;
    this.#growLinks();
    this.#heads ??= new Uint16Array(this.#allocate(CHUNKS * CHUNK_VALUES * 2));
  }

  /** Adds `count` reserved rows that `write` puts at the start of the words that it is given. `link` must follow. */
  append(count: number, write: (target: Uint32Array) => void): void {
    write(this.#rows.subarray(this.#count * ROW_WORDS, (this.#count + count) * ROW_WORDS));
    this.#count += count;
  }

  /** Puts at most `most` of the rows that are not yet in the chains into them; true when none is left. */
  link(most: number = MAX_GROWING_ROWS): boolean {
    const heads = this.#heads;
    if (heads === undefined) return true;
    const to = Math.min(this.#count, this.#linked + most);
    for (let row = this.#linked; row < to; row++) this.#linkRow(row, heads);
    this.#linked = to;
    return to === this.#count;
  }

  search(search: SegmentSearch): void {
    const { query, survivors, sink, limits } = search;
    const heads = this.#heads;
    if (heads === undefined || this.#linked < this.#count || query.plan.probes * limits.rowsPerChain > this.#count) {
      scanRows(this.#rows, this.#count, search);
      return;
    }
    survivors.begin(this.#count);
    this.#locate(heads, query);
    if (this.#walk(search)) scanRows(this.#rows, survivors.count, { query, sink, listed: survivors.rows });
    else scanRows(this.#rows, this.#count, search);
  }

  /**
   * Notes the first row of every chain, and reads its link: without branches on the data, so that the processor has many of these
   * reads under way at once, while the walk would wait for each. The sum only keeps the reads from being optimised away.
   */
  #locate(heads: Uint16Array, { chunks, plan }: Query): number {
    const links = this.#links;
    let probe = 0;
    let sum = 0;
    for (let chunk = 0; chunk < CHUNKS; chunk++) {
      const key = chunkAt(chunks, chunk);
      const flips = chunkAt(plan.flipCounts, chunk);
      for (let flip = 0; flip < flips; flip++) {
        const row = chunkAt(heads, chunk * CHUNK_VALUES + (key ^ chunkAt(FLIPS, flip)));
        FIRSTS[probe++] = row;
        sum = (sum + wordAt(links, row * CHUNKS + chunk)) | 0;
      }
    }
    return sum;
  }

  /** Collects the survivors; false when the chains are longer than the segment or too much survives. */
  #walk({ query, survivors }: SegmentSearch): boolean {
    const { chunks, plan } = query;
    const links = this.#links;
    let budget = this.#count;
    let probe = 0;
    for (let chunk = 0; chunk < CHUNKS; chunk++) {
      const next = chunkAt(chunks, (chunk + 1) & (CHUNKS - 1));
      const pairLimit = byteAt(plan.pairLimits, chunk);
      const flips = chunkAt(plan.flipCounts, chunk);
      for (let flip = 0; flip < flips; flip++) {
        const limit = pairLimit - byteAt(FLIP_WEIGHTS, flip);
        let row = chunkAt(FIRSTS, probe++);
        while (row !== 0) {
          if (--budget < 0) return false;
          const link = wordAt(links, row * CHUNKS + chunk);
          if (byteAt(POPCOUNT_16, (link & 0xffff) ^ next) <= limit && !survivors.add(row - 1)) return false;
          row = link >>> 16;
        }
      }
    }
    return true;
  }

  #linkRow(row: number, heads: Uint16Array): void {
    const at = row * CHUNKS;
    for (let chunk = 0; chunk < CHUNKS; chunk++) {
      const bucket = chunk * CHUNK_VALUES + chunkAt(this.#chunks, at + chunk);
      const signature = chunkAt(this.#chunks, at + ((chunk + 1) & (CHUNKS - 1)));
      this.#links[at + CHUNKS + chunk] = (chunkAt(heads, bucket) << 16) | signature;
      heads[bucket] = row + 1;
    }
  }

  #growRows(capacity: number): void {
    this.#rows = growWords(this.#rows, capacity * ROW_WORDS, this.#allocate);
    this.#chunks = new Uint16Array(this.#rows.buffer);
  }

  /** As many links as the rows have room for, 16 words a row; place 0 belongs to no row. */
  #growLinks(): void {
    const length = (this.#rows.length / ROW_WORDS + 1) * CHUNKS;
    if (this.#links.length < length) this.#links = growWords(this.#links, length, this.#allocate);
  }
}
