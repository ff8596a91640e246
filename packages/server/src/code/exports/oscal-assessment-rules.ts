/** An evaluation as OSCAL assessment results: an observation for each item, findings only where something was measured or signed. */
import type { Evaluation, Item, MeasureState } from '../evidence/schema.ts';
import { findLast, listed, makeCatalogResource, makeDocument, makeMetadata, makeProp, nameStatement, referTo, toDateTime } from './oscal-base-rules.ts';
import { nameGateway } from './oscal-component-rules.ts';
import { groundOf, judgeFinding, type Verdict } from './oscal-finding-rules.ts';
import type { JsonObject, OscalInput } from './oscal-schema.ts';
import { toLine, toProse, toToken, toValue } from './text-rules.ts';

export function makeAssessmentResults(input: OscalInput): string {
  const { uuid, evaluation, catalogue } = input;
  const at = evaluation?.value.at ?? toDateTime(catalogue.releasedOn);
  const signers = listSigners(evaluation?.value);
  return makeDocument('assessment-results', {
    uuid: uuid(`assessment-results:${evaluation?.value.id ?? 'none'}`),
    metadata: makeMetadata(input, {
      title: `Evaluation of the measures of ${input.origin}`,
      lastModified: findLast([at]),
      version: evaluation?.value.catalogueVersion ?? catalogue.version,
      remarks:
        'Observations say what was read, in which window, against what. Findings stand only for what was measured or signed by name; not evaluated is never a finding, and never satisfied.',
      parties: signers.map((name) => ({ uuid: nameParty(input, name), type: 'person', name: toValue(name) })),
    }),
    'import-ap': {
      href: referTo(input, 'plan'),
      remarks: 'OSCAL asks for an assessment plan. There is none as a document: the catalogue says what is read, when, and against what.',
    },
    results: [evaluation === undefined ? makeEmptyResult(input, at) : makeResult(input, evaluation)],
    'back-matter': {
      resources: [
        makeCatalogResource(input),
        { uuid: uuid('resource:plan'), title: 'No assessment plan', description: 'The evidence that the catalogue asks for stands in its place.' },
      ],
    },
  });
}

function listSigners(evaluation: Evaluation | undefined): string[] {
  const names = (evaluation?.measures ?? []).flatMap(({ items }) => items.flatMap(({ attestation }) => (attestation === null ? [] : [attestation.by])));
  return [...new Set(names)].toSorted((a, b) => (a < b ? -1 : 1));
}

function nameParty({ uuid }: OscalInput, name: string): string {
  return uuid(`party:${name}`);
}

function makeEmptyResult(input: OscalInput, at: string): JsonObject {
  const all = input.catalogue.groups.flatMap(({ controls }) => controls.map(({ id }) => ({ 'control-id': toToken(id) })));
  return {
    uuid: input.uuid('result:none'),
    title: 'Nothing was evaluated yet',
    description: 'No measure was evaluated: nothing can be concluded, for any of them.',
    start: at,
    'reviewed-controls': { 'control-selections': [{ description: 'None.', 'include-all': {}, ...listed('exclude-controls', all) }] },
  };
}

interface Kept {
  readonly value: Evaluation;
  readonly digest: string;
  readonly logIndex: number | undefined;
}

function makeResult(input: OscalInput, kept: Kept): JsonObject {
  const { value } = kept;
  const reviewed = value.measures.map(({ control }) => ({ 'control-id': toToken(control) }));
  return {
    uuid: input.uuid(`result:${value.id}`),
    title: toLine(`Evaluation ${value.id}`),
    description: toProse(`${value.measures.length} measures against catalogue ${value.catalogueVersion}.`),
    start: value.at,
    end: value.at,
    props: [
      makeProp('evaluation', value.id),
      makeProp('evaluation-sha256', kept.digest),
      makeProp('facts-digest', value.factsDigest),
      ...(kept.logIndex === undefined ? [] : [makeProp('log-entry', String(kept.logIndex), { class: toToken('transparency-log') })]),
    ],
    'local-definitions': {
      components: [
        { uuid: nameGateway(input), type: 'software', title: 'Gatehouse', description: 'The gateway that took the figures.', status: { state: 'operational' } },
      ],
    },
    'reviewed-controls': {
      'control-selections': [reviewed.length === 0 ? { 'include-all': {} } : { 'include-controls': reviewed }],
    },
    ...listed(
      'observations',
      value.measures.flatMap((measure) => [
        observeMeasure(input, kept, measure),
        ...measure.items.map((item, i) => observeItem(input, { kept, measure, item, place: i + 1 })),
      ]),
    ),
    ...listed(
      'findings',
      value.measures.flatMap((measure) => {
        const verdict = judgeFinding(measure);
        return verdict === undefined ? [] : [makeFinding(input, { kept, measure, verdict })];
      }),
    ),
  };
}

