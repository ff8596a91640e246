/**
 * The process that gives places, signs and checks is killed (SIGKILL) at random moments while events come in. Each event must have one place in the end, what
 * was signed must still be so, and the next process must go on by itself. Run alone:
 * `npx tsc -b && npx vitest run --config vitest.slow.config.ts packages/server/test/crash/log.test.ts`
 */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { auditLogFolder } from '../../src/log/audit.ts';
import { migrations } from '../../src/log/migrations.ts';
import { createLogService } from '../../src/log/service.ts';
import { parseVerifierKey } from '@gatehouse/tlog';
import { createTestContext, type TestContext } from '../support/context.ts';
import { createTestDatabase, type TestDatabase } from '../support/database.ts';

const KILLS = 15;
const EVENTS = 8_000;
const LONGEST_MS = 500;

let database: TestDatabase;
let test: TestContext;
beforeAll(async () => {
  database = await createTestDatabase([{ domain: 'log', migrations }]);
  test = await createTestContext({ database: database.database, config: { logOrigin: 'crash.example/log' } });
});
afterAll(async () => {
  await test.dispose();
  await database.drop();
});

const query = (text: string, values: unknown[] = []) => database.database.pool.query(text, values);

/** In small transactions, of which some are undone: numbers have gaps and come out of order. */
async function fill(from: number, count: number): Promise<number> {
  let kept = 0;
  for (let at = from; at < from + count; at += 500) {
    const client = await database.database.pool.connect();
    try {
      await client.query('begin');
      await client.query(
        `insert into log.pending (kind, at, body, salt) select 'upload.decided', now(), jsonb_build_object('uploadId', 'upl_' || i), decode(md5(i::text), 'hex') from generate_series($1::int, $2::int) i`,
        [at, at + 499],
      );
      const isKept = (at / 500) % 5 !== 3;
      await client.query(isKept ? 'commit' : 'rollback');
      if (isKept) kept += 500;
    } finally {
      client.release();
    }
  }
  return kept;
}

it('neither loses an event nor gives it two places', async () => {
  const options = JSON.stringify({ dataDir: test.dataDir, target: database.target });
  let expected = 0;
  const fell = { withWaiting: 0, withSigned: 0 };
  for (let kill = 0; kill < KILLS; kill++) {
    const child = spawn(process.execPath, [join(import.meta.dirname, 'log-child.mjs'), options], { stdio: ['ignore', 'pipe', 'inherit'] });
    const exited = once(child, 'exit');
    await once(child.stdout, 'data');
    const delayMs = Math.random() * LONGEST_MS;
    const filling = fill(kill * EVENTS, EVENTS);
    await new Promise((resolve) => void setTimeout(resolve, delayMs));
    child.kill('SIGKILL');
    await exited;
    expected += await filling;
    const { rows } = await query('select (select count(*) from log.pending) as waiting, (select count(*) from log.checkpoint) as signed');
    if (rows[0].waiting > 0) fell.withWaiting += 1;
    if (rows[0].signed > 0) fell.withSigned += 1;
  }
  // Otherwise nothing was under way when it was killed, and this shows nothing.
  expect(fell.withWaiting).toBeGreaterThan(KILLS / 2);
  const service = await createLogService(test.context);
  // The lock of the last one may still be held for a moment by its session, which the database has not missed yet.
  await expect.poll(async () => (await service.drain(), (await service.status()).pending), { timeout: 20_000 }).toBe(0);
  const { size } = await service.checkpoint();
  expect(size).toBe(expected);
  const { rows } = await query(`select count(*) as count, count(distinct body ->> 'uploadId') as ids, max(index) as last from log.entry`);
  expect(rows[0]).toEqual({ count: expected, ids: expected, last: expected - 1 });
  expect((await service.checks.tree.run({ entries: Number.MAX_SAFE_INTEGER, signal: new AbortController().signal })).result).toMatchObject({ isOk: true });
  expect((await service.checks.tree.run({ entries: Number.MAX_SAFE_INTEGER, signal: new AbortController().signal })).result).toMatchObject({
    isOk: true,
    entries: expected,
  });
  const folder = join(test.dataDir, 'copy');
  await service.export(folder);
  const key = parseVerifierKey((await service.status()).verifierKey);
  expect(await auditLogFolder(folder, { key, witnesses: [] })).toMatchObject({ isIntact: true, entries: expected, faults: [] });
}, 240_000);
