/**
 * Reads list files: CSV, JSON Lines, or one hash a line; for PDQ, MD5, SHA-1 and SHA-256. Streaming, in bounded memory, with backpressure:
 * the next chunk is read when the batch before it was taken. Bad lines are counted and named by number and reason, never by content.
 */
import { extname } from 'node:path';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { GatehouseError } from '../platform/errors.ts';
import { runInSlices } from '../platform/slices.ts';
import { createColumnBuilder, joinBatches, type ColumnBuilder, type EntryBatch, type ListEntries } from './entry-batch.ts';
import { createLineSplitter } from './file-lines.ts';
import { createCsvReader, createJsonReader, createTextReader, type RowReader, type RowSink } from './file-rows.ts';
import { guessType, isSuspicious, readHeaderWord, type ColumnMap } from './rules.ts';
import { SIGNAL_BYTES, SIGNAL_TYPES, type BadLine, type FileFormat, type SignalType } from './schema.ts';

export interface ListFileInput {
  readonly stream: AsyncIterable<Uint8Array>;
  /** The file's name, for its ending only; `-` or an empty text when there is none. */
  readonly name: string;
  readonly format?: FileFormat | undefined;
  /** The type of values whose row does not say it. */
  readonly type?: SignalType | undefined;
  readonly map?: ColumnMap | undefined;
  /** Called after each chunk. */
  readonly onProgress?: ((progress: { readonly bytes: number; readonly lines: number }) => void) | undefined;
}

/** Grows while the file is read. */
export interface ListFileReport {
  format: FileFormat | undefined;
  bytes: number;
  lines: number;
  /** Values taken, repeated ones included. */
  accepted: number;
  bad: number;
  /** The first `BAD_LINES_KEPT`. */
  readonly badLines: BadLine[];
  /** Well formed, but a filler, a flat picture's hash or a digest of nothing. Kept. */
  suspicious: number;
  readonly warnings: string[];
}

export interface ListFileReader extends AsyncIterable<EntryBatch> {
  readonly report: ListFileReport;
}

export const BAD_LINES_KEPT = 50;
const BATCH_ENTRIES = 16_384;
/** A turn of the event loop is given after so many bytes: 128 KiB are some 2,000 lines, read in 2 to 5 ms. */
const SLICE_BYTES = 131_072;
const WARNINGS_MAX = 20;
const REFERENCE_BYTES_MAX = 200;

/**
 * @throws {GatehouseError} `invalid_request` from the iteration when the file cannot be read at all: unknown columns, a compressed or UTF-16
 * file, or values that could be of two types
 */
export function readListFile(input: ListFileInput): ListFileReader {
  const report: ListFileReport = { format: input.format, bytes: 0, lines: 0, accepted: 0, bad: 0, badLines: [], suspicious: 0, warnings: [] };
  return { report, [Symbol.asyncIterator]: () => readBatches(input, report) };
}

/** The whole file in memory, for lists that are used without a server. */
export async function readWholeList(input: ListFileInput): Promise<{ readonly entries: ListEntries; readonly report: ListFileReport }> {
  const reader = readListFile(input);
  const batches: EntryBatch[] = [];
  for await (const batch of reader) batches.push(batch);
  return { entries: await runInSlices(joinBatches(batches)), report: reader.report };
}

async function* readBatches(input: ListFileInput, report: ListFileReport): AsyncGenerator<EntryBatch> {
  const builders: Record<SignalType, ColumnBuilder | undefined> = { pdq: undefined, md5: undefined, sha1: undefined, sha256: undefined };
  const sink = createSink(input, report, (type) => (builders[type] ??= createColumnBuilder(type, BATCH_ENTRIES)));
  let rows: RowReader | undefined;
  const splitter = createLineSplitter({
    onLine(line, number) {
      report.lines = number;
      rows?.line(line, number);
    },
    onTooLong(number) {
      report.lines = number;
      rows?.tooLong(number);
    },
  });
  let head: Buffer | undefined = Buffer.alloc(0);
  for await (const slice of inSlices(input.stream)) {
    report.bytes += slice.length;
    let bytes: Uint8Array = slice;
    if (head !== undefined) {
      head = Buffer.concat([head, slice]);
      if (!isHeadComplete(head)) continue;
      rows = openRows(input, report, { head, sink });
      bytes = skipBom(head);
      head = undefined;
    }
    splitter.write(bytes);
    input.onProgress?.({ bytes: report.bytes, lines: report.lines });
    yield* takeFull(builders, BATCH_ENTRIES / 2);
  }
  if (head !== undefined) {
    rows = openRows(input, report, { head, sink });
    splitter.write(skipBom(head));
  }
  splitter.end();
  rows?.end();
  input.onProgress?.({ bytes: report.bytes, lines: report.lines });
  yield* takeFull(builders, 1);
}

