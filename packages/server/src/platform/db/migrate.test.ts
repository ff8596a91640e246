import { sql } from 'kysely';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { createTestDatabase, type TestDatabase } from '../../../test/support/database.ts';
import { silentLog } from '../log.ts';
import { migrate, type DomainMigrations } from './migrate.ts';

const first: DomainMigrations = { domain: 'sample', migrations: [{ id: '0001_start', sql: 'create table sample.thing (id int primary key)' }] };
const second: DomainMigrations = {
  domain: 'sample',
  migrations: [...first.migrations, { id: '0002_more', sql: 'alter table sample.thing add column name text' }],
};

describe('migrate', () => {
  let test: TestDatabase;
  const names = async (): Promise<string[]> =>
    (
      await sql<{ name: string }>`select column_name as name from information_schema.columns where table_schema = 'sample' order by 1`.execute(
        test.database.sql,
      )
    ).rows.map(({ name }) => name);

  beforeEach(async () => {
    test = await createTestDatabase();
  });

  afterEach(() => test.drop());

  it('applies each step once, in order', async () => {
    expect(await migrate(test.database, [first], silentLog)).toBe(1);
    expect(await migrate(test.database, [first], silentLog)).toBe(0);
    expect(await migrate(test.database, [second], silentLog)).toBe(1);
    expect(await names()).toEqual(['id', 'name']);
  });

  it('lets eight nodes start at once: one applies, the others find nothing to do', async () => {
    const counts = await Promise.all(Array.from({ length: 8 }, () => migrate(test.database, [second], silentLog)));
    expect(counts.toSorted()).toEqual([0, 0, 0, 0, 0, 0, 0, 2]);
  });

  it('rolls a failing step back whole and can be run again', async () => {
    const broken: DomainMigrations = {
      domain: 'sample',
      migrations: [...first.migrations, { id: '0002_more', sql: 'alter table sample.thing add column name text; select no_such_function()' }],
    };
    await expect(migrate(test.database, [broken], silentLog)).rejects.toMatchObject({ code: 'migration_failed' });
    expect(await names()).toEqual(['id']);
    expect(await migrate(test.database, [second], silentLog)).toBe(1);
  });

  it('refuses a step that was changed after it ran', async () => {
    await migrate(test.database, [first], silentLog);
    const changed: DomainMigrations = { domain: 'sample', migrations: [{ id: '0001_start', sql: 'create table sample.thing (id bigint primary key)' }] };
    await expect(migrate(test.database, [changed], silentLog)).rejects.toThrow(/differs from the one that was applied/);
  });

  it('refuses a database that a newer version wrote', async () => {
    await migrate(test.database, [second], silentLog);
    await expect(migrate(test.database, [first], silentLog)).rejects.toThrow(/written by a newer Gatehouse \(sample\/0002_more\)/);
  });
});
