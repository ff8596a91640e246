/** From a report to an outcome. */
import type { AppContext } from '../../platform/context.ts';
import type { HostingService } from '../hosting/schema.ts';
import type { ProfilesService } from '../profiles/schema.ts';
import { advance } from './advance.ts';
import { openKeys, readAuthorityFile, readLadderFile } from './configuration.ts';
import { approveNotice, closeByPerson, decideOnContact, draftNow, notePolice, settleUnknown, withdrawNotice } from './deciding.ts';
import { createFormats } from './formats/formats.ts';
import type { Parts } from './parts.ts';
import { NOBODY, readList, readNotice, readNoticeView, readReport, revealUrl, toReply } from './reading.ts';
import { findKept, readReply, receiveReply, settleReply } from './receiving.ts';
import { rekey } from './rekeying.ts';
import { createReplies } from './replies/replies.ts';
import { takeReport } from './reporting.ts';
import type { NoticesService } from './schema.ts';
import { createSender } from './senders/senders.ts';
import { countWaiting, listFacts } from './store.ts';
import { countSent } from './store-notices.ts';
import { listStray } from './store-replies.ts';
import { createVault } from './vault.ts';

export interface NoticesParts {
  readonly context: AppContext;
  readonly hosting: Pick<HostingService, 'claim'>;
  readonly profiles: Pick<ProfilesService, 'procedure'>;
}

/** @throws {GatehouseError} `config_invalid` */
export async function createNoticesService({ context, hosting, profiles }: NoticesParts): Promise<NoticesService> {
  const authority = await readAuthorityFile(context.config);
  const parts: Parts = {
    context,
    hosting,
    profiles,
    authority,
    ladder: await readLadderFile(context.config),
    vault: createVault(await openKeys(context.config)),
    formats: createFormats(),
    sender: authority === null ? null : await createSender(context, authority.contactEmail),
    replies: await createReplies(context),
  };
  return { ...createReports(parts), ...createDecisions(parts), ...createMail(parts) };
}

function createReports(parts: Parts): Pick<NoticesService, 'report' | 'find' | 'list' | 'countWaiting' | 'revealUrl' | 'readNotice' | 'facts' | 'countSent'> {
  const { sql } = parts.context.database;
  return {
    report: async (input, actor) => readReport(parts, await takeReport(parts, input, actor), NOBODY),
    find: (id, viewer = NOBODY) => readReport(parts, id, viewer),
    list: (query, viewer = NOBODY) => readList(parts, query, viewer),
    countWaiting: () => countWaiting(sql),
    revealUrl: (id, actor) => revealUrl(parts, id, actor),
    readNotice: (noticeId, actor) => readNotice(parts, noticeId, actor),
    facts: (period) => listFacts(sql, period),
    countSent: (period) => countSent(sql, period),
  };
}

type Decisions = 'draft' | 'approve' | 'withdraw' | 'settleUnknown' | 'approveContact' | 'refuseContact' | 'close' | 'policeAgreed' | 'rekey';

function createDecisions(parts: Parts): Pick<NoticesService, Decisions> {
  const view = (noticeId: string) => readNoticeView(parts, noticeId, NOBODY);
  return {
    async draft(id, actor) {
      await draftNow(parts, id, actor);
      return (await readReport(parts, id, NOBODY)).notices.filter(({ state }) => state === 'draft');
    },
    async approve(noticeId, actor) {
      await approveNotice(parts, noticeId, actor);
      return view(noticeId);
    },
    async withdraw(noticeId, actor) {
      await withdrawNotice(parts, noticeId, actor);
      return view(noticeId);
    },
    async settleUnknown(noticeId, hasArrived, actor) {
      await settleUnknown(parts, { noticeId, hasArrived, actor });
      return view(noticeId);
    },
    approveContact: (contactId, actor) => decideOnContact(parts, { contactId, decision: 'approved', actor }),
    refuseContact: (contactId, actor) => decideOnContact(parts, { contactId, decision: 'refused', actor }),
    close: (id, outcome, actor) => closeByPerson(parts, { id, outcome, actor }),
    policeAgreed: (id, actor) => notePolice(parts, id, actor),
    rekey: async (actor) => ({ sealed: await rekey(parts, actor) }),
  };
}

function createMail(parts: Parts): Pick<NoticesService, 'advance' | 'receive' | 'strayReplies' | 'findReply' | 'readReply' | 'settleReply' | 'poll'> {
  return {
    advance: (signal) => advance(parts, signal),
    receive: ({ raw }) => receiveReply(parts, raw),
    strayReplies: async () => (await listStray(parts.context.database.sql)).map(toReply),
    findReply: (replyId) => findKept(parts, replyId),
    readReply: (replyId, actor) => readReply(parts, replyId, actor),
    settleReply: (replyId, outcome, actor) => settleReply(parts, { replyId, outcome, actor }),
    async poll(signal) {
      await parts.replies.poll?.(async (raw) => {
        await receiveReply(parts, raw);
      }, signal);
    },
  };
}
