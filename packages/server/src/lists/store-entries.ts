/** The tables of entries: runs, segment manifests, deltas, references, staged files. */
import { sql } from 'kysely';
import type { Sql, Tx } from '../platform/db/database.ts';
import { tables, type DeltaOp, type DeltaRow, type RunRow, type SegmentRow } from './store.ts';
import type { SignalType } from './schema.ts';

export interface Contents {
  readonly runs: readonly RunRow[];
  readonly segments: readonly SegmentRow[];
  readonly deltas: readonly DeltaRow[];
}

/** What to load of a list: what is not folded, newer than `after`; runs always all. */
export async function readContents(db: Sql, listId: string, after: number): Promise<Contents> {
  return {
    runs: await readRuns(db, listId),
    segments: await tables(db)
      .selectFrom('lists.segment')
      .selectAll()
      .where('list_id', '=', listId)
      .where('is_folded', '=', false)
      .where('version', '>', after)
      .orderBy('version')
      .orderBy('id')
      .execute(),
    deltas: await tables(db)
      .selectFrom('lists.delta')
      .selectAll()
      .where('list_id', '=', listId)
      .where('is_folded', '=', false)
      .where('version', '>', after)
      .orderBy('version')
      .orderBy('entry')
      .execute(),
  };
}

/** What ever changed the state of entries up to a version, folded or not. */
export async function readStateHistory(db: Sql, listId: string, upTo: number): Promise<Contents> {
  return {
    runs: (await readRuns(db, listId)).filter((run) => run.version <= upTo),
    segments: await tables(db)
      .selectFrom('lists.segment')
      .selectAll()
      .where('list_id', '=', listId)
      .where('kind', 'in', ['withdrawn', 'restored'])
      .where('version', '<=', upTo)
      .orderBy('version')
      .orderBy('id')
      .execute(),
    deltas: await tables(db)
      .selectFrom('lists.delta')
      .selectAll()
      .where('list_id', '=', listId)
      .where('op', '<>', 'add')
      .where('version', '<=', upTo)
      .orderBy('version')
      .orderBy('entry')
      .execute(),
  };
}

export async function readRuns(db: Sql, listId: string): Promise<RunRow[]> {
  return tables(db).selectFrom('lists.run').selectAll().where('list_id', '=', listId).orderBy('first_entry').execute();
}

export async function addRuns(tx: Tx, runs: readonly RunRow[]): Promise<void> {
  if (runs.length > 0)
    await tables(tx)
      .insertInto('lists.run')
      .values([...runs])
      .execute();
}

export interface NewSegment {
  readonly kind: SegmentRow['kind'];
  readonly type: SignalType | null;
  readonly sha256: string;
  readonly count: number;
}

/** Names staged files in the manifest. */
export async function addSegments(tx: Tx, listId: string, options: { readonly version: number; readonly segments: readonly NewSegment[] }): Promise<void> {
  if (options.segments.length === 0) return;
  await tables(tx)
    .insertInto('lists.segment')
    .values(options.segments.map((segment) => ({ ...segment, list_id: listId, version: options.version })))
    .execute();
  await tables(tx)
    .deleteFrom('lists.staged')
    .where(
      'sha256',
      'in',
      options.segments.map(({ sha256 }) => sha256),
    )
    .execute();
}

export interface NewDelta {
  readonly entry: number;
  readonly op: DeltaOp;
  readonly type: SignalType | null;
  readonly value: Buffer | null;
}

export async function addDeltas(tx: Tx, listId: string, options: { readonly version: number; readonly deltas: readonly NewDelta[] }): Promise<void> {
  if (options.deltas.length === 0) return;
  const { deltas } = options;
  const [entries, ops] = [deltas.map(({ entry }) => entry), deltas.map(({ op }) => op)];
  const [types, values] = [deltas.map(({ type }) => type), deltas.map(({ value }) => value)];
  await sql`insert into lists.delta (list_id, version, entry, op, type, value)
    select ${listId}, ${options.version}, entry, op, type, value
    from unnest(${entries}::bigint[], ${ops}::text[], ${types}::text[], ${values}::bytea[]) as d (entry, op, type, value)`.execute(tx);
}

/** The last of `disable` and `enable` for an entry; these are always rows. */
export async function isEntryDisabled(db: Sql, listId: string, entry: number): Promise<boolean> {
  const last = await tables(db)
    .selectFrom('lists.delta')
    .select('op')
    .where('list_id', '=', listId)
    .where('entry', '=', entry)
    .where('op', 'in', ['disable', 'enable'])
    .orderBy('version', 'desc')
    .limit(1)
    .executeTakeFirst();
  return last?.op === 'disable';
}

