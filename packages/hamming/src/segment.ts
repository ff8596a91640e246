import { ROW_WORDS } from './bits.ts';
import { permuteHashes } from './permutation.ts';
import type { Query, Sink } from './query.ts';
import type { Survivors } from './survivors.ts';

/** Sizes at which one way of searching gives way to the next. Only tests set others than the defaults. */
export interface Limits {
  /** A growing segment up to this size has no chains. */
  readonly linearRows: number;
  /** Largest growing segment, at most 65,535: chain links have 16 bits. */
  readonly growingRows: number;
  /** Largest ring segment. 2^25 rows are 4 GiB with their lists: what one WebAssembly memory will hold. */
  readonly ringRows: number;
  /** Looking up a chain costs about as much as comparing this many rows in order; a segment with fewer is scanned. */
  readonly rowsPerChain: number;
  /** The same for a bucket of a ring segment. */
  readonly rowsPerBucket: number;
}

/** The measurements behind these numbers are in README.md, "Where the lines are drawn". */
export const DEFAULT_LIMITS: Limits = { linearRows: 2048, growingRows: 65_535, ringRows: 2 ** 25, rowsPerChain: 4, rowsPerBucket: 8 };

export interface SegmentSearch {
  readonly limits: Limits;
  readonly query: Query;
  readonly survivors: Survivors;
  readonly sink: Sink;
}

/** A run of consecutive indexes `base` to `base + count - 1` with whatever finds them fast. */
export interface Segment {
  readonly base: number;
  readonly count: number;
  readonly rows: Uint32Array;
  readonly bytesUsed: number;
  /** Emits every row within the radius exactly once, in any order. */
  search(search: SegmentSearch): void;
}

/** Where a new segment's rows come from: bytes to permute, or the rows of older segments. */
export interface RowSource {
  readonly count: number;
  /** Writes rows `from` to `to` (exclusive) at the start of `target`. */
  copy(target: Uint32Array, range: { readonly from: number; readonly to: number }): void;
}

export function createHashSource(hashes: Uint8Array, count: number): RowSource {
  return { count, copy: (target, range) => permuteHashes(hashes, target, range) };
}

/** The rows of neighbouring segments, in order, as one source. */
export function createSegmentSource(segments: readonly Segment[]): RowSource {
  const base = segments[0]?.base ?? 0;
  return {
    count: segments.reduce((sum, segment) => sum + segment.count, 0),
    copy: (target, range) => {
      for (const segment of segments) {
        const start = segment.base - base;
        const from = Math.max(range.from, start);
        const to = Math.min(range.to, start + segment.count);
        if (from < to) target.set(segment.rows.subarray((from - start) * ROW_WORDS, (to - start) * ROW_WORDS), (from - range.from) * ROW_WORDS);
      }
    },
  };
}
