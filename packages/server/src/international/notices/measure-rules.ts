import type { EvidenceRow } from '../../platform/evidence.ts';
import type { ReportFact } from './schema.ts';

/** Fewer say more about a host than about a country. */
const K = 10;
const HOUR_MS = 3_600_000;

export interface RemovalFigures {
  /** Null: fewer than ten were removed. */
  readonly median: number | null;
  readonly removed: number;
  readonly open: number;
  readonly rows: readonly EvidenceRow[];
}

export function measureRemoval(facts: readonly ReportFact[]): RemovalFigures {
  const removed = facts.flatMap(({ country, outcome, reportedAt, closedAt }) =>
    closedAt !== null && (outcome === 'removed' || outcome === 'unavailable')
      ? [{ country: country ?? 'unknown', hours: (closedAt.getTime() - reportedAt.getTime()) / HOUR_MS }]
      : [],
  );
  const countries = [...new Set(removed.map(({ country }) => country))].toSorted();
  const rows = countries.flatMap((country) => {
    const median = findMedian(removed.filter((one) => one.country === country).map(({ hours }) => hours));
    return median === null ? [] : [{ label: country, figure: median }];
  });
  const open = facts.filter(({ closedAt }) => closedAt === null).length;
  return { median: findMedian(removed.map(({ hours }) => hours)), removed: removed.length, open, rows };
}

function findMedian(values: readonly number[]): number | null {
  if (values.length < K) return null;
  const sorted = values.toSorted((a, b) => a - b);
  const [low, high] = [sorted[Math.floor((sorted.length - 1) / 2)] ?? 0, sorted[Math.floor(sorted.length / 2)] ?? 0];
  return Math.round(((low + high) / 2) * 10) / 10;
}
