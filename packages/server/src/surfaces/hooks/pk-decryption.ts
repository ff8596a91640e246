/**
 * The decrypting side of libolm's PkEncryption, with which clients of a content scanner may encrypt what they ask: Curve25519, HKDF-SHA-256
 * with a salt of zeros and no info for 80 bytes (AES key, MAC key, IV), AES-256-CBC. The steps are those of `m.megolm_backup.v1.curve25519-aes-sha2` in
 * the Matrix specification. Its MAC is over nothing, as there: it says that both sides have the same secret, and nothing about the ciphertext.
 * What comes out is therefore treated as any other request from outside.
 */
import { createDecipheriv, createHmac, createPrivateKey, createPublicKey, diffieHellman, hkdfSync, timingSafeEqual } from 'node:crypto';
import type { EncryptedBody } from './schema.ts';

/** PKCS#8 of X25519 (RFC 8410 section 7) is this prefix and the 32 bytes of the key. */
const PKCS8_PREFIX = '302e020100300506032b656e04220420';
const KEY_BYTES = 32;
const MAC_BYTES = 8;
const SALT = Buffer.alloc(32);

export interface PkDecryption {
  /** base64 without padding */
  readonly publicKey: string;
  /** @returns undefined for what was not encrypted for this key */
  decrypt(body: EncryptedBody): string | undefined;
}

/** @param secret 32 bytes */
export function createPkDecryption(secret: Buffer): PkDecryption {
  const privateKey = createPrivateKey({ key: Buffer.concat([Buffer.from(PKCS8_PREFIX, 'hex'), secret]), format: 'der', type: 'pkcs8' });
  const { x = '' } = createPublicKey(privateKey).export({ format: 'jwk' });
  return {
    publicKey: Buffer.from(x, 'base64url').toString('base64').replace(/=+$/, ''),
    decrypt({ ciphertext, mac, ephemeral }) {
      try {
        const point = Buffer.from(ephemeral, 'base64');
        if (point.length !== KEY_BYTES) return undefined;
        const publicKey = createPublicKey({ key: { kty: 'OKP', crv: 'X25519', x: point.toString('base64url') }, format: 'jwk' });
        const keys = Buffer.from(hkdfSync('sha256', diffieHellman({ privateKey, publicKey }), SALT, '', 80));
        const expected = createHmac('sha256', keys.subarray(32, 64)).digest().subarray(0, MAC_BYTES);
        const given = Buffer.from(mac, 'base64');
        if (given.length !== MAC_BYTES || !timingSafeEqual(given, expected)) return undefined;
        const decipher = createDecipheriv('aes-256-cbc', keys.subarray(0, 32), keys.subarray(64));
        return new TextDecoder('utf-8', { fatal: true }).decode(Buffer.concat([decipher.update(Buffer.from(ciphertext, 'base64')), decipher.final()]));
      } catch {
        // A point of low order, bad padding, no UTF-8: all of it was not made for this key.
        return undefined;
      }
    },
  };
}
