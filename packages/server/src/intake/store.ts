/** Uploads in the database: announced, received, listed, ended. What screening does to them is in `store-decisions.ts`. */
import type { ColumnType, Generated, Kysely, Selectable } from 'kysely';
import type { Sql } from '../platform/db/database.ts';
import { ScreeningSchema, type Digests, type Screening, type VerdictKind } from '../screening/index.ts';
import { CANARY } from './canary.ts';
import { statesBefore, type UploadEvent } from './rules.ts';
import type { Disposition, ListUploads, UploadState } from './schema.ts';

export interface UploadTable {
  id: string;
  state: UploadState;
  reference: string | null;
  announced_size: number | null;
  announced_sha256: Buffer | null;
  callback_url: string | null;
  created_by: string;
  created_at: Date;
  received_at: Date | null;
  decided_at: Date | null;
  ended_at: Date | null;
  expires_at: Date;
  node: string | null;
  size: number | null;
  sha256: Buffer | null;
  md5: Buffer | null;
  sha1: Buffer | null;
  media_type: string | null;
  verdict: VerdictKind | null;
  disposition: Disposition | null;
  policy_version: string | null;
  /** JSON; written as text, read back parsed. */
  screening: ColumnType<unknown, string | null, string | null>;
  surface: string | null;
  reason: string | null;
  band: string | null;
  queued_at: Date | null;
  attempts: number;
  /** The database begins with 0. */
  decisions: Generated<number | null>;
  next_attempt_at: Date | null;
  lease_token: string | null;
  lease_node: string | null;
  lease_until: Date | null;
}

type IdempotencyTable = { scope: Buffer; request: Buffer; upload_id: string; created_at: Date };
type Tables = { 'intake.upload': UploadTable; 'intake.idempotency': IdempotencyTable };

/** One upload, as the service sees it. */
export interface Upload {
  readonly id: string;
  readonly state: UploadState;
  readonly reference: string | undefined;
  readonly announcedBytes: number | undefined;
  readonly announcedSha256: string | undefined;
  readonly callbackUrl: string | undefined;
  readonly createdBy: string;
  readonly createdAt: Date;
  readonly receivedAt: Date | undefined;
  readonly decidedAt: Date | undefined;
  readonly expiresAt: Date;
  readonly node: string | undefined;
  readonly content: { readonly digests: Digests; readonly sizeBytes: number } | undefined;
  readonly mediaType: string | undefined;
  readonly disposition: Disposition | undefined;
  readonly screening: Screening | undefined;
  readonly attempts: number;
  /** Of content that passed through, and was kept. */
  readonly surface: string | undefined;
}

const hex = (value: Buffer | null): string | undefined => value?.toString('hex');
const unhex = (value: string): Buffer => Buffer.from(value, 'hex');
const tables = (db: Sql): Kysely<Tables> => db.withTables<Tables>();

export function toUpload(row: Selectable<UploadTable>): Upload {
  const screening = ScreeningSchema.safeParse(row.screening);
  const orNone = <T>(value: T | null): T | undefined => value ?? undefined;
  return {
    id: row.id,
    state: row.state,
    reference: orNone(row.reference),
    announcedBytes: orNone(row.announced_size),
    announcedSha256: hex(row.announced_sha256),
    callbackUrl: orNone(row.callback_url),
    createdBy: row.created_by,
    createdAt: row.created_at,
    receivedAt: orNone(row.received_at),
    decidedAt: orNone(row.decided_at),
    expiresAt: row.expires_at,
    node: orNone(row.node),
    content: toContent(row),
    mediaType: orNone(row.media_type),
    disposition: orNone(row.disposition),
    screening: screening.success ? screening.data : undefined,
    attempts: row.attempts,
    surface: orNone(row.surface),
  };
}

function toContent({ sha256, md5, sha1, size }: Selectable<UploadTable>): Upload['content'] {
  if (sha256 === null || md5 === null || sha1 === null || size === null) return undefined;
  return { digests: { md5: md5.toString('hex'), sha1: sha1.toString('hex'), sha256: sha256.toString('hex') }, sizeBytes: size };
}

export interface NewUpload {
  readonly id: string;
  readonly reference: string | undefined;
  readonly announcedBytes: number | undefined;
  readonly announcedSha256: string | undefined;
  readonly callbackUrl: string | undefined;
  readonly createdBy: string;
  readonly createdAt: Date;
  readonly expiresAt: Date;
  readonly surface?: string;
}

export async function insertUpload(db: Sql, upload: NewUpload): Promise<Upload> {
  const row = await tables(db)
    .insertInto('intake.upload')
    .values({
      id: upload.id,
      state: 'created',
      reference: upload.reference ?? null,
      announced_size: upload.announcedBytes ?? null,
      announced_sha256: upload.announcedSha256 === undefined ? null : unhex(upload.announcedSha256),
      callback_url: upload.callbackUrl ?? null,
      created_by: upload.createdBy,
      created_at: upload.createdAt,
      expires_at: upload.expiresAt,
      attempts: 0,
      surface: upload.surface ?? null,
    })
    .returningAll()
    .executeTakeFirstOrThrow();
  return toUpload(row);
}

