/** The log's own rows that its entries are held against: its witnesses, and the logs that it witnesses. */
import { sql } from 'kysely';
import { readRows } from '../platform/db/rows.ts';
import type { LogSource, LogSourceRow } from '../platform/log-source.ts';

export const logSources: readonly LogSource[] = [
  {
    kind: 'log.witness_changed',
    only: { field: 'change', value: 'cosigner.added' },
    title: 'witnesses of this log',
    isErased: true,
    rows: (tx, since) =>
      readRows(tx, sql<LogSourceRow>`select name collate "C" as id, 1 as count, true as "isAtLeast" from log.cosigner where added_at >= ${since} order by 1`),
  },
  {
    kind: 'log.witness_changed',
    only: { field: 'change', value: 'witnessed.added' },
    title: 'logs that are witnessed here',
    isErased: false,
    rows: (tx, since) =>
      readRows(
        tx,
        sql<LogSourceRow>`select origin collate "C" as id, 1 as count, true as "isAtLeast" from log.witnessed_log where added_at >= ${since} order by 1`,
      ),
  },
];
