/** Public keys as authenticators write them (COSE_Key, RFC 9052 section 7, RFC 9053, RFC 8230) and the signatures made with them. */
import { createPublicKey, verify, type JsonWebKey, type KeyObject } from 'node:crypto';

/** In the order in which we ask: every authenticator knows ES256; Windows Hello may know only RS256. */
export const ALGORITHMS = { es256: -7, edDsa: -8, rs256: -257 } as const;

const [KTY, ALG, CRV, X, Y] = [1, 3, -1, -2, -3];
/** RSA: n and e have the labels that curves use for crv and x. */
const [N, E] = [-1, -2];
const [KTY_OKP, KTY_EC2, KTY_RSA] = [1, 2, 3];
const [P_256, ED25519] = [1, 6];
const COORDINATE_BYTES = 32;
const MODULUS_BYTES = { min: 256, max: 512 };
const EXPONENT_BYTES_MAX = 4;

export interface PasskeyKey {
  readonly algorithm: number;
  readonly key: KeyObject;
}

/** Undefined for whatever is not one of the three kinds in its exact shape. */
export function importCoseKey(cose: unknown): PasskeyKey | undefined {
  if (!(cose instanceof Map)) return undefined;
  const read = (label: number): unknown => cose.get(label);
  const algorithm = read(ALG);
  const jwk = toJwk(read(KTY), algorithm, read);
  if (jwk === undefined || typeof algorithm !== 'number') return undefined;
  try {
    // Also refuses a point that is not on the curve.
    return { algorithm, key: createPublicKey({ key: jwk, format: 'jwk' }) };
  } catch {
    return undefined;
  }
}

type Read = (label: number) => unknown;

function toJwk(kty: unknown, algorithm: unknown, read: Read): JsonWebKey | undefined {
  if (kty === KTY_EC2 && algorithm === ALGORITHMS.es256 && read(CRV) === P_256) return toEcJwk(read);
  if (kty === KTY_OKP && algorithm === ALGORITHMS.edDsa && read(CRV) === ED25519) return toOkpJwk(read);
  return kty === KTY_RSA && algorithm === ALGORITHMS.rs256 ? toRsaJwk(read) : undefined;
}

function toEcJwk(read: Read): JsonWebKey | undefined {
  const [x, y] = [toText(read(X), COORDINATE_BYTES), toText(read(Y), COORDINATE_BYTES)];
  return x === undefined || y === undefined ? undefined : { kty: 'EC', crv: 'P-256', x, y };
}

function toOkpJwk(read: Read): JsonWebKey | undefined {
  const x = toText(read(X), COORDINATE_BYTES);
  return x === undefined ? undefined : { kty: 'OKP', crv: 'Ed25519', x };
}

function toRsaJwk(read: Read): JsonWebKey | undefined {
  const [n, e] = [toText(read(N), MODULUS_BYTES.min, MODULUS_BYTES.max), toText(read(E), 1, EXPONENT_BYTES_MAX)];
  return n === undefined || e === undefined ? undefined : { kty: 'RSA', n, e };
}

function toText(value: unknown, min: number, max = min): string | undefined {
  if (!(value instanceof Uint8Array) || value.byteLength < min || value.byteLength > max) return undefined;
  return Buffer.from(value).toString('base64url');
}

export function exportKey({ key }: PasskeyKey): Buffer {
  return key.export({ format: 'der', type: 'spki' });
}

export function importStoredKey(algorithm: number, publicKey: Uint8Array): PasskeyKey {
  return { algorithm, key: createPublicKey({ key: Buffer.from(publicKey), format: 'der', type: 'spki' }) };
}

/** ES256 signatures are DER here (WebAuthn, section 6.5.5). */
export function isSigned({ algorithm, key }: PasskeyKey, data: Uint8Array, signature: Uint8Array): boolean {
  return verify(algorithm === ALGORITHMS.edDsa ? null : 'sha256', data, key, signature);
}
