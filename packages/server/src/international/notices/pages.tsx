/** The console's pages of reports and notices. What shows an address is a POST: it is recorded, and in no address bar. */
import { z } from 'zod';
import type { FieldError } from '../../platform/errors.ts';
import { html, seeOther } from '../../platform/http/reply.ts';
import { definePage, type Route } from '../../platform/http/route.ts';
import { CountrySchema } from '../hosting/schema.ts';
import { actionPages } from './action-pages.tsx';
import { runBulk } from './bulk.ts';
import { LIST_PATH, renderListPage } from './list-page.tsx';
import { renderNewPage } from './other-pages.tsx';
import { renderReportPage } from './report-page.tsx';
import { BULK_ACTIONS, BULK_MAX } from './route-schema.ts';
import { assertMay, toViewer } from './routes.ts';
import { OUTCOMES, REPORT_STATES, ReportInputSchema, WAITS, type NoticesService, type ReportQuery } from './schema.ts';

const SHOWN = 50;
const ListQuery = z.object({
  state: z.enum(REPORT_STATES).optional().catch(undefined),
  country: z.string().toUpperCase().pipe(CountrySchema).optional().catch(undefined),
  waits: z
    .enum([...WAITS, 'any'])
    .optional()
    .catch(undefined),
  before: z.string().max(60).optional().catch(undefined),
});
const IdParams = z.object({ id: z.string().max(60) });
const DONE = { reported: 'The report is kept.', changed: 'Done.' } as const;

export function pages(notices: NoticesService): readonly Route[] {
  return [listPage(notices), bulkForm(notices), ...newPages(notices), reportPage(notices), ...actionPages(notices)];
}

async function readList(notices: NoticesService, query: ReportQuery, seesUrls: boolean) {
  return { reports: await notices.list(query, { seesUrls }), waiting: await notices.countWaiting(), stray: await notices.strayReplies(), query };
}

function listPage(notices: NoticesService): Route {
  return definePage({
    method: 'get',
    path: LIST_PATH,
    right: 'international:read',
    summary: 'Reports about hosted material',
    query: ListQuery,
    handle: async ({ query, principal }) => html(renderListPage(await readList(notices, { ...query, limit: SHOWN }, toViewer(principal).seesUrls), principal)),
  });
}

function bulkForm(notices: NoticesService): Route {
  return definePage({
    method: 'post',
    path: `${LIST_PATH}/bulk`,
    right: 'notices:draft',
    summary: 'The same for many reports',
    body: z.object({
      ids: z.union([z.string(), z.array(z.string())]).default([]),
      action: z.enum(BULK_ACTIONS),
      outcome: z.enum(OUTCOMES),
    }),
    async handle({ body, principal }) {
      const ids = (typeof body.ids === 'string' ? [body.ids] : body.ids).slice(0, BULK_MAX);
      assertMay(principal, body.action);
      const errors: FieldError[] = ids.length === 0 ? [{ at: '', message: 'Choose at least one report.' }] : [];
      const bulk = ids.length === 0 ? undefined : await runBulk(notices, { ids, action: body.action, outcome: body.outcome }, principal.id);
      const view = await readList(notices, { limit: SHOWN }, toViewer(principal).seesUrls);
      return html(renderListPage({ ...view, bulk, errors }, principal), { status: errors.length === 0 ? 200 : 400 });
    },
  });
}

function newPages(notices: NoticesService): readonly Route[] {
  return [
    definePage({
      method: 'get',
      path: `${LIST_PATH}/new`,
      right: 'notices:draft',
      summary: 'Report an address',
      handle: async ({ principal }) => html(renderNewPage({ sent: {}, errors: [] }, principal)),
    }),
    definePage({
      method: 'post',
      path: `${LIST_PATH}/new`,
      right: 'notices:draft',
      summary: 'An address is reported',
      body: z.record(z.string().max(40), z.string().max(5000)),
      async handle({ body, principal }) {
        const given = Object.fromEntries(
          Object.entries(body).flatMap(([name, value]) => (value.trim() === '' || name === '_csrf' ? [] : [[name, value.trim()]])),
        );
        const { data, error } = ReportInputSchema.safeParse(given);
        if (data === undefined) return html(renderNewPage({ sent: body, errors: toFaults(error) }, principal), { status: 400 });
        const { id } = await notices.report(data, principal.id);
        return seeOther(`${LIST_PATH}/${id}?done=reported`);
      },
    }),
  ];
}

const FAULTS: Readonly<Record<string, string>> = {
  url: 'Enter an address that begins with http:// or https://',
  basis: 'Say who assessed it and under which law',
  sha256: 'Enter 64 digits and letters from a to f, or nothing',
};

function toFaults(error: z.ZodError): FieldError[] {
  return error.issues.map(({ path, message }) => ({ at: String(path[0] ?? ''), message: FAULTS[String(path[0] ?? '')] ?? message }));
}

function reportPage(notices: NoticesService): Route {
  return definePage({
    method: 'get',
    path: `${LIST_PATH}/{id}`,
    right: 'international:read',
    summary: 'One report',
    params: IdParams,
    query: z.object({ done: z.enum(['reported', 'changed']).optional().catch(undefined) }),
    async handle({ params, query, principal }) {
      const report = await notices.find(params.id, toViewer(principal));
      return html(renderReportPage({ report, done: query.done === undefined ? undefined : DONE[query.done] }, principal));
    },
  });
}
