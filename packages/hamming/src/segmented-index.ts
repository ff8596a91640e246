import { assertHash, ROW_WORDS } from './bits.ts';
import { buildSegments } from './build.ts';
import { MOST_INDEXES } from './collector.ts';
import { HammingError } from './errors.ts';
import { GrowingSegment, openGrowing } from './growing-segment.ts';
import type { BuildOptions, HammingIndex, HammingIndexOptions } from './hamming-index.ts';
import type { KernelName } from './kernel.ts';
import { assertLabel } from './labels.ts';
import { type AllocateMemory, allocateMemory } from './memory.ts';
import type { MergedSegments, MergeWork } from './merge.ts';
import { restoreHash } from './permutation.ts';
import { type HammingSearch, Searcher } from './searcher.ts';
import { createHashSource, createSegmentSource, type Limits, type RowSource, type Segment, type SegmentSettings } from './segment.ts';
import { openSegment, type SharedHammingIndex } from './shared.ts';
import { runAtOnce, runInSlices, type Steps } from './slices.ts';
import { Tombstones } from './tombstones.ts';

export const DEFAULT_YIELD_EVERY = 8192;

export interface LimitedOptions extends HammingIndexOptions {
  readonly limits: Limits;
  readonly hasLabels?: boolean;
  readonly allocate?: AllocateMemory;
}

/** The index as a row of segments: see README.md, "Segments". */
export class SegmentedIndex implements HammingIndex {
  readonly #settings: SegmentSettings;
  readonly #searcher: Searcher;
  #removed = new Tombstones();
  /** By base, without gaps; the full ring segments first, then at most one smaller merged one, then grown ones. */
  #segments: Segment[] = [];
  /** The last segment, while it takes additions. */
  #open: GrowingSegment | undefined;
  #slots = 0;
  #merged = 0;
  #merging = false;
  #layout = 0;
  #lastId = 0;

