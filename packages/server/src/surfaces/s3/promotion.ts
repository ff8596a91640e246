/**
 * Into the released bucket and out of it. What is written are the bytes that were screened, from our own storage, under a key that nobody else may
 * write: whatever was done to the object in quarantine meanwhile changes nothing. The store compares them with the digest of the receipt.
 */
import { createHash } from 'node:crypto';
import { GatehouseError } from '../../platform/errors.ts';
import type { UploadView } from '../../intake/index.ts';
import type { NewObject, ObjectHead, ObjectName } from './client.ts';
import { decodeKey, encodeKey, isFixed, type EncodedKey } from './key-rules.ts';
import type { S3Parts } from './parts.ts';
import { S3Fault } from './schema.ts';
import type { S3Row } from './store.ts';

interface Promotion {
  readonly row: S3Row;
  readonly view: UploadView;
  /** Nothing can have been written of it: it need not be looked for. */
  readonly isFirst: boolean;
  readonly signal: AbortSignal;
}

export interface Promoted {
  readonly versionId: string | null;
  /** False: it was there already, exactly so. */
  readonly isNew: boolean;
}

/** S3 allows 2 KB of metadata, names included. A receipt has about 600 bytes. */
const METADATA_BYTES_MAX = 2048;
/** Versions that no listing named. */
const UNLISTED_MAX = 8;

/** Doing it again changes nothing. @throws {S3Fault}, {GatehouseError} of `openContent` */
export async function promote(parts: S3Parts, promotion: Promotion): Promise<Promoted> {
  const { view, isFirst, signal } = promotion;
  const object = describeObject(parts, view);
  const there = isFirst ? undefined : await parts.client.head(object, signal);
  if (there !== undefined && (await isRight(parts, { object, there }, promotion))) return { versionId: there.versionId ?? null, isNew: false };
  await write(parts, object, promotion);
  const written = await parts.client.head(object, signal);
  if (!isSame(written, object)) throw await takeOut(parts, object, signal);
  const { bucket, key } = object;
  // It had an earlier receipt.
  if (isFixed(there?.versionId)) await parts.client.remove({ bucket, key, versionId: there?.versionId }, signal);
  return { versionId: written?.versionId ?? null, isNew: true };
}

interface There {
  readonly object: NewObject;
  readonly there: ObjectHead;
}

async function isRight(parts: S3Parts, { object, there }: There, { row, view, signal }: Promotion): Promise<boolean> {
  if (!isSame(there, object)) return false;
  // Noted, it was compared then. Else somebody was stopped after writing it, or after the store copied it and before it was read.
  if (row.state === 'promoted' || (await hasRightBytes(parts, object, signal))) return true;
  await withdrawObject(parts, view.id, signal);
  return false;
}

function write(parts: S3Parts, object: NewObject, promotion: Promotion): Promise<void> {
  const { row } = promotion;
  const canCopy = isFixed(row.version_id ?? undefined) && !row.is_removed;
  return parts.context.config.s3Promote === 'copy-version' && canCopy ? copyVersion(parts, object, promotion) : writeBytes(parts, object, promotion);
}

/** Every version: a deletion without one would only hide it. @returns what to throw */
async function takeOut(parts: S3Parts, { key }: NewObject, signal: AbortSignal): Promise<S3Fault> {
  await withdrawObject(parts, decodeKey(key), signal);
  return new S3Fault('bytes_differ', 'The object in the released bucket was not what was screened. It was taken out again.');
}

/**
 * Every version, so that none can be read any more. Stores may list what was just written a moment later (Ceph 16 does): it is out when it can no
 * longer be asked for.
 * @returns whether there was any
 */
export async function withdrawObject(parts: S3Parts, uploadId: string, signal: AbortSignal): Promise<boolean> {
  const bucket = parts.places.released;
  const key = toReleasedKey(uploadId);
  let wasThere = await removeListed(parts, uploadId, signal);
  for (let turn = 0; turn < UNLISTED_MAX; turn += 1) {
    const head = await parts.client.head({ bucket, key }, signal);
    if (head === undefined) return wasThere;
    wasThere = true;
    await parts.client.remove({ bucket, key, versionId: head.versionId }, signal);
  }
  throw new S3Fault('unavailable', 'The object is still in the released bucket, although the store deleted it. It will be deleted again.');
}

