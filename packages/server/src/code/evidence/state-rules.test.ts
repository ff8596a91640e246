import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { EvidenceItem, Threshold } from '../catalogue/schema.ts';
import type { Item } from './schema.ts';
import { combine, judgeItem, judgeMeasure, type Alternative, type Attested, type ItemInput, type ItemState, type Reading } from './state-rules.ts';
import { describeFigure, describeThreshold, meets } from './threshold-rules.ts';

const AT = new Date('2026-11-25T12:00:00Z');
const DAY_MS = 86_400_000;
const ITEM: EvidenceItem = {
  metric: 'some_metric',
  threshold: { kind: 'number', op: '<=', value: 24 },
  window: '30d',
  mode: 'measured',
  basis: 'proposal',
  note: null,
};
const METRIC = { title: 'Some metric', unit: 'hours' as const };

type Read = Extract<Reading, { kind: 'read' }>;

function reading(figure: number | boolean | null, more: Partial<Read> = {}): Reading {
  return { kind: 'read', figure, finding: 'Found.', method: 'Counted.', from: new Date(AT.getTime() - 30 * DAY_MS), to: AT, ...more };
}

function attested(figure: number | boolean, more: Partial<Attested> = {}): Attested {
  return { id: 'rec_1', control: null, figure, statement: 'I looked.', by: 'A. Person', at: AT, validUntil: '2027-06-01', ...more };
}

function judge(more: Omit<Partial<ItemInput>, 'item'> & { readonly item?: Partial<EvidenceItem> }): Item {
  return judgeItem({ metric: METRIC, reading: { kind: 'none' }, attested: undefined, target: undefined, at: AT, ...more, item: { ...ITEM, ...more.item } });
}

const number = (op: '=' | '<' | '<=' | '>' | '>=', value: number): Threshold => ({ kind: 'number', op, value });

