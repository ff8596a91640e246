import type { Socket } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { sql } from 'kysely';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { createTestDatabase, type TestDatabase } from '../../../test/support/database.ts';
import { toGatehouseError } from '../errors.ts';

let support: TestDatabase;
beforeAll(async () => {
  support = await createTestDatabase();
});
afterAll(async () => {
  await support.drop();
});

// An `error` event without a listener would be an uncaught exception, which fails the run.
test.each([
  ['between two statements', 'select 1'],
  ['in a statement', 'select pg_sleep(10)'],
])('a connection that breaks %s of a transaction fails that transaction only', async (_when, statement) => {
  const { database } = support;
  const broken = database.transact(async (tx) => {
    const { rows } = await sql<{ pid: number }>`select pg_backend_pid() as pid`.execute(tx);
    const end = async (): Promise<unknown> => database.pool.query('select pg_terminate_backend($1)', [rows[0]?.pid]);
    if (statement === 'select 1') await end().then(() => sleep(200));
    else setTimeout(() => void end(), 200);
    await sql.raw(statement).execute(tx);
  });
  await expect(broken.catch(toGatehouseError)).resolves.toMatchObject({ code: 'database_unavailable' });
  await database.ping();
});

test.each(['EPIPE', 'ECONNRESET'])(
  'a connection that breaks with %s while a statement is sent is a database that is away, and no unknown fault',
  async (code) => {
    const client = await support.database.pool.connect();
    const pending = client.query('select pg_sleep(10)').catch(toGatehouseError);
    const { stream } = (client as unknown as { readonly connection: { readonly stream: Socket } }).connection;
    stream.destroy(Object.assign(new Error(`write ${code}`), { code }));
    expect(await pending).toMatchObject({ code: 'database_unavailable' });
    client.release(true);
    expect(toGatehouseError(Object.assign(new Error(`write ${code}`), { code }))).toMatchObject({ code: 'internal' });
  },
);

test('a statement that takes too long is a database that is away', async () => {
  const slow = support.database.transact(async (tx) => {
    await sql`set local statement_timeout = 20`.execute(tx);
    await sql`select pg_sleep(10)`.execute(tx);
  });
  await expect(slow.catch(toGatehouseError)).resolves.toMatchObject({ code: 'database_unavailable' });
});
