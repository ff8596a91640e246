/** What follows for each measure of a catalogue from what is known about the service, on one day. Pure. */
import type { Catalogue, Control, FactDefinition, Group } from '../catalogue/schema.ts';
import { compileModel } from './condition-rules.ts';
import type { Condition, Model, Truth } from './condition-schema.ts';
import { explain, type Explanation, type Known } from './explanation-rules.ts';
import type { Applicability, FactChange, FactValues, Outcome, SaidFact } from './schema.ts';
import { decide, deriveValues } from './truth-rules.ts';
import { describeDay, describeRequirement, describeValue } from './wording-rules.ts';

export interface ApplicabilityInput {
  readonly catalogue: Pick<Catalogue, 'facts' | 'groups'>;
  /** Of this catalogue; made when it is not given. */
  readonly model?: Model | undefined;
  readonly values: FactValues;
  /** Who said the values, by fact. */
  readonly said?: ReadonlyMap<string, SaidFact> | undefined;
  /** YYYY-MM-DD: the day whose law it is. */
  readonly day: string;
}

/** One for each measure, in the order of the catalogue. */
export function decideApplicability({ catalogue, model = compileModel(catalogue), values, said, day }: ApplicabilityInput): Applicability[] {
  const known: Known = { values: deriveValues(model, values), facts: model.facts, found: new Map() };
  const explained = new Map<Condition, Explanation>();
  const explainOnce = (condition: Condition): Explanation => {
    const before = explained.get(condition);
    if (before !== undefined) return before;
    const explanation = explain(condition, known);
    explained.set(condition, explanation);
    return explanation;
  };
  return catalogue.groups.flatMap((group) =>
    group.controls.map((control) => {
      const condition: Condition = model.conditions.get(control.id) ?? { kind: 'constant', value: undefined };
      const groupTruth = decide(model.groups.get(group.id) ?? condition, known.values);
      return describe({ group, control, explanation: explainOnce(condition), groupTruth, known, said, day });
    }),
  );
}

interface Decision {
  readonly group: Group;
  readonly control: Control;
  readonly explanation: Explanation;
  readonly groupTruth: Truth;
  readonly known: Known;
  readonly said: ReadonlyMap<string, SaidFact> | undefined;
  readonly day: string;
}

function describe(decision: Decision): Applicability {
  const { control, explanation, known, said, day } = decision;
  const isLapsed = hasLapsed(control, day);
  const outcome = toOutcome(control, explanation.truth, day);
  // Facts decide nothing about what has lapsed or has not come yet.
  const isByFacts = !isLapsed && !isBeforeItsTime(control, day);
  return {
    control: control.id,
    outcome,
    reason: toReason(decision, outcome),
    decidedBy: isByFacts
      ? explanation.decidedBy.flatMap((fact) => {
          const definition = known.facts.get(fact);
          return definition === undefined ? [] : [toDeciding(definition, known.values, said?.get(fact))];
        })
      : [],
    missing: isByFacts ? [...explanation.missing] : [],
    wouldBind: isByFacts ? explanation.ways.map((changes) => toFactChanges(changes, known)) : [],
    from: control.from,
  };
}

function toDeciding(definition: FactDefinition, values: FactValues, said: SaidFact | undefined): Applicability['decidedBy'][number] {
  return {
    fact: definition.id,
    question: definition.question,
    value: describeValue(definition, values.get(definition.id)),
    saidBy: said?.saidName ?? said?.saidBy ?? null,
    saidAt: said?.saidAt.toISOString() ?? null,
  };
}

function toFactChanges(changes: Explanation['ways'][number], { facts, values }: Known): FactChange[] {
  return changes.flatMap(({ fact, requirement }) => {
    const definition = facts.get(fact);
    if (definition === undefined) return [];
    return [{ fact, question: definition.question, now: describeValue(definition, values.get(fact)), to: describeRequirement(definition, requirement) }];
  });
}

/** The last day on which it is in force is `until`. */
function hasLapsed({ standing, until }: Control, day: string): boolean {
  return until === null ? standing === 'lapsed' : day > until;
}

