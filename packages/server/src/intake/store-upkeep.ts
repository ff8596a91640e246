/** What the janitor, the checks and the overview ask of uploads. */
import { sql, type Kysely } from 'kysely';
import type { Sql } from '../platform/db/database.ts';
import { CANARY } from './canary.ts';
import { statesBefore } from './rules.ts';
import { UPLOAD_STATES, type Disposition, type UploadState } from './schema.ts';
import type { UploadTable } from './store.ts';

type Tables = { 'intake.upload': UploadTable; 'intake.idempotency': { scope: Buffer; created_at: Date } };
const tables = (db: Sql): Kysely<Tables> => db.withTables<Tables>();
const hex = (value: Buffer | null): string | undefined => value?.toString('hex');
const unhex = (value: string): Buffer => Buffer.from(value, 'hex');

/** Those of `hashes` that a row in one of `states` needs. */
export async function findNeeded(db: Sql, hashes: readonly string[], states: readonly UploadState[]): Promise<Set<string>> {
  const rows = await tables(db)
    .selectFrom('intake.upload')
    .select('sha256')
    .distinct()
    .where('sha256', 'in', hashes.map(unhex))
    .where('state', 'in', [...states])
    .execute();
  return new Set(rows.flatMap((row) => hex(row.sha256) ?? []));
}

export async function findExpired(db: Sql, at: Date, limit: number): Promise<{ readonly id: string; readonly sha256: string | undefined }[]> {
  const rows = await tables(db)
    .selectFrom('intake.upload')
    .select(['id', 'sha256'])
    .where('state', 'in', statesBefore('expire'))
    .where('expires_at', '<=', at)
    .orderBy('expires_at')
    .limit(limit)
    .execute();
  return rows.map((row) => ({ id: row.id, sha256: hex(row.sha256) }));
}

export async function purge(db: Sql, before: { readonly ended: Date; readonly idempotency: Date }): Promise<void> {
  await tables(db).deleteFrom('intake.upload').where('state', 'in', ['expired', 'deleted']).where('ended_at', '<', before.ended).execute();
  await tables(db).deleteFrom('intake.idempotency').where('created_at', '<', before.idempotency).execute();
}

export interface Counts {
  readonly byState: Record<UploadState, number>;
  readonly decided: Record<Disposition, number>;
  readonly oldestUndecidedAt: Date | undefined;
}

export async function countUploads(db: Sql, since: Date): Promise<Counts> {
  const states = await tables(db)
    .selectFrom('intake.upload')
    .select(['state', ({ fn }) => fn.countAll<number>().as('count')])
    .where('created_by', '<>', CANARY.id)
    .groupBy('state')
    .execute();
  const dispositions = await tables(db)
    .selectFrom('intake.upload')
    .select(['disposition', ({ fn }) => fn.countAll<number>().as('count')])
    .where('decided_at', '>=', since)
    .where('created_by', '<>', CANARY.id)
    .where('disposition', 'is not', null)
    .groupBy('disposition')
    .execute();
  const oldest = await tables(db)
    .selectFrom('intake.upload')
    .select(sql<Date | null>`min(received_at)`.as('at'))
    .where('state', 'in', ['received', 'scanning'])
    .executeTakeFirst();
  const byState = Object.fromEntries(UPLOAD_STATES.map((state) => [state, states.find((row) => row.state === state)?.count ?? 0])) as Record<
    UploadState,
    number
  >;
  const count = (disposition: Disposition): number => dispositions.find((row) => row.disposition === disposition)?.count ?? 0;
  return { byState, decided: { release: count('release'), hold: count('hold'), refuse: count('refuse') }, oldestUndecidedAt: oldest?.at ?? undefined };
}
