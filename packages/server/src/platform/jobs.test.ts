import { sql } from 'kysely';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { createTestDatabase, type TestDatabase } from '../../test/support/database.ts';
import { collectUncaught } from '../../test/support/faults.ts';
import type { Database } from './db/database.ts';
import { createJobs, type Jobs } from './jobs.ts';
import { silentLog } from './log.ts';

describe('jobs', () => {
  let test: TestDatabase;
  let jobs: Jobs;

  beforeEach(async () => {
    test = await createTestDatabase();
    jobs = createJobs(test.database, silentLog);
  });

  afterEach(async () => {
    await jobs.stop(5_000);
    await test.drop();
  });

  it('runs what a committed transaction enqueued, and nothing of one that was rolled back', async () => {
    const seen: unknown[] = [];
    let finish: () => void = () => undefined;
    const done = new Promise<void>((resolve) => (finish = resolve));
    await jobs.start([
      {
        name: 'sample.note',
        run: async (data) => {
          seen.push(data);
          if (Reflect.get(Object(data), 'last') === true) finish();
        },
      },
    ]);
    await expect(
      test.database.transact(async (tx) => {
        await jobs.enqueue('sample.note', { n: 1 }, { tx });
        throw new Error('undone');
      }),
    ).rejects.toThrow('undone');
    await test.database.transact((tx) => jobs.enqueue('sample.note', { n: 2 }, { tx }));
    await jobs.enqueue('sample.note', { n: 3, last: true }, { delayS: 1 });
    await done;
    expect(seen).toEqual([{ n: 2 }, { n: 3, last: true }]);
  });

  it('tries a failed job again', async () => {
    let attempts = 0;
    let finish: () => void = () => undefined;
    const done = new Promise<void>((resolve) => (finish = resolve));
    await jobs.start([
      {
        name: 'sample.flaky',
        async run() {
          attempts += 1;
          if (attempts < 2) throw new Error('not yet');
          finish();
        },
      },
    ]);
    await jobs.enqueue('sample.flaky', {}, { retryDelayS: 1, retryLimit: 3 });
    await done;
    expect(attempts).toBe(2);
  });

  it('waits for a job under way when it stops, and leaves the rest for the next start', async () => {
    const finished: number[] = [];
    let begun: () => void = () => undefined;
    const started = new Promise<void>((resolve) => (begun = resolve));
    let release: () => void = () => undefined;
    const gate = new Promise<void>((resolve) => (release = resolve));
    await jobs.start([
      {
        name: 'sample.slow',
        async run(data) {
          begun();
          await gate;
          finished.push(Number(Reflect.get(Object(data), 'n')));
        },
      },
    ]);
    await jobs.enqueue('sample.slow', { n: 1 });
    await started;
    await jobs.enqueue('sample.slow', { n: 2 });
    const stopped = jobs.stop(10_000);
    release();
    await stopped;
    expect(finished).toEqual([1]);
    const { rows } = await sql<{ state: string }>`select state from jobs.job where name = 'sample.slow' and state <> 'completed'`.execute(test.database.sql);
    expect(rows).toHaveLength(1);
  });

  it.each([
    ['done', async () => undefined],
    ['failed', () => Promise.reject(new Error('it went wrong'))],
  ])('a job that is %s while the database is away leaves no fault that nobody sees: it would end the process', async (_how, end) => {
    let isAway = false;
    let refuse: () => void = () => undefined;
    const refused = new Promise<void>((resolve) => (refuse = resolve));
    const own = createJobs(
      intercept(test.database, async (send) => {
        if (!isAway) return send();
        refuse();
        throw Object.assign(new Error('the database is away'), { code: 'ECONNREFUSED' });
      }),
      silentLog,
    );
    const run = async (): Promise<void> => {
      isAway = true;
      await end();
    };
    const uncaught = await collectUncaught(async () => {
      await own.start([{ name: 'sample.cut_off', run }]);
      await own.enqueue('sample.cut_off', {});
      await refused;
      await new Promise((resolve) => setImmediate(resolve));
      isAway = false;
      await own.stop(5_000);
    });
    expect(uncaught).toEqual([]);
  });

  it('runs and notes a job that it was being given when it stopped, before the database is closed', async () => {
    let isOver = false;
    let isStopped = false;
    const late: string[] = [];
    let ask: () => void = () => undefined;
    const asked = new Promise<void>((resolve) => (ask = resolve));
    let give: () => void = () => undefined;
    const given = new Promise<void>((resolve) => (give = resolve));
    const own = createJobs(
      intercept(test.database, async (send, values) => {
        if (isStopped) late.push(String(values?.[0]));
        const reply = await send();
        // Only the question for jobs: the name and how many.
        if (values?.[0] !== 'sample.late' || values[1] !== 1 || !('rows' in reply) || reply.rows.length === 0) return reply;
        ask();
        await given;
        return reply;
      }),
      silentLog,
    );
    const run = async (): Promise<void> => {
      await new Promise((resolve) => setTimeout(resolve, 50));
      isOver = true;
    };
    await own.start([{ name: 'sample.late', run }]);
    await own.enqueue('sample.late', {});
    await asked;
    const stopped = own.stop(10_000);
    // Past the turn in which pg-boss looks whether a job runs.
    setTimeout(give, 100);
    await stopped;
    isStopped = true;
    const { rows } = await sql<{ state: string }>`select state from jobs.job where name = 'sample.late'`.execute(test.database.sql);
    expect([isOver, rows, late]).toEqual([true, [{ state: 'completed' }], []]);
  });
});

type Reply = { readonly rows: readonly unknown[] };

/** The same database, where a test stands in the way of the statements of pg-boss. */
function intercept(database: Database, query: (send: () => Promise<Reply>, values: readonly unknown[] | undefined) => Promise<Reply>): Database {
  const { pool } = database;
  const own = { query: (text: string, values?: unknown[]) => query(() => pool.query(text, values), values) };
  return { ...database, pool: Object.assign(Object.create(pool) as typeof pool, own) };
}
