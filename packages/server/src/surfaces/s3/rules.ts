/** What follows for an object from what became of its upload. Pure. */
import type { UploadState } from '../../intake/index.ts';

export interface Standing {
  readonly upload: UploadState;
  /** A receipt in force. */
  readonly hasReceipt: boolean;
  readonly isPromoted: boolean;
  /** A further version of a key that was given out for one object. */
  readonly isExtra: boolean;
}

/**
 * `fetch`: its bytes are not here. `wait`: not decided. `promote`: it belongs into the released bucket. `withdraw`: it must come out of it.
 * `keep`: it does not go there. `rest`: it is there and stays.
 */
export type Move = 'fetch' | 'wait' | 'promote' | 'withdraw' | 'keep' | 'rest';

export function decideMove({ upload, hasReceipt, isPromoted, isExtra }: Standing): Move {
  if (upload === 'released') {
    // What the policy released without a receipt is not for a bucket that holds nothing else. A receipt that ran out takes nothing back.
    if (!hasReceipt) return isPromoted ? 'rest' : 'keep';
    return isExtra ? 'keep' : 'promote';
  }
  return MOVES[upload][isPromoted ? 'promoted' : 'elsewhere'];
}

const UNDECIDED = { promoted: 'withdraw', elsewhere: 'wait' } as const;
const STOPPED = { promoted: 'withdraw', elsewhere: 'keep' } as const;
const MOVES: Readonly<Record<Exclude<UploadState, 'released'>, Readonly<Record<'promoted' | 'elsewhere', Move>>>> = {
  created: { promoted: 'fetch', elsewhere: 'fetch' },
  receiving: { promoted: 'fetch', elsewhere: 'fetch' },
  received: UNDECIDED,
  scanning: UNDECIDED,
  held: STOPPED,
  refused: STOPPED,
  deleted: STOPPED,
  expired: { promoted: 'rest', elsewhere: 'keep' },
};

/** 5 s, 10 s, 20 s, … at most 10 minutes; it is never given up. */
const RETRY_FIRST_S = 5;
const RETRY_LONGEST_S = 600;

export function planRetryS(attempts: number): number {
  return Math.min(RETRY_LONGEST_S, RETRY_FIRST_S * 2 ** Math.min(attempts, 16));
}
