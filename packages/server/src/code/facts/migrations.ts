import type { Migration } from '../../platform/db/migrate.ts';

export const migrations: readonly Migration[] = [
  {
    id: '0002_facts',
    sql: `
      -- What was said about the service. Only ever added to: the newest of a fact counts, and who said what when can always be shown.
      create table code.fact (
        sequence bigint generated always as identity primary key,
        fact text not null,
        -- Null: taken back.
        value jsonb check (jsonb_typeof(value) in ('boolean', 'number', 'string')),
        origin text not null check (origin in ('answer', 'assessment', 'system')),
        said_by text not null,
        said_name text,
        said_at timestamptz not null,
        method text
      );
      create index fact_newest on code.fact (fact, sequence desc);

      create function code.refuse_fact_change() returns trigger language plpgsql as $$
      begin
        raise exception 'what was said about the service is append-only' using errcode = 'check_violation';
      end $$;
      create trigger fact_append_only before update or delete on code.fact for each row execute function code.refuse_fact_change();
      create trigger fact_not_truncated before truncate on code.fact for each statement execute function code.refuse_fact_change();
    `,
  },
];
