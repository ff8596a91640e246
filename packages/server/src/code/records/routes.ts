import { z } from 'zod';
import { json, noContent, Reply } from '../../platform/http/reply.ts';
import { defineRoute, type Route } from '../../platform/http/route.ts';
import { SignInputSchema } from './body-schema.ts';
import { toRecordView } from './record-file.ts';
import { DraftInputSchema, RECORD_KINDS, RecordFileSchema, RecordViewSchema, SignatureSchema, type DraftView, type RecordsService } from './schema.ts';

const TAG = 'code';
const IdParams = z.object({ id: z.string().max(60) });
const ReasonSchema = z.strictObject({ reason: z.string().trim().min(1).max(2000) });
const DraftInfoSchema = z
  .object({ id: z.string(), subject: z.enum(['illegal_content', 'children']), updatedAt: z.iso.datetime(), updatedBy: z.string() })
  .meta({ id: 'CodeAssessmentInfo' });
const MissingSchema = z
  .array(z.object({ at: z.string(), message: z.string() }))
  .describe('What stands between the draft and a signature; empty: it may be signed.');
const DraftWholeSchema = DraftInfoSchema.extend({ draft: DraftInputSchema, missing: MissingSchema }).meta({ id: 'CodeAssessment' });
const FilterSchema = z.object({
  kind: z.enum(RECORD_KINDS).optional(),
  subject: z.string().max(200).optional(),
  superseded: z.enum(['true', 'false']).default('false').describe('True: versions that are no longer in effect, too.'),
  at: z.iso.datetime().optional().describe('As it was at this time.'),
});

export function routes(records: RecordsService): readonly Route[] {
  return [...readRoutes(records), ...signRoutes(records), ...draftRoutes(records), ...assessmentRoutes(records)];
}

function readRoutes(records: RecordsService): readonly Route[] {
  return [
    defineRoute({
      method: 'get',
      path: '/v1/code/records',
      right: 'code:read',
      tag: TAG,
      summary: 'Signed records, newest first',
      query: FilterSchema,
      responses: { 200: { description: 'The records', schema: z.object({ records: z.array(RecordViewSchema) }) } },
      async handle({ query: { kind, subject, superseded, at } }) {
        const found = await records.list({ kind, subject, withSuperseded: superseded === 'true', at: at === undefined ? undefined : new Date(at) });
        return json({ records: found.map(toRecordView) });
      },
    }),
    defineRoute({
      method: 'get',
      path: '/v1/code/records/{id}',
      right: 'code:read',
      tag: TAG,
      summary: 'One record',
      params: IdParams,
      responses: { 200: { description: 'The record', schema: RecordViewSchema } },
      handle: async ({ params }) => json(toRecordView(await records.find(params.id))),
    }),
    defineRoute({
      method: 'get',
      path: '/v1/code/records/{id}/file',
      right: 'code:read',
      tag: TAG,
      summary: 'A record with the proof of its signing, to hand out',
      description: '`gatehouse code records verify` checks it without a server.',
      params: IdParams,
      responses: { 200: { description: 'Record, entry of the log and proof', schema: RecordFileSchema } },
      handle: async ({ params }) => json(await records.prove(params.id)),
    }),
    defineRoute({
      method: 'get',
      path: '/v1/code/records/{id}/proof',
      right: 'code:read',
      tag: TAG,
      summary: 'The proof that the signing of a record is in the log',
      params: IdParams,
      responses: { 200: { description: 'A `.tlog-proof` (C2SP)', contentType: 'text/plain' } },
      async handle({ params }) {
        const { log } = await records.prove(params.id);
        return new Reply(log.proof, {
          headers: { 'content-type': 'text/plain; charset=utf-8', 'content-disposition': `attachment; filename="${params.id}.tlog-proof"` },
        });
      },
    }),
  ];
}

