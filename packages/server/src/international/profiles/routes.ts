/** What is known about countries, for programs. */
import { z } from 'zod';
import { json } from '../../platform/http/reply.ts';
import { defineRoute, type Route } from '../../platform/http/route.ts';
import {
  AssessmentSchema,
  CodeParams,
  CountrySummarySchema,
  CountryViewSchema,
  IdParams,
  ImportBodySchema,
  ImportResultSchema,
  KeptStatementSchema,
  ProcedureSchema,
  ReferenceSchema,
  ReplyBodySchema,
  StateBodySchema,
  toAssessmentBody,
  toCountryBody,
  toStatementBody,
} from './route-schema.ts';
import { AssessmentInputSchema, StatementSchema, type ProfilesService } from './schema.ts';

const HERE = '/v1/international';

export function routes(profiles: ProfilesService): readonly Route[] {
  return [...readingRoutes(profiles), ...sayingRoutes(profiles), ...assessmentRoutes(profiles)];
}

function readingRoutes(profiles: ProfilesService): Route[] {
  const common = { right: 'international:read', tag: 'international' } as const;
  return [
    defineRoute({
      ...common,
      method: 'get',
      path: `${HERE}/countries`,
      summary: 'Countries, with how much is known about each',
      responses: { 200: { description: 'By name; places that are not in ISO 3166-1 last', schema: z.object({ countries: z.array(CountrySummarySchema) }) } },
      handle: async () => json({ countries: await profiles.countries() }),
    }),
    defineRoute({
      ...common,
      method: 'get',
      path: `${HERE}/countries/{code}`,
      summary: 'Law, procedure, treaties and capabilities of one country, each with source, day and caveat',
      params: CodeParams,
      responses: { 200: { description: 'What is in effect', schema: CountryViewSchema } },
      handle: async ({ params }) => json(toCountryBody(await profiles.country(params.code), profiles.phaseLabels())),
    }),
    defineRoute({
      ...common,
      method: 'get',
      path: `${HERE}/countries/{code}/procedure`,
      summary: 'How a report reaches somebody who may act',
      params: CodeParams,
      responses: { 200: { description: 'What nobody said is unknown', schema: ProcedureSchema } },
      handle: async ({ params }) => json(await profiles.procedure(params.code)),
    }),
    defineRoute({
      ...common,
      method: 'get',
      path: `${HERE}/countries/{code}/statements/{key}`,
      summary: 'Everything that was said under one key',
      params: CodeParams.extend({ key: z.string().max(60) }),
      responses: { 200: { description: 'Newest first', schema: z.object({ history: z.array(KeptStatementSchema) }) } },
      handle: async ({ params }) => json({ history: (await profiles.history(params.code, params.key)).map(toStatementBody) }),
    }),
    defineRoute({
      ...common,
      method: 'get',
      path: `${HERE}/countries/{code}/capabilities/{capability}`,
      summary: 'Every assessment of one capability',
      params: CodeParams.extend({ capability: z.coerce.number().int().min(1).max(21) }),
      responses: { 200: { description: 'Newest first, superseded ones too', schema: z.object({ assessments: z.array(AssessmentSchema) }) } },
      handle: async ({ params }) => json({ assessments: (await profiles.assessments(params.code, params.capability)).map(toAssessmentBody) }),
    }),
    defineRoute({
      ...common,
      method: 'get',
      path: `${HERE}/references`,
      summary: 'Documents of others that are referred to, with what was seen of them',
      responses: { 200: { description: 'References only', schema: z.object({ references: z.array(ReferenceSchema) }) } },
      handle: async () => json({ references: profiles.references() }),
    }),
  ];
}

function sayingRoutes(profiles: ProfilesService): Route[] {
  const common = { right: 'international:manage', tag: 'international' } as const;
  return [
    defineRoute({
      ...common,
      method: 'post',
      path: `${HERE}/statements`,
      summary: 'Say something about a country, with its source',
      description: 'The newest of country, topic and key is in effect; older ones are kept. The value `unknown` takes back what was said.',
      body: StatementSchema,
      responses: { 201: { description: 'Kept', schema: KeptStatementSchema } },
      handle: async ({ body, principal }) => json(toStatementBody(await profiles.say(body, principal.id)), { status: 201 }),
    }),
    defineRoute({
      ...common,
      method: 'post',
      path: `${HERE}/imports`,
      summary: 'Read a table about countries',
      description: 'CSV of one of the known shapes. Rows that cannot be taken are named, and nothing is filled in.',
      body: ImportBodySchema,
      responses: { 200: { description: 'What was kept, what was said already, and what could not be taken', schema: ImportResultSchema } },
      handle: async ({ body, principal }) => json(await profiles.import(body, principal.id)),
    }),
  ];
}

function assessmentRoutes(profiles: ProfilesService): Route[] {
  const common = { right: 'international:manage', tag: 'international', params: IdParams } as const;
  const answer = { description: 'The assessment as it is now', schema: AssessmentSchema };
  return [
    defineRoute({
      method: 'post',
      path: `${HERE}/assessments`,
      right: 'international:manage',
      tag: 'international',
      summary: 'Assess one of the 21 capabilities of a country',
      description: 'No phase without evidence, and none that does not follow from the claims. It begins as a draft.',
      body: AssessmentInputSchema,
      responses: { 201: { description: 'A draft', schema: AssessmentSchema } },
      handle: async ({ body, principal }) => json(toAssessmentBody(await profiles.assess(body, principal.id)), { status: 201 }),
    }),
    defineRoute({
      ...common,
      method: 'put',
      path: `${HERE}/assessments/{id}/state`,
      summary: 'Review, publish, dispute or withdraw an assessment',
      body: StateBodySchema,
      responses: { 200: answer },
      async handle({ params, body, principal }) {
        await profiles.setAssessmentState(params.id, body.state, principal.id);
        return json(toAssessmentBody(await profiles.assessment(params.id)));
      },
    }),
    defineRoute({
      ...common,
      method: 'post',
      path: `${HERE}/assessments/{id}/reply`,
      summary: 'Keep the reply of whoever was assessed',
      description: 'Shown beside the assessment wherever that is shown. A later reply takes its place; earlier ones are kept.',
      body: ReplyBodySchema,
      responses: { 200: answer },
      async handle({ params, body, principal }) {
        await profiles.reply(params.id, body, principal.id);
        return json(toAssessmentBody(await profiles.assessment(params.id)));
      },
    }),
  ];
}
