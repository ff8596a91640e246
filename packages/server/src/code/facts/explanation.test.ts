/** The engine against a model that shares nothing with it: expressions are made together with a function that says what they mean. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Catalogue, FactDefinition } from '../catalogue/schema.ts';
import { compileModel } from './condition-rules.ts';
import type { Condition, Requirement } from './condition-schema.ts';
import { explain, type Change, type Explanation } from './explanation-rules.ts';
import { LEVELS, type FactValue, type FactValues } from './schema.ts';
import { decide } from './truth-rules.ts';
import { CHANGES_MAX } from './ways-rules.ts';

type Answer = boolean | undefined;

/** Text, and what it means. */
interface Meant {
  readonly text: string;
  holds(values: FactValues): Answer;
}

const DOMAINS = new Map<string, readonly FactValue[]>([
  ['yesA', [true, false]],
  ['yesB', [true, false]],
  ['people', [0, 4, 5, 6, 9, 10, 11, 20]],
  ['sort', ['one', 'two', 'three']],
  ['risk.x', LEVELS],
  ['risk.y', LEVELS],
  ['risk.z', LEVELS],
]);
const YES_NO = ['yesA', 'yesB'];
const RISKS = ['risk.x', 'risk.y', 'risk.z'];

function toType(id: string): FactDefinition['type'] {
  if (YES_NO.includes(id)) return { kind: 'yes_no' };
  if (id === 'people') return { kind: 'number', min: 0, max: 20 };
  if (id === 'sort') return { kind: 'choice', options: ['one', 'two', 'three'].map((value) => ({ value, label: value })) };
  return { kind: 'level' };
}

const FACTS: readonly FactDefinition[] = [...DOMAINS.keys()].map((id) => ({ id, section: 'service', question: `${id}?`, help: null, type: toType(id) }));

function toCatalogue(text: string, derived: string): Pick<Catalogue, 'facts' | 'groups'> {
  const source = { sourceId: 's', section: 's', date: '2026-01-01' };
  return {
    facts: [...FACTS, { id: 'derived', section: 'service', question: 'derived?', help: null, type: { kind: 'derived', expr: derived } }],
    groups: [
      {
        id: 'g',
        title: 'g',
        layer: 'code',
        appliesTo: { expr: 'true', text: 'all' },
        controls: [
          {
            id: 'c',
            ref: 'c',
            title: 'c',
            statement: 'c',
            source,
            appliesTo: { expr: text, text: 'some' },
            standing: 'in_force',
            status: 'in force',
            from: null,
            until: null,
            evidence: [],
            up: [],
            related: [],
            verify: false,
            verifyNote: null,
          },
        ],
      },
    ],
  };
}

/** True or false when every value that the fact could have gives the same. */
function overDomain(fact: string, values: FactValues, test: (value: FactValue) => boolean): Answer {
  const value = values.get(fact);
  const results = new Set((value === undefined ? (DOMAINS.get(fact) ?? []) : [value]).map(test));
  return results.size === 1 ? results.has(true) : undefined;
}

type Sign = '==' | '!=' | '<' | '<=' | '>' | '>=';
const COMPARE: Readonly<Record<Sign, (a: number, b: number) => boolean>> = {
  '==': (a, b) => a === b,
  '!=': (a, b) => a !== b,
  '<': (a, b) => a < b,
  '<=': (a, b) => a <= b,
  '>': (a, b) => a > b,
  '>=': (a, b) => a >= b,
};
const signs = fc.constantFrom<Sign[]>('==', '!=', '<', '<=', '>', '>=');
const rank = (value: FactValue): number => LEVELS.findIndex((level) => level === value);

const yesNo: fc.Arbitrary<Meant> = fc
  .constantFrom(...YES_NO)
  .map((fact) => ({ text: fact, holds: (values) => overDomain(fact, values, (value) => value === true) }));
