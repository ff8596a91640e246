/** The console's pages about the register: what is published, what waits, and the forms. The checks have their own room. */
import { z } from 'zod';
import { isGatehouseError, type FieldError } from '../../platform/errors.ts';
import { html, seeOther, type Answer } from '../../platform/http/reply.ts';
import type { Principal } from '../../platform/http/rights.ts';
import { definePage, type Route } from '../../platform/http/route.ts';
import { CHANGE_KINDS, REGISTER_STATUSES, type RecommendationView, type RegisterService } from '../model/schema.ts';
import { changePath, HERE, recommendationPath, REVIEW } from './addresses.ts';
import { renderChangePage } from './change-page.tsx';
import { fieldsOf, EVIDENCE_MAX, nameOf } from './field-rules.ts';
import { renderFormPage } from './form-page.tsx';
import { first, FormSchema, readChangeForm, toValues, type Values } from './form-rules.ts';
import { renderListPage } from './list-page.tsx';
import { renderEditPage } from './recommendation-page.tsx';
import { DONE_WORDS, renderReviewPage, type Done } from './review-page.tsx';

const IdParams = z.object({ id: z.string().max(60) });
const KindParams = z.object({ kind: z.enum(CHANGE_KINDS) });
const DoneQuery = z.object({
  done: z
    .enum(Object.keys(DONE_WORDS) as [Done, ...Done[]])
    .optional()
    .catch(undefined),
});
type Kind = z.output<typeof KindParams>['kind'];

export function pages(register: RegisterService): readonly Route[] {
  return [...readPages(register), ...formPages(register), ...changePages(register), ...stepForms(register)];
}

function readPages(register: RegisterService): readonly Route[] {
  return [
    definePage({
      method: 'get',
      path: HERE,
      right: 'register:edit',
      summary: 'Recommendations, for those who edit',
      query: z.object({
        register: z.string().max(60).optional(),
        status: z
          .enum(['', ...REGISTER_STATUSES])
          .optional()
          .catch(undefined),
        text: z.string().max(200).optional(),
      }),
      handle: async ({ query, principal }) =>
        html(renderListPage({ registers: await register.registers(), views: await register.list(query), filter: query }, principal)),
    }),
    definePage({
      method: 'get',
      path: `${HERE}/recommendations/{register}/{number}`,
      right: 'register:edit',
      summary: 'One recommendation, for those who edit',
      params: z.object({ register: z.string().max(60), number: z.string().max(20) }),
      async handle({ params, principal }) {
        const id = `${params.register}/${params.number}`;
        const view = await register.find(id);
        const open = (await register.drafts()).filter(({ subject }) => subject === id);
        return html(renderEditPage({ view, timeline: await register.timeline(id), open }, principal));
      },
    }),
    definePage({
      method: 'get',
      path: REVIEW,
      right: 'register:edit',
      summary: 'Drafts and the queue of the reviewers',
      query: DoneQuery,
      handle: async ({ query, principal }) => html(renderReviewPage({ changes: await register.drafts(), done: query.done }, principal)),
    }),
  ];
}

function formPages(register: RegisterService): readonly Route[] {
  return [
    definePage({
      method: 'get',
      path: `${HERE}/new/{kind}`,
      right: 'register:edit',
      summary: 'The form in which a change is proposed',
      params: KindParams,
      query: FormSchema,
      async handle({ params: { kind }, query, principal }) {
        const replaces = first(query, 'replaces');
        const from = first(query, 'from') || replaces;
        const before = from === '' ? undefined : await register.change(from);
        // The newest of what is replaced: an older version would bring back old words.
        const newest = before === undefined ? undefined : await findNewest(register, before.id, before.subject);
        const values = before?.change.kind === kind ? toValues(newest ?? before.change) : {};
        return html(renderFormPage({ kind, about: await findAbout(register, kind, first(query, 'about')), replaces, values, errors: [] }, principal));
      },
    }),
    definePage({
      method: 'post',
      path: `${HERE}/new/{kind}`,
      right: 'register:edit',
      summary: 'Propose a change',
      params: KindParams,
      body: FormSchema,
      handle: ({ params: { kind }, body, principal }) => propose(register, { kind, sent: body, principal }),
    }),
  ];
}

/** What stands now in the place of a published change. */
async function findNewest(register: RegisterService, id: string, subject: string): Promise<Parameters<typeof toValues>[0] | undefined> {
  const timeline = await register.timeline(subject);
  let at = timeline.find((one) => one.id === id);
  for (let next = at; next !== undefined; next = timeline.find(({ replaces }) => replaces === at?.id)) at = next;
  return at?.change;
}

