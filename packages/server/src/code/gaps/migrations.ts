import type { Migration } from '../../platform/db/migrate.ts';

export const migrations: readonly Migration[] = [
  {
    id: '0005_gaps',
    sql: `
      -- Only ever added to: the newest of a control counts.
      create table code.gap_plan (
        id bigint generated always as identity primary key,
        control text not null,
        owner text not null,
        due date not null,
        plan text not null,
        set_by text not null,
        set_at timestamptz not null
      );
      create index gap_plan_by_control on code.gap_plan (control, id desc);
    `,
  },
];
