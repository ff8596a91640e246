import { HammingError } from './errors.ts';

export const HASH_BYTES = 32;
export const HASH_BITS = 256;
/** A row is a hash as eight 32-bit words, or, seen through another view, as sixteen 16-bit chunks. */
export const ROW_WORDS = 8;
export const CHUNKS = 16;
export const CHUNK_VALUES = 65_536;
export const MAX_RADIUS = 63;
export const DEFAULT_RADIUS = 31;

/*
 * Reads that are known to be inside the array. One function for each array type: V8 inlines them and keeps one element kind for
 * each (6 ns a row in the scan, as fast as a bare read; `array[at] ?? 0` in place took 9 to 12 ns).
 */
export function wordAt(words: Uint32Array, at: number): number {
  return words[at] ?? 0;
}

export function chunkAt(chunks: Uint16Array, at: number): number {
  return chunks[at] ?? 0;
}

export function byteAt(bytes: Uint8Array, at: number): number {
  return bytes[at] ?? 0;
}

/** Set bits of each 16-bit value. One load beats the twelve operations of the arithmetic form in the signature filter. */
export const POPCOUNT_16: Uint8Array = countBits();

function countBits(): Uint8Array {
  const counts = new Uint8Array(CHUNK_VALUES);
  for (let value = 1; value < CHUNK_VALUES; value++) counts[value] = byteAt(counts, value >> 1) + (value & 1);
  return counts;
}

export function assertHash(hash: unknown): asserts hash is Uint8Array {
  if (!(hash instanceof Uint8Array) || hash.length !== HASH_BYTES) {
    throw new HammingError('bad_hash', 'A hash must be a Uint8Array of 32 bytes.');
  }
}

/** Number of differing bits of two 32-byte hashes, 0 to 256. */
export function hammingDistance(a: Uint8Array, b: Uint8Array): number {
  assertHash(a);
  assertHash(b);
  let distance = 0;
  for (let at = 0; at < HASH_BYTES; at++) distance += byteAt(POPCOUNT_16, byteAt(a, at) ^ byteAt(b, at));
  return distance;
}
