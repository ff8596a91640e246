import { BATCH_AT, CHANNELS, WIDTH } from './layout';
import { storeTransposed } from './transpose';

/**
 * The luma of eight rows of pixels at `from`: (0.299 R + 0.587 G) + 0.114 B, every product and sum rounded (specification step 2). Grey is
 * the value itself. Written side by side: the eight values of a column stand together. Reads up to 16 bytes beyond the last row.
 */
export function readLuma(f: usize, from: usize): void {
  const width = load<u32>(f, WIDTH);
  const channels = load<u32>(f, CHANNELS);
  const rowBytes = <usize>width * channels;
  const batch = <usize>load<u32>(f, BATCH_AT);
  for (let x: u32 = 0; x < width; x += 4) {
    const at = from + <usize>x * channels;
    const to = batch + ((<usize>x) << 5);
    if (channels == 3) {
      storeTransposed(colour3(at), colour3(at + rowBytes), colour3(at + 2 * rowBytes), colour3(at + 3 * rowBytes), to);
      storeTransposed(colour3(at + 4 * rowBytes), colour3(at + 5 * rowBytes), colour3(at + 6 * rowBytes), colour3(at + 7 * rowBytes), to + 16);
    } else if (channels == 4) {
      storeTransposed(colour4(at), colour4(at + rowBytes), colour4(at + 2 * rowBytes), colour4(at + 3 * rowBytes), to);
      storeTransposed(colour4(at + 4 * rowBytes), colour4(at + 5 * rowBytes), colour4(at + 6 * rowBytes), colour4(at + 7 * rowBytes), to + 16);
    } else {
      storeTransposed(grey(at), grey(at + rowBytes), grey(at + 2 * rowBytes), grey(at + 3 * rowBytes), to);
      storeTransposed(grey(at + 4 * rowBytes), grey(at + 5 * rowBytes), grey(at + 6 * rowBytes), grey(at + 7 * rowBytes), to + 16);
    }
  }
}

function colour3(at: usize): v128 {
  const bytes = v128.load(at);
  // Index 255 gives a zero.
  const red = i8x16.swizzle(bytes, i8x16(0, -1, -1, -1, 3, -1, -1, -1, 6, -1, -1, -1, 9, -1, -1, -1));
  const green = i8x16.swizzle(bytes, i8x16(1, -1, -1, -1, 4, -1, -1, -1, 7, -1, -1, -1, 10, -1, -1, -1));
  const blue = i8x16.swizzle(bytes, i8x16(2, -1, -1, -1, 5, -1, -1, -1, 8, -1, -1, -1, 11, -1, -1, -1));
  return weigh(red, green, blue);
}

function colour4(at: usize): v128 {
  const pixels = v128.load(at);
  const byte = i32x4.splat(255);
  return weigh(v128.and(pixels, byte), v128.and(i32x4.shr_u(pixels, 8), byte), v128.and(i32x4.shr_u(pixels, 16), byte));
}

function weigh(red: v128, green: v128, blue: v128): v128 {
  const r = f32x4.mul(f32x4.convert_i32x4_s(red), f32x4.splat(0.299));
  const g = f32x4.mul(f32x4.convert_i32x4_s(green), f32x4.splat(0.587));
  const b = f32x4.mul(f32x4.convert_i32x4_s(blue), f32x4.splat(0.114));
  return f32x4.add(f32x4.add(r, g), b);
}

function grey(at: usize): v128 {
  return f32x4.convert_i32x4_s(i32x4.extend_low_i16x8_u(i16x8.extend_low_i8x16_u(v128.load32_zero(at))));
}
