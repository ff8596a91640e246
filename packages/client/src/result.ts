/** The signed result without Gatehouse: compact JWS over Ed25519 (RFC 7515, RFC 8037), with the keys of `/.well-known/gatehouse-age.json`. */
import { readClaims, type Claims } from './answers.ts';
import { fromBase64Url, parseJson, toBytes, toRecord, toText } from './bytes.ts';
import { GatehouseClientError } from './errors.ts';
import { readTimeS } from './outside.ts';
import type { AgeQuestion, Grade } from './types.ts';

const TYPE = 'gatehouse-age+jwt';
const ALGORITHM = 'EdDSA';
const RESULT_LENGTH_MAX = 4096;
/** Clocks may differ by this much (RFC 7519, section 4.1.5). */
const LEEWAY_S = 60;
/** A result lives ten minutes at most, whatever it says itself. */
const LIFE_MAX_S = 600;
const KEY_BYTES = 32;

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
  const keys = readKeys(expected.jwks);
  const parts = result.length <= RESULT_LENGTH_MAX ? result.split('.') : [];
  const [head = '', body = '', tag = ''] = parts;
  const kid = parts.length === 3 ? readKid(head) : undefined;
  const signature = fromBase64Url(tag);
  if (kid === undefined || signature === undefined) return { isValid: false, reason: 'malformed' };
  const key = keys.get(kid);
  if (key === undefined) return { isValid: false, reason: 'unknown_key' };
  if (!(await isSigned(key, signature, toBytes(`${head}.${body}`)))) return { isValid: false, reason: 'bad_signature' };
  const claims = readClaims(decodeJson(body));
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

async function isSigned(key: Uint8Array<ArrayBuffer>, signature: Uint8Array<ArrayBuffer>, signed: Uint8Array<ArrayBuffer>): Promise<boolean> {
  const imported = await crypto.subtle.importKey('raw', key, { name: 'Ed25519' }, false, ['verify']);
  return crypto.subtle.verify({ name: 'Ed25519' }, imported, signature, signed);
}

function readKeys(jwks: unknown): ReadonlyMap<string, Uint8Array<ArrayBuffer>> {
  const list = toRecord(jwks)?.['keys'];
  const keys = new Map<string, Uint8Array<ArrayBuffer>>();
  for (const one of Array.isArray(list) ? list.slice(0, 100) : []) {
    const { kty, crv, x, kid } = { ...toRecord(one) };
    const bytes = kty === 'OKP' && crv === 'Ed25519' && typeof x === 'string' ? fromBase64Url(x) : undefined;
    if (bytes?.length === KEY_BYTES && typeof kid === 'string') keys.set(kid, bytes);
  }
  if (keys.size > 0) return keys;
  throw new GatehouseClientError('result_invalid', 'The key set has no Ed25519 key.');
}

function readKid(head: string): string | undefined {
  const { alg, typ, kid, crit } = { ...toRecord(decodeJson(head)) };
  return alg === ALGORITHM && typ === TYPE && crit === undefined && typeof kid === 'string' ? kid : undefined;
}

function decodeJson(text: string): unknown {
  const bytes = fromBase64Url(text);
  try {
    return bytes === undefined ? undefined : parseJson(toText(bytes));
  } catch {
    return undefined;
  }
}
