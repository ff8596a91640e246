/** Results of age checks: compact JWS over Ed25519 (RFC 7515, RFC 8037) by jose. Signing is deterministic: the same result gives the same text. */
import { CompactSign, compactVerify, decodeProtectedHeader, errors, importJWK } from 'jose';
import { takeSigningKey } from '../../platform/signing-key.ts';
import { findFault, type Expected } from './rules.ts';
import {
  AgeJwksSchema,
  RESULT_ALGORITHM,
  RESULT_TYPE,
  ResultClaimsSchema,
  type AgeJwks,
  type ResultCheck,
  type ResultClaims,
  type ResultFault,
} from './schema.ts';

export interface ResultSigner {
  readonly jwks: AgeJwks;
  sign(claims: ResultClaims): Promise<string>;
}

/** @throws {GatehouseError} `config_invalid` */
export async function openResultSigner(path: string, isOwn: boolean): Promise<ResultSigner> {
  const { key, x, kid } = await takeSigningKey(path, { isOwn, name: 'key of age results' });
  return {
    jwks: { keys: [{ kty: 'OKP', crv: 'Ed25519', x, kid, alg: RESULT_ALGORITHM, use: 'sig' }] },
    sign: (claims) =>
      new CompactSign(new TextEncoder().encode(JSON.stringify(claims))).setProtectedHeader({ alg: RESULT_ALGORITHM, typ: RESULT_TYPE, kid }).sign(key),
  };
}

/**
 * Checks a result with the public keys alone. It cannot know whether the result was used before or its issuer was muted since; ask
 * `POST /v1/age/results/verify` where that matters. Never throws for what the result is.
 * @param jwks as served at /.well-known/gatehouse-age.json
 */
export async function verifyAgeResultOffline(result: string, jwks: AgeJwks, expected: Expected): Promise<ResultCheck> {
  const read = await readSigned(result, jwks);
  if ('fault' in read) return { valid: false, reason: read.fault };
  const fault = findFault(read.claims, expected);
  return fault === undefined ? { valid: true, claims: read.claims } : { valid: false, reason: fault };
}

async function readSigned(result: string, jwks: AgeJwks): Promise<{ readonly claims: ResultClaims } | { readonly fault: ResultFault }> {
  const kid = readKid(result);
  if (kid === undefined) return { fault: 'malformed' };
  const jwk = AgeJwksSchema.parse(jwks).keys.find((key) => key.kid === kid);
  if (jwk === undefined) return { fault: 'unknown_key' };
  try {
    const { payload } = await compactVerify(result, await importJWK(jwk, RESULT_ALGORITHM), { algorithms: [RESULT_ALGORITHM] });
    const claims = ResultClaimsSchema.safeParse(JSON.parse(Buffer.from(payload).toString('utf8')));
    return claims.success ? { claims: claims.data } : { fault: 'malformed' };
  } catch (error) {
    return { fault: error instanceof errors.JWSSignatureVerificationFailed ? 'bad_signature' : 'malformed' };
  }
}

function readKid(result: string): string | undefined {
  try {
    const header = decodeProtectedHeader(result);
    return header.alg === RESULT_ALGORITHM && header.typ === RESULT_TYPE ? header.kid : undefined;
  } catch {
    return undefined;
  }
}
