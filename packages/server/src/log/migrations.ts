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
  {
    id: '0002_witness',
    sql: `
      -- Logs of others that are cosigned here. No row is ever deleted: a witness that forgets could sign two histories.
      create table log.witnessed_log (
        origin text primary key,
        verifier_key text not null,
        added_at timestamptz not null,
        added_by text not null,
        removed_at timestamptz,
        -- Of the last checkpoint that was cosigned; 0 and the root of the empty tree before.
        size bigint not null default 0 check (size >= 0),
        root bytea not null default '\\xe3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855' check (length(root) = 32),
        note text,
        cosigned_at timestamptz,
        -- The last checkpoint that the log signed and that was refused here. fork: two roots for one size, which is proof; proof: what came with it did not hold.
        refused_note text,
        refused_at timestamptz,
        refused_why text check (refused_why in ('fork', 'proof'))
      );
      -- Witnesses of this log.
      create table log.cosigner (
        name text primary key,
        url text not null,
        verifier_key text not null,
        added_at timestamptz not null,
        added_by text not null,
        next_ask_at timestamptz not null,
        asked_at timestamptz,
        cosigned_size bigint,
        cosigned_at timestamptz,
        failures integer not null default 0,
        failing_since timestamptz,
        failure text
      );
      -- Who cosigned what and when, kept when the witness is asked no more.
      create table log.cosignature (
        size bigint not null,
        verifier_key text not null,
        -- As the witness says.
        at timestamptz not null,
        line text not null,
        primary key (size, verifier_key)
      );
      create index cosignature_by_time on log.cosignature (at);
      create table log.stamp (
        size bigint primary key,
        at timestamptz not null,
        authority text not null,
        policy text not null,
        serial text not null,
        -- What was stamped. The published note may get further cosignatures.
        note text not null,
        -- TimeStampResp (RFC 3161), DER.
        response bytea not null
      );
      create table log.stamping (
        singleton boolean primary key default true check (singleton),
        tried_at timestamptz,
        failing_since timestamptz,
        failure text
      );
      insert into log.stamping (singleton) values (true);
    `,
  },
  {
    id: '0003_checks',
    sql: `
      -- Which field of the body says what the entry is about. Null for kinds that have none, and for entries from before this column.
      alter table log.entry add column id_field text;
      create function log.subject(kind text, id_field text, body jsonb) returns text language sql immutable parallel safe as $$
        select body ->> coalesce(id_field, case kind
          when 'list.changed' then 'listSetVersion'
          when 'upload.decided' then 'uploadId'
          when 'upload.content_viewed' then 'uploadId'
          when 'receipt.issued' then 'receiptId'
          when 'receipt.revoked' then 'receiptId'
          when 'age.trust_changed' then 'subject'
          when 'age.service_changed' then 'service'
          when 'access.changed' then 'subject'
        end)
      $$;
      -- On the record, not beside it: when a record is erased, what it was about is, too.
      create index entry_by_subject on log.entry (kind, (log.subject(kind, id_field, body)) collate "C", index);

      -- Since when events of a kind are entries. Rows of a domain that are older are not missing.
      create table log.kind (kind text primary key, since timestamptz not null);
      insert into log.kind (kind, since)
        select kind, first.at from (select at from log.entry order by index limit 1) first, unnest(array['list.changed', 'upload.decided', 'upload.content_viewed',
          'receipt.issued', 'receipt.revoked', 'age.trust_changed', 'age.service_changed', 'age.result', 'access.changed']) kind;

      -- What was so at the last start, by data directory: a keyed digest, never the value.
      create table log.state (node text not null, name text not null, digest bytea not null check (length(digest) = 32), primary key (node, name));
      create table log.secret (singleton boolean primary key default true check (singleton), digest_key bytea not null check (length(digest_key) = 32));

      -- A check of the whole tree that is under way, up to where it came.
      create table log.self_check (
        singleton boolean primary key default true check (singleton),
        began_at timestamptz not null,
        size bigint not null,
        root bytea not null,
        position bigint not null
      );
      -- What checks found.
      create table log.check_result (
        id bigint generated always as identity primary key,
        name text not null check (name in ('self_check', 'completeness')),
        at timestamptz not null,
        is_ok boolean not null,
        report jsonb not null
      );
      create index check_result_by_name on log.check_result (name, id);
    `,
  },
];
