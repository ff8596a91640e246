import {
  BOXES_AT,
  COLUMNS,
  COLUMNS_AT,
  COUNTS_AT,
  GRID_AT,
  HEIGHT,
  NARROW_AT,
  NARROW_ROWS,
  NARROW_SUMS_AT,
  SAMPLED,
  SAMPLES,
  SAMPLES_AT,
  WINDOW_Y,
  ZERO_AT,
} from './layout';
import { storeRows } from './transpose';

/** The means of the boxes at the sampled columns, for the eight rows from `y` on (a multiple of 8), into the ring of narrow rows. */
export function pickColumns(f: usize, y: u32): void {
  const columns = <usize>load<u32>(f, COLUMNS);
  const stride = columns << 2;
  const to = narrowAt(f, y);
  const lower = narrowAt(f, y + 4);
  const boxes = <usize>load<u32>(f, BOXES_AT);
  const counts = <usize>load<u32>(f, COUNTS_AT);
  let position = <usize>load<u32>(f, COLUMNS_AT);
  for (let slot: usize = 0; slot < columns; slot += 4, position += 16) {
    const p0 = <usize>load<u32>(position);
    const p1 = <usize>load<u32>(position, 4);
    const p2 = <usize>load<u32>(position, 8);
    const p3 = <usize>load<u32>(position, 12);
    const c0 = v128.load32_splat(counts + (p0 << 2));
    const c1 = v128.load32_splat(counts + (p1 << 2));
    const c2 = v128.load32_splat(counts + (p2 << 2));
    const c3 = v128.load32_splat(counts + (p3 << 2));
    const b0 = boxes + (p0 << 5);
    const b1 = boxes + (p1 << 5);
    const b2 = boxes + (p2 << 5);
    const b3 = boxes + (p3 << 5);
    storeRows(f32x4.div(v128.load(b0), c0), f32x4.div(v128.load(b1), c1), f32x4.div(v128.load(b2), c2), f32x4.div(v128.load(b3), c3), to + (slot << 2), stride);
    storeRows(
      f32x4.div(v128.load(b0, 16), c0),
      f32x4.div(v128.load(b1, 16), c1),
      f32x4.div(v128.load(b2, 16), c2),
      f32x4.div(v128.load(b3, 16), c3),
      lower + (slot << 2),
      stride,
    );
  }
}

/**
 * The second pass down the columns, of the sampled columns alone: narrow row `y` enters (a row of zeros when it does not exist), and the
 * mean is written to the grid where the row is sampled.
 */
export function sampleRow(f: usize, y: u32): void {
  const height = load<u32>(f, HEIGHT);
  const window = load<u32>(f, WINDOW_Y);
  const stride = (<usize>load<u32>(f, COLUMNS)) << 2;
  const sums = <usize>load<u32>(f, NARROW_SUMS_AT);
  const zero = <usize>load<u32>(f, ZERO_AT);
  const enters = y < height ? narrowAt(f, y) : zero;
  const leaves = y >= window ? narrowAt(f, y - window) : zero;
  for (let at: usize = 0; at < stride; at += 16) {
    v128.store(sums + at, f32x4.sub(f32x4.add(v128.load(sums + at), v128.load(enters + at)), v128.load(leaves + at)));
  }
  const ahead = window >> 1;
  if (y < ahead) return;
  const begin = y + 1 > window ? y + 1 - window : 0;
  const count = f32x4.splat(<f32>(min(y + 1, height) - begin));
  let sampled = load<u32>(f, SAMPLED);
  for (; sampled < load<u32>(f, SAMPLES); sampled++) {
    const sample = <usize>load<u32>(f, SAMPLES_AT) + ((<usize>sampled) << 3);
    if (load<u32>(sample) != y - ahead) break;
    const row = <usize>load<u32>(f, GRID_AT) + <usize>load<u32>(sample, 4) * stride;
    for (let at: usize = 0; at < stride; at += 16) v128.store(row + at, f32x4.div(v128.load(sums + at), count));
  }
  store<u32>(f, sampled, SAMPLED);
}

function narrowAt(f: usize, y: u32): usize {
  return <usize>load<u32>(f, NARROW_AT) + ((<usize>(y % load<u32>(f, NARROW_ROWS)) * load<u32>(f, COLUMNS)) << 2);
}
