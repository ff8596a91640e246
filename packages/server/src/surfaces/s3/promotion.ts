/**
 * Into the released bucket and out of it. What is written are the bytes that were screened, from our own storage, under a key that nobody else may
 * write: whatever was done to the object in quarantine meanwhile changes nothing. The store compares them with the digest of the receipt.
 */
import { createHash } from 'node:crypto';
import { GatehouseError } from '../../platform/errors.ts';
import type { UploadView } from '../../intake/index.ts';
import type { NewObject, ObjectHead } from './client.ts';
import { encodeKey, isFixed, type EncodedKey } from './key-rules.ts';
import type { S3Parts } from './parts.ts';
import { S3Fault } from './schema.ts';
import type { S3Row } from './store.ts';

interface Promotion {
  readonly row: S3Row;
  readonly view: UploadView;
  readonly signal: AbortSignal;
}

export interface Promoted {
  readonly versionId: string | null;
  /** False: it was there already, exactly so. */
  readonly isNew: boolean;
}

/** S3 allows 2 KB of metadata, names included. A receipt has about 600 bytes. */
const METADATA_BYTES_MAX = 2048;

/** Doing it again changes nothing. @throws {S3Fault}, {GatehouseError} of `openContent` */
export async function promote(parts: S3Parts, { row, view, signal }: Promotion): Promise<Promoted> {
  const object = describeObject(parts, view);
  const there = await parts.client.head(object, signal);
  if (isSame(there, object)) return { versionId: there?.versionId ?? null, isNew: false };
  const isCopied = parts.context.config.s3Promote === 'copy-version' && isFixed(row.version_id ?? undefined) && !row.is_removed;
  const hasRightBytes = isCopied ? await copyVersion(parts, object, { row, signal }) : await writeBytes(parts, object, { view, signal });
  const written = await parts.client.head(object, signal);
  if (!hasRightBytes || !isSame(written, object)) {
    // Every version: a deletion without one would only hide it.
    await withdrawObject(parts, view.id, signal);
    throw new S3Fault('bytes_differ', 'The object in the released bucket was not what was screened. It was taken out again.');
  }
  return { versionId: written?.versionId ?? null, isNew: true };
}

/** Every version, so that none can be read any more. */
export async function withdrawObject({ client, places }: S3Parts, uploadId: string, signal: AbortSignal): Promise<void> {
  const bucket = places.released;
  const key = toReleasedKey(uploadId);
  const listing = await client.list({ bucket, prefix: uploadId, areVersions: true }, signal).catch((error: unknown) => {
    if (error instanceof S3Fault && error.reason === 'unsupported') return undefined;
    throw error;
  });
  const versions = listing?.items.filter((item) => item.key === key) ?? [];
  for (const { versionId } of versions) await client.remove({ bucket, key, versionId }, signal);
  if (listing === undefined) await client.remove({ bucket, key }, signal);
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

async function writeBytes({ client, intake, context }: S3Parts, object: NewObject, { view, signal }: Pick<Promotion, 'view' | 'signal'>): Promise<boolean> {
  const content = await intake.openContent(view.id);
  try {
    if (content.sha256 !== object.sha256) throw new S3Fault('bytes_differ', 'The content kept here is not what the receipt is about.');
    await (object.sizeBytes > context.config.s3PartsAboveBytes ? client.putInParts : client.put)(object, content.stream, signal);
    // The store compared them with the digest that was signed.
    return true;
  } finally {
    content.stream.destroy();
  }
}

/** CopySourceIfMatch is not kept by every store (Ceph 16 ignores it), so what was copied is read again, whole. @returns whether it is what was screened */
async function copyVersion({ client, places }: S3Parts, object: NewObject, { row, signal }: Pick<Promotion, 'row' | 'signal'>): Promise<boolean> {
  await client.copy({ bucket: places.quarantine, key: row.object_key, versionId: row.version_id ?? undefined }, object, signal);
  const { stream } = await client.get(object, signal);
  const hash = createHash('sha256');
  for await (const chunk of stream as AsyncIterable<Buffer>) hash.update(chunk);
  return hash.digest('hex') === object.sha256;
}
