/** What is open, and what is done in place of a measure, as a plan of action and milestones. */
import type { Gap } from '../gaps/schema.ts';
import { AlternativeRecordSchema, type AlternativeRecord, type SignedRecord } from '../records/schema.ts';
import { findLast, listed, makeCatalogResource, makeDocument, makeMetadata, makeProp, toDateTime } from './oscal-base-rules.ts';
import type { JsonObject, OscalInput } from './oscal-schema.ts';
import { toLine, toProse, toValue } from './text-rules.ts';

interface Alternative {
  readonly record: SignedRecord;
  readonly body: AlternativeRecord;
}

export function makePlan(input: OscalInput): string {
  const { uuid, gaps, evaluation, catalogue } = input;
  const alternatives = listAlternatives(input.records);
  const items = [...gaps.map((gap) => toItem(input, gap)), ...alternatives.map((found) => toAlternativeItem(input, found))];
  const risks = [...gaps.map((gap) => toRisk(input, gap)), ...alternatives.map((found) => toDeviation(input, found))];
  return makeDocument('plan-of-action-and-milestones', {
    uuid: uuid('plan'),
    metadata: makeMetadata(input, {
      title: `Open measures of ${input.origin}`,
      lastModified: findLast([
        catalogue.releasedOn,
        evaluation?.value.at,
        ...gaps.map(({ plan }) => plan?.setAt.toISOString()),
        ...alternatives.map(({ record }) => record.signedAt.toISOString()),
      ]),
      version: catalogue.version,
      remarks:
        'A gap ends by evidence. Alternative measures (section 23(4) and (5) of the Online Safety Act 2023) are deviations that were recorded and signed.',
    }),
    'system-id': { id: toValue(input.origin) },
    ...listed('risks', risks),
    'poam-items': items.length > 0 ? items : [makeNothingOpen(input)],
    'back-matter': { resources: [makeCatalogResource(input)] },
  });
}

export function listAlternatives(records: readonly SignedRecord[]): Alternative[] {
  return records.flatMap((record) => {
    const body = record.kind === 'alternative' ? AlternativeRecordSchema.safeParse(record.body) : undefined;
    return body?.success === true ? [{ record, body: body.data }] : [];
  });
}

/** OSCAL knows no empty plan. */
function makeNothingOpen({ uuid, evaluation }: OscalInput): JsonObject {
  return {
    uuid: uuid('poam:none'),
    title: evaluation === undefined ? 'Nothing was evaluated yet' : 'No gap',
    description:
      evaluation === undefined
        ? 'Without an evaluation it is not known what is open.'
        : 'The last evaluation left nothing open, and no alternative measure is in effect.',
  };
}

function toItem({ uuid }: OscalInput, gap: Gap): JsonObject {
  return {
    uuid: uuid(`poam:${gap.control}`),
    title: toLine(`${gap.control}: ${gap.title}`),
    description: toProse(gap.plan?.plan ?? gap.reason),
    props: [
      makeProp('control', gap.control),
      makeProp('outcome', gap.outcome),
      makeProp('state', gap.state),
      makeProp('overdue', gap.isOverdue ? 'yes' : 'no'),
      ...(gap.plan === null ? [] : [makeProp('owner', gap.plan.owner), makeProp('due', gap.plan.due)]),
    ],
    'related-risks': [{ 'risk-uuid': uuid(`risk:${gap.control}`) }],
  };
}

function toRisk({ uuid }: OscalInput, gap: Gap): JsonObject {
  const { plan } = gap;
  return {
    uuid: uuid(`risk:${gap.control}`),
    title: toLine(gap.title),
    description: toProse(gap.reason),
    statement: toProse(`The measure ${gap.control} is in the state ${gap.state}.`),
    ...(gap.since === null ? {} : { props: [makeProp('since', gap.since.toISOString())] }),
    status: plan === null ? 'open' : 'remediating',
    ...(plan === null
      ? {}
      : {
          deadline: toDateTime(plan.due),
          remediations: [
            { uuid: uuid(`remediation:${gap.control}`), lifecycle: 'planned', title: toLine(`Owner: ${plan.owner}`), description: toProse(plan.plan) },
          ],
        }),
  };
}

function toAlternativeItem({ uuid }: OscalInput, { record, body }: Alternative): JsonObject {
  return {
    uuid: uuid(`poam:${record.id}`),
    title: toLine(`${body.control}: alternative measure`),
    description: toProse(body.doneInstead),
    props: [
      makeProp('control', body.control),
      makeProp('state', 'alternative_measure'),
      makeProp('owner', body.owner),
      makeProp('record', record.id),
      makeProp('record-sha256', record.digest),
      makeProp('from', body.effectiveFrom),
    ],
    'related-risks': [{ 'risk-uuid': uuid(`risk:${record.id}`) }],
  };
}

function toDeviation({ uuid }: OscalInput, { record, body }: Alternative): JsonObject {
  return {
    uuid: uuid(`risk:${record.id}`),
    title: toLine(`${body.control} is not adopted`),
    description: toProse(body.notAdopted),
    statement: toProse(body.whyEnough),
    props: [makeProp('signed-by', record.signedName), makeProp('signed-at', record.signedAt.toISOString())],
    status: 'deviation-approved',
    remediations: [
      {
        uuid: uuid(`remediation:${record.id}`),
        lifecycle: 'completed',
        title: 'Done instead',
        description: toProse(body.doneInstead),
        remarks: toProse(`Freedom of expression and privacy: ${body.regardToRights}`),
      },
    ],
  };
}
