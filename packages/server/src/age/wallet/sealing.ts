/**
 * What a request must remember (nonces, the key that decrypts the answer, the query) lies encrypted in the database, with a key that follows
 * from the request's id; of the id only the hash is stored. So a copy of the database opens no request: the id is in the wallet's address only.
 */
import { createCipheriv, createDecipheriv, createHash, hkdfSync } from 'node:crypto';
import { randomHex } from '../../platform/ids.ts';

/** 160 bits, and short enough for a QR code. */
const ID_BYTES = 20;
const IV_BYTES = 12;
const TAG_BYTES = 16;
const INFO = 'gatehouse age request 1';

export function newRequestId(): string {
  return randomHex(ID_BYTES);
}

export function hashId(id: string): Buffer {
  return createHash('sha256').update(id).digest();
}

function keyOf(id: string): Buffer {
  return Buffer.from(hkdfSync('sha256', id, '', INFO, 32));
}

/** AES-256-GCM: IV, tag, text. */
export function seal(id: string, text: string): Buffer {
  const iv = Buffer.from(randomHex(IV_BYTES), 'hex');
  const cipher = createCipheriv('aes-256-gcm', keyOf(id), iv);
  const sealed = Buffer.concat([cipher.update(text, 'utf8'), cipher.final()]);
  return Buffer.concat([iv, cipher.getAuthTag(), sealed]);
}

/** @throws when the id is another one or the bytes were changed */
export function unseal(id: string, sealed: Uint8Array): string {
  const decipher = createDecipheriv('aes-256-gcm', keyOf(id), sealed.subarray(0, IV_BYTES));
  decipher.setAuthTag(sealed.subarray(IV_BYTES, IV_BYTES + TAG_BYTES));
  return Buffer.concat([decipher.update(sealed.subarray(IV_BYTES + TAG_BYTES)), decipher.final()]).toString('utf8');
}
