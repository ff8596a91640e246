import type { Migration } from '../../platform/db/migrate.ts';

export const migrations: readonly Migration[] = [
  {
    id: '0005_passkeys',
    sql: `
      -- An answer bound to a key pair. No account, no session, no model of authenticator, no time of use.
      create table age.passkey (
        id_hash bytea primary key check (octet_length(id_hash) = 32),
        algorithm integer not null,
        public_key bytea not null,
        sign_count bigint not null,
        threshold smallint not null check (threshold between 1 and 99),
        direction text not null check (direction in ('over', 'under')),
        result text not null check (result in ('true', 'false')),
        grade smallint not null check (grade between 0 and 4),
        checked_at timestamptz not null,
        valid_until timestamptz not null,
        generation bigint not null
      );
      create index passkey_end on age.passkey (valid_until);

      -- One challenge at a time for a session and ceremony; a check leaves one passkey. Removed after a day.
      create table age.passkey_challenge (
        session_id text not null,
        ceremony text not null check (ceremony in ('create', 'get')),
        -- Null once it was used.
        challenge_hash bytea check (octet_length(challenge_hash) = 32),
        expires_at timestamptz not null,
        is_done boolean not null default false,
        remove_at timestamptz not null,
        primary key (session_id, ceremony)
      );
      create index passkey_challenge_end on age.passkey_challenge (remove_at);
    `,
  },
];
