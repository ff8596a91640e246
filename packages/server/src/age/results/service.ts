/** Results for services: signed, and checked online. */
import type { AppContext } from '../../platform/context.ts';
import { isSecretOf } from '../sessions/secrets.ts';
import { findResult, findReturnHash, useResult } from '../sessions/store.ts';
import type { AgeResult } from '../sessions/schema.ts';
import { isVoided, toClaims } from './rules.ts';
import type { AgeJwks, ResultCheck, VerifyResultInput } from './schema.ts';
import { verifyAgeResultOffline, type ResultSigner } from './signer.ts';

export interface ResultParts {
  readonly context: Pick<AppContext, 'database' | 'clock'>;
  readonly signer: ResultSigner;
  readonly issuer: () => string;
  /** Raised when an issuer is muted. */
  readonly generation: () => Promise<number>;
}

export interface AgeResults {
  sign(result: AgeResult): Promise<string>;
  /** Signature, audience, times, and what only we know: voided since, used before, come back to the same browser. */
  verify(input: VerifyResultInput): Promise<ResultCheck>;
  jwks(): AgeJwks;
}

export function createAgeResults(parts: ResultParts): AgeResults {
  return {
    sign: (result) => parts.signer.sign(toClaims(result, parts.issuer())),
    verify: (input) => verify(parts, input),
    jwks: () => parts.signer.jwks,
  };
}

async function verify(parts: ResultParts, input: VerifyResultInput): Promise<ResultCheck> {
  const { database, clock } = parts.context;
  const now = clock.now();
  const expected = { now, audience: input.service, issuer: parts.issuer(), nonce: input.nonce, session: input.session };
  const checked = await verifyAgeResultOffline(input.result, parts.signer.jwks, expected);
  if (checked.claims === undefined) return checked;
  const sessionId = checked.claims.sid;
  const stored = await findResult(database.sql, sessionId, now);
  if (stored === undefined) return { valid: false, reason: 'unknown' };
  if (isVoided(stored, await parts.generation())) return { valid: false, reason: 'voided' };
  if (input.returnCode !== undefined && !isSecretOf(input.returnCode, await findReturnHash(database.sql, sessionId)))
    return { valid: false, reason: 'not_returned' };
  if (input.once && !(await useResult(database.sql, sessionId, now))) return { valid: false, reason: 'used' };
  return checked;
}
