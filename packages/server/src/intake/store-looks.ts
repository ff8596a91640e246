/** Looks at content that was not released: who, when, and how clearly. */
import type { Sql } from '../platform/db/database.ts';

type Tables = { 'intake.look': { upload_id: string; at: Date; actor: string; is_blurred: boolean } };

export interface Look {
  readonly at: Date;
  /** The id of the person or key. */
  readonly actor: string;
  readonly isBlurred: boolean;
}

/** More are kept, the newest are shown. */
const SHOWN_MAX = 200;

export async function insertLook(sql: Sql, uploadId: string, look: Look): Promise<void> {
  await sql
    .withTables<Tables>()
    .insertInto('intake.look')
    .values({ upload_id: uploadId, at: look.at, actor: look.actor, is_blurred: look.isBlurred })
    .execute();
}

/** Newest first. */
export async function listLooks(sql: Sql, uploadId: string): Promise<Look[]> {
  const rows = await sql
    .withTables<Tables>()
    .selectFrom('intake.look')
    .select(['at', 'actor', 'is_blurred'])
    .where('upload_id', '=', uploadId)
    .orderBy('at', 'desc')
    .limit(SHOWN_MAX)
    .execute();
  return rows.map((row) => ({ at: row.at, actor: row.actor, isBlurred: row.is_blurred }));
}
