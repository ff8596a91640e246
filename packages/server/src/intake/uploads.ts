/** The upload resource: create, receive, show, delete, screen again. */
import { createHash } from 'node:crypto';
import type { Readable } from 'node:stream';
import { GatehouseError } from '../platform/errors.ts';
import { newId } from '../platform/ids.ts';
import type { Principal } from '../platform/http/rights.ts';
import { dropUnneeded } from './decisions.ts';
import { later, type Parts } from './parts.ts';
import { isStillClear, withdraw } from './revocation.ts';
import { areaOf, hasContent, nextState } from './rules.ts';
import type { CreateUpload, ListUploads, UploadPage, UploadView } from './schema.ts';
import { receiveNamed } from './passing.ts';
import type { Screener } from './screener.ts';
import type { Announced, Finished, Measured, Spooled } from './spool.ts';
import { findReceiptsOf, type Receipt } from './store-receipts.ts';
import { requeueUpload } from './store-decisions.ts';
import { abandonReceiving, acceptContent, beginReceiving, endUpload, findUpload, insertUpload, listUploads, noteIdempotency, type Upload } from './store.ts';
import { toView } from './views.ts';

export type UploadDeps = Parts & { readonly screener: Screener };

/**
 * Hands the content over: calls `sink` exactly once with the stream, and resolves when the whole body was well-formed. What surrounds
 * the content (multipart, a proxied request) stays the business of the surface.
 */
export type Feed = (sink: (stream: Readable, announced?: Announced, finished?: Finished) => Promise<void>) => Promise<void>;

const IDEMPOTENCY_KEY = /^[\x21-\x7e]{1,255}$/;

/** @throws {GatehouseError} outbound_refused, idempotency_conflict, invalid_request */
export async function createUpload(
  deps: UploadDeps,
  input: CreateUpload,
  by: { readonly principal: Principal; readonly idempotencyKey: string | undefined },
): Promise<{ readonly view: UploadView; readonly isReplay: boolean }> {
  const { context } = deps;
  if (input.callbackUrl !== undefined) context.outbound.checkUrl(input.callbackUrl);
  const createdAt = context.clock.now();
  const id = newId<'UploadId'>('upl', context.clock);
  const upload = {
    id,
    reference: input.reference,
    announcedBytes: input.sizeBytes,
    announcedSha256: input.sha256,
    callbackUrl: input.callbackUrl,
    createdBy: by.principal.id,
    createdAt,
    expiresAt: later(createdAt, { minutes: context.config.uploadTtlMinutes }),
  };
  const note =
    by.idempotencyKey === undefined ? undefined : { scope: scopeOf(by.principal, by.idempotencyKey), request: fingerprint(input), uploadId: id, createdAt };
  const stored = await context.database.transact(async (tx) => {
    const earlier = note === undefined ? undefined : await noteIdempotency(tx, note);
    if (earlier === undefined) return { upload: await insertUpload(tx, upload), isReplay: false };
    if (!earlier.request.equals(note?.request ?? Buffer.alloc(0)))
      throw new GatehouseError('idempotency_conflict', 'This Idempotency-Key came with another body before. Nothing was created.');
    const found = await findUpload(tx, earlier.uploadId);
    if (found === undefined) throw new GatehouseError('gone', 'The upload of this Idempotency-Key no longer exists.');
    return { upload: found, isReplay: true };
  });
  return { view: await show(deps, stored.upload, by.principal), isReplay: stored.isReplay };
}

/** Only a digest of principal and key is stored. */
function scopeOf(principal: Principal, key: string): Buffer {
  if (!IDEMPOTENCY_KEY.test(key)) throw new GatehouseError('invalid_request', 'An Idempotency-Key is 1 to 255 visible ASCII characters. Nothing was created.');
  return createHash('sha256')
    .update(JSON.stringify([principal.kind, principal.id, key]))
    .digest();
}

function fingerprint(input: CreateUpload): Buffer {
  return createHash('sha256')
    .update(JSON.stringify([input.reference, input.sizeBytes, input.sha256, input.callbackUrl]))
    .digest();
}

/**
 * Receives content: durable first, then one transaction, then the answer. The same bytes again (after a lost answer) change nothing;
 * other bytes never replace what was accepted.
 * @throws {GatehouseError} not_found, gone, conflict, and those of the spool
 */
