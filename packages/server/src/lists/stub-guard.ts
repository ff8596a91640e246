/** Stub mode and real lists exclude each other: at the start, at each change, and (another node's list) at each answer. */
import type { AppContext } from '../platform/context.ts';
import { GatehouseError } from '../platform/errors.ts';
import type { ListNode } from './list-node.ts';
import type { ListRow } from './store.ts';
import { isStubList } from './stub-rules.ts';

/** A list in force here that stub mode does not allow. */
export function findForeignList(node: Pick<ListNode, 'lists'>): ListRow | undefined {
  for (const { row, inForce } of node.lists().values()) {
    const entries = Object.values(inForce).reduce((sum, count) => sum + count, 0);
    if (row.state === 'active' && !isStubList(row, entries)) return row;
  }
  return undefined;
}

/** @throws {GatehouseError} config_invalid */
export function refuseForeignList(node: Pick<ListNode, 'lists'>): void {
  const foreign = findForeignList(node);
  if (foreign === undefined) return;
  throw new GatehouseError(
    'config_invalid',
    `Stub mode (GATEHOUSE_STUB_MODE) is on, but the list ${foreign.id} is active. Forced outcomes and real lists exclude each other: remove the setting, or use another data directory and database for tests. Nothing was changed.`,
  );
}

/** For whoever makes, enables, renames or fills a list. @throws {GatehouseError} conflict while stub mode is on and the list is none for it */
export function requireStubList({ config }: Pick<AppContext, 'config'>, list: Pick<ListRow, 'name' | 'is_canary' | 'state'>): void {
  if (!config.stubMode || list.state !== 'active' || isStubList(list, 0)) return;
  throw new GatehouseError('conflict', 'Stub mode is on: no list but the demonstration may be active. Nothing was changed. Remove GATEHOUSE_STUB_MODE first.');
}
