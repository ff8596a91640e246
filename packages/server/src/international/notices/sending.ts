/** One message to one recipient about some reports of one host. It is recorded before it leaves; what is not known afterwards is never sent again by itself. */
import type { Tx } from '../../platform/db/database.ts';
import { isGatehouseError } from '../../platform/errors.ts';
import { newId } from '../../platform/ids.ts';
import type { Contact } from '../hosting/schema.ts';
import type { Procedure } from '../profiles/schema.ts';
import { domainOf } from './formats/clean-rules.ts';
import { makeMessageId, makeToken } from './formats/names.ts';
import type { ComposedNotice, NoticeContent, NoticeFormat, NoticeItem } from './formats/schema.ts';
import type { LadderStep } from './ladder-schema.ts';
import { MACHINE, recordEach, type Parts } from './parts.ts';
import type { SendResult } from './senders/schema.ts';
import { nextAttempt } from './situation-rules.ts';
import type { Judged } from './situations.ts';
import { findNotice, insertNotice, listEarlier, lockNotice, lockUnchanged, updateNotice, type NewNotice, type NoticeRow } from './store-notices.ts';

export interface Batch {
  readonly members: readonly Judged[];
  readonly step: LadderStep;
}

/** What a person must read first. */
export function needsReading({ context: { config } }: Pick<Parts, 'context'>, { way, noticeId, sequence }: LadderStep): boolean {
  if (noticeId !== null) return false;
  return way === 'hand' || (sequence === 1 && config.noticesApprove === 'each');
}

/** @returns undefined when somebody was faster */
export async function makeNotice(
  parts: Parts,
  { members, step }: Batch,
  { state, actor }: { readonly state: 'draft' | 'queued'; readonly actor: string },
): Promise<string | undefined> {
  const { context } = parts;
  const ids = members.map(({ row }) => row.id);
  return context.database.transact(async (tx) => {
    if (!(await isUnchanged(tx, members))) return undefined;
    if (step.noticeId !== null) return takeUp(tx, step.noticeId, context.clock.now());
    const row = composeRow(parts, { members, step }, state);
    if (row === undefined) return undefined;
    const [earliest] = await listEarlier(tx, { reportIds: ids, contactId: row.contactId, before: row.id });
    await insertNotice(tx, { ...row, firstSentAt: earliest?.sentAt ?? null }, ids);
    await recordEach(parts, tx, { subjects: ids, change: state === 'draft' ? 'drafted' : 'sending', actor, noticeId: row.id });
    return row.id;
  });
}

/** One that was approved, or did not leave the last time. */
async function takeUp(tx: Tx, noticeId: string, now: Date): Promise<string | undefined> {
  if ((await lockNotice(tx, noticeId))?.state !== 'approved') return undefined;
  await updateNotice(tx, noticeId, { state: 'queued', sendingAt: now });
  return noticeId;
}

function composeRow(
  { context: { clock }, authority }: Parts,
  { members: [first], step }: Batch,
  state: 'draft' | 'queued',
): Omit<NewNotice, 'firstSentAt'> | undefined {
  const { contactId, scope, sequence, way } = step;
  if (contactId === null || scope === null || first === undefined) return undefined;
  const now = clock.now();
  return {
    ...{ id: newId('ntc', clock), contactId, scope, sequence, state, country: first.row.country, token: makeToken(), dueAt: null, madeAt: now },
    format: chooseFormat(step, first.procedure),
    messageId: way === 'hand' || authority === null ? null : makeMessageId(domainOf(authority.contactEmail)),
    sendingAt: state === 'queued' ? now : null,
  };
}

/** Nobody closed them, told somebody, or wrote another draft since the ladder was asked. */
async function isUnchanged(tx: Tx, members: readonly Judged[]): Promise<boolean> {
  const found = await lockUnchanged(
    tx,
    members.map(({ row }) => row.id),
  );
  return members.every(({ row, noticeCount }) => found.get(row.id) === noticeCount);
}

