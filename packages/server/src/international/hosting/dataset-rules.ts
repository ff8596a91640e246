/** How datasets are shown, and when one is too old. */
import type { Dataset } from './dataset-file.ts';
import type { DatasetView } from './schema.ts';

interface Seen {
  /** YYYY-MM-DD */
  readonly today: string;
  readonly maxAgeDays: number;
  readonly problem: string | null;
}

const DAY_MS = 86_400_000;

/** @param dataset its name where it could not be read */
export function toView(dataset: Dataset | string, { today, maxAgeDays, problem }: Seen): DatasetView {
  if (typeof dataset === 'string') return { name: dataset, kind: 'unreadable', date: null, licence: null, entries: 0, isStale: true, problem };
  const { name, kind, date, licence, entries } = dataset;
  return { name, kind, date, licence, entries, isStale: isStale(date, today, maxAgeDays), problem };
}

/** Without a date nobody knows how old it is: it counts as too old. */
function isStale(date: string | null, today: string, maxAgeDays: number): boolean {
  return date === null || Date.parse(today) - Date.parse(date) > maxAgeDays * DAY_MS;
}
