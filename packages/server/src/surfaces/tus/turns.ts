/**
 * One request at a time for each upload. A sender whose connection broke comes back over a new one before the old one is known to be dead: whoever
 * asks where the upload is (HEAD) or takes it back (DELETE) ends the request that holds it; a second piece at once is turned away.
 */
import type { Clock } from '../../platform/clock.ts';
import { GatehouseError } from '../../platform/errors.ts';

export interface Turn {
  /** Aborted when somebody else wants the upload. */
  readonly signal: AbortSignal;
  release(): void;
}

export interface Turns {
  /** @throws {GatehouseError} upload_locked */
  take(id: string, options: { readonly interrupts: boolean }): Promise<Turn>;
  isHeld(id: string): boolean;
}

/** For the bytes that arrived to reach the disk. */
const PATIENCE_MS = 10_000;
export const LOCKED_RETRY_S = 2;

interface Holder {
  readonly abort: AbortController;
  readonly done: Promise<void>;
}

export function createTurns(clock: Pick<Clock, 'sleep'>): Turns {
  const holders = new Map<string, Holder>();
  return {
    isHeld: (id) => holders.has(id),
    async take(id, { interrupts }) {
      const before = holders.get(id);
      if (before !== undefined && interrupts) {
        before.abort.abort();
        const enough = new AbortController();
        await Promise.race([before.done, clock.sleep(PATIENCE_MS, enough.signal)]);
        enough.abort();
      }
      if (holders.has(id))
        throw new GatehouseError('upload_locked', 'Another request for this upload is under way. Nothing was added by this one.', {
          retryAfterS: LOCKED_RETRY_S,
        });
      const abort = new AbortController();
      const settle: { done: () => void } = { done: () => undefined };
      holders.set(id, { abort, done: new Promise((resolve) => void (settle.done = resolve)) });
      return {
        signal: abort.signal,
        release() {
          holders.delete(id);
          settle.done();
        },
      };
    },
  };
}
