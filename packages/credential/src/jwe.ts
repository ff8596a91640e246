/**
 * Decrypts what a wallet encrypted to the key of one request: compact JWE (RFC 7516) with ECDH-ES on P-256 (RFC 7518, section 4.6) and AES-GCM. One
 * algorithm each way, so that nothing that comes along chooses another. By `node:crypto`: a little over a third of the processor time of a library that also does everything else.
 */
import { createDecipheriv, createHash, createPrivateKey, createPublicKey, diffieHellman } from 'node:crypto';
import type { PrivateJwk } from './annex-c.ts';
import { CredentialError } from './errors.ts';
import { type JsonObject, parseJson, readObject } from './jws.ts';

const KEY_BYTES: Readonly<Record<string, 16 | 32>> = { A128GCM: 16, A256GCM: 32 };
const IV_BYTES = 12;
const TAG_BYTES = 16;
const BASE64URL = /^[A-Za-z0-9_-]*$/;

export interface Jwe {
  readonly header: JsonObject;
  /** What is authenticated with the content: the header as it came. */
  readonly protectedText: string;
  readonly iv: Buffer;
  readonly ciphertext: Buffer;
  readonly tag: Buffer;
}

/** @throws {CredentialError} `response_malformed` */
export function readJwe(text: string): Jwe {
  const parts = text.split('.');
  const [protectedText = '', encryptedKey, iv = '', ciphertext = '', tag = ''] = parts;
  // Direct agreement has no encrypted key (RFC 7516, section 5.2, step 10).
  if (parts.length !== 5 || encryptedKey !== '' || !parts.every((part) => BASE64URL.test(part))) throw new CredentialError('response_malformed');
  const header = readObject(parseJson(protectedText, 'response_malformed'), 'response_malformed');
  const [ivBytes, tagBytes] = [Buffer.from(iv, 'base64url'), Buffer.from(tag, 'base64url')];
  return { header, protectedText, iv: ivBytes, ciphertext: Buffer.from(ciphertext, 'base64url'), tag: tagBytes };
}

/** @throws {CredentialError} `response_decryption`: another key, another algorithm, anything changed */
export function decryptJwe({ header, protectedText, iv, ciphertext, tag }: Jwe, key: PrivateJwk): Buffer {
  const encoding = String(header['enc']);
  const keyBytes = Object.hasOwn(KEY_BYTES, encoding) ? KEY_BYTES[encoding] : undefined;
  const isOurs = header['alg'] === 'ECDH-ES' && keyBytes !== undefined && iv.length === IV_BYTES && tag.length === TAG_BYTES;
  // An extension that must be understood is not; compression is refused, because nobody asked for it.
  if (!isOurs || header['crit'] !== undefined || header['zip'] !== undefined) throw new CredentialError('response_decryption');
  try {
    const shared = agree(header['epk'], key);
    const derived = deriveKey({ shared, encoding, keyBytes, apu: readParty(header['apu']), apv: readParty(header['apv']) });
    const decipher = createDecipheriv(keyBytes === 16 ? 'aes-128-gcm' : 'aes-256-gcm', derived, iv, { authTagLength: TAG_BYTES });
    decipher.setAAD(Buffer.from(protectedText, 'ascii'));
    decipher.setAuthTag(tag);
    return Buffer.concat([decipher.update(ciphertext), decipher.final()]);
  } catch (cause) {
    throw new CredentialError('response_decryption', { cause });
  }
}

/** A point that is not on the curve is refused by `createPublicKey`. */
function agree(epk: unknown, key: PrivateJwk): Buffer {
  const { kty, crv, x, y } = Object(epk) as Record<string, unknown>;
  if (kty !== 'EC' || crv !== 'P-256' || typeof x !== 'string' || typeof y !== 'string') throw new TypeError('the ephemeral key is not on P-256');
  const privateKey = createPrivateKey({ key: { ...key }, format: 'jwk' });
  return diffieHellman({ privateKey, publicKey: createPublicKey({ key: { kty, crv, x, y }, format: 'jwk' }) });
}

function readParty(value: unknown): Buffer {
  if (value === undefined) return Buffer.alloc(0);
  if (typeof value !== 'string' || !BASE64URL.test(value)) throw new TypeError('a party is not base64url');
  return Buffer.from(value, 'base64url');
}

interface Agreement {
  readonly shared: Uint8Array;
  readonly encoding: string;
  readonly keyBytes: number;
  readonly apu: Uint8Array;
  readonly apv: Uint8Array;
}

/** Concat KDF with SHA-256 (RFC 7518, section 4.6.2): one round gives 32 bytes, enough for both. Exported for the vector of appendix C. */
export function deriveKey({ shared, encoding, keyBytes, apu, apv }: Agreement): Buffer {
  const hash = createHash('sha256').update(toNumber(1)).update(shared);
  for (const part of [Buffer.from(encoding, 'ascii'), apu, apv]) hash.update(toNumber(part.length)).update(part);
  return hash
    .update(toNumber(keyBytes * 8))
    .digest()
    .subarray(0, keyBytes);
}

function toNumber(value: number): Buffer {
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32BE(value);
  return bytes;
}
