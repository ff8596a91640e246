/** How often one server is asked: a bucket of tokens for each, and a rest after it said "too many". In memory, because it is about politeness, not about rights. */
import type { Clock } from '../../platform/clock.ts';

export interface Pace {
  /** Waits for a turn. @returns false when the turn would come too late, or the server asked for a rest */
  take(server: string, signal: AbortSignal): Promise<boolean>;
  /** The server said that it was asked too often. */
  rest(server: string): void;
}

interface Bucket {
  tokens: number;
  filledAtMs: number;
  restsUntilMs: number;
}

const PER_SECOND = 2;
const BURST = 10;
const WAIT_MAX_MS = 5_000;
const REST_MS = 60_000;
/** Servers come from bootstrap files; there are some hundred. */
const SERVERS_MAX = 2_000;

export function createPace(clock: Clock): Pace {
  const buckets = new Map<string, Bucket>();
  const find = (server: string): Bucket => {
    const now = clock.monotonicMs();
    if (!buckets.has(server) && buckets.size >= SERVERS_MAX) buckets.clear();
    const bucket = buckets.get(server) ?? { tokens: BURST, filledAtMs: now, restsUntilMs: 0 };
    buckets.set(server, bucket);
    bucket.tokens = Math.min(BURST, bucket.tokens + ((now - bucket.filledAtMs) / 1000) * PER_SECOND);
    bucket.filledAtMs = now;
    return bucket;
  };
  return {
    async take(server, signal) {
      const bucket = find(server);
      if (bucket.restsUntilMs > clock.monotonicMs()) return false;
      const waitMs = bucket.tokens >= 1 ? 0 : ((1 - bucket.tokens) / PER_SECOND) * 1000;
      if (waitMs > WAIT_MAX_MS) return false;
      // The token is taken at once, below zero if need be: whoever comes next waits longer.
      bucket.tokens -= 1;
      if (waitMs > 0) await clock.sleep(waitMs, signal);
      return !signal.aborted;
    },
    rest(server) {
      find(server).restsUntilMs = clock.monotonicMs() + REST_MS;
    },
  };
}
