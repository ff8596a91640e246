/** Hand-made input of the exports of the domain `code`: the shipped catalogue, with facts, an evaluation, records and gaps of a fictitious service. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { CatalogueSchema, type Catalogue, type Control, type EvidenceItem } from '../../src/code/catalogue/schema.ts';
import type { Evaluation, Item, MeasureState, State } from '../../src/code/evidence/schema.ts';
import type { OscalInput } from '../../src/code/exports/oscal-schema.ts';
import { makeUuid } from '../../src/code/exports/uuid.ts';
import type { Applicability, Outcome } from '../../src/code/facts/schema.ts';
import type { Gap } from '../../src/code/gaps/schema.ts';
import type { AlternativeRecord, SignedRecord } from '../../src/code/records/schema.ts';

/** For tests of who reads it through the service. */
export { listRestrictions } from '../../src/intake/store-restrictions.ts';

export const CATALOGUE_FILE = join(import.meta.dirname, '../../src/code/catalogue/data/catalogue-1.0.0.json');
export const AT = '2026-11-25T10:00:00.000Z';

export const readShippedCatalogue = (): Catalogue => CatalogueSchema.parse(JSON.parse(readFileSync(CATALOGUE_FILE, 'utf8')));

const OUTCOMES: readonly Outcome[] = ['binds', 'addressed', 'not_asked', 'undecided', 'will_bind', 'on_notice', 'proposed'];
const STATES: readonly State[] = ['pass', 'fail', 'attention', 'not_evaluated', 'not_applicable', 'alternative_measure'];

export function emptyInput(catalogue: Catalogue = readShippedCatalogue()): Omit<OscalInput, 'catalogSha256'> {
  return {
    uuid: (name) => makeUuid(`gate.example/log:${name}`),
    version: '0.1.0',
    origin: 'gate.example/log',
    catalogue,
    catalogueDigest: 'ab'.repeat(32),
    said: [],
    applicability: controlsOf(catalogue).map(({ id }) => applicability(id, 'undecided')),
    evaluation: undefined,
    sources: [],
    gaps: [],
    records: [],
  };
}

/** Every outcome, every state, every kind of item; `text` stands wherever a person may write. */
export function fullInput(text = 'As the operator wrote it.', catalogue: Catalogue = readShippedCatalogue()): Omit<OscalInput, 'catalogSha256'> {
  const controls = controlsOf(catalogue);
  const evaluation = makeEvaluation(catalogue, text);
  return {
    ...emptyInput(catalogue),
    said: [{ fact: 'ukMau', value: 20_000, origin: 'answer', saidBy: text, saidAt: new Date('2026-11-01T08:00:00Z'), method: text }],
    applicability: controls.map(({ id }, i) => ({ ...applicability(id, pick(OUTCOMES, i)), reason: text })),
    evaluation: { value: evaluation, digest: 'cd'.repeat(32), logIndex: 7 },
    sources: catalogue.metrics.slice(0, 20).map(({ id }) => ({ metric: id, method: text })),
    gaps: controls.slice(0, 6).map((control, i) => gap(control, text, i % 2 === 0)),
    records: [alternative(controls[0]?.id ?? '', text)],
  };
}

export function makeEvaluation(catalogue: Catalogue, text: string): Evaluation {
  return {
    id: 'eva_01',
    at: AT,
    catalogueVersion: catalogue.version,
    catalogueDigest: 'ab'.repeat(32),
    factsDigest: 'ef'.repeat(32),
    measures: controlsOf(catalogue).map((control, i) => measure(control, text, i)),
  };
}

export const controlsOf = ({ groups }: Catalogue): readonly Control[] => groups.flatMap(({ controls }) => controls);
const pick = <T>(values: readonly T[], i: number): T => {
  const value = values[i % values.length];
  if (value === undefined) throw new RangeError('nothing to pick from');
  return value;
};

function applicability(control: string, outcome: Outcome): Applicability {
  return { control, outcome, reason: 'Nobody answered.', decidedBy: [], missing: ['ukMau'], wouldBind: [], from: null };
}

function measure(control: Control, text: string, i: number): MeasureState {
  // 7 outcomes and 6 states have no common divisor: all pairs occur.
  const state = pick(STATES, i);
  const outcome = pick(OUTCOMES, i);
  return {
    control: control.id,
    outcome,
    state,
    reason: text,
    isDoneAnyway: outcome === 'not_asked' && state === 'pass',
    items: control.evidence.map((item) => makeItem(item, text, state)),
  };
}

export function makeItem(item: EvidenceItem, text: string, measureState: State): Item {
  const state = measureState === 'pass' || measureState === 'fail' || measureState === 'attention' ? measureState : 'not_evaluated';
  return {
    metric: item.metric,
    title: text,
    unit: 'ratio',
    mode: item.mode,
    window: item.window,
    from: '2026-11-24T10:00:00.000Z',
    to: AT,
    threshold: item.threshold,
    thresholdText: text,
    basis: item.basis,
    note: item.note,
    state,
    reason: text,
    figure: state === 'not_evaluated' ? null : 0.5,
    numerator: state === 'not_evaluated' ? null : 1,
    denominator: state === 'not_evaluated' ? null : 2,
    interval: state === 'not_evaluated' ? null : { low: 0.1, high: 0.9 },
    rows: [{ label: text, figure: 1 }],
    method: item.mode === 'measured' ? text : null,
    attestation: item.mode === 'attested' && state !== 'not_evaluated' ? { id: 'rec_1', by: text, at: AT, validUntil: '2027-01-01' } : null,
  };
}

function gap({ id, title }: Control, text: string, hasPlan: boolean): Gap {
  const plan = hasPlan ? { control: id, owner: text, due: '2027-01-31', plan: text, setBy: text, setAt: new Date(AT) } : null;
  return {
    control: id,
    title,
    outcome: 'binds',
    state: hasPlan ? 'fail' : 'not_evaluated',
    reason: text,
    since: hasPlan ? new Date('2026-11-02T00:00:00Z') : null,
    plan,
    isOverdue: false,
  };
}

export function alternative(control: string, text: string): SignedRecord<AlternativeRecord> {
  return {
    id: 'rec_2',
    kind: 'alternative',
    subject: control,
    version: 1,
    body: { control, notAdopted: text, doneInstead: text, whyEnough: text, regardToRights: text, effectiveFrom: '2026-10-01', owner: 'Head of safety' },
    digest: '12'.repeat(32),
    signedBy: 'per_1',
    signedName: text,
    signedAt: new Date('2026-10-01T09:00:00Z'),
    reviewDue: new Date('2027-10-01T00:00:00Z'),
    supersededAt: null,
    withdrawnReason: null,
    keepUntil: null,
  };
}
