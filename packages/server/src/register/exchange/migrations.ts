import type { Migration } from '../../platform/db/migrate.ts';

export const migrations: readonly Migration[] = [
  {
    id: '0003_exchange',
    sql: `
      -- What is known of the addresses of sources. Not part of the register: it can be found out again.
      create table register.link (
        url text primary key,
        status text not null check (status in ('ok', 'changed', 'gone', 'not_checked')),
        finding text not null,
        -- The last time that something could be said.
        checked_at timestamptz,
        -- The last time that it was asked for, and why nothing could be said. Null: it is due.
        tried_at timestamptz,
        trouble text,
        -- Of the text as it was found first, and last.
        first_digest text,
        digest text,
        changed_at timestamptz
      );
      create index link_due on register.link (tried_at nulls first);
    `,
  },
];
