import { BATCH, BATCH_AT, DONE, HEIGHT, RING_AT, RING_ROWS, STRIDE, SUMS_AT, WIDTH, WINDOW_Y, ZERO_AT } from './layout';
import { storeTransposed } from './transpose';

/** Adds the rows from `from` to `to` (exclusive) to the sums, for the boxes that begin above the first row. */
export function enterRows(f: usize, from: u32, to: u32): void {
  const sums = <usize>load<u32>(f, SUMS_AT);
  const bytes = (<usize>load<u32>(f, WIDTH)) << 2;
  for (let y = from; y < to; y++) {
    const row = rowAt(f, y);
    for (let at: usize = 0; at < bytes; at += 16) v128.store(sums + at, f32x4.add(v128.load(sums + at), v128.load(row + at)));
  }
}

/**
 * The means of the boxes down all columns for the next eight rows, side by side. A row that does not exist is a row of zeros: adding or
 * subtracting it changes nothing, not even a rounding.
 */
export function boxDownColumns(f: usize): void {
  const done = load<u32>(f, DONE);
  const ahead = load<u32>(f, WINDOW_Y) >> 1;
  const sums = <usize>load<u32>(f, SUMS_AT);
  const bytes = (<usize>load<u32>(f, WIDTH)) << 2;
  const e0 = enterAt(f, done + ahead);
  const e1 = enterAt(f, done + ahead + 1);
  const e2 = enterAt(f, done + ahead + 2);
  const e3 = enterAt(f, done + ahead + 3);
  const e4 = enterAt(f, done + ahead + 4);
  const e5 = enterAt(f, done + ahead + 5);
  const e6 = enterAt(f, done + ahead + 6);
  const e7 = enterAt(f, done + ahead + 7);
  const l0 = leaveAt(f, done + ahead);
  const l1 = leaveAt(f, done + ahead + 1);
  const l2 = leaveAt(f, done + ahead + 2);
  const l3 = leaveAt(f, done + ahead + 3);
  const l4 = leaveAt(f, done + ahead + 4);
  const l5 = leaveAt(f, done + ahead + 5);
  const l6 = leaveAt(f, done + ahead + 6);
  const l7 = leaveAt(f, done + ahead + 7);
  const c0 = countAt(f, done + ahead);
  const c1 = countAt(f, done + ahead + 1);
  const c2 = countAt(f, done + ahead + 2);
  const c3 = countAt(f, done + ahead + 3);
  const c4 = countAt(f, done + ahead + 4);
  const c5 = countAt(f, done + ahead + 5);
  const c6 = countAt(f, done + ahead + 6);
  const c7 = countAt(f, done + ahead + 7);
  let to = <usize>load<u32>(f, BATCH_AT);
  for (let at: usize = 0; at < bytes; at += 16, to += 128) {
    let sum = f32x4.sub(f32x4.add(v128.load(sums + at), v128.load(e0 + at)), v128.load(l0 + at));
    const m0 = f32x4.div(sum, c0);
    sum = f32x4.sub(f32x4.add(sum, v128.load(e1 + at)), v128.load(l1 + at));
    const m1 = f32x4.div(sum, c1);
    sum = f32x4.sub(f32x4.add(sum, v128.load(e2 + at)), v128.load(l2 + at));
    const m2 = f32x4.div(sum, c2);
    sum = f32x4.sub(f32x4.add(sum, v128.load(e3 + at)), v128.load(l3 + at));
    const m3 = f32x4.div(sum, c3);
    storeTransposed(m0, m1, m2, m3, to);
    sum = f32x4.sub(f32x4.add(sum, v128.load(e4 + at)), v128.load(l4 + at));
    const m4 = f32x4.div(sum, c4);
    sum = f32x4.sub(f32x4.add(sum, v128.load(e5 + at)), v128.load(l5 + at));
    const m5 = f32x4.div(sum, c5);
    sum = f32x4.sub(f32x4.add(sum, v128.load(e6 + at)), v128.load(l6 + at));
    const m6 = f32x4.div(sum, c6);
    sum = f32x4.sub(f32x4.add(sum, v128.load(e7 + at)), v128.load(l7 + at));
    v128.store(sums + at, sum);
    storeTransposed(m4, m5, m6, f32x4.div(sum, c7), to + 16);
  }
  store<u32>(f, min(done + BATCH, load<u32>(f, HEIGHT)), DONE);
}

function rowAt(f: usize, y: u32): usize {
  return <usize>load<u32>(f, RING_AT) + <usize>(y % load<u32>(f, RING_ROWS)) * load<u32>(f, STRIDE);
}

function enterAt(f: usize, y: u32): usize {
  return y < load<u32>(f, HEIGHT) ? rowAt(f, y) : <usize>load<u32>(f, ZERO_AT);
}

/** The row that leaves when row `y` enters. */
function leaveAt(f: usize, y: u32): usize {
  const window = load<u32>(f, WINDOW_Y);
  return y >= window && y - window < load<u32>(f, HEIGHT) ? rowAt(f, y - window) : <usize>load<u32>(f, ZERO_AT);
}

/** How many rows the box holds whose last one is `y`. */
function countAt(f: usize, y: u32): v128 {
  const height = load<u32>(f, HEIGHT);
  const window = load<u32>(f, WINDOW_Y);
  const end = min(y + 1, height);
  const begin = y + 1 > window ? y + 1 - window : 0;
  return f32x4.splat(end > begin ? <f32>(end - begin) : 1);
}
