/** The outbox of `age.session.completed`. The body is not kept: it follows from the result, which goes at its time. */
import type { Kysely, Selectable } from 'kysely';
import type { Sql } from '../../platform/db/database.ts';

interface CallbackTable {
  id: string;
  session_id: string;
  url: string;
  state: 'pending' | 'delivered' | 'dead';
  attempts: number;
  created_at: Date;
  next_attempt_at: Date | null;
  give_up_at: Date;
}
type Tables = { 'age.callback': CallbackTable };
export type Callback = Selectable<CallbackTable>;

const tables = (db: Sql): Kysely<Tables> => db.withTables<Tables>();

export async function insertCallback(db: Sql, callback: Pick<Callback, 'id' | 'session_id' | 'url' | 'created_at' | 'give_up_at'>): Promise<void> {
  await tables(db)
    .insertInto('age.callback')
    .values({ ...callback, state: 'pending', attempts: 0, next_attempt_at: callback.created_at })
    .execute();
}

/** For one attempt: until `until` nobody else takes it. An attempt that is never noted (the node died) is made again. */
export async function takeCallback(db: Sql, id: string, attempt: { readonly at: Date; readonly until: Date }): Promise<Callback | undefined> {
  return tables(db)
    .updateTable('age.callback')
    .set(({ eb }) => ({ next_attempt_at: attempt.until, attempts: eb('attempts', '+', 1) }))
    .where('id', '=', id)
    .where('state', '=', 'pending')
    .where('next_attempt_at', '<=', attempt.at)
    .returningAll()
    .executeTakeFirst();
}

export async function noteAttempt(db: Sql, id: string, outcome: Pick<Callback, 'state' | 'next_attempt_at'>): Promise<void> {
  await tables(db).updateTable('age.callback').set(outcome).where('id', '=', id).where('state', '=', 'pending').execute();
}

/** Due since `before` and nobody came: their job was lost with its node. */
export async function findOverdue(db: Sql, before: Date, limit: number): Promise<string[]> {
  const rows = await tables(db)
    .selectFrom('age.callback')
    .select('id')
    .where('state', '=', 'pending')
    .where('next_attempt_at', '<', before)
    .orderBy('next_attempt_at')
    .limit(limit)
    .execute();
  return rows.map((row) => row.id);
}
