/** Lists as a whole: make, show, change, disable, enable, remove. */
import type { AppContext } from '../platform/context.ts';
import { GatehouseError } from '../platform/errors.ts';
import { newId } from '../platform/ids.ts';
import { isSameSnapshot, lockList, NO_COUNTS, recordChange, requireList, toSnapshot } from './changes.ts';
import type { ListNode } from './list-node.ts';
import { requireStubList } from './stub-guard.ts';
import type { ChangeKind } from './schema-changes.ts';
import { DEFAULT_QUALITY_FLOOR, DEFAULT_RADIUS, type ListSettings, type ListView } from './schema.ts';
import { dropContents } from './store-entries.ts';
import { addList, findList, isNameTaken, isUniqueViolation, lockVersion, readLists, type ListRow } from './store.ts';
import { toListView } from './views.ts';

export interface ListActions {
  /** All lists that were not removed, by the time they were made. */
  list(): Promise<ListView[]>;
  /** By id, or by name in any case. @throws {GatehouseError} `not_found`, `gone` */
  get(idOrName: string): Promise<ListView>;
  /** The same, or undefined when there is none. */
  find(idOrName: string): Promise<ListView | undefined>;
  /** @throws {GatehouseError} `conflict` when the name is taken, `invalid_request` without a name */
  create(settings: ListSettings, actor: string): Promise<ListView>;
  /** Changes what is given. Nothing changes, and no version is made, when all of it is so already. */
  update(id: string, settings: ListSettings, actor: string): Promise<ListView>;
  /** A disabled list matches nothing, from the moment this resolves on this node and within a second on every other. */
  disable(id: string, actor: string): Promise<ListView>;
  enable(id: string, actor: string): Promise<ListView>;
  /** For good. Its versions stay on record, its entries do not. @returns the list-set version */
  remove(id: string, actor: string): Promise<number>;
}

export function createListActions(context: AppContext, node: ListNode): ListActions {
  const view = (row: ListRow): ListView => toListView(row, node.lists().get(row.id));
  return {
    async list() {
      return (await readLists(context.database.sql)).filter((row) => row.state !== 'removed' && !row.is_canary).map(view);
    },
    get: async (idOrName) => view(requireList(await findList(context.database.sql, idOrName))),
    async find(idOrName) {
      const row = await findList(context.database.sql, idOrName);
      return row === undefined || row.state === 'removed' ? undefined : view(row);
    },
    async create(settings, actor) {
      const row = await createList(context, settings, { actor, isCanary: false });
      await node.catchUp();
      return view(row);
    },
    async update(id, settings, actor) {
      const row = await changeList(context, { id, actor, kind: 'settings', changes: toRow(settings) });
      await node.catchUp();
      return view(row);
    },
    async disable(id, actor) {
      const row = await changeList(context, { id, actor, kind: 'disable', changes: { state: 'disabled' } });
      await node.restrict();
      return view(row);
    },
    async enable(id, actor) {
      const row = await changeList(context, { id, actor, kind: 'enable', changes: { state: 'active' } });
      await node.catchUp();
      return view(row);
    },
    async remove(id, actor) {
      const row = await changeList(context, { id, actor, kind: 'remove', changes: { state: 'removed' } });
      await node.restrict();
      return row.version;
    },
  };
}

function toRow(settings: ListSettings): Partial<ListRow> {
  return {
    ...(settings.name === undefined ? {} : { name: settings.name }),
    ...(settings.source === undefined ? {} : { source: settings.source }),
    ...(settings.radius === undefined ? {} : { radius: settings.radius }),
    ...(settings.qualityFloor === undefined ? {} : { quality_floor: settings.qualityFloor }),
    ...(settings.disposition === undefined ? {} : { disposition: settings.disposition }),
  };
}

export async function createList(
  context: AppContext,
  settings: ListSettings,
  { actor, isCanary }: { readonly actor: string; readonly isCanary: boolean },
): Promise<ListRow> {
  const { name } = settings;
  if (name === undefined)
    throw new GatehouseError('invalid_request', 'A list needs a name. Nothing was made.', { errors: [{ at: '/name', message: 'is needed' }] });
  const at = context.clock.now();
  const row: ListRow = {
    source: '',
    radius: DEFAULT_RADIUS,
    quality_floor: DEFAULT_QUALITY_FLOOR,
    disposition: 'hold',
    ...toRow(settings),
    id: newId<'ListId'>('list', context.clock),
    name,
    state: 'active',
    next_entry: 1,
    created_at: at,
    changed_at: at,
    version: 0,
    content_version: 0,
    folded_version: 0,
    is_canary: isCanary,
  };
  requireStubList(context, row);
  return refuseTakenName(() =>
    context.database.transact(async (tx) => {
      await lockVersion(tx);
      await addList(tx, row);
      return recordChange(context, tx, { list: row, actor, change: { kind: 'create', counts: NO_COUNTS, row: {} } });
    }),
  );
}

interface ListChange {
  readonly id: string;
  readonly actor: string;
  readonly kind: ChangeKind;
  readonly changes: Partial<ListRow>;
}

async function changeList(context: AppContext, input: ListChange): Promise<ListRow> {
  return refuseTakenName(() =>
    context.database.transact(async (tx) => {
      const list = await lockList(tx, input.id);
      const after = { ...list, ...input.changes };
      if (isSameSnapshot(toSnapshot(list), toSnapshot(after))) return list;
      requireStubList(context, after);
      if (input.changes.name !== undefined && (await isNameTaken(tx, input.changes.name, list.id))) throw createNameTaken();
      const write = input.kind === 'remove' ? { write: () => dropContents(tx, list.id, context.clock.now()) } : {};
      return recordChange(context, tx, { list, actor: input.actor, change: { kind: input.kind, counts: NO_COUNTS, row: input.changes, ...write } });
    }),
  );
}

async function refuseTakenName<T>(work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    if (isUniqueViolation(error)) throw createNameTaken();
    throw error;
  }
}

function createNameTaken(): GatehouseError {
  return new GatehouseError('conflict', 'Another list has this name already. Nothing was changed.');
}
