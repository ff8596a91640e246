/** Registered status lists with the last good copy of each, and the revision that every change raises. */
import { sql, type Kysely, type Selectable } from 'kysely';
import type { Sql, Tx } from '../../platform/db/database.ts';
import type { StatusFormat } from './schema.ts';

interface ListTable {
  id: string;
  uri: string;
  issuer: string | null;
  added_at: Date;
  added_by: string;
  token: Buffer | null;
  format: StatusFormat | null;
  signer: string | null;
  issued_at: Date | null;
  expires_at: Date | null;
  entries: number | null;
  fetched_at: Date | null;
  revision: number;
  next_fetch_at: Date;
  failures: number;
  failure: string | null;
  failed_at: Date | null;
}
type Tables = { 'age.status_list': ListTable; 'age.status_state': { singleton: boolean; revision: number } };
export type ListRow = Omit<Selectable<ListTable>, 'token'>;

const tables = (db: Sql): Kysely<Tables> => db.withTables<Tables>();

const ABOUT = [
  'id',
  'uri',
  'issuer',
  'added_at',
  'added_by',
  'format',
  'signer',
  'issued_at',
  'expires_at',
  'entries',
  'fetched_at',
  'revision',
  'next_fetch_at',
  'failures',
  'failure',
  'failed_at',
] as const;

export async function readRevision(db: Sql): Promise<number> {
  return (await tables(db).selectFrom('age.status_state').select('revision').executeTakeFirstOrThrow()).revision;
}

/** Also the lock: two changes wait for each other. */
async function raiseRevision(tx: Tx): Promise<number> {
  const { revision } = await tables(tx)
    .updateTable('age.status_state')
    .set(({ eb }) => ({ revision: eb('revision', '+', 1) }))
    .returning('revision')
    .executeTakeFirstOrThrow();
  return revision;
}

export async function listLists(db: Sql): Promise<ListRow[]> {
  return tables(db).selectFrom('age.status_list').select(ABOUT).orderBy('uri').execute();
}

export async function findList(db: Sql, id: string): Promise<ListRow | undefined> {
  return tables(db).selectFrom('age.status_list').select(ABOUT).where('id', '=', id).executeTakeFirst();
}

export async function readToken(db: Sql, id: string): Promise<Buffer | undefined> {
  return (await tables(db).selectFrom('age.status_list').select('token').where('id', '=', id).executeTakeFirst())?.token ?? undefined;
}

type Added = Pick<ListRow, 'id' | 'uri' | 'issuer' | 'added_at' | 'added_by' | 'next_fetch_at'>;

/** `known`: this address is registered already. `full`: there are as many as may be. */
export async function insertList(tx: Tx, row: Added, max: number): Promise<'added' | 'known' | 'full'> {
  await raiseRevision(tx);
  const { count } = await tables(tx)
    .selectFrom('age.status_list')
    .select(({ fn }) => fn.countAll<number>().as('count'))
    .executeTakeFirstOrThrow();
  if (count >= max) return 'full';
  const { numInsertedOrUpdatedRows = 0n } = await tables(tx)
    .insertInto('age.status_list')
    .values({ ...row, revision: 0, failures: 0 })
    .onConflict((conflict) => conflict.column('uri').doNothing())
    .executeTakeFirst();
  return numInsertedOrUpdatedRows > 0n ? 'added' : 'known';
}

/** What was removed. */
export async function removeList(tx: Tx, id: string): Promise<ListRow | undefined> {
  await raiseRevision(tx);
  return tables(tx).deleteFrom('age.status_list').where('id', '=', id).returning(ABOUT).executeTakeFirst();
}

export interface Claim {
  readonly now: Date;
  readonly leaseUntil: Date;
  readonly limit: number;
}

/** Takes what is due, once for all nodes; whoever takes it has until `leaseUntil`. */
export async function claimDue(db: Sql, { now, leaseUntil, limit }: Claim): Promise<ListRow[]> {
  const due = tables(db)
    .selectFrom('age.status_list')
    .select('id')
    .where('next_fetch_at', '<=', now)
    .orderBy('next_fetch_at')
    .limit(limit)
    .forUpdate()
    .skipLocked();
  return tables(db).updateTable('age.status_list').set({ next_fetch_at: leaseUntil }).where('id', 'in', due).returning(ABOUT).execute();
}

export type Kept = Pick<ListRow, 'format' | 'signer' | 'issued_at' | 'expires_at' | 'entries' | 'fetched_at' | 'next_fetch_at'> & {
  readonly issued_at: Date;
  readonly token: Buffer;
};

/** `older`: there is a newer one already. `no_room`: with it, all lists together would be larger than `maxBytes`. `gone`: not registered any more. */
export async function keepList(
  tx: Tx,
  id: string,
  { kept, maxBytes }: { readonly kept: Kept; readonly maxBytes: number },
): Promise<'kept' | 'older' | 'no_room' | 'gone'> {
  const revision = await raiseRevision(tx);
  const before = await findList(tx, id);
  if (before === undefined) return 'gone';
  if (before.issued_at !== null && before.issued_at > kept.issued_at) return 'older';
  const { others } = await tables(tx)
    .selectFrom('age.status_list')
    .select(sql<number>`coalesce(sum(octet_length(token)), 0)::bigint`.as('others'))
    .where('id', '<>', id)
    .executeTakeFirstOrThrow();
  if (others + kept.token.length > maxBytes) return 'no_room';
  await tables(tx)
    .updateTable('age.status_list')
    .set({ ...kept, revision, failures: 0, failure: null, failed_at: null })
    .where('id', '=', id)
    .execute();
  return 'kept';
}

export async function noteFailure(db: Sql, id: string, failed: { readonly failure: string; readonly at: Date; readonly next: Date }): Promise<void> {
  await tables(db)
    .updateTable('age.status_list')
    .set(({ eb }) => ({ failures: eb('failures', '+', 1), failure: failed.failure, failed_at: failed.at, next_fetch_at: failed.next }))
    .where('id', '=', id)
    .execute();
}
