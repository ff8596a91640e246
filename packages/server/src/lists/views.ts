/** Rows and states as the shapes that people and services see. */
import type { AppContext } from '../platform/context.ts';
import type { ListNode } from './list-node.ts';
import type { ListState } from './list-state.ts';
import type { VersionView } from './schema-changes.ts';
import { SIGNAL_TYPES, type ListView } from './schema.ts';
import { readLists, type ListRow, type VersionRow } from './store.ts';

/** Counts are of the version in force on this node; before it is loaded they are 0. */
export function toListView(row: ListRow, state: ListState | undefined): ListView {
  return {
    id: row.id,
    name: row.name,
    source: row.source,
    state: row.state === 'active' ? 'active' : 'disabled',
    radius: row.radius,
    qualityFloor: row.quality_floor,
    disposition: row.disposition,
    entries: { ...(state?.inForce ?? { pdq: 0, md5: 0, sha1: 0, sha256: 0 }) },
    disabledEntries: state?.disabled ?? 0,
    createdAt: row.created_at.toISOString(),
    changedAt: row.changed_at.toISOString(),
    listSetVersion: row.version,
  };
}

export function toVersionView(row: VersionRow): VersionView {
  return {
    listSetVersion: row.version,
    at: row.at.toISOString(),
    actor: row.actor,
    kind: row.kind,
    listId: row.list_id,
    listName: row.list_name,
    added: row.added,
    restored: row.restored,
    withdrawn: row.withdrawn,
    disabled: row.disabled,
    enabled: row.enabled,
    ...(row.before === null ? {} : { before: row.before }),
    ...(row.after === null ? {} : { after: row.after }),
  };
}

export interface ListsSummary {
  readonly listSetVersion: number;
  readonly state: 'loading' | 'fresh' | 'stale';
  readonly activeLists: number;
  readonly disabledLists: number;
  /** In force, over all active lists. */
  readonly entries: number;
  /** When any list changed last; undefined when there was never one. */
  readonly lastChangeAt: Date | undefined;
  /** The active list that has gone longest without a change. */
  readonly oldestChangeAt: Date | undefined;
}

export async function summariseLists(context: AppContext, node: ListNode): Promise<ListsSummary> {
  const rows = (await readLists(context.database.sql)).filter((row) => !row.is_canary);
  const active = rows.filter((row) => row.state === 'active');
  const states = active.flatMap((row) => node.lists().get(row.id) ?? []);
  const times = rows.map((row) => row.changed_at.getTime());
  const activeTimes = active.map((row) => row.changed_at.getTime());
  return {
    ...node.freshness(),
    activeLists: active.length,
    disabledLists: rows.filter((row) => row.state === 'disabled').length,
    entries: states.reduce((sum, state) => sum + SIGNAL_TYPES.reduce((inList, type) => inList + state.inForce[type], 0), 0),
    lastChangeAt: times.length === 0 ? undefined : new Date(Math.max(...times)),
    oldestChangeAt: activeTimes.length === 0 ? undefined : new Date(Math.min(...activeTimes)),
  };
}
