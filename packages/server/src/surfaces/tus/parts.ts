/**
 * The bytes of unfinished uploads: one file each, 0600, in a folder of their own. What an answer acknowledges was flushed to the disk before; what a
 * row of the database does not count is cut off before the next piece.
 */
import { createHash, timingSafeEqual } from 'node:crypto';
import { constants, createReadStream } from 'node:fs';
import { mkdir, open, readdir, rm, stat, type FileHandle } from 'node:fs/promises';
import { join } from 'node:path';
import type { Readable } from 'node:stream';
import { GatehouseError } from '../../platform/errors.ts';
import { syncDir } from '../../platform/files.ts';
import type { Checksum } from './protocol.ts';
import { TusIdSchema } from './schema.ts';

export interface Piece {
  readonly source: Readable;
  readonly offsetBytes: number;
  /** More is never written. */
  readonly roomBytes: number;
  readonly checksum: Checksum | undefined;
  readonly signal: AbortSignal;
  /** Called when all up to `toBytes` is on the disk. Never with the last byte that there is room for, but for a piece that came whole. */
  save(toBytes: number): Promise<void>;
}

export interface PartFiles {
  /**
   * Writes a piece behind what is there. What arrived before a fault is kept and saved, unless a checksum was to be checked at its end.
   * @throws {GatehouseError} gone (the file was lost), length_mismatch (the connection broke), checksum_mismatch, too_large, queue_full, and faults of the disk
   */
  append(id: string, piece: Piece): Promise<void>;
  /** @returns undefined when there is no file. @throws faults of the disk */
  sizeOf(id: string): Promise<number | undefined>;
  read(id: string): Readable;
  pathOf(id: string): string;
  remove(id: string): Promise<void>;
  /** The uploads whose files are here. */
  list(): Promise<readonly string[]>;
  /** Of the files that are here, but for one that is being handed over. */
  usedBytes(): number;
  /** While it is handed over, the spool counts these bytes. */
  setHandingOver(id: string, isOn: boolean): void;
}

export interface PartOptions {
  readonly dir: string;
  /** @throws {GatehouseError} queue_full when there is no room for so many more */
  readonly book: (bytes: number) => void;
  /** Tests put smaller ones here. */
  readonly checkpointBytes?: number;
}

/** As much may be lost of one long request when the process is killed. A flush takes some milliseconds. */
const CHECKPOINT_BYTES = 8 * 1024 * 1024;
const PIECE_BYTES = 65_536;

export async function openParts(options: PartOptions): Promise<PartFiles> {
  const { dir } = options;
  await mkdir(dir, { recursive: true, mode: 0o700 });
  const sizes = new Map<string, number>();
  const handing = new Set<string>();
  const pathOf = (id: string): string => join(dir, TusIdSchema.parse(id));
  // The folder may be a volume of its own, with things of the file system in it.
  const list = async (): Promise<string[]> => (await readdir(dir)).filter((name) => TusIdSchema.safeParse(name).success);
  for (const name of await list()) sizes.set(name, (await stat(join(dir, name)).catch(() => undefined))?.size ?? 0);
  const remove = async (id: string): Promise<void> => {
    await rm(join(dir, id), { force: true });
    sizes.delete(id);
  };
  return {
    async append(id, piece) {
      const file = await openAt(pathOf(id), piece.offsetBytes, dir);
      try {
        sizes.set(id, piece.offsetBytes);
        await writePiece(file, piece, { ...options, note: (bytes) => void sizes.set(id, bytes) });
      } finally {
        await file.close();
      }
    },
    sizeOf: async (id) => (await stat(pathOf(id)).catch(noneThere))?.size,
    // Whoever reads sees its faults, also earlier ones; intake may refuse before it reads.
    read: (id) => createReadStream(pathOf(id)).on('error', () => undefined),
    pathOf,
    remove,
    list,
    usedBytes() {
      let sum = 0;
      for (const [id, bytes] of sizes) if (!handing.has(id)) sum += bytes;
      return sum;
    },
    setHandingOver: (id, isOn) => void (isOn ? handing.add(id) : handing.delete(id)),
  };
}

