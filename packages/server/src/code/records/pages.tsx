/** The console's pages about signed records. Those about drafts of risk assessments are in assessment-pages.tsx. */
import { z } from 'zod';
import type { AppContext } from '../../platform/context.ts';
import { isGatehouseError, type FieldError } from '../../platform/errors.ts';
import { html, Reply, seeOther, type Answer } from '../../platform/http/reply.ts';
import { definePage, type Route } from '../../platform/http/route.ts';
import type { Principal } from '../../platform/http/rights.ts';
import { assessmentPages } from './assessment-pages.tsx';
import { BODY_KINDS, BODY_SCHEMAS, SignInputSchema, type BodyKind } from './body-schema.ts';
import { FIELDS, fromBody, toBody } from './field-rules.ts';
import { subjectOf } from './kind-rules.ts';
import type { RecordPagesNeeds } from './offers.ts';
import { renderRecordPage } from './record-page.tsx';
import { renderRecordsPage } from './records-page.tsx';
import { RECORD_KINDS, type SignedRecord } from './schema.ts';
import { renderSignPage } from './sign-page.tsx';
import { explainFaults, first, FormSchema, readSignature, type Sent } from './form-rules.ts';
import { HERE } from './words.tsx';

const IdParams = z.object({ id: z.string().max(60) });
const KIND_ENUM = z.enum(BODY_KINDS as [BodyKind, ...BodyKind[]]);

export function pages(code: RecordPagesNeeds, context: AppContext): readonly Route[] {
  return [listPage(code, context), ...signPages(code), ...recordPages(code), withdrawForm(code), ...assessmentPages(code, context)];
}

function listPage({ records }: RecordPagesNeeds, { clock }: AppContext): Route {
  return definePage({
    method: 'get',
    path: HERE,
    right: 'code:read',
    summary: 'Signed records and drafts',
    query: z.object({
      kind: z.enum(RECORD_KINDS).optional().catch(undefined),
      superseded: z.literal('true').optional().catch(undefined),
      done: z.enum(['signed', 'withdrawn', 'discarded']).optional().catch(undefined),
    }),
    async handle({ principal, query: { kind, superseded, done } }) {
      const withSuperseded = superseded !== undefined;
      const view = { records: await records.list({ kind, withSuperseded }), drafts: await records.drafts(), kind, withSuperseded, done, now: clock.now() };
      return html(renderRecordsPage(view, principal));
    },
  });
}

function signPages({ records }: RecordPagesNeeds): readonly Route[] {
  const params = z.object({ kind: KIND_ENUM });
  return [
    definePage({
      method: 'get',
      path: `${HERE}/new/{kind}`,
      right: 'code:sign',
      summary: 'Write and sign a record',
      params,
      query: FormSchema,
      async handle({ params: { kind }, query, principal }) {
        // From the version that it supersedes, or with what the address names: `?control=icu-c9`.
        const before = await findBefore(records, first(query, 'from'));
        const named = Object.fromEntries(FIELDS[kind].map(({ name }) => [name, first(query, name)]));
        const values = before === undefined ? named : fromBody(kind, before.body);
        return html(renderSignPage({ kind, values, name: undefined, errors: [], before }, principal));
      },
    }),
    definePage({
      method: 'post',
      path: `${HERE}/new/{kind}`,
      right: 'code:sign',
      summary: 'Sign a record',
      params,
      body: FormSchema,
      handle: ({ params: { kind }, body, principal }) => sign(records, { kind, sent: body, principal }),
    }),
  ];
}

async function findBefore(records: RecordPagesNeeds['records'], id: string): Promise<SignedRecord | undefined> {
  if (id === '') return undefined;
  return records.find(id);
}

interface ToSign {
  readonly kind: BodyKind;
  readonly sent: Sent;
  readonly principal: Principal;
}

