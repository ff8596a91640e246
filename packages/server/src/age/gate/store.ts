/** OpenID clients, and their requests under way. */
import type { Kysely, Selectable } from 'kysely';
import type { Sql } from '../../platform/db/database.ts';

interface ClientTable {
  id: string;
  service: string;
  redirect_uris: string[];
  secret_hash: Buffer | null;
  min_grade: number;
  created_at: Date;
}
interface FlowTable {
  session_id: string;
  client_id: string;
  redirect_uri: string;
  state: string | null;
  nonce: string | null;
  code_challenge: string;
  code_hash: Buffer | null;
  code_expires_at: Date | null;
}
type Tables = { 'age.openid_client': ClientTable; 'age.openid_flow': FlowTable };
export type ClientRow = Selectable<ClientTable>;
export type FlowRow = Selectable<FlowTable>;

const tables = (db: Sql): Kysely<Tables> => db.withTables<Tables>();

/** The same id again replaces everything but the time; requests under way keep what they began with. */
export async function putClient(db: Sql, row: ClientRow): Promise<ClientRow> {
  const { id: _id, created_at: _at, ...changed } = row;
  return tables(db)
    .insertInto('age.openid_client')
    .values(row)
    .onConflict((conflict) => conflict.column('id').doUpdateSet(changed))
    .returningAll()
    .executeTakeFirstOrThrow();
}

export async function findClient(db: Sql, id: string): Promise<ClientRow | undefined> {
  return tables(db).selectFrom('age.openid_client').selectAll().where('id', '=', id).executeTakeFirst();
}

export async function listClients(db: Sql): Promise<ClientRow[]> {
  return tables(db).selectFrom('age.openid_client').selectAll().orderBy('id').execute();
}

export async function deleteClient(db: Sql, id: string): Promise<ClientRow | undefined> {
  return tables(db).deleteFrom('age.openid_client').where('id', '=', id).returningAll().executeTakeFirst();
}

export async function insertFlow(db: Sql, row: Omit<FlowRow, 'code_hash' | 'code_expires_at'>): Promise<void> {
  await tables(db)
    .insertInto('age.openid_flow')
    .values({ ...row, code_hash: null, code_expires_at: null })
    .execute();
}

/** Undefined when the request is over, or has its code already. */
export async function findFlow(db: Sql, sessionId: string): Promise<FlowRow | undefined> {
  return tables(db).selectFrom('age.openid_flow').selectAll().where('session_id', '=', sessionId).where('code_hash', 'is', null).executeTakeFirst();
}

/** True for the first who gives it a code. */
export async function giveCode(db: Sql, sessionId: string, code: { readonly hash: Buffer; readonly expiresAt: Date }): Promise<boolean> {
  const row = await tables(db)
    .updateTable('age.openid_flow')
    .set({ code_hash: code.hash, code_expires_at: code.expiresAt })
    .where('session_id', '=', sessionId)
    .where('code_hash', 'is', null)
    .returning('session_id')
    .executeTakeFirst();
  return row !== undefined;
}

/** Whoever names the code takes it away: nobody can try it twice. */
export async function takeCode(db: Sql, hash: Buffer): Promise<FlowRow | undefined> {
  return tables(db).deleteFrom('age.openid_flow').where('code_hash', '=', hash).returningAll().executeTakeFirst();
}

/** True for the first who ends the request without a code. */
export async function deleteFlow(db: Sql, sessionId: string): Promise<boolean> {
  const row = await tables(db)
    .deleteFrom('age.openid_flow')
    .where('session_id', '=', sessionId)
    .where('code_hash', 'is', null)
    .returning('session_id')
    .executeTakeFirst();
  return row !== undefined;
}
