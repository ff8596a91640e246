/**
 * Folds the segments and deltas of a list into one set of segment files, so that a start reads few files. Nothing that matches changes,
 * so there is no new version. Old files stay for a day for nodes that are reading them.
 */
import type { AppContext } from '../platform/context.ts';
import { runInSlices, type Steps } from '../platform/slices.ts';
import { lockList, requireList } from './changes.ts';
import { NUMBER_BYTES, writeNumber } from './digest-records.ts';
import { concatenate } from './entry-batch.ts';
import { readFlags } from './list-state.ts';
import { SIGNAL_BYTES, SIGNAL_TYPES, type SignalType } from './schema.ts';
import { readSegment, SEGMENT_RECORDS_MAX, storeSegment } from './segment.ts';
import { countUnfolded, foldSegments, readContents, takeStaleFiles, type Contents, type NewSegment } from './store-entries.ts';
import { readList, readTogether } from './store.ts';
import { sortValues } from './value-sort.ts';

export const COMPACT_JOB = 'lists.compact';
export const SWEEP_JOB = 'lists.sweep';
const SEGMENTS_MAX = 16;
const UNFOLDED_DELTAS_MAX = 5_000;
const STAGED_MS = 24 * 3_600_000;
const SLICE_RECORDS = 16_384;

/** Asks for a fold when the list has become scattered. */
export async function requestFold(context: AppContext, listId: string): Promise<void> {
  const { segments, deltas } = await countUnfolded(context.database.sql, listId);
  if (segments > SEGMENTS_MAX || deltas > UNFOLDED_DELTAS_MAX) await context.jobs.enqueue(COMPACT_JOB, { listId });
}

/** @returns false when the list changed meanwhile; the next change asks again */
export async function foldList(context: AppContext, listId: string, signal?: AbortSignal): Promise<boolean> {
  const row = await readList(context.database.sql, listId);
  if (row === undefined || row.state === 'removed') return true;
  const { list, contents } = await readTogether(context.database, async (tx) => ({
    list: requireList(await readList(tx, listId)),
    contents: await readContents(tx, listId, -1),
  }));
  const segments: NewSegment[] = [];
  for (const type of SIGNAL_TYPES) {
    const records = await readRecords(context, contents, type);
    if (records.length === 0) continue;
    const sorted = await runInSlices(sortRecords(records, SIGNAL_BYTES[type]), signal);
    const size = SIGNAL_BYTES[type] + NUMBER_BYTES;
    for (let at = 0; at < sorted.length; at += SEGMENT_RECORDS_MAX * size) {
      segments.push(await storeSegment(context, { kind: 'entries', type, body: sorted.subarray(at, at + SEGMENT_RECORDS_MAX * size) }));
    }
  }
  const flags = await readFlags(context.blobs.segments, contents, new Uint8Array(0));
  const inactive = toInactiveBody(flags);
  if (inactive.length > 0) segments.push(await storeSegment(context, { kind: 'inactive', type: null, body: inactive }));
  return context.database.transact(async (tx) => {
    const now = await lockList(tx, listId);
    if (now.version !== list.version) return false;
    await foldSegments(tx, listId, { version: list.version, segments, at: context.clock.now() });
    return true;
  });
}

async function readRecords(context: AppContext, contents: Contents, type: SignalType): Promise<Uint8Array> {
  const parts: Uint8Array[] = [];
  for (const segment of contents.segments)
    if (segment.kind === 'entries' && segment.type === type) parts.push(await readSegment(context.blobs.segments, segment));
  for (const delta of contents.deltas) {
    if (delta.op !== 'add' || delta.type !== type || delta.value === null) continue;
    const record = new Uint8Array(SIGNAL_BYTES[type] + NUMBER_BYTES);
    record.set(delta.value);
    writeNumber(record, SIGNAL_BYTES[type], delta.entry);
    parts.push(record);
  }
  return concatenate(
    parts,
    parts.reduce((sum, { length }) => sum + length, 0),
  );
}

/** Sorting whole records sorts by value, because no two have the same one. */
function* sortRecords(records: Uint8Array, width: number): Steps<Uint8Array> {
  const size = width + NUMBER_BYTES;
  const order = yield* sortValues({ values: records, width: size, count: records.length / size });
  const sorted = new Uint8Array(records.length);
  for (let rank = 0; rank < order.length; rank++) {
    const at = (order[rank] ?? 0) * size;
    sorted.set(records.subarray(at, at + size), rank * size);
    if (rank % SLICE_RECORDS === 0) yield undefined;
  }
  return sorted;
}

function toInactiveBody(flags: Uint8Array): Uint8Array {
  const size = NUMBER_BYTES + 1;
  const body = new Uint8Array(flags.reduce((count, flag) => count + (flag === 0 ? 0 : 1), 0) * size);
  let at = 0;
  for (const [entry, flag] of flags.entries()) {
    if (flag === 0) continue;
    writeNumber(body, at, entry);
    body[at + NUMBER_BYTES] = flag;
    at += size;
  }
  return body;
}

/** Removes segment files that an interrupted import or a fold left behind, a day later. @returns how many */
export async function sweepFiles(context: AppContext): Promise<number> {
  const before = new Date(context.clock.now().getTime() - STAGED_MS);
  return context.database.transact(async (tx) => {
    const names = await takeStaleFiles(tx, before);
    for (const name of names) await context.blobs.segments.remove(name);
    return names.length;
  });
}
