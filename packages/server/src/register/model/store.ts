/** Changes and what became of them. Rows are only ever added; the database itself refuses anything else (migrations.ts). */
import { sql } from 'kysely';
import type { Sql, Tx } from '../../platform/db/database.ts';
import type { Change, KeptChange } from './schema.ts';

interface ChangeRow extends Omit<KeptChange, 'change'> {
  readonly body: string;
}

const SELECT = sql.raw(`
  select c.id, c.subject, c.body, c.replaces, c.batch, c.made_by as "madeBy", c.made_at as "madeAt", c.digest,
    case when published.made_at is not null then 'published' when rejected.made_at is not null then 'rejected'
      when submitted.made_at is not null then 'in_review' else 'draft' end as state,
    coalesce(published.made_by, rejected.made_by) as "reviewedBy", published.made_at as "publishedAt", rejected.reason
  from register.change c
  left join register.change_step submitted on submitted.change_id = c.id and submitted.step = 'submitted'
  left join register.change_step published on published.change_id = c.id and published.step = 'published'
  left join register.change_step rejected on rejected.change_id = c.id and rejected.step = 'rejected'`);

/** What stands there was parsed before it was kept. */
function toChange({ body, ...row }: ChangeRow): KeptChange {
  return { ...row, change: JSON.parse(body) as Change };
}

/** Until the end of the transaction nobody else proposes, publishes or rejects; readers go on. */
export async function lockChanges(tx: Tx): Promise<void> {
  await sql`lock table register.change_step in share row exclusive mode`.execute(tx);
}

export async function listPublished(db: Sql): Promise<KeptChange[]> {
  const { rows } = await sql<ChangeRow>`${SELECT} where published.made_at is not null order by c.sequence`.execute(db);
  return rows.map(toChange);
}

export async function listOpen(db: Sql): Promise<KeptChange[]> {
  const { rows } = await sql<ChangeRow>`${SELECT} where published.made_at is null and rejected.made_at is null order by c.sequence`.execute(db);
  return rows.map(toChange);
}

export async function listTimeline(db: Sql, subject: string): Promise<KeptChange[]> {
  const { rows } = await sql<ChangeRow>`
    ${SELECT} where c.subject = ${subject} and published.made_at is not null order by published.made_at, published.sequence`.execute(db);
  return rows.map(toChange);
}

/** @param id of a change, or of a batch: then all of it, in order */
export async function findChanges(db: Sql, id: string): Promise<KeptChange[]> {
  const { rows } = await sql<ChangeRow>`${SELECT} where c.id = ${id} or c.batch = ${id} order by c.sequence`.execute(db);
  return rows.map(toChange);
}

/** Changes whenever something was published. */
export async function readVersion(db: Sql): Promise<string> {
  const { rows } = await sql<{ version: string }>`
    select count(*) || '/' || coalesce(max(sequence), 0) as version from register.change_step where step = 'published'`.execute(db);
  return rows[0]?.version ?? '';
}

export interface NewChange extends Pick<KeptChange, 'id' | 'subject' | 'replaces' | 'batch' | 'madeBy' | 'madeAt' | 'digest'> {
  readonly kind: Change['kind'];
  readonly body: string;
}

export async function insertChange(tx: Tx, { id, kind, subject, body, replaces, batch, madeBy, madeAt, digest }: NewChange): Promise<void> {
  await sql`
    insert into register.change (id, kind, subject, body, replaces, batch, made_by, made_at, digest)
    values (${id}, ${kind}, ${subject}, ${body}, ${replaces}, ${batch}, ${madeBy}, ${madeAt}, ${digest})`.execute(tx);
}

export interface NewStep {
  readonly changeId: string;
  readonly step: 'submitted' | 'published' | 'rejected';
  readonly madeBy: string;
  readonly madeAt: Date;
  readonly reason: string | null;
}

export async function insertStep(tx: Tx, { changeId, step, madeBy, madeAt, reason }: NewStep): Promise<void> {
  await sql`
    insert into register.change_step (change_id, step, made_by, made_at, reason)
    values (${changeId}, ${step}, ${madeBy}, ${madeAt}, ${reason})`.execute(tx);
}

/** @returns false when it was loaded before */
export async function claimSeed(tx: Tx, name: string, at: Date): Promise<boolean> {
  const { rows } = await sql`insert into register.seed (name, loaded_at) values (${name}, ${at}) on conflict do nothing returning 1`.execute(tx);
  return rows.length > 0;
}
