/**
 * Where the bytes of uploads are. Blobs are named by their content, so uploads of the same bytes share one file: whoever moves or removes
 * it must know that no row that needs it is being written meanwhile. A lock for each digest sees to that; it is held in this process,
 * because a data directory has one owner (DESIGN.md, storage).
 */
import { link, readdir, rm, stat } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import type { Blobs } from '../platform/context.ts';
import { randomHex } from '../platform/ids.ts';

export type Area = 'quarantine' | 'released';

export interface Storage {
  /** One holder at a time for each digest. */
  withContent<T>(sha256: string, work: () => Promise<T>): Promise<T>;
  /** Takes a finished spool file into quarantine, durably. */
  quarantine(path: string, sha256: string): Promise<void>;
  /** A second name in quarantine for a finished spool file that stays where it is. The caller holds the lock. */
  keep(path: string, sha256: string): Promise<void>;
  /** Makes the content durable in `to` as well. The caller holds the lock. */
  copy(sha256: string, from: Area, to: Area): Promise<void>;
  has(area: Area, sha256: string): Promise<boolean>;
  pathOf(area: Area, sha256: string): string;
  read(area: Area, sha256: string): ReturnType<Blobs['quarantine']['read']>;
  remove(area: Area, sha256: string): Promise<void>;
  /** Digests of an area's files that were last written before `before`. */
  listOlder(area: Area, before: Date): AsyncGenerator<string>;
}

const NOWHERE = '0'.repeat(64);
const SHA256_HEX = /^[0-9a-f]{64}$/;

/** @param linkDir a folder on the same file system, for names on their way */
export function createStorage(blobs: Pick<Blobs, Area>, linkDir: string): Storage {
  const withContent = createKeyedLock();
  /** A second name of the same, already durable file: nothing is copied, and nobody writes to it. */
  const linkInto = async (from: string, to: Area, sha256: string): Promise<void> => {
    if (await blobs[to].has(sha256)) return;
    const path = join(linkDir, randomHex(12));
    try {
      await link(from, path);
      await blobs[to].adopt(path, sha256);
    } finally {
      // rename(2) leaves the old name when both names are already one file.
      await rm(path, { force: true });
    }
  };
  return {
    withContent,
    quarantine: (path, sha256) => blobs.quarantine.adopt(path, sha256),
    keep: (path, sha256) => linkInto(path, 'quarantine', sha256),
    copy: (sha256, from, to) => linkInto(blobs[from].pathOf(sha256), to, sha256),
    has: (area, sha256) => blobs[area].has(sha256),
    pathOf: (area, sha256) => blobs[area].pathOf(sha256),
    read: (area, sha256) => blobs[area].read(sha256),
    remove: (area, sha256) => blobs[area].remove(sha256),
    async *listOlder(area, before) {
      // Files are at <root>/ab/cd/<digest>.
      const rootDir = resolve(blobs[area].pathOf(NOWHERE), '..', '..', '..');
      for (const name of await readdir(rootDir, { recursive: true })) {
        const sha256 = name.split(/[/\\]/).at(-1) ?? '';
        if (!SHA256_HEX.test(sha256)) continue;
        const found = await stat(join(rootDir, name)).catch(() => undefined);
        if (found?.isFile() === true && found.mtime < before) yield sha256;
      }
    },
  };
}

/** Callers with the same key take turns, in order of arrival. */
export function createKeyedLock(): <T>(key: string, work: () => Promise<T>) => Promise<T> {
  const tails = new Map<string, Promise<unknown>>();
  return async (key, work) => {
    const before = tails.get(key) ?? Promise.resolve();
    const run = before.then(work, work);
    const tail = run.catch(() => undefined);
    tails.set(key, tail);
    try {
      return await run;
    } finally {
      if (tails.get(key) === tail) tails.delete(key);
    }
  };
}
