/** Key files: an Ed25519 key that signs what outsiders verify (receipts, results). Made at first start, or named by the operator. */
import { createPrivateKey, createPublicKey, type KeyObject } from 'node:crypto';
import { link, mkdir, open, readFile, rm } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { calculateJwkThumbprint } from 'jose';
import { GatehouseError } from './errors.ts';
import { syncDir, writeAll } from './files.ts';
import { randomHex } from './ids.ts';

export interface SigningKey {
  readonly key: KeyObject;
  /** The public key, base64url (RFC 8037). */
  readonly x: string;
  /** RFC 7638 thumbprint. */
  readonly kid: string;
}

export interface SigningKeyOptions {
  /** True for a key in the data directory, which is made when it is missing; a key that was named must exist. */
  readonly isOwn: boolean;
  /** For messages: `receipt key`. */
  readonly name: string;
}

/** @throws {GatehouseError} `config_invalid` */
export async function takeSigningKey(path: string, options: SigningKeyOptions): Promise<SigningKey> {
  if (options.isOwn) await writeFileOnce(path, makePem());
  const key = await readKey(path, options.name);
  const { x } = createPublicKey(key).export({ format: 'jwk' });
  if (x === undefined) throw new GatehouseError('config_invalid', `The ${options.name} has no public part. Nothing was signed.`);
  return { key, x, kid: await calculateJwkThumbprint({ kty: 'OKP', crv: 'Ed25519', x }, 'sha256') };
}

/** PKCS#8 of Ed25519 (RFC 8410 section 7) is this prefix and the 32 bytes of the seed. */
const PKCS8_PREFIX = '302e020100300506032b657004220420';

function makePem(): Buffer {
  const key = createPrivateKey({ key: Buffer.from(PKCS8_PREFIX + randomHex(32), 'hex'), format: 'der', type: 'pkcs8' });
  return Buffer.from(key.export({ format: 'pem', type: 'pkcs8' }));
}

/** Writes a secret file durably, unless there is one: the one that was there first stays. */
export async function writeFileOnce(path: string, content: Buffer): Promise<void> {
  const dir = dirname(path);
  await mkdir(dir, { recursive: true, mode: 0o700 });
  const temporary = join(dir, `${basename(path, '.pem')}-${randomHex(8)}.tmp`);
  try {
    const file = await open(temporary, 'wx', 0o600);
    try {
      await writeAll(file, content);
      await file.sync();
    } finally {
      await file.close();
    }
    // link() refuses to replace.
    await link(temporary, path);
  } catch (error) {
    if (Reflect.get(Object(error), 'code') !== 'EEXIST') throw error;
  } finally {
    await rm(temporary, { force: true });
  }
  await syncDir(dir);
}

async function readKey(path: string, name: string): Promise<KeyObject> {
  try {
    const key = createPrivateKey(await readFile(path));
    if (key.asymmetricKeyType !== 'ed25519') throw new TypeError('it is not an Ed25519 key');
    return key;
  } catch (cause) {
    const reason = cause instanceof Error ? cause.message : 'unknown fault';
    throw new GatehouseError(
      'config_invalid',
      `The ${name} ${path} cannot be used: ${reason}. Nothing was signed. It must be an Ed25519 private key as PKCS#8 PEM.`,
      { cause },
    );
  }
}
