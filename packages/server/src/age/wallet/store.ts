/** Requests to wallets, and answers that wait for their browser. */
import type { Kysely, Selectable } from 'kysely';
import type { Sql } from '../../platform/db/database.ts';
import type { Channel } from './schema.ts';

interface RequestTable {
  id_hash: Buffer;
  session_id: string;
  channel: Channel;
  sealed: Buffer;
  created_at: Date;
  expires_at: Date;
}
interface AnswerTable {
  code_hash: Buffer;
  session_id: string;
  result: 'true' | 'false';
  grade: number;
  generation: number;
  expires_at: Date;
}
type Tables = { 'age.wallet_request': RequestTable; 'age.wallet_answer': AnswerTable };
export type StoredRequest = Selectable<RequestTable>;
export type StoredAnswer = Selectable<AnswerTable>;

const tables = (db: Sql): Kysely<Tables> => db.withTables<Tables>();

/** The newest request of a session and channel replaces the one before: an old QR code is dead at once. */
export async function putRequest(db: Sql, row: StoredRequest): Promise<void> {
  await tables(db).deleteFrom('age.wallet_request').where('session_id', '=', row.session_id).where('channel', '=', row.channel).execute();
  await tables(db).insertInto('age.wallet_request').values(row).execute();
}

export async function findRequest(db: Sql, idHash: Buffer, now: Date): Promise<StoredRequest | undefined> {
  return tables(db).selectFrom('age.wallet_request').selectAll().where('id_hash', '=', idHash).where('expires_at', '>', now).executeTakeFirst();
}

/** Gone with the first answer, whatever it is: one DELETE decides who is first. */
export async function takeRequest(db: Sql, idHash: Buffer, now: Date): Promise<StoredRequest | undefined> {
  return tables(db).deleteFrom('age.wallet_request').where('id_hash', '=', idHash).where('expires_at', '>', now).returningAll().executeTakeFirst();
}

export async function insertAnswer(db: Sql, row: StoredAnswer): Promise<void> {
  await tables(db).insertInto('age.wallet_answer').values(row).execute();
}

export async function takeAnswer(
  db: Sql,
  what: { readonly codeHash: Buffer; readonly sessionId: string; readonly now: Date },
): Promise<StoredAnswer | undefined> {
  return tables(db)
    .deleteFrom('age.wallet_answer')
    .where('code_hash', '=', what.codeHash)
    .where('session_id', '=', what.sessionId)
    .where('expires_at', '>', what.now)
    .returningAll()
    .executeTakeFirst();
}

export async function prune(db: Sql, now: Date): Promise<void> {
  await tables(db).deleteFrom('age.wallet_request').where('expires_at', '<=', now).execute();
  await tables(db).deleteFrom('age.wallet_answer').where('expires_at', '<=', now).execute();
}