export async function receiveContent(deps: UploadDeps, id: string, request: { readonly feed: Feed; readonly signal: AbortSignal }): Promise<Upload> {
  const { context, node } = deps;
  const upload = await beginReceiving(context.database.sql, id, node);
  if (upload === undefined) throw new GatehouseError('not_found', 'There is no such upload.');
  if (hasContent(upload.state)) return compare(deps, upload, request);
  if (upload.state !== 'receiving') throw new GatehouseError('gone', `This upload is ${upload.state}. Nothing was kept.`);
  let spooled: Spooled | undefined;
  try {
    spooled = await collect(request, async (stream, announced, finished) =>
      receiveNamed(deps, stream, { ...toSpoolRequest(deps, upload, { announced, signal: request.signal }), finished }),
    );
    return await accept(deps, upload, spooled);
  } catch (error) {
    await abandonReceiving(context.database.sql, { id }).catch(() => undefined);
    throw error;
  } finally {
    await spooled?.discard();
  }
}

function toSpoolRequest(
  { context }: UploadDeps,
  upload: Upload,
  { announced, signal }: { readonly announced: Announced; readonly signal: AbortSignal },
): Parameters<Parts['spool']['receive']>[1] {
  return { maxBytes: context.config.maxUploadBytes, signal, announced: [announced, { sizeBytes: upload.announcedBytes, sha256: upload.announcedSha256 }] };
}

/** Runs the feed and takes what `read` made of its stream. When the body turns out malformed after its content, the content goes again. */
export async function collect<T extends Measured & { discard?(): Promise<void> }>(
  request: { readonly feed: Feed; readonly signal: AbortSignal },
  read: (stream: Readable, announced: Announced, finished: Finished | undefined) => Promise<T>,
): Promise<T> {
  const taken: { value?: T; isOver?: true } = {};
  try {
    await request.feed(async (stream, announced = {}, finished?: Finished) => {
      if (taken.value !== undefined) throw new GatehouseError('invalid_request', 'Send exactly one file. Nothing was kept.');
      taken.value = await read(stream, announced, finished);
      // The body failed while its content was still being written.
      if (taken.isOver) await taken.value.discard?.();
    });
  } catch (error) {
    taken.isOver = true;
    await taken.value?.discard?.();
    throw error;
  }
  if (taken.value === undefined) throw new GatehouseError('invalid_request', 'There was no file in the body. Nothing was kept.');
  return taken.value;
}

async function accept(deps: UploadDeps, upload: Upload, spooled: Spooled): Promise<Upload> {
  const { context, node } = deps;
  const { sha256 } = spooled.digests;
  const at = context.clock.now();
  const accepted = await deps.storage.withContent(sha256, async () => {
    await deps.storage.quarantine(spooled.path, sha256);
    const row = await acceptContent(context.database.sql, upload.id, {
      node,
      digests: spooled.digests,
      sizeBytes: spooled.sizeBytes,
      at,
      expiresAt: later(at, { days: context.config.heldTtlDays }),
    });
    if (row === undefined) await dropUnneeded(deps, 'quarantine', sha256);
    return row;
  });
  if (accepted === undefined) return settleRace(deps, upload.id, spooled);
  deps.counters.received(spooled.sizeBytes);
  deps.screener.enqueue(accepted.id, spooled.sizeBytes);
  return accepted;
}

/** Somebody else was faster with this upload, or it was deleted meanwhile. */
async function settleRace(deps: UploadDeps, id: string, measured: Measured): Promise<Upload> {
  const now = await findUpload(deps.context.database.sql, id);
  if (now === undefined || !hasContent(now.state)) throw new GatehouseError('gone', 'This upload ended while its content arrived. Nothing was kept.');
  return requireSame(now, measured);
}

async function compare(deps: UploadDeps, upload: Upload, request: { readonly feed: Feed; readonly signal: AbortSignal }): Promise<Upload> {
  const measured = await collect(request, (stream, announced) => {
    if (announced.sizeBytes !== undefined && announced.sizeBytes !== upload.content?.sizeBytes) throw otherContent(upload);
    return deps.spool.measure(stream, { maxBytes: upload.content?.sizeBytes ?? 0, signal: request.signal });
  }).catch((error: unknown) => {
    throw error instanceof GatehouseError && error.code === 'too_large' ? otherContent(upload) : error;
  });
  return requireSame(upload, measured);
}

function requireSame(upload: Upload, measured: Measured): Upload {
  if (upload.content?.digests.sha256 !== measured.digests.sha256) throw otherContent(upload);
  return upload;
}

function otherContent(upload: Upload): GatehouseError {
  return new GatehouseError('conflict', `This upload is ${upload.state} and has other content. It was not replaced; create a new upload for new content.`);
}

/** @throws {GatehouseError} not_found */
export async function requireUpload(deps: Parts, id: string): Promise<Upload> {
  const upload = await findUpload(deps.context.database.sql, id);
  if (upload === undefined) throw new GatehouseError('not_found', 'There is no such upload.');
  return upload;
}

