/** What follows from a session and an outcome. Pure. */
import type { AgeOutcome, AgeResult, AgeSession, Grade, Result, SessionState } from './schema.ts';

export interface Judged {
  readonly result: Result;
  readonly grade: Grade;
}

/**
 * A result of too low a grade is reported as inconclusive. One exception: who says of themselves that they are too young is believed at any
 * grade; it opens nothing, and the service can then offer what is made for children instead of a locked door.
 */
export function judgeOutcome(asked: Pick<AgeSession, 'direction' | 'minGrade'>, outcome: AgeOutcome): Judged {
  const { result, grade } = outcome;
  if (result === 'inconclusive' || grade >= asked.minGrade || isAdmission(asked.direction, outcome)) return { result, grade };
  return { result: 'inconclusive', grade };
}

function isAdmission(direction: AgeSession['direction'], { method, result }: AgeOutcome): boolean {
  return (method === 'declared_under' || method === 'signal') && direction === 'over' && result === 'false';
}

/** Whether the answer says "younger than that". */
export function tellsUnder({ direction, result }: Pick<AgeResult, 'direction' | 'result'>): boolean {
  return result === (direction === 'over' ? 'false' : 'true');
}

/** `provider` admits every provider. */
export function admitsMethod(methods: readonly string[] | undefined, method: string): boolean {
  return methods === undefined || methods.includes(method) || (method.startsWith('provider:') && methods.includes('provider'));
}

/** For metrics and evidence: a closed set of words, without the names of providers. */
export function methodKindOf(method: string): string {
  return method.split(':')[0] ?? method;
}

export function stateAt(stored: { readonly state: SessionState; readonly expiresAt: Date }, now: Date): SessionState {
  return stored.state === 'open' && stored.expiresAt.getTime() <= now.getTime() ? 'expired' : stored.state;
}

/** Only exactly one of the registered origins: no prefix, no sub-domain, no other port. */
export function isReturnAllowed(returnUrl: string, origins: readonly string[]): boolean {
  if (!URL.canParse(returnUrl)) return false;
  const url = new URL(returnUrl);
  return /^https?:$/.test(url.protocol) && url.username === '' && url.password === '' && origins.includes(url.origin);
}

/** The return address with the session and the one-time return code; what the service put there stays. */
export function addReturn(returnUrl: string, returned: { readonly sessionId: string; readonly code: string }): string {
  const url = new URL(returnUrl);
  url.searchParams.set('age_session', returned.sessionId);
  url.searchParams.set('age_return', returned.code);
  return url.toString();
}
