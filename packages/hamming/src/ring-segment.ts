import { CHUNKS, HASH_BYTES } from './bits.ts';
import type { KernelName } from './kernel.ts';
import { bytesForSlot, countSlots, HEADER, layOut, type SegmentLayout } from './layout.ts';
import { tryAllocate } from './memory.ts';
import type { Query, Sink } from './query.ts';
import type { Limits, RowSource, Segment, SegmentParts, SegmentSettings, SharedSegment } from './segment.ts';
import { SegmentSlot } from './segment-memory.ts';
import { splitRange, type Steps } from './slices.ts';

/** A list entry is counted and placed about this many times as fast as a row is copied and permuted. */
const ENTRIES_PER_SLICE = 2;

export interface RingOptions {
  readonly settings: SegmentSettings;
  readonly base: number;
  readonly count: number;
}

/** An immutable segment in bucket order: see README.md, "The ring". */
export class RingSegment implements Segment {
  readonly id: number;
  readonly base: number;
  readonly count: number;
  readonly #slot: SegmentSlot;
  readonly #limits: Limits;

  constructor({ id, base, slot, limits }: SegmentParts) {
    this.id = id;
    this.base = base;
    this.count = slot.layout.capacity;
    this.#slot = slot;
    this.#limits = limits;
  }

  get rows(): Uint32Array {
    return this.#slot.rows;
  }

  get labels(): Uint16Array | undefined {
    return this.#slot.labels;
  }

  get kernelName(): KernelName {
    return this.#slot.kernelName;
  }

  get bytesUsed(): number {
    const { imageBytes, scratchBytes } = this.#slot.layout;
    return imageBytes + scratchBytes;
  }

  search(query: Query, sink: Sink): void {
    this.#slot.prepare(query);
    if (query.plan.probes * this.#limits.rowsPerBucket <= this.count) {
      const found = this.#slot.kernel.searchRing(this.#slot.s);
      if (found >= 0) return this.#slot.emit(found, sink);
    }
    this.#slot.scan(this.count, sink);
  }

  share(): SharedSegment {
    return { id: this.id, kind: 'ring', base: this.base, capacity: this.count, memory: this.#slot.memory };
  }

  /** What a snapshot holds, and the checksums of it. */
  get slot(): SegmentSlot {
    return this.#slot;
  }
}

/** Memory for a ring of `count` rows, still empty, with its header. @throws HammingError `allocation_failed` */
export function allocateRing({ settings, count }: RingOptions): SegmentSlot {
  const layout = layOut('ring', count, settings.hasLabels);
  const memory = tryAllocate(settings.allocate, bytesForSlot(layout, 0), bytesForSlot(layout, countSlots(layout) - 1));
  const slot = new SegmentSlot({ layout, memory, slot: 0, kernel: settings.kernel });
  writeHeader(slot.header, layout);
  slot.count = count;
  return slot;
}

export function writeHeader(header: Uint32Array, layout: SegmentLayout): void {
  header[HEADER.rowsAt / 4] = layout.rowsAt;
  header[HEADER.labelsAt / 4] = layout.labelsAt;
  header[HEADER.tableAt / 4] = layout.tableAt;
  header[HEADER.entriesAt / 4] = layout.entriesAt;
  header[HEADER.idsAt / 4] = layout.idsAt;
}

/** Builds a ring over all rows of the source. */
export function* buildRing(source: RowSource, options: RingOptions, sliceRows: number): Steps<RingSegment> {
  const { settings } = options;
  const slot = allocateRing(options);
  const { kernel } = slot;
  for (const range of splitRange(source.count, sliceRows)) {
    copyRange(source, slot, { ...range, at: range.from });
    yield;
  }
  for (let chunk = 0; chunk < CHUNKS; chunk++) {
    for (const { from, to } of splitRange(source.count, sliceRows * ENTRIES_PER_SLICE)) {
      kernel.countKeys(chunk, from, to);
      yield;
    }
    kernel.startBuckets(chunk);
    for (const { from, to } of splitRange(source.count, sliceRows * ENTRIES_PER_SLICE)) {
      kernel.placeEntries(chunk, from, to);
      yield;
    }
  }
  return new RingSegment({ id: settings.nextId(), base: options.base, slot, limits: settings.limits });
}

export interface CopyRange {
  readonly from: number;
  readonly to: number;
  /** The first row that is written. */
  readonly at: number;
}

/** Copies rows `from` to `to` of the source, in their final form, to rows `at` and following of a segment. */
export function copyRange(source: RowSource, slot: SegmentSlot, { from, to, at }: CopyRange): void {
  const start = slot.layout.rowsAt + at * HASH_BYTES;
  source.copyRows(slot.bytes.subarray(start, start + (to - from) * HASH_BYTES), { from, to });
  if (!source.isPermuted) slot.kernel.permuteRows(at, at + to - from);
  if (slot.labels !== undefined) source.copyLabels(slot.labels.subarray(at, at + to - from), { from, to });
}
