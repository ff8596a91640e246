import type { Migration } from '../../platform/db/migrate.ts';

/** Who may go on is `owner`; who pays is `creator`: tickets of one end user are one owner. */
export const migrations: readonly Migration[] = [
  {
    id: '0001_tus',
    sql: `
      create table surfaces.tus_upload (
        id text primary key,
        owner text not null,
        creator_kind text not null,
        creator_id text not null,
        node text not null,
        state text not null check (state in ('open', 'whole', 'handed', 'ended')),
        size_bytes bigint check (size_bytes > 0),
        offset_bytes bigint not null check (offset_bytes >= 0 and offset_bytes <= coalesce(size_bytes, offset_bytes)),
        metadata text,
        sha256 text,
        permit_id text,
        upload_id text,
        created_at timestamptz not null,
        expires_at timestamptz not null,
        check (state <> 'whole' or offset_bytes = size_bytes),
        check (state <> 'handed' or upload_id is not null)
      );
      create index tus_upload_owner on surfaces.tus_upload (owner) where state in ('open', 'whole');
      create index tus_upload_expiry on surfaces.tus_upload (expires_at);
    `,
  },
  { id: '0004_tus_callback', sql: 'alter table surfaces.tus_upload add column callback_url text' },
];
