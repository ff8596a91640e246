/** What the room offers: addresses for uploads, hints that something was stored, and what became of it. */
import type { Tx } from '../../platform/db/database.ts';
import type { Principal } from '../../platform/http/rights.ts';
import { GatehouseError } from '../../platform/errors.ts';
import { randomHex } from '../../platform/ids.ts';
import { isSameText } from '../../platform/http/body.ts';
import type { SurfaceParts } from '../room.ts';
import { readConfirmation, readHints } from './event-rules.ts';
import { decodeKey, encodeKey, type EncodedKey } from './key-rules.ts';
import { createPromptLook, lookAtAll, reconcile } from './listing.ts';
import { createS3Parts, type S3Parts } from './parts.ts';
import { toReleasedKey } from './promotion.ts';
import { locate } from './requests.ts';
import { reviewStore } from './review.ts';
import { OBJECT_STATES, S3Fault, type NewS3Upload, type S3Object, type S3Reconciled, type S3Review, type S3Status, type S3Upload } from './schema.ts';
import { presign, signPolicy } from './signature.ts';
import { findUpload } from './steps.ts';
import { countObjects, deleteOld, findByUpload, insertAnnounced, isAnnounced, readListingState, wakeUpload } from './store.ts';
import { createWorker } from './worker.ts';

export interface S3Service {
  readonly name: 's3';
  readonly isOn: boolean;
  /** @throws {GatehouseError} not_found when no store is configured; invalid_request; those of intake */
  createUpload(input: NewS3Upload, principal: Principal): Promise<S3Upload>;
  /** @throws {GatehouseError} not_found */
  findObject(uploadId: string): Promise<S3Object>;
  /** Events are hints: the keys that they name are looked at, at once or soon. @returns how many */
  takeHints(message: unknown, signal: AbortSignal): Promise<number>;
  /** @throws {GatehouseError} unauthenticated */
  requireSecret(secret: string): void;
  lookAt(keys: readonly string[], signal: AbortSignal): Promise<void>;
  reconcile(signal: AbortSignal): Promise<S3Reconciled>;
  drain(signal: AbortSignal): Promise<number>;
  status(): Promise<S3Status>;
  review(): Promise<S3Review>;
  removeOld(): Promise<void>;
  start(): Promise<void>;
  stop(): Promise<void>;
}

export const LOOK_JOB = 'surfaces.s3_look';
const MINUTE_MS = 60_000;
const DAY_MS = 86_400_000;
const ANNOUNCED_DAYS = 30;
const OBJECT_DAYS = 400;
const KEY_BYTES = 20;
const LAG_S = 2;
/** Ceph heeds headers that were not signed: without this one a sender could make the object in quarantine public. Accepted where AWS knows no other. */
const OWNERS_ONLY = 'bucket-owner-full-control';

export async function createS3(surface: SurfaceParts): Promise<S3Service> {
  const parts = await createS3Parts(surface);
  const { context } = surface;
  const { clock, database, jobs } = context;
  const worker = parts === undefined ? undefined : createWorker(parts);
  const lookPromptly = parts === undefined ? undefined : createPromptLook(parts);
  const wakeFor = (seen: S3Reconciled | undefined): void => void ((seen?.found ?? 0) > 0 && worker?.wake());
  const need = (): S3Parts => {
    if (parts === undefined) throw new GatehouseError('not_found', 'No store is configured here (GATEHOUSE_S3_ENDPOINT).');
    return parts;
  };
  if (parts !== undefined) followUploads(parts);
  return {
    name: 's3',
    isOn: parts !== undefined,
    createUpload: (input, principal) => createUpload(need(), input, principal),
    findObject: (uploadId) => findObject(need(), uploadId),
    async takeHints(message, signal) {
      const { places } = need();
      const confirmation = readConfirmation(message);
      if (confirmation !== undefined) await context.outbound.send({ url: confirmation, method: 'GET', signal });
      const keys = readHints(message, { bucket: places.quarantine, prefix: places.prefix });
      if (keys.length === 0) return 0;
      const seen = await lookPromptly?.(keys, signal);
      wakeFor(seen);
      // Its sender is told that it was taken, so it must be: a job outlives this process. What is not listed yet will be in a moment.
      if (seen === undefined) await jobs.enqueue(LOOK_JOB, { keys });
      else if (seen.listed === 0) await jobs.enqueue(LOOK_JOB, { keys }, { delayS: LAG_S });
      return keys.length;
    },
    requireSecret(secret) {
      const expected = context.config.s3EventsSecret;
      if (expected === undefined || !isSameText(secret, expected))
        throw new GatehouseError('unauthenticated', 'That is not the address that events are sent to.');
    },
    lookAt: async (keys, signal) => wakeFor(await lookAtAll(need(), keys as readonly EncodedKey[], signal)),
    async reconcile(signal) {
      const reconciled = await askStore(() => reconcile(need(), signal));
      wakeFor(reconciled);
      return reconciled;
    },
    drain: async (signal) => (await worker?.drain(signal)) ?? 0,
    status: () => readStatus(context.database.sql, parts),
    review: () => reviewStore(need()),
    removeOld: () => {
      const before = (days: number): Date => new Date(clock.now().getTime() - days * DAY_MS);
      return deleteOld(database.sql, { announced: before(ANNOUNCED_DAYS), objects: before(OBJECT_DAYS) });
    },
    start: async () => worker?.start(),
    async stop() {
      await worker?.stop();
      await parts?.client.close();
    },
  };
}

