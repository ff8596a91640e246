/** Counting, control charts and states against models that are written another way. */
import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { addDays, bucketDuration, coarsenLocale, foldCounts, keyOf, mergeCounts, readDevice, secondsOf, toCount, toWeek } from './count-rules.ts';
import { METRIC_IDS, type MetricId } from './definition-schema.ts';
import { detectDrift, detectSurge, medianBucket, medianOf } from './drift-rules.ts';
import type { Facts, LiveCounts } from './facts-schema.ts';
import { readMetrics } from './metric-rules.ts';
import { MetricSchema, type EvidenceMetric } from './metric-schema.ts';
import { findChanges, toCanonical } from './record-rules.ts';
import { lastMonth, readFigures } from './figure-rules.ts';
import { DEVICES, DURATIONS, OUTCOMES, type CountRow } from './schema.ts';
import { describeWays, toParagraphs } from './statement-rules.ts';
import type { Snapshot } from './record-schema.ts';
import { DeclarationSchema } from '../providers/schema.ts';

const NOW = new Date('2026-11-25T12:00:00Z');
const AGENTS = {
  phone: 'Mozilla/5.0 (iPhone; CPU iPhone OS 26_0 like Mac OS X) AppleWebKit/605.1.15',
  desktop: 'Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 Chrome/156.0 Safari/537.36',
  other_device: 'Mozilla/5.0 (SMART-TV; Linux; Tizen 9.0) AppleWebKit/537.36',
} as const;

const cellArbitrary: fc.Arbitrary<CountRow> = fc.record({
  method: fc.constantFrom('wallet', 'wallet_other_device', 'provider:bank', 'token', 'none'),
  kind: fc.constantFrom('verified', 'estimated', 'none'),
  outcome: fc.constantFrom(...OUTCOMES),
  locale: fc.constantFrom('en', 'cy', 'de', 'other'),
  device: fc.constantFrom(...DEVICES),
  isAssisted: fc.boolean(),
  duration: fc.constantFrom(...DURATIONS),
  sessions: fc.integer({ min: 1, max: 90 }),
  presentations: fc.integer({ min: 0, max: 90 }),
  refusals: fc.integer({ min: 0, max: 90 }),
});
const sumOf = (rows: readonly CountRow[], name: 'sessions' | 'presentations' | 'refusals'): number => rows.reduce((sum, row) => sum + row[name], 0);

