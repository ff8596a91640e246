/** The files of the log, made from its tables. */
import { encodeBundle, hashLeaf, type Tile } from '@gatehouse/tlog';
import type { Sql } from '../platform/db/database.ts';
import { findTile, listLeaves, listTileRoots } from './store.ts';

const WIDTH = 256;

/** Undefined when the tables do not have all of it. */
export async function readTile(db: Sql, { level, index, width }: Tile): Promise<Uint8Array | undefined> {
  const [from, to] = [index * WIDTH, index * WIDTH + width];
  if (level === 'entries') {
    const leaves = await listLeaves(db, from, to);
    return leaves.length === width ? encodeBundle(leaves.map((leaf) => Buffer.from(leaf))) : undefined;
  }
  if (width === WIDTH) return findTile(db, level, index);
  const hashes = level === 0 ? (await listLeaves(db, from, to)).map((leaf) => hashLeaf(Buffer.from(leaf))) : await listTileRoots(db, level - 1, { from, to });
  return hashes.length === width ? Buffer.concat(hashes) : undefined;
}

/** Whether a tree of this size has such a file. */
export function isTileOf(size: number, { level, index, width }: Tile): boolean {
  const count = level === 'entries' ? size : Math.floor(size / WIDTH ** level);
  return index * WIDTH + width <= count;
}
