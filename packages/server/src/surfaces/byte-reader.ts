/** Reads a byte protocol from a stream: as much as is asked for, never more than is allowed, with the sender held back meanwhile. */

/** The sender ended or broke off in the middle of something. */
export class CutOff extends Error {
  override readonly name = 'CutOff';
}

/** More than a limit allows before the end of a line. */
export class TooLong extends Error {
  override readonly name = 'TooLong';
}

export interface ByteReader {
  /** The next byte without taking it; undefined at the end. */
  peek(): Promise<number | undefined>;
  /**
   * Up to the first of `ends`, which is taken and not given.
   * @returns undefined when the source ended before the first byte
   * @throws {CutOff | TooLong}
   */
  readUntil(ends: readonly number[], maxBytes: number): Promise<{ readonly bytes: Buffer; readonly end: number } | undefined>;
  /** Up to a sequence, which is taken and given. @throws {CutOff | TooLong} */
  readThrough(mark: Buffer, maxBytes: number): Promise<Buffer>;
  /** @throws {CutOff} */
  readExact(length: number): Promise<Buffer>;
  /** The next `length` bytes in pieces as they arrive. @throws {CutOff} */
  readPieces(length: number): AsyncGenerator<Buffer>;
  /** In pieces, up to a sequence that is taken and not given. @throws {CutOff} when it never comes */
  readToMark(mark: Buffer): AsyncGenerator<Buffer>;
  /** Whatever comes until the source ends. */
  readRest(): AsyncGenerator<Buffer>;
}

export function createByteReader(source: AsyncIterable<Buffer>): ByteReader {
  return new Reader(source[Symbol.asyncIterator]());
}

class Reader implements ByteReader {
  readonly #source: AsyncIterator<Buffer>;
  #held: Buffer = Buffer.alloc(0);

  constructor(source: AsyncIterator<Buffer>) {
    this.#source = source;
  }

  /** @returns false at the end */
  async #more(): Promise<boolean> {
    const next = await this.#source.next();
    if (next.done === true) return false;
    this.#held = this.#held.length === 0 ? next.value : Buffer.concat([this.#held, next.value]);
    return true;
  }

  async #need(): Promise<void> {
    if (!(await this.#more())) throw new CutOff('the sender ended in the middle of a message');
  }

  #take(length: number): Buffer {
    const bytes = this.#held.subarray(0, length);
    this.#held = this.#held.subarray(length);
    return bytes;
  }

  async peek(): Promise<number | undefined> {
    while (this.#held.length === 0) if (!(await this.#more())) return undefined;
    return this.#held[0];
  }

  async readUntil(ends: readonly number[], maxBytes: number): Promise<{ readonly bytes: Buffer; readonly end: number } | undefined> {
    for (let from = 0; ;) {
      const at = this.#held.subarray(from, maxBytes + 1).findIndex((byte) => ends.includes(byte));
      if (at !== -1) {
        const bytes = this.#take(from + at);
        return { bytes, end: this.#take(1)[0] ?? 0 };
      }
      if (this.#held.length > maxBytes) throw new TooLong(`a line of more than ${maxBytes} bytes`);
      from = this.#held.length;
      if (await this.#more()) continue;
      if (this.#held.length === 0) return undefined;
      throw new CutOff('the sender ended in the middle of a line');
    }
  }

  async readThrough(mark: Buffer, maxBytes: number): Promise<Buffer> {
    for (let from = 0; ;) {
      const at = this.#held.indexOf(mark, from);
      if (at !== -1 && at + mark.length <= maxBytes) return this.#take(at + mark.length);
      if (this.#held.length > maxBytes || at !== -1) throw new TooLong(`more than ${maxBytes} bytes`);
      from = Math.max(0, this.#held.length - mark.length + 1);
      await this.#need();
    }
  }

  async readExact(length: number): Promise<Buffer> {
    while (this.#held.length < length) await this.#need();
    return this.#take(length);
  }

  async *readPieces(length: number): AsyncGenerator<Buffer> {
    for (let left = length; left > 0;) {
      if (this.#held.length === 0) await this.#need();
      const piece = this.#take(Math.min(left, this.#held.length));
      left -= piece.length;
      if (piece.length > 0) yield piece;
    }
  }

  async *readToMark(mark: Buffer): AsyncGenerator<Buffer> {
    for (;;) {
      const at = this.#held.indexOf(mark);
      if (at !== -1) {
        const last = this.#take(at);
        this.#take(mark.length);
        if (last.length > 0) yield last;
        return;
      }
      // The last bytes may be the beginning of the mark.
      const safe = this.#held.length - mark.length + 1;
      if (safe > 0) yield this.#take(safe);
      await this.#need();
    }
  }

  async *readRest(): AsyncGenerator<Buffer> {
    do {
      if (this.#held.length > 0) yield this.#take(this.#held.length);
    } while (await this.#more());
  }
}
