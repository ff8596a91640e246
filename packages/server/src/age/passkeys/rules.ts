/** What a passkey may keep, and which session it answers. Pure. */
import { answersYes, decideReuse, type RecheckMoment, type RecheckReason } from '../tokens/recheck-rules.ts';
import type { OpenSession, ReuseOutcome, TokenGrade, VerdictForToken } from '../tokens/schema.ts';
import type { Passkey, PasskeyRefusal } from './schema.ts';

/** A passkey shows that the same device (or account) is back, not that the wallet is: it never carries the highest grade. */
const GRADE_MAX = 3;
const DAY_MS = 86_400_000;

export type Kept = Pick<Passkey, 'question' | 'result' | 'grade' | 'checkedAt' | 'validUntil' | 'generation'>;

/** What a result leaves with a passkey, or why it leaves nothing. */
export function decideKeep(verdict: VerdictForToken, moment: RecheckMoment): { readonly kept: Kept } | { readonly refusal: RecheckReason } {
  const reuse = decideReuse(verdict, moment);
  if (!reuse.mayReuse) return { refusal: reuse.reason };
  if (verdict.result === 'inconclusive') return { refusal: 'not_conclusive' };
  const { question, result, grade, checkedAt, generation } = verdict;
  return { kept: { question, result, grade: capGrade(grade), checkedAt: dayOf(checkedAt), validUntil: dayOf(reuse.until), generation } };
}

function capGrade(grade: TokenGrade): TokenGrade {
  return grade > GRADE_MAX ? GRADE_MAX : grade;
}

function dayOf(date: Date): Date {
  return new Date(Math.floor(date.getTime() / DAY_MS) * DAY_MS);
}

/** Why it does not answer this session; undefined when it does. */
export function findAnswerRefusal(
  kept: Kept,
  { session, now, generation }: { readonly session: OpenSession; readonly now: Date; readonly generation: number },
): PasskeyRefusal | undefined {
  if (kept.generation !== generation) return 'voided';
  if (now >= kept.validUntil) return 'too_old';
  if (!answersYes(kept, session.question)) return 'wrong_question';
  return kept.grade >= session.minGrade ? undefined : 'grade_too_low';
}

/** Below grade 3 the answer may have been an estimate; which, was not kept. */
export function outcomeOf({ grade }: Pick<Kept, 'grade'>): ReuseOutcome {
  return { result: 'true', grade, method: 'passkey', kind: grade >= GRADE_MAX ? 'verified' : 'estimated' };
}

/** WebAuthn, section 6.1.1: a counter grows; authenticators without one always say 0. */
export function isCounterFine(known: number, sent: number): boolean {
  return sent > known || (sent === 0 && known === 0);
}
