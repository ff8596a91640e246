import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { createTestDatabase, type TestDatabase } from '../../test/support/database.ts';
import { flipBits, importText, match, startTestNode, valueOf, type TestNode } from '../../test/support/lists.ts';
import { migrations } from './migrations.ts';

let database: TestDatabase;
let node: TestNode;
beforeAll(async () => {
  database = await createTestDatabase([{ domain: 'lists', migrations }]);
  node = await startTestNode(database);
});
afterAll(async () => {
  await node.stop();
  await database.drop();
});

/** What was disabled is in force at once, and this node's version a moment later: so it looks first. */
const versions = async (): Promise<number> => {
  await node.service.refresh();
  return node.service.freshness().listSetVersion;
};

describe('a list', () => {
  test('is made, shown, found by name in any case, changed, disabled, enabled and removed; each change is one version', async () => {
    const first = await versions();
    const list = await node.service.create({ name: 'Partner', radius: 10 }, 'sam');
    expect(list).toMatchObject({ name: 'Partner', state: 'active', radius: 10, qualityFloor: 50, disposition: 'hold', listSetVersion: first + 1 });
    expect(await node.service.get('pARTNER')).toEqual(list);
    expect((await node.service.update(list.id, { disposition: 'refuse' }, 'sam')).listSetVersion).toBe(first + 2);
    expect((await node.service.update(list.id, { disposition: 'refuse', radius: 10 }, 'sam')).listSetVersion).toBe(first + 2);
    expect((await node.service.disable(list.id, 'sam')).state).toBe('disabled');
    expect((await node.service.enable(list.id, 'sam')).state).toBe('active');
    expect(await node.service.remove(list.id, 'sam')).toBe(first + 5);
    await expect(node.service.get(list.id)).rejects.toMatchObject({ code: 'gone' });
    await expect(node.service.update(list.id, { radius: 3 }, 'sam')).rejects.toMatchObject({ code: 'gone' });
    await expect(node.service.get('list_00000000000000000000000000')).rejects.toMatchObject({ code: 'not_found' });
    expect((await node.service.create({ name: 'Partner' }, 'sam')).id).not.toBe(list.id);
    const shown = await node.service.versions({ listId: list.id });
    expect(shown.versions.map(({ kind, listSetVersion }) => [kind, listSetVersion - first])).toEqual([
      ['remove', 5],
      ['enable', 4],
      ['disable', 3],
      ['settings', 2],
      ['create', 1],
    ]);
    expect(shown.versions[3]).toMatchObject({ actor: 'sam', before: { disposition: 'hold' }, after: { disposition: 'refuse' } });
  });

  test('keeps its name to itself', async () => {
    await node.service.create({ name: 'Mine' }, 'sam');
    await expect(node.service.create({ name: 'mine' }, 'sam')).rejects.toMatchObject({ code: 'conflict' });
    const other = await node.service.create({ name: 'Other' }, 'sam');
    await expect(node.service.update(other.id, { name: 'MINE' }, 'sam')).rejects.toMatchObject({ code: 'conflict' });
    expect((await node.service.update(other.id, { name: 'OTHER' }, 'sam')).name).toBe('OTHER');
  });

  test('has its own radius, quality floor and disposition', async () => {
    const near = await node.service.create({ name: 'Near', radius: 4, qualityFloor: 80, disposition: 'refuse' }, 'sam');
    const far = await node.service.create({ name: 'Far', radius: 12, qualityFloor: 20 }, 'sam');
    const value = valueOf('pdq', 'settings');
    for (const list of [near, far]) await importText(node, list.id, `pdq\n${value}\n`);
    const names = async (bits: number, quality: number): Promise<string[]> =>
      (
        await match(
          node,
          'pdq',
          flipBits(
            value,
            Array.from({ length: bits }, (_none, i) => i * 7),
          ),
          quality,
        )
      ).hits.map((hit) => `${hit.listName} ${hit.distance} ${hit.disposition}`);
    expect(await names(4, 80)).toEqual(['Near 4 refuse', 'Far 4 hold']);
    expect(await names(5, 80)).toEqual(['Far 5 hold']);
    expect(await names(12, 79)).toEqual(['Far 12 hold']);
    expect(await names(13, 100)).toEqual([]);
    expect(await names(0, 19)).toEqual([]);
    expect((await match(node, 'pdq', value, 79)).isBelowQualityFloor).toBe(true);
    expect((await match(node, 'pdq', value, 80)).isBelowQualityFloor).toBe(false);
    for (const list of [near, far]) await node.service.disable(list.id, 'sam');
    expect(await names(0, 100)).toEqual([]);
  });

  test('that is empty does not count as active', async () => {
    const before = (await match(node, 'md5', valueOf('md5', 'none'))).activeLists;
    const list = await node.service.create({ name: 'Empty' }, 'sam');
    expect((await match(node, 'md5', valueOf('md5', 'none'))).activeLists).toBe(before);
    await importText(node, list.id, `${valueOf('md5', 'one')}\n`, { format: 'text' });
    expect((await match(node, 'md5', valueOf('md5', 'none'))).activeLists).toBe(before + 1);
  });
});

