/** Building, restoring and following the index of one list; large work in real threads. */
import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { openFileBlobs, type BlobStore } from '../platform/blobs.ts';
import { resolveEntry } from '../platform/entry.ts';
import { silentLog, type Log } from '../platform/log.ts';
import { NUMBER_BYTES, writeNumber } from './digest-records.ts';
import { createEntryRuns } from './entry-runs.ts';
import { EMPTY_LINEAGE } from './index-lineage.ts';
import { createIndexLoader, type IndexLoader } from './index-loader.ts';
import { createSnapshotStore, type SnapshotStore } from './index-snapshots.ts';
import { createPdqHolder, fillIndex, type ListSources, type PdqContents, type PdqHolder } from './pdq-index.ts';
import { encodeHeader } from './segment-format.ts';
import type { Contents } from './store-entries.ts';
import type { DeltaRow, RunRow, SegmentRow } from './store.ts';

const LIST = `list_${'0'.repeat(26)}`;
const LARGE = 100;
const NEVER = new AbortController().signal;

let dir: string;
let blobs: BlobStore;
let loader: IndexLoader;
let snapshots: SnapshotStore;
const warnings: string[] = [];
const log: Log = { ...silentLog, warn: (...said: unknown[]) => void warnings.push(String(said.at(-1))) };

beforeEach(async () => {
  dir = await mkdtemp(join(tmpdir(), 'gatehouse-index-'));
  blobs = await openFileBlobs(join(dir, 'segments'));
  loader = createIndexLoader({ program: () => resolveEntry('lists/match-worker'), slot: 1 });
  snapshots = createSnapshotStore(dir);
});
afterEach(async () => {
  vi.restoreAllMocks();
  warnings.length = 0;
  await loader.stop();
  await rm(dir, { recursive: true, force: true });
});

const sources = (): ListSources => ({ blobs, loader, snapshots, log, largeEntries: LARGE });

/** The hash of an entry: its number, over and over. */
function hashOf(entry: number): Uint8Array {
  return Uint8Array.from({ length: 32 }, (_none, at) => (entry >> ((at % 4) * 8)) ^ (at * 7));
}

/** A segment as an import writes it, but in an order that is not that of the entries. */
async function storeEntries(entries: readonly number[], version: number): Promise<SegmentRow> {
  const size = 32 + NUMBER_BYTES;
  const body = new Uint8Array(entries.length * size);
  for (const [at, entry] of entries.toReversed().entries()) {
    body.set(hashOf(entry), at * size);
    writeNumber(body, at * size + 32, entry);
  }
  const parts = [encodeHeader({ kind: 'entries', recordBytes: size, count: entries.length }), body];
  const { sha256 } = await blobs.put(toStream(parts));
  return { id: version, list_id: LIST, version, kind: 'entries', type: 'pdq', sha256, count: entries.length, is_folded: false };
}

async function* toStream(parts: readonly Uint8Array[]): AsyncGenerator<Uint8Array> {
  yield* parts;
}

const range = (first: number, last: number): number[] => Array.from({ length: last - first + 1 }, (_none, at) => first + at);
const runOf = (first: number, last: number, version: number, type: 'pdq' | 'md5' = 'pdq'): RunRow => ({
  list_id: LIST,
  first_entry: first,
  last_entry: last,
  type,
  version,
});
const deltaOf = (entry: number, version: number): DeltaRow =>
  ({ id: entry, list_id: LIST, version, entry, op: 'add', type: 'pdq', value: Buffer.from(hashOf(entry)), is_folded: false }) as unknown as DeltaRow;

function toList(contents: Contents): PdqContents {
  return { listId: LIST, contents, runs: createEntryRuns(contents.runs.map((run) => ({ first: run.first_entry, last: run.last_entry, type: run.type }))) };
}

/** Versions 1 to 3: single additions, a segment of two types, a segment. */
async function makeContents(): Promise<Contents> {
  return {
    runs: [runOf(1, 3, 1), runOf(4, 300, 2), runOf(301, 340, 2, 'md5'), runOf(341, 600, 3)],
    segments: [await storeEntries(range(4, 300), 2), await storeEntries(range(341, 600), 3)],
    deltas: range(1, 3).map((entry) => deltaOf(entry, 1)),
  };
}

function expectEntries(holder: PdqHolder, list: PdqContents): void {
  expect(holder.pdq.slots).toBe(list.runs.totalOf('pdq'));
  for (let rank = 0; rank < holder.pdq.slots; rank++) {
    const hash = hashOf(list.runs.entryAt('pdq', rank));
    expect(Buffer.from(holder.pdq.hashAt(rank)).equals(hash)).toBe(true);
    expect(holder.pdq.search(hash, 0)).toEqual([{ index: rank, distance: 0 }]);
  }
}

