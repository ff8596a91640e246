/** Reports to figures: what happened to them, how long it took, and what of that may be shown. */
import { findWithheld, isShowable } from './suppression-rules.ts';
import { estimateRemovalTimes, type Followed } from './survival-rules.ts';
import type { FigureGroup, FigureTable, ReportRow } from './schema.ts';

const HOUR_MS = 3_600_000;
/** The row for reports whose place nobody could tell: behind a delivery network, disputed, or an onion service. */
export const UNKNOWN = 'unknown';
/** The row for everything that is too little to be shown by itself. */
export const OTHERS = 'others';

export interface TableOptions {
  /** What a report is counted under; null: `unknown`; undefined: it is not counted. */
  readonly keyOf: (row: ReportRow) => string | null | undefined;
  readonly k: number;
  /** What came to be known later is not known yet. */
  readonly until: Date;
}

export function makeTable(rows: readonly ReportRow[], { keyOf, k, until }: TableOptions): FigureTable {
  const byKey = new Map<string, ReportRow[]>();
  for (const row of rows.filter(({ outcome }) => outcome !== 'duplicate')) {
    const key = keyOf(row);
    if (key === undefined) continue;
    const own = byKey.get(key ?? UNKNOWN);
    if (own === undefined) byKey.set(key ?? UNKNOWN, [row]);
    else own.push(row);
  }
  const groups = [...byKey].map(([key, own]) => ({ key, ...countGroup(own, until) }));
  const folded = findWithheld(
    groups.map(({ key, reports }) => ({ key, count: reports })),
    k,
  );
  const of = groups.reduce((sum, { reports }) => sum + reports, 0);
  const shown = groups
    .filter(({ key }) => !folded.has(key))
    .map((group) => showGroup(group, { k, of }))
    .toSorted((a, b) => (b.reports ?? 0) - (a.reports ?? 0) || (a.key < b.key ? -1 : 1));
  return {
    k,
    groups: shown,
    others: foldOthers(
      groups.filter(({ key }) => folded.has(key)),
      k,
    ),
    overall: showOverall(groups, { shown, k }),
  };
}

interface Group {
  readonly key: string;
  readonly reports: number;
  readonly removed: number;
  readonly closed: number;
  readonly followed: readonly Followed[];
}

function countGroup(rows: readonly ReportRow[], until: Date): Omit<Group, 'key'> {
  const isKnown = ({ closedAt }: ReportRow): boolean => closedAt !== null && closedAt <= until;
  return {
    reports: rows.length,
    removed: rows.filter((row) => isKnown(row) && isGone(row)).length,
    closed: rows.filter(isKnown).length,
    followed: rows.flatMap((row) => follow(row, until) ?? []),
  };
}

function isGone({ outcome }: ReportRow): boolean {
  return outcome === 'removed' || outcome === 'unavailable';
}

/**
 * From the first notice on: before it nobody there knew. What was closed without an answer, or moved to another place, was not removed, and counts as such
 * to the end: to stop following it would flatter whoever never answers. Withdrawn: followed until then. What was not illegal did not have to be removed.
 */
export function follow(row: ReportRow, until: Date): Followed | undefined {
  const { firstSentAt, closedAt, outcome } = row;
  if (firstSentAt === null || firstSentAt > until) return undefined;
  const hoursTo = (end: Date): number => (end.getTime() - firstSentAt.getTime()) / HOUR_MS;
  if (closedAt === null || closedAt > until) return { hours: hoursTo(until), isRemoved: false };
  // Gone, or found to be nothing, before anybody was told.
  if (outcome === 'not_illegal' || outcome === 'duplicate' || closedAt < firstSentAt) return undefined;
  if (isGone(row)) return { hours: hoursTo(closedAt), isRemoved: true };
  return { hours: hoursTo(outcome === 'withdrawn' ? closedAt : until), isRemoved: false };
}

interface ShowOptions {
  readonly k: number;
  /** All reports of the table, those without a place among them: without them the sum would give away how many they are, where that is withheld. */
  readonly of: number;
}