describe('coarsening', () => {
  it('reads the kind of device, and nothing finer', () => {
    for (const [device, agent] of Object.entries(AGENTS)) expect(readDevice((header) => (header === 'user-agent' ? agent : undefined))).toBe(device);
    expect(readDevice((header) => (header === 'sec-ch-ua-mobile' ? '?1' : undefined))).toBe('phone');
    expect(readDevice((header) => (header === 'sec-ch-ua-mobile' ? '?0' : undefined))).toBe('desktop');
    expect(readDevice(() => undefined)).toBe('unknown');
    expect(readDevice(() => 'x'.repeat(10_000))).toBe('unknown');
  });

  it('keeps the languages of the page and no other', () => {
    expect(['en', 'en-GB', 'cy', 'DE-AT', 'und', 'kw', 'xx-very-rare'].map((locale) => coarsenLocale(locale, ['en', 'cy', 'de']))).toEqual([
      'en',
      'en',
      'cy',
      'de',
      'other',
      'other',
      'other',
    ]);
  });

  it('has classes of time whose upper ends rise', () => {
    fc.assert(
      fc.property(fc.integer({ min: 0, max: 3_600_000 }), (ms) => {
        const end = secondsOf(bucketDuration(ms));
        expect(end === undefined ? ms >= 600_000 : ms < end * 1000).toBe(true);
      }),
    );
  });

  it.each([
    [{ result: 'true', refusals: 2 }, 'true'],
    [{ result: 'inconclusive', refusals: 0 }, 'inconclusive'],
    [{ result: undefined, refusals: 1 }, 'refused'],
    [{ result: undefined, refusals: 0 }, 'abandoned'],
  ] as const)('%j ends as %s', (change, outcome) => {
    const check = {
      method: 'wallet',
      kind: undefined,
      locale: 'en',
      device: 'phone',
      isAssisted: false,
      presentations: 1,
      beganAt: NOW,
      endedAt: NOW,
    } as const;
    expect(toCount({ ...check, ...change }, ['en'])).toMatchObject({ outcome, sessions: 1, duration: outcome === 'true' ? 'under_30s' : 'none' });
  });

  it('merging changes no sum and leaves one row a cell', () => {
    fc.assert(
      fc.property(fc.array(cellArbitrary, { maxLength: 40 }), (rows) => {
        const merged = mergeCounts(rows);
        expect(new Set(merged.map(keyOf)).size).toBe(merged.length);
        for (const name of ['sessions', 'presentations', 'refusals'] as const) expect(sumOf(merged, name)).toBe(sumOf(rows, name));
      }),
    );
  });

  it('folding keeps every sum by method, kind and outcome, and no rare language, device or time', () => {
    fc.assert(
      fc.property(fc.array(cellArbitrary, { maxLength: 60 }), (rows) => {
        const folded = foldCounts(rows, 50);
        const key = ({ method, kind, outcome }: CountRow): string => `${method} ${kind} ${outcome}`;
        const totals = (all: readonly CountRow[]) =>
          new Map(
            [...new Set(all.map(key))].map((name) => [
              name,
              sumOf(
                all.filter((row) => key(row) === name),
                'sessions',
              ),
            ]),
          );
        expect([...totals(folded)].toSorted()).toEqual([...totals(rows)].toSorted());
        for (const row of folded)
          if (row.sessions < 50) expect([row.locale, row.device, row.isAssisted, row.duration]).toEqual(['other', 'unknown', false, 'none']);
      }),
    );
  });

  it('weeks begin on Monday', () => {
    expect(['2026-11-22', '2026-11-23', '2026-11-29', '2026-11-30'].map(toWeek)).toEqual(['2026-11-16', '2026-11-23', '2026-11-23', '2026-11-30']);
    expect(addDays('2026-02-27', 2)).toBe('2026-03-01');
    expect(lastMonth('2026-03-01')).toEqual({ month: '2026-02', from: '2026-02-01', to: '2026-02-28' });
    expect(lastMonth('2027-01-31').month).toBe('2026-12');
  });
});

describe('control charts', () => {
  const week = (yes: number, total: number, at: number) => ({ week: `w${at}`, yes, total });

  it('the CUSUM is the largest excess over any stretch of weeks that ends last (Lorden)', () => {
    const weeks = fc.array(
      fc.integer({ min: 50, max: 5000 }).chain((total) => fc.integer({ min: 0, max: total }).map((yes) => ({ yes, total }))),
      { minLength: 5, maxLength: 13 },
    );
    fc.assert(
      fc.property(weeks, (drawn) => {
        const named = drawn.map(({ yes, total }, at) => week(yes, total, at));
        const drift = detectDrift(named);
        const first = drawn.slice(0, 4);
        const p = first.reduce((sum, { yes }) => sum + yes, 0) / first.reduce((sum, { total }) => sum + total, 0);
        const z = drawn.slice(4).map(({ yes, total }) => (yes / total - p) / Math.max(Math.sqrt((p * (1 - p)) / total), 0.01));
        const stretch = (sign: 1 | -1): number => Math.max(0, ...z.map((_one, at) => z.slice(at).reduce((sum, each) => sum + sign * each - 0.5, 0)));
        expect(drift?.statistic).toBeCloseTo(Math.max(stretch(1), stretch(-1)), 6);
        expect(drift?.isAlarmed).toBe((drift?.statistic ?? 0) > 5);
      }),
    );
  });

  it('a steady rate raises no alarm, a shift of five points does, four weeks say nothing', () => {
    const steady = Array.from({ length: 13 }, (_none, at) => week(900 + (at % 2), 1000, at));
    expect(detectDrift(steady)?.isAlarmed).toBe(false);
    const shifted = steady.map((one, at) => (at < 6 ? one : week(850, 1000, at)));
    expect(detectDrift(shifted)?.isAlarmed).toBe(true);
    expect(detectDrift(steady.slice(0, 4))).toBeUndefined();
  });

  it('a surge is more than three times the median of 28 days, and at least ten', () => {
    const days = (today: number, usual: number): number[] => [...Array.from({ length: 28 }, () => usual), today];
    expect(detectSurge('a', days(30, 10))?.isAlarmed).toBe(false);
    expect(detectSurge('a', days(31, 10))?.isAlarmed).toBe(true);
    expect(detectSurge('a', days(9, 0))?.isAlarmed).toBe(false);
    expect(detectSurge('a', days(10, 0))?.isAlarmed).toBe(true);
    expect(detectSurge('a', days(31, 10).slice(1))).toBeUndefined();
  });

  it('medians are those of the sorted list', () => {
    fc.assert(
      fc.property(fc.array(fc.integer({ min: 0, max: 99 }), { minLength: 1, maxLength: 30 }), (values) => {
        const sorted = values.toSorted((a, b) => a - b);
        const half = values.length / 2;
        const expected = Number.isInteger(half) ? ((sorted[half - 1] ?? 0) + (sorted[half] ?? 0)) / 2 : (sorted[Math.floor(half)] ?? 0);
        expect(medianOf(values)).toBe(expected);
        const counts = [...new Set(sorted)].map((value) => [value, sorted.filter((one) => one === value).length] as const);
        expect(medianBucket(counts)).toBe(sorted[Math.ceil(half) - 1]);
      }),
    );
    expect(medianBucket([['a', 0]])).toBeUndefined();
  });
});

