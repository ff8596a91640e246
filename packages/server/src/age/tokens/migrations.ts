import type { Migration } from '../../platform/db/migrate.ts';

export const migrations: readonly Migration[] = [
  {
    id: '0004_tokens',
    sql: `
      -- One key for everybody who asks one question in one epoch; after a change of trust a new one of the next generation.
      create table age.token_key (
        id bigint generated always as identity primary key,
        key_id bytea not null unique check (octet_length(key_id) = 32),
        threshold smallint not null check (threshold between 1 and 99),
        direction text not null check (direction in ('over', 'under')),
        band smallint not null,
        epoch integer not null,
        generation bigint not null,
        public_key bytea not null,
        -- Sealed. Removed when the epoch ends: nobody can make tokens of a past epoch, we neither.
        private_key bytea,
        not_before timestamptz not null,
        issue_until timestamptz not null,
        redeem_until timestamptz not null,
        -- The size of the crowd that a token hides in.
        issued bigint not null default 0,
        unique (threshold, direction, band, epoch, generation)
      );
      create index token_key_end on age.token_key (redeem_until);

      -- How many tokens a check has left. Removed after a day; it names no token.
      create table age.token_allowance (
        session_id text primary key,
        token_key bigint not null references age.token_key (id) on delete cascade,
        tokens_left smallint not null check (tokens_left >= 0),
        remove_at timestamptz not null
      );
      create index token_allowance_end on age.token_allowance (remove_at);

      -- Tokens used up. No time and no session: it could not be told which use it was.
      create table age.token_spent (
        token_key bigint not null references age.token_key (id) on delete cascade,
        nonce_hash bytea not null check (octet_length(nonce_hash) = 32),
        primary key (token_key, nonce_hash)
      );
    `,
  },
];
