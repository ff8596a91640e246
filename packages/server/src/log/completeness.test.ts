/** Comparing two ordered sides, and the kinds that are documented. */
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import fc from 'fast-check';
import { sql } from 'kysely';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { createTestContext, type TestContext } from '../../test/support/context.ts';
import { createTestDatabase, type TestDatabase } from '../../test/support/database.ts';
import { readRows } from '../platform/db/rows.ts';
import type { LogSource, LogSourceRow } from '../platform/log-source.ts';
import { checkCompleteness } from './check-findings.ts';
import { compare, compareIds, startTally } from './completeness-rules.ts';
import { migrations } from './migrations.ts';
import { ID_FIELDS, LOGGED_EVENTS, PUBLIC_FIELDS } from './rules.ts';
import { createLogService, type LogService } from './service.ts';

describe('comparing', () => {
  const row = (count: number, isAtLeast = false) => ({ id: 'a', count, isAtLeast });
  it.each([
    ['as many', { row: row(2), entries: 1, pending: 1 }, false, { missing: 0, surplus: 0, erased: 0 }],
    ['one too few', { row: row(2), entries: 1, pending: 0 }, true, { missing: 1, surplus: 0, erased: 0 }],
    ['none', { row: row(1), entries: 0, pending: 0 }, false, { missing: 1, surplus: 0, erased: 0 }],
    ['more than a row that knows how often', { row: row(1), entries: 2, pending: 0 }, true, { missing: 0, surplus: 1, erased: 0 }],
    ['more than a row that does not', { row: row(1, true), entries: 2, pending: 0 }, false, { missing: 0, surplus: 0, erased: 0 }],
    ['no row, kept for good', { row: undefined, entries: 2, pending: 0 }, false, { missing: 0, surplus: 2, erased: 0 }],
    ['no row, erased on a schedule', { row: undefined, entries: 2, pending: 0 }, true, { missing: 0, surplus: 0, erased: 2 }],
  ])('%s', (_what, comparison, isErased, found) => {
    const tally = startTally();
    compare(tally, { id: 'a', ...comparison }, isErased);
    expect(tally).toMatchObject(found);
  });

  it('orders ids as the database does', async () => {
    const database = await createTestDatabase();
    try {
      await fc.assert(
        fc.asyncProperty(
          fc.uniqueArray(
            fc.string({ unit: 'grapheme', minLength: 1, maxLength: 4 }).filter((text) => !text.includes('\0')),
            { maxLength: 20 },
          ),
          async (ids) => {
            const { rows } = await sql<{ id: string }>`select id from unnest(${ids}::text[]) id order by id collate "C"`.execute(database.database.sql);
            expect(rows.map(({ id }) => id)).toEqual(ids.toSorted(compareIds));
          },
        ),
        { numRuns: 50 },
      );
    } finally {
      await database.drop();
    }
  });
});

