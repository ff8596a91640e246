import { GrowingSegment } from './growing-segment.ts';
import { HammingError } from './errors.ts';
import type { KernelName } from './kernel.ts';
import { layOut } from './layout.ts';
import { RingSegment } from './ring-segment.ts';
import type { Limits, Segment, SharedSegment } from './segment.ts';
import { SegmentSlot } from './segment-memory.ts';
import { type HammingSearch, Searcher } from './searcher.ts';
import { Tombstones } from './tombstones.ts';

/** An index for other threads: structured-cloneable, without a copy of what it holds. Made by `share`. */
export interface SharedHammingIndex {
  readonly layout: number;
  readonly slots: number;
  readonly merged: number;
  readonly hasLabels: boolean;
  readonly limits: Limits;
  readonly removed: Uint32Array;
  readonly segments: readonly SharedSegment[];
}

/** A thread's view of an index that another thread owns. Additions and removals of the owner are seen by the next search. */
export interface HammingReader extends HammingSearch {
  /** The `layout` of the index that this reader knows. When the owner's is higher, `refresh` is due. */
  readonly layout: number;
  readonly kernel: KernelName;
  /** Takes over what the owner shares now. Segments that are known already are not opened again. */
  refresh(shared: SharedHammingIndex): void;
}

export interface ReaderOptions {
  /**
   * Which scratch memory is this thread's: 1, 2, … The owner has 0. Two threads with the same slot would disturb each other's
   * searches; a thread that takes the place of one that ended may have its slot.
   */
  readonly slot: number;
  readonly kernel?: KernelName | 'auto' | undefined;
}

/** @throws HammingError `bad_option`, `allocation_failed` */
export function openSharedIndex(shared: SharedHammingIndex, options: ReaderOptions): HammingReader {
  if (!Number.isSafeInteger(options.slot) || options.slot < 1) throw new HammingError('bad_option', '`slot` must be a whole number of at least 1.');
  return new Reader(shared, options);
}

class Reader implements HammingReader {
  readonly #options: ReaderOptions;
  readonly #searcher: Searcher;
  #shared: SharedHammingIndex;
  #segments: readonly Segment[];
  #removed: Tombstones;

  constructor(shared: SharedHammingIndex, options: ReaderOptions) {
    this.#options = options;
    this.#shared = shared;
    this.#segments = this.#open(shared, []);
    this.#removed = new Tombstones(shared.removed);
    this.#searcher = new Searcher(() => ({ segments: this.#segments, removed: this.#removed }));
  }

  get layout(): number {
    return this.#shared.layout;
  }

  get kernel(): KernelName {
    return this.#segments[0]?.kernelName ?? 'typescript';
  }

  refresh(shared: SharedHammingIndex): void {
    this.#segments = this.#open(shared, this.#segments);
    this.#removed = new Tombstones(shared.removed);
    this.#shared = shared;
  }

  search: HammingSearch['search'] = (query, within) => this.#searcher.search(query, within);
  searchAny: HammingSearch['searchAny'] = (queries, within) => this.#searcher.searchAny(queries, within);
  searchEach: HammingSearch['searchEach'] = (queries, within) => this.#searcher.searchEach(queries, within);
  find: HammingSearch['find'] = (queries, within) => this.#searcher.find(queries, within);

  #open(shared: SharedHammingIndex, known: readonly Segment[]): Segment[] {
    const { slot, kernel = 'auto' } = this.#options;
    return shared.segments.map((segment) => {
      const same = known.find(({ id }) => id === segment.id);
      return same ?? openSegment(segment, { slot, kernel, hasLabels: shared.hasLabels, limits: shared.limits });
    });
  }
}

export interface OpenOptions {
  readonly slot: number;
  readonly kernel: KernelName | 'auto';
  readonly hasLabels: boolean;
  readonly limits: Limits;
}

export function openSegment({ id, kind, base, capacity, memory }: SharedSegment, { slot, kernel, hasLabels, limits }: OpenOptions): Segment {
  const view = new SegmentSlot({ layout: layOut(kind, capacity, hasLabels), memory, slot, kernel });
  return kind === 'ring' ? new RingSegment({ id, base, slot: view, limits }) : new GrowingSegment({ id, base, slot: view, limits });
}
