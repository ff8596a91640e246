/** What the lists measure about themselves; and that nobody but our own test pictures is compared with theirs. */
import { readdir, writeFile, chmod } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from 'vitest';
import { createFakeClock, type FakeClock } from '../../test/support/clock.ts';
import { createTestDatabase, type TestDatabase } from '../../test/support/database.ts';
import { asQuery, importText, startTestNode, valueOf, type TestNode } from '../../test/support/lists.ts';
import type { EvidenceReading } from '../platform/evidence.ts';
import { measureLists } from './evidence-sources.ts';
import { listsDomain } from './index.ts';

const HOUR_MS = 3_600_000;
const NEVER = new AbortController().signal;
let db: TestDatabase;
let node: TestNode;
let clock: FakeClock;

beforeAll(async () => {
  db = await createTestDatabase([{ domain: 'lists', migrations: listsDomain.migrations }]);
});
afterAll(() => db.drop());
beforeEach(async () => {
  await db.database.pool.query(
    'truncate lists.list, lists.version, lists.run, lists.segment, lists.delta, lists.reference, lists.staged, lists.integrity cascade',
  );
  clock = createFakeClock();
  node = await startTestNode(db, { clock });
  measureLists(node.context);
});
afterEach(() => node.stop());

function read(metric: string): Promise<EvidenceReading> {
  const source = node.context.evidence.sources().find((one) => one.metric === metric);
  const to = new Date(clock.now().getTime() + 1);
  if (source === undefined) throw new Error(`no source ${metric}`);
  return source.read({ from: new Date(to.getTime() - 720 * HOUR_MS), to }, NEVER);
}

const lines = (...seeds: readonly string[]): string => seeds.map((seed) => valueOf('pdq', seed)).join('\n');

test('age: of the list that was renewed longest ago; an import without changes renews', async () => {
  expect((await read('hashlist_age_hours')).figure).toBeNull();
  const a = await node.service.create({ name: 'a' }, 'x');
  expect((await read('hashlist_age_hours')).figure).toBeNull();
  await importText(node, a.id, lines('1'), { type: 'pdq' });
  const b = await node.service.create({ name: 'b' }, 'x');
  clock.advance(5 * HOUR_MS);
  await importText(node, b.id, lines('2'), { type: 'pdq' });
  clock.advance(HOUR_MS);
  const found = await read('hashlist_age_hours');
  expect(found).toMatchObject({
    figure: 6,
    rows: [
      { label: 'list 1', figure: 6 },
      { label: 'list 2', figure: 1 },
    ],
  });
  expect(JSON.stringify(found)).not.toContain(a.id);
  await importText(node, a.id, lines('1'), { type: 'pdq' });
  expect(await read('hashlist_age_hours')).toMatchObject({ figure: 1 });
  // Adding an entry by hand is a change of entries; what is disabled is not in use.
  await node.service.disable(b.id, 'x');
  expect(await read('hashlist_age_hours')).toMatchObject({ figure: 0 });
});

test('removals: the time since the import before bounds how long an entry went on matching', async () => {
  const { id } = await node.service.create({ name: 'a' }, 'x');
  await importText(node, id, lines('1', '2', '3'), { type: 'pdq' });
  expect((await read('hashlist_removed_applied_p95_hours')).figure).toBeNull();
  clock.advance(10 * HOUR_MS);
  await importText(node, id, lines('1', '2'), { type: 'pdq', mode: 'replace' });
  expect(await read('hashlist_removed_applied_p95_hours')).toMatchObject({ figure: 10, denominator: 1 });
  clock.advance(30 * HOUR_MS);
  await importText(node, id, lines('1'), { type: 'pdq', mode: 'replace' });
  expect(await read('hashlist_removed_applied_p95_hours')).toMatchObject({ figure: 30, denominator: 2 });
});

test('integrity: a changed byte in a file is found', async () => {
  expect((await read('hashlist_integrity_ok')).figure).toBeNull();
  const { id } = await node.service.create({ name: 'a' }, 'x');
  await node.service.verifyFiles(NEVER);
  expect((await read('hashlist_integrity_ok')).figure).toBeNull();
  await importText(node, id, lines(...Array.from({ length: 5000 }, (_none, i) => String(i))), { type: 'pdq' });
  await node.service.verifyFiles(NEVER);
  expect(await read('hashlist_integrity_ok')).toMatchObject({ figure: true, newestAt: clock.now() });
  const rootDir = join(node.context.config.dataDir, 'segments');
  const [name] = (await readdir(rootDir, { recursive: true })).filter((path) => /[0-9a-f]{64}$/.test(path));
  const path = join(rootDir, name ?? '');
  await chmod(path, 0o600);
  await writeFile(path, Buffer.from([0]), { flag: 'r+' });
  await node.service.verifyFiles(NEVER);
  expect(await read('hashlist_integrity_ok')).toMatchObject({ figure: false });
});

test('own test pictures: found by themselves alone, and they allow no clearance', async () => {
  const value = valueOf('pdq', 'canary');
  const id = await node.service.keepCanaries([value]);
  const query = asQuery('pdq', value);
  const match = (withCanaries?: boolean) => node.service.matcher().match(query, { withCanaries });
  expect(await match()).toMatchObject({ hits: [], hitCount: 0, activeLists: 0, isBelowQualityFloor: false });
  expect(await match(true)).toMatchObject({ hits: [{ listId: id, distance: 0 }], hitCount: 1, activeLists: 0 });
  expect((await node.service.matcher().matchEach([query, query], {})).map(({ hitCount }) => hitCount)).toEqual([0, 0]);
  // Beside a real list.
  const real = await node.service.create({ name: 'real' }, 'x');
  await importText(node, real.id, lines('1', 'canary'), { type: 'pdq' });
  expect(await match()).toMatchObject({ hits: [{ listId: real.id }], hitCount: 1, activeLists: 1 });
  expect(await match(true)).toMatchObject({ hitCount: 2, activeLists: 1 });
  // In no list of lists, and in no count of them.
  expect((await node.service.list()).map(({ name }) => name)).toEqual(['real']);
  expect(await node.service.summarise()).toMatchObject({ activeLists: 1, entries: 2 });
  // Kept, not made again.
  const version = node.service.freshness().listSetVersion;
  expect(await node.service.keepCanaries([value])).toBe(id);
  expect(node.service.freshness().listSetVersion).toBe(version);
});
