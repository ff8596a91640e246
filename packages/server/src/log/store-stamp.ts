/** Tables of time stamps. */
import { sql } from 'kysely';
import type { Sql, Tx } from '../platform/db/database.ts';

export interface StampRow {
  readonly size: number;
  /** As the authority says. */
  readonly at: Date;
  readonly authority: string;
  readonly policy: string;
  readonly serial: string;
}

export interface KeptStamp extends StampRow {
  readonly note: string;
  /** TimeStampResp, DER. */
  readonly response: Buffer;
}

export async function insertStamp(tx: Tx, { size, at, authority, policy, serial, note, response }: KeptStamp): Promise<void> {
  await sql`
    insert into log.stamp (size, at, authority, policy, serial, note, response)
    values (${size}, ${at}, ${authority}, ${policy}, ${serial}, ${note}, ${response}) on conflict do nothing`.execute(tx);
}

export async function findStamp(db: Sql, size: number): Promise<StampRow | undefined> {
  const { rows } = await sql<StampRow>`select size, at, authority, policy, serial from log.stamp where size = ${size}`.execute(db);
  return rows[0];
}

export async function findLastStamp(db: Sql): Promise<StampRow | undefined> {
  const { rows } = await sql<StampRow>`select size, at, authority, policy, serial from log.stamp order by size desc limit 1`.execute(db);
  return rows[0];
}

export async function listStamps(db: Sql): Promise<KeptStamp[]> {
  const { rows } = await sql<KeptStamp>`select size, at, authority, policy, serial, note, response from log.stamp order by size`.execute(db);
  return rows;
}

export interface StampingRow {
  readonly failingSince: Date | null;
  readonly failure: string | null;
}

export async function readStamping(db: Sql): Promise<StampingRow> {
  const { rows } = await sql<StampingRow>`select failing_since as "failingSince", failure from log.stamping`.execute(db);
  return rows[0] ?? { failingSince: null, failure: null };
}

/** @param failure null when it went well */
export async function writeStamping(db: Sql, { at, failure }: { readonly at: Date; readonly failure: string | null }): Promise<void> {
  await sql`
    update log.stamping set tried_at = ${at}, failure = ${failure}, failing_since = case when ${failure}::text is null then null else coalesce(failing_since, ${at}) end`.execute(
    db,
  );
}
