/** What persons decide: about drafts, contacts, police, outcomes. */
import type { Tx } from '../../platform/db/database.ts';
import { GatehouseError } from '../../platform/errors.ts';
import type { LadderStep } from './ladder-schema.ts';
import { record, recordEach, type Parts } from './parts.ts';
import type { NoticeOutcome } from './schema.ts';
import { makeNotice } from './sending.ts';
import { judge } from './situations.ts';
import * as store from './store.ts';
import {
  decideContact,
  findContact,
  leaveNotices,
  listReportIds,
  listReportsWithContact,
  lockNotice,
  updateNotice,
  type NoticeChange,
  type NoticeRow,
} from './store-notices.ts';
import { trace } from './tracing.ts';

const NO_REPORT = 'There is no report with this id.';
const NO_NOTICE = 'There is no notice with this id.';

async function findOpen({ context: { database } }: Parts, id: string): Promise<store.ReportRow> {
  const row = await store.findReport(database.sql, id);
  if (row === undefined) throw new GatehouseError('not_found', NO_REPORT);
  if (row.closedAt !== null) throw new GatehouseError('conflict', `The report is closed (${row.outcome?.replaceAll('_', ' ') ?? ''}). Nothing was changed.`);
  return row;
}

/** What is due next, at once, for this report alone. */
export async function draftNow(parts: Parts, id: string, actor: string): Promise<void> {
  const { database, clock } = parts.context;
  const found = await findOpen(parts, id);
  if ((await trace(parts, [found], AbortSignal.timeout(30_000))) === 'lost')
    throw new GatehouseError('conflict', 'It could not be found out where it is hosted now. Nothing was drafted; it is tried again in an hour.');
  const [judged] = await judge(parts, [await findOpen(parts, id)], { db: database.sql, startAt: clock.now() });
  if (judged === undefined || !isDraftable(judged.step, clock.now()))
    throw new GatehouseError('conflict', `There is nothing to draft now: ${judged?.step.reason ?? 'closed'}. Nothing was changed.`);
  const { step } = judged;
  if ((await makeNotice(parts, { members: [judged], step }, { state: 'draft', actor })) === undefined)
    throw new GatehouseError('conflict', 'Somebody changed the report at the same time. Nothing was drafted.');
  await store.settleReports(database.sql, [{ id, state: 'drafted', waitsFor: step.way === 'hand' ? 'hand' : 'draft', nextAt: null }]);
}

function isDraftable({ waitsFor, noticeId, contactId, at }: LadderStep, now: Date): boolean {
  return waitsFor === null && noticeId === null && contactId !== null && at !== null && at <= now;
}

interface NoticeDecision {
  readonly noticeId: string;
  readonly actor: string;
  /** @throws {GatehouseError} `conflict` */
  decide(notice: NoticeRow, now: Date): { readonly change: NoticeChange; readonly word: string };
}

async function decideNotice(parts: Parts, { noticeId, actor, decide }: NoticeDecision): Promise<void> {
  const { database, clock } = parts.context;
  await database.transact(async (tx) => {
    const notice = await lockNotice(tx, noticeId);
    if (notice === undefined) throw new GatehouseError('not_found', NO_NOTICE);
    const { change, word } = decide(notice, clock.now());
    await updateNotice(tx, noticeId, change);
    const ids = (await listReportIds(tx, [noticeId])).map(({ reportId }) => reportId);
    await recordEach(parts, tx, { subjects: ids, change: word, actor, noticeId });
    await store.wakeReports(tx, ids, clock.now());
  });
}

function requireState({ state }: NoticeRow, wanted: readonly NoticeRow['state'][]): void {
  if (!wanted.includes(state)) throw new GatehouseError('conflict', `The notice is ${state}. Nothing was changed.`);
}

export async function approveNotice(parts: Parts, noticeId: string, actor: string): Promise<void> {
  await decideNotice(parts, {
    noticeId,
    actor,
    decide(notice, now) {
      requireState(notice, ['draft']);
      if (notice.messageId === null) return { change: { state: 'sent', sentAt: now, remark: 'handed over by a person' }, word: 'handed' };
      return { change: { state: 'approved', dueAt: now }, word: 'approved' };
    },
  });
}

export async function withdrawNotice(parts: Parts, noticeId: string, actor: string): Promise<void> {
  await decideNotice(parts, {
    noticeId,
    actor,
    decide(notice) {
      requireState(notice, ['draft', 'approved']);
      return { change: { state: 'withdrawn' }, word: 'notice_withdrawn' };
    },
  });
}

export async function settleUnknown(
  parts: Parts,
  { noticeId, hasArrived, actor }: { readonly noticeId: string; readonly hasArrived: boolean; readonly actor: string },
): Promise<void> {
  await decideNotice(parts, {
    noticeId,
    actor,
    decide(notice, now) {
      requireState(notice, ['unknown']);
      if (!hasArrived) return { change: { state: 'approved', dueAt: now, sendingAt: null, remark: 'did not arrive, says a person' }, word: 'approved' };
      return { change: { state: 'sent', sentAt: notice.sendingAt ?? now, sendingAt: null, remark: 'arrived, says a person' }, word: 'sent' };
    },
  });
}

export async function decideOnContact(
  parts: Parts,
  { contactId, decision, actor }: { readonly contactId: string; readonly decision: 'approved' | 'refused'; readonly actor: string },
): Promise<void> {
  const { database, clock } = parts.context;
  await database.transact(async (tx) => {
    if ((await findContact(tx, contactId)) === undefined) throw new GatehouseError('not_found', 'There is no contact with this id.');
    if (!(await decideContact(tx, { id: contactId, decision, at: clock.now(), actor }))) return;
    await record(parts, tx, { subject: contactId, change: `contact_${decision}`, actor });
    await store.wakeReports(tx, await listReportsWithContact(tx, contactId), clock.now());
  });
}

export async function closeOne(
  parts: Parts,
  tx: Tx,
  { id, outcome, actor }: { readonly id: string; readonly outcome: NoticeOutcome; readonly actor: string },
): Promise<boolean> {
  if (!(await store.closeReport(tx, { id, outcome, at: parts.context.clock.now() }))) return false;
  await leaveNotices(tx, [id]);
  await record(parts, tx, { subject: id, change: `closed_${outcome}`, actor });
  return true;
}

export async function closeByPerson(parts: Parts, closing: { readonly id: string; readonly outcome: NoticeOutcome; readonly actor: string }): Promise<void> {
  await findOpen(parts, closing.id);
  const isClosed = await parts.context.database.transact((tx) => closeOne(parts, tx, closing));
  if (!isClosed) throw new GatehouseError('conflict', 'Somebody else closed the report at the same time. Nothing was changed.');
}

export async function notePolice(parts: Parts, id: string, actor: string): Promise<void> {
  const { database, clock } = parts.context;
  await findOpen(parts, id);
  const isNew = await database.transact(async (tx) => {
    const isDone = await store.agreePolice(tx, id, clock.now());
    if (isDone) await record(parts, tx, { subject: id, change: 'police_agreed', actor });
    return isDone;
  });
  if (!isNew) throw new GatehouseError('conflict', 'That the police agreed is noted already. Nothing was changed.');
}
