/** The console's pages about measures, gaps and amendments, and the public statement. Questions, records and exports have theirs in their rooms. */
import { z } from 'zod';
import { toCanonicalText } from '../../log/index.ts';
import type { AppContext } from '../../platform/context.ts';
import { html, json, Reply, seeOther } from '../../platform/http/reply.ts';
import { definePage, defineRoute, type Route } from '../../platform/http/route.ts';
import type { CodeService } from '../composition.ts';
import { STATES } from '../evidence/schema.ts';
import { OUTCOMES } from '../facts/schema.ts';
import { renderAmendments } from './amendments-page.tsx';
import { renderEvaluation } from './evaluation-page.tsx';
import { renderGaps } from './gaps-page.tsx';
import { renderMeasure } from './measure-page.tsx';
import { renderOverview } from './overview-page.tsx';
import { renderStatement } from './statement-page.tsx';
import { StatementSchema } from './statement-schema.ts';
import { viewMeasure, viewOverview } from './views.ts';

const HERE = '/console/code';
const ControlParams = z.object({ id: z.string().regex(/^[a-z0-9][a-z0-9.-]{0,39}$/) });
const EvaluationParams = z.object({ id: z.string().max(60) });
/** A choice of a filter; an empty one is all. */
const chosen = <const Values extends readonly [string, ...string[]]>(values: Values): z.ZodType<Values[number] | undefined> =>
  z.enum(values).optional().catch(undefined);

const PlanSchema = z.object({ owner: z.string().trim().default(''), due: z.string().trim().default(''), planText: z.string().trim().default('') });
const OWNER_MAX = 120;
const PLAN_MAX = 5000;

export function pages(code: CodeService, context: AppContext): readonly Route[] {
  return [
    overviewPage(code, context),
    evaluateForm(code),
    measurePage(code, context),
    planForm(code, context),
    gapsPage(code),
    amendmentsPage(code, context),
    ...evaluationPages(code),
    statementPage(code),
  ];
}

function overviewPage(code: CodeService, { clock }: AppContext): Route {
  return definePage({
    method: 'get',
    path: HERE,
    right: 'code:read',
    summary: 'Which measures bind, and in which state they are',
    query: z.object({
      outcome: chosen(OUTCOMES),
      state: chosen(STATES),
      group: z.string().min(1).max(40).optional().catch(undefined),
      done: z.literal('evaluated').optional().catch(undefined),
    }),
    async handle({ principal, query: { done, ...filter } }) {
      return html(renderOverview(await viewOverview(code, filter, { now: clock.now(), isEvaluated: done !== undefined }), principal));
    },
  });
}

function evaluateForm(code: CodeService): Route {
  return definePage({
    method: 'post',
    path: `${HERE}/evaluations`,
    right: 'code:manage',
    summary: 'Evaluate now',
    body: z.object({}),
    async handle({ signal }) {
      await code.evidence.evaluate(signal);
      return seeOther(`${HERE}?done=evaluated`);
    },
  });
}

function measurePage(code: CodeService, { clock }: AppContext): Route {
  return definePage({
    method: 'get',
    path: `${HERE}/measures/{id}`,
    right: 'code:read',
    summary: 'One measure: why it binds, and what shows that it is kept',
    params: ControlParams,
    query: z.object({ done: z.literal('planned').optional().catch(undefined) }),
    async handle({ params, query, principal }) {
      return html(renderMeasure(await viewMeasure(code, params.id, { clock, isPlanned: query.done !== undefined }), principal));
    },
  });
}

function planForm(code: CodeService, { clock }: AppContext): Route {
  return definePage({
    method: 'post',
    path: `${HERE}/measures/{id}/plan`,
    right: 'code:manage',
    summary: 'Plan what is done about a measure',
    params: ControlParams,
    body: PlanSchema,
    async handle({ params, body: { owner, due, planText }, principal }) {
      const errors = findPlanFaults({ owner, due, planText });
      if (Object.keys(errors).length > 0) {
        const form = { values: { owner, due, plan: planText }, errors, history: await code.gaps.history(params.id) };
        return html(renderMeasure(await viewMeasure(code, params.id, { clock, form, isPlanned: false }), principal), { status: 400 });
      }
      await code.gaps.plan({ control: params.id, owner, due, plan: planText }, principal.id);
      return seeOther(`${HERE}/measures/${params.id}?done=planned#plan`);
    },
  });
}

function findPlanFaults({ owner, due, planText }: z.output<typeof PlanSchema>): Readonly<Record<string, string>> {
  return {
    ...(owner === '' || owner.length > OWNER_MAX ? { owner: `Say who sees to it, in at most ${OWNER_MAX} characters` } : {}),
    ...(z.iso.date().safeParse(due).success ? {} : { due: 'Enter a day as year-month-day, such as 2027-03-31' }),
    ...(planText === '' || planText.length > PLAN_MAX ? { planText: `Say what will be done, in at most ${PLAN_MAX} characters` } : {}),
  };
}

function gapsPage(code: CodeService): Route {
  return definePage({
    method: 'get',
    path: `${HERE}/gaps`,
    right: 'code:read',
    summary: 'Open measures, with owners and dates',
    handle: async ({ principal }) => html(renderGaps(await code.gaps.list(), principal)),
  });
}

function amendmentsPage(code: CodeService, { clock }: AppContext): Route {
  return definePage({
    method: 'get',
    path: `${HERE}/amendments`,
    right: 'code:read',
    summary: 'What changed in the codes and the law, and what that is to this service',
    handle: async ({ principal }) => html(renderAmendments(await code.amendments.list(), clock.now().toISOString().slice(0, 10), principal)),
  });
}

function evaluationPages(code: CodeService): readonly Route[] {
  return [
    definePage({
      method: 'get',
      path: `${HERE}/evaluations/{id}`,
      right: 'code:read',
      summary: 'An evaluation as it was recorded',
      params: EvaluationParams,
      async handle({ params, principal }) {
        const kept = await code.evidence.find(params.id);
        const titles = new Map(code.catalogue.current().catalogue.groups.flatMap(({ controls }) => controls.map(({ id, title }) => [id, title] as const)));
        return html(renderEvaluation({ kept, titles }, principal));
      },
    }),
    definePage({
      method: 'get',
      path: `${HERE}/evaluations/{id}/json`,
      right: 'code:read',
      summary: 'An evaluation, as a file: its SHA-256 is what the log stands for',
      params: EvaluationParams,
      async handle({ params }) {
        const { evaluation } = await code.evidence.find(params.id);
        const headers = { 'content-type': 'application/json; charset=utf-8', 'content-disposition': `attachment; filename="${evaluation.id}.json"` };
        return new Reply(toCanonicalText(evaluation), { headers });
      },
    }),
  ];
}

function statementPage(code: CodeService): Route {
  return definePage({
    method: 'get',
    path: '/code/statement',
    right: 'public',
    ignoresCredentials: true,
    summary: 'The public statement about measures',
    handle: async () => html(renderStatement(await code.statement.state())),
  });
}

export function statementRoutes(code: CodeService): readonly Route[] {
  return [
    defineRoute({
      method: 'get',
      path: '/code/statement.json',
      right: 'public',
      ignoresCredentials: true,
      tag: 'code',
      summary: 'The public statement about measures',
      responses: { 200: { description: 'The statement', schema: StatementSchema } },
      handle: async () => json(await code.statement.state()),
    }),
  ];
}
