import { BOUNDS_PER_CHUNK, CHUNK_VALUES, CHUNKS, COUNT, ENTRIES_AT, IDS_AT, ROW_BYTES, ROWS_AT, TABLE_AT } from './layout';

/** Counts the rows of each bucket of one chunk. The count of bucket k is kept at k + 1. */
export function countKeys(chunk: u32, from: u32, to: u32): void {
  const bounds = boundsOf(chunk) + 4;
  const rows = <usize>load<u32>(0, ROWS_AT) + ((<usize>chunk) << 1);
  const end = rows + <usize>to * ROW_BYTES;
  for (let at = rows + <usize>from * ROW_BYTES; at < end; at += ROW_BYTES) {
    const bound = bounds + ((<usize>load<u16>(at)) << 2);
    store<u32>(bound, load<u32>(bound) + 1);
  }
}

/** Replaces the count of bucket k, at k + 1, by the bucket's start; `placeEntries` moves it on to the bucket's end. */
export function startBuckets(chunk: u32): void {
  const bounds = boundsOf(chunk) + 4;
  const end = bounds + (CHUNK_VALUES << 2);
  let start: u32 = 0;
  for (let bound = bounds; bound < end; bound += 4) {
    const count = load<u32>(bound);
    store<u32>(bound, start);
    start += count;
  }
}

/** Writes the list entries of these rows for one chunk. Afterwards the bound at k + 1 is the end of bucket k, the start of k + 1. */
export function placeEntries(chunk: u32, from: u32, to: u32): void {
  const count = <usize>load<u32>(0, COUNT);
  const bounds = boundsOf(chunk) + 4;
  const rows = <usize>load<u32>(0, ROWS_AT);
  const own = (<usize>chunk) << 1;
  const next = (<usize>((chunk + 1) & <u32>(CHUNKS - 1))) << 1;
  const signatures = <usize>load<u32>(0, ENTRIES_AT) + ((<usize>chunk * count) << 1);
  const ids = <usize>load<u32>(0, IDS_AT) + ((<usize>chunk * count) << 2);
  let row = rows + <usize>from * ROW_BYTES;
  for (let id = from; id < to; id++, row += ROW_BYTES) {
    const bound = bounds + ((<usize>load<u16>(row + own)) << 2);
    const at = <usize>load<u32>(bound);
    store<u32>(bound, <u32>at + 1);
    store<u16>(signatures + (at << 1), load<u16>(row + next));
    store<u32>(ids + (at << 2), id);
  }
}

/** Whether the bounds ascend from 0 to the number of rows in every chunk, and no row number exceeds the last row. */
export function checkBounds(): bool {
  const count = load<u32>(0, COUNT);
  for (let chunk: u32 = 0; chunk < <u32>CHUNKS; chunk++) {
    const bounds = boundsOf(chunk);
    const end = bounds + (CHUNK_VALUES << 2);
    if (load<u32>(bounds) != 0 || load<u32>(end) != count) return false;
    for (let bound = bounds; bound < end; bound += 4) if (load<u32>(bound) > load<u32>(bound, 4)) return false;
  }
  return checkIds(count);
}

function checkIds(count: u32): bool {
  const ids = <usize>load<u32>(0, IDS_AT);
  const end = ids + ((<usize>count * CHUNKS) << 2);
  let most = i32x4.splat(0);
  // The number of row numbers is a multiple of 16.
  for (let at = ids; at < end; at += 16) most = i32x4.max_u(most, v128.load(at));
  return count == 0 || !v128.any_true(i32x4.ge_u(most, i32x4.splat(<i32>count)));
}

function boundsOf(chunk: u32): usize {
  return <usize>load<u32>(0, TABLE_AT) + ((<usize>chunk * BOUNDS_PER_CHUNK) << 2);
}
