/** The written record and the self-tests. */
import { sql, type Kysely } from 'kysely';
import type { Sql, Tx } from '../../platform/db/database.ts';
import type { Entry, Head } from './record-schema.ts';

type Tables = {
  'age.evidence_record': {
    sequence: number;
    at: Date;
    kind: Entry['kind'];
    actor: string;
    cause: string;
    content: string;
    previous_hash: string;
    hash: string;
  };
  'age.evidence_head': { sequence: number; hash: string };
  'age.evidence_self_test': { id: string; at: Date; version: string; report: string };
};

const tables = (db: Sql): Kysely<Tables> => db.withTables<Tables>();

/** Locked for the rest of the transaction: two writers take turns. */
export async function lockHead(tx: Tx): Promise<Head> {
  return tables(tx).selectFrom('age.evidence_head').select(['sequence', 'hash']).forUpdate().executeTakeFirstOrThrow();
}

export async function readHead(db: Sql): Promise<Head> {
  return tables(db).selectFrom('age.evidence_head').select(['sequence', 'hash']).executeTakeFirstOrThrow();
}

export async function appendEntry(tx: Tx, { previousHash, ...entry }: Entry): Promise<void> {
  await tables(tx)
    .insertInto('age.evidence_record')
    .values({ ...entry, previous_hash: previousHash })
    .execute();
  await tables(tx).updateTable('age.evidence_head').set({ sequence: entry.sequence, hash: entry.hash }).execute();
}

function toEntry({ previous_hash: previousHash, ...row }: Tables['age.evidence_record']): Entry {
  return { ...row, previousHash };
}

export async function listEntries(db: Sql, page: { readonly after: number; readonly limit: number }): Promise<Entry[]> {
  const rows = await tables(db)
    .selectFrom('age.evidence_record')
    .selectAll()
    .where('sequence', '>', page.after)
    .orderBy('sequence')
    .limit(page.limit)
    .execute();
  return rows.map(toEntry);
}

/** @param before only entries before this one */
export async function findLastEntry(db: Sql, kind: Entry['kind'], before?: number): Promise<Entry | undefined> {
  const row = await tables(db)
    .selectFrom('age.evidence_record')
    .selectAll()
    .where('kind', '=', kind)
    .$if(before !== undefined, (query) => query.where('sequence', '<', before ?? 0))
    .orderBy('sequence', 'desc')
    .executeTakeFirst();
  return row === undefined ? undefined : toEntry(row);
}

export interface SelfTestRow {
  readonly id: string;
  readonly at: Date;
  readonly version: string;
  readonly report: string;
}

export async function insertSelfTest(db: Sql, row: SelfTestRow): Promise<void> {
  await tables(db).insertInto('age.evidence_self_test').values(row).execute();
}

export async function findSelfTest(db: Sql, version: string): Promise<SelfTestRow | undefined> {
  return tables(db)
    .selectFrom('age.evidence_self_test')
    .selectAll()
    .where('version', '=', version)
    .orderBy('at', 'desc')
    .orderBy(sql`id`, 'desc')
    .executeTakeFirst();
}
