/** Replies: matched to a notice, and believed as far as their explicit words go. Everything else is for a person. */
import { GatehouseError } from '../../platform/errors.ts';
import { newId } from '../../platform/ids.ts';
import type { Tx } from '../../platform/db/database.ts';
import { closeOne } from './deciding.ts';
import { MACHINE, recordEach, recordViews, type Parts } from './parts.ts';
import type { Reply } from './replies/schema.ts';
import { judgeReply } from './reply-effect-rules.ts';
import { toReply } from './reading.ts';
import type { KeptReply, NoticeOutcome } from './schema.ts';
import { lockKeys, touchReports } from './store.ts';
import { findNoticeId, listReportIds, lockNotice, updateNotice } from './store-notices.ts';
import { findReply, handleReply, insertReply } from './store-replies.ts';
import { sealReply } from './vault.ts';

export async function receiveReply(parts: Parts, raw: Uint8Array): Promise<{ readonly matched: string | null }> {
  const { database } = parts.context;
  const reply = await parts.replies.parse(raw);
  const matched = await parts.replies.match(reply, {
    byMessageId: (messageId) => findNoticeId(database.sql, 'message_id', messageId),
    byToken: (token) => findNoticeId(database.sql, 'token', token),
  });
  await database.transact((tx) => keepReply(parts, tx, { reply, matched }));
  return { matched };
}

async function keepReply(parts: Parts, tx: Tx, { reply, matched }: { readonly reply: Reply; readonly matched: string | null }): Promise<void> {
  const { clock } = parts.context;
  await lockKeys(tx, 'use');
  const now = clock.now();
  const notice = matched === null ? undefined : await lockNotice(tx, matched);
  const effect = judgeReply(reply, notice);
  const id = newId('rpl', clock);
  const isKept = await insertReply(tx, {
    id,
    ...sealReply(await parts.vault.keys.current(), id, { from: reply.from, text: reply.text }),
    digest: reply.digest,
    noticeId: matched,
    kind: reply.kind,
    outcome: reply.outcome,
    status: reply.status,
    receivedAt: now,
    handledAt: effect.kind === 'person' ? null : now,
    handledBy: effect.kind === 'person' ? null : MACHINE,
  });
  if (!isKept || notice === undefined) return;
  const ids = (await listReportIds(tx, [notice.id])).filter(({ isOpen }) => isOpen).map(({ reportId }) => reportId);
  if (effect.kind === 'none') return;
  if (effect.kind === 'bounced')
    await updateNotice(tx, notice.id, { state: 'failed', remark: `came back${reply.status === null ? '' : ` (${reply.status})`}` });
  else await updateNotice(tx, notice.id, { state: 'answered', answeredAt: now });
  const change = effect.kind === 'bounced' ? 'bounced' : 'answered';
  await recordEach(parts, tx, { subjects: ids, change, actor: MACHINE, noticeId: notice.id });
  if (effect.kind === 'close') for (const report of ids) await closeOne(parts, tx, { id: report, outcome: effect.outcome, actor: MACHINE });
  await touchReports(tx, ids, now);
}

const NO_REPLY = 'There is no reply with this id.';

export async function findKept(parts: Parts, replyId: string): Promise<KeptReply> {
  const row = await findReply(parts.context.database.sql, replyId);
  if (row === undefined) throw new GatehouseError('not_found', NO_REPLY);
  return toReply(row);
}

export async function readReply(parts: Parts, replyId: string, actor: string): Promise<{ readonly from: string | null; readonly text: string }> {
  return parts.context.database.transact(async (tx) => {
    const row = await findReply(tx, replyId);
    if (row === undefined) throw new GatehouseError('not_found', NO_REPLY);
    const subjects = row.noticeId === null ? [] : (await listReportIds(tx, [row.noticeId])).map(({ reportId }) => reportId);
    await recordViews(parts, tx, { subjects, actor });
    return parts.vault.openReply(row);
  });
}

/** @param outcome of every open report of the notice; null: the ladder goes on */
export async function settleReply(
  parts: Parts,
  { replyId, outcome, actor }: { readonly replyId: string; readonly outcome: NoticeOutcome | null; readonly actor: string },
): Promise<void> {
  const { database, clock } = parts.context;
  await database.transact(async (tx) => {
    const row = await findReply(tx, replyId);
    if (row === undefined) throw new GatehouseError('not_found', NO_REPLY);
    if (outcome !== null && row.noticeId === null)
      throw new GatehouseError('conflict', 'Nobody knows which notice it answers: close the report itself. Nothing was changed.');
    if (!(await handleReply(tx, { id: replyId, at: clock.now(), by: actor })))
      throw new GatehouseError('conflict', 'Somebody dealt with it before. Nothing was changed.');
    if (row.noticeId === null) return;
    const ids = (await listReportIds(tx, [row.noticeId])).filter(({ isOpen }) => isOpen).map(({ reportId }) => reportId);
    await recordEach(parts, tx, { subjects: ids, change: 'reply_read', actor, noticeId: row.noticeId });
    if (outcome !== null) for (const id of ids) await closeOne(parts, tx, { id, outcome, actor });
    await touchReports(tx, ids, clock.now());
  });
}
