/** References to Token Status Lists, and what the lists at hand say. Nothing is ever fetched here: an issuer must not learn where its credential is shown. */
import type { CborMap, CborValue } from './cbor.ts';
import { CredentialError } from './errors.ts';

export interface StatusReference {
  readonly uri: string;
  readonly index: number;
}

/** The lists that were fetched before, on a schedule. */
export interface StatusLists {
  /** `unknown`: there is no list of this address, or it is too old to be believed. */
  statusOf(uri: string, index: number, now: Date): 'valid' | 'invalid' | 'suspended' | 'unknown';
}

/** The claim `status` of a CBOR or JSON credential; undefined when there is none. @throws {CredentialError} `status_malformed` */
export function readStatusReference(value: CborValue | object): StatusReference | undefined {
  if (value === undefined) return undefined;
  const list = read(value, 'status_list');
  // Other mechanisms (identifier lists) are not supported: a credential that has only those cannot be shown to be valid.
  const [uri, index] = [read(list, 'uri'), read(list, 'idx')];
  if (typeof uri !== 'string' || typeof index !== 'number' || !Number.isInteger(index) || index < 0) throw new CredentialError('status_malformed');
  return { uri, index };
}

function read(value: unknown, name: string): unknown {
  if (value instanceof Map) return (value as CborMap).get(name);
  return typeof value === 'object' && value !== null && Object.hasOwn(value, name) ? Reflect.get(value, name) : undefined;
}

/** Without lists, only credentials without a status pass. @throws {CredentialError} */
export function checkStatus(
  status: StatusReference | undefined,
  { statusLists, now }: { readonly statusLists?: StatusLists | undefined; readonly now: Date },
): void {
  if (status === undefined) return;
  const found = statusLists?.statusOf(status.uri, status.index, now) ?? 'unknown';
  if (found === 'unknown') throw new CredentialError('status_unknown');
  if (found === 'invalid') throw new CredentialError('status_revoked');
  if (found === 'suspended') throw new CredentialError('status_suspended');
}
