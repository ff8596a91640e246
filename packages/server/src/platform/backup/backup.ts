/**
 * Backup. A backup is a folder: `db/*.copy` (one consistent snapshot), `files/**` (blobs and keys), and the manifest, written last: without it
 * the backup is not complete. The packaged PostgreSQL ships no pg_dump, and this form also moves an installation from the embedded database
 * to an external one.
 *
 * Why writes meanwhile do not tear it: what the snapshot's rows need was on disk before they were committed. From before the snapshot on, what is
 * removed or moves to another area is set aside, so all of it is still there when the files are copied afterwards.
 */
import { mkdir, readdir, stat } from 'node:fs/promises';
import { join, relative } from 'node:path';
import type { KeptFiles } from '../blobs.ts';
import type { Clock } from '../clock.ts';
import type { Blobs } from '../context.ts';
import type { Database } from '../db/database.ts';
import type { DomainMigrations } from '../db/migrate.ts';
import { GatehouseError } from '../errors.ts';
import { VERSION } from '../version.ts';
import { copyDurable, hashFile, listFiles, syncTree } from './files.ts';
import { AREAS, BLOB_AREAS, FORMAT, writeManifest, type BackupManifest } from './manifest.ts';
import { dumpTable, fixTextForms, listTables, type TableDump } from './tables.ts';

export { readBackup, type BackupManifest } from './manifest.ts';
export { restoreBackup, type RestoreOptions } from './restore.ts';

export interface BackupOptions {
  readonly database: Database;
  readonly blobs: Blobs;
  readonly dataDir: string;
  /** Must not exist, or be empty. */
  readonly folder: string;
  readonly domains: readonly DomainMigrations[];
  readonly clock: Clock;
}

/** @throws {GatehouseError} `conflict` when the folder holds something */
export async function writeBackup(options: BackupOptions): Promise<BackupManifest> {
  const { folder, dataDir, clock, blobs } = options;
  await requireEmpty(folder);
  await mkdir(join(folder, 'db'), { recursive: true, mode: 0o700 });
  const kept: KeptFiles[] = [];
  try {
    for (const area of BLOB_AREAS) kept.push(await blobs[area].keepRemoved());
    const { tables, migrations } = await dumpDatabase(options);
    for (const area of AREAS) await copyArea(dataDir, folder, area);
    for (const [index, area] of BLOB_AREAS.entries())
      await copyKept(kept[index], (sha256) => join(folder, 'files', relative(dataDir, blobs[area].pathOf(sha256))));
    await syncTree(folder);
    const manifest: BackupManifest = {
      format: FORMAT,
      version: VERSION,
      createdAt: clock.now().toISOString(),
      migrations,
      tables,
      files: await describeFiles(folder),
    };
    await writeManifest(folder, manifest);
    await syncTree(folder);
    return manifest;
  } finally {
    for (const files of kept) await files.release();
  }
}

async function dumpDatabase({ database, domains, folder }: BackupOptions): Promise<{ tables: TableDump[]; migrations: BackupManifest['migrations'] }> {
  const client = await database.pool.connect();
  try {
    await client.query('begin transaction isolation level repeatable read read only');
    await fixTextForms(client);
    const tables: TableDump[] = [];
    // The first query fixes the snapshot for all of them.
    for (const name of await listTables(client, domains)) tables.push(await dumpTable(client, name, { dir: folder, prefix: 'db' }));
    const { rows: migrations } = await client.query<{ domain: string; id: string }>(
      'select domain, id from platform.migration order by applied_at, domain, id',
    );
    await client.query('commit');
    client.release();
    return { tables, migrations };
  } catch (error) {
    // Closed, not given back: a transaction is open on it, or a COPY.
    client.release(true);
    throw error;
  }
}

async function requireEmpty(folder: string): Promise<void> {
  const names = await readdir(folder).catch((error: NodeJS.ErrnoException) => (error.code === 'ENOENT' ? [] : Promise.reject(error)));
  if (names.length > 0) throw new GatehouseError('conflict', `${folder} is not empty. Name a new folder; nothing was written.`);
}

async function copyArea(dataDir: string, folder: string, area: string): Promise<void> {
  for (const path of await listFiles(join(dataDir, area))) {
    // Removed between listing and copying: it was set aside.
    await copyDurable(path, join(folder, 'files', relative(dataDir, path))).catch((error: NodeJS.ErrnoException) =>
      error.code === 'ENOENT' ? undefined : Promise.reject(error),
    );
  }
}

async function copyKept(kept: KeptFiles | undefined, targetOf: (sha256: string) => string): Promise<void> {
  for (const { sha256, path } of (await kept?.list()) ?? []) {
    const target = targetOf(sha256);
    if ((await stat(target).catch(() => undefined)) === undefined) await copyDurable(path, target);
  }
}

async function describeFiles(folder: string): Promise<BackupManifest['files']> {
  const files: BackupManifest['files'] = [];
  for (const path of (await listFiles(join(folder, 'files'))).toSorted())
    files.push({ file: relative(folder, path), sha256: await hashFile(path), sizeBytes: (await stat(path)).size });
  return files;
}
