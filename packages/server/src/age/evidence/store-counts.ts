/** Visits while they last, and the counters that outlive them. */
import { sql, type Kysely } from 'kysely';
import type { Sql, Tx } from '../../platform/db/database.ts';
import type { CountRow, Day, DayRow, Device, EndedCheck, TallyRow } from './schema.ts';

interface CountTable {
  period: 'day' | 'month';
  day: Day;
  method: string;
  kind: CountRow['kind'];
  outcome: CountRow['outcome'];
  locale: string;
  device: Device;
  is_assisted: boolean;
  duration: CountRow['duration'];
  sessions: number;
  presentations: number;
  refusals: number;
}
interface TallyTable {
  period: 'day' | 'month';
  day: Day;
  method: string;
  word: string;
  count: number;
}
interface VisitTable {
  session_id: string;
  device: Device;
  is_assisted: boolean;
  method: string;
  refusals: number;
  began_at: Date;
}
type Tables = { 'age.evidence_visit': VisitTable; 'age.evidence_count': CountTable; 'age.evidence_tally': TallyTable };

const tables = (db: Sql): Kysely<Tables> => db.withTables<Tables>();

const CELL = ['method', 'kind', 'outcome', 'locale', 'device', 'is_assisted', 'duration'] as const;
/** A statement has at most 65,535 parameters. */
const ROWS_AT_ONCE = 500;

/** The first one counts. */
export async function insertVisit(db: Sql, visit: Pick<VisitTable, 'session_id' | 'device' | 'method' | 'began_at'>): Promise<void> {
  await tables(db)
    .insertInto('age.evidence_visit')
    .values({ ...visit, is_assisted: false, refusals: 0 })
    .onConflict((conflict) => conflict.doNothing())
    .execute();
}

export async function updateVisit(db: Sql, sessionId: string, change: Partial<Pick<VisitTable, 'method' | 'is_assisted'>>): Promise<void> {
  await tables(db).updateTable('age.evidence_visit').set(change).where('session_id', '=', sessionId).execute();
}

export async function countRefusal(db: Sql, sessionId: string): Promise<void> {
  await tables(db)
    .updateTable('age.evidence_visit')
    .set(({ eb }) => ({ refusals: eb('refusals', '+', 1) }))
    .where('session_id', '=', sessionId)
    .execute();
}

/** Visits whose check has ended: each is read once, and is gone with that. */
export async function takeEnded(tx: Tx, now: Date): Promise<EndedCheck[]> {
  const { rows } = await sql<{
    method: string;
    result_method: string | null;
    kind: 'verified' | 'estimated' | 'declared' | null;
    result: 'true' | 'false' | 'inconclusive' | null;
    locale: string;
    device: Device;
    is_assisted: boolean;
    attempts: number;
    refusals: number;
    began_at: Date;
    ended_at: Date;
  }>`
    delete from age.evidence_visit v using age.session s left join age.result r on r.session_id = s.id
    where s.id = v.session_id and (s.state <> 'open' or s.expires_at <= ${now})
    returning v.method, r.method as result_method, r.kind, r.result, s.locale, v.device, v.is_assisted, s.attempts, v.refusals, v.began_at,
      coalesce(s.ended_at, s.expires_at) as ended_at`.execute(tx);
  return rows.map((row) => ({
    method: row.result_method ?? row.method,
    kind: row.kind ?? undefined,
    result: row.result ?? undefined,
    locale: row.locale,
    device: row.device,
    isAssisted: row.is_assisted,
    presentations: row.attempts,
    refusals: row.refusals,
    beganAt: row.began_at,
    endedAt: row.ended_at,
  }));
}

interface Period {
  readonly period: 'day' | 'month';
  readonly day: Day;
}

