/**
 * What makes indexes faster and starts quicker, in the background: merges what was added, writes snapshots. Nothing waits for it, and when
 * it fails the lists match as before.
 */
import type { Log } from '../platform/log.ts';
import type { IndexLoader } from './index-loader.ts';
import type { Snapshot, SnapshotStore } from './index-snapshots.ts';
import type { ListState } from './list-state.ts';

export interface IndexUpkeepOptions {
  readonly loader: IndexLoader;
  readonly snapshots: SnapshotStore;
  readonly log: Log;
  /** The lists in force now. */
  readonly lists: () => ReadonlyMap<string, ListState>;
  /** The segments of an index have changed. */
  readonly onChange: () => void;
  readonly countTask: (task: 'merge' | 'snapshot', outcome: 'done' | 'failed') => void;
  /** More added hashes than this are merged; a larger index gets a snapshot. */
  readonly largeEntries: number;
}

export interface IndexUpkeep {
  /** Looks at all lists, soon. Call it when they changed. */
  consider(): void;
  /** Begins nothing more; resolves when what is under way has ended, which stopping its loader brings about. */
  stop(): Promise<void>;
}

/** A snapshot is written anew when it lacks more than one hash in sixteen: adding those at a start takes a tenth of a build. */
const SAVED_SHARE = 16;

export function createIndexUpkeep(options: IndexUpkeepOptions): IndexUpkeep {
  const { lists } = options;
  let pass: Promise<void> | undefined;
  let isAgain = false;
  const stop = new AbortController();
  const tend = async (): Promise<void> => {
    do {
      isAgain = false;
      for (const id of [...lists().keys()]) {
        await mergeIndex(options, lists().get(id), stop.signal);
        await saveIndex(options, lists().get(id), stop.signal);
      }
    } while (isAgain && !stop.signal.aborted);
  };
  return {
    consider() {
      isAgain = true;
      if (stop.signal.aborted || pass !== undefined) return;
      pass = tend().finally(() => (pass = undefined));
    },
    async stop() {
      stop.abort();
      await pass;
    },
  };
}

async function mergeIndex(options: IndexUpkeepOptions, list: ListState | undefined, stop: AbortSignal): Promise<void> {
  const { loader, log, largeEntries, onChange, countTask } = options;
  if (stop.aborted || list === undefined || list.index.pdq.unmerged <= largeEntries) return;
  try {
    await loader.merge(list.index.pdq);
    countTask('merge', 'done');
    onChange();
  } catch (error) {
    if (stop.aborted) return;
    countTask('merge', 'failed');
    log.warn({ listId: list.row.id, code: readCode(error) }, 'the additions to an index could not be merged; it matches as before, a little more slowly');
  }
}

async function saveIndex(options: IndexUpkeepOptions, list: ListState | undefined, stop: AbortSignal): Promise<void> {
  const { loader, snapshots, log, countTask } = options;
  if (stop.aborted || list === undefined || !isSnapshotDue(list, options.largeEntries)) return;
  const { pdq } = list.index;
  const snapshot: Snapshot = { listId: list.row.id, count: pdq.slots, key: list.lineage.key() };
  // Whatever comes of it: tried again when the list has grown.
  list.index.savedSlots = pdq.slots;
  try {
    const shared = pdq.share();
    await snapshots.prepare(pdq.bytesUsed);
    await loader.save(shared, snapshots.pathOf(snapshot));
    await snapshots.keepOnly(snapshot);
    countTask('snapshot', 'done');
  } catch (error) {
    if (stop.aborted) return;
    countTask('snapshot', 'failed');
    log.warn({ listId: list.row.id, code: readCode(error) }, 'the snapshot of an index could not be written; the next start builds the index instead');
  }
}

function isSnapshotDue({ index, lineage }: ListState, largeEntries: number): boolean {
  const { slots } = index.pdq;
  // While a version is being loaded the index holds more than the lineage says.
  if (slots <= largeEntries || slots !== lineage.count) return false;
  return index.savedSlots === 0 || slots - index.savedSlots > Math.max(largeEntries, slots / SAVED_SHARE);
}

function readCode(error: unknown): unknown {
  return Reflect.get(Object(error), 'code');
}
