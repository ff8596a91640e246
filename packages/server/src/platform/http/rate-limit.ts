import type { Clock } from '../clock.ts';

/** Token buckets, one for each key; a bucket holds one minute's allowance. */
export interface RateLimiter {
  /** Seconds to wait, or 0 when the request may pass. */
  take(key: string, perMinute: number): number;
}

/** When there are more keys than this, full buckets are forgotten (they are as good as new). */
const BUCKETS_MAX = 50_000;
/** Then room is made for many, so that not every further key costs a walk through all of them. */
const BUCKETS_KEPT = 45_000;

export function createRateLimiter(clock: Clock): RateLimiter {
  const buckets = new Map<string, { tokens: number; atMs: number; perMinute: number }>();
  const forgetFull = (nowMs: number): void => {
    for (const [key, bucket] of buckets) {
      if (bucket.tokens + ((nowMs - bucket.atMs) * bucket.perMinute) / 60_000 >= bucket.perMinute) buckets.delete(key);
    }
    // An attacker with many addresses: forget the oldest rather than grow.
    for (const key of buckets.keys()) {
      if (buckets.size <= BUCKETS_KEPT) break;
      buckets.delete(key);
    }
  };
  return {
    take(key, perMinute) {
      const nowMs = clock.monotonicMs();
      const bucket = buckets.get(key) ?? { tokens: perMinute, atMs: nowMs, perMinute };
      bucket.tokens = Math.min(perMinute, bucket.tokens + ((nowMs - bucket.atMs) * perMinute) / 60_000);
      bucket.atMs = nowMs;
      const mayPass = bucket.tokens >= 1;
      if (mayPass) bucket.tokens -= 1;
      buckets.set(key, bucket);
      // After the token was taken: a full bucket would be forgotten, and this request with it.
      if (buckets.size > BUCKETS_MAX) forgetFull(nowMs);
      return mayPass ? 0 : Math.ceil(((1 - bucket.tokens) * 60) / perMinute);
    },
  };
}
