/** The rows of access that the transparency log is held against. */
import { sql } from 'kysely';
import { readRows } from '../platform/db/rows.ts';
import type { LogSource, LogSourceRow } from '../platform/log-source.ts';

export const logSources: readonly LogSource[] = [
  {
    kind: 'access.changed',
    only: { field: 'change', value: 'key.created' },
    title: 'API keys',
    isErased: false,
    rows: (tx, since) =>
      readRows(
        tx,
        sql<LogSourceRow>`select id collate "C" as id, 1 as count, false as "isAtLeast" from access.api_key where created_at >= ${since} order by 1`,
      ),
  },
  {
    kind: 'access.changed',
    only: { field: 'change', value: 'key.revoked' },
    title: 'API keys that were revoked',
    isErased: false,
    rows: (tx, since) =>
      readRows(
        tx,
        sql<LogSourceRow>`select id collate "C" as id, 1 as count, false as "isAtLeast" from access.api_key where revoked_at >= ${since} order by 1`,
      ),
  },
  {
    kind: 'access.changed',
    only: { field: 'change', value: 'sign_in_link.created' },
    title: 'sign-in links, by person',
    isErased: true,
    rows: (tx, since) =>
      readRows(
        tx,
        sql<LogSourceRow>`
        select person_id collate "C" as id, count(*) as count, true as "isAtLeast" from access.sign_in_link where created_at >= ${since} group by 1 order by 1`,
      ),
  },
  {
    kind: 'access.changed',
    only: { field: 'change', value: 'session.created' },
    title: 'sessions, by person',
    isErased: true,
    rows: (tx, since) =>
      readRows(
        tx,
        sql<LogSourceRow>`
        select person_id collate "C" as id, count(*) as count, true as "isAtLeast" from access.session where created_at >= ${since} group by 1 order by 1`,
      ),
  },
];
