import { boxAlongRows, sumAlongRows } from './boxes';
import { boxDownColumns, enterRows } from './columns';
import { BATCH, DONE, HEIGHT, READ, RING_AT, RING_ROWS, STRIDE, WINDOW_Y } from './layout';
import { readLuma } from './luma';
import { pickColumns, sampleRow } from './samples';

/**
 * Takes the next eight rows of pixels (fewer only at the end of the picture; what stands in their place is read and not used), and
 * filters and samples as far as these allow: along the rows, down the columns, along the rows, down the columns.
 */
export function pushRows(f: usize, from: usize): void {
  const height = load<u32>(f, HEIGHT);
  const ahead = load<u32>(f, WINDOW_Y) >> 1;
  const read = load<u32>(f, READ);
  readLuma(f, from);
  boxAlongRows(f, <usize>load<u32>(f, RING_AT) + <usize>(read % load<u32>(f, RING_ROWS)) * load<u32>(f, STRIDE));
  const end = min(read + BATCH, height);
  store<u32>(f, end, READ);
  if (read < ahead) enterRows(f, read, min(end, ahead));
  while (load<u32>(f, DONE) < height && (end == height || load<u32>(f, DONE) + BATCH + ahead <= end)) filterBatch(f);
  if (end == height) for (let y = height; y < height + ahead; y++) sampleRow(f, y);
}

function filterBatch(f: usize): void {
  const first = load<u32>(f, DONE);
  boxDownColumns(f);
  sumAlongRows(f);
  pickColumns(f, first);
  const end = load<u32>(f, DONE);
  for (let y = first; y < end; y++) sampleRow(f, y);
}
