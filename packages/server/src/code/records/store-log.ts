/** Signatures, as the log is held against them: what was deleted in time was signed as well. */
import { sql } from 'kysely';
import { readRows } from '../../platform/db/rows.ts';
import type { LogSource, LogSourceRow } from '../../platform/log-source.ts';

export const logSources: readonly LogSource[] = [
  {
    kind: 'code.record_signed',
    title: 'signed records',
    isErased: false,
    rows: (tx, since) =>
      readRows(
        tx,
        sql<LogSourceRow>`
        select id collate "C" as id, 1 as count, false as "isAtLeast" from (
          select id, signed_at from code.record union all select id, signed_at from code.record_pruned
        ) signed
        where signed_at >= ${since} order by 1`,
      ),
  },
];
