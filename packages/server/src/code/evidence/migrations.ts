import type { Migration } from '../../platform/db/migrate.ts';

export const migrations: readonly Migration[] = [
  {
    id: '0004_evidence',
    sql: `
      -- Each is kept for three years: what the digest in the log stands for is its canonical text.
      create table code.evaluation (
        id text primary key,
        sequence bigint generated always as identity unique,
        at timestamptz not null,
        digest text not null check (digest ~ '^[0-9a-f]{64}$'),
        counts jsonb not null,
        content jsonb not null
      );
      create index evaluation_at on code.evaluation (at);

      -- For plots: what would otherwise be looked for in thousands of evaluations.
      create table code.state_point (
        control text not null,
        at timestamptz not null,
        state text not null,
        evaluation_id text not null references code.evaluation (id) on delete cascade,
        primary key (control, at)
      );
      create index state_point_evaluation on code.state_point (evaluation_id);
      -- One row for each measure of the last evaluation.
      create table code.state_now (control text primary key, state text not null, since timestamptz not null);
      create table code.figure_point (
        metric text not null,
        span text not null,
        at timestamptz not null,
        -- Null: there was none. Yes is 1 and no is 0.
        figure double precision,
        primary key (metric, span, at)
      );
      create index figure_point_at on code.figure_point (at);

      -- Targets of the service's own. The newest of an id counts, older ones stay.
      create table code.target (
        sequence bigint generated always as identity primary key,
        id text not null,
        value double precision not null,
        reason text not null,
        set_by text not null,
        set_at timestamptz not null
      );
      create index target_id on code.target (id, sequence);

      -- Probes that this installation makes of itself and of pages that the operator named.
      create table code.probe (
        sequence bigint generated always as identity primary key,
        kind text not null,
        subject text not null,
        at timestamptz not null,
        is_ok boolean not null,
        finding text not null,
        figures jsonb not null
      );
      create index probe_kind on code.probe (kind, at);

      -- Pictures of our own that were sent through the real path, counted by what was done to them.
      create table code.canary (
        run_id text not null,
        at timestamptz not null,
        transform text not null,
        is_listed boolean not null,
        sent integer not null,
        found integer not null,
        released integer not null,
        undecided integer not null,
        primary key (run_id, transform, is_listed)
      );
      create index canary_at on code.canary (at);
    `,
  },
];
