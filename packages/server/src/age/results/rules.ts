/** What a result says and when it may be believed. Pure. */
import type { AgeResult } from '../sessions/schema.ts';
import type { ResultClaims, ResultFault } from './schema.ts';

/** Clocks of signer and verifier may differ by this much before "not yet valid" (RFC 7519, section 4.1.5). */
const LEEWAY_S = 60;
/** A signed result lives ten minutes at most, whatever it says itself. */
export const LIFE_MAX_S = 600;

export function toClaims(result: AgeResult, issuer: string): ResultClaims {
  return {
    iss: issuer,
    aud: result.service,
    sid: result.sessionId,
    ...(result.direction === 'over' ? { over: result.threshold } : { under: result.threshold }),
    result: result.result,
    grade: result.grade,
    method: result.method,
    iat: Math.floor(result.completedAt.getTime() / 1000),
    exp: Math.floor(result.expiresAt.getTime() / 1000),
    ...(result.nonce === undefined ? {} : { nonce: result.nonce }),
  };
}

export interface Expected {
  readonly now: Date;
  readonly audience: string;
  readonly issuer?: string | undefined;
  readonly nonce?: string | undefined;
  readonly session?: string | undefined;
  readonly question?: { readonly threshold: number; readonly direction: 'over' | 'under' } | undefined;
}

export function findFault(claims: ResultClaims, expected: Expected): ResultFault | undefined {
  const nowS = expected.now.getTime() / 1000;
  const { issuer, nonce, session } = expected;
  if (issuer !== undefined && claims.iss !== issuer) return 'wrong_issuer';
  if (claims.aud !== expected.audience) return 'wrong_audience';
  if (claims.iat > nowS + LEEWAY_S) return 'not_yet_valid';
  if (nowS >= claims.exp || claims.exp - claims.iat > LIFE_MAX_S) return 'expired';
  if (session !== undefined && claims.sid !== session) return 'wrong_session';
  // A nonce that the service did not set is nobody's proof; one that it set must be there.
  if (nonce !== undefined && claims.nonce !== nonce) return 'wrong_nonce';
  return isAnswerTo(claims, expected.question) ? undefined : 'wrong_question';
}

function isAnswerTo(claims: ResultClaims, question: Expected['question']): boolean {
  return question === undefined || claims[question.direction] === question.threshold;
}

/** What rests on an issuer falls with it; a provider's answer and a person's word do not. */
export function isVoided(result: Pick<AgeResult, 'generation'>, generation: number): boolean {
  return result.generation !== undefined && result.generation < generation;
}
