/** Runs of checks, and what each found. */
import { sql, type Kysely } from 'kysely';
import type { Sql, Tx } from '../../platform/db/database.ts';

type Tables = {
  'register.check_run': { id: string; at: Date; digest: string; content: string };
  'register.check_result': { run_id: string; name: string; at: Date; is_passed: boolean; finding: string };
};
const tables = (db: Sql): Kysely<Tables> => db.withTables<Tables>();

export interface RunRow {
  readonly id: string;
  readonly at: Date;
  readonly digest: string;
  /** Canonical JSON. */
  readonly content: string;
}

export interface ResultRow {
  readonly runId: string;
  readonly name: string;
  readonly at: Date;
  readonly isPassed: boolean;
  readonly finding: string;
}

export async function insertRun(tx: Tx, run: RunRow, results: readonly Pick<ResultRow, 'name' | 'isPassed' | 'finding'>[]): Promise<void> {
  await tables(tx)
    .insertInto('register.check_run')
    .values({ ...run })
    .execute();
  if (results.length === 0) return;
  const rows = results.map(({ name, isPassed, finding }) => ({ run_id: run.id, name, at: run.at, is_passed: isPassed, finding }));
  await tables(tx).insertInto('register.check_result').values(rows).execute();
}

export async function findRun(db: Sql, id: string): Promise<RunRow | undefined> {
  return tables(db).selectFrom('register.check_run').selectAll().where('id', '=', id).executeTakeFirst();
}

/** The newest result of each check. */
export async function readNewest(db: Sql): Promise<ReadonlyMap<string, ResultRow>> {
  const rows = await tables(db)
    .selectFrom('register.check_result')
    .selectAll()
    .distinctOn('name')
    .orderBy('name')
    .orderBy('at', 'desc')
    .orderBy('run_id', 'desc')
    .execute();
  return new Map(rows.map((row) => [row.name, toResult(row)]));
}

export async function readHistory(db: Sql, name: string, limit: number): Promise<readonly ResultRow[]> {
  const rows = await tables(db)
    .selectFrom('register.check_result')
    .selectAll()
    .where('name', '=', name)
    .orderBy('at', 'desc')
    .orderBy('run_id', 'desc')
    .limit(limit)
    .execute();
  return rows.map(toResult);
}

/** Results that differ from the one before, newest first. */
export async function readChanges(db: Sql, since: Date): Promise<readonly ResultRow[]> {
  const { rows } = await sql<Tables['register.check_result']>`
    select run_id, name, at, is_passed, finding from (
      select *, lag(is_passed) over (partition by name order by at, run_id) as before from register.check_result where at >= ${since}
    ) as result
    where before <> is_passed
    order by at desc, name`.execute(db);
  return rows.map(toResult);
}

export async function pruneRuns(db: Sql, before: Date): Promise<number> {
  const { numDeletedRows } = await tables(db).deleteFrom('register.check_run').where('at', '<', before).executeTakeFirst();
  return Number(numDeletedRows);
}

function toResult({ run_id: runId, name, at, is_passed: isPassed, finding }: Tables['register.check_result']): ResultRow {
  return { runId, name, at, isPassed, finding };
}