const people: fc.Arbitrary<Meant> = fc.tuple(signs, fc.constantFrom(5, 10)).map(([sign, number]) => ({
  text: `people ${sign} ${number}`,
  holds: (values) => {
    const value = values.get('people');
    return typeof value === 'number' ? COMPARE[sign](value, number) : undefined;
  },
}));
const level: fc.Arbitrary<Meant> = fc.tuple(fc.constantFrom(...RISKS), signs, fc.constantFrom(...LEVELS)).map(([fact, sign, wanted]) => ({
  text: `${fact} ${sign} "${wanted}"`,
  holds: (values) => overDomain(fact, values, (value) => COMPARE[sign](rank(value), rank(wanted))),
}));
const choice: fc.Arbitrary<Meant> = fc.subarray(['one', 'two', 'three'], { minLength: 1 }).map((options) => ({
  text: `sort in [${options.map((option) => `"${option}"`).join(', ')}]`,
  holds: (values) => overDomain('sort', values, (value) => options.some((option) => option === value)),
}));
const count: fc.Arbitrary<Meant> = fc
  .tuple(signs, fc.nat(3), fc.constantFrom(...LEVELS), fc.subarray(RISKS, { maxLength: 2 }))
  .map(([sign, number, wanted, except]) => ({
    text: `countAtLeast("risk.", "${wanted}", [${except.map((fact) => `"${fact}"`).join(', ')}]) ${sign} ${number}`,
    holds(values) {
      const counts = RISKS.filter((fact) => !except.includes(fact)).reduce(
        (sums, fact) => {
          const value = values.get(fact);
          const adds = (value === undefined ? LEVELS : [value]).map((one) => (rank(one) >= rank(wanted) ? 1 : 0));
          return new Set([...sums].flatMap((sum) => adds.map((add) => sum + add)));
        },
        new Set([0]),
      );
      const results = new Set([...counts].map((sum) => COMPARE[sign](sum, number)));
      return results.size === 1 ? results.has(true) : undefined;
    },
  }));

const { meant } = fc.letrec<{ meant: Meant }>((tie) => ({
  meant: fc.oneof(
    { depthSize: 'small', withCrossShrink: true },
    fc.oneof(yesNo, people, level, choice, count),
    tie('meant').map((inner): Meant => ({ text: `!(${inner.text})`, holds: (values) => invert(inner.holds(values)) })),
    fc
      .array(tie('meant'), { minLength: 2, maxLength: 3 })
      .map((parts): Meant => ({ text: parts.map(({ text }) => `(${text})`).join(' && '), holds: (values) => all(parts, values) })),
    fc
      .array(tie('meant'), { minLength: 2, maxLength: 3 })
      .map((parts): Meant => ({ text: parts.map(({ text }) => `(${text})`).join(' || '), holds: (values) => invert(all(parts.map(negate), values)) })),
  ),
}));

function invert(answer: Answer): Answer {
  return answer === undefined ? undefined : !answer;
}

function negate(inner: Meant): Meant {
  return { text: '', holds: (values) => invert(inner.holds(values)) };
}

function all(parts: readonly Meant[], values: FactValues): Answer {
  const answers = parts.map((part) => part.holds(values));
  if (answers.includes(false)) return false;
  return answers.includes(undefined) ? undefined : true;
}

const known: fc.Arbitrary<FactValues> = fc
  .tuple(...[...DOMAINS].map(([fact, domain]) => fc.option(fc.constantFrom(...domain), { freq: 3 }).map((value) => [fact, value] as const)))
  .map((entries) => new Map(entries.flatMap(([fact, value]) => (value === null ? [] : [[fact, value] as const]))));

interface Case {
  readonly condition: Condition;
  readonly explanation: Explanation;
}

function run(text: string, values: FactValues, derived = 'true'): Case {
  const model = compileModel(toCatalogue(text, derived));
  expect(model.faults).toEqual([]);
  const condition = model.conditions.get('c') ?? { kind: 'constant', value: undefined };
  return { condition, explanation: explain(condition, { values, facts: model.facts, found: new Map() }) };
}

const put = (values: FactValues, entries: readonly (readonly [string, FactValue])[]): FactValues => new Map([...values, ...entries]);
const RUNS = { numRuns: 1500 };

