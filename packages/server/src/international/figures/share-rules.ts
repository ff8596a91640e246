/** Shares of countries by month. */
import type { MonthCount } from './displacement-rules.ts';
import type { SharePoint } from './schema.ts';
import { findWithheld } from './suppression-rules.ts';

export interface ShareOptions {
  readonly months: readonly string[];
  readonly k: number;
}

/** One point for each month and country that was ever large enough to be shown; months in order. */
export function makeShares(counts: readonly MonthCount[], { months, k }: ShareOptions): SharePoint[] {
  const shown = months.map((month) =>
    showMonth(
      month,
      counts.filter((count) => count.month === month),
      k,
    ),
  );
  const countries = [...new Set(shown.flatMap(({ shares }) => [...shares.keys()]))].toSorted();
  return shown.flatMap(({ month, of, shares }) => countries.map((country) => ({ month, country, share: shares.get(country) ?? null, of })));
}

interface ShownMonth {
  readonly month: string;
  readonly of: number | null;
  readonly shares: ReadonlyMap<string, number>;
}

function showMonth(month: string, counts: readonly MonthCount[], k: number): ShownMonth {
  const of = counts.reduce((sum, { reports }) => sum + reports, 0);
  const withheld = findWithheld(
    counts.map(({ country, reports }) => ({ key: country, count: reports })),
    k,
  );
  const own = counts.filter(({ country }) => !withheld.has(country));
  return { month, of: of > 0 && of < k ? null : of, shares: new Map(own.map(({ country, reports }) => [country, Number((reports / of).toFixed(4))])) };
}