describe('an import', () => {
  test('adds, repeats nothing, and says what it did', async () => {
    const list = await node.service.create({ name: 'Import' }, 'sam');
    const text = `signal_type,value,id\nPDQ,${valueOf('pdq', 'a').toUpperCase()},ref-1\nmd5,${valueOf('md5', 'b')},ref-2\nmd5,${valueOf('md5', 'b')},ref-3\nmd5,nonsense,x\n`;
    const first = await importText(node, list.id, text);
    expect(first).toMatchObject({ isChanged: true, lines: 5, added: 2, repeated: 1, unchanged: 0, bad: 1, badLines: [{ line: 5 }] });
    expect(JSON.stringify(first)).not.toContain('nonsense');
    const second = await importText(node, list.id, text);
    expect(second).toMatchObject({ isChanged: false, added: 0, unchanged: 2, repeated: 1, listSetVersion: first.listSetVersion });
    expect(await versions()).toBe(first.listSetVersion);
    const { entries } = await node.service.entries(list.id);
    expect(entries).toEqual([
      { entry: 1, signal: 'pdq', state: 'active', maskedValue: `${valueOf('pdq', 'a').slice(0, 4)}…`, reference: 'ref-1' },
      { entry: 2, signal: 'md5', state: 'active', maskedValue: `${valueOf('md5', 'b').slice(0, 4)}…`, reference: 'ref-2' },
    ]);
    const { hits } = await match(node, 'md5', valueOf('md5', 'b'));
    expect(hits).toMatchObject([{ listId: list.id, entry: 2, signal: 'md5', distance: 0 }]);
    expect(await node.service.addReferences(hits)).toMatchObject([{ reference: 'ref-2' }]);
  });

  test('that is strict and meets a bad line leaves no trace', async () => {
    const list = await node.service.create({ name: 'Strict' }, 'sam');
    const counts = async (): Promise<unknown> =>
      (
        await database.database.pool.query(
          'select (select count(*) from lists.version) v, (select count(*) from lists.segment) s, (select count(*) from lists.staged) st, (select count(*) from lists.delta) d, (select count(*) from lists.reference) r, (select count(*) from lists.run) u',
        )
      ).rows;
    const before = await counts();
    const lines = Array.from({ length: 3000 }, (_none, i) => `${valueOf('md5', `strict ${i}`)},r${i}`);
    await expect(importText(node, list.id, `md5,id\n${lines.join('\n')}\nbad,x\n`, { isStrict: true })).rejects.toMatchObject({
      code: 'import_refused',
      extras: { errors: [{ at: 'line 3002' }] },
    });
    expect(await counts()).toEqual(before);
    expect((await match(node, 'md5', valueOf('md5', 'strict 7'))).hitCount).toBe(0);
  });

  test('with mode replace withdraws what is absent, brings back what returns, and keeps numbers and what people disabled', async () => {
    const list = await node.service.create({ name: 'Replace' }, 'sam');
    const rows = (...seeds: string[]): string => `sha1\n${seeds.map((seed) => valueOf('sha1', seed)).join('\n')}\n`;
    await importText(node, list.id, rows('a', 'b', 'c'));
    await node.service.disableEntry(list.id, 2, 'sam');
    expect(await importText(node, list.id, rows('b', 'd'), { mode: 'replace' })).toMatchObject({ added: 1, withdrawn: 2, unchanged: 1 });
    const states = async (): Promise<string[]> => (await node.service.entries(list.id)).entries.map((entry) => `${entry.entry} ${entry.state}`);
    expect(await states()).toEqual(['1 withdrawn', '2 disabled', '3 withdrawn', '4 active']);
    expect((await match(node, 'sha1', valueOf('sha1', 'a'))).hitCount).toBe(0);
    expect(await importText(node, list.id, rows('a', 'b'))).toMatchObject({ added: 0, restored: 1, unchanged: 1, withdrawn: 0 });
    expect(await states()).toEqual(['1 active', '2 disabled', '3 withdrawn', '4 active']);
    expect((await match(node, 'sha1', valueOf('sha1', 'a'))).hits).toMatchObject([{ entry: 1 }]);
    expect((await match(node, 'sha1', valueOf('sha1', 'b'))).hitCount).toBe(0);
    await expect(importText(node, list.id, 'sha1\n', { mode: 'replace' })).rejects.toMatchObject({ code: 'import_refused' });
    expect((await node.service.get(list.id)).entries.sha1).toBe(2);
    expect((await node.service.get(list.id)).disabledEntries).toBe(1);
  });

  test('of 200,000 lines in slices, then a restart with the same answers', { timeout: 60_000 }, async () => {
    const list = await node.service.create({ name: 'Large' }, 'sam');
    const lines = Array.from({ length: 200_000 }, (_none, i) => (i % 4 === 0 ? `md5,${valueOf('md5', `l${i}`)}` : `pdq,${valueOf('pdq', `l${i}`)}`));
    const report = await importText(node, list.id, `type,value\n${lines.join('\n')}`);
    expect(report).toMatchObject({ lines: 200_001, added: 200_000, bad: 0 });
    const reloaded = await startTestNode(database, { sharing: node });
    try {
      expect(reloaded.service.freshness()).toEqual(node.service.freshness());
      expect(await reloaded.service.list()).toEqual(await node.service.list());
      for (let i = 0; i < 200_000; i += 1_999) {
        const type = i % 4 === 0 ? 'md5' : 'pdq';
        const query = type === 'pdq' ? flipBits(valueOf(type, `l${i}`), [1, 50, 99, 200]) : valueOf(type, `l${i}`);
        const found = await match(node, type, query);
        expect(found.hits).toMatchObject([{ listId: list.id, distance: type === 'pdq' ? 4 : 0 }]);
        expect(await match(reloaded, type, query)).toEqual(found);
      }
    } finally {
      await reloaded.stop();
    }
    expect(await importText(node, list.id, `type,value\n${lines.toReversed().join('\n')}`)).toMatchObject({ isChanged: false, unchanged: 200_000 });
  });
});