/** An upload as this principal may see it. A receipt is shown only after it was compared with the lists in force. */
export async function show(deps: Parts, upload: Upload, principal: Principal): Promise<UploadView> {
  const receipt = upload.state === 'released' ? await findReceiptInForce(deps, upload.id) : undefined;
  const current = receipt === 'revoked' ? await requireUpload(deps, upload.id) : upload;
  const view = toView(current, { receipt: receipt === 'revoked' ? undefined : receipt, canExplain: principal.rights.has('uploads:read') });
  const { screening } = view;
  // Which case of its source an entry belongs to is for those who may see lists.
  if (screening === undefined || screening.hits.length === 0 || !principal.rights.has('lists:read')) return view;
  return { ...view, screening: { ...screening, hits: [...(await deps.lists.addReferences(screening.hits))] } };
}

/** The receipt of a released upload; `revoked` when the lists in force no longer allow it. */
export async function findReceiptInForce(deps: Parts, uploadId: string): Promise<Receipt | 'revoked' | undefined> {
  const receipts = await findReceiptsOf(deps.context.database.sql, [uploadId], deps.context.clock.now());
  const receipt = receipts.get(uploadId);
  if (receipt === undefined) return undefined;
  return (await isStillClear(deps, receipt)) ? receipt : 'revoked';
}

export async function pageUploads(deps: Parts, filter: ListUploads, principal: Principal): Promise<UploadPage> {
  const { database, clock } = deps.context;
  const rows = await listUploads(database.sql, filter);
  const shown = rows.slice(0, filter.limit);
  const receipts = await findReceiptsOf(
    database.sql,
    shown.filter(({ state }) => state === 'released').map(({ id }) => id),
    clock.now(),
  );
  const items = shown.map((upload) => toView(upload, { receipt: receipts.get(upload.id), canExplain: principal.rights.has('uploads:read') }));
  const next = rows.length > filter.limit ? items.at(-1)?.id : undefined;
  return { items, ...(next === undefined ? {} : { next }) };
}

interface Ending {
  readonly event: 'expire' | 'delete';
  readonly actor: string;
}

/** Ends an upload, withdraws its receipt and removes its bytes. Doing it twice changes nothing. */
export async function endOne(deps: Parts, upload: { readonly id: string; readonly sha256: string | undefined }, { event, actor }: Ending): Promise<void> {
  const { database, clock, events } = deps.context;
  const end = async (): Promise<void> => {
    await database.transact(async (tx) => {
      if (event === 'delete') await withdraw(deps, tx, { uploadId: upload.id, reason: 'deleted' });
      const ended = await endUpload(tx, upload.id, { event, at: clock.now() });
      if (ended !== undefined) await events.emit('upload.ended', { uploadId: upload.id, change: ended.state, actor }, tx);
    });
  };
  const { sha256 } = upload;
  if (sha256 === undefined) await end();
  else {
    await deps.storage.withContent(sha256, async () => {
      await end();
      await dropUnneeded(deps, 'quarantine', sha256);
      await dropUnneeded(deps, 'released', sha256);
    });
  }
  deps.waiters.notify(upload.id);
}

/** @throws {GatehouseError} not_found, conflict */
export async function rescreenUpload(deps: UploadDeps, id: string, actor: string): Promise<Upload> {
  const { content } = await requireUpload(deps, id);
  const sha256 = content?.digests.sha256;
  if (content === undefined || sha256 === undefined) throw new GatehouseError('conflict', 'This upload has no content that could be screened again.');
  const queued = await deps.storage.withContent(sha256, () => requeue(deps, { id, sha256, actor }));
  deps.screener.enqueue(id, content.sizeBytes);
  return queued;
}

async function requeue(deps: UploadDeps, { id, sha256, actor }: { readonly id: string; readonly sha256: string; readonly actor: string }): Promise<Upload> {
  const { clock, config, database, events } = deps.context;
  const { state } = await requireUpload(deps, id);
  if (nextState(state, 'rescreen') === undefined)
    throw new GatehouseError('conflict', `This upload is ${state}; only decided content can be screened again. Nothing was changed.`);
  if (areaOf(state) === 'released') await deps.storage.copy(sha256, 'released', 'quarantine');
  const now = clock.now();
  const queued = await database.transact(async (tx) => {
    const row = await requeueUpload(tx, id, { now, expiresAt: later(now, { days: config.heldTtlDays }) });
    if (row === undefined) return undefined;
    await withdraw(deps, tx, { uploadId: id, reason: 'rescreen' });
    await events.emit('upload.requeued', { uploadId: id, actor }, tx);
    return row;
  });
  await dropUnneeded(deps, 'released', sha256);
  if (queued === undefined) throw new GatehouseError('conflict', 'The state of this upload changed meanwhile. Nothing was done.');
  return queued;
}
