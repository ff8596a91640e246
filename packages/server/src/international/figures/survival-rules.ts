/**
 * Times to removal, with those that were not removed in them (Kaplan and Meier, 1958). An open report is not a fast one: to leave it out would make a place
 * that answers only the easy half of its reports look quick. It counts as "not removed yet" for as long as it was followed.
 */

export interface Followed {
  /** From the first notice until it was removed, or until nobody looked any more. */
  readonly hours: number;
  readonly isRemoved: boolean;
}

export interface RemovalTimes {
  /** How many were followed: the denominator. */
  readonly followed: number;
  readonly removed: number;
  /** Hours after which half of all were removed; null: that many were not, in the time that they were followed. */
  readonly medianHours: number | null;
  /** The same for nine tenths. */
  readonly p90Hours: number | null;
}

export interface SurvivalStep {
  readonly hours: number;
  /** The share that is not removed after this many hours. */
  readonly remaining: number;
}

/** One step for each time at which something was removed. Removals come before the end of following at the same hour, as is usual. */
export function estimateSurvival(followed: readonly Followed[]): SurvivalStep[] {
  const times = followed.toSorted((a, b) => a.hours - b.hours);
  const steps: SurvivalStep[] = [];
  let remaining = 1;
  for (let at = 0; at < times.length;) {
    const hours = times[at]?.hours ?? 0;
    let end = at;
    let removed = 0;
    for (; end < times.length && times[end]?.hours === hours; end++) removed += times[end]?.isRemoved === true ? 1 : 0;
    if (removed > 0) {
      remaining *= 1 - removed / (times.length - at);
      steps.push({ hours, remaining });
    }
    at = end;
  }
  return steps;
}

export function estimateRemovalTimes(followed: readonly Followed[]): RemovalTimes {
  const steps = estimateSurvival(followed);
  return {
    followed: followed.length,
    removed: followed.filter(({ isRemoved }) => isRemoved).length,
    medianHours: findQuantile(steps, 0.5),
    p90Hours: findQuantile(steps, 0.9),
  };
}

/** Products of fractions miss a round number by less than this. */
const ROUNDING = 1e-9;

function findQuantile(steps: readonly SurvivalStep[], share: number): number | null {
  return steps.find(({ remaining }) => remaining <= 1 - share + ROUNDING)?.hours ?? null;
}
