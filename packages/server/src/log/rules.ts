/** From an event to the bytes that stand in the log. Pure. */
import { sha256 } from '@gatehouse/tlog';
import type { EventMap, EventName } from '../platform/events.ts';
import type { LogRecord, PublicEntry } from './schema.ts';

/**
 * What outsiders may read of each kind. Nothing that names a person, an upload or a match, and no verdict: who watches the log while their
 * upload is decided must not learn from it why. Everything else is only committed to.
 */
export const PUBLIC_FIELDS: { readonly [Name in EventName]: readonly (keyof EventMap[Name] & string)[] } = {
  'list.changed': ['listSetVersion', 'change'],
  'upload.decided': ['listSetVersion', 'policyVersion'],
  'scan.decided': ['listSetVersion', 'policyVersion'],
  'upload.content_viewed': [],
  'upload.requeued': [],
  'upload.ended': [],
  'receipt.issued': [],
  'receipt.revoked': [],
  'age.trust_changed': ['change'],
  'age.service_changed': ['change'],
  'age.result': [],
  'code.changed': ['change'],
  'code.evaluated': ['evaluationId', 'digest', 'catalogueVersion', 'measures'],
  'code.record_signed': ['kind', 'version', 'digest'],
  'log.witness_changed': ['change'],
  'age.record_written': ['record'],
  'config.changed': ['setting', 'change'],
  'policy.changed': ['policyVersion'],
  'key.changed': ['purpose'],
  'backup.made': ['change'],
  'backup.restored': [],
  'country.changed': ['country', 'change'],
  'notice.changed': [],
  'notice.url_viewed': [],
  'register.changed': ['change', 'digest'],
  'register.checked': ['runId', 'digest', 'checks', 'passed'],
  'access.changed': ['change'],
};

/**
 * Which field of a record says what it is about: by it an entry is found, and held against the rows of its domain. Null: about nothing that could be
 * named, such as an answered question about an age.
 */
export const ID_FIELDS: { readonly [Name in EventName]: (keyof EventMap[Name] & string) | null } = {
  'list.changed': 'listSetVersion',
  'upload.decided': 'uploadId',
  'scan.decided': 'scanId',
  'upload.content_viewed': 'uploadId',
  'upload.requeued': 'uploadId',
  'upload.ended': 'uploadId',
  'receipt.issued': 'receiptId',
  'receipt.revoked': 'receiptId',
  'age.trust_changed': 'subject',
  'age.service_changed': 'service',
  'age.result': null,
  'age.record_written': 'sequence',
  'code.changed': 'subject',
  'code.evaluated': 'evaluationId',
  'code.record_signed': 'recordId',
  'log.witness_changed': 'subject',
  'config.changed': 'setting',
  'policy.changed': 'policyVersion',
  'key.changed': 'keyId',
  'backup.made': 'backupId',
  'backup.restored': 'restoreId',
  'country.changed': 'country',
  'notice.changed': 'reportId',
  'notice.url_viewed': 'reportId',
  'register.changed': 'changeId',
  'register.checked': 'runId',
  'access.changed': 'subject',
};

export const LOGGED_EVENTS: readonly EventName[] = Object.keys(PUBLIC_FIELDS) as EventName[];

export function isLoggedKind(kind: string): kind is EventName {
  return Object.hasOwn(PUBLIC_FIELDS, kind);
}

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
  const fields: PublicEntry['fields'] = {};
  for (const name of PUBLIC_FIELDS[kind]) {
    const value = body[name];
    if (typeof value === 'string' || typeof value === 'number') fields[name] = value;
  }
  return fields;
}

/** base64url of SHA-256 over 16 bytes of salt and the canonical text of kind, time and payload. */
export function commitTo({ kind, at, body, salt }: LogRecord): string {
  const text = Buffer.from(toCanonicalText([kind, at.toISOString(), body]));
  const { buffer, byteOffset, length } = sha256(Buffer.concat([salt, text]));
  return Buffer.from(buffer, byteOffset, length).toString('base64url');
}

/** JSON with the members of every object in the order of their names: a database that keeps objects otherwise changes nothing. */
export function toCanonicalText(value: unknown): string {
  if (Array.isArray(value)) return `[${value.map(toCanonicalText).join(',')}]`;
  if (typeof value !== 'object' || value === null) return JSON.stringify(value);
  // A loop: this is asked for every entry, and chains of arrays take twice the time.
  let text = '';
  for (const name of Object.keys(value).toSorted()) {
    const member: unknown = Reflect.get(value, name);
    if (member !== undefined) text += `${text === '' ? '' : ','}${JSON.stringify(name)}:${toCanonicalText(member)}`;
  }
  return `{${text}}`;
}

/** The name of the log: its address without scheme and without a slash at the end (C2SP tlog-tiles, "Parameters"). */
export function toOrigin(publicUrl: string): string {
  return `${publicUrl.replace(/^https?:\/\//, '').replace(/\/+$/, '')}/log`;
}
