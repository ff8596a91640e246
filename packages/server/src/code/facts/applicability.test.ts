import { describe, expect, it } from 'vitest';
import type { Catalogue, Control, FactDefinition } from '../catalogue/schema.ts';
import { decideApplicability } from './applicability-rules.ts';
import type { Applicability, FactValue } from './schema.ts';

const TODAY = '2026-11-30';
const FACTS: readonly FactDefinition[] = [
  { id: 'ukLinks', section: 'service', question: 'Links with the UK?', help: null, type: { kind: 'yes_no' } },
  { id: 'ukMau', section: 'size', question: 'How many people?', help: null, type: { kind: 'number', min: 0, max: 100_000_000 } },
  { id: 'large', section: 'size', question: 'Large?', help: null, type: { kind: 'derived', expr: 'ukMau > 7000000' } },
  {
    id: 'kind',
    section: 'service',
    question: 'Which kind?',
    help: null,
    type: {
      kind: 'choice',
      options: [
        { value: 'u2u', label: 'User-to-user' },
        { value: 'search', label: 'Search' },
      ],
    },
  },
];

function toCatalogue(control: Partial<Control>, expr: string | null = 'large'): Pick<Catalogue, 'facts' | 'groups'> {
  const whole: Control = {
    id: 'c',
    ref: 'C',
    title: 'C',
    statement: 'C',
    source: { sourceId: 's', section: '1', date: TODAY },
    appliesTo: { expr, text: 'Large services' },
    standing: 'in_force',
    status: 'in force',
    from: null,
    until: null,
    evidence: [],
    up: [],
    related: [],
    verify: false,
    verifyNote: null,
    ...control,
  };
  return {
    facts: [...FACTS],
    groups: [{ id: 'g', title: 'G', layer: 'code', appliesTo: { expr: 'ukLinks', text: 'Services with UK links' }, controls: [whole] }],
  };
}

function decide(control: Partial<Control>, values: Record<string, FactValue>, day = TODAY): Applicability {
  const [found] = decideApplicability({ catalogue: toCatalogue(control), values: new Map(Object.entries(values)), day });
  if (found === undefined) throw new Error('nothing was decided');
  return found;
}

const LARGE = { ukLinks: true, ukMau: 8_000_000 };
const SMALL = { ukLinks: true, ukMau: 20_000 };

describe('the outcome', () => {
  it.each<[Partial<Control>, outcome: string, beforeIt?: string]>([
    [{ standing: 'in_force' }, 'binds'],
    [{ standing: 'in_force', from: TODAY }, 'binds', 'will_bind'],
    [{ standing: 'in_force', from: '2026-12-01' }, 'will_bind'],
    [{ standing: 'in_force', until: TODAY }, 'binds'],
    [{ standing: 'in_force', until: '2026-11-29' }, 'not_asked', 'binds'],
    [{ standing: 'laid' }, 'will_bind'],
    [{ standing: 'laid', from: '2026-12-01' }, 'will_bind'],
    [{ standing: 'laid', from: TODAY }, 'binds', 'will_bind'],
    [{ standing: 'power' }, 'on_notice'],
    [{ standing: 'proposed' }, 'proposed'],
    [{ standing: 'lapsed' }, 'not_asked'],
    [{ standing: 'lapsed', until: '2026-04-03' }, 'not_asked'],
    [{ standing: 'lapsed', until: '2026-11-29' }, 'not_asked', 'binds'],
    ...(['guidance', 'voluntary', 'recommendation', 'benchmark', 'own_rule'] as const).map((standing): [Partial<Control>, string] => [
      { standing },
      'addressed',
    ]),
    [{ standing: 'voluntary', from: TODAY }, 'addressed', 'not_asked'],
  ])('%j', (control, outcome, beforeIt = outcome) => {
    expect(decide(control, LARGE).outcome).toBe(outcome);
    expect(decide(control, LARGE, '2026-11-29').outcome).toBe(beforeIt);
    // The facts say no, or too little: the same whatever the text is, unless it is gone.
    expect(decide(control, SMALL).outcome).toBe('not_asked');
    expect(decide(control, { ukLinks: false }).outcome).toBe('not_asked');
    expect(decide(control, { ukLinks: true }).outcome).toBe(outcome === 'not_asked' ? 'not_asked' : 'undecided');
  });

  it('is undecided where the text that decides is not final, unless the document is not for this service', () => {
    const run = (ukLinks: boolean): Applicability | undefined =>
      decideApplicability({ catalogue: toCatalogue({ standing: 'proposed' }, null), values: new Map([['ukLinks', ukLinks]]), day: TODAY })[0];
    expect(run(true)).toMatchObject({ outcome: 'undecided', missing: [], wouldBind: [], decidedBy: [] });
    expect(run(true)?.reason).toContain('was not final');
    expect(run(false)?.outcome).toBe('not_asked');
  });

  it('is not decided by facts when it has lapsed', () => {
    expect(decide({ standing: 'lapsed', until: '2026-04-03' }, SMALL)).toMatchObject({
      reason: 'It lapsed: the last day was 3 April 2026.',
      decidedBy: [],
      missing: [],
      wouldBind: [],
    });
  });

  it('takes a value that the catalogue no longer knows as unknown', () => {
    const catalogue = toCatalogue({}, 'kind == "u2u"');
    const run = (kind: string): string | undefined =>
      decideApplicability({
        catalogue,
        values: new Map<string, FactValue>([
          ['ukLinks', true],
          ['kind', kind],
        ]),
        day: TODAY,
      })[0]?.outcome;
    expect(['u2u', 'search', 'combined'].map(run)).toEqual(['binds', 'not_asked', 'undecided']);
    expect(decide({}, { ukLinks: true, ukMau: -5 }).outcome).toBe('undecided');
  });

  it('never believes a derived value that somebody gives', () => {
    expect(decide({}, { ...SMALL, large: true }).outcome).toBe('not_asked');
  });
});

describe('the words', () => {
  it('say since when, for whom, and which answers decide', () => {
    expect(decide({ from: '2025-03-17' }, LARGE).reason).toBe(
      'In force since 17 March 2025. It is for: Large services. Answered: “Links with the UK?” yes; “How many people?” 8,000,000.',
    );
    expect(decide({}, SMALL).reason).toBe('Not asked of this service. It is for: Large services. Answered: “How many people?” 20,000.');
    expect(decide({}, { ukLinks: false, ukMau: 8_000_000 }).reason).toBe(
      'Not asked of this service. It is for: Services with UK links. Answered: “Links with the UK?” no.',
    );
    expect(decide({}, { ukLinks: true }).reason).toBe('Undecided until this is answered: “How many people?” It is for: Large services.');
  });

  it('explain a derived fact through what it comes from', () => {
    const small = decide({}, SMALL);
    expect(small.decidedBy).toEqual([{ fact: 'ukMau', question: 'How many people?', value: '20,000', saidBy: null, saidAt: null }]);
    expect(small.wouldBind).toEqual([[{ fact: 'ukMau', question: 'How many people?', now: '20,000', to: 'more than 7,000,000' }]]);
    expect(decide({}, { ukMau: 8_000_000 }).wouldBind).toEqual([[{ fact: 'ukLinks', question: 'Links with the UK?', now: 'not answered', to: 'yes' }]]);
  });
});