async function sign(records: RecordPagesNeeds['records'], { kind, sent, principal }: ToSign): Promise<Answer> {
  const values = Object.fromEntries(FIELDS[kind].map(({ name }) => [name, first(sent, name)]));
  const signature = readSignature(sent);
  const again = (errors: readonly FieldError[]): Answer =>
    html(renderSignPage({ kind, values, name: signature.name, errors, before: undefined }, principal), { status: 400 });
  const body = toBody(kind, values);
  const parsed = SignInputSchema.safeParse({ kind, body });
  if (!parsed.success) {
    const faults = BODY_SCHEMAS[kind].safeParse(body).error?.issues.map(({ path }) => String(path[0])) ?? [];
    return again([...explainFaults(kind, faults), ...signature.errors]);
  }
  if (signature.errors.length > 0) return again(signature.errors);
  try {
    const record = await records.sign(parsed.data, { id: principal.id, name: signature.name });
    return seeOther(`${HERE}/${record.id}?done=signed`);
  } catch (error) {
    if (!isGatehouseError(error)) throw error;
    // The record that says the opposite, or a field that the catalogue contradicts: what was written stays on the page.
    if (error.code === 'conflict') return again([{ at: '', message: `${subjectOf(parsed.data)}: ${error.message}` }]);
    if (error.code !== 'record_invalid') throw error;
    return again(error.extras.errors ?? []);
  }
}

interface Shown {
  readonly isNew?: boolean;
  readonly reason?: string;
  readonly errors?: readonly FieldError[];
}

async function render(
  { records, catalogue }: RecordPagesNeeds,
  id: string,
  { isNew = false, reason = '', errors = [] }: Shown,
): Promise<(principal: Principal) => string> {
  const record = await records.find(id);
  const current = catalogue.current();
  const view = {
    record,
    isIntact: records.isIntact(record),
    logIndex: await records.logIndex(record),
    versions: await records.list({ kind: record.kind, subject: record.subject, withSuperseded: true }),
    titleOf: (control: string) => current.control(control)?.control.title,
    kinds:
      record.kind === 'assessment_illegal' || record.kind === 'assessment_children'
        ? records.kindsOf(record.kind === 'assessment_illegal' ? 'illegal_content' : 'children')
        : [],
    isNew,
    reason,
    errors,
  };
  return (principal) => renderRecordPage(view, principal);
}

function recordPages(code: RecordPagesNeeds): readonly Route[] {
  return [
    definePage({
      method: 'get',
      path: `${HERE}/{id}`,
      right: 'code:read',
      summary: 'One record, to read or print',
      params: IdParams,
      query: z.object({ done: z.literal('signed').optional().catch(undefined) }),
      handle: async ({ params, query, principal }) => html((await render(code, params.id, { isNew: query.done !== undefined }))(principal)),
    }),
    ...(['file', 'proof'] as const).map((form) =>
      definePage({
        method: 'get',
        path: `${HERE}/{id}/${form}`,
        right: 'code:read',
        summary: form === 'file' ? 'A record with its proof, as a file' : 'The proof of its signing, as a file',
        params: IdParams,
        async handle({ params }) {
          const file = await code.records.prove(params.id);
          const name = `${file.record.id}.${form === 'file' ? 'json' : 'tlog-proof'}`;
          const type = form === 'file' ? 'application/json; charset=utf-8' : 'text/plain; charset=utf-8';
          const text = form === 'file' ? `${JSON.stringify(file, undefined, 2)}\n` : file.log.proof;
          return new Reply(text, { headers: { 'content-type': type, 'content-disposition': `attachment; filename="${name}"` } });
        },
      }),
    ),
  ];
}

const REASON_MAX = 2000;

function withdrawForm(code: RecordPagesNeeds): Route {
  return definePage({
    method: 'post',
    path: `${HERE}/{id}/withdraw`,
    right: 'code:sign',
    summary: 'Withdraw a record',
    params: IdParams,
    body: FormSchema,
    async handle({ params, body, principal }) {
      const reason = first(body, 'reason').trim();
      if (reason === '' || reason.length > REASON_MAX) {
        const errors = [{ at: 'reason', message: `Say why it is withdrawn, in at most ${REASON_MAX.toLocaleString('en-GB')} characters` }];
        return html((await render(code, params.id, { reason, errors }))(principal), { status: 400 });
      }
      await code.records.withdraw(params.id, reason, { id: principal.id, name: principal.name });
      return seeOther(`${HERE}?done=withdrawn`);
    },
  });
}
