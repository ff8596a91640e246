/** The pages on which a risk assessment is written, step by step, and signed. Every form works without JavaScript and keeps what was written when something is wrong. */
import { z } from 'zod';
import type { AppContext } from '../../platform/context.ts';
import { GatehouseError, isGatehouseError, type FieldError } from '../../platform/errors.ts';
import { html, seeOther, type Answer } from '../../platform/http/reply.ts';
import type { Principal } from '../../platform/http/rights.ts';
import { definePage, type Route } from '../../platform/http/route.ts';
import { LEVELS } from '../facts/schema.ts';
import { renderDraftPage } from './draft-page.tsx';
import { lastReviewDay } from './draft-rules.ts';
import { first, FormSchema, readSignature, type Sent } from './form-rules.ts';
import { renderKind } from './kind-page.tsx';
import { listChoices, listFigures, type RecordPagesNeeds } from './offers.ts';
import type { AssessmentDraft, DraftInput, DraftView, KindToAssess } from './schema.ts';
import { readKind, readMeasures, readReview, readUnderstanding, type KindSent } from './step-form-rules.ts';
import { renderMeasures, renderReview, renderUnderstanding, type StepView } from './step-page.tsx';
import { ASSESSMENTS, HERE } from './words.tsx';

const IdParams = z.object({ id: z.string().max(60) });
const KindParams = z.object({ id: z.string().max(60), kind: z.string().max(60) });

type Draft = DraftView & { readonly draft: Partial<AssessmentDraft> };

export function assessmentPages(code: RecordPagesNeeds, context: AppContext): readonly Route[] {
  return [
    beginForm(code),
    draftPage(code),
    ...signForms(code),
    ...stepPages(understandingStep(code)),
    ...stepPages(measuresStep(code)),
    ...stepPages(reviewStep(code, context)),
    ...kindPages(code),
  ];
}

function beginForm({ records }: RecordPagesNeeds): Route {
  return definePage({
    method: 'post',
    path: ASSESSMENTS,
    right: 'code:manage',
    summary: 'Begin a risk assessment',
    body: z.object({ subject: z.enum(['illegal_content', 'children']) }),
    handle: async ({ body, principal }) => seeOther(`${ASSESSMENTS}/${await records.copyAssessment(body.subject, principal.id)}`),
  });
}

interface Shown {
  readonly name?: string;
  readonly errors?: readonly FieldError[];
  readonly isSaved?: boolean;
}

async function render({ records }: RecordPagesNeeds, id: string, { name, errors = [], isSaved = false }: Shown): Promise<(principal: Principal) => string> {
  const draft = await records.draft(id);
  const view = { draft, kinds: records.kindsOf(draft.subject), missing: await records.findMissing(id), name, errors, isSaved };
  return (principal) => renderDraftPage(view, principal);
}

function draftPage(code: RecordPagesNeeds): Route {
  return definePage({
    method: 'get',
    path: `${ASSESSMENTS}/{id}`,
    right: 'code:read',
    summary: 'A risk assessment that is being written',
    params: IdParams,
    query: z.object({ done: z.literal('saved').optional().catch(undefined) }),
    handle: async ({ params, query, principal }) => html((await render(code, params.id, { isSaved: query.done !== undefined }))(principal)),
  });
}

function signForms(code: RecordPagesNeeds): readonly Route[] {
  const { records } = code;
  return [
    definePage({
      method: 'post',
      path: `${ASSESSMENTS}/{id}/sign`,
      right: 'code:sign',
      summary: 'Sign a risk assessment',
      params: IdParams,
      body: FormSchema,
      async handle({ params, body, principal }) {
        const { name, errors } = readSignature(body);
        const again = async (faults: readonly FieldError[]): Promise<Answer> =>
          html((await render(code, params.id, { name, errors: faults }))(principal), { status: 400 });
        if (errors.length > 0) return again(errors);
        try {
          const record = await records.signAssessment(params.id, { id: principal.id, name });
          return seeOther(`${HERE}/${record.id}?done=signed`);
        } catch (error) {
          if (!isGatehouseError(error, 'record_incomplete')) throw error;
          return again((error.extras.errors ?? []).map(({ message }) => ({ at: '', message })));
        }
      },
    }),
    definePage({
      method: 'post',
      path: `${ASSESSMENTS}/{id}/discard`,
      right: 'code:manage',
      summary: 'Discard a draft',
      params: IdParams,
      body: z.object({}),
      async handle({ params }) {
        await records.discardDraft(params.id);
        return seeOther(`${HERE}?done=discarded`);
      },
    }),
  ];
}

/** A step has a form and its target. */
interface Step {
  readonly path: string;
  readonly summary: string;
  readonly code: RecordPagesNeeds;
  show(draft: Draft, principal: Principal): Promise<string>;
  /** @returns what to save, or the page again with what was sent */
  take(draft: Draft, sent: Sent, principal: Principal): Promise<Omit<DraftInput, 'subject'> | { readonly again: string }>;
}

function stepPages({ path, summary, code: { records }, show, take }: Step): readonly Route[] {
  return [
    definePage({
      method: 'get',
      path: `${ASSESSMENTS}/{id}/${path}`,
      right: 'code:manage',
      summary,
      params: IdParams,
      handle: async ({ params, principal }) => html(await show(await records.draft(params.id), principal)),
    }),
    definePage({
      method: 'post',
      path: `${ASSESSMENTS}/{id}/${path}`,
      right: 'code:manage',
      summary: `${summary}: save`,
      params: IdParams,
      body: FormSchema,
      async handle({ params, body, principal }) {
        const draft = await records.draft(params.id);
        const taken = await take(draft, body, principal);
        if ('again' in taken) return html(taken.again, { status: 400 });
        await records.saveDraft(params.id, { ...taken, subject: draft.subject }, principal.id);
        return seeOther(`${ASSESSMENTS}/${params.id}?done=saved`);
      },
    }),
  ];
}

