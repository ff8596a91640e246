import type { Migration } from '../../platform/db/migrate.ts';

/**
 * `object_key` is encoded (key-rules.ts): a text of PostgreSQL holds no NUL, a key may. `wakes` counts what happened to the upload meanwhile, so
 * that a step which began before never puts the object to rest.
 */
export const migrations: readonly Migration[] = [
  {
    id: '0002_s3',
    sql: `
      create table surfaces.s3_object (
        id text primary key,
        object_key text not null,
        version text not null,
        version_id text,
        etag text not null,
        size_bytes bigint not null,
        state text not null check (state in ('found', 'received', 'promoted', 'kept', 'rejected', 'gone')),
        upload_id text,
        is_extra boolean not null default false,
        is_removed boolean not null default false,
        fault text,
        attempts integer not null default 0,
        wakes integer not null default 0,
        released_version text,
        modified_at timestamptz not null,
        found_at timestamptz not null,
        changed_at timestamptz not null,
        next_at timestamptz,
        lease_node text,
        lease_until timestamptz,
        unique (object_key, version)
      );
      create unique index s3_object_upload on surfaces.s3_object (upload_id) where upload_id is not null;
      create index s3_object_next on surfaces.s3_object (next_at) where next_at is not null;
      create index s3_object_state on surfaces.s3_object (state, changed_at);
      create table surfaces.s3_announced (
        object_key text primary key,
        upload_id text not null unique,
        size_bytes bigint,
        expires_at timestamptz not null,
        taken_by text
      );
      create index s3_announced_expiry on surfaces.s3_announced (expires_at);
      create table surfaces.s3_listing (
        bucket text primary key,
        next_at timestamptz not null,
        listed_at timestamptz,
        fault text
      );
    `,
  },
  {
    // Whose turn it is: a sender with a reused policy can let thousands of versions of one key wait.
    id: '0005_s3_turn',
    sql: `create index s3_object_turn on surfaces.s3_object (object_key, modified_at, id) where state = 'found' and attempts = 0`,
  },
];
