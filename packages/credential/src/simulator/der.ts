/** Writing DER, for the certificates of the simulated issuers. */

export function item(tag: number, ...contents: readonly Uint8Array[]): Uint8Array {
  const content = Buffer.concat(contents);
  const { length } = content;
  const head = length < 0x80 ? [length] : length < 0x100 ? [0x81, length] : [0x82, length >> 8, length & 255];
  return Buffer.concat([Uint8Array.of(tag, ...head), content]);
}

export const sequence = (...contents: readonly Uint8Array[]): Uint8Array => item(0x30, ...contents);
export const octets = (content: Uint8Array): Uint8Array => item(0x04, content);
export const bits = (content: Uint8Array, unused = 0): Uint8Array => item(0x03, Uint8Array.of(unused), content);
export const text = (value: string): Uint8Array => item(0x0c, Buffer.from(value));
export const boolean = (value: boolean): Uint8Array => item(0x01, Uint8Array.of(value ? 0xff : 0));

/** A positive number, given as its bytes. */
export function integer(bytes: Uint8Array): Uint8Array {
  const first = bytes.findIndex((byte) => byte !== 0);
  const trimmed = first === -1 ? Uint8Array.of(0) : bytes.subarray(first);
  return (trimmed[0] ?? 0) & 0x80 ? item(0x02, Uint8Array.of(0), trimmed) : item(0x02, trimmed);
}

export function oid(dotted: string): Uint8Array {
  const [first = 0, second = 0, ...arcs] = dotted.split('.').map(Number);
  const encode = (arc: number): number[] => {
    const digits = [arc & 0x7f];
    for (let rest = Math.floor(arc / 128); rest > 0; rest = Math.floor(rest / 128)) digits.unshift((rest & 0x7f) | 0x80);
    return digits;
  };
  return item(0x06, Uint8Array.from([40 * first + second, ...arcs].flatMap(encode)));
}

/** UTCTime to 2049, GeneralizedTime after. */
export function time(date: Date): Uint8Array {
  const digits = date.toISOString().replaceAll(/[-:T]|\.\d+/g, '');
  return date.getUTCFullYear() < 2050 ? item(0x17, Buffer.from(digits.slice(2))) : item(0x18, Buffer.from(digits));
}
