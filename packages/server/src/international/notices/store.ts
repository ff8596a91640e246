/** Reports and their history. Addresses and claims are sealed before they come here. */
import { sql } from 'kysely';
import type { Database, Sql, Tx } from '../../platform/db/database.ts';
import type { HostingClaim } from '../hosting/schema.ts';
import type { HostedReport, NoticeEvent, NoticeOutcome, ReportFact, ReportQuery, ReportState, Wait } from './schema.ts';

/** Arbitrary and fixed: "ntcs" and "ntck" in ASCII. */
const ADVANCE_LOCK = 0x6e746373;
const KEYS_LOCK = 0x6e74636b;

export interface ReportRow {
  readonly id: string;
  readonly keyId: string;
  readonly inputSealed: Buffer;
  readonly claimSealed: Buffer | null;
  readonly urlLookup: string;
  readonly hostLookup: string;
  readonly classification: HostedReport['classification'];
  readonly state: ReportState;
  readonly country: string | null;
  readonly origin: HostingClaim['origin'] | null;
  readonly network: string | null;
  readonly reportedAt: Date;
  readonly reportedBy: string;
  readonly placedAt: Date | null;
  readonly policeAgreedAt: Date | null;
  readonly duplicateOf: string | null;
  readonly outcome: NoticeOutcome | null;
  readonly closedAt: Date | null;
  readonly waitsFor: Wait | null;
  readonly nextAt: Date | null;
}

const COLUMNS = sql.raw(`r.id, r.key_id as "keyId", r.input_sealed as "inputSealed", r.claim_sealed as "claimSealed", r.url_lookup as "urlLookup",
  r.host_lookup as "hostLookup", r.classification, r.state, r.country, r.origin, r.network, r.reported_at as "reportedAt", r.reported_by as "reportedBy",
  r.placed_at as "placedAt", r.police_agreed_at as "policeAgreedAt", r.duplicate_of as "duplicateOf", r.outcome, r.closed_at as "closedAt",
  r.waits_for as "waitsFor", r.next_at as "nextAt"`);

/** One node advances at a time. @returns undefined when another one is at it */
export async function withAdvanceLock<T>(database: Database, work: () => Promise<T>): Promise<T | undefined> {
  return database.sql.connection().execute(async (connection) => {
    const { rows } = await sql<{ isMine: boolean }>`select pg_try_advisory_lock(${ADVANCE_LOCK}) as "isMine"`.execute(connection);
    if (rows[0]?.isMine !== true) return undefined;
    try {
      return await work();
    } finally {
      await sql`select pg_advisory_unlock(${ADVANCE_LOCK})`.execute(connection);
    }
  });
}

/** Whoever seals something holds it until the end of the transaction; whoever drops old keys waits for all of them. */
export async function lockKeys(tx: Tx, mode: 'use' | 'drop'): Promise<void> {
  await (mode === 'use' ? sql`select pg_advisory_xact_lock_shared(${KEYS_LOCK})` : sql`select pg_advisory_xact_lock(${KEYS_LOCK})`).execute(tx);
}

/** @returns false when an open report about the same address is there already */
export async function insertReport(tx: Tx, row: ReportRow): Promise<boolean> {
  const { rows } = await sql`
    insert into international.hosted_report (id, key_id, input_sealed, url_lookup, host_lookup, classification, state, reported_at, reported_by, duplicate_of,
      outcome, closed_at, next_at)
    values (${row.id}, ${row.keyId}, ${row.inputSealed}, ${row.urlLookup}, ${row.hostLookup}, ${row.classification}, ${row.state}, ${row.reportedAt},
      ${row.reportedBy}, ${row.duplicateOf}, ${row.outcome}, ${row.closedAt}, ${row.nextAt})
    on conflict do nothing returning 1`.execute(tx);
  return rows.length > 0;
}

export async function findReport(db: Sql, id: string): Promise<ReportRow | undefined> {
  const { rows } = await sql<ReportRow>`select ${COLUMNS} from international.hosted_report r where r.id = ${id}`.execute(db);
  return rows[0];
}

/** @param lookups of the same address under each of the keys */
export async function findOpenByUrl(db: Sql, lookups: readonly string[]): Promise<ReportRow | undefined> {
  const { rows } = await sql<ReportRow>`
    select ${COLUMNS} from international.hosted_report r where r.url_lookup = any(${lookups}) and r.closed_at is null`.execute(db);
  return rows[0];
}

/** Newest first. @param before id of the last one of the page before */
export async function listReports(db: Sql, { state, country, waits, before, limit }: ReportQuery): Promise<ReportRow[]> {
  const { rows } = await sql<ReportRow>`
    select ${COLUMNS} from international.hosted_report r
    where (${state ?? null}::text is null or r.state = ${state ?? null})
      and (${country ?? null}::text is null or r.country = ${country ?? null})
      and (${waits ?? null}::text is null or r.waits_for = ${waits ?? null} or (${waits ?? null} = 'any' and r.waits_for is not null))
      and (${before ?? null}::text is null or r.id < ${before ?? null})
    order by r.id desc limit ${limit}`.execute(db);
  return rows;
}

export async function countWaiting(db: Sql): Promise<Partial<Record<Wait, number>>> {
  const { rows } = await sql<{ waits: Wait; count: number }>`
    select waits_for as waits, count(*) as count from international.hosted_report where closed_at is null and waits_for is not null group by 1`.execute(db);
  return Object.fromEntries(rows.map(({ waits, count }) => [waits, count]));
}

/** Hosts whose reports are due, longest first. */
export async function listDueHosts(db: Sql, now: Date, limit: number): Promise<string[]> {
  const { rows } = await sql<{ host: string }>`
    select host_lookup as host from international.hosted_report where closed_at is null and next_at <= ${now}
    group by 1 order by min(next_at), 1 limit ${limit}`.execute(db);
  return rows.map(({ host }) => host);
}

