/**
 * Backup and restore. A backup is a folder: `manifest.json` (written last: without it the backup is not complete), `db/*.copy` (one
 * consistent snapshot), `files/**` (blobs and keys). The packaged PostgreSQL ships no pg_dump, and this form also moves an
 * installation from the embedded database to an external one.
 */
import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { copyFile, mkdir, open, readdir, readFile, stat } from 'node:fs/promises';
import { dirname, join, relative } from 'node:path';
import { z } from 'zod';
import { syncDir } from '../blobs.ts';
import type { Clock } from '../clock.ts';
import type { Database } from '../db/database.ts';
import { migrate, type DomainMigrations } from '../db/migrate.ts';
import { GatehouseError } from '../errors.ts';
import type { Log } from '../log.ts';
import { VERSION } from '../version.ts';
import { advanceSequences, dumpTable, listTables, loadTable, type TableDump } from './tables.ts';

/** What is copied beside the database. The spool is not: it holds only what was never acknowledged. */
const AREAS = ['quarantine', 'released', 'segments', 'keys'];
const FORMAT = 'gatehouse-backup/1';
const HEX_SHA256 = z.string().regex(/^[0-9a-f]{64}$/);
/** Relative, below the folder, no way up: the manifest may have been changed by somebody. */
const SafePath = z.string().regex(/^(?!.*\.\.)[\w][\w./-]*$/);

const ManifestSchema = z.object({
  format: z.literal(FORMAT),
  version: z.string(),
  createdAt: z.iso.datetime(),
  migrations: z.array(z.object({ domain: z.string(), id: z.string() })),
  tables: z.array(z.object({ schema: z.string(), table: z.string(), columns: z.array(z.string()), file: SafePath, sha256: HEX_SHA256, sizeBytes: z.number() })),
  files: z.array(z.object({ file: SafePath, sha256: HEX_SHA256, sizeBytes: z.number() })),
});
export type BackupManifest = z.output<typeof ManifestSchema>;

export interface BackupOptions {
  readonly database: Database;
  readonly dataDir: string;
  /** Must not exist, or be empty. */
  readonly folder: string;
  readonly domains: readonly DomainMigrations[];
  readonly clock: Clock;
}

/** @throws {GatehouseError} `conflict` when the folder holds something */
export async function writeBackup(options: BackupOptions): Promise<BackupManifest> {
  const { folder, dataDir, domains, clock, database } = options;
  await requireEmpty(folder);
  await mkdir(join(folder, 'db'), { recursive: true, mode: 0o700 });
  // Files first, and again after the snapshot: what the snapshot names and a job removes meanwhile is in the first round.
  await copyAreas(dataDir, folder);
  const client = await database.pool.connect();
  let tables: TableDump[];
  let migrations: BackupManifest['migrations'];
  try {
    await client.query('begin transaction isolation level repeatable read read only');
    await client.query('set local statement_timeout = 0');
    tables = [];
    for (const name of await listTables(client, domains.map(({ domain }) => domain))) tables.push(await dumpTable(client, name, { dir: folder, prefix: 'db' }));
    migrations = (await client.query<{ domain: string; id: string }>('select domain, id from platform.migration order by applied_at, domain, id')).rows;
    await client.query('commit');
  } finally {
    client.release();
  }
  await copyAreas(dataDir, folder);
  const manifest: BackupManifest = { format: FORMAT, version: VERSION, createdAt: clock.now().toISOString(), migrations, tables, files: await describeFiles(folder) };
  await writeDurable(join(folder, 'manifest.json'), JSON.stringify(manifest, null, 2));
  await syncDir(folder);
  return manifest;
}

export interface RestoreOptions {
  readonly database: Database;
  readonly dataDir: string;
  readonly folder: string;
  readonly domains: readonly DomainMigrations[];
  readonly log: Log;
}

/** Reads the manifest and checks every file against it, before anything is written. @throws {GatehouseError} `invalid_request` */
export async function readBackup(folder: string): Promise<BackupManifest> {
  const text = await readFile(join(folder, 'manifest.json'), 'utf8').catch((cause: unknown) => {
    throw new GatehouseError('invalid_request', `${folder} holds no manifest.json: it is no backup, or one that was not finished. Nothing was changed.`, { cause });
  });
  const parsed = ManifestSchema.safeParse(parseJson(text));
  if (!parsed.success) throw new GatehouseError('invalid_request', `The manifest of ${folder} cannot be read by this version. Nothing was changed.`);
  const damaged: { at: string; message: string }[] = [];
  for (const { file, sha256 } of [...parsed.data.tables, ...parsed.data.files]) {
    const found = await hashFile(join(folder, file)).catch(() => 'missing');
    if (found !== sha256) damaged.push({ at: file, message: found === 'missing' ? 'is missing' : 'was changed or damaged' });
  }
  if (damaged.length > 0) throw new GatehouseError('invalid_request', `${damaged.length} file(s) of the backup are not as they were written. Nothing was changed.`, { errors: damaged });
  return parsed.data;
}

