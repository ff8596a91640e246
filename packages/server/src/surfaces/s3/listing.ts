/** What is in the quarantine bucket, as its listing says. Events only say where to look earlier. */
import { newId } from '../../platform/ids.ts';
import type { Listed, Listing } from './answers.ts';
import { decodeKey, isFolderMark, nameVersion, type EncodedKey } from './key-rules.ts';
import type { S3Parts } from './parts.ts';
import { S3Fault, type S3Reconciled } from './schema.ts';
import { hideVersions, insertFound, noteListing, type NewRow } from './store.ts';
import { nameFault } from './steps.ts';

/** Every object under our prefix. @throws {S3Fault} */
export async function reconcile(parts: S3Parts, signal: AbortSignal): Promise<S3Reconciled> {
  const { context, places } = parts;
  try {
    const found = await readPages(parts, { prefix: places.prefix, signal });
    await noteListing(context.database.sql, places.quarantine, { at: context.clock.now(), fault: null });
    return found;
  } catch (error) {
    await noteListing(context.database.sql, places.quarantine, { at: context.clock.now(), fault: nameFault(error) });
    throw error;
  }
}

/** One key that an event named. What a store does not list yet, the next listing finds. */
export async function lookAt(parts: S3Parts, key: EncodedKey, signal: AbortSignal): Promise<S3Reconciled> {
  return readPages(parts, { prefix: decodeKey(key), key, signal });
}

interface Range {
  readonly prefix: string;
  /** Only this one, of all that begin so. */
  readonly key?: EncodedKey;
  readonly signal: AbortSignal;
}

async function readPages(parts: S3Parts, { prefix, key, signal }: Range): Promise<S3Reconciled> {
  const total = { listed: 0, found: 0 };
  let areVersions = true;
  let next: Listing['next'];
  // The delete marker stands before the versions it hides, perhaps on the page before.
  let hidden: EncodedKey | undefined;
  for (;;) {
    const page = await readPage(parts, { prefix, areVersions, next }, signal);
    areVersions = page.areVersions;
    const items = key === undefined ? page.items : page.items.filter((item) => item.key === key);
    const markers = new Set(items.filter(({ kind, isLatest }) => kind === 'marker' && isLatest).map((item) => item.key));
    if (hidden !== undefined) markers.add(hidden);
    hidden = [...markers].findLast((marker) => marker === items.at(-1)?.key);
    const versions = items.filter((item) => item.kind === 'version' && !markers.has(item.key) && !isFolderMark(item.key, item.sizeBytes));
    const { sql } = parts.context.database;
    const now = parts.context.clock.now();
    total.listed += versions.length;
    total.found += await insertFound(
      sql,
      versions.map((item) => toRow(parts, item)),
      now,
    );
    await hideVersions(sql, [...markers], now);
    if (page.unreadable > 0)
      parts.context.log.warn({ count: page.unreadable }, 'objects of the quarantine bucket have keys that cannot be read; they are not taken');
    // All versions of one key that is asked for stand together.
    if (page.next === undefined || (key !== undefined && items.length === 0)) return total;
    next = page.next;
  }
}

interface PageRequest {
  readonly prefix: string;
  readonly areVersions: boolean;
  readonly next: Listing['next'];
}

async function readPage({ client, places }: S3Parts, request: PageRequest, signal: AbortSignal): Promise<Listing & { areVersions: boolean }> {
  const bucket = places.quarantine;
  const list = async (areVersions: boolean): Promise<Listing & { areVersions: boolean }> => ({
    ...(await client.list({ bucket, prefix: request.prefix, areVersions, ...(request.next === undefined ? {} : { next: request.next }) }, signal)),
    areVersions,
  });
  try {
    return await list(request.areVersions);
  } catch (error) {
    // A store that knows no versions.
    if (error instanceof S3Fault && error.reason === 'unsupported' && request.areVersions && request.next === undefined) return list(false);
    throw error;
  }
}

function toRow({ context }: S3Parts, item: Listed): NewRow {
  return {
    id: newId('s3o', context.clock),
    object_key: item.key,
    version: nameVersion(item.versionId, item.etag),
    version_id: item.versionId ?? null,
    etag: item.etag,
    size_bytes: item.sizeBytes,
    modified_at: item.modifiedAt,
  };
}
