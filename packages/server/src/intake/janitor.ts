/** Ends what has outlived its time and removes what nobody refers to. */
import { dropUnneeded } from './decisions.ts';
import { later, type Parts } from './parts.ts';
import { areaOf } from './rules.ts';
import { UPLOAD_STATES } from './schema.ts';
import type { Area } from './storage.ts';
import { purgeCallbacks } from './store-callbacks.ts';
import { purgeListChanges } from './store-evidence.ts';
import { noteKey, purgeKeys, purgeReceipts } from './store-receipts.ts';
import { findExpired, findNeeded, purge } from './store-upkeep.ts';
import { endOne } from './uploads.ts';

const EXPIRED_BATCH = 200;
const ORPHAN_BATCH = 200;
/** Longer than between the blob and its row can pass. */
const ORPHAN_AGE_HOURS = 1;
/** For how long an ended upload still says that it ended. */
const ENDED_DAYS = 30;
const IDEMPOTENCY_HOURS = 24;
const DELIVERED_DAYS = 7;
const DEAD_DAYS = 90;
/** Beyond a receipt's end, so that "expired" and "unknown" can be told apart. */
const RECEIPT_DAYS = 30;

export interface Swept {
  readonly expired: number;
  readonly orphans: number;
}

export async function sweep(parts: Parts, signal: AbortSignal): Promise<Swept> {
  const { database, clock, config, log } = parts.context;
  const now = clock.now();
  const expired = await expire(parts, signal);
  const orphans = (await removeOrphans(parts, 'quarantine', signal)) + (await removeOrphans(parts, 'released', signal));
  await purge(database.sql, { ended: later(now, { days: -ENDED_DAYS }), idempotency: later(now, { hours: -IDEMPOTENCY_HOURS }) });
  await purgeCallbacks(database.sql, { delivered: later(now, { days: -DELIVERED_DAYS }), dead: later(now, { days: -DEAD_DAYS }) });
  await purgeReceipts(database.sql, now, later(now, { days: -RECEIPT_DAYS }));
  await purgeListChanges(database.sql, later(now, { days: -RECEIPT_DAYS }));
  await noteKey(database.sql, parts.signer.jwk, now);
  await purgeKeys(database.sql, later(now, { minutes: -config.receiptTtlMinutes, days: -RECEIPT_DAYS }));
  if (expired + orphans > 0) log.info({ expired, orphans }, 'uploads that had ended were removed');
  return { expired, orphans };
}

async function expire(parts: Parts, signal: AbortSignal): Promise<number> {
  const { database, clock } = parts.context;
  let count = 0;
  for (;;) {
    const batch = await findExpired(database.sql, clock.now(), EXPIRED_BATCH);
    for (const { id, sha256 } of batch) {
      if (signal.aborted) return count;
      await endOne(parts, { id, sha256 }, { event: 'expire', actor: 'system' });
      count += 1;
    }
    if (batch.length < EXPIRED_BATCH) return count;
  }
}

/** Files without a row: a crash between the blob and its row, or between a decision and the removal of the second name. */
async function removeOrphans(parts: Parts, area: Area, signal: AbortSignal): Promise<number> {
  const { database, clock } = parts.context;
  const states = UPLOAD_STATES.filter((state) => areaOf(state) === area);
  const before = later(clock.now(), { hours: -ORPHAN_AGE_HOURS });
  let count = 0;
  let batch: string[] = [];
  const flush = async (): Promise<void> => {
    if (batch.length === 0) return;
    const needed = await findNeeded(database.sql, batch, states);
    for (const sha256 of batch.filter((digest) => !needed.has(digest))) {
      await parts.storage.withContent(sha256, () => dropUnneeded(parts, area, sha256));
      count += 1;
    }
    batch = [];
  };
  for await (const sha256 of parts.storage.listOlder(area, before)) {
    if (signal.aborted) return count;
    batch.push(sha256);
    if (batch.length >= ORPHAN_BATCH) await flush();
  }
  await flush();
  return count;
}
