import { ROW_WORDS, wordAt } from './bits.ts';
import { createKernel, type Kernel, type KernelName } from './kernel.ts';
import { bytesForSlot, countSlots, HEADER, SCRATCH, type SegmentLayout } from './layout.ts';
import { bufferOf, growMemory, type SegmentMemory } from './memory.ts';
import { FLIP_WEIGHTS, FLIPS, type ProbePlan } from './plan.ts';
import type { LabelFilter } from './labels.ts';
import type { Query, Sink } from './query.ts';
import { HammingError } from './errors.ts';

export interface SlotOptions {
  readonly layout: SegmentLayout;
  readonly memory: SegmentMemory;
  /** Which part of the scratch memory is this thread's. The owner of the index has 0. */
  readonly slot: number;
  readonly kernel: KernelName | 'auto';
}

/** One thread's access to the memory of a segment: its kernel, its scratch memory and views of both. */
export class SegmentSlot {
  readonly layout: SegmentLayout;
  readonly memory: SegmentMemory;
  readonly kernel: Kernel;
  readonly kernelName: KernelName;
  /** Where the scratch memory begins. */
  readonly s: number;
  readonly header: Uint32Array;
  readonly rows: Uint32Array;
  readonly labels: Uint16Array | undefined;
  readonly bytes: Uint8Array;
  readonly #scratch: Uint32Array;
  readonly #query: Uint8Array;
  readonly #survivors: Uint32Array;
  readonly #distances: Uint8Array;
  #plan: ProbePlan | undefined;
  #filter: LabelFilter | undefined;

  constructor({ layout, memory, slot, kernel }: SlotOptions) {
    if (slot >= countSlots(layout)) throw new HammingError('bad_option', `This index has room for ${countSlots(layout)} threads; slot ${slot} is beyond.`);
    growMemory(memory, bytesForSlot(layout, slot));
    const buffer = bufferOf(memory);
    this.layout = layout;
    this.memory = memory;
    this.s = layout.imageBytes + slot * layout.scratchBytes;
    const made = createKernel(memory, kernel);
    this.kernel = made.kernel;
    this.kernelName = made.name;
    this.bytes = new Uint8Array(buffer);
    this.header = new Uint32Array(buffer, 0, 64);
    this.rows = new Uint32Array(buffer, layout.rowsAt, layout.capacity * ROW_WORDS);
    this.labels = layout.hasLabels ? new Uint16Array(buffer, layout.labelsAt, layout.capacity) : undefined;
    this.#scratch = new Uint32Array(buffer, this.s, SCRATCH.labels / 4);
    this.#query = this.bytes.subarray(this.s, this.s + 32);
    this.#survivors = new Uint32Array(buffer, this.s + layout.survivorsAt, layout.survivorsMax);
    this.#distances = new Uint8Array(buffer, this.s + layout.distancesAt, layout.survivorsMax);
    this.#writeConstants();
  }

  /** Rows that searches see. */
  get count(): number {
    return Atomics.load(this.header, HEADER.count / 4);
  }

  set count(count: number) {
    Atomics.store(this.header, HEADER.count / 4, count);
  }

  get linked(): number {
    return Atomics.load(this.header, HEADER.linked / 4);
  }

  set linked(linked: number) {
    Atomics.store(this.header, HEADER.linked / 4, linked);
  }

  /** Puts a query into the scratch memory. */
  prepare({ hash, plan, filter }: Query): void {
    this.#query.set(hash);
    this.kernel.permuteRow(this.s);
    if (plan !== this.#plan) this.#writePlan(plan);
    if (filter !== this.#filter) this.#writeFilter(filter);
  }

  /** Emits the `found` matches that the kernel left behind. */
  emit(found: number, sink: Sink): void {
    for (let at = 0; at < found; at++) sink.emit(wordAt(this.#survivors, at), this.#distances[at] ?? 0);
  }

  /** Compares all rows. */
  scan(count: number, sink: Sink): void {
    const { survivorsMax } = this.layout;
    for (let from = 0; from < count; from += survivorsMax) {
      this.emit(this.kernel.scanRows(this.s, from, Math.min(count, from + survivorsMax)), sink);
    }
  }

  /** The sum over `bytes` bytes (a multiple of 64) at `at`, after those before: see `startChecksum`. */
  addChecksum(at: number, bytes: number): void {
    this.kernel.addChecksum(this.s, at, bytes);
  }

  startChecksum(): void {
    this.#checksum.fill(0);
  }

  readChecksum(): Uint32Array {
    return this.#checksum.slice();
  }

  get #checksum(): Uint32Array {
    return this.#scratch.subarray(SCRATCH.checksum / 4, SCRATCH.checksum / 4 + 16);
  }

  #writeConstants(): void {
    const { layout, s } = this;
    const scratch = this.#scratch;
    scratch[SCRATCH.survivorsMax / 4] = layout.survivorsMax;
    scratch[SCRATCH.visitedAt / 4] = s + layout.visitedAt;
    scratch[SCRATCH.survivorsAt / 4] = s + layout.survivorsAt;
    scratch[SCRATCH.distancesAt / 4] = s + layout.distancesAt;
    scratch[SCRATCH.labelCount / 4] = 0;
    // A thread that ended in the middle of a search may have left marks behind.
    this.bytes.fill(0, s + layout.visitedAt, s + layout.survivorsAt);
    new Uint16Array(this.bytes.buffer, s + SCRATCH.flips, FLIPS.length).set(FLIPS);
    this.bytes.set(FLIP_WEIGHTS, s + SCRATCH.flipWeights);
  }

  #writePlan(plan: ProbePlan): void {
    new Uint16Array(this.bytes.buffer, this.s + SCRATCH.flipCounts, plan.flipCounts.length).set(plan.flipCounts);
    this.bytes.set(plan.pairLimits, this.s + SCRATCH.pairLimits);
    this.#scratch[SCRATCH.radius / 4] = plan.radius;
    this.#plan = plan;
  }

  #writeFilter(filter: LabelFilter | undefined): void {
    if (filter !== undefined) this.bytes.set(filter.table, this.s + SCRATCH.labels);
    this.#scratch[SCRATCH.labelCount / 4] = filter?.table.length ?? 0;
    this.#filter = filter;
  }
}
