/** The rows of the lists that the transparency log is held against. */
import { sql } from 'kysely';
import { readRows } from '../platform/db/rows.ts';
import type { LogSource, LogSourceRow } from '../platform/log-source.ts';

export const logSources: readonly LogSource[] = [
  {
    kind: 'list.changed',
    title: 'list-set versions',
    isErased: false,
    rows: (tx, since) =>
      readRows(
        tx,
        sql<LogSourceRow>`select version::text collate "C" as id, 1 as count, false as "isAtLeast" from lists.version where at >= ${since} order by 1`,
      ),
  },
];
