/**
 * Keys of objects. Inside, a key is always in its encoded form: the path of a request, and what is signed, byte for byte. Keys are the uploader's to
 * choose in some set-ups, and `a/../b`, a NUL or a line break in one must never name another object.
 */

/** A key in the encoding of AWS Signature Version 4: everything but unreserved characters and the slash is %XX, in capitals. */
export type EncodedKey = string & { readonly __brand: 'EncodedKey' };

/** RFC 3986, 2.3; the slash separates. */
const PLAIN = /[A-Za-z0-9\-._~]/;
const KEY_BYTES_MAX = 1024;

export function encodePart(text: string): string {
  let encoded = '';
  for (const byte of Buffer.from(text, 'utf8')) {
    const character = String.fromCodePoint(byte);
    encoded += PLAIN.test(character) ? character : `%${byte.toString(16).toUpperCase().padStart(2, '0')}`;
  }
  return encoded;
}

/** @returns undefined for what cannot be a key */
export function encodeKey(key: string): EncodedKey | undefined {
  if (key === '' || Buffer.byteLength(key) > KEY_BYTES_MAX || /\p{Surrogate}/u.test(key)) return undefined;
  return key.split('/').map(encodePart).join('/') as EncodedKey;
}

/** The URL encoding of listings (`encoding-type=url`) and events: a space may be a plus. */
export function readUrlEncoded(text: string): string | undefined {
  try {
    return decodeURIComponent(text.replaceAll('+', ' '));
  } catch {
    return undefined;
  }
}

export function decodeKey(key: EncodedKey): string {
  return decodeURIComponent(key);
}

export interface Version {
  readonly versionId: string | undefined;
  readonly etag: string;
  readonly modifiedAt: Date;
}

/**
 * What an object is known by: its version, or, in a bucket without versions, its entity tag and its time: the same bytes under the same key may come
 * again. `null` is the version that may be overwritten.
 */
export function nameVersion({ versionId, etag, modifiedAt }: Version): string {
  return isFixed(versionId) ? versionId : `etag:${etag} ${modifiedAt.toISOString()}`;
}

/** Whether the object that is there now is still that one. Times of answers have no milliseconds, and not every store sends one. */
export function isSameVersion(
  there: Omit<Version, 'modifiedAt' | 'versionId'> & { readonly modifiedAt: Date | undefined },
  listed: Omit<Version, 'versionId'>,
): boolean {
  if (there.etag !== listed.etag) return false;
  return there.modifiedAt === undefined || Math.abs(there.modifiedAt.getTime() - listed.modifiedAt.getTime()) < 1000;
}

/** Whether the bytes of this version can never be others. */
export function isFixed(versionId: string | undefined): versionId is string {
  return versionId !== undefined && versionId !== '' && versionId !== 'null';
}

/** What tools make to show a folder: there is no content in it. */
export function isFolderMark(key: EncodedKey, sizeBytes: number): boolean {
  return sizeBytes === 0 && key.endsWith('/');
}
