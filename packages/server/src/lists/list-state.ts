/**
 * One list in memory. A state never changes: applying a change makes a new one. The index and the tables behind it are shared and only
 * grow; a state does not see entries above its own last number.
 */
import { buildHammingIndex, type HammingIndex } from '@gatehouse/hamming';
import type { BlobStore } from '../platform/blobs.ts';
import { GatehouseError } from '../platform/errors.ts';
import { createDigestTable, NUMBER_BYTES, readNumber, type DigestTable } from './digest-table.ts';
import { countInForce, createEntryRuns, FLAG_DISABLED, FLAG_WITHDRAWN, type EntryRuns, type TypeCounts } from './entry-runs.ts';
import type { DigestType, MatchableList } from './matcher.ts';
import { SIGNAL_BYTES, type SignalType } from './schema.ts';
import { readSegment } from './segment.ts';
import { runInSlices, type Steps } from './slices.ts';
import type { Contents } from './store-entries.ts';
import type { DeltaRow, ListRow, SegmentRow } from './store.ts';

export interface ListState {
  readonly row: ListRow;
  readonly runs: EntryRuns;
  /** By entry number: FLAG_DISABLED, FLAG_WITHDRAWN. Shorter than the list when nothing beyond is flagged. */
  readonly flags: Uint8Array;
  readonly inForce: TypeCounts;
  readonly disabled: number;
  readonly index: SharedIndex;
}

interface SharedIndex {
  pdq: HammingIndex;
  readonly digests: Readonly<Record<DigestType, DigestTable>>;
  /** Files that are in the digest tables already. */
  readonly loaded: Set<string>;
}

const PDQ_BYTES = SIGNAL_BYTES.pdq;
/** Additions between two turns of the event loop; some 5 ms. */
const SLICE_ADDITIONS = 4_096;
/** From here on, added hashes are worth a merge. */
const UNMERGED_MAX = 65_536;

export interface LoadInput {
  readonly row: ListRow;
  readonly contents: Contents;
  /** What is in memory; undefined loads from nothing. */
  readonly known: ListState | undefined;
}

/** @throws {GatehouseError} `storage_failed`; then the state in memory stays usable, and the same can be tried again */
export async function loadList(blobs: BlobStore, input: LoadInput, signal: AbortSignal): Promise<ListState> {
  const { row, contents, known } = input;
  const runs = createEntryRuns(contents.runs.map((run) => ({ first: run.first_entry, last: run.last_entry, type: run.type })));
  const index = known?.index ?? (await createSharedIndex());
  const added: AddedPdq = { values: new Uint8Array(Math.max(0, runs.totalOf('pdq') - index.pdq.slots) * PDQ_BYTES), base: index.pdq.slots, filled: 0 };
  for (const segment of contents.segments) {
    if (segment.kind !== 'entries' || segment.type === null) continue;
    if (segment.type === 'pdq') await runInSlices(collectRecords(await readSegment(blobs, segment), runs, added), signal);
    else if (!index.loaded.has(segment.sha256)) {
      index.digests[segment.type].addRecords(await readSegment(blobs, segment));
      index.loaded.add(segment.sha256);
    }
  }
  for (const delta of contents.deltas) addDelta(delta, { index, runs, added });
  await addHashes(index, added, signal);
  const flags = await readFlags(blobs, contents, known?.flags ?? new Uint8Array(0));
  return { row, runs, flags, index, ...countInForce(runs, flags) };
}

async function createSharedIndex(): Promise<SharedIndex> {
  const digests = { md5: createDigestTable(SIGNAL_BYTES.md5), sha1: createDigestTable(SIGNAL_BYTES.sha1), sha256: createDigestTable(SIGNAL_BYTES.sha256) };
  return { pdq: await buildHammingIndex(new Uint8Array(0)), digests, loaded: new Set() };
}

/** Hashes in the order of their numbers, from rank `base`. */
interface AddedPdq {
  readonly values: Uint8Array;
  readonly base: number;
  filled: number;
}

function* collectRecords(records: Uint8Array, runs: EntryRuns, added: AddedPdq): Steps<void> {
  const size = PDQ_BYTES + NUMBER_BYTES;
  for (let at = 0; at < records.length; at += size) {
    place(added, runs.rankOf('pdq', readNumber(records, at + PDQ_BYTES)), records.subarray(at, at + PDQ_BYTES));
    if (at % (size * SLICE_ADDITIONS * 4) === 0) yield undefined;
  }
}

function place(added: AddedPdq, rank: number, value: Uint8Array): void {
  const at = (rank - added.base) * PDQ_BYTES;
  if (at < 0) return;
  added.values.set(value, at);
  added.filled += 1;
}

function addDelta(delta: DeltaRow, into: { readonly index: SharedIndex; readonly runs: EntryRuns; readonly added: AddedPdq }): void {
  if (delta.op !== 'add' || delta.type === null || delta.value === null) return;
  if (delta.type === 'pdq') place(into.added, into.runs.rankOf('pdq', delta.entry), delta.value);
  else into.index.digests[delta.type].addOne(delta.value, delta.entry);
}

