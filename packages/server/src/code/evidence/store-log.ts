/** Evaluations and targets, as the log is held against them. */
import { sql } from 'kysely';
import { readRows } from '../../platform/db/rows.ts';
import type { LogSource, LogSourceRow } from '../../platform/log-source.ts';

export const logSources: readonly LogSource[] = [
  {
    kind: 'code.evaluated',
    title: 'evaluations of the measures',
    // After three years.
    isErased: true,
    rows: (tx, since) =>
      readRows(tx, sql<LogSourceRow>`select id collate "C" as id, 1 as count, false as "isAtLeast" from code.evaluation where at >= ${since} order by 1`),
  },
  {
    kind: 'code.changed',
    only: { field: 'change', value: 'target_set' },
    title: 'targets of the service',
    isErased: false,
    rows: (tx, since) =>
      readRows(
        tx,
        sql<LogSourceRow>`select id collate "C" as id, count(*) as count, false as "isAtLeast" from code.target where set_at >= ${since} group by 1 order by 1`,
      ),
  },
];
