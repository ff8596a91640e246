/** The side of the grid, and of the block of frequencies that is kept. */
const GRID: usize = 64;
const BLOCK: usize = 16;

/**
 * left (16 x 64) times right (64 x `columns`, a multiple of 16), each element summed in ascending order, every product and sum
 * rounded (specification step 7). Four rows by sixteen columns at a time: sixteen sums that need not wait for one another.
 */
export function multiply(left: usize, right: usize, columns: usize, to: usize): void {
  const stride = columns << 2;
  for (let i: usize = 0; i < BLOCK; i += 4) {
    for (let j: usize = 0; j < stride; j += 32) {
      let a0 = f32x4.splat(0);
      let a1 = f32x4.splat(0);
      let b0 = f32x4.splat(0);
      let b1 = f32x4.splat(0);
      let c0 = f32x4.splat(0);
      let c1 = f32x4.splat(0);
      let d0 = f32x4.splat(0);
      let d1 = f32x4.splat(0);
      let factor = left + i * (GRID << 2);
      let from = right + j;
      for (let k: usize = 0; k < GRID; k++, factor += 4, from += stride) {
        const r0 = v128.load(from);
        const r1 = v128.load(from, 16);
        const fa = v128.load32_splat(factor);
        const fb = v128.load32_splat(factor, 256);
        const fc = v128.load32_splat(factor, 512);
        const fd = v128.load32_splat(factor, 768);
        a0 = f32x4.add(a0, f32x4.mul(fa, r0));
        a1 = f32x4.add(a1, f32x4.mul(fa, r1));
        b0 = f32x4.add(b0, f32x4.mul(fb, r0));
        b1 = f32x4.add(b1, f32x4.mul(fb, r1));
        c0 = f32x4.add(c0, f32x4.mul(fc, r0));
        c1 = f32x4.add(c1, f32x4.mul(fc, r1));
        d0 = f32x4.add(d0, f32x4.mul(fd, r0));
        d1 = f32x4.add(d1, f32x4.mul(fd, r1));
      }
      const row = to + i * stride + j;
      v128.store(row, a0);
      v128.store(row, a1, 16);
      v128.store(row + stride, b0);
      v128.store(row + stride, b1, 16);
      v128.store(row + 2 * stride, c0);
      v128.store(row + 2 * stride, c1, 16);
      v128.store(row + 3 * stride, d0);
      v128.store(row + 3 * stride, d1, 16);
    }
  }
}

/** The sum of the steps between neighbours (specification step 6). */
export function sumSteps(grid: usize): i32 {
  let sums = i32x4.splat(0);
  for (let y: usize = 0; y < GRID; y++) {
    const row = grid + y * (GRID << 2);
    for (let at: usize = 0; at < GRID << 2; at += 16) {
      const here = v128.load(row + at);
      if (y + 1 < GRID) sums = i32x4.add(sums, steps(here, v128.load(row + at, 256)));
      if (at < 240) sums = i32x4.add(sums, steps(here, v128.load(row + at, 4)));
      // The last four have only three neighbours to the right.
      else sums = i32x4.add(sums, v128.and(steps(here, v128.load(row + at, 4)), i32x4(-1, -1, -1, 0)));
    }
  }
  return i32x4.extract_lane(sums, 0) + i32x4.extract_lane(sums, 1) + i32x4.extract_lane(sums, 2) + i32x4.extract_lane(sums, 3);
}

function steps(u: v128, v: v128): v128 {
  return i32x4.abs(i32x4.trunc_sat_f32x4_s(f32x4.div(f32x4.mul(f32x4.sub(u, v), f32x4.splat(100)), f32x4.splat(255))));
}

/**
 * The hash of 256 coefficients: bit k is 1 where coefficient k exceeds the 128th smallest (specification steps 8 and 9). Written as 32
 * bytes, the lowest bit first. `keys`: 1,024 bytes to work in.
 */
export function threshold(coefficients: usize, keys: usize, to: usize): void {
  const sign = i32x4.splat(<i32>0x80000000);
  for (let at: usize = 0; at < 1024; at += 16) {
    const bits = v128.load(coefficients + at);
    // Unsigned numbers in the order of the floats: negative ones turned over, the others raised above them.
    v128.store(keys + at, v128.xor(bits, v128.or(i32x4.shr_s(bits, 31), sign)));
  }
  const median = f32x4.splat(toFloat(select(keys, 127)));
  for (let i: usize = 0; i < 32; i++) {
    const at = coefficients + (i << 5);
    const low = i32x4.bitmask(f32x4.gt(v128.load(at), median));
    const high = i32x4.bitmask(f32x4.gt(v128.load(at, 16), median));
    store<u8>(to + i, <u8>(low | (high << 4)));
  }
}

/** The key of this rank (0 is the smallest), bit by bit from the highest: how many share what is known of it and have a 0 next? */
function select(keys: usize, wanted: i32): u32 {
  let rank = wanted;
  let known: u32 = 0;
  let mask: u32 = 0;
  for (let bit: u32 = 0x80000000; bit != 0; bit >>= 1) {
    mask |= bit;
    const masks = i32x4.splat(<i32>mask);
    const zeros = i32x4.splat(<i32>known);
    let counts = i32x4.splat(0);
    for (let at: usize = 0; at < 1024; at += 16) counts = i32x4.sub(counts, i32x4.eq(v128.and(v128.load(keys + at), masks), zeros));
    const count = i32x4.extract_lane(counts, 0) + i32x4.extract_lane(counts, 1) + i32x4.extract_lane(counts, 2) + i32x4.extract_lane(counts, 3);
    if (rank >= count) {
      rank -= count;
      known |= bit;
    }
  }
  return known;
}

function toFloat(key: u32): f32 {
  return reinterpret<f32>(key >= 0x80000000 ? key ^ 0x80000000 : ~key);
}

/** A grid of 64 x 64 with rows and columns exchanged. */
export function turnGrid(from: usize, to: usize): void {
  for (let y: usize = 0; y < GRID; y++) for (let x: usize = 0; x < GRID; x++) store<f32>(to + (((x << 6) + y) << 2), load<f32>(from + (((y << 6) + x) << 2)));
}

/** 64 x 64 samples out of a larger grid whose rows are `stride` bytes apart. */
export function copyGrid(from: usize, stride: usize, to: usize): void {
  for (let y: usize = 0; y < GRID; y++) memory.copy(to + y * (GRID << 2), from + y * stride, GRID << 2);
}
