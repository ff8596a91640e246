/** Lists as banks and entries as bank contents: their names and numbers. Pure, and the same on every node and after every restart. */
import type { ListView } from '../../lists/index.ts';
import type { HmaBank } from './schema.ts';

type Named = Pick<ListView, 'id' | 'name'>;

const SUFFIX_LENGTH = 6;

/**
 * A name of the form `[A-Z_][A-Z0-9_]*`. Names of lists are unique in any case, so one that needs only capitals stays unique; one in which
 * characters had to be replaced gets the end of the list's id.
 */
export function toBankName({ id, name }: Named): string {
  if (/^[A-Z_][A-Z0-9_]*$/i.test(name)) return name.toUpperCase();
  const plain = name.toUpperCase().replaceAll(/[^A-Z0-9_]/g, '_');
  return `${/^\d/.test(plain) ? '_' : ''}${plain}_${id.slice(-SUFFIX_LENGTH).toUpperCase()}`;
}

/** No coin is flipped here: a list matches or does not. */
export function toBank(list: Named & Pick<ListView, 'state'>): HmaBank {
  return { name: toBankName(list), matching_enabled_ratio: list.state === 'active' ? 1 : 0 };
}

/** Entry numbers have 32 bits, and the whole must be exact in JavaScript: 21 are left for the list. */
const ENTRY_SPAN = 2 ** 32;
const LIST_BITS = 21;

/** FNV-1a of the id, folded: two of a hundred lists share a number once in 400 installations, and then the bank tells them apart. */
function numberOf(listId: string): number {
  let hash = 0x811c9dc5;
  for (let at = 0; at < listId.length; at += 1) hash = Math.imul(hash ^ listId.charCodeAt(at), 0x01000193);
  return ((hash >>> LIST_BITS) ^ hash) & (2 ** LIST_BITS - 1);
}

export function toContentId(listId: string, entry: number): number {
  return numberOf(listId) * ENTRY_SPAN + entry;
}

/** @returns undefined for an id of another list, or none at all */
export function toEntry(listId: string, contentId: string): number | undefined {
  if (!/^[1-9]\d{0,15}$/.test(contentId)) return undefined;
  const id = Number(contentId);
  const entry = id % ENTRY_SPAN;
  return Number.isSafeInteger(id) && entry > 0 && (id - entry) / ENTRY_SPAN === numberOf(listId) ? entry : undefined;
}