/** What takes entries out of force after a version: for nodes that are still loading it. */
export async function readRestrictions(db: Sql, after: number): Promise<{ readonly list_id: string; readonly entry: number }[]> {
  return tables(db).selectFrom('lists.delta').select(['list_id', 'entry']).where('version', '>', after).where('op', 'in', ['disable', 'withdraw']).execute();
}

export async function addReferences(
  tx: Tx,
  listId: string,
  references: { readonly entries: readonly number[]; readonly texts: readonly string[] },
): Promise<void> {
  await sql`insert into lists.reference (list_id, entry, reference)
    select ${listId}, entry, reference from unnest(${references.entries}::bigint[], ${references.texts}::text[]) as r (entry, reference)`.execute(tx);
}

export async function readReferences(db: Sql, listId: string, entries: readonly number[]): Promise<ReadonlyMap<number, string>> {
  if (entries.length === 0) return new Map();
  const rows = await tables(db)
    .selectFrom('lists.reference')
    .select(['entry', 'reference'])
    .where('list_id', '=', listId)
    .where('entry', 'in', [...entries])
    .execute();
  return new Map(rows.map((row) => [row.entry, row.reference]));
}

/** Notes a file before it is written, so that one that no change comes to name is found and removed. */
export async function stageFile(db: Sql, sha256: string, at: Date): Promise<void> {
  await tables(db)
    .insertInto('lists.staged')
    .values({ sha256, at })
    .onConflict((conflict) => conflict.column('sha256').doUpdateSet({ at }))
    .execute();
}

/** Locks and forgets staged files older than `before`; returns those that no row in use names. Remove them before the transaction ends. */
export async function takeStaleFiles(tx: Tx, before: Date): Promise<string[]> {
  const stale = await tables(tx).deleteFrom('lists.staged').where('at', '<', before).returning('sha256').execute();
  if (stale.length === 0) return [];
  const names = stale.map(({ sha256 }) => sha256);
  const used = await tables(tx)
    .selectFrom('lists.segment')
    .select('sha256')
    .where('sha256', 'in', names)
    .where((row) => row.or([row('is_folded', '=', false), row('kind', 'in', ['withdrawn', 'restored'])]))
    .execute();
  const inUse = new Set(used.map(({ sha256 }) => sha256));
  return names.filter((name) => !inUse.has(name));
}

/** Puts a fold in force: the rows it replaces are marked, and their entry files may go. */
export async function foldSegments(
  tx: Tx,
  listId: string,
  options: { readonly version: number; readonly segments: readonly NewSegment[]; readonly at: Date },
): Promise<void> {
  const folded = await tables(tx)
    .updateTable('lists.segment')
    .set({ is_folded: true })
    .where('list_id', '=', listId)
    .where('is_folded', '=', false)
    .where('version', '<=', options.version)
    .returning(['sha256', 'kind'])
    .execute();
  await tables(tx)
    .updateTable('lists.delta')
    .set({ is_folded: true })
    .where('list_id', '=', listId)
    .where('is_folded', '=', false)
    .where('version', '<=', options.version)
    .execute();
  await addSegments(tx, listId, options);
  await tables(tx).updateTable('lists.list').set({ folded_version: options.version }).where('id', '=', listId).execute();
  const kept = new Set(options.segments.map(({ sha256 }) => sha256));
  for (const { sha256, kind } of folded) if ((kind === 'entries' || kind === 'inactive') && !kept.has(sha256)) await stageFile(tx, sha256, options.at);
}

/** How much of each list is not folded. */
export async function countUnfolded(db: Sql, listId: string): Promise<{ readonly segments: number; readonly deltas: number }> {
  const segments = await tables(db)
    .selectFrom('lists.segment')
    .select((row) => row.fn.countAll<number>().as('count'))
    .where('list_id', '=', listId)
    .where('is_folded', '=', false)
    .executeTakeFirstOrThrow();
  const deltas = await tables(db)
    .selectFrom('lists.delta')
    .select((row) => row.fn.countAll<number>().as('count'))
    .where('list_id', '=', listId)
    .where('is_folded', '=', false)
    .executeTakeFirstOrThrow();
  return { segments: segments.count, deltas: deltas.count };
}

/** The entries of a removed list: nothing of them is needed but their numbers. */
export async function dropContents(tx: Tx, listId: string, at: Date): Promise<void> {
  const files = await tables(tx)
    .updateTable('lists.segment')
    .set({ is_folded: true })
    .where('list_id', '=', listId)
    .where('kind', 'in', ['entries', 'inactive'])
    .returning('sha256')
    .execute();
  for (const { sha256 } of files) await stageFile(tx, sha256, at);
  await tables(tx).deleteFrom('lists.delta').where('list_id', '=', listId).where('op', '=', 'add').execute();
  await tables(tx).deleteFrom('lists.reference').where('list_id', '=', listId).execute();
}
