import type { Migration } from '../../platform/db/migrate.ts';

export const migrations: readonly Migration[] = [
  {
    id: '0002_trust',
    sql: `
      create table age.trust_state (
        singleton boolean primary key default true check (singleton),
        -- What was checked in an earlier generation is void: an issuer was muted or left a list.
        generation bigint not null,
        -- Every change: nodes read the anchors again.
        revision bigint not null
      );
      insert into age.trust_state (generation, revision) values (1, 1);

      create table age.trust_list (
        name text primary key,
        format text not null check (format in ('pem', 'vical', 'lote', 'ts119612')),
        sequence bigint,
        issued_at timestamptz,
        next_update timestamptz,
        sha256 text not null,
        imported_at timestamptz not null,
        imported_by text not null
      );
      create table age.trust_anchor (
        id text not null check (id ~ '^[0-9a-f]{64}$'),
        list text not null references age.trust_list (name) on delete cascade,
        certificate bytea not null,
        -- Null: any.
        document_types text[],
        country text,
        assurance text not null check (assurance in ('high', 'substantial', 'unknown')),
        valid_from timestamptz not null,
        valid_to timestamptz not null,
        primary key (list, id)
      );
      -- Apart from the anchors: a muted issuer stays muted when its list is imported again.
      create table age.trust_mute (
        anchor text primary key,
        at timestamptz not null,
        by text not null,
        reason text not null
      );
    `,
  },
];
