/** The one way to change the list set: one transaction, one version, one event. */
import type { AppContext } from '../platform/context.ts';
import type { Tx } from '../platform/db/database.ts';
import { GatehouseError } from '../platform/errors.ts';
import type { ChangeKind, SettingsSnapshot } from './schema-changes.ts';
import { addVersion, lockVersion, readList, updateList, type ListRow } from './store.ts';

export interface ChangeCounts {
  readonly added: number;
  readonly restored: number;
  readonly withdrawn: number;
  readonly disabled: number;
  readonly enabled: number;
}

export const NO_COUNTS: ChangeCounts = { added: 0, restored: 0, withdrawn: 0, disabled: 0, enabled: 0 };

export interface Change {
  readonly kind: ChangeKind;
  readonly counts: ChangeCounts;
  /** What changes of the list's row. */
  readonly row: Partial<Omit<ListRow, 'id' | 'version' | 'changed_at'>>;
  /** Writes what belongs to the version. */
  write?(tx: Tx, version: number): Promise<void>;
}

export function toSnapshot(row: ListRow): SettingsSnapshot {
  return { name: row.name, source: row.source, state: row.state, radius: row.radius, qualityFloor: row.quality_floor, disposition: row.disposition };
}

export function isSameSnapshot(a: SettingsSnapshot, b: SettingsSnapshot): boolean {
  return (
    a.name === b.name &&
    a.source === b.source &&
    a.state === b.state &&
    a.radius === b.radius &&
    a.qualityFloor === b.qualityFloor &&
    a.disposition === b.disposition
  );
}

/** The list, once no other change can come in between. @throws {GatehouseError} `not_found`, `gone` */
export async function lockList(tx: Tx, listId: string): Promise<ListRow> {
  await lockVersion(tx);
  return requireList(await readList(tx, listId));
}

export function requireList(row: ListRow | undefined): ListRow {
  if (row === undefined) throw new GatehouseError('not_found', 'There is no such list.');
  if (row.state === 'removed') throw new GatehouseError('gone', 'This list was removed.');
  return row;
}

/** Records a change of a list that `lockList` returned. @returns the list as it is now */
export async function recordChange(
  context: AppContext,
  tx: Tx,
  input: { readonly list: ListRow; readonly actor: string; readonly change: Change },
): Promise<ListRow> {
  const { list, actor, change } = input;
  const at = context.clock.now();
  const after = { ...list, ...change.row, changed_at: at };
  const [old, now] = [toSnapshot(list), toSnapshot(after)];
  const isSettings = change.kind === 'create' || !isSameSnapshot(old, now);
  const version = await addVersion(tx, {
    at,
    actor,
    kind: change.kind,
    list_id: list.id,
    list_name: after.name,
    ...change.counts,
    before: isSettings && change.kind !== 'create' ? old : null,
    after: isSettings ? now : null,
  });
  await change.write?.(tx, version);
  await updateList(tx, list.id, { ...change.row, version, changed_at: at, ...(isContentChange(change.counts) ? { content_version: version } : {}) });
  const { added, restored, withdrawn, disabled, enabled } = change.counts;
  await context.events.emit(
    'list.changed',
    { listId: list.id, listSetVersion: version, change: change.kind, added: added + restored + enabled, removed: withdrawn + disabled, actor },
    tx,
  );
  return { ...after, version };
}

function isContentChange(counts: ChangeCounts): boolean {
  return counts.added + counts.restored + counts.withdrawn > 0;
}
