/** Objects of the quarantine bucket, as far as they were seen; addresses given out; when the bucket is listed next. */
import { sql, type Kysely, type Selectable } from 'kysely';
import type { Sql } from '../../platform/db/database.ts';
import type { EncodedKey } from './key-rules.ts';
import type { ObjectState } from './schema.ts';

/** A type, not an interface: Kysely wants an implicit index signature. */
type ObjectTable = {
  id: string;
  object_key: EncodedKey;
  version: string;
  version_id: string | null;
  etag: string;
  size_bytes: number;
  state: ObjectState;
  upload_id: string | null;
  is_extra: boolean;
  is_removed: boolean;
  fault: string | null;
  attempts: number;
  wakes: number;
  released_version: string | null;
  modified_at: Date;
  found_at: Date;
  changed_at: Date;
  next_at: Date | null;
  lease_node: string | null;
  lease_until: Date | null;
};
type Tables = {
  'surfaces.s3_object': ObjectTable;
  'surfaces.s3_announced': { object_key: string; upload_id: string; size_bytes: number | null; expires_at: Date; taken_by: string | null };
  'surfaces.s3_listing': { bucket: string; next_at: Date; listed_at: Date | null; fault: string | null };
};

export type S3Row = Selectable<ObjectTable>;
export type Announced = Tables['surfaces.s3_announced'];
export type NewRow = Pick<S3Row, 'id' | 'object_key' | 'version' | 'version_id' | 'etag' | 'size_bytes' | 'modified_at'>;

function tables(db: Sql): Kysely<Tables> {
  return db.withTables<Tables>();
}

/** @returns how many were not known */
export async function insertFound(db: Sql, rows: readonly NewRow[], at: Date): Promise<number> {
  if (rows.length === 0) return 0;
  const result = await tables(db)
    .insertInto('surfaces.s3_object')
    .values(
      rows.map((row) => ({
        ...row,
        state: 'found' as const,
        upload_id: null,
        is_extra: false,
        is_removed: false,
        fault: null,
        attempts: 0,
        wakes: 0,
        released_version: null,
        found_at: at,
        changed_at: at,
        next_at: at,
        lease_node: null,
        lease_until: null,
      })),
    )
    .onConflict((conflict) => conflict.columns(['object_key', 'version']).doNothing())
    .executeTakeFirst();
  return Number(result.numInsertedOrUpdatedRows ?? 0n);
}

/** Versions of one key begin one after the other: which of them a key was given out for is not left to chance. One that fails holds up no other. */
const isTurn = sql<boolean>`(s3_object.state <> 'found' or not exists (
  select from surfaces.s3_object older
  where older.object_key = s3_object.object_key and older.state = 'found' and older.attempts = 0
    and (older.modified_at, older.id) < (s3_object.modified_at, s3_object.id)))`;

/** Takes what is due, oldest first; each for one holder, until its lease ends. */
export async function leaseDue(db: Sql, lease: { readonly node: string; readonly now: Date; readonly until: Date; readonly limit: number }): Promise<S3Row[]> {
  const rows = await tables(db)
    .with('due', (query) =>
      query
        .selectFrom('surfaces.s3_object')
        .select('id')
        .where('next_at', '<=', lease.now)
        .where((eb) => eb.or([eb('lease_until', 'is', null), eb('lease_until', '<=', lease.now)]))
        .where(isTurn)
        .orderBy('modified_at')
        .orderBy('id')
        .limit(lease.limit)
        .forUpdate()
        .skipLocked(),
    )
    .updateTable('surfaces.s3_object')
    .set({ lease_node: lease.node, lease_until: lease.until })
    .where('id', 'in', (query) => query.selectFrom('due').select('due.id'))
    .returningAll()
    .execute();
  return rows.toSorted((a, b) => a.modified_at.getTime() - b.modified_at.getTime() || (a.id < b.id ? -1 : 1));
}

/** @returns whether it was still held */
export async function renewLease(db: Sql, id: string, lease: { readonly node: string; readonly until: Date }): Promise<boolean> {
  const held = tables(db).updateTable('surfaces.s3_object').set({ lease_until: lease.until }).where('id', '=', id).where('lease_node', '=', lease.node);
  return (await held.executeTakeFirst()).numUpdatedRows === 1n;
}

/** What this node held when it was killed. */
export async function freeLeases(db: Sql, node: string): Promise<void> {
  await tables(db).updateTable('surfaces.s3_object').set({ lease_node: null, lease_until: null }).where('lease_node', '=', node).execute();
}

