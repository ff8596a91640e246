/** Long polls and event streams: whoever waits for a thing is woken when this node changes it, and looks again every second for other nodes. */
import type { Clock } from './clock.ts';

export interface Waiters {
  /**
   * Calls `look` until `isDone` holds, `waitMs` have passed or `signal` aborts.
   * @returns what `look` gave last
   */
  watch<T>(id: string, look: () => Promise<T>, options: WatchOptions<T>): Promise<T>;
  notify(id: string): void;
}

export interface WatchOptions<T> {
  readonly waitMs: number;
  readonly signal: AbortSignal;
  isDone(value: T): boolean;
}

const LOOK_EVERY_MS = 1_000;

/** @param stopping ends every wait: whoever waits gets the state as it is */
export function createWaiters(clock: Clock, stopping: AbortSignal): Waiters {
  const waiting = new Map<string, Set<() => void>>();
  return {
    async watch(id, look, { waitMs, signal, isDone }) {
      const endMs = clock.monotonicMs() + waitMs;
      const ended = AbortSignal.any([signal, stopping]);
      for (;;) {
        const bell = ring(waiting, id);
        try {
          // The bell is hung up before the look: what happens in between rings it.
          const value = await look();
          const leftMs = endMs - clock.monotonicMs();
          if (leftMs <= 0 || ended.aborted || isDone(value)) return value;
          const timer = new AbortController();
          const stop = AbortSignal.any([ended, timer.signal]);
          await Promise.race([bell.rung, clock.sleep(Math.min(LOOK_EVERY_MS, leftMs), stop)]);
          timer.abort();
        } finally {
          bell.takeDown();
        }
      }
    },
    notify(id) {
      for (const wake of waiting.get(id) ?? []) wake();
    },
  };
}

function ring(waiting: Map<string, Set<() => void>>, id: string): { readonly rung: Promise<void>; takeDown(): void } {
  let wake = (): void => undefined;
  const rung = new Promise<void>((resolve) => {
    wake = resolve;
  });
  const bells = waiting.get(id) ?? new Set();
  bells.add(wake);
  waiting.set(id, bells);
  return {
    rung,
    takeDown() {
      bells.delete(wake);
      if (bells.size === 0 && waiting.get(id) === bells) waiting.delete(id);
    },
  };
}
