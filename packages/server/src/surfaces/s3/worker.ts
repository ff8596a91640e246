/** On every node: takes up objects that are due, a few at once, and lists the bucket when it is time. */
import { setMaxListeners } from 'node:events';
import type { S3Parts } from './parts.ts';
import { reconcile } from './listing.ts';
import type { ObjectState } from './schema.ts';
import { advance } from './steps.ts';
import { claimListing, continueStep, endStep, freeLeases, leaseDue, renewLease, wakeObject, type S3Row } from './store.ts';

export interface Worker {
  start(): Promise<void>;
  stop(): Promise<void>;
  /** Something is due, perhaps: it is looked for at once. */
  wake(): void;
  /** Works until nothing is due. @returns the number of objects that were taken up */
  drain(signal: AbortSignal): Promise<number>;
}

/** Most of the time they wait: for the store, and for the decision. */
const AT_ONCE = 8;
/** What nobody here is woken for: decisions of people, other nodes' objects, further attempts. */
const TICK_MS = 1_000;
/** What a killed node held, others take up after this time; the same one at once, when it is back. */
const LEASE_MS = 60_000;
const RENEW_MS = 20_000;
/** An object has three or four steps; whatever goes in a circle gives others their turn. */
const STEPS_MAX = 8;

export function createWorker(parts: S3Parts): Worker {
  const { context } = parts;
  const stopping = new AbortController();
  const signal = AbortSignal.any([stopping.signal, context.stopping]);
  // One listener for each request under way.
  setMaxListeners(0, signal);
  const pause = createPause(parts, signal);
  let loop: Promise<void> = Promise.resolve();
  return {
    async start() {
      await freeLeases(context.database.sql, parts.node);
      loop = run(parts, pause, signal);
    },
    async stop() {
      stopping.abort();
      await loop;
    },
    wake: pause.end,
    async drain(until) {
      let count = 0;
      for (;;) {
        const rows = await leaseRows(parts, AT_ONCE);
        if (rows.length === 0 || until.aborted) return count;
        await Promise.all(rows.map((row) => work(parts, row, until)));
        count += rows.length;
      }
    },
  };
}

interface Pause {
  take(): Promise<void>;
  /** Also the one that is taken next. */
  end(): void;
}

function createPause({ context }: S3Parts, signal: AbortSignal): Pause {
  let isEnded = false;
  let current = new AbortController();
  const end = (): void => {
    isEnded = true;
    current.abort();
  };
  signal.addEventListener('abort', end, { once: true });
  return {
    async take() {
      current = new AbortController();
      if (!isEnded) await context.clock.sleep(TICK_MS, current.signal);
      isEnded = signal.aborted;
    },
    end,
  };
}

async function run(parts: S3Parts, pause: Pause, signal: AbortSignal): Promise<void> {
  const { clock, log } = parts.context;
  const underWay = new Set<Promise<void>>();
  let listing: Promise<void> | undefined;
  let listedMs = -Infinity;
  let mayBeMore = false;
  while (!signal.aborted) {
    try {
      if (listing === undefined && clock.monotonicMs() >= listedMs + TICK_MS) {
        listedMs = clock.monotonicMs();
        listing = listWhenDue(parts, pause, signal).finally(() => {
          listing = undefined;
        });
      }
      const room = AT_ONCE - underWay.size;
      const rows = await leaseRows(parts, room);
      mayBeMore = rows.length === room;
      // What is taken up goes on while the next is looked for: a large object holds nobody up.
      for (const row of rows) {
        const task: Promise<void> = work(parts, row, signal).finally(() => {
          underWay.delete(task);
          if (mayBeMore) pause.end();
        });
        underWay.add(task);
      }
    } catch (error) {
      log.warn({ reason: error instanceof Error ? error.name : 'unknown' }, 'objects of the quarantine bucket could not be looked for; it will be tried again');
    }
    await pause.take();
  }
  await Promise.allSettled([...underWay, ...(listing === undefined ? [] : [listing])]);
}

function leaseRows({ context, node }: S3Parts, limit: number): Promise<S3Row[]> {
  const now = context.clock.now();
  return limit <= 0 ? Promise.resolve([]) : leaseDue(context.database.sql, { node, now, until: new Date(now.getTime() + LEASE_MS), limit });
}

/** One object, step by step while there is something to do, each noted. Never rejects: what cannot be noted is taken up again when its lease ends. */
async function work(parts: S3Parts, row: S3Row, signal: AbortSignal): Promise<void> {
  const { database, log } = parts.context;
  const isOver = new AbortController();
  const isLost = new AbortController();
  const renewing = renewAgain(parts, row, { isOver: isOver.signal, isLost });
  try {
    const isHeld = await takeSteps(parts, row, AbortSignal.any([signal, isLost.signal]));
    // Another holder does not know what was just done here, such as a write to the released bucket.
    if (!isHeld) await wakeObject(database.sql, row.id, parts.context.clock.now());
  } catch (error) {
    log.warn({ objectId: row.id, reason: error instanceof Error ? error.name : 'unknown' }, 'a step of an object could not be noted; it will be taken again');
  } finally {
    isOver.abort();
    await renewing;
  }
}

/** @returns whether the lease was held to the end */
async function takeSteps(parts: S3Parts, row: S3Row, signal: AbortSignal): Promise<boolean> {
  const { clock, database } = parts.context;
  let held = row;
  let after: ObjectState | undefined;
  for (let count = 1; ; count += 1) {
    const step = { ...(await advance(parts, held, { after, signal })), now: clock.now() };
    const goesOn = step.fault === null && step.next_at !== null && step.next_at <= step.now && count < STEPS_MAX && !signal.aborted;
    if (!goesOn) return endStep(database.sql, held, step);
    const next = await continueStep(database.sql, held, step);
    if (next === undefined) return false;
    after = held.state;
    held = next;
  }
}

interface Renewal {
  readonly isOver: AbortSignal;
  /** Nothing more is done to an object that another node may have taken up. */
  readonly isLost: AbortController;
}

async function renewAgain({ context, node }: S3Parts, row: S3Row, { isOver, isLost }: Renewal): Promise<void> {
  const { clock, database } = context;
  let until = row.lease_until ?? clock.now();
  for (;;) {
    await clock.sleep(RENEW_MS, isOver);
    if (isOver.aborted) return;
    const next = new Date(clock.now().getTime() + LEASE_MS);
    try {
      if (!(await renewLease(database.sql, row.id, { node, until: next }))) return isLost.abort();
      until = next;
    } catch {
      // The database may be away for a moment; the lease stands until its end.
      if (clock.now() >= until) return isLost.abort();
    }
  }
}

async function listWhenDue(parts: S3Parts, pause: Pause, signal: AbortSignal): Promise<void> {
  const { clock, config, database, log } = parts.context;
  const now = clock.now();
  try {
    const next = new Date(now.getTime() + config.s3PollSeconds * 1000);
    if ((await claimListing(database.sql, parts.places.quarantine, { now, next })) && (await reconcile(parts, signal)).found > 0) pause.end();
  } catch (error) {
    log.warn({ reason: error instanceof Error ? error.message : 'unknown' }, 'the quarantine bucket could not be listed; it will be tried again');
  }
}
