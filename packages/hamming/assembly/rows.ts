import { COUNT, DISTANCES_AT, LABEL_COUNT, LABELS, LABELS_AT, RADIUS, ROW_BYTES, ROWS_AT, SURVIVORS_AT, TOUCHED } from './layout';

/** Survivors that are touched before they are compared. */
const BLOCK: usize = 256;
/** Beyond this radius a check after half of the bits seldom drops a row, and the processor mispredicts it. */
const WIDEST_HALF_CHECK: u32 = 40;

/**
 * Compares the query with rows `from` to `to` (exclusive; at most `survivorsMax`). What matches is written to `survivors` and
 * `distances`; returns how many.
 */
export function scanRows(s: usize, from: u32, to: u32): u32 {
  const rows = <usize>load<u32>(0, ROWS_AT);
  const survivors = <usize>load<u32>(s, SURVIVORS_AT);
  const radius = load<u32>(s, RADIUS);
  const half: u32 = radius <= WIDEST_HALF_CHECK ? radius : 256;
  const q0 = load<u64>(s);
  const q1 = load<u64>(s, 8);
  const q2 = load<u64>(s, 16);
  const q3 = load<u64>(s, 24);
  let found: usize = 0;
  let at = rows + <usize>from * ROW_BYTES;
  for (let row = from; row < to; row++, at += ROW_BYTES) {
    const first = <u32>popcnt(load<u64>(at) ^ q0) + <u32>popcnt(load<u64>(at, 8) ^ q1);
    if (first > half) continue;
    const distance = first + <u32>popcnt(load<u64>(at, 16) ^ q2) + <u32>popcnt(load<u64>(at, 24) ^ q3);
    if (distance > radius || !isWanted(s, row, distance)) continue;
    store<u32>(survivors + (found << 2), row);
    store<u8>(<usize>load<u32>(s, DISTANCES_AT) + found, <u8>distance);
    found++;
  }
  return <u32>found;
}

/** The same for the `count` rows that `survivors` lists; the matches among them move to its front. */
export function compareSurvivors(s: usize, count: usize): i32 {
  const rows = <usize>load<u32>(0, ROWS_AT);
  const survivors = <usize>load<u32>(s, SURVIVORS_AT);
  const radius = load<u32>(s, RADIUS);
  const q0 = load<u64>(s);
  const q1 = load<u64>(s, 8);
  const q2 = load<u64>(s, 16);
  const q3 = load<u64>(s, 24);
  let found: usize = 0;
  for (let begin: usize = 0; begin < count; begin += BLOCK) {
    const end = min(begin + BLOCK, count);
    touchRows(s, survivors + (begin << 2), survivors + (end << 2));
    for (let i = begin; i < end; i++) {
      const row = load<u32>(survivors + (i << 2));
      const at = rows + <usize>row * ROW_BYTES;
      let distance = <u32>popcnt(load<u64>(at) ^ q0) + <u32>popcnt(load<u64>(at, 8) ^ q1);
      if (distance > radius) continue;
      distance += <u32>popcnt(load<u64>(at, 16) ^ q2) + <u32>popcnt(load<u64>(at, 24) ^ q3);
      if (distance > radius || !isWanted(s, row, distance)) continue;
      store<u32>(survivors + (found << 2), row);
      store<u8>(<usize>load<u32>(s, DISTANCES_AT) + found, <u8>distance);
      found++;
    }
  }
  return <i32>found;
}

/** Reads one word of each listed row. Without branches the processor has many of these reads under way at once. */
function touchRows(s: usize, from: usize, to: usize): void {
  const rows = <usize>load<u32>(0, ROWS_AT);
  let sum: u32 = 0;
  for (let at = from; at < to; at += 4) sum += load<u32>(rows + <usize>load<u32>(at) * ROW_BYTES);
  store<u32>(s, sum, TOUCHED);
}

/** The label filter: each label has its own radius; what it holds is the radius plus 1, or 0 for labels that are not wanted. */
function isWanted(s: usize, row: u32, distance: u32): bool {
  const labelCount = load<u32>(s, LABEL_COUNT);
  if (labelCount == 0) return true;
  const labels = <usize>load<u32>(0, LABELS_AT);
  const label: u32 = labels == 0 ? 0 : <u32>load<u16>(labels + ((<usize>row) << 1));
  return label < labelCount && distance < <u32>load<u8>(s + label, LABELS);
}

export function rowCount(): u32 {
  return atomic.load<u32>(0, COUNT);
}
