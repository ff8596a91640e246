/**
 * An age out of an SD-JWT VC with key binding (RFC 9901 and the SD-JWT VC draft). Everything that was disclosed must be referenced by what was
 * signed, once; and the holder must have signed this presentation for us, in this session, now.
 */
import { createHash, createPublicKey, type KeyObject } from 'node:crypto';
import { type AgeClaim, readAgeClaims } from './age.ts';
import { verifySignature } from './cose.ts';
import { resolveDisclosures } from './disclosures.ts';
import { CredentialError, type RefusalCode } from './errors.ts';
import { readJws, readObject, type JsonObject, type Jws } from './jws.ts';
import type { VerifiedAge } from './mdoc.ts';
import { checkStatus, readStatusReference, type StatusLists } from './status.ts';
import { DEFAULT_SKEW_S, type TrustStore, type VerifiedChain } from './trust.ts';

export interface SdJwtExpectation {
  /** Our full client id, or `origin:` and the origin. */
  readonly audience: string;
  readonly nonce: string;
  /** `vct` values that were asked for. */
  readonly types: readonly string[];
  readonly trust: TrustStore;
  readonly now: Date;
  readonly statusLists?: StatusLists | undefined;
  readonly maxSkewS?: number | undefined;
  /** Age of the key binding. Default 300. */
  readonly maxKeyBindingAgeS?: number | undefined;
}

const ALGORITHMS = ['ES256', 'ES384', 'ES512', 'EdDSA'];
/** `vc+sd-jwt` was the name until November 2024; wallets of then still send it. */
const TYPES = ['dc+sd-jwt', 'vc+sd-jwt'];
const KEY_BINDING_AGE_S = 300;
const MAX_BYTES = 262_144;

/** @throws {CredentialError} for every presentation that is not exactly the answer to what was asked */
export function verifySdJwt(presentation: string, expected: SdJwtExpectation): VerifiedAge {
  const { issuerJwt, disclosures, keyBinding, signedPart } = split(presentation);
  const jws = readJws(issuerJwt, 'sd_jwt_malformed');
  if (!TYPES.includes(String(jws.header['typ']))) throw new CredentialError('sd_jwt_type');
  const { vct, iss } = jws.payload;
  if (typeof vct !== 'string' || !expected.types.includes(vct)) throw new CredentialError('sd_jwt_vct');
  const chain = expected.trust.verifyChain(readX5c(jws), { ...expected, purpose: 'sd-jwt', documentType: vct });
  if (!isSigned(jws, chain.leafKey)) throw new CredentialError('issuer_signature');
  checkIssuer(iss, chain);
  const claims = resolveDisclosures(jws.payload, disclosures);
  const validity = checkValidity(claims, expected);
  verifyKeyBinding(keyBinding, { signedPart, holder: readHolderKey(claims), hashName: readHashName(jws.payload) }, expected);
  const status = readStatusReference(claims['status'] as object | undefined);
  checkStatus(status, expected);
  const birthDate = claims['birthdate'] ?? claims['birth_date'];
  return {
    format: 'sd-jwt',
    documentType: vct,
    anchorId: chain.anchor.id,
    country: chain.anchor.country,
    claims: readClaims(claims),
    birthDate: typeof birthDate === 'string' ? birthDate : undefined,
    ...validity,
    status,
  };
}

interface Parts {
  readonly issuerJwt: string;
  readonly disclosures: readonly string[];
  readonly keyBinding: string;
  /** What `sd_hash` is over: everything before the key binding. */
  readonly signedPart: string;
}

function split(presentation: string): Parts {
  if (presentation.length > MAX_BYTES) throw new CredentialError('sd_jwt_malformed');
  const [issuerJwt, ...rest] = presentation.split('~');
  const keyBinding = rest.pop();
  if (issuerJwt === undefined || issuerJwt === '' || keyBinding === undefined) throw new CredentialError('sd_jwt_malformed');
  if (keyBinding === '') throw new CredentialError('kb_missing');
  return { issuerJwt, disclosures: rest, keyBinding, signedPart: presentation.slice(0, presentation.length - keyBinding.length) };
}

/** Certificates in the header, standard base64 (RFC 7515 section 4.1.6). */
export function readX5c({ header }: Jws): readonly Uint8Array[] {
  const chain = header['x5c'];
  if (chain === undefined) throw new CredentialError('chain_missing');
  if (!Array.isArray(chain) || chain.length === 0) throw new CredentialError('chain_malformed');
  return chain.map((item: unknown) => {
    if (typeof item !== 'string' || !/^[A-Za-z0-9+/]+={0,2}$/.test(item)) throw new CredentialError('chain_malformed');
    return Buffer.from(item, 'base64');
  });
}

