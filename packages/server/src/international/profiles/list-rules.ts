/** Which countries a list shows, in which order. There is no order by what assessments found: countries are not ranked. */
import type { CountrySummary } from './schema.ts';

export const SORTS = ['name', 'region', 'statements', 'stale', 'assessed'] as const;
export type Sort = (typeof SORTS)[number];

export const SHOWS = ['all', 'said', 'no_hotline', 'hotline_unknown', 'stale', 'assessed'] as const;

export interface ListQuery {
  readonly sort: Sort;
  readonly show: (typeof SHOWS)[number];
  /** Part of a name, or a code. */
  readonly search: string;
  readonly region: string;
}

export function pickCountries(countries: readonly CountrySummary[], query: ListQuery): CountrySummary[] {
  const text = query.search.trim().toLowerCase();
  return countries
    .filter((one) => (query.region === '' || one.region === query.region) && isShown(one, query.show) && matches(one, text))
    .toSorted((a, b) => compare(a, b, query.sort) || a.name.localeCompare(b.name, 'en'));
}

export function listRegions(countries: readonly CountrySummary[]): string[] {
  return [...new Set(countries.flatMap(({ region }) => region ?? []))].toSorted();
}

function matches({ code, alpha3, name }: CountrySummary, text: string): boolean {
  return text === '' || code.toLowerCase() === text || alpha3?.toLowerCase() === text || name.toLowerCase().includes(text);
}

function isShown({ statements, hotline, stale, assessed }: CountrySummary, show: ListQuery['show']): boolean {
  if (show === 'said') return statements > 0;
  if (show === 'no_hotline') return hotline === 'no';
  if (show === 'hotline_unknown') return hotline === 'unknown';
  if (show === 'stale') return stale > 0;
  return show === 'all' || assessed > 0;
}

function compare(a: CountrySummary, b: CountrySummary, sort: Sort): number {
  if (sort === 'region') return (a.region ?? '~').localeCompare(b.region ?? '~', 'en');
  return sort === 'name' ? 0 : b[sort] - a[sort];
}
