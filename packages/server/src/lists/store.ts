/** The tables of lists and versions. Every function takes the database or a transaction; none knows a rule. */
import { sql, type Kysely, type Selectable, type Generated } from 'kysely';
import type { Database, Sql, Tx } from '../platform/db/database.ts';
import type { ChangeKind, SettingsSnapshot } from './schema-changes.ts';
import type { ListDisposition, SignalType } from './schema.ts';

export interface ListRow {
  readonly id: string;
  readonly name: string;
  readonly source: string;
  readonly state: 'active' | 'disabled' | 'removed';
  readonly radius: number;
  readonly quality_floor: number;
  readonly disposition: ListDisposition;
  readonly next_entry: number;
  readonly created_at: Date;
  readonly changed_at: Date;
  readonly version: number;
  readonly content_version: number;
  readonly folded_version: number;
  /** Test pictures of our own. */
  readonly is_canary: boolean;
}

export interface VersionRow {
  readonly version: number;
  readonly at: Date;
  readonly actor: string;
  readonly kind: ChangeKind;
  readonly list_id: string;
  readonly list_name: string;
  readonly added: number;
  readonly restored: number;
  readonly withdrawn: number;
  readonly disabled: number;
  readonly enabled: number;
  readonly before: SettingsSnapshot | null;
  readonly after: SettingsSnapshot | null;
}

export interface RunRow {
  readonly list_id: string;
  readonly first_entry: number;
  readonly last_entry: number;
  readonly type: SignalType;
  readonly version: number;
}

export type SegmentKind = 'entries' | 'withdrawn' | 'restored' | 'inactive';

export interface SegmentTable {
  readonly id: Generated<number>;
  readonly list_id: string;
  readonly version: number;
  readonly kind: SegmentKind;
  readonly type: SignalType | null;
  readonly sha256: string;
  readonly count: number;
  readonly is_folded: Generated<boolean>;
}
export type SegmentRow = Selectable<SegmentTable>;

export type DeltaOp = 'add' | 'withdraw' | 'restore' | 'disable' | 'enable';

export interface DeltaTable {
  readonly list_id: string;
  readonly version: number;
  readonly entry: number;
  readonly op: DeltaOp;
  readonly type: SignalType | null;
  readonly value: Buffer | null;
  readonly is_folded: Generated<boolean>;
}
export type DeltaRow = Selectable<DeltaTable>;

/** A type, not an interface: Kysely wants an implicit index signature. */
export type ListTables = {
  'lists.state': { is_only: Generated<boolean>; version: number };
  'lists.list': ListRow;
  'lists.version': VersionRow;
  'lists.run': RunRow;
  'lists.segment': SegmentTable;
  'lists.delta': DeltaTable;
  'lists.reference': { list_id: string; entry: number; reference: string };
  'lists.staged': { sha256: string; at: Date };
};

export function tables(db: Sql): Kysely<ListTables> {
  return db.withTables<ListTables>();
}

/** Wakes the other nodes; a hint only. */
export const CHANNEL = 'gatehouse_lists';

export async function readVersion(db: Sql): Promise<number> {
  return (await tables(db).selectFrom('lists.state').select('version').executeTakeFirstOrThrow()).version;
}

/** Everything that the work reads is of one moment. */
export async function readTogether<T>(database: Database, work: (tx: Tx) => Promise<T>): Promise<T> {
  return database.sql.transaction().setIsolationLevel('repeatable read').setAccessMode('read only').execute(work);
}

/** Takes the place in the queue of changes; held until the transaction ends. */
export async function lockVersion(tx: Tx): Promise<number> {
  return (await tables(tx).selectFrom('lists.state').select('version').forUpdate().executeTakeFirstOrThrow()).version;
}

/** @returns the new version */
export async function addVersion(tx: Tx, row: Omit<VersionRow, 'version'>): Promise<number> {
  const { version } = await tables(tx)
    .updateTable('lists.state')
    .set((state) => ({ version: state('version', '+', 1) }))
    .returning('version')
    .executeTakeFirstOrThrow();
  await tables(tx)
    .insertInto('lists.version')
    .values({ ...row, version, before: asJson(row.before), after: asJson(row.after) })
    .execute();
  await sql`select pg_notify(${CHANNEL}, ${String(version)})`.execute(tx);
  return version;
}

function asJson(value: SettingsSnapshot | null): SettingsSnapshot | null {
  return value === null ? null : (sql<SettingsSnapshot>`${JSON.stringify(value)}::jsonb` as unknown as SettingsSnapshot);
}

export async function readLists(db: Sql, ids?: readonly string[]): Promise<ListRow[]> {
  let query = tables(db).selectFrom('lists.list').selectAll().orderBy('id');
  if (ids !== undefined) query = query.where('id', 'in', [...ids, '']);
  return query.execute();
}

export async function readList(db: Sql, id: string): Promise<ListRow | undefined> {
  return tables(db).selectFrom('lists.list').selectAll().where('id', '=', id).executeTakeFirst();
}

/** A list by its id or, when it was not removed, by its name in any case. */
export async function findList(db: Sql, idOrName: string): Promise<ListRow | undefined> {
  return (
    (await readList(db, idOrName)) ??
    tables(db)
      .selectFrom('lists.list')
      .selectAll()
      .where(sql`lower(name)`, '=', sql`lower(${idOrName.trim()})`)
      .where('state', '<>', 'removed')
      .executeTakeFirst()
  );
}

export async function addList(tx: Tx, row: ListRow): Promise<void> {
  await tables(tx).insertInto('lists.list').values(row).execute();
}

export async function updateList(tx: Tx, id: string, changes: Partial<Omit<ListRow, 'id'>>): Promise<void> {
  await tables(tx).updateTable('lists.list').set(changes).where('id', '=', id).execute();
}

/** Another list in use has this name already. */
export async function isNameTaken(db: Sql, name: string, exceptId: string): Promise<boolean> {
  const found = await findList(db, name);
  return found !== undefined && found.id !== exceptId && found.name.toLowerCase() === name.trim().toLowerCase() && found.state !== 'removed';
}

export async function readVersions(
  db: Sql,
  range: { readonly after: number; readonly upTo: number; readonly limit?: number; readonly listId?: string; readonly newestFirst?: boolean },
): Promise<VersionRow[]> {
  let query = tables(db)
    .selectFrom('lists.version')
    .selectAll()
    .where('version', '>', range.after)
    .where('version', '<=', range.upTo)
    .orderBy('version', range.newestFirst === true ? 'desc' : 'asc');
  if (range.listId !== undefined) query = query.where('list_id', '=', range.listId);
  if (range.limit !== undefined) query = query.limit(range.limit);
  return query.execute();
}

/** Lists that changed after a version. */
export async function readChangedLists(db: Sql, after: number): Promise<ListRow[]> {
  return tables(db).selectFrom('lists.list').selectAll().where('version', '>', after).orderBy('id').execute();
}

export function isUniqueViolation(error: unknown): boolean {
  return Reflect.get(Object(error), 'code') === '23505';
}
