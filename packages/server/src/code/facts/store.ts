/** What was said about the service. Rows are only ever added. */
import { sql } from 'kysely';
import type { Sql } from '../../platform/db/database.ts';
import { readSourceRows } from '../../platform/db/rows.ts';
import type { LogSource } from '../../platform/log-source.ts';
import type { SaidFact } from './schema.ts';

interface FactRow extends SaidFact {
  readonly sequence: number;
}

export const HISTORY_MAX = 200;
/** Arbitrary and fixed: "code.fact" in ASCII, the last four letters. */
const ADVISORY_LOCK = 0x66616374;
const COLUMNS = sql`sequence, fact, value, origin, said_by as "saidBy", said_name as "saidName", said_at as "saidAt", method`;

/** Until the end of the transaction: whoever compares with the last row and adds one takes a turn. */
export async function lockFacts(db: Sql): Promise<void> {
  await sql`select pg_advisory_xact_lock(${ADVISORY_LOCK})`.execute(db);
}

export async function insertFacts(db: Sql, facts: readonly SaidFact[]): Promise<void> {
  for (const { fact, value, origin, saidBy, saidName, saidAt, method } of facts)
    await sql`insert into code.fact (fact, value, origin, said_by, said_name, said_at, method)
      values (${fact}, ${value === null ? null : JSON.stringify(value)}::jsonb, ${origin}, ${saidBy}, ${saidName ?? null}, ${saidAt}, ${method})`.execute(db);
}

/**
 * The newest row of each fact, once of those that people said and once of those that Gatehouse found.
 * @param until rows said later are left out
 */
export async function listNewest(db: Sql, until?: Date): Promise<FactRow[]> {
  const { rows } = await sql<FactRow>`
    select distinct on (fact, origin = 'system') ${COLUMNS} from code.fact
    ${until === undefined ? sql`` : sql`where said_at <= ${until}`}
    order by fact, origin = 'system', sequence desc`.execute(db);
  return rows;
}

/** Newest first. */
export async function listHistory(db: Sql, fact: string): Promise<FactRow[]> {
  const { rows } = await sql<FactRow>`select ${COLUMNS} from code.fact where fact = ${fact} order by sequence desc limit ${HISTORY_MAX}`.execute(db);
  return rows;
}

/** The rows that the transparency log is held against. */
export const logSources: readonly LogSource[] = [
  {
    kind: 'code.changed',
    only: { field: 'change', value: 'fact' },
    title: 'answers about the service',
    isErased: false,
    rows: readSourceRows({ table: 'code.fact', id: 'fact', at: 'said_at' }),
  },
];
