/**
 * Forward-only migrations: each domain owns one PostgreSQL schema of its name and an append-only list of steps.
 *
 * A step runs once, in one transaction with its record. A step that was changed after it ran, or one that this version does not
 * know (a newer Gatehouse wrote it), stops the start: guessing would risk what is stored.
 */
import { createHash } from 'node:crypto';
import { sql, type Kysely } from 'kysely';
import { GatehouseError } from '../errors.ts';
import type { Log } from '../log.ts';
import type { Database, Tx } from './database.ts';

export interface Migration {
  /** `0001_name`; the order is the order in the list. */
  readonly id: string;
  /** One or more SQL statements. */
  readonly sql: string;
}

export interface DomainMigrations {
  readonly domain: string;
  /** Tables whose rows live for minutes: no backup holds them. */
  readonly transient?: readonly string[];
  readonly migrations: readonly Migration[];
}

/** A type, not an interface: Kysely wants an implicit index signature. */
type MigrationTables = {
  'platform.migration': { domain: string; id: string; checksum: string };
};

/** Arbitrary and fixed: "gatehouse migrations". Two nodes that start together take turns. */
const ADVISORY_LOCK = 7_103_942_018;
const MIN_SERVER_VERSION = 150_000;

/** @throws {GatehouseError} `migration_failed`; what had been migrated before stays as it was */
export async function migrate(database: Database, domains: readonly DomainMigrations[], log: Log): Promise<number> {
  return database.sql.connection().execute(async (connection) => {
    await checkServer(connection);
    await sql`select pg_advisory_lock(${ADVISORY_LOCK})`.execute(connection);
    try {
      await sql`create schema if not exists platform`.execute(connection);
      await sql`create table if not exists platform.migration (domain text not null, id text not null, checksum text not null, applied_at timestamptz not null default now(), primary key (domain, id))`.execute(
        connection,
      );
      return await applyMissing(connection, domains, log);
    } finally {
      await sql`select pg_advisory_unlock(${ADVISORY_LOCK})`.execute(connection);
    }
  });
}

async function checkServer(connection: Kysely<unknown>): Promise<void> {
  const { rows } = await sql<{ version: string }>`select current_setting('server_version_num') as version`.execute(connection);
  const version = Number(rows[0]?.version);
  if (!(version >= MIN_SERVER_VERSION))
    throw new GatehouseError('migration_failed', `PostgreSQL 15 or newer is needed; this one reports ${version}. Nothing was changed.`);
}

async function applyMissing(connection: Kysely<unknown>, domains: readonly DomainMigrations[], log: Log): Promise<number> {
  const applied = await connection.withTables<MigrationTables>().selectFrom('platform.migration').select(['domain', 'id', 'checksum']).execute();
  const checksums = new Map(applied.map((row) => [`${row.domain}/${row.id}`, row.checksum]));
  let count = 0;
  for (const { domain, migrations } of domains) {
    for (const migration of migrations) {
      const name = `${domain}/${migration.id}`;
      const known = checksums.get(name);
      checksums.delete(name);
      if (known === undefined) {
        await connection.transaction().execute((tx) => apply(tx, domain, migration));
        count += 1;
      } else if (known !== checksum(migration)) {
        throw new GatehouseError('migration_failed', `Migration ${name} differs from the one that was applied. Nothing was changed.`);
      }
    }
  }
  const unknown = [...checksums.keys()].filter((name) => domains.some(({ domain }) => name.startsWith(`${domain}/`)));
  if (unknown.length > 0)
    throw new GatehouseError('migration_failed', `The database was written by a newer Gatehouse (${unknown.join(', ')}). Nothing was changed.`);
  if (count > 0) log.info({ count }, 'database schema brought up to date');
  return count;
}

async function apply(tx: Tx, domain: string, migration: Migration): Promise<void> {
  try {
    await sql.raw(`create schema if not exists "${domain}"`).execute(tx);
    await sql.raw(migration.sql).execute(tx);
    await tx
      .withTables<MigrationTables>()
      .insertInto('platform.migration')
      .values({ domain, id: migration.id, checksum: checksum(migration) })
      .execute();
  } catch (cause) {
    throw new GatehouseError('migration_failed', `Migration ${domain}/${migration.id} failed and was rolled back.`, { cause });
  }
}

function checksum(migration: Migration): string {
  return createHash('sha256').update(migration.sql.replaceAll(/\s+/g, ' ').trim()).digest('hex');
}
