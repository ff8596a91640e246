/** Contacts, notices and replies. */
import { sql } from 'kysely';
import type { Sql, Tx } from '../../platform/db/database.ts';
import type { Scope } from '../hosting/schema.ts';
import type { Notice, NoticeContact } from './schema.ts';

export interface ContactRow extends Pick<NoticeContact, 'id' | 'decision' | 'decidedAt' | 'decidedBy'> {
  readonly keyId: string;
  readonly lookup: string;
  readonly scope: Scope;
  readonly sealed: Buffer;
  readonly hasEmail: boolean;
  readonly hasForm: boolean;
  readonly hasProblem: boolean;
}

const CONTACT = sql.raw(`c.id, c.key_id as "keyId", c.lookup, c.scope, c.contact_sealed as sealed, c.has_email as "hasEmail", c.has_form as "hasForm",
  c.has_problem as "hasProblem", c.decision, c.decided_at as "decidedAt", c.decided_by as "decidedBy"`);

export async function findContactByLookup(db: Sql, lookups: readonly string[]): Promise<ContactRow | undefined> {
  const { rows } = await sql<ContactRow>`select ${CONTACT} from international.notice_contact c where c.lookup = any(${lookups})`.execute(db);
  return rows[0];
}

export async function findContact(db: Sql, id: string): Promise<ContactRow | undefined> {
  const { rows } = await sql<ContactRow>`select ${CONTACT} from international.notice_contact c where c.id = ${id}`.execute(db);
  return rows[0];
}

/** What was decided about it stays; what else is known about it is as it was last found. */
export async function putContact(tx: Tx, row: Omit<ContactRow, 'decision' | 'decidedAt' | 'decidedBy'>): Promise<void> {
  await sql`
    insert into international.notice_contact (id, key_id, lookup, scope, contact_sealed, has_email, has_form, has_problem)
    values (${row.id}, ${row.keyId}, ${row.lookup}, ${row.scope}, ${row.sealed}, ${row.hasEmail}, ${row.hasForm}, ${row.hasProblem})
    on conflict (id) do update set key_id = excluded.key_id, lookup = excluded.lookup, contact_sealed = excluded.contact_sealed,
      has_email = excluded.has_email, has_form = excluded.has_form, has_problem = excluded.has_problem`.execute(tx);
}

export async function decideContact(
  tx: Tx,
  { id, decision, at, actor }: { readonly id: string; readonly decision: 'approved' | 'refused'; readonly at: Date; readonly actor: string },
): Promise<boolean> {
  const { rows } = await sql`
    update international.notice_contact set decision = ${decision}, decided_at = ${at}, decided_by = ${actor}
    where id = ${id} and decision is distinct from ${decision} returning 1`.execute(tx);
  return rows.length > 0;
}

/** Best first. */
export async function setContacts(tx: Tx, reportIds: readonly string[], contactIds: readonly string[]): Promise<void> {
  await sql`delete from international.report_contact where report_id = any(${reportIds})`.execute(tx);
  await sql`
    insert into international.report_contact (report_id, contact_id, rank)
    select report, contact, rank from unnest(${reportIds}::text[]) report, unnest(${contactIds}::text[]) with ordinality as c (contact, rank)`.execute(tx);
}

export interface ReportContactRow extends ContactRow {
  readonly reportId: string;
}

export async function listContacts(db: Sql, reportIds: readonly string[]): Promise<ReportContactRow[]> {
  const { rows } = await sql<ReportContactRow>`
    select l.report_id as "reportId", ${CONTACT} from international.report_contact l join international.notice_contact c on c.id = l.contact_id
    where l.report_id = any(${reportIds}) order by l.report_id, l.rank`.execute(db);
  return rows;
}

export async function listReportsWithContact(db: Sql, contactId: string): Promise<string[]> {
  const { rows } = await sql<{ id: string }>`
    select r.id from international.report_contact l join international.hosted_report r on r.id = l.report_id
    where l.contact_id = ${contactId} and r.closed_at is null order by 1`.execute(db);
  return rows.map(({ id }) => id);
}

