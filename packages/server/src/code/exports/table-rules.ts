/** The register as tables: a line for each measure, each fact, each gap. */
import type { Catalogue } from '../catalogue/schema.ts';
import type { Item, MeasureState } from '../evidence/schema.ts';
import { groundOf } from './oscal-finding-rules.ts';
import type { Applicability } from '../facts/schema.ts';
import type { OscalInput } from './oscal-schema.ts';
import type { TableCell, TableName } from './schema.ts';

type Row = Readonly<Record<string, TableCell>>;

export const COLUMNS: Readonly<Record<TableName, readonly string[]>> = {
  measures: [
    'control',
    'ref',
    'title',
    'document',
    'layer',
    'standing',
    'compared_with_primary_text',
    'outcome',
    'why',
    'binds_from',
    'state',
    'reason',
    'done_anyway',
    'measured',
    'attested',
    'not_evaluated',
    'evidence',
    'evaluation',
    'evaluated_at',
    'log_entry',
  ],
  facts: ['fact', 'question', 'value', 'origin', 'said_at', 'method'],
  gaps: ['control', 'title', 'outcome', 'state', 'reason', 'since', 'owner', 'due', 'plan', 'overdue'],
};

type Input = Omit<OscalInput, 'catalogSha256'>;

const MAKERS: Readonly<Record<TableName, (input: Input) => Row[]>> = { measures: listMeasures, facts: listFacts, gaps: listGaps };

export function makeTable(table: TableName, input: Input): Row[] {
  return MAKERS[table](input);
}

function listMeasures({ catalogue, applicability, evaluation }: Input): Row[] {
  const outcomes = new Map(applicability.map((one) => [one.control, one]));
  const states = new Map((evaluation?.value.measures ?? []).map((one) => [one.control, one]));
  return catalogue.groups.flatMap((group) =>
    group.controls.map((control) => {
      return {
        control: control.id,
        ref: control.ref,
        title: control.title,
        document: group.title,
        layer: group.layer,
        standing: control.standing,
        compared_with_primary_text: control.verify ? 'no' : 'yes',
        ...describeOutcome(outcomes.get(control.id)),
        ...describeState(states.get(control.id)),
        ...describeEvaluation(evaluation),
      };
    }),
  );
}

function describeOutcome(found: Applicability | undefined): Row {
  return { outcome: found?.outcome ?? null, why: found?.reason ?? null, binds_from: found?.from ?? null };
}

function describeEvaluation(evaluation: Input['evaluation']): Row {
  return { evaluation: evaluation?.value.id ?? null, evaluated_at: evaluation?.value.at ?? null, log_entry: evaluation?.logIndex ?? null };
}

function describeState(measure: MeasureState | undefined): Row {
  // No word about a measure is not a good one.
  if (measure === undefined) return { state: 'not_evaluated', reason: null, done_anyway: null, measured: 0, attested: 0, not_evaluated: null, evidence: null };
  const { items } = measure;
  const count = (ground: ReturnType<typeof groundOf>): number => items.filter((item) => groundOf(item) === ground).length;
  return {
    state: measure.state,
    reason: measure.reason,
    done_anyway: measure.isDoneAnyway ? 'yes' : 'no',
    measured: count('measured'),
    attested: count('signed'),
    not_evaluated: items.filter(({ state }) => state === 'not_evaluated').length,
    evidence: items.map(describeItem).join('\n'),
  };
}

function describeItem(item: Item): string {
  const figure = item.figure === null ? 'no figure' : String(item.figure);
  const by = item.attestation === null ? item.mode : `attested by ${item.attestation.by}`;
  return `${item.metric}: ${figure} (${item.unit}, ${item.window}, ${by}), ${item.thresholdText}: ${item.state}`;
}

function listFacts({ catalogue, said }: Input): Row[] {
  const newest = new Map(said.map((fact) => [fact.fact, fact]));
  return catalogue.facts
    .filter(({ type }) => type.kind !== 'derived')
    .map(({ id, question }: Catalogue['facts'][number]) => {
      const fact = newest.get(id);
      return {
        fact: id,
        question,
        value: fact?.value ?? null,
        origin: fact?.origin ?? null,
        said_at: fact?.saidAt.toISOString() ?? null,
        method: fact?.method ?? null,
      };
    });
}

function listGaps({ gaps }: Input): Row[] {
  return gaps.map(({ control, title, outcome, state, reason, since, plan, isOverdue }) => ({
    control,
    title,
    outcome,
    state,
    reason,
    since: since?.toISOString() ?? null,
    owner: plan?.owner ?? null,
    due: plan?.due ?? null,
    plan: plan?.plan ?? null,
    overdue: isOverdue ? 'yes' : 'no',
  }));
}
