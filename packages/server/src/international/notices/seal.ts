/** Secrets at rest: AES-256-GCM with the row that they belong to as additional data, so that no row can stand in for another. */
import { createCipheriv, createDecipheriv, createHmac } from 'node:crypto';
import { GatehouseError } from '../../platform/errors.ts';
import { randomHex } from '../../platform/ids.ts';
import type { NoticeKey } from './keys.ts';

/** SP 800-38D, 5.2.1.1: 96 bits; and the whole tag. */
const IV_BYTES = 12;
const TAG_BYTES = 16;

/** @param place `report:rep_…:input` */
export function seal(key: NoticeKey, place: string, value: unknown): Buffer {
  const iv = Buffer.from(randomHex(IV_BYTES), 'hex');
  const cipher = createCipheriv('aes-256-gcm', key.seal, iv);
  cipher.setAAD(Buffer.from(place));
  return Buffer.concat([iv, cipher.update(JSON.stringify(value), 'utf8'), cipher.final(), cipher.getAuthTag()]);
}

/** @throws {GatehouseError} `notice_sealed`: changed, or of another row */
export function unseal(key: NoticeKey, place: string, sealed: Buffer): unknown {
  const decipher = createDecipheriv('aes-256-gcm', key.seal, sealed.subarray(0, IV_BYTES), { authTagLength: TAG_BYTES });
  decipher.setAAD(Buffer.from(place));
  try {
    decipher.setAuthTag(sealed.subarray(-TAG_BYTES));
    return JSON.parse(Buffer.concat([decipher.update(sealed.subarray(IV_BYTES, -TAG_BYTES)), decipher.final()]).toString('utf8'));
  } catch {
    throw new GatehouseError('notice_sealed', 'What is kept of this report was changed, or belongs to another one. Nothing was shown or sent.');
  }
}

/** The same text gives the same digest under one key, and nobody without the key can try texts out. */
export function lookupOf(key: NoticeKey, kind: 'url' | 'host' | 'contact', text: string): string {
  return createHmac('sha256', key.lookup).update(`${kind}\n${text}`).digest('hex');
}
