import { SURVIVORS_AT, SURVIVORS_MAX, VISITED_AT } from './layout';

/**
 * Adds `count` row numbers at `from` to the `known` survivors, each row once. Returns the new number of survivors, which may exceed
 * `survivorsMax` by `count`; then the caller must give up. Bitmap and list are written without branches.
 */
export function addSurvivors(s: usize, known: usize, from: usize, count: usize): usize {
  const visited = <usize>load<u32>(s, VISITED_AT);
  const survivors = <usize>load<u32>(s, SURVIVORS_AT);
  let next = survivors + (known << 2);
  const end = from + (count << 2);
  for (let at = from; at < end; at += 4) {
    const row = load<u32>(at);
    const word = visited + ((<usize>row >> 5) << 2);
    const bits = load<u32>(word);
    const bit: u32 = 1 << (row & 31);
    store<u32>(word, bits | bit);
    store<u32>(next, row);
    next += bits & bit ? 0 : 4;
  }
  return (next - survivors) >> 2;
}

/** Forgets the survivors: the next search finds an empty bitmap. */
export function clearVisited(s: usize, count: usize): void {
  const visited = <usize>load<u32>(s, VISITED_AT);
  const survivors = <usize>load<u32>(s, SURVIVORS_AT);
  for (let i: usize = 0; i < count; i++) store<u32>(visited + ((<usize>load<u32>(survivors + (i << 2)) >> 5) << 2), 0);
}

export function isOverfull(s: usize, count: usize): bool {
  return count > <usize>load<u32>(s, SURVIVORS_MAX);
}
