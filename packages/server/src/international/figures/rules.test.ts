import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { follow, makeTable } from './figure-rules.ts';
import { listMonths, listQuarters, quarterOf, readPeriod } from './period-rules.ts';
import type { ReportRow } from './schema.ts';
import { makeShares } from './share-rules.ts';
import { findWithheld, isShowable } from './suppression-rules.ts';
import { estimateRemovalTimes, estimateSurvival, type Followed } from './survival-rules.ts';
import { formatFigures } from './table-rules.ts';

const followedOf = fc.array(fc.record({ hours: fc.integer({ min: 0, max: 40 }), isRemoved: fc.boolean() }), { minLength: 1, maxLength: 40 });

describe('times to removal', () => {
  it('remission of leukaemia with 6-mercaptopurine (Freireich 1963), as textbooks have it', () => {
    const weeks = [6, 6, 6, 7, 10, 13, 16, 22, 23].map((hours) => ({ hours, isRemoved: true }));
    const censored = [6, 9, 10, 11, 17, 19, 20, 25, 32, 32, 34, 35].map((hours) => ({ hours, isRemoved: false }));
    const steps = estimateSurvival([...weeks, ...censored]);
    expect(steps.map(({ hours, remaining }) => [hours, Number(remaining.toFixed(3))])).toEqual([
      [6, 0.857],
      [7, 0.807],
      [10, 0.753],
      [13, 0.69],
      [16, 0.627],
      [22, 0.538],
      [23, 0.448],
    ]);
    expect(estimateRemovalTimes([...weeks, ...censored])).toEqual({ followed: 21, removed: 9, medianHours: 23, p90Hours: null });
  });

  it('with all removed it is the plain quantile', () => {
    fc.assert(
      fc.property(fc.array(fc.integer({ min: 0, max: 500 }), { minLength: 1, maxLength: 60 }), (hours) => {
        const sorted = hours.toSorted((a, b) => a - b);
        const times = estimateRemovalTimes(hours.map((one) => ({ hours: one, isRemoved: true })));
        expect(times.medianHours).toBe(sorted[Math.ceil(hours.length * 0.5) - 1]);
        expect(times.p90Hours).toBe(sorted[Math.ceil(Number((hours.length * 0.9).toFixed(9))) - 1]);
      }),
    );
  });

  it('one more that is open never makes it shorter', () => {
    const orNever = (hours: number | null): number => hours ?? Number.POSITIVE_INFINITY;
    fc.assert(
      fc.property(followedOf, fc.integer({ min: 0, max: 40 }), (followed, hours) => {
        const more: Followed[] = [...followed, { hours, isRemoved: false }];
        expect(orNever(estimateRemovalTimes(more).medianHours)).toBeGreaterThanOrEqual(orNever(estimateRemovalTimes(followed).medianHours));
        expect(orNever(estimateRemovalTimes(more).p90Hours)).toBeGreaterThanOrEqual(orNever(estimateRemovalTimes(followed).p90Hours));
      }),
    );
  });

  it('none is reached when half stay', () => {
    const half = Array.from({ length: 21 }, (_, index): Followed => (index < 10 ? { hours: 1, isRemoved: true } : { hours: 500, isRemoved: false }));
    expect(estimateRemovalTimes(half)).toEqual({ followed: 21, removed: 10, medianHours: null, p90Hours: null });
    expect(estimateRemovalTimes([])).toEqual({ followed: 0, removed: 0, medianHours: null, p90Hours: null });
  });
});

