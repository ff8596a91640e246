/**
 * Digests of one width and their entry numbers, sorted, immutable and small: compressed sparse rows on the first bits of the value.
 *
 * `starts` says for each value of the first `bits` bits where its rows begin; there are two to four rows to a bucket. From 16 bits on
 * the first two bytes need not be kept. A row is what is left of the value and the entry number, side by side, so that a look-up reads
 * two places of memory: MD5 takes 18 bytes a key and at most two more for `starts`. Exact: a row is found only when all of its bytes are
 * equal and its bucket says the same of the first bits. Within a bucket the search is binary: values that share a long prefix cost
 * the logarithm of their number.
 */
import type { Steps } from '../platform/slices.ts';
import { NUMBER_BYTES, readNumber, writeNumber } from './digest-records.ts';
import { compareBytes } from './value-sort.ts';

/** Bytes that the bucket implies once it has as many bits. */
const IMPLIED_BYTES = 2;
const BITS_MAX = 24;
const ROWS_PER_BUCKET = 4;
/** Rows between two turns of the event loop; some 2 ms. */
const SLICE_ROWS = 8_192;
const SLICE_NUMBERS = 262_144;

/** Sorted, distinct values in order. `value` is of the present row and changes with the next one. */
interface Cursor {
  readonly value: Uint8Array;
  readonly entry: number;
  /** False at the end. */
  next(): boolean;
}

/** What rows can be made of. */
export interface RowSource {
  readonly count: number;
  openCursor(): Cursor;
}

export class DigestRows implements RowSource {
  readonly count: number;
  readonly #width: number;
  readonly #bits: number;
  readonly #implied: number;
  readonly #rowBytes: number;
  readonly #starts: Uint32Array;
  readonly #rows: Uint8Array;

  private constructor(width: number, bits: number, { starts, rows }: RowWriter) {
    this.#width = width;
    this.#bits = bits;
    this.#implied = impliedBytes(bits);
    this.#rowBytes = rowBytes(width, bits);
    this.#starts = starts;
    this.#rows = rows;
    this.count = rows.length / this.#rowBytes;
  }

  /** All rows of the sources. Of a value in several sources, the first source's entry stays. */
  static *merge(width: number, sources: readonly RowSource[]): Steps<DigestRows> {
    const most = sources.reduce((sum, { count }) => sum + count, 0);
    const bits = Math.min(BITS_MAX, Math.max(1, Math.ceil(Math.log2(Math.max(1, most) / ROWS_PER_BUCKET))));
    const writer = new RowWriter(width, bits, most);
    const cursors = sources.map((source) => source.openCursor()).filter((cursor) => cursor.next());
    for (let row = 0; cursors.length > 0; row++) {
      const first = takeFirst(cursors);
      writer.append(first.value, first.entry);
      advancePast(cursors, first);
      if (row % SLICE_ROWS === SLICE_ROWS - 1) yield undefined;
    }
    writer.finish();
    return new DigestRows(width, bits, writer);
  }

  get bytesUsed(): number {
    return this.#starts.byteLength + this.#rows.byteLength;
  }