/** What binds is shown before it begins; what does not bind is not there before it was published. */
function isBeforeItsTime({ standing, from }: Control, day: string): boolean {
  return from !== null && day < from && !['in_force', 'laid', 'lapsed', 'power'].includes(standing);
}

function toOutcome(control: Control, truth: Truth, day: string): Outcome {
  if (hasLapsed(control, day) || isBeforeItsTime(control, day)) return 'not_asked';
  if (truth === undefined) return 'undecided';
  if (!truth) return 'not_asked';
  const { standing, from } = control;
  const outcome = OUTCOME_OF[standing];
  // What was decided without a day is still to come.
  const isToCome = from === null ? standing === 'laid' : day < from;
  return outcome === 'binds' && isToCome ? 'will_bind' : outcome;
}

/** When its time has come. */
const OUTCOME_OF: Readonly<Record<Control['standing'], Outcome>> = {
  in_force: 'binds',
  laid: 'binds',
  lapsed: 'binds',
  power: 'on_notice',
  proposed: 'proposed',
  guidance: 'addressed',
  voluntary: 'addressed',
  recommendation: 'addressed',
  benchmark: 'addressed',
  own_rule: 'addressed',
};

const ADDRESSED: Readonly<Partial<Record<Control['standing'], string>>> = {
  guidance: 'Guidance: nothing binds.',
  voluntary: 'Voluntary: nothing binds.',
  recommendation: 'A recommendation: nothing binds.',
  benchmark: 'A benchmark: nothing binds.',
  own_rule: 'A rule of Gatehouse for itself.',
};

function toReason(decision: Decision, outcome: Outcome): string {
  const { control, day } = decision;
  if (hasLapsed(control, day)) return control.until === null ? 'It has lapsed.' : `It lapsed: the last day was ${describeDay(control.until)}.`;
  if (isBeforeItsTime(control, day) && control.from !== null) return `On that day it did not exist yet: it is of ${describeDay(control.from)}.`;
  return `${describeStanding(control, outcome)} ${describeScope(decision, outcome)}`.trim();
}

function describeStanding({ standing, from }: Control, outcome: Outcome): string {
  switch (outcome) {
    case 'binds':
      return from === null ? 'In force.' : `In force since ${describeDay(from)}.`;
    case 'will_bind':
      return from === null ? 'Decided; the day on which it begins was not known when the catalogue was made.' : `It begins on ${describeDay(from)}.`;
    case 'on_notice':
      return 'A power: it binds once a notice was given.';
    case 'addressed':
      return ADDRESSED[standing] ?? 'Nothing binds.';
    case 'proposed':
      return 'A proposal: it is not final.';
    case 'not_asked':
      return 'Not asked of this service.';
    case 'undecided':
      return '';
  }
}

const NAMED_MAX = 2;

/** For whom it is, in the words of the catalogue, and the answers that decide. */
function describeScope({ group, control, explanation, groupTruth, known }: Decision, outcome: Outcome): string {
  const scope = groupTruth === false ? group.appliesTo.text : control.appliesTo.text;
  const isFor = `It is for: ${scope.replace(/\.$/, '')}.`;
  if (outcome === 'undecided') return `${describeOpen(control, explanation, known)} ${isFor}`;
  const facts = explanation.decidedBy.flatMap((fact) => known.facts.get(fact) ?? []);
  if (facts.length === 0) return isFor;
  const named = facts.slice(0, NAMED_MAX).map((fact) => `“${fact.question}” ${describeValue(fact, known.values.get(fact.id))}`);
  const rest = facts.length - named.length;
  return `${isFor} Answered: ${named.join('; ')}${rest === 0 ? '' : `; and ${rest} more`}.`;
}

function describeOpen({ appliesTo }: Control, { missing }: Explanation, { facts }: Known): string {
  if (missing.length === 0 || appliesTo.expr === null) return 'Undecided: the text that says for whom it is was not final when the catalogue was made.';
  const [first = ''] = missing;
  const question = facts.get(first)?.question ?? first;
  return missing.length === 1
    ? `Undecided until this is answered: “${question}”`
    : `Undecided: ${missing.length} answers are missing, among them “${question}”`;
}