describe('entries', () => {
  test('are added a few at once, all or none, and found by their whole value', async () => {
    const list = await node.service.create({ name: 'Few' }, 'sam');
    const value = valueOf('sha256', 'few');
    await expect(node.service.addEntries(list.id, [{ value: valueOf('md5', 'few') }, { value: 'xx' }], 'sam')).rejects.toMatchObject({
      code: 'import_refused',
    });
    await expect(node.service.addEntries(list.id, [{ value }], 'sam')).rejects.toMatchObject({ code: 'invalid_request' });
    expect(await node.service.addEntries(list.id, [{ type: 'sha256', value, reference: 'one' }], 'sam')).toMatchObject({ added: 1 });
    expect(await node.service.findEntry(list.id, { value })).toMatchObject({ entry: 1, signal: 'sha256', reference: 'one' });
    await expect(node.service.findEntry(list.id, { value: valueOf('sha256', 'other') })).rejects.toMatchObject({ code: 'not_found' });
    await expect(node.service.findEntry(list.id, { value: value.slice(0, 8) })).rejects.toMatchObject({ code: 'invalid_request' });
    await expect(node.service.disableEntry(list.id, 2, 'sam')).rejects.toMatchObject({ code: 'not_found' });
    expect(await node.service.disableEntry(list.id, 1, 'sam')).toMatchObject({ state: 'disabled' });
    expect((await match(node, 'sha256', value)).hitCount).toBe(0);
    // Counted in the database: what a disabling takes out of force at once becomes this node's version a moment later.
    const count = async (): Promise<number> => (await node.service.versions({ listId: list.id })).versions.length;
    const before = await count();
    await node.service.disableEntry(list.id, 1, 'sam');
    expect(await count()).toBe(before);
    expect(await node.service.enableEntry(list.id, 1, 'sam')).toMatchObject({ state: 'active' });
    expect((await match(node, 'sha256', value)).hits).toMatchObject([{ entry: 1 }]);
  });
});

