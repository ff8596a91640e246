/** One form for each content, what changed between two of them, and whether a chain is whole. Pure. */
import type { Entry, Head, Verification } from './record-schema.ts';

export type Json = string | number | boolean | null | readonly Json[] | { readonly [key: string]: Json };

/** Keys in order, no spaces (in the manner of RFC 8785): equal contents are equal texts. */
export function toCanonical(value: unknown): string {
  if (Array.isArray(value)) return `[${value.map(toCanonical).join(',')}]`;
  if (typeof value !== 'object' || value === null) return JSON.stringify(value) ?? 'null';
  const members = Object.entries(value)
    .filter(([, member]) => member !== undefined)
    .toSorted(([a], [b]) => (a < b ? -1 : 1));
  return `{${members.map(([key, member]) => `${JSON.stringify(key)}:${toCanonical(member)}`).join(',')}}`;
}

const CHANGES_SHOWN = 50;

/** JSON pointers (RFC 6901) of what differs. Members of lists are told apart by their place. */
export function findChanges(before: string | undefined, after: string): string[] {
  if (before === undefined) return [''];
  const found: string[] = [];
  compare(JSON.parse(before) as Json, JSON.parse(after) as Json, { at: '', found });
  return found.slice(0, CHANGES_SHOWN);
}

function compare(before: Json | undefined, after: Json | undefined, { at, found }: { readonly at: string; readonly found: string[] }): void {
  if (isNested(before) && isNested(after) && Array.isArray(before) === Array.isArray(after)) {
    const [old, now] = [new Map(Object.entries(before)), new Map(Object.entries(after))];
    for (const key of new Set([...old.keys(), ...now.keys()])) compare(old.get(key), now.get(key), { at: `${at}/${escape(key)}`, found });
  } else if (before !== after) found.push(at);
}

function isNested(value: Json | undefined): value is readonly Json[] | { readonly [key: string]: Json } {
  return typeof value === 'object' && value !== null;
}

function escape(key: string): string {
  return key.replaceAll('~', '~0').replaceAll('/', '~1');
}

export const GENESIS: Head = { sequence: 0, hash: '0'.repeat(64) };

/** The text that an entry's hash is over. */
export function toHashed({ sequence, at, kind, actor, cause, content, previousHash }: Omit<Entry, 'hash'>): string {
  return toCanonical({ sequence, at: at.toISOString(), kind, actor, cause, content, previousHash });
}

export type Fault = NonNullable<Verification['fault']>;

/** The first thing that is wrong with the next entry of a chain. @param hash SHA-256 of `toHashed(entry)` */
export function findFault(entry: Entry, before: Head, hash: string): Fault | undefined {
  const fault = (reason: Fault['reason']): Fault => ({ sequence: entry.sequence, reason });
  if (entry.sequence !== before.sequence + 1) return { sequence: before.sequence + 1, reason: 'sequence' };
  if (entry.previousHash !== before.hash) return fault('previous_hash');
  return entry.hash === hash ? undefined : fault('hash');
}