async function findAbout(register: RegisterService, kind: Kind, about: string): Promise<RecommendationView | undefined> {
  if (kind === 'register' || kind === 'recommendation') return undefined;
  return register.find(about);
}

interface Sent {
  readonly kind: Kind;
  readonly sent: z.output<typeof FormSchema>;
  readonly principal: Principal;
}

async function propose(register: RegisterService, { kind, sent, principal }: Sent): Promise<Answer> {
  const values: Values = Object.fromEntries(fieldsOf(kind, EVIDENCE_MAX).map((field) => [nameOf(field), first(sent, nameOf(field))]));
  const replaces = first(sent, 'replaces');
  const about = await findAbout(register, kind, first(sent, 'about'));
  const again = (errors: readonly FieldError[]): Answer => html(renderFormPage({ kind, about, replaces, values, errors }, principal), { status: 400 });
  const { change, errors } = readChangeForm(kind, about?.id ?? '', values);
  if (change === undefined) return again(errors);
  try {
    const kept = await register.propose(change, { actor: principal.id, replaces: replaces === '' ? undefined : replaces });
    return seeOther(`${changePath(kept.id)}?done=proposed`);
  } catch (error) {
    // It does not fit what is published: what was written stays on the page.
    if (!isGatehouseError(error) || error.code !== 'invalid_request') throw error;
    return again((error.extras.errors ?? []).map(({ message }) => ({ at: '', message })));
  }
}

interface Shown {
  readonly id: string;
  readonly done?: Done | undefined;
  readonly errors?: readonly FieldError[];
}

async function showChange(register: RegisterService, { id, done, errors = [] }: Shown, principal: Principal): Promise<string> {
  const changes = await register.changesOf(id);
  const withBefore = [];
  for (const change of changes) withBefore.push({ change, before: change.replaces === null ? undefined : await register.change(change.replaces) });
  return renderChangePage({ id, changes: withBefore, done, errors }, principal);
}

function changePages(register: RegisterService): readonly Route[] {
  return [
    definePage({
      method: 'get',
      path: `${HERE}/changes/{id}`,
      right: 'register:edit',
      summary: 'One change, or an import, and what it replaces',
      params: IdParams,
      query: DoneQuery,
      handle: async ({ params, query, principal }) => html(await showChange(register, { id: params.id, done: query.done }, principal)),
    }),
    ...(['withdraw', 'reject'] as const).map((verb) =>
      definePage({
        method: 'post',
        path: `${HERE}/changes/{id}/${verb}`,
        right: verb === 'withdraw' ? 'register:edit' : 'register:review',
        summary: verb === 'withdraw' ? 'Withdraw what you proposed' : 'Reject a change',
        params: IdParams,
        body: FormSchema,
        async handle({ params: { id }, body, principal }) {
          const reason = first(body, 'reason').trim();
          if (reason === '' || reason.length > REASON_MAX) {
            const errors = [{ at: 'reason', message: `Say why, in at most ${REASON_MAX.toLocaleString('en-GB')} characters` }];
            return html(await showChange(register, { id, errors }, principal), { status: 400 });
          }
          await register[verb](id, reason, principal.id);
          return seeOther(`${REVIEW}?done=${verb === 'withdraw' ? 'withdrawn' : 'rejected'}`);
        },
      }),
    ),
  ];
}

const REASON_MAX = 2000;

function stepForms(register: RegisterService): readonly Route[] {
  return [
    definePage({
      method: 'post',
      path: `${HERE}/changes/{id}/submit`,
      right: 'register:edit',
      summary: 'Hand a draft to the reviewers',
      params: IdParams,
      body: FormSchema,
      async handle({ params: { id }, principal }) {
        await register.submit(id, principal.id);
        return seeOther(`${changePath(id)}?done=submitted`);
      },
    }),
    definePage({
      method: 'post',
      path: `${HERE}/changes/{id}/publish`,
      right: 'register:review',
      summary: 'Publish what somebody else proposed',
      params: IdParams,
      body: FormSchema,
      async handle({ params: { id }, principal }) {
        const { subject, batch } = await register.publish(id, principal.id);
        return seeOther(batch === null && subject.includes('/') ? recommendationPath(subject) : `${changePath(id)}?done=published`);
      },
    }),
  ];
}
