/** Nonces for signals, and what signals said. */
import { sql, type Kysely, type Selectable } from 'kysely';
import type { Sql, Tx } from '../../platform/db/database.ts';
import type { Hint } from './rules.ts';

interface NonceTable {
  session_id: string;
  nonce_hash: Buffer;
  expires_at: Date;
}
interface SignalTable {
  session_id: string;
  direction: Hint['direction'];
  says_over: boolean;
  says_under: boolean;
}
type Tables = { 'age.signal_nonce': NonceTable; 'age.signal': SignalTable };

const tables = (db: Sql): Kysely<Tables> => db.withTables<Tables>();

/** In place of one that was not used. */
export async function putNonce(db: Sql, row: Selectable<NonceTable>): Promise<void> {
  await tables(db)
    .insertInto('age.signal_nonce')
    .values(row)
    .onConflict((conflict) => conflict.column('session_id').doUpdateSet({ nonce_hash: row.nonce_hash, expires_at: row.expires_at }))
    .execute();
}

/** For which session a nonce is. */
export async function findNonce(db: Sql, hash: Buffer, now: Date): Promise<string | undefined> {
  const query = tables(db).selectFrom('age.signal_nonce').select('session_id').where('nonce_hash', '=', hash).where('expires_at', '>', now);
  return (await query.executeTakeFirst())?.session_id;
}

/** True for the first who takes it. */
export async function takeNonce(tx: Tx, hash: Buffer): Promise<boolean> {
  const { numDeletedRows } = await tables(tx).deleteFrom('age.signal_nonce').where('nonce_hash', '=', hash).executeTakeFirst();
  return numDeletedRows > 0n;
}

/** What was said before stays said. */
export async function noteSignal(tx: Tx, sessionId: string, { direction, saysOver, saysUnder }: Hint): Promise<void> {
  await tables(tx)
    .insertInto('age.signal')
    .values({ session_id: sessionId, direction, says_over: saysOver, says_under: saysUnder })
    .onConflict((conflict) =>
      conflict.column('session_id').doUpdateSet({
        says_over: sql`age.signal.says_over or excluded.says_over`,
        says_under: sql`age.signal.says_under or excluded.says_under`,
      }),
    )
    .execute();
}

export async function findHint(db: Sql, sessionId: string): Promise<Hint | undefined> {
  const row = await tables(db).selectFrom('age.signal').selectAll().where('session_id', '=', sessionId).executeTakeFirst();
  return row === undefined ? undefined : { direction: row.direction, saysOver: row.says_over, saysUnder: row.says_under };
}
