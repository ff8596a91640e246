import { afterAll, beforeAll, expect, test } from 'vitest';
import { createFakeClock } from '../../test/support/clock.ts';
import { createTestDatabase, type TestDatabase } from '../../test/support/database.ts';
import { importText, startTestNode, valueOf, type TestNode } from '../../test/support/lists.ts';
import { listsChecks } from './checks.ts';
import { registerListsMetrics } from './instruments.ts';
import { migrations } from './migrations.ts';

const clock = createFakeClock();
let database: TestDatabase;
let node: TestNode;
beforeAll(async () => {
  database = await createTestDatabase([{ domain: 'lists', migrations }]);
  node = await startTestNode(database, { clock });
});
afterAll(async () => {
  await node.stop();
  await database.drop();
});

const run = async (name: string): Promise<{ status: string; remedy?: string }> => {
  const check = listsChecks(node.service, node.context).find((known) => known.name === name);
  return check === undefined ? { status: 'none' } : check.run();
};

test('without an active list, with an empty one, with a fresh one and with an old one', async () => {
  expect(await run('lists.age')).toMatchObject({ status: 'fail', remedy: expect.stringContaining('list import') });
  const list = await node.service.create({ name: 'Checked' }, 'sam');
  expect(await run('lists.age')).toMatchObject({ status: 'fail', finding: expect.stringContaining('0 entries') });
  await importText(node, list.id, `md5\n${valueOf('md5', 'checked')}\n`);
  expect(await run('lists.age')).toMatchObject({ status: 'ok' });
  clock.advance(31 * 86_400_000);
  expect(await run('lists.age')).toMatchObject({ status: 'attention', finding: expect.stringContaining('31 day(s)') });
  await node.service.refresh();
  expect(await run('lists.freshness')).toMatchObject({ status: 'ok' });
  await node.service.disable(list.id, 'sam');
  expect(await run('lists.age')).toMatchObject({ status: 'fail' });
});

test('metrics tell counts and no names', async () => {
  registerListsMetrics(node.service, node.context);
  const list = await node.service.create({ name: 'Secret partner' }, 'sam');
  await importText(node, list.id, `sha1\n${valueOf('sha1', 'm')}\nx\n`);
  await node.service.matcher().match({ digests: { md5: '', sha1: '', sha256: '' }, pictures: [] });
  const { body } = await node.context.metrics.render();
  expect(body).toContain(`gatehouse_lists_version ${node.service.freshness().listSetVersion}`);
  expect(body).toContain('gatehouse_lists_entries 1');
  expect(body).toContain('gatehouse_lists_active 1');
  expect(body).toContain('gatehouse_lists_import_values_total{outcome="bad"} 1');
  expect(body).toContain('gatehouse_lists_match_seconds_count 1');
  expect(body).not.toContain('Secret');
});
