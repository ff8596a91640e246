/** Entries for people: by number, with their state, and no more of the value than recognises it. */
import type { AppContext } from '../platform/context.ts';
import { runInSlices } from '../platform/slices.ts';
import { FLAG_WITHDRAWN } from './entry-runs.ts';
import type { ListState } from './list-state.ts';
import { DIGEST_TYPES } from './matcher.ts';
import { maskValue } from './rules.ts';
import type { EntryState, EntryView } from './schema-changes.ts';
import { readReferences } from './store-entries.ts';

export interface EntryQuery {
  /** Entries with a higher number; default 0. */
  readonly after?: number | undefined;
  readonly limit?: number | undefined;
  readonly state?: EntryState | undefined;
}

export const ENTRY_PAGE_MAX = 500;
const ENTRY_PAGE = 100;

export function stateOfEntry(list: ListState, entry: number): EntryState {
  const flags = list.flags[entry] ?? 0;
  if ((flags & FLAG_WITHDRAWN) !== 0) return 'withdrawn';
  return flags === 0 ? 'active' : 'disabled';
}

/** One entry more than asked for tells whether there is a next page. */
export async function readEntryPage(
  context: AppContext,
  list: ListState,
  query: EntryQuery,
): Promise<{ readonly entries: EntryView[]; readonly next?: number }> {
  const limit = Math.min(query.limit ?? ENTRY_PAGE, ENTRY_PAGE_MAX);
  const numbers: number[] = [];
  for (let entry = (query.after ?? 0) + 1; entry <= list.runs.lastEntry && numbers.length <= limit; entry++) {
    if (query.state === undefined || stateOfEntry(list, entry) === query.state) numbers.push(entry);
  }
  const page = numbers.slice(0, limit);
  const entries = await viewEntries(context, list, page);
  const last = page.at(-1);
  return { entries, ...(numbers.length > limit && last !== undefined ? { next: last } : {}) };
}

export async function viewEntries(context: AppContext, list: ListState, numbers: readonly number[]): Promise<EntryView[]> {
  const values = await readValues(list, numbers);
  const references = await readReferences(context.database.sql, list.row.id, numbers);
  return numbers.flatMap((entry) => {
    const signal = list.runs.typeOf(entry);
    const reference = references.get(entry);
    if (signal === undefined) return [];
    return [
      {
        entry,
        signal,
        state: stateOfEntry(list, entry),
        maskedValue: maskValue(values.get(entry) ?? new Uint8Array(0)),
        ...(reference === undefined ? {} : { reference }),
      },
    ];
  });
}

async function readValues(list: ListState, numbers: readonly number[]): Promise<ReadonlyMap<number, Uint8Array>> {
  const values = new Map<number, Uint8Array>();
  for (const entry of numbers) if (list.runs.typeOf(entry) === 'pdq') values.set(entry, list.index.pdq.hashAt(list.runs.rankOf('pdq', entry)));
  for (const type of DIGEST_TYPES) {
    const wanted = new Set(numbers.filter((entry) => list.runs.typeOf(entry) === type));
    if (wanted.size === 0) continue;
    for (const [entry, value] of await runInSlices(list.index.digests[type].valuesOf(wanted))) values.set(entry, value);
  }
  return values;
}
