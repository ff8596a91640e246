import type { Migration } from '../../platform/db/migrate.ts';

/** `binding` is a digest over the permit's secret and what it is for: the table does not say which files somebody asked about. */
export const migrations: readonly Migration[] = [
  {
    id: '0003_permits',
    sql: `
      create table surfaces.permit (
        id text primary key,
        binding bytea not null check (octet_length(binding) = 32),
        expires_at timestamptz not null,
        used_at timestamptz,
        upload_id text
      );
      create unique index permit_upload on surfaces.permit (upload_id) where upload_id is not null;
      create index permit_expiry on surfaces.permit (expires_at);
      create table surfaces.permit_allowance (
        holder text not null,
        period timestamptz not null,
        used integer not null,
        primary key (holder, period)
      );
      create index permit_allowance_period on surfaces.permit_allowance (period);
    `,
  },
];