async function fill(contents: Contents, holder = createPdqHolder()): Promise<PdqHolder> {
  await fillIndex(holder, toList(contents), { sources: sources(), signal: NEVER });
  expectEntries(holder, toList(contents));
  return holder;
}

/** As the upkeep does it. */
async function save(holder: PdqHolder, contents: Contents): Promise<string> {
  const { count, key } = { count: holder.pdq.slots, key: EMPTY_LINEAGE.extend(contents).key() };
  await snapshots.prepare(holder.pdq.bytesUsed);
  const path = snapshots.pathOf({ listId: LIST, count, key });
  await loader.save(holder.pdq.share(), path);
  return path;
}

describe('an index', () => {
  test('of a large list is built in another thread; of a little one it is not', async () => {
    const build = vi.spyOn(loader, 'build');
    await fill(await makeContents());
    expect(build).toHaveBeenCalledTimes(1);
    const little: Contents = { runs: [runOf(1, 50, 1)], segments: [await storeEntries(range(1, 50), 1)], deltas: [] };
    await fill(little);
    expect(build).toHaveBeenCalledTimes(1);
  });

  test('takes in what is new: little by this thread, much in order from another', async () => {
    const order = vi.spyOn(loader, 'order');
    const first = await makeContents();
    const holder = await fill(first);
    const second = { ...first, runs: [...first.runs, runOf(601, 650, 4)], segments: [await storeEntries(range(601, 650), 4)], deltas: [] };
    await fill(second, holder);
    expect(order).not.toHaveBeenCalled();
    const third = {
      ...second,
      runs: [...second.runs, runOf(651, 900, 5)],
      segments: [await storeEntries(range(653, 900), 5)],
      deltas: [deltaOf(651, 5), deltaOf(652, 5)],
    };
    await fill(third, holder);
    expect(order).toHaveBeenCalledTimes(1);
  });

  test.each(['missing', 'longer', 'shorter', 'changed'])('is not built from a segment that is %s', async (fault) => {
    const contents = await makeContents();
    const path = blobs.pathOf(contents.segments[0]?.sha256 ?? '');
    const bytes = await readFile(path);
    bytes[200] = (bytes[200] ?? 0) ^ 1;
    if (fault === 'missing') await rm(path);
    else await writeFile(path, { longer: Buffer.concat([bytes, bytes]), shorter: bytes.subarray(0, 400), changed: bytes }[fault] ?? bytes);
    await expect(fillIndex(createPdqHolder(), toList(contents), { sources: sources(), signal: NEVER })).rejects.toMatchObject({ code: 'storage_failed' });
    // The thread is there for the next.
    const other: Contents = { runs: [runOf(1, 200, 1)], segments: [await storeEntries(range(1, 200), 1)], deltas: [] };
    await fill(other);
  });

  test('is not built from segments that lack an entry', async () => {
    const contents = await makeContents();
    const list = toList({ ...contents, deltas: contents.deltas.slice(1) });
    await expect(fillIndex(createPdqHolder(), list, { sources: sources(), signal: NEVER })).rejects.toMatchObject({ code: 'storage_failed' });
  });

  test('is given up when the node stops', async () => {
    const stop = new AbortController();
    const filling = fillIndex(createPdqHolder(), toList(await makeContents()), { sources: sources(), signal: stop.signal });
    stop.abort(new RangeError('stopped'));
    await expect(filling).rejects.toThrow('stopped');
    await fill(await makeContents());
  });
});

