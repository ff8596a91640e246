/**
 * The deciding transaction. In this order, so that a crash between any two steps leaves nothing released without a receipt and nothing lost:
 *
 *   1. a second name for the bytes in the released store (durable), only when they are to be released
 *   2. one transaction: state + verdict, receipt, callback, events
 *   3. the name in quarantine goes
 *
 * Content is served from the row's state alone, so a file of step 1 without step 2 is unreachable; the janitor removes it.
 */
import type { QuerySignals } from '../lists/index.ts';
import type { Tx } from '../platform/db/database.ts';
import { newId } from '../platform/ids.ts';
import type { Digests, RematchOptions, Screening, ScreenResult } from '../screening/index.ts';
import { enqueueCallback } from './callbacks.ts';
import { isCanary } from './canary.ts';
import { later, type Parts } from './parts.ts';
import { STUB_ISSUER } from './receipts.ts';
import { areaOf, decide, planRetry, type Decision } from './rules.ts';
import type { ReceiptClaims } from './schema.ts';
import type { Area } from './storage.ts';
import { insertReceipt, type Receipt } from './store-receipts.ts';
import { findNeeded } from './store-upkeep.ts';
import { decideUpload, postponeUpload } from './store-decisions.ts';
import { findUpload, type Upload } from './store.ts';

export const SCREEN_JOB = 'intake.screen';

export interface Leased {
  readonly upload: Upload & { readonly content: NonNullable<Upload['content']> };
  readonly token: string;
}

/** Decides, or puts off after an error. @returns false when the upload is no longer ours (deleted, or taken over) */
export async function conclude(parts: Parts, leased: Leased, result: ScreenResult): Promise<boolean> {
  const current = await bringUpToDate(parts, result, { isCanary: isCanary(leased.upload) });
  if (current.verdict === 'error') {
    const retry = planRetry(current.reason, leased.upload.attempts);
    if (retry.kind === 'interrupted') return postponeUpload(parts.context.database.sql, lease(leased), { nextAttemptAt: parts.context.clock.now() });
    if (retry.kind === 'later') return postpone(parts, leased, { screening: current, delayS: retry.delayS });
  }
  return settle(parts, leased, { screening: current, signals: result.signals });
}

/** The lists may have moved on while the picture was decoded: what was found is compared with those in force now. */
export async function bringUpToDate(parts: Parts, { screening, signals }: ScreenResult, options: RematchOptions = {}): Promise<Screening> {
  const isCurrent = screening.listSetVersion >= parts.lists.matcher().listSetVersion;
  if (isCurrent || signals === undefined || !isComparable(screening)) return screening;
  const again = await parts.screening.rematch(signals, options);
  return {
    ...screening,
    verdict: again.verdict,
    reason: again.reason,
    explanation: again.explanation,
    hits: again.hits,
    hitCount: again.hitCount,
    listSetVersion: again.listSetVersion,
  };
}

/** What was not decoded stays unscannable, whatever its signals are compared with. */
function isComparable({ verdict, reason }: Screening): boolean {
  return verdict === 'clear' || verdict === 'match' || reason === 'no_reliable_perceptual_hash';
}

async function postpone(parts: Parts, leased: Leased, { screening, delayS }: { readonly screening: Screening; readonly delayS: number }): Promise<boolean> {
  const { database, clock, jobs } = parts.context;
  const at = clock.now();
  return database.transact(async (tx) => {
    const isOurs = await postponeUpload(tx, lease(leased), {
      nextAttemptAt: later(at, { s: delayS }),
      outcome: { screening, policyVersion: parts.policyVersion, at },
    });
    if (isOurs) await jobs.enqueue(SCREEN_JOB, { uploadId: leased.upload.id }, { tx, delayS });
    return isOurs;
  });
}

interface Found {
  readonly screening: Screening;
  readonly signals: QuerySignals | undefined;
}

/** Records what was found about leased content, and puts the bytes where they belong. @returns false when it is no longer ours */
export async function settle(parts: Parts, leased: Leased, found: Found): Promise<boolean> {
  const decision = decide(found.screening, parts.policy);
  const { sha256 } = leased.upload.content.digests;
  return parts.storage.withContent(sha256, async () => {
    // Deleted while it was screened.
    if (!(await parts.storage.has('quarantine', sha256)) && (await findUpload(parts.context.database.sql, leased.upload.id))?.state !== 'scanning')
      return false;
    if (decision.disposition === 'release') await parts.storage.copy(sha256, 'quarantine', 'released');
    const decided = await parts.context.database.transact((tx) => record(parts, tx, { ...found, leased, decision }));
    if (decision.disposition === 'release') await dropUnneeded(parts, decided === undefined ? 'released' : 'quarantine', sha256);
    if (decided === undefined) return false;
    noteDecided(parts, decided, found.screening);
    return true;
  });
}

