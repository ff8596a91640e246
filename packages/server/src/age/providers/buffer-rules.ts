/**
 * The challenge-age buffer. An estimator errs; who may be waved through by it is decided by the provider's declared error and the share of
 * wrong acceptances that the operator allows. Model: the estimate of a person of age a is normally distributed around a + bias.
 *
 * A person just below the threshold decides: the rows for the ages nearest below it (for "under": nearest above it) must be declared. A
 * configuration that cannot meet the limit is refused; nothing is made up for ages that were not declared.
 */
import type { AgeError, AgeQuestion, Declaration } from './schema.ts';

/** Beyond the threshold by more than this nobody is helped: nearly everyone would be sent on to the next method. */
const BUFFER_YEARS_MAX = 15;
/** A row speaks for people up to this much younger or older than itself. */
const ROW_REACH_YEARS = 1;

export type Buffer =
  | { readonly kind: 'challenge'; /** In years. */ readonly challengeAge: number; readonly predictedWrongAccept: number }
  | { readonly kind: 'impossible'; readonly reason: string };

/**
 * The age that an estimate must reach ("over") or must not exceed ("under") so that at most `maxWrongAccept` of those who should be refused
 * get through, at every declared age.
 */
export function deriveBuffer(question: AgeQuestion, declaration: Pick<Declaration, 'basis' | 'errors'>, maxWrongAccept: number): Buffer {
  if (declaration.basis === 'verifies') return { kind: 'challenge', challengeAge: question.threshold, predictedWrongAccept: 0 };
  const rows = declaration.errors.filter(({ age }) => (question.direction === 'over' ? age < question.threshold : age >= question.threshold));
  const nearest = question.direction === 'over' ? question.threshold - ROW_REACH_YEARS : question.threshold + ROW_REACH_YEARS;
  const isCovered = rows.some(({ age }) => (question.direction === 'over' ? age >= nearest : age <= nearest));
  if (!isCovered) {
    return { kind: 'impossible', reason: `The provider declares no error for people of about ${nearest} years, who decide how far the challenge age must be.` };
  }
  const step = question.direction === 'over' ? 1 : -1;
  for (let years = 0; years <= BUFFER_YEARS_MAX; years++) {
    const challengeAge = question.threshold + step * years;
    if (challengeAge < 1) break;
    const predicted = predictWrongAccept(question.direction, rows, challengeAge);
    if (predicted <= maxWrongAccept) return { kind: 'challenge', challengeAge, predictedWrongAccept: predicted };
  }
  return {
    kind: 'impossible',
    reason: `No challenge age within ${BUFFER_YEARS_MAX} years of ${question.threshold} keeps wrong acceptances at or below ${maxWrongAccept}. Allow more, or use a provider with smaller errors.`,
  };
}

/** The largest share of wrong acceptances over the rows. */
function predictWrongAccept(direction: AgeQuestion['direction'], rows: readonly AgeError[], challengeAge: number): number {
  return Math.max(...rows.map((row) => (direction === 'over' ? passRate(row, challengeAge) : 1 - passRate(row, challengeAge, 'least'))));
}

/** The share of people of a row who are estimated at `challengeAge` or more: by the model, and as measured; the most (or least) of both. */
export function passRate(row: AgeError, challengeAge: number, which: 'most' | 'least' = 'most'): number {
  const model = row.standardDeviation === undefined ? undefined : upperTail((challengeAge - row.age - row.bias) / row.standardDeviation);
  const measured = readMeasured(row, challengeAge);
  if (which === 'most') return Math.max(measured.least, measured.most ?? model ?? 1, model ?? 0);
  return Math.min(measured.most ?? 1, model ?? measured.least, measured.isKnownBelow ? measured.least : 1);
}

interface Measured {
  readonly least: number;
  readonly most: number | undefined;
  readonly isKnownBelow: boolean;
}

/** Rates fall as the challenge age rises: what was measured at a lower one is the most, at a higher one the least that it can be here. */
function readMeasured({ measuredPassRates = {} }: AgeError, challengeAge: number): Measured {
  const known = Object.entries(measuredPassRates).map(([age, rate]) => ({ age: Number(age), rate }));
  const [lower, higher] = [known.filter(({ age }) => age <= challengeAge), known.filter(({ age }) => age >= challengeAge)];
  return {
    least: higher.reduce((most, { rate }) => Math.max(most, rate), 0),
    most: lower.length === 0 ? undefined : Math.min(...lower.map(({ rate }) => rate)),
    isKnownBelow: higher.length > 0,
  };
}

/** P(Z >= z) of the standard normal distribution. */
export function upperTail(z: number): number {
  return z < 0 ? 1 - upperTail(-z) : complementaryError(z / Math.SQRT2) / 2;
}

/** Coefficients of a Chebyshev fit of erfc(x) e^(x*x) in 2 / (2 + x), relative error below 1.2e-7 (Press et al., Numerical Recipes, section 6.2). */
const FIT = [-1.26551223, 1.00002368, 0.37409196, 0.09678418, -0.18628806, 0.27886807, -1.13520398, 1.48851587, -0.82215223, 0.17087277];

function complementaryError(x: number): number {
  const t = 2 / (2 + x);
  const polynomial = FIT.reduceRight((sum, coefficient) => sum * t + coefficient, 0);
  return t * Math.exp(-x * x + polynomial);
}

export type Judgement = 'true' | 'false' | 'inconclusive';

/**
 * What an estimate says. At or beyond the challenge age: yes. Everybody else is sent on to another method, except those whose estimate is so
 * far on the other side that the same limit holds for being wrong there: they get no.
 */
export function judgeEstimate(question: AgeQuestion, years: number, challenge: { readonly accept: number; readonly refuse: number | undefined }): Judgement {
  if (!Number.isFinite(years) || years < 0 || years > 130) return 'inconclusive';
  const isAccepted = question.direction === 'over' ? years >= challenge.accept : years < challenge.accept;
  if (isAccepted) return 'true';
  if (challenge.refuse === undefined) return 'inconclusive';
  const isRefused = question.direction === 'over' ? years < challenge.refuse : years >= challenge.refuse;
  return isRefused ? 'false' : 'inconclusive';
}