export interface Step {
  readonly state: ObjectState;
  readonly fault: string | null;
  readonly attempts: number;
  readonly is_removed: boolean;
  readonly released_version: string | null;
  /** Null: at rest, until something happens to its upload. */
  readonly next_at: Date | null;
}

type Held = Pick<S3Row, 'id' | 'state' | 'wakes' | 'lease_node'>;
type Noted = Step & { readonly now: Date };

function noteStep(db: Sql, row: Held, { now, ...step }: Noted) {
  // Retracted meanwhile: that stands, whatever the step made of what it saw before.
  const state = sql<ObjectState>`case when state <> 'promoted' and ${row.state}::text = 'promoted' then state else ${step.state}::text end`;
  const next = sql<Date | null>`case when wakes = ${row.wakes} then ${step.next_at}::timestamptz else ${now}::timestamptz end`;
  const changed = { ...step, state, changed_at: now, next_at: next };
  return tables(db).updateTable('surfaces.s3_object').set(changed).where('id', '=', row.id).where('lease_node', '=', row.lease_node);
}

/** Notes a step and keeps the lease. @returns the object as it is now, or undefined when the lease was lost */
export async function continueStep(db: Sql, row: Held, step: Noted): Promise<S3Row | undefined> {
  return noteStep(db, row, step).returningAll().executeTakeFirst();
}

/** Notes the last step, of whoever holds the lease. What woke the object meanwhile is not slept through. @returns false when the lease was lost */
export async function endStep(db: Sql, row: Held, step: Noted): Promise<boolean> {
  const ended = await noteStep(db, row, step).set({ lease_node: null, lease_until: null }).executeTakeFirst();
  return ended.numUpdatedRows === 1n;
}

export async function bindUpload(db: Sql, id: string, bound: { readonly uploadId: string | null; readonly isExtra: boolean }): Promise<void> {
  await tables(db).updateTable('surfaces.s3_object').set({ upload_id: bound.uploadId, is_extra: bound.isExtra }).where('id', '=', id).execute();
}

/**
 * Something happened to it. With its clearance withdrawn it counts as promoted no longer, and is taken out though its upload may have expired and be
 * forgotten by then: `kept` for good, `received` where another screening may clear it again.
 */
export async function wakeUpload(db: Sql, uploadId: string, { at, to }: { readonly at: Date; readonly to?: 'kept' | 'received' | undefined }): Promise<void> {
  const woken = wake(db, at).where('upload_id', '=', uploadId);
  await (to === undefined ? woken : woken.set({ state: sql<ObjectState>`case when state = 'promoted' then ${to}::text else state end` })).execute();
}

/** Two holders have worked on it: what the one who was late left in the released bucket is looked for. */
export async function wakeObject(db: Sql, id: string, at: Date): Promise<void> {
  await wake(db, at).where('id', '=', id).execute();
}

function wake(db: Sql, at: Date) {
  return tables(db)
    .updateTable('surfaces.s3_object')
    .set((eb) => ({ wakes: eb('wakes', '+', 1), next_at: at }))
    .where('state', 'in', ['received', 'promoted', 'kept']);
}

/** Versions under a delete marker: the service took the object back before it was read. */
export async function hideVersions(db: Sql, versions: readonly Pick<S3Row, 'object_key' | 'version'>[], at: Date): Promise<void> {
  if (versions.length === 0) return;
  await tables(db)
    .updateTable('surfaces.s3_object')
    .set({ state: 'gone', fault: 'delete_marker', next_at: null, changed_at: at })
    .where((eb) =>
      eb(
        eb.refTuple('object_key', 'version'),
        'in',
        versions.map(({ object_key: key, version }) => eb.tuple(key, version)),
      ),
    )
    .where('state', '=', 'found')
    .execute();
}

export async function findByUpload(db: Sql, uploadId: string): Promise<S3Row | undefined> {
  return tables(db).selectFrom('surfaces.s3_object').selectAll().where('upload_id', '=', uploadId).executeTakeFirst();
}

/** Something that is in the bucket, to ask for it as a stranger would. */
export async function findPresent(db: Sql): Promise<Pick<S3Row, 'object_key' | 'version_id'> | undefined> {
  return tables(db)
    .selectFrom('surfaces.s3_object')
    .select(['object_key', 'version_id'])
    .where('is_removed', '=', false)
    .where('state', '!=', 'gone')
    .orderBy('id', 'desc')
    .limit(1)
    .executeTakeFirst();
}