function observeMeasure(input: OscalInput, kept: Kept, measure: MeasureState): JsonObject {
  return {
    uuid: nameMeasureObservation(input, kept, measure),
    title: toLine(`State of ${measure.control}`),
    description: toProse(measure.reason),
    props: [
      makeProp('control', measure.control),
      makeProp('state', measure.state),
      makeProp('outcome', measure.outcome),
      makeProp('done-anyway', measure.isDoneAnyway ? 'yes' : 'no'),
    ],
    methods: ['EXAMINE'],
    types: ['control-objective'],
    origins: [byGateway(input)],
    collected: kept.value.at,
    'relevant-evidence': [makeEvidence(input, kept)],
  };
}

function nameMeasureObservation({ uuid }: OscalInput, { value }: Kept, { control }: MeasureState): string {
  return uuid(`observation:${value.id}:${control}`);
}

interface Observed {
  readonly kept: Kept;
  readonly measure: MeasureState;
  readonly item: Item;
  readonly place: number;
}

function nameObservation({ uuid }: OscalInput, { kept, measure, place }: Omit<Observed, 'item'>): string {
  return uuid(`observation:${kept.value.id}:${measure.control}:${place}`);
}

const METHODS = { measured: 'TEST', signed: 'INTERVIEW', none: 'UNKNOWN' } as const;

function observeItem(input: OscalInput, observed: Observed): JsonObject {
  const { kept, measure, item } = observed;
  const { attestation } = item;
  return {
    uuid: nameObservation(input, observed),
    title: toLine(item.title),
    description: toProse(item.reason),
    props: toProps(observed),
    methods: [METHODS[groundOf(item)]],
    types: ['control-objective'],
    origins: [attestation === null ? byGateway(input) : { actors: [{ type: 'party', 'actor-uuid': nameParty(input, attestation.by) }] }],
    collected: attestation?.at ?? kept.value.at,
    ...(attestation === null ? {} : { expires: toDateTime(attestation.validUntil) }),
    'relevant-evidence': [makeEvidence(input, kept)],
    ...(item.rows.length === 0 ? {} : { remarks: toProse(item.rows.map(({ label, figure }) => `${label}: ${figure}`).join('\n')) }),
    ...(measure.isDoneAnyway ? { links: [{ href: `#${nameMeasureObservation(input, kept, measure)}`, rel: 'related' }] } : {}),
  };
}

function toProps({ measure, item, place }: Observed): JsonObject[] {
  const known: readonly (readonly [string, string | number | boolean | null])[] = [
    ['control', measure.control],
    ['objective', `${toToken(measure.control)}_obj.${place}`],
    ['metric', item.metric],
    ['mode', item.mode],
    ['ground', groundOf(item)],
    ['state', item.state],
    ['unit', item.unit],
    ['window', item.window],
    ['window-from', item.from],
    ['window-to', item.to],
    ['threshold', item.thresholdText],
    ['basis', item.basis],
    ['figure', item.figure],
    ['numerator', item.numerator],
    ['denominator', item.denominator],
    ['interval-low', item.interval?.low ?? null],
    ['interval-high', item.interval?.high ?? null],
    ['method', item.method],
    ['attestation', item.attestation?.id ?? null],
    ['note', item.note],
  ];
  return known.flatMap(([name, value]) => (value === null ? [] : [makeProp(name, String(value))]));
}

function byGateway(input: OscalInput): JsonObject {
  return { actors: [{ type: 'tool', 'actor-uuid': nameGateway(input) }] };
}

function makeEvidence({ origin }: OscalInput, { value, digest, logIndex }: Kept): JsonObject {
  const place = logIndex === undefined ? 'It has no place in the log yet.' : `Entry ${logIndex} of the log ${origin} stands for it.`;
  return { description: toProse(`Evaluation ${value.id}, SHA-256 ${digest}. ${place}`), href: '../evaluation.json' };
}

function makeFinding(
  input: OscalInput,
  { kept, measure, verdict }: { readonly kept: Kept; readonly measure: MeasureState; readonly verdict: Verdict },
): JsonObject {
  return {
    uuid: input.uuid(`finding:${kept.value.id}:${measure.control}`),
    title: toLine(`${measure.control}: ${verdict}`),
    description: toProse(measure.reason),
    props: [makeProp('outcome', measure.outcome), ...[...new Set(measure.items.map(groundOf))].map((ground) => makeProp('ground', ground))],
    target: {
      type: 'statement-id',
      'target-id': nameStatement(measure.control),
      status: { state: verdict, reason: verdict === 'satisfied' ? 'pass' : 'fail' },
    },
    'related-observations': [
      { 'observation-uuid': nameMeasureObservation(input, kept, measure) },
      ...measure.items.map((_item, i) => ({ 'observation-uuid': nameObservation(input, { kept, measure, place: i + 1 }) })),
    ],
  };
}
