/** Of a server or a line that says nothing. */

export interface Silence {
  /** Aborts when nothing moved for too long, or with the signal that was given. */
  readonly signal: AbortSignal;
  /** Something came, or went. */
  readonly move: () => void;
  readonly end: () => void;
}

export function watchSilence(maxMs: number, given?: AbortSignal): Silence {
  const stop = new AbortController();
  const leave = (): void => stop.abort(given?.reason);
  const begin = (): ReturnType<typeof setTimeout> => setTimeout(() => stop.abort(new Error('nothing came for too long')), maxMs);
  let timer = begin();
  if (given?.aborted === true) leave();
  given?.addEventListener('abort', leave, { once: true });
  return {
    signal: stop.signal,
    move() {
      clearTimeout(timer);
      timer = begin();
    },
    end() {
      clearTimeout(timer);
      // A signal can outlive many files, and must not hold them.
      given?.removeEventListener('abort', leave);
    },
  };
}
