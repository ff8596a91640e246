/** What an import changes: the sorted values of a file compared with what the list holds, without an object per entry. */
import type { Steps } from '../platform/slices.ts';
import { NUMBER_BYTES, readNumber, writeNumber } from './digest-records.ts';
import type { EntryColumn, ListEntries } from './entry-batch.ts';
import { FLAG_WITHDRAWN } from './entry-runs.ts';
import type { ImportMode } from './schema-changes.ts';
import { SIGNAL_BYTES, SIGNAL_TYPES, type SignalType } from './schema.ts';
import { SEGMENT_RECORDS_MAX } from './segment.ts';
import { compareBytes, sortValues } from './value-sort.ts';

const SLICE_RECORDS = 16_384;
const SLICE_ENTRIES = 262_144;

/** The distinct values of one type, sorted. */
export interface SortedColumn {
  readonly type: SignalType;
  readonly width: number;
  readonly column: EntryColumn;
  /** Positions in the column, by ascending value; of equal values the first in the file. */
  readonly order: Uint32Array;
}

export function* sortEntries(entries: ListEntries): Steps<SortedColumn[]> {
  const sorted: SortedColumn[] = [];
  for (const type of SIGNAL_TYPES) {
    const column = entries[type];
    if (column === undefined) continue;
    const width = SIGNAL_BYTES[type];
    const order = yield* sortValues({ values: column.values, width, count: column.count });
    sorted.push({ type, width, column, order: yield* dropRepeated(order, column.values, width) });
  }
  return sorted;
}

function* dropRepeated(order: Uint32Array, values: Uint8Array, width: number): Steps<Uint32Array> {
  let kept = 0;
  for (let rank = 0; rank < order.length; rank++) {
    const position = order[rank] ?? 0;
    const isRepeated = kept > 0 && compareBytes(values, (order[kept - 1] ?? 0) * width, { bytes: values, at: position * width, width }) === 0;
    if (!isRepeated) order[kept++] = position;
    if (rank % SLICE_RECORDS === 0) yield undefined;
  }
  return order.subarray(0, kept);
}

/** Entry numbers of the values of a sorted column, by rank; 0 where the list does not hold the value. */
export interface Comparison {
  readonly sorted: SortedColumn;
  readonly numbers: Uint32Array;
}

export function compareNothing(sorted: SortedColumn): Comparison {
  return { sorted, numbers: new Uint32Array(sorted.order.length) };
}

/** Goes through sorted records and the sorted values side by side. */
export function* compareRecords({ sorted, numbers }: Comparison, records: Uint8Array): Steps<void> {
  const { width, order, column } = sorted;
  const size = width + NUMBER_BYTES;
  let [rank, at, steps] = [0, 0, 0];
  while (rank < order.length && at < records.length) {
    const difference = compareBytes(records, at, { bytes: column.values, at: (order[rank] ?? 0) * width, width });
    if (difference === 0) numbers[rank] = readNumber(records, at + width);
    if (difference <= 0) at += size;
    if (difference >= 0) rank += 1;
    if (++steps % SLICE_RECORDS === 0) yield undefined;
  }
}

/** The same for one value that was added singly. */
export function compareOne({ sorted, numbers }: Comparison, value: Uint8Array, entry: number): void {
  const { width, order, column } = sorted;
  let [low, high] = [0, order.length];
  while (low < high) {
    const middle = (low + high) >>> 1;
    if (compareBytes(column.values, (order[middle] ?? 0) * width, { bytes: value, at: 0, width }) < 0) low = middle + 1;
    else high = middle;
  }
  const isFound = low < order.length && compareBytes(column.values, (order[low] ?? 0) * width, { bytes: value, at: 0, width }) === 0;
  if (isFound) numbers[low] = entry;
}

export interface AddedEntries {
  readonly sorted: SortedColumn;
  readonly first: number;
  readonly count: number;
  /** The number of each position of the column; 0 where nothing is added. */
  readonly numbers: Uint32Array;
}

