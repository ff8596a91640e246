import { PdqError } from './errors.ts';

const HEX = /^[0-9a-fA-F]{64}$/;

/** The 32 bytes of a hash, in the order of its digits. Upper and lower case are read. */
export function hashToBytes(hash: string): Uint8Array {
  if (typeof hash !== 'string' || !HEX.test(hash)) {
    throw new PdqError('invalid_hash', 'A PDQ hash is written as 64 hexadecimal digits.');
  }
  return Uint8Array.from({ length: 32 }, (_, i) => Number.parseInt(hash.slice(2 * i, 2 * i + 2), 16));
}

/** The 64 lower-case hexadecimal digits of 32 bytes. */
export function bytesToHash(bytes: Uint8Array): string {
  if (!(bytes instanceof Uint8Array) || bytes.length !== 32) {
    throw new PdqError('invalid_hash', 'A PDQ hash has exactly 32 bytes.');
  }
  let hash = '';
  for (const byte of bytes) hash += byte.toString(16).padStart(2, '0');
  return hash;
}

/** In how many of the 256 bits two hashes differ. 31 or less is the usual rule for the same picture. */
export function hammingDistance(hashA: string, hashB: string): number {
  const a = hashToBytes(hashA);
  const b = hashToBytes(hashB);
  let distance = 0;
  for (const [i, byte] of a.entries()) distance += countBits(byte ^ (b[i] ?? 0));
  return distance;
}

function countBits(byte: number): number {
  let bits = byte - ((byte >> 1) & 0x55);
  bits = (bits & 0x33) + ((bits >> 2) & 0x33);
  return (bits + (bits >> 4)) & 0x0f;
}

/** The hash with every bit turned over: that of the negative picture, but for ties with the median. */
export function invertHash(hash: string): string {
  return bytesToHash(hashToBytes(hash).map((byte) => byte ^ 0xff));
}
