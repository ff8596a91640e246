/** The whole tree once more, in slices: what was changed behind its back is found, wherever the check was broken off. */
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { createTestContext, type TestContext } from '../../test/support/context.ts';
import { createTestDatabase, type TestDatabase } from '../../test/support/database.ts';
import { checkTree } from './check-findings.ts';
import { migrations } from './migrations.ts';
import { createLogService, type LogService } from './service.ts';

let database: TestDatabase;
let test: TestContext;
let service: LogService;

beforeEach(async () => {
  database = await createTestDatabase([{ domain: 'log', migrations }]);
  test = await createTestContext({ database: database.database });
  service = await createLogService(test.context);
});
afterEach(async () => {
  await test.dispose();
  await service.stop();
  await database.drop();
});

const query = (text: string, values: unknown[] = []) => database.database.pool.query(text, values);
const insert = async (n: number): Promise<void> => {
  await query(
    `insert into log.pending (kind, at, body, salt) select 'upload.decided', now(), jsonb_build_object('uploadId', 'upl_' || i, 'listSetVersion', i), decode(lpad(to_hex(i), 32, '0'), 'hex') from generate_series(1, $1) i`,
    [n],
  );
  await service.checkpoint();
};
const NEVER = new AbortController().signal;
const run = async () => (await service.checks.tree.run({ entries: Number.MAX_SAFE_INTEGER, signal: NEVER })).result;

describe('the check of the whole tree', () => {
  it('finds nothing where nothing is, in trees of all sizes', async () => {
    expect(await service.selfCheck()).toBeNull();
    expect(await run()).toMatchObject({ isOk: true, entries: 0 });
    for (const more of [1, 254, 1, 1, 3_839, 1, 5_000]) {
      await insert(more);
      expect(await run()).toMatchObject({ isOk: true, fault: null });
    }
    expect(await service.selfCheck()).toEqual({ at: expect.any(Date), entries: 9_097, isOk: true, fault: null });
  });

  it('goes on where it was broken off, by whichever node, and looks at no entry twice', async () => {
    await insert(10_000);
    const stopped = new AbortController();
    stopped.abort();
    expect(await service.checks.tree.run({ entries: 1_000_000, signal: stopped.signal })).toEqual({ position: 4_096, size: 10_000, result: null });
    // What comes meanwhile is of the next check.
    await insert(10);
    const other = await createLogService(test.context);
    expect(await other.checks.tree.step()).toEqual({ position: 8_192, size: 10_000, result: null });
    expect(await service.checks.tree.step()).toMatchObject({ position: 10_000, result: { isOk: true, entries: 10_000 } });
    expect(await other.selfCheck()).toMatchObject({ entries: 10_000, isOk: true });
    // The next one begins anew.
    expect(await other.checks.tree.step()).toMatchObject({ position: 4_096, size: 10_010 });
  });

  it.each([
    ['an entry whose hash was left', `update log.entry set leaf = replace(leaf, '"v":1', '"v":2') where index = 300`, 'Entry 300 is not what was hashed'],
    ['an entry of the second slice', `update log.entry set leaf = leaf || ' ' where index = 5000`, 'Entry 5000 is not what was hashed'],
    ['an entry of the edge', `update log.entry set leaf = replace(leaf, '"v":1', '"v":2') where index = 8195`, 'The first 8200 entries do not give the root'],
    ['a hash in a tile', `update log.tile set bytes = set_byte(bytes, 40, get_byte(bytes, 40) # 1) where level = 0 and index = 1`, 'tile/0/001'],
    ['the hash of a tile', `update log.tile set root = set_byte(root, 4, get_byte(root, 4) # 1) where level = 0 and index = 7`, 'tile/0/007'],
    ['an entry that was taken out', `delete from log.entry where index = 4500`, 'missing in the database between 4096 and 8191'],
    ['a tile that was taken out', `delete from log.tile where level = 0 and index = 20`, 'tile/0/020 is missing'],
    [
      'a checkpoint',
      `update log.checkpoint set root = set_byte(root, 4, get_byte(root, 4) # 1) where size = 5000`,
      'The first 5000 entries do not give the root',
    ],
    ['the root', `update log.tree set root = set_byte(root, 4, get_byte(root, 4) # 1)`, 'The first 8200 entries do not give the root'],
  ])('finds %s', async (_what, statement, fault) => {
    await insert(5_000);
    await insert(3_200);
    expect(await run()).toMatchObject({ isOk: true });
    await query(statement);
    expect(await run()).toMatchObject({ isOk: false, fault: expect.stringContaining(fault) });
    expect(await checkTree(service, test.context.clock.now())).toMatchObject({ status: 'fail', finding: expect.stringContaining(fault) });
  });

  it('says that tiles are missing on which it would have to go on', async () => {
    await insert(10_000);
    await service.checks.tree.step();
    await query('delete from log.tile where level = 0 and index = 3');
    const other = await createLogService(test.context);
    expect((await other.checks.tree.step()).result).toMatchObject({ isOk: false, fault: 'Entries or tiles before 4096 are missing in the database.' });
  });
});