describe('the state of one item', () => {
  test.each<[string, ItemState, Omit<Partial<ItemInput>, 'item'> & { readonly item?: Partial<EvidenceItem> }]>([
    ['a figure that meets its threshold', 'pass', { reading: reading(3) }],
    ['one that does not', 'fail', { reading: reading(25) }],
    ['exactly the threshold', 'attention', { reading: reading(24) }],
    ['close to it, for a duration', 'attention', { reading: reading(22) }],
    ['close to it, for a share', 'pass', { reading: reading(0.951), item: { threshold: number('>=', 0.95) }, metric: { title: 'Share', unit: 'ratio' } }],
    ['no data', 'not_evaluated', { reading: reading(null) }],
    ['not a number', 'not_evaluated', { reading: reading(Number.NaN) }],
    ['infinitely much', 'not_evaluated', { reading: reading(Number.POSITIVE_INFINITY), item: { threshold: number('>=', 1) } }],
    ['nothing to count', 'not_evaluated', { reading: reading(0, { numerator: 0, denominator: 0 }), item: { threshold: number('=', 0) } }],
    ['nothing found in something', 'pass', { reading: reading(0, { numerator: 0, denominator: 9 }), item: { threshold: number('=', 0) } }],
    ['no source', 'not_evaluated', {}],
    ['a source that failed', 'not_evaluated', { reading: { kind: 'failed', reason: 'It threw.', method: 'Counted.' } }],
    ['data that are fresh', 'pass', { reading: reading(3, { newestAt: new Date(AT.getTime() - DAY_MS), freshForHours: 24 }) }],
    ['data that are too old', 'not_evaluated', { reading: reading(3, { newestAt: new Date(AT.getTime() - 25 * 3_600_000), freshForHours: 24 }) }],
    ['yes where yes is asked', 'pass', { reading: reading(true), item: { threshold: { kind: 'yes' } } }],
    ['no where yes is asked', 'fail', { reading: reading(false), item: { threshold: { kind: 'yes' } } }],
    ['1 where yes is asked', 'not_evaluated', { reading: reading(1), item: { threshold: { kind: 'yes' } } }],
    ['yes where a number is asked', 'not_evaluated', { reading: reading(true) }],
    ['reported, with data', 'pass', { reading: reading(99), item: { threshold: { kind: 'reported' } } }],
    ['reported, without', 'not_evaluated', { reading: reading(null), item: { threshold: { kind: 'reported' } } }],
    ['an own target that is not set', 'not_evaluated', { reading: reading(1), item: { threshold: { kind: 'own', op: '<=', target: 't' } } }],
    ['an own target that is met', 'pass', { reading: reading(1), target: 2, item: { threshold: { kind: 'own', op: '<=', target: 't' } } }],
    ['an own target that is missed', 'fail', { reading: reading(3), target: 2, item: { threshold: { kind: 'own', op: '<=', target: 't' } } }],
    ['an interval that stays on the right side', 'pass', { reading: reading(1, { interval: { low: 0.5, high: 2 } }) }],
    ['an interval that reaches over', 'attention', { reading: reading(1, { interval: { low: 0.5, high: 25 } }) }],
    ['a figure that fails, whatever its interval', 'fail', { reading: reading(25, { interval: { low: 20, high: 30 } }) }],
    ['measured, but only attested', 'not_evaluated', { attested: attested(1) }],
    ['measured without data, and attested', 'not_evaluated', { reading: reading(null), attested: attested(1) }],
    ['measured badly, and attested', 'fail', { reading: reading(99), attested: attested(1, { control: 'c' }) }],
    ['attested', 'pass', { attested: attested(1), item: { mode: 'attested' } }],
    ['attested as failing', 'fail', { attested: attested(99), item: { mode: 'attested' } }],
    ['attested by nobody', 'not_evaluated', { item: { mode: 'attested' } }],
    ['on the last day of an attestation', 'attention', { attested: attested(1, { validUntil: '2026-11-25' }), item: { mode: 'attested' } }],
    ['the day after', 'not_evaluated', { attested: attested(1, { validUntil: '2026-11-24' }), item: { mode: 'attested' } }],
    ['30 days before its end', 'attention', { attested: attested(1, { validUntil: '2026-12-24' }), item: { mode: 'attested' } }],
    ['31 days before its end', 'pass', { attested: attested(1, { validUntil: '2026-12-25' }), item: { mode: 'attested' } }],
    ['an end that is no date', 'not_evaluated', { attested: attested(1, { validUntil: 'never' }), item: { mode: 'attested' } }],
    ['from signed records', 'pass', { reading: reading(3), item: { mode: 'attested' } }],
    ['from signed records that fail, with a general word', 'fail', { reading: reading(99), attested: attested(1), item: { mode: 'attested' } }],
    [
      'from signed records that fail, with a word for this measure',
      'attention',
      { reading: reading(99), attested: attested(1, { control: 'c' }), item: { mode: 'attested' } },
    ],
    [
      'a word for this measure that is over, with records',
      'pass',
      { reading: reading(3), attested: attested(9, { control: 'c', validUntil: '2026-01-01' }), item: { mode: 'attested' } },
    ],
    ['a judgement that nobody has signed', 'not_evaluated', { item: { mode: 'judgement', threshold: { kind: 'yes' } } }],
  ])('%s: %s', (_name, state, more) => {
    const item = judge(more);
    expect(item).toMatchObject({ state });
    expect(item.reason).not.toBe('');
  });

  test('an attestation is shown as one, and never with figures that were measured', () => {
    const item = judge({ reading: reading(null, { rows: [{ label: 'a', figure: 1 }] }), attested: attested(2), item: { mode: 'attested' } });
    expect(item).toMatchObject({ figure: 2, from: null, rows: [], mode: 'attested', attestation: { id: 'rec_1', by: 'A. Person', validUntil: '2027-06-01' } });
    expect(judge({ reading: reading(2), attested: attested(1) })).toMatchObject({ figure: 2, attestation: null });
  });
});

const STATES: readonly ItemState[] = ['pass', 'fail', 'attention', 'not_evaluated'];
const item = (state: ItemState, threshold: Threshold = number('=', 1)): Item => ({ ...judge({}), state, threshold });
const anyItem = fc.record({ state: fc.constantFrom(...STATES), isReported: fc.boolean() }).map(({ state, isReported }) =>
  // An item that is only reported has data or has none.
  isReported ? item(state === 'pass' ? 'pass' : 'not_evaluated', { kind: 'reported' }) : item(state),
);

