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

/** The means of all boxes, as eight rows from `to` on. */
export function divideToRows(f: usize, to: usize): void {
  const width = <usize>load<u32>(f, WIDTH);
  const stride = <usize>load<u32>(f, STRIDE);
  const boxes = <usize>load<u32>(f, BOXES_AT);
  const counts = <usize>load<u32>(f, COUNTS_AT);
  const lower = to + 4 * stride;
  for (let x: usize = 0; x < width; x += 4) {
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