/** In the order in which they were reported. */
export async function listOpenOfHost(db: Sql, host: string): Promise<ReportRow[]> {
  const { rows } = await sql<ReportRow>`
    select ${COLUMNS} from international.hosted_report r where r.host_lookup = ${host} and r.closed_at is null order by r.id`.execute(db);
  return rows;
}

export async function listReportsOf(db: Sql, ids: readonly string[]): Promise<ReportRow[]> {
  const { rows } = await sql<ReportRow>`select ${COLUMNS} from international.hosted_report r where r.id = any(${ids}) order by r.id`.execute(db);
  return rows;
}

export interface Placing extends Pick<ReportRow, 'id' | 'keyId' | 'country' | 'origin' | 'network' | 'state'> {
  readonly inputSealed: Buffer;
  readonly claimSealed: Buffer;
  readonly urlLookup: string;
  readonly hostLookup: string;
  /** It is there for the first time: the ladder begins, and the police of another country have agreed to nothing. */
  readonly placedAt: Date | null;
}

/** Both sealed parts at once: a row has one key. */
export async function updateClaim(tx: Tx, placing: Placing): Promise<void> {
  const { id, keyId, inputSealed, claimSealed, urlLookup, hostLookup, country, origin, network, state, placedAt } = placing;
  await sql`
    update international.hosted_report set key_id = ${keyId}, input_sealed = ${inputSealed}, claim_sealed = ${claimSealed}, url_lookup = ${urlLookup},
      host_lookup = ${hostLookup}, country = ${country}, origin = ${origin}, network = ${network}, state = ${state},
      placed_at = coalesce(${placedAt}::timestamptz, placed_at),
      police_agreed_at = case when ${placedAt}::timestamptz is null then police_agreed_at end
    where id = ${id} and closed_at is null`.execute(tx);
}

export interface Settling {
  readonly id: string;
  readonly state?: ReportState | undefined;
  readonly waitsFor: Wait | null;
  readonly nextAt: Date | null;
}

export async function settleReports(db: Sql, settlings: readonly Settling[]): Promise<void> {
  if (settlings.length === 0) return;
  const rows = settlings.map(({ id, state, waitsFor, nextAt }) => ({ id, state: state ?? null, waits_for: waitsFor, next_at: nextAt?.toISOString() ?? null }));
  await sql`
    update international.hosted_report r set state = coalesce(s.state, r.state), waits_for = s.waits_for, next_at = s.next_at
    from jsonb_to_recordset(${JSON.stringify(rows)}::jsonb) as s (id text, state text, waits_for text, next_at timestamptz)
    where r.id = s.id and r.closed_at is null`.execute(db);
}

/** They are looked at in the next turn. */
export async function wakeReports(db: Sql, ids: readonly string[], now: Date): Promise<void> {
  await sql`update international.hosted_report set next_at = ${now}, waits_for = null where id = any(${ids}) and closed_at is null`.execute(db);
}

/** The same, and until then they wait for what they waited for: a reply does not answer what else a person has to do. */
export async function touchReports(db: Sql, ids: readonly string[], now: Date): Promise<void> {
  await sql`update international.hosted_report set next_at = ${now} where id = any(${ids}) and closed_at is null`.execute(db);
}

export async function closeReport(tx: Tx, { id, outcome, at }: { readonly id: string; readonly outcome: NoticeOutcome; readonly at: Date }): Promise<boolean> {
  const { rows } = await sql`
    update international.hosted_report set state = 'closed', outcome = ${outcome}, closed_at = ${at}, waits_for = null, next_at = null
    where id = ${id} and closed_at is null returning 1`.execute(tx);
  return rows.length > 0;
}

export async function agreePolice(tx: Tx, id: string, at: Date): Promise<boolean> {
  const { rows } = await sql`
    update international.hosted_report set police_agreed_at = ${at}, next_at = ${at}, waits_for = null
    where id = ${id} and closed_at is null and police_agreed_at is null returning 1`.execute(tx);
  return rows.length > 0;
}

export interface NewEvent extends NoticeEvent {
  readonly subject: string;
}

export async function insertEvent(tx: Tx, { subject, noticeId, change, actor, at }: NewEvent): Promise<void> {
  await sql`
    insert into international.notice_event (subject, notice_id, change, actor, at) values (${subject}, ${noticeId}, ${change}, ${actor}, ${at})`.execute(tx);
}

const EVENTS_MAX = 500;

export async function listEvents(db: Sql, subject: string): Promise<NoticeEvent[]> {
  const { rows } = await sql<NoticeEvent>`
    select at, change, actor, notice_id as "noticeId" from international.notice_event where subject = ${subject} order by seq desc limit ${EVENTS_MAX}`.execute(
    db,
  );
  return rows.toReversed();
}

export async function listFacts(db: Sql, { from, to }: { readonly from: Date; readonly to: Date }): Promise<ReportFact[]> {
  const { rows } = await sql<ReportFact>`
    select r.country, r.network, sent.scope, r.reported_at as "reportedAt", sent.at as "firstSentAt", r.closed_at as "closedAt", r.outcome
    from international.hosted_report r left join lateral (
      select n.scope, n.sent_at as at from international.notice_report l join international.notice n on n.id = l.notice_id
      where l.report_id = r.id and not l.is_withdrawn and n.sent_at is not null order by n.sent_at, n.id limit 1
    ) sent on true
    where r.reported_at >= ${from} and r.reported_at < ${to} and r.duplicate_of is null order by r.id`.execute(db);
  return rows;
}