describe('conditions, against an independent model', () => {
  it('are decided with three values', () => {
    fc.assert(
      fc.property(meant, known, (expression, values) => {
        expect(decide(run(expression.text, values).condition, values)).toBe(expression.holds(values));
      }),
      RUNS,
    );
  });

  it('through a derived fact and its opposite as well', () => {
    fc.assert(
      fc.property(meant, known, (expression, values) => {
        expect(decide(run('derived', values, expression.text).condition, values)).toBe(expression.holds(values));
        expect(decide(run('derived == false', values, expression.text).condition, values)).toBe(invert(expression.holds(values)));
        expect(decide(run('!derived', values, expression.text).condition, values)).toBe(invert(expression.holds(values)));
      }),
      { numRuns: 400 },
    );
  });

  it('name facts that decide alone, and none too many', () => {
    fc.assert(
      fc.property(meant, known, (expression, values) => {
        const { explanation } = run(expression.text, values);
        const truth = expression.holds(values);
        if (truth === undefined) expect(explanation.decidedBy).toEqual([]);
        else {
          const only = (facts: readonly string[]): FactValues => new Map([...values].filter(([fact]) => facts.includes(fact)));
          expect(expression.holds(only(explanation.decidedBy))).toBe(truth);
          for (const fact of explanation.decidedBy) expect(expression.holds(only(explanation.decidedBy.filter((other) => other !== fact)))).toBe(undefined);
        }
      }),
      RUNS,
    );
  });

  it('name every missing fact that matters: the rest decides nothing, and these decide it', () => {
    fc.assert(
      fc.property(meant, known, known, (expression, values, more) => {
        const { missing } = run(expression.text, values).explanation;
        if (expression.holds(values) !== undefined) {
          expect(missing).toEqual([]);
          return;
        }
        expect(missing.filter((fact) => values.has(fact))).toEqual([]);
        const rest = [...more].filter(([fact]) => !values.has(fact) && !missing.includes(fact));
        expect(expression.holds(put(values, rest))).toBe(undefined);
        const first = missing.map((fact) => [fact, more.get(fact) ?? DOMAINS.get(fact)?.[0] ?? false] as const);
        expect(expression.holds(put(values, first))).not.toBe(undefined);
      }),
      RUNS,
    );
  });

  it('find changes that are enough, whatever allowed value is taken, without a part that is enough', () => {
    fc.assert(
      fc.property(meant, known, fc.infiniteStream(fc.nat(1000)), (expression, values, draws) => {
        for (const way of run(expression.text, values).explanation.ways) {
          expect(way.length).toBeLessThanOrEqual(CHANGES_MAX);
          for (let round = 0; round < 4; round += 1) {
            const drawn = way.map(({ fact, requirement }) => {
              const allowed = listAllowed(fact, requirement);
              return [fact, allowed[(draws.next().value ?? 0) % allowed.length] ?? false] as const;
            });
            expect(expression.holds(put(values, drawn))).toBe(true);
          }
          const witnesses = way.map(({ fact, witness }) => [fact, witness] as const);
          expect(expression.holds(put(values, witnesses))).toBe(true);
          for (const part of listParts(witnesses)) expect(expression.holds(put(values, part))).not.toBe(true);
        }
      }),
      RUNS,
    );
  });

  it('find the fewest changes there are', () => {
    fc.assert(
      fc.property(meant, known, (expression, values) => {
        const { ways } = run(expression.text, values).explanation;
        if (expression.holds(values) === true) {
          expect(ways).toEqual([]);
          return;
        }
        const fewest = [1, 2].find((size) => canHold(expression, values, size));
        if (fewest === undefined) expect(ways.filter((way) => way.length < 3)).toEqual([]);
        else expect(ways[0]?.length).toBe(fewest);
        expect(ways.map((way) => way.length)).toEqual(ways.map((way) => way.length).toSorted((a, b) => a - b));
      }),
      { numRuns: 600 },
    );
  });
});

function listAllowed(fact: string, requirement: Requirement): FactValue[] {
  return (DOMAINS.get(fact) ?? []).filter((value) => {
    if (requirement.kind === 'values') return requirement.values.includes(value);
    const number = Number(value);
    const { min, isMinOpen, max, isMaxOpen } = requirement;
    return number >= min && number <= max && !(isMinOpen && number === min) && !(isMaxOpen && number === max);
  });
}

