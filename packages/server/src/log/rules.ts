/** From an event to the bytes that stand in the log. Pure. */
import { sha256 } from '@gatehouse/tlog';
import type { EventMap, EventName } from '../platform/events.ts';
import type { LogRecord, PublicEntry } from './schema.ts';

/**
 * What outsiders may read of each kind. Nothing that names a person, an upload or a match, and no verdict: who watches the log while their
 * upload is decided must not learn from it why. Everything else is only committed to.
 */
const PUBLIC_FIELDS: { readonly [Name in EventName]: readonly (keyof EventMap[Name] & string)[] } = {
  'list.changed': ['listSetVersion', 'change'],
  'upload.decided': ['listSetVersion', 'policyVersion'],
  'upload.content_viewed': [],
  'receipt.issued': [],
  'receipt.revoked': [],
  'age.trust_changed': ['change'],
  'age.service_changed': ['change'],
  'age.result': [],
  'access.changed': ['change'],
};

export const LOGGED_EVENTS: readonly EventName[] = Object.keys(PUBLIC_FIELDS) as EventName[];

/** The text of an entry: JSON with its members in this order, no spaces. */
export function toEntryText(record: LogRecord): string {
  const entry: PublicEntry = {
    v: 1,
    kind: record.kind,
    at: `${record.at.toISOString().slice(0, 16)}Z`,
    fields: pickPublic(record),
    commitment: commitTo(record),
  };
  return JSON.stringify(entry);
}

function pickPublic({ kind, body }: LogRecord): PublicEntry['fields'] {
  const names: readonly string[] = PUBLIC_FIELDS[kind];
  return Object.fromEntries(names.flatMap((name) => (typeof body[name] === 'string' || typeof body[name] === 'number' ? [[name, body[name]]] : [])));
}

/** base64url of SHA-256 over 16 bytes of salt and the canonical text of kind, time and payload. */
export function commitTo({ kind, at, body, salt }: LogRecord): string {
  const text = Buffer.from(toCanonicalText([kind, at.toISOString(), body]));
  return Buffer.from(sha256(Buffer.concat([salt, text]))).toString('base64url');
}

/** JSON with the members of every object in the order of their names: a database that keeps objects otherwise changes nothing. */
export function toCanonicalText(value: unknown): string {
  if (Array.isArray(value)) return `[${value.map(toCanonicalText).join(',')}]`;
  if (typeof value !== 'object' || value === null) return JSON.stringify(value);
  const members = Object.entries(value)
    .filter(([, member]) => member !== undefined)
    .toSorted(([a], [b]) => (a < b ? -1 : 1));
  return `{${members.map(([name, member]) => `${JSON.stringify(name)}:${toCanonicalText(member)}`).join(',')}}`;
}

/** The name of the log: its address without scheme and without a slash at the end (C2SP tlog-tiles, "Parameters"). */
export function toOrigin(publicUrl: string): string {
  return `${publicUrl.replace(/^https?:\/\//, '').replace(/\/+$/, '')}/log`;
}
