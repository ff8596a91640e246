import type { Migration } from '../../platform/db/migrate.ts';

export const migrations: readonly Migration[] = [
  {
    id: '0004_figures',
    sql: `
      -- Shares of hosting that moved, each found once: what was known when it was found stays.
      create table international.displacement (
        id bigint generated always as identity primary key,
        basis text not null check (basis in ('notices', 'published')),
        country text not null check (country ~ '^[A-Z]{2}$'),
        from_month text not null,
        from_share double precision not null,
        to_month text not null,
        to_share double precision not null,
        p_value double precision,
        reason text not null,
        found_at timestamptz not null,
        unique (basis, country, to_month)
      );
      create index hosted_report_by_day on international.hosted_report (reported_at);
    `,
  },
];
