import { createHash } from 'node:crypto';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { runAtOnce } from '../platform/slices.ts';
import { NUMBER_BYTES, toRecords } from './digest-records.ts';
import { DigestRows, readRecords } from './digest-rows.ts';
import { createDigestTable, type DigestTable } from './digest-table.ts';

const WIDTH = 16;

/** The same digests for the same number, everywhere. */
const digestOf = (number: number): Uint8Array => createHash('md5').update(String(number)).digest();

/** Values that share a prefix of any length with each other, as somebody would craft them to fill one bucket. */
const crafted = (count: number, shared: number): Uint8Array[] =>
  Array.from({ length: count }, (_, number) => {
    const value = digestOf(number);
    return Uint8Array.of(...new Uint8Array(shared).fill(0xab), ...value.subarray(shared));
  });

const toFile = (values: readonly Uint8Array[], first = 1): Uint8Array =>
  toRecords(
    { values: Buffer.concat(values), width: WIDTH, count: values.length },
    Uint32Array.from(values, (_, i) => first + i),
  );

/** Every change of one byte of a value is another value; a table must not take one for the other. */
function expectExactly(table: Pick<DigestTable, 'find'>, expected: ReadonlyMap<string, number>): void {
  for (const [hex, entry] of expected) {
    const value = Uint8Array.from(Buffer.from(hex, 'hex'));
    if (table.find(value) !== entry) throw new Error(`${hex}: ${table.find(value)} instead of ${entry}`);
    for (const at of [0, 1, 2, 5, 9, WIDTH - 1]) {
      const other = Uint8Array.from(value, (byte, i) => (i === at ? byte ^ 1 : byte));
      const known = expected.get(Buffer.from(other).toString('hex'));
      if (table.find(other) !== known) throw new Error(`${hex}, byte ${at}: found ${table.find(other)}`);
    }
  }
}

const toMap = (values: readonly Uint8Array[], first = 1): Map<string, number> => {
  const map = new Map<string, number>();
  for (const [i, value] of values.entries()) {
    const hex = Buffer.from(value).toString('hex');
    if (!map.has(hex)) map.set(hex, first + i);
  }
  return map;
};

test.each([0, 1, 2, 7, 8, 9, 1_000, 140_000])('%i digests are found by their entries, and nothing else is', (count) => {
  const values = Array.from({ length: count }, (_, number) => digestOf(number));
  const table = createDigestTable(WIDTH);
  runAtOnce(table.addRecords([toFile(values)]));
  expectExactly(table, toMap(values.slice(0, 3_000)));
  for (let number = count; number < count + 3_000; number++) expect(table.find(digestOf(number))).toBeUndefined();
  expect(table.find(digestOf(0).subarray(1))).toBeUndefined();
});

test('a key takes at most 20 bytes of MD5 and 24 of SHA-1, entry number included', () => {
  for (const [width, most] of [
    [16, 20],
    [20, 24],
    [32, 36],
  ] as const) {
    const count = 140_000;
    const values = new Uint8Array(count * width);
    for (let i = 0; i < count; i++) values.set(createHash('sha256').update(String(i)).digest().subarray(0, width), i * width);
    const records = toRecords(
      { values, width, count },
      Uint32Array.from({ length: count }, (_, i) => i),
    );
    const rows = runAtOnce(DigestRows.merge(width, [readRecords(records, width)]));
    expect(rows.count).toBe(count);
    expect(rows.bytesUsed / count).toBeLessThanOrEqual(most);
  }
});

test.each([0, 1, 2, 3, 4, 5, 8, 14, 15])('values that share %i bytes cost no exactness', (shared) => {
  const values = crafted(shared === 15 ? 200 : 5_000, shared);
  // Others around them, so that there are many buckets.
  const others = Array.from({ length: 140_000 }, (_, number) => digestOf(1_000_000 + number));
  const table = createDigestTable(WIDTH);
  runAtOnce(table.addRecords([toFile([...values, ...others])]));
  expectExactly(table, toMap(values));
});

test('files and single additions become one, the first entry of a value stays, and every slice leaves a whole table', () => {
  const number = fc.integer({ min: 0, max: 400 });
  const step = fc.oneof(
    fc.record({ files: fc.array(fc.array(number, { minLength: 1, maxLength: 60 }), { minLength: 1, maxLength: 3 }) }),
    fc.record({ one: number }),
  );
  fc.assert(
    fc.property(fc.array(step, { maxLength: 12 }), (steps) => {
      const table = createDigestTable(WIDTH);
      const model = new Map<string, number>();
      let entry = 1;
      for (const { files, one } of steps as { files?: number[][]; one?: number }[]) {
        if (one !== undefined && table.find(digestOf(one)) === undefined) {
          table.addOne(digestOf(one), entry);
          model.set(Buffer.from(digestOf(one)).toString('hex'), entry++);
        }
        if (files === undefined) continue;
        const before = new Map(model);
        const added = files.map((numbers) => {
          const values = numbers.map(digestOf);
          for (const [hex, own] of toMap(values, entry)) if (!model.has(hex)) model.set(hex, own);
          const file = toFile(values, entry);
          entry += values.length;
          return file;
        });
        const work = table.addRecords(added);
        while (work.next().done !== true) expectExactly(table, before);
      }
      expectExactly(table, model);
      const wanted = new Set(model.values());
      if (wanted.size === 0) return;
      const found = [...runAtOnce(table.valuesOf(wanted))].map(([own, value]) => [Buffer.from(value).toString('hex'), own] as const);
      expect(new Map(found)).toEqual(model);
    }),
    { numRuns: 60 },
  );
});

test('what piled up one by one is packed, and stays', () => {
  const table = createDigestTable(WIDTH);
  const values = Array.from({ length: 20_000 }, (_, number) => digestOf(number));
  for (const [i, value] of values.entries()) table.addOne(value, i + 1);
  expect(table.bytesUsed).toBe(0);
  const work = table.addRecords([]);
  work.next();
  // While it is being packed.
  table.addOne(digestOf(77_777), 77_777);
  runAtOnce(work);
  expect(table.bytesUsed).toBeGreaterThan(20_000 * (WIDTH - 2 + NUMBER_BYTES));
  expectExactly(table, new Map([...toMap(values.slice(-3_000), 17_001), [Buffer.from(digestOf(77_777)).toString('hex'), 77_777]]));
});
