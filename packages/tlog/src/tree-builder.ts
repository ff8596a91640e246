/** Entries in, files out: grows a tree and gives the tiles and bundles that changed. What is not whole yet is kept in memory: at most 255 entries and a row of hashes for each level. */
import { concat } from './bytes.ts';
import { TlogError } from './errors.ts';
import { createFrontier, type Frontier } from './frontier.ts';
import { hashLeaf } from './hashing.ts';
import { hashComplete } from './hash-reader.ts';
import { HASH_BYTES } from './sha256.ts';
import { decompose } from './subtrees.ts';
import { assertEntry, assertTileBytes, decodeBundle, encodeBundle, listNewTiles, TILE_WIDTH, type Tile } from './tiles.ts';

export interface TreeFile {
  readonly tile: Tile;
  readonly bytes: Uint8Array;
  /** Of a full tile of hashes that `append` gave: the one hash that stands for it in the level above. */
  readonly root?: Uint8Array;
}

export interface TreeBuilder {
  readonly size: number;
  root(): Uint8Array;
  /** Adds entries. @returns the files that are full now @throws {TlogError} `entry_too_large`, and nothing is added */
  append(entries: readonly Uint8Array[]): TreeFile[];
  /** The files at the right edge that are not full. With what `append` gave, everything of which a tree of this size consists. */
  edge(): TreeFile[];
}

/** The files at the right edge of a tree of `size`: what `openTreeBuilder` wants to have. */
export function listEdge(size: number): Tile[] {
  const tiles = listNewTiles(0, 0);
  for (let [level, count] = [0, size]; count > 0; [level, count] = [level + 1, Math.floor(count / TILE_WIDTH)])
    if (count % TILE_WIDTH > 0) tiles.push({ level, index: Math.floor(count / TILE_WIDTH), width: count % TILE_WIDTH });
  if (size % TILE_WIDTH > 0) tiles.push({ level: 'entries', index: Math.floor(size / TILE_WIDTH), width: size % TILE_WIDTH });
  return tiles;
}

interface Rows {
  /** By level: hashes behind the last full tile. */
  readonly hashes: Uint8Array[][];
  entries: Uint8Array[];
}

/** @param edge the files of `listEdge(size)`, in that order. @throws {TlogError} `bad_tile` */
export function openTreeBuilder(size = 0, edge: readonly TreeFile[] = []): TreeBuilder {
  const rows = readRows(size, edge);
  const frontier = createFrontier(size, readEdgeHashes(size, rows));
  return {
    get size() {
      return frontier.size;
    },
    root: () => frontier.root(),
    append(entries) {
      for (const entry of entries) assertEntry(entry);
      return entries.flatMap((entry) => appendEntry(rows, frontier, entry));
    },
    edge: () =>
      listEdge(frontier.size).map((tile) => ({
        tile,
        bytes: tile.level === 'entries' ? encodeBundle(rows.entries) : concat(...(rows.hashes[tile.level] ?? [])),
      })),
  };
}

function appendEntry(rows: Rows, frontier: Frontier, entry: Uint8Array): TreeFile[] {
  const files: TreeFile[] = [];
  const at = frontier.size;
  const leaf = hashLeaf(entry);
  frontier.append(leaf);
  rows.entries.push(entry);
  let hash = leaf;
  for (let [level, position] = [0, at]; ; level++) {
    const row = (rows.hashes[level] ??= []);
    row.push(hash);
    if (row.length < TILE_WIDTH) return files;
    const bytes = concat(...row);
    const root = hashComplete(bytes);
    files.push({ tile: { level, index: Math.floor(position / TILE_WIDTH), width: TILE_WIDTH }, bytes, root });
    if (level === 0) {
      files.push({ tile: { level: 'entries', index: Math.floor(position / TILE_WIDTH), width: TILE_WIDTH }, bytes: encodeBundle(rows.entries) });
      rows.entries = [];
    }
    row.length = 0;
    hash = root;
    position = Math.floor(position / TILE_WIDTH);
  }
}

function readRows(size: number, edge: readonly TreeFile[]): Rows {
  const rows: Rows = { hashes: [], entries: [] };
  const wanted = listEdge(size);
  if (wanted.length !== edge.length) throw new TlogError('bad_tile', `The edge of a tree of ${size} entries has ${wanted.length} files, not ${edge.length}.`);
  for (const [i, tile] of wanted.entries()) {
    const bytes = edge[i]?.bytes ?? new Uint8Array(0);
    if (tile.level === 'entries') rows.entries = decodeBundle(tile, bytes);
    else {
      assertTileBytes(tile, bytes);
      rows.hashes[tile.level] = Array.from({ length: tile.width }, (_none, at) => bytes.slice(at * HASH_BYTES, (at + 1) * HASH_BYTES));
    }
  }
  for (const [at, entry] of rows.entries.entries())
    if (!hashLeaf(entry).every((byte, i) => byte === rows.hashes[0]?.[at]?.[i]))
      throw new TlogError('bad_tile', `The entry ${size - rows.entries.length + at} is not the one of its hash.`);
  return rows;
}

/** The complete subtrees of the tree lie one level of tiles after the other, highest first. */
function readEdgeHashes(size: number, rows: Rows): Uint8Array[] {
  return decompose(0, size).map(({ level, index }) => {
    const count = 2 ** (level % 8);
    const first = (index * count) % TILE_WIDTH;
    return hashComplete(concat(...(rows.hashes[Math.floor(level / 8)] ?? []).slice(first, first + count)));
  });
}
