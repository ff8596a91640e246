/** The log as a folder of files, in the layout of C2SP tlog-tiles, with every checkpoint: to be copied, mirrored and checked elsewhere. */
import { mkdir, readdir, writeFile } from 'node:fs/promises';
import { dirname, join, resolve } from 'node:path';
import { listNewBundles, listTiles, tilePath, type Tile } from '@gatehouse/tlog';
import type { Database } from '../platform/db/database.ts';
import { GatehouseError } from '../platform/errors.ts';
import { listStamps } from './store-stamp.ts';
import { listCheckpoints } from './store.ts';
import { readTile } from './tiles.ts';

export interface WrittenFolder {
  readonly folder: string;
  readonly entries: number;
  readonly files: number;
}

export const CHECKPOINT_FILE = 'checkpoint';
export const OLD_CHECKPOINTS = 'checkpoints';
export const KEY_FILE = 'verifier-key';
/** `<size>.note`: a checkpoint as it was stamped; `<size>.tsr`: the answer of the authority (RFC 3161). */
export const STAMPS = 'stamps';

/** @throws {GatehouseError} `conflict` unless the folder is new or empty */
export async function writeLogFolder(
  path: string,
  { database, verifierKey }: { readonly database: Database; readonly verifierKey: string },
): Promise<WrittenFolder> {
  const folder = resolve(path);
  await mkdir(folder, { recursive: true });
  if ((await readdir(folder)).length > 0) throw new GatehouseError('conflict', 'The folder is not empty. Nothing was written.');
  const checkpoints = await listCheckpoints(database.sql);
  const last = checkpoints.at(-1);
  if (last === undefined) throw new GatehouseError('conflict', 'There is no checkpoint yet. Nothing was written.');
  const tiles: readonly Tile[] = [...listTiles(last.size), ...listNewBundles(0, last.size)];
  for (const tile of tiles) {
    const bytes = await readTile(database.sql, tile);
    if (bytes === undefined)
      throw new GatehouseError('conflict', `${tilePath(tile)} is missing in the database: entries were taken out. What was written so far is in the folder.`);
    await write(join(folder, tilePath(tile)), bytes);
  }
  for (const { size, note } of checkpoints) await write(join(folder, OLD_CHECKPOINTS, String(size)), note);
  const stamps = (await listStamps(database.sql)).filter(({ size }) => size <= last.size);
  for (const { size, note, response } of stamps) {
    await write(join(folder, STAMPS, `${size}.note`), note);
    await write(join(folder, STAMPS, `${size}.tsr`), response);
  }
  await write(join(folder, CHECKPOINT_FILE), last.note);
  await write(join(folder, KEY_FILE), `${verifierKey}\n`);
  return { folder, entries: last.size, files: tiles.length + checkpoints.length + stamps.length * 2 + 2 };
}

async function write(path: string, content: string | Uint8Array): Promise<void> {
  await mkdir(dirname(path), { recursive: true });
  await writeFile(path, content);
}