function followUploads({ context: { clock, database, events } }: S3Parts): void {
  const follow = (uploadId: string, tx: Tx | undefined, to?: 'kept' | 'received'): Promise<void> =>
    wakeUpload(tx ?? database.sql, uploadId, { at: clock.now(), to });
  events.on('upload.requeued', ({ uploadId }, tx) => follow(uploadId, tx));
  events.on('upload.decided', ({ uploadId, disposition }, tx) => follow(uploadId, tx, disposition === 'release' ? undefined : 'received'));
  events.on('upload.ended', ({ uploadId, change }, tx) => follow(uploadId, tx, change === 'deleted' ? 'kept' : undefined));
  events.on('receipt.revoked', ({ uploadId, reason }, tx) => follow(uploadId, tx, reason === 'list_change' ? 'kept' : undefined));
}

async function askStore<T>(ask: () => Promise<T>): Promise<T> {
  try {
    return await ask();
  } catch (cause) {
    if (!(cause instanceof S3Fault)) throw cause;
    throw new GatehouseError('storage_failed', `${cause.message} (${cause.reason}) Nothing was changed; see \`gatehouse s3 check\`.`, { cause });
  }
}

async function createUpload(parts: S3Parts, { method, ...input }: NewS3Upload, principal: Principal): Promise<S3Upload> {
  const { places, context, credentials } = parts;
  const { sizeBytes } = input;
  if (method === 'PUT' && sizeBytes === undefined) throw wrong('sizeBytes', 'is needed for PUT, which is signed for exactly as many bytes');
  if (sizeBytes !== undefined && (sizeBytes < 1 || sizeBytes > places.maxBytes)) throw wrong('sizeBytes', `must be from 1 to ${places.maxBytes}`);
  const { view } = await parts.intake.create(input, { principal, idempotencyKey: undefined });
  const now = context.clock.now();
  const minutes = Math.min(context.config.s3PresignMinutes, context.config.uploadTtlMinutes);
  const expiresAt = new Date(now.getTime() + minutes * MINUTE_MS);
  const key = encodeKey(`${places.prefix}${randomHex(KEY_BYTES)}`);
  if (key === undefined) throw new GatehouseError('config_invalid', 'GATEHOUSE_S3_KEY_PREFIX can begin no key.');
  await insertAnnounced(context.database.sql, { object_key: key, upload_id: view.id, size_bytes: sizeBytes ?? null, expires_at: expiresAt });
  const place = locate({ endpoint: places.publicEndpoint, isPathStyle: context.config.s3PathStyle }, places.quarantine);
  const reply = { id: view.id, method, expiresAt: expiresAt.toISOString(), statusUrl: `/v1/uploads/${view.id}` };
  if (method === 'POST') {
    const maxBytes = sizeBytes ?? places.maxBytes;
    const policy = { bucket: places.quarantine, key: decodeKey(key), minBytes: sizeBytes ?? 1, maxBytes, expiresAt };
    return { ...reply, url: `${place.origin}${place.path}/`, fields: signPolicy(policy, credentials, now), headers: {} };
  }
  const headers = { 'content-length': String(sizeBytes), 'x-amz-acl': OWNERS_ONLY };
  const path = `${place.path}/${key}`;
  const query = presign({ method, host: place.host, path, headers }, credentials, { now, expiresS: minutes * 60 });
  return { ...reply, url: `${place.origin}${path}?${query}`, fields: {}, headers };
}

function wrong(at: string, message: string): GatehouseError {
  return new GatehouseError('invalid_request', 'Some fields are missing or wrong. Nothing was created.', { errors: [{ at: `/${at}`, message }] });
}

async function findObject(parts: S3Parts, uploadId: string): Promise<S3Object> {
  const { context, places } = parts;
  const { sql } = context.database;
  const id = uploadId;
  const row = await findByUpload(sql, uploadId);
  if (row === undefined) {
    if (await isAnnounced(sql, uploadId)) return { id, state: 'waiting' };
    throw new GatehouseError('not_found', 'No object of the store belongs to this upload.');
  }
  const fault = row.fault === null ? {} : { fault: row.fault };
  if (row.state !== 'promoted') return { id, state: row.state, ...fault };
  // On its way out of the released bucket: the store may be away.
  const view = await findUpload(parts, uploadId, { waitS: 0, signal: context.stopping });
  if (view !== undefined && view.state !== 'released' && view.state !== 'expired') return { id, state: 'received', ...fault };
  const versionId = row.released_version === null ? {} : { versionId: row.released_version };
  return { id, state: row.state, ...fault, released: { bucket: places.released, key: toReleasedKey(uploadId), ...versionId } };
}

async function readStatus(sql: SurfaceParts['context']['database']['sql'], parts: S3Parts | undefined): Promise<S3Status> {
  const { byState, failing, oldestWaitingAt } = await countObjects(sql);
  const listing = parts === undefined ? undefined : await readListingState(sql, parts.places.quarantine);
  return {
    isOn: parts !== undefined,
    ...(parts === undefined ? {} : { endpoint: parts.places.endpoint, quarantineBucket: parts.places.quarantine, releasedBucket: parts.places.released }),
    objects: Object.fromEntries(OBJECT_STATES.map((state) => [state, byState[state] ?? 0])) as S3Status['objects'],
    failing,
    ...(oldestWaitingAt === undefined ? {} : { oldestWaitingAt: oldestWaitingAt.toISOString() }),
    ...(listing?.listed_at === null || listing === undefined ? {} : { lastListedAt: listing.listed_at.toISOString() }),
    ...(listing?.fault === null || listing === undefined ? {} : { lastListingFault: listing.fault }),
  };
}
