/** Notices, contacts and replies, for programs. */
import { z } from 'zod';
import { json, noContent } from '../../platform/http/reply.ts';
import { defineRoute, type Route } from '../../platform/http/route.ts';
import { DraftSchema, NoticeSchema, StrayListSchema, toNoticeBody, toReplyBody } from './route-schema.ts';
import { OUTCOMES, type NoticesService } from './schema.ts';

const NOTICES = '/v1/international/notices';
const IdParams = z.object({ id: z.string().max(60) });
const NO_STORE = { headers: { 'cache-control': 'no-store' } };

export function noticeRoutes(notices: NoticesService): readonly Route[] {
  return [...draftRoutes(notices), ...contactRoutes(notices), ...waitingRoutes(notices), keyRoute(notices)];
}

function draftRoutes(notices: NoticesService): readonly Route[] {
  return [
    defineRoute({
      method: 'post',
      path: `${NOTICES}/{id}/text`,
      right: 'notices:urls',
      tag: 'notices',
      summary: 'What a notice says, addresses included; each look is recorded',
      params: IdParams,
      responses: { 200: { description: 'The text for people, and the part for machines', schema: DraftSchema } },
      async handle({ params, principal }) {
        const { subject, text, json: parts } = await notices.readNotice(params.id, principal.id);
        return json({ subject, text, json: parts }, NO_STORE);
      },
    }),
    defineRoute({
      method: 'post',
      path: `${NOTICES}/{id}/approve`,
      right: 'notices:send',
      tag: 'notices',
      summary: 'Approve a draft: a mail goes out at the next turn, a sheet counts as handed over',
      params: IdParams,
      responses: { 200: { description: 'The notice', schema: NoticeSchema } },
      handle: async ({ params, principal }) => json(toNoticeBody(await notices.approve(params.id, principal.id))),
    }),
    defineRoute({
      method: 'post',
      path: `${NOTICES}/{id}/withdraw`,
      right: 'notices:draft',
      tag: 'notices',
      summary: 'Withdraw a notice that was not sent',
      params: IdParams,
      responses: { 200: { description: 'The notice', schema: NoticeSchema } },
      handle: async ({ params, principal }) => json(toNoticeBody(await notices.withdraw(params.id, principal.id))),
    }),
    defineRoute({
      method: 'post',
      path: `${NOTICES}/{id}/settle`,
      right: 'notices:send',
      tag: 'notices',
      summary: 'Say whether a notice arrived of which nobody knew; if not, it is sent again',
      params: IdParams,
      body: z.object({ hasArrived: z.boolean() }),
      responses: { 200: { description: 'The notice', schema: NoticeSchema } },
      handle: async ({ params, body, principal }) => json(toNoticeBody(await notices.settleUnknown(params.id, body.hasArrived, principal.id))),
    }),
  ];
}

function contactRoutes(notices: NoticesService): readonly Route[] {
  return (['approve', 'refuse'] as const).map((verb) =>
    defineRoute({
      method: 'post',
      path: `/v1/international/contacts/{id}/${verb}`,
      right: 'notices:send',
      tag: 'notices',
      summary: verb === 'approve' ? 'Approve a contact: notices may be sent there, now and later' : 'Refuse a contact: nothing is sent there',
      params: IdParams,
      responses: { 204: { description: 'Kept' } },
      async handle({ params, principal }) {
        await (verb === 'approve' ? notices.approveContact(params.id, principal.id) : notices.refuseContact(params.id, principal.id));
        return noContent();
      },
    }),
  );
}

function waitingRoutes(notices: NoticesService): readonly Route[] {
  return [
    defineRoute({
      method: 'get',
      path: `${NOTICES}/replies`,
      right: 'international:read',
      tag: 'notices',
      summary: 'Replies that nobody could match to a notice',
      responses: { 200: { description: 'Without what they say', schema: StrayListSchema } },
      handle: async () => json({ replies: (await notices.strayReplies()).map(toReplyBody) }),
    }),
    defineRoute({
      method: 'post',
      path: `${NOTICES}/replies/{id}/text`,
      right: 'notices:urls',
      tag: 'notices',
      summary: 'What a reply says; it may quote addresses, and each look is recorded',
      params: IdParams,
      responses: { 200: { description: 'Text of a stranger', schema: z.object({ from: z.string().nullable(), text: z.string() }) } },
      handle: async ({ params, principal }) => json(await notices.readReply(params.id, principal.id), NO_STORE),
    }),
    defineRoute({
      method: 'post',
      path: `${NOTICES}/replies/{id}/settle`,
      right: 'notices:draft',
      tag: 'notices',
      summary: 'Say what a reply means: an outcome of every open report of its notice, or nothing that ends them',
      params: IdParams,
      body: z.object({ outcome: z.enum(OUTCOMES).nullable() }),
      responses: { 204: { description: 'Kept; without an outcome, reminders go on' } },
      async handle({ params, body, principal }) {
        await notices.settleReply(params.id, body.outcome, principal.id);
        return noContent();
      },
    }),
  ];
}

function keyRoute(notices: NoticesService): Route {
  return defineRoute({
    method: 'post',
    path: `${NOTICES}/rekey`,
    right: 'international:manage',
    tag: 'notices',
    summary: 'Seal every address, contact and reply with a new key',
    description:
      'With a key file of the operator: with the first key in it. The key file in the data directory gets a new key first, and loses the old ones afterwards.',
    responses: { 200: { description: 'How many rows were sealed again', schema: z.object({ sealed: z.number().int() }) } },
    handle: async ({ principal }) => json(await notices.rekey(principal.id)),
  });
}
