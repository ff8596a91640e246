import type { Migration } from '../platform/db/migrate.ts';

export const migrations: readonly Migration[] = [
  {
    id: '0001_persons_keys_sessions_links',
    sql: `
      create table access.person (
        id text primary key,
        name text not null unique,
        rights text[] not null,
        created_at timestamptz not null,
        last_sign_in_at timestamptz
      );
      create table access.api_key (
        id text primary key,
        name text not null,
        secret_hash bytea not null check (octet_length(secret_hash) = 32),
        rights text[] not null,
        created_at timestamptz not null,
        created_by text not null,
        expires_at timestamptz,
        last_used_at timestamptz,
        revoked_at timestamptz,
        revoked_by text
      );
      create table access.session (
        id text primary key,
        person_id text not null references access.person on delete cascade,
        secret_hash bytea not null check (octet_length(secret_hash) = 32),
        created_at timestamptz not null,
        expires_at timestamptz not null
      );
      create index session_person on access.session (person_id);
      create index session_expiry on access.session (expires_at);
      create table access.sign_in_link (
        id text primary key,
        person_id text not null references access.person on delete cascade,
        secret_hash bytea not null check (octet_length(secret_hash) = 32),
        created_at timestamptz not null,
        created_by text not null,
        expires_at timestamptz not null,
        used_at timestamptz
      );
      create index sign_in_link_expiry on access.sign_in_link (expires_at);
    `,
  },
  {
    id: '0002_tickets',
    sql: `
      create table access.ticket (
        id text primary key,
        secret_hash bytea not null check (octet_length(secret_hash) = 32),
        subject_hash bytea not null check (octet_length(subject_hash) = 32),
        uploads_max integer not null,
        uploads_used integer not null,
        bytes_max bigint not null,
        bytes_used bigint not null,
        created_at timestamptz not null,
        created_by text not null,
        expires_at timestamptz not null,
        revoked_at timestamptz
      );
      create index ticket_expiry on access.ticket (expires_at);
    `,
  },
  { id: '0003_ticket_callback', sql: 'alter table access.ticket add column callback_url text' },
];
