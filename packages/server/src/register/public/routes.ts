/** What everybody may read of the register. The same for whoever asks: no credentials are looked at, and no cookie is set. */
import { z } from 'zod';
import type { AppContext } from '../../platform/context.ts';
import { json, Reply, type Answer } from '../../platform/http/reply.ts';
import { definePage, defineRoute, type Route } from '../../platform/http/route.ts';
import { CheckRunSchema } from '../checks/schema.ts';
import { CHECKS, FEED, pathOf, readEntryName, readListName, ROOT } from './address-rules.ts';
import { drawBadge } from './badge-rules.ts';
import { replyCached } from './caching.ts';
import { renderChecksPage } from './checks-page.tsx';
import { formatFeed } from './feed-rules.ts';
import { renderListPage } from './list-page.tsx';
import { renderRecommendationPage } from './recommendation-page.tsx';
import { FilterSchema } from './schema.ts';
import type { Publication } from './service.ts';

const COMMON = { method: 'get', right: 'public', ignoresCredentials: true } as const;
const HTML = 'text/html; charset=utf-8';
const JSON_LD = 'application/ld+json; charset=utf-8';
/** Data and badges are for other sites too. */
const OPEN = { 'access-control-allow-origin': '*', 'cross-origin-resource-policy': 'cross-origin' } as const;

const NameSchema = z.string().min(1).max(80);
const EntryParams = z.object({ register: NameSchema, number: NameSchema });
const RunParams = z.object({ run: z.string().regex(/^chk_[0-9a-z]{26}$/) });
const ProofSchema = z
  .object({ index: z.number().int(), entry: z.string().describe('The exact text of the entry.'), proof: z.string().describe('A `.tlog-proof` (C2SP).') })
  .meta({ id: 'RegisterCheckProof' });

/** Behind the routes, whose fixed names would else be taken for registers. */
export function publicPages(publication: Publication, context: AppContext): readonly Route[] {
  return [startPage(publication, context), checksPage(publication, context), listPage(publication, context), entryPage(publication, context)];
}

export function publicRoutes(publication: Publication, context: AppContext): readonly Route[] {
  return [feedRoute(publication, context), badgeRoute(publication, context), ...runRoutes(publication)];
}

function startPage(publication: Publication, context: AppContext): Route {
  return definePage({
    ...COMMON,
    path: ROOT,
    summary: 'Registers of recommendations',
    query: FilterSchema,
    async handle({ query, header }) {
      const { value, changedAt } = await publication.list(undefined, query);
      const text = renderListPage(value, query, context.publicUrl());
      return replyCached({ header }, text, { contentType: HTML, changedAt, now: context.clock.now(), headers: { link: canonical(context, ROOT) } });
    },
  });
}

function checksPage(publication: Publication, context: AppContext): Route {
  return definePage({
    ...COMMON,
    path: CHECKS,
    summary: 'The checks of the register',
    async handle({ header }) {
      const text = renderChecksPage(await publication.checks(), context.publicUrl());
      return replyCached({ header }, text, {
        contentType: HTML,
        changedAt: undefined,
        now: context.clock.now(),
        headers: { link: canonical(context, CHECKS) },
      });
    },
  });
}

/** A page, and under the same name with an ending the whole register as a file. */
function listPage(publication: Publication, context: AppContext): Route {
  return definePage({
    ...COMMON,
    path: `${ROOT}/{register}`,
    summary: 'The recommendations of a register',
    params: z.object({ register: NameSchema }),
    query: FilterSchema,
    async handle({ params, query, header }) {
      const { register, form } = readListName(params.register);
      const link = canonical(context, pathOf(register));
      const now = context.clock.now();
      if (form === 'page') {
        const { value, changedAt } = await publication.list(register, query);
        return replyCached({ header }, renderListPage(value, query, context.publicUrl()), { contentType: HTML, changedAt, now, headers: { link } });
      }
      const { value, changedAt } = await publication.file(register, form);
      const headers = { link, 'content-disposition': `inline; filename="${register}.${form}"`, ...OPEN };
      return replyCached({ header }, value.text, { contentType: value.contentType, changedAt, now, headers });
    },
  });
}

