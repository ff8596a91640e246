/**
 * The list set of this node: loads it, follows changes, and swaps one pointer for each new version. A match that began with the version
 * before ends with it and says so.
 *
 * Other nodes' changes come by poll (the guarantee) and notification (the hint). While a large version is being loaded, what later or
 * contained changes take out of force stops matching at once (promise 4); additions wait for the swap.
 */
import type { AppContext } from '../platform/context.ts';
import { loadList, toMatchable, type ListState } from './list-state.ts';
import type { ListThreads } from './list-threads.ts';
import { createMatcher } from './matcher.ts';
import type { Matcher } from './schema.ts';
import { readContents, readRestrictions, type Contents } from './store-entries.ts';
import { listenForChanges } from './store-listener.ts';
import { readChangedLists, readTogether, readVersion, type ListRow } from './store.ts';

export interface Freshness {
  /** `loading`: the first version is not there yet. `stale`: this node could not look for changes, or not apply them, for too long. */
  readonly state: 'loading' | 'fresh' | 'stale';
  readonly listSetVersion: number;
}

export interface ListNode {
  matcher(): Matcher;
  freshness(): Freshness;
  /** Lists in memory by id; removed ones are not there. */
  lists(): ReadonlyMap<string, ListState>;
  readonly listSetVersion: number;
  /** Resolves when the version that the database held at the time of the call is in force here. */
  catchUp(): Promise<void>;
  /** After a change that only takes entries out of force: like `catchUp`, but never waits for a large load under way. */
  restrict(): Promise<void>;
  start(): Promise<void>;
  stop(): Promise<void>;
}

interface Held {
  readonly version: number;
  readonly lists: ReadonlyMap<string, ListState>;
  readonly matcher: Matcher;
}

interface Restrictions {
  readonly isOff: ReadonlySet<string>;
  readonly entries: ReadonlyMap<string, ReadonlySet<number>>;
}

export function createListNode(context: AppContext, threads: ListThreads): ListNode {
  return new FollowingNode(context, threads);
}

class FollowingNode implements ListNode {
  readonly #context: AppContext;
  readonly #threads: ListThreads;
  readonly #stop = new AbortController();
  #held: Held = { version: 0, lists: new Map(), matcher: createMatcher([], 0) };
  #isLoaded = false;
  #isFailing = false;
  #freshAtMs = Number.NEGATIVE_INFINITY;
  #loading: Promise<void> | undefined;
  #next: Promise<void> | undefined;
  #wake = new AbortController();
  #tasks: Promise<unknown> = Promise.resolve();

  constructor(context: AppContext, threads: ListThreads) {
    this.#context = context;
    this.#threads = threads;
  }

  get listSetVersion(): number {
    return this.#held.version;
  }

  matcher(): Matcher {
    return this.#held.matcher;
  }

  lists(): ReadonlyMap<string, ListState> {
    return this.#held.lists;
  }