function signRoutes(records: RecordsService): readonly Route[] {
  return [
    defineRoute({
      method: 'post',
      path: '/v1/code/records',
      right: 'code:sign',
      tag: TAG,
      summary: 'Sign a record',
      description: 'It supersedes the record of the same kind and subject. Once signed nothing is changed. The name is that of whoever answers for it.',
      body: z.strictObject({ record: SignInputSchema, signature: SignatureSchema }),
      responses: { 201: { description: 'The record', schema: RecordViewSchema } },
      async handle({ body: { record, signature }, principal }) {
        return json(toRecordView(await records.sign(record, { id: principal.id, name: signature.name })), { status: 201 });
      },
    }),
    defineRoute({
      method: 'post',
      path: '/v1/code/records/{id}/withdrawal',
      right: 'code:sign',
      tag: TAG,
      summary: 'Withdraw a record: it is no longer in effect, and is kept for three years',
      params: IdParams,
      body: ReasonSchema,
      responses: { 204: { description: 'Withdrawn' } },
      async handle({ params, body, principal }) {
        await records.withdraw(params.id, body.reason, { id: principal.id, name: principal.name });
        return noContent();
      },
    }),
    defineRoute({
      method: 'post',
      path: '/v1/code/records/prunings',
      right: 'code:manage',
      tag: TAG,
      summary: 'Delete records that were superseded more than three years ago',
      responses: { 200: { description: 'How many', schema: z.object({ deleted: z.number().int() }) } },
      handle: async ({ principal }) => json({ deleted: await records.prune(principal.id) }),
    }),
  ];
}

const toInfo = ({ id, subject, updatedAt, updatedBy }: DraftView): z.input<typeof DraftInfoSchema> => ({
  id,
  subject,
  updatedAt: updatedAt.toISOString(),
  updatedBy,
});

async function readDraft(records: RecordsService, id: string): Promise<object> {
  const found = await records.draft(id);
  return { ...toInfo(found), draft: found.draft, missing: await records.findMissing(id) };
}

function draftRoutes(records: RecordsService): readonly Route[] {
  return [
    defineRoute({
      method: 'get',
      path: '/v1/code/assessments',
      right: 'code:read',
      tag: TAG,
      summary: 'Drafts of risk assessments',
      responses: { 200: { description: 'The drafts', schema: z.object({ drafts: z.array(DraftInfoSchema) }) } },
      handle: async () => json({ drafts: (await records.drafts()).map(toInfo) }),
    }),
    defineRoute({
      method: 'post',
      path: '/v1/code/assessments',
      right: 'code:manage',
      tag: TAG,
      summary: 'Begin a draft of a risk assessment',
      body: DraftInputSchema,
      responses: { 201: { description: 'The draft', schema: DraftWholeSchema } },
      async handle({ body, principal }) {
        return json(await readDraft(records, await records.saveDraft(undefined, body, principal.id)), { status: 201 });
      },
    }),
    defineRoute({
      method: 'get',
      path: '/v1/code/assessments/{id}',
      right: 'code:read',
      tag: TAG,
      summary: 'One draft, and what it lacks',
      params: IdParams,
      responses: { 200: { description: 'The draft', schema: DraftWholeSchema } },
      handle: async ({ params }) => json(await readDraft(records, params.id)),
    }),
  ];
}

function assessmentRoutes(records: RecordsService): readonly Route[] {
  return [
    defineRoute({
      method: 'patch',
      path: '/v1/code/assessments/{id}',
      right: 'code:manage',
      tag: TAG,
      summary: 'Save steps of a draft; those that are not sent stay',
      params: IdParams,
      body: DraftInputSchema,
      responses: { 200: { description: 'The draft', schema: DraftWholeSchema } },
      async handle({ params, body, principal }) {
        return json(await readDraft(records, await records.saveDraft(params.id, body, principal.id)));
      },
    }),
    defineRoute({
      method: 'delete',
      path: '/v1/code/assessments/{id}',
      right: 'code:manage',
      tag: TAG,
      summary: 'Discard a draft',
      params: IdParams,
      responses: { 204: { description: 'Discarded' } },
      async handle({ params }) {
        await records.discardDraft(params.id);
        return noContent();
      },
    }),
    defineRoute({
      method: 'post',
      path: '/v1/code/assessments/{id}/signature',
      right: 'code:sign',
      tag: TAG,
      summary: 'Sign a risk assessment; its levels become facts about the service',
      params: IdParams,
      body: SignatureSchema,
      responses: { 201: { description: 'The record', schema: RecordViewSchema } },
      async handle({ params, body, principal }) {
        return json(toRecordView(await records.signAssessment(params.id, { id: principal.id, name: body.name })), { status: 201 });
      },
    }),
  ];
}
