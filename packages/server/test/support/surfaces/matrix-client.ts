/** The encrypting side of libolm's PkEncryption, as clients of a content scanner have it. */
import { createCipheriv, createHmac, createPublicKey, diffieHellman, generateKeyPairSync, hkdfSync } from 'node:crypto';

const bare = (bytes: Buffer): string => bytes.toString('base64').replace(/=+$/, '');

export function encryptForScanner(publicKey: string, text: string): { readonly ciphertext: string; readonly mac: string; readonly ephemeral: string } {
  const own = generateKeyPairSync('x25519');
  const theirs = createPublicKey({ key: { kty: 'OKP', crv: 'X25519', x: Buffer.from(publicKey, 'base64').toString('base64url') }, format: 'jwk' });
  const keys = Buffer.from(hkdfSync('sha256', diffieHellman({ privateKey: own.privateKey, publicKey: theirs }), Buffer.alloc(32), '', 80));
  const cipher = createCipheriv('aes-256-cbc', keys.subarray(0, 32), keys.subarray(64));
  const ciphertext = Buffer.concat([cipher.update(text, 'utf8'), cipher.final()]);
  const { x = '' } = own.publicKey.export({ format: 'jwk' });
  return {
    ciphertext: bare(ciphertext),
    mac: bare(createHmac('sha256', keys.subarray(32, 64)).digest().subarray(0, 8)),
    ephemeral: bare(Buffer.from(x, 'base64url')),
  };
}
