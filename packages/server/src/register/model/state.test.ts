/** The pure half of the register: what changes give, whatever their order; what the register says, and why. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { makeCheck } from '../../../test/support/register.ts';
import { placeParts } from './edit-rules.ts';
import { compareNumbers } from './order-rules.ts';
import { STATUSES, type Change, type Evidence, type KeptChange, type Register, type Source } from './schema.ts';
import { foldChanges, subjectOf } from './state-rules.ts';
import { workOutStatus, type OwnClaim } from './status-rules.ts';
import { countDays, toView } from './view-rules.ts';

const SOURCE: Source = {
  url: 'https://example.org/report',
  publisher: 'A body',
  title: 'A report',
  licence: null,
  retrievedAt: '2026-11-01',
  sha256: null,
  archivedUrl: null,
  quote: null,
};
const REGISTER: Register = {
  id: 'reg',
  title: 'T',
  inquiry: 'I',
  publisher: 'P',
  publishedAt: '2025-01-01',
  responseDueAt: '2025-07-01',
  source: SOURCE,
  licence: null,
};
const REC: Extract<Change, { kind: 'recommendation' }> = {
  kind: 'recommendation',
  body: { register: 'reg', number: '1', title: 'One', text: 'Do it.', isVerbatim: false, addressees: ['Ministry'], themes: [], gatehouse: null, relatedTo: [] },
};
const PLACE = { recommendation: 'reg/1' } as const;
const status = (by: 'government' | 'register' | 'independent', body: Partial<Extract<Change, { kind: 'status' }>['body']> = {}): Change => ({
  kind: 'status',
  ...PLACE,
  body: { by, claimant: by, status: 'under_way', asOf: '2025-02-01', text: 'x', basis: [], ...body },
});
const response = (by: string, date: string, kind: 'accepted' | 'no_response' = 'accepted'): Change => ({
  kind: 'response',
  ...PLACE,
  body: { by, date, class: kind, classAsPublished: null, text: 'x', source: null },
});
const action: Change = { kind: 'action', ...PLACE, body: { owner: 'M', kind: 'law', title: 'A law', from: null, to: null, legislation: null, source: null } };
const milestone = (of: string, dueAt: string, doneAt: string | null = null): Change => ({
  kind: 'milestone',
  ...PLACE,
  body: { action: of, title: 'A step', dueAt, doneAt },
});

const START = Date.parse('2026-01-01T00:00:00Z');
function keep(
  id: string,
  change: Change,
  { replaces = null, minute = 0, state = 'published' }: { replaces?: string | null; minute?: number; state?: KeptChange['state'] } = {},
): KeptChange {
  const at = new Date(START + minute * 60_000);
  return {
    id,
    subject: subjectOf(change),
    change,
    replaces,
    batch: null,
    state,
    madeBy: 'a',
    madeAt: at,
    reviewedBy: 'b',
    publishedAt: state === 'published' ? at : null,
    reason: null,
    digest: '',
  };
}
const BASE = [keep('c0', { kind: 'register', body: REGISTER }), keep('c1', REC)];
const show = (changes: readonly KeptChange[], today = '2026-01-01', checks = new Map()): ReturnType<typeof toView> => {
  const found = foldChanges([...BASE, ...changes]).recommendations.get('reg/1');
  if (found === undefined) throw new Error('no recommendation');
  return toView(found, { responseDueAt: REGISTER.responseDueAt, checks, today });
};

/** Random histories: a change is new, or takes the place of an earlier one of its kind. */
const histories = fc
  .array(
    fc.record({
      kind: fc.constantFrom('response', 'action', 'status', 'milestone'),
      target: fc.nat(),
      isNew: fc.boolean(),
      day: fc.integer({ min: 1, max: 28 }),
      sameMinute: fc.boolean(),
      isPublished: fc.boolean(),
    }),
    { maxLength: 25 },
  )
  .map((steps) => {
    const changes = [...BASE, keep('a0', action)];
    let minute = 0;
    for (const [index, step] of steps.entries()) {
      if (!step.sameMinute) minute++;
      const day = `2025-03-${String(step.day).padStart(2, '0')}`;
      const change =
        { response: response('M', day), action, status: status('government', { asOf: day }), milestone: milestone('a0', day) }[step.kind] ?? action;
      const tips = changes.filter(
        (one) =>
          one.state === 'published' && one.change.kind === step.kind && !changes.some(({ replaces, state }) => replaces === one.id && state === 'published'),
      );
      const replaces = step.isNew ? null : (tips[step.target % Math.max(1, tips.length)]?.id ?? null);
      // Ids that say nothing about the order.
      changes.push(keep(`x${(index * 7919) % 1000}`, change, { replaces, minute, state: step.isPublished ? 'published' : 'in_review' }));
    }
    return changes;
  });

