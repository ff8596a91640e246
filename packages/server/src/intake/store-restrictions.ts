/** What was not let through, for statements of reasons. The row of an upload stays 30 days after its end; what it says of the content stays as long. */
import { sql } from 'kysely';
import type { Sql } from '../platform/db/database.ts';
import type { EvidenceWindow } from '../platform/evidence.ts';
import { CANARY } from './canary.ts';
import type { Restriction } from './schema.ts';

export interface RestrictionPage extends EvidenceWindow {
  /** The last one of the page before. */
  readonly after?: Pick<Restriction, 'decidedAt' | 'id'> | undefined;
  readonly limit: number;
}

/** By the time of the decision. An `error` restricts nothing: the content is screened again. */
export async function listRestrictions(db: Sql, { from, to, after, limit }: RestrictionPage): Promise<Restriction[]> {
  const { rows } = await sql<Restriction>`
    select id, created_at as "createdAt", decided_at as "decidedAt", verdict, disposition, media_type as "mediaType"
    from intake.upload
    where decided_at >= ${from} and decided_at < ${to} and disposition in ('hold', 'refuse') and verdict in ('match', 'unscannable')
      and created_by <> ${CANARY.id} and (decided_at, id) > (${after?.decidedAt ?? from}::timestamptz, ${after?.id ?? ''})
    order by decided_at, id limit ${limit}`.execute(db);
  return rows;
}
