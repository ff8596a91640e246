/** Backups and restores as events: a backup holds everything, held content included, and whoever makes one takes it along. */
import { readFile, rm } from 'node:fs/promises';
import { z } from 'zod';
import type { Clock } from '../clock.ts';
import { inDataDir, type Config } from '../config.ts';
import type { AppContext } from '../context.ts';
import type { DomainMigrations } from '../db/migrate.ts';
import { writeFileDurably } from '../files.ts';
import { LOCAL_PRINCIPAL } from '../http/rights.ts';
import { newId } from '../ids.ts';
import { writeBackup, type BackupManifest } from './backup.ts';

/** Recorded before it is begun: a backup that cannot be recorded is not made. */
export async function writeRecordedBackup(context: AppContext, folder: string, domains: readonly DomainMigrations[]): Promise<BackupManifest> {
  const backupId = newId<'BackupId'>('bak', context.clock);
  const note = (change: 'begun' | 'written' | 'failed'): Promise<void> => context.events.emit('backup.made', { backupId, change, actor: LOCAL_PRINCIPAL.id });
  await note('begun');
  try {
    const manifest = await writeBackup({ ...context, dataDir: context.config.dataDir, folder, domains });
    await note('written');
    return manifest;
  } catch (error) {
    await note('failed');
    throw error;
  }
}

const RestoreNoteSchema = z.object({ restoreId: z.string(), madeAt: z.string() });
export type RestoreNote = z.output<typeof RestoreNoteSchema>;

const noteFile = (config: Config): string => inDataDir(config, 'restored.json');

/** A restored database may be of an older version that has no log: the next start, which brings it up to date, makes the entry. */
export async function leaveRestoreNote(config: Config, clock: Clock, { createdAt }: BackupManifest): Promise<void> {
  const note: RestoreNote = { restoreId: newId<'RestoreId'>('rst', clock), madeAt: createdAt };
  await writeFileDurably(noteFile(config), JSON.stringify(note), 0o600);
}

/** @param work gets the note, if there is one; done, it is removed */
export async function takeRestoreNote(config: Config, work: (note: RestoreNote) => Promise<void>): Promise<void> {
  const text = await readFile(noteFile(config), 'utf8').catch(() => undefined);
  if (text === undefined) return;
  await work(RestoreNoteSchema.parse(JSON.parse(text)));
  await rm(noteFile(config), { force: true });
}
