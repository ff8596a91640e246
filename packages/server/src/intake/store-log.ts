/** The rows of intake that the transparency log is held against. Uploads and receipts are removed some weeks after their end, and looks with them. */
import { sql } from 'kysely';
import { readRows, readSourceRows } from '../platform/db/rows.ts';
import type { LogSource, LogSourceRow } from '../platform/log-source.ts';

export const logSources: readonly LogSource[] = [
  {
    kind: 'upload.decided',
    title: 'decisions about uploads',
    isErased: true,
    // Counted where the counting began with the upload; else there was one at least.
    rows: (tx, since) =>
      readRows(
        tx,
        sql<LogSourceRow>`
        select id collate "C" as id, coalesce(decisions, 1) as count, decisions is null as "isAtLeast" from intake.upload
        where decisions > 0 or (decisions is null and decided_at >= ${since}) order by 1`,
      ),
  },
  {
    kind: 'upload.ended',
    title: 'uploads that were deleted or expired',
    isErased: true,
    rows: (tx, since) =>
      readRows(
        tx,
        sql<LogSourceRow>`
        select id collate "C" as id, 1 as count, false as "isAtLeast" from intake.upload where state in ('expired', 'deleted') and ended_at >= ${since} order by 1`,
      ),
  },
  {
    kind: 'upload.content_viewed',
    title: 'looks at held content, by upload',
    isErased: true,
    rows: readSourceRows({ table: 'intake.look', id: 'upload_id', at: 'at' }),
  },
  {
    kind: 'receipt.issued',
    title: 'receipts',
    isErased: true,
    rows: readSourceRows({ table: 'intake.receipt', id: 'id', at: 'issued_at' }),
  },
  {
    kind: 'receipt.revoked',
    title: 'receipts that were revoked',
    isErased: true,
    rows: readSourceRows({ table: 'intake.receipt', id: 'id', at: 'revoked_at' }),
  },
  {
    kind: 'policy.changed',
    title: 'policies that uploads were decided by',
    isErased: true,
    rows: (tx, since) =>
      readRows(
        tx,
        sql<LogSourceRow>`
        select distinct policy_version collate "C" as id, 1 as count, true as "isAtLeast" from intake.upload
        where policy_version is not null and decided_at >= ${since} order by 1`,
      ),
  },
  {
    kind: 'key.changed',
    only: { field: 'purpose', value: 'receipts' },
    title: 'keys that sign receipts',
    isErased: true,
    rows: readSourceRows({ table: 'intake.receipt_key', id: 'kid', at: 'last_used_at', isAtLeast: true }),
  },
];
