import { HammingError } from './errors.ts';
import { assertRadius, type LabelFilter } from './labels.ts';
import { planProbes, type ProbePlan } from './plan.ts';

/** How far a search reaches: a radius of 0 to 63 bits for all, or one for each label. */
export type Within = number | LabelFilter;

export interface Query {
  /** 32 bytes as they were given. */
  readonly hash: Uint8Array;
  readonly plan: ProbePlan;
  readonly filter: LabelFilter | undefined;
}

export function prepareQuery(hash: Uint8Array, within: Within): Query {
  if (typeof within === 'number') {
    assertRadius(within);
    return { hash, plan: planProbes(within), filter: undefined };
  }
  assertFilter(within);
  return { hash, plan: planProbes(within.radius), filter: within };
}

function assertFilter(filter: unknown): asserts filter is LabelFilter {
  if (typeof filter !== 'object' || filter === null || !('table' in filter) || !(filter.table instanceof Uint8Array)) {
    throw new HammingError('bad_radius', 'The radius must be a whole number from 0 to 63, or a filter of createLabelFilter.');
  }
}

/** Takes what a segment found; `row` counts from the start of the segment. */
export interface Sink {
  emit(row: number, distance: number): void;
}
