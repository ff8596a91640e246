import { describe, expect, it } from 'vitest';
import { FLIP_WEIGHTS, FLIPS, planProbes } from './plan.ts';

/** Numbers of 16-bit values with at most 0, 1, 2 and 3 set bits. */
const THRESHOLD_OF_COUNT = new Map([
  [0, -1],
  [1, 0],
  [17, 1],
  [137, 2],
  [697, 3],
]);

function readThresholds(radius: number): number[] {
  return Array.from(planProbes(radius).flipCounts, (count) => THRESHOLD_OF_COUNT.get(count) ?? Number.NaN);
}

describe('planProbes', () => {
  it.each(Array.from({ length: 64 }, (_, radius) => radius))('shares out radius %i so that the pigeonring condition is complete and tight', (radius) => {
    const thresholds = readThresholds(radius);
    expect(thresholds.reduce((sum, threshold) => sum + threshold + 1, 0)).toBe(radius + 1);
    const { pairLimits, flipCounts, probes } = planProbes(radius);
    for (const [chunk, own] of thresholds.entries()) {
      if (own >= 0) expect(pairLimits[chunk]).toBe(own + (thresholds[(chunk + 1) % 16] ?? 0) + 1);
    }
    expect(probes).toBe(flipCounts.reduce((sum, count) => sum + count, 0));
  });

  it('takes one flip in every chunk, 272 buckets, at the usual radius', () => {
    expect(readThresholds(31)).toEqual(Array.from({ length: 16 }, () => 1));
    expect(planProbes(31).probes).toBe(272);
    expect([...planProbes(31).pairLimits]).toEqual(Array.from({ length: 16 }, () => 3));
  });

  it('lists every flip once, the lightest first', () => {
    expect(new Set(FLIPS).size).toBe(697);
    expect([...FLIP_WEIGHTS]).toEqual([...FLIP_WEIGHTS].toSorted((a, b) => a - b));
    expect(FLIPS.every((flip, at) => flip.toString(2).replaceAll('0', '').length === FLIP_WEIGHTS[at])).toBe(true);
  });
});
