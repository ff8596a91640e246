/** Sorted records of value and entry number, as in a segment file. */
import { runAtOnce } from '../platform/slices.ts';
import { compareBytes, sortValues, type ValueTable } from './value-sort.ts';

/** An entry number as four bytes, little-endian, behind each value. */
export const NUMBER_BYTES = 4;

export function readNumber(bytes: Uint8Array, at: number): number {
  return ((bytes[at] ?? 0) | ((bytes[at + 1] ?? 0) << 8) | ((bytes[at + 2] ?? 0) << 16) | ((bytes[at + 3] ?? 0) << 24)) >>> 0;
}

export function writeNumber(bytes: Uint8Array, at: number, number: number): void {
  bytes[at] = number;
  bytes[at + 1] = number >>> 8;
  bytes[at + 2] = number >>> 16;
  bytes[at + 3] = number >>> 24;
}

/** Sorted records of values that need not be sorted or distinct; of equal values the first stays. */
export function toRecords(table: ValueTable, numbers: Uint32Array): Uint8Array {
  const order = runAtOnce(sortValues(table));
  const size = table.width + NUMBER_BYTES;
  const records = new Uint8Array(table.count * size);
  let written = 0;
  for (const position of order) {
    const at = position * table.width;
    const isRepeated = written > 0 && compareBytes(records, written - size, { bytes: table.values, at, width: table.width }) === 0;
    if (isRepeated) continue;
    records.set(table.values.subarray(at, at + table.width), written);
    writeNumber(records, written + table.width, numbers[position] ?? 0);
    written += size;
  }
  return records.subarray(0, written);
}
