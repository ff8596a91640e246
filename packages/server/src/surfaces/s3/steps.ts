/** One step of one object: read it into Gatehouse, or do what follows from what became of its upload. A step may run twice. */
import { GatehouseError, isGatehouseError, toGatehouseError } from '../../platform/errors.ts';
import type { UploadView } from '../../intake/index.ts';
import { principalOf } from '../room.ts';
import { decodeKey, isFixed, isSameVersion } from './key-rules.ts';
import type { S3Parts } from './parts.ts';
import { promote, withdrawObject } from './promotion.ts';
import { decideMove, planRetryS, type Standing } from './rules.ts';
import { S3Fault, type ObjectState } from './schema.ts';
import { bindUpload, findAnnounced, giveAnnouncedBack, takeAnnounced, type Announced, type S3Row, type Step } from './store.ts';

export const SURFACE = principalOf('s3');
/** An event of the upload comes first, as a rule. */
const LOOK_AGAIN_S = 5;
const REFERENCE_MAX = 200;
/** Once its bytes are here, its holder waits as long for the decision; then an event of the upload, or the next look, finds it. */
const DECISION_S = 5;

export interface Advance {
  /** The state before the step that this same holder took just now. */
  readonly after: ObjectState | undefined;
  readonly signal: AbortSignal;
}

/** Never throws: what failed is tried again later, for ever. */
export async function advance(parts: S3Parts, row: S3Row, how: Advance): Promise<Step> {
  try {
    return row.state === 'found' ? await fetchObject(parts, row, how.signal) : await followUpload(parts, row, how);
  } catch (error) {
    const fault = nameFault(error);
    parts.count('failed');
    parts.context.log.warn(
      { objectId: row.id, state: row.state, fault, attempts: row.attempts + 1 },
      'an object of the quarantine bucket waits; it will be tried again',
    );
    return { ...toStep(row), fault, attempts: row.attempts + 1, next_at: later(parts, planRetryS(row.attempts)) };
  }
}

/** A closed word. */
export function nameFault(error: unknown): string {
  return error instanceof S3Fault ? error.reason : toGatehouseError(error).code;
}

function toStep(row: S3Row): Step {
  const { state, fault, attempts, is_removed, released_version } = row;
  return { state, fault, attempts, is_removed, released_version, next_at: null };
}

function later({ context }: S3Parts, seconds: number): Date {
  return new Date(context.clock.now().getTime() + seconds * 1000);
}

async function fetchObject(parts: S3Parts, row: S3Row, signal: AbortSignal): Promise<Step> {
  const announced = await findAnnounced(parts.context.database.sql, row.object_key);
  const bound = await bind(parts, row, { announced, signal });
  if (bound.kind === 'ended') {
    const isRemoved = await removeQuarantined(parts, row, signal);
    return { ...leave(parts, row, { state: 'gone', fault: 'deleted' }), is_removed: isRemoved };
  }
  const isOther = !bound.isExtra && announced?.size_bytes !== null && announced?.size_bytes !== undefined && announced.size_bytes !== row.size_bytes;
  if (row.size_bytes > parts.places.maxBytes || isOther)
    return reject(parts, row, { uploadId: bound.uploadId, fault: isOther ? 'announced_differs' : 'too_large' });
  try {
    await receive(parts, row, { uploadId: bound.uploadId, signal });
  } catch (error) {
    return settleFailure(parts, row, { uploadId: bound.uploadId, error, signal });
  }
  return goOn(parts, row);
}

function goOn(parts: S3Parts, row: S3Row): Step {
  return { ...toStep(row), state: 'received', fault: null, attempts: 0, next_at: later(parts, 0) };
}

type Bound = { readonly kind: 'bound'; readonly uploadId: string; readonly isExtra: boolean } | { readonly kind: 'ended' };

/** The upload that this version is the content of: the one its key was given out for, or a new one. */
async function bind(
  parts: S3Parts,
  row: S3Row,
  { announced, signal }: { readonly announced: Announced | undefined; readonly signal: AbortSignal },
): Promise<Bound> {
  const { sql } = parts.context.database;
  const given = row.upload_id === null && announced !== undefined ? await takeAnnounced(sql, row.object_key, row.id) : undefined;
  const uploadId = row.upload_id ?? given;
  const isExtra = row.is_extra || (row.upload_id === null && announced !== undefined && given === undefined);
  if (uploadId === undefined) return renew(parts, row, { isExtra, reference: undefined });
  const view = await findUpload(parts, uploadId, { waitS: 0, signal });
  if (view === undefined || view.state === 'deleted') return { kind: 'ended' };
  // The object came too late, or the store was away for too long: nothing is lost by it, but its upload is another one.
  if (view.state === 'expired') return renew(parts, row, { isExtra, reference: view.reference });
  if (row.upload_id === null) await bindUpload(sql, row.id, { uploadId, isExtra });
  return { kind: 'bound', uploadId, isExtra };
}