/** In the order of the key: two nodes that add at once do not wait for each other in a circle. */
export async function addCounts(tx: Tx, { period, day }: Period, counts: readonly CountRow[]): Promise<void> {
  const rows = counts.map(({ isAssisted, ...count }) => ({ period, day, is_assisted: isAssisted, ...count }));
  const sorted = rows.toSorted((a, b) => (keyOf(a) < keyOf(b) ? -1 : 1));
  for (let from = 0; from < sorted.length; from += ROWS_AT_ONCE) {
    await tables(tx)
      .insertInto('age.evidence_count')
      .values(sorted.slice(from, from + ROWS_AT_ONCE))
      .onConflict((conflict) =>
        conflict.columns(['period', 'day', ...CELL]).doUpdateSet(({ eb, ref }) => ({
          sessions: eb('age.evidence_count.sessions', '+', ref('excluded.sessions')),
          presentations: eb('age.evidence_count.presentations', '+', ref('excluded.presentations')),
          refusals: eb('age.evidence_count.refusals', '+', ref('excluded.refusals')),
        })),
      )
      .execute();
  }
}

function keyOf(row: CountTable): string {
  return JSON.stringify(CELL.map((name) => row[name]));
}

export async function addTallies(db: Sql, period: 'day' | 'month', tallies: readonly TallyRow[]): Promise<void> {
  const rows = tallies.map((tally) => ({ period, ...tally })).toSorted((a, b) => (toText(a) < toText(b) ? -1 : 1));
  for (let from = 0; from < rows.length; from += ROWS_AT_ONCE) {
    await tables(db)
      .insertInto('age.evidence_tally')
      .values(rows.slice(from, from + ROWS_AT_ONCE))
      .onConflict((conflict) =>
        conflict
          .columns(['period', 'day', 'method', 'word'])
          .doUpdateSet(({ eb, ref }) => ({ count: eb('age.evidence_tally.count', '+', ref('excluded.count')) })),
      )
      .execute();
  }
}

function toText({ day, method, word }: TallyRow): string {
  return JSON.stringify([day, method, word]);
}

const total = (column: 'sessions' | 'presentations' | 'refusals') => sql<number>`sum(${sql.ref(column)})::bigint`.as(column);

/** Summed over the days `from` to `to`, of days and of months. */
export async function readCells(db: Sql, { from, to }: { readonly from: Day; readonly to: Day }): Promise<CountRow[]> {
  const rows = await tables(db)
    .selectFrom('age.evidence_count')
    .select([...CELL, total('sessions'), total('presentations'), total('refusals')])
    .where('day', '>=', from)
    .where('day', '<=', to)
    .groupBy([...CELL])
    .execute();
  return rows.map(({ is_assisted: isAssisted, ...row }) => ({ ...row, isAssisted }));
}

export async function readDays(db: Sql, from: Day): Promise<DayRow[]> {
  return tables(db)
    .selectFrom('age.evidence_count')
    .select(['day', 'kind', 'outcome', total('sessions')])
    .where('period', '=', 'day')
    .where('day', '>=', from)
    .groupBy(['day', 'kind', 'outcome'])
    .execute();
}

export async function readTallies(db: Sql, from: Day): Promise<TallyRow[]> {
  return tables(db).selectFrom('age.evidence_tally').select(['day', 'method', 'word', 'count']).where('period', '=', 'day').where('day', '>=', from).execute();
}

/** The first day that anything was counted on. */
export async function readSince(db: Sql): Promise<Day | undefined> {
  const { rows } = await sql<{
    day: Day | null;
  }>`select min(day) as day from (select min(day) as day from age.evidence_count union all select min(day) from age.evidence_tally) as both_tables`.execute(db);
  return rows[0]?.day ?? undefined;
}

/** Days before `before`, which are taken away: the caller writes what is left of them. */
export async function takeOldCounts(tx: Tx, before: Day): Promise<(CountRow & { readonly day: Day })[]> {
  const rows = await tables(tx).deleteFrom('age.evidence_count').where('period', '=', 'day').where('day', '<', before).returningAll().execute();
  return rows.map(({ is_assisted: isAssisted, period: _period, ...row }) => ({ ...row, isAssisted }));
}

export async function takeOldTallies(tx: Tx, before: Day): Promise<TallyRow[]> {
  const rows = await tables(tx).deleteFrom('age.evidence_tally').where('period', '=', 'day').where('day', '<', before).returningAll().execute();
  return rows.map(({ period: _period, ...row }) => row);
}

/** `table.column` of everything that this domain keeps. */
export async function readColumnNames(db: Sql): Promise<string[]> {
  const { rows } = await sql<{ name: string }>`
    select table_name || '.' || column_name as name from information_schema.columns where table_schema = 'age' order by 1`.execute(db);
  return rows.map(({ name }) => name);
}
