import type { Migration } from '../../platform/db/migrate.ts';

export const migrations: readonly Migration[] = [
  {
    id: '0001_sessions',
    sql: `
      create table age.service (
        id text primary key,
        name text not null,
        return_origins text[] not null,
        callback_url text,
        created_at timestamptz not null
      );

      create table age.session (
        id text primary key,
        service text not null references age.service (id) on delete cascade,
        threshold integer not null check (threshold between 1 and 99),
        direction text not null check (direction in ('over', 'under')),
        min_grade integer not null check (min_grade between 0 and 4),
        methods text[],
        locale text not null,
        return_url text not null,
        nonce text,
        callback_url text,
        state text not null check (state in ('open', 'completed', 'expired', 'cancelled')),
        notice text,
        -- Of secrets only the hashes.
        client_hash bytea not null check (octet_length(client_hash) = 32),
        browser_hash bytea check (octet_length(browser_hash) = 32),
        attempts integer not null default 0,
        version integer not null default 1,
        created_at timestamptz not null,
        expires_at timestamptz not null,
        ended_at timestamptz
      );
      create index session_end on age.session (ended_at) where ended_at is not null;
      create index session_expiry on age.session (expires_at) where state = 'open';

      -- All that is kept of an answer, and only until it expires: no identifier, no date of birth, nothing of a document.
      create table age.result (
        session_id text primary key references age.session (id) on delete cascade,
        service text not null,
        threshold integer not null,
        direction text not null,
        result text not null check (result in ('true', 'false', 'inconclusive')),
        grade integer not null check (grade between 0 and 4),
        method text not null,
        kind text not null check (kind in ('verified', 'estimated', 'declared')),
        -- A generation of the trust lists, not the issuer.
        generation bigint,
        completed_at timestamptz not null,
        expires_at timestamptz not null,
        return_hash bytea check (octet_length(return_hash) = 32),
        used_at timestamptz
      );
      create index result_expiry on age.result (expires_at);

      create table age.callback (
        id text primary key,
        session_id text not null references age.session (id) on delete cascade,
        url text not null,
        state text not null check (state in ('pending', 'delivered', 'dead')),
        attempts integer not null default 0,
        created_at timestamptz not null,
        next_attempt_at timestamptz,
        give_up_at timestamptz not null
      );
      create index callback_session on age.callback (session_id);
      create index callback_due on age.callback (next_attempt_at) where state = 'pending';

      -- A request to a wallet, until it is answered: the answer deletes it before anything is verified.
      create table age.wallet_request (
        id_hash bytea primary key check (octet_length(id_hash) = 32),
        session_id text not null references age.session (id) on delete cascade,
        channel text not null check (channel in ('dc_api', 'redirect', 'qr')),
        -- Nonce, keys and query, encrypted with the id, of which only the hash is here.
        sealed bytea not null,
        created_at timestamptz not null,
        expires_at timestamptz not null
      );
      create index wallet_request_session on age.wallet_request (session_id);
      create index wallet_request_expiry on age.wallet_request (expires_at);

      -- What a wallet on the same device answered, until its browser comes back with the code.
      create table age.wallet_answer (
        code_hash bytea primary key check (octet_length(code_hash) = 32),
        session_id text not null references age.session (id) on delete cascade,
        result text not null check (result in ('true', 'false')),
        grade integer not null,
        generation bigint not null,
        expires_at timestamptz not null
      );
      create index wallet_answer_session on age.wallet_answer (session_id);
      create index wallet_answer_expiry on age.wallet_answer (expires_at);
    `,
  },
  {
    id: '0009_under',
    sql: `
      alter table age.service add column under_url text;
      alter table age.service add column help_url text;
      -- As it was when the session was opened.
      alter table age.session add column under_url text;
    `,
  },
];
