import type { Migration } from '../../platform/db/migrate.ts';

export const migrations: readonly Migration[] = [
  {
    id: '0001_catalogue',
    sql: `
      -- Every release that was ever held here. Evaluations name them, so none goes away.
      create table code.catalogue_release (
        digest text primary key check (digest ~ '^[0-9a-f]{64}$'),
        version text not null check (version ~ '^[0-9]+[.][0-9]+[.][0-9]+$'),
        released_on text not null check (released_on ~ '^[0-9]{4}-[0-9]{2}-[0-9]{2}$'),
        -- The signed bytes, and the note that signs them.
        bytes bytea not null,
        note text not null,
        signed_by text not null,
        controls integer not null,
        to_verify integer not null,
        added_at timestamptz not null,
        -- Null: it came with the software.
        imported_by text
      );
      create index catalogue_release_by_version on code.catalogue_release (version);

      -- Which one is in use: the last row.
      create table code.catalogue_use (
        id bigint generated always as identity primary key,
        digest text not null references code.catalogue_release (digest),
        is_held_back boolean not null,
        reason text,
        actor text not null,
        at timestamptz not null,
        check (not is_held_back or reason is not null)
      );

      create function code.refuse_catalogue_change() returns trigger language plpgsql as $$
      begin
        raise exception 'releases of the catalogue and their use are append-only' using errcode = 'check_violation';
      end $$;
      -- For each row: a restore empties the tables of a new database first, and there is nothing in this one.
      create trigger catalogue_release_append_only before update or delete on code.catalogue_release
        for each row execute function code.refuse_catalogue_change();
      create trigger catalogue_use_append_only before update or delete on code.catalogue_use
        for each row execute function code.refuse_catalogue_change();
    `,
  },
];