/** Offices get a sheet; those who run machines get what machines read, in the form that their country's profile names first. */
export function chooseFormat({ scope, way }: Pick<LadderStep, 'scope' | 'way'>, procedure: Procedure | null): NoticeFormat {
  if (scope === 'hotline' || scope === 'police' || scope === 'regulator') return 'handover';
  if (way === 'hand') return 'dsa';
  return procedure?.formats.find((format) => format !== 'portal') ?? 'xarf';
}

export async function sendNotice(
  parts: Parts,
  { noticeId, members, signal }: { readonly noticeId: string; readonly members: readonly Judged[]; readonly signal: AbortSignal },
): Promise<SendResult> {
  const notice = await findNotice(parts.context.database.sql, noticeId);
  const result = notice === undefined ? refuse('it is not there any more') : await deliver(parts, notice, { members, signal });
  const attempts = (notice?.attempts ?? 0) + 1;
  const now = parts.context.clock.now();
  const ids = members.map(({ row }) => row.id);
  await parts.context.database.transact(async (tx) => {
    const retryAt = result.outcome === 'temporary' ? nextAttempt(now, attempts) : null;
    const remark = result.reply.slice(0, 200);
    if (retryAt !== null) await updateNotice(tx, noticeId, { state: 'approved', dueAt: retryAt, sendingAt: null, remark, isAttempt: true });
    else if (result.accepted) await updateNotice(tx, noticeId, { state: 'sent', sentAt: now, sendingAt: null, remark, isAttempt: true });
    else await updateNotice(tx, noticeId, { state: result.outcome === 'unknown' ? 'unknown' : 'failed', remark, isAttempt: true });
    const change = retryAt === null ? ({ accepted: 'sent', permanent: 'failed', temporary: 'failed', unknown: 'unknown' } as const)[result.outcome] : 'delayed';
    await recordEach(parts, tx, { subjects: ids, change, actor: MACHINE, noticeId });
  });
  return result;
}

async function deliver(
  parts: Parts,
  notice: NoticeRow,
  { members, signal }: { readonly members: readonly Judged[]; readonly signal: AbortSignal },
): Promise<SendResult> {
  if (parts.sender === null) return refuse('nothing can be sent');
  let composed: ComposedNotice;
  try {
    composed = await parts.formats.compose(notice.format, await gatherContent(parts, notice, members));
  } catch (error) {
    if (!isGatehouseError(error, 'notice_invalid')) throw error;
    return refuse('it could not be written');
  }
  return parts.sender.send({ to: composed.to, subject: composed.subject, raw: composed.raw, messageId: composed.messageId }, signal);
}

function refuse(reply: string): SendResult {
  return { outcome: 'permanent', accepted: false, reply };
}

/** What it says, as far as it is known now. */
export async function gatherContent(parts: Parts, notice: NoticeRow, members: readonly Pick<Judged, 'row' | 'procedure'>[]): Promise<NoticeContent> {
  const { vault, context, authority } = parts;
  const items: NoticeItem[] = [];
  for (const { row } of members)
    items.push({ reportId: row.id, input: await vault.openInput(row), reportedAt: row.reportedAt, claim: await vault.openClaim(row) });
  const recipient: Contact = await vault.openContact({ id: notice.contactId, keyId: notice.contactKeyId, sealed: notice.contactSealed });
  const reportIds = members.map(({ row }) => row.id);
  const earlier = await listEarlier(context.database.sql, { reportIds, contactId: notice.contactId, before: notice.id });
  return {
    noticeId: notice.id,
    token: notice.token,
    messageId: notice.messageId ?? makeMessageId('invalid'),
    earlier: earlier.flatMap(({ messageId }) => messageId ?? []),
    firstSentAt: notice.firstSentAt,
    items,
    recipient,
    scope: notice.scope,
    country: notice.country,
    sequence: notice.sequence,
    legalBasis: members[0]?.procedure?.legalBasis ?? null,
    authority,
    madeAt: notice.sendingAt ?? context.clock.now(),
  };
}
