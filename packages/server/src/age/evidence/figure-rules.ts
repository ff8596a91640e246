/** The figures of the public statement. Pure. */
import { secondsOf } from './count-rules.ts';
import { medianBucket } from './drift-rules.ts';
import { round } from './reading-rules.ts';
import { DURATIONS, type CountRow, type Day } from './schema.ts';
import type { Figures } from './statement-schema.ts';
import { titleOf } from './statement-rules.ts';
import { releaseParts } from './suppression-rules.ts';

/** The whole calendar month before `today`. Whole months do not overlap, so that no difference between two statements tells of a single day. */
export function lastMonth(today: Day): { readonly month: string; readonly from: Day; readonly to: Day } {
  const first = new Date(`${today.slice(0, 7)}-01T00:00:00Z`);
  const to = new Date(first.getTime() - 86_400_000).toISOString().slice(0, 10);
  const month = to.slice(0, 7);
  return { month, from: `${month}-01`, to };
}

const NO_ANSWER = 'No answer';

/** Every check is in exactly one part: the way that answered it, or none. Undefined when even the number of checks is too small. */
export function readFigures(cells: readonly CountRow[], { month, k }: { readonly month: string; readonly k: number }): Figures | undefined {
  const parts = new Map<string, number>();
  for (const cell of cells) parts.set(partOf(cell), (parts.get(partOf(cell)) ?? 0) + cell.sessions);
  const sorted = [...parts].toSorted(([a], [b]) => (a < b ? -1 : 1)).map(([label, count]) => ({ label, count }));
  const released = releaseParts(sorted, k);
  if (released.total === undefined) return undefined;
  const unanswered = released.parts.find(({ label }) => label === NO_ANSWER)?.count;
  return {
    month,
    k,
    checks: released.total,
    answeredShare: unanswered === undefined ? null : round(1 - unanswered / released.total, 2),
    medianSeconds: readMedian(cells, k),
    ways: released.parts.map(({ label, count }) => ({ label, checks: count ?? null })),
  };
}

function isAnswered({ outcome }: CountRow): boolean {
  return outcome === 'true' || outcome === 'false';
}

function readMedian(cells: readonly CountRow[], k: number): number | null {
  const answered = cells.filter((cell) => isAnswered(cell) && cell.duration !== 'none');
  const count = (duration?: CountRow['duration']): number =>
    answered.reduce((sum, cell) => (duration === undefined || cell.duration === duration ? sum + cell.sessions : sum), 0);
  if (count() < k) return null;
  const median = medianBucket(DURATIONS.map((duration) => [duration, count(duration)] as const));
  return (median === undefined ? undefined : secondsOf(median)) ?? null;
}

/** Providers together: which of them people chose is a matter of business. */
function partOf(cell: CountRow): string {
  if (!isAnswered(cell)) return NO_ANSWER;
  return cell.method.startsWith('provider:') ? 'Provider' : titleOf(cell.method);
}
