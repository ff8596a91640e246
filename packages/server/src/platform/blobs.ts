/**
 * Content-addressed storage. An area is a separate tree (quarantine and released content never share one).
 *
 * A blob appears under its SHA-256 only when it is whole and on disk: written to a temporary name, fsync, rename, fsync of the
 * directory. Files are 0600. The same content put twice is one file.
 */
import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { mkdir, open, readdir, rename, rm, stat } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import type { Readable } from 'node:stream';
import { syncDir, writeAll } from './files.ts';
import { randomHex } from './ids.ts';

export interface StoredBlob {
  /** 64 lower-case hexadecimal digits. */
  readonly sha256: string;
  readonly sizeBytes: number;
}

export interface BlobStore {
  /** Stores what `source` yields. */
  put(source: AsyncIterable<Uint8Array>): Promise<StoredBlob>;
  /** Takes over a file of the same file system that is already complete, fsynced and of this SHA-256. */
  adopt(path: string, sha256: string): Promise<void>;
  has(sha256: string): Promise<boolean>;
  /** @throws an error with code ENOENT when there is none */
  read(sha256: string): Readable;
  /** Where the bytes are, for readers that need a path. */
  pathOf(sha256: string): string;
  /** Does nothing when there is none. */
  remove(sha256: string): Promise<void>;
  /** Removes temporary files that an interrupted `put` left behind. */
  sweep(): Promise<void>;
  /** From now on removed files are set aside: a backup that has read which rows need them still finds them. */
  keepRemoved(): Promise<KeptFiles>;
}

export interface KeptFiles {
  /** What was removed since. */
  list(): Promise<{ readonly sha256: string; readonly path: string }[]>;
  /** Removes them, unless another backup is under way. Call it once. */
  release(): Promise<void>;
}

const SHA256_HEX = /^[0-9a-f]{64}$/;

export async function openFileBlobs(rootDir: string): Promise<BlobStore> {
  const temporaryDir = join(rootDir, 'tmp');
  await mkdir(temporaryDir, { recursive: true, mode: 0o700 });
  const bin = await openBin(temporaryDir);
  const pathOf = (sha256: string): string => {
    if (!SHA256_HEX.test(sha256)) throw new TypeError('a blob is named by 64 lower-case hexadecimal digits');
    return join(rootDir, sha256.slice(0, 2), sha256.slice(2, 4), sha256);
  };
  const adopt = async (path: string, sha256: string): Promise<void> => {
    const target = pathOf(sha256);
    await makeDirDurable(dirname(target), rootDir);
    await rename(path, target);
    await syncDir(dirname(target));
  };
  return {
    pathOf,
    adopt,
    async put(source) {
      const path = join(temporaryDir, randomHex(12));
      try {
        const stored = await writeDurable(path, source);
        await adopt(path, stored.sha256);
        return stored;
      } catch (error) {
        await rm(path, { force: true });
        throw error;
      }
    },
    has: async (sha256) => (await stat(pathOf(sha256)).catch(() => undefined))?.isFile() === true,
    // What breaks before somebody reads is thrown by the reading; without a listener it would end the process.
    read: (sha256) => createReadStream(pathOf(sha256)).on('error', () => undefined),
    remove: (sha256) => bin.remove(pathOf(sha256), sha256),
    keepRemoved: bin.keep,
    async sweep() {
      for (const name of await readdir(temporaryDir)) await rm(join(temporaryDir, name), { force: true });
    },
  };
}

const KEPT_NAME = /^kept-([0-9a-f]{64})-[0-9a-f]+$/;

interface Bin {
  remove(path: string, sha256: string): Promise<void>;
  keep(): Promise<KeptFiles>;
}

async function openBin(dir: string): Promise<Bin> {
  let keepers = 0;
  const list: KeptFiles['list'] = async () =>
    (await readdir(dir)).flatMap((name) => {
      const sha256 = KEPT_NAME.exec(name)?.[1];
      return sha256 === undefined ? [] : [{ sha256, path: join(dir, name) }];
    });
  const empty = async (): Promise<void> => {
    for (const { path } of await list()) await rm(path, { force: true });
  };
  // A process that was killed during a backup left them.
  await empty();
  return {
    async remove(path, sha256) {
      if (keepers === 0) return rm(path, { force: true });
      // A name of its own each time: rename(2) does nothing when both names are already one file.
      const kept = join(dir, `kept-${sha256}-${randomHex(6)}`);
      await rename(path, kept).catch((error: NodeJS.ErrnoException) => (error.code === 'ENOENT' ? undefined : Promise.reject(error)));
      // The last keeper may have let go meanwhile.
      if (keepers === 0) await rm(kept, { force: true });
    },
    async keep() {
      keepers += 1;
      return {
        list,
        async release() {
          keepers -= 1;
          if (keepers === 0) await empty();
        },
      };
    },
  };
}

async function writeDurable(path: string, source: AsyncIterable<Uint8Array>): Promise<StoredBlob> {
  const file = await open(path, 'wx', 0o600);
  try {
    const hash = createHash('sha256');
    let sizeBytes = 0;
    for await (const chunk of source) {
      hash.update(chunk);
      await writeAll(file, chunk);
      sizeBytes += chunk.byteLength;
    }
    await file.sync();
    return { sha256: hash.digest('hex'), sizeBytes };
  } finally {
    await file.close();
  }
}

async function makeDirDurable(dir: string, rootDir: string): Promise<void> {
  const created = await mkdir(dir, { recursive: true, mode: 0o700 });
  if (created === undefined) return;
  for (let parent = dir; parent.length > rootDir.length; parent = dirname(parent)) await syncDir(dirname(parent));
}
