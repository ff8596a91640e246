import { describe, expect, test } from 'vitest';
import { judgeMeasures, judgeMetrics, judgeProcedures, judgeRemovalTimes, type Evaluated, type EvaluatedItem, type MetricTest } from './check-rules.ts';

const NOW = new Date('2026-11-30T12:00:00.000Z');
const SHARE: MetricTest = { metric: 'm', window: '30d', kind: 'share', bound: 0.99, words: 'pictures found' };
const COUNT: MetricTest = { metric: 'n', window: '7d', kind: 'count', bound: 0, words: 'attempts that got through' };

const item = (more: Partial<EvaluatedItem>): EvaluatedItem => ({
  metric: 'm',
  window: '30d',
  mode: 'measured',
  state: 'pass',
  figure: 1,
  numerator: 100,
  denominator: 100,
  ...more,
});
const evaluated = (items: readonly EvaluatedItem[], at = '2026-11-30T11:00:00.000Z'): Evaluated => ({
  at,
  measures: [{ outcome: 'binds', state: 'pass', items }],
});

describe('figures of the last evaluation', () => {
  test.each<[string, Partial<EvaluatedItem>, boolean, string]>([
    ['enough', { figure: 0.99, numerator: 99, denominator: 100 }, true, 'Pictures found: 99 of 100 (99.0 %) in the last 30 days.'],
    ['too few', { figure: 0.9899, numerator: 9899, denominator: 10_000, state: 'fail' }, false, 'Pictures found: 9899 of 10000 (98.9 %) in the last 30 days.'],
    ['no data', { figure: null, state: 'not_evaluated' }, false, 'Pictures found: there are no data in the last 30 days.'],
    ['data that are too old', { state: 'not_evaluated' }, false, 'Pictures found: there are no data in the last 30 days.'],
    ['somebody’s word', { mode: 'attested' }, false, 'Pictures found: there are no data in the last 30 days.'],
    ['a yes where a number belongs', { figure: true }, false, 'Pictures found: there are no data in the last 30 days.'],
    ['another window', { window: '7d' }, false, 'Pictures found: there are no data in the last 30 days.'],
    ['another metric', { metric: 'other' }, false, 'Pictures found: there are no data in the last 30 days.'],
  ])('%s', (_name, more, isPassed, finding) => {
    expect(judgeMetrics(evaluated([item(more)]), NOW, [SHARE])).toEqual({ isPassed, finding });
  });

  test('a share that only rounds to the whole is not the whole', () => {
    const found = judgeMetrics(evaluated([item({ figure: 0.9999, numerator: 9999, denominator: 10_000 })]), NOW, [{ ...SHARE, bound: 1 }]);
    expect(found).toEqual({ isPassed: false, finding: 'Pictures found: 9999 of 10000 (99.9 %) in the last 30 days.' });
  });

  test('all must pass; each says what it found', () => {
    const items = [item({}), item({ metric: 'n', window: '7d', figure: 1 })];
    expect(judgeMetrics(evaluated(items), NOW, [SHARE, COUNT])).toEqual({
      isPassed: false,
      finding: 'Pictures found: 100 of 100 (100.0 %) in the last 30 days. Attempts that got through: 1 in the last 7 days.',
    });
    expect(judgeMetrics(evaluated(items.slice(0, 1)), NOW, [SHARE, COUNT]).isPassed).toBe(false);
    expect(judgeMetrics(evaluated(items), NOW, []).isPassed).toBe(false);
  });

  test('nothing evaluated, or long ago, is no data', () => {
    expect(judgeMetrics(undefined, NOW, [SHARE])).toEqual({ isPassed: false, finding: 'Nothing was evaluated yet: there are no data.' });
    expect(judgeMetrics(evaluated([item({})], '2026-11-29T12:00:00.000Z'), NOW, [SHARE]).isPassed).toBe(true);
    const old = judgeMetrics(evaluated([item({})], '2026-11-29T11:00:00.000Z'), NOW, [SHARE]);
    expect(old).toEqual({ isPassed: false, finding: 'The last evaluation is 25 hours old, and counts for 24.' });
  });
});

describe('measures', () => {
  const measures = (...states: readonly (readonly [outcome: string, state: string])[]): Evaluated => ({
    at: NOW.toISOString(),
    measures: states.map(([outcome, state]) => ({ outcome, state, items: [] })),
  });
  test('a failing measure is evaluated; one without data is not', () => {
    expect(judgeMeasures(measures(['binds', 'fail'], ['binds', 'pass'], ['addressed', 'not_evaluated']), NOW)).toEqual({
      isPassed: true,
      finding: '2 of 2 measures that bind were evaluated from data.',
    });
    expect(judgeMeasures(measures(['binds', 'not_evaluated'], ['binds', 'pass']), NOW).isPassed).toBe(false);
  });
  test('not to know whether a measure binds is no pass', () => {
    expect(judgeMeasures(measures(['binds', 'pass'], ['undecided', 'not_evaluated']), NOW)).toEqual({
      isPassed: false,
      finding: '1 of 1 measures that bind were evaluated from data. Of 1 more it is not known whether they bind.',
    });
    expect(judgeMeasures(measures(['addressed', 'pass']), NOW).isPassed).toBe(false);
    expect(judgeMeasures(undefined, NOW).isPassed).toBe(false);
  });
});

describe('other countries', () => {
  test('each country with reports needs a record that is up to date', () => {
    const fresh = { hasRoute: true, isStale: false };
    expect(judgeProcedures([])).toMatchObject({ isPassed: false, finding: expect.stringContaining('no data') });
    expect(judgeProcedures([fresh, fresh]).isPassed).toBe(true);
    expect(judgeProcedures([fresh, { hasRoute: true, isStale: true }, { hasRoute: false, isStale: true }])).toEqual({
      isPassed: false,
      finding: '1 of 3 countries with reports have a procedure record that is up to date; 1 have none, 1 an old one.',
    });
  });
  test('times must be there and published', () => {
    const row = { isWithheld: false, medianHours: 20, closed: 30 };
    expect(judgeRemovalTimes({ isPublished: true, rows: [row, { isWithheld: true, medianHours: null, closed: null }] })).toEqual({
      isPassed: true,
      finding: 'A time to removal is stated for 1 of 2 countries with reports.',
    });
    expect(judgeRemovalTimes({ isPublished: false, rows: [row] })).toMatchObject({ isPassed: false, finding: expect.stringContaining('not published') });
    expect(judgeRemovalTimes({ isPublished: true, rows: [] }).isPassed).toBe(false);
    expect(judgeRemovalTimes({ isPublished: true, rows: [{ ...row, isWithheld: true }] }).isPassed).toBe(false);
    expect(judgeRemovalTimes({ isPublished: true, rows: [{ ...row, medianHours: null }] }).isPassed).toBe(false);
  });
});
