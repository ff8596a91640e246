/** The threads of lists: those that match, one that loads, one that tends. Started when they are needed, ended together. */
import type { AppContext } from '../platform/context.ts';
import { resolveEntry } from '../platform/entry.ts';
import { createIndexLoader } from './index-loader.ts';
import { createSnapshotStore, type SnapshotStore } from './index-snapshots.ts';
import { createIndexUpkeep, type IndexUpkeep } from './index-upkeep.ts';
import type { ListInstruments } from './instruments.ts';
import type { ListState } from './list-state.ts';
import { countThreads, MatchPool } from './match-pool.ts';
import { createThreadedSearch, findSmall, ROWS_HERE_MAX, type SearchIndexes } from './match-search.ts';
import { LARGE_ENTRIES, type ListSources } from './pdq-index.ts';

/** For tests: other sizes than those that were measured. */
export interface ListTuning {
  readonly largeEntries?: number;
  readonly rowsHereMax?: number;
}

export interface ListThreads {
  readonly search: SearchIndexes;
  readonly sources: ListSources;
  readonly snapshots: SnapshotStore;
  /** Comparisons waiting and under way in threads. */
  readonly queueLength: () => number;
  /** Prepares the threads for these lists, and tends their indexes. */
  follow(lists: ReadonlyMap<string, ListState>): void;
  stop(): Promise<void>;
}

/** Two forms of a picture in eight orientations. */
const USUAL_QUERIES = 16;

export function openListThreads(context: AppContext, instruments: ListInstruments, tuning: ListTuning = {}): ListThreads {
  const { largeEntries = LARGE_ENTRIES, rowsHereMax = ROWS_HERE_MAX } = tuning;
  const program = (): string => resolveEntry('lists/match-worker');
  const threads = countThreads(context.config.matchThreads);
  const pool = new MatchPool({ program, threads, clock: context.clock, onReplace: instruments.countReplaced, onSearch: instruments.observeSearch });
  const [loader, keeper] = [createIndexLoader({ program, slot: threads + 1 }), createIndexLoader({ program, slot: threads + 2 })];
  const snapshots = createSnapshotStore(context.config.dataDir);
  let followed: ReadonlyMap<string, ListState> = new Map();
  const openLarge = (): void => {
    const indexes = [...followed.values()].map(({ index }) => index.pdq);
    const isSmall = findSmall(
      indexes.map(({ slots }) => ({ slots, queries: USUAL_QUERIES })),
      rowsHereMax,
    );
    pool.keep(indexes.filter((_index, at) => isSmall[at] !== true));
  };
  const upkeep: IndexUpkeep = createIndexUpkeep({
    loader: keeper,
    snapshots,
    log: context.log,
    lists: () => followed,
    onChange: openLarge,
    countTask: instruments.countTask,
    largeEntries,
  });
  return {
    search: createThreadedSearch(pool, rowsHereMax),
    sources: { blobs: context.blobs.segments, loader, snapshots, log: context.log, largeEntries },
    snapshots,
    queueLength: () => pool.length,
    follow(lists) {
      followed = lists;
      openLarge();
      upkeep.consider();
    },
    async stop() {
      await Promise.all([upkeep.stop(), loader.stop(), keeper.stop(), pool.stop()]);
    },
  };
}
