/**
 * Screens what was received. The upload's row is the queue: it waits in state `received`, is leased while it is screened, and whatever
 * happens to this process, somebody finds it there. In memory are only the ids that this process works on.
 */
import { setMaxListeners } from 'node:events';
import { newId } from '../platform/ids.ts';
import type { ScreenResult } from '../screening/index.ts';
import { isCanary } from './canary.ts';
import { conclude, type Leased } from './decisions.ts';
import { later, type Parts } from './parts.ts';
import { findUnscreened, leaseUpload, postponeUpload } from './store-decisions.ts';

export interface Screener {
  /** Screens as soon as there is room. Does nothing for an upload that is under way here. */
  enqueue(id: string, sizeBytes: number): void;
  /** Takes up what nobody works on: at start this node's own, later also what a dead node left. */
  recover(): Promise<number>;
  /** Bytes of the uploads that wait here or are being screened. */
  waitingBytes(): number;
  /** Ends what is under way; what was not decided stays in its row. */
  stop(): Promise<void>;
}

/** Above the number of decoders, so that they never starve; far below the limit of the screening queue, which other work shares. */
const CONCURRENT_MAX = 16;
/** Longer than queueing and decoding may take together. */
const LEASE_S = 300;
const RECOVER_LIMIT = 10_000;
/** After a fault that is not the content's (the database is away): soon, but not in a circle. */
const FAULT_DELAY_MS = 2_000;

export function createScreener(parts: Parts): Screener {
  const { clock, log } = parts.context;
  /** Ids under way or waiting for room, with their sizes. */
  const known = new Map<string, number>();
  let knownBytes = 0;
  const forget = (id: string): void => {
    knownBytes -= known.get(id) ?? 0;
    known.delete(id);
  };
  const waiting: string[] = [];
  const running = new Set<Promise<void>>();
  const stopping = new AbortController();
  const signal = AbortSignal.any([stopping.signal, parts.context.stopping]);
  // One listener for each screening under way.
  setMaxListeners(0, signal);

  const run = async (id: string): Promise<void> => {
    try {
      await screenOne(parts, id, signal);
    } catch (error) {
      log.error({ uploadId: id, err: error }, 'an upload could not be screened or its decision not recorded; it stays held and will be tried again');
      await clock.sleep(FAULT_DELAY_MS, signal);
      if (!signal.aborted) waiting.push(id);
      return;
    }
    forget(id);
  };
  const fill = (): void => {
    while (running.size < CONCURRENT_MAX && !signal.aborted) {
      const id = waiting.shift();
      if (id === undefined) return;
      const task: Promise<void> = run(id).finally(() => {
        running.delete(task);
        fill();
      });
      running.add(task);
    }
  };
  const enqueue = (id: string, sizeBytes: number): void => {
    if (known.has(id) || signal.aborted) return;
    known.set(id, sizeBytes);
    knownBytes += sizeBytes;
    waiting.push(id);
    fill();
  };
  return {
    enqueue,
    waitingBytes: () => knownBytes,
    async recover() {
      const found = await findUnscreened(parts.context.database.sql, { node: parts.node, at: clock.now(), limit: RECOVER_LIMIT });
      let count = 0;
      for (const { id, node, sha256, sizeBytes } of found) {
        // Another node's bytes are on its disk, unless the storage is shared.
        if (known.has(id) || (node !== parts.node && !(await parts.storage.has('quarantine', sha256)))) continue;
        enqueue(id, sizeBytes);
        count += 1;
      }
      return count;
    },
    async stop() {
      stopping.abort();
      await Promise.all(running);
    },
  };
}

async function screenOne(parts: Parts, id: string, signal: AbortSignal): Promise<void> {
  const { clock, database } = parts.context;
  const token = newId<'Lease'>('lse', clock);
  const at = clock.now();
  const upload = await leaseUpload(database.sql, id, { token, node: parts.node, at, until: later(at, { s: LEASE_S }) });
  if (upload?.content === undefined) return;
  const leased: Leased = { upload: { ...upload, content: upload.content }, token };
  const result = await screen(parts, leased, signal);
  if (result === undefined) await postponeUpload(database.sql, { id, token }, { nextAttemptAt: clock.now() });
  else await conclude(parts, leased, result);
}

/** @returns undefined when the node stops meanwhile: a stop waits for nobody */
function screen(parts: Parts, { upload }: Leased, signal: AbortSignal): Promise<ScreenResult | undefined> {
  const { digests, sizeBytes } = upload.content;
  return new Promise((resolve, reject) => {
    const stop = (): void => resolve(undefined);
    if (signal.aborted) return stop();
    signal.addEventListener('abort', stop, { once: true });
    parts.screening
      .screen({ path: parts.storage.pathOf('quarantine', digests.sha256), digests, sizeBytes, key: upload.createdBy, isCanary: isCanary(upload), signal })
      .then(resolve, reject)
      .finally(() => signal.removeEventListener('abort', stop));
  });
}
