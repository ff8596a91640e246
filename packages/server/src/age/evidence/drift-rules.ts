/** Does a rate drift, does a count surge? Textbook control charts, on weeks and days. Pure. */

export interface Week {
  /** Its Monday. */
  readonly week: string;
  readonly yes: number;
  readonly total: number;
}

/**
 * Slack and limit of the two-sided tabular CUSUM, in standard deviations (Montgomery, Introduction to Statistical Quality Control, section 9.1:
 * k = 0.5 and h = 5 find a shift of one standard deviation in about ten samples, with a false alarm in about 465).
 */
const SLACK = 0.5;
export const CONTROL_LIMIT = 5;
/** Weeks that say what is usual. */
const BASELINE_WEEKS = 4;
/** Ours: with many thousands of checks a week every holiday would be "significant"; less than a point from week to week is no drift. */
const SPREAD_MIN = 0.01;

export interface Drift {
  readonly baseline: number;
  /** The larger of both sums at the end, in standard deviations. */
  readonly statistic: number;
  readonly highest: number;
  readonly isAlarmed: boolean;
  readonly weeks: number;
}

/** @param weeks in order, without those of fewer than k checks. Undefined when there are too few of them. */
export function detectDrift(weeks: readonly Week[]): Drift | undefined {
  const [usual, watched] = [weeks.slice(0, BASELINE_WEEKS), weeks.slice(BASELINE_WEEKS)];
  if (usual.length < BASELINE_WEEKS || watched.length === 0) return undefined;
  const baseline = sum(usual.map(({ yes }) => yes)) / sum(usual.map(({ total }) => total));
  let [up, down, highest] = [0, 0, 0];
  for (const { yes, total } of watched) {
    const spread = Math.max(Math.sqrt((baseline * (1 - baseline)) / total), SPREAD_MIN);
    const z = (yes / total - baseline) / spread;
    up = Math.max(0, up + z - SLACK);
    down = Math.max(0, down - z - SLACK);
    highest = Math.max(highest, up, down);
  }
  return { baseline, statistic: Math.max(up, down), highest, isAlarmed: Math.max(up, down) > CONTROL_LIMIT, weeks: watched.length };
}

function sum(values: readonly number[]): number {
  return values.reduce((total, value) => total + value, 0);
}

export const SURGE_FACTOR = 3;
/** Days before today that say what is usual. */
export const SURGE_DAYS = 28;
/** Below this many of one day a multiple of the median says nothing. */
export const SURGE_MIN = 10;

export interface Surge {
  readonly label: string;
  readonly median: number;
  readonly isAlarmed: boolean;
}

/** @param counts by day, the last one today; @param days how many of them there are data for. Undefined when fewer than 28 days came before. */
export function detectSurge(label: string, counts: readonly number[]): Surge | undefined {
  if (counts.length < SURGE_DAYS + 1) return undefined;
  const usual = counts.slice(-SURGE_DAYS - 1, -1);
  const today = counts.at(-1) ?? 0;
  const median = medianOf(usual);
  return { label, median, isAlarmed: today >= SURGE_MIN && today > SURGE_FACTOR * median };
}

export function medianOf(values: readonly number[]): number {
  const sorted = values.toSorted((a, b) => a - b);
  const middle = sorted.length / 2;
  const [low, high] = [sorted[Math.ceil(middle) - 1] ?? 0, sorted[Math.floor(middle)] ?? 0];
  return (low + high) / 2;
}

/** The smallest value that at least half of all lie at or below. @param counts in the order of their values */
export function medianBucket<T>(counts: readonly (readonly [value: T, count: number])[]): T | undefined {
  const total = sum(counts.map(([, count]) => count));
  let seen = 0;
  for (const [value, count] of counts) {
    seen += count;
    if (total > 0 && seen * 2 >= total) return value;
  }
  return undefined;
}