export interface NoticeRow extends Omit<Notice, 'reportIds' | 'recipient'> {
  readonly token: string;
  readonly firstSentAt: Date | null;
  readonly madeAt: Date;
  readonly sendingAt: Date | null;
  readonly attempts: number;
  readonly contactKeyId: string;
  readonly contactSealed: Buffer;
}

const NOTICE = sql.raw(`n.id, n.contact_id as "contactId", n.scope, n.country, n.format, n.sequence, n.state, n.token, n.message_id as "messageId",
  n.first_sent_at as "firstSentAt", n.made_at as "madeAt", n.due_at as "dueAt", n.sending_at as "sendingAt", n.attempts, n.sent_at as "sentAt",
  n.answered_at as "answeredAt", n.remark, c.key_id as "contactKeyId", c.contact_sealed as "contactSealed"`);
const FROM = sql.raw(`international.notice n join international.notice_contact c on c.id = n.contact_id`);

export interface NewNotice extends Pick<Notice, 'id' | 'contactId' | 'scope' | 'country' | 'format' | 'sequence' | 'state' | 'dueAt' | 'messageId'> {
  readonly token: string;
  readonly firstSentAt: Date | null;
  readonly madeAt: Date;
  readonly sendingAt: Date | null;
}

export async function insertNotice(tx: Tx, row: NewNotice, reportIds: readonly string[]): Promise<void> {
  await sql`
    insert into international.notice (id, contact_id, scope, country, format, sequence, state, token, message_id, first_sent_at, made_at, due_at, sending_at)
    values (${row.id}, ${row.contactId}, ${row.scope}, ${row.country}, ${row.format}, ${row.sequence}, ${row.state}, ${row.token}, ${row.messageId},
      ${row.firstSentAt}, ${row.madeAt}, ${row.dueAt}, ${row.sendingAt})`.execute(tx);
  await sql`
    insert into international.notice_report (notice_id, report_id) select ${row.id}, id from unnest(${reportIds}::text[]) as id`.execute(tx);
}

export async function findNotice(db: Sql, id: string): Promise<NoticeRow | undefined> {
  const { rows } = await sql<NoticeRow>`select ${NOTICE} from ${FROM} where n.id = ${id}`.execute(db);
  return rows[0];
}

/** Locked for the rest of the transaction: two people who decide take turns. */
export async function lockNotice(tx: Tx, id: string): Promise<NoticeRow | undefined> {
  const { rows } = await sql<NoticeRow>`select ${NOTICE} from ${FROM} where n.id = ${id} for update of n`.execute(tx);
  return rows[0];
}

export interface ReportNoticeRow extends NoticeRow {
  readonly reportId: string;
  readonly isWithdrawn: boolean;
  readonly isReplyWaiting: boolean;
}

/** Oldest first. */
export async function listNotices(db: Sql, reportIds: readonly string[]): Promise<ReportNoticeRow[]> {
  const { rows } = await sql<ReportNoticeRow>`
    select l.report_id as "reportId", l.is_withdrawn as "isWithdrawn", ${NOTICE},
      exists (select 1 from international.notice_reply p where p.notice_id = n.id and p.handled_at is null) as "isReplyWaiting"
    from international.notice_report l join ${FROM} on n.id = l.notice_id
    where l.report_id = any(${reportIds}) order by n.seq`.execute(db);
  return rows;
}

export async function listReportIds(
  db: Sql,
  noticeIds: readonly string[],
): Promise<{ readonly noticeId: string; readonly reportId: string; readonly isOpen: boolean }[]> {
  const { rows } = await sql<{ noticeId: string; reportId: string; isOpen: boolean }>`
    select l.notice_id as "noticeId", l.report_id as "reportId", r.closed_at is null as "isOpen"
    from international.notice_report l join international.hosted_report r on r.id = l.report_id
    where l.notice_id = any(${noticeIds}) and not l.is_withdrawn order by 1, 2`.execute(db);
  return rows;
}

export interface NoticeChange {
  readonly state: Notice['state'];
  readonly dueAt?: Date | null;
  readonly sendingAt?: Date | null;
  readonly sentAt?: Date;
  readonly answeredAt?: Date;
  readonly remark?: string | null;
  readonly messageId?: string;
  readonly isAttempt?: true;
}

