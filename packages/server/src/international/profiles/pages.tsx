/** `/console/international/countries`: what is known about countries, and the forms to add to it. */
import { z } from 'zod';
import { GatehouseError, isGatehouseError, type FieldError } from '../../platform/errors.ts';
import { html, seeOther, type Answer } from '../../platform/http/reply.ts';
import type { Principal } from '../../platform/http/rights.ts';
import { definePage, type Route } from '../../platform/http/route.ts';
import { renderAssessPage, type AssessView } from './assess-page.tsx';
import { renderAssessmentPage } from './assessment-page.tsx';
import { ASSESSMENTS } from './assessment-parts.tsx';
import { renderCountriesPage } from './countries-page.tsx';
import { renderCountryPage } from './country-page.tsx';
import { readAssessmentForm, readStatementForm, type FormOutcome, type FormValues } from './form-rules.ts';
import { listRegions, pickCountries, SHOWS, SORTS } from './list-rules.ts';
import { CodeParams, IdParams, ReplyBodySchema, StateBodySchema } from './route-schema.ts';
import { renderHistoryPage, renderSayPage } from './say-page.tsx';
import type { ProfilesService } from './schema.ts';
import { COUNTRIES } from './statement-parts.tsx';

/** As a browser sends it; faults are shown at the fields. */
const FormSchema = z.record(z.string().max(60), z.string().or(z.array(z.string()).transform((all) => all.at(-1) ?? '')));
const ListQuerySchema = z.object({
  sort: z.enum(SORTS).catch('name'),
  show: z.enum(SHOWS).catch('all'),
  search: z.string().max(100).catch(''),
  region: z.string().max(100).catch(''),
});
const KeptQuery = z.object({ kept: z.literal('1').optional().catch(undefined) });
const CapabilityParams = CodeParams.extend({ capability: z.coerce.number().int().min(1).max(21) });

export function pages(profiles: ProfilesService): readonly Route[] {
  return [...readingPages(profiles), ...sayPages(profiles), ...assessPages(profiles), ...assessmentPages(profiles)];
}

function readingPages(profiles: ProfilesService): Route[] {
  return [
    definePage({
      method: 'get',
      path: COUNTRIES,
      right: 'international:read',
      summary: 'Countries, with how much is known about each',
      query: ListQuerySchema,
      async handle({ principal, query }) {
        const all = await profiles.countries();
        const view = { query, countries: pickCountries(all, query), all: all.length, regions: listRegions(all), references: profiles.references() };
        return html(renderCountriesPage(view, principal));
      },
    }),
    definePage({
      method: 'get',
      path: `${COUNTRIES}/{code}`,
      right: 'international:read',
      summary: 'What is known about one country',
      params: CodeParams,
      query: KeptQuery,
      async handle({ principal, params, query }) {
        const view = { country: await profiles.country(params.code), phases: profiles.phaseLabels(), isKept: query.kept !== undefined };
        return html(renderCountryPage(view, principal));
      },
    }),
    definePage({
      method: 'get',
      path: `${COUNTRIES}/{code}/statements/{key}`,
      right: 'international:read',
      summary: 'Everything that was said under one key',
      params: CodeParams.extend({ key: z.string().max(60) }),
      async handle({ principal, params }) {
        const place = await profiles.country(params.code);
        return html(renderHistoryPage({ place, key: params.key, history: await profiles.history(params.code, params.key) }, principal));
      },
    }),
  ];
}

function sayPages(profiles: ProfilesService): Route[] {
  const path = `${COUNTRIES}/{code}/say`;
  return [
    definePage({
      method: 'get',
      path,
      right: 'international:manage',
      summary: 'Add a statement about a country',
      params: CodeParams,
      handle: async ({ principal, params }) => html(renderSayPage({ place: await profiles.country(params.code), values: {}, errors: [] }, principal)),
    }),
    definePage({
      method: 'post',
      path,
      right: 'international:manage',
      summary: 'Keep a statement about a country',
      params: CodeParams,
      body: FormSchema,
      async handle({ principal, params, body }): Promise<Answer> {
        const errors = await tryForm(readStatementForm(params.code, body), (input) => profiles.say(input, principal.id));
        if (errors.length === 0) return seeOther(`${COUNTRIES}/${params.code}?kept=1`);
        return html(renderSayPage({ place: await profiles.country(params.code), values: body, errors }, principal), { status: 400 });
      },
    }),
  ];
}

