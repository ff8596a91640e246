/** Reports about hosted material and their notices, for programs. */
import { z } from 'zod';
import { GatehouseError } from '../../platform/errors.ts';
import { json, noContent } from '../../platform/http/reply.ts';
import type { Principal } from '../../platform/http/rights.ts';
import { defineRoute, type Route } from '../../platform/http/route.ts';
import { runBulk } from './bulk.ts';
import { noticeRoutes } from './notice-routes.ts';
import { replyRoutes } from './replies/routes.ts';
import {
  AdvancedSchema,
  BulkResultSchema,
  BulkSchema,
  NoticeListSchema,
  ReportDetailSchema,
  ReportListSchema,
  ReportQuerySchema,
  toDetailBody,
  toNoticeBody,
  toReportBody,
} from './route-schema.ts';
import { OUTCOMES, ReportInputSchema, type NoticesService, type Viewer } from './schema.ts';

const PATH = '/v1/international/reports';
const IdParams = z.object({ id: z.string().max(60) });

export function toViewer({ rights }: Principal): Viewer {
  return { seesUrls: rights.has('notices:urls') };
}

export function routes(notices: NoticesService): readonly Route[] {
  return [...reportRoutes(notices), ...actionRoutes(notices), ...noticeRoutes(notices), ...replyRoutes(notices)];
}

function reportRoutes(notices: NoticesService): readonly Route[] {
  return [
    defineRoute({
      method: 'post',
      path: PATH,
      right: 'notices:draft',
      tag: 'notices',
      summary: 'Report material that is hosted somewhere',
      description:
        'The address is sealed, traced (nothing is fetched from it), and never shown without the right `notices:urls`. An address that an open report has already makes a duplicate.',
      body: ReportInputSchema,
      responses: { 201: { description: 'The report', schema: ReportDetailSchema } },
      async handle({ body, principal }) {
        const { id } = await notices.report(body, principal.id);
        return json(toDetailBody(await notices.find(id, toViewer(principal))), { status: 201 });
      },
    }),
    defineRoute({
      method: 'get',
      path: PATH,
      right: 'international:read',
      tag: 'notices',
      summary: 'Reports, newest first, and how many wait for a person',
      query: ReportQuerySchema,
      responses: { 200: { description: 'Without addresses', schema: ReportListSchema } },
      async handle({ query, principal }) {
        const reports = await notices.list(query, toViewer(principal));
        return json({ reports: reports.map(toReportBody), waiting: await notices.countWaiting() });
      },
    }),
    defineRoute({
      method: 'get',
      path: `${PATH}/{id}`,
      right: 'international:read',
      tag: 'notices',
      summary: 'One report: claim, contacts, notices, replies, history',
      params: IdParams,
      responses: { 200: { description: 'Without the address', schema: ReportDetailSchema } },
      handle: async ({ params, principal }) => json(toDetailBody(await notices.find(params.id, toViewer(principal)))),
    }),
    defineRoute({
      method: 'post',
      path: `${PATH}/{id}/url`,
      right: 'notices:urls',
      tag: 'notices',
      summary: 'The address of a report; each look is recorded',
      description: 'A POST, because it leaves a trace: in the history of the report and in the transparency log.',
      params: IdParams,
      responses: { 200: { description: 'The address', schema: z.object({ url: z.string() }) } },
      handle: async ({ params, principal }) => json({ url: await notices.revealUrl(params.id, principal.id) }, { headers: { 'cache-control': 'no-store' } }),
    }),
  ];
}

function actionRoutes(notices: NoticesService): readonly Route[] {
  return [
    defineRoute({
      method: 'post',
      path: `${PATH}/{id}/draft`,
      right: 'notices:draft',
      tag: 'notices',
      summary: 'Draft now what is due next, without waiting for more reports about the same host',
      params: IdParams,
      responses: { 201: { description: 'The drafts of the report', schema: NoticeListSchema } },
      handle: async ({ params, principal }) => json({ notices: (await notices.draft(params.id, principal.id)).map(toNoticeBody) }, { status: 201 }),
    }),
    defineRoute({
      method: 'post',
      path: `${PATH}/{id}/police`,
      right: 'notices:send',
      tag: 'notices',
      summary: 'Note that the police agreed: the host may be told',
      params: IdParams,
      responses: { 204: { description: 'Noted' } },
      async handle({ params, principal }) {
        await notices.policeAgreed(params.id, principal.id);
        return noContent();
      },
    }),
    defineRoute({
      method: 'post',
      path: `${PATH}/{id}/close`,
      right: 'notices:draft',
      tag: 'notices',
      summary: 'Close a report with its outcome',
      params: IdParams,
      body: z.object({ outcome: z.enum(OUTCOMES) }),
      responses: { 204: { description: 'Closed; notices that were not sent are withdrawn' } },
      async handle({ params, body, principal }) {
        await notices.close(params.id, body.outcome, principal.id);
        return noContent();
      },
    }),
    defineRoute({
      method: 'post',
      path: `${PATH}/bulk`,
      right: 'notices:draft',
      tag: 'notices',
      summary: 'The same for many reports',
      description: 'Police and drafts need the right `notices:send` as well. What one report refuses does not keep the others from it.',
      body: BulkSchema,
      responses: { 200: { description: 'Which were changed, and why others were not', schema: BulkResultSchema } },
      async handle({ body, principal }) {
        assertMay(principal, body.action);
        return json(await runBulk(notices, body, principal.id));
      },
    }),
    defineRoute({
      method: 'post',
      path: `${PATH}/advance`,
      right: 'notices:send',
      tag: 'notices',
      summary: 'Do every due step now: done each minute without this',
      responses: { 200: { description: 'What went out, and how many reports wait for a person', schema: AdvancedSchema } },
      handle: async ({ signal }) => json(await notices.advance(signal)),
    }),
  ];
}

/** @throws {GatehouseError} `forbidden` */
export function assertMay({ rights }: Principal, action: z.output<typeof BulkSchema>['action']): void {
  if ((action === 'police_agreed' || action === 'approve_drafts') && !rights.has('notices:send'))
    throw new GatehouseError('forbidden', 'This needs the right notices:send. Nothing was changed.');
}
