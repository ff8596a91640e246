/** The list of our own test pictures: real entries in the real index, with which nobody else's content is compared (matcher.ts). */
import type { AppContext } from '../platform/context.ts';
import type { EntryActions } from './entry-actions.ts';
import { createList } from './list-actions.ts';
import type { ListNode } from './list-node.ts';
import { findCanaryList } from './store-evidence.ts';

const NAME = 'Own test pictures';
const SOURCE = 'Gatehouse: generated pictures that are sent through the gate to see whether they are found';

/** Made when it is not there; entries that it lacks are added. @returns its id */
export async function keepCanaryList(
  context: AppContext,
  { node, entries }: { readonly node: ListNode; readonly entries: EntryActions },
  hashes: readonly string[],
): Promise<string> {
  const known = await findCanaryList(context.database.sql);
  const id =
    known ?? (await createList(context, { name: NAME, source: SOURCE, qualityFloor: 50, disposition: 'hold' }, { actor: 'system', isCanary: true })).id;
  if (known === undefined) await node.catchUp();
  // Adding what is there already changes nothing and makes no version.
  await entries.addEntries(
    id,
    hashes.map((value) => ({ type: 'pdq', value })),
    'system',
  );
  return id;
}
