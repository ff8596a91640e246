/** Reports as people see them. */
import { GatehouseError, isGatehouseError } from '../../platform/errors.ts';
import type { Contact } from '../hosting/schema.ts';
import { redactClaim, redactContact } from './contact-rules.ts';
import { gatherContent } from './sending.ts';
import { readProcedure, recordViews, type Parts } from './parts.ts';
import type { DraftText, HostedReport, KeptReply, Notice, NoticeContact, ReportDetail, ReportQuery, Viewer } from './schema.ts';
import { judge } from './situations.ts';
import * as store from './store.ts';
import { findNotice, listContacts, listNotices, listReportIds, type NoticeRow, type ReportContactRow, type ReportNoticeRow } from './store-notices.ts';
import { listReplies, type ReplyRow } from './store-replies.ts';
import { hostOf } from './url-rules.ts';

export const NOBODY: Viewer = { seesUrls: false };
const CLOSED = { kind: 'nothing', scope: null, at: null, reason: 'closed' } as const;

export async function readList(parts: Parts, query: ReportQuery, viewer: Viewer): Promise<readonly HostedReport[]> {
  const { sql } = parts.context.database;
  const rows = await store.listReports(sql, query);
  const notices = await listNotices(
    sql,
    rows.map(({ id }) => id),
  );
  const views = await toNotices(parts, notices, viewer);
  return Promise.all(rows.map((row) => toReport(parts, { row, notices, views }, viewer)));
}

export async function readReport(parts: Parts, id: string, viewer: Viewer): Promise<ReportDetail> {
  const { sql } = parts.context.database;
  const row = await store.findReport(sql, id);
  if (row === undefined) throw new GatehouseError('not_found', 'There is no report with this id.');
  const notices = await listNotices(sql, [id]);
  const report = await toReport(parts, { row, notices, views: await toNotices(parts, notices, viewer) }, viewer);
  const ofHost = row.closedAt === null ? await store.listOpenOfHost(sql, row.hostLookup) : [row];
  const next = (await judge(parts, ofHost, { db: sql })).find((one) => one.row.id === id)?.step ?? CLOSED;
  const contacts: NoticeContact[] = [];
  for (const contact of await listContacts(sql, [id])) contacts.push(await toContact(parts, contact, viewer));
  return {
    ...report,
    contacts,
    events: await store.listEvents(sql, id),
    replies: (await listReplies(sql, id)).map(toReply),
    next: { kind: next.kind, scope: next.scope, at: next.at, reason: next.reason },
  };
}

interface Found {
  readonly row: store.ReportRow;
  readonly notices: readonly ReportNoticeRow[];
  readonly views: ReadonlyMap<string, Notice>;
}

/** One row that cannot be opened does not hide the others. */
async function openOr<T>(opened: Promise<T>, otherwise: T): Promise<T> {
  try {
    return await opened;
  } catch (error) {
    if (isGatehouseError(error, 'notice_sealed')) return otherwise;
    throw error;
  }
}

function describeSealed(scope: Contact['scope']): Contact {
  const problem = 'What is kept of it cannot be opened: its key is missing, or it was changed.';
  return { scope, name: 'cannot be opened', email: null, url: null, source: 'sealed', retrievedAt: new Date(0).toISOString(), problem };
}

async function toReport({ vault }: Parts, { row, notices, views }: Found, viewer: Viewer): Promise<HostedReport> {
  const claim = await openOr(vault.openClaim(row), null);
  const own = notices.filter(({ reportId, isWithdrawn }) => reportId === row.id && !isWithdrawn);
  const { id, state, country, classification, reportedAt, reportedBy, policeAgreedAt, closedAt, outcome, duplicateOf, waitsFor, nextAt } = row;
  return {
    ...{ id, state, country, classification, reportedAt, reportedBy, policeAgreedAt, closedAt, outcome, duplicateOf, waitsFor, nextAt },
    host: viewer.seesUrls
      ? await openOr(
          vault.openInput(row).then(({ url }) => hostOf(url)),
          null,
        )
      : null,
    claim: claim === null ? null : redactClaim(claim, viewer),
    hasReplyWaiting: own.some(({ isReplyWaiting }) => isReplyWaiting),
    notices: own.flatMap((one) => views.get(one.id) ?? []),
  };
}

