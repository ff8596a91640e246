/** COSE_Sign1 and COSE_Mac0 (RFC 9052), verified over bytes that the verifier gives, never over what comes along. */
import { createHmac, createPublicKey, type JsonWebKey, type KeyObject, timingSafeEqual, verify } from 'node:crypto';
import { type CborMap, type CborValue, decodeCbor, encodeCbor, Tagged } from './cbor.ts';
import { CredentialError } from './errors.ts';

export interface CoseMessage {
  /** The protected header as it came; empty for none. */
  readonly protectedBytes: Uint8Array;
  readonly protectedHeader: CborMap;
  readonly unprotectedHeader: CborMap;
  /** Null when it is detached. */
  readonly payload: Uint8Array | null;
  /** The signature, or the MAC. */
  readonly proof: Uint8Array;
}

const HEADER = { algorithm: 1, critical: 2, x5chain: 33 } as const;
const NO_HEADER: CborMap = new Map();

/** @throws {CredentialError} `cose_malformed` */
export function readCose(value: CborValue): CoseMessage {
  if (!Array.isArray(value) || value.length !== 4) throw malformed();
  const [protectedBytes, unprotectedHeader, payload, proof] = value as readonly CborValue[];
  if (!(protectedBytes instanceof Uint8Array) || !(proof instanceof Uint8Array)) throw malformed();
  if (payload !== null && !(payload instanceof Uint8Array)) throw malformed();
  const header = readHeader(protectedBytes.length === 0 ? NO_HEADER : decodeCbor(protectedBytes));
  const unprotected = readHeader(unprotectedHeader);
  // RFC 9052 section 3.1: a critical header that is not understood refuses; there is none that we understand.
  if (header.has(HEADER.critical)) throw malformed();
  for (const label of header.keys()) if (unprotected.has(label)) throw malformed();
  return { protectedBytes, protectedHeader: header, unprotectedHeader: unprotected, payload, proof };
}

function malformed(): CredentialError {
  return new CredentialError('cose_malformed');
}

function readHeader(value: CborValue): CborMap {
  if (!(value instanceof Map)) throw malformed();
  return value as CborMap;
}

/** The same where the structure may carry its tag (18 for COSE_Sign1). */
export function readTaggedCose(value: CborValue): CoseMessage {
  return readCose(value instanceof Tagged && value.tag === 18 ? value.value : value);
}

interface Algorithm {
  readonly hash: string | null;
  readonly curve: string;
  /** JOSE name. */
  readonly name: string;
}

/** By COSE number: ES256, ES384, ES512, EdDSA over Ed25519, and the fully specified names of the same (RFC 9864). */
const ALGORITHMS: ReadonlyMap<CborValue, Algorithm> = new Map([
  [-7, { hash: 'sha256', curve: 'prime256v1', name: 'ES256' }],
  [-9, { hash: 'sha256', curve: 'prime256v1', name: 'ES256' }],
  [-35, { hash: 'sha384', curve: 'secp384r1', name: 'ES384' }],
  [-51, { hash: 'sha384', curve: 'secp384r1', name: 'ES384' }],
  [-36, { hash: 'sha512', curve: 'secp521r1', name: 'ES512' }],
  [-52, { hash: 'sha512', curve: 'secp521r1', name: 'ES512' }],
  [-8, { hash: null, curve: 'ed25519', name: 'EdDSA' }],
  [-19, { hash: null, curve: 'ed25519', name: 'EdDSA' }],
]);

/** ES256, ES384, ES512 and EdDSA, each with its curve and no other. @throws {CredentialError} `algorithm_not_allowed` */
export function verifySignature(
  data: Uint8Array,
  signature: Uint8Array,
  { key, algorithm }: { readonly key: KeyObject; readonly algorithm: CborValue },
): boolean {
  const wanted = ALGORITHMS.get(algorithm) ?? [...ALGORITHMS.values()].find(({ name }) => name === algorithm);
  if (wanted === undefined || curveOf(key) !== wanted.curve) throw new CredentialError('algorithm_not_allowed');
  return verify(wanted.hash, data, { key, dsaEncoding: 'ieee-p1363' }, signature);
}

