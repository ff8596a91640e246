/** What the checks of the log ask and keep: what entries are about, since when, what was so at the last start, and what was found. */
import { sql, type RawBuilder } from 'kysely';
import type { Database, Sql, Tx } from '../platform/db/database.ts';
import { readRows } from '../platform/db/rows.ts';
import type { EventName } from '../platform/events.ts';
import type { LogSource } from '../platform/log-source.ts';
import type { TreeHead } from './schema.ts';

/** Reads of `work` all see one moment. A comparison of a large log takes longer than a single statement may wait between two. */
export function inSnapshot<T>(database: Pick<Database, 'sql'>, work: (tx: Tx) => Promise<T>): Promise<T> {
  return database.sql.transaction().setIsolationLevel('repeatable read').setAccessMode('read only').execute(work);
}

/** From now on, unless it is known already. @returns since when events of each kind are entries */
export async function noteKinds(db: Sql, kinds: readonly EventName[], now: Date): Promise<void> {
  await sql`insert into log.kind (kind, since) select kind, ${now} from unnest(${[...kinds]}::text[]) kind on conflict do nothing`.execute(db);
}

export async function readKinds(db: Sql): Promise<ReadonlyMap<string, Date>> {
  const { rows } = await sql<{ kind: string; since: Date }>`select kind, since from log.kind`.execute(db);
  return new Map(rows.map(({ kind, since }) => [kind, since]));
}

/** The newest. Answered by an index on what each entry is about. */
export async function findIndexOf(db: Sql, kind: EventName, id: string): Promise<number | undefined> {
  const { rows } = await sql<{ index: number }>`
    select index from log.entry where kind = ${kind} and log.subject(kind, id_field, body) collate "C" = ${id} order by index desc limit 1`.execute(db);
  return rows[0]?.index;
}

export interface SubjectQuery {
  readonly kind: EventName;
  readonly only: LogSource['only'];
  readonly idField: string;
}

export interface SubjectCount {
  readonly id: string;
  readonly count: number;
}

/** In the order of ids, from the index on what entries are about. */
export function readEntrySubjects(tx: Tx, { kind, only }: SubjectQuery): AsyncGenerator<SubjectCount> {
  return readRows(
    tx,
    sql<SubjectCount>`
    select log.subject(kind, id_field, body) collate "C" as id, count(*) as count from log.entry
    where kind = ${kind} and log.subject(kind, id_field, body) collate "C" is not null and ${toFilter(only)} group by 1 order by 1`,
  );
}

/** Of events that have no place yet. */
export function readPendingSubjects(tx: Tx, { kind, only, idField }: SubjectQuery): AsyncGenerator<SubjectCount> {
  return readRows(
    tx,
    sql<SubjectCount>`
    select (body ->> ${idField}::text) collate "C" as id, count(*) as count from log.pending
    where kind = ${kind} and body ? ${idField}::text and ${toFilter(only)} group by 1 order by 1`,
  );
}

function toFilter(only: LogSource['only']): RawBuilder<unknown> {
  return only === undefined ? sql`true` : sql`body ->> ${only.field}::text = ${only.value}`;
}

export async function takeDigestKey(db: Sql, fresh: Buffer): Promise<Buffer> {
  await sql`insert into log.secret (digest_key) values (${fresh}) on conflict do nothing`.execute(db);
  const { rows } = await sql<{ key: Buffer }>`select digest_key as key from log.secret`.execute(db);
  return rows[0]?.key ?? fresh;
}

/** Locked until the transaction ends: two starts of one node take turns. */
export async function lockStates(tx: Tx, node: string): Promise<ReadonlyMap<string, Buffer>> {
  const { rows } = await sql<{ name: string; digest: Buffer }>`select name, digest from log.state where node = ${node} order by name for update`.execute(tx);
  return new Map(rows.map(({ name, digest }) => [name, digest]));
}

export async function putState(tx: Tx, node: string, { name, digest }: { readonly name: string; readonly digest: Buffer }): Promise<void> {
  await sql`insert into log.state (node, name, digest) values (${node}, ${name}, ${digest}) on conflict (node, name) do update set digest = excluded.digest`.execute(
    tx,
  );
}

export async function removeState(tx: Tx, node: string, name: string): Promise<void> {
  await sql`delete from log.state where node = ${node} and name = ${name}`.execute(tx);
}

export interface SelfCheckRow extends TreeHead {
  readonly beganAt: Date;
  readonly position: number;
}

/** Locked until the transaction ends, so that no two nodes do the same stretch. Undefined when none is under way. */
export async function lockSelfCheck(tx: Tx): Promise<SelfCheckRow | undefined> {
  const { rows } = await sql<SelfCheckRow>`select began_at as "beganAt", size, root, position from log.self_check for update`.execute(tx);
  return rows[0];
}

export async function putSelfCheck(db: Sql, { beganAt, size, root, position }: SelfCheckRow): Promise<void> {
  await sql`
    insert into log.self_check (began_at, size, root, position) values (${beganAt}, ${size}, ${Buffer.from(root)}, ${position})
    on conflict (singleton) do update set began_at = excluded.began_at, size = excluded.size, root = excluded.root, position = excluded.position`.execute(db);
}

export async function endSelfCheck(db: Sql): Promise<void> {
  await sql`delete from log.self_check`.execute(db);
}

export interface TileRow {
  readonly bytes: Buffer;
  readonly root: Buffer;
}

/** By index. */
export async function listTileRows(db: Sql, level: number, range: { readonly from: number; readonly to: number }): Promise<ReadonlyMap<number, TileRow>> {
  const { rows } = await sql<TileRow & { index: number }>`
    select index, bytes, root from log.tile where level = ${level} and index >= ${range.from} and index < ${range.to}`.execute(db);
  return new Map(rows.map((row) => [row.index, row]));
}

/** Of sizes above `from` and up to `to`. */
export async function listHeads(db: Sql, from: number, to: number): Promise<TreeHead[]> {
  const { rows } = await sql<{ size: number; root: Buffer }>`
    select size, root from log.checkpoint where size > ${from} and size <= ${to} order by size`.execute(db);
  return rows;
}

export type CheckName = 'self_check' | 'completeness';

export interface CheckResultRow {
  readonly at: Date;
  readonly isOk: boolean;
  readonly report: unknown;
}

/** Results of each check that are kept. */
const RESULTS_MAX = 400;

export async function insertResult(db: Sql, name: CheckName, { at, isOk, report }: CheckResultRow): Promise<void> {
  await sql`insert into log.check_result (name, at, is_ok, report) values (${name}, ${at}, ${isOk}, ${JSON.stringify(report)}::jsonb)`.execute(db);
  await sql`
    delete from log.check_result where name = ${name} and id <= (select id from log.check_result where name = ${name} order by id desc offset ${RESULTS_MAX} limit 1)`.execute(
    db,
  );
}

export async function findLastResult(db: Sql, name: CheckName): Promise<CheckResultRow | undefined> {
  const { rows } = await sql<CheckResultRow>`
    select at, is_ok as "isOk", report from log.check_result where name = ${name} order by id desc limit 1`.execute(db);
  return rows[0];
}