describe('versions', () => {
  test('are compared net of what was undone in between', async () => {
    const from = await versions();
    const list = await node.service.create({ name: 'Diff' }, 'sam');
    await importText(node, list.id, `md5\n${['a', 'b', 'c', 'd'].map((seed) => valueOf('md5', `diff ${seed}`)).join('\n')}`);
    const middle = await versions();
    await node.service.disableEntry(list.id, 1, 'sam');
    await node.service.disableEntry(list.id, 2, 'sam');
    await node.service.enableEntry(list.id, 2, 'sam');
    await node.service.update(list.id, { radius: 5 }, 'sam');
    await importText(node, list.id, `md5\n${['a', 'b', 'c', 'e'].map((seed) => valueOf('md5', `diff ${seed}`)).join('\n')}`, { mode: 'replace' });
    const to = await versions();
    expect(await node.service.compare({ from: middle, to, listId: list.id })).toEqual({
      from: middle,
      to,
      lists: [
        expect.objectContaining({
          listId: list.id,
          change: 'changed',
          added: 1,
          withdrawn: 1,
          disabled: 1,
          enabled: 0,
          restored: 0,
          before: expect.objectContaining({ radius: 31 }),
          after: expect.objectContaining({ radius: 5 }),
        }),
      ],
      entries: [
        { entry: 1, signal: 'md5', change: 'disabled' },
        { entry: 4, signal: 'md5', change: 'withdrawn' },
        { entry: 5, signal: 'md5', change: 'added' },
      ],
    });
    const whole = await node.service.compare({ from, to, listId: list.id, limit: 2 });
    expect(whole.lists).toMatchObject([{ change: 'created', added: 3 }]);
    expect(whole).toMatchObject({ entries: [{ entry: 2 }, { entry: 3 }], next: 3 });
    await expect(node.service.compare({ from: to, to: from })).rejects.toMatchObject({ code: 'invalid_request' });
    await expect(node.service.compare({ from, to: to + 1 })).rejects.toMatchObject({ code: 'not_found' });
    expect((await node.service.compare({ from: to, to })).lists).toEqual([]);
  });
});

test('a change is told within its transaction, and a listener that fails undoes it', async () => {
  const told: unknown[] = [];
  let isFailing = false;
  node.context.events.on('list.changed', (change, tx) => {
    if (isFailing) throw new Error('not recorded');
    told.push({ ...change, hasTransaction: tx !== undefined });
  });
  const list = await node.service.create({ name: 'Told' }, 'sam');
  const report = await importText(node, list.id, `md5\n${valueOf('md5', 'told')}\n`, { actor: 'alex' });
  expect(told).toMatchObject([
    { change: 'create', actor: 'sam', hasTransaction: true },
    { change: 'import', listId: list.id, listSetVersion: report.listSetVersion, added: 1, removed: 0, actor: 'alex', hasTransaction: true },
  ]);
  isFailing = true;
  await expect(node.service.disableEntry(list.id, 1, 'sam')).rejects.toThrow('not recorded');
  isFailing = false;
  expect(await versions()).toBe(report.listSetVersion);
  expect((await match(node, 'md5', valueOf('md5', 'told'))).hitCount).toBe(1);
});

describe('another node', () => {
  test('follows within a second', async () => {
    const other = await startTestNode(database, { sharing: node });
    try {
      const list = await node.service.create({ name: 'Followed' }, 'sam');
      const value = valueOf('pdq', 'followed');
      await importText(node, list.id, `pdq\n${value}\n`);
      const until = async (hitCount: number): Promise<void> => {
        for (let i = 0; i < 50 && (await match(other, 'pdq', value)).hitCount !== hitCount; i++) await sleep(20);
        expect(await match(other, 'pdq', value)).toMatchObject({ hitCount, listSetVersion: await versions() });
      };
      await until(1);
      await node.service.disableEntry(list.id, 1, 'sam');
      await until(0);
      await node.service.enableEntry(list.id, 1, 'sam');
      await until(1);
      await node.service.disable(list.id, 'sam');
      await until(0);
      await node.service.enable(list.id, 'sam');
      await until(1);
      await node.service.remove(list.id, 'sam');
      await until(0);
    } finally {
      await other.stop();
    }
  });
});
