/** How near a match was, in closed words: kept when the hits themselves are forgotten. No list, no entry. Pure. */
import type { Hit } from '../lists/index.ts';

/** Upper ends of the bands of PDQ distances; 31 is the distance up to which lists match unless they say otherwise. */
const PDQ_BANDS = [0, 8, 16, 24, 31] as const;

/** Of the nearest hit; hits of digests are exact. */
export function bandOf(hits: readonly Pick<Hit, 'signal' | 'distance'>[]): string | undefined {
  const [nearest] = hits.toSorted((a, b) => a.distance - b.distance);
  if (nearest === undefined) return undefined;
  if (nearest.signal !== 'pdq') return nearest.signal;
  const at = PDQ_BANDS.findIndex((end) => nearest.distance <= end);
  const end = PDQ_BANDS[at];
  if (end === undefined) return `pdq over ${PDQ_BANDS.at(-1) ?? 0}`;
  const before = PDQ_BANDS[at - 1];
  return before === undefined ? 'pdq 0' : `pdq ${before + 1} to ${end}`;
}