export function isSigned(jws: Jws, key: KeyObject): boolean {
  const algorithm = jws.header['alg'];
  if (typeof algorithm !== 'string' || !ALGORITHMS.includes(algorithm)) throw new CredentialError('algorithm_not_allowed');
  return verifySignature(Buffer.from(jws.signingInput), jws.signature, { key, algorithm });
}

/** An `iss` that is an address must be one that the certificate is for, when the certificate names any. */
function checkIssuer(iss: unknown, { leaf }: VerifiedChain): void {
  if (iss === undefined) return;
  if (typeof iss !== 'string') throw new CredentialError('sd_jwt_claims');
  const names = leaf.x509.subjectAltName ?? '';
  if (!names.includes('DNS:') && !names.includes('URI:')) return;
  const host = URL.canParse(iss) ? new URL(iss).hostname : '';
  if (!names.split(', ').some((name) => name === `URI:${iss}` || name === `DNS:${host}`)) throw new CredentialError('chain_purpose');
}

const HASHES: Readonly<Record<string, string>> = { 'sha-256': 'sha256', 'sha-384': 'sha384', 'sha-512': 'sha512' };

export function readHashName(payload: JsonObject): string {
  const name = HASHES[String(payload['_sd_alg'] ?? 'sha-256')];
  if (name === undefined) throw new CredentialError('sd_jwt_hash_algorithm');
  return name;
}

function readSeconds(value: unknown, code: RefusalCode = 'sd_jwt_claims'): number | undefined {
  if (value === undefined) return undefined;
  if (typeof value !== 'number' || !Number.isFinite(value) || value < 0) throw new CredentialError(code);
  return value;
}

function checkValidity(claims: JsonObject, { now, maxSkewS = DEFAULT_SKEW_S }: SdJwtExpectation): { readonly validFrom: Date; readonly validUntil: Date } {
  const nowS = now.getTime() / 1000;
  const until = readSeconds(claims['exp']);
  const issued = readSeconds(claims['iat']) ?? 0;
  const from = readSeconds(claims['nbf']) ?? issued;
  if (Math.max(from, issued) > nowS + maxSkewS) throw new CredentialError('not_yet_valid');
  // A credential about an age that never ends would say "under" for ever.
  if (until === undefined) throw new CredentialError('sd_jwt_claims');
  if (until <= nowS - maxSkewS) throw new CredentialError('expired');
  if (from >= until) throw new CredentialError('validity_malformed');
  return { validFrom: new Date(from * 1000), validUntil: new Date(until * 1000) };
}

function readHolderKey(claims: JsonObject): KeyObject {
  const jwk = readObject(readObject(claims['cnf'], 'device_key_malformed')['jwk'], 'device_key_malformed');
  if (Object.hasOwn(jwk, 'd')) throw new CredentialError('device_key_malformed');
  try {
    return createPublicKey({ key: jwk, format: 'jwk' });
  } catch (cause) {
    throw new CredentialError('device_key_malformed', { cause });
  }
}

interface Binding {
  readonly signedPart: string;
  readonly holder: KeyObject;
  readonly hashName: string;
}

function verifyKeyBinding(text: string, { signedPart, holder, hashName }: Binding, expected: SdJwtExpectation): void {
  const jws = readJws(text, 'kb_malformed');
  if (jws.header['typ'] !== 'kb+jwt') throw new CredentialError('kb_type');
  if (!isSigned(jws, holder)) throw new CredentialError('kb_signature');
  const { aud, nonce, iat, sd_hash: hash } = jws.payload;
  if (aud !== expected.audience) throw new CredentialError('kb_audience');
  if (nonce !== expected.nonce) throw new CredentialError('kb_nonce');
  if (hash !== createHash(hashName).update(signedPart).digest('base64url')) throw new CredentialError('kb_sd_hash');
  const madeS = readSeconds(iat, 'kb_malformed');
  if (madeS === undefined) throw new CredentialError('kb_malformed');
  const { maxSkewS = DEFAULT_SKEW_S, maxKeyBindingAgeS = KEY_BINDING_AGE_S } = expected;
  const ageS = expected.now.getTime() / 1000 - madeS;
  if (ageS > maxKeyBindingAgeS + maxSkewS) throw new CredentialError('kb_stale');
  if (ageS < -maxSkewS) throw new CredentialError('kb_future');
}

/** `age_over_NN` as in mdoc, or `age_equal_or_over: { "NN": … }` as in the PID. */
function readClaims(claims: JsonObject): AgeClaim[] {
  const flat = readAgeClaims(Object.entries(claims));
  const nested = claims['age_equal_or_over'];
  if (nested === undefined) return flat;
  const entries = Object.entries(readObject(nested, 'age_malformed')).map(([age, value]) => [`age_over_${age.padStart(2, '0')}`, value] as const);
  if (entries.some(([name]) => !/^age_over_\d\d$/.test(name))) throw new CredentialError('age_malformed');
  return [...flat, ...readAgeClaims(entries)];
}
