/** The tables of the log. Entries and full tiles are only ever added. */
import { sql, type RawBuilder } from 'kysely';
import type { Sql, Tx } from '../platform/db/database.ts';
import type { EventName } from '../platform/events.ts';
import type { LogRecord, StoredCheckpoint, TreeHead } from './schema.ts';

/** Arbitrary and fixed: "gatehouse log". Only whoever holds it gives out places. */
const ADVISORY_LOCK = 7_103_942_041;

export interface PendingRow extends LogRecord {
  readonly id: number;
}

export interface EntryRow {
  readonly index: number;
  readonly leaf: string;
  readonly kind: EventName;
  readonly at: Date;
  readonly body: Readonly<Record<string, unknown>> | null;
  readonly salt: Buffer | null;
}

export interface NewEntry extends Pick<PendingRow, 'id'> {
  readonly leaf: string;
  /** Of the body: what the entry is about. */
  readonly idField: string | null;
}

export async function insertPending(db: Sql, { kind, at, body, salt }: LogRecord): Promise<void> {
  await sql`insert into log.pending (kind, at, body, salt) values (${kind}, ${at}, ${JSON.stringify(body)}::jsonb, ${Buffer.from(salt)})`.execute(db);
}

export async function countPending(db: Sql): Promise<number> {
  const { rows } = await sql<{ count: number }>`select count(*) as count from log.pending`.execute(db);
  return rows[0]?.count ?? 0;
}

export async function hasPending(db: Sql): Promise<boolean> {
  const { rows } = await sql<{ found: boolean }>`select exists (select from log.pending) as found`.execute(db);
  return rows[0]?.found === true;
}

/** Until the end of the transaction. False when another node has it. */
export async function tryLock(tx: Tx): Promise<boolean> {
  const { rows } = await sql<{ taken: boolean }>`select pg_try_advisory_xact_lock(${ADVISORY_LOCK}) as taken`.execute(tx);
  return rows[0]?.taken === true;
}

export async function waitForLock(tx: Tx): Promise<void> {
  await sql`select pg_advisory_xact_lock(${ADVISORY_LOCK})`.execute(tx);
}

/** In the order of their numbers, behind `after`. */
export async function listPending(tx: Tx, { after, limit }: { readonly after: number; readonly limit: number }): Promise<PendingRow[]> {
  const { rows } = await sql<PendingRow>`select id, kind, at, body, salt from log.pending where id > ${after} order by id limit ${limit}`.execute(tx);
  return rows;
}

export async function readTree(db: Sql): Promise<TreeHead> {
  const { rows } = await sql<{ size: number; root: Buffer }>`select size, root from log.tree`.execute(db);
  const [row] = rows;
  if (row === undefined) throw new Error('the row of the log tree is missing');
  return row;
}

/**
 * Gives the places from `from` on, and takes the events off the waiting list: one statement, in which the records do not travel again. The texts go as
 * lines of one text (there is no line break in JSON without spaces): to write them as an array takes this process four times as long.
 * @returns how many were moved
 */
export async function moveEntries(tx: Tx, from: number, entries: readonly NewEntry[]): Promise<number> {
  const ids = entries.map(({ id }) => id);
  const { rows } = await sql<{ moved: number }>`
    with placed as (
      select id, ${from}::bigint + number - 1 as index, leaf, nullif(id_field, '') as id_field from rows from (
        unnest(${ids}::bigint[]), string_to_table(${entries.map(({ leaf }) => leaf).join('\n')}, E'\n'),
        string_to_table(${entries.map(({ idField }) => idField ?? '').join('\n')}, E'\n')
      ) with ordinality as placed (id, leaf, id_field, number)
    ), taken as (
      delete from log.pending where id = any(${ids}::bigint[]) returning id, kind, at, body, salt
    ), added as (
      insert into log.entry (index, leaf, kind, at, body, salt, id_field)
      select index, leaf, kind, at, body, salt, id_field from placed join taken using (id) order by index
      returning 1
    )
    select count(*) as moved from added`.execute(tx);
  return rows[0]?.moved ?? 0;
}

export interface TileRow {
  readonly level: number;
  readonly index: number;
  readonly bytes: Uint8Array;
  readonly root: Uint8Array;
}

export async function insertTiles(tx: Tx, tiles: readonly TileRow[]): Promise<void> {
  if (tiles.length === 0) return;
  const rows = tiles.map((tile): RawBuilder<unknown> => sql`(${tile.level}, ${tile.index}, ${Buffer.from(tile.bytes)}, ${Buffer.from(tile.root)})`);
  await sql`insert into log.tile (level, index, bytes, root) values ${sql.join(rows)}`.execute(tx);
}

export async function writeTree(tx: Tx, { size, root }: TreeHead): Promise<void> {
  await sql`update log.tree set size = ${size}, root = ${Buffer.from(root)}`.execute(tx);
}

export async function findTile(db: Sql, level: number, index: number): Promise<Buffer | undefined> {
  const { rows } = await sql<{ bytes: Buffer }>`select bytes from log.tile where level = ${level} and index = ${index}`.execute(db);
  return rows[0]?.bytes;
}

/** One hash for each full tile, left to right. */
export async function listTileRoots(db: Sql, level: number, range: { readonly from: number; readonly to: number }): Promise<Buffer[]> {
  const { rows } = await sql<{ root: Buffer }>`
    select root from log.tile where level = ${level} and index >= ${range.from} and index < ${range.to} order by index`.execute(db);
  return rows.map(({ root }) => root);
}

export async function listLeaves(db: Sql, from: number, to: number): Promise<string[]> {
  const { rows } = await sql<{ leaf: string }>`select leaf from log.entry where index >= ${from} and index < ${to} order by index`.execute(db);
  return rows.map(({ leaf }) => leaf);
}

export async function findEntry(db: Sql, index: number): Promise<EntryRow | undefined> {
  const { rows } = await sql<EntryRow>`select index, leaf, kind, at, body, salt from log.entry where index = ${index}`.execute(db);
  return rows[0];
}

/** Newest first. */
export async function listEntries(db: Sql, { before, limit }: { readonly before: number; readonly limit: number }): Promise<EntryRow[]> {
  const { rows } = await sql<EntryRow>`
    select index, leaf, kind, at, body, salt from log.entry where index < ${before} order by index desc limit ${limit}`.execute(db);
  return rows;
}

/** One for each size: when the address changes, the newer note takes the place. */
export async function putCheckpoint(tx: Tx, { size, root, at, note }: StoredCheckpoint): Promise<void> {
  await sql`
    insert into log.checkpoint (size, root, at, note) values (${size}, ${Buffer.from(root)}, ${at}, ${note})
    on conflict (size) do update set at = excluded.at, note = excluded.note`.execute(tx);
}

export async function findLastCheckpoint(db: Sql): Promise<StoredCheckpoint | undefined> {
  const { rows } = await sql<StoredCheckpoint>`select size, root, at, note from log.checkpoint order by size desc limit 1`.execute(db);
  return rows[0];
}

export async function listCheckpoints(db: Sql): Promise<StoredCheckpoint[]> {
  const { rows } = await sql<StoredCheckpoint>`select size, root, at, note from log.checkpoint order by size`.execute(db);
  return rows;
}