async function toNotices(parts: Parts, rows: readonly NoticeRow[], viewer: Viewer): Promise<ReadonlyMap<string, Notice>> {
  const ids = [...new Set(rows.map(({ id }) => id))];
  const links = await listReportIds(parts.context.database.sql, ids);
  const views = new Map<string, Notice>();
  for (const row of rows) {
    if (views.has(row.id)) continue;
    const recipient = await openOr(
      parts.vault.openContact({ id: row.contactId, keyId: row.contactKeyId, sealed: row.contactSealed }),
      describeSealed(row.scope),
    );
    const { id, contactId, scope, country, format, sequence, state, dueAt, sentAt, answeredAt, messageId, remark } = row;
    views.set(id, {
      ...{ id, contactId, scope, country, format, sequence, state, dueAt, sentAt, answeredAt, messageId, remark },
      reportIds: links.filter(({ noticeId }) => noticeId === id).map(({ reportId }) => reportId),
      recipient: redactContact(recipient, viewer),
    });
  }
  return views;
}

export async function readNoticeView(parts: Parts, noticeId: string, viewer: Viewer): Promise<Notice> {
  const row = await findNotice(parts.context.database.sql, noticeId);
  const view = row === undefined ? undefined : (await toNotices(parts, [row], viewer)).get(noticeId);
  if (view === undefined) throw new GatehouseError('not_found', 'There is no notice with this id.');
  return view;
}

async function toContact({ vault }: Parts, row: ReportContactRow, viewer: Viewer): Promise<NoticeContact> {
  const { id, decision, decidedAt, decidedBy } = row;
  return { id, contact: redactContact(await openOr(vault.openContact(row), describeSealed(row.scope)), viewer), decision, decidedAt, decidedBy };
}

export function toReply({ id, noticeId, kind, outcome, status, receivedAt, handledAt, handledBy }: ReplyRow): KeptReply {
  return { id, noticeId, kind, outcome, status, receivedAt, handledAt, handledBy };
}

export async function revealUrl(parts: Parts, id: string, actor: string): Promise<string> {
  return parts.context.database.transact(async (tx) => {
    const row = await store.findReport(tx, id);
    if (row === undefined) throw new GatehouseError('not_found', 'There is no report with this id.');
    await recordViews(parts, tx, { subjects: [id], actor });
    return (await parts.vault.openInput(row)).url;
  });
}

/** As it was, or will be, written; nothing of it is kept but its parts. */
export async function readNotice(parts: Parts, noticeId: string, actor: string): Promise<DraftText> {
  const { sql } = parts.context.database;
  const notice = await findNotice(sql, noticeId);
  if (notice === undefined) throw new GatehouseError('not_found', 'There is no notice with this id.');
  const ids = (await listReportIds(sql, [noticeId])).map(({ reportId }) => reportId);
  if (ids.length === 0) throw new GatehouseError('conflict', 'No report is left in this notice.');
  const procedure = await readProcedure(parts, notice.country);
  const content = await gatherContent(
    parts,
    notice,
    (await store.listReportsOf(sql, ids)).map((row) => ({ row, procedure })),
  );
  await parts.context.database.transact((tx) => recordViews(parts, tx, { subjects: ids, actor }));
  if (notice.messageId !== null) {
    const { subject, text, json } = await parts.formats.compose(notice.format, content);
    return { subject, text, json, sheet: null };
  }
  const sheet = parts.formats.handover(content);
  const form = notice.format === 'dsa' ? parts.formats.dsa(content) : undefined;
  return { subject: `Hand-over ${content.token}`, text: form?.text ?? sheet.text, json: [form?.json ?? sheet.json], sheet: content };
}
