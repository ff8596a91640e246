/** Content that passes through: a surface holds the bytes, asks once, and lets them on only when the answer is to release them. */
import type { Readable } from 'node:stream';
import type { Tx } from '../platform/db/database.ts';
import type { Principal } from '../platform/http/rights.ts';
import { newId } from '../platform/ids.ts';
import type { Screening, ScreenResult } from '../screening/index.ts';
import { bringUpToDate, issueReceipt, settle, type Leased } from './decisions.ts';
import { later, type Parts } from './parts.ts';
import { decide, describeOutcome, type Decision } from './rules.ts';
import type { Passed, SurfaceName } from './schema.ts';
import type { SpoolRequest, Spooled } from './spool.ts';
import { leaseUpload } from './store-decisions.ts';
import { acceptContent, insertUpload } from './store.ts';

export interface PassRequest {
  /** From `spool`; it stays the caller's, who discards it when the answer was used. */
  readonly content: Spooled;
  readonly principal: Principal;
  /** For metrics, and for whoever looks at what was kept. */
  readonly surface: SurfaceName;
  readonly signal: AbortSignal;
  readonly wantsReceipt: boolean;
  /** Read by the stub mode only; never stored, never logged. */
  readonly fileName?: string;
}

/** Longer than a screening's own deadline, so that a row of ours is taken up by nobody else meanwhile. */
const LEASE_S = 300;

/** Into the spool; a name that was announced with it forces an outcome in stub mode, and is forgotten. @throws those of the spool */
export async function receiveNamed({ spool, screening }: Parts, stream: Readable, request: SpoolRequest): Promise<Spooled> {
  const spooled = await spool.receive(stream, request);
  try {
    for (const { fileName } of request.announced ?? []) screening.stub?.noteName(spooled.digests.sha256, fileName);
    return spooled;
  } catch (error) {
    await spooled.discard();
    throw error;
  }
}

/** A body on disk, counted against GATEHOUSE_SPOOL_MAX_BYTES; the caller discards it. @throws those of the spool */
export function spoolBody(parts: Parts, stream: Readable, request: Omit<SpoolRequest, 'maxBytes'> & { readonly maxBytes?: number }): Promise<Spooled> {
  return receiveNamed(parts, stream, { ...request, maxBytes: request.maxBytes ?? parts.context.config.maxUploadBytes });
}

/**
 * One screening of bytes that stay with the surface. Never throws for what the content is, nor because something is away or takes too
 * long: then the verdict is `error`, and nothing may be let through. Only `disposition` `release` lets it through.
 */
export async function pass(parts: Parts, request: PassRequest): Promise<Passed> {
  const { context, counters } = parts;
  const deadline = new AbortController();
  const timer = setTimeout(() => deadline.abort(), context.config.passDeadlineMs);
  const signal = AbortSignal.any([request.signal, deadline.signal, context.stopping]);
  const interrupted = (): string => (deadline.signal.aborted ? 'deadline' : context.stopping.aborted ? 'stopping' : 'cancelled');
  counters.received(request.content.sizeBytes);
  let passed: Passed;
  try {
    passed = await Promise.race([work(parts, request, signal), whenAborted(signal).then(() => fail(parts, request, interrupted()))]);
  } catch (error) {
    context.log.warn({ surface: request.surface, err: error }, 'content could not be screened; it was not let through');
    passed = fail(parts, request, 'internal');
  } finally {
    clearTimeout(timer);
  }
  counters.passed(request.surface, passed.verdict);
  return passed;
}

function whenAborted(signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal.aborted) resolve();
    else signal.addEventListener('abort', () => resolve(), { once: true });
  });
}

async function work(parts: Parts, request: PassRequest, signal: AbortSignal): Promise<Passed> {
  const { path, digests, sizeBytes } = request.content;
  parts.screening.stub?.noteName(digests.sha256, request.fileName);
  const result = await parts.screening.screen({ path, digests, sizeBytes, key: request.principal.id, signal });
  const screening = await bringUpToDate(parts, result);
  const found = { screening, signals: result.signals, decision: decide(screening, parts.policy) };
  try {
    const kept = isKept(parts, found) ? await keep(parts, request, found) : undefined;
    return kept === undefined ? await record(parts, request, found) : describe(parts, request, { ...found, id: kept, receipt: undefined });
  } catch (error) {
    parts.context.log.warn({ surface: request.surface, err: error }, 'an answer could not be recorded; the content was not let through');
    return fail(parts, request, 'database');
  }
}