/** Cut to what was acknowledged. @throws {GatehouseError} gone when there is less than that */
async function openAt(path: string, offsetBytes: number, dir: string): Promise<FileHandle> {
  const file = await open(path, constants.O_RDWR | (offsetBytes === 0 ? constants.O_CREAT : 0), 0o600).catch((error: NodeJS.ErrnoException) => {
    throw error.code === 'ENOENT' ? lost() : error;
  });
  try {
    if ((await file.stat()).size < offsetBytes) throw lost();
    await file.truncate(offsetBytes);
    if (offsetBytes === 0) await syncDir(dir);
    return file;
  } catch (error) {
    await file.close();
    throw error;
  }
}

/** What cannot be read at the moment is not lost. */
function noneThere(error: NodeJS.ErrnoException): undefined {
  if (error.code !== 'ENOENT') throw error;
}

function lost(): GatehouseError {
  return new GatehouseError('gone', 'What was received of this upload is no longer on the disk. Begin again.');
}

interface Writing extends PartOptions {
  note(bytes: number): void;
}

async function writePiece(file: FileHandle, piece: Piece, writing: Writing): Promise<void> {
  const { checksum } = piece;
  const hash = checksum === undefined ? undefined : createHash(checksum.algorithm);
  const tail = openTail(file, piece, writing);
  try {
    for await (const bytes of readPieces(piece.source, piece.signal)) {
      await tail.write(bytes);
      // Of a piece that is to be checked nothing counts before its end.
      if (hash === undefined) await tail.checkpoint();
      else hash.update(bytes);
    }
  } catch (error) {
    if (hash === undefined) await tail.keep().catch(() => undefined);
    throw error;
  }
  if (checksum !== undefined && hash !== undefined && !timingSafeEqual(hash.digest(), checksum.digest)) {
    await tail.undo();
    throw new GatehouseError('checksum_mismatch', 'The piece was changed on its way. Nothing was added by this request.');
  }
  await tail.save();
}

interface Tail {
  write(bytes: Uint8Array): Promise<void>;
  save(): Promise<void>;
  checkpoint(): Promise<void>;
  /** What a broken request brought. The last byte counts only when the body ended with it. */
  keep(): Promise<void>;
  undo(): Promise<void>;
}

function openTail(file: FileHandle, { offsetBytes, roomBytes, save }: Piece, { book, note, checkpointBytes = CHECKPOINT_BYTES }: Writing): Tail {
  const endBytes = offsetBytes + roomBytes;
  let at = offsetBytes;
  let saved = offsetBytes;
  const tail: Tail = {
    async write(bytes) {
      if (at + bytes.byteLength > endBytes) {
        await tail.undo();
        throw new GatehouseError('too_large', 'More bytes came than were announced. What this request brought since the last acknowledgement was not kept.');
      }
      book(bytes.byteLength);
      await writeAt(file, bytes, at);
      at += bytes.byteLength;
      note(at);
    },
    async save() {
      if (at === saved) return;
      await file.datasync();
      await save(at);
      saved = at;
    },
    async checkpoint() {
      if (at - saved >= checkpointBytes && at < endBytes) await tail.save();
    },
    async keep() {
      if (at < endBytes) await tail.save();
    },
    async undo() {
      at = saved;
      await file.truncate(saved);
      note(saved);
    },
  };
  return tail;
}

async function writeAt(file: FileHandle, bytes: Uint8Array, position: number): Promise<void> {
  for (let done = 0; done < bytes.byteLength;) done += (await file.write(bytes, done, bytes.byteLength - done, position + done)).bytesWritten;
}

/** A request that is destroyed takes its connection along: only whoever was interrupted loses it. */
async function* readPieces(source: Readable, signal: AbortSignal): AsyncGenerator<Uint8Array> {
  const stop = (): void => void source.destroy(new Error('interrupted'));
  if (signal.aborted) stop();
  signal.addEventListener('abort', stop, { once: true });
  const iterator = source.iterator({ destroyOnReturn: false });
  try {
    for (;;) {
      const next = await iterator.next().catch((cause: unknown) => {
        throw new GatehouseError('length_mismatch', 'The connection ended before the whole piece had arrived. What arrived is kept.', { cause });
      });
      if (next.done === true) return;
      const chunk: unknown = next.value;
      if (!(chunk instanceof Uint8Array)) throw new TypeError('the source must yield bytes');
      for (let offset = 0; offset < chunk.byteLength; offset += PIECE_BYTES) yield chunk.subarray(offset, offset + PIECE_BYTES);
    }
  } finally {
    signal.removeEventListener('abort', stop);
    await iterator.return?.();
  }
}
