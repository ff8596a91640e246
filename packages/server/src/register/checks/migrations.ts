import type { Migration } from '../../platform/db/migrate.ts';

export const migrations: readonly Migration[] = [
  {
    id: '0002_checks',
    sql: `
      -- One run of all checks. What the digest in the log stands for is the text, byte for byte.
      create table register.check_run (
        id text primary key,
        at timestamptz not null,
        digest text not null check (digest ~ '^[0-9a-f]{64}$'),
        content text not null
      );
      create index check_run_at on register.check_run (at);

      create table register.check_result (
        run_id text not null references register.check_run (id) on delete cascade,
        name text not null,
        at timestamptz not null,
        is_passed boolean not null,
        finding text not null,
        primary key (run_id, name)
      );
      create index check_result_name on register.check_result (name, at);
    `,
  },
];
