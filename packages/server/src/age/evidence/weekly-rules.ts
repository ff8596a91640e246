/** The weeks that the page draws. Shares in whole hundredths, without counts: what is withheld is a gap. Pure. */
import { toDay, toWeek } from './count-rules.ts';
import type { Facts } from './facts-schema.ts';
import { round } from './reading-rules.ts';
import type { DayRow } from './schema.ts';
import { releaseTable, type Group } from './suppression-rules.ts';

export interface ChartWeek {
  readonly week: string;
  readonly share: number | null;
}

/** Of the checks that ended in each whole week, the share with yes or no. */
export function chartWeeks(days: readonly DayRow[], { now, k }: Pick<Facts, 'now' | 'k'>): ChartWeek[] {
  const thisWeek = toWeek(toDay(now));
  const weeks = new Map<string, Group>();
  for (const { day, outcome, sessions } of days) {
    const label = toWeek(day);
    if (label >= thisWeek) continue;
    const { yes, no } = weeks.get(label) ?? { yes: 0, no: 0 };
    weeks.set(label, outcome === 'true' || outcome === 'false' ? { label, yes: yes + sessions, no } : { label, yes, no: no + sessions });
  }
  const sorted = [...weeks.values()].toSorted((a, b) => (a.label < b.label ? -1 : 1));
  return releaseTable(sorted, k).groups.map(({ label, shown }) => ({ week: label, share: shown === undefined ? null : round(shown.yes / shown.total, 2) }));
}
