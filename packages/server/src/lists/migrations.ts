import type { Migration } from '../platform/db/migrate.ts';

export const migrations: readonly Migration[] = [
  {
    id: '0001_lists',
    sql: `
      -- One row. Its lock serialises all changes, so that versions have no gaps.
      create table lists.state (is_only boolean primary key default true check (is_only), version bigint not null);
      insert into lists.state (version) values (0);

      create table lists.list (
        id text primary key,
        name text not null,
        source text not null,
        state text not null check (state in ('active', 'disabled', 'removed')),
        radius integer not null,
        quality_floor integer not null,
        disposition text not null,
        next_entry bigint not null default 1,
        created_at timestamptz not null,
        changed_at timestamptz not null,
        -- Of the last change of any kind; of the last one that added, restored or withdrew entries; up to which segments are folded.
        version bigint not null,
        content_version bigint not null,
        folded_version bigint not null default 0
      );
      create unique index list_name on lists.list (lower(name)) where state <> 'removed';

      create table lists.version (
        version bigint primary key,
        at timestamptz not null,
        actor text not null,
        kind text not null,
        list_id text not null references lists.list,
        list_name text not null,
        added bigint not null default 0,
        restored bigint not null default 0,
        withdrawn bigint not null default 0,
        disabled bigint not null default 0,
        enabled bigint not null default 0,
        before jsonb,
        after jsonb
      );
      create index version_list on lists.version (list_id, version);

      -- Entries first_entry to last_entry have this type and came with this version. Kept for ever: they are what "added" means in a diff.
      create table lists.run (
        list_id text not null references lists.list,
        first_entry bigint not null,
        last_entry bigint not null,
        type text not null,
        version bigint not null,
        primary key (list_id, first_entry)
      );

      -- kind entries: sorted records of value and number. withdrawn, restored: sorted numbers, kept for ever. inactive: numbers and flags, from a fold.
      create table lists.segment (
        id bigint generated always as identity primary key,
        list_id text not null references lists.list,
        version bigint not null,
        kind text not null check (kind in ('entries', 'withdrawn', 'restored', 'inactive')),
        type text,
        sha256 text not null,
        count bigint not null,
        is_folded boolean not null default false
      );
      create index segment_list on lists.segment (list_id, version);
      create index segment_sha256 on lists.segment (sha256);

      create table lists.delta (
        list_id text not null references lists.list,
        version bigint not null,
        entry bigint not null,
        op text not null check (op in ('add', 'withdraw', 'restore', 'disable', 'enable')),
        type text,
        value bytea,
        is_folded boolean not null default false,
        primary key (list_id, version, entry, op)
      );
      create index delta_entry on lists.delta (list_id, entry) where op in ('disable', 'enable');

      create table lists.reference (list_id text not null, entry bigint not null, reference text not null, primary key (list_id, entry));

      -- Files that are written but that no committed row may name yet, and folded ones: the sweep removes them when they are old.
      create table lists.staged (sha256 text primary key, at timestamptz not null);
    `,
  },
  {
    id: '0002_evidence',
    sql: `
      -- Pictures of our own, which are sent through the real path to see whether they are found. Nobody else's content is compared with them.
      alter table lists.list add column is_canary boolean not null default false;
      -- The last import that was taken, whether or not it changed anything.
      alter table lists.list add column imported_at timestamptz;

      -- Whether the files still have the bytes that their names say.
      create table lists.integrity (
        sequence bigint generated always as identity primary key,
        at timestamptz not null,
        files bigint not null,
        damaged bigint not null
      );
    `,
  },
];
