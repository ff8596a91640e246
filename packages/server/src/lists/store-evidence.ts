/** What the lists say about themselves: when they were renewed, whether their files are whole, how long withdrawn entries may have stayed. */
import { sql } from 'kysely';
import type { Database, Sql } from '../platform/db/database.ts';
import type { EvidenceWindow } from '../platform/evidence.ts';

export interface RenewedList {
  readonly id: string;
  /** The last import, whether or not it changed anything, or the last change of entries. */
  readonly renewedAt: Date;
}

/** Lists in use that hold something. */
export async function readRenewals(db: Sql): Promise<RenewedList[]> {
  const { rows } = await sql<RenewedList>`
    select l.id, greatest(coalesce(l.imported_at, v.at), v.at) as "renewedAt"
    from lists.list l join lists.version v on v.version = l.content_version
    where l.state = 'active' and not l.is_canary and l.content_version > 0
    order by 2`.execute(db);
  return rows;
}

export async function noteImported(db: Sql, listId: string, at: Date): Promise<void> {
  await sql`update lists.list set imported_at = ${at} where id = ${listId}`.execute(db);
}

export interface RemovalGaps {
  readonly withdrawn: number;
  readonly p95Hours: number | null;
}

/**
 * An entry that an import withdrew was withdrawn by its source after the import before (or after the list was made): the time between both is the
 * longest that it can have gone on matching here. Entries count, not imports.
 */
export async function measureRemovals(db: Sql, { from, to }: EvidenceWindow): Promise<RemovalGaps> {
  const { rows } = await sql<RemovalGaps>`
    with gaps as (
      select v.withdrawn, extract(epoch from v.at - coalesce(
        (select max(b.at) from lists.version b where b.list_id = v.list_id and b.version < v.version and b.kind in ('import', 'create')), l.created_at)) / 3600 as hours
      from lists.version v join lists.list l on l.id = v.list_id
      where v.at >= ${from} and v.at < ${to} and v.withdrawn > 0 and not l.is_canary
    ), summed as (
      select hours, sum(withdrawn) over (order by hours, withdrawn rows unbounded preceding) as up_to, sum(withdrawn) over () as total from gaps
    )
    select (select coalesce(sum(withdrawn), 0) from gaps)::bigint as withdrawn,
      (select min(hours) from summed where up_to >= 0.95 * total)::double precision as "p95Hours"`.execute(db);
  return rows[0] ?? { withdrawn: 0, p95Hours: null };
}

export interface Integrity {
  readonly at: Date;
  readonly files: number;
  readonly damaged: number;
}

export async function insertIntegrity(db: Sql, { at, files, damaged }: Integrity): Promise<void> {
  await sql`insert into lists.integrity (at, files, damaged) values (${at}, ${files}, ${damaged})`.execute(db);
  await sql`delete from lists.integrity where at < ${at}::timestamptz - interval '400 days'`.execute(db);
}

export async function readIntegrity(db: Sql): Promise<Integrity | undefined> {
  const { rows } = await sql<Integrity>`select at, files, damaged from lists.integrity order by sequence desc limit 1`.execute(db);
  return rows[0];
}

export interface NamedFile {
  readonly sha256: string;
}

/** Files that lists in use are made of. */
export async function readFileNames({ sql: db }: Database): Promise<NamedFile[]> {
  const { rows } = await sql<NamedFile>`
    select distinct s.sha256 from lists.segment s join lists.list l on l.id = s.list_id where l.state <> 'removed' and not s.is_folded order by 1`.execute(db);
  return rows;
}

export async function isFileNamed(db: Sql, sha256: string): Promise<boolean> {
  const { rows } = await sql`select 1 from lists.segment where sha256 = ${sha256} and not is_folded limit 1`.execute(db);
  return rows.length > 0;
}

export async function findCanaryList(db: Sql): Promise<string | undefined> {
  const { rows } = await sql<{ id: string }>`select id from lists.list where is_canary and state <> 'removed' order by created_at desc limit 1`.execute(db);
  return rows[0]?.id;
}
