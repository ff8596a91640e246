/** Changes, as the log is held against them: an entry for each that somebody made, and one for each step. */
import { sql } from 'kysely';
import { readRows } from '../../platform/db/rows.ts';
import type { LogSource, LogSourceRow } from '../../platform/log-source.ts';

export const logSources: readonly LogSource[] = [
  {
    kind: 'register.changed',
    title: 'changes of the register of recommendations',
    isErased: false,
    rows: (tx, since) =>
      readRows(
        tx,
        sql<LogSourceRow>`
        select id collate "C" as id, count(*) as count, false as "isAtLeast" from (
          select id, made_at from register.change where made_by <> 'seed'
          union all select change_id, made_at from register.change_step
        ) made
        where made_at >= ${since} group by 1 order by 1`,
      ),
  },
];
