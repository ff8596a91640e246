/** SQL of the tokens: keys, allowances, and the set of tokens that were used. */
import type { Generated, Kysely, Selectable } from 'kysely';
import type { Sql } from '../../platform/db/database.ts';
import { BANDS, type Band, type TokenClass, type TokenKey } from './schema.ts';

interface KeyTable {
  id: Generated<number>;
  key_id: Buffer;
  threshold: number;
  direction: 'over' | 'under';
  band: number;
  epoch: number;
  generation: number;
  public_key: Buffer;
  private_key: Buffer | null;
  not_before: Date;
  issue_until: Date;
  redeem_until: Date;
  issued: Generated<number>;
}
type Tables = {
  'age.token_key': KeyTable;
  'age.token_allowance': { session_id: string; token_key: number; tokens_left: number; remove_at: Date };
  'age.token_spent': { token_key: number; nonce_hash: Buffer };
};

const tables = (db: Sql): Kysely<Tables> => db.withTables<Tables>();

export interface StoredKey extends TokenKey {
  readonly sealed: Buffer | undefined;
  readonly issued: number;
}

function toKey(row: Selectable<KeyTable>): StoredKey {
  return {
    row: row.id,
    keyId: row.key_id,
    threshold: row.threshold,
    direction: row.direction,
    band: toBand(row.band),
    epoch: row.epoch,
    generation: row.generation,
    publicKey: row.public_key,
    sealed: row.private_key ?? undefined,
    notBefore: row.not_before,
    issueUntil: row.issue_until,
    redeemUntil: row.redeem_until,
    issued: row.issued,
  };
}

function toBand(value: number): Band {
  const band = BANDS.find((known) => known === value);
  if (band === undefined) throw new RangeError('a token key has an unknown band');
  return band;
}

export type NewKey = Omit<TokenKey, 'row'> & { readonly sealed: Buffer };

/** @returns false when another node was quicker: then its key stays, and this one is forgotten */
export async function insertKey(db: Sql, key: NewKey): Promise<boolean> {
  const { numInsertedOrUpdatedRows = 0n } = await tables(db)
    .insertInto('age.token_key')
    .values({
      key_id: Buffer.from(key.keyId),
      threshold: key.threshold,
      direction: key.direction,
      band: key.band,
      epoch: key.epoch,
      generation: key.generation,
      public_key: Buffer.from(key.publicKey),
      private_key: key.sealed,
      not_before: key.notBefore,
      issue_until: key.issueUntil,
      redeem_until: key.redeemUntil,
    })
    .onConflict((conflict) => conflict.columns(['threshold', 'direction', 'band', 'epoch', 'generation']).doNothing())
    .executeTakeFirst();
  return numInsertedOrUpdatedRows > 0n;
}

export async function findKeyOf(db: Sql, cls: TokenClass, generation: number): Promise<StoredKey | undefined> {
  const row = await tables(db)
    .selectFrom('age.token_key')
    .selectAll()
    .where('threshold', '=', cls.threshold)
    .where('direction', '=', cls.direction)
    .where('band', '=', cls.band)
    .where('epoch', '=', cls.epoch)
    .where('generation', '=', generation)
    .executeTakeFirst();
  return row === undefined ? undefined : toKey(row);
}

export async function findKeyById(db: Sql, keyId: Uint8Array): Promise<StoredKey | undefined> {
  const row = await tables(db).selectFrom('age.token_key').selectAll().where('key_id', '=', Buffer.from(keyId)).executeTakeFirst();
  return row === undefined ? undefined : toKey(row);
}

/** Keys that issue or are still taken, the newest epoch first. */
export async function listKeys(db: Sql, generation: number, at: Date): Promise<StoredKey[]> {
  const rows = await tables(db)
    .selectFrom('age.token_key')
    .selectAll()
    .where('generation', '=', generation)
    .where('redeem_until', '>', at)
    .orderBy('epoch', 'desc')
    .orderBy('id')
    .execute();
  return rows.map(toKey);
}

/** Questions for which somebody got a token since `epoch`; keys of others are made when they are asked for. */
export async function listClasses(db: Sql, epoch: number): Promise<Omit<TokenClass, 'epoch'>[]> {
  const rows = await tables(db)
    .selectFrom('age.token_key')
    .select(['threshold', 'direction', 'band'])
    .distinct()
    .where('epoch', '>=', epoch)
    .where('issued', '>', 0)
    .execute();
  return rows.map((row) => ({ threshold: row.threshold, direction: row.direction, band: toBand(row.band) }));
}

/** Private parts of keys that issue no more, and keys that nobody takes any more, with their used tokens. */
export async function pruneKeys(db: Sql, at: Date, generation: number): Promise<number> {
  await tables(db)
    .updateTable('age.token_key')
    .set({ private_key: null })
    .where('private_key', 'is not', null)
    .where((is) => is.or([is('issue_until', '<=', at), is('generation', '<', generation)]))
    .execute();
  const { numDeletedRows } = await tables(db)
    .deleteFrom('age.token_key')
    .where((is) => is.or([is('redeem_until', '<=', at), is('generation', '<', generation)]))
    .executeTakeFirst();
  return Number(numDeletedRows);
}

/** Once for each session; the first one decides. */
export async function openAllowance(
  db: Sql,
  allowance: { readonly sessionId: string; readonly key: number; readonly count: number; readonly removeAt: Date },
): Promise<void> {
  await tables(db)
    .insertInto('age.token_allowance')
    .values({ session_id: allowance.sessionId, token_key: allowance.key, tokens_left: allowance.count, remove_at: allowance.removeAt })
    .onConflict((conflict) => conflict.column('session_id').doNothing())
    .execute();
}

/** One token less, in one statement. False when none is left, or when the allowance is for another key. */
export async function takeAllowance(db: Sql, sessionId: string, key: number): Promise<boolean> {
  const { numUpdatedRows } = await tables(db)
    .updateTable('age.token_allowance')
    .set(({ eb }) => ({ tokens_left: eb('tokens_left', '-', 1) }))
    .where('session_id', '=', sessionId)
    .where('token_key', '=', key)
    .where('tokens_left', '>', 0)
    .executeTakeFirst();
  return numUpdatedRows === 1n;
}

export async function countIssued(db: Sql, key: number): Promise<void> {
  await tables(db)
    .updateTable('age.token_key')
    .set(({ eb }) => ({ issued: eb('issued', '+', 1) }))
    .where('id', '=', key)
    .execute();
}

export async function pruneAllowances(db: Sql, at: Date): Promise<void> {
  await tables(db).deleteFrom('age.token_allowance').where('remove_at', '<=', at).execute();
}

/** False when it was spent before. Of two that come at once, the second waits for the first one's transaction. */
export async function spend(db: Sql, key: number, nonceHash: Buffer): Promise<boolean> {
  const { numInsertedOrUpdatedRows } = await tables(db)
    .insertInto('age.token_spent')
    .values({ token_key: key, nonce_hash: nonceHash })
    .onConflict((conflict) => conflict.doNothing())
    .executeTakeFirst();
  return numInsertedOrUpdatedRows === 1n;
}
