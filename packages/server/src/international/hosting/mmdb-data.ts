/**
 * The data section of an mmdb file (MaxMind DB file format 2.0, "Output Data Section"). The file is hostile: every length is held against what is there,
 * pointers lead only to values, and depth and number of values are bounded.
 */

export class MmdbFault extends Error {
  override readonly name = 'MmdbFault';
}

interface Decoded {
  readonly value: unknown;
  /** Where the next value begins. */
  readonly next: number;
}

const DEPTH_MAX = 16;
/** Of one record: the largest of city databases have some hundred. */
const VALUES_MAX = 4096;

const TYPE = {
  extended: 0,
  pointer: 1,
  text: 2,
  double: 3,
  bytes: 4,
  uint16: 5,
  uint32: 6,
  map: 7,
  int32: 8,
  uint64: 9,
  uint128: 10,
  array: 11,
  flag: 14,
  float: 15,
} as const;

/** Least and most bytes of values that are not made of others. */
const SIZES: ReadonlyMap<number, readonly [number, number]> = new Map([
  [TYPE.text, [0, Infinity]],
  [TYPE.double, [8, 8]],
  [TYPE.bytes, [0, Infinity]],
  [TYPE.uint16, [0, 2]],
  [TYPE.uint32, [0, 4]],
  [TYPE.int32, [0, 4]],
  [TYPE.uint64, [0, 8]],
  [TYPE.uint128, [0, 16]],
  [TYPE.float, [4, 4]],
]);

/** @param section the data section, or the metadata: offsets and pointers count from its first byte */
export function createDataReader(section: Buffer): { decode(offset: number): unknown } {
  return { decode: (offset) => new Decoder(section).decode(offset, 0).value };
}

/** For one record, whose values it counts. */
class Decoder {
  private readonly section: Buffer;
  private left = VALUES_MAX;

  constructor(section: Buffer) {
    this.section = section;
  }

  decode(at: number, depth: number, isPointee = false): Decoded {
    this.left -= 1;
    if (depth > DEPTH_MAX || this.left < 0) throw new MmdbFault('a record is nested too deeply or has too many values');
    const control = this.readUint(at, 1);
    const first = control >> 5;
    if (first === TYPE.pointer) {
      if (isPointee) throw new MmdbFault('a pointer leads to a pointer');
      return this.decodePointer(at, control, depth);
    }
    const type = first === TYPE.extended ? this.readUint(at + 1, 1) + 7 : first;
    const [size, body] = this.readSize(control & 31, first === TYPE.extended ? at + 2 : at + 1);
    return this.decodeBody({ type, size, body, depth });
  }

  private decodePointer(at: number, control: number, depth: number): Decoded {
    const length = ((control >> 3) & 3) + 1;
    const low = this.readUint(at + 1, length);
    const high = length === 4 ? 0 : (control & 7) * 256 ** length;
    const offset = [0, 0, 2048, 526_336, 0][length] ?? 0;
    return { value: this.decode(high + low + offset, depth + 1, true).value, next: at + 1 + length };
  }

  /** Sizes from 29 on are in the bytes that follow. */
  private readSize(short: number, at: number): [size: number, body: number] {
    if (short < 29) return [short, at];
    const length = short - 28;
    return [this.readUint(at, length) + ([0, 29, 285, 65_821][length] ?? 0), at + length];
  }

  private decodeBody({ type, size, body, depth }: { readonly type: number; readonly size: number; readonly body: number; readonly depth: number }): Decoded {
    if (type === TYPE.map) return this.decodeMap(body, size, depth);
    if (type === TYPE.array) return this.decodeArray(body, size, depth);
    if (type === TYPE.flag) return { value: size === 1, next: body };
    const [least, most] = SIZES.get(type) ?? [1, 0];
    if (size < least || size > most) throw new MmdbFault('a value of a type or length that there is not');
    this.need(body, size);
    return { value: this.decodeScalar(type, body, size), next: body + size };
  }

  private decodeScalar(type: number, at: number, size: number): unknown {
    switch (type) {
      case TYPE.text:
        return this.section.toString('utf8', at, at + size);
      case TYPE.double:
        return this.section.readDoubleBE(at);
      case TYPE.float:
        return this.section.readFloatBE(at);
      case TYPE.uint64:
        return Number(`0x${this.section.toString('hex', at, at + size) || '0'}`);
      case TYPE.int32:
        // Shorter ones are padded with zeros in front, and so are positive.
        return size === 4 ? this.section.readInt32BE(at) : this.readUint(at, size);
      case TYPE.uint16:
      case TYPE.uint32:
        return this.readUint(at, size);
      default:
        // Nothing that is read here is in bytes or in 128 bits.
        return null;
    }
  }

  private decodeMap(body: number, size: number, depth: number): Decoded {
    const entries: [string, unknown][] = [];
    let at = body;
    for (let i = 0; i < size; i++) {
      const key = this.decode(at, depth + 1);
      if (typeof key.value !== 'string') throw new MmdbFault('a key that is no text');
      const { value, next } = this.decode(key.next, depth + 1);
      entries.push([key.value, value]);
      at = next;
    }
    return { value: Object.fromEntries(entries), next: at };
  }

  private decodeArray(body: number, size: number, depth: number): Decoded {
    const values: unknown[] = [];
    let at = body;
    for (let i = 0; i < size; i++) {
      const { value, next } = this.decode(at, depth + 1);
      values.push(value);
      at = next;
    }
    return { value: values, next: at };
  }

  private need(at: number, length: number): void {
    if (at < 0 || at + length > this.section.length) throw new MmdbFault('a value ends behind the end of the file');
  }

  private readUint(at: number, length: number): number {
    this.need(at, length);
    return length === 0 ? 0 : this.section.readUIntBE(at, length);
  }
}