async function addHashes(index: SharedIndex, added: AddedPdq, signal: AbortSignal): Promise<void> {
  const count = added.values.length / PDQ_BYTES;
  // A gap would be a hash of zeros that nobody listed.
  if (added.filled !== count)
    throw new GatehouseError('storage_failed', 'The segments of a list do not hold all of its entries. Matching goes on with the version before.');
  if (count === 0) return;
  if (index.pdq.slots === 0) index.pdq = await buildHammingIndex(added.values, { signal });
  else await runInSlices(addOneByOne(index.pdq, added.values), signal);
  if (index.pdq.unmerged > UNMERGED_MAX) await index.pdq.optimiseInSlices({ signal });
}

function* addOneByOne(index: HammingIndex, values: Uint8Array): Steps<void> {
  for (let at = 0; at < values.length; at += PDQ_BYTES) {
    index.add(values.subarray(at, at + PDQ_BYTES));
    if (at % (PDQ_BYTES * SLICE_ADDITIONS) === 0) yield undefined;
  }
}

interface FlagEvent {
  readonly version: number;
  apply(flags: Uint8Array): void;
  readonly highest: number;
}

/** The flags after all events of `contents`, in the order of their versions. `before` is not changed. */
export async function readFlags(blobs: BlobStore, contents: Contents, before: Uint8Array): Promise<Uint8Array> {
  const events: FlagEvent[] = contents.deltas.flatMap(toDeltaEvent);
  for (const segment of contents.segments) if (segment.kind !== 'entries') events.push(toFileEvent(segment, await readSegment(blobs, segment)));
  if (events.length === 0) return before;
  const highest = events.reduce((most, event) => Math.max(most, event.highest), before.length - 1);
  const flags = new Uint8Array(highest + 1);
  flags.set(before);
  for (const event of events.toSorted((a, b) => a.version - b.version)) event.apply(flags);
  return flags;
}

function toDeltaEvent({ version, entry, op }: DeltaRow): FlagEvent[] {
  if (op === 'add') return [];
  const flag = op === 'disable' || op === 'enable' ? FLAG_DISABLED : FLAG_WITHDRAWN;
  const isSet = op === 'disable' || op === 'withdraw';
  return [{ version, highest: entry, apply: (flags) => setFlag(flags, entry, { flag, isSet }) }];
}

function setFlag(flags: Uint8Array, entry: number, change: { readonly flag: number; readonly isSet: boolean }): void {
  const old = flags[entry] ?? 0;
  flags[entry] = change.isSet ? old | change.flag : old & ~change.flag;
}

function toFileEvent(segment: SegmentRow, body: Uint8Array): FlagEvent {
  const size = segment.kind === 'inactive' ? NUMBER_BYTES + 1 : NUMBER_BYTES;
  const highest = body.length === 0 ? 0 : readNumber(body, body.length - size);
  return {
    version: segment.version,
    highest,
    apply(flags) {
      for (let at = 0; at < body.length; at += size) {
        const entry = readNumber(body, at);
        if (segment.kind === 'inactive') flags[entry] = body[at + NUMBER_BYTES] ?? 0;
        else setFlag(flags, entry, { flag: FLAG_WITHDRAWN, isSet: segment.kind === 'withdrawn' });
      }
    },
  };
}

/** @param restricted entries that a later version takes out of force, while that version is still being loaded */
export function toMatchable(state: ListState, restricted: { readonly isOff: boolean; readonly entries: ReadonlySet<number> }): MatchableList {
  const { row, runs, flags, index, inForce } = state;
  return {
    id: row.id,
    name: row.name,
    radius: row.radius,
    qualityFloor: row.quality_floor,
    disposition: row.disposition,
    // An empty list can recognise nothing, so it must not be what allows a clearance.
    isActive: row.state === 'active' && !restricted.isOff && Object.values(inForce).some((count) => count > 0),
    pdq: index.pdq,
    entryOf: (position) => runs.entryAt('pdq', position),
    hasPdq: inForce.pdq > 0,
    digests: index.digests,
    isInForce: (entry) => entry <= runs.lastEntry && (flags[entry] ?? 0) === 0 && !restricted.entries.has(entry),
  };
}

/** The entry that has this value, in force or not. */
export function findValue(state: ListState, type: SignalType, value: Uint8Array): number | undefined {
  const entry = type === 'pdq' ? findHash(state, value) : state.index.digests[type].find(value);
  return entry === undefined || entry > state.runs.lastEntry ? undefined : entry;
}

function findHash(state: ListState, value: Uint8Array): number | undefined {
  const found = state.index.pdq.search(value, 0)[0];
  return found === undefined ? undefined : state.runs.entryAt('pdq', found.index);
}
