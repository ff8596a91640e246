/**
 * The two RSA operations of a token issuer: the blind signature and the check of a token. RSABSSA-SHA384-PSS-Deterministic (RFC 9474), as
 * RFC 9578, section 6 asks for token type 2.
 *
 * The blind signature is one raw RSA operation. `crypto.privateDecrypt` without padding is exactly that, in OpenSSL's constant-time code with
 * the Chinese remainder theorem: 0.4 ms, where BigInt in JavaScript takes 660 ms (and would leak by its timing).
 */
import { constants, createPublicKey, generateKeyPair, privateDecrypt, publicEncrypt, verify, type KeyObject } from 'node:crypto';
import { promisify } from 'node:util';
import { fromTokenPublicKey, toTokenPublicKey } from './wire.ts';

const MODULUS_BITS = 2048;
/** RFC 9578, section 6: the salt is as long as the hash. */
const SALT_BYTES = 48;
const HASH = 'sha384';
const generate = promisify(generateKeyPair);

export interface SigningKey {
  readonly privateKey: KeyObject;
  /** As it is published. */
  readonly publicKey: Buffer;
}

/** Off the event loop: 50 to 400 ms of a worker thread. */
export async function generateSigningKey(): Promise<SigningKey> {
  const { privateKey } = await generate('rsa', { modulusLength: MODULUS_BITS, publicExponent: 0x1_00_01 });
  return { privateKey, publicKey: publicPartOf(privateKey) };
}

export function publicPartOf(privateKey: KeyObject): Buffer {
  return toTokenPublicKey(createPublicKey(privateKey).export({ format: 'der', type: 'pkcs1' }));
}

/**
 * RFC 9474, section 4.3.
 * @param blinded as long as the modulus
 * @returns the blind signature, or undefined when the message has another length or is not smaller than the modulus
 */
export function signBlinded(privateKey: KeyObject, blinded: Uint8Array): Buffer | undefined {
  const signature = applyPrivate(privateKey, blinded);
  if (signature === undefined) return undefined;
  // A fault in the computation could give away the key: the RFC has the signer apply the public key and compare.
  const again = publicEncrypt({ key: createPublicKey(privateKey), padding: constants.RSA_NO_PADDING }, signature);
  if (!again.equals(blinded)) throw new Error('a blind signature came out wrong; it was not handed out');
  return signature;
}

function applyPrivate(privateKey: KeyObject, blinded: Uint8Array): Buffer | undefined {
  if (blinded.byteLength * 8 !== privateKey.asymmetricKeyDetails?.modulusLength) return undefined;
  try {
    return privateDecrypt({ key: privateKey, padding: constants.RSA_NO_PADDING }, blinded);
  } catch (error) {
    if (Reflect.get(Object(error), 'code') === 'ERR_OSSL_RSA_DATA_TOO_LARGE_FOR_MODULUS') return undefined;
    throw error;
  }
}

/** @throws {RangeError} when it is not a token key */
export function importTokenKey(publicKey: Uint8Array): KeyObject {
  const pkcs1 = fromTokenPublicKey(publicKey);
  if (pkcs1 === undefined) throw new RangeError('this is not a key for tokens of type 2');
  return createPublicKey({ key: pkcs1, format: 'der', type: 'pkcs1' });
}

/** RFC 9578, section 6.4: RSASSA-PSS over everything before the authenticator. */
export function isSignedBy(publicKey: KeyObject, token: { readonly authenticated: Uint8Array; readonly authenticator: Uint8Array }): boolean {
  return verify(HASH, token.authenticated, { key: publicKey, padding: constants.RSA_PKCS1_PSS_PADDING, saltLength: SALT_BYTES }, token.authenticator);
}
