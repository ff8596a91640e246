/** SQL of the passkeys and of their challenges. */
import type { Generated, Kysely } from 'kysely';
import type { Sql } from '../../platform/db/database.ts';
import type { TokenGrade } from '../tokens/schema.ts';
import type { Ceremony, Passkey } from './schema.ts';

interface PasskeyTable {
  id_hash: Buffer;
  algorithm: number;
  public_key: Buffer;
  sign_count: number;
  threshold: number;
  direction: 'over' | 'under';
  result: 'true' | 'false';
  grade: TokenGrade;
  checked_at: Date;
  valid_until: Date;
  generation: number;
}
interface ChallengeTable {
  session_id: string;
  ceremony: Ceremony;
  challenge_hash: Buffer | null;
  expires_at: Date;
  is_done: Generated<boolean>;
  remove_at: Date;
}
type Tables = { 'age.passkey': PasskeyTable; 'age.passkey_challenge': ChallengeTable };

const tables = (db: Sql): Kysely<Tables> => db.withTables<Tables>();

export interface ChallengeKey {
  readonly sessionId: string;
  readonly ceremony: Ceremony;
}

/** In place of an earlier one. False when the session has done this ceremony already. */
export async function openChallenge(
  db: Sql,
  key: ChallengeKey,
  challenge: { readonly hash: Buffer; readonly expiresAt: Date; readonly removeAt: Date },
): Promise<boolean> {
  const values = { challenge_hash: challenge.hash, expires_at: challenge.expiresAt, remove_at: challenge.removeAt };
  const { numInsertedOrUpdatedRows } = await tables(db)
    .insertInto('age.passkey_challenge')
    .values({ session_id: key.sessionId, ceremony: key.ceremony, ...values })
    .onConflict((conflict) => conflict.columns(['session_id', 'ceremony']).doUpdateSet(values).where('age.passkey_challenge.is_done', '=', false))
    .executeTakeFirst();
  return numInsertedOrUpdatedRows === 1n;
}

/** In one statement: of two that come at once, one has it. */
export async function useChallenge(db: Sql, key: ChallengeKey, challenge: { readonly hash: Buffer; readonly at: Date }): Promise<boolean> {
  const { numUpdatedRows } = await tables(db)
    .updateTable('age.passkey_challenge')
    .set({ challenge_hash: null })
    .where('session_id', '=', key.sessionId)
    .where('ceremony', '=', key.ceremony)
    .where('challenge_hash', '=', challenge.hash)
    .where('expires_at', '>', challenge.at)
    .executeTakeFirst();
  return numUpdatedRows === 1n;
}

/** False when it was done before. */
export async function finishCeremony(db: Sql, key: ChallengeKey): Promise<boolean> {
  const { numUpdatedRows } = await tables(db)
    .updateTable('age.passkey_challenge')
    .set({ is_done: true })
    .where('session_id', '=', key.sessionId)
    .where('ceremony', '=', key.ceremony)
    .where('is_done', '=', false)
    .executeTakeFirst();
  return numUpdatedRows === 1n;
}

/** False when this credential is known: its answer is not replaced by somebody who claims its id. */
export async function insertPasskey(db: Sql, passkey: Passkey): Promise<boolean> {
  const { numInsertedOrUpdatedRows } = await tables(db)
    .insertInto('age.passkey')
    .values({
      id_hash: Buffer.from(passkey.idHash),
      algorithm: passkey.algorithm,
      public_key: Buffer.from(passkey.publicKey),
      sign_count: passkey.signCount,
      threshold: passkey.question.threshold,
      direction: passkey.question.direction,
      result: passkey.result,
      grade: passkey.grade,
      checked_at: passkey.checkedAt,
      valid_until: passkey.validUntil,
      generation: passkey.generation,
    })
    .onConflict((conflict) => conflict.column('id_hash').doNothing())
    .executeTakeFirst();
  return numInsertedOrUpdatedRows === 1n;
}

export async function findPasskey(db: Sql, idHash: Buffer): Promise<Passkey | undefined> {
  const row = await tables(db).selectFrom('age.passkey').selectAll().where('id_hash', '=', idHash).executeTakeFirst();
  if (row === undefined) return undefined;
  return {
    idHash: row.id_hash,
    algorithm: row.algorithm,
    publicKey: row.public_key,
    signCount: row.sign_count,
    question: { threshold: row.threshold, direction: row.direction },
    result: row.result,
    grade: row.grade,
    checkedAt: row.checked_at,
    validUntil: row.valid_until,
    generation: row.generation,
  };
}

/** Only forward from what was read. False when another use came between. */
export async function advanceCounter(db: Sql, idHash: Uint8Array, counter: { readonly from: number; readonly to: number }): Promise<boolean> {
  const { numUpdatedRows } = await tables(db)
    .updateTable('age.passkey')
    .set({ sign_count: counter.to })
    .where('id_hash', '=', Buffer.from(idHash))
    .where('sign_count', '=', counter.from)
    .executeTakeFirst();
  return numUpdatedRows === 1n;
}

export async function prunePasskeys(db: Sql, at: Date, generation: number): Promise<number> {
  await tables(db).deleteFrom('age.passkey_challenge').where('remove_at', '<=', at).execute();
  const { numDeletedRows } = await tables(db)
    .deleteFrom('age.passkey')
    .where((is) => is.or([is('valid_until', '<=', at), is('generation', '<', generation)]))
    .executeTakeFirst();
  return Number(numDeletedRows);
}