const FACTS: Facts = {
  now: NOW,
  version: '0.1.0',
  k: 50,
  gapPercent: 10,
  maxWrongAccept: 0.01,
  providers: [],
  hasIssuer: false,
  trustLists: [],
  statusLists: undefined,
  formats: ['mdoc'],
  profiles: ['one'],
  selfTest: undefined,
  chain: undefined,
  lastReview: undefined,
};
const NOTHING: LiveCounts = { cells: [], days: [], tallies: [], since: undefined };
const CELL: CountRow = {
  method: 'wallet',
  kind: 'verified',
  outcome: 'true',
  locale: 'en',
  device: 'phone',
  isAssisted: false,
  duration: 'under_1m',
  sessions: 1,
  presentations: 1,
  refusals: 0,
};
const cells = (...changes: readonly Partial<CountRow>[]): LiveCounts => ({ ...NOTHING, cells: changes.map((change) => ({ ...CELL, ...change })) });
const find = (id: MetricId, live: Partial<LiveCounts> = {}, facts: Partial<Facts> = {}): EvidenceMetric => {
  const found = readMetrics({ ...FACTS, ...facts }, { ...NOTHING, ...live }).find((metric) => metric.id === id);
  if (found === undefined) throw new Error(id);
  return found;
};
const provider = (change: object, challenge = { threshold: 18, challengeAge: 25, predictedWrongAccept: 0.005 }): Facts['providers'][number] => ({
  id: 'face',
  mode: 'redirect',
  grade: 2,
  isOffered: true,
  declaration: DeclarationSchema.parse({ title: 'Face', kind: 'facial_estimation', basis: 'estimates', presentationAttackLevel: '2', ...change }),
  challenges: [challenge],
});

