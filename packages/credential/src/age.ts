/**
 * What attestations about ages say about another age (ISO/IEC 18013-5, the nearest-attestation rule): older than k means older than every number
 * below k; not older than k means not older than any number above it. Nothing else follows, and what contradicts itself is refused.
 */
import { CredentialError } from './errors.ts';

export interface AgeClaim {
  /** NN of `age_over_NN`: 0 to 99. */
  readonly age: number;
  readonly isOver: boolean;
}

export interface AgeQuestion {
  readonly threshold: number;
  readonly direction: 'over' | 'under';
}

export type AgeAnswer = 'true' | 'false' | 'unknown';

/** Whether somebody has reached `threshold`. @throws {CredentialError} `age_contradiction` */
export function decideOver(claims: readonly AgeClaim[], threshold: number): AgeAnswer {
  const highestTrue = claims.reduce((most, { age, isOver }) => (isOver ? Math.max(most, age) : most), -1);
  const lowestFalse = claims.reduce((least, { age, isOver }) => (isOver ? least : Math.min(least, age)), Number.POSITIVE_INFINITY);
  if (highestTrue >= lowestFalse) throw new CredentialError('age_contradiction');
  if (highestTrue >= threshold) return 'true';
  return lowestFalse <= threshold ? 'false' : 'unknown';
}

/** "Under NN" is the opposite of "NN or over". @throws {CredentialError} `age_contradiction` */
export function decideAge({ threshold, direction }: AgeQuestion, claims: readonly AgeClaim[]): AgeAnswer {
  const over = decideOver(claims, threshold);
  if (direction === 'over' || over === 'unknown') return over;
  return over === 'true' ? 'false' : 'true';
}

const NAME = /^age_over_(\d\d)$/;

/** The claims among named elements. @throws {CredentialError} `age_malformed` for a value that is not true or false */
export function readAgeClaims(elements: Iterable<readonly [name: string, value: unknown]>): AgeClaim[] {
  const claims: AgeClaim[] = [];
  for (const [name, value] of elements) {
    const digits = NAME.exec(name)?.[1];
    if (digits === undefined) continue;
    if (typeof value !== 'boolean') throw new CredentialError('age_malformed');
    claims.push({ age: Number(digits), isOver: value });
  }
  return claims;
}

/**
 * Whether somebody born on `birthDate` (YYYY-MM-DD) has reached `threshold` on the day of `on` in UTC. Only for operators who accept dates of birth;
 * the date is compared and forgotten. 29 February counts from 1 March in other years.
 */
export function decideByBirthDate(birthDate: string, threshold: number, on: Date): AgeClaim {
  const [, year, month, day] = /^(\d{4})-(\d{2})-(\d{2})$/.exec(birthDate) ?? [];
  const born = year === undefined ? undefined : new Date(Date.UTC(Number(year), Number(month) - 1, Number(day)));
  if (born === undefined || Number(year) < 1880 || born.getUTCMonth() !== Number(month) - 1) throw new CredentialError('age_malformed');
  const reached = Date.UTC(Number(year) + threshold, Number(month) - 1, Number(day));
  return { age: threshold, isOver: on.getTime() >= reached };
}
