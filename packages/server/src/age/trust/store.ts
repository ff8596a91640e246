/** Trust lists, anchors and the generation that every change raises. */
import { sql, type Kysely, type Selectable } from 'kysely';
import type { Sql, Tx } from '../../platform/db/database.ts';
import type { Assurance, ListFormat } from './schema.ts';

interface ListTable {
  name: string;
  format: ListFormat;
  sequence: number | null;
  issued_at: Date | null;
  next_update: Date | null;
  sha256: string;
  imported_at: Date;
  imported_by: string;
}
interface AnchorTable {
  id: string;
  list: string;
  certificate: Buffer;
  document_types: string[] | null;
  country: string | null;
  assurance: Assurance;
  valid_from: Date;
  valid_to: Date;
}
interface MuteTable {
  anchor: string;
  at: Date;
  by: string;
  reason: string;
}
type Tables = {
  'age.trust_list': ListTable;
  'age.trust_anchor': AnchorTable;
  'age.trust_mute': MuteTable;
  'age.trust_state': { singleton: boolean; generation: number; revision: number };
};
export type ListRow = Selectable<ListTable>;
export type AnchorRow = Selectable<AnchorTable>;
export type MuteRow = Selectable<MuteTable>;

const tables = (db: Sql): Kysely<Tables> => db.withTables<Tables>();

export async function readState(db: Sql): Promise<{ readonly generation: number; readonly revision: number }> {
  return tables(db).selectFrom('age.trust_state').select(['generation', 'revision']).executeTakeFirstOrThrow();
}

/** Also the lock: two changes wait for each other. */
export async function raiseRevision(tx: Tx): Promise<void> {
  await tables(tx)
    .updateTable('age.trust_state')
    .set(({ eb }) => ({ revision: eb('revision', '+', 1) }))
    .execute();
}

export async function raiseGeneration(tx: Tx): Promise<void> {
  await tables(tx)
    .updateTable('age.trust_state')
    .set(({ eb }) => ({ generation: eb('generation', '+', 1) }))
    .execute();
}

export async function listLists(db: Sql): Promise<ListRow[]> {
  return tables(db).selectFrom('age.trust_list').selectAll().orderBy('name').execute();
}

export async function findList(db: Sql, name: string): Promise<ListRow | undefined> {
  return tables(db).selectFrom('age.trust_list').selectAll().where('name', '=', name).executeTakeFirst();
}

export async function listAnchors(db: Sql): Promise<AnchorRow[]> {
  return tables(db).selectFrom('age.trust_anchor').selectAll().orderBy('list').orderBy('id').execute();
}

export async function listMutes(db: Sql): Promise<MuteRow[]> {
  return tables(db).selectFrom('age.trust_mute').selectAll().execute();
}

/** Puts a list with its anchors in the place of the one of this name. */
export async function replaceList(tx: Tx, list: ListRow, anchors: readonly AnchorRow[]): Promise<void> {
  await tables(tx).deleteFrom('age.trust_list').where('name', '=', list.name).execute();
  await tables(tx).insertInto('age.trust_list').values(list).execute();
  // One certificate may stand on several lists; within one it stands once.
  if (anchors.length > 0)
    await tables(tx)
      .insertInto('age.trust_anchor')
      .values([...anchors])
      .execute();
}

export async function removeList(tx: Tx, name: string): Promise<boolean> {
  const { numDeletedRows } = await tables(tx).deleteFrom('age.trust_list').where('name', '=', name).executeTakeFirst();
  return numDeletedRows > 0n;
}

/** False when it is muted already. */
export async function insertMute(tx: Tx, mute: MuteRow): Promise<boolean> {
  const { numInsertedOrUpdatedRows = 0n } = await tables(tx)
    .insertInto('age.trust_mute')
    .values(mute)
    .onConflict((conflict) => conflict.doNothing())
    .executeTakeFirst();
  return numInsertedOrUpdatedRows > 0n;
}

export async function deleteMute(tx: Tx, anchor: string): Promise<boolean> {
  const { numDeletedRows } = await tables(tx).deleteFrom('age.trust_mute').where('anchor', '=', anchor).executeTakeFirst();
  return numDeletedRows > 0n;
}

export async function hasAnchor(db: Sql, id: string): Promise<boolean> {
  const row = await tables(db)
    .selectFrom('age.trust_anchor')
    .select(sql`1`.as('one'))
    .where('id', '=', id)
    .executeTakeFirst();
  return row !== undefined;
}