describe('states', () => {
  it('without any data nothing passes', () => {
    const states = readMetrics(FACTS, NOTHING);
    expect(states.map(({ id }) => id)).toEqual(METRIC_IDS);
    expect(states.filter(({ state }) => state === 'pass')).toEqual([]);
    for (const metric of states) MetricSchema.parse(metric);
  });

  it('with fewer than k, live metrics never pass and show no figure', () => {
    const figures = fc.array(cellArbitrary, { maxLength: 10 }).filter((rows) => sumOf(rows, 'sessions') < 50);
    fc.assert(
      fc.property(figures, (rows) => {
        for (const metric of readMetrics(FACTS, { ...NOTHING, cells: rows })) {
          if (!metric.window.startsWith('the last 28')) continue;
          expect([metric.id, metric.state]).toEqual([metric.id, 'not_evaluated']);
          expect([metric.value, metric.numerator]).toEqual([null, null]);
          expect(metric.rows.every(({ value, numerator }) => value === null && numerator === null)).toBe(true);
        }
      }),
    );
  });

  it('no reading of live counts ever shows a count below k', () => {
    fc.assert(
      fc.property(fc.array(cellArbitrary, { maxLength: 40 }), (rows) => {
        for (const { numerator, denominator, rows: shown } of readMetrics(FACTS, { ...NOTHING, cells: rows }))
          for (const [a, b] of [[numerator, denominator], ...shown.map((row) => [row.numerator, row.denominator])]) {
            const counts = [a, b, typeof a === 'number' && typeof b === 'number' ? b - a : null];
            for (const count of counts) expect(count ?? 50).toBeGreaterThanOrEqual(50);
          }
      }),
    );
  });

  it('a gap passes, may be chance, or fails; and small groups do not count', () => {
    const by = (...groups: readonly (readonly [locale: string, yes: number, no: number])[]): LiveCounts =>
      cells(
        ...groups.flatMap(([locale, yes, no]) => [{ locale, sessions: yes }, ...(no === 0 ? [] : [{ locale, sessions: no, outcome: 'abandoned' as const }])]),
      );
    expect(find('age.fairness.by_language', by(['en', 900, 100], ['cy', 420, 80]))).toMatchObject({ state: 'pass', value: 6 });
    expect(find('age.fairness.by_language', by(['en', 900, 100], ['cy', 300, 200]))).toMatchObject({ state: 'fail', value: 30 });
    expect(find('age.fairness.by_language', by(['en', 900, 100], ['cy', 41, 11]))).toMatchObject({ state: 'attention', value: null, isWithheld: true });
    expect(find('age.fairness.by_language', by(['en', 900, 100], ['cy', 0, 49]))).toMatchObject({ state: 'not_evaluated' });
    // Nearly everybody gets an answer: too few are left over for a figure, but the limit is kept.
    expect(find('age.fairness.by_language', by(['en', 900, 1], ['cy', 100, 1]))).toMatchObject({ state: 'pass', value: null, isWithheld: true });
  });

  it('the share of people who get an answer, and their time', () => {
    const live = cells({ sessions: 300 }, { sessions: 60, outcome: 'abandoned', duration: 'none' });
    expect(find('age.fairness.some_way', live)).toMatchObject({ state: 'pass', numerator: 300, denominator: 360 });
    expect(find('age.accessibility.time', live)).toMatchObject({ state: 'pass', value: 60 });
    expect(find('age.fairness.some_way', cells({ sessions: 100 }, { sessions: 60, outcome: 'refused' }))).toMatchObject({ state: 'attention' });
    expect(find('age.accessibility.time', cells({ sessions: 100, duration: 'over_10m' }))).toMatchObject({ state: 'attention', value: null });
  });

  it('retries, faults, inconclusive answers', () => {
    expect(find('age.robustness.retries', cells({ sessions: 100, presentations: 130 }))).toMatchObject({ state: 'pass', value: 1.3 });
    expect(find('age.robustness.retries', cells({ sessions: 100, presentations: 200 }))).toMatchObject({ state: 'attention' });
    const day = '2026-11-25';
    const tallies = (failed: number, verified: number): Partial<LiveCounts> => ({
      tallies: [
        { day, method: 'provider:bank', word: 'provider_failed', count: failed },
        { day, method: 'provider:bank', word: 'provider_verified', count: verified },
      ],
    });
    expect(find('age.reliability.provider_errors', tallies(1, 99)).state).toBe('pass');
    expect(find('age.reliability.provider_errors', tallies(5, 95)).state).toBe('attention');
    expect(find('age.reliability.provider_errors', tallies(20, 80)).state).toBe('fail');
    expect(find('age.reliability.provider_errors', tallies(20, 20)).state).toBe('not_evaluated');
    const old = { tallies: [{ day: '2026-10-28', method: 'provider:bank', word: 'provider_failed', count: 500 }] };
    expect(find('age.reliability.provider_errors', old).state).toBe('not_evaluated');
    const answers = (unknown: number): Partial<LiveCounts> => ({
      tallies: [
        { day, method: 'wallet', word: 'presented_unknown', count: unknown },
        { day, method: 'wallet', word: 'presented_true', count: 100 },
      ],
    });
    expect([find('age.reliability.inconclusive', answers(10)).state, find('age.reliability.inconclusive', answers(80)).state]).toEqual(['pass', 'attention']);
  });

  it('refusals are told by reason where there are enough, and a surge raises the alarm', () => {
    const usual = Array.from({ length: 28 }, (_none, at) => ({
      day: addDays('2026-11-25', at - 28),
      method: 'wallet',
      word: 'refused_device_signature',
      count: 4,
    }));
    const today = { day: '2026-11-25', method: 'wallet', word: 'refused_device_signature' };
    const sent = { day: '2026-11-25', method: 'wallet', word: 'presented_refused', count: 10_000 };
    const live = (count: number) => ({ since: '2026-10-01', tallies: [...usual, { ...today, count }, sent] });
    expect(find('age.robustness.refusal_surge', live(12)).state).toBe('pass');
    expect(find('age.robustness.refusal_surge', live(13))).toMatchObject({ state: 'attention', value: 1, rows: [{ label: 'device_signature' }] });
    expect(find('age.robustness.refusal_surge', { ...live(13), since: '2026-11-10' }).state).toBe('not_evaluated');
    expect(find('age.robustness.refusal_surge', { since: '2026-10-01' }).state).toBe('not_evaluated');
    expect(find('age.robustness.refusals', live(12))).toMatchObject({ numerator: 120, value: 120, rows: [{ label: 'device_signature', numerator: 120 }] });
    const rare = { ...today, word: 'refused_expired', count: 3 };
    expect(find('age.robustness.refusals', { tallies: [...live(12).tallies, rare] }).rows.map(({ numerator }) => numerator)).toEqual([null, null]);
  });

  it('estimators: what they declare against the limit', () => {
    expect(find('age.accuracy.predicted_wrong_accept', {}, { providers: [provider({})] }).state).toBe('pass');
    const worse = provider({}, { threshold: 18, challengeAge: 21, predictedWrongAccept: 0.02 });
    expect(find('age.accuracy.predicted_wrong_accept', {}, { providers: [provider({}), worse] })).toMatchObject({ state: 'fail', value: 0.02 });
    expect(find('age.robustness.presentation_attack', {}, { providers: [provider({})] }).state).toBe('pass');
    expect(find('age.robustness.presentation_attack', {}, { providers: [provider({ presentationAttackLevel: 'none' })] }).state).toBe('fail');
  });

  it('ways: two for every kind of device, the sandbox not counted', () => {
    const bank = provider({ kind: 'open_banking', basis: 'verifies' });
    const sandbox = provider({ kind: 'sandbox', basis: 'verifies' });
    const ways = (hasIssuer: boolean, ...providers: Facts['providers'][number][]) => find('age.accessibility.ways_per_device', {}, { hasIssuer, providers });
    expect(ways(true)).toMatchObject({ state: 'fail', value: 0 });
    expect(ways(true, bank, sandbox)).toMatchObject({ state: 'fail', value: 1 });
    expect(ways(false, bank, provider({}))).toMatchObject({ state: 'pass', value: 2 });
    expect(ways(true, bank, { ...provider({}), isOffered: false })).toMatchObject({ state: 'fail' });
  });

  it('lists, records and reviews grow old', () => {
    const list = { name: 'a', importedAt: new Date('2026-11-01T00:00:00Z'), nextUpdate: undefined };
    const trust = (change: Partial<Facts['trustLists'][number]>) => find('age.reliability.trust_list_age', {}, { trustLists: [{ ...list, ...change }] }).state;
    expect([trust({}), trust({ importedAt: new Date('2026-01-01') }), trust({ nextUpdate: NOW }), trust({ nextUpdate: new Date('2026-12-01') })]).toEqual([
      'pass',
      'attention',
      'fail',
      'pass',
    ]);
    const status = (state: 'fresh' | 'late' | 'stale') => find('age.reliability.status_list_age', {}, { statusLists: [{ state: 'fresh' }, { state }] }).state;
    expect([status('fresh'), status('late'), status('stale')]).toEqual(['pass', 'attention', 'fail']);
    const review = (nextReviewOn: string) => find('age.records.review', {}, { lastReview: { reviewedOn: '2026-06-01', nextReviewOn } }).state;
    expect([review('2026-11-24'), review('2026-11-25'), review('2026-12-20')]).toEqual(['fail', 'attention', 'pass']);
    const head = { sequence: 3, hash: '0'.repeat(64) };
    expect(find('age.records.chain', {}, { chain: { isIntact: true, entries: 3, head } }).state).toBe('pass');
    expect(find('age.records.chain', {}, { chain: { isIntact: false, entries: 2, head, fault: { sequence: 3, reason: 'hash' } } }).state).toBe('fail');
  });
});

