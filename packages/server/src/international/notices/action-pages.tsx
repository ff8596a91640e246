/** The targets of the forms on the page of a report, and the pages that show an address. */
import { z } from 'zod';
import { GatehouseError } from '../../platform/errors.ts';
import { html, seeOther, type Reply } from '../../platform/http/reply.ts';
import type { Right } from '../../platform/http/rights.ts';
import { definePage, type Route } from '../../platform/http/route.ts';
import { LIST_PATH } from './list-page.tsx';
import { renderNoticePage, renderReplyPage } from './other-pages.tsx';
import { renderReportPage } from './report-page.tsx';
import { toViewer } from './routes.ts';
import { OUTCOMES, type NoticesService } from './schema.ts';

const IdParams = z.object({ id: z.string().max(60) });
const NoticeParams = IdParams.extend({ notice: z.string().max(60) });
const NO_STORE = { headers: { 'cache-control': 'no-store' } };
const back = (id: string): Reply => seeOther(`${LIST_PATH}/${encodeURIComponent(id)}?done=changed`);

export function actionPages(notices: NoticesService): readonly Route[] {
  return [addressPage(notices), ...reportForms(notices), ...noticeForms(notices), noticePage(notices), ...replyPages(notices)];
}

function addressPage(notices: NoticesService): Route {
  return definePage({
    method: 'post',
    path: `${LIST_PATH}/{id}/url`,
    right: 'notices:urls',
    summary: 'A report with its address',
    params: IdParams,
    body: z.object({}),
    async handle({ params, principal }) {
      const url = await notices.revealUrl(params.id, principal.id);
      return html(renderReportPage({ report: await notices.find(params.id, toViewer(principal)), url }, principal), NO_STORE);
    },
  });
}

function reportForms(notices: NoticesService): readonly Route[] {
  return [
    definePage({
      method: 'post',
      path: `${LIST_PATH}/{id}/draft`,
      right: 'notices:draft',
      summary: 'Draft what is due next',
      params: IdParams,
      body: z.object({}),
      async handle({ params, principal }) {
        await notices.draft(params.id, principal.id);
        return back(params.id);
      },
    }),
    definePage({
      method: 'post',
      path: `${LIST_PATH}/{id}/police`,
      right: 'notices:send',
      summary: 'Note that the police agreed',
      params: IdParams,
      body: z.object({}),
      async handle({ params, principal }) {
        await notices.policeAgreed(params.id, principal.id);
        return back(params.id);
      },
    }),
    definePage({
      method: 'post',
      path: `${LIST_PATH}/{id}/close`,
      right: 'notices:draft',
      summary: 'Close a report',
      params: IdParams,
      body: z.object({ outcome: z.enum(OUTCOMES) }),
      async handle({ params, body, principal }) {
        await notices.close(params.id, body.outcome, principal.id);
        return back(params.id);
      },
    }),
    definePage({
      method: 'post',
      path: `${LIST_PATH}/{id}/contacts/{contact}`,
      right: 'notices:send',
      summary: 'Approve or refuse a contact',
      params: IdParams.extend({ contact: z.string().max(60) }),
      body: z.object({ decision: z.enum(['approve', 'refuse']) }),
      async handle({ params, body, principal }) {
        await (body.decision === 'approve' ? notices.approveContact(params.contact, principal.id) : notices.refuseContact(params.contact, principal.id));
        return back(params.id);
      },
    }),
  ];
}

function noticeForms(notices: NoticesService): readonly Route[] {
  const form = (verb: 'approve' | 'withdraw', right: Right, summary: string): Route =>
    definePage({
      method: 'post',
      path: `${LIST_PATH}/{id}/notices/{notice}/${verb}`,
      right,
      summary,
      params: NoticeParams,
      body: z.object({}),
      async handle({ params, principal }) {
        await notices[verb](params.notice, principal.id);
        return back(params.id);
      },
    });
  return [
    form('approve', 'notices:send', 'Approve a draft'),
    form('withdraw', 'notices:draft', 'Withdraw a notice'),
    definePage({
      method: 'post',
      path: `${LIST_PATH}/{id}/notices/{notice}/settle`,
      right: 'notices:send',
      summary: 'Say whether a notice arrived',
      params: NoticeParams,
      body: z.object({ arrived: z.enum(['yes', 'no']) }),
      async handle({ params, body, principal }) {
        await notices.settleUnknown(params.notice, body.arrived === 'yes', principal.id);
        return back(params.id);
      },
    }),
  ];
}

function noticePage(notices: NoticesService): Route {
  return definePage({
    method: 'post',
    path: `${LIST_PATH}/{id}/notices/{notice}/read`,
    right: 'notices:urls',
    summary: 'A notice with its addresses, to read or print',
    params: NoticeParams,
    body: z.object({}),
    async handle({ params, principal }) {
      const notice = (await notices.find(params.id, toViewer(principal))).notices.find(({ id }) => id === params.notice);
      if (notice === undefined) throw new GatehouseError('not_found', 'The report has no such notice.');
      const draft = await notices.readNotice(notice.id, principal.id);
      return html(renderNoticePage({ reportId: params.id, notice, draft }, principal), NO_STORE);
    },
  });
}

function replyPages(notices: NoticesService): readonly Route[] {
  return [
    definePage({
      method: 'get',
      path: `${LIST_PATH}/replies/{id}`,
      right: 'international:read',
      summary: 'A reply',
      params: IdParams,
      handle: async ({ params, principal }) => html(renderReplyPage({ replyId: params.id, reply: await notices.findReply(params.id) }, principal)),
    }),
    definePage({
      method: 'post',
      path: `${LIST_PATH}/replies/{id}/read`,
      right: 'notices:urls',
      summary: 'What a reply says',
      params: IdParams,
      body: z.object({}),
      async handle({ params, principal }) {
        const content = await notices.readReply(params.id, principal.id);
        return html(renderReplyPage({ replyId: params.id, reply: await notices.findReply(params.id), content }, principal), NO_STORE);
      },
    }),
    definePage({
      method: 'post',
      path: `${LIST_PATH}/replies/{id}/settle`,
      right: 'notices:draft',
      summary: 'Say what a reply means',
      params: IdParams,
      body: z.object({ outcome: z.enum(['', ...OUTCOMES]) }),
      async handle({ params, body, principal }) {
        await notices.settleReply(params.id, body.outcome === '' ? null : body.outcome, principal.id);
        return seeOther(LIST_PATH);
      },
    }),
  ];
}
