/** Checks under way at providers, and how earlier ones of the same session ended. Rows are short-lived; none says who the person is. */
import type { Kysely, Selectable } from 'kysely';
import type { Sql } from '../../platform/db/database.ts';
import type { Attempt } from './rules.ts';

interface FlowTable {
  /** SHA-256 of the state that travels through the browser. */
  state_hash: Buffer;
  session_id: string;
  provider: string;
  nonce: string;
  code_verifier: string;
  reference: string | null;
  challenge_age: number;
  created_at: Date;
  expires_at: Date;
}
interface AttemptTable {
  session_id: string;
  provider: string;
  basis: Attempt['basis'];
  outcome: Attempt['outcome'];
  at: Date;
  expires_at: Date;
}
type Tables = { 'age.provider_flow': FlowTable; 'age.provider_attempt': AttemptTable };
export type Flow = Selectable<FlowTable>;

const tables = (db: Sql): Kysely<Tables> => db.withTables<Tables>();

export async function insertFlow(db: Sql, flow: Flow): Promise<void> {
  await tables(db).insertInto('age.provider_flow').values(flow).execute();
}

export async function findFlow(db: Sql, stateHash: Buffer, now: Date): Promise<Flow | undefined> {
  return tables(db).selectFrom('age.provider_flow').selectAll().where('state_hash', '=', stateHash).where('expires_at', '>', now).executeTakeFirst();
}

export async function findFlowByReference(
  db: Sql,
  wanted: { readonly provider: string; readonly reference: string; readonly now: Date },
): Promise<Flow | undefined> {
  return tables(db)
    .selectFrom('age.provider_flow')
    .selectAll()
    .where('provider', '=', wanted.provider)
    .where('reference', '=', wanted.reference)
    .where('expires_at', '>', wanted.now)
    .executeTakeFirst();
}

/** True for exactly one caller. */
export async function takeFlow(db: Sql, stateHash: Buffer): Promise<boolean> {
  const { numDeletedRows } = await tables(db).deleteFrom('age.provider_flow').where('state_hash', '=', stateHash).executeTakeFirst();
  return numDeletedRows > 0n;
}

export async function insertAttempt(db: Sql, attempt: Selectable<AttemptTable>): Promise<void> {
  await tables(db).insertInto('age.provider_attempt').values(attempt).execute();
}

export async function listAttempts(db: Sql, sessionId: string): Promise<Attempt[]> {
  return tables(db).selectFrom('age.provider_attempt').select(['provider', 'basis', 'outcome']).where('session_id', '=', sessionId).orderBy('at').execute();
}

export async function prune(db: Sql, now: Date): Promise<void> {
  await tables(db).deleteFrom('age.provider_flow').where('expires_at', '<=', now).execute();
  await tables(db).deleteFrom('age.provider_attempt').where('expires_at', '<=', now).execute();
}
