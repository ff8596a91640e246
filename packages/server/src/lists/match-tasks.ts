/** The long work of a thread: reads segments, builds and merges indexes, writes and reads snapshots. Runs in match-worker.ts. */
import { createHash } from 'node:crypto';
import { open, type FileHandle } from 'node:fs/promises';
import { createHammingIndex, mergeShared, readSnapshot, writeSnapshot } from '@gatehouse/hamming';
import { replaceFile, writeAll } from '../platform/files.ts';
import { findLast } from './ascending.ts';
import { NUMBER_BYTES, readNumber } from './digest-records.ts';
import type { HashSource, TaskAnswer, TaskRequest } from './match-protocol.ts';
import { HEADER_BYTES, isHeaderOf } from './segment-format.ts';

const HASH_BYTES = 32;
const RECORD_BYTES = HASH_BYTES + NUMBER_BYTES;
/** One MiB, about: what is read at once. */
const RECORDS_AT_ONCE = 29_127;

/** @param slot of this thread, for its scratch memory */
export async function runTask(task: TaskRequest, slot: number): Promise<TaskAnswer> {
  try {
    return await perform(task, slot);
  } catch (error) {
    return { kind: 'failed', code: String(Reflect.get(Object(error), 'code') ?? 'internal'), message: error instanceof Error ? error.message : 'unknown' };
  }
}

async function perform(task: TaskRequest, slot: number): Promise<TaskAnswer> {
  switch (task.kind) {
    case 'build':
      return { kind: 'index', shared: createHammingIndex(await orderHashes(task.source)).share() };
    case 'order':
      return { kind: 'values', values: await orderHashes(task.source) };
    case 'merge':
      return { kind: 'merged', merged: mergeShared(task.shared, { slot }) };
    case 'save':
      await replaceFile(task.path, (file) => writeSnapshot(task.shared, (bytes) => writeAll(file, bytes), { slot }));
      return { kind: 'saved' };
    case 'restore':
      return { kind: 'index', shared: await restore(task.path) };
  }
}

/** A fault of a file that may be tried again, or mended. */
class SegmentFault extends Error {
  readonly code = 'storage_failed';
}

/** The hashes of a list in the order of their ranks. @throws when a segment is missing, damaged or not what the manifest says */
export async function orderHashes(source: HashSource): Promise<Uint8Array> {
  const { base, count, entries } = source;
  const ordered = new Uint8Array(count * HASH_BYTES);
  let filled = 0;
  const place = (entry: number, hash: Uint8Array): void => {
    const run = findLast(source.firsts, entry);
    const rank = (source.ranks[run] ?? 0) + entry - (source.firsts[run] ?? 0);
    if (rank < base) return;
    ordered.set(hash, (rank - base) * HASH_BYTES);
    filled += 1;
  };
  for (const segment of source.segments) await readRecords(segment, place);
  for (const [at, entry] of entries.entries()) place(entry, source.values.subarray(at * HASH_BYTES, (at + 1) * HASH_BYTES));
  // A gap would be a hash of zeros that nobody listed.
  if (filled !== count) throw new SegmentFault('The segments of a list do not hold all of its entries. Matching goes on with the version before.');
  return ordered;
}

async function readRecords({ path, sha256, count }: HashSource['segments'][number], place: (entry: number, hash: Uint8Array) => void): Promise<void> {
  const file = await open(path).catch(() => undefined);
  if (file === undefined) throw new SegmentFault('A list segment could not be read. Matching goes on with the version before.');
  try {
    const digest = createHash('sha256');
    const header = await readPiece(file, HEADER_BYTES);
    digest.update(header);
    let isWhole = isHeaderOf(header, { kind: 'entries', recordBytes: RECORD_BYTES, count });
    for (let left = isWhole ? count : 0; left > 0; left -= RECORDS_AT_ONCE) {
      const records = await readPiece(file, Math.min(left, RECORDS_AT_ONCE) * RECORD_BYTES);
      digest.update(records);
      for (let at = 0; at + RECORD_BYTES <= records.length; at += RECORD_BYTES)
        place(readNumber(records, at + HASH_BYTES), records.subarray(at, at + HASH_BYTES));
    }
    isWhole = isWhole && (await readPiece(file, 1)).length === 0 && digest.digest('hex') === sha256;
    if (!isWhole) {
      throw new SegmentFault(
        'A list segment is damaged. Matching goes on with the version before; restore the segments from a backup, or import the list again.',
      );
    }
  } finally {
    await file.close();
  }
}

/** The next bytes; fewer at the end of the file. */
async function readPiece(file: FileHandle, bytes: number): Promise<Uint8Array> {
  const piece = new Uint8Array(bytes);
  let filled = 0;
  while (filled < bytes) {
    const { bytesRead } = await file.read(piece, filled, bytes - filled);
    if (bytesRead === 0) break;
    filled += bytesRead;
  }
  return piece.subarray(0, filled);
}

async function restore(path: string): ReturnType<typeof readSnapshot> {
  const file = await open(path);
  try {
    const { size } = await file.stat();
    return await readSnapshot({
      byteLength: size,
      async read(target, position) {
        for (let filled = 0; filled < target.length;) {
          const { bytesRead } = await file.read(target, filled, target.length - filled, position + filled);
          if (bytesRead === 0) throw Object.assign(new Error('the file became shorter'), { code: 'bad_snapshot' });
          filled += bytesRead;
        }
      },
    });
  } finally {
    await file.close();
  }
}
