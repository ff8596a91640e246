/** Which tokens there are, for how long, who gets some, and which one a session takes. Pure. */
import { daysOf, decideReuse, type RecheckMoment, type RecheckPolicy, type RecheckReason } from './recheck-rules.ts';
import {
  BANDS,
  type Band,
  type OpenSession,
  type ReuseOutcome,
  type TokenClass,
  type TokenKey,
  type TokenQuestion,
  type TokenRefusal,
  type VerdictForToken,
} from './schema.ts';

const DAY_MS = 86_400_000;
/** Everybody who is checked within the same 30 days gets tokens of one key. */
export const EPOCH_DAYS = 30;
/** After its epoch a key still takes tokens for this long, so that one issued on the last day is of use; never longer than the answer lasts. */
const WINDOW_DAYS = 30;
/** Tokens of one check. Few, because they can be handed on. */
export const TOKENS_PER_CHECK = 5;
/** The next epoch's keys are made this long before it begins. */
export const PREPARE_DAYS = 3;

export function epochAt(now: Date): number {
  return Math.floor(now.getTime() / (EPOCH_DAYS * DAY_MS));
}

export interface KeyTimes {
  readonly notBefore: Date;
  readonly issueUntil: Date;
  readonly redeemUntil: Date;
}

export function timesOf({ epoch, direction, band }: TokenClass, policy: RecheckPolicy): KeyTimes {
  const startMs = epoch * EPOCH_DAYS * DAY_MS;
  const day = (days: number): Date => new Date(startMs + days * DAY_MS);
  const windowDays = Math.min(WINDOW_DAYS, longestDays(direction, band, policy) - EPOCH_DAYS);
  return { notBefore: day(0), issueUntil: day(EPOCH_DAYS), redeemUntil: day(EPOCH_DAYS + windowDays) };
}

/** The weakest answer that gets a token of this band decides: nobody can tell later which one it was. */
function longestDays(direction: TokenQuestion['direction'], band: Band, policy: RecheckPolicy): number {
  const question = { threshold: 18, direction };
  const kinds = band === 3 ? (['verified'] as const) : (['verified', 'estimated'] as const);
  return Math.min(...kinds.map((kind) => daysOf({ question, result: 'true', grade: band, kind }, policy)));
}

/** Bands that are offered: an answer must last at least one epoch. */
export function isOffered(direction: TokenQuestion['direction'], band: Band, policy: RecheckPolicy): boolean {
  return longestDays(direction, band, policy) >= EPOCH_DAYS;
}

export type IssueRefusal = RecheckReason | 'answer_no' | 'grade_too_low' | 'not_offered';

/** The band that a result earns, or why it earns none. */
export function decideIssue(verdict: VerdictForToken, moment: RecheckMoment): { readonly band: Band } | { readonly refusal: IssueRefusal } {
  const reuse = decideReuse(verdict, moment);
  if (!reuse.mayReuse) return { refusal: reuse.reason };
  if (verdict.result !== 'true') return { refusal: 'answer_no' };
  const band = bandOf(verdict);
  if (band === undefined) return { refusal: 'grade_too_low' };
  return isOffered(verdict.question.direction, band, moment.policy) ? { band } : { refusal: 'not_offered' };
}

function bandOf({ grade, kind }: Pick<VerdictForToken, 'grade' | 'kind'>): Band | undefined {
  if (grade >= 3 && kind === 'verified') return 3;
  return grade >= 2 ? 2 : undefined;
}

/** Bands that are enough for a session; none when it asks for more than a token can say. */
export function bandsFrom(minGrade: number): Band[] {
  return BANDS.filter((band) => band >= minGrade);
}

export interface Redemption {
  readonly session: OpenSession;
  readonly now: Date;
  readonly generation: number;
}

/** Why a token of this key does not answer this session; undefined when it does. */
export function findKeyRefusal(key: TokenKey, { session, now, generation }: Redemption): TokenRefusal | undefined {
  if (key.generation !== generation) return 'voided';
  if (now < key.notBefore || now >= key.redeemUntil) return 'unknown_key';
  if (key.threshold !== session.question.threshold || key.direction !== session.question.direction) return 'wrong_question';
  return key.band >= session.minGrade ? undefined : 'grade_too_low';
}

/** Band 2 holds estimates too, and nobody can tell which of them a token came from: it says no more than an estimate. */
export function outcomeOf({ band }: Pick<TokenKey, 'band'>): ReuseOutcome {
  return { result: 'true', grade: band, method: 'token', kind: band === 3 ? 'verified' : 'estimated' };
}
