/** The bytes of Privacy Pass, type 2: RFC 9577 (challenge, token, headers) and RFC 9578, sections 6.1 to 6.5 (requests, keys). Pure. */
import { createHash } from 'node:crypto';

export const TOKEN_TYPE = 2;
/** Nk: bytes of a 2048-bit RSA value. */
export const MODULUS_BYTES = 256;
const DIGEST_BYTES = 32;
/** token_type, nonce, challenge_digest, token_key_id. */
const AUTHENTICATED_BYTES = 2 + 3 * DIGEST_BYTES;
export const TOKEN_BYTES = AUTHENTICATED_BYTES + MODULUS_BYTES;
export const REQUEST_BYTES = 3 + MODULUS_BYTES;

/**
 * SubjectPublicKeyInfo of RFC 9578, section 6.5, up to the RSAPublicKey: id-RSASSA-PSS with SHA-384, MGF1 of SHA-384 and 48 bytes of salt, the
 * hash identifiers without parameters (OpenSSL would write NULL), for a modulus of exactly 2048 bits and the exponent 65537.
 */
const SPKI_PREFIX = Buffer.from(
  '30820152303d06092a864886f70d01010a3030a00d300b0609608648016503040202a11a301806092a864886f70d010108300b0609608648016503040202a2030201300382010f00',
  'hex',
);
const RSA_PUBLIC_KEY_BYTES = 270;

/** @param rsaPublicKey PKCS#1 DER of a 2048-bit key with the exponent 65537 */
export function toTokenPublicKey(rsaPublicKey: Uint8Array): Buffer {
  if (rsaPublicKey.byteLength !== RSA_PUBLIC_KEY_BYTES) throw new RangeError('a token key has a modulus of 2048 bits and the exponent 65537');
  return Buffer.concat([SPKI_PREFIX, rsaPublicKey]);
}

/** PKCS#1 DER of the key, or undefined when it is not such a key. */
export function fromTokenPublicKey(publicKey: Uint8Array): Buffer | undefined {
  const bytes = Buffer.from(publicKey);
  const isOurs = bytes.byteLength === SPKI_PREFIX.byteLength + RSA_PUBLIC_KEY_BYTES && bytes.subarray(0, SPKI_PREFIX.byteLength).equals(SPKI_PREFIX);
  return isOurs ? bytes.subarray(SPKI_PREFIX.byteLength) : undefined;
}

export function hashBytes(...parts: readonly Uint8Array[]): Buffer {
  const hash = createHash('sha256');
  for (const part of parts) hash.update(part);
  return hash.digest();
}

export interface TokenChallenge {
  readonly issuerName: string;
  /** 0 or 32 bytes. */
  readonly redemptionContext: Uint8Array;
  /** Names of origins, joined with commas; '' admits every one. */
  readonly originInfo: string;
}

/** RFC 9577, section 2.1.1. */
export function encodeChallenge({ issuerName, redemptionContext, originInfo }: TokenChallenge): Buffer {
  if (redemptionContext.byteLength !== 0 && redemptionContext.byteLength !== DIGEST_BYTES) throw new RangeError('a redemption context has 0 or 32 bytes');
  return Buffer.concat([
    uint16(TOKEN_TYPE),
    withLength(Buffer.from(issuerName, 'ascii')),
    Buffer.of(redemptionContext.byteLength),
    redemptionContext,
    withLength(Buffer.from(originInfo, 'ascii')),
  ]);
}

/** RFC 9578, section 6.1: the blinded message, and the last byte of the key's id. */
export interface TokenRequest {
  readonly truncatedKeyId: number;
  readonly blindedMessage: Buffer;
}

export function decodeRequest(bytes: Uint8Array): TokenRequest | undefined {
  const buffer = Buffer.from(bytes);
  if (buffer.byteLength !== REQUEST_BYTES || buffer.readUInt16BE(0) !== TOKEN_TYPE) return undefined;
  return { truncatedKeyId: buffer.readUInt8(2), blindedMessage: buffer.subarray(3) };
}

/** RFC 9577, section 2.2. */
export interface Token {
  readonly nonce: Buffer;
  readonly challengeDigest: Buffer;
  readonly keyId: Buffer;
  readonly authenticator: Buffer;
  /** What the authenticator signs: everything before it. */
  readonly authenticated: Buffer;
}

export function decodeToken(bytes: Uint8Array): Token | undefined {
  const buffer = Buffer.from(bytes);
  if (buffer.byteLength !== TOKEN_BYTES || buffer.readUInt16BE(0) !== TOKEN_TYPE) return undefined;
  const part = (index: number): Buffer => buffer.subarray(2 + index * DIGEST_BYTES, 2 + (index + 1) * DIGEST_BYTES);
  return {
    nonce: part(0),
    challengeDigest: part(1),
    keyId: part(2),
    authenticator: buffer.subarray(AUTHENTICATED_BYTES),
    authenticated: buffer.subarray(0, AUTHENTICATED_BYTES),
  };
}

/** base64url, padded as the RFC's examples are. */
export function toPaddedBase64Url(bytes: Uint8Array): string {
  const text = Buffer.from(bytes).toString('base64url');
  return text.padEnd(Math.ceil(text.length / 4) * 4, '=');
}

/** RFC 9577, section 2.1: one challenge for each key that would be taken. */
export function formatChallenges(
  alternatives: readonly { readonly challenge: Uint8Array; readonly tokenKey: Uint8Array; readonly maxAgeS?: number }[],
): string {
  return alternatives
    .map(
      ({ challenge, tokenKey, maxAgeS }) =>
        `PrivateToken challenge="${toPaddedBase64Url(challenge)}", token-key="${toPaddedBase64Url(tokenKey)}"${maxAgeS === undefined ? '' : `, max-age="${maxAgeS}"`}`,
    )
    .join(', ');
}

const AUTHORIZATION = /^PrivateToken +token=(?:"([\w-]+={0,2})"|([\w-]+={0,2}))$/i;

/** The bytes of the token in `Authorization: PrivateToken token="…"` (RFC 9577, section 2.2), or undefined. */
export function parseAuthorization(header: string): Buffer | undefined {
  const match = AUTHORIZATION.exec(header.trim());
  const text = match?.[1] ?? match?.[2];
  return text === undefined ? undefined : Buffer.from(text, 'base64url');
}

function uint16(value: number): Buffer {
  const bytes = Buffer.alloc(2);
  bytes.writeUInt16BE(value);
  return bytes;
}

function withLength(bytes: Buffer): Buffer {
  return Buffer.concat([uint16(bytes.byteLength), bytes]);
}

/** Changed only together with web/age-token-client.ts: both ends work it out. */
const CONTEXT_LABEL = 'gatehouse age token 1';

/**
 * The challenge of one class of tokens at one site, the same for everybody. A token is signed weeks before the session in which it is used, so
 * that its redemption context cannot be that session: it is the question, the grade and the epoch (RFC 9577, section 2.1.1 leaves the choice to
 * the origin). The session is bound otherwise: by the secrets of its browser, and because session and token are used up together, once.
 * @param host of the public address, with its port when it has one: issuer and origin are the same
 */
export function encodeClassChallenge(
  host: string,
  cls: { readonly threshold: number; readonly direction: string; readonly band: number; readonly epoch: number },
): Buffer {
  const label = [CONTEXT_LABEL, cls.direction, cls.threshold, cls.band, cls.epoch].join('\n');
  return encodeChallenge({ issuerName: host, redemptionContext: hashBytes(Buffer.from(label)), originInfo: host });
}