/** Every part but none and all. */
function listParts<Item>(items: readonly Item[]): Item[][] {
  const subsets = items.reduce<Item[][]>((parts, item) => [...parts, ...parts.map((part) => [...part, item])], [[]]);
  return subsets.filter((part) => part.length > 0 && part.length < items.length);
}

function canHold(expression: Meant, values: FactValues, size: number, from = 0): boolean {
  if (size === 0) return expression.holds(values) === true;
  const entries = [...DOMAINS];
  for (let i = from; i < entries.length; i += 1) {
    const [fact, domain] = entries[i] ?? ['', []];
    for (const value of domain) if (value !== values.get(fact) && canHold(expression, put(values, [[fact, value]]), size - 1, i + 1)) return true;
  }
  return false;
}

describe('explanations', () => {
  const words = (ways: readonly (readonly Change[])[]): string[] => ways.map((way) => way.map(({ fact, witness }) => `${fact}=${String(witness)}`).join(' '));

  it('take the size before many risks, and show two of many like ways', () => {
    const values = new Map<string, FactValue>([['people', 3], ...RISKS.map((fact) => [fact, 'low'] as const)]);
    const text = 'people > 10 || countAtLeast("risk.", "medium") >= 2';
    expect(words(run(text, values).explanation.ways)).toEqual(['people=11', 'risk.x=medium risk.y=medium', 'risk.x=medium risk.z=medium']);
    const large = put(values, [
      ['people', 20],
      ['risk.x', 'high'],
      ['risk.y', 'high'],
    ]);
    expect(run(text, large).explanation.decidedBy).toEqual(['people']);
  });

  it('keep weaker and stronger changes of one fact apart', () => {
    const values = new Map<string, FactValue>([
      ['people', 1],
      ['risk.x', 'low'],
    ]);
    const text = '(risk.x == "high" && people > 5) || (people > 10 && risk.x in ["medium", "high"])';
    expect(words(run(text, values).explanation.ways)).toEqual(['people=6 risk.x=high', 'people=11 risk.x=medium']);
  });

  it('leave out what asks for more of the same', () => {
    expect(words(run('people > 5 || people > 10 || (people > 10 && yesA)', new Map([['people', 1]])).explanation.ways)).toEqual(['people=6']);
    const text = 'risk.x == "high" || risk.x in ["medium", "high"]';
    expect(words(run(text, new Map([['risk.x', 'low']])).explanation.ways)).toEqual(['risk.x=medium']);
  });

  it('say nothing where nothing helps', () => {
    expect(run('yesA && !yesA', new Map([['yesA', true]])).explanation.ways).toEqual([]);
    expect(run('people > 20', new Map([['people', 3]])).explanation.ways).toEqual([]);
  });
});

describe('faults of a catalogue', () => {
  it.each([
    ['nothing', 'there is no fact nothing'],
    ['sort == "four"', 'sort is never "four"'],
    ['yesA == "yes"', 'yesA is never "yes"'],
    ['sort > "one"', 'has no order'],
    ['people == "many"', 'compared with numbers only'],
    ['sort', 'sort is never true'],
    ['countAtLeast("rsk.", "low") > 1', 'no level is counted'],
    ['countAtLeast("risk.", "low", ["yesA"]) > 1', 'yesA is not among'],
    ['countAtLeast("risk.", "low") > "low"', 'compared with a number'],
    ['applies("d")', 'there is no measure d'],
    ['applies("c")', 'control c: it depends on itself'],
    ['derived > 3', 'derived is yes or no'],
    ['yesA &&', 'control c: A fact or a value is expected'],
  ])('%s', (text, fault) => {
    const model = compileModel(toCatalogue(text, 'yesA'));
    expect(model.faults.join('\n')).toContain(fault);
    expect(decide(model.conditions.get('c') ?? { kind: 'constant', value: true }, new Map<string, FactValue>([['yesA', true]]))).toBe(undefined);
  });

  it('a derived fact that needs itself', () => {
    const model = compileModel(toCatalogue('derived', 'yesA || derived'));
    expect(model.faults).toEqual(['fact derived: it depends on itself']);
  });
});
