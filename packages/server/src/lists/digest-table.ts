/**
 * Exact look-up of digests in memory: sorted records of value and entry number, as in a segment file, and a small map for what was added
 * since. Only grows; what is out of force is sorted out by the reader.
 */
import { runAtOnce, type Steps } from './slices.ts';
import { compareBytes, sortValues, type ValueTable } from './value-sort.ts';

/** An entry number as four bytes, little-endian, behind each value. */
export const NUMBER_BYTES = 4;

const SLICE_RECORDS = 262_144;

export interface DigestTable {
  readonly width: number;
  /** Records of `width` + 4 bytes, sorted by value. */
  addRecords(records: Uint8Array): void;
  addOne(value: Uint8Array, entry: number): void;
  /** The entry with this value. */
  find(value: Uint8Array): number | undefined;
  /** The values of some entries, by a pass over all: 3 ms for a million. */
  valuesOf(entries: ReadonlySet<number>): Steps<ReadonlyMap<number, Uint8Array>>;
}

export function createDigestTable(width: number): DigestTable {
  const parts: Uint8Array[] = [];
  const added = new Map<string, number>();
  return {
    width,
    addRecords(records) {
      if (records.length > 0) parts.push(records);
    },
    addOne: (value, entry) => void added.set(toKey(value), entry),
    find(value) {
      if (value.length !== width) return undefined;
      for (const part of parts) {
        const entry = findRecord(part, value);
        if (entry !== undefined) return entry;
      }
      return added.size === 0 ? undefined : added.get(toKey(value));
    },
    *valuesOf(entries) {
      const found = new Map<number, Uint8Array>();
      for (const [key, entry] of added) if (entries.has(entry)) found.set(entry, Buffer.from(key, 'latin1'));
      const size = width + NUMBER_BYTES;
      const [lowest, highest] = [Math.min(...entries), Math.max(...entries)];
      for (const part of parts) {
        for (let at = 0; at < part.length && found.size < entries.size; at += size) {
          const entry = readNumber(part, at + width);
          if (entry >= lowest && entry <= highest && entries.has(entry)) found.set(entry, part.subarray(at, at + width));
          if (at % (size * SLICE_RECORDS) === 0) yield undefined;
        }
      }
      return found;
    },
  };
}

function toKey(value: Uint8Array): string {
  return Buffer.from(value.buffer, value.byteOffset, value.byteLength).toString('latin1');
}

function findRecord(records: Uint8Array, value: Uint8Array): number | undefined {
  const size = value.length + NUMBER_BYTES;
  const wanted = { bytes: value, at: 0, width: value.length };
  let [low, high] = [0, records.length / size];
  while (low < high) {
    const middle = (low + high) >>> 1;
    if (compareBytes(records, middle * size, wanted) < 0) low = middle + 1;
    else high = middle;
  }
  const at = low * size;
  return at < records.length && compareBytes(records, at, wanted) === 0 ? readNumber(records, at + value.length) : undefined;
}

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
