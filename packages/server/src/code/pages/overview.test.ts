import { describe, expect, it } from 'vitest';
import type { Catalogue, Control } from '../catalogue/schema.ts';
import type { MeasureState } from '../evidence/schema.ts';
import type { Applicability, Outcome } from '../facts/schema.ts';
import { countOutcomes, countStates, DUTIES, filterRows, toRows } from './overview-rules.ts';
import { relate } from './relation-rules.ts';
import { formatFigure } from './word-rules.ts';

function control(id: string, more: Partial<Control> = {}): Control {
  return {
    id,
    ref: id,
    title: id,
    statement: id,
    source: { sourceId: 'OWN', section: '1', date: '2026-11-30' },
    appliesTo: { expr: 'true', text: 'Everybody' },
    standing: 'in_force',
    status: 'in force',
    from: null,
    until: null,
    evidence: [],
    up: [],
    related: [],
    verify: false,
    verifyNote: null,
    ...more,
  };
}

function catalogueOf(controls: readonly Control[]): Catalogue {
  const base = { format: 1, version: '1.0.0', releasedOn: '2026-11-30', title: 't', disclaimer: 'd', language: 'en-GB' } as const;
  const group = { id: 'g', title: 'G', layer: 'code', appliesTo: { expr: 'true', text: 'Everybody' }, controls: [...controls] } as const;
  return { ...base, sources: [], facts: [], metrics: [], groups: [{ ...group, controls: [...controls] }], amendments: [], changeLog: [] };
}

function applies(id: string, outcome: Outcome): Applicability {
  return { control: id, outcome, reason: '', decidedBy: [], missing: [], wouldBind: [], from: null };
}

function measure(id: string, more: Partial<MeasureState>): MeasureState {
  return { control: id, outcome: 'binds', state: 'pass', reason: '', isDoneAnyway: false, items: [], ...more };
}

const ITEM = {
  metric: 'm',
  title: 'm',
  unit: 'ratio',
  window: 'now',
  from: null,
  to: null,
  threshold: { kind: 'yes' },
  thresholdText: 'yes',
  basis: 'law',
  note: null,
  state: 'pass',
  reason: '',
  figure: true,
  numerator: null,
  denominator: null,
  interval: null,
  rows: [],
  method: null,
  attestation: null,
} as const;

describe('overview', () => {
  const catalogue = catalogueOf(['a', 'b', 'c', 'd'].map((id) => control(id)));
  const applicability = [applies('a', 'binds'), applies('b', 'binds'), applies('c', 'addressed')];
  const rows = toRows(catalogue, applicability, [
    measure('a', { items: [{ ...ITEM, rows: [], mode: 'attested' }] }),
    measure('c', { outcome: 'addressed', items: [{ ...ITEM, rows: [], mode: 'measured' }] }),
  ]);

  it('counts a duty without an evaluation as not evaluated, and voluntary ones apart', () => {
    const counts = new Map(countStates(rows, DUTIES).map(({ state, count }) => [state, count]));
    expect(counts.get('pass')).toBe(1);
    expect(counts.get('not_evaluated')).toBe(1);
    expect([...counts.values()].reduce((sum, count) => sum + count, 0)).toBe(2);
  });

  it('is undecided where nothing says for whom a measure is', () => {
    expect(countOutcomes(rows).get('undecided')).toBe(1);
  });

  it('marks what passes on the word of people alone', () => {
    expect(rows.map(({ isAttestedOnly }) => isAttestedOnly)).toEqual([true, false, false, false]);
  });

  it('filters by every choice at once', () => {
    expect(filterRows(rows, { outcome: 'binds', state: 'pass' }).map(({ control: { id } }) => id)).toEqual(['a']);
    expect(filterRows(rows, { group: 'other' })).toEqual([]);
    expect(filterRows(rows, {})).toHaveLength(4);
  });
});

describe('relations', () => {
  it('walks every way up, and finds what stands under a measure', () => {
    const catalogue = catalogueOf([
      control('top'),
      control('mid', { up: ['top'] }),
      control('other', { up: ['top'] }),
      control('low', { up: ['mid', 'other'], related: ['side'] }),
      control('side'),
    ]);
    expect(relate(catalogue, 'low').up.map((way) => way.map(({ id }) => id))).toEqual([
      ['mid', 'top'],
      ['other', 'top'],
    ]);
    expect(relate(catalogue, 'top').down.map(({ id }) => id)).toEqual(['mid', 'other']);
    expect(relate(catalogue, 'side').related.map(({ id }) => id)).toEqual(['low']);
    expect(relate(catalogue, 'top').up).toEqual([]);
  });

  it('ends in a circle', () => {
    const catalogue = catalogueOf([control('a', { up: ['b'] }), control('b', { up: ['a'] })]);
    expect(relate(catalogue, 'a').up[0]?.length).toBeLessThan(10);
  });
});

it.each([
  [null, 'ratio', 'no data'],
  [1, 'ratio', '100 %'],
  [0.999_999_99, 'ratio', '99.9999 %'],
  [0.5, 'ratio', '50 %'],
  [0, 'ratio', '0 %'],
  [true, 'boolean', 'yes'],
  [false, 'boolean', 'no'],
  [24, 'hours', '24 hours'],
  [1234, 'count', '1,234'],
] as const)('says %s %s as %s', (figure, unit, said) => {
  expect(formatFigure(figure, unit)).toBe(said);
});