interface Ruling extends Found {
  readonly leased: Leased;
  readonly decision: Decision;
}

async function record(parts: Parts, tx: Tx, { leased, decision, screening, signals }: Ruling): Promise<Upload | undefined> {
  const { clock, config, events } = parts.context;
  const at = clock.now();
  const expiresAt = decision.disposition === 'release' ? later(at, { minutes: config.uploadTtlMinutes }) : later(at, { days: config.heldTtlDays });
  const { disposition } = decision;
  const upload = await decideUpload(tx, lease(leased), { screening, disposition, policyVersion: parts.policyVersion, at, expiresAt });
  if (upload === undefined) return undefined;
  // Nobody may publish what we sent ourselves.
  const receipt =
    decision.getsReceipt && !isCanary(leased.upload)
      ? await issueReceipt(parts, tx, { subject: upload.id, uploadId: upload.id, ...leased.upload.content, screening, signals })
      : undefined;
  await enqueueCallback(parts, tx, { type: 'upload.decided', upload, receipt: receipt?.jws });
  await events.emit(
    'upload.decided',
    { uploadId: upload.id, verdict: screening.verdict, disposition, listSetVersion: screening.listSetVersion, policyVersion: parts.policyVersion },
    tx,
  );
  return upload;
}

export interface Cleared extends Found {
  readonly subject: string;
  readonly uploadId: string | undefined;
  readonly digests: Digests;
  readonly sizeBytes: number;
}

/** Signs and records; the caller has seen to it that the verdict is `clear`. */
export async function issueReceipt(parts: Parts, tx: Tx, cleared: Cleared): Promise<Pick<Receipt, 'id' | 'jws' | 'expiresAt'>> {
  if (cleared.screening.verdict !== 'clear') throw new TypeError('only the verdict clear gets a receipt');
  const { clock, config, events, publicUrl } = parts.context;
  const issuedAt = clock.now();
  const expiresAt = later(issuedAt, { minutes: config.receiptTtlMinutes });
  const id = newId<'ReceiptId'>('rcp', clock);
  const { sha256 } = cleared.digests;
  // Without decoded pictures the digests can still be compared after a list change.
  const signals = cleared.signals ?? { digests: cleared.digests, pictures: [] };
  const claims: ReceiptClaims = {
    iss: `${config.issuer ?? publicUrl()}${config.stubMode ? STUB_ISSUER : ''}`,
    sub: cleared.subject,
    jti: id,
    iat: Math.floor(issuedAt.getTime() / 1000),
    exp: Math.floor(expiresAt.getTime() / 1000),
    sha256,
    size: cleared.sizeBytes,
    verdict: 'clear',
    listSetVersion: cleared.screening.listSetVersion,
    policyVersion: parts.policyVersion,
    ...(config.stubMode ? { stub: true } : {}),
  };
  const jws = await parts.signer.sign(claims);
  await insertReceipt(tx, {
    id,
    subject: cleared.subject,
    uploadId: cleared.uploadId,
    sha256,
    sizeBytes: cleared.sizeBytes,
    jws,
    issuedAt,
    expiresAt,
    listSetVersion: claims.listSetVersion,
    checkedVersion: claims.listSetVersion,
    signals,
  });
  await events.emit('receipt.issued', { uploadId: cleared.subject, receiptId: id }, tx);
  return { id, jws, expiresAt };
}

const STATES_OF_AREA = {
  quarantine: (['received', 'scanning', 'held', 'refused'] as const).filter((state) => areaOf(state) === 'quarantine'),
  released: (['released'] as const).filter((state) => areaOf(state) === 'released'),
};

/** Removes an area's file unless a row needs it there. The caller holds the lock of the content. */
export async function dropUnneeded(parts: Parts, area: Area, sha256: string): Promise<void> {
  const needed = await findNeeded(parts.context.database.sql, [sha256], STATES_OF_AREA[area]);
  if (!needed.has(sha256)) await parts.storage.remove(area, sha256);
}

function noteDecided(parts: Parts, upload: Upload, screening: Screening): void {
  const tookMs = (upload.decidedAt?.getTime() ?? 0) - (upload.receivedAt?.getTime() ?? 0);
  if (!isCanary(upload)) parts.counters.decided(screening.verdict, upload.disposition ?? 'hold', Math.max(0, tookMs) / 1000);
  parts.context.log.info(
    { uploadId: upload.id, verdict: screening.verdict, disposition: upload.disposition, attempts: upload.attempts, tookMs },
    'an upload was decided',
  );
  parts.waiters.notify(upload.id);
}

function lease({ upload, token }: Leased): { readonly id: string; readonly token: string } {
  return { id: upload.id, token };
}
