/**
 * Exact look-up of digests in memory: rows as digest-rows.ts packs them, and a map for what was added since. Only grows; what is out of
 * force is sorted out by the reader.
 */
import type { Steps } from '../platform/slices.ts';
import { toRecords } from './digest-records.ts';
import { DigestRows, readRecords, type RowSource } from './digest-rows.ts';

/** So many parts are looked through one after the other; then they become one. */
const PARTS_MAX = 3;
/** A map takes some 150 bytes a key. */
const ADDED_MAX = 16_384;

export interface DigestTable {
  readonly width: number;
  /** Of the packed rows. */
  readonly bytesUsed: number;
  /**
   * Adds files of sorted records, and packs what piled up. Until it is done, `find` sees none of these records and all that was there
   * before; of a value that is there already, the entry that is there stays.
   */
  addRecords(files: readonly Uint8Array[]): Steps<void>;
  /** Found from now on. The value must not be there already. */
  addOne(value: Uint8Array, entry: number): void;
  /** The entry with this value. */
  find(value: Uint8Array): number | undefined;
  /** The values of some entries, by a pass over all: 3 ms for a million. */
  valuesOf(entries: ReadonlySet<number>): Steps<ReadonlyMap<number, Uint8Array>>;
}

export function createDigestTable(width: number): DigestTable {
  let parts: readonly DigestRows[] = [];
  const added = new Map<string, number>();
  return {
    width,
    get bytesUsed() {
      return parts.reduce((sum, part) => sum + part.bytesUsed, 0);
    },
    *addRecords(files) {
      const isDue = parts.length >= PARTS_MAX || added.size >= ADDED_MAX;
      if (files.length === 0 && !isDue) return;
      const packed = isDue ? parts : [];
      const loose = isDue ? [...added] : [];
      const read = (records: Uint8Array): RowSource => readRecords(records, width);
      const sources = [read(toSortedRecords(loose, width)), ...packed, ...files.map(read)];
      const merged = yield* DigestRows.merge(width, sources);
      parts = [...parts.filter((part) => !packed.includes(part)), merged];
      for (const [key] of loose) added.delete(key);
    },
    addOne: (value, entry) => void added.set(toKey(value), entry),
    find(value) {
      if (value.length !== width) return undefined;
      const loose = added.size === 0 ? undefined : added.get(toKey(value));
      if (loose !== undefined) return loose;
      for (const part of parts) {
        const entry = part.find(value);
        if (entry !== undefined) return entry;
      }
      return undefined;
    },
    *valuesOf(entries) {
      const found = new Map<number, Uint8Array>();
      for (const [key, entry] of added) if (entries.has(entry)) found.set(entry, Buffer.from(key, 'latin1'));
      for (const part of parts) if (found.size < entries.size) yield* part.collect(entries, found);
      return found;
    },
  };
}

function toKey(value: Uint8Array): string {
  return Buffer.from(value.buffer, value.byteOffset, value.byteLength).toString('latin1');
}

function toSortedRecords(added: readonly (readonly [key: string, entry: number])[], width: number): Uint8Array {
  const values = Buffer.from(added.map(([key]) => key).join(''), 'latin1');
  return toRecords(
    { values, width, count: added.length },
    Uint32Array.from(added, ([, entry]) => entry),
  );
}
