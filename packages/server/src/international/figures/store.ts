/** Views of reports, notices and statements as figures need them: no address, no name of a host, no contact. */
import { sql } from 'kysely';
import type { Sql, Tx } from '../../platform/db/database.ts';
import type { MonthCount, Move, PublishedShare } from './displacement-rules.ts';
import type { Displacement, Period, ReportRow, StatedValue } from './schema.ts';

/** Reported in the period, without duplicates. */
export async function readReports(db: Sql, { from, to }: Period): Promise<ReportRow[]> {
  const { rows } = await sql<ReportRow>`
    select r.country, r.network, told.scope, r.reported_at as "reportedAt", told.sent_at as "firstSentAt",
      r.closed_at as "closedAt", r.outcome
    from international.hosted_report r left join lateral (
      select n.scope, n.sent_at from international.notice_report nr join international.notice n on n.id = nr.notice_id
      where nr.report_id = r.id and not nr.is_withdrawn and n.sent_at is not null order by n.sent_at, n.id limit 1
    ) told on true
    where r.reported_at >= ${from} and r.reported_at < ${to} and r.duplicate_of is null`.execute(db);
  return rows;
}

/** By month (UTC) and country, over hosts: how many reports, and the sum of the squares of each host's. */
export async function countMonths(db: Sql, { from, to }: Period): Promise<MonthCount[]> {
  const { rows } = await sql<MonthCount>`
    select month, country, sum(reports)::bigint as reports, sum(reports * reports)::bigint as squares from (
      select to_char(reported_at at time zone 'UTC', 'YYYY-MM') as month, country, host_lookup, count(*) as reports
      from international.hosted_report
      where reported_at >= ${from} and reported_at < ${to} and duplicate_of is null and country is not null
      group by 1, 2, 3
    ) by_host group by month, country order by month, country`.execute(db);
  return rows;
}

/** The newest of each country. */
export async function findStated(db: Sql, { topic, key }: { readonly topic: string; readonly key: string }): Promise<StatedValue[]> {
  const { rows } = await sql<StatedValue>`
    select distinct on (country) country, value, as_of::text as "asOf", caveat
    from international.statement where topic = ${topic} and key = ${key} order by country, sequence desc`.execute(db);
  return rows;
}

export async function listStatedKeys(db: Sql, topic: string): Promise<string[]> {
  const { rows } = await sql<{ key: string }>`select distinct key from international.statement where topic = ${topic} order by key`.execute(db);
  return rows.map(({ key }) => key);
}

/** Phases of one capability: of each country the newest assessment that is published or disputed. */
export async function findPhases(db: Sql, capability: number): Promise<StatedValue[]> {
  const { rows } = await sql<StatedValue>`
    select distinct on (a.country) a.country, a.body -> 'phase' as value, to_char(a.made_at at time zone 'UTC', 'YYYY-MM-DD') as "asOf",
      case when s.state = 'disputed' then 'The country disputes it.' end as caveat
    from international.assessment a join lateral (
      select state from international.assessment_state where assessment_id = a.id order by sequence desc limit 1
    ) s on true
    where a.capability = ${capability} and s.state in ('published', 'disputed') order by a.country, a.sequence desc`.execute(db);
  return rows;
}

export async function listPublishedShares(db: Sql): Promise<PublishedShare[]> {
  const { rows } = await sql<{ country: string; year: string; value: unknown }>`
    select distinct on (country, key) country, substring(key from '[0-9]{4}$') as year, value
    from international.statement where topic = 'figure' and key ~ '^iwf_share_[0-9]{4}$' and country <> 'ZZ' order by country, key, sequence desc`.execute(db);
  return rows.flatMap(({ country, year, value }) => (typeof value === 'number' ? { country, year: Number(year), percent: value } : []));
}

/** @returns whether it is new */
export async function keepDisplacement(tx: Tx, move: Move, now: Date): Promise<boolean> {
  const { rows } = await sql`
    insert into international.displacement (basis, country, from_month, from_share, to_month, to_share, p_value, reason, found_at)
    values (${move.basis}, ${move.country}, ${move.from.month}, ${move.from.share}, ${move.to.month}, ${move.to.share}, ${move.pValue}, ${move.reason}, ${now})
    on conflict (basis, country, to_month) do nothing returning id`.execute(tx);
  return rows.length > 0;
}

const DISPLACEMENTS_MAX = 200;

/** Newest first. */
export async function listDisplacements(db: Sql): Promise<Displacement[]> {
  const { rows } = await sql<{
    basis: Displacement['basis'];
    country: string;
    from_month: string;
    from_share: number;
    to_month: string;
    to_share: number;
    p_value: number | null;
    reason: string;
    found_at: Date;
  }>`select * from international.displacement order by to_month desc, country limit ${DISPLACEMENTS_MAX}`.execute(db);
  return rows.map((row) => ({
    basis: row.basis,
    country: row.country,
    from: { month: row.from_month, share: row.from_share },
    to: { month: row.to_month, share: row.to_share },
    pValue: row.p_value,
    reason: row.reason,
    foundAt: row.found_at.toISOString(),
  }));
}
