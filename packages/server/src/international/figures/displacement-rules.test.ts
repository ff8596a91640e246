import { describe, expect, it } from 'vitest';
import { findMoves, findPublishedMoves, twoSided, type MonthCount } from './displacement-rules.ts';

const MONTHS = ['2026-07', '2026-08', '2026-09', '2026-10'] as const;
const OPTIONS = { months: MONTHS, k: 10 };

/** A generator with a seed (mulberry32): a simulation that fails must fail again. */
function makeRandom(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4294967296;
  };
}

const WORLD: Readonly<Record<string, number>> = { NL: 0.3, US: 0.15, BG: 0.1, HK: 0.1, RO: 0.1, MY: 0.08, LT: 0.07, PL: 0.05, CZ: 0.05 };

function draw(random: () => number, shares: Readonly<Record<string, number>>): string {
  let left = random();
  for (const [country, share] of Object.entries(shares)) {
    left -= share;
    if (left < 0) return country;
  }
  return 'NL';
}

/** Each host is in one country and has one address or many: half have one, few have some ten. */
function simulateMonth(
  random: () => number,
  { month, hosts, shares }: { month: string; hosts: number; shares: Readonly<Record<string, number>> },
): MonthCount[] {
  const counts = new Map<string, { reports: number; squares: number }>();
  for (let host = 0; host < hosts; host++) {
    const size = Math.min(40, Math.ceil((1 / (1 - random())) ** 0.8));
    const country = draw(random, shares);
    const so = counts.get(country) ?? { reports: 0, squares: 0 };
    counts.set(country, { reports: so.reports + size, squares: so.squares + size ** 2 });
  }
  return [...counts].map(([country, count]) => ({ month, country, ...count }));
}

interface Simulation {
  readonly runs: number;
  readonly hosts: number;
  readonly now: Readonly<Record<string, number>>;
  /** As if every address were independent. */
  readonly isNaive?: boolean;
}

function simulate({ runs, hosts, now, isNaive = false }: Simulation): { readonly alarms: number; readonly found: number } {
  const random = makeRandom(20261130);
  let [alarms, found] = [0, 0];
  for (let run = 0; run < runs; run++) {
    const counts = MONTHS.flatMap((month, index) => simulateMonth(random, { month, hosts, shares: index === MONTHS.length - 1 ? now : WORLD }));
    const moves = findMoves(isNaive ? counts.map((count) => ({ ...count, squares: count.reports })) : counts, OPTIONS);
    alarms += moves.length > 0 ? 1 : 0;
    found += moves.some(({ country }) => country === 'RO') ? 1 : 0;
  }
  return { alarms: alarms / runs, found: found / runs };
}

describe('chance', () => {
  // Measured over 1,500 months each: 0.07 %, 0 %, 0 %, 0.13 % with 60, 200, 400 and 1,000 hosts. ALPHA is 1 %.
  it.each([
    [60, 800],
    [200, 800],
    [1000, 300],
  ])('with %i hosts a month, false alarms in at most one of a hundred months where nothing moved', (hosts, runs) => {
    expect(simulate({ runs, hosts, now: WORLD }).alarms).toBeLessThanOrEqual(0.01);
  });

  // Measured: 84 % of months.
  it('would cry wolf if addresses were taken for independent', () => {
    expect(simulate({ runs: 300, hosts: 200, now: WORLD, isNaive: true }).alarms).toBeGreaterThan(0.5);
  });

  // Measured: 82 %, 99.8 % and 100 % of months with 200, 400 and 1,000 hosts; with 60 only 5 %. From a tenth to a fifth: 2 %, 22 %, 90 %.
  it('finds a country that goes from a tenth to a third', () => {
    const now = { ...WORLD, NL: 0.07, RO: 0.33 };
    expect(simulate({ runs: 200, hosts: 200, now }).found).toBeGreaterThan(0.75);
    expect(simulate({ runs: 100, hosts: 1000, now }).found).toBe(1);
  });
});

describe('what is no alarm', () => {
  const even = (month: string, shares: Readonly<Record<string, number>>): MonthCount[] =>
    Object.entries(shares).map(([country, reports]) => ({ month, country, reports, squares: reports }));
  const before = MONTHS.slice(0, 3).flatMap((month) => even(month, { NL: 5000, US: 5000 }));

  it('a move that is certain and small', () => {
    expect(findMoves([...before, ...even('2026-10', { NL: 5450, US: 4550 })], OPTIONS)).toEqual([]);
    expect(findMoves([...before, ...even('2026-10', { NL: 5600, US: 4400 })], OPTIONS).map(({ country }) => country)).toEqual(['NL', 'US']);
  });

  it('one host with many addresses', () => {
    const few = MONTHS.slice(0, 3).flatMap((month) => even(month, { NL: 60, US: 60 }));
    const many = [...even('2026-10', { NL: 60 }), { month: '2026-10', country: 'US', reports: 260, squares: 200 ** 2 + 60 }];
    expect(findMoves([...few, ...many], OPTIONS)).toEqual([]);
    expect(findMoves([...few, ...even('2026-10', { NL: 60, US: 260 })], OPTIONS)).toHaveLength(2);
  });

  it('too few hosts, no month before, nothing', () => {
    expect(findMoves([...before, ...even('2026-10', { NL: 1, US: 28 })], OPTIONS)).toEqual([]);
    expect(findMoves(before, { ...OPTIONS, months: ['2026-09'] })).toEqual([]);
    expect(findMoves([], OPTIONS)).toEqual([]);
  });
});

it('says what moved, with no count below k behind its shares', () => {
  const even = (month: string, shares: Readonly<Record<string, number>>): MonthCount[] =>
    Object.entries(shares).map(([country, reports]) => ({ month, country, reports, squares: reports }));
  const counts = [...MONTHS.slice(0, 3).flatMap((month) => even(month, { NL: 100, US: 100 })), ...even('2026-10', { NL: 3, US: 197 })];
  expect(findMoves(counts, OPTIONS)[0]).toMatchObject({
    basis: 'notices',
    country: 'NL',
    from: { month: '2026-07 to 2026-09', share: 0.5 },
    // Three of 200 are not said: fewer than 10 of them are.
    to: { month: '2026-10', share: 0.05 },
    pValue: 0.0001,
  });
});

it('published shares: only from one year to the next, and only beyond five of a hundred', () => {
  const shares = [
    { country: 'NL', year: 2021, percent: 41 },
    { country: 'NL', year: 2022, percent: 32 },
    { country: 'NL', year: 2024, percent: 20 },
    { country: 'RO', year: 2023, percent: 0 },
    { country: 'RO', year: 2024, percent: 7 },
    { country: 'BG', year: 2023, percent: 6 },
    { country: 'BG', year: 2024, percent: 9 },
  ];
  expect(findPublishedMoves(shares).map(({ country, to }) => [country, to.month])).toEqual([
    ['NL', '2022'],
    ['RO', '2024'],
  ]);
  expect(findPublishedMoves(shares)[0]).toMatchObject({ from: { month: '2021', share: 0.41 }, to: { share: 0.32 }, pValue: null });
});

it('knows the normal distribution', () => {
  expect(twoSided(0)).toBeCloseTo(1, 6);
  expect(twoSided(1.959963985)).toBeCloseTo(0.05, 6);
  expect(twoSided(-2.575829304)).toBeCloseTo(0.01, 6);
  expect(twoSided(6) / 1.973175e-9).toBeCloseTo(1, 4);
});
