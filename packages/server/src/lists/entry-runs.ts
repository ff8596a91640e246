/**
 * Which entry numbers have which type. An import gives its new entries of one type consecutive numbers, so that a few runs describe
 * millions of entries, and the place of a PDQ hash in the index follows from its number.
 */
import type { Steps } from '../platform/slices.ts';
import { findLast } from './ascending.ts';
import { SIGNAL_TYPES, type SignalType } from './schema.ts';

export interface Run {
  readonly first: number;
  readonly last: number;
  readonly type: SignalType;
}

export interface EntryRuns {
  /** The highest number given out; 0 when there is none. */
  readonly lastEntry: number;
  readonly runs: readonly Run[];
  totalOf(type: SignalType): number;
  typeOf(entry: number): SignalType | undefined;
  /** How many entries of the same type have a lower number. */
  rankOf(type: SignalType, entry: number): number;
  /** The entry with this rank; `lastEntry + 1` beyond the end. */
  entryAt(type: SignalType, rank: number): number;
  /** By run of a type, ascending: its first entry, and the rank of that. */
  startsOf(type: SignalType): { readonly firsts: readonly number[]; readonly ranks: readonly number[] };
}

interface TypeRuns {
  readonly firsts: number[];
  /** The rank of each first. */
  readonly ranks: number[];
  total: number;
}

/** @param rows in the order of their numbers */
export function createEntryRuns(rows: readonly Run[]): EntryRuns {
  const runs = joinRuns(rows);
  const byType: Record<SignalType, TypeRuns> = { pdq: emptyRuns(), md5: emptyRuns(), sha1: emptyRuns(), sha256: emptyRuns() };
  for (const { first, last, type } of runs) {
    byType[type].firsts.push(first);
    byType[type].ranks.push(byType[type].total);
    byType[type].total += last - first + 1;
  }
  const firsts = runs.map(({ first }) => first);
  const lastEntry = runs.at(-1)?.last ?? 0;
  return {
    lastEntry,
    runs,
    totalOf: (type) => byType[type].total,
    typeOf(entry) {
      const run = runs[findLast(firsts, entry)];
      return run !== undefined && entry <= run.last ? run.type : undefined;
    },
    startsOf: (type) => byType[type],
    rankOf(type, entry) {
      const at = findLast(byType[type].firsts, entry);
      return (byType[type].ranks[at] ?? 0) + entry - (byType[type].firsts[at] ?? 0);
    },
    entryAt(type, rank) {
      const { firsts: starts, ranks, total } = byType[type];
      if (rank >= total) return lastEntry + 1;
      const at = findLast(ranks, rank);
      return (starts[at] ?? 0) + rank - (ranks[at] ?? 0);
    },
  };
}

function emptyRuns(): TypeRuns {
  return { firsts: [], ranks: [], total: 0 };
}

function joinRuns(rows: readonly Run[]): Run[] {
  const joined: Run[] = [];
  for (const row of rows) {
    const before = joined.at(-1);
    if (before !== undefined && before.type === row.type && before.last + 1 === row.first) joined[joined.length - 1] = { ...before, last: row.last };
    else joined.push(row);
  }
  return joined;
}

export type TypeCounts = Record<SignalType, number>;

/** Between two turns of the event loop; 1 ms. */
const SLICE_FLAGS = 1_048_576;

/** Entries by type whose flags are all clear, and how many are disabled but not withdrawn. */
export function* countInForce(runs: EntryRuns, flags: Uint8Array): Steps<{ readonly inForce: TypeCounts; readonly disabled: number }> {
  const inForce: TypeCounts = { pdq: 0, md5: 0, sha1: 0, sha256: 0 };
  for (const type of SIGNAL_TYPES) inForce[type] = runs.totalOf(type);
  let disabled = 0;
  for (const { first, last, type } of runs.runs) {
    for (let entry = first; entry <= Math.min(last, flags.length - 1); entry++) {
      if (flags[entry] !== 0) inForce[type] -= 1;
      if (flags[entry] === FLAG_DISABLED) disabled += 1;
      if (entry % SLICE_FLAGS === 0) yield undefined;
    }
  }
  return { inForce, disabled };
}

export const FLAG_DISABLED = 1;
export const FLAG_WITHDRAWN = 2;