async function* inSlices(stream: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array> {
  let sinceTurn = 0;
  for await (const chunk of stream) {
    for (let start = 0; start < chunk.length; start += SLICE_BYTES) {
      const slice = chunk.subarray(start, start + SLICE_BYTES);
      yield slice;
      sinceTurn += slice.length;
      if (sinceTurn < SLICE_BYTES) continue;
      sinceTurn = 0;
      await nextTurn();
    }
  }
}

function* takeFull(builders: Readonly<Record<SignalType, ColumnBuilder | undefined>>, minimum: number): Generator<EntryBatch> {
  for (const type of SIGNAL_TYPES) {
    const builder = builders[type];
    const column = builder === undefined || builder.count < minimum ? undefined : builder.take();
    if (column !== undefined) yield { type, column };
  }
}

/** The format is decided by the first line that is neither blank nor a comment. */
const HEAD_BYTES_MAX = 65_536;

function isHeadComplete(head: Buffer): boolean {
  return head.length >= HEAD_BYTES_MAX || (head.includes(10) && firstLine(head, true) !== undefined);
}

function firstLine(head: Buffer, isTerminated: boolean): string | undefined {
  const lines = skipBom(head).toString('latin1').split('\n');
  if (isTerminated) lines.pop();
  return lines.map((line) => line.trim()).find((line) => line !== '' && !line.startsWith('#'));
}

function skipBom(head: Buffer): Buffer {
  return head[0] === 0xef && head[1] === 0xbb && head[2] === 0xbf ? head.subarray(3) : head;
}

function openRows(input: ListFileInput, report: ListFileReport, parts: { readonly head: Buffer; readonly sink: RowSink }): RowReader {
  refuseForeign(parts.head);
  const line = firstLine(parts.head, false) ?? '';
  const format = input.format ?? findFormat(input.name, line);
  report.format = format;
  if (format === 'text') return createTextReader(parts.sink);
  if (format === 'jsonl') return createJsonReader(parts.sink);
  return createCsvReader(parts.sink, { delimiter: findDelimiter(line), map: input.map });
}

function refuseForeign(head: Buffer): void {
  const [first, second] = head;
  const isUtf16 = (first === 0xff && second === 0xfe) || (first === 0xfe && second === 0xff);
  const isCompressed = (first === 0x1f && second === 0x8b) || (first === 0x50 && second === 0x4b) || (first === 0x28 && second === 0xb5);
  if (!isUtf16 && !isCompressed) return;
  const hint = isUtf16 ? 'The file is UTF-16. Save it as UTF-8 and import it again.' : 'The file is compressed. Unpack it and import the list that is inside.';
  throw new GatehouseError('invalid_request', `${hint} Nothing was imported.`);
}

function findFormat(name: string, line: string): FileFormat {
  const ending = extname(name).toLowerCase();
  if (ending === '.csv' || ending === '.tsv') return 'csv';
  if (ending === '.jsonl' || ending === '.ndjson' || ending === '.json' || line.startsWith('{') || line.startsWith('[')) return 'jsonl';
  return /[,;\t"]/.test(line) || readHeaderWord(line) !== undefined ? 'csv' : 'text';
}

function findDelimiter(line: string): number {
  const counts = [',', ';', '\t'].map((character) => ({ character, count: line.split(character).length }));
  const best = counts.reduce((most, next) => (next.count > most.count ? next : most));
  return best.character.charCodeAt(0);
}

function createSink(input: ListFileInput, report: ListFileReport, builderOf: (type: SignalType) => ColumnBuilder): RowSink {
  const row = { number: 0, taken: [] as ColumnBuilder[] };
  const bad = (number: number, reason: string, lines = 1): void => {
    report.bad += lines;
    if (report.badLines.length < BAD_LINES_KEPT) report.badLines.push({ line: number, reason });
  };
  return {
    begin(number) {
      row.number = number;
      row.taken.length = 0;
    },
    value(cell, given) {
      const [start, end] = trim(cell);
      const type = given ?? input.type ?? guessType(end - start);
      if (type === undefined) return (bad(row.number, describeLength(end - start)), false);
      if (type === 'ambiguous') throw createAmbiguous(row.number);
      if (end - start !== SIGNAL_BYTES[type] * 2)
        return (bad(row.number, `${type} needs ${SIGNAL_BYTES[type] * 2} hexadecimal digits, here are ${end - start} characters`), false);
      const builder = builderOf(type);
      if (!builder.push(cell, start, row.number)) return (bad(row.number, 'a character is not a hexadecimal digit'), false);
      report.accepted += 1;
      if (isSuspicious(type, builder.last())) report.suspicious += 1;
      row.taken.push(builder);
      return true;
    },
    reference(cell) {
      const text = cleanReference(cell);
      for (const builder of row.taken) builder.setReference(text);
    },
    bad,
    warn(text) {
      if (report.warnings.length < WARNINGS_MAX) report.warnings.push(text);
    },
  };
}

function describeLength(characters: number): string {
  return `${characters} characters; MD5 has 32, SHA-1 40, PDQ and SHA-256 64`;
}

function createAmbiguous(line: number): GatehouseError {
  return new GatehouseError(
    'invalid_request',
    `Line ${line} has 64 digits, which can be PDQ or SHA-256, and nothing says which. Say it with the type (--type pdq or --type sha256). Nothing was imported.`,
    {
      errors: [{ at: 'type', message: 'pdq or sha256 is needed for values of 64 digits' }],
    },
  );
}

function trim(cell: Uint8Array): readonly [start: number, end: number] {
  let start = 0;
  let end = cell.length;
  while (start < end && isSpace(cell[start])) start += 1;
  while (end > start && isSpace(cell[end - 1])) end -= 1;
  return [start, end];
}

function isSpace(byte: number | undefined): boolean {
  return byte === 32 || byte === 9;
}

/** Bounded, without control characters, and valid UTF-8, because it goes into a database and onto pages. */
function cleanReference(cell: Uint8Array): Uint8Array {
  const [start, end] = trim(cell);
  const bounded = Buffer.from(cell.subarray(start, Math.min(end, start + REFERENCE_BYTES_MAX)));
  if (bounded.every((byte) => byte >= 32 && byte < 127)) return bounded;
  return Buffer.from(bounded.toString('utf8').replaceAll(/[\p{Cc}\uFFFD]/gu, ''));
}
