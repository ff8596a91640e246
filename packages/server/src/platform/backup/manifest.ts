/** What a backup says about itself. It lies where others may reach it, so nothing in it is believed. */
import { createHash } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { z } from 'zod';
import { GatehouseError } from '../errors.ts';
import { hashFile, writeDurable } from './files.ts';

export const FORMAT = 'gatehouse-backup/1';
/** What is copied beside the database. The spool is not: it holds only what was never acknowledged. */
export const BLOB_AREAS = ['quarantine', 'released', 'segments'] as const;
export const AREAS = [...BLOB_AREAS, 'keys'] as const;

const MANIFEST = 'manifest.json';
/** As sha256sum(1) writes it, and written before the manifest, whose presence says that the backup is complete. */
const SEAL = 'manifest.sha256';

const Sha256Schema = z.string().regex(/^[0-9a-f]{64}$/);
const NameSchema = z.string().regex(/^[a-z][a-z0-9_]{0,62}$/);
/** In one of the areas, and no way out of it; what people call their key files is theirs. */
const FileSchema = z.string().refine((path) => {
  const [top, area, ...names] = path.split('/');
  return (
    top === 'files' &&
    AREAS.some((known) => known === area) &&
    names.length > 0 &&
    names.every((name) => !['', '.', '..'].includes(name) && !/[\0\\]/.test(name))
  );
});

const TableSchema = z
  .object({ schema: NameSchema, table: NameSchema, columns: z.array(NameSchema).min(1), file: z.string(), sha256: Sha256Schema, sizeBytes: z.number() })
  .refine(({ schema, table, file }) => file === `db/${schema}.${table}.copy`);

export const ManifestSchema = z.object({
  format: z.literal(FORMAT),
  version: z.string(),
  createdAt: z.iso.datetime(),
  migrations: z.array(z.object({ domain: z.string(), id: z.string() })),
  tables: z.array(TableSchema),
  files: z.array(z.object({ file: FileSchema, sha256: Sha256Schema, sizeBytes: z.number() })),
});
export type BackupManifest = z.output<typeof ManifestSchema>;

export async function writeManifest(folder: string, manifest: BackupManifest): Promise<void> {
  const text = JSON.stringify(ManifestSchema.parse(manifest), null, 2);
  await writeDurable(join(folder, SEAL), toSeal(text));
  await writeDurable(join(folder, MANIFEST), text);
}

/** Reads the manifest and checks every file against it, before anything is written. @throws {GatehouseError} `invalid_request` */
export async function readBackup(folder: string): Promise<BackupManifest> {
  const [text, seal] = await Promise.all([MANIFEST, SEAL].map((name) => readFile(join(folder, name), 'utf8'))).catch((cause: unknown) => {
    throw new GatehouseError(
      'invalid_request',
      `${folder} holds no ${MANIFEST} with its ${SEAL}: it is no backup, or one that was not finished. Nothing was changed.`,
      { cause },
    );
  });
  if (text === undefined || seal !== toSeal(text))
    throw new GatehouseError('invalid_request', `The manifest of ${folder} was changed or damaged. Nothing was changed.`);
  const parsed = ManifestSchema.safeParse(parseJson(text));
  if (!parsed.success) throw new GatehouseError('invalid_request', `The manifest of ${folder} cannot be read by this version. Nothing was changed.`);
  const damaged: { at: string; message: string }[] = [];
  for (const { file, sha256 } of [...parsed.data.tables, ...parsed.data.files]) {
    const found = await hashFile(join(folder, file)).catch(() => 'missing');
    if (found !== sha256) damaged.push({ at: file, message: found === 'missing' ? 'is missing or cannot be read' : 'was changed or damaged' });
  }
  if (damaged.length > 0)
    throw new GatehouseError('invalid_request', `${damaged.length} file(s) of the backup are not as they were written. Nothing was changed.`, {
      errors: damaged,
    });
  return parsed.data;
}

function toSeal(text: string): string {
  return `${createHash('sha256').update(text).digest('hex')}  ${MANIFEST}\n`;
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
