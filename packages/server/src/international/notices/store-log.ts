/** The history of reports, contacts and keys, as the log is held against it. */
import { sql } from 'kysely';
import { readRows } from '../../platform/db/rows.ts';
import type { LogSource, LogSourceRow } from '../../platform/log-source.ts';

export const logSources: readonly LogSource[] = [
  {
    kind: 'notice.changed',
    title: 'changes of reports and notices',
    // Datasets are events of this kind, too, and have no rows.
    isErased: true,
    rows: (tx, since) =>
      readRows(
        tx,
        sql<LogSourceRow>`select subject collate "C" as id, count(*) as count, false as "isAtLeast" from international.notice_event
          where at >= ${since} and change <> 'url_viewed' group by 1 order by 1`,
      ),
  },
  {
    kind: 'notice.url_viewed',
    title: 'looks at reported addresses',
    isErased: false,
    rows: (tx, since) =>
      readRows(
        tx,
        sql<LogSourceRow>`select subject collate "C" as id, count(*) as count, false as "isAtLeast" from international.notice_event
          where at >= ${since} and change = 'url_viewed' group by 1 order by 1`,
      ),
  },
];
