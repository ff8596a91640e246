/**
 * The database: PostgreSQL through `pg` and Kysely, embedded or external, with the same code for both.
 */
import { Kysely, PostgresDialect, type Transaction } from 'kysely';
import pg from 'pg';
import { noteLostConnection } from '../errors.ts';
import type { Log } from '../log.ts';

/** A transaction. A domain's store types it with `tx.withTables<Tables>()`. */
export type Tx = Transaction<unknown>;
/** The database, or a transaction in it. */
export type Sql = Kysely<unknown> | Tx;

export interface Database {
  readonly sql: Kysely<unknown>;
  /** For COPY and LISTEN, which Kysely does not speak. */
  readonly pool: pg.Pool;
  /** Runs `work` in a transaction; a thrown error rolls it back. */
  transact<T>(work: (tx: Tx) => Promise<T>): Promise<T>;
  /** Resolves when the server answers; throws otherwise. */
  ping(): Promise<void>;
  close(): Promise<void>;
}

export type DatabaseTarget = { readonly url: string } | { readonly host: string; readonly port: number; readonly user: string; readonly database: string };

export interface DatabaseOptions {
  readonly target: DatabaseTarget;
  readonly connections: number;
  readonly log: Log;
}

const CONNECT_TIMEOUT_MS = 10_000;
const STATEMENT_TIMEOUT_MS = 120_000;
const IDLE_IN_TRANSACTION_MS = 60_000;

/** 64-bit counters (sizes, versions) stay far below 2^53; sums of them too. */
pg.types.setTypeParser(pg.types.builtins.INT8, (value) => {
  const number = Number(value);
  if (!Number.isSafeInteger(number)) throw new RangeError('a database counter left the range of safe integers');
  return number;
});

export function openDatabase(options: DatabaseOptions): Database {
  const pool = new pg.Pool({
    ...('url' in options.target ? { connectionString: options.target.url } : options.target),
    max: options.connections,
    connectionTimeoutMillis: CONNECT_TIMEOUT_MS,
    statement_timeout: STATEMENT_TIMEOUT_MS,
    idle_in_transaction_session_timeout: IDLE_IN_TRANSACTION_MS,
    application_name: 'gatehouse',
    keepAlive: true,
  });
  let isClosed = false;
  // An idle connection that breaks must not end the process; the next query gets a new one. While closing, the server may hang up first.
  pool.on('error', (error) => {
    if (!isClosed) options.log.warn({ code: Reflect.get(error, 'code') }, 'a database connection was lost');
  });
  // The pool listens only to idle connections. One that breaks in use rejects its queries; without a listener its event would end the process as well.
  // They get the same error, after this listener.
  pool.on('connect', (client) => client.on('error', noteLostConnection));
  const sql = new Kysely<unknown>({ dialect: new PostgresDialect({ pool }) });
  return {
    sql,
    pool,
    transact: (work) => sql.transaction().execute(work),
    async ping() {
      await pool.query('select 1');
    },
    async close() {
      if (isClosed) return;
      isClosed = true;
      await sql.destroy();
      // Kysely ends the pool only when it was asked something itself.
      if (!pool.ended) await pool.end();
    },
  };
}
