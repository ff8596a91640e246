import { CHECKSUM } from './layout';

/** Odd, so that multiplication loses nothing. */
const FACTOR: i32 = 0x9e3779b1;

/**
 * Continues the checksum in the scratch memory over `bytes` bytes (a multiple of 64) at `at`: sixteen lanes of 32 bits, each
 * lane = lane * FACTOR + word. For finding damage, not forgery.
 */
export function addChecksum(s: usize, at: usize, bytes: usize): void {
  const factor = i32x4.splat(FACTOR);
  let a = v128.load(s, CHECKSUM);
  let b = v128.load(s, CHECKSUM + 16);
  let c = v128.load(s, CHECKSUM + 32);
  let d = v128.load(s, CHECKSUM + 48);
  const end = at + bytes;
  for (let from = at; from < end; from += 64) {
    a = i32x4.add(i32x4.mul(a, factor), v128.load(from));
    b = i32x4.add(i32x4.mul(b, factor), v128.load(from, 16));
    c = i32x4.add(i32x4.mul(c, factor), v128.load(from, 32));
    d = i32x4.add(i32x4.mul(d, factor), v128.load(from, 48));
  }
  v128.store(s, a, CHECKSUM);
  v128.store(s, b, CHECKSUM + 16);
  v128.store(s, c, CHECKSUM + 32);
  v128.store(s, d, CHECKSUM + 48);
}
