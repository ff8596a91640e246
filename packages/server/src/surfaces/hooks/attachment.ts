/** Encrypted attachments of Matrix: AES-256-CTR over the file, SHA-256 over the ciphertext. */
import { createDecipheriv } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { pipeline, type Readable } from 'node:stream';
import type { Spooled } from '../../intake/index.ts';
import type { EncryptedFile } from './schema.ts';

/** CTR takes any bytes for a ciphertext: the digest is all that says whether this is the file that was meant. */
export function isCiphertextOf({ digests }: Pick<Spooled, 'digests'>, { hashes }: Pick<EncryptedFile, 'hashes'>): boolean {
  return digests.sha256 === hashes.sha256.toString('hex');
}

/**
 * Clients count blocks in the lower half of the IV (`v2`; length 64 in WebCrypto), OpenSSL and others in all of it. Nothing is carried over in what honest
 * clients send, whose lower half begins at zero. Where something would be, two readers see two files, and the client could show another one than was screened.
 */
export function isReadOneWay({ sizeBytes }: Pick<Spooled, 'sizeBytes'>, { iv }: Pick<EncryptedFile, 'iv'>): boolean {
  return iv.readBigUInt64BE(8) + BigInt(Math.ceil(sizeBytes / BLOCK_BYTES)) <= 2n ** 64n;
}
const BLOCK_BYTES = 16;

/** @param content must be what `isCiphertextOf` and `isReadOneWay` said yes to */
export function decryptAttachment(content: Pick<Spooled, 'path'>, { key, iv }: Pick<EncryptedFile, 'key' | 'iv'>): Readable {
  const decipher = createDecipheriv('aes-256-ctr', key.k, iv);
  // A fault of the file destroys the decipher with it, and whoever reads there sees it.
  pipeline(createReadStream(content.path), decipher, () => undefined);
  return decipher;
}
