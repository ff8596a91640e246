/** Parts of readings: shares that keep to the smallest count, gaps between groups, states. Pure. */
import type { MetricRow, Reading } from './metric-schema.ts';
import type { MetricState } from './definition-schema.ts';
import { releaseTable, type Group, type Released } from './suppression-rules.ts';

const EMPTY = { value: null, numerator: null, denominator: null, isWithheld: false, rows: [] } as const;

export function read(state: MetricState, reason: string, found: Partial<Omit<Reading, 'state' | 'reason'>> = {}): Reading {
  return { ...EMPTY, state, reason, ...found };
}

/** A fact about the installation or the lab: about nobody, so that it is shown as it is. */
export function row(label: string, value: number | null, parts: Partial<Pick<MetricRow, 'numerator' | 'denominator'>> = {}): MetricRow {
  return { label, value, numerator: null, denominator: null, isWithheld: false, ...parts };
}

export function shareRow({ label, shown }: Released): MetricRow {
  if (shown === undefined) return { ...row(label, null), isWithheld: true };
  return row(label, round(shown.yes / shown.total, 4), { numerator: shown.yes, denominator: shown.total });
}

/** The figures of a share, where they may be seen. */
export function shareOf(groups: readonly Group[], k: number): Partial<Reading> {
  const { groups: rows, overall, total } = releaseTable(groups, k);
  const { label: _label, ...found } = shareRow(overall);
  return { ...found, denominator: found.denominator ?? total ?? null, rows: rows.map(shareRow) };
}

export function totalOf(groups: readonly Group[]): { readonly yes: number; readonly total: number } {
  const yes = groups.reduce((sum, group) => sum + group.yes, 0);
  return { yes, total: yes + groups.reduce((sum, group) => sum + group.no, 0) };
}

export function tooFew(total: number, k: number): Reading {
  return read('not_evaluated', total === 0 ? 'There are no data yet.' : `There are fewer than ${k} checks: too few for a figure.`, { isWithheld: total > 0 });
}

/**
 * The largest difference between groups of at least `k`. Judged on the true counts, also where the figures are withheld: the state says whether
 * a limit is kept, and no count. A gap that may be chance (within two standard errors) is for people to look at, and fails nobody.
 */
export function readGap(groups: readonly Group[], { k, gapPercent }: { readonly k: number; readonly gapPercent: number }): Reading {
  const large = groups.filter(({ yes, no }) => yes + no >= k);
  const { rows = [] } = shareOf(groups, k);
  if (large.length < 2) return read('not_evaluated', `Fewer than two groups have ${k} checks: there is nothing to compare.`, { rows });
  const sorted = large.toSorted((a, b) => rateOf(a) - rateOf(b));
  const [low, high] = [sorted[0] ?? NOBODY, sorted.at(-1) ?? NOBODY];
  const gap = rateOf(high) - rateOf(low);
  const isSeen = [low, high].every(({ label }) => rows.some((one) => one.label === label && !one.isWithheld));
  const value = isSeen ? round(gap * 100, 1) : null;
  const found = { value, rows, isWithheld: !isSeen };
  if (gap * 100 <= gapPercent) return read('pass', `No two groups of at least ${k} checks differ by more than ${gapPercent} points.`, found);
  const between = isSeen ? ` (${low.label} is lower than ${high.label})` : '';
  if (gap <= 2 * Math.hypot(errorOf(low), errorOf(high)))
    return read('attention', `Groups differ by more than ${gapPercent} points${between}; with so few checks it may be chance.`, found);
  return read('fail', `Groups differ by more than ${gapPercent} points${between}.`, found);
}

const NOBODY: Group = { label: '', yes: 0, no: 0 };

function rateOf({ yes, no }: Group): number {
  return yes + no === 0 ? 0 : yes / (yes + no);
}

function errorOf(group: Group): number {
  const rate = rateOf(group);
  return Math.sqrt((rate * (1 - rate)) / (group.yes + group.no));
}

export function round(value: number, digits: number): number {
  return Number(value.toFixed(digits));
}
