/**
 * Server-sent events (WHATWG HTML, section 9.2) of one session: its state at once, every change, a heartbeat in between, and the end of the
 * stream with the end of the session. Pulled, not pushed: a reader that is slow holds one event, not a queue of them.
 */
import { GatehouseError } from '../../platform/errors.ts';

/** Well below the frame's bound for silence (two minutes) and what proxies usually allow (one). */
const HEARTBEAT_MS = 15_000;
/** A client reconnects with `Last-Event-ID` and misses nothing. */
const STREAM_MS = 300_000;
const STREAMS_MAX = 500;
/** Of one session: a page in two windows, a service that reconnects before its old connection is given up. */
const STREAMS_PER_SESSION_MAX = 4;
const RETRY_MS = 2_000;
const BUSY_RETRY_S = 5;

export interface Streamed {
  readonly version: number;
  readonly isEnded: boolean;
  readonly data: unknown;
}

export interface StreamOptions {
  readonly sessionId: string;
  /** `Last-Event-ID` */
  readonly lastEventId: string | undefined;
  readonly signal: AbortSignal;
  /** Waits for a version above `sinceVersion`, or gives the present one after `waitMs`. */
  watch(options: { readonly sinceVersion: number; readonly waitMs: number; readonly signal: AbortSignal }): Promise<Streamed>;
}

export interface EventStreams {
  respond(options: StreamOptions): Response;
}

export function createEventStreams(clock: { monotonicMs(): number }, stopping: AbortSignal): EventStreams {
  const open = new Map<string, number>();
  let openCount = 0;
  const count = (sessionId: string, change: 1 | -1): void => {
    openCount += change;
    const left = (open.get(sessionId) ?? 0) + change;
    if (left > 0) open.set(sessionId, left);
    else open.delete(sessionId);
  };
  return {
    respond(options) {
      const { sessionId } = options;
      if (openCount >= STREAMS_MAX || (open.get(sessionId) ?? 0) >= STREAMS_PER_SESSION_MAX)
        throw new GatehouseError('busy', 'Too many event streams are open.', { retryAfterS: BUSY_RETRY_S });
      count(sessionId, 1);
      const body = createBody(options, { clock, stopping, onEnd: () => count(sessionId, -1) });
      return new Response(body, { headers: { 'content-type': 'text/event-stream', 'x-accel-buffering': 'no' } });
    },
  };
}

interface BodyParts {
  readonly clock: { monotonicMs(): number };
  readonly stopping: AbortSignal;
  onEnd(): void;
}

function createBody(options: StreamOptions, { clock, stopping, onEnd }: BodyParts): ReadableStream<Uint8Array> {
  const encoder = new TextEncoder();
  const abort = new AbortController();
  const signal = AbortSignal.any([abort.signal, options.signal, stopping]);
  const endMs = clock.monotonicMs() + STREAM_MS;
  let sinceVersion = toVersion(options.lastEventId);
  let hasEnded = false;
  const end = (): void => {
    if (!hasEnded) onEnd();
    hasEnded = true;
    abort.abort();
  };
  options.signal.addEventListener('abort', end, { once: true });
  return new ReadableStream<Uint8Array>(
    {
      start: (controller) => controller.enqueue(encoder.encode(`retry: ${RETRY_MS}\n\n`)),
      async pull(controller) {
        try {
          const seen = await options.watch({ sinceVersion, waitMs: HEARTBEAT_MS, signal });
          const isNews = seen.version > sinceVersion || seen.isEnded;
          sinceVersion = Math.max(sinceVersion, seen.version);
          controller.enqueue(encoder.encode(isNews ? `id: ${seen.version}\nevent: state\ndata: ${JSON.stringify(seen.data)}\n\n` : ': still here\n\n'));
          if (!seen.isEnded && !signal.aborted && clock.monotonicMs() < endMs) return;
        } catch {
          // The session was removed or the database is away: the client comes back and is told by a status.
        }
        end();
        controller.close();
      },
      cancel: end,
    },
    { highWaterMark: 1 },
  );
}

function toVersion(lastEventId: string | undefined): number {
  return lastEventId !== undefined && /^\d{1,9}$/.test(lastEventId) ? Number(lastEventId) : 0;
}
