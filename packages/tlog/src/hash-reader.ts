/** Hashes of subtrees, from tiles that somebody reads for us. */
import { TlogError } from './errors.ts';
import { foldRight, decompose, type Subtree } from './subtrees.ts';
import { hashNode } from './hashing.ts';
import { HASH_BYTES } from './sha256.ts';
import { assertTileBytes, locate, TILE_WIDTH, tilePath, type Tile } from './tiles.ts';

/** Gives the bytes of a tile; undefined when it is not there. Asked for no tile that a tree of the size does not have. */
export type ReadTile = (tile: Tile) => Uint8Array | undefined | Promise<Uint8Array | undefined>;

export interface HashReader {
  readonly size: number;
  /** The root over the entries `[from, to)`, where `from` is aligned as RFC 6962 splits a tree. @throws {TlogError} `bad_tile` */
  read(from: number, to: number): Promise<Uint8Array>;
}

/** For one tree of `size` entries; what was read once is kept as long as the reader. */
export function createHashReader(size: number, readTile: ReadTile): HashReader {
  const known = new Map<string, Promise<Uint8Array>>();
  const load = (tile: Tile): Promise<Uint8Array> => {
    const path = tilePath(tile);
    const found = known.get(path) ?? fetchTile(tile, readTile);
    known.set(path, found);
    return found;
  };
  const readSubtree = async ({ level, index }: Subtree): Promise<Uint8Array> => {
    const place = locate(level, index);
    const width = Math.min(TILE_WIDTH, Math.floor(size / TILE_WIDTH ** place.level) - place.index * TILE_WIDTH);
    const bytes = await load({ level: place.level, index: place.index, width });
    return hashComplete(bytes.subarray(place.from * HASH_BYTES, (place.from + place.count) * HASH_BYTES));
  };
  return {
    size,
    read: async (from, to) => foldRight(await Promise.all(decompose(from, to).map(readSubtree))),
  };
}

async function fetchTile(tile: Tile, readTile: ReadTile): Promise<Uint8Array> {
  const bytes = await readTile(tile);
  if (bytes === undefined) throw new TlogError('bad_tile', `${tilePath(tile)} is not there.`);
  assertTileBytes(tile, bytes);
  return bytes;
}

/** The root over a power of two of hashes: of a full tile, or of a part of one. @param bytes hashes behind each other */
export function hashComplete(bytes: Uint8Array): Uint8Array {
  let row = Array.from({ length: bytes.length / HASH_BYTES }, (_none, i) => bytes.subarray(i * HASH_BYTES, (i + 1) * HASH_BYTES));
  while (row.length > 1) row = Array.from({ length: row.length / 2 }, (_none, i) => hashNode(row[i * 2] ?? bytes, row[i * 2 + 1] ?? bytes));
  return row[0] ?? bytes;
}
