/** The rows that the transparency log is held against. */
import { sql } from 'kysely';
import { readRows } from '../../platform/db/rows.ts';
import type { LogSource, LogSourceRow } from '../../platform/log-source.ts';

export const logSources: readonly LogSource[] = [
  {
    kind: 'country.changed',
    only: { field: 'change', value: 'statement' },
    title: 'single statements about countries',
    isErased: false,
    rows: (tx, since) =>
      readRows(
        tx,
        sql<LogSourceRow>`
        select country collate "C" as id, count(*) as count, false as "isAtLeast" from international.statement
        where import_id is null and kept_at >= ${since} group by country order by 1`,
      ),
  },
  {
    kind: 'country.changed',
    only: { field: 'change', value: 'import' },
    title: 'files about countries that were read',
    isErased: false,
    rows: (tx, since) =>
      readRows(
        tx,
        sql<LogSourceRow>`
        select 'ZZ' as id, count(*) as count, false as "isAtLeast" from international.import where made_at >= ${since} having count(*) > 0`,
      ),
  },
  {
    kind: 'country.changed',
    only: { field: 'change', value: 'assessment' },
    title: 'assessments of capabilities',
    isErased: false,
    rows: (tx, since) =>
      readRows(
        tx,
        sql<LogSourceRow>`
        select country collate "C" as id, count(*) as count, false as "isAtLeast" from international.assessment
        where made_at >= ${since} group by country order by 1`,
      ),
  },
  {
    kind: 'country.changed',
    only: { field: 'change', value: 'reply' },
    title: 'replies to assessments',
    isErased: false,
    rows: (tx, since) =>
      readRows(
        tx,
        sql<LogSourceRow>`
        select a.country collate "C" as id, count(*) as count, false as "isAtLeast" from international.assessment_reply r
        join international.assessment a on a.id = r.assessment_id where r.kept_at >= ${since} group by a.country order by 1`,
      ),
  },
];
