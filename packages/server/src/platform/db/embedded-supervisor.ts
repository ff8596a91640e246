/** Brings the embedded PostgreSQL back when it dies, while the gateway reports itself unready. */
import type { Clock } from '../clock.ts';
import type { EmbeddedPostgres } from './embedded.ts';
import type { EmbeddedLog } from './embedded-types.ts';

export interface SupervisorOptions {
  readonly clock: Clock;
  readonly log: EmbeddedLog;
  /** Ends the supervision. `EmbeddedPostgres.stop` ends it as well. */
  readonly signal: AbortSignal;
  /** Told `false` when the server died, before the first attempt to restart it, and `true` when it is back. */
  readonly onChange: (isUp: boolean) => void;
}

/** A full disk may take an operator an hour: the pauses grow to half a minute and never end. */
const PAUSE_MIN_MS = 100;
const PAUSE_MAX_MS = 30_000;
/** A server that lived this long starts again with the shortest pause; one that keeps dying does not. */
const STABLE_MS = 60_000;

export function superviseEmbedded(server: EmbeddedPostgres, options: SupervisorOptions): void {
  const { clock, log, signal } = options;
  let pauseMs = PAUSE_MIN_MS;
  let upSinceMs = clock.monotonicMs();

  const bringBack = async (): Promise<void> => {
    if (clock.monotonicMs() - upSinceMs > STABLE_MS) pauseMs = PAUSE_MIN_MS;
    while (!signal.aborted) {
      await clock.sleep(pauseMs, signal);
      if (signal.aborted) return;
      pauseMs = Math.min(pauseMs * 2, PAUSE_MAX_MS);
      try {
        await server.restart();
        upSinceMs = clock.monotonicMs();
        log.info({}, 'embedded PostgreSQL is back');
        options.onChange(true);
        return;
      } catch (error) {
        if (server.isStopped()) return;
        log.error({ err: error, nextAttemptMs: pauseMs }, 'embedded PostgreSQL could not be restarted');
      }
    }
  };

  const unsubscribe = server.onExit(() => {
    options.onChange(false);
    // `sleep` may reject when the signal aborts, which is the end we want.
    bringBack().catch((error: unknown) => {
      if (!signal.aborted) log.error({ err: error }, 'the supervision of the embedded PostgreSQL ended');
    });
  });
  signal.addEventListener('abort', unsubscribe, { once: true });
}