export async function updateNotice(tx: Tx, id: string, change: NoticeChange): Promise<void> {
  const { state, dueAt, sendingAt, sentAt, answeredAt, remark, messageId, isAttempt } = change;
  await sql`
    update international.notice set state = ${state},
      due_at = ${dueAt === undefined ? sql`due_at` : sql`${dueAt}::timestamptz`},
      sending_at = ${sendingAt === undefined ? sql`sending_at` : sql`${sendingAt}::timestamptz`},
      sent_at = coalesce(${sentAt ?? null}::timestamptz, sent_at), answered_at = coalesce(${answeredAt ?? null}::timestamptz, answered_at),
      remark = ${remark === undefined ? sql`remark` : sql`${remark}::text`}, message_id = coalesce(${messageId ?? null}, message_id),
      attempts = attempts + ${isAttempt === true ? 1 : 0}
    where id = ${id}`.execute(tx);
}

/** Reports that are no longer about it: closed, or elsewhere. @returns notices that nobody is left in */
export async function leaveNotices(tx: Tx, reportIds: readonly string[]): Promise<string[]> {
  await sql`
    update international.notice_report l set is_withdrawn = true from international.notice n
    where n.id = l.notice_id and l.report_id = any(${reportIds}) and n.state in ('draft', 'approved')`.execute(tx);
  const { rows } = await sql<{ id: string }>`
    update international.notice n set state = 'withdrawn' where n.state in ('draft', 'approved')
      and exists (select 1 from international.notice_report l where l.notice_id = n.id and l.report_id = any(${reportIds}))
      and not exists (select 1 from international.notice_report l where l.notice_id = n.id and not l.is_withdrawn)
    returning n.id`.execute(tx);
  return rows.map(({ id }) => id);
}

/** Being sent by nobody any more: the process that did has ended, because whoever asks holds the lock. */
export async function listInterrupted(db: Sql): Promise<string[]> {
  const { rows } = await sql<{ id: string }>`select id from international.notice where state = 'queued' order by id`.execute(db);
  return rows.map(({ id }) => id);
}

export async function findNoticeId(db: Sql, by: 'token' | 'message_id', value: string): Promise<string | null> {
  const { rows } = await sql<{ id: string }>`select id from international.notice where ${sql.ref(by)} = ${value}`.execute(db);
  return rows[0]?.id ?? null;
}

/** Message-IDs of what the recipient already has about these reports, oldest first. */
export async function listEarlier(
  db: Sql,
  { reportIds, contactId, before }: { readonly reportIds: readonly string[]; readonly contactId: string; readonly before: string },
): Promise<{ readonly messageId: string | null; readonly sentAt: Date }[]> {
  const { rows } = await sql<{ messageId: string | null; sentAt: Date }>`
    select distinct n.message_id as "messageId", n.sent_at as "sentAt" from international.notice n join international.notice_report l on l.notice_id = n.id
    where l.report_id = any(${reportIds}) and n.contact_id = ${contactId} and n.sent_at is not null and n.id <> ${before} order by 2`.execute(db);
  return rows;
}

export async function countSent(db: Sql, { from, to }: { readonly from: Date; readonly to: Date }): Promise<{ country: string; sent: number }[]> {
  const { rows } = await sql<{ country: string; sent: number }>`
    select coalesce(country, 'unknown') as country, count(*) as sent from international.notice
    where sent_at >= ${from} and sent_at < ${to} group by 1 order by 1`.execute(db);
  return rows;
}

/** Locks the open ones of these reports. @returns in how many notices each of them was, whatever became of them */
export async function lockUnchanged(tx: Tx, ids: readonly string[]): Promise<ReadonlyMap<string, number>> {
  await sql`select 1 from international.hosted_report where id = any(${ids}) order by id for update`.execute(tx);
  const { rows } = await sql<{ id: string; count: number }>`
    select r.id, (select count(*) from international.notice_report l where l.report_id = r.id) as count
    from international.hosted_report r where r.id = any(${ids}) and r.closed_at is null`.execute(tx);
  return new Map(rows.map(({ id, count }) => [id, count]));
}
