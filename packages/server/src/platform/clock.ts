/**
 * The only reader of time (DESIGN.md, import rule 4). Everything else receives a `Clock`, so that tests can hold time still.
 */
export interface Clock {
  /** Wall time, UTC. Use it for what is stored or shown, never for measuring a duration. */
  now(): Date;
  /** Milliseconds since an arbitrary start; never goes backwards. */
  monotonicMs(): number;
  /** Resolves after `ms` milliseconds, or at once (without an error) when `signal` aborts. */
  sleep(ms: number, signal?: AbortSignal): Promise<void>;
}

export const systemClock: Clock = {
  now: () => new Date(),
  monotonicMs: () => performance.now(),
  sleep(ms, signal) {
    if (signal?.aborted === true) return Promise.resolve();
    return new Promise((resolve) => {
      const done = (): void => {
        clearTimeout(timer);
        signal?.removeEventListener('abort', done);
        resolve();
      };
      const timer = setTimeout(done, ms);
      signal?.addEventListener('abort', done, { once: true });
    });
  },
};
