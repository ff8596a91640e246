/** The rows of a backup: every table of the domains as text COPY, and back. */
import { createHash, type Hash } from 'node:crypto';
import { createReadStream, createWriteStream } from 'node:fs';
import { Transform } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import type pg from 'pg';
import { from as copyFrom, to as copyTo } from 'pg-copy-streams';
import type { DomainMigrations } from '../db/migrate.ts';

export interface TableDump {
  readonly schema: string;
  readonly table: string;
  readonly columns: string[];
  /** Relative to the folder of the backup. */
  readonly file: string;
  readonly sha256: string;
  readonly sizeBytes: number;
}

interface TableName {
  readonly schema: string;
  readonly table: string;
}

/**
 * For the transaction: values are written and read in the same form whatever the server's own settings are (as pg_dump does), and a large table may
 * take its time.
 */
export async function fixTextForms(client: pg.ClientBase): Promise<void> {
  const settings = {
    statement_timeout: '0',
    client_encoding: 'UTF8',
    datestyle: 'ISO',
    intervalstyle: 'postgres',
    timezone: 'UTC',
    extra_float_digits: '3',
    bytea_output: 'hex',
  };
  for (const [name, value] of Object.entries(settings)) await client.query(`set local ${name} = '${value}'`);
}

/** Tables of the domains, without those that are transient; referenced ones before those that refer to them. */
export async function listTables(client: pg.ClientBase, domains: readonly Pick<DomainMigrations, 'domain' | 'transient'>[]): Promise<TableName[]> {
  const { rows } = await client.query<TableName>(
    `select n.nspname as schema, c.relname as table from pg_class c join pg_namespace n on n.oid = c.relnamespace where c.relkind = 'r' and n.nspname = any($1) order by 1, 2`,
    [domains.map(({ domain }) => domain)],
  );
  const transient = new Set(domains.flatMap(({ domain, transient: tables = [] }) => tables.map((table) => `${domain}.${table}`)));
  const tables = rows.filter((table) => !transient.has(nameOf(table)));
  const { rows: edges } = await client.query<{ child: string; parent: string }>(
    `select cn.nspname || '.' || c.relname as child, pn.nspname || '.' || p.relname as parent from pg_constraint k join pg_class c on c.oid = k.conrelid join pg_namespace cn on cn.oid = c.relnamespace join pg_class p on p.oid = k.confrelid join pg_namespace pn on pn.oid = p.relnamespace where k.contype = 'f' and k.conrelid <> k.confrelid`,
  );
  const sorted: TableName[] = [];
  let waiting = tables;
  while (waiting.length > 0) {
    const names = new Set(waiting.map(nameOf));
    const free = waiting.filter((table) => !edges.some((edge) => edge.child === nameOf(table) && names.has(edge.parent)));
    // A circle of references cannot be sorted; the order by name is as good as any, and the restore says what fails.
    const next = free.length > 0 ? free : waiting;
    sorted.push(...next);
    waiting = waiting.filter((table) => !next.includes(table));
  }
  return sorted;
}

function nameOf({ schema, table }: TableName): string {
  return `${schema}.${table}`;
}

async function listColumns(client: pg.ClientBase, { schema, table }: TableName): Promise<string[]> {
  const { rows } = await client.query<{ name: string }>(
    `select column_name as name from information_schema.columns where table_schema = $1 and table_name = $2 and is_generated = 'NEVER' order by ordinal_position`,
    [schema, table],
  );
  return rows.map(({ name }) => name);
}

/** @param folder receives `<schema>.<table>.copy`, mode 0600 */
export async function dumpTable(client: pg.ClientBase, name: TableName, folder: { readonly dir: string; readonly prefix: string }): Promise<TableDump> {
  const columns = await listColumns(client, name);
  const file = `${folder.prefix}/${name.schema}.${name.table}.copy`;
  const hash = createHash('sha256');
  const counter = { sizeBytes: 0 };
  const source = client.query(copyTo(`copy ${quote(name, columns)} to stdout`));
  await pipeline(source, count(hash, counter), createWriteStream(`${folder.dir}/${file}`, { mode: 0o600, flush: true }));
  return { ...name, columns, file, sha256: hash.digest('hex'), sizeBytes: counter.sizeBytes };
}

/** Into a table that is empty and has these columns. */
export async function loadTable(client: pg.ClientBase, dump: TableDump, dir: string): Promise<void> {
  await pipeline(createReadStream(`${dir}/${dump.file}`), client.query(copyFrom(`copy ${quote(dump, dump.columns)} from stdin`)));
}

/** Sequences go on after the highest value in their column. */
export async function advanceSequences(client: pg.ClientBase, schemas: readonly string[]): Promise<void> {
  const { rows } = await client.query<{ schema: string; table: string; column: string; sequence: string }>(
    `select table_schema as schema, table_name as table, column_name as column, pg_get_serial_sequence(quote_ident(table_schema) || '.' || quote_ident(table_name), column_name) as sequence from information_schema.columns where table_schema = any($1) and pg_get_serial_sequence(quote_ident(table_schema) || '.' || quote_ident(table_name), column_name) is not null`,
    [schemas],
  );
  for (const row of rows)
    await client.query(`select setval($1, coalesce((select max(${ident(row.column)}) from ${ident(row.schema)}.${ident(row.table)}), 0) + 1, false)`, [
      row.sequence,
    ]);
}

function count(hash: Hash, counter: { sizeBytes: number }): Transform {
  return new Transform({
    transform(chunk: Buffer, _encoding, done) {
      hash.update(chunk);
      counter.sizeBytes += chunk.byteLength;
      done(null, chunk);
    },
  });
}

function quote({ schema, table }: TableName, columns: readonly string[]): string {
  return `${ident(schema)}.${ident(table)} (${columns.map(ident).join(', ')})`;
}

function ident(name: string): string {
  return `"${name.replaceAll('"', '""')}"`;
}
