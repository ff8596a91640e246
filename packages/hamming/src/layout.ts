import { CHUNK_VALUES, CHUNKS, HASH_BYTES } from './bits.ts';

/*
 * Where everything is in the memory of a segment. Offsets and sizes are in bytes, numbers are little-endian. assembly/kernel.ts has
 * the same numbers; src/layout.test.ts compares them by their effects, kernel against kernel.
 *
 *   header (4096) | image: rows, labels, lists | scratch of slot 0 | scratch of slot 1 | …
 */

/** Fields of the header, u32 each. */
export const HEADER = {
  /** Rows that searches see. Written last, with an atomic store. */
  count: 16,
  /** Growing segments: rows that are in the chains. */
  linked: 20,
  rowsAt: 24,
  /** 0 when the segment has no labels; then every row has label 0. */
  labelsAt: 28,
  /** Ring: bounds of the buckets. Growing: heads of the chains. */
  tableAt: 36,
  /** Ring: signatures. Growing: links. */
  entriesAt: 40,
  /** Ring: row numbers. */
  idsAt: 44,
} as const;

export const HEADER_BYTES = 4096;
export const PAGE_BYTES = 65_536;
/** What one WebAssembly memory can address. */
const MOST_MEMORY_BYTES = 4_294_967_296;

/** Bounds of one chunk's buckets: 65,536 starts and the end of the last. */
export const BOUNDS_PER_CHUNK: number = CHUNK_VALUES + 1;
/** Positions that are turned into rows at once. */
const POSITIONS = 16_384;
/** Fewer survivors than this are always compared one by one, and a scan goes in blocks of at least as many rows. */
const LEAST_SURVIVORS = 4096;
/** More survivors than one row in sixteen: reading all rows in order is cheaper than reading these at random. */
const SURVIVORS_SHIFT = 4;

/** Of the scratch memory of one slot, from its start. */
export const SCRATCH = {
  query: 0,
  flipCounts: 32,
  pairLimits: 64,
  radius: 80,
  /** Labels that the filter knows; 0 when there is no filter. */
  labelCount: 84,
  /** Rows that `survivors` may hold. */
  survivorsMax: 88,
  visitedAt: 92,
  survivorsAt: 96,
  distancesAt: 100,
  /** Sum of what was only touched. */
  touched: 104,
  checksum: 128,
  /** 65,536 bytes: by label, its radius plus 1. */
  labels: 192,
  /** The 697 flips, u16. */
  flips: 65_728,
  flipWeights: 67_136,
  /** Start and end of each of at most 11,152 buckets, two u32; then a mark. */
  probes: 67_840,
  /** Entries that pass the filter, before they are turned into rows. */
  positions: 157_064,
  rest: 222_632,
} as const;

export interface SegmentLayout {
  readonly kind: 'ring' | 'growing';
  /** Rows that fit. */
  readonly capacity: number;
  readonly hasLabels: boolean;
  readonly rowsAt: number;
  readonly labelsAt: number;
  readonly tableAt: number;
  readonly entriesAt: number;
  readonly idsAt: number;
  /** End of the image, where the scratch of slot 0 begins. */
  readonly imageBytes: number;
  readonly scratchBytes: number;
  readonly survivorsMax: number;
  /** One bit for each row, and the lists of survivors and their distances: from the start of the scratch memory. */
  readonly visitedAt: number;
  readonly survivorsAt: number;
  readonly distancesAt: number;
}

const alignUp = (bytes: number, to: number): number => Math.ceil(bytes / to) * to;

/** Entries of the lists are read eight at a time, so that the last read may pass the end. */
const OVERREAD = 64;

export function layOut(kind: SegmentLayout['kind'], capacity: number, hasLabels: boolean): SegmentLayout {
  const rowsAt = HEADER_BYTES;
  const labelsAt = rowsAt + capacity * HASH_BYTES;
  const tableAt = alignUp(labelsAt + (hasLabels ? capacity * 2 : 0), 64);
  const entriesAt = alignUp(tableAt + (kind === 'ring' ? CHUNKS * BOUNDS_PER_CHUNK * 4 : CHUNKS * CHUNK_VALUES * 2), 64);
  const idsAt = alignUp(entriesAt + (kind === 'ring' ? capacity * CHUNKS * 2 : (capacity + 1) * CHUNKS * 4), 64);
  const end = idsAt + (kind === 'ring' ? capacity * CHUNKS * 4 : 0);
  const survivorsMax = Math.max(LEAST_SURVIVORS, capacity >>> SURVIVORS_SHIFT);
  // The last resolved positions may exceed the most before it is seen.
  const listed = survivorsMax + POSITIONS;
  const survivorsAt = SCRATCH.rest + alignUp(capacity, 256) / 8;
  const distancesAt = survivorsAt + listed * 4;
  return {
    kind,
    capacity,
    hasLabels,
    rowsAt,
    labelsAt: hasLabels ? labelsAt : 0,
    tableAt,
    entriesAt,
    idsAt,
    imageBytes: alignUp(end + OVERREAD, 64),
    scratchBytes: alignUp(distancesAt + listed, 4096),
    survivorsMax,
    visitedAt: SCRATCH.rest,
    survivorsAt,
    distancesAt,
  };
}

/** Threads that can search one segment at the same time. */
const MOST_SLOTS = 64;

export function countSlots({ imageBytes, scratchBytes }: SegmentLayout): number {
  return Math.min(MOST_SLOTS, Math.floor((MOST_MEMORY_BYTES - imageBytes) / scratchBytes));
}

/** Memory up to the end of that slot's scratch. */
export function bytesForSlot({ imageBytes, scratchBytes }: SegmentLayout, slot: number): number {
  return alignUp(imageBytes + (slot + 1) * scratchBytes, PAGE_BYTES);
}
