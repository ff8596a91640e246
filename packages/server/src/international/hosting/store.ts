/** Answers of registries, until they expire. */
import { sql } from 'kysely';
import type { Sql } from '../../platform/db/database.ts';

export interface KeptAnswer {
  /** SHA-256 of what was asked. */
  readonly question: string;
  readonly server: string;
  readonly outcome: 'found' | 'absent' | 'failed';
  readonly record: unknown;
  readonly retrievedAt: Date;
  readonly expiresAt: Date;
}

export async function findAnswer(db: Sql, question: string, now: Date): Promise<KeptAnswer | undefined> {
  const { rows } = await sql<KeptAnswer>`
    select question, server, outcome, record, retrieved_at as "retrievedAt", expires_at as "expiresAt"
    from international.rdap_answer where question = ${question} and expires_at > ${now}`.execute(db);
  return rows[0];
}

/** Also forgets what has expired: nothing else does. */
export async function keepAnswer(db: Sql, { question, server, outcome, record, retrievedAt, expiresAt }: KeptAnswer): Promise<void> {
  const body = record === undefined || record === null ? null : JSON.stringify(record);
  await sql`delete from international.rdap_answer where expires_at <= ${retrievedAt}`.execute(db);
  await sql`
    insert into international.rdap_answer (question, server, outcome, record, retrieved_at, expires_at)
    values (${question}, ${server}, ${outcome}, ${body}::jsonb, ${retrievedAt}, ${expiresAt})
    on conflict (question) do update set server = excluded.server, outcome = excluded.outcome, record = excluded.record,
      retrieved_at = excluded.retrieved_at, expires_at = excluded.expires_at`.execute(db);
}