describe('foldChanges', () => {
  it('gives the same whatever the order in which changes are given', () => {
    fc.assert(
      fc.property(
        histories.chain((all) => fc.tuple(fc.constant(all), fc.shuffledSubarray(all, { minLength: all.length, maxLength: all.length }))),
        ([all, shuffled]) => {
          expect(foldChanges(shuffled).recommendations).toEqual(foldChanges(all).recommendations);
        },
      ),
    );
  });

  it('counts each published change exactly once: as what is now, or as what it was', () => {
    fc.assert(
      fc.property(histories, (all) => {
        const parts = foldChanges(all).recommendations.get('reg/1');
        const entries = [...(parts?.responses ?? []), ...(parts?.actions ?? []), ...(parts?.milestones ?? []), ...(parts?.statuses ?? [])];
        const published = all.filter((one) => one.state === 'published' && !['register', 'recommendation'].includes(one.change.kind));
        expect(entries.reduce((sum, { versions }) => sum + versions.length, 0)).toBe(published.length);
        // What counts now is what nothing published replaces.
        const replaced = new Set(published.map(({ replaces }) => replaces));
        expect(entries.map(({ newest }) => newest).toSorted()).toEqual(
          published
            .filter(({ id }) => !replaced.has(id))
            .map(({ id }) => id)
            .toSorted(),
        );
      }),
    );
  });

  it('keeps both of a replacement, under the permanent id of the first', () => {
    const all = [
      ...BASE,
      keep('s1', status('government', { status: 'not_started' })),
      keep('s0', status('government', { status: 'under_way' }), { replaces: 's1' }),
    ];
    const state = foldChanges(all);
    expect(state.recommendations.get('reg/1')?.statuses).toMatchObject([
      { id: 's1', newest: 's0', body: { status: 'under_way' }, versions: [{ status: 'not_started' }, { status: 'under_way' }] },
    ]);
    expect(state.rootOf('s0')).toBe('s1');
    expect(state.newestOf('s1')).toBe('s0');
  });

  it('shows nothing that was not published, and nothing of a register that is not there', () => {
    expect(foldChanges([keep('c1', REC)]).recommendations.size).toBe(0);
    expect(foldChanges(BASE.map((one) => ({ ...one, state: 'in_review' as const }))).registers.size).toBe(0);
  });
});

describe('milestones', () => {
  it('keep their old dates and the days of slip, also when the action was replaced', () => {
    const view = show([
      keep('a0', action),
      keep('m0', milestone('a0', '2025-03-01')),
      keep('m1', milestone('a0', '2025-04-01'), { replaces: 'm0', minute: 1 }),
      keep('a1', action, { replaces: 'a0', minute: 2 }),
      keep('m2', milestone('a1', '2025-04-01'), { replaces: 'm1', minute: 3 }),
      keep('m3', milestone('a1', '2025-06-09'), { replaces: 'm2', minute: 4 }),
    ]);
    expect(view.actions).toMatchObject([{ id: 'a0', milestones: [{ id: 'm0', dueAt: '2025-06-09', history: ['2025-03-01', '2025-04-01'], slipDays: 100 }] }]);
    expect(view.lateness.milestonesLate).toBe(1);
  });

  it('slip to the day on which they were done, and are late only after their newest date', () => {
    const done = show([keep('a0', action), keep('m0', milestone('a0', '2025-03-01', '2025-02-27'))]);
    expect(done.actions[0]?.milestones[0]?.slipDays).toBe(-2);
    expect(done.lateness.milestonesLate).toBe(0);
    expect(show([keep('a0', action), keep('m0', milestone('a0', '2026-01-01'))]).lateness.milestonesLate).toBe(0);
    expect(show([keep('a0', action), keep('m0', milestone('a0', '2025-12-31'))]).lateness.milestonesLate).toBe(1);
    expect(show([keep('a0', action), keep('m0', milestone('a0', '2025-12-30', '2025-12-31'))]).lateness.milestonesLate).toBe(1);
  });
});