export interface ImportPlan {
  readonly added: readonly AddedEntries[];
  readonly restored: Uint32Array;
  readonly withdrawn: Uint32Array;
  readonly unchanged: number;
}

export interface PlanInput {
  readonly comparisons: readonly Comparison[];
  readonly flags: Uint8Array;
  readonly nextEntry: number;
  readonly mode: ImportMode;
}

/** New entries get their numbers in the order of the file, one type after the other. */
export function* planImport(input: PlanInput): Steps<ImportPlan> {
  const seen = new Uint8Array(input.nextEntry);
  const added: AddedEntries[] = [];
  let first = input.nextEntry;
  for (const comparison of input.comparisons) {
    const part = yield* numberAdded(comparison, { first, seen });
    if (part.count > 0) added.push(part);
    first += part.count;
  }
  const restored = new NumberList();
  const withdrawn = new NumberList();
  let unchanged = 0;
  for (let entry = 1; entry < input.nextEntry; entry++) {
    const isWithdrawn = ((input.flags[entry] ?? 0) & FLAG_WITHDRAWN) !== 0;
    if (seen[entry] === 1 && isWithdrawn) restored.add(entry);
    else if (seen[entry] === 1) unchanged += 1;
    else if (input.mode === 'replace' && !isWithdrawn) withdrawn.add(entry);
    if (entry % SLICE_ENTRIES === 0) yield undefined;
  }
  return { added, restored: restored.take(), withdrawn: withdrawn.take(), unchanged };
}

/** Numbers in the order in which they come, four bytes each. */
class NumberList {
  #numbers = new Uint32Array(1024);
  #count = 0;

  add(number: number): void {
    if (this.#count === this.#numbers.length) {
      const larger = new Uint32Array(this.#numbers.length * 2);
      larger.set(this.#numbers);
      this.#numbers = larger;
    }
    this.#numbers[this.#count++] = number;
  }

  take(): Uint32Array {
    return this.#numbers.subarray(0, this.#count);
  }
}

function* numberAdded({ sorted, numbers }: Comparison, state: { readonly first: number; readonly seen: Uint8Array }): Steps<AddedEntries> {
  const byPosition = new Uint32Array(sorted.column.count);
  for (let rank = 0; rank < sorted.order.length; rank++) {
    const known = numbers[rank] ?? 0;
    if (known === 0) byPosition[sorted.order[rank] ?? 0] = 1;
    else state.seen[known] = 1;
    if (rank % SLICE_RECORDS === 0) yield undefined;
  }
  let count = 0;
  for (let position = 0; position < byPosition.length; position++) {
    if (byPosition[position] === 1) byPosition[position] = state.first + count++;
    if (position % SLICE_ENTRIES === 0) yield undefined;
  }
  return { sorted, first: state.first, count, numbers: byPosition };
}

/** The records of a segment file for added entries, in bodies of at most `SEGMENT_RECORDS_MAX`. */
export function* toSegmentBodies(added: AddedEntries): Steps<Uint8Array[]> {
  const { width, order, column } = added.sorted;
  const size = width + NUMBER_BYTES;
  const bodies: Uint8Array[] = [];
  let [body, at, left] = [new Uint8Array(0), 0, added.count];
  for (let rank = 0; rank < order.length; rank++) {
    if (rank % SLICE_RECORDS === 0) yield undefined;
    const position = order[rank] ?? 0;
    const number = added.numbers[position] ?? 0;
    if (number === 0) continue;
    if (at === body.length) {
      body = new Uint8Array(Math.min(left, SEGMENT_RECORDS_MAX) * size);
      bodies.push(body);
      at = 0;
    }
    body.set(column.values.subarray(position * width, (position + 1) * width), at);
    writeNumber(body, at + width, number);
    at += size;
    left -= 1;
  }
  return bodies;
}

export function toNumberBody(numbers: Uint32Array): Uint8Array {
  const body = new Uint8Array(numbers.length * NUMBER_BYTES);
  for (let index = 0; index < numbers.length; index++) writeNumber(body, index * NUMBER_BYTES, numbers[index] ?? 0);
  return body;
}
