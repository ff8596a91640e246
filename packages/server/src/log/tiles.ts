/** The files of the log, made from its tables. */
import { encodeBundle, hashLeaf, TILE_WIDTH, type Tile } from '@gatehouse/tlog';
import type { Sql } from '../platform/db/database.ts';
import { findTile, listLeaves, listTileRoots } from './store.ts';

/** Undefined when the tables do not have all of it. */
export async function readTile(db: Sql, { level, index, width }: Tile): Promise<Uint8Array | undefined> {
  const [from, to] = [index * TILE_WIDTH, index * TILE_WIDTH + width];
  if (level === 'entries') {
    const leaves = await listLeaves(db, from, to);
    return leaves.length === width ? encodeBundle(leaves.map((leaf) => Buffer.from(leaf))) : undefined;
  }
  if (width === TILE_WIDTH) return findTile(db, level, index);
  const hashes = level === 0 ? (await listLeaves(db, from, to)).map((leaf) => hashLeaf(Buffer.from(leaf))) : await listTileRoots(db, level - 1, { from, to });
  return hashes.length === width ? Buffer.concat(hashes) : undefined;
}

/** Whether a tree of this size has such a file. */
export function isTileOf(size: number, { level, index, width }: Tile): boolean {
  const count = level === 'entries' ? size : Math.floor(size / TILE_WIDTH ** level);
  return index * TILE_WIDTH + width <= count;
}
