/** Statements of reasons that were made, and the secret that keeps ids of ours out of them. */
import { sql } from 'kysely';
import type { Sql, Tx } from '../../platform/db/database.ts';
import type { EvidenceWindow } from '../../platform/evidence.ts';

/** @param fresh the secret when there is none yet */
export async function takeSecret(db: Sql, fresh: Buffer): Promise<Buffer> {
  await sql`insert into code.export_secret (secret) values (${fresh}) on conflict do nothing`.execute(db);
  const { rows } = await sql<{ secret: Buffer }>`select secret from code.export_secret`.execute(db);
  return rows[0]?.secret ?? fresh;
}

export interface StatementRow {
  readonly puid: string;
  readonly decidedAt: Date;
  readonly statement: string;
  readonly faults: readonly string[];
}

/** One that was made already is made anew: the texts may have changed. */
export async function putStatements(tx: Tx, rows: readonly StatementRow[], at: Date): Promise<void> {
  const column = <T>(read: (row: StatementRow) => T): T[] => rows.map(read);
  await sql`
    insert into code.dsa_statement (puid, decided_at, made_at, statement, faults)
    select puid, decided_at, ${at}, statement, faults from unnest(${column(({ puid }) => puid)}::text[], 
      ${column(({ decidedAt }) => decidedAt.toISOString())}::timestamptz[], ${column(({ statement }) => statement)}::text[],
      ${column(({ faults }) => faults.length)}::integer[]) as made (puid, decided_at, statement, faults)
    on conflict (puid) do update set statement = excluded.statement, faults = excluded.faults, made_at = excluded.made_at`.execute(tx);
}

export async function deleteStatements(tx: Tx, before: Date): Promise<void> {
  await sql`delete from code.dsa_statement where decided_at < ${before}`.execute(tx);
}

/** Of decisions in a time. */
export async function countStatements(db: Sql, { from, to }: EvidenceWindow): Promise<{ readonly made: number; readonly valid: number }> {
  const { rows } = await sql<{ made: number; valid: number }>`
    select count(*) as made, count(*) filter (where faults = 0) as valid from code.dsa_statement where decided_at >= ${from} and decided_at < ${to}`.execute(
    db,
  );
  return rows[0] ?? { made: 0, valid: 0 };
}

/** Which of these have a statement that passes the field rules. */
export async function findStated(db: Sql, puids: readonly string[]): Promise<Set<string>> {
  const { rows } = await sql<{ puid: string }>`select puid from code.dsa_statement where puid = any(${[...puids]}::text[]) and faults = 0`.execute(db);
  return new Set(rows.map(({ puid }) => puid));
}
