/** Receipts and the public keys that they can be checked with. */
import { deflateRawSync, inflateRawSync } from 'node:zlib';
import type { Kysely, Selectable } from 'kysely';
import type { QuerySignals } from '../lists/index.ts';
import type { Sql } from '../platform/db/database.ts';
import { StoredSignalsSchema } from './schema.ts';

interface ReceiptTable {
  id: string;
  subject: string;
  upload_id: string | null;
  sha256: Buffer;
  size: number;
  jws: string;
  issued_at: Date;
  expires_at: Date;
  list_set_version: number;
  checked_version: number;
  signals: Buffer | null;
  revoked_at: Date | null;
  revoke_reason: string | null;
}
type Tables = { 'intake.receipt': ReceiptTable; 'intake.receipt_key': { kid: string; x: string; last_used_at: Date } };

export interface Receipt {
  readonly id: string;
  readonly subject: string;
  readonly uploadId: string | undefined;
  readonly sha256: string;
  readonly sizeBytes: number;
  readonly jws: string;
  readonly issuedAt: Date;
  readonly expiresAt: Date;
  readonly listSetVersion: number;
  /** The newest list-set version that it was compared with. */
  readonly checkedVersion: number;
  readonly signals: QuerySignals | undefined;
  readonly isRevoked: boolean;
}

/** 3 KB of hexadecimal digits become about 1.6 KB. */
const SIGNALS_BYTES_MAX = 1_048_576;
const tables = (db: Sql): Kysely<Tables> => db.withTables<Tables>();

function pack(signals: QuerySignals | undefined): Buffer | null {
  return signals === undefined ? null : deflateRawSync(JSON.stringify(signals));
}

function unpack(bytes: Buffer | null): QuerySignals | undefined {
  if (bytes === null) return undefined;
  return StoredSignalsSchema.parse(JSON.parse(inflateRawSync(bytes, { maxOutputLength: SIGNALS_BYTES_MAX }).toString('utf8')));
}

function toReceipt(row: Selectable<ReceiptTable>): Receipt {
  return {
    id: row.id,
    subject: row.subject,
    uploadId: row.upload_id ?? undefined,
    sha256: row.sha256.toString('hex'),
    sizeBytes: row.size,
    jws: row.jws,
    issuedAt: row.issued_at,
    expiresAt: row.expires_at,
    listSetVersion: row.list_set_version,
    checkedVersion: row.checked_version,
    signals: unpack(row.signals),
    isRevoked: row.revoked_at !== null,
  };
}

export async function insertReceipt(db: Sql, receipt: Omit<Receipt, 'isRevoked'>): Promise<void> {
  await tables(db)
    .insertInto('intake.receipt')
    .values({
      id: receipt.id,
      subject: receipt.subject,
      upload_id: receipt.uploadId ?? null,
      sha256: Buffer.from(receipt.sha256, 'hex'),
      size: receipt.sizeBytes,
      jws: receipt.jws,
      issued_at: receipt.issuedAt,
      expires_at: receipt.expiresAt,
      list_set_version: receipt.listSetVersion,
      checked_version: receipt.checkedVersion,
      signals: pack(receipt.signals),
      revoked_at: null,
      revoke_reason: null,
    })
    .execute();
}

export async function findReceipt(db: Sql, id: string): Promise<Receipt | undefined> {
  const row = await tables(db).selectFrom('intake.receipt').selectAll().where('id', '=', id).executeTakeFirst();
  return row === undefined ? undefined : toReceipt(row);
}

/** The receipts in force at `at`, by upload. */
export async function findReceiptsOf(db: Sql, uploadIds: readonly string[], at: Date): Promise<Map<string, Receipt>> {
  if (uploadIds.length === 0) return new Map();
  const rows = await tables(db)
    .selectFrom('intake.receipt')
    .selectAll()
    .where('upload_id', 'in', [...uploadIds])
    .where('revoked_at', 'is', null)
    .where('expires_at', '>', at)
    .execute();
  return new Map(rows.map(toReceipt).flatMap((receipt) => (receipt.uploadId === undefined ? [] : [[receipt.uploadId, receipt] as const])));
}

/** Receipts in force that were not yet compared with list-set version `version`. */
export async function findUnchecked(db: Sql, version: number, where: { readonly at: Date; readonly limit: number }): Promise<Receipt[]> {
  const rows = await tables(db)
    .selectFrom('intake.receipt')
    .selectAll()
    .where('revoked_at', 'is', null)
    .where('expires_at', '>', where.at)
    .where('signals', 'is not', null)
    .where('checked_version', '<', version)
    .orderBy('id')
    .limit(where.limit)
    .execute();
  return rows.map(toReceipt);
}

export async function noteChecked(db: Sql, ids: readonly string[], version: number): Promise<void> {
  if (ids.length === 0) return;
  await tables(db)
    .updateTable('intake.receipt')
    .set({ checked_version: version })
    .where('id', 'in', [...ids])
    .where('checked_version', '<', version)
    .execute();
}

/** Ids of those that were in force; their signals go. */
export async function revokeReceipts(
  db: Sql,
  which: { readonly id: string } | { readonly uploadId: string },
  why: { readonly reason: string; readonly at: Date },
): Promise<string[]> {
  const query = tables(db).updateTable('intake.receipt').set({ revoked_at: why.at, revoke_reason: why.reason, signals: null }).where('revoked_at', 'is', null);
  const rows = await ('id' in which ? query.where('id', '=', which.id) : query.where('upload_id', '=', which.uploadId)).returning('id').execute();
  return rows.map((row) => row.id);
}

/** Expired receipts forget their signals at once and are removed after `before`. */
export async function purgeReceipts(db: Sql, at: Date, before: Date): Promise<void> {
  await tables(db).updateTable('intake.receipt').set({ signals: null }).where('expires_at', '<=', at).where('signals', 'is not', null).execute();
  await tables(db).deleteFrom('intake.receipt').where('expires_at', '<=', before).execute();
}

export async function noteKey(db: Sql, key: { readonly kid: string; readonly x: string }, at: Date): Promise<void> {
  await tables(db)
    .insertInto('intake.receipt_key')
    .values({ kid: key.kid, x: key.x, last_used_at: at })
    .onConflict((conflict) => conflict.column('kid').doUpdateSet({ last_used_at: at }))
    .execute();
}

/** Public keys that signed receipts lately, on any node; the newest first. */
export async function listKeys(db: Sql, since: Date): Promise<{ readonly kid: string; readonly x: string }[]> {
  return tables(db).selectFrom('intake.receipt_key').select(['kid', 'x']).where('last_used_at', '>=', since).orderBy('last_used_at', 'desc').execute();
}

export async function purgeKeys(db: Sql, before: Date): Promise<void> {
  await tables(db).deleteFrom('intake.receipt_key').where('last_used_at', '<', before).execute();
}