interface Found extends ScreenResult {
  readonly decision: Decision;
}

/** Recorded before it is given: an answer that cannot be recorded is none. */
async function record(parts: Parts, request: PassRequest, found: Found): Promise<Passed> {
  const { screening, decision, signals } = found;
  const id = newId<'ScanId'>('scn', parts.context.clock);
  const { digests, sizeBytes } = request.content;
  const { listSetVersion, verdict } = screening;
  const receipt = await parts.context.database.transact(async (tx) => {
    const { disposition } = decision;
    await parts.context.events.emit('scan.decided', { scanId: id, verdict, disposition, listSetVersion, policyVersion: parts.policyVersion }, tx);
    if (!decision.getsReceipt || !request.wantsReceipt) return undefined;
    return issueReceipt(parts, tx, { subject: id, uploadId: undefined, digests, sizeBytes, screening, signals });
  });
  return describe(parts, request, { ...found, id, receipt: receipt?.jws });
}

function isKept({ context }: Parts, { screening, decision }: Found): boolean {
  if (decision.disposition === 'release') return false;
  const { passKeep } = context.config;
  return (screening.verdict === 'match' && passKeep !== 'nothing') || (screening.verdict === 'unscannable' && passKeep === 'all');
}

/** As an upload that is decided already, for a person to look at. @returns its id; undefined when there is no room, which changes nothing about the answer */
async function keep(parts: Parts, request: PassRequest, { screening, signals }: Found): Promise<string | undefined> {
  const { content } = request;
  const { sha256 } = content.digests;
  const leased = await parts.storage
    .withContent(sha256, async () => {
      await parts.storage.keep(content.path, sha256);
      return parts.context.database.transact((tx) => insertLeased(parts, tx, request));
    })
    .catch((error: unknown) => {
      parts.context.log.warn({ surface: request.surface, err: error }, 'content that was not let through could not be kept either');
      return undefined;
    });
  if (leased === undefined) return undefined;
  // Taken up by nobody else: the lease is ours, and the row is not known to the screener.
  await settle(parts, leased, { screening, signals });
  return leased.upload.id;
}

async function insertLeased(parts: Parts, tx: Tx, { content, principal, surface }: PassRequest): Promise<Leased> {
  const { clock, config } = parts.context;
  const at = clock.now();
  const id = newId<'UploadId'>('upl', clock);
  const expiresAt = later(at, { days: config.heldTtlDays });
  const none = { reference: undefined, announcedBytes: undefined, announcedSha256: undefined, callbackUrl: undefined };
  await insertUpload(tx, { ...none, id, createdBy: principal.id, createdAt: at, expiresAt, surface });
  await acceptContent(tx, id, { node: parts.node, digests: content.digests, sizeBytes: content.sizeBytes, at, expiresAt });
  const token = newId<'Lease'>('lse', clock);
  const upload = await leaseUpload(tx, id, { token, node: parts.node, at, until: later(at, { s: LEASE_S }) });
  if (upload?.content === undefined) throw new Error('a row that was just made could not be leased');
  return { upload: { ...upload, content: upload.content }, token };
}

interface Answer extends Pick<Found, 'decision'> {
  readonly screening: Pick<Screening, 'verdict' | 'reason' | 'media' | 'listSetVersion' | 'hits' | 'hitCount'>;
  readonly id: string;
  readonly receipt: string | undefined;
}

function describe(parts: Parts, { content }: PassRequest, { screening, decision, id, receipt }: Answer): Passed {
  return {
    id,
    verdict: screening.verdict,
    reason: screening.reason,
    disposition: decision.disposition,
    sha256: content.digests.sha256,
    sizeBytes: content.sizeBytes,
    mediaType: screening.media?.type,
    listSetVersion: screening.listSetVersion,
    policyVersion: parts.policyVersion,
    hits: screening.hits,
    hitCount: screening.hitCount,
    receipt,
    message: describeOutcome(decision.disposition, id),
  };
}

/** No answer: nothing was recorded, nothing may be let through, the sender may send again. */
function fail(parts: Parts, request: PassRequest, reason: string): Passed {
  const { listSetVersion } = parts.lists.matcher();
  return describe(parts, request, {
    id: newId<'ScanId'>('scn', parts.context.clock),
    screening: { verdict: 'error', reason, media: undefined, listSetVersion, hits: [], hitCount: 0 },
    decision: { disposition: 'hold', getsReceipt: false },
    receipt: undefined,
  });
}
