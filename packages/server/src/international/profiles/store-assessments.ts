/** Assessments, their states and replies. Rows are only ever added. */
import { sql } from 'kysely';
import type { Sql } from '../../platform/db/database.ts';
import type { Assessment, AssessmentInput } from './schema.ts';

interface AssessmentRow extends Omit<Assessment, keyof AssessmentInput> {
  readonly body: AssessmentInput;
}

const LIST_MAX = 200;

export async function insertAssessment(db: Sql, { id, supersedes, madeAt, madeBy, ...given }: Omit<Assessment, 'reply' | 'state'>): Promise<void> {
  await sql`insert into international.assessment (id, country, capability, body, supersedes, made_by, made_at)
    values (${id}, ${given.country}, ${given.capability}, ${JSON.stringify(given)}::jsonb, ${supersedes}, ${madeBy}, ${madeAt})`.execute(db);
}

export interface StateChange {
  readonly id: string;
  readonly state: Assessment['state'];
  readonly actor: string;
  readonly at: Date;
}

export async function insertState(db: Sql, { id, state, actor, at }: StateChange): Promise<void> {
  await sql`insert into international.assessment_state (assessment_id, state, set_by, set_at) values (${id}, ${state}, ${actor}, ${at})`.execute(db);
}

export interface NewReply {
  readonly id: string;
  readonly text: string;
  readonly by: string;
  readonly actor: string;
  readonly at: Date;
}

export async function insertReply(db: Sql, { id, text, by, actor, at }: NewReply): Promise<void> {
  await sql`insert into international.assessment_reply (assessment_id, text, by, kept_by, kept_at) values (${id}, ${text}, ${by}, ${actor}, ${at})`.execute(db);
}

interface Which {
  readonly id?: string;
  readonly country?: string;
  readonly capability?: number;
  /** Without those that something else replaced. */
  readonly isCurrent?: true;
}

/** Newest first, with the newest state and the newest reply of each. */
export async function listAssessments(db: Sql, { id, country, capability, isCurrent }: Which): Promise<Assessment[]> {
  const { rows } = await sql<AssessmentRow>`
    select a.id, a.body, a.supersedes, a.made_by as "madeBy", a.made_at as "madeAt", s.state,
      case when r.sequence is null then null else jsonb_build_object('text', r.text, 'by', r.by, 'at', r.kept_at) end as reply
    from international.assessment a
    join lateral (select state from international.assessment_state where assessment_id = a.id order by sequence desc limit 1) s on true
    left join lateral (select sequence, text, by, kept_at from international.assessment_reply where assessment_id = a.id order by sequence desc limit 1) r on true
    where ${id === undefined ? sql`true` : sql`a.id = ${id}`}
      and ${country === undefined ? sql`true` : sql`a.country = ${country}`}
      and ${capability === undefined ? sql`true` : sql`a.capability = ${capability}`}
      and ${isCurrent === undefined ? sql`true` : sql`s.state <> 'superseded'`}
    order by a.sequence desc limit ${LIST_MAX}`.execute(db);
  return rows.map(({ body, reply, ...row }) => ({ ...row, ...body, reply: reply === null ? null : { ...reply, at: new Date(reply.at) } }));
}

/** How many capabilities of each country have an assessment that is published or disputed. Counts what was looked at, never a phase. */
export async function countAssessed(db: Sql): Promise<Map<string, number>> {
  const { rows } = await sql<{ country: string; count: number }>`
    select a.country, count(distinct a.capability)::int as count
    from international.assessment a
    join lateral (select state from international.assessment_state where assessment_id = a.id order by sequence desc limit 1) s on true
    where s.state in ('published', 'disputed') group by a.country`.execute(db);
  return new Map(rows.map(({ country, count }) => [country, count]));
}
