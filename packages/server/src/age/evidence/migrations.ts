import type { Migration } from '../../platform/db/migrate.ts';

export const migrations: readonly Migration[] = [
  {
    id: '0008_evidence',
    sql: `
      -- A check whose page was opened, until it ends and is counted: the one table here that knows a session, and it goes with it.
      create table age.evidence_visit (
        session_id text primary key references age.session (id) on delete cascade,
        device text not null check (device in ('phone', 'desktop', 'other_device', 'unknown')),
        is_assisted boolean not null default false,
        -- The way that was begun last.
        method text not null default 'none',
        refusals integer not null default 0,
        began_at timestamptz not null
      );

      -- Counts of checks that ended, by day, later by month. No service, no session, no time.
      create table age.evidence_count (
        period text not null check (period in ('day', 'month')),
        day text not null check (day ~ '^[0-9]{4}-[0-9]{2}-[0-9]{2}$'),
        method text not null,
        kind text not null,
        outcome text not null check (outcome in ('true', 'false', 'inconclusive', 'refused', 'abandoned')),
        locale text not null,
        device text not null,
        is_assisted boolean not null,
        duration text not null,
        sessions bigint not null check (sessions >= 0),
        presentations bigint not null check (presentations >= 0),
        refusals bigint not null check (refusals >= 0),
        primary key (period, day, method, kind, outcome, locale, device, is_assisted, duration)
      );

      -- What happened to single answers: by method and one word of a closed set, with nothing about the person.
      create table age.evidence_tally (
        period text not null check (period in ('day', 'month')),
        day text not null check (day ~ '^[0-9]{4}-[0-9]{2}-[0-9]{2}$'),
        method text not null,
        word text not null,
        count bigint not null check (count >= 0),
        primary key (period, day, method, word)
      );

      -- What is used, how it is configured, since when, and who changed it. Chained, so that a change shows; kept for good.
      create table age.evidence_record (
        sequence bigint primary key check (sequence > 0),
        at timestamptz not null,
        kind text not null check (kind in ('configuration', 'review')),
        actor text not null,
        cause text not null,
        -- Canonical JSON: the bytes that the hash is over.
        content text not null,
        previous_hash text not null check (previous_hash ~ '^[0-9a-f]{64}$'),
        hash text not null unique check (hash ~ '^[0-9a-f]{64}$')
      );
      create table age.evidence_head (
        singleton boolean primary key default true check (singleton),
        sequence bigint not null,
        hash text not null
      );
      insert into age.evidence_head (sequence, hash) values (0, repeat('0', 64));

      create function age.refuse_change() returns trigger language plpgsql as $$
      begin
        raise exception 'the written record of age checks is append-only';
      end $$;
      -- For each row: a restore empties the tables of a new database first, and there is nothing in this one.
      create trigger evidence_record_append_only before update or delete on age.evidence_record
        for each row execute function age.refuse_change();
      create trigger evidence_record_not_truncated before truncate on age.evidence_record
        for each statement execute function age.refuse_change();

      create table age.evidence_self_test (
        id text primary key,
        at timestamptz not null,
        version text not null,
        report text not null
      );
      create index evidence_self_test_at on age.evidence_self_test (at);
    `,
  },
];
