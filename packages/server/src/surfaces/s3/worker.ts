/** On every node: takes up objects that are due, a few at once, and lists the bucket when it is time. */
import type { S3Parts } from './parts.ts';
import { reconcile } from './listing.ts';
import { advance } from './steps.ts';
import { claimListing, endStep, freeLeases, leaseDue, renewLease, type S3Row } from './store.ts';

export interface Worker {
  start(): Promise<void>;
  stop(): Promise<void>;
  /** Works until nothing is due. @returns the number of steps */
  drain(signal: AbortSignal): Promise<number>;
}

const AT_ONCE = 4;
const TICK_MS = 1_000;
/** What a killed node held, others take up after this time; the same one at once, when it is back. */
const LEASE_MS = 60_000;
const RENEW_MS = 20_000;

export function createWorker(parts: S3Parts): Worker {
  const { context } = parts;
  const stopping = new AbortController();
  let loop: Promise<void> = Promise.resolve();
  return {
    async start() {
      await freeLeases(context.database.sql, parts.node);
      loop = run(parts, AbortSignal.any([stopping.signal, context.stopping]));
    },
    async stop() {
      stopping.abort();
      await loop;
    },
    async drain(signal) {
      let steps = 0;
      for (;;) {
        const rows = await leaseRows(parts, AT_ONCE);
        if (rows.length === 0 || signal.aborted) return steps;
        await Promise.all(rows.map((row) => work(parts, row, signal)));
        steps += rows.length;
      }
    },
  };
}

async function run(parts: S3Parts, signal: AbortSignal): Promise<void> {
  const { clock, log } = parts.context;
  const underWay = new Set<Promise<void>>();
  let listing: Promise<void> | undefined;
  while (!signal.aborted) {
    try {
      listing ??= listWhenDue(parts, signal).finally(() => {
        listing = undefined;
      });
      // What is taken up goes on while the next is looked for: a large object holds nobody up.
      for (const row of await leaseRows(parts, AT_ONCE - underWay.size)) {
        const step: Promise<void> = work(parts, row, signal).finally(() => underWay.delete(step));
        underWay.add(step);
      }
    } catch (error) {
      log.warn({ reason: error instanceof Error ? error.name : 'unknown' }, 'objects of the quarantine bucket could not be looked for; it will be tried again');
    }
    if (underWay.size === 0 || underWay.size >= AT_ONCE) await Promise.race([clock.sleep(TICK_MS, signal), ...underWay]);
    else await clock.sleep(TICK_MS / 10, signal);
  }
  await Promise.allSettled([...underWay, ...(listing === undefined ? [] : [listing])]);
}

function leaseRows({ context, node }: S3Parts, limit: number): Promise<S3Row[]> {
  const now = context.clock.now();
  return limit <= 0 ? Promise.resolve([]) : leaseDue(context.database.sql, { node, now, until: new Date(now.getTime() + LEASE_MS), limit });
}

/** Never rejects: a step that cannot be noted is taken again when its lease ends. */
async function work(parts: S3Parts, row: S3Row, signal: AbortSignal): Promise<void> {
  const { clock, database, log } = parts.context;
  const isOver = new AbortController();
  const renewing = renewAgain(parts, row, isOver.signal);
  try {
    const step = await advance(parts, row, signal);
    await endStep(database.sql, row, { ...step, now: clock.now() });
  } catch (error) {
    log.warn({ objectId: row.id, reason: error instanceof Error ? error.name : 'unknown' }, 'a step of an object could not be noted; it will be taken again');
  } finally {
    isOver.abort();
    await renewing;
  }
}

async function renewAgain({ context, node }: S3Parts, row: S3Row, signal: AbortSignal): Promise<void> {
  for (;;) {
    await context.clock.sleep(RENEW_MS, signal);
    if (signal.aborted) return;
    await renewLease(context.database.sql, row.id, { node, until: new Date(context.clock.now().getTime() + LEASE_MS) }).catch(() => undefined);
  }
}

async function listWhenDue(parts: S3Parts, signal: AbortSignal): Promise<void> {
  const { clock, config, database, log } = parts.context;
  const now = clock.now();
  try {
    const next = new Date(now.getTime() + config.s3PollSeconds * 1000);
    if (await claimListing(database.sql, parts.places.quarantine, { now, next })) await reconcile(parts, signal);
  } catch (error) {
    log.warn({ reason: error instanceof Error ? error.message : 'unknown' }, 'the quarantine bucket could not be listed; it will be tried again');
  }
}
