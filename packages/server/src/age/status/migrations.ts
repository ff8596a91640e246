import type { Migration } from '../../platform/db/migrate.ts';

export const migrations: readonly Migration[] = [
  {
    id: '0007_status',
    sql: `
      create table age.status_state (
        singleton boolean primary key default true check (singleton),
        -- Every change of what is kept: nodes read it again.
        revision bigint not null
      );
      insert into age.status_state (revision) values (1);

      create table age.status_list (
        id text primary key,
        uri text not null unique check (length(uri) between 1 and 2000),
        -- The trusted issuer that must stand behind it; null: any.
        issuer text check (issuer ~ '^[0-9a-f]{64}$'),
        added_at timestamptz not null,
        added_by text not null,
        -- The last good one, as it was served.
        token bytea,
        format text check (format in ('jwt', 'cwt')),
        signer text check (signer ~ '^[0-9a-f]{64}$'),
        issued_at timestamptz,
        expires_at timestamptz,
        entries bigint,
        fetched_at timestamptz,
        -- Of age.status_state, when the token last changed.
        revision bigint not null default 0,
        next_fetch_at timestamptz not null,
        failures integer not null default 0,
        failure text,
        failed_at timestamptz,
        check ((token is null) = (format is null) and (token is null) = (signer is null)
          and (token is null) = (issued_at is null) and (token is null) = (fetched_at is null))
      );
      create index status_list_due on age.status_list (next_fetch_at);
    `,
  },
];
