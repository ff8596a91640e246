/** Compares what the domains have with what the log has, both in the order of ids. Pure. */

export interface Counted {
  readonly id: string;
  readonly count: number;
}

export interface Expected extends Counted {
  /** The log may have more. */
  readonly isAtLeast: boolean;
}

export interface Tally {
  rows: number;
  entries: number;
  pending: number;
  missing: number;
  surplus: number;
  readonly missingIds: string[];
  readonly surplusIds: string[];
  /** Entries without a row, where rows may go. */
  erased: number;
}

/** Named in a report; the rest is counted. */
const NAMED_MAX = 20;

export function startTally(): Tally {
  return { rows: 0, entries: 0, pending: 0, missing: 0, surplus: 0, missingIds: [], surplusIds: [], erased: 0 };
}

/** One id: what its rows ask for, and what the log has. */
export interface Comparison {
  readonly id: string;
  readonly row: Expected | undefined;
  readonly entries: number;
  readonly pending: number;
}

export function compare(tally: Tally, { id, row, entries, pending }: Comparison, isErased: boolean): void {
  const [wanted, there] = [row?.count ?? 0, entries + pending];
  tally.rows += wanted;
  tally.entries += entries;
  tally.pending += pending;
  if (there < wanted) {
    tally.missing += wanted - there;
    if (tally.missingIds.length < NAMED_MAX) tally.missingIds.push(id);
    return;
  }
  if (there === wanted || row?.isAtLeast === true) return;
  // A row that is there says how often: only one that is gone may have been removed on a schedule.
  if (row === undefined && isErased) tally.erased += there;
  else {
    tally.surplus += there - wanted;
    if (tally.surplusIds.length < NAMED_MAX) tally.surplusIds.push(id);
  }
}

/** As `collate "C"` of PostgreSQL: by the bytes of UTF-8. */
export function compareIds(a: string, b: string): number {
  return a === b ? 0 : Buffer.compare(Buffer.from(a), Buffer.from(b));
}
