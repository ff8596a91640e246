import type { Migration } from '../../platform/db/migrate.ts';

export const migrations: readonly Migration[] = [
  {
    id: '0002_profiles',
    sql: `
      -- Files that were read, the seed among them.
      create table international.import (
        sequence bigint generated always as identity primary key,
        id text not null unique,
        shape text not null,
        -- Of the file; of all files together for the seed.
        sha256 text not null,
        kept integer not null,
        same integer not null,
        left_alone integer not null,
        faults jsonb not null,
        actor text not null,
        made_at timestamptz not null
      );
      create index import_newest on international.import (shape, sequence desc);

      -- What is said about countries. Only ever added to: the newest of country, topic and key is in effect.
      create table international.statement (
        sequence bigint generated always as identity primary key,
        id text not null unique,
        country text not null,
        topic text not null,
        key text not null,
        value jsonb not null check (jsonb_typeof(value) in ('boolean', 'number', 'string')),
        text text not null,
        as_of date,
        source jsonb not null,
        caveat text,
        -- Null: said by itself.
        import_id text references international.import (id),
        kept_by text not null,
        kept_at timestamptz not null
      );
      create index statement_newest on international.statement (country, topic, key, sequence desc);

      -- Of the 21 capabilities of the Model National Response. The phase is no column that could be summed up by accident: it is inside the body.
      create table international.assessment (
        sequence bigint generated always as identity primary key,
        id text not null unique,
        country text not null,
        capability integer not null check (capability between 1 and 21),
        body jsonb not null,
        supersedes text references international.assessment (id),
        made_by text not null,
        made_at timestamptz not null
      );
      create index assessment_newest on international.assessment (country, capability, sequence desc);
      create table international.assessment_state (
        sequence bigint generated always as identity primary key,
        assessment_id text not null references international.assessment (id),
        state text not null check (state in ('draft', 'reviewed', 'published', 'disputed', 'superseded')),
        set_by text not null,
        set_at timestamptz not null
      );
      create index assessment_state_newest on international.assessment_state (assessment_id, sequence desc);
      create table international.assessment_reply (
        sequence bigint generated always as identity primary key,
        assessment_id text not null references international.assessment (id),
        text text not null,
        by text not null,
        kept_by text not null,
        kept_at timestamptz not null
      );
      create index assessment_reply_newest on international.assessment_reply (assessment_id, sequence desc);

      create function international.refuse_profile_change() returns trigger language plpgsql as $$
      begin
        raise exception 'what is said about countries is append-only' using errcode = 'check_violation';
      end $$;
      create trigger statement_append_only before update or delete on international.statement for each row execute function international.refuse_profile_change();
      create trigger statement_not_truncated before truncate on international.statement for each statement execute function international.refuse_profile_change();
      create trigger assessment_append_only before update or delete on international.assessment for each row execute function international.refuse_profile_change();
      create trigger assessment_not_truncated before truncate on international.assessment for each statement execute function international.refuse_profile_change();
      create trigger assessment_state_append_only before update or delete on international.assessment_state
        for each row execute function international.refuse_profile_change();
      create trigger assessment_reply_append_only before update or delete on international.assessment_reply
        for each row execute function international.refuse_profile_change();
    `,
  },
];
