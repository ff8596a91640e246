/**
 * When an answer may be used again and when the check must be repeated. Pure; used by tokens, passkeys and whoever else keeps an answer.
 *
 * Two things go wrong with time. An answer "over NN" never becomes untrue by itself, but accounts, devices and tokens change hands, and
 * methods err: so it lasts by kind and grade. An answer "under NN" becomes untrue at a birthday that nobody told us: so it lasts a short time
 * whatever the method, and a "no" is never reused at all, for only the person it shuts out could be harmed.
 */
import type { TokenGrade, TokenQuestion } from './schema.ts';

export interface KeptVerdict {
  readonly question: TokenQuestion;
  readonly result: 'true' | 'false' | 'inconclusive';
  readonly grade: TokenGrade;
  readonly kind: 'verified' | 'estimated' | 'declared';
  readonly method: string;
  readonly checkedAt: Date;
  readonly generation: number;
}

export interface RecheckPolicy {
  /** Days that a verified answer lasts, by its grade; 0 is never. */
  readonly verifiedDays: Readonly<Record<TokenGrade, number>>;
  /** An estimate was near enough once; it is not repeated for long. */
  readonly estimatedDays: number;
  /** An answer "younger than NN", of any kind: the longest that somebody may be taken for younger than they have become. */
  readonly underDays: number;
}

/** Ours, not a law's: the EU profile has wallets identify anew every 90 days (age-assurance.md, 1.3); Ofcom asks for repeated checks and names no number. */
export const RECHECK_POLICY: RecheckPolicy = { verifiedDays: { 0: 0, 1: 30, 2: 90, 3: 180, 4: 365 }, estimatedDays: 60, underDays: 30 };

export type RecheckReason = 'not_conclusive' | 'declared' | 'reused_before' | 'issuer_muted' | 'clock' | 'never' | 'birthday_possible' | 'too_old';

export type Reuse = { readonly mayReuse: true; readonly until: Date } | { readonly mayReuse: false; readonly reason: RecheckReason };

const DAY_MS = 86_400_000;
/** Clocks of two nodes may differ by this much. */
const LEEWAY_MS = 60_000;

export interface RecheckMoment {
  readonly now: Date;
  /** The trust generation in force. */
  readonly generation: number;
  readonly policy: RecheckPolicy;
}

export function decideReuse(verdict: KeptVerdict, { now, generation, policy }: RecheckMoment): Reuse {
  const refusal = findRefusal(verdict, generation);
  if (refusal !== undefined) return { mayReuse: false, reason: refusal };
  const ageMs = now.getTime() - verdict.checkedAt.getTime();
  if (ageMs < -LEEWAY_MS) return { mayReuse: false, reason: 'clock' };
  const days = daysOf(verdict, policy);
  if (days === 0) return { mayReuse: false, reason: 'never' };
  const until = new Date(verdict.checkedAt.getTime() + days * DAY_MS);
  if (now < until) return { mayReuse: true, until };
  return { mayReuse: false, reason: saysUnder(verdict) && ageMs >= policy.underDays * DAY_MS ? 'birthday_possible' : 'too_old' };
}

function findRefusal(verdict: KeptVerdict, generation: number): RecheckReason | undefined {
  if (verdict.result === 'inconclusive') return 'not_conclusive';
  if (verdict.kind === 'declared') return 'declared';
  // Else one check would be stretched for ever: each reuse would begin the time anew.
  if (verdict.method === 'token' || verdict.method === 'passkey') return 'reused_before';
  return verdict.generation === generation ? undefined : 'issuer_muted';
}

/** Does the answer say "younger than NN"? */
export function saysUnder({ question, result }: Pick<KeptVerdict, 'question' | 'result'>): boolean {
  return (question.direction === 'over') === (result === 'false');
}

/** Days that it lasts. */
export function daysOf(verdict: Pick<KeptVerdict, 'question' | 'result' | 'grade' | 'kind'>, policy: RecheckPolicy): number {
  const days = verdict.kind === 'estimated' ? Math.min(policy.estimatedDays, policy.verifiedDays[verdict.grade]) : policy.verifiedDays[verdict.grade];
  return saysUnder(verdict) ? Math.min(days, policy.underDays) : days;
}

/**
 * What a kept answer says to another question: "over 18" answers "over 16?" with yes and "under 16?" with no, and says nothing about 21. Only a
 * yes comes back: a kept "no" is never held against anybody, who is checked again instead.
 */
export function answersYes(kept: Pick<KeptVerdict, 'question' | 'result'>, asked: TokenQuestion): boolean {
  if (kept.result === 'inconclusive') return false;
  if (asked.direction === 'over') return !saysUnder(kept) && kept.question.threshold >= asked.threshold;
  return saysUnder(kept) && kept.question.threshold <= asked.threshold;
}
