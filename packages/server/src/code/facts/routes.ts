/** Answers about the service and what follows from them, for programs. */
import { z } from 'zod';
import type { AppContext } from '../../platform/context.ts';
import { GatehouseError } from '../../platform/errors.ts';
import { json } from '../../platform/http/reply.ts';
import { defineRoute, type Route } from '../../platform/http/route.ts';
import type { CatalogueService } from '../catalogue/schema.ts';
import { AnswersSchema, ApplicabilityListSchema, QuestionnaireSchema, SaidSchema, WhatIfInputSchema, WhatIfSchema } from './question-schema.ts';
import { ApplicabilitySchema, type QuestionsService } from './schema.ts';

export interface FactsSurface {
  readonly facts: QuestionsService;
  readonly catalogue: Pick<CatalogueService, 'current'>;
}

const DayQuery = z.object({ on: z.iso.date().optional().describe('The day whose law it is; today without it. The answers are those of now.') });

export function routes(service: FactsSurface, { clock }: Pick<AppContext, 'clock'>): readonly Route[] {
  return [...factRoutes(service.facts), ...applicabilityRoutes(service, () => clock.now()), whatIfRoute(service.facts)];
}

function factRoutes(facts: QuestionsService): readonly Route[] {
  return [
    defineRoute({
      method: 'get',
      path: '/v1/code/facts',
      right: 'code:read',
      tag: 'code',
      summary: 'What is asked about the service, what was answered, and what to answer next',
      description: 'Not answered is unknown, and unknown is never no.',
      responses: { 200: { description: 'Every question', schema: QuestionnaireSchema } },
      handle: async () => json(await facts.questionnaire()),
    }),
    defineRoute({
      method: 'post',
      path: '/v1/code/facts',
      right: 'code:manage',
      tag: 'code',
      summary: 'Answer questions about the service',
      description: 'All answers or none are kept. Earlier answers stay in the history.',
      body: AnswersSchema,
      responses: { 200: { description: 'Every question, with the answers', schema: QuestionnaireSchema } },
      async handle({ body, principal }) {
        await facts.answer(body.answers, { id: principal.id, name: principal.name });
        return json(await facts.questionnaire());
      },
    }),
    defineRoute({
      method: 'get',
      path: '/v1/code/facts/{id}/history',
      right: 'code:read',
      tag: 'code',
      summary: 'Who answered a question what, and when',
      params: z.object({ id: z.string().max(80) }),
      responses: { 200: { description: 'Newest first, at most 200', schema: z.object({ history: z.array(SaidSchema) }) } },
      handle: async ({ params }) => json({ history: await facts.historyView(params.id) }),
    }),
  ];
}

function applicabilityRoutes({ facts, catalogue }: FactsSurface, now: () => Date): readonly Route[] {
  return [
    defineRoute({
      method: 'get',
      path: '/v1/code/applicability',
      right: 'code:read',
      tag: 'code',
      summary: 'Which measures are for this service, and why',
      query: DayQuery,
      responses: { 200: { description: 'Every measure, in the order of the catalogue', schema: ApplicabilityListSchema } },
      async handle({ query }) {
        const at = toDate(query.on) ?? now();
        const [measures, { digest }] = await Promise.all([facts.applicability(at), facts.read()]);
        const { version } = catalogue.current().catalogue;
        return json({ day: at.toISOString().slice(0, 10), catalogueVersion: version, factsDigest: digest, measures });
      },
    }),
    defineRoute({
      method: 'get',
      path: '/v1/code/applicability/{control}',
      right: 'code:read',
      tag: 'code',
      summary: 'Whether one measure is for this service, why, and what would make it so',
      params: z.object({ control: z.string().max(60) }),
      query: DayQuery,
      responses: { 200: { description: 'The measure', schema: ApplicabilitySchema } },
      async handle({ params, query }) {
        const found = (await facts.applicability(toDate(query.on))).find(({ control }) => control === params.control);
        if (found === undefined) throw new GatehouseError('not_found', 'The catalogue in use has no such measure.');
        return json(found);
      },
    }),
  ];
}

function whatIfRoute(facts: QuestionsService): Route {
  return defineRoute({
    method: 'post',
    path: '/v1/code/what-if',
    right: 'code:read',
    tag: 'code',
    summary: 'What would be otherwise if facts were other ones',
    description: 'Nothing is kept.',
    body: WhatIfInputSchema,
    responses: { 200: { description: 'Measures whose outcome differs', schema: WhatIfSchema } },
    handle: async ({ body }) => json(await facts.whatIf(body.facts, toDate(body.on))),
  });
}

function toDate(day: string | undefined): Date | undefined {
  return day === undefined ? undefined : new Date(`${day}T00:00:00.000Z`);
}
