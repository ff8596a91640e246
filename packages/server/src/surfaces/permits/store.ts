/** Permits and what was asked for. Rows live for hours. */
import { sql, type Kysely } from 'kysely';
import type { Sql } from '../../platform/db/database.ts';

interface PermitRow {
  readonly id: string;
  readonly binding: Buffer;
  readonly expires_at: Date;
  readonly used_at: Date | null;
  readonly upload_id: string | null;
}

/** A type, not an interface: Kysely wants an implicit index signature. */
type PermitTables = {
  'surfaces.permit': PermitRow;
  'surfaces.permit_allowance': { readonly holder: string; readonly period: Date; readonly used: number };
};

function tables(db: Sql): Kysely<PermitTables> {
  return db.withTables<PermitTables>();
}

export interface Holder {
  readonly holder: string;
  readonly period: Date;
}

/** Counts in one statement. @returns how much is used now, this included */
export async function chargeHolder(db: Sql, { holder, period }: Holder, cost: number): Promise<number> {
  const row = await tables(db)
    .insertInto('surfaces.permit_allowance')
    .values({ holder, period, used: cost })
    .onConflict((conflict) => conflict.columns(['holder', 'period']).doUpdateSet({ used: sql`permit_allowance.used + ${cost}` }))
    .returning('used')
    .executeTakeFirstOrThrow();
  return row.used;
}

export async function insertPermit(db: Sql, permit: Pick<PermitRow, 'id' | 'binding' | 'expires_at'>): Promise<void> {
  await tables(db)
    .insertInto('surfaces.permit')
    .values({ ...permit, used_at: null, upload_id: null })
    .execute();
}

/** The one gate that a permit passes once. @returns false when it is not for this, was used, or is too old */
export async function usePermit(db: Sql, permit: Pick<PermitRow, 'id' | 'binding'>, at: Date): Promise<boolean> {
  const result = await tables(db)
    .updateTable('surfaces.permit')
    .set({ used_at: at })
    .where('id', '=', permit.id)
    .where('binding', '=', permit.binding)
    .where('used_at', 'is', null)
    .where('expires_at', '>', at)
    .executeTakeFirst();
  return result.numUpdatedRows === 1n;
}

export async function bindPermit(db: Sql, id: string, uploadId: string): Promise<void> {
  await tables(db).updateTable('surfaces.permit').set({ upload_id: uploadId }).where('id', '=', id).execute();
}

/** The bytes did not arrive: the same file may be sent with it again. */
export async function releasePermit(db: Sql, id: string): Promise<void> {
  await tables(db).updateTable('surfaces.permit').set({ used_at: null, upload_id: null }).where('id', '=', id).execute();
}

export async function hasPermit(db: Sql, uploadId: string): Promise<boolean> {
  const row = await tables(db).selectFrom('surfaces.permit').select('id').where('upload_id', '=', uploadId).executeTakeFirst();
  return row !== undefined;
}

export async function deleteOldPermits(db: Sql, before: Date): Promise<void> {
  await tables(db).deleteFrom('surfaces.permit').where('expires_at', '<', before).execute();
  await tables(db).deleteFrom('surfaces.permit_allowance').where('period', '<', before).execute();
}
