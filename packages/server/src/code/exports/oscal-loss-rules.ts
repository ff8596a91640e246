/** What OSCAL cannot say, and where it went instead. Said with every export: a reader must not take the absence of a word for an answer. */
import type { MeasureState } from '../evidence/schema.ts';
import type { Outcome } from '../facts/schema.ts';
import { groundOf, judgeFinding } from './oscal-finding-rules.ts';
import type { OscalInput } from './oscal-schema.ts';
import type { Loss, OscalModel } from './schema.ts';

interface Rule {
  readonly what: string;
  readonly why: string;
  count(input: OscalInput): number;
}

const controlsOf = ({ catalogue }: OscalInput) => catalogue.groups.flatMap(({ controls }) => controls);
const measuresOf = ({ evaluation }: OscalInput): readonly MeasureState[] => evaluation?.value.measures ?? [];
const itemsOf = (input: OscalInput) => measuresOf(input).flatMap(({ items }) => items);
const countOutcome = ({ applicability }: OscalInput, outcomes: readonly Outcome[]): number =>
  applicability.filter(({ outcome }) => outcomes.includes(outcome)).length;

const TO_VERIFY: Rule = {
  what: 'Measures that nobody has compared with the primary text yet',
  why: 'OSCAL has no word for it. The property compared-with-the-primary-text says no; a viewer that shows no properties hides it.',
  count: (input) => controlsOf(input).filter(({ verify }) => verify).length,
};

const RULES: Readonly<Record<OscalModel, readonly Rule[]>> = {
  catalog: [
    TO_VERIFY,
    {
      what: 'Conditions that decide whom a measure is for',
      why: 'OSCAL controls have no conditions. They are properties, as text and as the expression of the register; no OSCAL tool evaluates them.',
      count: (input) => controlsOf(input).filter(({ appliesTo }) => appliesTo.expr !== null).length,
    },
    {
      what: 'Whether a threshold is law, code or our proposal, and the window it is read in',
      why: 'Objectives have no such members. They are properties of the objective.',
      count: (input) => controlsOf(input).flatMap(({ evidence }) => evidence).length,
    },
    {
      what: 'Standing: voluntary, proposed, a power, lapsed',
      why: 'A control of OSCAL is a control. The standing is its class and a property, so that a principle is not taken for a duty.',
      count: (input) => controlsOf(input).filter(({ standing }) => standing !== 'in_force').length,
    },
  ],
  profile: [
    {
      what: 'Measures of which it is not known whether they apply',
      why: 'A profile imports a control or does not. Undecided ones are left out, which looks as if they did not apply.',
      count: (input) => countOutcome(input, ['undecided']),
    },
    {
      what: 'Measures that will bind, bind on notice or are proposed',
      why: 'A profile has no later. They are left out until they bind.',
      count: (input) => countOutcome(input, ['will_bind', 'on_notice', 'proposed']),
    },
    {
      what: 'Measures that are addressed to the service and bind nobody',
      why: 'A profile imports them like duties. The property outcome says addressed.',
      count: (input) => countOutcome(input, ['addressed']),
    },
    {
      what: 'What would make a measure begin to bind',
      why: 'There is no place for it. The register shows it.',
      count: ({ applicability }) => applicability.filter(({ wouldBind }) => wouldBind.length > 0).length,
    },
  ],
  'component-definition': [
    {
      what: 'Measures for which this build gives no figure',
      why: 'A component lists what it implements. What it does not measure is absent, and not refused.',
      count: (input) =>
        controlsOf(input).filter(
          ({ evidence }) => !evidence.some(({ metric, mode }) => mode === 'measured' && input.sources.some((source) => source.metric === metric)),
        ).length,
    },
    {
      what: 'That a figure is taken is not that the measure is kept',
      why: 'OSCAL calls both an implemented requirement. The description says which figures are taken, and how.',
      count: ({ sources }) => sources.length,
    },
  ],
  'assessment-results': [
    {
      what: 'Items that were not evaluated',
      why: 'A finding is satisfied or not satisfied. They stay observations with the method UNKNOWN and the state not_evaluated.',
      count: (input) => itemsOf(input).filter(({ state }) => state === 'not_evaluated').length,
    },
    {
      what: 'Items that somebody attests',
      why: 'An observation by INTERVIEW with the signer as its origin. A finding that rests on one has the property ground with the value signed.',
      count: (input) => itemsOf(input).filter((item) => groundOf(item) === 'signed').length,
    },
    {
      what: 'Items that are a judgement',
      why: 'OSCAL does not tell a judgement from a test. The property mode does.',
      count: (input) => itemsOf(input).filter(({ mode }) => mode === 'judgement').length,
    },
    {
      what: 'Measures in another state than pass or fail',
      why: 'Attention, not evaluated, not applicable and alternative measure have no finding. Each has an observation with its state.',
      count: (input) => measuresOf(input).filter(({ state }) => state !== 'pass' && state !== 'fail').length,
    },
    {
      what: 'Measures that are not asked of this service and are done anyway',
      why: 'They have no finding, so that they are not read as duties. The property done-anyway says yes.',
      count: (input) => measuresOf(input).filter(({ isDoneAnyway }) => isDoneAnyway).length,
    },
    {
      what: 'Measures that pass or fail and have no finding',
      why: 'They do not bind, or what they rest on was neither measured nor signed.',
      count: (input) =>
        measuresOf(input).filter((measure) => (measure.state === 'pass' || measure.state === 'fail') && judgeFinding(measure) === undefined).length,
    },
    {
      what: 'The proof that the evaluation stands in the transparency log',
      why: 'OSCAL cannot carry it. The evidence pack does.',
      count: (input) => (input.evaluation?.logIndex === undefined ? 0 : 1),
    },
  ],
  'plan-of-action-and-milestones': [
    {
      what: 'Gaps because nothing was evaluated',
      why: 'OSCAL calls them risks like failures. The property state tells them apart.',
      count: ({ gaps }) => gaps.filter(({ state }) => state === 'not_evaluated').length,
    },
    {
      what: 'Gaps in measures that bind nobody',
      why: 'OSCAL does not tell them from gaps in duties. The property outcome does.',
      count: ({ gaps }) => gaps.filter(({ outcome }) => outcome !== 'binds').length,
    },
    {
      what: 'Alternative measures under section 23(4) and (5)',
      why: 'OSCAL knows approved deviations, which somebody else approves. Here the service itself signed the record.',
      count: ({ records }) => records.filter(({ kind }) => kind === 'alternative').length,
    },
  ],
  'mapping-collection': [
    TO_VERIFY,
    {
      what: 'Which way a relation goes: up to the recommendation, or beside',
      why: 'OSCAL has words for equal, larger and smaller sets, and nobody has established those here. Every relation is intersects-with; the property relation says up or related.',
      count: (input) => controlsOf(input).reduce((sum, { up, related }) => sum + up.length + related.length, 0),
    },
  ],
};

export function listLosses(model: OscalModel, input: OscalInput): Loss[] {
  return RULES[model].map(({ what, why, count }) => ({ what, why, count: count(input) }));
}
