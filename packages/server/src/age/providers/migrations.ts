import type { Migration } from '../../platform/db/migrate.ts';

export const migrations: readonly Migration[] = [
  {
    id: '0003_providers',
    sql: `
      create table age.provider_flow (
        state_hash bytea primary key check (octet_length(state_hash) = 32),
        session_id text not null,
        provider text not null,
        nonce text not null,
        code_verifier text not null,
        reference text,
        challenge_age integer not null check (challenge_age between 1 and 130),
        created_at timestamptz not null,
        expires_at timestamptz not null
      );
      create index provider_flow_reference on age.provider_flow (provider, reference) where reference is not null;
      create index provider_flow_expiry on age.provider_flow (expires_at);
      create table age.provider_attempt (
        session_id text not null,
        provider text not null,
        basis text not null check (basis in ('verifies', 'estimates')),
        outcome text not null check (outcome in ('verified', 'estimated', 'inconclusive', 'declined', 'pending', 'failed')),
        at timestamptz not null,
        expires_at timestamptz not null
      );
      create index provider_attempt_session on age.provider_attempt (session_id, at);
      create index provider_attempt_expiry on age.provider_attempt (expires_at);
    `,
  },
];
