/**
 * Snapshots of large indexes, `<data dir>/index/<list>-<entries>-<key>.ghx`: what a start would otherwise build anew. A cache: it is in no
 * backup, and whatever is wrong with a file, it is removed and the index built from the segments.
 */
import { mkdir, readdir, rm, statfs } from 'node:fs/promises';
import { join } from 'node:path';

export interface Snapshot {
  readonly listId: string;
  /** PDQ entries in it. */
  readonly count: number;
  /** `Lineage.key`. */
  readonly key: string;
}

export interface SnapshotStore {
  pathOf(snapshot: Snapshot): string;
  /** Those of a list, the largest first. */
  find(listId: string): Promise<Snapshot[]>;
  remove(snapshot: Snapshot): Promise<void>;
  /** Removes all of the list but this one. */
  keepOnly(snapshot: Snapshot): Promise<void>;
  /** Before a file is written. @throws `ENOSPC` when it would take space that uploads may need */
  prepare(bytes: number): Promise<void>;
  /** Removes what a process left behind that ended while it wrote. */
  clean(): Promise<void>;
  /** Removes what was left behind of lists that are not there any more. @returns how many */
  sweep(listIds: ReadonlySet<string>): Promise<number>;
}

/** Below it `gatehouse doctor` warns: a cache is not worth that. */
const FREE_LEAST_BYTES = 2 * 1024 ** 3;
const NAME = /^(list_[0-9a-z]{26})-(\d{1,10})-([0-9a-f]{64})\.ghx$/;
const TEMPORARY = /\.ghx\.tmp-[0-9a-f]+$/;

export function createSnapshotStore(dataDir: string): SnapshotStore {
  const dir = join(dataDir, 'index');
  const pathOf = ({ listId, count, key }: Snapshot): string => join(dir, `${listId}-${count}-${key}.ghx`);
  const readNames = async (): Promise<string[]> => (await readdir(dir).catch(() => [])).filter((name) => NAME.test(name));
  const readAll = async (): Promise<Snapshot[]> => (await readNames()).flatMap(parseName);
  const remove = (snapshot: Snapshot): Promise<void> => rm(pathOf(snapshot), { force: true });
  return {
    pathOf,
    remove,
    async find(listId) {
      return (await readAll()).filter((snapshot) => snapshot.listId === listId).toSorted((a, b) => b.count - a.count);
    },
    async keepOnly({ listId, key }) {
      for (const snapshot of await readAll()) if (snapshot.listId === listId && snapshot.key !== key) await remove(snapshot);
    },
    async prepare(bytes) {
      await mkdir(dir, { recursive: true, mode: 0o700 });
      const { bavail, bsize } = await statfs(dir);
      if (bavail * bsize < bytes + FREE_LEAST_BYTES) throw Object.assign(new Error('too little space for a snapshot'), { code: 'ENOSPC' });
    },
    async clean() {
      for (const name of await readdir(dir).catch(() => [])) if (TEMPORARY.test(name)) await rm(join(dir, name), { force: true });
    },
    async sweep(listIds) {
      const left = (await readAll()).filter(({ listId }) => !listIds.has(listId));
      for (const snapshot of left) await remove(snapshot);
      return left.length;
    },
  };
}

function parseName(name: string): Snapshot[] {
  const [, listId, count, key] = NAME.exec(name) ?? [];
  return listId === undefined || count === undefined || key === undefined ? [] : [{ listId, count: Number(count), key }];
}
