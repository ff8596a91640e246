/** The rows of age that the transparency log is held against. Results are not among them: they are forgotten, and no entry names one. */
import { sql } from 'kysely';
import { readRows } from '../platform/db/rows.ts';
import type { LogSource, LogSourceRow } from '../platform/log-source.ts';

export const logSources: readonly LogSource[] = [
  {
    kind: 'age.record_written',
    title: 'entries of the written record of age checks',
    isErased: false,
    rows: (tx, since) =>
      readRows(
        tx,
        sql<LogSourceRow>`select sequence::text collate "C" as id, 1 as count, false as "isAtLeast" from age.evidence_record where at >= ${since} order by 1`,
      ),
  },
  {
    kind: 'age.trust_changed',
    only: { field: 'change', value: 'imported' },
    title: 'trust lists',
    isErased: true,
    rows: (tx, since) =>
      readRows(
        tx,
        sql<LogSourceRow>`select name collate "C" as id, 1 as count, true as "isAtLeast" from age.trust_list where imported_at >= ${since} order by 1`,
      ),
  },
  {
    kind: 'age.trust_changed',
    only: { field: 'change', value: 'muted' },
    title: 'muted issuers',
    isErased: true,
    rows: (tx, since) =>
      readRows(tx, sql<LogSourceRow>`select anchor collate "C" as id, 1 as count, true as "isAtLeast" from age.trust_mute where at >= ${since} order by 1`),
  },
  {
    kind: 'age.trust_changed',
    only: { field: 'change', value: 'status_list_added' },
    title: 'status lists',
    isErased: true,
    rows: (tx, since) =>
      readRows(tx, sql<LogSourceRow>`select id collate "C" as id, 1 as count, false as "isAtLeast" from age.status_list where added_at >= ${since} order by 1`),
  },
  {
    kind: 'age.service_changed',
    only: { field: 'change', value: 'put' },
    title: 'relying services',
    isErased: true,
    rows: (tx, since) =>
      readRows(tx, sql<LogSourceRow>`select id collate "C" as id, 1 as count, true as "isAtLeast" from age.service where created_at >= ${since} order by 1`),
  },
  {
    kind: 'age.service_changed',
    only: { field: 'change', value: 'client_put' },
    title: 'OpenID clients, by service',
    isErased: true,
    rows: (tx, since) =>
      readRows(
        tx,
        sql<LogSourceRow>`
        select service collate "C" as id, count(*) as count, true as "isAtLeast" from age.openid_client where created_at >= ${since} group by 1 order by 1`,
      ),
  },
];
