import { describe, expect, it } from 'vitest';
import { createFakeClock } from '../../../test/support/clock.ts';
import { createRateLimiter } from './rate-limit.ts';

describe('createRateLimiter', () => {
  it('lets a minute through at once, then one for each share of a minute', () => {
    const clock = createFakeClock();
    const limiter = createRateLimiter(clock);
    const take = (): number => limiter.take('a', 6);
    expect(Array.from({ length: 7 }, take)).toEqual([0, 0, 0, 0, 0, 0, 10]);
    clock.advance(9_999);
    expect(take()).toBe(1);
    clock.advance(1);
    expect(take()).toBe(0);
    expect(take()).toBe(10);
    clock.advance(3_600_000);
    expect(Array.from({ length: 7 }, take).filter((waitS) => waitS === 0).length).toBe(6);
  });

  it('counts each key for itself', () => {
    const limiter = createRateLimiter(createFakeClock());
    expect([limiter.take('a', 1), limiter.take('a', 1) > 0, limiter.take('b', 1)]).toEqual([0, true, 0]);
  });

  it('keeps those under limit in mind while others come and go', () => {
    const clock = createFakeClock();
    const limiter = createRateLimiter(clock);
    for (let i = 0; i < 40_000; i++) limiter.take(`old-${i}`, 60);
    clock.advance(2_000);
    while (limiter.take('busy', 60) === 0);
    for (let i = 0; i < 10_000; i++) limiter.take(`new-${i}`, 60);
    // The old ones are full again and forgotten; the busy one still waits.
    expect(limiter.take('busy', 60)).toBeGreaterThan(0);
  });

  it('bounds its memory under a flood of keys that are all under limit', () => {
    const limiter = createRateLimiter(createFakeClock());
    for (let i = 0; i < 50_001; i++) limiter.take(`flood-${i}`, 1);
    // The first ones were dropped to make room, the last ones not.
    expect(limiter.take('flood-0', 1)).toBe(0);
    expect(limiter.take('flood-50000', 1)).toBeGreaterThan(0);
  });
});
