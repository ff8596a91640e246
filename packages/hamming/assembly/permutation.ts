import { ROW_BYTES, ROWS_AT } from './layout';

/** Permutes rows `from` to `to` (exclusive), which hold hashes as they were given, in place. */
export function permuteRows(from: u32, to: u32): void {
  const rows = <usize>load<u32>(0, ROWS_AT);
  const end = rows + <usize>to * ROW_BYTES;
  for (let at = rows + <usize>from * ROW_BYTES; at < end; at += ROW_BYTES) permuteRow(at);
}

/**
 * Bit b becomes bit (167 b + 13) mod 256. With b = 8 B + k, bit k of every byte goes to the same bit (167 k + 13) mod 8, and byte B to
 * byte (7 B + floor((167 k + 13) / 8)) mod 32: so each k is one byte shuffle, one shift and one mask of all 32 bytes.
 * A shift of 16-bit lanes does for bytes, because the mask drops what came from the neighbour.
 */
export function permuteRow(at: usize): void {
  const a = v128.load(at);
  const b = v128.load(at, 16);
  let low = i64x2.splat(0);
  let high = i64x2.splat(0);
  let mask: v128;
  // bit 0 -> bit 5, byte B -> 7 B + 1
  mask = i8x16.splat(0x20);
  low = v128.or(low, v128.and(i16x8.shl(i8x16.shuffle(a, b, 9, 0, 23, 14, 5, 28, 19, 10, 1, 24, 15, 6, 29, 20, 11, 2), 5), mask));
  high = v128.or(high, v128.and(i16x8.shl(i8x16.shuffle(a, b, 25, 16, 7, 30, 21, 12, 3, 26, 17, 8, 31, 22, 13, 4, 27, 18), 5), mask));
  // bit 1 -> bit 4, byte B -> 7 B + 22
  mask = i8x16.splat(0x10);
  low = v128.or(low, v128.and(i16x8.shl(i8x16.shuffle(a, b, 6, 29, 20, 11, 2, 25, 16, 7, 30, 21, 12, 3, 26, 17, 8, 31), 3), mask));
  high = v128.or(high, v128.and(i16x8.shl(i8x16.shuffle(a, b, 22, 13, 4, 27, 18, 9, 0, 23, 14, 5, 28, 19, 10, 1, 24, 15), 3), mask));
  // bit 2 -> bit 3, byte B -> 7 B + 11
  mask = i8x16.splat(0x08);
  low = v128.or(low, v128.and(i16x8.shl(i8x16.shuffle(a, b, 3, 26, 17, 8, 31, 22, 13, 4, 27, 18, 9, 0, 23, 14, 5, 28), 1), mask));
  high = v128.or(high, v128.and(i16x8.shl(i8x16.shuffle(a, b, 19, 10, 1, 24, 15, 6, 29, 20, 11, 2, 25, 16, 7, 30, 21, 12), 1), mask));
  // bit 3 -> bit 2, byte B -> 7 B + 0
  mask = i8x16.splat(0x04);
  low = v128.or(low, v128.and(i16x8.shr_u(i8x16.shuffle(a, b, 0, 23, 14, 5, 28, 19, 10, 1, 24, 15, 6, 29, 20, 11, 2, 25), 1), mask));
  high = v128.or(high, v128.and(i16x8.shr_u(i8x16.shuffle(a, b, 16, 7, 30, 21, 12, 3, 26, 17, 8, 31, 22, 13, 4, 27, 18, 9), 1), mask));
  // bit 4 -> bit 1, byte B -> 7 B + 21
  mask = i8x16.splat(0x02);
  low = v128.or(low, v128.and(i16x8.shr_u(i8x16.shuffle(a, b, 29, 20, 11, 2, 25, 16, 7, 30, 21, 12, 3, 26, 17, 8, 31, 22), 3), mask));
  high = v128.or(high, v128.and(i16x8.shr_u(i8x16.shuffle(a, b, 13, 4, 27, 18, 9, 0, 23, 14, 5, 28, 19, 10, 1, 24, 15, 6), 3), mask));
  // bit 5 -> bit 0, byte B -> 7 B + 10
  mask = i8x16.splat(0x01);
  low = v128.or(low, v128.and(i16x8.shr_u(i8x16.shuffle(a, b, 26, 17, 8, 31, 22, 13, 4, 27, 18, 9, 0, 23, 14, 5, 28, 19), 5), mask));
  high = v128.or(high, v128.and(i16x8.shr_u(i8x16.shuffle(a, b, 10, 1, 24, 15, 6, 29, 20, 11, 2, 25, 16, 7, 30, 21, 12, 3), 5), mask));
  // bit 6 -> bit 7, byte B -> 7 B + 30
  mask = i8x16.splat(-0x80);
  low = v128.or(low, v128.and(i16x8.shl(i8x16.shuffle(a, b, 14, 5, 28, 19, 10, 1, 24, 15, 6, 29, 20, 11, 2, 25, 16, 7), 1), mask));
  high = v128.or(high, v128.and(i16x8.shl(i8x16.shuffle(a, b, 30, 21, 12, 3, 26, 17, 8, 31, 22, 13, 4, 27, 18, 9, 0, 23), 1), mask));
  // bit 7 -> bit 6, byte B -> 7 B + 19
  mask = i8x16.splat(0x40);
  low = v128.or(low, v128.and(i16x8.shr_u(i8x16.shuffle(a, b, 11, 2, 25, 16, 7, 30, 21, 12, 3, 26, 17, 8, 31, 22, 13, 4), 1), mask));
  high = v128.or(high, v128.and(i16x8.shr_u(i8x16.shuffle(a, b, 27, 18, 9, 0, 23, 14, 5, 28, 19, 10, 1, 24, 15, 6, 29, 20), 1), mask));
  v128.store(at, low);
  v128.store(at, high, 16);
}
