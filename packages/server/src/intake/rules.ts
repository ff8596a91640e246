/** What follows from what: the states of an upload, the policy, the neutral words. Pure. */
import type { Screening } from '../screening/index.ts';
import type { Disposition, UploadState } from './schema.ts';

export type UploadEvent = 'begin' | 'abandon' | 'accept' | 'lease' | 'retry' | 'release' | 'hold' | 'refuse' | 'rescreen' | 'revoke' | 'expire' | 'delete';

/**
 * Every transition there is; what is not named cannot happen. `released` has two ways in and both pass `decide`: there is none from
 * `held` or `refused`, which must be screened again.
 */
const TRANSITIONS: Readonly<Record<UploadState, Readonly<Partial<Record<UploadEvent, UploadState>>>>> = {
  created: { begin: 'receiving', accept: 'received', expire: 'expired', delete: 'deleted' },
  receiving: { begin: 'receiving', abandon: 'created', accept: 'received', expire: 'expired', delete: 'deleted' },
  // Content that was acknowledged does not expire before it is decided.
  received: { lease: 'scanning', delete: 'deleted' },
  scanning: { lease: 'scanning', retry: 'received', release: 'released', hold: 'held', refuse: 'refused', delete: 'deleted' },
  released: { rescreen: 'received', revoke: 'held', expire: 'expired', delete: 'deleted' },
  held: { rescreen: 'received', expire: 'expired', delete: 'deleted' },
  refused: { rescreen: 'received', expire: 'expired', delete: 'deleted' },
  expired: { delete: 'deleted' },
  deleted: {},
};

/** The state after `event`, or undefined when it may not happen in `state`. */
export function nextState(state: UploadState, event: UploadEvent): UploadState | undefined {
  return TRANSITIONS[state][event];
}

/** The states in which `event` may happen; stores compare and swap on them. */
export function statesBefore(event: UploadEvent): UploadState[] {
  return STATES.filter((state) => TRANSITIONS[state][event] !== undefined);
}

const STATES = Object.keys(TRANSITIONS).filter((state): state is UploadState => state in TRANSITIONS);

/** Content is here, whatever was decided about it. */
export function hasContent(state: UploadState): boolean {
  return state === 'received' || state === 'scanning' || isDecided(state);
}

export function isDecided(state: UploadState): boolean {
  return state === 'released' || state === 'held' || state === 'refused';
}

/** No further wait changes the answer. */
export function isSettled(state: UploadState): boolean {
  return isDecided(state) || state === 'expired' || state === 'deleted';
}

/** Where the bytes of an upload in this state belong. */
export function areaOf(state: UploadState): 'quarantine' | 'released' | undefined {
  if (state === 'released') return 'released';
  return hasContent(state) ? 'quarantine' : undefined;
}

export interface Policy {
  readonly onUnscannable: 'hold' | 'release' | 'refuse';
  readonly onLowQuality: 'hold' | 'release';
}

export interface Decision {
  readonly disposition: Disposition;
  /** Only content that was screened and found clear gets one; a release by policy does not. */
  readonly getsReceipt: boolean;
}

/** Verdict and policy -> disposition. `clear` is the only verdict that releases by itself; `match` and `error` never do. */
export function decide(screening: Screening, policy: Policy): Decision {
  switch (screening.verdict) {
    case 'clear':
      // A verdict that contradicts its own hits is a fault, and a fault holds.
      return screening.hitCount === 0 && screening.hits.length === 0
        ? { disposition: 'release', getsReceipt: true }
        : { disposition: 'hold', getsReceipt: false };
    case 'match':
      return { disposition: screening.hits.some((hit) => hit.disposition === 'refuse') ? 'refuse' : 'hold', getsReceipt: false };
    case 'unscannable':
      return { disposition: screening.reason === 'no_reliable_perceptual_hash' ? policy.onLowQuality : policy.onUnscannable, getsReceipt: false };
    case 'error':
      return { disposition: 'hold', getsReceipt: false };
  }
}

export const EVENT_OF = { release: 'release', hold: 'hold', refuse: 'refuse' } as const satisfies Record<Disposition, UploadEvent>;

/** 5 s, 15 s, 45 s, ... at most 10 minutes: about half an hour in all, after which an operator has to look. */
export const ATTEMPTS_MAX = 9;
const RETRY_FIRST_S = 5;
const RETRY_GROWTH = 3;
const RETRY_LONGEST_S = 600;

/** Waiting cannot help where an operator must first import a list. */
const NOT_RETRIED: ReadonlySet<string> = new Set(['no_lists']);
/** The node is stopping: the attempt does not count, the next start takes it up. */
const INTERRUPTED: ReadonlySet<string> = new Set(['stopping', 'cancelled']);

export type Retry = { readonly kind: 'give_up' } | { readonly kind: 'later'; readonly delayS: number } | { readonly kind: 'interrupted' };

/** @param attempt how many attempts were made, this one included */
export function planRetry(reason: string | undefined, attempt: number): Retry {
  if (reason !== undefined && INTERRUPTED.has(reason)) return { kind: 'interrupted' };
  if (attempt >= ATTEMPTS_MAX || (reason !== undefined && NOT_RETRIED.has(reason))) return { kind: 'give_up' };
  return { kind: 'later', delayS: Math.min(RETRY_LONGEST_S, RETRY_FIRST_S * RETRY_GROWTH ** (attempt - 1)) };
}

/**
 * What an uploader may be told. One text for match, unscannable and error, held or refused: it accuses nobody, and whoever tries
 * files out learns nothing from it.
 */
export function describeForUploader(state: UploadState, reference: string): string {
  switch (state) {
    case 'created':
    case 'receiving':
      return 'Waiting for the file.';
    case 'received':
    case 'scanning':
      return 'The file is being checked.';
    case 'released':
      return 'The file was accepted.';
    case 'held':
    case 'refused':
      return `This file could not be published. Reference ${reference}.`;
    case 'expired':
    case 'deleted':
      return 'This file is no longer stored.';
  }
}

/** The text of a disposition, for answers without an upload. */
export function describeOutcome(disposition: Disposition, reference: string): string {
  return describeForUploader(disposition === 'release' ? 'released' : 'held', reference);
}
