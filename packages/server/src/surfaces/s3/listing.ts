/** What is in the quarantine bucket, as its listing says. Events only say where to look earlier. */
import { newId } from '../../platform/ids.ts';
import type { Listed, Listing } from './answers.ts';
import { divide } from './listing-rules.ts';
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

/** @throws {S3Fault} */
export async function lookAtAll(parts: S3Parts, keys: readonly EncodedKey[], signal: AbortSignal): Promise<S3Reconciled> {
  const total = { listed: 0, found: 0 };
  for (const key of keys) {
    const { listed, found } = await lookAt(parts, key, signal);
    total.listed += listed;
    total.found += found;
  }
  return total;
}

export type PromptLook = (keys: readonly EncodedKey[], signal: AbortSignal) => Promise<S3Reconciled | undefined>;

/** The sender of an event waits meanwhile, some for no longer than 5 s (EventBridge). */
const PROMPT_MS = 2_000;
const PROMPT_KEYS_MAX = 8;
const PROMPT_AT_ONCE = 8;

/** `lookAtAll` where that is soon done. @returns undefined when it is not, or not now: what was named is then to be remembered for later */
export function createPromptLook(parts: S3Parts): PromptLook {
  let underWay = 0;
  return async (keys, signal) => {
    if (keys.length > PROMPT_KEYS_MAX || underWay >= PROMPT_AT_ONCE) return undefined;
    underWay += 1;
    try {
      return await lookAtAll(parts, keys, AbortSignal.any([signal, AbortSignal.timeout(PROMPT_MS)]));
    } catch {
      return undefined;
    } finally {
      underWay -= 1;
    }
  };
}

interface Range {
  readonly prefix: string;
  /** Only this one, of all that begin so. */
  readonly key?: EncodedKey;
  readonly signal: AbortSignal;
}

async function readPages(parts: S3Parts, { prefix, key, signal }: Range): Promise<S3Reconciled> {
  const { context } = parts;
  const { sql } = context.database;
  const total = { listed: 0, found: 0 };
  let areVersions = true;
  let next: Listing['next'];
  let marked: EncodedKey | undefined;
  const asked = new Set<string>();
  for (;;) {
    const page = await readPage(parts, { prefix, areVersions, next }, signal);
    areVersions = page.areVersions;
    const items = key === undefined ? page.items : page.items.filter((item) => item.key === key);
    const divided = divide(items, marked);
    ({ marked } = divided);
    const versions = divided.seen.filter((item) => !isFolderMark(item.key, item.sizeBytes));
    const now = context.clock.now();
    total.listed += versions.length;
    total.found += await insertFound(
      sql,
      versions.map((item) => toRow(parts, item)),
      now,
    );
    await hideVersions(
      sql,
      divided.hidden.map((item) => ({ object_key: item.key, version: nameVersion(item) })),
      now,
    );
    if (page.unreadable > 0) context.log.warn({ count: page.unreadable }, 'objects of the quarantine bucket have keys that cannot be read; they are not taken');
    // All versions of one key that is asked for stand together.
    if (page.next === undefined || (key !== undefined && items.length === 0)) return total;
    next = page.next;
    const place = JSON.stringify(next);
    if (asked.has(place)) throw new S3Fault('malformed', 'The listing of the store goes on where it was before.');
    asked.add(place);
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
    version: nameVersion(item),
    version_id: item.versionId ?? null,
    etag: item.etag,
    size_bytes: item.sizeBytes,
    modified_at: item.modifiedAt,
  };
}
