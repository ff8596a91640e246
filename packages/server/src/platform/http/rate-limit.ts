import type { Clock } from '../clock.ts';

/** Token buckets, one for each key; a bucket holds one minute's allowance. */
export interface RateLimiter {
  /** Seconds to wait, or 0 when the request may pass. */
  take(key: string, perMinute: number): number;
}

/** When there are more keys than this, full buckets are forgotten (they are as good as new). */
const BUCKETS_MAX = 50_000;

export function createRateLimiter(clock: Clock): RateLimiter {
  const buckets = new Map<string, { tokens: number; atMs: number; perMinute: number }>();
  const forgetFull = (nowMs: number): void => {
    for (const [key, bucket] of buckets) {
      if (bucket.tokens + ((nowMs - bucket.atMs) * bucket.perMinute) / 60_000 >= bucket.perMinute) buckets.delete(key);
    }
    // An attacker with many addresses: forget the oldest rather than grow.
    for (const key of buckets.keys()) {
      if (buckets.size <= BUCKETS_MAX) break;
      buckets.delete(key);
    }
  };
  return {
    take(key, perMinute) {
      const nowMs = clock.monotonicMs();
      const bucket = buckets.get(key) ?? { tokens: perMinute, atMs: nowMs, perMinute };
      bucket.tokens = Math.min(perMinute, bucket.tokens + ((nowMs - bucket.atMs) * perMinute) / 60_000);
      bucket.atMs = nowMs;
      buckets.set(key, bucket);
      if (buckets.size > BUCKETS_MAX) forgetFull(nowMs);
      if (bucket.tokens >= 1) {
        bucket.tokens -= 1;
        return 0;
      }
      return Math.ceil(((1 - bucket.tokens) * 60) / perMinute);
    },
  };
}
