/** Rows of each file format, as values with a type, for one sink. */
import { GatehouseError } from '../platform/errors.ts';
import { createRecordReader, type CsvRecord } from './file-csv.ts';
import { COLUMN_ROLES, readTypeWord, resolveColumns, type ColumnMap, type Columns } from './rules.ts';
import { SIGNAL_TYPES, type SignalType } from './schema.ts';

/** Where rows put what they hold. */
export interface RowSink {
  /** @param type what the row says; undefined leaves it to the length. @returns false when it was counted as bad */
  value(cell: Uint8Array, type: SignalType | undefined): boolean;
  /** The reference of the values of this row that were taken. */
  reference(cell: Uint8Array): void;
  begin(number: number): void;
  bad(number: number, reason: string, lines?: number): void;
  warn(text: string): void;
}

export interface RowReader {
  line(line: Buffer, number: number): void;
  tooLong(number: number): void;
  end(): void;
}

const HASH_SIGN = 35;
const TOO_LONG = 'the line is longer than 64 KiB';

function isBlank(line: Buffer): boolean {
  for (const byte of line) if (byte !== 32 && byte !== 9) return false;
  return true;
}

/** One value a line; `#` begins a comment. */
export function createTextReader(sink: RowSink): RowReader {
  return {
    line(line, number) {
      const comment = line.indexOf(HASH_SIGN);
      const text = comment === -1 ? line : line.subarray(0, comment);
      if (isBlank(text)) return;
      sink.begin(number);
      sink.value(text, undefined);
    },
    tooLong: (number) => sink.bad(number, TOO_LONG),
    end: () => undefined,
  };
}

/** One JSON object a line: {"type", "value", "reference"} or {"pdq": …, "md5": …}. */
export function createJsonReader(sink: RowSink): RowReader {
  const readObject = (row: object, number: number): boolean => {
    let found = 0;
    const type = textOf(row, ['signal_type', 'type', 'hash_type']);
    const value = textOf(row, ['value', 'hash', 'signal_value']);
    if (value !== undefined) {
      found += 1;
      takeWithType(sink, { value: Buffer.from(value), word: Buffer.from(type ?? ''), number });
    }
    for (const named of SIGNAL_TYPES) {
      const own = textOf(row, [named]);
      if (own === undefined) continue;
      found += 1;
      sink.value(Buffer.from(own), named);
    }
    const reference = textOf(row, ['reference', 'ref', 'id']);
    if (reference !== undefined) sink.reference(Buffer.from(reference));
    return found > 0;
  };
  return {
    line(line, number) {
      if (isBlank(line)) return;
      sink.begin(number);
      const parsed = parseObject(line);
      if (parsed === undefined) sink.bad(number, 'not one JSON object on one line');
      else if (!readObject(parsed, number)) sink.bad(number, 'the object has no "value" and no "pdq", "md5", "sha1" or "sha256" member with a text');
    },
    tooLong: (number) => sink.bad(number, TOO_LONG),
    end: () => undefined,
  };
}

function parseObject(line: Buffer): object | undefined {
  try {
    const parsed: unknown = JSON.parse(line.toString('utf8'));
    return typeof parsed === 'object' && parsed !== null && !Array.isArray(parsed) ? parsed : undefined;
  } catch {
    return undefined;
  }
}

function textOf(row: object, names: readonly string[]): string | undefined {
  for (const name of names) {
    const value: unknown = Object.hasOwn(row, name) ? Reflect.get(row, name) : undefined;
    if (typeof value === 'string') return value;
    if (typeof value === 'number') return String(value);
  }
  return undefined;
}

/** CSV, with or without a header. */
export function createCsvReader(sink: RowSink, options: { readonly delimiter: number; readonly map: ColumnMap | undefined }): RowReader {
  let columns: Columns | undefined;
  let typed: readonly SignalType[] = [];
  const cell = (record: CsvRecord, column: number): Buffer =>
    column < 0 || column >= record.count ? EMPTY : record.bytes.subarray(record.starts[column], record.ends[column]);
  const begin = (record: CsvRecord): boolean => {
    const first = Array.from({ length: record.count }, (_none, column) => cell(record, column).toString('utf8').trim());
    const result = resolveColumns(first, options.map);
    if (!result.ok)
      throw new GatehouseError('invalid_request', `${result.problem} Nothing was imported.`, {
        errors: [{ at: 'map', message: 'the column with the hashes is not known' }],
      });
    columns = result.columns;
    typed = SIGNAL_TYPES.filter((type) => result.columns[type] !== -1);
    if (!result.isHeader && options.map === undefined) sink.warn(`The first line is not a header; ${describeColumns(result.columns)}.`);
    return result.isHeader;
  };
  const take = (record: CsvRecord, number: number, found: Columns): void => {
    sink.begin(number);
    let filled = 0;
    for (const type of typed) {
      const text = cell(record, found[type]);
      if (isBlank(text)) continue;
      filled += 1;
      sink.value(text, type);
    }
    const value = cell(record, found.value);
    if (!isBlank(value)) {
      filled += 1;
      takeWithType(sink, { value, word: cell(record, found.type), number });
    }
    if (filled === 0) sink.bad(number, 'no value');
    else if (found.reference !== -1) sink.reference(cell(record, found.reference));
  };
  const records = createRecordReader(options.delimiter, {
    onRecord(record, number) {
      if (columns === undefined && begin(record)) return;
      if (columns !== undefined) take(record, number, columns);
    },
    onBroken: (number, lines, reason) => sink.bad(number, reason, lines),
  });
  return {
    line(line, number) {
      if (isBlank(line) && !records.isOpen()) return;
      if (columns === undefined && line[0] === HASH_SIGN && !records.isOpen()) return;
      records.line(line, number);
    },
    tooLong: (number) => records.tooLong(number),
    end: () => records.end(),
  };
}

const EMPTY = Buffer.alloc(0);
const UNKNOWN_TYPE = 'the signal type is not one of pdq, md5, sha1, sha256';

function takeWithType(sink: RowSink, row: { readonly value: Buffer; readonly word: Buffer; readonly number: number }): void {
  if (isBlank(row.word)) return void sink.value(row.value, undefined);
  const type = readTypeWord(row.word.toString('latin1'));
  if (type === undefined) sink.bad(row.number, UNKNOWN_TYPE);
  else sink.value(row.value, type);
}

function describeColumns(columns: Columns): string {
  const parts = COLUMN_ROLES.filter((role) => columns[role] !== -1).map((role) => `column ${columns[role] + 1} is taken as ${role}`);
  return parts.join(', ');
}