  /** The entry of this value, which has the width of the rows. */
  find(value: Uint8Array): number | undefined {
    const rows = this.#rows;
    const size = this.#rowBytes;
    const kept = { bytes: value, at: this.#implied, width: this.#width - this.#implied };
    const bucket = readBucket(value, this.#bits);
    const end = this.#starts[bucket + 1] ?? 0;
    let low = this.#starts[bucket] ?? 0;
    let high = end;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if (compareBytes(rows, middle * size, kept) < 0) low = middle + 1;
      else high = middle;
    }
    return low < end && compareBytes(rows, low * size, kept) === 0 ? readNumber(rows, low * size + kept.width) : undefined;
  }

  /** The values of some entries, by a pass over all numbers. */
  *collect(entries: ReadonlySet<number>, found: Map<number, Uint8Array>): Steps<void> {
    const [lowest, highest] = [Math.min(...entries), Math.max(...entries)];
    for (let row = 0; row < this.count; row++) {
      const entry = this.#entryAt(row);
      if (entry >= lowest && entry <= highest && entries.has(entry)) found.set(entry, this.#copyValue(row, this.#bucketOf(row), new Uint8Array(this.#width)));
      if (row % SLICE_NUMBERS === SLICE_NUMBERS - 1) yield undefined;
    }
  }

  openCursor(): Cursor {
    const value = new Uint8Array(this.#width);
    const entryAt = (row: number): number => this.#entryAt(row);
    let row = -1;
    let bucket = 0;
    return {
      value,
      get entry() {
        return entryAt(row);
      },
      next: () => {
        row += 1;
        if (row >= this.count) return false;
        while ((this.#starts[bucket + 1] ?? 0) <= row) bucket += 1;
        this.#copyValue(row, bucket, value);
        return true;
      },
    };
  }

  #entryAt(row: number): number {
    return readNumber(this.#rows, (row + 1) * this.#rowBytes - NUMBER_BYTES);
  }

  /** The last bucket that begins at this row or before it. */
  #bucketOf(row: number): number {
    let [low, high] = [0, this.#starts.length - 1];
    while (low < high) {
      const middle = (low + high + 1) >>> 1;
      if ((this.#starts[middle] ?? 0) <= row) low = middle;
      else high = middle - 1;
    }
    return low;
  }

  #copyValue(row: number, bucket: number, target: Uint8Array): Uint8Array {
    if (this.#implied > 0) {
      const first = bucket >>> (this.#bits - 8 * IMPLIED_BYTES);
      target[0] = first >>> 8;
      target[1] = first;
    }
    const at = row * this.#rowBytes;
    for (let i = this.#implied; i < this.#width; i++) target[i] = this.#rows[at + i - this.#implied] ?? 0;
    return target;
  }
}

/** Rows while they are written, in ascending order of the values. */
class RowWriter {
  readonly starts: Uint32Array;
  rows: Uint8Array;
  readonly #width: number;
  readonly #bits: number;
  #count = 0;
  #bucket = 0;

  constructor(width: number, bits: number, most: number) {
    this.#width = width;
    this.#bits = bits;
    this.starts = new Uint32Array(2 ** bits + 1);
    this.rows = new Uint8Array(most * rowBytes(width, bits));
  }

  append(value: Uint8Array, entry: number): void {
    const { rows } = this;
    const bucket = readBucket(value, this.#bits);
    while (this.#bucket < bucket) this.starts[++this.#bucket] = this.#count;
    let at = this.#count * rowBytes(this.#width, this.#bits);
    for (let i = impliedBytes(this.#bits); i < this.#width; i++) rows[at++] = value[i] ?? 0;
    writeNumber(rows, at, entry);
    this.#count += 1;
  }

  /** Closes the buckets that are left, and gives back what repeated values did not need. */
  finish(): void {
    while (this.#bucket < 2 ** this.#bits) this.starts[++this.#bucket] = this.#count;
    const bytes = this.#count * rowBytes(this.#width, this.#bits);
    if (bytes < this.rows.length) this.rows = this.rows.slice(0, bytes);
  }
}

/** Records as `toRecords` and segment files have them, as a source. */
export function readRecords(records: Uint8Array, width: number): RowSource {
  const size = width + NUMBER_BYTES;
  return {
    count: records.length / size,
    openCursor() {
      let at = -size;
      const value = new Uint8Array(width);
      return {
        value,
        get entry() {
          return readNumber(records, at + width);
        },
        next() {
          at += size;
          if (at >= records.length) return false;
          for (let i = 0; i < width; i++) value[i] = records[at + i] ?? 0;
          return true;
        },
      };
    },
  };
}

function impliedBytes(bits: number): number {
  return bits >= 8 * IMPLIED_BYTES ? IMPLIED_BYTES : 0;
}

function rowBytes(width: number, bits: number): number {
  return width - impliedBytes(bits) + NUMBER_BYTES;
}

/** The first `bits` bits, 1 to 24. Bytes beyond the end of a very short value count as 0. */
function readBucket(value: Uint8Array, bits: number): number {
  return (((value[0] ?? 0) << 16) | ((value[1] ?? 0) << 8) | (value[2] ?? 0)) >>> (24 - bits);
}

/** The cursor with the smallest value; of equal ones the first. */
function takeFirst(cursors: readonly Cursor[]): Cursor {
  return cursors.reduce((best, cursor) => (best !== cursor && compareValues(cursor, best) < 0 ? cursor : best));
}

/** Moves every cursor beyond the value of `first`, and drops those that are at their end. */
function advancePast(cursors: Cursor[], first: Cursor): void {
  for (let i = cursors.length - 1; i >= 0; i--) {
    const cursor = cursors[i];
    if (cursor === undefined || cursor === first || compareValues(cursor, first) !== 0) continue;
    if (!cursor.next()) cursors.splice(i, 1);
  }
  if (!first.next()) cursors.splice(cursors.indexOf(first), 1);
}

function compareValues(left: Cursor, right: Cursor): number {
  return compareBytes(left.value, 0, { bytes: right.value, at: 0, width: right.value.length });
}
