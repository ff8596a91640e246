/** Restore: into an empty database and an empty data directory, or not at all. */
import { rm } from 'node:fs/promises';
import { join, relative } from 'node:path';
import type { Database } from '../db/database.ts';
import { migrate, type DomainMigrations } from '../db/migrate.ts';
import { GatehouseError } from '../errors.ts';
import type { Log } from '../log.ts';
import { copyDurable, listFiles, syncTree } from './files.ts';
import { AREAS, type BackupManifest } from './manifest.ts';
import { advanceSequences, fixTextForms, listTables, loadTable } from './tables.ts';

export interface RestoreOptions {
  readonly database: Database;
  readonly dataDir: string;
  readonly folder: string;
  readonly domains: readonly DomainMigrations[];
  readonly log: Log;
}

/**
 * The schema is first brought to where the backup was, then filled; the next start brings it up to date. When something fails, what was written is
 * taken away again.
 * @param manifest from `readBackup`, which has checked every file
 * @throws {GatehouseError} `conflict`, `migration_failed`, `invalid_request`
 */
export async function restoreBackup(options: RestoreOptions, manifest: BackupManifest): Promise<void> {
  await requireUnused(options);
  requireKnown(options.domains, manifest);
  try {
    await migrateTo(options, manifest);
    await copyFiles(options, manifest);
    await loadRows(options, manifest);
  } catch (error) {
    await removeTraces(options).catch((cause: unknown) =>
      options.log.error({ err: cause }, 'what the failed restore had written could not be removed; restore into another place'),
    );
    throw error;
  }
}

const USED = 'A restore goes into an empty place: choose another GATEHOUSE_DATA_DIR or database. Nothing was changed.';

async function requireUnused({ database, dataDir, domains }: RestoreOptions): Promise<void> {
  const schemas = ['platform', 'jobs', ...domains.map(({ domain }) => domain)];
  const { rows } = await database.pool.query('select 1 from information_schema.schemata where schema_name = any($1) limit 1', [schemas]);
  if (rows.length > 0) throw new GatehouseError('conflict', `This database holds a Gatehouse already. ${USED}`);
  for (const area of AREAS) {
    if ((await listFiles(join(dataDir, area))).length > 0) throw new GatehouseError('conflict', `The folder ${area} of ${dataDir} is not empty. ${USED}`);
  }
}

function requireKnown(domains: readonly DomainMigrations[], manifest: BackupManifest): void {
  const known = new Set(domains.flatMap(({ domain, migrations }) => migrations.map(({ id }) => `${domain}/${id}`)));
  const isNewer = manifest.migrations.some(({ domain, id }) => !known.has(`${domain}/${id}`));
  if (isNewer) throw new GatehouseError('migration_failed', `The backup was written by a newer Gatehouse (${manifest.version}). Nothing was changed.`);
  if (manifest.tables.some(({ schema }) => !domains.some(({ domain }) => domain === schema)))
    throw new GatehouseError('invalid_request', 'The backup names tables that are not of Gatehouse. Nothing was changed.');
}

async function migrateTo({ database, domains, log }: RestoreOptions, manifest: BackupManifest): Promise<void> {
  const wanted = new Set(manifest.migrations.map(({ domain, id }) => `${domain}/${id}`));
  await migrate(
    database,
    domains.map(({ domain, migrations }) => ({ domain, migrations: migrations.filter(({ id }) => wanted.has(`${domain}/${id}`)) })),
    log,
  );
}

async function loadRows({ database, domains, folder }: RestoreOptions, manifest: BackupManifest): Promise<void> {
  const schemas = domains.map(({ domain }) => domain);
  const client = await database.pool.connect();
  try {
    await client.query('begin');
    await fixTextForms(client);
    const tables = await listTables(client, domains);
    const dumps = new Map(manifest.tables.map((dump) => [`${dump.schema}.${dump.table}`, dump]));
    // Migrations may have put rows in place (singletons); the backup has them too.
    for (const { schema, table } of tables.toReversed()) await client.query(`delete from "${schema}"."${table}"`);
    for (const { schema, table } of tables) {
      const dump = dumps.get(`${schema}.${table}`);
      if (dump === undefined) throw new GatehouseError('invalid_request', `The backup has no rows for the table ${schema}.${table}. Nothing was kept.`);
      await loadTable(client, dump, folder);
    }
    await advanceSequences(client, schemas);
    await client.query('commit');
    client.release();
  } catch (error) {
    client.release(true);
    throw error;
  }
}

async function copyFiles({ folder, dataDir }: RestoreOptions, manifest: BackupManifest): Promise<void> {
  for (const { file } of manifest.files) await copyDurable(join(folder, file), join(dataDir, relative('files', file)));
  const areas = new Set(manifest.files.map(({ file }) => relative('files', file).split('/')[0] ?? ''));
  for (const area of areas) await syncTree(join(dataDir, area));
}

/** Everything here is ours: all of it was seen to be empty before. */
async function removeTraces({ database, dataDir, domains }: RestoreOptions): Promise<void> {
  for (const schema of ['platform', ...domains.map(({ domain }) => domain)]) await database.pool.query(`drop schema if exists "${schema}" cascade`);
  for (const area of AREAS) await rm(join(dataDir, area), { recursive: true, force: true });
}