describe('lateness', () => {
  it('is that of the first response of each body; news after it is neither late nor in time', () => {
    const view = show([
      keep('r1', response('B', '2025-06-30')),
      keep('r0', response('A', '2025-08-29')),
      keep('r2', response('A', '2026-01-01')),
      keep('r3', response('A', '2025-01-02', 'no_response')),
    ]);
    expect(view.responses.map(({ by, date, isOnTime, daysLate }) => [by, date, isOnTime, daysLate])).toEqual([
      ['A', '2025-01-02', null, null],
      ['B', '2025-06-30', true, 0],
      ['A', '2025-08-29', false, 59],
      ['A', '2026-01-01', null, null],
    ]);
    expect(view.lateness.responseDaysLate).toBe(0);
  });

  it('grows while nobody responds', () => {
    expect(show([], '2025-07-01').lateness.responseDaysLate).toBe(0);
    expect(show([], '2025-07-11').lateness.responseDaysLate).toBe(10);
    expect(show([keep('r', response('A', '2025-01-02', 'no_response'))], '2025-07-11').lateness.responseDaysLate).toBe(10);
  });

  it('counts calendar days over leap years', () => {
    fc.assert(
      fc.property(fc.integer({ min: 0, max: 20_000 }), fc.integer({ min: -3000, max: 3000 }), (day, add) => {
        const at = (n: number): string => new Date(n * 86_400_000).toISOString().slice(0, 10);
        expect(countDays(at(day), at(day + add))).toBe(add);
      }),
    );
  });
});

const evidence = (shows: Evidence['shows'], check: string | null = null): Evidence => ({
  kind: check === null ? 'document' : 'check',
  shows,
  text: 'x',
  source: check === null ? SOURCE : null,
  check,
});
const claim = (value: OwnClaim['status'], ...basis: Evidence[]): OwnClaim => ({ status: value, asOf: '2026-01-01', basis });
const checks = (...all: readonly ReturnType<typeof makeCheck>[]): Map<string, ReturnType<typeof makeCheck>> => new Map(all.map((one) => [one.name, one]));

describe('the three claimants', () => {
  const SIDES = ['government', 'register', 'independent'] as const;
  it('are never merged, whatever they say and when', () => {
    const claims = fc.array(fc.record({ by: fc.constantFrom(...SIDES), status: fc.constantFrom(...STATUSES), day: fc.integer({ min: 1, max: 28 }) }), {
      maxLength: 12,
    });
    fc.assert(
      fc.property(claims, (given) => {
        const view = show(
          given.map((one, index) =>
            keep(`s${index}`, status(one.by, { status: one.status, asOf: `2025-02-${String(one.day).padStart(2, '0')}` }), { minute: index }),
          ),
        );
        for (const side of SIDES) {
          const own = given.filter(({ by }) => by === side);
          const newest = own.reduce<(typeof own)[number] | undefined>((best, one) => (best === undefined || one.day >= best.day ? one : best), undefined);
          expect(view.statuses.filter(({ by }) => by === side).map((one) => one.status)).toEqual(newest === undefined ? [] : [newest.status]);
        }
        const own = view.statuses.find(({ by }) => by === 'register');
        // What others claim never reaches the status of the register.
        expect(view.registerStatus.claimed).toBe(own?.status ?? null);
        if (own === undefined) expect(view.registerStatus.status).toBe('not_assessed');
      }),
    );
  });

  it('may be several independent bodies', () => {
    const view = show([
      keep('s0', status('independent', { claimant: 'B' })),
      keep('s1', status('independent', { claimant: 'A' })),
      keep('s2', status('register', { claimant: 'X' })),
      keep('s3', status('register', { claimant: 'Y' })),
    ]);
    expect(view.statuses.map(({ by, claimant }) => `${by} ${claimant}`)).toEqual(['register Y', 'independent A', 'independent B']);
  });
});

