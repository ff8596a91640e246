/**
 * Receipts: compact JWS over Ed25519 (RFC 7515, RFC 8037) by jose. A receipt says: these bytes (SHA-256, size) were screened and found
 * clear, with this list-set version under this policy. Only the verdict `clear` gets one.
 */
import { CompactSign, compactVerify, decodeProtectedHeader, errors, importJWK } from 'jose';
import { takeSigningKey } from '../platform/signing-key.ts';
import { JwksSchema, ReceiptClaimsSchema, type Jwks, type ReceiptCheck, type ReceiptClaims, type ReceiptFault, type ReceiptJwk } from './schema.ts';

export const RECEIPT_TYPE = 'gatehouse-receipt+jwt';
const ALGORITHM = 'EdDSA';
/** At the end of `iss` in stub mode. */
export const STUB_ISSUER = '#stub';
/** Clocks of signer and verifier may differ by this much before "not yet valid" (RFC 7519 section 4.1.5 allows a small leeway). */
const LEEWAY_S = 60;

export interface ReceiptSigner {
  readonly jwk: ReceiptJwk;
  sign(claims: ReceiptClaims): Promise<string>;
}

/**
 * Reads the key, or makes one at first start.
 * @param isOwn true for the key in the data directory, which is made when it is missing; a key that was named must exist
 * @throws {GatehouseError} `config_invalid`
 */
export async function openReceiptSigner(path: string, isOwn: boolean): Promise<ReceiptSigner> {
  const { key, x, kid } = await takeSigningKey(path, { isOwn, name: 'receipt key' });
  return {
    jwk: toJwk(kid, x),
    sign: (claims) =>
      new CompactSign(new TextEncoder().encode(JSON.stringify(claims))).setProtectedHeader({ alg: ALGORITHM, typ: RECEIPT_TYPE, kid }).sign(key),
  };
}

export function toJwk(kid: string, x: string): ReceiptJwk {
  return { kty: 'OKP', crv: 'Ed25519', x, kid, alg: ALGORITHM, use: 'sig' };
}

export interface OfflineCheck {
  /** Of the content that is about to be published. */
  readonly sha256?: string | undefined;
  readonly size?: number | undefined;
  readonly now: Date;
  /** When given, `iss` must be exactly this. */
  readonly issuer?: string;
  /** Whoever checks is in stub mode; elsewhere its receipts are worth nothing. */
  readonly acceptsStub?: boolean;
}

/**
 * Checks a receipt with the public keys alone: signature, times, digest, size. It cannot know of a revocation; ask
 * `POST /v1/receipts/verify` where that matters. Never throws for what the receipt is.
 * @param jwks as served at /.well-known/gatehouse-receipts.json
 */
export async function verifyReceiptOffline(receipt: string, jwks: Jwks, check: OfflineCheck): Promise<ReceiptCheck> {
  const read = await readSigned(receipt, jwks);
  if ('fault' in read) return refuse(read.fault);
  const { claims } = read;
  const fault = findFault(claims, check);
  return fault === undefined
    ? { valid: true, isContentChecked: check.sha256 !== undefined, claims }
    : { ...refuse(fault), isContentChecked: check.sha256 !== undefined, claims };
}

function findFault(claims: ReceiptClaims, check: OfflineCheck): ReceiptFault | undefined {
  if (isStubReceipt(claims) && check.acceptsStub !== true) return 'stub';
  const nowS = check.now.getTime() / 1000;
  if (claims.iat > nowS + LEEWAY_S) return 'not_yet_valid';
  if (nowS >= claims.exp) return 'expired';
  if (check.issuer !== undefined && check.issuer !== claims.iss) return 'wrong_issuer';
  if (check.sha256 !== undefined && check.sha256 !== claims.sha256) return 'digest_differs';
  if (check.size !== undefined && check.size !== claims.size) return 'size_differs';
  return undefined;
}

/** Of stub mode. Two marks, so that a verifier which drops claims that it does not know still sees a strange issuer. */
export function isStubReceipt({ stub, iss }: Pick<ReceiptClaims, 'stub' | 'iss'>): boolean {
  return stub === true || iss.endsWith(STUB_ISSUER);
}

/** The same for one of our own, without looking at its signature. */
export function isStubJws(jws: string): boolean {
  const payload: unknown = JSON.parse(Buffer.from(jws.split('.')[1] ?? '', 'base64url').toString('utf8'));
  const claims = ReceiptClaimsSchema.safeParse(payload);
  return !claims.success || isStubReceipt(claims.data);
}

/** Claims of a receipt that one of the keys signed. */
async function readSigned(receipt: string, jwks: Jwks): Promise<{ readonly claims: ReceiptClaims } | { readonly fault: ReceiptFault }> {
  const kid = readKid(receipt);
  if (kid === undefined) return { fault: 'malformed' };
  const jwk = JwksSchema.parse(jwks).keys.find((key) => key.kid === kid);
  if (jwk === undefined) return { fault: 'unknown_key' };
  try {
    const { payload } = await compactVerify(receipt, await importJWK(jwk, ALGORITHM), { algorithms: [ALGORITHM] });
    const claims = ReceiptClaimsSchema.safeParse(JSON.parse(Buffer.from(payload).toString('utf8')));
    return claims.success ? { claims: claims.data } : { fault: 'malformed' };
  } catch (error) {
    return { fault: error instanceof errors.JWSSignatureVerificationFailed ? 'bad_signature' : 'malformed' };
  }
}

function readKid(receipt: string): string | undefined {
  try {
    const header = decodeProtectedHeader(receipt);
    return header.alg === ALGORITHM && header.typ === RECEIPT_TYPE ? header.kid : undefined;
  } catch {
    return undefined;
  }
}

export function refuse(reason: ReceiptFault): ReceiptCheck {
  return { valid: false, reason, isContentChecked: false };
}
