/** Runs of checks, as the log is held against them. */
import { sql } from 'kysely';
import { readRows } from '../../platform/db/rows.ts';
import type { LogSource, LogSourceRow } from '../../platform/log-source.ts';

export const logSources: readonly LogSource[] = [
  {
    kind: 'register.checked',
    title: 'runs of the checks of the register',
    // After three years.
    isErased: true,
    rows: (tx, since) =>
      readRows(tx, sql<LogSourceRow>`select id collate "C" as id, 1 as count, false as "isAtLeast" from register.check_run where at >= ${since} order by 1`),
  },
];
