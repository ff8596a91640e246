/**
 * Reads ICAP requests out of bytes that come in any pieces. Nothing is kept but a line or a head that is not whole yet, each with a limit;
 * content is handed on as it comes. Pieces are pushed, events pulled: who does not pull does not read on.
 */
import { countHeadBytes, hasBody, IcapFault, parseIcapHead, parseInnerHeads, type IcapHead, type InnerHead } from './protocol-rules.ts';

export type IcapEvent =
  | { readonly kind: 'request'; readonly head: IcapHead; readonly inner: ReadonlyMap<string, InnerHead> }
  | { readonly kind: 'data'; readonly bytes: Buffer }
  /** The client sends no more before it is told to go on. `isWhole`: there is no more (`0; ieof`). */
  | { readonly kind: 'preview'; readonly isWhole: boolean }
  | { readonly kind: 'end' };

export const PARSER_LIMITS = { icapHeadBytes: 16_384, innerHeadBytes: 131_072, chunkLineBytes: 1024, trailerBytes: 8192, emptyLines: 4 } as const;

type State =
  | { readonly at: 'head' }
  | { readonly at: 'inner'; readonly head: IcapHead }
  | { readonly at: 'size' }
  | { readonly at: 'data'; readonly left: number }
  | { readonly at: 'dataEnd' }
  | { readonly at: 'trailer'; readonly isWhole: boolean }
  | { readonly at: 'end' };

const NONE = Buffer.alloc(0);
/** 2^44 bytes: more than any limit of ours, and exact in a number. */
const SIZE_DIGITS = 11;

export class IcapParser {
  #pending: Buffer = NONE;
  #state: State = { at: 'head' };
  /** Bytes that the preview may still have; undefined outside of a preview. */
  #previewLeft: number | undefined;
  #seenBytes = 0;
  #emptyLines = 0;

  push(bytes: Buffer): void {
    this.#pending = this.#pending.length === 0 ? bytes : Buffer.concat([this.#pending, bytes]);
  }

  /** True between requests, with nothing read of the next one. */
  get isIdle(): boolean {
    return this.#state.at === 'head' && this.#pending.length === 0;
  }

  /** @returns undefined when it takes more bytes. @throws {IcapFault} */
  next(): IcapEvent | undefined {
    for (;;) {
      const before = this.#state;
      const event = this.#step();
      if (event !== undefined) return event;
      if (this.#state === before) return undefined;
    }
  }

  #step(): IcapEvent | undefined {
    const state = this.#state;
    switch (state.at) {
      case 'head':
        return this.#readHead();
      case 'inner':
        return this.#readInner(state.head);
      case 'size':
        return this.#readSize();
      case 'data':
        return this.#readData(state.left);
      case 'dataEnd':
        return this.#readDataEnd();
      case 'trailer':
        return this.#readTrailer(state.isWhole);
      case 'end':
        this.#state = { at: 'head' };
        return { kind: 'end' };
    }
  }

  #readHead(): undefined {
    // RFC 9112 2.2, which ICAP follows: an empty line before a request is passed over; a few of them, not a stream.
    while (this.#pending.length >= 2 && this.#pending[0] === 13 && this.#pending[1] === 10) {
      this.#pending = this.#pending.subarray(2);
      if (++this.#emptyLines > PARSER_LIMITS.emptyLines) throw new IcapFault(400, 'only empty lines arrive');
    }
    const end = this.#pending.indexOf('\r\n\r\n');
    if ((end < 0 ? this.#pending.length : end) > PARSER_LIMITS.icapHeadBytes) throw new IcapFault(400, 'the head is too long');
    if (end < 0) return;
    const head = parseIcapHead(this.#take(end).toString('latin1'));
    this.#take(4);
    if (countHeadBytes(head) > PARSER_LIMITS.innerHeadBytes) throw new IcapFault(400, 'an encapsulated head is too long');
    this.#emptyLines = 0;
    this.#state = { at: 'inner', head };
  }

  #readInner(head: IcapHead): IcapEvent | undefined {
    const length = countHeadBytes(head);
    if (this.#pending.length < length) return undefined;
    // A copy: what it was cut from is reused or freed.
    const inner = parseInnerHeads(Buffer.from(this.#take(length)), head.sections);
    this.#previewLeft = hasBody(head) ? head.preview : undefined;
    this.#state = hasBody(head) ? { at: 'size' } : { at: 'end' };
    return { kind: 'request', head, inner };
  }

  #readSize(): undefined {
    const line = this.#takeLine(PARSER_LIMITS.chunkLineBytes);
    if (line === undefined) return;
    const [digits = '', ...extensions] = line.split(';').map((part) => part.trim());
    if (!/^[0-9a-f]+$/i.test(digits) || digits.replace(/^0+/, '').length > SIZE_DIGITS) throw new IcapFault(400, 'the size of a chunk is malformed');
    const size = Number.parseInt(digits, 16);
    const isWhole = extensions.some((extension) => extension.toLowerCase() === 'ieof');
    if (isWhole && (size > 0 || this.#previewLeft === undefined)) throw new IcapFault(400, 'ieof stands outside of the end of a preview');
    if (this.#previewLeft !== undefined && size > this.#previewLeft) throw new IcapFault(400, 'the preview is longer than announced');
    if (this.#previewLeft !== undefined) this.#previewLeft -= size;
    this.#seenBytes = 0;
    this.#state = size === 0 ? { at: 'trailer', isWhole } : { at: 'data', left: size };
  }

  #readData(left: number): IcapEvent | undefined {
    if (this.#pending.length === 0) return undefined;
    const bytes = this.#take(Math.min(left, this.#pending.length));
    this.#state = left === bytes.length ? { at: 'dataEnd' } : { at: 'data', left: left - bytes.length };
    return { kind: 'data', bytes };
  }

  #readDataEnd(): undefined {
    if (this.#pending.length < 2) return;
    if (this.#take(2).toString('latin1') !== '\r\n') throw new IcapFault(400, 'a chunk is longer than it says');
    this.#state = { at: 'size' };
  }

  /** Trailers are dropped: nothing is decided by them. */
  #readTrailer(isWhole: boolean): IcapEvent | undefined {
    for (;;) {
      const line = this.#takeLine(PARSER_LIMITS.trailerBytes - this.#seenBytes);
      if (line === undefined) return undefined;
      this.#seenBytes += line.length + 2;
      if (line === '') break;
    }
    const isPreview = this.#previewLeft !== undefined;
    this.#previewLeft = undefined;
    this.#state = isPreview && !isWhole ? { at: 'size' } : { at: 'end' };
    return isPreview ? { kind: 'preview', isWhole } : undefined;
  }

  #takeLine(maxBytes: number): string | undefined {
    const end = this.#pending.indexOf('\r\n');
    if ((end < 0 ? this.#pending.length : end) > maxBytes) throw new IcapFault(400, 'a line is too long');
    if (end < 0) return undefined;
    const line = this.#take(end).toString('latin1');
    this.#take(2);
    return line;
  }

  #take(length: number): Buffer {
    const taken = this.#pending.subarray(0, length);
    this.#pending = this.#pending.length === length ? NONE : this.#pending.subarray(length);
    return taken;
  }
}
