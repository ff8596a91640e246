import { MAX_RADIUS } from './bits.ts';
import { HammingError } from './errors.ts';

/** Labels are whole numbers below this: one for each list, tenant or kind. */
export const MOST_LABELS = 65_536;

/** Which labels a search sees, and how near each must be. Made by `createLabelFilter`; it may be used again and again. */
export interface LabelFilter {
  /** The widest radius of all labels. */
  readonly radius: number;
  /** By label: its radius plus 1, or 0 when it is not seen. Labels beyond the end are not seen. */
  readonly table: Uint8Array;
}

/**
 * A mask over the labels, with a radius for each: it is applied to every hash that a search compares, before it becomes a match.
 *
 * @param radii pairs of a label (0 to 65,535) and its radius (0 to 63); of a repeated label the last counts
 * @throws HammingError `bad_label` or `bad_radius`
 */
export function createLabelFilter(radii: Iterable<readonly [label: number, radius: number]>): LabelFilter {
  const pairs = [...radii];
  for (const [label, radius] of pairs) {
    assertLabel(label);
    assertRadius(radius);
  }
  const table = new Uint8Array(pairs.reduce((length, [label]) => Math.max(length, label + 1), 1));
  for (const [label, radius] of pairs) table[label] = radius + 1;
  return { radius: Math.max(0, table.reduce((most, value) => Math.max(most, value), 0) - 1), table };
}

export function assertLabel(label: number): void {
  if (!Number.isInteger(label) || label < 0 || label >= MOST_LABELS) {
    throw new HammingError('bad_label', `A label must be a whole number from 0 to ${MOST_LABELS - 1}.`);
  }
}

export function assertRadius(radius: number): void {
  if (!Number.isInteger(radius) || radius < 0 || radius > MAX_RADIUS) {
    throw new HammingError('bad_radius', `The radius must be a whole number from 0 to ${MAX_RADIUS}.`);
  }
}
