/**
 * Sorts values of equal width by their bytes, without an object per value: radix sort from the first byte, insertion sort for small
 * groups. Stable. A million PDQ hashes: see README.md.
 */
import type { Steps } from '../platform/slices.ts';

const INSERTION_MAX = 24;
/** Values handled between two yields; some 5 ms. */
const SLICE_VALUES = 32_768;

export interface ValueTable {
  readonly values: Uint8Array;
  readonly width: number;
  readonly count: number;
}

/** The positions of the values in ascending order. */
export function* sortValues(table: ValueTable): Steps<Uint32Array> {
  const order = new Uint32Array(table.count);
  for (let i = 0; i < order.length; i++) order[i] = i;
  const sorter = { ...table, order, scratch: new Uint32Array(table.count) };
  const groups: Group[] = [{ from: 0, to: table.count, depth: 0 }];
  let handled = 0;
  for (let group = groups.pop(); group !== undefined; group = groups.pop()) {
    const size = group.to - group.from;
    if (size <= INSERTION_MAX) sortSmall(sorter, group);
    else yield* splitGroup(sorter, group, groups);
    handled += size;
    if (handled < SLICE_VALUES) continue;
    handled = 0;
    yield undefined;
  }
  return order;
}

interface Group {
  readonly from: number;
  readonly to: number;
  /** Bytes that all values of the group share. */
  readonly depth: number;
}

interface Sorter extends ValueTable {
  readonly order: Uint32Array;
  readonly scratch: Uint32Array;
}

/** One pass of counting sort by the byte at the group's depth. */
function* splitGroup(sorter: Sorter, group: Group, groups: Group[]): Steps<void> {
  const { values, width, order, scratch } = sorter;
  const { from, to, depth } = group;
  if (depth === width) return;
  const starts = yield* countStarts(sorter, group);
  const next = starts.slice(0, 256);
  for (let i = from; i < to; i++) {
    const position = order[i] ?? 0;
    const byte = values[position * width + depth] ?? 0;
    const slot = next[byte] ?? 0;
    scratch[slot] = position;
    next[byte] = slot + 1;
    if ((i - from) % SLICE_VALUES === SLICE_VALUES - 1) yield undefined;
  }
  order.set(scratch.subarray(from, to), from);
  for (let byte = 255; byte >= 0; byte--) {
    const start = starts[byte] ?? 0;
    const end = starts[byte + 1] ?? 0;
    if (end - start > 1) groups.push({ from: start, to: end, depth: depth + 1 });
  }
}

/** Where the values with each byte begin; the 257th is the end of the group. */
function* countStarts({ values, width, order }: Sorter, { from, to, depth }: Group): Steps<Uint32Array> {
  const starts = new Uint32Array(257);
  for (let i = from; i < to; i++) {
    const byte = values[(order[i] ?? 0) * width + depth] ?? 0;
    starts[byte + 1] = (starts[byte + 1] ?? 0) + 1;
    if ((i - from) % SLICE_VALUES === SLICE_VALUES - 1) yield undefined;
  }
  let sum = from;
  for (let byte = 0; byte <= 256; byte++) {
    sum += starts[byte] ?? 0;
    starts[byte] = sum;
  }
  return starts;
}

function sortSmall(sorter: Sorter, group: Group): void {
  const { order } = sorter;
  for (let i = group.from + 1; i < group.to; i++) {
    const moved = order[i] ?? 0;
    let at = i;
    for (; at > group.from && isAfter(sorter, order[at - 1] ?? 0, moved); at--) order[at] = order[at - 1] ?? 0;
    order[at] = moved;
  }
}

function isAfter(sorter: Sorter, left: number, right: number): boolean {
  const { values, width } = sorter;
  const [a, b] = [left * width, right * width];
  for (let i = 0; i < width; i++) {
    const difference = (values[a + i] ?? 0) - (values[b + i] ?? 0);
    if (difference !== 0) return difference > 0;
  }
  return false;
}

/** Compares the `width` bytes at two places; negative when the left one comes first. */
export function compareBytes(left: Uint8Array, leftAt: number, right: { readonly bytes: Uint8Array; readonly at: number; readonly width: number }): number {
  for (let i = 0; i < right.width; i++) {
    const difference = (left[leftAt + i] ?? 0) - (right.bytes[right.at + i] ?? 0);
    if (difference !== 0) return difference;
  }
  return 0;
}
