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

/** @param content must be what `isCiphertextOf` said yes to */
export function decryptAttachment(content: Pick<Spooled, 'path'>, { key, iv }: Pick<EncryptedFile, 'key' | 'iv'>): Readable {
  const decipher = createDecipheriv('aes-256-ctr', key.k, iv);
  // A fault of the file destroys the decipher with it, and whoever reads there sees it.
  pipeline(createReadStream(content.path), decipher, () => undefined);
  return decipher;
}
