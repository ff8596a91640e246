import { sql } from 'kysely';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { createTestDatabase, type TestDatabase } from '../../test/support/database.ts';
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
});
