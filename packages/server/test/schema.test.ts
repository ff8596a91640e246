/**
 * The migrated schema is a checked-in snapshot, and so is each migration's checksum: a change of a step that somebody may have run
 * shows in the diff. Run `npx vitest run packages/server/test/schema.test.ts -u` after adding a step.
 */
import { createHash } from 'node:crypto';
import { sql } from 'kysely';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { domains } from '../src/domains.ts';
import { createTestDatabase, type TestDatabase } from './support/database.ts';

let test: TestDatabase;
beforeAll(async () => {
  test = await createTestDatabase(domains.map(({ name, migrations }) => ({ domain: name, migrations })));
});
afterAll(() => test.drop());

it('gives the schema that is written down', async () => {
  const columns = await sql<{ line: string }>`
    select table_schema || '.' || table_name || '.' || column_name || ' ' || data_type || case when is_nullable = 'NO' then ' not null' else '' end || coalesce(' default ' || column_default, '') || case when is_identity = 'YES' then ' identity' else '' end as line
    from information_schema.columns where table_schema not in ('pg_catalog', 'information_schema') order by table_schema, table_name, ordinal_position`.execute(
    test.database.sql,
  );
  const constraints = await sql<{ line: string }>`
    select n.nspname || '.' || c.relname || ': ' || pg_get_constraintdef(k.oid) as line from pg_constraint k join pg_class c on c.oid = k.conrelid join pg_namespace n on n.oid = c.relnamespace
    where n.nspname not in ('pg_catalog', 'information_schema') and k.contype <> 'n' order by 1`.execute(test.database.sql);
  const indexes = await sql<{
    line: string;
  }>`select indexdef as line from pg_indexes where schemaname not in ('pg_catalog', 'information_schema') order by 1`.execute(test.database.sql);
  const text = [...columns.rows, { line: '' }, ...constraints.rows, { line: '' }, ...indexes.rows].map(({ line }) => line).join('\n');
  await expect(`${text}\n`).toMatchFileSnapshot('snapshots/schema.txt');
});

it('keeps every migration as it was released', async () => {
  const lines = domains.flatMap(({ name, migrations }) =>
    migrations.map((step) => `${name}/${step.id} ${createHash('sha256').update(step.sql.replaceAll(/\s+/g, ' ').trim()).digest('hex')}`),
  );
  await expect(`${lines.join('\n')}\n`).toMatchFileSnapshot('snapshots/migrations.txt');
});
