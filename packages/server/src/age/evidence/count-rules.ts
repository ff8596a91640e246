/** How an ended check becomes a count: everything is coarsened before it is written. Pure. */
import { OTHER_LOCALE, type CountCell, type CountRow, type Day, type Device, type Duration, type EndedCheck, type Outcome } from './schema.ts';

const DAY_MS = 86_400_000;

/** UTC, so that a day is the same on every node. */
export function toDay(date: Date): Day {
  return date.toISOString().slice(0, 10);
}

export function addDays(day: Day, days: number): Day {
  return toDay(new Date(Date.parse(day) + days * DAY_MS));
}

/** The Monday of the week (ISO 8601). */
export function toWeek(day: Day): Day {
  const weekday = (new Date(day).getUTCDay() + 6) % 7;
  return addDays(day, -weekday);
}

/** Televisions, consoles and readers name themselves; robots do too. */
const OTHER_DEVICES = /smart-?tv|googletv|appletv|hbbtv|tizen|web0s|playstation|xbox|nintendo|kindle|bot\b|crawler/i;
const HANDHELDS = /android|iphone|ipad|ipod|mobile|tablet/i;
const DESKTOPS = /windows|macintosh|x11|linux|cros/i;

/** @param header a request header by its lower-case name */
export function readDevice(header: (name: string) => string | undefined): Device {
  const agent = header('user-agent') ?? '';
  if (OTHER_DEVICES.test(agent)) return 'other_device';
  const hint = header('sec-ch-ua-mobile');
  if (hint === '?1' || HANDHELDS.test(agent)) return 'phone';
  return hint === '?0' || DESKTOPS.test(agent) ? 'desktop' : 'unknown';
}

/** A language that the page speaks; whoever asked for another one read the page in one of these, and is not counted apart. */
export function coarsenLocale(locale: string, spoken: readonly string[]): string {
  const language = locale.toLowerCase().split('-')[0] ?? '';
  return spoken.includes(language) ? language : OTHER_LOCALE;
}

const BUCKETS: readonly (readonly [Duration, number])[] = [
  ['under_30s', 30],
  ['under_1m', 60],
  ['under_2m', 120],
  ['under_5m', 300],
  ['under_10m', 600],
];

export function bucketDuration(ms: number): Duration {
  return BUCKETS.find(([, seconds]) => ms < seconds * 1000)?.[0] ?? 'over_10m';
}

/** The upper end of a bucket; undefined where it has none. */
export function secondsOf(duration: Duration): number | undefined {
  return BUCKETS.find(([name]) => name === duration)?.[1];
}

/** @param spoken languages of the page */
export function toCount(check: EndedCheck, spoken: readonly string[]): CountRow {
  const outcome = judge(check);
  return {
    method: check.method,
    kind: check.kind ?? 'none',
    outcome,
    locale: coarsenLocale(check.locale, spoken),
    device: check.device,
    isAssisted: check.isAssisted,
    duration: outcome === 'true' || outcome === 'false' ? bucketDuration(check.endedAt.getTime() - check.beganAt.getTime()) : 'none',
    sessions: 1,
    presentations: check.presentations,
    refusals: check.refusals,
  };
}

function judge({ result, refusals }: EndedCheck): Outcome {
  if (result !== undefined) return result;
  return refusals > 0 ? 'refused' : 'abandoned';
}

export function keyOf({ method, kind, outcome, locale, device, isAssisted, duration }: CountCell): string {
  return JSON.stringify([method, kind, outcome, locale, device, isAssisted, duration]);
}

/** Equal cells become one. */
export function mergeCounts(rows: readonly CountRow[]): CountRow[] {
  const merged = new Map<string, CountRow>();
  for (const row of rows) {
    const known = merged.get(keyOf(row));
    merged.set(keyOf(row), known === undefined ? row : addCounts(known, row));
  }
  return [...merged.values()];
}

function addCounts(a: CountRow, b: CountRow): CountRow {
  return { ...a, sessions: a.sessions + b.sessions, presentations: a.presentations + b.presentations, refusals: a.refusals + b.refusals };
}

/**
 * What is left of days when they become a month: cells of fewer than `k` checks lose language, device, path and time. Nothing that is
 * published needs them then (a figure about so few people is never shown), and a row about one rare speaker does not lie about for years.
 */
export function foldCounts(rows: readonly CountRow[], k: number): CountRow[] {
  const coarsened = mergeCounts(rows).map((row): CountRow => {
    return row.sessions >= k ? row : { ...row, locale: OTHER_LOCALE, device: 'unknown', isAssisted: false, duration: 'none' };
  });
  return mergeCounts(coarsened);
}
