/** Splits a byte stream into lines, with a bound on the length of one. */

export interface LineSplitter {
  /** Calls the handler for each line that is complete; the bytes are valid during the call only. */
  write(chunk: Uint8Array): void;
  /** The last line, when the file does not end with a line feed. */
  end(): void;
}

export interface LineHandler {
  /** @param line without its line feed and carriage return */
  onLine(line: Buffer, number: number): void;
  onTooLong(number: number): void;
}

export const LINE_BYTES_MAX = 65_536;
const LF = 10;
const CR = 13;

export function createLineSplitter(handler: LineHandler): LineSplitter {
  let carry: Buffer | undefined;
  let isSkipping = false;
  let number = 0;
  const emit = (line: Buffer): void => {
    number += 1;
    if (isSkipping || line.length > LINE_BYTES_MAX) handler.onTooLong(number);
    else handler.onLine(line.length > 0 && line[line.length - 1] === CR ? line.subarray(0, -1) : line, number);
    isSkipping = false;
  };
  const keep = (rest: Buffer): void => {
    const joined = carry === undefined ? Buffer.from(rest) : Buffer.concat([carry, rest]);
    if (joined.length > LINE_BYTES_MAX) isSkipping = true;
    // Of a line that is too long anyway only the fact is kept.
    carry = isSkipping ? Buffer.alloc(1) : joined;
  };
  return {
    write(chunk) {
      const bytes = Buffer.from(chunk.buffer, chunk.byteOffset, chunk.byteLength);
      let start = 0;
      for (let end = bytes.indexOf(LF); end !== -1; end = bytes.indexOf(LF, start)) {
        const piece = bytes.subarray(start, end);
        emit(carry === undefined ? piece : Buffer.concat([carry, piece]));
        carry = undefined;
        start = end + 1;
      }
      if (start < bytes.length) keep(bytes.subarray(start));
    },
    end() {
      if (carry !== undefined) emit(carry);
      carry = undefined;
    },
  };
}
