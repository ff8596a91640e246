/** The net difference between two list-set versions, from the records that every change leaves for ever. */
import type { AppContext } from '../platform/context.ts';
import { GatehouseError } from '../platform/errors.ts';
import { runInSlices, type Steps } from '../platform/slices.ts';
import { isSameSnapshot } from './changes.ts';
import { groupBy } from './grouping.ts';
import { createEntryRuns, FLAG_DISABLED, FLAG_WITHDRAWN, type EntryRuns } from './entry-runs.ts';
import { readFlags } from './list-state.ts';
import { ENTRY_CHANGES, type Difference, type EntryChange, type ListDifference } from './schema-changes.ts';
import { readStateHistory, type Contents } from './store-entries.ts';
import { readTogether, readVersion, readVersions, type VersionRow } from './store.ts';

export interface DifferenceQuery {
  readonly from: number;
  readonly to: number;
  /** Show this list's entries, from after `after`. */
  readonly listId?: string | undefined;
  readonly after?: number | undefined;
  readonly limit?: number | undefined;
}

export const DIFFERENCE_PAGE_MAX = 500;
const DIFFERENCE_PAGE = 100;
const SLICE_ENTRIES = 262_144;

/** @throws {GatehouseError} `invalid_request`, `not_found` */
export async function compareVersions(context: AppContext, query: DifferenceQuery): Promise<Difference> {
  const { from, to } = query;
  if (from > to)
    throw new GatehouseError('invalid_request', `Version ${from} is later than version ${to}; give the earlier one first.`, {
      errors: [{ at: '?from', message: 'must not be above `to`' }],
    });
  const newest = await readVersion(context.database.sql);
  if (to > newest) throw new GatehouseError('not_found', `There is no list-set version ${to}; the newest is ${newest}.`);
  const byList = groupBy(await readVersions(context.database.sql, { after: from, upTo: to }), (row) => row.list_id);
  const lists: ListDifference[] = [];
  for (const [listId, rows] of byList) {
    const found = await compareList(context, { listId, rows, from, to });
    if (found !== undefined) lists.push(found);
  }
  if (query.listId === undefined) return { from, to, lists };
  return { from, to, lists, ...(await readChangedEntries(context, { ...query, listId: query.listId })) };
}

type ListRange = { readonly listId: string; readonly rows: readonly VersionRow[]; readonly from: number; readonly to: number };

async function compareList(context: AppContext, input: ListRange): Promise<ListDifference | undefined> {
  const change = nameListChange(input.rows);
  if (change === undefined) return undefined;
  return {
    listId: input.listId,
    listName: input.rows.at(-1)?.list_name ?? '',
    change,
    ...compareSettings(input.rows),
    ...(await countChanges(context, input)),
  };
}

/** Undefined for a list that came and went in between. */
function nameListChange(rows: readonly VersionRow[]): ListDifference['change'] | undefined {
  const isCreated = rows[0]?.kind === 'create';
  const isRemoved = rows.at(-1)?.kind === 'remove';
  if (isCreated) return isRemoved ? undefined : 'created';
  return isRemoved ? 'removed' : 'changed';
}

/** A list that was made in between has no `before`; settings that came back to what they were do not show. */
function compareSettings(rows: readonly VersionRow[]): Pick<ListDifference, 'before' | 'after'> {
  const after = rows.findLast((row) => row.after !== null)?.after ?? undefined;
  const before = rows[0]?.kind === 'create' ? undefined : (rows.find((row) => row.before !== null)?.before ?? undefined);
  if (after === undefined) return {};
  if (before === undefined) return { after };
  return isSameSnapshot(before, after) ? {} : { before, after };
}

async function countChanges(context: AppContext, input: ListRange): Promise<Record<EntryChange, number>> {
  const counts: Record<EntryChange, number> = { added: 0, restored: 0, withdrawn: 0, disabled: 0, enabled: 0 };
  if (!input.rows.some((row) => ENTRY_CHANGES.some((change) => row[change] > 0))) return counts;
  const states = await readStates(context, input);
  await runInSlices(
    scan(states, 0, (_entry, change) => {
      counts[change] += 1;
      return true;
    }),
  );
  return counts;
}

async function readChangedEntries(context: AppContext, query: DifferenceQuery & { readonly listId: string }): Promise<Pick<Difference, 'entries' | 'next'>> {
  const limit = Math.min(query.limit ?? DIFFERENCE_PAGE, DIFFERENCE_PAGE_MAX);
  const states = await readStates(context, query);
  const entries: NonNullable<Difference['entries']> = [];
  let hasMore = false;
  await runInSlices(
    scan(states, query.after ?? 0, (entry, change) => {
      hasMore = entries.length === limit;
      if (!hasMore) entries.push({ entry, signal: states.runs.typeOf(entry) ?? 'pdq', change });
      return !hasMore;
    }),
  );
  const last = entries.at(-1);
  return { entries, ...(hasMore && last !== undefined ? { next: last.entry } : {}) };
}

interface States {
  readonly runs: EntryRuns;
  /** The highest entry number of the earlier version. */
  readonly lastBefore: number;
  readonly before: Uint8Array;
  readonly after: Uint8Array;
}

async function readStates(context: AppContext, input: { readonly listId: string; readonly from: number; readonly to: number }): Promise<States> {
  const history = await readTogether(context.database, (tx) => readStateHistory(tx, input.listId, input.to));
  const earlier: Contents = {
    runs: history.runs.filter(isUpTo(input.from)),
    segments: history.segments.filter(isUpTo(input.from)),
    deltas: history.deltas.filter(isUpTo(input.from)),
  };
  const { segments } = context.blobs;
  const none = new Uint8Array(0);
  return {
    runs: createEntryRuns(history.runs.map((run) => ({ first: run.first_entry, last: run.last_entry, type: run.type }))),
    lastBefore: earlier.runs.at(-1)?.last_entry ?? 0,
    before: await readFlags(segments, earlier, none),
    after: await readFlags(segments, history, none),
  };
}

function isUpTo(version: number): (row: { readonly version: number }) => boolean {
  return (row) => row.version <= version;
}

/** Calls `take` for each entry that differs, by number, until it returns false. */
function* scan(states: States, after: number, take: (entry: number, change: EntryChange) => boolean): Steps<void> {
  for (let entry = after + 1; entry <= states.runs.lastEntry; entry++) {
    const now = states.after[entry] ?? 0;
    const change = entry > states.lastBefore ? (now === 0 ? 'added' : undefined) : nameChange(states.before[entry] ?? 0, now);
    if (change !== undefined && !take(entry, change)) return;
    if (entry % SLICE_ENTRIES === 0) yield undefined;
  }
}

function nameChange(before: number, now: number): EntryChange | undefined {
  const changed = before ^ now;
  if ((changed & FLAG_WITHDRAWN) !== 0) return (now & FLAG_WITHDRAWN) === 0 ? 'restored' : 'withdrawn';
  if ((changed & FLAG_DISABLED) === 0) return undefined;
  return (now & FLAG_DISABLED) === 0 ? 'enabled' : 'disabled';
}