describe('what is followed', () => {
  const until = new Date('2026-10-01T00:00:00Z');
  const row = (change: Partial<ReportRow>): ReportRow => ({
    country: 'NL',
    network: null,
    scope: 'host',
    reportedAt: new Date('2026-08-01T00:00:00Z'),
    firstSentAt: new Date('2026-08-02T00:00:00Z'),
    closedAt: null,
    outcome: null,
    ...change,
  });
  const closedAt = new Date('2026-08-04T00:00:00Z');
  const TO_THE_END = 60 * 24;

  it.each([
    ['open', row({}), { hours: TO_THE_END, isRemoved: false }],
    ['removed', row({ closedAt, outcome: 'removed' }), { hours: 48, isRemoved: true }],
    ['unavailable', row({ closedAt, outcome: 'unavailable' }), { hours: 48, isRemoved: true }],
    ['no answer: to the end, not only until somebody gave up', row({ closedAt, outcome: 'no_answer' }), { hours: TO_THE_END, isRemoved: false }],
    ['moved: it is up elsewhere', row({ closedAt, outcome: 'moved' }), { hours: TO_THE_END, isRemoved: false }],
    ['withdrawn: until then', row({ closedAt, outcome: 'withdrawn' }), { hours: 48, isRemoved: false }],
    ['not illegal', row({ closedAt, outcome: 'not_illegal' }), undefined],
    ['nobody was told', row({ firstSentAt: null }), undefined],
    ['gone before anybody was told', row({ closedAt: new Date('2026-08-01T12:00:00Z'), outcome: 'unavailable' }), undefined],
    ['removed later than what is known', row({ closedAt: new Date('2026-11-01T00:00:00Z'), outcome: 'removed' }), { hours: TO_THE_END, isRemoved: false }],
    ['told later than what is known', row({ firstSentAt: new Date('2026-11-01T00:00:00Z') }), undefined],
  ])('%s', (_name, given, expected) => expect(follow(given, until)).toEqual(expected));
});

describe('suppression', () => {
  /** Every table of `cells` counts up to `max`. */
  function* tables(cells: number, max: number): Generator<number[]> {
    if (cells === 0) yield [];
    else for (const rest of tables(cells - 1, max)) for (let count = 0; count <= max; count++) yield [...rest, count];
  }
  const toItems = (counts: readonly number[]): { key: string; count: number }[] => counts.map((count, index) => ({ key: String(index), count }));

  it.each([
    [3, 2],
    [3, 3],
    [3, 4],
    [2, 4],
  ])('k = %i, %i cells: of no withheld count can be told whether it is small, unless all are withheld', (k, cells) => {
    const byPublication = new Map<string, number[][]>();
    for (const counts of tables(cells, 2 * k + 2)) {
      const sum = counts.reduce((all, one) => all + one, 0);
      // Such a table has no sum and no rows.
      if (!isShowable(sum, k)) continue;
      const withheld = findWithheld(toItems(counts), k);
      const publication = JSON.stringify([counts.map((count, index) => (withheld.has(String(index)) ? null : count)), sum]);
      byPublication.set(publication, [...(byPublication.get(publication) ?? []), counts]);
    }
    for (const [publication, possible] of byPublication) {
      const [shown, sum] = JSON.parse(publication) as [(number | null)[], number];
      shown.forEach((count, index) => {
        if (count !== null) return expect(count === 0 || count >= k).toBe(true);
        const values = new Set(possible.map((counts) => counts[index] ?? 0));
        expect([publication, values.size > 1]).toEqual([publication, true]);
        // With everything withheld the sum can be so small that everything must be.
        if (shown.some((one) => one !== null && one > 0) || sum >= 2 * k)
          expect([publication, [...values].some((value) => value >= k)]).toEqual([publication, true]);
      });
    }
  });
});

const UNTIL = new Date('2026-10-01T00:00:00Z');
const k = 10;

