import { BATCH_AT, BOXES_AT, COUNTS_AT, STRIDE, WIDTH, WINDOW_X } from './layout';
import { storeRows } from './transpose';

/**
 * The running sums of the boxes along eight rows that stand side by side: what enters is added, then what leaves is subtracted, each
 * rounded (specification step 4). Two vectors of four rows, so that one addition need not wait for the other.
 */
export function sumAlongRows(f: usize): void {
  const width = load<u32>(f, WIDTH);
  const window = load<u32>(f, WINDOW_X);
  const batch = <usize>load<u32>(f, BATCH_AT);
  const end = batch + ((<usize>width) << 5);
  let to = <usize>load<u32>(f, BOXES_AT);
  const toEnd = to + ((<usize>width) << 5);
  const back = (<usize>window) << 5;
  let a = f32x4.splat(0);
  let b = f32x4.splat(0);
  let enters = batch;
  // The box at the first column reaches this far ahead.
  const first = batch + ((<usize>(window >> 1)) << 5);
  for (; enters < first; enters += 32) {
    a = f32x4.add(a, v128.load(enters));
    b = f32x4.add(b, v128.load(enters, 16));
  }
  for (; enters < batch + back; enters += 32, to += 32) {
    a = f32x4.add(a, v128.load(enters));
    b = f32x4.add(b, v128.load(enters, 16));
    v128.store(to, a);
    v128.store(to, b, 16);
  }
  for (; enters < end; enters += 32, to += 32) {
    a = f32x4.sub(f32x4.add(a, v128.load(enters)), v128.load(enters - back));
    b = f32x4.sub(f32x4.add(b, v128.load(enters, 16)), v128.load(enters - back, 16));
    v128.store(to, a);
    v128.store(to, b, 16);
  }
  for (let leaves = end - back; to < toEnd; leaves += 32, to += 32) {
    a = f32x4.sub(a, v128.load(leaves));
    b = f32x4.sub(b, v128.load(leaves, 16));
    v128.store(to, a);
    v128.store(to, b, 16);
  }
}

/** The means of all boxes, as eight rows from `to` on. Between the ends, where all boxes are whole, sums go straight into the rows. */
export function boxAlongRows(f: usize, to: usize): void {
  const width = load<u32>(f, WIDTH);
  const window = load<u32>(f, WINDOW_X);
  const ahead = window >> 1;
  // Multiples of four: the first column whose box is whole, and the last ones that are.
  const begin = (window - ahead + 3) & ~3;
  const whole = width - ahead;
  const end = whole > begin ? begin + ((whole - begin) & ~3) : begin;
  if (end <= begin) {
    sumAlongRows(f);
    divideToRows(f, to, 0, width);
    return;
  }
  const batch = <usize>load<u32>(f, BATCH_AT);
  const boxes = <usize>load<u32>(f, BOXES_AT);
  const back = (<usize>window) << 5;
  const last = batch + ((<usize>width) << 5);
  const stride = <usize>load<u32>(f, STRIDE);
  let a = f32x4.splat(0);
  let b = f32x4.splat(0);
  let at = batch;
  for (let p: i32 = -(<i32>ahead); p < <i32>begin; p++, at += 32) {
    a = f32x4.add(a, v128.load(at));
    b = f32x4.add(b, v128.load(at, 16));
    if (at >= batch + back) {
      a = f32x4.sub(a, v128.load(at - back));
      b = f32x4.sub(b, v128.load(at - back, 16));
    }
    if (p < 0) continue;
    v128.store(boxes + ((<usize>p) << 5), a);
    v128.store(boxes + ((<usize>p) << 5), b, 16);
  }
  const count = f32x4.splat(<f32>window);
  let row = to + ((<usize>begin) << 2);
  const rowEnd = to + ((<usize>end) << 2);
  for (; row < rowEnd; row += 16, at += 128) {
    const leaves = at - back;
    const a0 = f32x4.sub(f32x4.add(a, v128.load(at)), v128.load(leaves));
    const b0 = f32x4.sub(f32x4.add(b, v128.load(at, 16)), v128.load(leaves, 16));
    const a1 = f32x4.sub(f32x4.add(a0, v128.load(at, 32)), v128.load(leaves, 32));
    const b1 = f32x4.sub(f32x4.add(b0, v128.load(at, 48)), v128.load(leaves, 48));
    const a2 = f32x4.sub(f32x4.add(a1, v128.load(at, 64)), v128.load(leaves, 64));
    const b2 = f32x4.sub(f32x4.add(b1, v128.load(at, 80)), v128.load(leaves, 80));
    a = f32x4.sub(f32x4.add(a2, v128.load(at, 96)), v128.load(leaves, 96));
    b = f32x4.sub(f32x4.add(b2, v128.load(at, 112)), v128.load(leaves, 112));
    storeRows(f32x4.div(a0, count), f32x4.div(a1, count), f32x4.div(a2, count), f32x4.div(a, count), row, stride);
    storeRows(f32x4.div(b0, count), f32x4.div(b1, count), f32x4.div(b2, count), f32x4.div(b, count), row + 4 * stride, stride);
  }
  for (let p = <usize>end; p < width; p++, at += 32) {
    if (at < last) {
      a = f32x4.add(a, v128.load(at));
      b = f32x4.add(b, v128.load(at, 16));
    }
    a = f32x4.sub(a, v128.load(at - back));
    b = f32x4.sub(b, v128.load(at - back, 16));
    v128.store(boxes + (p << 5), a);
    v128.store(boxes + (p << 5), b, 16);
  }
  divideToRows(f, to, 0, begin);
  divideToRows(f, to, end, width);
}

/** The means of the boxes from column `begin` (a multiple of four) to `end`, as eight rows. */
function divideToRows(f: usize, to: usize, begin: u32, end: u32): void {
  const stride = <usize>load<u32>(f, STRIDE);
  const boxes = <usize>load<u32>(f, BOXES_AT);
  const counts = <usize>load<u32>(f, COUNTS_AT);
  const lower = to + 4 * stride;
  for (let x = <usize>begin; x < end; x += 4) {
    const from = boxes + (x << 5);
    const at = x << 2;
    const c0 = v128.load32_splat(counts + at);
    const c1 = v128.load32_splat(counts + at, 4);
    const c2 = v128.load32_splat(counts + at, 8);
    const c3 = v128.load32_splat(counts + at, 12);
    storeRows(
      f32x4.div(v128.load(from), c0),
      f32x4.div(v128.load(from, 32), c1),
      f32x4.div(v128.load(from, 64), c2),
      f32x4.div(v128.load(from, 96), c3),
      to + at,
      stride,
    );
    storeRows(
      f32x4.div(v128.load(from, 16), c0),
      f32x4.div(v128.load(from, 48), c1),
      f32x4.div(v128.load(from, 80), c2),
      f32x4.div(v128.load(from, 112), c3),
      lower + at,
      stride,
    );
  }
}
