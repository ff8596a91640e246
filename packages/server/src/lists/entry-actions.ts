/** Entries of a list: import, add, show, find, disable, enable. */
import { Readable } from 'node:stream';
import type { AppContext } from '../platform/context.ts';
import { GatehouseError } from '../platform/errors.ts';
import { lockList, NO_COUNTS, recordChange, requireList } from './changes.ts';
import { requestFold } from './compaction.ts';
import { readEntryPage, viewEntries, type EntryQuery } from './entry-views.ts';
import { importList, type ImportInput } from './import.ts';
import type { ListInstruments } from './instruments.ts';
import type { ListNode } from './list-node.ts';
import { findValue, type ListState } from './list-state.ts';
import { guessType, readValue } from './rules.ts';
import type { EntryPage, EntryView, ImportReport, NewEntry } from './schema-changes.ts';
import { SIGNAL_TYPES, type SignalType } from './schema.ts';
import { addDeltas, isEntryDisabled } from './store-entries.ts';
import { noteImported } from './store-evidence.ts';
import { findList, type ListRow } from './store.ts';
import { createTurns } from './turns.ts';
import { requireStubList } from './stub-guard.ts';

export interface EntryActions {
  /** The new version is in force on this node when this resolves. @throws {GatehouseError} then nothing was changed */
  importFile(input: ImportInput): Promise<ImportReport>;
  /** A few entries at once, all or none. */
  addEntries(listId: string, entries: readonly NewEntry[], actor: string): Promise<ImportReport>;
  entries(listId: string, query?: EntryQuery): Promise<EntryPage>;
  entry(listId: string, entry: number): Promise<EntryView>;
  /** The entry that has this value, given in full. @throws {GatehouseError} `not_found`, `invalid_request` */
  findEntry(listId: string, wanted: { readonly type?: SignalType | undefined; readonly value: string }): Promise<EntryView>;
  disableEntry(listId: string, entry: number, actor: string): Promise<EntryView>;
  enableEntry(listId: string, entry: number, actor: string): Promise<EntryView>;
}

export function createEntryActions(context: AppContext, node: ListNode, instruments: ListInstruments): EntryActions {
  const takeTurn = createTurns();
  const load = async (input: ImportInput): Promise<ImportReport> => {
    if (context.config.stubMode) requireStubList(context, requireList(await findList(context.database.sql, input.listId)));
    const report = await importList(context, input, takeTurn);
    instruments.countImport(report);
    if (input.kind !== 'add') await noteImported(context.database.sql, report.listId, context.clock.now());
    input.onProgress?.('loading', { bytes: 0, lines: report.lines });
    await node.catchUp();
    await requestFold(context, report.listId).catch((error: unknown) =>
      context.log.warn({ code: Reflect.get(Object(error), 'code') }, 'a fold of list segments could not be asked for'),
    );
    return report;
  };
  const stateOf = async (listId: string): Promise<ListState> => {
    const row = requireList(await findList(context.database.sql, listId));
    return node.lists().get(row.id) ?? (await node.catchUp(), requireLoaded(node, row));
  };
  const setState = async (listId: string, entry: number, change: { readonly isDisabled: boolean; readonly actor: string }): Promise<EntryView> => {
    await setEntryState(context, { listId, entry, ...change });
    await (change.isDisabled ? node.restrict() : node.catchUp());
    const list = await stateOf(listId);
    const view = await viewEntry(context, list, entry);
    // While a large version loads, the state in memory is the one before.
    return view.state === 'withdrawn' ? view : { ...view, state: change.isDisabled ? 'disabled' : 'active' };
  };
  return {
    importFile: load,
    addEntries: (listId, entries, actor) =>
      load({ listId, actor, kind: 'add', stream: Readable.from(toLines(entries)), name: '', format: 'jsonl', isStrict: true }),
    async entries(listId, query = {}) {
      const list = await stateOf(listId);
      return { listId: list.row.id, listSetVersion: node.listSetVersion, ...(await readEntryPage(context, list, query)) };
    },
    entry: async (listId, entry) => viewEntry(context, await stateOf(listId), entry),
    async findEntry(listId, wanted) {
      const list = await stateOf(listId);
      for (const type of typesOf(wanted)) {
        const value = readValue(type, wanted.value);
        const entry = value === undefined ? undefined : findValue(list, type, value);
        if (entry !== undefined) return viewEntry(context, list, entry);
      }
      throw new GatehouseError('not_found', 'This list has no entry with that value.');
    },
    disableEntry: (listId, entry, actor) => setState(listId, entry, { isDisabled: true, actor }),
    enableEntry: (listId, entry, actor) => setState(listId, entry, { isDisabled: false, actor }),
  };
}

function requireLoaded(node: ListNode, row: ListRow): ListState {
  const state = node.lists().get(row.id);
  if (state === undefined) throw new GatehouseError('starting', 'This list is still being loaded. Nothing was changed.', { retryAfterS: 2 });
  return state;
}

async function viewEntry(context: AppContext, list: ListState, entry: number): Promise<EntryView> {
  const [view] = await viewEntries(context, list, [entry]);
  if (view === undefined) throw new GatehouseError('not_found', `This list has no entry ${entry}.`);
  return view;
}

/** 64 digits without a type: PDQ and SHA-256 are both looked for. */
function typesOf(wanted: { readonly type?: SignalType | undefined; readonly value: string }): readonly SignalType[] {
  if (wanted.type !== undefined) return [wanted.type];
  const value = wanted.value.trim();
  const guess = /^[0-9a-f]+$/i.test(value) ? guessType(value.length) : undefined;
  if (guess === undefined)
    throw new GatehouseError('invalid_request', 'The value must be given in full: 32 (MD5), 40 (SHA-1) or 64 (PDQ, SHA-256) hexadecimal digits.', {
      errors: [{ at: '/value', message: 'is not a whole hash' }],
    });
  return SIGNAL_TYPES.filter((type) => guess === type || (guess === 'ambiguous' && (type === 'pdq' || type === 'sha256')));
}

function* toLines(entries: readonly NewEntry[]): Generator<Buffer> {
  for (const entry of entries) yield Buffer.from(`${JSON.stringify(entry)}\n`);
}

async function setEntryState(
  context: AppContext,
  input: { readonly listId: string; readonly entry: number; readonly isDisabled: boolean; readonly actor: string },
): Promise<void> {
  const { listId, entry, isDisabled } = input;
  await context.database.transact(async (tx) => {
    const list = await lockList(tx, listId);
    if (entry < 1 || entry >= list.next_entry) throw new GatehouseError('not_found', `This list has no entry ${entry}.`);
    if ((await isEntryDisabled(tx, listId, entry)) === isDisabled) return;
    await recordChange(context, tx, {
      list,
      actor: input.actor,
      change: {
        kind: isDisabled ? 'entry_disable' : 'entry_enable',
        counts: { ...NO_COUNTS, disabled: isDisabled ? 1 : 0, enabled: isDisabled ? 0 : 1 },
        row: {},
        write: (_tx, version) => addDeltas(tx, listId, { version, deltas: [{ entry, op: isDisabled ? 'disable' : 'enable', type: null, value: null }] }),
      },
    });
  });
}
