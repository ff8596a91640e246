import type { Migration } from '../../platform/db/migrate.ts';

export const migrations: readonly Migration[] = [
  {
    id: '0001_hosting',
    sql: `
      -- What registries answered, for a day at most. The question is kept as a digest only: names and addresses that were reported are not listed here.
      create table international.rdap_answer (
        question text primary key check (question ~ '^[0-9a-f]{64}$'),
        server text not null,
        outcome text not null check (outcome in ('found', 'absent', 'failed')),
        record jsonb,
        retrieved_at timestamptz not null,
        expires_at timestamptz not null,
        check ((outcome = 'found') = (record is not null))
      );
      create index rdap_answer_by_expiry on international.rdap_answer (expires_at);
    `,
  },
];
