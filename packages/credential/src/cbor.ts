/**
 * CBOR (RFC 8949) as strict as verification needs it: every byte is accounted for, nothing can be said in two ways that matter. Lengths that are
 * longer than necessary are read, because real wallets send them; what is signed or digested is always taken as it came, never encoded again.
 */
import { CredentialError, type RefusalCode } from './errors.ts';

/** A tagged item, with the bytes that it was read from: digests in mdoc are over these. */
export class Tagged {
  readonly tag: number;
  readonly value: CborValue;
  /** Of the whole item, tag included. Empty when it was not read. */
  readonly raw: Uint8Array;

  constructor(tag: number, value: CborValue, raw: Uint8Array = new Uint8Array(0)) {
    this.tag = tag;
    this.value = value;
    this.raw = raw;
  }
}

/** Bytes that are CBOR already, for `encodeCbor`. */
export class RawCbor {
  readonly bytes: Uint8Array;

  constructor(bytes: Uint8Array) {
    this.bytes = bytes;
  }
}

export type CborMap = ReadonlyMap<string | number, CborValue>;
export type CborValue = number | bigint | string | boolean | null | undefined | Uint8Array | readonly CborValue[] | CborMap | Tagged | RawCbor;

export interface CborLimits {
  /** Default 1 MiB. */
  readonly maxBytes?: number;
  /** Arrays, maps and tags inside each other. Default 16. */
  readonly maxDepth?: number;
  /** Items in all. Default 20,000. */
  readonly maxItems?: number;
}

const MAX_BYTES = 1_048_576;
const MAX_DEPTH = 16;
const MAX_ITEMS = 20_000;

/** The one item that `bytes` are. @throws {CredentialError} */
export function decodeCbor(bytes: Uint8Array, limits: CborLimits = {}): CborValue {
  if (bytes.length > (limits.maxBytes ?? MAX_BYTES)) throw refuse('cbor_too_large');
  const reader = new Reader(bytes, limits);
  const value = reader.readItem(0);
  if (!reader.isAtEnd) throw refuse('cbor_trailing');
  return value;
}

function refuse(code: RefusalCode): CredentialError {
  return new CredentialError(code);
}

const TEXT = new TextDecoder('utf-8', { fatal: true });

class Reader {
  readonly #bytes: Uint8Array;
  readonly #view: DataView;
  readonly #maxDepth: number;
  #itemsLeft: number;
  #at = 0;

  constructor(bytes: Uint8Array, { maxDepth = MAX_DEPTH, maxItems = MAX_ITEMS }: CborLimits) {
    this.#bytes = bytes;
    this.#view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    this.#maxDepth = maxDepth;
    this.#itemsLeft = maxItems;
  }

  get isAtEnd(): boolean {
    return this.#at === this.#bytes.length;
  }

  readItem(depth: number): CborValue {
    if (depth > this.#maxDepth) throw refuse('cbor_too_deep');
    if (--this.#itemsLeft < 0) throw refuse('cbor_too_large');
    const start = this.#at;
    const first = this.#take(1)[0] ?? 0;
    const [major, info] = [first >> 5, first & 31];
    if (major === 7) return this.#readSimple(info);
    const argument = this.#readArgument(info);
    switch (major) {
      case 0:
        return argument;
      case 1:
        return typeof argument === 'bigint' ? -1n - argument : -1 - argument;
      case 2:
        return this.#take(toLength(argument));
      case 3:
        return this.#readText(toLength(argument));
      case 4:
        return this.#readArray(toLength(argument), depth);
      case 5:
        return this.#readMap(toLength(argument), depth);
      default:
        return this.#readTagged(argument, start, depth);
    }
  }

  #take(length: number): Uint8Array {
    const end = this.#at + length;
    if (end > this.#bytes.length) throw refuse('cbor_malformed');
    const taken = this.#bytes.subarray(this.#at, end);
    this.#at = end;
    return taken;
  }

  #readArgument(info: number): number | bigint {
    if (info < 24) return info;
    if (info === 31) throw refuse('cbor_indefinite');
    const at = this.#at;
    switch (info) {
      case 24:
        return this.#take(1)[0] ?? 0;
      case 25:
        this.#take(2);
        return this.#view.getUint16(at);
      case 26:
        this.#take(4);
        return this.#view.getUint32(at);
      case 27: {
        this.#take(8);
        const value = this.#view.getBigUint64(at);
        return value <= BigInt(Number.MAX_SAFE_INTEGER) ? Number(value) : value;
      }
      default:
        throw refuse('cbor_malformed');
    }
  }

  #readText(length: number): string {
    const bytes = this.#take(length);
    try {
      return TEXT.decode(bytes);
    } catch {
      throw refuse('cbor_malformed');
    }
  }

  #readArray(length: number, depth: number): readonly CborValue[] {
    // Each item has at least one byte: a length that lies asks for no memory.
    if (length > this.#bytes.length - this.#at) throw refuse('cbor_malformed');
    return Array.from({ length }, () => this.readItem(depth + 1));
  }

