/** As much of DER as certificates need: reading, strictly, with every length checked. */
import { CredentialError } from './errors.ts';

export interface DerItem {
  readonly tag: number;
  /** Without tag and length. */
  readonly content: Uint8Array;
  readonly raw: Uint8Array;
}

/** All items that stand one after the other in `bytes`. @throws {CredentialError} `chain_malformed` */
export function readItems(bytes: Uint8Array): DerItem[] {
  const items: DerItem[] = [];
  for (let at = 0; at < bytes.length;) {
    const { contentAt, end } = readHead(bytes, at);
    items.push({ tag: bytes[at] ?? 0, content: bytes.subarray(contentAt, end), raw: bytes.subarray(at, end) });
    at = end;
  }
  return items;
}

function readHead(bytes: Uint8Array, at: number): { readonly contentAt: number; readonly end: number } {
  const first = bytes[at + 1];
  // Tags of more than one byte stand in no certificate.
  if (first === undefined || ((bytes[at] ?? 0) & 31) === 31) throw malformed();
  const count = first < 0x80 ? 0 : first & 0x7f;
  if (first === 0x80 || count > 3) throw malformed();
  const contentAt = at + 2 + count;
  const end = contentAt + (count === 0 ? first : readLength(bytes.subarray(at + 2, contentAt)));
  if (end > bytes.length) throw malformed();
  return { contentAt, end };
}

/** In the shortest form, as DER demands: a certificate has one encoding. */
function readLength(digits: Uint8Array): number {
  const length = digits.reduce((sum, digit) => sum * 256 + digit, 0);
  if (length < 0x80 || (digits.length > 1 && length < 256 ** (digits.length - 1))) throw malformed();
  return length;
}

/** The items inside the one item of this tag that `bytes` are. */
export function readSequence(bytes: Uint8Array, tag = 0x30): DerItem[] {
  const [only, ...others] = readItems(bytes);
  if (only?.tag !== tag || others.length > 0) throw malformed();
  return readItems(only.content);
}

/** `1.2.840.10045.2.1` */
export function readOid(content: Uint8Array): string {
  const arcs: number[] = [];
  let value = 0;
  for (const [at, byte] of content.entries()) {
    value = value * 128 + (byte & 0x7f);
    if (byte & 0x80) continue;
    if (arcs.length === 0) {
      const first = Math.min(2, Math.floor(value / 40));
      arcs.push(first, value - 40 * first);
    } else arcs.push(value);
    value = 0;
    if (at === content.length - 1) return arcs.join('.');
  }
  throw malformed();
}

export function malformed(): CredentialError {
  return new CredentialError('chain_malformed');
}
