import { HammingError } from './errors.ts';

/** Long work as a generator: every `yield` is a place where a sliced caller may let the event loop run. */
export type Steps<Result> = Generator<undefined, Result, undefined>;

/** The part of an AbortSignal that is used; this package has no DOM or Node types. */
export interface AbortSignalLike {
  readonly aborted: boolean;
  readonly reason?: unknown;
}

export interface SliceOptions {
  readonly signal?: AbortSignalLike | undefined;
  /** Lets other work run between two slices, e.g. `scheduler.yield`. Default: setImmediate, else setTimeout 0. */
  readonly pause?: (() => Promise<unknown>) | undefined;
}

declare const setImmediate: ((callback: () => void) => unknown) | undefined;
declare const setTimeout: (callback: () => void, delayMs: number) => unknown;

export function runAtOnce<Result>(steps: Steps<Result>): Result {
  let step = steps.next();
  while (step.done !== true) step = steps.next();
  return step.value;
}

export async function runInSlices<Result>(steps: Steps<Result>, options: SliceOptions): Promise<Result> {
  const pause = options.pause ?? pauseOnce;
  for (;;) {
    if (options.signal?.aborted === true) {
      throw new HammingError('aborted', 'The work was aborted; nothing was changed.', { cause: options.signal.reason });
    }
    const step = steps.next();
    if (step.done === true) return step.value;
    // oxlint-disable-next-line no-await-in-loop -- the point of the loop: one slice, then the event loop's turn
    await pause();
  }
}

function pauseOnce(): Promise<void> {
  return new Promise((resolve) => {
    if (typeof setImmediate === 'function') setImmediate(resolve);
    else setTimeout(resolve, 0);
  });
}

/** [0, count) in parts of at most `size`. */
export function* splitRange(count: number, size: number): Generator<{ readonly from: number; readonly to: number }, void, undefined> {
  for (let from = 0; from < count; from += size) yield { from, to: Math.min(count, from + size) };
}