function showGroup(group: Group, { k, of }: ShowOptions): FigureGroup {
  const parts = partsOf(group);
  const withheld = findWithheld(parts, k);
  const times = showTimes(group, k);
  return {
    key: group.key,
    reports: group.reports,
    ...(withheld.size > 0 ? NO_PARTS : { removed: group.removed, closed: group.closed, open: group.reports - group.closed }),
    ...times,
    share: of === 0 ? null : round(group.reports / of, 4),
    isWithheld: withheld.size > 0 || times.followed === null,
  };
}

const NO_PARTS = { removed: null, closed: null, open: null } as const;
const NO_TIMES = { followed: null, medianHours: null, p90Hours: null } as const;

function partsOf({ reports, removed, closed }: Group): { readonly key: 'removed' | 'other' | 'open'; readonly count: number }[] {
  return [
    { key: 'removed', count: removed },
    { key: 'other', count: closed - removed },
    { key: 'open', count: reports - closed },
  ];
}

/** A time is about single reports when few were followed or few were removed. In whole hours: to the second it would be the time of one of them. */
function showTimes({ reports, followed }: Group, k: number): Pick<FigureGroup, 'followed' | 'medianHours' | 'p90Hours'> {
  if (
    findWithheld(
      [
        { key: 'followed', count: followed.length },
        { key: 'not', count: reports - followed.length },
      ],
      k,
    ).size > 0
  )
    return NO_TIMES;
  const times = estimateRemovalTimes(followed);
  if (times.removed < k) return { ...NO_TIMES, followed: times.followed };
  const whole = (hours: number | null): number | null => (hours === null ? null : Math.round(hours));
  return { followed: times.followed, medianHours: whole(times.medianHours), p90Hours: whole(times.p90Hours) };
}

function foldOthers(folded: readonly Group[], k: number): FigureTable['others'] {
  const reports = folded.reduce((sum, group) => sum + group.reports, 0);
  return folded.length === 0 ? null : { reports: reports < k ? null : reports };
}

/** Of all together; the parts only when they do not give away the parts of the rows in which they are withheld. */
function showOverall(groups: readonly Group[], { shown, k }: { readonly shown: readonly FigureGroup[]; readonly k: number }): FigureGroup {
  const sum = (some: readonly Group[]): Group => ({
    key: 'all',
    reports: some.reduce((total, { reports }) => total + reports, 0),
    removed: some.reduce((total, { removed }) => total + removed, 0),
    closed: some.reduce((total, { closed }) => total + closed, 0),
    followed: some.flatMap(({ followed }) => followed),
  });
  const all = sum(groups);
  if (all.reports < k) return { key: 'all', reports: all.reports === 0 ? 0 : null, ...NO_PARTS, ...NO_TIMES, share: null, isWithheld: all.reports > 0 };
  const isHidden = ({ key }: Group): boolean => (shown.find((group) => group.key === key)?.removed ?? null) === null;
  const hidden = groups.filter(isHidden);
  const isSafe = partsOf(sum(hidden)).every(({ count }) => isShowable(count, k));
  const unfollowed = groups.filter(({ key }) => (shown.find((group) => group.key === key)?.followed ?? null) === null);
  const { followed, reports } = sum(unfollowed);
  const areTimesSafe = isShowable(followed.length, k) && isShowable(reports - followed.length, k);
  const whole = showGroup(all, { k, of: all.reports });
  return { ...whole, ...(isSafe ? {} : NO_PARTS), ...(areTimesSafe ? {} : NO_TIMES), isWithheld: whole.isWithheld || !isSafe || !areTimesSafe };
}

/**
 * A second table about the same reports, beside one that everybody sees. Outcomes are in one of them only, and how many were told at all must be in the
 * first: else what is withheld there is the difference of the two.
 */
export function toSecondTable({ k, groups, others, overall }: FigureTable, first: FigureTable): FigureTable {
  if (first.overall.followed === null)
    return { k, groups: [], others: { reports: null }, overall: { ...overall, reports: null, ...NO_PARTS, ...NO_TIMES, share: null, isWithheld: true } };
  const strip = (group: FigureGroup): FigureGroup => ({ ...group, ...NO_PARTS });
  return { k, groups: groups.map(strip), others, overall: strip(overall) };
}

export function round(value: number, digits: number): number {
  return Number(value.toFixed(digits));
}