describe('the state of a measure', () => {
  test.each<[ItemState, ItemState[]]>([
    ['not_evaluated', []],
    ['pass', ['pass', 'pass']],
    ['attention', ['pass', 'attention']],
    ['not_evaluated', ['attention', 'not_evaluated', 'pass']],
    ['fail', ['not_evaluated', 'fail', 'pass', 'attention']],
  ])('%s from %j', (state, states) => {
    expect(combine(states.map((one) => item(one)))).toBe(state);
  });

  test('the order of items is nothing', () => {
    fc.assert(
      fc.property(fc.array(anyItem, { maxLength: 6 }), fc.infiniteStream(fc.nat()), (items, order) => {
        const shuffled = items.map((one) => ({ one, key: order.next().value ?? 0 })).toSorted((a, b) => a.key - b.key);
        const measure = (of: readonly Item[]): string => judgeMeasure({ control: 'c', outcome: 'binds', items: of, alternative: undefined, at: AT }).state;
        expect(measure(shuffled.map(({ one }) => one))).toBe(measure(items));
      }),
    );
  });

  test('what is missing never helps', () => {
    const rank: Readonly<Record<string, number>> = { fail: 0, not_evaluated: 1, attention: 2, pass: 3 };
    fc.assert(
      fc.property(
        fc.array(anyItem, { minLength: 1, maxLength: 6 }),
        fc.nat(),
        fc.constantFrom('binds', 'not_asked', 'undecided' as const),
        (items, at, outcome) => {
          const judged = (of: readonly Item[]): { state: string; isDoneAnyway: boolean } =>
            judgeMeasure({ control: 'c', outcome, items: of, alternative: undefined, at: AT });
          const index = at % items.length;
          const lacking = items.map((one, i) => (i === index ? { ...one, state: 'not_evaluated' as const } : one));
          for (const less of [lacking, [...items, item('not_evaluated')]]) {
            const { state, isDoneAnyway } = judged(less);
            expect(['pass', 'attention']).not.toContain(state);
            expect(isDoneAnyway).toBe(false);
            if (outcome === 'binds' && state !== 'not_evaluated') expect(rank[state]).toBeLessThanOrEqual(rank[judged(items).state] ?? -1);
          }
        },
      ),
    );
  });

  test('a reading without data is never a pass, whatever the threshold', () => {
    const thresholds = fc.oneof(
      fc.record({ kind: fc.constant('number' as const), op: fc.constantFrom('=', '<', '<=', '>', '>=' as const), value: fc.double({ noNaN: true }) }),
      fc.constant<Threshold>({ kind: 'yes' }),
      fc.constant<Threshold>({ kind: 'reported' }),
      fc.record({ kind: fc.constant('own' as const), op: fc.constantFrom('<=', '>=' as const), target: fc.constant('t') }),
    );
    const readings = fc.constantFrom<Reading>(
      { kind: 'none' },
      { kind: 'failed', reason: 'x', method: 'x' },
      reading(null),
      reading(0, { denominator: 0 }),
      reading(true, { denominator: 0 }),
    );
    fc.assert(
      fc.property(
        thresholds,
        readings,
        fc.constantFrom('measured', 'attested', 'judgement' as const),
        fc.option(fc.double()),
        (threshold, found, mode, target) => {
          expect(judge({ item: { threshold, mode }, reading: found, target: target ?? undefined }).state).toBe('not_evaluated');
        },
      ),
    );
  });

  const alternative: Alternative = { id: 'rec_9', effectiveFrom: '2026-11-25', reviewDue: new Date('2027-01-01') };
  test.each<[string, string, Partial<Parameters<typeof judgeMeasure>[0]>]>([
    ['in effect from today', 'alternative_measure', { alternative }],
    ['in effect from tomorrow', 'fail', { alternative: { ...alternative, effectiveFrom: '2026-11-26' } }],
    ['past its review', 'fail', { alternative: { ...alternative, reviewDue: AT } }],
    ['without a review date', 'alternative_measure', { alternative: { ...alternative, reviewDue: null } }],
    ['of a measure that is not asked', 'not_applicable', { alternative, outcome: 'not_asked' }],
  ])('an alternative %s: %s', (_name, state, more) => {
    expect(judgeMeasure({ control: 'c', outcome: 'binds', items: [item('fail')], alternative: undefined, at: AT, ...more })).toMatchObject({ state });
  });

  test.each<[string, boolean, Item[]]>([
    ['pass', true, [item('pass'), item('pass', { kind: 'reported' })]],
    ['attention', true, [item('attention')]],
    ['not_applicable', false, [item('fail')]],
    ['not_applicable', false, [item('pass'), item('not_evaluated')]],
    ['not_applicable', false, [item('pass', { kind: 'reported' })]],
    ['not_applicable', false, []],
  ])('not asked: %s, done anyway: %s', (state, isDoneAnyway, items) => {
    expect(judgeMeasure({ control: 'c', outcome: 'not_asked', items, alternative: undefined, at: AT })).toMatchObject({
      state,
      isDoneAnyway,
      outcome: 'not_asked',
    });
  });
});

test('figures in words', () => {
  expect(describeFigure(1, 'ratio')).toBe('100 %');
  // Nearly all is not all.
  expect(describeFigure(0.999_999_9, 'ratio')).toBe('99.999 %');
  expect(describeFigure(0.995, 'ratio')).toBe('99.5 %');
  expect(describeFigure(1, 'hours')).toBe('1 hour');
  expect(describeFigure(100, 'days')).toBe('100 days');
  expect(describeFigure(false, 'boolean')).toBe('no');
  expect(describeThreshold({ kind: 'own', op: '<=', target: 't' }, { unit: 'hours', target: undefined })).toContain('not set');
  expect(meets(0.1 + 0.2, { kind: 'number', op: '=', value: 0.3 })).toBe(true);
  expect(meets(24.1, { kind: 'number', op: '<=', value: 24 })).toBe(false);
});
