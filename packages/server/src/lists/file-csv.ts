/** Records of CSV (RFC 4180) out of lines, without an object per cell where no quote is used. */

/** The cells of one record: the i-th is bytes[starts[i] … ends[i]]. Reused for the next record. */
export interface CsvRecord {
  bytes: Buffer;
  count: number;
  readonly starts: Int32Array;
  readonly ends: Int32Array;
}

export const CELLS_MAX = 512;
/** A quoted cell may hold line breaks; beyond this the quote is taken as a slip. */
const RECORD_BYTES_MAX = 65_536;
/** Bounds the copying that hostile quotes can cause: every further line of a record copies the record. */
const RECORD_LINES_MAX = 100;
const QUOTE = 34;
const LF = 10;

export interface RecordHandler {
  /** @param number the line on which the record begins */
  onRecord(record: CsvRecord, number: number): void;
  /** @param lines how many lines were lost with it */
  onBroken(number: number, lines: number, reason: string): void;
}

export interface RecordReader {
  line(line: Buffer, number: number): void;
  /** A line that was too long to be read; it ends an open record as well. */
  tooLong(number: number): void;
  end(): void;
  /** True inside a quoted cell that began on an earlier line. */
  isOpen(): boolean;
}

export function createRecord(): CsvRecord {
  return { bytes: Buffer.alloc(0), count: 0, starts: new Int32Array(CELLS_MAX), ends: new Int32Array(CELLS_MAX) };
}

/** @param delimiter the byte between cells */
export function createRecordReader(delimiter: number, handler: RecordHandler): RecordReader {
  const record = createRecord();
  let open: { readonly number: number; lines: number; text: Buffer } | undefined;
  const giveUp = (reason: string): void => {
    if (open !== undefined) handler.onBroken(open.number, open.lines, reason);
    open = undefined;
  };
  const read = (text: Buffer, number: number, lines: number): void => {
    const outcome = splitQuoted(text, delimiter, record);
    if (outcome === 'open' && text.length <= RECORD_BYTES_MAX && lines < RECORD_LINES_MAX) open = { number, lines, text };
    else if (outcome === 'ok') handler.onRecord(record, number);
    else handler.onBroken(number, lines, outcome === 'open' ? UNCLOSED : outcome);
  };
  return {
    line(line, number) {
      if (open !== undefined) {
        const { number: first, lines, text } = open;
        open = undefined;
        // While no quote comes the record stays open, so there is nothing to parse again: a stray quote costs linear time only.
        const joined = Buffer.concat([text, LINE_BREAK, line]);
        if (!line.includes(QUOTE) && joined.length <= RECORD_BYTES_MAX && lines + 1 < RECORD_LINES_MAX)
          open = { number: first, lines: lines + 1, text: joined };
        else read(joined, first, lines + 1);
      } else if (line.includes(QUOTE)) read(Buffer.from(line), number, 1);
      else if (splitPlain(line, delimiter, record)) handler.onRecord(record, number);
      else handler.onBroken(number, 1, TOO_MANY_CELLS);
    },
    tooLong(number) {
      giveUp(UNCLOSED);
      handler.onBroken(number, 1, 'the line is longer than 64 KiB');
    },
    end: () => giveUp(UNCLOSED),
    isOpen: () => open !== undefined,
  };
}

const LINE_BREAK = Buffer.from([LF]);
const UNCLOSED = 'a quote is opened here and not closed within 64 KiB or 100 lines; the lines up to there were left out';
const TOO_MANY_CELLS = `more than ${CELLS_MAX} columns`;

function splitPlain(line: Buffer, delimiter: number, record: CsvRecord): boolean {
  record.bytes = line;
  let count = 0;
  let start = 0;
  for (let end = line.indexOf(delimiter); end !== -1; end = line.indexOf(delimiter, start)) {
    if (count === CELLS_MAX - 1) return false;
    record.starts[count] = start;
    record.ends[count++] = end;
    start = end + 1;
  }
  record.starts[count] = start;
  record.ends[count++] = line.length;
  record.count = count;
  return true;
}

/** Cells are written without their quotes to a buffer of their own. @returns `ok`, `open`, or why the record cannot be read */
function splitQuoted(source: Buffer, delimiter: number, record: CsvRecord): string {
  const target = Buffer.allocUnsafe(source.length);
  let [at, written, count] = [0, 0, 0];
  for (;;) {
    if (count === CELLS_MAX) return TOO_MANY_CELLS;
    record.starts[count] = written;
    if (source[at] === QUOTE) {
      const close = copyQuoted(source, at + 1, { target, written });
      if (close === undefined) return 'open';
      [at, written] = [close.at, close.written];
      if (at < source.length && source[at] !== delimiter) return 'text follows a closing quote';
    } else {
      const end = source.indexOf(delimiter, at);
      const stop = end === -1 ? source.length : end;
      written += source.copy(target, written, at, stop);
      at = stop;
    }
    record.ends[count++] = written;
    if (at >= source.length) break;
    at += 1;
  }
  record.bytes = target;
  record.count = count;
  return 'ok';
}

/** Copies up to the closing quote, `""` as one; undefined when there is none. */
function copyQuoted(source: Buffer, start: number, sink: { readonly target: Buffer; written: number }): { at: number; written: number } | undefined {
  let at = start;
  for (;;) {
    const quote = source.indexOf(QUOTE, at);
    if (quote === -1) return undefined;
    sink.written += source.copy(sink.target, sink.written, at, quote);
    if (source[quote + 1] !== QUOTE) return { at: quote + 1, written: sink.written };
    sink.target[sink.written++] = QUOTE;
    at = quote + 2;
  }
}
