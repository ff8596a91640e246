/** Rows of resumable uploads. Every change names the state that it expects, so that no request undoes what another one did. */
import { sql, type Kysely } from 'kysely';
import type { Sql, Tx } from '../../platform/db/database.ts';
import type { Principal } from '../../platform/http/rights.ts';
import type { TusState } from './schema.ts';

interface TusRow {
  readonly id: string;
  readonly owner: string;
  readonly creator_kind: string;
  readonly creator_id: string;
  readonly node: string;
  readonly state: TusState;
  readonly size_bytes: number | null;
  readonly offset_bytes: number;
  readonly metadata: string | null;
  readonly sha256: string | null;
  readonly permit_id: string | null;
  readonly callback_url: string | null;
  readonly upload_id: string | null;
  readonly created_at: Date;
  readonly expires_at: Date;
}

export interface TusUpload {
  readonly id: string;
  readonly owner: string;
  readonly creator: Pick<Principal, 'kind' | 'id'>;
  readonly node: string;
  readonly state: TusState;
  readonly sizeBytes: number | undefined;
  readonly offsetBytes: number;
  readonly metadata: string | undefined;
  readonly sha256: string | undefined;
  readonly permitId: string | undefined;
  /** Of the ticket that paid. */
  readonly callbackUrl: string | undefined;
  readonly uploadId: string | undefined;
  readonly createdAt: Date;
  readonly expiresAt: Date;
}

type Tables = { 'surfaces.tus_upload': TusRow };

function tables(db: Sql): Kysely<Tables> {
  return db.withTables<Tables>();
}

/** @returns false when this owner has `max` unfinished ones already; of two requests at once only one gets the last place */
export async function insertTus(tx: Tx, upload: TusUpload, max: number): Promise<boolean> {
  await sql`select pg_advisory_xact_lock(hashtext(${`tus ${upload.owner}`}))`.execute(tx);
  const { open } = await tables(tx)
    .selectFrom('surfaces.tus_upload')
    .select((eb) => eb.fn.countAll<number>().as('open'))
    .where('owner', '=', upload.owner)
    .where('state', 'in', ['open', 'whole'])
    .executeTakeFirstOrThrow();
  if (open >= max) return false;
  await tables(tx)
    .insertInto('surfaces.tus_upload')
    .values({
      id: upload.id,
      owner: upload.owner,
      creator_kind: upload.creator.kind,
      creator_id: upload.creator.id,
      node: upload.node,
      state: upload.state,
      size_bytes: upload.sizeBytes ?? null,
      offset_bytes: upload.offsetBytes,
      metadata: upload.metadata ?? null,
      sha256: upload.sha256 ?? null,
      permit_id: upload.permitId ?? null,
      callback_url: upload.callbackUrl ?? null,
      upload_id: null,
      created_at: upload.createdAt,
      expires_at: upload.expiresAt,
    })
    .execute();
  return true;
}

export async function findTus(db: Sql, id: string): Promise<TusUpload | undefined> {
  const row = await tables(db).selectFrom('surfaces.tus_upload').selectAll().where('id', '=', id).executeTakeFirst();
  return row === undefined ? undefined : toUpload(row);
}

/** Bytes that are on disk count from now on; with the last one the upload is whole. @returns undefined when it is not where it was */
export async function advanceTus(
  db: Sql,
  id: string,
  step: { readonly from: number; readonly to: number; readonly sizeBytes: number | undefined; readonly expiresAt: Date },
): Promise<TusUpload | undefined> {
  const row = await tables(db)
    .updateTable('surfaces.tus_upload')
    .set({
      offset_bytes: step.to,
      size_bytes: step.sizeBytes ?? null,
      state: step.to === step.sizeBytes ? 'whole' : 'open',
      expires_at: step.expiresAt,
    })
    .where('id', '=', id)
    .where('state', '=', 'open')
    .where('offset_bytes', '=', step.from)
    .returningAll()
    .executeTakeFirst();
  return row === undefined ? undefined : toUpload(row);
}

/** What is known of the file besides goes with the bytes: intake has what it needs. */
export async function noteHanded(db: Sql, id: string, uploadId: string): Promise<void> {
  await tables(db)
    .updateTable('surfaces.tus_upload')
    .set({ state: 'handed', upload_id: uploadId, metadata: null, sha256: null, callback_url: null })
    .where('id', '=', id)
    .where('state', '=', 'whole')
    .execute();
}

/** @returns false when it was in none of these states */
export async function endTus(db: Sql, id: string, from: readonly TusState[]): Promise<boolean> {
  const result = await tables(db)
    .updateTable('surfaces.tus_upload')
    .set({ state: 'ended', metadata: null, sha256: null, callback_url: null })
    .where('id', '=', id)
    .where('state', 'in', [...from])
    .executeTakeFirst();
  return result.numUpdatedRows === 1n;
}

/** Whose bytes are, or should be, on this node's disk. */
export async function listUnfinished(db: Sql, node: string): Promise<TusUpload[]> {
  const rows = await tables(db)
    .selectFrom('surfaces.tus_upload')
    .selectAll()
    .where('node', '=', node)
    .where('state', 'in', ['open', 'whole'])
    .orderBy('id')
    .execute();
  return rows.map(toUpload);
}

/** Also those of nodes that never came back. */
export async function deleteOldTus(db: Sql, before: { readonly finished: Date; readonly any: Date }): Promise<void> {
  await tables(db).deleteFrom('surfaces.tus_upload').where('expires_at', '<', before.finished).where('state', 'in', ['handed', 'ended']).execute();
  await tables(db).deleteFrom('surfaces.tus_upload').where('expires_at', '<', before.any).execute();
}

function toUpload(row: TusRow): TusUpload {
  return {
    id: row.id,
    owner: row.owner,
    // Written from a principal.
    creator: { kind: row.creator_kind as Principal['kind'], id: row.creator_id },
    node: row.node,
    state: row.state,
    sizeBytes: row.size_bytes ?? undefined,
    offsetBytes: row.offset_bytes,
    metadata: row.metadata ?? undefined,
    sha256: row.sha256 ?? undefined,
    permitId: row.permit_id ?? undefined,
    callbackUrl: row.callback_url ?? undefined,
    uploadId: row.upload_id ?? undefined,
    createdAt: row.created_at,
    expiresAt: row.expires_at,
  };
}
