/** The signed result without Gatehouse: compact JWS over Ed25519 (RFC 7515, RFC 8037), with the keys of `/.well-known/gatehouse-age.json`. */
import { readClaims, type Claims } from './answers.ts';
import { openJws, readKeys } from './jws.ts';
import { readTimeS } from './outside.ts';
import type { AgeQuestion, Grade } from './types.ts';

const TYPE = 'gatehouse-age+jwt';
const RESULT_LENGTH_MAX = 4096;
/** Clocks may differ by this much (RFC 7519, section 4.1.5). */
const LEEWAY_S = 60;
/** A result lives ten minutes at most, whatever it says itself. */
const LIFE_MAX_S = 600;

export type ResultFault =
  | 'malformed'
  | 'unknown_key'
  | 'bad_signature'
  | 'wrong_issuer'
  | 'wrong_audience'
  | 'not_yet_valid'
  | 'expired'
  | 'wrong_session'
  | 'wrong_nonce'
  | 'wrong_question'
  | 'low_grade';

export type ResultVerdict = { readonly isValid: true; readonly claims: Claims } | { readonly isValid: false; readonly reason: ResultFault };

export interface ResultExpected extends AgeQuestion {
  /** The key set as Gatehouse serves it. Fetch it from the address that you configured, and keep it for some minutes. */
  readonly jwks: unknown;
  /** The public URL of Gatehouse. */
  readonly issuer: string;
  /** You. */
  readonly service: string;
  /** Least grade of a yes; default 2. */
  readonly minGrade?: Grade;
  readonly session?: string;
  readonly nonce?: string;
  /** Seconds since 1970. For tests. */
  readonly nowS?: number;
}

/**
 * What this cannot know: whether the result was used before, whether its issuer was muted since, whether the person came back in the same browser.
 * `POST /v1/age/results/verify` knows. `isValid` says that the answer is real; read `claims.result` for what it is.
 * Never throws for what the result is. @throws {GatehouseClientError} `result_invalid` when the key set is none
 */
export async function verifyAgeResult(result: string, expected: ResultExpected): Promise<ResultVerdict> {
  const opened = await openJws(result, { type: TYPE, keys: readKeys(expected.jwks), lengthMax: RESULT_LENGTH_MAX });
  if (opened.kind === 'refused') return { isValid: false, reason: opened.reason };
  const claims = readClaims(opened.payload);
  if (claims === undefined) return { isValid: false, reason: 'malformed' };
  const reason = findFault(claims, expected);
  return reason === undefined ? { isValid: true, claims } : { isValid: false, reason };
}

function findFault(claims: Claims, expected: ResultExpected): ResultFault | undefined {
  const { issuer, service, session = claims.sid, nonce = claims.nonce, direction, threshold, minGrade = 2, nowS = readTimeS() } = expected;
  const faults: readonly (readonly [ResultFault, boolean])[] = [
    ['wrong_issuer', claims.iss !== issuer],
    ['wrong_audience', claims.aud !== service],
    ['not_yet_valid', claims.iat > nowS + LEEWAY_S],
    ['expired', nowS >= claims.exp || claims.exp - claims.iat > LIFE_MAX_S],
    ['wrong_session', claims.sid !== session],
    ['wrong_nonce', claims.nonce !== nonce],
    ['wrong_question', claims[direction] !== threshold],
    ['low_grade', claims.result === 'true' && claims.grade < minGrade],
  ];
  return faults.find(([, isFound]) => isFound)?.[0];
}
