/** The PDQ index of one list: brought up to date from segments and single additions, large work in another thread. */
import { createHammingIndex, type HammingIndex } from '@gatehouse/hamming';
import type { BlobStore } from '../platform/blobs.ts';
import { GatehouseError } from '../platform/errors.ts';
import type { Log } from '../platform/log.ts';
import { runInSlices, type Steps } from '../platform/slices.ts';
import { NUMBER_BYTES, readNumber } from './digest-records.ts';
import type { EntryRuns } from './entry-runs.ts';
import { EMPTY_LINEAGE } from './index-lineage.ts';
import type { IndexLoader } from './index-loader.ts';
import type { SnapshotStore } from './index-snapshots.ts';
import type { HashSource } from './match-protocol.ts';
import { SIGNAL_BYTES } from './schema.ts';
import { readSegment } from './segment.ts';
import type { Contents } from './store-entries.ts';

/** What it takes to load lists. */
export interface ListSources {
  readonly blobs: BlobStore;
  readonly loader: IndexLoader;
  readonly snapshots: SnapshotStore;
  readonly log: Log;
  /** More hashes than this are read, ordered and built in another thread, and worth a snapshot and a merge. */
  readonly largeEntries?: number;
}

/** The index of a list; `pdq` is replaced only while it is empty. */
export interface PdqHolder {
  pdq: HammingIndex;
  /** Hashes in the newest snapshot. */
  savedSlots: number;
}

/** On one side of it, a build takes 20 ms of this thread, in slices; on the other the start of a thread, 50 ms, no longer matters. */
export const LARGE_ENTRIES = 65_536;
const PDQ_BYTES = SIGNAL_BYTES.pdq;
/** Additions between two turns of the event loop; some 3 ms. */
const SLICE_ADDITIONS = 512;
/** Records that are put in order between two turns of the event loop; some 2 ms. */
const SLICE_RECORDS = 8_192;

export function createPdqHolder(): PdqHolder {
  return { pdq: createHammingIndex(), savedSlots: 0 };
}

export interface PdqContents {
  readonly listId: string;
  readonly runs: EntryRuns;
  /** Everything of the list when the index is empty, else at least what is new. */
  readonly contents: Contents;
}

/** Adds what the index does not hold yet. When it throws, the index holds a beginning of it, and the same can be tried again. */
export async function fillIndex(holder: PdqHolder, list: PdqContents, options: { readonly sources: ListSources; readonly signal: AbortSignal }): Promise<void> {
  const { sources, signal } = options;
  const large = sources.largeEntries ?? LARGE_ENTRIES;
  const wanted = list.runs.totalOf('pdq');
  let after = -1;
  if (holder.pdq.slots === 0 && wanted > large) {
    after = await restoreIndex(holder, list, options);
    if (after === -1) holder.pdq = await sources.loader.build(toSource(sources.blobs, list, { base: 0, after }), signal);
  }
  const base = holder.pdq.slots;
  if (wanted === base) return;
  const source = toSource(sources.blobs, list, { base, after });
  const values = wanted - base > large ? await sources.loader.order(source, signal) : await orderHere(source, { ...list, blobs: sources.blobs }, signal);
  await runInSlices(addOneByOne(holder.pdq, values), signal);
}

/** @returns the version that the snapshot holds; -1 when there is none that can be used */
async function restoreIndex(holder: PdqHolder, list: PdqContents, { sources, signal }: Parameters<typeof fillIndex>[2]): Promise<number> {
  const { snapshots, loader, log } = sources;
  for (const snapshot of await snapshots.find(list.listId)) {
    const version = EMPTY_LINEAGE.findVersion(list.contents, snapshot);
    // Of a content that is not this one: it goes when a new one is in place.
    if (version === undefined) continue;
    try {
      const index = await loader.restore(snapshots.pathOf(snapshot), signal);
      if (index.slots !== snapshot.count) throw new RangeError('another number of hashes than its name says');
      holder.pdq = index;
      holder.savedSlots = index.slots;
      return version;
    } catch (error) {
      signal.throwIfAborted();
      log.warn(
        { listId: list.listId, code: Reflect.get(Object(error), 'code') },
        'a snapshot of an index could not be used; it was removed, and the index is built anew',
      );
      await snapshots.remove(snapshot);
    }
  }
  return -1;
}

function toSource(blobs: BlobStore, { runs, contents }: PdqContents, from: { readonly base: number; readonly after: number }): HashSource {
  const deltas = contents.deltas.filter(({ version, op, type, value }) => version > from.after && op === 'add' && type === 'pdq' && value !== null);
  const values = new Uint8Array(deltas.length * PDQ_BYTES);
  for (const [at, { value }] of deltas.entries()) if (value !== null) values.set(value, at * PDQ_BYTES);
  return {
    segments: contents.segments
      .filter(({ version, kind, type }) => version > from.after && kind === 'entries' && type === 'pdq')
      .map(({ sha256, count }) => ({ path: blobs.pathOf(sha256), sha256, count })),
    entries: Float64Array.from(deltas, ({ entry }) => entry),
    values,
    ...runs.startsOf('pdq'),
    base: from.base,
    count: runs.totalOf('pdq') - from.base,
  };
}

/** The same as `orderHashes` of match-tasks.ts, for little work: in slices on this thread. */
async function orderHere(source: HashSource, { runs, blobs }: PdqContents & { readonly blobs: BlobStore }, signal: AbortSignal): Promise<Uint8Array> {
  const added: Added = { values: new Uint8Array(source.count * PDQ_BYTES), base: source.base, filled: 0 };
  for (const { sha256, count } of source.segments) {
    const records = await readSegment(blobs, { sha256, count, kind: 'entries', type: 'pdq' });
    await runInSlices(collectRecords(records, runs, added), signal);
  }
  for (const [at, entry] of source.entries.entries()) place(added, runs.rankOf('pdq', entry), source.values.subarray(at * PDQ_BYTES, (at + 1) * PDQ_BYTES));
  // A gap would be a hash of zeros that nobody listed.
  if (added.filled !== source.count)
    throw new GatehouseError('storage_failed', 'The segments of a list do not hold all of its entries. Matching goes on with the version before.');
  return added.values;
}

/** Hashes in the order of their numbers, from rank `base`. */
interface Added {
  readonly values: Uint8Array;
  readonly base: number;
  filled: number;
}

function* collectRecords(records: Uint8Array, runs: EntryRuns, added: Added): Steps<void> {
  const size = PDQ_BYTES + NUMBER_BYTES;
  for (let at = 0; at < records.length; at += size) {
    place(added, runs.rankOf('pdq', readNumber(records, at + PDQ_BYTES)), records.subarray(at, at + PDQ_BYTES));
    if (at % (size * SLICE_RECORDS) === 0) yield undefined;
  }
}

function place(added: Added, rank: number, value: Uint8Array): void {
  const at = (rank - added.base) * PDQ_BYTES;
  if (at < 0) return;
  added.values.set(value, at);
  added.filled += 1;
}

function* addOneByOne(index: HammingIndex, values: Uint8Array): Steps<void> {
  for (let at = 0; at < values.length; at += PDQ_BYTES) {
    index.add(values.subarray(at, at + PDQ_BYTES));
    if (at % (PDQ_BYTES * SLICE_ADDITIONS) === 0) yield undefined;
  }
}
