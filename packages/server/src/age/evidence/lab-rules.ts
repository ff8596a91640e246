/** Metrics that rest on the self-test. Pure. */
import type { MetricId } from './definition-schema.ts';
import type { Facts } from './facts-schema.ts';
import type { LabReport } from './lab-schema.ts';
import type { Reading } from './metric-schema.ts';
import { read, row } from './reading-rules.ts';

/** A self-test runs at least weekly; one that is older than this was not run. */
const FRESH_MS = 30 * 86_400_000;
const NONE = 'This version has had no self-test yet. Run `gatehouse age evidence self-test`.';

export function readLab({ selfTest, now }: Pick<Facts, 'selfTest' | 'now'>): Partial<Record<MetricId, Reading>> {
  if (selfTest === undefined) return Object.fromEntries(IDS.map((id) => [id, read('not_evaluated', NONE)]));
  const { report } = selfTest;
  const isOld = now.getTime() - Date.parse(selfTest.at) > FRESH_MS;
  const judge = (count: number, of: number, words: string): Reading => {
    const found = { value: count, numerator: count, denominator: of, rows: rowsOf(report, words) };
    if (of === 0) return read('not_evaluated', 'The corpus has no such case.');
    if (count > 0) return read('fail', `${count} of ${of} ${words}. See the faults of the self-test.`, found);
    return isOld ? read('attention', `0 of ${of} ${words}, but the self-test is older than 30 days.`, found) : read('pass', `0 of ${of} ${words}.`, found);
  };
  const sum = (name: 'hostile' | 'genuine'): number => report.sets.reduce((all, set) => all + set[name], 0);
  return {
    'age.accuracy.lab_wrong_accept': judge(report.wrongAccept, report.cases, 'cases gave a wrong "yes"'),
    'age.accuracy.lab_wrong_refuse': judge(report.genuineWrong, sum('genuine'), 'genuine presentations were not answered rightly'),
    'age.robustness.hostile_accepted': judge(report.hostileAccepted, sum('hostile'), 'hostile presentations were accepted'),
    'age.reliability.repeatable': judge(report.differing, report.cases, 'cases were judged differently the second time'),
  };
}

const IDS: readonly MetricId[] = [
  'age.accuracy.lab_wrong_accept',
  'age.accuracy.lab_wrong_refuse',
  'age.robustness.hostile_accepted',
  'age.reliability.repeatable',
];

function rowsOf(report: LabReport, words: string): Reading['rows'] {
  if (words.startsWith('hostile'))
    return report.sets.map((set) => row(set.set, set.hostileAccepted, { numerator: set.hostileAccepted, denominator: set.hostile }));
  if (!words.startsWith('genuine')) return [];
  return report.sets
    .filter(({ genuine }) => genuine > 0)
    .map((set) => row(set.set, set.genuineWrong, { numerator: set.genuineWrong, denominator: set.genuine }));
}