async function removeListed({ client, places }: S3Parts, uploadId: string, signal: AbortSignal): Promise<boolean> {
  const bucket = places.released;
  const key = toReleasedKey(uploadId);
  let wasThere = false;
  for (;;) {
    const listing = await client.list({ bucket, prefix: uploadId, areVersions: true }, signal).catch((error: unknown) => {
      if (error instanceof S3Fault && error.reason === 'unsupported') return undefined;
      throw error;
    });
    if (listing === undefined) return removeNewest(client, { bucket, key }, signal);
    const versions = listing.items.filter((item) => item.key === key);
    for (const { versionId } of versions) await client.remove({ bucket, key, versionId }, signal);
    wasThere ||= versions.length > 0;
    if (versions.length === 0 || listing.next === undefined) return wasThere;
  }
}

/** Deleted whatever HEAD says: of all answers it alone cannot tell a 404 of the store from one of something before it. */
async function removeNewest(client: S3Parts['client'], name: ObjectName, signal: AbortSignal): Promise<boolean> {
  const head = await client.head(name, signal);
  await client.remove(name, signal);
  return head !== undefined;
}

export function toReleasedKey(uploadId: string): EncodedKey {
  const key = encodeKey(uploadId);
  if (key === undefined) throw new GatehouseError('internal', 'An id of an upload is no key.');
  return key;
}

function describeObject({ places }: S3Parts, view: UploadView): NewObject {
  const { id, sha256, sizeBytes, receipt, mediaType } = view;
  if (sha256 === undefined || sizeBytes === undefined || receipt === undefined)
    throw new GatehouseError('internal', 'An upload without a receipt is not promoted.');
  const metadata = { 'gatehouse-upload': id, 'gatehouse-sha256': sha256, 'gatehouse-receipt': receipt };
  const metadataBytes = Object.entries(metadata).reduce((sum, [name, value]) => sum + name.length + value.length, 0);
  const { 'gatehouse-receipt': _, ...small } = metadata;
  return {
    bucket: places.released,
    key: toReleasedKey(id),
    sha256,
    sizeBytes,
    mediaType: mediaType ?? 'application/octet-stream',
    metadata: metadataBytes > METADATA_BYTES_MAX ? small : metadata,
  };
}

function isSame(head: ObjectHead | undefined, { sizeBytes, metadata }: NewObject): boolean {
  return head?.sizeBytes === sizeBytes && Object.entries(metadata).every(([name, value]) => head.metadata[name] === value);
}

async function writeBytes({ client, intake, context }: S3Parts, object: NewObject, { view, signal }: Pick<Promotion, 'view' | 'signal'>): Promise<void> {
  const content = await intake.openContent(view.id);
  try {
    if (content.sha256 !== object.sha256) throw new S3Fault('bytes_differ', 'The content kept here is not what the receipt is about.');
    // The store compares them with the digest that is signed.
    await (object.sizeBytes > context.config.s3PartsAboveBytes ? client.putInParts : client.put)(object, content.stream, signal);
  } finally {
    content.stream.destroy();
  }
}

/** CopySourceIfMatch is not kept by every store (Ceph 16 ignores it), so what was copied is read again, whole. */
async function copyVersion(parts: S3Parts, object: NewObject, { row, signal }: Pick<Promotion, 'row' | 'signal'>): Promise<void> {
  const { client, places } = parts;
  try {
    await client.copy({ bucket: places.quarantine, key: row.object_key, versionId: row.version_id ?? undefined }, object, signal);
    if (await hasRightBytes(parts, object, signal)) return;
  } catch (error) {
    // It may be there, and nobody has compared it. Where this fails too, the next attempt finds it.
    await takeOut(parts, object, signal).catch(() => undefined);
    throw error;
  }
  throw await takeOut(parts, object, signal);
}

async function hasRightBytes({ client }: S3Parts, object: NewObject, signal: AbortSignal): Promise<boolean> {
  const { stream } = await client.get(object, signal);
  const hash = createHash('sha256');
  try {
    for await (const chunk of stream as AsyncIterable<Buffer>) hash.update(chunk);
  } catch (cause) {
    throw new S3Fault('unavailable', 'The answer of the store broke off.', cause);
  }
  return hash.digest('hex') === object.sha256;
}
