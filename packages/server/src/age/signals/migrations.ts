import type { Migration } from '../../platform/db/migrate.ts';

export const migrations: readonly Migration[] = [
  {
    id: '0010_signals',
    sql: `
      create table age.signal_nonce (
        session_id text primary key references age.session (id) on delete cascade,
        nonce_hash bytea not null unique check (octet_length(nonce_hash) = 32),
        expires_at timestamptz not null
      );
      -- On which side of the threshold signals put the person. No range, no platform; it goes with its session.
      create table age.signal (
        session_id text primary key references age.session (id) on delete cascade,
        direction text not null check (direction in ('over', 'under')),
        says_over boolean not null,
        says_under boolean not null
      );
    `,
  },
];
