/** Many rows in order, a few at a time: a cursor in a transaction. A sort of millions is done once, by the database, on its disk if need be. */
import { sql, type RawBuilder } from 'kysely';
import type { LogSource, LogSourceRow } from '../log-source.ts';
import type { Tx } from './database.ts';

const FETCH = 2_000;
/** Names of cursors are those of one connection; counting on is simplest. */
const opened = { count: 0 };

export async function* readRows<Row>(tx: Tx, query: RawBuilder<Row>): AsyncGenerator<Row> {
  const name = sql.raw(`rows_${opened.count++}`);
  await sql`declare ${name} no scroll cursor for ${query}`.execute(tx);
  for (;;) {
    const { rows } = await sql<Row>`fetch ${sql.raw(String(FETCH))} from ${name}`.execute(tx);
    yield* rows;
    if (rows.length < FETCH) break;
  }
  await sql`close ${name}`.execute(tx);
}

interface SourceTable {
  /** With its schema. */
  readonly table: `${string}.${string}`;
  /** What the entries name. Several rows of one id count together. */
  readonly id: string;
  /** When it happened. */
  readonly at: string;
  readonly isAtLeast?: boolean;
}

/** Rows of one table that stand for entries of the log, for `LogSource.rows`. */
export function readSourceRows({ table, id, at, isAtLeast = false }: SourceTable): LogSource['rows'] {
  return (tx, since) =>
    readRows(
      tx,
      sql<LogSourceRow>`
      select ${sql.ref(id)}::text collate "C" as id, count(*) as count, ${sql.lit(isAtLeast)} as "isAtLeast"
      from ${sql.table(table)} where ${sql.ref(at)} >= ${since} group by 1 order by 1`,
    );
}
