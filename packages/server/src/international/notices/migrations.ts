import type { Migration } from '../../platform/db/migrate.ts';

export const migrations: readonly Migration[] = [
  {
    id: '0003_notices',
    sql: `
      -- Addresses, names of hosts, contacts and texts of replies are sealed (seal.ts) with the key that key_id names. The lookups are keyed digests.
      create table international.hosted_report (
        id text primary key,
        key_id text not null,
        input_sealed bytea not null,
        claim_sealed bytea,
        url_lookup text not null,
        host_lookup text not null,
        classification text not null,
        state text not null,
        country text check (country ~ '^[A-Z]{2}$'),
        origin text,
        -- 'AS64496 Example': of the claim, for figures.
        network text,
        reported_at timestamptz not null,
        reported_by text not null,
        placed_at timestamptz,
        police_agreed_at timestamptz,
        duplicate_of text references international.hosted_report (id),
        outcome text,
        closed_at timestamptz,
        waits_for text,
        next_at timestamptz,
        check ((state = 'closed') = (closed_at is not null)),
        check ((closed_at is null) = (outcome is null))
      );
      create unique index hosted_report_open_once on international.hosted_report (url_lookup) where closed_at is null;
      create index hosted_report_due on international.hosted_report (next_at) where closed_at is null;
      create index hosted_report_by_host on international.hosted_report (host_lookup) where closed_at is null;
      create index hosted_report_by_key on international.hosted_report (key_id);

      create table international.notice_contact (
        id text primary key,
        key_id text not null,
        lookup text not null unique,
        scope text not null,
        contact_sealed bytea not null,
        has_email boolean not null,
        has_form boolean not null,
        has_problem boolean not null,
        decision text check (decision in ('approved', 'refused')),
        decided_at timestamptz,
        decided_by text
      );
      create table international.report_contact (
        report_id text not null references international.hosted_report (id),
        contact_id text not null references international.notice_contact (id),
        rank integer not null,
        primary key (report_id, contact_id)
      );
      create index report_contact_by_contact on international.report_contact (contact_id);

      create table international.notice (
        id text primary key,
        seq bigint generated always as identity,
        contact_id text not null references international.notice_contact (id),
        scope text not null,
        country text,
        format text not null,
        sequence integer not null check (sequence >= 1),
        state text not null check (state in ('draft', 'approved', 'queued', 'sent', 'failed', 'unknown', 'answered', 'withdrawn')),
        token text not null unique,
        message_id text unique,
        first_sent_at timestamptz,
        made_at timestamptz not null,
        due_at timestamptz,
        -- Written before the message leaves. Whoever finds it without an answer does not know whether it left.
        sending_at timestamptz,
        attempts integer not null default 0,
        sent_at timestamptz,
        answered_at timestamptz,
        remark text
      );
      create index notice_open on international.notice (state) where state in ('draft', 'approved', 'queued', 'unknown');
      create index notice_by_sent on international.notice (sent_at);
      create table international.notice_report (
        notice_id text not null references international.notice (id),
        report_id text not null references international.hosted_report (id),
        -- It went elsewhere before the notice was sent.
        is_withdrawn boolean not null default false,
        primary key (notice_id, report_id)
      );
      create index notice_report_by_report on international.notice_report (report_id);

      create table international.notice_reply (
        id text primary key,
        key_id text not null,
        digest text not null unique,
        notice_id text references international.notice (id),
        kind text not null,
        outcome text,
        status text,
        content_sealed bytea not null,
        received_at timestamptz not null,
        handled_at timestamptz,
        handled_by text
      );
      create index notice_reply_by_notice on international.notice_reply (notice_id);
      create index notice_reply_waiting on international.notice_reply (received_at) where handled_at is null;

      -- The history of each report, contact and key, in the words of the events that the log keeps.
      create table international.notice_event (
        seq bigint generated always as identity primary key,
        subject text not null,
        notice_id text,
        change text not null,
        actor text not null,
        at timestamptz not null
      );
      create index notice_event_by_subject on international.notice_event (subject, seq);
    `,
  },
];