function assessPages(profiles: ProfilesService): Route[] {
  const path = `${COUNTRIES}/{code}/assess/{capability}`;
  const open = async (params: z.output<typeof CapabilityParams>, values: FormValues): Promise<AssessView> => {
    const place = await profiles.country(params.code);
    return { place, capability: { n: params.capability, ...findCapability(place, params.capability) }, phases: profiles.phaseLabels(), values, errors: [] };
  };
  return [
    definePage({
      method: 'get',
      path,
      right: 'international:manage',
      summary: 'Assess a capability',
      params: CapabilityParams,
      handle: async ({ principal, params }) => html(renderAssessPage(await open(params, {}), principal)),
    }),
    definePage({
      method: 'post',
      path,
      right: 'international:manage',
      summary: 'Keep an assessment as a draft',
      params: CapabilityParams,
      body: FormSchema,
      async handle({ principal, params, body }): Promise<Answer> {
        const read = readAssessmentForm(params.code, { ...body, capability: String(params.capability) });
        let made = '';
        const errors = await tryForm(read, async (input) => {
          made = (await profiles.assess(input, principal.id)).id;
        });
        if (errors.length === 0) return seeOther(`${ASSESSMENTS}/${made}`);
        return html(renderAssessPage({ ...(await open(params, body)), errors }, principal), { status: 400 });
      },
    }),
  ];
}

interface Sent {
  readonly id: string;
  readonly principal: Principal;
  readonly values: FormValues;
}

function assessmentPages(profiles: ProfilesService): Route[] {
  const render = async (id: string, principal: Principal, sent: { readonly values: FormValues; readonly errors: readonly FieldError[] }): Promise<string> => {
    const assessment = await profiles.assessment(id);
    const place = await profiles.country(assessment.country);
    return renderAssessmentPage(
      { assessment, place, capability: findCapability(place, assessment.capability), phases: profiles.phaseLabels(), ...sent },
      principal,
    );
  };
  /** A conflict is told on the page itself: what is there now may be seen beside it. */
  const change = async ({ id, principal, values }: Sent, outcome: FormOutcome<() => Promise<void>>): Promise<Answer> => {
    const errors = await tryForm(outcome, (work) => work());
    if (errors.length === 0) return seeOther(`${ASSESSMENTS}/${id}`);
    return html(await render(id, principal, { values, errors }), { status: 400 });
  };
  return [
    definePage({
      method: 'get',
      path: `${ASSESSMENTS}/{id}`,
      right: 'international:read',
      summary: 'One assessment of a capability',
      params: IdParams,
      handle: async ({ principal, params }) => html(await render(params.id, principal, { values: {}, errors: [] })),
    }),
    definePage({
      method: 'post',
      path: `${ASSESSMENTS}/{id}/state`,
      right: 'international:manage',
      summary: 'Review, publish, dispute or withdraw an assessment',
      params: IdParams,
      body: FormSchema,
      handle({ principal, params, body }) {
        const state = StateBodySchema.shape.state.safeParse(body['state']);
        const errors = [{ at: 'state', message: 'Choose what comes next' }];
        return change(
          { id: params.id, principal, values: body },
          state.success ? { ok: true, input: () => profiles.setAssessmentState(params.id, state.data, principal.id) } : { ok: false, errors },
        );
      },
    }),
    definePage({
      method: 'post',
      path: `${ASSESSMENTS}/{id}/reply`,
      right: 'international:manage',
      summary: 'Keep the reply of whoever was assessed',
      params: IdParams,
      body: FormSchema,
      handle({ principal, params, body }) {
        const reply = ReplyBodySchema.safeParse({ text: body['text'] ?? '', by: body['by'] ?? '' });
        if (reply.success)
          return change({ id: params.id, principal, values: body }, { ok: true, input: () => profiles.reply(params.id, reply.data, principal.id) });
        const errors = reply.error.issues.map(({ path }) =>
          path[0] === 'by' ? { at: 'by', message: 'Enter who replies' } : { at: 'text', message: 'Enter the reply, at most 5,000 characters' },
        );
        return change({ id: params.id, principal, values: body }, { ok: false, errors });
      },
    }),
  ];
}

function findCapability(country: Awaited<ReturnType<ProfilesService['country']>>, n: number): { readonly title: string; readonly wording: string } {
  const found = country.capabilities.find(({ capability }) => capability === n);
  if (found === undefined) throw new GatehouseError('not_found', 'There is no such capability.');
  return found;
}

/** @returns what to say at the fields; nothing when it was kept */
async function tryForm<T>(outcome: FormOutcome<T>, keep: (input: T) => Promise<unknown>): Promise<readonly FieldError[]> {
  if (!outcome.ok) return outcome.errors;
  try {
    await keep(outcome.input);
    return [];
  } catch (error) {
    if (!isGatehouseError(error, 'invalid_request') && !isGatehouseError(error, 'conflict')) throw error;
    const at = error.code === 'conflict' ? 'state' : '';
    return error.extras.errors?.map((fault) => ({ ...fault, message: `The ${fault.at} ${fault.message}` })) ?? [{ at, message: error.message }];
  }
}
