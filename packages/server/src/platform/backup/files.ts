/** Files of a backup: listed, copied, hashed, and on disk when a function returns. */
import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { copyFile, lstat, mkdir, open, readdir } from 'node:fs/promises';
import { dirname, join, relative } from 'node:path';
import { syncDir } from '../files.ts';

/** Finished files below `dir`, or none when there is no such folder. Temporary ones live in `tmp`. */
export async function listFiles(dir: string): Promise<string[]> {
  const entries = await readdir(dir, { recursive: true, withFileTypes: true }).catch((error: NodeJS.ErrnoException) =>
    error.code === 'ENOENT' ? [] : Promise.reject(error),
  );
  return entries
    .filter((entry) => entry.isFile() && !/(^|\/)tmp(\/|$)/.test(relative(dir, entry.parentPath)))
    .map((entry) => join(entry.parentPath, entry.name));
}

/** The name in its folder is durable only after `syncTree` of the top. */
export async function copyDurable(source: string, target: string): Promise<void> {
  await mkdir(dirname(target), { recursive: true, mode: 0o700 });
  await copyFile(source, target);
  const file = await open(target, 'r+');
  try {
    await file.chmod(0o600);
    await file.sync();
  } finally {
    await file.close();
  }
}

export async function writeDurable(path: string, text: string): Promise<void> {
  const file = await open(path, 'wx', 0o600);
  try {
    await file.writeFile(text);
    await file.sync();
  } finally {
    await file.close();
  }
}

/** Makes the names in `dir` and in every folder below it durable, and its own name. */
export async function syncTree(dir: string): Promise<void> {
  for (const entry of await readdir(dir, { recursive: true, withFileTypes: true })) if (entry.isDirectory()) await syncDir(join(entry.parentPath, entry.name));
  await syncDir(dir);
  // A folder that others own may be closed to us.
  await syncDir(dirname(dir)).catch(() => undefined);
}

/** @throws when it is not a plain file */
export async function hashFile(path: string): Promise<string> {
  if (!(await lstat(path)).isFile()) throw new TypeError('not a plain file');
  const hash = createHash('sha256');
  for await (const chunk of createReadStream(path)) hash.update(chunk as Buffer);
  return hash.digest('hex');
}
