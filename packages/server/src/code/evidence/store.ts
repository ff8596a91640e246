/** Evaluations, what is plotted of them, and targets. */
import { sql, type ColumnType, type Generated, type Kysely } from 'kysely';
import type { Database, Sql, Tx } from '../../platform/db/database.ts';
import type { EvaluationSummary, FigurePoint, State, StatePoint, Target } from './schema.ts';

type Json = ColumnType<unknown, string, never>;
type Tables = {
  'code.evaluation': { id: string; sequence: Generated<number>; at: Date; digest: string; counts: Json; content: Json };
  'code.state_point': { control: string; at: Date; state: State; evaluation_id: string };
  'code.state_now': { control: string; state: State; since: Date };
  'code.figure_point': { metric: string; span: string; at: Date; figure: number | null };
  'code.target': { sequence: Generated<number>; id: string; value: number; reason: string; set_by: string; set_at: Date };
};
const tables = (db: Sql): Kysely<Tables> => db.withTables<Tables>();

/** `code.eval` in ASCII: any 64-bit number that nothing else here uses. */
const ADVISORY_LOCK = 0x636f6465;
/** A statement has at most 65,535 parameters. */
const ROWS_AT_ONCE = 5_000;

/** One at a time over all nodes; others wait. Sources read through other connections, so that callers on one node must take turns before. */
export async function withEvaluationLock<T>(database: Database, work: () => Promise<T>): Promise<T> {
  return database.sql.connection().execute(async (connection) => {
    await sql`select pg_advisory_lock(${ADVISORY_LOCK})`.execute(connection);
    try {
      return await work();
    } finally {
      await sql`select pg_advisory_unlock(${ADVISORY_LOCK})`.execute(connection);
    }
  });
}

export interface EvaluationRow {
  readonly id: string;
  readonly at: Date;
  readonly digest: string;
  readonly counts: unknown;
  readonly content: unknown;
}

export interface NewEvaluation {
  readonly id: string;
  readonly at: Date;
  readonly digest: string;
  readonly counts: Readonly<Record<State, number>>;
  /** Canonical JSON. */
  readonly text: string;
  readonly states: readonly { readonly control: string; readonly state: State }[];
  readonly figures: readonly { readonly metric: string; readonly span: string; readonly figure: number | null }[];
}

export async function insertEvaluation(tx: Tx, { id, at, digest, counts, text, states, figures }: NewEvaluation): Promise<void> {
  await tables(tx)
    .insertInto('code.evaluation')
    .values({ id, at, digest, counts: JSON.stringify(counts), content: text })
    .execute();
  for (let from = 0; from < states.length; from += ROWS_AT_ONCE) {
    const rows = states.slice(from, from + ROWS_AT_ONCE).map(({ control, state }) => ({ control, state, at, evaluation_id: id }));
    await tables(tx)
      .insertInto('code.state_point')
      .values(rows)
      .onConflict((conflict) => conflict.columns(['control', 'at']).doUpdateSet({ state: (eb) => eb.ref('excluded.state'), evaluation_id: id }))
      .execute();
  }
  await noteNow(tx, states, at);
  for (let from = 0; from < figures.length; from += ROWS_AT_ONCE) {
    const rows = figures.slice(from, from + ROWS_AT_ONCE).map((figure) => ({ ...figure, at }));
    await tables(tx)
      .insertInto('code.figure_point')
      .values(rows)
      .onConflict((conflict) => conflict.columns(['metric', 'span', 'at']).doUpdateSet({ figure: (eb) => eb.ref('excluded.figure') }))
      .execute();
  }
}

async function noteNow(tx: Tx, states: NewEvaluation['states'], at: Date): Promise<void> {
  if (states.length === 0) return;
  await tables(tx)
    .insertInto('code.state_now')
    .values(states.map(({ control, state }) => ({ control, state, since: at })))
    .onConflict((conflict) =>
      conflict
        .column('control')
        .doUpdateSet({ state: (eb) => eb.ref('excluded.state'), since: (eb) => eb.ref('excluded.since') })
        .where(({ eb, ref }) => eb('code.state_now.state', '<>', ref('excluded.state'))),
    )
    .execute();
  const controls = states.map(({ control }) => control);
  await tables(tx).deleteFrom('code.state_now').where('control', 'not in', controls).execute();
}

export async function readSince(db: Sql): Promise<ReadonlyMap<string, Date>> {
  const rows = await tables(db).selectFrom('code.state_now').select(['control', 'since']).execute();
  return new Map(rows.map(({ control, since }) => [control, since]));
}

export async function findEvaluation(db: Sql, id: string): Promise<EvaluationRow | undefined> {
  return tables(db).selectFrom('code.evaluation').selectAll().where('id', '=', id).executeTakeFirst();
}

export async function findLastEvaluation(db: Sql): Promise<EvaluationRow | undefined> {
  return tables(db).selectFrom('code.evaluation').selectAll().orderBy('sequence', 'desc').limit(1).executeTakeFirst();
}

export async function listEvaluations(
  db: Sql,
  { before, limit }: { readonly before?: Date | undefined; readonly limit: number },
): Promise<EvaluationSummary[]> {
  let query = tables(db).selectFrom('code.evaluation').select(['id', 'at', 'counts']).orderBy('sequence', 'desc').limit(limit);
  if (before !== undefined) query = query.where('at', '<', before);
  const rows = await query.execute();
  // It was written by insertEvaluation, and nothing changes it.
  return rows.map(({ id, at, counts }) => ({ id, at, counts: counts as EvaluationSummary['counts'] }));
}

export async function pruneEvaluations(db: Sql, before: Date): Promise<number> {
  const { numDeletedRows } = await tables(db).deleteFrom('code.evaluation').where('at', '<', before).executeTakeFirst();
  await tables(db).deleteFrom('code.figure_point').where('at', '<', before).execute();
  return Number(numDeletedRows);
}

export async function readStates(db: Sql, control: string, since: Date): Promise<StatePoint[]> {
  const rows = await tables(db)
    .selectFrom('code.state_point')
    .select(['at', 'state', 'evaluation_id'])
    .where('control', '=', control)
    .where('at', '>=', since)
    .orderBy('at')
    .execute();
  return rows.map(({ at, state, evaluation_id: evaluationId }) => ({ at, state, evaluationId }));
}

export async function readFigures(db: Sql, series: { readonly metric: string; readonly span: string; readonly since: Date }): Promise<FigurePoint[]> {
  return tables(db)
    .selectFrom('code.figure_point')
    .select(['at', 'figure'])
    .where('metric', '=', series.metric)
    .where('span', '=', series.span)
    .where('at', '>=', series.since)
    .orderBy('at')
    .execute();
}

export async function readTargets(db: Sql): Promise<Target[]> {
  const rows = await tables(db).selectFrom('code.target').selectAll().distinctOn('id').orderBy('id').orderBy('sequence', 'desc').execute();
  return rows.map(toTarget);
}

export async function readTargetHistory(db: Sql, id: string): Promise<Target[]> {
  const rows = await tables(db).selectFrom('code.target').selectAll().where('id', '=', id).orderBy('sequence', 'desc').execute();
  return rows.map(toTarget);
}

function toTarget({ id, value, reason, set_by: setBy, set_at: setAt }: Omit<Tables['code.target'], 'sequence'>): Target {
  return { id, value, reason, setBy, setAt };
}

export async function insertTarget(tx: Tx, { id, value, reason, setBy, setAt }: Target): Promise<void> {
  await tables(tx).insertInto('code.target').values({ id, value, reason, set_by: setBy, set_at: setAt }).execute();
}
