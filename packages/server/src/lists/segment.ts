/**
 * Segment files: immutable, named by their SHA-256, which is checked at each reading. Format: segment-format.ts.
 */
import { createHash } from 'node:crypto';
import { setImmediate as nextTurn } from 'node:timers/promises';
import type { BlobStore } from '../platform/blobs.ts';
import type { AppContext } from '../platform/context.ts';
import { GatehouseError } from '../platform/errors.ts';
import { NUMBER_BYTES } from './digest-records.ts';
import { SIGNAL_BYTES, type SignalType } from './schema.ts';
import { encodeHeader, HEADER_BYTES, isHeaderOf } from './segment-format.ts';
import { stageFile, type NewSegment } from './store-entries.ts';
import type { SegmentKind, SegmentRow } from './store.ts';

const FLAG_BYTES = 1;
const CHUNK_BYTES = 1_048_576;
/** 144 MB of PDQ; a larger import becomes several files. */
export const SEGMENT_RECORDS_MAX = 4_000_000;

export interface Segment {
  readonly kind: SegmentKind;
  readonly type: SignalType | null;
  /** Records without the header. */
  readonly body: Uint8Array;
}

function recordBytes(kind: SegmentKind, type: SignalType | null): number {
  if (kind === 'entries' && type !== null) return SIGNAL_BYTES[type] + NUMBER_BYTES;
  return kind === 'inactive' ? NUMBER_BYTES + FLAG_BYTES : NUMBER_BYTES;
}

/** Writes a file. Noted as staged first, so that one which no version comes to name is found and removed. */
export async function storeSegment(context: AppContext, segment: Segment): Promise<NewSegment> {
  const sha256 = await nameSegment(segment);
  await stageFile(context.database.sql, sha256, context.clock.now());
  await context.blobs.segments.put(encodeSegment(segment));
  return { kind: segment.kind, type: segment.type, sha256, count: segment.body.length / recordBytes(segment.kind, segment.type) };
}

/** The SHA-256 that the file will have. */
async function nameSegment(segment: Segment): Promise<string> {
  const hash = createHash('sha256');
  for await (const chunk of encodeSegment(segment)) hash.update(chunk);
  return hash.digest('hex');
}

/** The bytes of the file, in pieces, with a turn of the event loop after each. */
async function* encodeSegment({ kind, type, body }: Segment): AsyncGenerator<Uint8Array> {
  const size = recordBytes(kind, type);
  yield encodeHeader({ kind, recordBytes: size, count: body.length / size });
  for (let start = 0; start < body.length; start += CHUNK_BYTES) {
    yield body.subarray(start, start + CHUNK_BYTES);
    await nextTurn();
  }
}

/**
 * The records of a file.
 * @throws {GatehouseError} `storage_failed` when it is missing, damaged or not what the manifest says
 */
export async function readSegment(blobs: BlobStore, row: Pick<SegmentRow, 'sha256' | 'kind' | 'type' | 'count'>): Promise<Uint8Array> {
  const size = recordBytes(row.kind, row.type);
  const bytes = new Uint8Array(HEADER_BYTES + row.count * size);
  const hash = createHash('sha256');
  let filled = 0;
  try {
    for await (const chunk of blobs.read(row.sha256) as AsyncIterable<Buffer>) {
      if (filled + chunk.length > bytes.length) throw new RangeError('longer than its manifest says');
      hash.update(chunk);
      bytes.set(chunk, filled);
      filled += chunk.length;
    }
  } catch (cause) {
    throw new GatehouseError('storage_failed', 'A list segment could not be read. Matching goes on with the version before.', { cause });
  }
  const isWhole = filled === bytes.length && hash.digest('hex') === row.sha256 && isHeaderOf(bytes, { kind: row.kind, recordBytes: size, count: row.count });
  if (!isWhole)
    throw new GatehouseError(
      'storage_failed',
      'A list segment is damaged. Matching goes on with the version before; restore the segments from a backup, or import the list again.',
    );
  return bytes.subarray(HEADER_BYTES);
}
