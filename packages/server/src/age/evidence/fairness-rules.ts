/** Metrics about who gets an answer: fairness and accessibility, from counts of live checks. Pure. */
import { secondsOf } from './count-rules.ts';
import type { MetricId } from './definition-schema.ts';
import { medianBucket } from './drift-rules.ts';
import type { Facts, LiveCounts } from './facts-schema.ts';
import type { Reading } from './metric-schema.ts';
import { read, readGap, round, shareOf, tooFew, totalOf } from './reading-rules.ts';
import { DURATIONS, type CountRow } from './schema.ts';
import type { Group } from './suppression-rules.ts';

type Asked = Pick<Facts, 'k' | 'gapPercent'>;

const SOME_WAY_MIN = 0.8;
const SECONDS_MAX = 300;

export function readFairness({ cells }: Pick<LiveCounts, 'cells'>, asked: Asked): Partial<Record<MetricId, Reading>> {
  const byWay = groupBy(cells.filter(isBegunWay), ({ method }) => method);
  return {
    'age.accuracy.verified_share': readVerified(cells, byWay, asked.k),
    'age.fairness.by_language': readGap(
      groupBy(cells, ({ locale }) => locale),
      asked,
    ),
    'age.fairness.by_device': readGap(
      groupBy(cells, ({ device }) => device),
      asked,
    ),
    'age.fairness.by_path': readGap(
      groupBy(cells, ({ isAssisted }) => (isAssisted ? 'assisted' : 'other')),
      asked,
    ),
    'age.fairness.by_method': readGap(byWay, asked),
    'age.fairness.some_way': readSomeWay(cells, asked.k),
    'age.accessibility.time': readTime(cells, asked.k),
  };
}

const isAnswered = ({ outcome }: CountRow): boolean => outcome === 'true' || outcome === 'false';
/** The others are never seen to fail: a token that is refused leaves the check to another way. */
const isBegunWay = ({ method }: CountRow): boolean => method.startsWith('wallet') || method.startsWith('provider:');

export function groupBy(cells: readonly CountRow[], name: (cell: CountRow) => string): Group[] {
  const groups = new Map<string, Group>();
  for (const cell of cells) {
    const label = name(cell);
    const { yes, no } = groups.get(label) ?? { yes: 0, no: 0 };
    groups.set(label, isAnswered(cell) ? { label, yes: yes + cell.sessions, no } : { label, yes, no: no + cell.sessions });
  }
  return [...groups.values()].toSorted((a, b) => (a.label < b.label ? -1 : 1));
}

/**
 * A kind is the sum of several ways: with the table by way it could tell what that withholds. So it is shown only when that withholds nothing,
 * and then as a whole percentage.
 */
function readVerified(cells: readonly CountRow[], byWay: readonly Group[], k: number): Reading {
  const answered = cells.filter(isAnswered);
  const count = (kinds: readonly string[]): number => answered.filter(({ kind }) => kinds.includes(kind)).reduce((sum, { sessions }) => sum + sessions, 0);
  const [yes, no] = [count(['verified']), count(['estimated', 'declared', 'none'])];
  if (yes + no < k) return tooFew(yes + no, k);
  const { rows = [] } = shareOf(byWay, k);
  const isWithheld = yes < k || no < k || rows.some((one) => one.isWithheld);
  if (isWithheld) return read('not_evaluated', 'For information. Withheld: it could tell something about few people.', { isWithheld });
  return read('not_evaluated', 'For information: no threshold is known.', { value: round(yes / (yes + no), 2) });
}

function readSomeWay(cells: readonly CountRow[], k: number): Reading {
  const groups = groupBy(cells, () => 'all');
  const { yes, total } = totalOf(groups);
  if (total < k) return tooFew(total, k);
  const found = { ...shareOf(groups, k), rows: [] };
  return yes / total >= SOME_WAY_MIN
    ? read('pass', 'At least four of five who open the page get an answer.', found)
    : read('attention', 'Fewer than four of five who open the page get an answer. Look at the gaps and at the number of ways.', found);
}

function readTime(cells: readonly CountRow[], k: number): Reading {
  const answered = cells.filter(isAnswered);
  const total = answered.reduce((sum, { sessions }) => sum + sessions, 0);
  if (total < k) return tooFew(total, k);
  const counts = DURATIONS.map(
    (duration) => [duration, answered.filter((cell) => cell.duration === duration).reduce((sum, { sessions }) => sum + sessions, 0)] as const,
  );
  const median = medianBucket(counts.filter(([duration]) => duration !== 'none'));
  if (median === undefined) return read('not_evaluated', 'No time is known.');
  const seconds = secondsOf(median);
  if (seconds === undefined) return read('attention', 'Half of the answers take longer than ten minutes.');
  return seconds <= SECONDS_MAX
    ? read('pass', `Half of the answers take less than ${seconds} seconds.`, { value: seconds })
    : read('attention', `Half of the answers take longer than ${SECONDS_MAX} seconds.`, { value: seconds });
}