function rows(country: string | null, { removed = 0, open = 0, unanswered = 0 }: { removed?: number; open?: number; unanswered?: number }): ReportRow[] {
  const about = { country, network: null, scope: 'host' as const, reportedAt: new Date('2026-08-01T00:00:00Z'), firstSentAt: new Date('2026-08-01T00:00:00Z') };
  return [
    ...Array.from({ length: removed }, (_, index): ReportRow => ({ ...about, closedAt: new Date(Date.UTC(2026, 7, 1, index + 1)), outcome: 'removed' })),
    ...Array.from({ length: open }, (): ReportRow => ({ ...about, closedAt: null, outcome: null })),
    ...Array.from({ length: unanswered }, (): ReportRow => ({ ...about, closedAt: new Date('2026-09-01T00:00:00Z'), outcome: 'no_answer' })),
  ];
}

const tableOf = (given: readonly ReportRow[]): ReturnType<typeof makeTable> => makeTable(given, { keyOf: ({ country }) => country, k, until: UNTIL });

describe('a table', () => {
  it('counts, shares, and times with their denominators', () => {
    const table = tableOf([...rows('NL', { removed: 30, open: 10 }), ...rows('US', { removed: 12, open: 48 }), ...rows(null, { open: 20 })]);
    expect(table.groups).toEqual([
      { key: 'US', reports: 60, removed: 12, closed: 12, open: 48, followed: 60, medianHours: null, p90Hours: null, share: 0.5, isWithheld: false },
      { key: 'NL', reports: 40, removed: 30, closed: 30, open: 10, followed: 40, medianHours: 20, p90Hours: null, share: 0.3333, isWithheld: false },
      { key: 'unknown', reports: 20, removed: 0, closed: 0, open: 20, followed: 20, medianHours: null, p90Hours: null, share: 0.1667, isWithheld: false },
    ]);
    expect(table.others).toBeNull();
    expect(table.overall).toMatchObject({ reports: 120, removed: 42, open: 78, followed: 120 });
  });

  it('folds what is small, and the smallest of the others with it', () => {
    const table = tableOf([...rows('NL', { removed: 40 }), ...rows('BG', { removed: 20 }), ...rows('MT', { removed: 3 })]);
    expect(table.groups.map(({ key }) => key)).toEqual(['NL']);
    expect(table.others).toEqual({ reports: 23 });
    expect(table.overall.reports).toBe(63);
  });

  it('withholds a small outcome, and everything from which it could be worked out', () => {
    const table = tableOf([...rows('NL', { removed: 40, open: 20 }), ...rows('BG', { removed: 15, open: 3 })]);
    expect(table.groups[1]).toMatchObject({ key: 'BG', reports: 18, removed: null, closed: null, open: null, isWithheld: true });
    // Only one row is withheld: the sum would give it away.
    expect(table.overall).toMatchObject({ reports: 78, removed: null, open: null, isWithheld: true });
  });

  it('says nothing of a time in which few were removed, or few were told', () => {
    const [group] = tableOf(rows('NL', { removed: 9, unanswered: 30 })).groups;
    expect(group).toMatchObject({ followed: 39, medianHours: null });
    const untold = rows('NL', { open: 4 }).map((row) => ({ ...row, firstSentAt: null }));
    expect(tableOf([...rows('NL', { removed: 40 }), ...untold]).groups[0]).toMatchObject({ reports: 44, followed: null, medianHours: null, isWithheld: true });
  });

  it('leaves out duplicates, and is empty without reports', () => {
    const twice = rows('NL', { open: 20 }).map((row): ReportRow => ({ ...row, closedAt: UNTIL, outcome: 'duplicate' }));
    expect(tableOf(twice)).toEqual(tableOf([]));
    expect(tableOf([]).overall.reports).toBe(0);
    expect(tableOf(rows('NL', { open: 9 }))).toMatchObject({ groups: [], others: { reports: null }, overall: { reports: null, open: null } });
  });

  it('never shows a count from 1 to k - 1, nor one that follows from the sums', () => {
    const one = fc.record({ removed: fc.nat(25), open: fc.nat(25), unanswered: fc.nat(25) });
    fc.assert(
      fc.property(fc.array(one, { maxLength: 5 }), (countries) => {
        const table = tableOf(countries.flatMap((counts, index) => rows(`A${String.fromCodePoint(65 + index)}`, counts)));
        const shown = [...table.groups, table.overall];
        for (const { reports, removed, closed, open, followed } of shown) {
          for (const count of [reports, removed, open, followed, closed === null || removed === null ? null : closed - removed]) {
            if (count !== null) expect(count === 0 || count >= k).toBe(true);
          }
        }
        if (table.others !== null && table.others.reports !== null) expect(table.others.reports).toBeGreaterThanOrEqual(k);
        // What is left of a sum after all that is shown is no small count either.
        for (const part of ['removed', 'open'] as const) {
          const sum = table.overall[part];
          if (sum === null) continue;
          const rest = table.groups.reduce((left, group) => left - (group[part] ?? 0), sum);
          expect(rest === 0 || rest >= k).toBe(true);
        }
      }),
    );
  });

  it('as CSV', () => {
    const text = formatFigures(tableOf([...rows('NL', { removed: 40 }), ...rows('BG', { removed: 20 }), ...rows('MT', { removed: 3 })]));
    expect(text).toBe(
      'group,reports,share,removed,closed,open,followed,median_hours,p90_hours,is_withheld\r\n' +
        'NL,40,0.6349,40,40,0,40,20,36,false\r\nothers,23,,,,,,,,true\r\nall,63,1,63,63,0,63,15,34,false\r\n',
    );
    const networks = makeTable(rows('NL', { open: 12 }), { keyOf: () => '=cmd, "x"', k, until: UNTIL });
    expect(formatFigures(networks)).toContain(`"'=cmd, ""x""",12`);
  });
});

