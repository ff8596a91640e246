import type { Migration } from '../../platform/db/migrate.ts';

export const migrations: readonly Migration[] = [
  {
    id: '0006_exports',
    sql: `
      -- Makes the names of statements: who has one learns nothing about the id of the upload.
      create table code.export_secret (
        singleton boolean primary key default true check (singleton),
        secret bytea not null check (octet_length(secret) = 32)
      );
      -- Under its name alone: once the upload is forgotten nothing leads from one to the other.
      create table code.dsa_statement (
        puid text primary key,
        decided_at timestamptz not null,
        made_at timestamptz not null,
        statement text not null,
        -- How many field rules it does not pass.
        faults integer not null
      );
      create index dsa_statement_decided on code.dsa_statement (decided_at);
    `,
  },
];
