/**
 * Whether the share of a country among what is hosted moved further than chance explains. Reports are not independent: one site gives a hundred addresses
 * in one month, all in one country. What is drawn by chance is the site; the variance of a share is therefore taken over hosts, not over addresses
 * (ratio estimator over clusters; Cochran, Sampling Techniques, 1977, section 9A). The simulation in displacement-rules.test.ts has the rates of false and
 * missed alarms, with and without this.
 */
import type { Displacement } from './schema.ts';
import { isShowable } from './suppression-rules.ts';

export interface MonthCount {
  readonly month: string;
  readonly country: string;
  /** Addresses that were reported. */
  readonly reports: number;
  /** The sum of the squares of the counts of each host. */
  readonly squares: number;
}

export type Move = Omit<Displacement, 'foundAt'>;

export interface MoveOptions {
  /** Months in order: the last one is compared with those before it together. */
  readonly months: readonly string[];
  readonly k: number;
}

/** One false alarm in a hundred months. */
export const ALPHA = 0.01;
/** Five of a hundred: less is no displacement, however certain. */
export const CHANGE_MIN = 0.05;
/** Hosts (in effect: reports squared by squares) on each side; with fewer the approximation by a normal distribution is bad. */
export const HOSTS_MIN = 30;
/** Of the same: expected in the country and outside it (the usual rule of five). */
const EXPECTED_MIN = 5;
/** Months before the one that is looked at. */
export const MONTHS_BEFORE = 3;

export function findMoves(counts: readonly MonthCount[], { months, k }: MoveOptions): Move[] {
  const [last, ...before] = months.toReversed();
  if (last === undefined || before.length === 0) return [];
  const now = gather(counts.filter(({ month }) => month === last));
  const then = gather(counts.filter(({ month }) => before.includes(month)));
  if (now.hosts < HOSTS_MIN || then.hosts < HOSTS_MIN) return [];
  const countries = [...new Set([...now.countries.keys(), ...then.countries.keys()])].toSorted();
  const tests = countries.flatMap((country) => test(country, then, now) ?? []).toSorted((a, b) => a.pValue - b.pValue);
  const span = before.length === 1 ? (before[0] ?? '') : `${before.at(-1) ?? ''} to ${before[0] ?? ''}`;
  return correct(tests)
    .filter(({ pValue, from, to }) => pValue < ALPHA && Math.abs(to - from) >= CHANGE_MIN)
    .map(({ country, pValue, from, to }) => ({
      basis: 'notices' as const,
      country,
      from: { month: span, share: showShare(from, then, k) },
      to: { month: last, share: showShare(to, now, k) },
      pValue: pValue < 0.0001 ? 0.0001 : Number(pValue.toPrecision(2)),
      reason: `From ${percent(from)} to ${percent(to)} of what was reported, over about ${Math.round(now.hosts)} hosts. By chance alone a move like this in any country would come in fewer than one of a hundred months.`,
    }));
}

interface Side {
  readonly reports: number;
  readonly squares: number;
  /** As many hosts of equal size would be as certain. */
  readonly hosts: number;
  readonly countries: ReadonlyMap<string, { readonly reports: number; readonly squares: number }>;
}

function gather(counts: readonly MonthCount[]): Side {
  const countries = new Map<string, { readonly reports: number; readonly squares: number }>();
  for (const { country, reports, squares } of counts) {
    const so = countries.get(country) ?? { reports: 0, squares: 0 };
    countries.set(country, { reports: so.reports + reports, squares: so.squares + squares });
  }
  const reports = counts.reduce((sum, count) => sum + count.reports, 0);
  const squares = counts.reduce((sum, count) => sum + count.squares, 0);
  return { reports, squares, hosts: squares === 0 ? 0 : reports ** 2 / squares, countries };
}

interface Tested {
  readonly country: string;
  readonly from: number;
  readonly to: number;
  readonly pValue: number;
}

/** @returns undefined where there is too little of it for a test */
function test(country: string, then: Side, now: Side): Tested | undefined {
  const [own, before] = [now.countries.get(country) ?? NONE, then.countries.get(country) ?? NONE];
  const pooled = (own.reports + before.reports) / (now.reports + then.reports);
  const fewest = Math.min(now.hosts, then.hosts);
  if (fewest * pooled < EXPECTED_MIN || fewest * (1 - pooled) < EXPECTED_MIN) return undefined;
  const [from, to] = [before.reports / then.reports, own.reports / now.reports];
  const variance = varianceOf(pooled, before, then) + varianceOf(pooled, own, now);
  return { country, from, to, pValue: twoSided((to - from) / Math.sqrt(variance)) };
}

const NONE = { reports: 0, squares: 0 };

/**
 * Hosts inside count with 1 - p, those outside with p. Never less than with hosts of the size that all have: a country in which by chance only small ones
 * were seen would look more certain than it is.
 */
function varianceOf(p: number, own: { readonly squares: number }, side: Side): number {
  const seen = (1 - p) ** 2 * own.squares + p ** 2 * (side.squares - own.squares);
  return Math.max(seen, p * (1 - p) * side.squares) / side.reports ** 2;
}

/** Holm (1979): the smallest is multiplied by how many there are, the next by one fewer. Valid however they depend on each other, as shares do. */
function correct(sorted: readonly Tested[]): Tested[] {
  let largest = 0;
  return sorted.map((tested, index) => {
    largest = Math.max(largest, Math.min(1, tested.pValue * (sorted.length - index)));
    return { ...tested, pValue: largest };
  });
}

/** The complementary error function to 1.2e-7 of its value (Press et al., Numerical Recipes, 2nd edition, section 6.2). */
export function twoSided(z: number): number {
  const x = Math.abs(z) / Math.SQRT2;
  const t = 1 / (1 + 0.5 * x);
  const terms = [-1.26551223, 1.00002368, 0.37409196, 0.09678418, -0.18628806, 0.27886807, -1.13520398, 1.48851587, -0.82215223, 0.17087277];
  return t * Math.exp(-x * x + terms.reduceRight((sum, term) => sum * t + term, 0));
}

/** To whole percent. Where the count behind it is too small to be shown, the share is that of the largest such count: "below this". */
function showShare(share: number, { reports }: Side, k: number): number {
  const isShown = isShowable(Math.round(share * reports), k);
  return isShown ? Math.round(share * 100) / 100 : Math.ceil((k / reports) * 100) / 100;
}

function percent(share: number): string {
  return `${Math.round(share * 100)}%`;
}

export interface PublishedShare {
  readonly country: string;
  readonly year: number;
  /** Percent, as published: rounded. */
  readonly percent: number;
}

/** Rounded shares of one hotline, without the counts by host that a test needs: said as a difference, not as a finding. */
export function findPublishedMoves(shares: readonly PublishedShare[]): Move[] {
  return shares.flatMap(({ country, year, percent: to }) => {
    const before = shares.find((share) => share.country === country && share.year === year - 1);
    if (before === undefined || Math.abs(to - before.percent) < CHANGE_MIN * 100) return [];
    return {
      basis: 'published' as const,
      country,
      from: { month: String(year - 1), share: before.percent / 100 },
      to: { month: String(year), share: to / 100 },
      pValue: null,
      reason: `Published shares, rounded to whole percent: ${before.percent}% in ${year - 1}, ${to}% in ${year}. No test: how many hosts are behind them was not published, and what a hotline looks for changes from year to year.`,
    };
  });
}
