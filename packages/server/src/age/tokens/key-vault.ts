/**
 * Keeps the private token keys: sealed with AES-256-GCM in the database, where every node finds them, under a secret that is a file and not in
 * the database. A copy of the database alone can sign nothing.
 */
import { createCipheriv, createDecipheriv, createPrivateKey, type KeyObject } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { GatehouseError } from '../../platform/errors.ts';
import { randomHex } from '../../platform/ids.ts';
import { writeFileOnce } from '../../platform/signing-key.ts';

const ALGORITHM = 'aes-256-gcm';
const SECRET_BYTES = 32;
const IV_BYTES = 12;
const TAG_BYTES = 16;

export interface KeyVault {
  /** @param keyId bound to the sealed bytes: they open under no other name */
  seal(keyId: Uint8Array, privateKey: KeyObject): Buffer;
  /** @throws {GatehouseError} `config_invalid` when another secret sealed it */
  unseal(keyId: Uint8Array, sealed: Uint8Array): KeyObject;
}

/**
 * @param isOwn true for the file in the data directory, which is made when it is missing; a file that was named must exist
 * @throws {GatehouseError} `config_invalid`
 */
export async function openKeyVault(path: string, isOwn: boolean): Promise<KeyVault> {
  if (isOwn) await writeFileOnce(path, Buffer.from(`${randomHex(SECRET_BYTES)}\n`));
  const secret = await readSecret(path);
  return {
    seal(keyId, privateKey) {
      const iv = Buffer.from(randomHex(IV_BYTES), 'hex');
      const cipher = createCipheriv(ALGORITHM, secret, iv).setAAD(keyId);
      const sealed = Buffer.concat([cipher.update(privateKey.export({ format: 'der', type: 'pkcs8' })), cipher.final()]);
      return Buffer.concat([iv, cipher.getAuthTag(), sealed]);
    },
    unseal(keyId, sealed) {
      const bytes = Buffer.from(sealed);
      try {
        const decipher = createDecipheriv(ALGORITHM, secret, bytes.subarray(0, IV_BYTES)).setAAD(keyId);
        decipher.setAuthTag(bytes.subarray(IV_BYTES, IV_BYTES + TAG_BYTES));
        const key = Buffer.concat([decipher.update(bytes.subarray(IV_BYTES + TAG_BYTES)), decipher.final()]);
        return createPrivateKey({ key, format: 'der', type: 'pkcs8' });
      } catch (cause) {
        throw new GatehouseError(
          'config_invalid',
          `The secret of the age tokens (${path}) is not the one that sealed the keys in the database. No token was issued. Give every node the same file.`,
          { cause },
        );
      }
    },
  };
}

async function readSecret(path: string): Promise<Buffer> {
  const text = await readFile(path, 'utf8').catch((cause: unknown) => {
    throw new GatehouseError('config_invalid', `The secret of the age tokens ${path} cannot be read. No token was issued.`, { cause });
  });
  if (!/^[0-9a-f]{64}\s*$/.test(text)) {
    throw new GatehouseError('config_invalid', `The secret of the age tokens ${path} must be 64 hexadecimal digits. No token was issued.`);
  }
  return Buffer.from(text.trim(), 'hex');
}
