import type { Migration } from '../../platform/db/migrate.ts';

export const migrations: readonly Migration[] = [
  {
    id: '0006_gate',
    sql: `
      -- Who may use the OpenID facade, in the name of which service.
      create table age.openid_client (
        id text primary key,
        service text not null references age.service (id) on delete cascade,
        redirect_uris text[] not null,
        -- None: a public client, which proves by PKCE alone that it is the one that asked.
        secret_hash bytea check (octet_length(secret_hash) = 32),
        min_grade integer not null check (min_grade between 0 and 4),
        created_at timestamptz not null
      );
      create index openid_client_service on age.openid_client (service);

      -- One request of a client, until its code is taken; it goes with its session at the latest.
      create table age.openid_flow (
        session_id text primary key references age.session (id) on delete cascade,
        client_id text not null references age.openid_client (id) on delete cascade,
        redirect_uri text not null,
        state text,
        nonce text,
        code_challenge text not null,
        code_hash bytea unique check (octet_length(code_hash) = 32),
        code_expires_at timestamptz
      );
      create index openid_flow_client on age.openid_flow (client_id);
    `,
  },
];
