/** A node whose every list is large: matching in threads, merges and snapshots under way all the time. */
import { readdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { createTestDatabase, type TestDatabase } from '../../test/support/database.ts';
import { asQuery, flipBits, importText, match, startTestNode, valueOf, type TestNode } from '../../test/support/lists.ts';
import { migrations } from './migrations.ts';

/** Every search in a thread, and every fifty hashes a merge. */
const TUNING = { largeEntries: 50, rowsHereMax: 0 };

let database: TestDatabase;
let node: TestNode;
beforeEach(async () => {
  database = await createTestDatabase([{ domain: 'lists', migrations }]);
  node = await startTestNode(database, { tuning: TUNING });
});
afterEach(async () => {
  await node.stop();
  await database.drop();
});

/** Those that are whole. */
const snapshotsOf = async (on: TestNode): Promise<string[]> =>
  (await readdir(join(on.test.dataDir, 'index')).catch(() => [])).filter((name) => name.endsWith('.ghx'));
const counter = async (on: TestNode, line: string): Promise<number> => {
  const { body } = await on.context.metrics.render();
  return Number(
    body
      .split('\n')
      .find((text) => text.startsWith(line))
      ?.slice(line.length) ?? 0,
  );
};
/** On the same data directory, as after a stop. */
const restart = (): Promise<TestNode> => startTestNode(database, { tuning: TUNING, sharing: node, config: { dataDir: node.test.dataDir } });

const SEEDS = 400;
const values = Array.from({ length: SEEDS }, (_none, seed) => valueOf('pdq', `threads ${seed}`));
const near = (seed: number): string => flipBits(values[seed] ?? '', [seed % 256, (seed * 7) % 256]);
const toText = (from: number, to: number): string => `pdq\n${values.slice(from, to).join('\n')}\n`;

test('every match is that of its version, whatever is added, withdrawn, merged and saved meanwhile', { timeout: 60_000 }, async () => {
  const list = await node.service.create({ name: 'Busy' }, 'sam');
  /** By version, the entry of each seed in force. */
  const model = new Map<number, ReadonlyMap<number, number>>();
  const entries = new Map<number, number>();
  const noteVersion = (version: number): void => void model.set(version, new Map(entries));
  noteVersion(node.service.freshness().listSetVersion);
  const seen: { readonly seed: number; readonly version: number; readonly entries: readonly number[] }[] = [];
  let isDone = false;
  const look = async (start: number): Promise<void> => {
    for (let seed = start; !isDone; seed = (seed + 37) % SEEDS) {
      // A comparison with nothing takes no turn of the event loop.
      await nextTurn();
      const { listSetVersion, hits } = await match(node, 'pdq', near(seed));
      seen.push({ seed, version: listSetVersion, entries: hits.map(({ entry }) => entry) });
    }
  };
  const lookers = Promise.all([look(0), look(11), look(23)]);
  try {
    for (let from = 0; from < SEEDS; from += 40) {
      const added = await importText(node, list.id, toText(from, from + 40));
      for (let seed = from; seed < from + 40; seed++) entries.set(seed, seed + 1);
      noteVersion(added.listSetVersion);
      const gone = from + 5;
      await node.service.disableEntry(list.id, gone + 1, 'sam');
      await node.service.refresh();
      entries.delete(gone);
      noteVersion(node.service.freshness().listSetVersion);
      if (from % 80 === 0) continue;
      await node.service.enableEntry(list.id, gone + 1, 'sam');
      await node.service.refresh();
      entries.set(gone, gone + 1);
      noteVersion(node.service.freshness().listSetVersion);
    }
  } finally {
    isDone = true;
  }
  await lookers;
  expect(seen.length).toBeGreaterThan(100);
  expect(new Set(seen.map(({ version }) => version)).size).toBeGreaterThan(5);
  for (const { seed, version, entries: found } of seen) {
    const then = model.get(version)?.get(seed);
    // What the next version takes out of force is out at once, also while that version is being loaded (promise 4).
    const isRestricted = found.length === 0 && model.get(version + 1)?.has(seed) === false;
    const expected = isRestricted ? undefined : then;
    expect([version, seed, found]).toEqual([version, seed, expected === undefined ? [] : [expected]]);
  }
  await vi.waitFor(async () => expect(await counter(node, 'gatehouse_lists_index_tasks_total{task="snapshot",outcome="done"} ')).toBeGreaterThan(0));
  expect(await counter(node, 'gatehouse_lists_search_seconds_count ')).toBeGreaterThan(100);
  expect(await counter(node, 'gatehouse_lists_match_queue ')).toBe(0);
});

test('a restart from the snapshot matches the same, with what came after it; a damaged one is built anew', async () => {
  const list = await node.service.create({ name: 'Saved' }, 'sam');
  await importText(node, list.id, toText(0, 200));
  await vi.waitFor(async () => expect(await snapshotsOf(node)).toHaveLength(1), { timeout: 10_000 });
  const [name = ''] = await snapshotsOf(node);
  expect(name).toMatch(new RegExp(`^${list.id}-200-[0-9a-f]{64}\\.ghx$`));
  await importText(node, list.id, toText(200, 210));
  await node.service.disableEntry(list.id, 3, 'sam');
  await node.service.refresh();
  const nameParts = async (): Promise<string[]> => (await snapshotsOf(node)).map((file) => file.slice(0, 35));
  const expectSame = async (on: TestNode): Promise<void> => {
    for (const seed of [0, 2, 5, 199, 203, 209, 300]) expect(await match(on, 'pdq', near(seed))).toEqual(await match(node, 'pdq', near(seed)));
    expect(await on.service.list()).toEqual(await node.service.list());
  };
  const again = await restart();
  await expectSame(again);
  await again.stop();
  expect(await snapshotsOf(node)).toEqual([name]);

  const path = join(node.test.dataDir, 'index', name);
  const bytes = await readFile(path);
  bytes[bytes.length >> 1] = (bytes[bytes.length >> 1] ?? 0) ^ 1;
  await writeFile(path, bytes);
  const mended = await restart();
  await expectSame(mended);
  // In place of the damaged one comes a new one, of all that there is now.
  await vi.waitFor(async () => expect(await nameParts()).toEqual([`${list.id}-210`]), { timeout: 10_000 });
  await importText(mended, list.id, toText(210, 400));
  await vi.waitFor(async () => expect(await nameParts()).toEqual([`${list.id}-400`]), { timeout: 10_000 });
  await mended.service.remove(list.id, 'sam');
  // The other node shares the folder, and may just have written its own: the next sweep takes that.
  await vi.waitFor(
    async () => {
      await mended.service.sweep();
      expect(await snapshotsOf(node)).toEqual([]);
    },
    { timeout: 10_000 },
  );
  await mended.stop();
});

test('a node without room for a snapshot matches all the same', async () => {
  // A file stands where the folder should be.
  await writeFile(join(node.test.dataDir, 'index'), '');
  const list = await node.service.create({ name: 'Unsaved' }, 'sam');
  await importText(node, list.id, toText(0, 200));
  await vi.waitFor(async () => expect(await counter(node, 'gatehouse_lists_index_tasks_total{task="snapshot",outcome="failed"} ')).toBe(1), {
    timeout: 10_000,
  });
  expect((await match(node, 'pdq', near(150))).hits).toMatchObject([{ entry: 151 }]);
});

test('a comparison that is cancelled, or under way when the node stops, ends without an answer', async () => {
  const list = await node.service.create({ name: 'Ends' }, 'sam');
  await importText(node, list.id, toText(0, 200));
  const gone = AbortSignal.abort(new RangeError('gone'));
  await expect(node.service.matcher().match(asQuery('pdq', near(1)), { signal: gone })).rejects.toThrow('gone');
  const matcher = node.service.matcher();
  const under = matcher.match(asQuery('pdq', near(1))).catch((error: unknown) => Reflect.get(Object(error), 'code'));
  await node.service.stop();
  expect(await under).toBe('stopping');
  await expect(matcher.match(asQuery('pdq', near(1)))).rejects.toMatchObject({ code: 'stopping' });
  // A list without PDQ entries needs no thread.
  expect(await matcher.match(asQuery('md5', valueOf('md5', 'none')))).toMatchObject({ hitCount: 0 });
});
