/** Small tables in CSV (RFC 4180) with a header, as values. For files of some thousand rows that are in memory; lists of hashes have their own reader. */
import { GatehouseError } from './errors.ts';

export interface CsvTableRow {
  /** The line on which the row begins; the header is line 1. */
  readonly line: number;
  /** By the names of the columns, without space around. */
  readonly cells: Readonly<Record<string, string>>;
}

export interface CsvTable {
  readonly columns: readonly string[];
  readonly rows: readonly CsvTableRow[];
  /** Rows that could not be read, in words. */
  readonly faults: readonly string[];
}

/** Nobody keeps a table of countries that is larger; the text has its own limit where it comes in. */
const ROWS_MAX = 50_000;
const COLUMNS_MAX = 200;

interface RawRow {
  readonly line: number;
  readonly cells: readonly string[];
}

/** @throws {GatehouseError} `invalid_request` when it is no table: no header, a column twice, a quote that is never closed, too much of it */
export function parseCsv(text: string): CsvTable {
  const rows = splitRows(text.replace(/^\uFEFF/, ''));
  const [header, ...rest] = rows;
  if (header === undefined) throw refuse('It is empty.');
  const columns = header.cells.map((cell) => cell.trim());
  if (columns.length > COLUMNS_MAX) throw refuse(`It has more than ${COLUMNS_MAX} columns.`);
  const twice = columns.find((column, index) => columns.indexOf(column) !== index);
  if (twice !== undefined) throw refuse(`The column "${twice}" is there twice.`);
  const isWhole = (row: RawRow): boolean => row.cells.length === columns.length;
  return {
    columns,
    rows: rest
      .filter(isWhole)
      .map(({ line, cells }) => ({ line, cells: Object.fromEntries(columns.map((column, index) => [column, (cells[index] ?? '').trim()])) })),
    faults: rest
      .filter((row) => !isWhole(row))
      .map(({ line, cells }) => `line ${line}: has ${cells.length} ${cells.length === 1 ? 'cell' : 'cells'} where the header has ${columns.length}`),
  };
}

function splitRows(text: string): RawRow[] {
  const rows: RawRow[] = [];
  let line = 1;
  let at = 0;
  while (at < text.length) {
    const begin = line;
    const cells: string[] = [];
    for (;;) {
      const cell = text[at] === '"' ? readQuoted(text, at, line) : readPlain(text, at);
      cells.push(cell.value);
      line += cell.lines;
      at = cell.end;
      if (text[at] !== ',') break;
      at += 1;
    }
    at += text.startsWith('\r\n', at) ? 2 : 1;
    line += 1;
    if (cells.length > 1 || cells[0] !== '') rows.push({ line: begin, cells });
    if (rows.length > ROWS_MAX) throw refuse(`It has more than ${ROWS_MAX} rows.`);
  }
  return rows;
}

interface Cell {
  readonly value: string;
  /** Line breaks inside it. */
  readonly lines: number;
  /** Where the delimiter or the end of the line stands. */
  readonly end: number;
}

const PLAIN_END = /,|\r?\n|\r/g;

function readPlain(text: string, start: number): Cell {
  PLAIN_END.lastIndex = start;
  const end = PLAIN_END.exec(text)?.index ?? text.length;
  return { value: text.slice(start, end), lines: 0, end };
}

function readQuoted(text: string, start: number, line: number): Cell {
  let end = start + 1;
  for (;;) {
    end = text.indexOf('"', end);
    if (end === -1) throw refuse(`The quote that is opened on line ${line} is never closed.`);
    if (text[end + 1] !== '"') break;
    end += 2;
  }
  const after = text[end + 1];
  if (after !== undefined && !',\r\n'.includes(after)) throw refuse(`On line ${line} text follows a closing quote.`);
  const raw = text.slice(start + 1, end);
  return { value: raw.replaceAll('""', '"'), lines: raw.split('\n').length - 1, end: end + 1 };
}

function refuse(reason: string): GatehouseError {
  return new GatehouseError('invalid_request', `The table cannot be read. ${reason} Nothing was kept.`, { errors: [{ at: 'file', message: reason }] });
}