describe('on a database', () => {
  let database: TestDatabase;
  let test: TestContext;
  let service: LogService;
  beforeEach(async () => {
    database = await createTestDatabase([{ domain: 'log', migrations }]);
    test = await createTestContext({ database: database.database });
    service = await createLogService(test.context);
    await database.database.pool.query('create table public.thing (id text, n int)');
  });
  afterEach(async () => {
    await test.dispose();
    await service.stop();
    await database.drop();
  });

  const things: LogSource = {
    kind: 'upload.decided',
    title: 'things',
    isErased: false,
    rows: (tx) => readRows(tx, sql<LogSourceRow>`select id collate "C" as id, n as count, false as "isAtLeast" from public.thing order by 1`),
  };
  const query = (text: string) => database.database.pool.query(text);

  it('thousands of rows and entries, in any order of ids', async () => {
    await service.begin({ sources: [things], states: [] });
    // Ids that are ordered otherwise as text than as numbers, with case and signs that a language would order otherwise.
    const id = `(case i % 3 when 0 then 'B-' when 1 then 'a' else 'É_' end) || i`;
    await query(`insert into public.thing select ${id}, 1 + (i % 2) from generate_series(1, 7000) i`);
    await query(
      `insert into log.pending (kind, at, body, salt) select 'upload.decided', now(), jsonb_build_object('uploadId', ${id}), decode(repeat('0b', 16), 'hex')
       from generate_series(1, 7000) i, generate_series(1, 1 + (i % 2))`,
    );
    expect(await service.checks.completeness.run()).toMatchObject({ isComplete: true, sources: [{ rows: 10_500, entries: 0, pending: 10_500 }] });
    await service.drain();
    expect(await service.checks.completeness.run()).toMatchObject({ isComplete: true, sources: [{ rows: 10_500, entries: 10_500, pending: 0, erased: 0 }] });
    await query(`delete from public.thing where id = 'a4000'`);
    await query(`update log.entry set body = null, salt = null where body ->> 'uploadId' = 'B-3000'`);
    const report = await service.checks.completeness.run();
    expect(report.sources[0]).toMatchObject({ missing: { count: 1, ids: ['B-3000'] }, surplus: { count: 1, ids: ['a4000'] } });
    expect(await checkCompleteness(service, test.context.clock.now())).toMatchObject({ status: 'fail' });
    expect(report.without).toContain('age.result');
    expect(report.without).not.toContain('upload.decided');
  });

  it('names twenty and counts the rest', async () => {
    await service.begin({ sources: [things], states: [] });
    await query(`insert into public.thing select 'x' || i, 1 from generate_series(1, 50) i`);
    const [source] = (await service.checks.completeness.run()).sources;
    expect([source?.missing.count, source?.missing.ids.length]).toEqual([50, 20]);
  });

  it('is refused to a source that is out of order', async () => {
    const unordered: LogSource = {
      ...things,
      async *rows() {
        yield* ['b', 'a'].map((id) => ({ id, count: 1, isAtLeast: false }));
      },
    };
    await service.begin({ sources: [unordered], states: [] });
    await expect(service.checks.completeness.run()).rejects.toThrow('out of order');
  });

  it('finds the newest entry about an id, of the kind that was asked for', async () => {
    for (const uploadId of ['upl_1', 'upl_2', 'upl_1']) {
      await test.context.events.emit('upload.decided', { uploadId, verdict: 'clear', disposition: 'release', listSetVersion: 1, policyVersion: 'p' });
      await test.context.events.emit('upload.content_viewed', { uploadId, actor: 'per_1' });
    }
    expect(await service.find('upload.decided', 'upl_1')).toBeUndefined();
    await service.drain();
    expect([
      await service.find('upload.decided', 'upl_1'),
      await service.find('upload.content_viewed', 'upl_2'),
      await service.find('receipt.issued', 'upl_1'),
    ]).toEqual([4, 3, undefined]);
    const { rows } = await query(
      `explain select index from log.entry where kind = 'x' and log.subject(kind, id_field, body) collate "C" = 'y' order by index desc limit 1`,
    );
    expect(JSON.stringify(rows)).toContain('entry_by_subject');
    // Entries from before the column are found by their kind.
    await query('update log.entry set id_field = null');
    expect(await service.find('upload.decided', 'upl_1')).toBe(4);
  });
});

it('every kind is in the table of the README, with its public fields and its id', async () => {
  const readme = await readFile(join(import.meta.dirname, 'README.md'), 'utf8');
  const rows = readme.split('\n').flatMap((line) => {
    const cells = /^\| `([a-z]+\.[a-z_]+)` \|/.test(line) ? line.split('|').map((cell) => cell.trim()) : undefined;
    return cells?.length !== 6
      ? []
      : [{ kind: cells[1]?.replaceAll('`', ''), when: cells[2] !== '', shown: cells[3]?.replaceAll('`', ''), id: cells[4]?.replaceAll('`', '') }];
  });
  expect(rows.toSorted((a, b) => ((a.kind ?? '') < (b.kind ?? '') ? -1 : 1))).toEqual(
    LOGGED_EVENTS.toSorted().map((kind) => ({ kind, when: true, shown: PUBLIC_FIELDS[kind].join(', ') || '-', id: ID_FIELDS[kind] ?? '-' })),
  );
});