describe('workOutStatus', () => {
  it.each<[string, OwnClaim, string, RegExp]>([
    ['no evidence', claim('complete'), 'under_way', /no evidence is named/],
    ['only a reply', claim('complete', evidence('reply'), evidence('activity')), 'under_way', /a reply or an activity, and no effect/],
    ['an effect', claim('complete', evidence('effect')), 'complete', /rests on 1 document\./],
    ['a check that passes', claim('complete', evidence('effect', 'p')), 'complete', /1 check that passes/],
    ['a check that fails', claim('complete', evidence('effect'), evidence('effect', 'f')), 'under_way', /“Title of f” \(f\) fails: Only 3 of 4\.$/],
    ['a stale check', claim('complete', evidence('effect'), evidence('reply', 's')), 'under_way', /no result that is new enough/],
    ['a check that never ran', claim('ongoing', evidence('effect', 'n')), 'under_way', /was never run/],
    ['a check that nobody knows', claim('ongoing', evidence('effect', 'unknown')), 'under_way', /is not run here/],
    ['ongoing on what fails', claim('ongoing', evidence('effect', 'f')), 'under_way', /fails/],
    ['ongoing without effect', claim('ongoing', evidence('activity')), 'ongoing', /“ongoing”/],
    ['stalled on what fails', claim('stalled', evidence('activity', 'f')), 'stalled', /“stalled” \(as of 2026-01-01\); it names 1 check\.$/],
  ])('%s', (_name, given, expected, reason) => {
    const known = checks(makeCheck('p', 'pass'), makeCheck('f', 'fail', 'Only 3 of 4.'), makeCheck('s', 'stale'), makeCheck('n', 'never_run'));
    const found = workOutStatus(given, known);
    expect(found).toMatchObject({ status: expected, claimed: given.status });
    expect(found.reason).toMatch(reason);
  });

  it('never says complete without an effect and with every named check passing', () => {
    const results = ['pass', 'fail', 'stale', 'never_run'] as const;
    const basis = fc.array(fc.record({ shows: fc.constantFrom('effect', 'activity', 'reply'), check: fc.option(fc.constantFrom('c0', 'c1', 'c2')) }), {
      maxLength: 6,
    });
    fc.assert(
      fc.property(basis, fc.array(fc.constantFrom(...results), { minLength: 3, maxLength: 3 }), (given, outcome) => {
        const known = checks(...outcome.map((result, index) => makeCheck(`c${index}`, result)));
        const found = workOutStatus(claim('complete', ...given.map((one) => evidence(one.shows, one.check))), known);
        const isCarried = given.some(({ shows }) => shows === 'effect') && given.every(({ check }) => check === null || known.get(check)?.result === 'pass');
        expect(found.status).toBe(isCarried ? 'complete' : 'under_way');
      }),
    );
  });
});

describe('placeParts', () => {
  const state = foldChanges([...BASE, keep('a0', action), keep('s0', status('government')), keep('s1', status('government'), { replaces: 's0' })]);
  const place = (change: Change, replaces?: string): string | null | undefined => {
    const [found] = placeParts(state, [{ ref: 'x', change, replaces }]);
    return found?.fault ?? found?.replaces;
  };
  it.each<[string, Change, string | undefined, string | null | RegExp]>([
    ['a recommendation of a name that is there', REC, undefined, 'c1'],
    ['a new status', status('register'), undefined, null],
    ['an older version', status('government'), 's0', 's1'],
    ['another side', status('independent'), 's1', /same side/],
    ['another kind', action, 's1', /another kind/],
    ['nothing', action, 'nope', /no published change nope/],
    ['no register', { ...REC, body: { ...REC.body, register: 'other' } }, undefined, /no register other/],
    ['no recommendation', { ...action, recommendation: 'reg/9' }, undefined, /no recommendation reg\/9/],
    ['no action', milestone('s0', '2025-01-01'), undefined, /no action s0/],
    ['an action', milestone('a0', '2025-01-01'), undefined, null],
    ['evidence without source', status('register', { basis: [{ ...evidence('effect'), source: null }] }), undefined, /name the source/],
    ['a check without name', status('register', { basis: [{ ...evidence('effect'), kind: 'check' }] }), undefined, /name the check/],
  ])('%s', (_name, change, replaces, expected) => {
    const found = place(change, replaces);
    if (expected instanceof RegExp) expect(found).toMatch(expected);
    else expect(found).toBe(expected);
  });

  it('lets parts refer to parts before them, and to none behind', () => {
    const second = { ...REC, body: { ...REC.body, number: '2' } };
    const own = { ...action, recommendation: 'reg/2' };
    const parts = [
      { ref: 'r', change: second },
      { ref: 'a', change: own },
      { ref: 'm', change: { ...milestone('a', '2025-01-01'), recommendation: 'reg/2' } },
      { ref: 'n', change: { ...milestone('a', '2025-02-01'), recommendation: 'reg/2' }, replaces: 'm' },
    ] as const;
    expect(placeParts(state, parts).map(({ fault, replaces }) => fault ?? replaces)).toEqual([null, null, null, 'm']);
    expect(placeParts(state, parts.toReversed()).every(({ ref, fault }) => ref === 'r' || fault !== undefined)).toBe(true);
    expect(placeParts(state, [parts[0], { ref: 'again', change: second }])[1]?.fault).toMatch(/there twice/);
  });
});

it('orders numbers as people do', () => {
  expect(['10', '2', '1.10', '1.2', '1', 'A2', '12a'].toSorted(compareNumbers)).toEqual(['1', '1.2', '1.10', '2', '10', '12a', 'A2']);
});