function curveOf(key: KeyObject): string | undefined {
  return key.asymmetricKeyType === 'ec' ? key.asymmetricKeyDetails?.namedCurve : key.asymmetricKeyType;
}

/** Whether a COSE_Sign1 is signed by `key` over `payload`. The algorithm must stand in the protected header. */
export function verifySign1(message: CoseMessage, key: KeyObject, payload: Uint8Array): boolean {
  const data = encodeCbor(['Signature1', message.protectedBytes, new Uint8Array(0), payload]);
  return verifySignature(data, message.proof, { key, algorithm: message.protectedHeader.get(HEADER.algorithm) });
}

const HMAC_256 = 5;

/** Whether a COSE_Mac0 (HMAC 256/256) is over `payload`. @throws {CredentialError} `algorithm_not_allowed` */
export function verifyMac0(message: CoseMessage, key: Uint8Array, payload: Uint8Array): boolean {
  if (message.protectedHeader.get(HEADER.algorithm) !== HMAC_256) throw new CredentialError('algorithm_not_allowed');
  const expected = createHmac('sha256', key)
    .update(encodeCbor(['MAC0', message.protectedBytes, new Uint8Array(0), payload]))
    .digest();
  return expected.length === message.proof.length && timingSafeEqual(expected, message.proof);
}

/** The certificates of a message, the signer's first; from the unprotected header, as ISO/IEC 18013-5 has it, or the protected one. */
export function readChain({ protectedHeader, unprotectedHeader }: CoseMessage): readonly Uint8Array[] {
  const found = unprotectedHeader.get(HEADER.x5chain) ?? protectedHeader.get(HEADER.x5chain);
  if (found === undefined) throw new CredentialError('chain_missing');
  const chain = found instanceof Uint8Array ? [found] : found;
  if (!Array.isArray(chain) || chain.length === 0 || !chain.every((item: unknown) => item instanceof Uint8Array)) throw new CredentialError('chain_malformed');
  return chain;
}

const CURVES: ReadonlyMap<CborValue, readonly [crv: string, bytes: number]> = new Map([
  [1, ['P-256', 32]],
  [2, ['P-384', 48]],
  [3, ['P-521', 66]],
]);
const KEY = { type: 1, curve: -1, x: -2, y: -3, private: -4 } as const;
const ED25519 = 6;

/** A public COSE_Key (RFC 9052 section 7): P-256, P-384, P-521 or Ed25519, uncompressed, on its curve. */
export function readCoseKey(value: CborValue): KeyObject {
  try {
    return createPublicKey({ key: toJwk(value), format: 'jwk' });
  } catch (cause) {
    throw cause instanceof CredentialError ? cause : new CredentialError('device_key_malformed', { cause });
  }
}

function toJwk(value: CborValue): JsonWebKey {
  const key: CborMap = value instanceof Map ? value : NO_HEADER;
  const [type, curve] = [key.get(KEY.type), key.get(KEY.curve)];
  if (key.has(KEY.private)) throw new CredentialError('device_key_malformed');
  if (type === 1 && curve === ED25519) return { kty: 'OKP', crv: 'Ed25519', x: readCoordinate(key.get(KEY.x), 32) };
  const [crv, bytes] = CURVES.get(curve) ?? [];
  if (type !== 2 || crv === undefined || bytes === undefined) throw new CredentialError('device_key_malformed');
  return { kty: 'EC', crv, x: readCoordinate(key.get(KEY.x), bytes), y: readCoordinate(key.get(KEY.y), bytes) };
}

function readCoordinate(value: CborValue, bytes: number): string {
  if (!(value instanceof Uint8Array) || value.length !== bytes) throw new CredentialError('device_key_malformed');
  return Buffer.from(value).toString('base64url');
}