async function renew(
  parts: S3Parts,
  row: S3Row,
  { isExtra, reference }: { readonly isExtra: boolean; readonly reference: string | undefined },
): Promise<Bound> {
  const key = decodeKey(row.object_key);
  // A key that the service chose is its name for the upload.
  const named = reference ?? (isExtra || key.length > REFERENCE_MAX || key.includes('\0') ? undefined : key);
  const { view } = await parts.intake.create(named === undefined ? {} : { reference: named }, { principal: SURFACE, idempotencyKey: undefined });
  await bindUpload(parts.context.database.sql, row.id, { uploadId: view.id, isExtra });
  return { kind: 'bound', uploadId: view.id, isExtra };
}

async function receive(parts: S3Parts, row: S3Row, { uploadId, signal }: { readonly uploadId: string; readonly signal: AbortSignal }): Promise<void> {
  const name = { bucket: parts.places.quarantine, key: row.object_key, versionId: row.version_id ?? undefined, etag: row.etag };
  const object = await parts.client.get(name, signal);
  try {
    // What the listing said and what is read are one thing, or it is read again.
    if (object.sizeBytes !== row.size_bytes) throw new S3Fault('changed', 'The object has another size than was listed.');
    const fileName = decodeKey(row.object_key).split('/').at(-1);
    await parts.intake.receive(uploadId, {
      feed: (sink) => sink(object.stream, { sizeBytes: object.sizeBytes, fileName }),
      principal: SURFACE,
      waitS: 0,
      signal,
    });
  } finally {
    object.stream.destroy();
  }
}

interface Failure {
  readonly uploadId: string;
  readonly error: unknown;
  readonly signal: AbortSignal;
}

/** What no further attempt can change. @throws what another attempt may */
async function settleFailure(parts: S3Parts, row: S3Row, { uploadId, error, signal }: Failure): Promise<Step> {
  const { sql } = parts.context.database;
  if (error instanceof S3Fault && (error.reason === 'gone' || error.reason === 'changed')) {
    // Read before, and its reader killed before that was noted.
    if ((await findUpload(parts, uploadId, { waitS: 0, signal }))?.sha256 !== undefined) return goOn(parts, row);
    // Whoever sends again under the key that was given to them sends the content of the same upload.
    const wasGiven = await giveAnnouncedBack(sql, row.object_key, row.id);
    await bindUpload(sql, row.id, { uploadId: null, isExtra: row.is_extra });
    if (!wasGiven) await parts.intake.remove(uploadId, SURFACE.id);
    return leave(parts, row, { state: 'gone', fault: error.reason });
  }
  if (isGatehouseError(error, 'digest_mismatch')) return reject(parts, row, { uploadId, fault: 'announced_differs' });
  if (isGatehouseError(error, 'too_large')) return reject(parts, row, { uploadId, fault: 'too_large' });
  if (isGatehouseError(error, 'conflict')) {
    // The upload got other content in another way.
    await renew(parts, row, { isExtra: true, reference: undefined });
    return { ...toStep(row), next_at: later(parts, 0) };
  }
  throw error;
}

/** The object stays in the bucket, for the operator; its upload is over. */
async function reject(parts: S3Parts, row: S3Row, why: { readonly uploadId: string; readonly fault: string }): Promise<Step> {
  await parts.intake.remove(why.uploadId, SURFACE.id);
  return leave(parts, row, { state: 'rejected', fault: why.fault });
}

function leave(parts: S3Parts, row: S3Row, end: { readonly state: 'gone' | 'rejected'; readonly fault: string }): Step {
  parts.count(end.state);
  return { ...toStep(row), ...end, attempts: 0 };
}

