import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { isBelieved, planNext, planRetry, readSighting, SEEN_MIN, stateOf, summariseSeen, type SeenCount } from './rules.ts';

const NOW = new Date('2026-11-25T12:00:00.000Z');
const MINUTE_MS = 60_000;
const BOUNDS = { minMs: 5 * MINUTE_MS, maxMs: 60 * MINUTE_MS };
const later = (ms: number): Date => new Date(NOW.getTime() + ms);

describe('when a list is fetched again', () => {
  const share = fc.double({ min: 0, max: 1, noNaN: true });
  const bounds = fc
    .tuple(fc.integer({ min: 1, max: 1440 }), fc.integer({ min: 0, max: 10_080 }))
    .map(([min, more]) => ({ minMs: min * MINUTE_MS, maxMs: (min + more) * MINUTE_MS }));
  const number = fc.oneof(fc.constant(undefined), fc.double({ min: 0, max: Number.MAX_VALUE, noNaN: true }), fc.integer({ min: 0, max: 100_000 }));

  it('is within the bounds, whatever the issuer says', () => {
    fc.assert(
      fc.property(number, number, bounds, share, (ttlS, lifeS, given, random) => {
        const expiresAt = lifeS === undefined ? undefined : later(Math.min(lifeS, 1e9) * 1000);
        const waitMs = planNext({ ttlS, expiresAt }, NOW, { bounds: given, random });
        expect(waitMs).toBeGreaterThanOrEqual(given.minMs);
        expect(waitMs).toBeLessThanOrEqual(given.maxMs);
      }),
    );
  });

  it('follows ttl and exp between them, before the list expires, and spreads', () => {
    const plan = (ttlS: number | undefined, lifeMs: number | undefined, random: number): number =>
      planNext({ ttlS, expiresAt: lifeMs === undefined ? undefined : later(lifeMs) }, NOW, { bounds: BOUNDS, random }) / MINUTE_MS;
    expect([plan(600, undefined, 0), plan(600, undefined, 1)]).toEqual([9, 10]);
    expect(plan(undefined, 20 * MINUTE_MS, 1)).toBe(16);
    expect(plan(3000, 20 * MINUTE_MS, 1)).toBe(16);
    expect([plan(1, undefined, 0), plan(1, undefined, 1)]).toEqual([5, 5.5]);
    expect([plan(undefined, undefined, 0), plan(undefined, undefined, 1)]).toEqual([54, 60]);
    expect(plan(undefined, -MINUTE_MS, 0)).toBe(5);
  });

  it('waits longer after each failure, and never longer than the bound', () => {
    const waits = [1, 2, 3, 4, 5, 100].map((failures) => planRetry(failures, { bounds: BOUNDS, random: 1 }) / MINUTE_MS);
    expect(waits).toEqual([5.5, 10, 20, 40, 60, 60]);
  });
});

describe('how long a list is believed', () => {
  const maxStaleMs = 120 * MINUTE_MS;
  const state = (minutesAgo: number | undefined, lifeMinutes: number | undefined, failures = 0): string =>
    stateOf(
      {
        fetchedAt: minutesAgo === undefined ? undefined : later(-minutesAgo * MINUTE_MS),
        expiresAt: lifeMinutes === undefined ? undefined : later(lifeMinutes * MINUTE_MS),
        failures,
      },
      NOW,
      { maxStaleMs, bounds: BOUNDS },
    );

  it.each([
    ['never fetched', undefined, undefined, 0, 'missing'],
    ['just fetched', 0, undefined, 0, 'fresh'],
    ['at half the time', 60, undefined, 0, 'fresh'],
    ['beyond half the time', 61, undefined, 0, 'late'],
    ['at the end', 120, undefined, 0, 'late'],
    ['beyond the end', 121, undefined, 3, 'stale'],
    ['about to expire, all well', 1, 30, 0, 'fresh'],
    ['about to expire, and the last fetch failed', 1, 30, 1, 'late'],
    ['expired a moment ago: clocks differ', 1, -0.9, 0, 'fresh'],
    ['expired', 1, -1, 0, 'stale'],
  ] as const)('%s', (_name, minutesAgo, lifeMinutes, failures, expected) => {
    expect(state(minutesAgo, lifeMinutes, failures)).toBe(expected);
  });

  it('an alarm comes before a list is refused', () => {
    fc.assert(
      fc.property(fc.integer({ min: 0, max: 300 }), (minutes) => {
        const held = { fetchedAt: later(-minutes * MINUTE_MS), expiresAt: undefined };
        if (isBelieved(held, NOW, maxStaleMs)) return;
        expect(state(minutes - 60, undefined)).not.toBe('fresh');
      }),
    );
  });
});

describe('addresses that refused credentials name', () => {
  const count = (uri: string, times: number): SeenCount => ({ host: '', path: '', hasQuery: false, ...readSighting(uri), count: times });

  it('are noted as host and path, and only if they could be fetched', () => {
    expect(readSighting('https://issuer.example:8443/lists/7?person=1#x')).toEqual({ host: 'issuer.example:8443', path: '/lists/7', hasQuery: true });
    for (const none of ['', 'lists/7', 'file:///etc/passwd', 'javascript:alert(1)', `https://a.example/${'a'.repeat(2000)}`])
      expect(readSighting(none)).toBeUndefined();
    // A user name is no part of what is noted.
    expect(readSighting('https://person:secret@issuer.example/1')).toEqual({ host: 'issuer.example', path: '/1', hasQuery: false });
  });

  it('are shown with their path from five presentations on, rounded; below that as their host', () => {
    const seen = summariseSeen(
      [count('https://a.example/1', 4), count('https://a.example/2', 1), count('https://b.example/1', 12), count('https://c.example/1?q', 5)],
      [],
      3,
    );
    expect(seen).toEqual({
      others: 3,
      lists: [
        { host: 'b.example', path: '/1', atLeast: 10, hasQuery: false },
        { host: 'c.example', path: '/1', atLeast: 5, hasQuery: true },
        { host: 'a.example', path: null, atLeast: 5, hasQuery: false },
      ],
    });
    expect(SEEN_MIN).toBe(5);
  });

  it('are not shown when they are registered meanwhile', () => {
    expect(summariseSeen([count('https://a.example/1', 9)], ['https://a.example/1'], 0).lists).toEqual([]);
  });
});
