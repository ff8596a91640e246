/**
 * Background jobs on PostgreSQL (pg-boss): enqueued in the transaction that causes them, retried with a growing delay, visible when they
 * fail for good. A job may run twice (a node may die after the work and before the note), so `run` must bear that.
 */
import { CompiledQuery } from 'kysely';
import PgBoss from 'pg-boss';
import type { Database, Sql } from './db/database.ts';
import type { Log } from './log.ts';

export interface JobDefinition {
  /** `<domain>.<verb>`, letters, digits, `.`, `-`, `_`. */
  readonly name: string;
  /** @param data what was enqueued, to be parsed: it may come from an older version */
  run(data: unknown, signal: AbortSignal): Promise<void>;
  /** Cron expression (UTC) for a job that recurs; one run for all nodes together. */
  readonly cron?: string;
  /** Runs of this job at once on one node; default 1. */
  readonly concurrency?: number;
}

export interface EnqueueOptions {
  /** The transaction that causes the job; without one it is enqueued at once. */
  readonly tx?: Sql;
  readonly delayS?: number;
  readonly retryLimit?: number;
  readonly retryDelayS?: number;
  readonly expireS?: number;
}

export interface Jobs {
  enqueue(name: string, data: object, options?: EnqueueOptions): Promise<void>;
  start(definitions: readonly JobDefinition[]): Promise<void>;
  /** Takes no new job, waits for those under way up to `timeoutMs`, then aborts their signal. */
  stop(timeoutMs: number): Promise<void>;
}

/** How often each job's queue is looked at. With half a second for all of them an idle process asked the database about 100 times a second, and took 4.9 % of a core in place of 3.8 %. */
const POLL_S = 0.5;
/** A job that recurs is due at a full minute, and nobody waits for it. */
const POLL_RECURRING_S = 5;
const EXPIRE_S = 900;

export function createJobs(database: Database, log: Log): Jobs {
  const work = createWork();
  const statements = trackStatements(database, work, log);
  const boss = new PgBoss({ db: statements, schema: 'jobs', retryBackoff: true, pollingIntervalSeconds: POLL_S, expireInSeconds: EXPIRE_S });
  const abort = new AbortController();
  boss.on('error', (error) => log.warn({ code: Reflect.get(error, 'code'), reason: error.message }, 'the job queue could not be read; it will be tried again'));
  let isStarted = false;
  return {
    async enqueue(name, data, options = {}) {
      await boss.send(name, data, {
        retryLimit: options.retryLimit ?? 5,
        retryDelay: options.retryDelayS ?? 5,
        retryBackoff: true,
        expireInSeconds: options.expireS ?? EXPIRE_S,
        ...(options.delayS === undefined ? {} : { startAfter: options.delayS }),
        ...(options.tx === undefined ? {} : { db: inTransaction(options.tx) }),
      });
    },
    async start(definitions) {
      await boss.start();
      isStarted = true;
      for (const definition of definitions) await register(boss, definition, { signal: abort.signal, log, work });
    },
    async stop(timeoutMs) {
      if (!isStarted) return;
      isStarted = false;
      const timer = setTimeout(() => abort.abort(), timeoutMs);
      try {
        await boss.stop({ graceful: true, wait: true, close: false, timeout: Math.max(1_000, timeoutMs) });
        await work.settle(abort.signal);
      } finally {
        clearTimeout(timer);
        abort.abort();
      }
    },
  };
}

/** What is under way: statements of pg-boss, and runs of jobs. */
interface Work {
  track<T>(kind: 'statement' | 'run', work: Promise<T>): Promise<T>;
  /** Until there is none; runs are not waited for once `signal` is aborted. */
  settle(signal: AbortSignal): Promise<void>;
}

/**
 * pg-boss waits neither for its own note that a job has ended (lost, the job would run again a quarter of an hour later) nor for a question for jobs
 * that is under way when it stops and can still bring one: that one would run, and be noted, on a database that is closed by then.
 */
function createWork(): Work {
  const underWay = new Map<Promise<unknown>, 'statement' | 'run'>();
  return {
    async track(kind, work) {
      underWay.set(work, kind);
      try {
        return await work;
      } finally {
        underWay.delete(work);
      }
    },
    async settle(signal) {
      const aborted = new Promise<void>((resolve) => {
        if (signal.aborted) resolve();
        else signal.addEventListener('abort', () => resolve(), { once: true });
      });
      for (;;) {
        // What follows upon one that has ended begins in the same turn.
        await new Promise((resolve) => setImmediate(resolve));
        const left = [...underWay].filter(([, kind]) => kind === 'statement' || !signal.aborted);
        if (left.length === 0) return;
        const ended = Promise.allSettled(left.map(([one]) => one));
        await (signal.aborted ? ended : Promise.race([ended, aborted]));
      }
    },
  };
}

function trackStatements(database: Database, work: Work, log: Log): PgBoss.Db {
  return {
    async executeSql(text, values) {
      try {
        return toRows(await work.track('statement', database.pool.query(text, values)));
      } catch (error) {
        if (!isEndOfJobs(values)) throw error;
        log.warn({ code: Reflect.get(Object(error), 'code') }, 'that a job has ended could not be noted; it will run again');
        return { rows: [{ count: 0 }] };
      }
    },
  };
}

/**
 * Of the statements that are sent here only those that complete and fail jobs name them by a list. pg-boss 10 drops the promise of either
 * (`Manager.watch`): a fault there would be an unhandled rejection, which ends the process.
 */
function isEndOfJobs(values: readonly unknown[] | undefined): boolean {
  return Array.isArray(values?.[1]);
}

interface RunOptions {
  readonly signal: AbortSignal;
  readonly log: Log;
  readonly work: Work;
}

async function register(boss: PgBoss, definition: JobDefinition, options: RunOptions): Promise<void> {
  await boss.createQueue(definition.name);
  const workers = definition.concurrency ?? 1;
  for (let i = 0; i < workers; i++) {
    const pollingIntervalSeconds = definition.cron === undefined ? POLL_S : POLL_RECURRING_S;
    await boss.work<unknown>(definition.name, { pollingIntervalSeconds, batchSize: 1 }, async (batch) => {
      for (const job of batch) await options.work.track('run', runLogged(definition, job, options));
    });
  }
  if (definition.cron !== undefined) await boss.schedule(definition.name, definition.cron, {}, { tz: 'UTC', retryLimit: 0 });
}

async function runLogged(definition: JobDefinition, job: PgBoss.Job<unknown>, { signal, log }: RunOptions): Promise<void> {
  try {
    await definition.run(job.data, signal);
  } catch (error) {
    log.warn(
      { job: definition.name, jobId: job.id, reason: error instanceof Error ? error.message : 'unknown' },
      'a job failed and will be tried again as long as its retries last',
    );
    throw error;
  }
}

function inTransaction(tx: Sql): PgBoss.Db {
  return { executeSql: async (text, values) => toRows(await tx.executeQuery(CompiledQuery.raw(text, values))) };
}

/** A text of several statements (pg-boss creates its schema with one) answers with an array of results; the last one counts. */
function toRows<Row>(result: { readonly rows: readonly Row[] } | readonly { readonly rows: readonly Row[] }[]): { rows: Row[] } {
  const last = 'rows' in result ? result : result.at(-1);
  return { rows: [...(last?.rows ?? [])] };
}