/** Into an empty database and data directory. The schema is first brought to where the backup was, then filled, then brought up to date by the next start. */
export async function restoreBackup(options: RestoreOptions, manifest: BackupManifest): Promise<void> {
  const { database, domains, folder, dataDir, log } = options;
  await requireUnused(database, domains);
  const known = new Set(domains.flatMap(({ domain, migrations }) => migrations.map(({ id }) => `${domain}/${id}`)));
  const missing = manifest.migrations.filter(({ domain, id }) => !known.has(`${domain}/${id}`));
  if (missing.length > 0) throw new GatehouseError('migration_failed', `The backup was written by a newer Gatehouse (${manifest.version}). Nothing was changed.`);
  const wanted = new Set(manifest.migrations.map(({ domain, id }) => `${domain}/${id}`));
  await migrate(database, domains.map(({ domain, migrations }) => ({ domain, migrations: migrations.filter(({ id }) => wanted.has(`${domain}/${id}`)) })), log);
  for (const { file } of manifest.files) await copyDurable(join(folder, file), join(dataDir, relative('files', file)));
  const client = await database.pool.connect();
  try {
    await client.query('begin');
    await client.query('set local statement_timeout = 0');
    // Migrations may have put rows in place (singletons); the backup has them too.
    for (const table of manifest.tables.toReversed()) await client.query(`delete from "${table.schema}"."${table.table}"`);
    for (const table of manifest.tables) await loadTable(client, table, folder);
    await advanceSequences(client, domains.map(({ domain }) => domain));
    await client.query('commit');
  } catch (error) {
    await client.query('rollback').catch(() => undefined);
    throw error;
  } finally {
    client.release();
  }
}

async function requireUnused(database: Database, domains: readonly DomainMigrations[]): Promise<void> {
  const { rows } = await database.pool.query('select 1 from information_schema.schemata where schema_name = any($1) limit 1', [domains.map(({ domain }) => domain)]);
  if (rows.length > 0) throw new GatehouseError('conflict', 'This database holds a Gatehouse already. A restore goes into an empty one: choose another GATEHOUSE_DATA_DIR or database. Nothing was changed.');
}

async function requireEmpty(folder: string): Promise<void> {
  const names = await readdir(folder).catch((error: NodeJS.ErrnoException) => (error.code === 'ENOENT' ? [] : Promise.reject(error)));
  if (names.length > 0) throw new GatehouseError('conflict', `${folder} is not empty. Name a new folder; nothing was written.`);
}

async function copyAreas(dataDir: string, folder: string): Promise<void> {
  for (const area of AREAS) {
    for (const path of await listFiles(join(dataDir, area))) {
      const target = join(folder, 'files', relative(dataDir, path));
      if ((await stat(target).catch(() => undefined)) !== undefined) continue;
      // Removed between listing and copying: it had expired.
      await copyDurable(path, target).catch((error: NodeJS.ErrnoException) => (error.code === 'ENOENT' ? undefined : Promise.reject(error)));
    }
  }
}

/** Finished files only: temporary ones live in `tmp`. */
async function listFiles(dir: string): Promise<string[]> {
  const entries = await readdir(dir, { recursive: true, withFileTypes: true }).catch(() => []);
  return entries.filter((entry) => entry.isFile() && !/(^|\/)tmp(\/|$)/.test(relative(dir, entry.parentPath))).map((entry) => join(entry.parentPath, entry.name));
}

async function describeFiles(folder: string): Promise<BackupManifest['files']> {
  const files: BackupManifest['files'] = [];
  for (const path of (await listFiles(join(folder, 'files'))).toSorted()) files.push({ file: relative(folder, path), sha256: await hashFile(path), sizeBytes: (await stat(path)).size });
  return files;
}

async function copyDurable(source: string, target: string): Promise<void> {
  await mkdir(dirname(target), { recursive: true, mode: 0o700 });
  await copyFile(source, target);
  const file = await open(target, 'r+');
  try {
    await file.chmod(0o600);
    await file.sync();
  } finally {
    await file.close();
  }
  await syncDir(dirname(target));
}

async function writeDurable(path: string, text: string): Promise<void> {
  const file = await open(path, 'wx', 0o600);
  try {
    await file.writeFile(text);
    await file.sync();
  } finally {
    await file.close();
  }
}

async function hashFile(path: string): Promise<string> {
  const hash = createHash('sha256');
  for await (const chunk of createReadStream(path)) hash.update(chunk as Buffer);
  return hash.digest('hex');
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
