import { HASH_BYTES } from './bits.ts';
import type { KernelName } from './kernel.ts';
import type { AllocateMemory, SegmentMemory } from './memory.ts';
import type { Query, Sink } from './query.ts';
import type { SegmentSlot } from './segment-memory.ts';

/** Sizes at which one way of searching gives way to the next. Only tests set others than the defaults. */
export interface Limits {
  /** A growing segment up to this size has no chains. */
  readonly linearRows: number;
  /** Largest growing segment, at most 65,535: chain links have 16 bits. */
  readonly growingRows: number;
  /** Largest ring segment: with labels, lists and the scratch memory of a dozen threads it fits the 4 GiB of a WebAssembly memory. */
  readonly ringRows: number;
  /** Looking up a chain costs about as much as comparing this many rows in order; a segment with fewer is scanned. */
  readonly rowsPerChain: number;
  /** The same for a bucket of a ring segment. */
  readonly rowsPerBucket: number;
}

/** The measurements behind these numbers are in README.md, "Where the lines are drawn". */
export const DEFAULT_LIMITS: Limits = { linearRows: 1024, growingRows: 65_535, ringRows: 30 * 2 ** 20, rowsPerChain: 4, rowsPerBucket: 16 };

/** What every segment of an index has in common. */
export interface SegmentSettings {
  readonly limits: Limits;
  readonly hasLabels: boolean;
  readonly kernel: KernelName | 'auto';
  readonly allocate: AllocateMemory;
  /** A number that no other segment of the index has or had. */
  readonly nextId: () => number;
}

export interface SegmentParts {
  readonly id: number;
  readonly base: number;
  readonly slot: SegmentSlot;
  readonly limits: Limits;
}

/** What another thread needs to search a segment: structured-cloneable, and the memory is not copied. */
export interface SharedSegment {
  /** Of this segment alone within its index. */
  readonly id: number;
  readonly kind: 'ring' | 'growing';
  readonly base: number;
  readonly capacity: number;
  readonly memory: SegmentMemory;
}

/** A run of consecutive indexes `base` to `base + count - 1` with whatever finds them fast. */
export interface Segment {
  readonly id: number;
  readonly base: number;
  readonly count: number;
  /** Permuted hashes, eight words each. */
  readonly rows: Uint32Array;
  readonly labels: Uint16Array | undefined;
  readonly bytesUsed: number;
  readonly kernelName: KernelName;
  /** Emits every row within the radius exactly once, in any order. */
  search(query: Query, sink: Sink): void;
  share(): SharedSegment;
}

export interface Range {
  readonly from: number;
  /** Exclusive. */
  readonly to: number;
}

/** Where a new segment's rows come from: hashes as they were given, or the rows of older segments. */
export interface RowSource {
  readonly count: number;
  readonly isPermuted: boolean;
  /** Writes the rows of the range at the start of `target`, 32 bytes each. */
  copyRows(target: Uint8Array, range: Range): void;
  copyLabels(target: Uint16Array, range: Range): void;
}

export function createHashSource(hashes: Uint8Array, labels?: Uint16Array): RowSource {
  return {
    count: hashes.length / HASH_BYTES,
    isPermuted: false,
    copyRows: (target, { from, to }) => target.set(hashes.subarray(from * HASH_BYTES, to * HASH_BYTES)),
    copyLabels: (target, { from, to }) => {
      if (labels !== undefined) target.set(labels.subarray(from, to));
    },
  };
}

/** The rows of neighbouring segments, in order, as one source. */
export function createSegmentSource(segments: readonly Segment[]): RowSource {
  const base = segments[0]?.base ?? 0;
  const eachPart = (range: Range, copy: (segment: Segment, part: Range, at: number) => void): void => {
    for (const segment of segments) {
      const start = segment.base - base;
      const from = Math.max(range.from, start);
      const to = Math.min(range.to, start + segment.count);
      if (from < to) copy(segment, { from: from - start, to: to - start }, from - range.from);
    }
  };
  return {
    count: segments.reduce((sum, segment) => sum + segment.count, 0),
    isPermuted: true,
    copyRows: (target, range) =>
      eachPart(range, ({ rows }, { from, to }, at) => {
        target.set(new Uint8Array(rows.buffer, rows.byteOffset + from * HASH_BYTES, (to - from) * HASH_BYTES), at * HASH_BYTES);
      }),
    copyLabels: (target, range) =>
      eachPart(range, ({ labels }, { from, to }, at) => {
        if (labels !== undefined) target.set(labels.subarray(from, to), at);
      }),
  };
}

/** Rows `from` to `to` of a source as a source. */
export function slicePart(source: RowSource, { from, to }: Range): RowSource {
  const shift = (range: Range): Range => ({ from: range.from + from, to: range.to + from });
  return {
    count: to - from,
    isPermuted: source.isPermuted,
    copyRows: (target, range) => source.copyRows(target, shift(range)),
    copyLabels: (target, range) => source.copyLabels(target, shift(range)),
  };
}