export async function insertAnnounced(db: Sql, row: { object_key: string; upload_id: string; size_bytes: number | null; expires_at: Date }): Promise<void> {
  await tables(db)
    .insertInto('surfaces.s3_announced')
    .values({ ...row, taken_by: null })
    .execute();
}

export async function findAnnounced(db: Sql, key: string): Promise<Announced | undefined> {
  return tables(db).selectFrom('surfaces.s3_announced').selectAll().where('object_key', '=', key).executeTakeFirst();
}

export async function isAnnounced(db: Sql, uploadId: string): Promise<boolean> {
  const row = await tables(db).selectFrom('surfaces.s3_announced').select('upload_id').where('upload_id', '=', uploadId).executeTakeFirst();
  return row !== undefined;
}

/** The one version that a key given out stands for: whoever is first. @returns its upload, or undefined for any other version */
export async function takeAnnounced(db: Sql, key: string, objectId: string): Promise<string | undefined> {
  const row = await tables(db)
    .updateTable('surfaces.s3_announced')
    .set({ taken_by: objectId })
    .where('object_key', '=', key)
    .where((eb) => eb.or([eb('taken_by', 'is', null), eb('taken_by', '=', objectId)]))
    .returning('upload_id')
    .executeTakeFirst();
  return row?.upload_id;
}

/** @returns whether it had been given to this object */
export async function giveAnnouncedBack(db: Sql, key: string, objectId: string): Promise<boolean> {
  const result = await tables(db)
    .updateTable('surfaces.s3_announced')
    .set({ taken_by: null })
    .where('object_key', '=', key)
    .where('taken_by', '=', objectId)
    .executeTakeFirst();
  return result.numUpdatedRows === 1n;
}

/** One node lists, when it is time. */
export async function claimListing(db: Sql, bucket: string, times: { readonly now: Date; readonly next: Date }): Promise<boolean> {
  const result = await tables(db)
    .insertInto('surfaces.s3_listing')
    .values({ bucket, next_at: times.next, listed_at: null, fault: null })
    .onConflict((conflict) =>
      conflict
        .column('bucket')
        .doUpdateSet({ next_at: times.next })
        .where(sql<boolean>`s3_listing.next_at <= ${times.now}`),
    )
    .executeTakeFirst();
  return (result.numInsertedOrUpdatedRows ?? 0n) > 0n;
}

export async function noteListing(db: Sql, bucket: string, outcome: { readonly at: Date; readonly fault: string | null }): Promise<void> {
  await tables(db)
    .insertInto('surfaces.s3_listing')
    .values({ bucket, next_at: outcome.at, listed_at: outcome.fault === null ? outcome.at : null, fault: outcome.fault })
    .onConflict((conflict) => conflict.column('bucket').doUpdateSet({ fault: outcome.fault, ...(outcome.fault === null ? { listed_at: outcome.at } : {}) }))
    .execute();
}

export async function readListingState(db: Sql, bucket: string): Promise<{ listed_at: Date | null; fault: string | null } | undefined> {
  return tables(db).selectFrom('surfaces.s3_listing').select(['listed_at', 'fault']).where('bucket', '=', bucket).executeTakeFirst();
}

export interface ObjectCounts {
  readonly byState: Readonly<Partial<Record<ObjectState, number>>>;
  readonly failing: number;
  readonly oldestWaitingAt: Date | undefined;
}

export async function countObjects(db: Sql): Promise<ObjectCounts> {
  const rows = await tables(db)
    .selectFrom('surfaces.s3_object')
    .select((eb) => [
      'state',
      eb.fn.countAll<number>().as('count'),
      eb.fn.countAll<number>().filterWhere('attempts', '>', 0).as('failing'),
      eb.fn.min('found_at').as('oldest'),
    ])
    .groupBy('state')
    .execute();
  const waiting = rows.filter(({ state }) => state === 'found' || state === 'received').map(({ oldest }) => oldest);
  return {
    byState: Object.fromEntries(rows.map(({ state, count }) => [state, count])),
    failing: rows.reduce((sum, { failing }) => sum + failing, 0),
    oldestWaitingAt: waiting.toSorted((a, b) => a.getTime() - b.getTime())[0],
  };
}

/** Addresses that nobody can use any more, and objects of long ago. What is still in the bucket is found again. */
export async function deleteOld(db: Sql, before: { readonly announced: Date; readonly objects: Date }): Promise<void> {
  await tables(db).deleteFrom('surfaces.s3_announced').where('expires_at', '<', before.announced).execute();
  await tables(db).deleteFrom('surfaces.s3_object').where('changed_at', '<', before.objects).where('next_at', 'is', null).execute();
}
