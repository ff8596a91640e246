import {
  BOUNDS_PER_CHUNK,
  CHUNKS,
  COUNT,
  ENTRIES_AT,
  FLIP_COUNTS,
  FLIP_WEIGHTS,
  FLIPS,
  IDS_AT,
  PAIR_LIMITS,
  POSITIONS,
  POSITIONS_MAX,
  PROBES,
  TABLE_AT,
  TOUCHED,
} from './layout';
import { compareSurvivors } from './rows';
import { addSurvivors, clearVisited, isOverfull } from './survivors';

/**
 * Finds every row of a ring segment within the radius: bounds of all probed buckets, one read of each of their lines, the signature
 * filter, the comparison of what is left. Returns the number of matches, or -1 when a scan of all rows is cheaper.
 */
export function searchRing(s: usize): i32 {
  if (locate(s) > load<u32>(0, COUNT)) return -1;
  touchSignatures(s);
  const survivors = filter(s);
  clearVisited(s, survivors);
  return isOverfull(s, survivors) ? -1 : compareSurvivors(s, survivors);
}

/** Notes the bounds of every probed bucket; returns the number of entries in all of them. */
function locate(s: usize): u32 {
  const count = load<u32>(0, COUNT);
  let bounds = <usize>load<u32>(0, TABLE_AT);
  let probe = s + PROBES;
  let entries: u32 = 0;
  let first: u32 = 0;
  for (let chunk: usize = 0; chunk < CHUNKS; chunk++) {
    const key = <usize>load<u16>(s + (chunk << 1));
    const flipsEnd = s + ((<usize>load<u16>(s + (chunk << 1), FLIP_COUNTS)) << 1);
    for (let flip = s; flip < flipsEnd; flip += 2) {
      const bound = bounds + ((key ^ <usize>load<u16>(flip, FLIPS)) << 2);
      const start = load<u32>(bound);
      const end = load<u32>(bound, 4);
      store<u32>(probe, first + start);
      store<u32>(probe, first + end, 4);
      entries += end - start;
      probe += 8;
    }
    bounds += BOUNDS_PER_CHUNK << 2;
    first += count;
  }
  // A mark for the loops that go over all buckets.
  store<u64>(probe, 0xffff_ffff_ffff_ffff);
  return entries;
}

/** Reads one byte of every 64-byte line of every bucket: many cache misses at once, where the filter would wait for each. */
function touchSignatures(s: usize): void {
  const signatures = <usize>load<u32>(0, ENTRIES_AT);
  let sum: u32 = 0;
  for (let probe = s + PROBES; ; probe += 8) {
    const start = load<u32>(probe);
    if (start == 0xffff_ffff) break;
    const end = signatures + ((<usize>load<u32>(probe, 4)) << 1);
    for (let at = (signatures + ((<usize>start) << 1)) & ~63; at < end; at += 64) sum += load<u8>(at);
  }
  store<u32>(s, sum, TOUCHED);
}

/** Keeps the rows whose entries fulfil the pigeonring condition; more than `survivorsMax` when it gave up. */
function filter(s: usize): usize {
  const signatures = <usize>load<u32>(0, ENTRIES_AT);
  const positions = s + POSITIONS;
  const positionsEnd = positions + ((POSITIONS_MAX - 8) << 2);
  let position = positions;
  let survivors: usize = 0;
  let probe = s + PROBES;
  for (let chunk: usize = 0; chunk < CHUNKS; chunk++) {
    const wanted = i16x8.splat(load<i16>(s + (((chunk + 1) & (CHUNKS - 1)) << 1)));
    const pairLimit = load<u8>(s + chunk, PAIR_LIMITS);
    const flips = <usize>load<u16>(s + (chunk << 1), FLIP_COUNTS);
    for (let flip: usize = 0; flip < flips; flip++, probe += 8) {
      const most = i16x8.splat(<i16>(pairLimit - load<u8>(s + flip, FLIP_WEIGHTS)));
      const end = load<u32>(probe, 4);
      for (let at = load<u32>(probe); at < end; at += 8) {
        const differing = v128.xor(v128.load(signatures + ((<usize>at) << 1)), wanted);
        const counts = i16x8.extadd_pairwise_i8x16_u(i8x16.popcnt(differing));
        let passing = <u32>i16x8.bitmask(i16x8.le_u(counts, most));
        if (passing == 0) continue;
        if (end - at < 8) passing &= (1 << (end - at)) - 1;
        while (passing != 0) {
          store<u32>(position, at + ctz(passing));
          position += 4;
          passing &= passing - 1;
        }
        if (position > positionsEnd) {
          survivors = resolve(s, survivors, position);
          if (isOverfull(s, survivors)) return survivors;
          position = positions;
        }
      }
    }
  }
  return resolve(s, survivors, position);
}

/** Turns listed positions into row numbers, and adds these to the survivors. */
function resolve(s: usize, known: usize, end: usize): usize {
  const ids = <usize>load<u32>(0, IDS_AT);
  const positions = s + POSITIONS;
  for (let at = positions; at < end; at += 4) store<u32>(at, load<u32>(ids + ((<usize>load<u32>(at)) << 2)));
  return addSurvivors(s, known, positions, (end - positions) >> 2);
}