function understandingStep(code: RecordPagesNeeds): Step {
  return {
    path: 'understanding',
    summary: 'Step 1 of a risk assessment',
    code,
    show: async (draft, principal) =>
      renderUnderstanding({ draft, principal, errors: [], values: draft.draft.understanding ?? { riskFactors: '', consulted: '' } }),
    async take(draft, sent, principal) {
      const { value, errors } = readUnderstanding(sent);
      return errors.length > 0 ? { again: renderUnderstanding({ draft, principal, errors, values: value }) } : { understanding: value };
    },
  };
}

function measuresStep(code: RecordPagesNeeds): Step {
  const choicesFor = (draft: Draft): ReturnType<typeof listChoices> => listChoices(code, draft.draft.measures ?? []);
  return {
    path: 'measures',
    summary: 'Step 3 of a risk assessment',
    code,
    async show(draft, principal) {
      const { measures = [], measuresNote = '' } = draft.draft;
      return renderMeasures({ draft, principal, errors: [], values: { measures, measuresNote, others: '', choices: await choicesFor(draft) } });
    },
    async take(draft, sent, principal) {
      const { value, errors } = readMeasures(sent, (id) => code.catalogue.current().control(id) !== undefined);
      if (errors.length === 0) return value;
      return { again: renderMeasures({ draft, principal, errors, values: { ...value, others: first(sent, 'others'), choices: await choicesFor(draft) } }) };
    },
  };
}

function reviewStep(code: RecordPagesNeeds, { clock }: AppContext): Step {
  const lastDay = (): string => lastReviewDay(clock.now());
  return {
    path: 'review',
    summary: 'Step 4 of a risk assessment',
    code,
    async show(draft, principal) {
      const { review = { reportedTo: '', nextReview: '', triggers: '' } } = draft.draft;
      return renderReview({ draft, principal, errors: [], values: { ...review, lastDay: lastDay() } });
    },
    async take(draft, sent, principal) {
      const { value, errors } = readReview(sent);
      return errors.length > 0 ? { again: renderReview({ draft, principal, errors, values: { ...value, lastDay: lastDay() } }) } : { review: value };
    },
  };
}

function requireKind({ records }: RecordPagesNeeds, draft: Draft, kind: string): KindToAssess {
  const found = records.kindsOf(draft.subject).find((one) => one.kind === kind);
  if (found === undefined) throw new GatehouseError('not_found', 'The catalogue has no such kind of content.');
  return found;
}

async function showKind(
  code: RecordPagesNeeds,
  { kind, sent, ...view }: Omit<StepView<unknown>, 'values'> & { readonly kind: KindToAssess; readonly sent: KindSent },
): Promise<string> {
  const { figures: chosenFigures, ...values } = sent;
  return renderKind({ ...view, values: { ...values, kind, figures: listFigures(await code.evidence.last()), chosenFigures } });
}

function kindPages(code: RecordPagesNeeds): readonly Route[] {
  const { records } = code;
  return [
    definePage({
      method: 'get',
      path: `${ASSESSMENTS}/{id}/kinds/{kind}`,
      right: 'code:manage',
      summary: 'Step 2 of a risk assessment: one kind of content',
      params: KindParams,
      async handle({ params, principal }) {
        const draft = await records.draft(params.id);
        const kind = requireKind(code, draft, params.kind);
        const { level = '', reasoning = '', isSeverityLifted = false, evidence = [] } = draft.draft.kinds?.find((one) => one.kind === params.kind) ?? {};
        return html(await showKind(code, { draft, principal, errors: [], kind, sent: { level, reasoning, isSeverityLifted, evidence, figures: [] } }));
      },
    }),
    definePage({
      method: 'post',
      path: `${ASSESSMENTS}/{id}/kinds/{kind}`,
      right: 'code:manage',
      summary: 'Step 2 of a risk assessment: save',
      params: KindParams,
      body: FormSchema,
      async handle({ params, body, principal }) {
        const draft = await records.draft(params.id);
        const kind = requireKind(code, draft, params.kind);
        const { value, errors } = readKind(body);
        const level = LEVELS.find((one) => one === value.level);
        if (errors.length > 0 || level === undefined) return html(await showKind(code, { draft, principal, errors, kind, sent: value }), { status: 400 });
        const { figures, reasoning, isSeverityLifted, evidence } = value;
        const offered = listFigures(await code.evidence.last()).filter(({ key }) => figures.includes(key));
        const assessed = { kind: kind.kind, level, reasoning, isSeverityLifted, evidence: [...evidence, ...offered.map(({ what, from }) => ({ what, from }))] };
        await records.saveKind(params.id, assessed, principal.id);
        return seeOther(nextAfter(kind, records.kindsOf(draft.subject), await records.draft(params.id)));
      },
    }),
  ];
}

/** The next kind that has no level yet; the whole when there is none. */
function nextAfter({ kind }: KindToAssess, kinds: readonly KindToAssess[], { id, draft }: Draft): `/${string}` {
  const place = kinds.findIndex((one) => one.kind === kind);
  const next = [...kinds.slice(place + 1), ...kinds.slice(0, place)].find((one) => !(draft.kinds ?? []).some((assessed) => assessed.kind === one.kind));
  return next === undefined ? `${ASSESSMENTS}/${id}?done=saved` : `${ASSESSMENTS}/${id}/kinds/${next.kind}`;
}
