/**
 * One list in memory. A state never changes: applying a change makes a new one. The index and the tables behind it are shared and only
 * grow; a state does not see entries above its own last number.
 */
import type { BlobStore } from '../platform/blobs.ts';
import { runInSlices, type Steps } from '../platform/slices.ts';
import { NUMBER_BYTES, readNumber } from './digest-records.ts';
import { createDigestTable, type DigestTable } from './digest-table.ts';
import { countInForce, createEntryRuns, FLAG_DISABLED, FLAG_WITHDRAWN, type EntryRuns, type TypeCounts } from './entry-runs.ts';
import { EMPTY_LINEAGE, type Lineage } from './index-lineage.ts';
import { DIGEST_TYPES, type DigestType, type MatchableList } from './matcher.ts';
import { createPdqHolder, fillIndex, type ListSources, type PdqHolder } from './pdq-index.ts';
import { SIGNAL_BYTES, type SignalType } from './schema.ts';
import { readSegment } from './segment.ts';
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
  /** What of the index belongs to this state. */
  readonly lineage: Lineage;
}

interface SharedIndex extends PdqHolder {
  readonly digests: Readonly<Record<DigestType, DigestTable>>;
  /** Files that are in the digest tables already. */
  readonly loaded: Set<string>;
}

export interface LoadInput {
  readonly row: ListRow;
  readonly contents: Contents;
  /** What is in memory; undefined loads from nothing. */
  readonly known: ListState | undefined;
}

/** @throws {GatehouseError} `storage_failed`; then the state in memory stays usable, and the same can be tried again */
export async function loadList(sources: ListSources, input: LoadInput, signal: AbortSignal): Promise<ListState> {
  const { row, contents, known } = input;
  const runs = createEntryRuns(contents.runs.map((run) => ({ first: run.first_entry, last: run.last_entry, type: run.type })));
  const index = known?.index ?? createSharedIndex();
  await fillDigests(index, contents, { blobs: sources.blobs, signal });
  await fillIndex(index, { listId: row.id, runs, contents }, { sources, signal });
  const flags = await readFlags(sources.blobs, contents, known?.flags ?? new Uint8Array(0));
  const lineage = (known?.lineage ?? EMPTY_LINEAGE).extend(contents);
  return { row, runs, flags, index, lineage, ...(await runInSlices(countInForce(runs, flags))) };
}

function createSharedIndex(): SharedIndex {
  const digests = { md5: createDigestTable(SIGNAL_BYTES.md5), sha1: createDigestTable(SIGNAL_BYTES.sha1), sha256: createDigestTable(SIGNAL_BYTES.sha256) };
  return { ...createPdqHolder(), digests, loaded: new Set() };
}

async function fillDigests(index: SharedIndex, contents: Contents, options: FillOptions): Promise<void> {
  for (const { op, type, value, entry } of contents.deltas)
    if (op === 'add' && type !== null && type !== 'pdq' && value !== null) index.digests[type].addOne(value, entry);
  for (const type of DIGEST_TYPES) {
    const missing = contents.segments.filter((segment) => segment.kind === 'entries' && segment.type === type && !index.loaded.has(segment.sha256));
    const files: Uint8Array[] = [];
    for (const segment of missing) files.push(await readSegment(options.blobs, segment));
    await runInSlices(index.digests[type].addRecords(files), options.signal);
    for (const { sha256 } of missing) index.loaded.add(sha256);
  }
}

interface FillOptions {
  readonly blobs: BlobStore;
  readonly signal: AbortSignal;
}

/** Between two turns of the event loop; 1 ms. */
const SLICE_EVENTS = 65_536;

interface FlagEvent {
  readonly version: number;
  apply(flags: Uint8Array): Steps<void>;
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
  for (const event of events.toSorted((a, b) => a.version - b.version)) await runInSlices(event.apply(flags));
  return flags;
}

function toDeltaEvent({ version, entry, op }: DeltaRow): FlagEvent[] {
  if (op === 'add') return [];
  const flag = op === 'disable' || op === 'enable' ? FLAG_DISABLED : FLAG_WITHDRAWN;
  const isSet = op === 'disable' || op === 'withdraw';
  return [
    {
      version,
      highest: entry,
      *apply(flags) {
        setFlag(flags, entry, { flag, isSet });
        yield* [];
      },
    },
  ];
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
    *apply(flags) {
      for (let at = 0; at < body.length; at += size) {
        const entry = readNumber(body, at);
        if (segment.kind === 'inactive') flags[entry] = body[at + NUMBER_BYTES] ?? 0;
        else setFlag(flags, entry, { flag: FLAG_WITHDRAWN, isSet: segment.kind === 'withdrawn' });
        if (at % (size * SLICE_EVENTS) === 0) yield undefined;
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
    isCanary: row.is_canary,
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