export interface IdempotencyNote {
  readonly scope: Buffer;
  readonly request: Buffer;
  readonly uploadId: string;
  readonly createdAt: Date;
}

/** @returns undefined when the note is ours now, else the one that was there; waits for a transaction that is writing it */
export async function noteIdempotency(db: Sql, note: IdempotencyNote): Promise<{ readonly request: Buffer; readonly uploadId: string } | undefined> {
  const values = { scope: note.scope, request: note.request, upload_id: note.uploadId, created_at: note.createdAt };
  const inserted = await tables(db)
    .insertInto('intake.idempotency')
    .values(values)
    .onConflict((conflict) => conflict.column('scope').doNothing())
    .executeTakeFirst();
  if (inserted.numInsertedOrUpdatedRows === 1n) return undefined;
  const row = await tables(db).selectFrom('intake.idempotency').select(['request', 'upload_id']).where('scope', '=', note.scope).executeTakeFirstOrThrow();
  return { request: row.request, uploadId: row.upload_id };
}

export async function findUpload(db: Sql, id: string): Promise<Upload | undefined> {
  const row = await tables(db).selectFrom('intake.upload').selectAll().where('id', '=', id).executeTakeFirst();
  return row === undefined ? undefined : toUpload(row);
}

/** Newest first. One more than `limit` when there are more. */
export async function listUploads(db: Sql, filter: ListUploads): Promise<Upload[]> {
  let query = tables(db)
    .selectFrom('intake.upload')
    .selectAll()
    .where('created_by', '<>', CANARY.id)
    .orderBy('id', 'desc')
    .limit(filter.limit + 1);
  if (filter.state !== undefined) query = query.where('state', '=', filter.state);
  if (filter.disposition !== undefined) query = query.where('disposition', '=', filter.disposition);
  if (filter.verdict !== undefined) query = query.where('verdict', '=', filter.verdict);
  if (filter.reference !== undefined) query = query.where('reference', '=', filter.reference);
  if (filter.since !== undefined) query = query.where('created_at', '>=', new Date(filter.since));
  if (filter.before !== undefined) query = query.where('id', '<', filter.before);
  return (await query.execute()).map(toUpload);
}

/** @returns the upload as it is now, whether or not the event could happen */
export async function beginReceiving(db: Sql, id: string, node: string): Promise<Upload | undefined> {
  const row = await tables(db)
    .updateTable('intake.upload')
    .set({ state: 'receiving', node })
    .where('id', '=', id)
    .where('state', 'in', statesBefore('begin'))
    .returningAll()
    .executeTakeFirst();
  return row === undefined ? findUpload(db, id) : toUpload(row);
}

export async function abandonReceiving(db: Sql, where: { readonly id: string } | { readonly node: string }): Promise<void> {
  const query = tables(db).updateTable('intake.upload').set({ state: 'created' }).where('state', 'in', statesBefore('abandon'));
  await ('id' in where ? query.where('id', '=', where.id) : query.where('node', '=', where.node)).execute();
}

export interface Accepted {
  readonly node: string;
  readonly digests: Digests;
  readonly sizeBytes: number;
  readonly at: Date;
  readonly expiresAt: Date;
}

/** @returns undefined when other content was accepted before, or the upload has ended */
export async function acceptContent(db: Sql, id: string, accepted: Accepted): Promise<Upload | undefined> {
  const { digests } = accepted;
  const row = await tables(db)
    .updateTable('intake.upload')
    .set({
      state: 'received',
      node: accepted.node,
      size: accepted.sizeBytes,
      sha256: unhex(digests.sha256),
      md5: unhex(digests.md5),
      sha1: unhex(digests.sha1),
      received_at: accepted.at,
      next_attempt_at: accepted.at,
      expires_at: accepted.expiresAt,
    })
    .where('id', '=', id)
    .where('state', 'in', statesBefore('accept'))
    .returningAll()
    .executeTakeFirst();
  return row === undefined ? undefined : toUpload(row);
}

/** Ends an upload and forgets what was known of its content. @returns undefined when `event` could not happen */
export async function endUpload(
  db: Sql,
  id: string,
  how: { readonly event: Extract<UploadEvent, 'expire' | 'delete'>; readonly at: Date },
): Promise<Upload | undefined> {
  let query = tables(db)
    .updateTable('intake.upload')
    .set({
      state: how.event === 'expire' ? 'expired' : 'deleted',
      ended_at: how.at,
      expires_at: how.at,
      sha256: null,
      md5: null,
      sha1: null,
      announced_sha256: null,
      screening: null,
      callback_url: null,
      lease_token: null,
      lease_node: null,
      lease_until: null,
      next_attempt_at: null,
    })
    .where('id', '=', id)
    .where('state', 'in', statesBefore(how.event));
  // It may have been decided, with a later end, since it was found.
  if (how.event === 'expire') query = query.where('expires_at', '<=', how.at);
  const row = await query.returningAll().executeTakeFirst();
  return row === undefined ? undefined : toUpload(row);
}
