/** What a provider's answer is worth, who may be asked next, and what becomes of the question. Pure. */
import { deriveBuffer, judgeEstimate } from './buffer-rules.ts';
import { DEMO_SERVICE } from '../sessions/schema.ts';
import type { AgeProvider, AgeQuestion, Declaration, ProviderAnswer, ProviderKind } from './schema.ts';

export type ProviderGrade = 0 | 1 | 2 | 3;

/** 3: a document or a bank's record of the person. 2: adulthood inferred, or a face estimated. 1: an address that has been in use for long. */
const GRADES: Readonly<Record<ProviderKind, ProviderGrade>> = {
  open_banking: 3,
  photo_id: 3,
  digital_id: 3,
  credit_card: 2,
  mobile_operator: 2,
  facial_estimation: 2,
  email: 1,
  sandbox: 2,
};

export function gradeOf({ kind }: Pick<Declaration, 'kind'>): ProviderGrade {
  return GRADES[kind];
}

/** A check at a provider within one session. */
export interface Attempt {
  readonly provider: string;
  readonly basis: Declaration['basis'];
  readonly outcome: ProviderAnswer['outcome'] | 'failed';
}

/** Whoever needs more has a reason to try others. */
export const ATTEMPTS_MAX = 6;
const FAULTS_MAX = 3;

export interface Challenge {
  readonly isOffered: true;
  /** What an estimate must reach ("over") or stay below ("under"). */
  readonly challengeAge: number;
  /** On the other side of it the answer is no; undefined when the declared errors do not allow to say so. */
  readonly refuseAge: number | undefined;
}
export type Offer = Challenge | { readonly isOffered: false; readonly reason: OfferRefusal };
export type OfferRefusal = 'threshold' | 'direction' | 'grade' | 'not_wanted' | 'too_many_attempts' | 'needs_stronger_method' | 'already_answered' | 'buffer';

export interface OfferContext {
  /** Who asks. */
  readonly service: string;
  readonly question: AgeQuestion;
  readonly minGrade: number;
  /** Methods that the service admits, such as `provider:bank`; undefined admits all. */
  readonly methods: readonly string[] | undefined;
  readonly attempts: readonly Attempt[];
  readonly maxWrongAccept: number;
}

type Offered = Pick<AgeProvider, 'id' | 'declaration' | 'isForDemo'>;

/**
 * Whether this provider may be asked. A person whom an estimator could not place is sent to something stronger, never to another estimator:
 * otherwise the best of several guesses would count.
 */
export function offerProvider(provider: Offered, context: OfferContext): Offer {
  const reason = findMismatch(provider, context) ?? findExhausted(provider, context.attempts);
  if (reason !== undefined) return { isOffered: false, reason };
  return deriveChallenge(provider.declaration, context) ?? { isOffered: false, reason: 'buffer' };
}

function findMismatch({ id, declaration, isForDemo }: Offered, { service, question, methods, minGrade }: OfferContext): OfferRefusal | undefined {
  if ((isForDemo === true) !== (service === DEMO_SERVICE)) return 'not_wanted';
  if (methods !== undefined && !methods.includes(`provider:${id}`) && !methods.includes('provider')) return 'not_wanted';
  if (question.direction === 'under' && !declaration.canSayUnder) return 'direction';
  if (declaration.thresholds.length > 0 && !declaration.thresholds.includes(question.threshold)) return 'threshold';
  return gradeOf(declaration) < minGrade ? 'grade' : undefined;
}

function findExhausted({ id, declaration }: Pick<AgeProvider, 'id' | 'declaration'>, attempts: readonly Attempt[]): OfferRefusal | undefined {
  if (attempts.length >= ATTEMPTS_MAX) return 'too_many_attempts';
  const own = attempts.filter((attempt) => attempt.provider === id);
  if (own.some(({ outcome }) => outcome === 'verified' || outcome === 'estimated')) return 'already_answered';
  if (own.filter(({ outcome }) => outcome === 'failed').length >= FAULTS_MAX) return 'too_many_attempts';
  const wasEstimated = attempts.some(({ basis, outcome }) => basis === 'estimates' && outcome === 'estimated');
  return declaration.basis === 'estimates' && wasEstimated ? 'needs_stronger_method' : undefined;
}

/** Undefined when the declared errors cannot keep the limit. */
function deriveChallenge(declaration: Declaration, { question, maxWrongAccept }: Pick<OfferContext, 'question' | 'maxWrongAccept'>): Challenge | undefined {
  const accept = deriveBuffer(question, declaration, maxWrongAccept);
  if (accept.kind === 'impossible') return undefined;
  // The same limit for being wrong on the other side: a "no" from an estimator needs as much certainty as a "yes".
  const opposite = deriveBuffer({ ...question, direction: question.direction === 'over' ? 'under' : 'over' }, declaration, maxWrongAccept);
  return { isOffered: true, challengeAge: accept.challengeAge, refuseAge: opposite.kind === 'challenge' ? opposite.challengeAge : undefined };
}

export type Settled = { readonly result: 'true' | 'false'; readonly kind: 'verified' | 'estimated'; readonly grade: ProviderGrade } | undefined;

/** The result that an answer gives; undefined when the person needs another method. */
export function settle(answer: ProviderAnswer, declaration: Declaration, context: Pick<OfferContext, 'question' | 'maxWrongAccept'>): Settled {
  const { question } = context;
  const grade = gradeOf(declaration);
  if (answer.outcome === 'verified') {
    // Of an estimator "verified" means nothing: it has to give its estimate.
    if (declaration.basis !== 'verifies') return undefined;
    return { result: answer.isOver === (question.direction === 'over') ? 'true' : 'false', kind: 'verified', grade };
  }
  const challenge = answer.outcome === 'estimated' ? deriveChallenge(declaration, context) : undefined;
  if (answer.outcome !== 'estimated' || challenge === undefined) return undefined;
  const judged = judgeEstimate(question, answer.years, { accept: challenge.challengeAge, refuse: challenge.refuseAge });
  return judged === 'inconclusive' ? undefined : { result: judged, kind: 'estimated', grade };
}
