/** What screening does to uploads in the database: leases, decisions, what undoes them. Each compares the state and swaps it in one statement. */
import type { Kysely, Selectable } from 'kysely';
import type { Sql } from '../platform/db/database.ts';
import type { Screening } from '../screening/index.ts';
import { bandOf } from './band-rules.ts';
import { EVENT_OF, nextState, statesBefore } from './rules.ts';
import type { Disposition } from './schema.ts';
import { toUpload, type Upload, type UploadTable } from './store.ts';

type Tables = { 'intake.upload': UploadTable };
const tables = (db: Sql): Kysely<Tables> => db.withTables<Tables>();

export interface Lease {
  readonly token: string;
  readonly node: string;
  readonly at: Date;
  readonly until: Date;
}

/** Takes an upload for screening: one that waits, one whose lease ran out, or one that this node held before it was killed. */
export async function leaseUpload(db: Sql, id: string, lease: Lease): Promise<Upload | undefined> {
  const row = await tables(db)
    .updateTable('intake.upload')
    .set(({ eb }) => ({ state: 'scanning', lease_token: lease.token, lease_node: lease.node, lease_until: lease.until, attempts: eb('attempts', '+', 1) }))
    .where('id', '=', id)
    .where(({ or, and, eb }) =>
      or([eb('state', '=', 'received'), and([eb('state', '=', 'scanning'), or([eb('lease_until', '<', lease.at), eb('lease_node', '=', lease.node)])])]),
    )
    .returningAll()
    .executeTakeFirst();
  return row === undefined ? undefined : toUpload(row);
}

/** What waits to be screened: due now, leased by this node, or by one whose lease ran out. */
export async function findUnscreened(
  db: Sql,
  where: { readonly node: string; readonly at: Date; readonly limit: number },
): Promise<{ readonly id: string; readonly node: string | undefined; readonly sha256: string; readonly sizeBytes: number }[]> {
  const rows = await tables(db)
    .selectFrom('intake.upload')
    .select(['id', 'node', 'sha256', 'size'])
    .where(({ or, and, eb }) =>
      or([
        and([eb('state', '=', 'received'), eb('next_attempt_at', '<=', where.at)]),
        and([eb('state', '=', 'scanning'), or([eb('lease_until', '<', where.at), eb('lease_node', '=', where.node)])]),
      ]),
    )
    .orderBy('id')
    .limit(where.limit)
    .execute();
  return rows.flatMap((row) =>
    row.sha256 === null || row.size === null ? [] : [{ id: row.id, node: row.node ?? undefined, sha256: row.sha256.toString('hex'), sizeBytes: row.size }],
  );
}

export interface Outcome {
  readonly screening: Screening;
  readonly policyVersion: string;
  readonly at: Date;
}

/** The upload as it is now when the lease is still ours, else undefined. */
export async function decideUpload(
  db: Sql,
  lease: { readonly id: string; readonly token: string },
  outcome: Outcome & { readonly disposition: Disposition; readonly expiresAt: Date },
): Promise<Upload | undefined> {
  const state = nextState('scanning', EVENT_OF[outcome.disposition]);
  if (state === undefined) throw new TypeError('scanning must lead to every disposition');
  const row = await tables(db)
    .updateTable('intake.upload')
    .set(({ eb }) => ({
      ...toColumns(outcome),
      decisions: eb('decisions', '+', 1),
      state,
      disposition: outcome.disposition,
      decided_at: outcome.at,
      expires_at: outcome.expiresAt,
      lease_token: null,
      lease_node: null,
      lease_until: null,
      next_attempt_at: null,
    }))
    .where('id', '=', lease.id)
    .where('state', '=', 'scanning')
    .where('lease_token', '=', lease.token)
    .returningAll()
    .executeTakeFirst();
  return row === undefined ? undefined : toUpload(row);
}

/** Back to waiting. Without an outcome the attempt does not count. */
export async function postponeUpload(
  db: Sql,
  lease: { readonly id: string; readonly token: string },
  until: { readonly nextAttemptAt: Date; readonly outcome?: Outcome },
): Promise<boolean> {
  const result = await tables(db)
    .updateTable('intake.upload')
    .set(({ eb }) => ({
      ...(until.outcome === undefined ? { attempts: eb('attempts', '-', 1) } : toColumns(until.outcome)),
      state: 'received',
      next_attempt_at: until.nextAttemptAt,
      lease_token: null,
      lease_node: null,
      lease_until: null,
    }))
    .where('id', '=', lease.id)
    .where('state', '=', 'scanning')
    .where('lease_token', '=', lease.token)
    .executeTakeFirst();
  return result.numUpdatedRows === 1n;
}

type Columns = Pick<Selectable<UploadTable>, 'verdict' | 'reason' | 'band' | 'policy_version' | 'media_type'> & { readonly screening: string };

function toColumns(outcome: Outcome): Columns {
  return {
    verdict: outcome.screening.verdict,
    ...toKeptWords(outcome.screening),
    policy_version: outcome.policyVersion,
    screening: JSON.stringify(outcome.screening),
    media_type: outcome.screening.media?.type ?? null,
  };
}

function toKeptWords(screening: Screening): { reason: string | null; band: string | null } {
  return { reason: screening.reason ?? null, band: bandOf(screening.hits) ?? null };
}

/** Released content whose receipt was withdrawn because a list changed. */
export async function revokeRelease(db: Sql, id: string, outcome: Outcome & { readonly expiresAt: Date }): Promise<Upload | undefined> {
  const row = await tables(db)
    .updateTable('intake.upload')
    .set(({ eb }) => ({
      verdict: outcome.screening.verdict,
      ...toKeptWords(outcome.screening),
      queued_at: outcome.at,
      screening: JSON.stringify(outcome.screening),
      policy_version: outcome.policyVersion,
      decisions: eb('decisions', '+', 1),
      state: 'held',
      disposition: 'hold',
      decided_at: outcome.at,
      expires_at: outcome.expiresAt,
    }))
    .where('id', '=', id)
    .where('state', 'in', statesBefore('revoke'))
    .returningAll()
    .executeTakeFirst();
  return row === undefined ? undefined : toUpload(row);
}

/** Decided content goes back to the queue; what was decided stays readable until the new decision. */
export async function requeueUpload(db: Sql, id: string, at: { readonly now: Date; readonly expiresAt: Date }): Promise<Upload | undefined> {
  const row = await tables(db)
    .updateTable('intake.upload')
    .set({ state: 'received', disposition: null, decided_at: null, attempts: 0, queued_at: at.now, next_attempt_at: at.now, expires_at: at.expiresAt })
    .where('id', '=', id)
    .where('state', 'in', statesBefore('rescreen'))
    .returningAll()
    .executeTakeFirst();
  return row === undefined ? undefined : toUpload(row);
}
