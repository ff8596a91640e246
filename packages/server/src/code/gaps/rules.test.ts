import { expect, it } from 'vitest';
import type { MeasureState, State } from '../evidence/schema.ts';
import type { Outcome } from '../facts/schema.ts';
import { findGaps, type GapInputs } from './rules.ts';
import type { GapPlan } from './schema.ts';

function measure(control: string, outcome: Outcome, state: State): MeasureState {
  return { control, outcome, state, reason: `${control} is ${state}`, isDoneAnyway: false, items: [] };
}

function plan(control: string, due: string): GapPlan {
  return { control, owner: 'Ann', due, plan: 'Mend it', setBy: 'per_1', setAt: new Date(0) };
}

const INPUTS: GapInputs = { measures: [], titles: new Map(), plans: [], since: new Map(), today: '2026-11-30' };

it('lists what is asked and does not pass, and nothing else', () => {
  const outcomes: readonly Outcome[] = ['binds', 'will_bind', 'on_notice', 'addressed', 'proposed', 'not_asked', 'undecided'];
  const states: readonly State[] = ['pass', 'fail', 'attention', 'not_evaluated', 'not_applicable', 'alternative_measure'];
  const measures = outcomes.flatMap((outcome) => states.map((state) => measure(`${outcome}-${state}`, outcome, state)));
  const found = findGaps({ ...INPUTS, measures }).map(({ control }) => control);
  const open = (outcome: string): string[] => [`${outcome}-fail`, `${outcome}-not_evaluated`, `${outcome}-attention`];
  expect(found).toEqual([...open('binds'), ...open('on_notice'), ...open('will_bind'), ...open('addressed')]);
});

it('puts the earliest date first among equals, and what nobody sees to last', () => {
  const measures = ['a', 'b', 'c', 'd'].map((control) => measure(control, 'binds', 'fail'));
  const found = findGaps({ ...INPUTS, measures, plans: [plan('c', '2026-12-01'), plan('b', '2027-01-01')] });
  expect(found.map(({ control }) => control)).toEqual(['c', 'b', 'a', 'd']);
});

it('is overdue from the day after', () => {
  const measures = [measure('a', 'binds', 'fail')];
  const isOverdueOn = (today: string): boolean | undefined => findGaps({ ...INPUTS, measures, plans: [plan('a', '2026-11-30')], today })[0]?.isOverdue;
  expect(isOverdueOn('2026-11-29')).toBe(false);
  expect(isOverdueOn('2026-11-30')).toBe(false);
  expect(isOverdueOn('2026-12-01')).toBe(true);
  expect(findGaps({ ...INPUTS, measures })[0]?.isOverdue).toBe(false);
});
