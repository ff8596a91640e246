import type { Migration } from '../../platform/db/migrate.ts';

export const migrations: readonly Migration[] = [
  {
    id: '0003_records',
    sql: `
      create table code.record (
        id text primary key,
        kind text not null check (kind in ('assessment_illegal', 'assessment_children', 'measure', 'alternative', 'attestation', 'appointment', 'review',
          'policy', 'training', 'change', 'registration')),
        -- Records of one kind and subject supersede each other.
        subject text not null,
        version integer not null check (version > 0),
        -- Canonical JSON: what the digest is over.
        body text not null,
        digest text not null check (digest ~ '^[0-9a-f]{64}$'),
        signed_by text not null,
        signed_name text not null,
        signed_at timestamptz not null,
        review_due timestamptz,
        -- Null: it is in effect.
        superseded_at timestamptz check (superseded_at >= signed_at),
        withdrawn_by text,
        withdrawn_reason text,
        keep_until timestamptz,
        unique (kind, subject, version),
        check ((superseded_at is null) = (keep_until is null)),
        check ((withdrawn_by is null) = (withdrawn_reason is null)),
        check (withdrawn_reason is null or superseded_at is not null)
      );
      create unique index record_in_effect on code.record (kind, subject) where superseded_at is null;
      create index record_by_time on code.record (signed_at);

      -- What was deleted when its time had run out.
      create table code.record_pruned (
        id text primary key,
        kind text not null,
        subject text not null,
        version integer not null,
        digest text not null,
        signed_at timestamptz not null,
        keep_until timestamptz not null,
        pruned_at timestamptz not null default now()
      );

      -- In UTC, because three years of local time can be an hour short.
      create function code.keep_until(superseded_at timestamptz) returns timestamptz language sql immutable as $$
        select (superseded_at at time zone 'UTC' + interval '3 years') at time zone 'UTC'
      $$;

      -- What is signed stays as it is: a record ends once, and is kept for three years from then (OSA s.23, Record-Keeping Guidance 2.6).
      create function code.refuse_record_change() returns trigger language plpgsql as $$
      begin
        if (new.id, new.kind, new.subject, new.version, new.body, new.digest, new.signed_by, new.signed_name, new.signed_at, new.review_due)
          is distinct from (old.id, old.kind, old.subject, old.version, old.body, old.digest, old.signed_by, old.signed_name, old.signed_at, old.review_due)
        then raise exception 'a signed record is never changed; a new version supersedes it' using errcode = 'check_violation';
        end if;
        if old.superseded_at is not null and ((new.superseded_at, new.withdrawn_by, new.withdrawn_reason)
          is distinct from (old.superseded_at, old.withdrawn_by, old.withdrawn_reason) or new.keep_until < old.keep_until)
        then raise exception 'a record ends once, and is not kept for a shorter time afterwards' using errcode = 'check_violation';
        end if;
        if new.keep_until < code.keep_until(new.superseded_at)
        then raise exception 'a superseded record is kept for three years' using errcode = 'check_violation';
        end if;
        return new;
      end $$;
      create trigger record_unchanged before update on code.record for each row execute function code.refuse_record_change();

      -- By the clock of the database: whoever deletes cannot say what time it is.
      create function code.refuse_record_deletion() returns trigger language plpgsql as $$
      begin
        if old.keep_until is null or old.keep_until > now()
        then raise exception 'a record that is in effect or must still be kept is not deleted' using errcode = 'check_violation';
        end if;
        insert into code.record_pruned (id, kind, subject, version, digest, signed_at, keep_until)
          values (old.id, old.kind, old.subject, old.version, old.digest, old.signed_at, old.keep_until);
        return old;
      end $$;
      create trigger record_kept before delete on code.record for each row execute function code.refuse_record_deletion();

      create function code.refuse_record_loss() returns trigger language plpgsql as $$
      begin
        raise exception 'records and what is known of deleted ones are append-only' using errcode = 'check_violation';
      end $$;
      create trigger record_not_truncated before truncate on code.record for each statement execute function code.refuse_record_loss();
      create trigger record_pruned_kept before update or delete on code.record_pruned for each row execute function code.refuse_record_loss();
      create trigger record_pruned_not_truncated before truncate on code.record_pruned for each statement execute function code.refuse_record_loss();

      create table code.assessment_draft (
        id text primary key,
        subject text not null check (subject in ('illegal_content', 'children')),
        draft text not null,
        updated_at timestamptz not null,
        updated_by text not null
      );
    `,
  },
];
