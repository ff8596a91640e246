import type { Migration } from '../../platform/db/migrate.ts';

export const migrations: readonly Migration[] = [
  {
    id: '0001_model',
    sql: `
      create table register.change (
        id text primary key,
        sequence bigint generated always as identity unique,
        kind text not null check (kind in ('register', 'recommendation', 'response', 'action', 'milestone', 'status')),
        subject text not null,
        -- Canonical JSON: what the digest is over, with id, replaces, made_by and made_at.
        body text not null,
        replaces text references register.change (id),
        batch text,
        made_by text not null,
        made_at timestamptz not null,
        digest text not null check (digest ~ '^[0-9a-f]{64}$')
      );
      create index change_by_subject on register.change (subject);
      create index change_by_batch on register.change (batch) where batch is not null;

      -- What became of it. Its state is what these rows say.
      create table register.change_step (
        change_id text not null references register.change (id),
        sequence bigint generated always as identity unique,
        step text not null check (step in ('submitted', 'published', 'rejected')),
        made_by text not null,
        made_at timestamptz not null,
        reason text,
        primary key (change_id, step),
        check ((step = 'rejected') = (reason is not null))
      );
      -- A change ends once.
      create unique index change_step_end on register.change_step (change_id) where step in ('published', 'rejected');

      create function register.refuse_loss() returns trigger language plpgsql as $$
      begin
        raise exception 'changes of the register are append-only; a new one takes the place of an old one' using errcode = 'check_violation';
      end $$;
      create trigger change_kept before update or delete on register.change for each row execute function register.refuse_loss();
      create trigger change_not_truncated before truncate on register.change for each statement execute function register.refuse_loss();
      create trigger change_step_kept before update or delete on register.change_step for each row execute function register.refuse_loss();
      create trigger change_step_not_truncated before truncate on register.change_step for each statement execute function register.refuse_loss();

      -- Nobody publishes what they proposed. What comes with Gatehouse was reviewed where Gatehouse is made.
      create function register.refuse_own_review() returns trigger language plpgsql as $$
      begin
        if new.step = 'published' and new.made_by <> 'seed'
          and new.made_by = (select made_by from register.change where id = new.change_id)
        then raise exception 'a change is published by somebody else than the one who made it' using errcode = 'check_violation';
        end if;
        return new;
      end $$;
      create trigger change_step_reviewed before insert on register.change_step for each row execute function register.refuse_own_review();

      create table register.seed (
        name text primary key,
        loaded_at timestamptz not null
      );
    `,
  },
];
