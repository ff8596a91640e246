/** The outbox of callbacks and the secret that signs them. */
import type { Kysely, Selectable } from 'kysely';
import type { Sql } from '../platform/db/database.ts';
import type { CallbackState, ListCallbacks } from './schema.ts';

interface CallbackTable {
  id: string;
  upload_id: string;
  url: string;
  type: string;
  body: string;
  state: CallbackState;
  attempts: number;
  last_status: number | null;
  last_fault: string | null;
  created_at: Date;
  next_attempt_at: Date | null;
  give_up_at: Date;
  ended_at: Date | null;
}
type Tables = { 'intake.callback': CallbackTable; 'intake.callback_secret': { singleton: boolean; secret: string; created_at: Date } };
export type Callback = Selectable<CallbackTable>;

const tables = (db: Sql): Kysely<Tables> => db.withTables<Tables>();

export async function insertCallback(
  db: Sql,
  callback: Pick<Callback, 'id' | 'upload_id' | 'url' | 'type' | 'body' | 'created_at' | 'give_up_at'>,
): Promise<void> {
  await tables(db)
    .insertInto('intake.callback')
    .values({ ...callback, state: 'pending', attempts: 0, last_status: null, last_fault: null, next_attempt_at: callback.created_at, ended_at: null })
    .execute();
}

export async function findCallback(db: Sql, id: string): Promise<Callback | undefined> {
  return tables(db).selectFrom('intake.callback').selectAll().where('id', '=', id).executeTakeFirst();
}

/** Newest first. One more than `limit` when there are more. */
export async function listCallbacks(db: Sql, filter: ListCallbacks): Promise<Callback[]> {
  let query = tables(db)
    .selectFrom('intake.callback')
    .selectAll()
    .orderBy('id', 'desc')
    .limit(filter.limit + 1);
  if (filter.state !== undefined) query = query.where('state', '=', filter.state);
  if (filter.before !== undefined) query = query.where('id', '<', filter.before);
  return query.execute();
}

/**
 * Takes a callback that is due for one attempt: until `until` nobody else does. An attempt that is never noted (the node died) is thus
 * made again.
 */
export async function takeCallback(db: Sql, id: string, attempt: { readonly at: Date; readonly until: Date }): Promise<Callback | undefined> {
  return tables(db)
    .updateTable('intake.callback')
    .set(({ eb }) => ({ next_attempt_at: attempt.until, attempts: eb('attempts', '+', 1) }))
    .where('id', '=', id)
    .where('state', '=', 'pending')
    .where('next_attempt_at', '<=', attempt.at)
    .returningAll()
    .executeTakeFirst();
}

export async function noteAttempt(
  db: Sql,
  id: string,
  outcome: Pick<Callback, 'state' | 'last_status' | 'last_fault' | 'next_attempt_at' | 'ended_at'>,
): Promise<void> {
  await tables(db).updateTable('intake.callback').set(outcome).where('id', '=', id).where('state', '=', 'pending').execute();
}

export async function reviveCallback(db: Sql, id: string, at: { readonly now: Date; readonly giveUpAt: Date }): Promise<Callback | undefined> {
  return tables(db)
    .updateTable('intake.callback')
    .set({ state: 'pending', attempts: 0, next_attempt_at: at.now, give_up_at: at.giveUpAt, ended_at: null })
    .where('id', '=', id)
    .where('state', '=', 'dead')
    .returningAll()
    .executeTakeFirst();
}

/** Due since `before` and nobody came: their job was lost with its node. */
export async function findOverdue(db: Sql, before: Date, limit: number): Promise<string[]> {
  const rows = await tables(db)
    .selectFrom('intake.callback')
    .select('id')
    .where('state', '=', 'pending')
    .where('next_attempt_at', '<', before)
    .orderBy('next_attempt_at')
    .limit(limit)
    .execute();
  return rows.map((row) => row.id);
}

export async function countDead(db: Sql): Promise<number> {
  const row = await tables(db)
    .selectFrom('intake.callback')
    .select(({ fn }) => fn.countAll<number>().as('count'))
    .where('state', '=', 'dead')
    .executeTakeFirstOrThrow();
  return row.count;
}

export async function purgeCallbacks(db: Sql, before: { readonly delivered: Date; readonly dead: Date }): Promise<void> {
  await tables(db).deleteFrom('intake.callback').where('state', '=', 'delivered').where('ended_at', '<', before.delivered).execute();
  await tables(db).deleteFrom('intake.callback').where('state', '=', 'dead').where('ended_at', '<', before.dead).execute();
}

/** The secret of this installation; `fresh` becomes it when there is none. */
export async function takeSecret(db: Sql, fresh: string, at: Date): Promise<string> {
  await tables(db)
    .insertInto('intake.callback_secret')
    .values({ singleton: true, secret: fresh, created_at: at })
    .onConflict((conflict) => conflict.column('singleton').doNothing())
    .execute();
  const row = await tables(db).selectFrom('intake.callback_secret').select('secret').executeTakeFirstOrThrow();
  return row.secret;
}