function entryPage(publication: Publication, context: AppContext): Route {
  return definePage({
    ...COMMON,
    path: `${ROOT}/{register}/{number}`,
    summary: 'A recommendation and what became of it',
    params: EntryParams,
    async handle({ params, header }) {
      const { number, form } = readEntryName(params.number);
      const path = pathOf(`${params.register}/${number}`);
      const link = canonical(context, path);
      const now = context.clock.now();
      if (form === 'jsonld') {
        const { value, changedAt } = await publication.linkedData(params.register, number);
        const text = `${JSON.stringify(value, undefined, 2)}\n`;
        return replyCached({ header }, text, { contentType: JSON_LD, changedAt, now, headers: { link, ...OPEN } });
      }
      const { value, changedAt } = await publication.entry(params.register, number);
      const text = renderRecommendationPage(value, context.publicUrl());
      const links = `${link}, <${context.publicUrl()}${path}.jsonld>; rel="alternate"; type="application/ld+json"`;
      return replyCached({ header }, text, { contentType: HTML, changedAt, now, headers: { link: links } });
    },
  });
}

function feedRoute(publication: Publication, context: AppContext): Route {
  return defineRoute({
    ...COMMON,
    path: FEED,
    tag: 'register',
    summary: 'What happened lately in the register, as an Atom feed',
    responses: { 200: { description: 'RFC 4287', contentType: 'application/atom+xml' }, 304: { description: 'not changed' } },
    async handle({ header }) {
      const base = context.publicUrl();
      const happenings = await publication.happenings();
      const text = formatFeed(happenings, {
        title: 'Register of recommendations',
        self: `${base}${FEED}`,
        page: `${base}${ROOT}`,
        begunAt: new Date(0),
        addressOf: (subject) => `${base}${pathOf(subject)}`,
      });
      const changedAt = happenings[0]?.at;
      return replyCached({ header }, text, { contentType: 'application/atom+xml; charset=utf-8', changedAt, now: context.clock.now(), headers: OPEN });
    },
  });
}

function badgeRoute(publication: Publication, context: AppContext): Route {
  return defineRoute({
    ...COMMON,
    path: `${ROOT}/{register}/{number}/badge.svg`,
    tag: 'register',
    summary: 'The status of a recommendation, as a badge for other sites',
    params: EntryParams,
    responses: { 200: { description: 'An SVG without script', contentType: 'image/svg+xml' }, 304: { description: 'not changed' } },
    async handle({ params, header }) {
      const { value, changedAt } = await publication.entry(params.register, params.number);
      return replyCached({ header }, drawBadge(value.view), { contentType: 'image/svg+xml', changedAt, now: context.clock.now(), headers: OPEN });
    },
  });
}

function runRoutes(publication: Publication): readonly Route[] {
  return [
    defineRoute({
      ...COMMON,
      path: `${CHECKS}/{run}/run.json`,
      tag: 'register',
      summary: 'The exact text of a run of the checks; its SHA-256 stands in the log',
      params: RunParams,
      responses: { 200: { description: 'Canonical JSON', schema: CheckRunSchema } },
      handle: async ({ params }) => asIs(await publication.run(params.run)),
    }),
    defineRoute({
      ...COMMON,
      path: `${CHECKS}/{run}/proof.json`,
      tag: 'register',
      summary: 'The entry of a run of the checks, with a proof that it is in the log',
      params: RunParams,
      responses: { 200: { description: 'Entry and proof', schema: ProofSchema } },
      handle: async ({ params }) => json(await publication.proof(params.run), { headers: OPEN }),
    }),
  ];
}

function asIs(text: string): Answer {
  return new Reply(text, { headers: { 'content-type': 'application/json; charset=utf-8', ...OPEN } });
}

function canonical(context: AppContext, path: string): string {
  return `<${context.publicUrl()}${path}>; rel="canonical"`;
}
