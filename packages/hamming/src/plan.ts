import { CHUNKS, MAX_RADIUS } from './bits.ts';

/** Flips of at most this many bits of a chunk are ever needed: 16 chunks x (3 + 1) = 63 + 1. */
const MAX_FLIPS = 3;

/**
 * How a query of one radius r probes. Chunk i is looked up under every value within `thresholds[i]` bits of the query's,
 * where the sum of (thresholds[i] + 1) is r + 1; -1 means that the chunk is not looked up at all.
 */
export interface ProbePlan {
  readonly radius: number;
  /** Number of leading `FLIPS` to try in each chunk. */
  readonly flipCounts: Uint16Array;
  /** Pigeonring: a match has a chunk i whose own and next distance are together at most `pairLimits[i]`. */
  readonly pairLimits: Uint8Array;
  /** Buckets looked up by one query in all chunks together. */
  readonly probes: number;
}

/** All 16-bit values of at most three set bits, fewest first (697), and their numbers of set bits. */
export const FLIPS: Uint16Array = createFlips();
export const FLIP_WEIGHTS: Uint8Array = Uint8Array.from(FLIPS, weigh);

const PLANS: (ProbePlan | undefined)[] = Array.from({ length: MAX_RADIUS + 1 }, () => undefined);

/** The plan of a radius from 0 to 63; each is made once. */
export function planProbes(radius: number): ProbePlan {
  const plan = PLANS[radius] ?? createPlan(radius);
  PLANS[radius] = plan;
  return plan;
}

function createPlan(radius: number): ProbePlan {
  const thresholds = new Int8Array(CHUNKS);
  for (let chunk = 0; chunk < CHUNKS; chunk++) {
    thresholds[chunk] = share(radius, chunk + 1) - share(radius, chunk) - 1;
  }
  const flipCounts = Uint16Array.from(thresholds, (threshold) => FLIP_WEIGHTS.filter((weight) => weight <= threshold).length);
  const pairLimits = Uint8Array.from(thresholds, (own, chunk) => Math.max(0, own + (thresholds[(chunk + 1) % CHUNKS] ?? 0) + 1));
  return { radius, flipCounts, pairLimits, probes: flipCounts.reduce((sum, count) => sum + count, 0) };
}

/** r + 1 spread evenly over the chunks: the part that the first `chunks` of them get. */
function share(radius: number, chunks: number): number {
  return Math.floor(((radius + 1) * chunks) / CHUNKS);
}

function createFlips(): Uint16Array {
  const all = Array.from({ length: 1 << 16 }, (_, value) => value).filter((value) => weigh(value) <= MAX_FLIPS);
  return Uint16Array.from(all.toSorted((a, b) => weigh(a) - weigh(b) || a - b));
}

function weigh(value: number): number {
  let weight = 0;
  for (let rest = value; rest !== 0; rest &= rest - 1) weight++;
  return weight;
}
