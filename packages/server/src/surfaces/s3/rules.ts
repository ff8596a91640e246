/** What follows for an object from what became of its upload. Pure. */
import type { UploadState } from '../../intake/index.ts';

export interface Standing {
  /** Undefined: forgotten, which uploads are some time after they ended. */
  readonly upload: UploadState | undefined;
  /** `over`: it had one, whose time ran out. `none`: the policy released it without. */
  readonly receipt: 'in_force' | 'over' | 'none';
  readonly isPromoted: boolean;
  /** It was cleared, or released by the policy, and what follows from that was not carried out yet. */
  readonly isOpen: boolean;
  readonly isInQuarantine: boolean;
  /** A further version of a key that was given out for one object. */
  readonly isExtra: boolean;
}

/**
 * `fetch`: its bytes are not here. `wait`: not decided. `promote`: it belongs into the released bucket. `withdraw`: it must come out of it.
 * `keep`: it does not go there. `rest`: it is there and stays. `rescreen`: it was cleared, and could not be promoted for as long as its receipt was in
 * force. `again`: the same, for longer than its bytes are kept here; it is read once more.
 */
export type Move = 'fetch' | 'wait' | 'promote' | 'withdraw' | 'keep' | 'rest' | 'rescreen' | 'again';

export function decideMove(standing: Standing): Move {
  const { upload, isPromoted, isOpen, isInQuarantine } = standing;
  if (upload === 'released') return decideReleased(standing);
  if (upload === 'expired' && isOpen && isInQuarantine) return 'again';
  // One that is deleted, held or refused takes its object along at once (`wakeUpload`): what is promoted still, had expired.
  return MOVES[upload ?? 'expired'][isPromoted ? 'promoted' : 'elsewhere'];
}

function decideReleased({ receipt, isPromoted, isOpen, isExtra }: Standing): Move {
  if (receipt === 'in_force') return isExtra ? 'keep' : 'promote';
  // A receipt that ran out takes nothing back.
  if (isPromoted) return 'rest';
  // What the policy released without a receipt is not for a bucket that holds nothing else.
  return receipt === 'over' && isOpen && !isExtra ? 'rescreen' : 'keep';
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
