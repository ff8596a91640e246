import { describe, expect, test } from 'vitest';
import { readBypass } from './bypass-rules.ts';
import { findFaults, readFalseRate, readRecall } from './canary-rules.ts';
import { BENIGN_SEEDS, LISTED_SEEDS, planRun } from './canary-plan-rules.ts';
import { TRANSFORMS } from './canary-edit-rules.ts';
import { wilsonInterval } from './interval-rules.ts';
import type { CanaryResult, LastRun, ProbeResult } from './store-probes.ts';

const AT = new Date('2026-11-25T12:00:00Z');
const result = (more: Partial<CanaryResult> = {}): CanaryResult => ({
  transform: 'unchanged',
  isListed: true,
  sent: 100,
  found: 100,
  released: 0,
  undecided: 0,
  ...more,
});
const last = (...results: CanaryResult[]): LastRun => ({ at: AT, results });

describe('seeded recall', () => {
  test('none sent, or none answered: no figure', () => {
    expect(readRecall([], undefined).figure).toBeNull();
    const unanswered = result({ found: 0, undecided: 100 });
    expect(readRecall([unanswered], last(unanswered)).figure).toBeNull();
    // Benign ones say nothing about recall.
    const benign = result({ isListed: false });
    expect(readRecall([benign], last(benign)).figure).toBeNull();
  });

  test('one miss in the last run is not drowned in those of a month', () => {
    const month = [result({ sent: 20_000, found: 19_999 })];
    expect(readRecall(month, last(result({ sent: 24, found: 24 })))).toMatchObject({ figure: 19_999 / 20_000 });
    expect(readRecall(month, last(result({ sent: 24, found: 23 })))).toMatchObject({ figure: 23 / 24 });
    expect(readRecall(month, last(result({ sent: 24, found: 23, released: 1 }))).figure).toBeLessThan(0.99);
  });

  test('rows by transform, and an interval', () => {
    const all = [result(), result({ transform: 'mirrored', found: 90 }), result({ transform: 'noise', sent: 5, found: 0, undecided: 5 })];
    const found = readRecall(all, last(...all));
    expect(found.rows).toEqual([
      { label: 'unchanged', figure: 1 },
      { label: 'mirrored', figure: 0.9 },
    ]);
    expect(found).toMatchObject({ numerator: 190, denominator: 200, newestAt: AT });
    expect(found.interval?.low).toBeLessThan(0.95);
    expect(found.interval?.high).toBeGreaterThan(0.95);
  });

  test('benign ones that match, per million; damaged files are none', () => {
    const benign = result({ isListed: false, found: 1, sent: 1000 });
    const damaged = result({ isListed: false, transform: 'damaged', found: 9 });
    expect(readFalseRate([benign, damaged], last(benign, damaged))).toMatchObject({ figure: 1000, denominator: 1000 });
    expect(readFalseRate([damaged], last(damaged)).figure).toBeNull();
    expect(readFalseRate([result({ isListed: false, found: 0 })], last(benign)).interval?.high).toBeGreaterThan(1000);
  });

  test('faults for people', () => {
    expect(findFaults(last(result(), result({ isListed: false, found: 0 }), result({ undecided: 1, found: 99 })))).toEqual([]);
    expect(findFaults(last(result({ found: 97, released: 1, undecided: 1 })))).toEqual(['1 unchanged released', '1 unchanged not found']);
    expect(findFaults(last(result({ isListed: false, found: 2 })))).toEqual(['2 benign picture(s) matched a list']);
  });

  test('a run has every transform; all pictures have their turn', () => {
    const run = planRun(3);
    expect(new Set(run.filter(({ isListed }) => isListed).map(({ transform }) => transform))).toEqual(new Set(TRANSFORMS));
    const seeds = Array.from({ length: 12 }, (_none, i) => planRun(1_000_000 + i)).flat();
    expect(new Set(seeds.map(({ seed }) => seed))).toEqual(new Set([...LISTED_SEEDS, ...BENIGN_SEEDS]));
    expect(seeds.every(({ seed, isListed }) => LISTED_SEEDS.includes(seed) === isListed)).toBe(true);
  });
});

test('Wilson, as published: 81 of 263 (R. G. Newcombe, 1998, table I)', () => {
  const { low, high } = wilsonInterval(81, 263);
  expect([low.toFixed(4), high.toFixed(4)]).toEqual(['0.2553', '0.3662']);
  const none = wilsonInterval(0, 20);
  expect([none.low, none.high.toFixed(4)]).toEqual([0, '0.1611']);
});

describe('the gate', () => {
  const probe = (subject: string, through: boolean, answered = true): ProbeResult => ({
    kind: 'gate',
    subject,
    at: AT,
    isOk: subject === 'control' ? through : !through,
    finding: '',
    figures: { through: through ? 1 : 0, answered: answered ? 1 : 0 },
  });
  const control = probe('control', true);

  test('without a service, without a probe, without a good pass there is no figure', () => {
    expect(readBypass([control, probe('nothing', false)], false).figure).toBeNull();
    expect(readBypass([], true).figure).toBeNull();
    expect(readBypass([probe('control', false), probe('nothing', false)], true).figure).toBeNull();
    expect(readBypass([control, probe('nothing', false, false)], true).figure).toBeNull();
  });

  test('what got through is counted by name, whether or not the good pass did', () => {
    expect(readBypass([control, probe('nothing', false), probe('cookie_forged', false)], true)).toMatchObject({ figure: 0, denominator: 2 });
    expect(readBypass([control, probe('nothing', false), probe('cookie_forged', true)], true)).toMatchObject({
      figure: 1,
      rows: [{ label: 'cookie_forged', figure: 1 }],
    });
    expect(readBypass([probe('control', false), probe('cookie_forged', true)], true)).toMatchObject({ figure: 1 });
  });
});
