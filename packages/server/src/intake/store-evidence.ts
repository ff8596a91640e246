/** What the decisions of a time say about the gate. Counts and closed words only. Uploads are kept for 30 days after their end. */
import { sql } from 'kysely';
import type { Sql } from '../platform/db/database.ts';
import type { EvidenceWindow } from '../platform/evidence.ts';
import { CANARY } from './canary.ts';

export interface DecidedCounts {
  /** Uploads of users. */
  readonly decided: number;
  readonly released: number;
  /** Of the released ones: nothing says that they were screened and found clear. */
  readonly unscreened: number;
  /** Of those: released by the policy without a clear verdict. */
  readonly byPolicy: number;
  readonly unsupported: number;
  readonly matched: number;
  /** Matches that a person looked at. */
  readonly looked: number;
  /** The first decision that is still there. */
  readonly since: Date | null;
}

/** Receipts are kept as long after their end as uploads are: a missing one within this time was never issued. */
const RECEIPT_DAYS = 30;

export async function countDecided(db: Sql, { from, to }: EvidenceWindow): Promise<DecidedCounts> {
  const receiptsFrom = new Date(to.getTime() - RECEIPT_DAYS * 86_400_000);
  const { rows } = await sql<DecidedCounts>`
    with decided as (
      select u.id, u.verdict, u.reason, u.disposition, u.decided_at,
        u.disposition = 'release' and u.verdict is distinct from 'clear' as by_policy,
        u.disposition = 'release' and u.verdict = 'clear' and u.decided_at >= ${receiptsFrom} and not exists (
          select 1 from intake.receipt r where r.upload_id = u.id and r.issued_at >= u.decided_at and r.sha256 = coalesce(u.sha256, r.sha256)
        ) as without_receipt
      from intake.upload u
      where u.decided_at >= ${from} and u.decided_at < ${to} and u.created_by <> ${CANARY.id}
    )
    select count(*) as decided,
      count(*) filter (where disposition = 'release') as released,
      count(*) filter (where by_policy or without_receipt) as unscreened,
      count(*) filter (where by_policy) as "byPolicy",
      count(*) filter (where reason = 'unsupported_type') as unsupported,
      count(*) filter (where verdict = 'match') as matched,
      count(*) filter (where verdict = 'match' and exists (select 1 from intake.look l where l.upload_id = decided.id)) as looked,
      min(decided_at) as since
    from decided`.execute(db);
  return rows[0] ?? { decided: 0, released: 0, unscreened: 0, byPolicy: 0, unsupported: 0, matched: 0, looked: 0, since: null };
}

export interface FailedCounts {
  readonly isCanary: boolean;
  readonly failed: number;
  readonly heldBack: number;
}

/** Screenings without an answer about the content, own test pictures apart. */
export async function countFailed(db: Sql, { from, to }: EvidenceWindow): Promise<FailedCounts[]> {
  const { rows } = await sql<FailedCounts>`
    select created_by = ${CANARY.id} as "isCanary", count(*) as failed, count(*) filter (where disposition <> 'release') as "heldBack"
    from intake.upload
    where decided_at >= ${from} and decided_at < ${to} and verdict in ('error', 'unscannable')
    group by 1 order by 1`.execute(db);
  return rows;
}

export interface Duration {
  readonly count: number;
  readonly p95Seconds: number | null;
}

const WAITED = sql`extract(epoch from decided_at - coalesce(queued_at, received_at))`;

/** From complete content (or from being sent back) to the decision. */
export async function measureLatency(db: Sql, { from, to }: EvidenceWindow): Promise<Duration> {
  const { rows } = await sql<Duration>`
    select count(*) as count, percentile_cont(0.95) within group (order by ${WAITED})::double precision as "p95Seconds"
    from intake.upload
    where decided_at >= ${from} and decided_at < ${to} and received_at is not null and created_by <> ${CANARY.id}`.execute(db);
  return rows[0] ?? { count: 0, p95Seconds: null };
}

export interface BlockTimes extends Duration {
  readonly uploads: number;
  readonly revoked: number;
  readonly canaries: number;
}

/**
 * How long what matched could still be met, at most: of uploads from complete content to the decision; of what was released before, from the change of
 * the lists to the end of its receipt. Own test pictures count only where there was nothing else: they are many, and a slow match of a user would drown in them.
 */
export async function measureBlocking(db: Sql, { from, to }: EvidenceWindow): Promise<BlockTimes> {
  const { rows } = await sql<BlockTimes>`
    with blocked as (
      select case when created_by = ${CANARY.id} then 'canary' else 'upload' end as kind, ${WAITED} as seconds
      from intake.upload
      where decided_at >= ${from} and decided_at < ${to} and verdict = 'match' and received_at is not null
        and not exists (select 1 from intake.receipt r where r.upload_id = upload.id and r.revoke_reason = 'list_change' and r.revoked_at = upload.decided_at)
      union all
      select 'revoked', extract(epoch from revoked_at - due_at)
      from intake.receipt
      where revoked_at >= ${from} and revoked_at < ${to} and revoke_reason = 'list_change' and due_at is not null
    )
    select count(*) filter (where is_used) as count,
      percentile_cont(0.95) within group (order by seconds) filter (where is_used)::double precision as "p95Seconds",
      count(*) filter (where kind = 'upload') as uploads, count(*) filter (where kind = 'revoked') as revoked, count(*) filter (where kind = 'canary') as canaries
    from (select *, kind <> 'canary' or not bool_or(kind <> 'canary') over () as is_used from blocked) blocked`.execute(db);
  return rows[0] ?? { count: 0, p95Seconds: null, uploads: 0, revoked: 0, canaries: 0 };
}

/** Matches of users' uploads by how near the nearest hit was. */
export async function countBands(db: Sql, { from, to }: EvidenceWindow): Promise<{ readonly band: string; readonly count: number }[]> {
  const { rows } = await sql<{ band: string; count: number }>`
    select coalesce(band, 'not kept') as band, count(*) as count from intake.upload
    where decided_at >= ${from} and decided_at < ${to} and verdict = 'match' and created_by <> ${CANARY.id}
    group by 1 order by 1`.execute(db);
  return rows;
}

/** What was cleared before may match from now on. */
export async function noteListChange(db: Sql, version: number, at: Date): Promise<void> {
  await sql`insert into intake.list_change (version, at) values (${version}, ${at}) on conflict do nothing`.execute(db);
}

/** The first change that the receipt was not yet compared with is the one that should have ended it. */
export async function noteDue(db: Sql, receipt: { readonly id: string; readonly checkedVersion: number }): Promise<void> {
  await sql`
    update intake.receipt set due_at = (select min(at) from intake.list_change where version > ${receipt.checkedVersion}) where id = ${receipt.id}`.execute(db);
}

export async function purgeListChanges(db: Sql, before: Date): Promise<void> {
  await sql`delete from intake.list_change where at < ${before}`.execute(db);
}