describe('a snapshot', () => {
  test('is read instead of a build, and what came later is added', async () => {
    const contents = await makeContents();
    const path = await save(await fill(contents), contents);
    expect(await readdir(join(dir, 'index'))).toEqual([path.slice(path.lastIndexOf('/') + 1)]);
    const [build, read] = [vi.spyOn(loader, 'build'), vi.spyOn(blobs, 'pathOf')];
    expect((await fill(contents)).savedSlots).toBe(560);
    const later: Contents = {
      runs: [...contents.runs, runOf(601, 905, 5)],
      segments: [...contents.segments, await storeEntries(range(602, 905), 5)],
      deltas: [...contents.deltas, deltaOf(601, 5)],
    };
    read.mockClear();
    await fill(later);
    expect(build).not.toHaveBeenCalled();
    // Nor are the segments of what it holds read again.
    expect(read.mock.calls).toEqual([[later.segments[2]?.sha256]]);
    expect(warnings).toEqual([]);
  });

  test.each<[string, (bytes: Buffer) => Buffer]>([
    ['a changed byte in its head', (bytes) => flipBit(bytes, 5)],
    ['a changed byte in its middle', (bytes) => flipBit(bytes, bytes.length >> 1)],
    ['a changed last byte', (bytes) => flipBit(bytes, bytes.length - 1)],
    ['a missing end', (bytes) => bytes.subarray(0, bytes.length - 64)],
    ['something behind its end', (bytes) => Buffer.concat([bytes, Buffer.alloc(64)])],
    ['nothing in it', () => Buffer.alloc(0)],
  ])('with %s is never trusted: it is removed, and the index built', async (_name, damage) => {
    const contents = await makeContents();
    const path = await save(await fill(contents), contents);
    await writeFile(path, damage(await readFile(path)));
    const build = vi.spyOn(loader, 'build');
    expect((await fill(contents)).savedSlots).toBe(0);
    expect(build).toHaveBeenCalledTimes(1);
    expect(warnings).toEqual([expect.stringContaining('could not be used')]);
    expect(await readdir(join(dir, 'index'))).toEqual([]);
  });

  test('of another number of hashes, under a name that claims more, is not trusted', async () => {
    const contents = await makeContents();
    const path = await save(await fill(contents), contents);
    const part = { ...contents, runs: contents.runs.slice(0, 2), segments: contents.segments.slice(0, 1) };
    await loader.save((await fill(part)).pdq.share(), path);
    const build = vi.spyOn(loader, 'build');
    await fill(contents);
    expect(build).toHaveBeenCalledTimes(1);
  });

  test('of another content is not taken, and goes when there is a new one', async () => {
    const contents = await makeContents();
    const stale = await save(await fill(contents), contents);
    const folded = { ...contents, segments: [await storeEntries([...range(1, 300), ...range(341, 600)], 3)], deltas: [] };
    const build = vi.spyOn(loader, 'build');
    const path = await save(await fill(folded), folded);
    expect(build).toHaveBeenCalledTimes(1);
    expect(path).not.toBe(stale);
    const [newest] = (await snapshots.find(LIST)).filter((snapshot) => snapshots.pathOf(snapshot) === path);
    if (newest === undefined) throw new Error('the snapshot is missing');
    await snapshots.keepOnly(newest);
    expect(await snapshots.find(LIST)).toEqual([newest]);
    expect(await snapshots.sweep(new Set([LIST]))).toBe(0);
    expect(await snapshots.sweep(new Set())).toBe(1);
  });

  test('that cannot be written leaves nothing behind, and the fault has its code', async () => {
    const contents = await makeContents();
    const holder = await fill(contents);
    await expect(snapshots.prepare(2 ** 60)).rejects.toMatchObject({ code: 'ENOSPC' });
    await rm(join(dir, 'index'), { recursive: true });
    // No folder: as good as no space.
    await expect(loader.save(holder.pdq.share(), join(dir, 'index', 'none.ghx'))).rejects.toMatchObject({ code: 'ENOENT' });
    await mkdir(join(dir, 'index', 'taken.ghx'), { recursive: true });
    await expect(loader.save(holder.pdq.share(), join(dir, 'index', 'taken.ghx'))).rejects.toMatchObject({ code: 'EISDIR' });
    expect(await readdir(join(dir, 'index'))).toEqual(['taken.ghx']);
    await writeFile(join(dir, 'index', `${LIST}-1-${'0'.repeat(64)}.ghx.tmp-0123`), 'half');
    await snapshots.clean();
    expect(await readdir(join(dir, 'index'))).toEqual(['taken.ghx']);
  });
});

describe('a lineage', () => {
  test('is the same in one step or in several, and finds the version of each of them', async () => {
    const contents = await makeContents();
    const upTo = (version: number): Contents => ({
      ...contents,
      segments: contents.segments.filter((row) => row.version <= version),
      deltas: contents.deltas.filter((row) => row.version <= version),
    });
    const after = (version: number): Contents => ({
      ...contents,
      segments: contents.segments.filter((row) => row.version > version),
      deltas: contents.deltas.filter((row) => row.version > version),
    });
    for (const version of [1, 2, 3]) {
      const here = EMPTY_LINEAGE.extend(upTo(version));
      expect(here.extend(after(version)).key()).toBe(EMPTY_LINEAGE.extend(contents).key());
      expect(EMPTY_LINEAGE.findVersion(contents, { count: here.count, key: here.key() })).toBe(version);
      expect(EMPTY_LINEAGE.findVersion(contents, { count: here.count, key: EMPTY_LINEAGE.key() })).toBeUndefined();
      expect(EMPTY_LINEAGE.findVersion(contents, { count: here.count + 1, key: here.key() })).toBeUndefined();
    }
  });
});

function flipBit(bytes: Buffer, at: number): Buffer {
  bytes[at] = (bytes[at] ?? 0) ^ 8;
  return bytes;
}
