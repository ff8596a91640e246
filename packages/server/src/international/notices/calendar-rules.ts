/** Days and working days of a country, in its time zone. Pure: the same moment and calendar give the same answer. */

export interface Calendar {
  /** ISO weekdays, 1 is Monday. Empty: Monday to Friday. */
  readonly workingDays: readonly number[];
  /** YYYY-MM-DD */
  readonly holidays: ReadonlySet<string>;
  /** Days on which nothing goes out. */
  readonly blockedDays: ReadonlySet<string>;
  /** IANA name; UTC where it is not known. */
  readonly timeZone: string;
}

export const DAY_MS = 86_400_000;
const MONDAY_TO_FRIDAY = [1, 2, 3, 4, 5];
/** No calendar has so many days in a row without a working day; one that has is a mistake, and must not hang the ladder. */
const LOOK_AHEAD_DAYS = 366;

const formats = new Map<string, Intl.DateTimeFormat>();

export function isTimeZone(name: string): boolean {
  try {
    return new Intl.DateTimeFormat('en-GB', { timeZone: name }).resolvedOptions().timeZone !== '';
  } catch {
    return false;
  }
}

interface LocalTime {
  /** YYYY-MM-DD */
  readonly day: string;
  readonly msOfDay: number;
}

export function toLocal(at: Date, timeZone: string): LocalTime {
  const local = at.getTime() + offsetMs(at.getTime(), timeZone);
  return { day: new Date(local).toISOString().slice(0, 10), msOfDay: ((local % DAY_MS) + DAY_MS) % DAY_MS };
}

/** A time that a change of the clocks leaves out becomes one beside it; of a time that happens twice it is one of both. Always the same one. */
export function fromLocal({ day, msOfDay }: LocalTime, timeZone: string): Date {
  const local = Date.parse(`${day}T00:00:00Z`) + msOfDay;
  const guess = local - offsetMs(local, timeZone);
  return new Date(local - offsetMs(guess, timeZone));
}

/** What clocks there show, less UTC. */
function offsetMs(at: number, timeZone: string): number {
  if (timeZone === 'UTC') return 0;
  let format = formats.get(timeZone);
  if (format === undefined) {
    const numeric = { year: 'numeric', month: '2-digit', day: '2-digit', hour: '2-digit', minute: '2-digit', second: '2-digit' } as const;
    format = new Intl.DateTimeFormat('en-GB', { timeZone, hourCycle: 'h23', ...numeric });
    formats.set(timeZone, format);
  }
  const part = Object.fromEntries(format.formatToParts(at).map(({ type, value }) => [type, value]));
  const shown = Date.parse(`${part['year']}-${part['month']}-${part['day']}T${part['hour']}:${part['minute']}:${part['second']}Z`);
  return shown - (at - (((at % 1000) + 1000) % 1000));
}

export function nextDay(day: string): string {
  return new Date(Date.parse(`${day}T00:00:00Z`) + DAY_MS).toISOString().slice(0, 10);
}

export function isWorkingDay(day: string, { workingDays, holidays }: Calendar): boolean {
  const weekday = new Date(`${day}T00:00:00Z`).getUTCDay();
  return (workingDays.length === 0 ? MONDAY_TO_FRIDAY : workingDays).includes(weekday === 0 ? 7 : weekday) && !holidays.has(day);
}

/** The same time of day on the `count`-th working day after the day of `from`, which itself does not count. */
export function addWorkingDays(from: Date, count: number, calendar: Calendar): Date {
  const { day: start, msOfDay } = toLocal(from, calendar.timeZone);
  let day = start;
  let idle = 0;
  for (let left = count; left > 0 && idle < LOOK_AHEAD_DAYS;) {
    day = nextDay(day);
    const isCounted = isWorkingDay(day, calendar);
    left -= isCounted ? 1 : 0;
    idle = isCounted ? 0 : idle + 1;
  }
  return fromLocal({ day, msOfDay }, calendar.timeZone);
}

/** `at`, or the beginning of the next day that is not blocked. */
export function skipBlocked(at: Date, { blockedDays, timeZone }: Calendar): Date {
  let { day } = toLocal(at, timeZone);
  if (!blockedDays.has(day)) return at;
  for (let i = 0; i < LOOK_AHEAD_DAYS && blockedDays.has(day); i++) day = nextDay(day);
  return fromLocal({ day, msOfDay: 0 }, timeZone);
}
