/** The rows that the transparency log is held against. */
import { sql } from 'kysely';
import { readRows } from '../../platform/db/rows.ts';
import type { LogSource, LogSourceRow } from '../../platform/log-source.ts';

export const logSources: readonly LogSource[] = [
  {
    kind: 'country.changed',
    only: { field: 'change', value: 'share_moved' },
    title: 'shares of hosting that moved',
    isErased: false,
    rows: (tx, since) =>
      readRows(
        tx,
        sql<LogSourceRow>`
        select country collate "C" as id, count(*) as count, false as "isAtLeast" from international.displacement
        where found_at >= ${since} group by country order by 1`,
      ),
  },
];