async function followUpload(parts: S3Parts, row: S3Row, how: Advance): Promise<Step> {
  const { signal } = how;
  const uploadId = row.upload_id ?? '';
  const view = await findUpload(parts, uploadId, toWait(how));
  const done = { ...toStep(row), fault: null, attempts: 0 };
  switch (decideMove(await judge(parts, row, view))) {
    case 'fetch':
      return { ...done, state: 'found', next_at: later(parts, 0) };
    case 'rescreen':
      await parts.intake.rescreen(uploadId, { principal: SURFACE, waitS: 0, signal });
      return { ...done, state: 'received', next_at: later(parts, LOOK_AGAIN_S) };
    case 'wait':
      return { ...done, state: 'received', next_at: later(parts, LOOK_AGAIN_S) };
    case 'withdraw':
      await takeOut(parts, row, signal);
      return { ...done, state: 'received', released_version: null, next_at: later(parts, 0) };
    case 'again':
      // Written perhaps, under the id of the upload that ended, and never noted.
      await takeOut(parts, row, signal);
      return { ...done, state: 'found', released_version: null, next_at: later(parts, 0) };
    case 'promote':
      return view === undefined ? done : promoteObject(parts, row, { view, ...how });
    case 'keep':
      await keepObject(parts, row, signal);
      return { ...done, state: 'kept', fault: nameKept(row, view), is_removed: await removeQuarantined(parts, row, signal) };
    case 'rest':
      return { ...done, is_removed: await removeQuarantined(parts, row, signal) };
  }
}

async function judge(parts: S3Parts, row: S3Row, view: UploadView | undefined): Promise<Standing> {
  const isOpen = row.state === 'received' && view?.disposition === 'release';
  const canHaveRunOut = view?.state === 'released' && isOpen && view.receipt === undefined;
  const receipt = view?.receipt !== undefined ? 'in_force' : canHaveRunOut && (await hasRunOut(parts, view.id)) ? 'over' : 'none';
  return { upload: view?.state, receipt, isPromoted: row.state === 'promoted', isOpen, isInQuarantine: !row.is_removed, isExtra: row.is_extra };
}

/** Intake gives out what the policy released without a receipt, and nothing whose receipt has ended. */
async function hasRunOut({ intake }: S3Parts, uploadId: string): Promise<boolean> {
  try {
    (await intake.openContent(uploadId)).stream.destroy();
    return false;
  } catch (error) {
    if (isGatehouseError(error, 'gone')) return true;
    // Of stub mode, or withdrawn at this moment. What passes, such as a database that is away, says nothing.
    if (isGatehouseError(error, 'conflict')) return false;
    throw error;
  }
}

async function takeOut(parts: S3Parts, row: S3Row, signal: AbortSignal): Promise<void> {
  if (await withdrawObject(parts, row.upload_id ?? '', signal)) parts.count('withdrawn');
}

async function promoteObject(parts: S3Parts, row: S3Row, { view, after, signal }: Advance & { readonly view: UploadView }): Promise<Step> {
  const step: Step = { ...toStep(row), state: 'promoted', fault: null, attempts: 0 };
  // Written and read again by the step before this one.
  const isWritten = row.state === 'promoted' && after === 'received';
  if (!isWritten) {
    // Before its bytes were here nothing can have been written of it.
    const promoted = await promote(parts, { row, view, isFirst: after === 'found', signal });
    if (row.state !== 'promoted') parts.count('promoted');
    // The clearance may have been withdrawn while it was written: looked at once more, before the object in quarantine is let go.
    if (promoted.isNew || row.state !== 'promoted') return { ...step, released_version: promoted.versionId, next_at: later(parts, 0) };
  }
  return { ...step, is_removed: await removeQuarantined(parts, row, signal) };
}

async function keepObject(parts: S3Parts, row: S3Row, signal: AbortSignal): Promise<void> {
  // It may have been written just before a node was killed, or by one whose lease had ended.
  await takeOut(parts, row, signal);
  if (row.state !== 'kept') parts.count('kept');
}

function nameKept(row: S3Row, view: UploadView | undefined): string | null {
  if (row.is_extra) return 'extra';
  return view?.state === 'released' ? 'no_receipt' : null;
}

type Wait = { readonly waitS: number; readonly signal: AbortSignal };

function toWait({ after, signal }: Advance): Wait {
  return { waitS: after === 'found' ? DECISION_S : 0, signal };
}

export async function findUpload({ intake }: S3Parts, id: string, wait: Wait): Promise<UploadView | undefined> {
  try {
    return await intake.get(id, { principal: SURFACE, ...wait });
  } catch (error) {
    if (error instanceof GatehouseError && error.code === 'not_found') return undefined;
    throw error;
  }
}

/** Only what Gatehouse holds itself, or nobody wants. In a bucket without versions another object may have come in its place: it stays. */
async function removeQuarantined({ client, places, context }: S3Parts, row: S3Row, signal: AbortSignal): Promise<boolean> {
  if (row.is_removed || context.config.s3KeepQuarantined) return row.is_removed;
  const name = { bucket: places.quarantine, key: row.object_key, versionId: row.version_id ?? undefined };
  if (!isFixed(name.versionId)) {
    const head = await client.head(name, signal);
    if (head === undefined || !isSameVersion(head, { etag: row.etag, modifiedAt: row.modified_at })) return true;
  }
  await client.remove(name, signal);
  return true;
}
