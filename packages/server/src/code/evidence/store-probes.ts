/** Results of test pictures and probes. Kept for 400 days: the longest window is a year. */
import { sql, type ColumnType, type Generated, type Kysely } from 'kysely';
import type { Sql, Tx } from '../../platform/db/database.ts';

export const PROBE_KINDS = ['gate', 'terms', 'complaints', 'feature'] as const;
export type ProbeKind = (typeof PROBE_KINDS)[number];

export interface ProbeResult {
  readonly kind: ProbeKind;
  /** An address that the operator named, or a closed word. */
  readonly subject: string;
  readonly at: Date;
  readonly isOk: boolean;
  readonly finding: string;
  readonly figures: Readonly<Record<string, number>>;
}

export interface CanaryResult {
  readonly transform: string;
  readonly isListed: boolean;
  readonly sent: number;
  readonly found: number;
  readonly released: number;
  readonly undecided: number;
}

type Json = ColumnType<Readonly<Record<string, number>>, string, never>;
type Tables = {
  'code.probe': { sequence: Generated<number>; kind: ProbeKind; subject: string; at: Date; is_ok: boolean; finding: string; figures: Json };
  'code.canary': {
    run_id: string;
    at: Date;
    transform: string;
    is_listed: boolean;
    sent: number;
    found: number;
    released: number;
    undecided: number;
  };
};
const tables = (db: Sql): Kysely<Tables> => db.withTables<Tables>();

export async function insertProbes(db: Sql, results: readonly ProbeResult[]): Promise<void> {
  if (results.length === 0) return;
  const rows = results.map(({ isOk, figures, ...one }) => ({ ...one, is_ok: isOk, figures: JSON.stringify(figures) }));
  await tables(db).insertInto('code.probe').values(rows).execute();
}

interface ProbeQuery {
  readonly kind: ProbeKind;
  readonly from: Date;
  readonly to: Date;
}

export async function readProbes(db: Sql, { kind, from, to }: ProbeQuery): Promise<ProbeResult[]> {
  const rows = await tables(db)
    .selectFrom('code.probe')
    .selectAll()
    .where('kind', '=', kind)
    .where('at', '>=', from)
    .where('at', '<', to)
    .orderBy('sequence')
    .execute();
  return rows.map(({ is_ok: isOk, sequence: _sequence, ...one }) => ({ ...one, isOk }));
}

export async function insertCanaries(tx: Tx, run: { readonly id: string; readonly at: Date; readonly results: readonly CanaryResult[] }): Promise<void> {
  const rows = run.results.map(({ isListed, ...one }) => ({ ...one, is_listed: isListed, run_id: run.id, at: run.at }));
  if (rows.length > 0) await tables(tx).insertInto('code.canary').values(rows).execute();
}

export async function sumCanaries(db: Sql, { from, to }: { readonly from: Date; readonly to: Date }): Promise<CanaryResult[]> {
  const { rows } = await sql<CanaryResult>`
    select transform, is_listed as "isListed", sum(sent) as sent, sum(found) as found, sum(released) as released, sum(undecided) as undecided
    from code.canary where at >= ${from} and at < ${to} group by 1, 2 order by 2 desc, 1`.execute(db);
  return rows;
}

export interface LastRun {
  readonly at: Date;
  readonly results: readonly CanaryResult[];
}

export async function readLastRun(db: Sql): Promise<LastRun | undefined> {
  const rows = await tables(db)
    .selectFrom('code.canary')
    .selectAll()
    .where('run_id', '=', (query) => query.selectFrom('code.canary').select('run_id').orderBy('at', 'desc').orderBy('run_id', 'desc').limit(1))
    .execute();
  const [first] = rows;
  return first === undefined
    ? undefined
    : { at: first.at, results: rows.map(({ is_listed: isListed, run_id: _run, at: _at, ...one }) => ({ ...one, isListed })) };
}

export async function findLastProbeAt(db: Sql, kind: ProbeKind): Promise<Date | undefined> {
  const row = await tables(db).selectFrom('code.probe').select('at').where('kind', '=', kind).orderBy('at', 'desc').limit(1).executeTakeFirst();
  return row?.at;
}

export async function pruneProbes(db: Sql, before: Date): Promise<void> {
  await tables(db).deleteFrom('code.probe').where('at', '<', before).execute();
  await tables(db).deleteFrom('code.canary').where('at', '<', before).execute();
}
