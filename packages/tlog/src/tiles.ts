/** Tiles and bundles: the files of which a log consists (C2SP tlog-tiles). Paths, lengths, contents. */
import { TlogError } from './errors.ts';
import { assertSize } from './hashing.ts';
import { HASH_BYTES } from './sha256.ts';

export const TILE_WIDTH = 256;
const LEVELS_MAX = 63;
const ENTRY_BYTES_MAX = 65_535;
const LENGTH_BYTES = 2;

export interface Tile {
  /** 0 for hashes of leaves; one hash of level n + 1 stands for a full tile of level n. `entries` for the bundles of entries themselves. */
  readonly level: number | 'entries';
  readonly index: number;
  /** 1 to 256 */
  readonly width: number;
}

/** `tile/0/x001/x234/067.p/12` */
export function tilePath({ level, index, width }: Tile): string {
  let path = String(index % 1000).padStart(3, '0');
  for (let rest = Math.floor(index / 1000); rest > 0; rest = Math.floor(rest / 1000)) path = `x${String(rest % 1000).padStart(3, '0')}/${path}`;
  return `tile/${level}/${path}${width === TILE_WIDTH ? '' : `.p/${width}`}`;
}

const PATH = /^tile\/(entries|0|[1-9]\d?)\/((?:x\d{3}\/)*\d{3})(?:\.p\/([1-9]\d{0,2}))?$/;

/** @returns undefined for anything that `tilePath` does not make: one address for one tile */
export function parseTilePath(path: string): Tile | undefined {
  const [, level = '', digits = '', width] = PATH.exec(path) ?? [];
  const index = Number(digits.replaceAll(/[x/]/g, ''));
  if (digits === '' || !Number.isSafeInteger(index) || Number(level) > LEVELS_MAX || width === String(TILE_WIDTH)) return undefined;
  const tile: Tile = { level: level === 'entries' ? level : Number(level), index, width: width === undefined ? TILE_WIDTH : Number(width) };
  return tile.width <= TILE_WIDTH && tilePath(tile) === path ? tile : undefined;
}

/** The tiles of hashes of a tree, level by level: the full ones, then the partial one. */
export function listTiles(size: number): Tile[] {
  return listNewTiles(0, size);
}

/** Those of them that a tree of `from` entries did not have. */
export function listNewTiles(from: number, to: number): Tile[] {
  assertSize(from);
  assertSize(to);
  const tiles: Tile[] = [];
  for (let [level, before, after] = [0, from, to]; after > 0; level++) {
    tiles.push(...listRow(level, before, after));
    [before, after] = [Math.floor(before / TILE_WIDTH), Math.floor(after / TILE_WIDTH)];
  }
  return tiles;
}

/** The bundles of entries of a tree that a tree of `from` entries did not have. */
export function listNewBundles(from: number, to: number): Tile[] {
  assertSize(from);
  assertSize(to);
  return listRow('entries', from, to);
}

/** @param before @param after numbers of hashes of this level */
function listRow(level: Tile['level'], before: number, after: number): Tile[] {
  const tiles: Tile[] = [];
  if (before >= after) return tiles;
  const full = Math.floor(after / TILE_WIDTH);
  for (let index = Math.floor(before / TILE_WIDTH); index < full; index++) tiles.push({ level, index, width: TILE_WIDTH });
  if (after % TILE_WIDTH > 0) tiles.push({ level, index: full, width: after % TILE_WIDTH });
  return tiles;
}

/** Where the hash of a complete subtree is, or from which hashes of which tile it is made. */
export function locate(level: number, index: number): { readonly level: number; readonly index: number; readonly from: number; readonly count: number } {
  const tileLevel = Math.floor(level / 8);
  const count = 2 ** (level % 8);
  const first = index * count;
  return { level: tileLevel, index: Math.floor(first / TILE_WIDTH), from: first % TILE_WIDTH, count };
}

/** @throws {TlogError} `bad_tile` */
export function assertTileBytes(tile: Tile, bytes: Uint8Array): void {
  if (bytes.length !== tile.width * HASH_BYTES)
    throw new TlogError('bad_tile', `${tilePath(tile)} has ${bytes.length} bytes where ${tile.width * HASH_BYTES} belong.`);
}

/** @throws {TlogError} `entry_too_large` */
export function assertEntry(entry: Uint8Array): void {
  if (entry.length > ENTRY_BYTES_MAX) throw new TlogError('entry_too_large', `An entry has at most ${ENTRY_BYTES_MAX} bytes, not ${entry.length}.`);
}

/** Entries behind each other, each with its length in two bytes. @throws {TlogError} `entry_too_large` */
export function encodeBundle(entries: readonly Uint8Array[]): Uint8Array {
  const bytes = new Uint8Array(entries.reduce((sum, { length }) => sum + LENGTH_BYTES + length, 0));
  let position = 0;
  for (const entry of entries) {
    assertEntry(entry);
    bytes.set([entry.length >> 8, entry.length & 0xff], position);
    bytes.set(entry, position + LENGTH_BYTES);
    position += LENGTH_BYTES + entry.length;
  }
  return bytes;
}

/** @throws {TlogError} `bad_tile` unless it is exactly `tile.width` entries */
export function decodeBundle(tile: Tile, bytes: Uint8Array): Uint8Array[] {
  const entries: Uint8Array[] = [];
  for (let position = 0; position < bytes.length;) {
    const length = ((bytes[position] ?? 0) << 8) | (bytes[position + 1] ?? 0);
    const end = position + LENGTH_BYTES + length;
    if (end > bytes.length || entries.length === tile.width) throw new TlogError('bad_tile', `${tilePath(tile)} does not hold ${tile.width} whole entries.`);
    entries.push(bytes.subarray(position + LENGTH_BYTES, end));
    position = end;
  }
  if (entries.length !== tile.width) throw new TlogError('bad_tile', `${tilePath(tile)} holds ${entries.length} entries where ${tile.width} belong.`);
  return entries;
}
