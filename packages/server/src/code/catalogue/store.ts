/** Releases of the catalogue, and which one is in use. */
import { sql, type Kysely } from 'kysely';
import type { Sql, Tx } from '../../platform/db/database.ts';
import type { ReleaseChoice } from './release-schema.ts';

type ReleaseTable = {
  digest: string;
  version: string;
  released_on: string;
  bytes: Buffer;
  note: string;
  signed_by: string;
  controls: number;
  to_verify: number;
  added_at: Date;
  imported_by: string | null;
};
type Tables = {
  'code.catalogue_release': ReleaseTable;
  'code.catalogue_use': { id: number; digest: string; is_held_back: boolean; reason: string | null; actor: string; at: Date };
};
type NewUse = { 'code.catalogue_use': Omit<Tables['code.catalogue_use'], 'id'> };

const tables = (db: Sql): Kysely<Tables> => db.withTables<Tables>();

/** Without its bytes. */
export interface ReleaseRow {
  readonly digest: string;
  readonly version: string;
  readonly releasedOn: string;
  readonly signedBy: string;
  readonly controls: number;
  readonly toVerify: number;
  readonly addedAt: Date;
  /** Null: it came with the software. */
  readonly importedBy: string | null;
}

/** Until the end of the transaction nobody else adds a release or changes which one is in use. */
export async function lockReleases(tx: Tx): Promise<void> {
  await sql`lock table code.catalogue_use in share row exclusive mode`.execute(tx);
}

/** The one that was added last comes first. */
export async function listReleases(db: Sql): Promise<ReleaseRow[]> {
  const rows = await tables(db)
    .selectFrom('code.catalogue_release')
    .select(['digest', 'version', 'released_on', 'signed_by', 'controls', 'to_verify', 'added_at', 'imported_by'])
    .orderBy('added_at', 'desc')
    .orderBy('digest')
    .execute();
  return rows.map((row) => ({
    digest: row.digest,
    version: row.version,
    releasedOn: row.released_on,
    signedBy: row.signed_by,
    controls: row.controls,
    toVerify: row.to_verify,
    addedAt: row.added_at,
    importedBy: row.imported_by,
  }));
}

export async function readRelease(db: Sql, digest: string): Promise<{ readonly bytes: Uint8Array; readonly note: string }> {
  const row = await tables(db).selectFrom('code.catalogue_release').select(['bytes', 'note']).where('digest', '=', digest).executeTakeFirstOrThrow();
  return { bytes: new Uint8Array(row.bytes), note: row.note };
}

/** @returns false when it is there already */
export async function addRelease(tx: Tx, row: ReleaseRow, file: { readonly bytes: Uint8Array; readonly note: string }): Promise<boolean> {
  const { numInsertedOrUpdatedRows = 0n } = await tables(tx)
    .insertInto('code.catalogue_release')
    .values({
      digest: row.digest,
      version: row.version,
      released_on: row.releasedOn,
      bytes: Buffer.from(file.bytes),
      note: file.note,
      signed_by: row.signedBy,
      controls: row.controls,
      to_verify: row.toVerify,
      added_at: row.addedAt,
      imported_by: row.importedBy,
    })
    .onConflict((conflict) => conflict.column('digest').doNothing())
    .executeTakeFirst();
  return numInsertedOrUpdatedRows > 0n;
}

export async function readChoice(db: Sql): Promise<ReleaseChoice | undefined> {
  const row = await tables(db)
    .selectFrom('code.catalogue_use as use')
    .innerJoin('code.catalogue_release as release', 'release.digest', 'use.digest')
    .select(['release.version', 'use.digest', 'use.is_held_back', 'use.reason', 'use.actor', 'use.at'])
    .orderBy('use.id', 'desc')
    .executeTakeFirst();
  return row === undefined
    ? undefined
    : { version: row.version, digest: row.digest, isHeldBack: row.is_held_back, reason: row.reason, actor: row.actor, at: row.at };
}

export async function addChoice(tx: Tx, { digest, isHeldBack, reason, actor, at }: ReleaseChoice): Promise<void> {
  await tx.withTables<NewUse>().insertInto('code.catalogue_use').values({ digest, is_held_back: isHeldBack, reason, actor, at }).execute();
}
