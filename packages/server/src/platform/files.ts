/** File operations that must survive a power loss. */
import { access, chmod, open, readFile, rename, rm, writeFile, type FileHandle } from 'node:fs/promises';
import { dirname } from 'node:path';
import { randomHex } from './ids.ts';

/** Makes the entries of a directory durable: renames and new files are lost without it (fsync(2), NOTES). */
export async function syncDir(dir: string): Promise<void> {
  const handle = await open(dir, 'r');
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
}

/** Writes the whole chunk: a short write (disk nearly full) continues until it is complete or fails. */
export async function writeAll(file: FileHandle, chunk: Uint8Array): Promise<void> {
  let offset = 0;
  while (offset < chunk.byteLength) {
    const { bytesWritten } = await file.write(chunk, offset);
    offset += bytesWritten;
  }
}

/**
 * Writes a file so that a reader, or a start after a crash, sees the old or the new content and nothing between.
 * Leaves a file alone that already says the same: a restart must be possible on a full disk.
 */
export async function writeFileDurably(path: string, content: string, mode: number): Promise<void> {
  if ((await readFile(path, 'utf8').catch(() => undefined)) === content) return;
  const temporary = `${path}.tmp-${randomHex(4)}`;
  try {
    await writeFile(temporary, content, { flag: 'wx', mode, flush: true });
    // The umask took its part of the mode, and the unprivileged user may have to read this.
    await chmod(temporary, mode);
    await rename(temporary, path);
  } catch (error) {
    await rm(temporary, { force: true });
    throw error;
  }
  await syncDir(dirname(path));
}

/** The same for a large file, in pieces. */
export async function replaceFile(path: string, write: (file: FileHandle) => Promise<void>): Promise<void> {
  const temporary = `${path}.tmp-${randomHex(4)}`;
  try {
    const file = await open(temporary, 'wx', 0o600);
    try {
      await write(file);
      await file.sync();
    } finally {
      await file.close();
    }
    await rename(temporary, path);
  } catch (error) {
    await rm(temporary, { force: true });
    throw error;
  }
  await syncDir(dirname(path));
}

export async function exists(path: string): Promise<boolean> {
  return access(path).then(
    () => true,
    () => false,
  );
}