  #readMap(length: number, depth: number): CborMap {
    if (length > this.#bytes.length - this.#at) throw refuse('cbor_malformed');
    const map = new Map<string | number, CborValue>();
    for (let i = 0; i < length; i++) {
      const key = this.readItem(depth + 1);
      if (typeof key !== 'string' && typeof key !== 'number') throw refuse('cbor_unsupported');
      if (map.has(key)) throw refuse('cbor_duplicate_key');
      map.set(key, this.readItem(depth + 1));
    }
    return map;
  }

  #readTagged(tag: number | bigint, start: number, depth: number): Tagged {
    if (typeof tag === 'bigint') throw refuse('cbor_unsupported');
    const value = this.readItem(depth + 1);
    return new Tagged(tag, value, this.#bytes.subarray(start, this.#at));
  }

  #readSimple(info: number): CborValue {
    const at = this.#at;
    switch (info) {
      case 20:
        return false;
      case 21:
        return true;
      case 22:
        return null;
      case 23:
        return undefined;
      case 25:
        this.#take(2);
        return readHalf(this.#view.getUint16(at));
      case 26:
        this.#take(4);
        return this.#view.getFloat32(at);
      case 27:
        this.#take(8);
        return this.#view.getFloat64(at);
      case 31:
        throw refuse('cbor_indefinite');
      default:
        throw refuse('cbor_unsupported');
    }
  }
}

function toLength(argument: number | bigint): number {
  if (typeof argument === 'bigint') throw refuse('cbor_malformed');
  return argument;
}

/** RFC 8949, appendix D. */
function readHalf(bits: number): number {
  const [exponent, mantissa] = [(bits >> 10) & 31, bits & 1023];
  const magnitude =
    exponent === 0
      ? mantissa * 2 ** -24
      : exponent === 31
        ? mantissa === 0
          ? Number.POSITIVE_INFINITY
          : Number.NaN
        : (mantissa + 1024) * 2 ** (exponent - 25);
  return bits & 0x8000 ? -magnitude : magnitude;
}

const UTF8 = new TextEncoder();

/** Shortest lengths, definite, maps in the order that they are given in. Whole numbers only. */
export function encodeCbor(value: CborValue): Uint8Array {
  const parts: Uint8Array[] = [];
  write(value, parts);
  return Buffer.concat(parts);
}

function write(value: CborValue, parts: Uint8Array[]): void {
  if (value instanceof RawCbor) parts.push(value.bytes);
  else if (value instanceof Uint8Array) parts.push(encodeHead(2, value.length), value);
  else if (typeof value === 'object' && value !== null) writeNested(value, parts);
  else writeSimple(value, parts);
}

function writeNested(value: Tagged | CborMap | readonly CborValue[], parts: Uint8Array[]): void {
  if (value instanceof Tagged) {
    parts.push(encodeHead(6, value.tag));
    write(value.value, parts);
  } else if (value instanceof Map) {
    const map: CborMap = value;
    parts.push(encodeHead(5, map.size));
    for (const [key, item] of map) {
      write(key, parts);
      write(item, parts);
    }
  } else {
    const items = value as readonly CborValue[];
    parts.push(encodeHead(4, items.length));
    for (const item of items) write(item, parts);
  }
}

const SIMPLE: ReadonlyMap<boolean | null | undefined, number> = new Map<boolean | null | undefined, number>([
  [false, 0xf4],
  [true, 0xf5],
  [null, 0xf6],
  [undefined, 0xf7],
]);

function writeSimple(value: number | bigint | string | boolean | null | undefined, parts: Uint8Array[]): void {
  if (typeof value === 'string') {
    const bytes = UTF8.encode(value);
    parts.push(encodeHead(3, bytes.length), bytes);
  } else if (typeof value === 'number' || typeof value === 'bigint') parts.push(value < 0 ? encodeHead(1, -1n - BigInt(value)) : encodeHead(0, value));
  else parts.push(Uint8Array.of(SIMPLE.get(value) ?? 0xf7));
}

function encodeHead(major: number, argument: number | bigint): Uint8Array {
  const first = major << 5;
  if (argument < 24) return Uint8Array.of(first | Number(argument));
  const bytes = argument < 0x100 ? 1 : argument < 0x1_0000 ? 2 : argument < 0x1_0000_0000 ? 4 : 8;
  const head = new Uint8Array(1 + bytes);
  head[0] = first | (24 + Math.log2(bytes));
  let rest = BigInt(argument);
  for (let at = bytes; at > 0; at--, rest >>= 8n) head[at] = Number(rest & 255n);
  return head;
}

/** `value` as an encoded item inside a byte string (tag 24), as mdoc wraps what is digested or signed. */
export function wrapCbor(value: CborValue): Tagged {
  return new Tagged(24, encodeCbor(value));
}
