/**
 * Clearances that end early. Promise 1: a withdrawn clearance voids the receipt. When the lists change, what every live receipt cleared
 * is compared again; so it is at once when somebody asks about a receipt that was not yet compared with the lists in force.
 */
import type { Tx } from '../platform/db/database.ts';
import { GatehouseError } from '../platform/errors.ts';
import type { Screening } from '../screening/index.ts';
import { enqueueCallback } from './callbacks.ts';
import { dropUnneeded } from './decisions.ts';
import { later, type Parts } from './parts.ts';
import { isStubJws } from './receipts.ts';
import { findUnchecked, noteChecked, revokeReceipts, type Receipt } from './store-receipts.ts';
import { revokeRelease } from './store-decisions.ts';
import { noteDue } from './store-evidence.ts';
import { findUpload } from './store.ts';

export const RECHECK_JOB = 'intake.recheck';
const BATCH = 200;
const WAIT_FOR_LISTS_MS = 10_000;
const LOOK_EVERY_MS = 100;

/**
 * Compares all receipts in force with the lists in force.
 * @param version the list-set version that must be reached first; this node may lag
 * @returns how many receipts were revoked
 */
export async function recheckReceipts(parts: Parts, version: number, signal: AbortSignal): Promise<number> {
  await awaitVersion(parts, version, signal);
  let revoked = 0;
  for (;;) {
    const current = parts.lists.matcher().listSetVersion;
    const receipts = await findUnchecked(parts.context.database.sql, current, { at: parts.context.clock.now(), limit: BATCH });
    if (receipts.length === 0 || signal.aborted) return revoked;
    for (const receipt of receipts) {
      if (!(await recheck(parts, receipt, current))) revoked += 1;
      // Others get a turn: a comparison with large lists takes milliseconds.
      await new Promise((resolve) => setImmediate(resolve));
    }
    await noteChecked(
      parts.context.database.sql,
      receipts.map(({ id }) => id),
      current,
    );
  }
}

async function awaitVersion(parts: Parts, version: number, signal: AbortSignal): Promise<void> {
  const { clock } = parts.context;
  const endMs = clock.monotonicMs() + WAIT_FOR_LISTS_MS;
  while (parts.lists.matcher().listSetVersion < version) {
    if (signal.aborted || clock.monotonicMs() > endMs)
      throw new GatehouseError('starting', 'This node has not loaded the list set yet. The comparison will be made later.');
    await clock.sleep(LOOK_EVERY_MS, signal);
  }
}

/** True when the receipt still holds under the lists in force. */
export async function isStillClear(parts: Parts, receipt: Receipt): Promise<boolean> {
  // What stub mode let through is not clear once the service is a real one.
  if (!parts.context.config.stubMode && isStubJws(receipt.jws)) return false;
  const current = parts.lists.matcher().listSetVersion;
  if (receipt.checkedVersion >= current || receipt.signals === undefined) return true;
  const holds = await recheck(parts, receipt, current);
  if (holds) await noteChecked(parts.context.database.sql, [receipt.id], current);
  return holds;
}

/** @throws {GatehouseError} `starting` when the lists cannot be asked at the moment */
async function recheck(parts: Parts, receipt: Receipt, version: number): Promise<boolean> {
  if (receipt.signals === undefined) return true;
  const again = await parts.screening.rematch(receipt.signals);
  // Without any active list nothing new is cleared, but nothing that was cleared has become known either.
  const isUnanswered = again.verdict === 'error' && again.reason !== 'no_lists';
  if (isUnanswered || again.listSetVersion < version)
    throw new GatehouseError('starting', 'The lists cannot be asked at the moment. Nothing was released.', { retryAfterS: 5 });
  if (again.verdict !== 'match') return true;
  await revoke(parts, receipt, again);
  return false;
}

/** Receipt, upload, callback and events in one transaction; the bytes go back to quarantine before it. */
async function revoke(parts: Parts, receipt: Receipt, found: Screening): Promise<void> {
  const { database } = parts.context;
  const { uploadId, sha256 } = receipt;
  const which: Withdrawn = { id: receipt.id, subject: receipt.subject, reason: 'list_change' };
  if (uploadId === undefined) {
    await database.transact(async (tx) => {
      if ((await withdraw(parts, tx, which)) > 0) await noteDue(tx, receipt);
    });
    return;
  }
  await parts.storage.withContent(sha256, async () => {
    if (await parts.storage.has('released', sha256)) await parts.storage.copy(sha256, 'released', 'quarantine');
    await database.transact(async (tx) => {
      // None when it was withdrawn meanwhile, by a deletion or a new screening: then the upload is no longer ours to judge.
      const withdrawn = await withdraw(parts, tx, which);
      if (withdrawn > 0) {
        await noteDue(tx, receipt);
        await holdAgain(parts, tx, { uploadId, found });
      }
    });
    await dropUnneeded(parts, 'released', sha256);
    await dropUnneeded(parts, 'quarantine', sha256);
  });
  parts.waiters.notify(uploadId);
  parts.context.log.warn(
    { uploadId, receiptId: receipt.id, listSetVersion: found.listSetVersion },
    'a receipt was revoked because a list changed; its content is held',
  );
}

async function holdAgain(parts: Parts, tx: Tx, { uploadId, found }: { readonly uploadId: string; readonly found: Screening }): Promise<void> {
  const { clock, config, events } = parts.context;
  const before = await findUpload(tx, uploadId);
  const screening: Screening = { ...found, media: before?.screening?.media, quality: found.quality ?? before?.screening?.quality };
  const at = clock.now();
  const held = await revokeRelease(tx, uploadId, { screening, policyVersion: parts.policyVersion, at, expiresAt: later(at, { days: config.heldTtlDays }) });
  if (held === undefined) return;
  await enqueueCallback(parts, tx, { type: 'receipt.revoked', upload: held, receipt: undefined });
  await events.emit(
    'upload.decided',
    { uploadId, verdict: screening.verdict, disposition: 'hold', listSetVersion: screening.listSetVersion, policyVersion: parts.policyVersion },
    tx,
  );
}

/** One receipt with its subject, or all of an upload. */
export type Withdrawn = ({ readonly id: string; readonly subject: string } | { readonly uploadId: string }) & {
  readonly reason: 'list_change' | 'deleted' | 'rescreen';
};

/**
 * Withdraws receipts in the transaction that ends what they stand for.
 * @returns how many were in force
 */
export async function withdraw(parts: Parts, tx: Tx, which: Withdrawn): Promise<number> {
  const { reason } = which;
  const ids = await revokeReceipts(tx, which, { reason, at: parts.context.clock.now() });
  for (const receiptId of ids) {
    await parts.context.events.emit('receipt.revoked', { uploadId: 'uploadId' in which ? which.uploadId : which.subject, receiptId, reason }, tx);
    parts.counters.revoked(reason);
  }
  return ids.length;
}
