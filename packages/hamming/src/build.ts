import type { Allocate } from './allocation.ts';
import { CHUNK_VALUES, chunkAt, CHUNKS, ROW_WORDS, wordAt } from './bits.ts';
import { GrowingSegment } from './growing-segment.ts';
import { BOUNDS_PER_CHUNK, type RingArrays, RingSegment } from './ring-segment.ts';
import type { Limits, RowSource, Segment } from './segment.ts';
import { splitRange, type Steps } from './slices.ts';

export interface BuildJob {
  readonly base: number;
  readonly limits: Limits;
  readonly allocate: Allocate;
  /** Rows to permute between two steps; copies, counts and list entries are cheaper and count for less. */
  readonly sliceRows: number;
}

/** A list entry is counted and placed about this many times as fast as a row is permuted (250 ns; measured). */
const COUNTS_PER_SLICE = 16;
const ENTRIES_PER_SLICE = 8;

/** Segments for all rows of the source, none larger than its limit. */
export function* buildSegments(source: RowSource, job: BuildJob): Steps<Segment[]> {
  const segments: Segment[] = [];
  for (let from = 0; from < source.count;) {
    const count = Math.min(job.limits.ringRows, source.count - from);
    const part: RowSource = { count, copy: shiftCopy(source, from) };
    const here = { ...job, base: job.base + from };
    segments.push(count <= job.limits.growingRows ? yield* buildGrowing(part, here) : yield* buildRing(part, here));
    from += count;
  }
  return segments;
}

function shiftCopy(source: RowSource, by: number): RowSource['copy'] {
  return (target, range) => source.copy(target, { from: range.from + by, to: range.to + by });
}

function* buildGrowing(source: RowSource, job: BuildJob): Steps<GrowingSegment> {
  const { base, allocate, limits } = job;
  const segment = new GrowingSegment({ base, allocate, linearRows: limits.linearRows, capacity: source.count });
  segment.reserve(source.count);
  for (const range of splitRange(source.count, job.sliceRows)) {
    segment.append(range.to - range.from, (target) => source.copy(target, range));
    yield;
  }
  while (!segment.link(job.sliceRows)) yield;
  return segment;
}

function* buildRing(source: RowSource, job: BuildJob): Steps<RingSegment> {
  const { count } = source;
  const { allocate, sliceRows } = job;
  const arrays: RingArrays = {
    rows: new Uint32Array(allocate(count * ROW_WORDS * 4)),
    bounds: new Uint32Array(allocate(CHUNKS * BOUNDS_PER_CHUNK * 4)),
    signatures: new Uint16Array(allocate(count * CHUNKS * 2)),
    ids: new Uint32Array(allocate(count * CHUNKS * 4)),
  };
  for (const range of splitRange(count, sliceRows)) {
    source.copy(arrays.rows.subarray(range.from * ROW_WORDS, range.to * ROW_WORDS), range);
    yield;
  }
  for (let chunk = 0; chunk < CHUNKS; chunk++) {
    for (const range of splitRange(count, sliceRows * COUNTS_PER_SLICE)) {
      countKeys(arrays, chunk, range);
      yield;
    }
    turnCountsIntoStarts(arrays.bounds, chunk);
    for (const range of splitRange(count, sliceRows * ENTRIES_PER_SLICE)) {
      placeEntries(arrays, chunk, range);
      yield;
    }
  }
  return new RingSegment(job.base, arrays);
}

type Range = { readonly from: number; readonly to: number };

/** Counts the rows of each bucket of one chunk. The count of bucket k is kept at k + 1. */
function countKeys({ rows, bounds }: RingArrays, chunk: number, range: Range): void {
  const chunks = new Uint16Array(rows.buffer);
  for (let row = range.from; row < range.to; row++) {
    const at = chunk * BOUNDS_PER_CHUNK + chunkAt(chunks, row * CHUNKS + chunk) + 1;
    bounds[at] = wordAt(bounds, at) + 1;
  }
}

/** Replaces the count of bucket k, at k + 1, by the bucket's start; `placeEntries` moves it on to the bucket's end. */
function turnCountsIntoStarts(bounds: Uint32Array, chunk: number): void {
  let start = 0;
  for (let key = 1; key <= CHUNK_VALUES; key++) {
    const at = chunk * BOUNDS_PER_CHUNK + key;
    const count = wordAt(bounds, at);
    bounds[at] = start;
    start += count;
  }
}

/** Writes the list entries of these rows for one chunk. Afterwards the bound at k + 1 is the end of bucket k, the start of k + 1. */
function placeEntries(arrays: RingArrays, chunk: number, range: Range): void {
  const { bounds, signatures, ids } = arrays;
  const chunks = new Uint16Array(arrays.rows.buffer);
  const first = chunk * (arrays.rows.length / ROW_WORDS);
  const next = (chunk + 1) & (CHUNKS - 1);
  for (let row = range.from; row < range.to; row++) {
    const bound = chunk * BOUNDS_PER_CHUNK + chunkAt(chunks, row * CHUNKS + chunk) + 1;
    const at = wordAt(bounds, bound);
    bounds[bound] = at + 1;
    signatures[first + at] = chunkAt(chunks, row * CHUNKS + next);
    ids[first + at] = row;
  }
}
