import type { Migration } from '../platform/db/migrate.ts';

export const migrations: readonly Migration[] = [
  {
    id: '0001_log',
    sql: `
      -- Written in the transaction of the event; taken out by the sequencer.
      create table log.pending (
        id bigint generated always as identity primary key,
        kind text not null,
        at timestamptz not null,
        body jsonb not null,
        salt bytea not null check (length(salt) = 16)
      );
      create table log.entry (
        index bigint primary key check (index >= 0),
        -- The bytes that are hashed. Never changed.
        leaf text not null,
        kind text not null,
        at timestamptz not null,
        -- What the leaf commits to. Both null once it was erased.
        body jsonb,
        salt bytea
      );
      create index entry_by_kind on log.entry (kind, index);
      -- Full tiles of 256 hashes; partial ones are made from what is below them.
      create table log.tile (
        level smallint not null check (level between 0 and 7),
        index bigint not null,
        bytes bytea not null check (length(bytes) = 8192),
        -- The one hash that stands for it in the tile above.
        root bytea not null check (length(root) = 32),
        primary key (level, index)
      );
      create table log.tree (
        singleton boolean primary key default true check (singleton),
        size bigint not null,
        root bytea not null
      );
      insert into log.tree (size, root) values (0, '\\xe3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855');
      create table log.checkpoint (
        size bigint primary key,
        root bytea not null,
        at timestamptz not null,
        note text not null
      );
    `,
  },
];
