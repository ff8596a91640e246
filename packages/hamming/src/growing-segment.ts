import { CHUNK_VALUES, CHUNKS, HASH_BYTES } from './bits.ts';
import type { KernelName } from './kernel.ts';
import { bytesForSlot, countSlots, HEADER_BYTES, layOut } from './layout.ts';
import { tryAllocate } from './memory.ts';
import type { Query, Sink } from './query.ts';
import { copyRange, writeHeader } from './ring-segment.ts';
import type { Limits, Range, RowSource, Segment, SegmentParts, SegmentSettings, SharedSegment } from './segment.ts';
import { SegmentSlot } from './segment-memory.ts';

/**
 * The segment that takes additions. Up to `linearRows` it is a plain table of rows. Beyond that every chunk has a hash table with
 * chaining: heads hold the newest row (plus 1) of each of the 16 x 65,536 buckets; the link of a row in chunk c is one word,
 * the next row (plus 1) above and the signature, the row's chunk c + 1, below. So an addition is 16 small writes, never a rebuild.
 * All of its memory is reserved at the start; the system gives pages when they are first written.
 *
 * One thread adds; others may search meanwhile. A row is complete before `count` tells of it.
 */
export class GrowingSegment implements Segment {
  readonly id: number;
  readonly base: number;
  readonly #slot: SegmentSlot;
  readonly #limits: Limits;

  constructor({ id, base, slot, limits }: SegmentParts) {
    this.id = id;
    this.base = base;
    this.#slot = slot;
    this.#limits = limits;
  }

  get count(): number {
    return this.#slot.count;
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

  /** What is written so far; the rest is only reserved. */
  get bytesUsed(): number {
    const { hasLabels, scratchBytes } = this.#slot.layout;
    const rows = HEADER_BYTES + this.count * (HASH_BYTES + (hasLabels ? 2 : 0)) + scratchBytes;
    return this.#slot.linked === 0 ? rows : rows + CHUNKS * CHUNK_VALUES * 2 + this.count * CHUNKS * 4;
  }

  /** Adds rows `from` to `to` of a source. `link` must follow, at once or in steps. */
  append(source: RowSource, { from, to }: Range): void {
    const at = this.count;
    copyRange(source, this.#slot, { from, to, at });
    this.#publish(at + to - from);
  }

  /** Puts at most `most` of the rows that are not yet in the chains into them; true when none is left. */
  link(most: number = this.#slot.layout.capacity): boolean {
    const { count, linked } = this.#slot;
    if (count <= this.#limits.linearRows) return true;
    const to = Math.min(count, linked + most);
    this.#slot.kernel.linkRows(linked, to);
    this.#slot.linked = to;
    return to === count;
  }

  search(query: Query, sink: Sink): void {
    const slot = this.#slot;
    const { count } = slot;
    slot.prepare(query);
    // A thread that adds raises `count` first and `linked` soon after: until then a scan finds the new rows.
    if (slot.linked >= count && query.plan.probes * this.#limits.rowsPerChain <= count) {
      const found = slot.kernel.searchChains(slot.s);
      if (found >= 0) return slot.emit(found, sink);
    }
    slot.scan(count, sink);
  }

  share(): SharedSegment {
    return { id: this.id, kind: 'growing', base: this.base, capacity: this.#slot.layout.capacity, memory: this.#slot.memory };
  }

  #publish(count: number): void {
    this.#slot.count = count;
  }
}

/** @throws HammingError `allocation_failed` */
export function openGrowing(base: number, settings: SegmentSettings): GrowingSegment {
  const layout = layOut('growing', settings.limits.growingRows, settings.hasLabels);
  const memory = tryAllocate(settings.allocate, bytesForSlot(layout, 0), bytesForSlot(layout, countSlots(layout) - 1));
  const slot = new SegmentSlot({ layout, memory, slot: 0, kernel: settings.kernel });
  writeHeader(slot.header, layout);
  return new GrowingSegment({ id: settings.nextId(), base, slot, limits: settings.limits });
}
