/**
 * Quarters of a year, in UTC. What everybody may see is about the reports of one whole quarter as they stood when the next quarter was over: each could be
 * followed for three months at least, the figures do not change afterwards, and no two of them overlap, so that nothing can be worked out by subtraction.
 */

export interface Quarter {
  /** `2026-Q3` */
  readonly name: string;
  readonly from: Date;
  /** Exclusive. */
  readonly to: Date;
  /** When its figures are made: the end of the quarter after it. */
  readonly until: Date;
}

export function quarterOf(year: number, quarter: number): Quarter {
  const start = (offset: number): Date => new Date(Date.UTC(year, (quarter - 1 + offset) * 3, 1));
  const from = start(0);
  return { name: `${from.getUTCFullYear()}-Q${from.getUTCMonth() / 3 + 1}`, from, to: start(1), until: start(2) };
}

/** The newest whose figures are due, and those before it, newest first. */
export function listQuarters(now: Date, count: number): Quarter[] {
  const current = Math.floor(now.getUTCMonth() / 3) + 1;
  return Array.from({ length: count }, (_, index) => quarterOf(now.getUTCFullYear(), current - 2 - index));
}

/** `2026-11` */
export function monthOf(at: Date): string {
  return at.toISOString().slice(0, 7);
}

/** The first day of the month that is `offset` months away. */
export function startOfMonth(at: Date, offset = 0): Date {
  return new Date(Date.UTC(at.getUTCFullYear(), at.getUTCMonth() + offset, 1));
}

/** Months from the one of `from` to the one before `to`, in order. */
export function listMonths(from: Date, to: Date): string[] {
  const months: string[] = [];
  for (let at = startOfMonth(from); at < to; at = startOfMonth(at, 1)) months.push(monthOf(at));
  return months;
}

/** Days as YYYY-MM-DD; this month and the twelve before it where they are missing or make no period. */
export function readPeriod(
  { from, to }: { readonly from?: string | undefined; readonly to?: string | undefined },
  now: Date,
): { readonly from: Date; readonly to: Date } {
  const end = to === undefined ? startOfMonth(now, 1) : new Date(`${to}T00:00:00Z`);
  const begin = from === undefined ? startOfMonth(end, -13) : new Date(`${from}T00:00:00Z`);
  return begin < end ? { from: begin, to: end } : { from: startOfMonth(end, -13), to: end };
}
