import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { addWorkingDays, fromLocal, isTimeZone, isWorkingDay, skipBlocked, toLocal, type Calendar } from './calendar-rules.ts';

const UTC: Calendar = { workingDays: [1, 2, 3, 4, 5], holidays: new Set(), blockedDays: new Set(), timeZone: 'UTC' };
const ZONES = ['UTC', 'Europe/London', 'Asia/Kathmandu', 'America/St_Johns', 'Australia/Lord_Howe', 'Pacific/Apia'];

describe('working days', () => {
  it.each([
    // Friday; the weekend does not count.
    ['2026-11-06T15:30:00Z', 1, UTC, '2026-11-09T15:30:00.000Z'],
    ['2026-11-06T15:30:00Z', 5, UTC, '2026-11-13T15:30:00.000Z'],
    // From a Sunday: Monday is the first.
    ['2026-11-08T00:00:00Z', 1, UTC, '2026-11-09T00:00:00.000Z'],
    ['2026-12-24T12:00:00Z', 1, { ...UTC, holidays: new Set(['2026-12-25', '2026-12-28']) }, '2026-12-29T12:00:00.000Z'],
    // Sunday to Thursday.
    ['2026-11-05T12:00:00Z', 1, { ...UTC, workingDays: [7, 1, 2, 3, 4] }, '2026-11-08T12:00:00.000Z'],
    // The clocks go back on 25 October: the same time of day is an hour later in UTC.
    ['2026-10-23T09:00:00Z', 1, { ...UTC, timeZone: 'Europe/London' }, '2026-10-26T10:00:00.000Z'],
    // In Auckland it is Monday already.
    ['2026-11-08T20:00:00Z', 1, { ...UTC, timeZone: 'Pacific/Auckland' }, '2026-11-09T20:00:00.000Z'],
    ['2026-11-06T20:00:00Z', 1, { ...UTC, timeZone: 'Pacific/Auckland' }, '2026-11-08T20:00:00.000Z'],
    ['2026-11-06T15:30:00Z', 0, UTC, '2026-11-06T15:30:00.000Z'],
    // No day at all would never come: Monday to Friday.
    ['2026-11-06T15:30:00Z', 1, { ...UTC, workingDays: [] }, '2026-11-09T15:30:00.000Z'],
  ])('%s and %i', (from, days, calendar, expected) => {
    expect(addWorkingDays(new Date(from), days, calendar).toISOString()).toBe(expected);
  });

  it('counts exactly the working days between, in every zone', () => {
    const anyTime = fc.integer({ min: Date.parse('2020-01-01'), max: Date.parse('2030-01-01') });
    fc.assert(
      fc.property(anyTime, fc.integer({ min: 1, max: 30 }), fc.constantFrom(...ZONES), (at, days, timeZone) => {
        const calendar = { ...UTC, timeZone };
        const [from, to] = [toLocal(new Date(at), timeZone).day, toLocal(addWorkingDays(new Date(at), days, calendar), timeZone).day];
        let count = 0;
        for (let day = Date.parse(from) + 86_400_000; day <= Date.parse(to); day += 86_400_000)
          count += isWorkingDay(new Date(day).toISOString().slice(0, 10), calendar) ? 1 : 0;
        expect(count).toBe(days);
        expect(isWorkingDay(to, calendar)).toBe(true);
      }),
      { numRuns: 500 },
    );
  });

  it('local time and back is the same moment, or an hour beside it where the clocks change', () => {
    const anyTime = fc.integer({ min: Date.parse('2020-01-01'), max: Date.parse('2030-01-01') });
    fc.assert(
      fc.property(anyTime, fc.constantFrom(...ZONES), (at, timeZone) => {
        const back = fromLocal(toLocal(new Date(at), timeZone), timeZone).getTime();
        expect([0, 1_800_000, 3_600_000]).toContain(Math.abs(back - at));
      }),
      { numRuns: 2_000 },
    );
  });

  it('a calendar without any working day ends', () => {
    const holidays = new Set(Array.from({ length: 2000 }, (_none, i) => new Date(Date.parse('2026-11-01') + i * 86_400_000).toISOString().slice(0, 10)));
    expect(addWorkingDays(new Date('2026-11-06T00:00:00Z'), 1, { ...UTC, holidays }).getTime()).toBeGreaterThan(0);
  });
});

it('blocked days end at midnight of the country', () => {
  const calendar = { ...UTC, timeZone: 'Europe/Amsterdam', blockedDays: new Set(['2026-12-25', '2026-12-26']) };
  expect(skipBlocked(new Date('2026-12-24T22:59:00Z'), calendar).toISOString()).toBe('2026-12-24T22:59:00.000Z');
  expect(skipBlocked(new Date('2026-12-24T23:00:00Z'), calendar).toISOString()).toBe('2026-12-26T23:00:00.000Z');
});

it('names of time zones', () => {
  expect(['Europe/Amsterdam', 'Nowhere/Land', ''].map(isTimeZone)).toEqual([true, false, false]);
});