  constructor({ limits, labels, kernel = 'auto', hasLabels = labels !== undefined, allocate = allocateMemory }: LimitedOptions) {
    this.#settings = { limits, hasLabels, kernel, allocate, nextId: () => ++this.#lastId };
    this.#searcher = new Searcher(() => ({ segments: this.#segments, removed: this.#removed }));
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

  get layout(): number {
    return this.#layout;
  }

  get kernel(): KernelName {
    return this.#openSegment().kernelName;
  }

  get bytesUsed(): number {
    return this.#segments.reduce((sum, segment) => sum + segment.bytesUsed, 0) + this.#removed.bytesUsed + this.#searcher.bytesUsed;
  }

  search: HammingSearch['search'] = (query, within) => this.#searcher.search(query, within);
  searchAny: HammingSearch['searchAny'] = (queries, within) => this.#searcher.searchAny(queries, within);
  searchEach: HammingSearch['searchEach'] = (queries, within) => this.#searcher.searchEach(queries, within);
  find: HammingSearch['find'] = (queries, within) => this.#searcher.find(queries, within);

  add(hash: Uint8Array, label = 0): number {
    assertHash(hash);
    assertLabel(label);
    if (label !== 0 && !this.#settings.hasLabels) throw new HammingError('bad_label', 'This index was made without labels.');
    if (this.#slots >= MOST_INDEXES) throw new HammingError('full', 'The index can number no more hashes.');
    const segment = this.#openSegment();
    segment.append(createHashSource(hash, Uint16Array.of(label)), { from: 0, to: 1 });
    segment.link();
    return this.#slots++;
  }

  remove(index: number): boolean {
    if (!this.has(index)) return false;
    if (this.#removed.reserve(this.#slots - 1)) this.#layout++;
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
    const segment = this.#segmentOf(index);
    return restoreHash(segment.rows, (index - segment.base) * ROW_WORDS);
  }

  labelAt(index: number): number {
    const segment = this.#segmentOf(index);
    return segment.labels?.[index - segment.base] ?? 0;
  }

  optimise(): void {
    this.#begin();
    try {
      runAtOnce(this.#merge(DEFAULT_YIELD_EVERY));
    } finally {
      this.#endMerge();
    }
  }

  async optimiseInSlices(options: BuildOptions = {}): Promise<void> {
    const sliceRows = readSliceRows(options);
    this.#begin();
    try {
      await runInSlices(this.#merge(sliceRows), options);
    } finally {
      this.#endMerge();
    }
  }

  startMerge(): MergeWork {
    const shared = this.share();
    this.#begin();
    const parts = this.#closeParts();
    const slots = this.#slots;
    return {
      shared,
      finish: ({ segments }: MergedSegments) => {
        if (segments.length > 0) {
          const { hasLabels, kernel, limits } = this.#settings;
          const opened = segments.map((segment) => openSegment({ ...segment, id: this.#settings.nextId() }, { slot: 0, kernel, hasLabels, limits }));
          this.#replace(parts, opened);
        }
        this.#merged = slots;
        this.#endMerge();
      },
      cancel: () => this.#endMerge(),
    };
  }

  share(): SharedHammingIndex {
    const segments = this.#segments.map((segment) => segment.share());
    if (segments.some(({ memory }) => memory instanceof ArrayBuffer)) {
      throw new HammingError('not_shareable', 'This platform has no shared memory: other threads cannot search this index.');
    }
    const { hasLabels, limits } = this.#settings;
    return { layout: this.#layout, slots: this.#slots, merged: this.#merged, hasLabels, limits, removed: this.#removed.bits, segments };
  }

  /** Fills an empty index. */
  *load(source: RowSource, sliceRows: number): Steps<void> {
    this.#segments = yield* buildSegments(source, { settings: this.#settings, base: 0, sliceRows });
    this.#slots = source.count;
    this.#merged = source.count;
    this.#reopenLast();
  }

  /** Fills an empty index with what another thread made. */
  adopt(shared: SharedHammingIndex): void {
    const { kernel } = this.#settings;
    const { hasLabels, limits } = shared;
    this.#lastId = shared.segments.reduce((most, { id }) => Math.max(most, id), 0);
    this.#segments = shared.segments.map((segment) => openSegment(segment, { slot: 0, kernel, hasLabels, limits }));
    this.#removed = new Tombstones(shared.removed);
    this.#slots = shared.slots;
    this.#merged = shared.merged;
    this.#layout = shared.layout + 1;
    this.#reopenLast();
  }

  #segmentOf(index: number): Segment {
    assertIndex(index);
    const segment = this.#segments.findLast(({ base }) => base <= index);
    if (segment === undefined || index >= this.#slots)
      throw new HammingError('bad_index', `Index ${index} was never given out; the highest is ${this.#slots - 1}.`);
    return segment;
  }

  #openSegment(): GrowingSegment {
    if (this.#open !== undefined && this.#open.count < this.#settings.limits.growingRows) return this.#open;
    const segment = openGrowing(this.#slots, this.#settings);
    this.#segments.push(segment);
    this.#open = segment;
    this.#layout++;
    return segment;
  }

  #begin(): void {
    if (this.#merging) throw new HammingError('busy', 'A merge is already running. Wait for it to end.');
    this.#merging = true;
  }

  /** Also after a merge that was aborted. */
  #endMerge(): void {
    this.#merging = false;
    this.#reopenLast();
  }

  /** The segments that are not full; additions from now on go to a new one, behind these. Empty when there is nothing to merge. */
  #closeParts(): Segment[] {
    const first = this.#segments.findIndex(({ count }) => count < this.#settings.limits.ringRows);
    const parts = first === -1 ? [] : this.#segments.slice(first);
    if (parts.length > 1) this.#open = undefined;
    return parts.length > 1 ? parts : [];
  }

  /** Replaces all segments that are not full by merged ones. */
  *#merge(sliceRows: number): Steps<void> {
    const slots = this.#slots;
    const parts = this.#closeParts();
    if (parts.length > 1) {
      const base = parts[0]?.base ?? 0;
      this.#replace(parts, yield* buildSegments(createSegmentSource(parts), { settings: this.#settings, base, sliceRows }));
    }
    this.#merged = slots;
  }

  #replace(parts: readonly Segment[], merged: readonly Segment[]): void {
    this.#segments = this.#segments.flatMap((segment) => (segment === parts[0] ? merged : parts.includes(segment) ? [] : [segment]));
    this.#layout++;
  }

  /** A small index, or the small rest of a large one, goes on growing where it is. */
  #reopenLast(): void {
    const last = this.#segments.at(-1);
    this.#open = last instanceof GrowingSegment ? last : undefined;
  }
}

export function readSliceRows({ yieldEvery = DEFAULT_YIELD_EVERY }: BuildOptions): number {
  if (!Number.isSafeInteger(yieldEvery) || yieldEvery < 1) throw new HammingError('bad_option', '`yieldEvery` must be a whole number of at least 1.');
  return yieldEvery;
}

function assertIndex(index: number): void {
  if (!Number.isSafeInteger(index) || index < 0) throw new HammingError('bad_index', 'An index must be a whole number of at least 0.');
}