describe('shares by month', () => {
  it('withholds small ones, and knows months without reports', () => {
    const counts = [
      { month: '2026-08', country: 'NL', reports: 60, squares: 60 },
      { month: '2026-08', country: 'US', reports: 36, squares: 36 },
      { month: '2026-08', country: 'BG', reports: 4, squares: 4 },
      { month: '2026-10', country: 'NL', reports: 5, squares: 5 },
    ];
    expect(makeShares(counts, { months: ['2026-08', '2026-09', '2026-10'], k })).toEqual([
      { month: '2026-08', country: 'NL', share: 0.6, of: 100 },
      { month: '2026-09', country: 'NL', share: null, of: 0 },
      { month: '2026-10', country: 'NL', share: null, of: null },
    ]);
  });
});

describe('periods', () => {
  const now = new Date('2026-11-30T12:00:00Z');

  it('a quarter is due when the next one is over', () => {
    expect(listQuarters(now, 4).map(({ name }) => name)).toEqual(['2026-Q2', '2026-Q1', '2025-Q4', '2025-Q3']);
    expect(listQuarters(new Date('2027-01-01T00:00:00Z'), 1)[0]).toEqual(quarterOf(2026, 3));
    expect(quarterOf(2026, 3)).toEqual({
      name: '2026-Q3',
      from: new Date('2026-07-01T00:00:00Z'),
      to: new Date('2026-10-01T00:00:00Z'),
      until: new Date('2027-01-01T00:00:00Z'),
    });
  });

  it('months, and the period that is taken when nothing is said', () => {
    expect(listMonths(new Date('2025-11-15T00:00:00Z'), new Date('2026-02-01T00:00:00Z'))).toEqual(['2025-11', '2025-12', '2026-01']);
    expect(readPeriod({}, now)).toEqual({ from: new Date('2025-11-01T00:00:00Z'), to: new Date('2026-12-01T00:00:00Z') });
    expect(readPeriod({ from: '2026-03-02', to: '2026-03-05' }, now)).toEqual({ from: new Date('2026-03-02T00:00:00Z'), to: new Date('2026-03-05T00:00:00Z') });
    expect(readPeriod({ from: '2027-03-02' }, now).from).toEqual(new Date('2025-11-01T00:00:00Z'));
  });
});
