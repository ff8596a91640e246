import { ColumnBox, STRIP, boxFour, type Axis, type Lines } from './box.ts';
import { EdgeLuma } from './edges.ts';
import { writeLuma, type Picture } from './picture.ts';
import { reachAhead, windowFor } from './sampling.ts';

/*
 * Jarosz filter (two box passes along each axis, specification step 4) followed by sampling (step 5), in one stream over the
 * rows. Bit-exact, because box.ts does the reference's operations in the reference's order. What is saved is work that no sample
 * depends on (the second column pass runs over the sampled columns only) and memory (of the picture, about `window` rows and
 * the sampled columns are held as floats).
 */

/** Rows go through the passes so many at a time; a multiple of boxFour's four. */
const BATCH = 8;

/**
 * Filters `picture` and reads it at every pair of `rows` and `columns` (positions from sampling.ts, in any order).
 * Returns rows.length x columns.length float32 samples, row by row.
 */
export function filterAndSample(picture: Picture, rows: readonly number[], columns: readonly number[]): Float32Array {
  const { width, height } = picture;
  const across: Axis = { size: width, window: windowFor(width) };
  const down: Axis = { size: height, window: windowFor(height) };
  const narrow = filterAndPickColumns(picture, { across, down, columns });
  const grid = new Float32Array(rows.length * columns.length);
  const box = new ColumnBox({ data: narrow, stride: columns.length, rows: height }, down);
  const line = new Float32Array(columns.length);
  const slots = groupByPosition(rows);
  for (let y = 0; y < height; y++) {
    box.next(line, 0);
    for (const slot of slots.get(y) ?? []) grid.set(line, slot * columns.length);
  }
  if (EdgeLuma.isNeeded({ rows, columns })) {
    const edges = new EdgeLuma(picture);
    edges.note(picture.data, 0, height);
    edges.apply({ rows, columns, grid });
  }
  return grid;
}

function groupByPosition(positions: readonly number[]): Map<number, number[]> {
  const slots = new Map<number, number[]>();
  for (const [slot, position] of positions.entries()) slots.set(position, [...(slots.get(position) ?? []), slot]);
  return slots;
}

interface Passes {
  readonly across: Axis;
  readonly down: Axis;
  readonly columns: readonly number[];
}

/** The first row pass, the first column pass and the second row pass; of the last, only `columns` are kept, for every row. */
function filterAndPickColumns(picture: Picture, { across, down, columns }: Passes): Float32Array {
  const { size: width } = across;
  const { size: height } = down;
  const stride = Math.ceil(width / STRIP) * STRIP;
  const batch = new Float32Array(BATCH * stride);
  const wide = new Float32Array(BATCH * stride);
  // Beside the window: the rows of a batch, and those read before the next batch is full.
  const ringRows = Math.ceil((down.window + 2 * BATCH - 1) / BATCH) * BATCH;
  const ring = new Float32Array(ringRows * stride);
  const box = new ColumnBox({ data: ring, stride, rows: ringRows }, down);
  const narrow = new Float32Array(height * columns.length);
  const at = Int32Array.from(columns, (position) => Math.max(position, 0));
  let done = 0;
  for (let top = 0; top < height; top += BATCH) {
    const read = Math.min(top + BATCH, height);
    for (let y = top; y < read; y++) writeLuma(picture, { first: y * width, count: width, outAt: (y - top) * stride }, batch);
    boxBatch(batch, { data: ring, at: (top % ringRows) * stride, stride }, across);
    const isLast = read === height;
    const ready = isLast ? height : read - reachAhead(down.window);
    while (ready - done >= BATCH || (isLast && done < height)) {
      const rows = Math.min(BATCH, ready - done);
      box.nextRows(wide, rows);
      boxBatch(wide, { data: batch, at: 0, stride }, across);
      for (let row = 0; row < rows; row++) pickColumns(batch, row * stride, { at, out: narrow, outAt: (done + row) * at.length });
      done += rows;
    }
  }
  return narrow;
}

/** Filters the lines of a batch. Those after the last row of the picture hold what was there before, and nothing reads them. */
function boxBatch(data: Float32Array, to: Lines, axis: Axis): void {
  const { stride } = to;
  for (let row = 0; row < BATCH; row += 4) boxFour({ data, at: row * stride, stride }, { ...to, at: to.at + row * stride }, axis);
}

interface Pick {
  readonly at: Int32Array;
  readonly out: Float32Array;
  readonly outAt: number;
}

function pickColumns(line: Float32Array, lineAt: number, pick: Pick): void {
  const { at, out, outAt } = pick;
  for (let slot = 0; slot < at.length; slot++) out[outAt + slot] = line[lineAt + (at[slot] ?? 0)] ?? 0;
}
