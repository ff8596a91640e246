/** Bytes on their way out, and scans that keep none. */
import type { Readable } from 'node:stream';
import { GatehouseError } from '../platform/errors.ts';
import type { Principal } from '../platform/http/rights.ts';
import { newId } from '../platform/ids.ts';
import { STUB_ENGINE, type ScreenResult } from '../screening/index.ts';
import { bringUpToDate, issueReceipt } from './decisions.ts';
import { later, type Parts } from './parts.ts';
import { areaOf, decide, describeOutcome } from './rules.ts';
import type { LookView, ReceiptCheck, ScanReply, VerifyReceipt } from './schema.ts';
import { toJwk, verifyReceiptOffline } from './receipts.ts';
import { isStillClear } from './revocation.ts';
import { receiveNamed } from './passing.ts';
import type { Spooled } from './spool.ts';
import { insertLook, listLooks } from './store-looks.ts';
import { findUpload } from './store.ts';
import { findReceipt, listKeys, type Receipt } from './store-receipts.ts';
import { collect, findReceiptInForce, requireUpload, type Feed } from './uploads.ts';

export interface OpenContent {
  readonly stream: Readable;
  readonly sizeBytes: number;
  readonly mediaType: string;
  readonly sha256: string;
}

/**
 * Released bytes. Clear content needs a receipt in force, too; content that the policy released unscanned has none.
 * @throws {GatehouseError} not_found, conflict, gone
 */
export async function openContent(parts: Parts, id: string): Promise<OpenContent> {
  const { state, content, screening, mediaType } = await requireUpload(parts, id);
  if (state === 'expired' || state === 'deleted') throw new GatehouseError('gone', `This upload is ${state}; its content was removed.`);
  if (state !== 'released' || content === undefined)
    throw new GatehouseError('conflict', 'Only released content can be fetched. Its state is given by the upload itself.');
  // Without a receipt that would tell: what stub mode called unscannable may be anything.
  if (screening?.engineVersion === STUB_ENGINE && !parts.context.config.stubMode)
    throw new GatehouseError('conflict', 'This was released in stub mode. Have it screened (rescreen) to fetch it.');
  if (screening?.verdict !== 'unscannable') await requireReceipt(parts, id);
  const { sha256 } = content.digests;
  const stream = parts.storage.read('released', sha256);
  await opened(stream);
  return { stream, sizeBytes: content.sizeBytes, mediaType: mediaType ?? 'application/octet-stream', sha256 };
}

async function requireReceipt(parts: Parts, id: string): Promise<void> {
  const receipt = await findReceiptInForce(parts, id);
  if (receipt === 'revoked') throw new GatehouseError('conflict', 'The clearance of this content was withdrawn. It is held.');
  if (receipt === undefined) throw new GatehouseError('gone', 'The receipt of this content has expired. Have it screened again (rescreen) to fetch it.');
}

/** An answer has begun only when its file is open. */
function opened(stream: Readable): Promise<void> {
  return new Promise((resolve, reject) => {
    stream.once('open', () => resolve());
    stream.once('error', (cause) => reject(new GatehouseError('storage_failed', 'The content could not be read. Nothing was changed.', { cause })));
  });
}

/**
 * A drawing of content that is not released, for a person who may look: grey and blurred unless asked otherwise, always re-encoded.
 * Recorded before it is made.
 * @throws {GatehouseError} not_found, conflict, gone
 */
export async function viewHeld(
  parts: Parts,
  id: string,
  options: { readonly isBlurred: boolean; readonly principal: Principal; readonly signal: AbortSignal },
): Promise<{ readonly bytes: Uint8Array; readonly mediaType: string }> {
  const { state, content } = await requireUpload(parts, id);
  const area = areaOf(state);
  if (area === undefined || content === undefined) throw new GatehouseError('gone', `This upload is ${state}; there is no content to look at.`);
  const render = parts.screening.renderPreview?.bind(parts.screening);
  if (render === undefined) throw new GatehouseError('conflict', 'This installation cannot draw previews.');
  const actor = options.principal.id;
  // Recorded before anything is shown: a look that cannot be recorded does not happen.
  await parts.context.database.transact(async (tx) => {
    await insertLook(tx, id, { at: parts.context.clock.now(), actor, isBlurred: options.isBlurred });
    await parts.context.events.emit('upload.content_viewed', { uploadId: id, actor }, tx);
  });
  parts.context.log.info({ uploadId: id, actor, isBlurred: options.isBlurred }, 'somebody looked at content');
  const drawn = await render({ path: parts.storage.pathOf(area, content.digests.sha256), isBlurred: options.isBlurred, signal: options.signal });
  if (drawn === undefined) throw new GatehouseError('conflict', 'This content cannot be drawn.');
  return drawn;
}

