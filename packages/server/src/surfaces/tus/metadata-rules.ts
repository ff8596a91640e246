/** `Upload-Metadata`: pairs of a key and a value in base64. Written by whoever sends; hostile. */
import { GatehouseError } from '../../platform/errors.ts';
import type { Metadata } from './protocol.ts';

const HEADER_CHARS_MAX = 4096;
const PAIRS_MAX = 32;
const PAIR = /^([\x21-\x2b\x2d-\x7e]+)(?: ((?:[A-Za-z0-9+/]{4})*(?:[A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?))?$/;

/** @throws {GatehouseError} invalid_request */
export function parseMetadata(raw: string): Metadata {
  if (raw.length > HEADER_CHARS_MAX) throw refuse(`may hold at most ${HEADER_CHARS_MAX} characters`);
  const values = new Map<string, string>();
  const pairs = raw.trim() === '' ? [] : raw.split(',');
  if (pairs.length > PAIRS_MAX) throw refuse(`may hold at most ${PAIRS_MAX} pairs`);
  for (const pair of pairs) {
    const [, key, value = ''] = PAIR.exec(pair.trim()) ?? [];
    if (key === undefined) throw refuse('must be pairs of a key and a value in base64, separated by commas');
    if (values.has(key)) throw refuse('names a key twice');
    values.set(key, Buffer.from(value, 'base64').toString('utf8'));
  }
  return { raw, values };
}

const SHA256 = /^[0-9a-f]{64}$/i;

/** What Gatehouse itself reads of it. @throws {GatehouseError} invalid_request for a digest that is none */
export function readKnown(metadata: Metadata | undefined): {
  readonly sha256: string | undefined;
  readonly permit: string | undefined;
  readonly reference: string | undefined;
  readonly fileName: string | undefined;
} {
  const values = metadata?.values ?? new Map<string, string>();
  const sha256 = values.get('sha256');
  if (sha256 !== undefined && !SHA256.test(sha256)) throw refuse('has a sha256 that is not 64 hexadecimal digits');
  const reference = values.get('reference');
  if (reference !== undefined && reference.length > 200) throw refuse('has a reference of more than 200 characters');
  // No database of texts holds it: found out at the end, it would cost the whole file.
  if (reference?.includes('\0') === true) throw refuse('has a reference with the character U+0000');
  return { sha256: sha256?.toLowerCase(), permit: values.get('permit'), reference, fileName: values.get('filename') ?? values.get('name') };
}

function refuse(what: string): GatehouseError {
  return new GatehouseError('invalid_request', `Upload-Metadata ${what}. Nothing was created.`);
}
