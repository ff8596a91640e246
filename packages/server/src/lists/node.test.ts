/** A node's state: several nodes, crashes, folds, staleness. */
import { readdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { createFakeClock } from '../../test/support/clock.ts';
import { createTestDatabase, type TestDatabase } from '../../test/support/database.ts';
import { asQuery, flipBits, importText, match, startTestNode, valueOf, type TestNode } from '../../test/support/lists.ts';
import type { BlobStore } from '../platform/blobs.ts';
import { createMetrics } from '../platform/metrics.ts';
import { migrations } from './migrations.ts';
import { createListsService } from './service.ts';

let database: TestDatabase;
let node: TestNode;
beforeEach(async () => {
  database = await createTestDatabase([{ domain: 'lists', migrations }]);
  node = await startTestNode(database);
});
afterEach(async () => {
  await node.stop();
  await database.drop();
});

test('changes by two nodes at once all become versions, without a gap, and both nodes end up the same', async () => {
  const other = await startTestNode(database, { sharing: node });
  try {
    const list = await node.service.create({ name: 'Shared' }, 'sam');
    await other.service.refresh();
    await Promise.all(
      Array.from({ length: 12 }, async (_none, i) =>
        importText(i % 2 === 0 ? node : other, list.id, `md5,id\n${valueOf('md5', `${i}`)},r${i}\n${valueOf('md5', `${i + 1}`)},s${i}\n`),
      ),
    );
    await Promise.all([node.service.refresh(), other.service.refresh()]);
    const { rows } = await database.database.pool.query<{ version: number }>('select version from lists.version order by version');
    expect(rows.map(({ version }) => version)).toEqual(rows.map((_row, index) => index + 1));
    const view = await node.service.get(list.id);
    expect(view.entries.md5).toBe(13);
    expect(await other.service.get(list.id)).toEqual(view);
    const { entries } = await node.service.entries(list.id);
    expect(entries.map(({ entry }) => entry)).toEqual(Array.from({ length: 13 }, (_none, i) => i + 1));
    expect(await other.service.entries(list.id)).toEqual(await node.service.entries(list.id));
  } finally {
    await other.stop();
  }
});

test('a crash between the segment file and the commit leaves no visible change, and the file goes a day later', async () => {
  const list = await node.service.create({ name: 'Crash' }, 'sam');
  const text = `md5\n${Array.from({ length: 2000 }, (_none, i) => valueOf('md5', `crash ${i}`)).join('\n')}`;
  const before = node.service.freshness();
  const { segments } = node.context.blobs;
  const dying: BlobStore = {
    ...segments,
    async put(source) {
      await segments.put(source);
      throw new Error('killed');
    },
  };
  const clock = createFakeClock(new Date());
  const service = createListsService({ ...node.context, metrics: createMetrics(), clock, blobs: { ...node.context.blobs, segments: dying } });
  await expect(
    service.importFile({ listId: list.id, actor: 'sam', name: '', stream: [Buffer.from(text)] as unknown as AsyncIterable<Buffer> }),
  ).rejects.toThrow('killed');
  const fresh = await startTestNode(database, { sharing: node });
  expect(fresh.service.freshness()).toEqual(before);
  expect((await match(fresh, 'md5', valueOf('md5', 'crash 5'))).hitCount).toBe(0);
  await fresh.stop();
  expect(await countFiles(node)).toBe(1);
  expect(await service.sweep()).toBe(0);
  clock.advance(25 * 3_600_000);
  expect(await service.sweep()).toBe(1);
  expect(await countFiles(node)).toBe(0);
  expect(await importText(node, list.id, text)).toMatchObject({ added: 2000 });
  // The same content, staged for another list by an import that died, is in use all the same.
  const twin = await node.service.create({ name: 'Twin' }, 'sam');
  await expect(
    service.importFile({ listId: twin.id, actor: 'sam', name: '', stream: [Buffer.from(text)] as unknown as AsyncIterable<Buffer> }),
  ).rejects.toThrow('killed');
  clock.advance(25 * 3_600_000);
  expect(await service.sweep()).toBe(0);
  expect(await countFiles(node)).toBe(1);
});

test('an import that another node overtakes is compared again', async () => {
  const list = await node.service.create({ name: 'Overtaken' }, 'sam');
  const value = valueOf('md5', 'overtaken');
  await importText(node, list.id, `md5\n${value}\n${valueOf('md5', 'kept')}\n`);
  const { segments } = node.context.blobs;
  let isOvertaken = false;
  const slow: BlobStore = {
    ...segments,
    async put(source) {
      if (!isOvertaken) {
        isOvertaken = true;
        expect(await importText(node, list.id, `md5\n${valueOf('md5', 'kept')}\n`, { mode: 'replace' })).toMatchObject({ withdrawn: 1 });
      }
      return segments.put(source);
    },
  };
  const other = createListsService({ ...node.context, metrics: createMetrics(), blobs: { ...node.context.blobs, segments: slow } });
  const lines = Array.from({ length: 2000 }, (_none, i) => valueOf('md5', `overtaker ${i}`));
  const report = await other.importFile({
    listId: list.id,
    actor: 'sam',
    name: '',
    stream: [Buffer.from(`md5\n${value}\n${lines.join('\n')}`)] as unknown as AsyncIterable<Buffer>,
  });
  expect(report).toMatchObject({ added: 2000, restored: 1, unchanged: 0 });
  await node.service.refresh();
  expect((await match(node, 'md5', value)).hits).toMatchObject([{ entry: 1 }]);
});

async function countFiles(on: TestNode): Promise<number> {
  const entries = await readdir(join(on.test.dataDir, 'segments'), { recursive: true, withFileTypes: true });
  return entries.filter((entry) => entry.isFile()).length;
}

test('a fold changes neither matches nor versions, keeps the history, and its old files go a day later', async () => {
  const list = await node.service.create({ name: 'Fold' }, 'sam');
  const rows = (from: number, to: number): string => `pdq\n${Array.from({ length: to - from }, (_none, i) => valueOf('pdq', `fold ${from + i}`)).join('\n')}`;
  await importText(node, list.id, rows(0, 1500));
  await importText(node, list.id, rows(1500, 3000));
  await importText(node, list.id, rows(3000, 3010));
  const middle = node.service.freshness().listSetVersion;
  await importText(node, list.id, rows(1200, 3010), { mode: 'replace' });
  await node.service.disableEntry(list.id, 2000, 'sam');
  // In force at once; as this node's version a moment later.
  await node.service.refresh();
  const to = node.service.freshness().listSetVersion;
  const difference = await node.service.compare({ from: middle, to, listId: list.id, limit: 3 });
  expect(difference.lists).toMatchObject([{ withdrawn: 1200, disabled: 1, added: 0 }]);
  expect(await node.service.fold(list.id)).toBe(true);
  expect(await node.service.compare({ from: middle, to, listId: list.id, limit: 3 })).toEqual(difference);
  expect(node.service.freshness().listSetVersion).toBe(to);
  const clock = createFakeClock(new Date());
  clock.advance(25 * 3_600_000);
  const later = createListsService({ ...node.context, metrics: createMetrics(), clock });
  expect(await later.sweep()).toBe(2);
  const fresh = await startTestNode(database, { sharing: node });
  for (const seed of [0, 1199, 1200, 1999, 2000, 3009]) {
    const value = flipBits(valueOf('pdq', `fold ${seed}`), [9]);
    expect(await match(fresh, 'pdq', value)).toEqual(await match(node, 'pdq', value));
    expect((await match(fresh, 'pdq', value)).hits.map(({ entry }) => entry)).toEqual(seed < 1200 || seed === 1999 ? [] : [seed + 1]);
  }
  await fresh.stop();
  await node.service.enableEntry(list.id, 2000, 'sam');
  expect((await match(node, 'pdq', valueOf('pdq', 'fold 1999'))).hits).toMatchObject([{ entry: 2000 }]);
});

test('a match that began with one version ends with it', async () => {
  const list = await node.service.create({ name: 'Pointer' }, 'sam');
  const value = valueOf('pdq', 'pointer');
  await importText(node, list.id, `pdq\n${value}\n`);
  const matcher = node.service.matcher();
  const version = node.service.freshness().listSetVersion;
  await node.service.disableEntry(list.id, 1, 'sam');
  await importText(node, list.id, `pdq\n${flipBits(value, [1])}\n`);
  expect(await matcher.match(asQuery('pdq', value))).toMatchObject({ listSetVersion: version, hits: [{ entry: 1 }], hitCount: 1 });
  expect(await match(node, 'pdq', value)).toMatchObject({ listSetVersion: version + 2, hits: [{ entry: 2, distance: 1 }], hitCount: 1 });
});

describe('a node', () => {
  test('stops at once, also just after its start', async () => {
    for (const delayMs of [0, 0, 1, 3, 10]) {
      const service = createListsService({ ...node.context, metrics: createMetrics() });
      const started = service.start();
      if (delayMs > 0) await new Promise((resolve) => setTimeout(resolve, delayMs));
      await service.stop();
      await started;
    }
  });

  test('is loading before its first version, stale when it cannot look for changes for too long, and fresh again after', async () => {
    const clock = createFakeClock();
    let isAway = false;
    const pool = database.database;
    const flaky = { ...pool, sql: new Proxy(pool.sql, { get: (target, key) => (isAway ? refuse() : bind(target, Reflect.get(target, key))) }) };
    const service = createListsService({ ...node.context, metrics: createMetrics(), clock, database: flaky });
    expect(service.freshness()).toEqual({ state: 'loading', listSetVersion: 0 });
    try {
      await service.start();
      expect(service.freshness().state).toBe('fresh');
      isAway = true;
      await passTime(clock, 29_000);
      expect(service.freshness().state).toBe('fresh');
      await passTime(clock, 2_000);
      expect(service.freshness().state).toBe('stale');
      isAway = false;
      await passTime(clock, 1_000);
      expect(service.freshness().state).toBe('fresh');
    } finally {
      await service.stop();
    }
  });

  test('that lacks a segment file goes on with the version before, and says so', async () => {
    const list = await node.service.create({ name: 'Lost' }, 'sam');
    await importText(node, list.id, `md5\n${Array.from({ length: 2000 }, (_none, i) => valueOf('md5', `lost ${i}`)).join('\n')}`);
    const lonely = await startTestNode(database);
    expect(lonely.service.freshness().state).toBe('loading');
    await lonely.stop();
    await rm(join(node.test.dataDir, 'segments'), { recursive: true });
    expect((await match(node, 'md5', valueOf('md5', 'lost 5'))).hitCount).toBe(1);
  });

  test('takes out of force at once what is disabled while it loads a large version', async () => {
    const list = await node.service.create({ name: 'Slow' }, 'sam');
    const value = valueOf('md5', 'slow');
    await importText(node, list.id, `md5\n${value}\n`);
    let release = (): void => undefined;
    const gate = new Promise<void>((resolve) => (release = resolve));
    let isGated = false;
    const { segments } = node.context.blobs;
    const slow: BlobStore = {
      ...segments,
      read: (sha256) => (isGated ? waitAndRead(gate, segments, sha256) : segments.read(sha256)) as ReturnType<BlobStore['read']>,
    };
    const service = createListsService({ ...node.context, metrics: createMetrics(), blobs: { ...node.context.blobs, segments: slow } });
    await service.start();
    const hits = async (): Promise<number> => (await service.matcher().match(asQuery('md5', value))).hitCount;
    try {
      expect(await hits()).toBe(1);
      isGated = true;
      await importText(node, list.id, `md5\n${Array.from({ length: 2000 }, (_none, i) => valueOf('md5', `slow ${i}`)).join('\n')}`);
      const loading = service.refresh();
      // A load that fails fails the test below, and not outside of it.
      loading.catch(() => undefined);
      await node.service.disableEntry(list.id, 1, 'sam');
      for (let i = 0; i < 60 && (await hits()) > 0; i++) await new Promise((resolve) => setTimeout(resolve, 50));
      expect(await hits()).toBe(0);
      expect((await service.matcher().match(asQuery('md5', valueOf('md5', 'slow 7')))).hitCount).toBe(0);
      release();
      const seen = new Set<number>();
      let isLoaded = false;
      const noteEnd = (): boolean => (isLoaded = true);
      void loading.then(noteEnd, noteEnd);
      while (!isLoaded) {
        seen.add(await hits());
        await nextTurn();
      }
      await loading;
      // Also not between the large version, which still held the entry, and the one after it.
      expect([...seen, await hits()]).toEqual([0, 0]);
      expect((await service.matcher().match(asQuery('md5', valueOf('md5', 'slow 7')))).hitCount).toBe(1);
    } finally {
      release();
      await service.stop();
    }
  });
});

async function* waitAndRead(gate: Promise<void>, segments: BlobStore, sha256: string): AsyncGenerator<Buffer> {
  await gate;
  yield* segments.read(sha256) as AsyncIterable<Buffer>;
}

function bind(target: object, member: unknown): unknown {
  return typeof member === 'function' ? (member.bind(target) as unknown) : member;
}

function refuse(): never {
  throw Object.assign(new Error('connection terminated'), { code: 'ECONNREFUSED' });
}

async function passTime(clock: ReturnType<typeof createFakeClock>, ms: number): Promise<void> {
  for (let passed = 0; passed < ms; passed += 500) {
    clock.advance(500);
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
  await new Promise((resolve) => setTimeout(resolve, 200));
}