/** @throws {GatehouseError} not_found */
export async function readLooks(parts: Parts, id: string): Promise<LookView[]> {
  await requireUpload(parts, id);
  const looks = await listLooks(parts.context.database.sql, id);
  return looks.map(({ at, actor, isBlurred }) => ({ at: at.toISOString(), actor, isBlurred }));
}

export interface ScanRequest {
  readonly feed: Feed;
  readonly signal: AbortSignal;
  readonly principal: Principal;
  /** A clear answer carries a receipt, whose row keeps the compared signals until it ends. */
  readonly wantsReceipt: boolean;
}

/** One synchronous screening. The bytes are gone when it returns, whatever happened. */
export async function scan(parts: Parts, request: ScanRequest): Promise<ScanReply> {
  const id = newId<'ScanId'>('scn', parts.context.clock);
  const spooled = await collect(request, (stream, announced) =>
    receiveNamed(parts, stream, { maxBytes: parts.context.config.maxScanBytes, signal: request.signal, announced: [announced] }),
  );
  try {
    parts.counters.received(spooled.sizeBytes);
    const { path, digests, sizeBytes } = spooled;
    const result = await parts.screening.screen({ path, digests, sizeBytes, key: request.principal.id, signal: request.signal });
    return await answer(parts, { id, spooled, result, wantsReceipt: request.wantsReceipt });
  } finally {
    await spooled.discard();
  }
}

async function answer(
  parts: Parts,
  scanned: { readonly id: string; readonly spooled: Spooled; readonly result: ScreenResult; readonly wantsReceipt: boolean },
): Promise<ScanReply> {
  const { id, spooled, result } = scanned;
  const screening = await bringUpToDate(parts, result);
  const decision = decide(screening, parts.policy);
  const { digests, sizeBytes } = spooled;
  const { disposition } = decision;
  // Recorded before it is given: an answer that cannot be recorded is none.
  const receipt = await parts.context.database.transact(async (tx) => {
    const { listSetVersion, verdict } = screening;
    await parts.context.events.emit('scan.decided', { scanId: id, verdict, disposition, listSetVersion, policyVersion: parts.policyVersion }, tx);
    if (!decision.getsReceipt || !scanned.wantsReceipt) return undefined;
    return issueReceipt(parts, tx, { subject: id, uploadId: undefined, digests, sizeBytes, screening, signals: result.signals });
  });
  parts.counters.scanned(screening.verdict);
  return {
    ...screening,
    id,
    sizeBytes,
    sha256: digests.sha256,
    disposition,
    ...(receipt === undefined ? {} : { receipt: receipt.jws }),
    message: describeOutcome(disposition, id),
  };
}

/** Public keys of every node that signed receipts which can still be in force; this node's first. */
export async function readJwks(parts: Parts): Promise<{ keys: Parts['signer']['jwk'][] }> {
  const { database, clock, config } = parts.context;
  const since = later(clock.now(), { minutes: -config.receiptTtlMinutes, days: -1 });
  const known = await listKeys(database.sql, since);
  return { keys: [parts.signer.jwk, ...known.filter(({ kid }) => kid !== parts.signer.jwk.kid).map(({ kid, x }) => toJwk(kid, x))] };
}

/** Signature, times, content, revocation; and the lists in force, when the receipt was not yet compared with them. */
export async function verifyReceipt(parts: Parts, { receipt, sha256, size, callbackUrl }: VerifyReceipt): Promise<ReceiptCheck> {
  const offline = await verifyReceiptOffline(receipt, await readJwks(parts), {
    sha256,
    size,
    now: parts.context.clock.now(),
    acceptsStub: parts.context.config.stubMode,
  });
  if (!offline.valid || offline.claims === undefined) return offline;
  const stored = await findReceipt(parts.context.database.sql, offline.claims.jti);
  if (stored === undefined || stored.jws !== receipt) return { ...offline, valid: false, reason: 'unknown_receipt' };
  if (stored.isRevoked || !(await isStillClear(parts, stored))) return { ...offline, valid: false, reason: 'revoked' };
  if (callbackUrl !== undefined && (await readCallbackUrl(parts, stored)) !== callbackUrl) return { ...offline, valid: false, reason: 'callback_differs' };
  return offline;
}

/** Who hears of it when the receipt is withdrawn. A scan tells nobody. */
async function readCallbackUrl({ context }: Parts, { uploadId }: Pick<Receipt, 'uploadId'>): Promise<string | undefined> {
  return uploadId === undefined ? undefined : (await findUpload(context.database.sql, uploadId))?.callbackUrl;
}
