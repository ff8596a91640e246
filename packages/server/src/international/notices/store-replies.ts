/** Replies, and what rotation of the key walks over. */
import { sql } from 'kysely';
import type { Sql, Tx } from '../../platform/db/database.ts';
import type { KeptReply } from './schema.ts';

export interface ReplyRow extends KeptReply {
  readonly keyId: string;
  readonly sealed: Buffer;
}

const REPLY = sql.raw(`p.id, p.key_id as "keyId", p.notice_id as "noticeId", p.kind, p.outcome, p.status, p.content_sealed as sealed,
  p.received_at as "receivedAt", p.handled_at as "handledAt", p.handled_by as "handledBy"`);

/** @returns false when it came before: the same message twice is one reply */
export async function insertReply(tx: Tx, row: ReplyRow & { readonly digest: string }): Promise<boolean> {
  const { rows } = await sql`
    insert into international.notice_reply (id, key_id, digest, notice_id, kind, outcome, status, content_sealed, received_at, handled_at, handled_by)
    values (${row.id}, ${row.keyId}, ${row.digest}, ${row.noticeId}, ${row.kind}, ${row.outcome}, ${row.status}, ${row.sealed}, ${row.receivedAt},
      ${row.handledAt}, ${row.handledBy})
    on conflict (digest) do nothing returning 1`.execute(tx);
  return rows.length > 0;
}

export async function findReply(db: Sql, id: string): Promise<ReplyRow | undefined> {
  const { rows } = await sql<ReplyRow>`select ${REPLY} from international.notice_reply p where p.id = ${id}`.execute(db);
  return rows[0];
}

export async function handleReply(tx: Tx, { id, at, by }: { readonly id: string; readonly at: Date; readonly by: string }): Promise<boolean> {
  const { rows } = await sql`
    update international.notice_reply set handled_at = ${at}, handled_by = ${by} where id = ${id} and handled_at is null returning 1`.execute(tx);
  return rows.length > 0;
}

/** Oldest first. */
export async function listReplies(db: Sql, reportId: string): Promise<ReplyRow[]> {
  const { rows } = await sql<ReplyRow>`
    select ${REPLY} from international.notice_reply p join international.notice_report l on l.notice_id = p.notice_id
    where l.report_id = ${reportId} order by p.received_at, p.id`.execute(db);
  return rows;
}

const STRAY_MAX = 200;

export async function listStray(db: Sql): Promise<ReplyRow[]> {
  const { rows } = await sql<ReplyRow>`
    select ${REPLY} from international.notice_reply p where p.notice_id is null and p.handled_at is null order by p.received_at, p.id limit ${STRAY_MAX}`.execute(
    db,
  );
  return rows;
}

export type SealedTable = 'hosted_report' | 'notice_contact' | 'notice_reply';

/** @returns ids of rows that another key sealed, at most `limit` */
export async function listOtherKey(db: Sql, table: SealedTable, { keyId, limit }: { readonly keyId: string; readonly limit: number }): Promise<string[]> {
  const { rows } = await sql<{ id: string }>`
    select id from ${sql.id('international', table)} where key_id <> ${keyId} order by id limit ${limit}`.execute(db);
  return rows.map(({ id }) => id);
}

export interface Resealed {
  readonly id: string;
  readonly keyId: string;
}

export async function resealReport(
  tx: Tx,
  row: Resealed & { readonly input: Buffer; readonly claim: Buffer | null; readonly url: string; readonly host: string },
): Promise<void> {
  await sql`
    update international.hosted_report set key_id = ${row.keyId}, input_sealed = ${row.input}, claim_sealed = ${row.claim}, url_lookup = ${row.url},
      host_lookup = ${row.host} where id = ${row.id}`.execute(tx);
}

export async function resealContact(tx: Tx, row: Resealed & { readonly sealed: Buffer; readonly lookup: string }): Promise<void> {
  await sql`
    update international.notice_contact set key_id = ${row.keyId}, contact_sealed = ${row.sealed}, lookup = ${row.lookup} where id = ${row.id}`.execute(tx);
}

export async function resealReply(tx: Tx, row: Resealed & { readonly sealed: Buffer }): Promise<void> {
  await sql`update international.notice_reply set key_id = ${row.keyId}, content_sealed = ${row.sealed} where id = ${row.id}`.execute(tx);
}

/** Locked for the rest of the transaction, so that nobody seals it anew between reading and writing. */
export async function lockRow(tx: Tx, table: SealedTable, id: string): Promise<void> {
  await sql`select 1 from ${sql.id('international', table)} where id = ${id} for update`.execute(tx);
}
