/** Plans for open measures. */
import { sql } from 'kysely';
import type { Sql } from '../../platform/db/database.ts';
import type { GapPlan } from './schema.ts';

const COLUMNS = sql`control, owner, to_char(due, 'YYYY-MM-DD') as due, plan, set_by as "setBy", set_at as "setAt"`;

export async function insertPlan(db: Sql, { control, owner, due, plan, setBy, setAt }: GapPlan): Promise<void> {
  await sql`insert into code.gap_plan (control, owner, due, plan, set_by, set_at) values (${control}, ${owner}, ${due}::date, ${plan}, ${setBy}, ${setAt})`.execute(
    db,
  );
}

/** The newest of each control. */
export async function listPlans(db: Sql): Promise<GapPlan[]> {
  const { rows } = await sql<GapPlan>`select distinct on (control) ${COLUMNS} from code.gap_plan order by control, id desc`.execute(db);
  return rows;
}

/** Newest first. */
export async function listPlansOf(db: Sql, control: string): Promise<GapPlan[]> {
  const { rows } = await sql<GapPlan>`select ${COLUMNS} from code.gap_plan where control = ${control} order by id desc limit 100`.execute(db);
  return rows;
}
