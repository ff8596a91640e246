import type { Migration } from '../platform/db/migrate.ts';

export const migrations: readonly Migration[] = [
  {
    id: '0001_uploads',
    sql: `
      create table intake.upload (
        id text primary key,
        state text not null,
        reference text,
        announced_size bigint,
        announced_sha256 bytea,
        callback_url text,
        created_by text not null,
        created_at timestamptz not null,
        received_at timestamptz,
        decided_at timestamptz,
        ended_at timestamptz,
        expires_at timestamptz not null,
        -- The node whose disk holds the bytes.
        node text,
        size bigint,
        sha256 bytea check (octet_length(sha256) = 32),
        md5 bytea,
        sha1 bytea,
        media_type text,
        verdict text,
        disposition text,
        policy_version text,
        screening jsonb,
        attempts integer not null default 0,
        next_attempt_at timestamptz,
        lease_token text,
        lease_node text,
        lease_until timestamptz,
        -- Promise 1, held by the database too: a release needs the verdict clear, or unscannable by policy.
        check (state <> 'released' or (disposition = 'release' and verdict in ('clear', 'unscannable') and sha256 is not null)),
        check (state not in ('received', 'scanning', 'released', 'held', 'refused') or (sha256 is not null and size is not null and received_at is not null))
      );
      create index upload_state on intake.upload (state, id);
      create index upload_expiry on intake.upload (expires_at) where state not in ('received', 'scanning', 'expired', 'deleted');
      create index upload_content on intake.upload (sha256) where sha256 is not null;
      create index upload_reference on intake.upload (reference) where reference is not null;
      create index upload_decided on intake.upload (decided_at) where decided_at is not null;

      create table intake.idempotency (
        scope bytea primary key,
        request bytea not null,
        upload_id text not null,
        created_at timestamptz not null
      );
      create index idempotency_age on intake.idempotency (created_at);

      create table intake.receipt (
        id text primary key,
        subject text not null,
        upload_id text references intake.upload (id) on delete cascade,
        sha256 bytea not null,
        size bigint not null,
        jws text not null,
        issued_at timestamptz not null,
        expires_at timestamptz not null,
        list_set_version bigint not null,
        -- The newest list-set version that the signals were compared with.
        checked_version bigint not null,
        -- What was compared, for the comparison after a list change; removed when the receipt ends.
        signals bytea,
        revoked_at timestamptz,
        revoke_reason text
      );
      create unique index receipt_in_force on intake.receipt (upload_id) where revoked_at is null and upload_id is not null;
      create index receipt_unchecked on intake.receipt (checked_version, id) where revoked_at is null;
      create index receipt_expiry on intake.receipt (expires_at);

      create table intake.receipt_key (
        kid text primary key,
        x text not null,
        last_used_at timestamptz not null
      );

      create table intake.callback (
        id text primary key,
        upload_id text not null,
        url text not null,
        type text not null,
        -- Exactly what is signed and sent, the same at each attempt.
        body text not null,
        state text not null,
        attempts integer not null default 0,
        last_status integer,
        last_fault text,
        created_at timestamptz not null,
        next_attempt_at timestamptz,
        give_up_at timestamptz not null,
        ended_at timestamptz
      );
      create index callback_state on intake.callback (state, id);
      create index callback_due on intake.callback (next_attempt_at) where state = 'pending';

      create table intake.callback_secret (
        singleton boolean primary key default true check (singleton),
        secret text not null,
        created_at timestamptz not null
      );
    `,
  },
  {
    id: '0002_looks',
    sql: `
      -- Who looked at content that was not released. Kept as long as the upload's row.
      create table intake.look (
        upload_id text not null references intake.upload (id) on delete cascade,
        at timestamptz not null,
        actor text not null,
        is_blurred boolean not null
      );
      create index look_upload on intake.look (upload_id, at);
    `,
  },
  {
    id: '0003_decisions',
    sql: `
      -- How often it was decided: as many entries of the log. Null where that was not counted from the beginning.
      alter table intake.upload add column decisions integer;
      alter table intake.upload alter column decisions set default 0;
    `,
  },
  {
    id: '0004_evidence',
    sql: `
      -- Closed words that stay when the screening itself is forgotten: why there was no verdict, and how near the nearest hit was.
      alter table intake.upload add column reason text;
      alter table intake.upload add column band text;
      -- Since when its last decision was waited for: it was sent back, or a list changed.
      alter table intake.upload add column queued_at timestamptz;
      -- When the lists changed, and for a receipt that they ended, the change from which on it should not have been in force.
      create table intake.list_change (version bigint primary key, at timestamptz not null);
      alter table intake.receipt add column due_at timestamptz;
    `,
  },
  {
    id: '0005_surface',
    sql: `
      -- A closed word: over which surface content came that was kept from passing through.
      alter table intake.upload add column surface text;
    `,
  },
];
