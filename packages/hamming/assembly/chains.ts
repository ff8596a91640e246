import {
  CHUNK_VALUES,
  CHUNKS,
  ENTRIES_AT,
  FLIP_COUNTS,
  FLIP_WEIGHTS,
  FLIPS,
  PAIR_LIMITS,
  POSITIONS,
  POSITIONS_MAX,
  PROBES,
  ROW_BYTES,
  ROWS_AT,
  TABLE_AT,
} from './layout';
import { compareSurvivors, rowCount } from './rows';
import { addSurvivors, clearVisited, isOverfull } from './survivors';

/**
 * The same as `searchRing` for a growing segment. All chains are followed side by side, one link of each in a round, so that the
 * reads of a round do not wait for one another. Returns -1 when a scan is cheaper.
 */
export function searchChains(s: usize): i32 {
  const links = <usize>load<u32>(0, ENTRIES_AT);
  const positions = s + POSITIONS;
  const positionsEnd = positions + (POSITIONS_MAX << 2);
  let budget = <i32>rowCount();
  let position = positions;
  let survivors: usize = 0;
  let end = openChains(s);
  while (end > s + PROBES) {
    budget -= <i32>((end - s - PROBES) >> 2);
    if (budget < 0) {
      clearVisited(s, survivors);
      return -1;
    }
    let kept = s + PROBES;
    for (let at = s + PROBES; at < end; at += 4) {
      // An item: the row plus 1, its chunk and its limit.
      const item = load<u32>(at);
      const chunk = <usize>((item >> 16) & 15);
      const link = load<u32>(links + ((((<usize>(item & 0xffff)) << 4) + chunk) << 2));
      const wanted = <u32>load<u16>(s + (((chunk + 1) & (CHUNKS - 1)) << 1));
      store<u32>(position, (item & 0xffff) - 1);
      position += <u32>popcnt((link & 0xffff) ^ wanted) <= item >> 20 ? 4 : 0;
      store<u32>(kept, (item & 0xffff0000) | (link >> 16));
      kept += link >> 16 != 0 ? 4 : 0;
      if (position == positionsEnd) {
        survivors = addSurvivors(s, survivors, positions, POSITIONS_MAX);
        position = positions;
        if (isOverfull(s, survivors)) {
          clearVisited(s, survivors);
          return -1;
        }
      }
    }
    end = kept;
  }
  survivors = addSurvivors(s, survivors, positions, (position - positions) >> 2);
  clearVisited(s, survivors);
  return isOverfull(s, survivors) ? -1 : compareSurvivors(s, survivors);
}

/** Lists the first link of every chain that is not empty; returns the end of the list. */
function openChains(s: usize): usize {
  let heads = <usize>load<u32>(0, TABLE_AT);
  let item = s + PROBES;
  for (let chunk: usize = 0; chunk < CHUNKS; chunk++) {
    const key = <usize>load<u16>(s + (chunk << 1));
    const pairLimit = <u32>load<u8>(s + chunk, PAIR_LIMITS);
    const flips = <usize>load<u16>(s + (chunk << 1), FLIP_COUNTS);
    for (let flip: usize = 0; flip < flips; flip++) {
      const head = <u32>load<u16>(heads + ((key ^ <usize>load<u16>(s + (flip << 1), FLIPS)) << 1));
      store<u32>(item, ((pairLimit - load<u8>(s + flip, FLIP_WEIGHTS)) << 20) | ((<u32>chunk) << 16) | head);
      item += head != 0 ? 4 : 0;
    }
    heads += CHUNK_VALUES << 1;
  }
  return item;
}

/**
 * Puts rows `from` to `to` (exclusive) into the chains. The link is written before the head that leads to it, and the head with an
 * atomic store: another thread that sees the head sees the link and the row.
 */
export function linkRows(from: u32, to: u32): void {
  const rows = <usize>load<u32>(0, ROWS_AT);
  const links = <usize>load<u32>(0, ENTRIES_AT);
  for (let row = from; row < to; row++) {
    const at = rows + <usize>row * ROW_BYTES;
    let link = links + ((<usize>(row + 1)) << 6);
    let heads = <usize>load<u32>(0, TABLE_AT);
    for (let chunk: usize = 0; chunk < CHUNKS; chunk++) {
      const head = heads + ((<usize>load<u16>(at + (chunk << 1))) << 1);
      const signature = <u32>load<u16>(at + (((chunk + 1) & (CHUNKS - 1)) << 1));
      store<u32>(link, ((<u32>load<u16>(head)) << 16) | signature);
      atomic.store<u16>(head, <u16>(row + 1));
      link += 4;
      heads += CHUNK_VALUES << 1;
    }
  }
}