  freshness(): Freshness {
    const listSetVersion = this.#held.version;
    if (!this.#isLoaded) return { state: 'loading', listSetVersion };
    const ageMs = this.#context.clock.monotonicMs() - this.#freshAtMs;
    return { state: ageMs > this.#context.config.listsStaleMs ? 'stale' : 'fresh', listSetVersion };
  }

  /** One load at a time; callers that come meanwhile share the one after it, which sees their change. */
  catchUp(): Promise<void> {
    if (this.#loading === undefined) {
      this.#loading = this.#load().finally(() => (this.#loading = undefined));
      return this.#loading;
    }
    this.#next ??= this.#loading
      .catch(() => undefined)
      .then(() => {
        this.#next = undefined;
        return this.catchUp();
      });
    return this.#next;
  }

  async restrict(): Promise<void> {
    if (this.#loading === undefined) return this.catchUp();
    const { version, lists } = this.#held;
    const restrictions = await this.#readRestrictions(version);
    // The load may have ended meanwhile; then it may not have seen the change, and the next one will.
    if (this.#held.version !== version) return this.catchUp();
    this.#hold({ version, lists }, restrictions);
  }

  async start(): Promise<void> {
    this.#tasks = Promise.all([this.#follow(), this.#listen()]);
    await this.catchUp().catch((error: unknown) => this.#warn(error, 'the lists could not be loaded; this node answers "error" until they are'));
  }

  async stop(): Promise<void> {
    this.#stop.abort();
    this.#wake.abort();
    await this.#tasks;
    await this.#loading?.catch(() => undefined);
  }

  async #load(): Promise<void> {
    const { clock, database } = this.#context;
    const startedMs = clock.monotonicMs();
    const change = await readTogether(database, async (tx) => {
      const version = await readVersion(tx);
      // A lower version than ours means another database state, such as a restored backup: everything is read anew.
      const from = this.#isLoaded && version >= this.#held.version ? this.#held.version : -1;
      const rows = version === from ? [] : await readChangedLists(tx, from);
      const parts: { readonly row: ListRow; readonly known: ListState | undefined; readonly contents: Contents }[] = [];
      for (const row of rows.filter(({ state }) => state !== 'removed')) {
        const known = from === -1 || row.folded_version > from ? undefined : this.#held.lists.get(row.id);
        parts.push({ row, known, contents: await readContents(tx, row.id, known === undefined ? -1 : from) });
      }
      return { version, isAnew: from === -1, removed: rows.filter(({ state }) => state === 'removed'), parts };
    });
    const lists = new Map(change.isAnew ? [] : this.#held.lists);
    for (const { id } of change.removed) lists.delete(id);
    for (const part of change.parts) lists.set(part.row.id, await loadList(this.#threads.sources, part, this.#stop.signal));
    // What was taken out of force while this was loading stays out.
    this.#hold({ version: change.version, lists }, await this.#readRestrictions(change.version));
    this.#freshAtMs = startedMs;
    this.#isLoaded = true;
    this.#isFailing = false;
  }

  /** What versions after this one take out of force. */
  async #readRestrictions(version: number): Promise<Restrictions> {
    const [rows, changes] = await readTogether(
      this.#context.database,
      async (tx) => [await readChangedLists(tx, version), await readRestrictions(tx, version)] as const,
    );
    const entries = new Map<string, Set<number>>();
    for (const { list_id: id, entry } of changes) entries.set(id, (entries.get(id) ?? new Set()).add(entry));
    return { isOff: new Set(rows.filter((row) => row.state !== 'active').map((row) => row.id)), entries };
  }

  #hold({ version, lists }: Omit<Held, 'matcher'>, restrictions: Restrictions): void {
    const matchable = [...lists.values()].map((list) =>
      toMatchable(list, { isOff: restrictions.isOff.has(list.row.id), entries: restrictions.entries.get(list.row.id) ?? NO_ENTRIES }),
    );
    this.#held = { version, lists, matcher: createMatcher(matchable, version, this.#threads.search) };
    this.#threads.follow(lists);
  }

  async #follow(): Promise<void> {
    const { clock, config } = this.#context;
    while (!this.#stop.signal.aborted) {
      await clock.sleep(config.listsPollMs, this.#wake.signal);
      if (this.#wake.signal.aborted) this.#wake = new AbortController();
      if (!this.#stop.signal.aborted) await this.#poll().catch((error: unknown) => this.#warn(error, 'list changes could not be looked for'));
    }
  }

  async #poll(): Promise<void> {
    const startedMs = this.#context.clock.monotonicMs();
    const version = await readVersion(this.#context.database.sql);
    if (version === this.#held.version && this.#isLoaded) {
      this.#freshAtMs = Math.max(this.#freshAtMs, startedMs);
      this.#isFailing = false;
    } else if (this.#loading === undefined)
      this.catchUp().catch((error: unknown) => this.#warn(error, 'a list-set version could not be loaded; it will be tried again'));
    else await this.restrict();
  }

  #listen(): Promise<void> {
    return listenForChanges({ ...this.#context, signal: this.#stop.signal, onHint: () => this.#wake.abort() });
  }

  /** Once for each time that it begins to fail. */
  #warn(error: unknown, message: string): void {
    if (this.#stop.signal.aborted || this.#isFailing) return;
    this.#isFailing = true;
    this.#context.log.warn({ code: Reflect.get(Object(error), 'code'), listSetVersion: this.#held.version }, message);
  }
}

const NO_ENTRIES: ReadonlySet<number> = new Set();
