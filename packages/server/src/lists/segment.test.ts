import { appendFile, writeFile } from 'node:fs/promises';
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { createTestDatabase, type TestDatabase } from '../../test/support/database.ts';
import { createTestContext, type TestContext } from '../../test/support/context.ts';
import { runAtOnce } from '../platform/slices.ts';
import { toRecords } from './digest-records.ts';
import { createDigestTable } from './digest-table.ts';
import { createEntryRuns } from './entry-runs.ts';
import { migrations } from './migrations.ts';
import { readSegment, storeSegment } from './segment.ts';
import { SIGNAL_TYPES } from './schema.ts';
import { sortValues } from './value-sort.ts';

let database: TestDatabase;
let support: TestContext;
beforeAll(async () => {
  database = await createTestDatabase([{ domain: 'lists', migrations }]);
  support = await createTestContext({ database: database.database });
});
afterAll(async () => {
  await support.dispose();
  await database.drop();
});

describe('a segment file', () => {
  const body = toRecords({ values: new Uint8Array(64).map((_zero, i) => 64 - i), width: 16, count: 4 }, Uint32Array.of(1, 2, 3, 4_294_967_294));

  test('is read as it was written, and the same content is the same file', async () => {
    const stored = await storeSegment(support.context, { kind: 'entries', type: 'md5', body });
    expect(stored).toMatchObject({ kind: 'entries', type: 'md5', count: 4, sha256: expect.stringMatching(/^[0-9a-f]{64}$/) });
    expect(await storeSegment(support.context, { kind: 'entries', type: 'md5', body })).toEqual(stored);
    expect(Buffer.compare(await readSegment(support.context.blobs.segments, stored), body)).toBe(0);
  });

  test('that is damaged, longer, of another kind or gone is refused', async () => {
    const { segments } = support.context.blobs;
    const store = (last: number): ReturnType<typeof storeSegment> =>
      storeSegment(support.context, { kind: 'entries', type: 'md5', body: body.slice().fill(last, 79) });
    const [changed, longer, gone, other] = [await store(1), await store(2), await store(3), await store(4)];
    await writeFile(segments.pathOf(changed.sha256), Buffer.alloc(16 + 80));
    await appendFile(segments.pathOf(longer.sha256), 'x');
    await segments.remove(gone.sha256);
    for (const row of [changed, longer, gone, { ...other, kind: 'inactive' as const, type: null, count: 16 }, { ...other, count: 3 }]) {
      await expect(readSegment(segments, row)).rejects.toMatchObject({ code: 'storage_failed' });
    }
  });
});

test('values are sorted as by comparing their bytes, stable, also when they are alike', () => {
  const value = fc.uint8Array({ minLength: 4, maxLength: 4, max: 2 });
  fc.assert(
    fc.property(fc.array(value, { maxLength: 400 }), (list) => {
      const order = runAtOnce(sortValues({ values: Buffer.concat(list), width: 4, count: list.length }));
      const expected = list
        .map((bytes, position) => ({ text: Buffer.from(bytes).toString('hex'), position }))
        .toSorted((a, b) => (a.text < b.text ? -1 : a.text > b.text ? 1 : a.position - b.position));
      expect([...order]).toEqual(expected.map(({ position }) => position));
    }),
  );
});

test('a digest table finds every value by its first number, and no other', () => {
  const value = fc.uint8Array({ minLength: 3, maxLength: 3, max: 3 });
  fc.assert(
    fc.property(fc.array(value, { maxLength: 60 }), fc.array(value, { maxLength: 5 }), (list, later) => {
      const table = createDigestTable(3);
      const numbers = Uint32Array.from(list.keys(), (i) => i + 1);
      runAtOnce(table.addRecords([toRecords({ values: Buffer.concat(list), width: 3, count: list.length }, numbers)]));
      const map = new Map<string, number>();
      for (const [i, bytes] of list.entries()) if (!map.has(String(bytes))) map.set(String(bytes), i + 1);
      for (const [i, bytes] of later.entries()) {
        if (map.has(String(bytes))) continue;
        map.set(String(bytes), 100 + i);
        table.addOne(bytes, 100 + i);
      }
      for (let i = 0; i < 64; i++) {
        const wanted = Uint8Array.of(i >> 4, (i >> 2) & 3, i & 3);
        expect(table.find(wanted)).toBe(map.get(String(wanted)));
      }
      const entries = new Set(map.values());
      if (entries.size === 0) return;
      expect([...runAtOnce(table.valuesOf(entries))].map(([entry, bytes]) => `${String([...bytes])} ${entry}`).toSorted()).toEqual(
        [...map].map(([key, entry]) => `${key} ${entry}`).toSorted(),
      );
    }),
  );
});

test('runs give the type and the rank of every number', () => {
  const run = fc.record({ type: fc.constantFrom(...SIGNAL_TYPES), size: fc.integer({ min: 1, max: 4 }) });
  fc.assert(
    fc.property(fc.array(run, { maxLength: 12 }), (sizes) => {
      const types = sizes.flatMap(({ type, size }) => Array.from({ length: size }, () => type));
      let first = 1;
      const runs = createEntryRuns(sizes.map(({ type, size }) => ({ type, first, last: (first += size) - 1 })));
      expect(runs.lastEntry).toBe(types.length);
      for (const type of SIGNAL_TYPES) {
        const numbers = types.flatMap((own, i) => (own === type ? [i + 1] : []));
        expect(runs.totalOf(type)).toBe(numbers.length);
        expect(numbers.map((entry) => runs.rankOf(type, entry))).toEqual([...numbers.keys()]);
        expect([...numbers.keys()].map((rank) => runs.entryAt(type, rank))).toEqual(numbers);
        expect(runs.entryAt(type, numbers.length)).toBe(types.length + 1);
      }
      expect([0, ...types.keys()].map((i) => runs.typeOf(i + 1))).toEqual([types[0], ...types]);
      expect(runs.typeOf(types.length + 1)).toBeUndefined();
    }),
  );
});
