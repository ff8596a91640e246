/** Entries on their way from a file: columns of bytes, no object per entry. */
import type { Steps } from '../platform/slices.ts';
import { SIGNAL_BYTES, SIGNAL_TYPES, type SignalType } from './schema.ts';

/** Texts end to end: the i-th is bytes[ends[i - 1] … ends[i]], UTF-8. */
export interface TextColumn {
  readonly bytes: Uint8Array;
  readonly ends: Uint32Array;
}

/** `count` values of one type, in the order of the file. */
export interface EntryColumn {
  readonly count: number;
  /** `count` times `SIGNAL_BYTES[type]` bytes. */
  readonly values: Uint8Array;
  /** The line of each value in its file, from 1. */
  readonly lines: Uint32Array;
  /** A text for each value (often empty), or undefined when none has one. */
  readonly references: TextColumn | undefined;
}

export type ListEntries = Readonly<Partial<Record<SignalType, EntryColumn>>>;

export interface EntryBatch {
  readonly type: SignalType;
  readonly column: EntryColumn;
}

const DIGIT_OF = new Int8Array(256).fill(-1);
for (let digit = 0; digit < 16; digit++) {
  const character = digit.toString(16);
  DIGIT_OF[character.charCodeAt(0)] = digit;
  DIGIT_OF[character.toUpperCase().charCodeAt(0)] = digit;
}

export interface ColumnBuilder {
  readonly type: SignalType;
  readonly count: number;
  /** Appends the hexadecimal value that begins at `start`; false (and nothing appended) when a character is not a digit. */
  push(text: Uint8Array, start: number, line: number): boolean;
  /** The reference of the value pushed last. */
  setReference(text: Uint8Array): void;
  /** The value pushed last. */
  last(): Uint8Array;
  /** What was appended since the last `take`; undefined when nothing was. */
  take(): EntryColumn | undefined;
}

export function createColumnBuilder(type: SignalType, capacity: number): ColumnBuilder {
  const width = SIGNAL_BYTES[type];
  let count = 0;
  let values = new Uint8Array(capacity * width);
  let lines = new Uint32Array(capacity);
  let ends: Uint32Array<ArrayBuffer> | undefined;
  let texts: Uint8Array[] = [];
  let textBytes = 0;
  return {
    type,
    get count() {
      return count;
    },
    push(text, start, line) {
      if (count === lines.length) [values, lines, ends] = [grow(values), growNumbers(lines), ends === undefined ? undefined : growNumbers(ends)];
      let offset = count * width;
      for (let at = start; at < start + 2 * width; at += 2) {
        const high = DIGIT_OF[text[at] ?? 0] ?? -1;
        const low = DIGIT_OF[text[at + 1] ?? 0] ?? -1;
        if (high < 0 || low < 0) return false;
        values[offset++] = high * 16 + low;
      }
      lines[count] = line;
      if (ends !== undefined) ends[count] = textBytes;
      count += 1;
      return true;
    },
    setReference(text) {
      if (text.length === 0) return;
      ends ??= new Uint32Array(lines.length);
      texts.push(text);
      textBytes += text.length;
      ends[count - 1] = textBytes;
    },
    last: () => values.subarray((count - 1) * width, count * width),
    take() {
      if (count === 0) return undefined;
      const references = ends === undefined ? undefined : { bytes: concatenate(texts, textBytes), ends: ends.slice(0, count) };
      const column = { count, values: values.slice(0, count * width), lines: lines.slice(0, count), references };
      [count, textBytes, texts, ends] = [0, 0, [], undefined];
      return column;
    },
  };
}

function grow(bytes: Uint8Array<ArrayBuffer>): Uint8Array<ArrayBuffer> {
  const larger = new Uint8Array(bytes.length * 2);
  larger.set(bytes);
  return larger;
}

function growNumbers(numbers: Uint32Array<ArrayBuffer>): Uint32Array<ArrayBuffer> {
  const larger = new Uint32Array(numbers.length * 2);
  larger.set(numbers);
  return larger;
}

export function concatenate(parts: readonly Uint8Array[], totalBytes: number): Uint8Array<ArrayBuffer> {
  const whole = new Uint8Array(totalBytes);
  let offset = 0;
  for (const part of parts) {
    whole.set(part, offset);
    offset += part.length;
  }
  return whole;
}

/** Puts the batches of a file together, one column for each type. */
export function* joinBatches(batches: readonly EntryBatch[]): Steps<ListEntries> {
  const entries: Partial<Record<SignalType, EntryColumn>> = {};
  for (const type of SIGNAL_TYPES) {
    const columns = batches.filter((batch) => batch.type === type).map((batch) => batch.column);
    if (columns.length > 0) entries[type] = yield* joinColumns(type, columns);
  }
  return entries;
}

function* joinColumns(type: SignalType, columns: readonly EntryColumn[]): Steps<EntryColumn> {
  const width = SIGNAL_BYTES[type];
  const count = columns.reduce((sum, column) => sum + column.count, 0);
  const textBytes = columns.reduce((sum, column) => sum + (column.references?.bytes.length ?? 0), 0);
  const values = new Uint8Array(count * width);
  const lines = new Uint32Array(count);
  const texts = new Uint8Array(textBytes);
  const ends = new Uint32Array(textBytes === 0 ? 0 : count);
  let row = 0;
  let textOffset = 0;
  for (const column of columns) {
    values.set(column.values, row * width);
    lines.set(column.lines, row);
    if (column.references !== undefined) texts.set(column.references.bytes, textOffset);
    for (let i = 0; textBytes > 0 && i < column.count; i++) ends[row + i] = textOffset + (column.references?.ends[i] ?? 0);
    row += column.count;
    textOffset += column.references?.bytes.length ?? 0;
    yield undefined;
  }
  return { count, values, lines, references: textBytes === 0 ? undefined : { bytes: texts, ends } };
}

const UTF8 = new TextDecoder();

/** The reference of the i-th value; empty when it has none. */
export function referenceAt(column: EntryColumn, index: number): string {
  const { references } = column;
  if (references === undefined) return '';
  const start = index === 0 ? 0 : (references.ends[index - 1] ?? 0);
  return UTF8.decode(references.bytes.subarray(start, references.ends[index] ?? start));
}
