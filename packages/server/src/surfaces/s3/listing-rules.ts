/** Which versions of a listing are there for us. Pure. */
import type { Listed } from './answers.ts';
import type { EncodedKey } from './key-rules.ts';

export interface Divided {
  readonly seen: readonly Listed[];
  /** Under a delete marker: the service took the object back, also when something was stored under its key since. */
  readonly hidden: readonly Listed[];
  /** The versions that a marker hides may stand on the next page. */
  readonly marked: EncodedKey | undefined;
}

/** @param markedBefore what the page before this one ended with */
export function divide(items: readonly Listed[], markedBefore: EncodedKey | undefined): Divided {
  // Some stores name the markers after all the versions.
  const latest = new Set(items.filter(({ kind, isLatest }) => kind === 'marker' && isLatest).map((item) => item.key));
  const seen: Listed[] = [];
  const hidden: Listed[] = [];
  let marked = markedBefore;
  for (const item of items) {
    if (item.kind === 'marker') marked = item.key;
    else (item.key === marked || latest.has(item.key) ? hidden : seen).push(item);
  }
  return { seen, hidden, marked };
}
