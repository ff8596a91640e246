/** What stores answer: XML, taken as hostile. Only elements that are direct children are read, by their local names. */
import { DOMParser } from '@xmldom/xmldom';
import { z } from 'zod';
import { encodeKey, readUrlEncoded, type EncodedKey } from './key-rules.ts';
import { S3Fault, type S3Reason } from './schema.ts';

export interface Listed {
  readonly kind: 'version' | 'marker';
  readonly key: EncodedKey;
  readonly versionId: string | undefined;
  readonly isLatest: boolean;
  readonly etag: string;
  readonly sizeBytes: number;
  readonly modifiedAt: Date;
}

export interface Listing {
  /** In the order of the answer: of one key the newest first, delete markers among them. */
  readonly items: readonly Listed[];
  /** Parameters of the next page. */
  readonly next: readonly (readonly [string, string])[] | undefined;
  /** Keys that cannot be read as text; they are taken by nobody. */
  readonly unreadable: number;
}

/** A thousand keys of 1,024 bytes, each three characters when encoded, and what is around them. */
export const ANSWER_BYTES_MAX = 8 * 1024 * 1024;

type XmlElement = NonNullable<ReturnType<DOMParser['parseFromString']>['documentElement']>;

/** @throws {S3Fault} malformed */
export function parseXml(text: string): XmlElement {
  const fail = (): never => {
    throw new S3Fault('malformed', 'The store answered with something that is no XML of S3.');
  };
  if (/<!DOCTYPE|<!ENTITY/i.test(text)) fail();
  const root = new DOMParser({ errorHandler: { warning: fail, error: fail, fatalError: fail } }).parseFromString(text, 'text/xml')?.documentElement;
  return root ?? fail();
}

function childrenOf(element: XmlElement, ...names: readonly string[]): XmlElement[] {
  const found: XmlElement[] = [];
  for (let node = element.firstChild; node !== null && node !== undefined; node = node.nextSibling) {
    if (node.nodeType === 1 && names.includes((node as XmlElement).localName ?? '')) found.push(node as XmlElement);
  }
  return found;
}

export function readText(element: XmlElement, name: string): string | undefined {
  return childrenOf(element, name)[0]?.textContent ?? undefined;
}

/** They come back to the store, and go into the database. */
const name = z.string().regex(/^[\x20-\x7e]{0,1024}$/);
const ItemSchema = z.object({ etag: name, versionId: name.optional(), sizeBytes: z.coerce.number().int().nonnegative(), modifiedAt: z.coerce.date() });

/** ListVersionsResult, or ListBucketResult (version 2). @throws {S3Fault} malformed */
export function readListing(text: string): Listing {
  const root = parseXml(text);
  const isVersions = root.localName === 'ListVersionsResult';
  if (!isVersions && root.localName !== 'ListBucketResult') throw new S3Fault('malformed', 'The store did not answer with a listing.');
  const decode = readText(root, 'EncodingType') === 'url' ? readUrlEncoded : (key: string) => key;
  const elements = isVersions ? childrenOf(root, 'Version', 'DeleteMarker') : childrenOf(root, 'Contents');
  const items = elements.map((element) => readItem(element, decode));
  const known = items.filter((item) => item !== undefined);
  return { items: known, unreadable: items.length - known.length, next: readNext(root, decode) };
}

function readItem(element: XmlElement, decode: (key: string) => string | undefined): Listed | undefined {
  const key = encodeKey(decode(readText(element, 'Key') ?? '') ?? '');
  if (key === undefined) return undefined;
  const kind = element.localName === 'DeleteMarker' ? 'marker' : 'version';
  const parsed = ItemSchema.safeParse({
    etag: (readText(element, 'ETag') ?? '').replaceAll('"', ''),
    versionId: readText(element, 'VersionId'),
    sizeBytes: kind === 'marker' ? 0 : readText(element, 'Size'),
    modifiedAt: readText(element, 'LastModified'),
  });
  if (!parsed.success) throw new S3Fault('malformed', 'The store answered with a listing that cannot be read.');
  const { versionId, ...data } = parsed.data;
  return { kind, key, versionId, isLatest: (readText(element, 'IsLatest') ?? 'true') === 'true', ...data };
}

function readNext(root: XmlElement, decode: (key: string) => string | undefined): Listing['next'] {
  if (readText(root, 'IsTruncated') !== 'true') return undefined;
  const token = readText(root, 'NextContinuationToken');
  if (token !== undefined) return [['continuation-token', token]];
  const keyMarker = decode(readText(root, 'NextKeyMarker') ?? '');
  if (keyMarker === undefined || keyMarker === '') throw new S3Fault('malformed', 'The store did not say where its listing goes on.');
  const versionIdMarker = readText(root, 'NextVersionIdMarker');
  return [['key-marker', keyMarker], ...(versionIdMarker === undefined || versionIdMarker === '' ? [] : [['version-id-marker', versionIdMarker] as const])];
}

const REASONS: Readonly<Record<string, S3Reason>> = {
  NoSuchKey: 'gone',
  NoSuchVersion: 'gone',
  MethodNotAllowed: 'gone',
  NoSuchBucket: 'no_bucket',
  AccessDenied: 'denied',
  InvalidAccessKeyId: 'credentials',
  SignatureDoesNotMatch: 'credentials',
  AuthorizationHeaderMalformed: 'credentials',
  RequestTimeTooSkewed: 'clock',
  PreconditionFailed: 'changed',
  XAmzContentSHA256Mismatch: 'bytes_differ',
  BadDigest: 'bytes_differ',
  NotImplemented: 'unsupported',
};
const STATUSES: Readonly<Record<number, S3Reason>> = { 403: 'denied', 501: 'unsupported' };
/** 405: the version is a delete marker. */
const HEAD_STATUSES: Readonly<Record<number, S3Reason>> = { 404: 'gone', 405: 'gone', 412: 'changed' };

/** Without a code of S3, 404 is the word of something that stands before the store: no object is given up for it. */
export function readFault(status: number, text: string): S3Fault {
  const code = /<Code>([A-Za-z0-9.]{1,64})<\/Code>/.exec(text)?.[1] ?? '';
  const reason = REASONS[code] ?? (code === '' ? STATUSES[status] : undefined) ?? (status >= 500 || status === 429 ? 'unavailable' : 'refused');
  return new S3Fault(reason, `The store answered ${status}${code === '' ? '' : ` ${code}`}.`);
}

/** An answer to HEAD has no body that could tell more. */
export function readHeadFault(status: number): S3Fault {
  const reason = HEAD_STATUSES[status];
  return reason === undefined ? readFault(status, '') : new S3Fault(reason, `The store answered ${status}.`);
}
