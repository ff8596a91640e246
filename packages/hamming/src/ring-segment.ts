import { byteAt, chunkAt, CHUNKS, POPCOUNT_16, ROW_WORDS, wordAt } from './bits.ts';
import { FLIP_WEIGHTS, FLIPS, MOST_PROBES } from './plan.ts';
import { scanRows } from './scan.ts';
import type { Segment, SegmentSearch } from './segment.ts';

/** Bounds of one chunk's buckets: 65,536 starts and the end of the last. */
export const BOUNDS_PER_CHUNK = 65_537;
/** Signatures in one 64-byte line. */
const LINE_SIGNATURES = 32;

/** The arrays of a ring segment: what a snapshot holds and what other threads share. Chunk-major: chunk c begins at c * count. */
export interface RingArrays {
  readonly rows: Uint32Array;
  /** Of chunk c, bucket k: entries bounds[c * 65537 + k] to bounds[c * 65537 + k + 1] (exclusive). */
  readonly bounds: Uint32Array;
  /** Of each entry: the chunk after its own. */
  readonly signatures: Uint16Array;
  /** Of each entry: its row. */
  readonly ids: Uint32Array;
}

/** Entry ranges of the buckets that the current query looks up. Shared by all searches of this thread, which never overlap. */
const STARTS = new Uint32Array(MOST_PROBES);
const ENDS = new Uint32Array(MOST_PROBES);

/** An immutable segment in bucket order: see README.md, "The ring". */
export class RingSegment implements Segment {
  readonly base: number;
  readonly count: number;
  readonly rows: Uint32Array;
  readonly #bounds: Uint32Array;
  readonly #signatures: Uint16Array;
  readonly #ids: Uint32Array;

  constructor(base: number, arrays: RingArrays) {
    this.base = base;
    this.count = arrays.rows.length / ROW_WORDS;
    this.rows = arrays.rows;
    this.#bounds = arrays.bounds;
    this.#signatures = arrays.signatures;
    this.#ids = arrays.ids;
  }

  get bytesUsed(): number {
    return this.rows.byteLength + this.#bounds.byteLength + this.#signatures.byteLength + this.#ids.byteLength;
  }

  search(search: SegmentSearch): void {
    const { query, survivors, sink, limits } = search;
    // A bucket entry costs a third of a row, so that more entries than rows mean little to gain and a bounded loss.
    if (query.plan.probes * limits.rowsPerBucket > this.count || this.#locate(search) > this.count) {
      scanRows(this.rows, this.count, search);
      return;
    }
    this.#touch(query.plan.probes);
    survivors.begin(this.count);
    if (this.#filter(search)) scanRows(this.rows, survivors.count, { query, sink, listed: survivors.rows });
    else scanRows(this.rows, this.count, search);
  }

  /** Notes the bounds of every probed bucket; returns the number of entries in all of them. */
  #locate({ query }: SegmentSearch): number {
    const bounds = this.#bounds;
    let probe = 0;
    let entries = 0;
    for (let chunk = 0; chunk < CHUNKS; chunk++) {
      const key = chunkAt(query.chunks, chunk);
      const flips = chunkAt(query.plan.flipCounts, chunk);
      const first = chunk * this.count;
      for (let flip = 0; flip < flips; flip++) {
        const at = chunk * BOUNDS_PER_CHUNK + (key ^ chunkAt(FLIPS, flip));
        const start = wordAt(bounds, at);
        const end = wordAt(bounds, at + 1);
        STARTS[probe] = first + start;
        ENDS[probe] = first + end;
        entries += end - start;
        probe++;
      }
    }
    return entries;
  }

  /**
   * Reads one word of every line of every bucket. Without branches on the data the processor has many of these reads under way at
   * once; the filter's own reads would wait for one another. The sum only keeps the reads from being optimised away.
   */
  #touch(probes: number): number {
    const signatures = this.#signatures;
    let sum = 0;
    for (let probe = 0; probe < probes; probe++) {
      const end = wordAt(ENDS, probe);
      for (let at = wordAt(STARTS, probe); at < end; at += LINE_SIGNATURES) sum = (sum + chunkAt(signatures, at)) | 0;
    }
    return sum;
  }

  /** Keeps the entries that fulfil the pigeonring condition; false when too much survives. */
  #filter({ query, survivors }: SegmentSearch): boolean {
    const { chunks, plan } = query;
    const signatures = this.#signatures;
    const ids = this.#ids;
    let probe = 0;
    for (let chunk = 0; chunk < CHUNKS; chunk++) {
      const next = chunkAt(chunks, (chunk + 1) & (CHUNKS - 1));
      const pairLimit = byteAt(plan.pairLimits, chunk);
      const flips = chunkAt(plan.flipCounts, chunk);
      for (let flip = 0; flip < flips; flip++, probe++) {
        const limit = pairLimit - byteAt(FLIP_WEIGHTS, flip);
        const end = wordAt(ENDS, probe);
        for (let at = wordAt(STARTS, probe); at < end; at++) {
          if (byteAt(POPCOUNT_16, chunkAt(signatures, at) ^ next) <= limit && !survivors.add(wordAt(ids, at))) return false;
        }
      }
    }
    return true;
  }
}
