/** Everything that can be asked of lists and done to them. HTTP, console, CLI and jobs call these functions; none of them holds a rule. */
import type { AppContext } from '../platform/context.ts';
import { keepCanaryList } from './canary-list.ts';
import { createEntryActions, type EntryActions } from './entry-actions.ts';
import { compareVersions, type DifferenceQuery } from './differences.ts';
import { groupBy } from './grouping.ts';
import { foldList, sweepFiles } from './compaction.ts';
import { verifyFiles } from './integrity.ts';
import { createListActions, type ListActions } from './list-actions.ts';
import { createListNode, type Freshness, type ListNode } from './list-node.ts';
import { openListThreads, type ListTuning } from './list-threads.ts';
import type { Difference, VersionView } from './schema-changes.ts';
import type { Hit, Matcher } from './schema.ts';
import type { Integrity } from './store-evidence.ts';
import { readReferences } from './store-entries.ts';
import { readVersions } from './store.ts';
import { summariseLists, toVersionView, type ListsSummary } from './views.ts';
import { GatehouseError } from '../platform/errors.ts';
import { createListInstruments, measureMatcher } from './instruments.ts';
import { findForeignList, refuseForeignList } from './stub-guard.ts';

export interface ListsService extends ListActions, EntryActions {
  /** The list set in force on this node; ask anew for each decision. */
  matcher(): Matcher;
  freshness(): Freshness;
  /** No list is active here but the demonstration and our own test pictures. */
  hasOnlyStubLists(): boolean;
  /** Brings this node to the newest version at once, without waiting for the next look. */
  refresh(): Promise<void>;
  /** For the overview page and the checks. */
  summarise(): Promise<ListsSummary>;
  /** The same hits with the references of their entries, which are not held in memory. Without the database the hits stay as they are. */
  addReferences(hits: readonly Hit[]): Promise<readonly Hit[]>;
  /** Newest first. @param before only versions below it */
  versions(query?: {
    readonly before?: number | undefined;
    readonly limit?: number | undefined;
    readonly listId?: string | undefined;
  }): Promise<{ readonly versions: VersionView[]; readonly next?: number }>;
  version(listSetVersion: number): Promise<VersionView>;
  compare(query: DifferenceQuery): Promise<Difference>;
  /** @returns false when the list changed meanwhile */
  fold(listId: string, signal?: AbortSignal): Promise<boolean>;
  sweep(): Promise<number>;
  /** The list of our own test pictures, with these PDQ hashes. @returns its id */
  keepCanaries(hashes: readonly string[]): Promise<string>;
  /** Reads every file of the lists whole; the result is kept. */
  verifyFiles(signal: AbortSignal): Promise<Integrity>;
  /** Comparisons that wait for a match thread or are in one. */
  matchQueueLength(): number;
  start(): Promise<void>;
  stop(): Promise<void>;
}

export const VERSION_PAGE_MAX = 500;
const VERSION_PAGE = 50;
const NEWEST = Number.MAX_SAFE_INTEGER;

export function createListsService(context: AppContext, tuning?: ListTuning): ListsService {
  const instruments = createListInstruments(context.metrics);
  const threads = openListThreads(context, instruments, tuning);
  const node: ListNode = createListNode(context, threads);
  const entries = createEntryActions(context, node, instruments);
  return {
    ...createListActions(context, node),
    ...entries,
    keepCanaries: (hashes) => keepCanaryList(context, { node, entries }, hashes),
    verifyFiles: (signal) => verifyFiles(context, signal),
    matcher: () => measureMatcher(node.matcher(), context.clock, instruments),
    freshness: () => node.freshness(),
    hasOnlyStubLists: () => findForeignList(node) === undefined,
    refresh: () => node.catchUp(),
    summarise: () => summariseLists(context, node),
    addReferences: (hits) => addReferences(context, hits),
    async versions(query = {}) {
      const limit = Math.min(query.limit ?? VERSION_PAGE, VERSION_PAGE_MAX);
      const upTo = query.before === undefined ? NEWEST : query.before - 1;
      const rows = await readVersions(context.database.sql, {
        after: -1,
        upTo,
        limit: limit + 1,
        newestFirst: true,
        ...(query.listId === undefined ? {} : { listId: query.listId }),
      });
      const versions = rows.slice(0, limit).map(toVersionView);
      const last = versions.at(-1);
      return { versions, ...(rows.length > limit && last !== undefined ? { next: last.listSetVersion } : {}) };
    },
    async version(listSetVersion) {
      const [row] = await readVersions(context.database.sql, { after: listSetVersion - 1, upTo: listSetVersion });
      if (row === undefined) throw new GatehouseError('not_found', `There is no list-set version ${listSetVersion}.`);
      return toVersionView(row);
    },
    compare: (query) => compareVersions(context, query),
    fold: (listId, signal) => foldList(context, listId, signal),
    async sweep() {
      const swept = await sweepFiles(context);
      // A node that has loaded nothing yet knows of no list.
      if (node.freshness().state !== 'loading') await threads.snapshots.sweep(new Set(node.lists().keys()));
      return swept;
    },
    matchQueueLength: threads.queueLength,
    async start() {
      await context.blobs.segments.sweep();
      await threads.snapshots.clean();
      await node.start();
      if (context.config.stubMode) refuseForeignList(node);
    },
    async stop() {
      await node.stop();
      await threads.stop();
    },
  };
}

/** Asked only when something matched. An answer without references is better than none. */
async function addReferences(context: AppContext, hits: readonly Hit[]): Promise<readonly Hit[]> {
  try {
    const byList = new Map<string, ReadonlyMap<number, string>>();
    for (const [listId, group] of groupBy(hits, (hit) => hit.listId)) {
      byList.set(
        listId,
        await readReferences(
          context.database.sql,
          listId,
          group.map(({ entry }) => entry),
        ),
      );
    }
    return hits.map((hit) => {
      const reference = byList.get(hit.listId)?.get(hit.entry);
      return reference === undefined ? hit : { ...hit, reference };
    });
  } catch (error) {
    context.log.warn({ code: Reflect.get(Object(error), 'code') }, 'references of hits could not be read');
    return hits;
  }
}