describe('the statement and the record', () => {
  it('publishes a month only from enough, and every check once', () => {
    expect(readFigures(cells({ sessions: 49 }).cells, { month: '2026-10', k: 50 })).toBeUndefined();
    const { cells: rows } = cells({ sessions: 400 }, { sessions: 60, method: 'provider:bank' }, { sessions: 70, method: 'none', outcome: 'abandoned' });
    expect(readFigures(rows, { month: '2026-10', k: 50 })).toMatchObject({
      checks: 530,
      answeredShare: 0.87,
      ways: [
        { label: 'No answer', checks: 70 },
        { label: 'Provider', checks: 60 },
        { label: 'Wallet on this device', checks: 400 },
      ],
    });
    const few = readFigures(cells({ sessions: 400 }, { sessions: 3, method: 'none', outcome: 'abandoned' }).cells, { month: '2026-10', k: 50 });
    expect(few).toMatchObject({ checks: 403, answeredShare: null, ways: [{ checks: null }, { checks: null }] });
  });

  it('equal contents have one form, and changes are named', () => {
    fc.assert(
      fc.property(fc.jsonValue(), (value) => {
        const text = toCanonical(value);
        expect(toCanonical(JSON.parse(text))).toBe(text);
        expect(JSON.parse(text)).toEqual(JSON.parse(JSON.stringify(value)));
        expect(findChanges(text, text)).toEqual([]);
      }),
    );
    expect(toCanonical({ b: 1, a: [undefined, { d: 2, c: undefined }] })).toBe('{"a":[null,{"d":2}],"b":1}');
    expect(findChanges('{"a":{"b/c":1,"d":[1,2]}}', '{"a":{"b/c":2,"d":[1]},"e":null}')).toEqual(['/a/b~1c', '/a/d/1', '/e']);
    expect(findChanges(undefined, '{}')).toEqual(['']);
  });

  it('says what wallets are asked for, and what an estimator needs', () => {
    const snapshot = {
      ways: ['wallet', 'provider:face', 'provider:gone'],
      settings: { ageAllowBirthDate: 'false' },
      providers: [
        {
          id: 'face',
          title: 'Face',
          kind: 'facial_estimation',
          basis: 'estimates',
          grade: 2,
          data: ['picture'],
          retention: '1 hour',
          challengeAges: { 18: 25 },
        },
      ],
    } as unknown as Snapshot;
    const [wallet, face, gone] = describeWays(snapshot);
    expect([wallet?.processed.includes('date of birth'), face?.how.includes('at least 25'), face?.processed, gone]).toEqual([
      false,
      true,
      'By the provider: picture.',
      undefined,
    ]);
    expect(describeWays({ ...snapshot, settings: { ageAllowBirthDate: 'true' } })[0]?.processed).toContain('date of birth');
  });

  it('an empty line begins a paragraph', () => {
    expect(toParagraphs('One\nstill one\n\n \nTwo')).toEqual(['One\nstill one', 'Two']);
    expect(toParagraphs(undefined)).toEqual([]);
  });
});
