/** Signs ID tokens: ES256, which more clients of OpenID Connect understand than EdDSA. The key is a file, made at first start or named by the operator. */
import { createPrivateKey, createPublicKey, generateKeyPairSync, type KeyObject } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { calculateJwkThumbprint, CompactSign } from 'jose';
import { GatehouseError } from '../../platform/errors.ts';
import { writeFileOnce } from '../../platform/signing-key.ts';
import type { OpenIdJwks } from './schema.ts';

export const ID_TOKEN_ALGORITHM = 'ES256';

export interface OpenIdSigner {
  readonly jwks: OpenIdJwks;
  sign(claims: Readonly<Record<string, unknown>>): Promise<string>;
}

/**
 * @param isOwn true for the file in the data directory, which is made when it is missing
 * @throws {GatehouseError} `config_invalid`
 */
export async function openOpenIdSigner(path: string, isOwn: boolean): Promise<OpenIdSigner> {
  if (isOwn) {
    const { privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
    await writeFileOnce(path, Buffer.from(privateKey.export({ format: 'pem', type: 'pkcs8' })));
  }
  const { key, x, y } = await readKey(path);
  const kid = await calculateJwkThumbprint({ kty: 'EC', crv: 'P-256', x, y }, 'sha256');
  return {
    jwks: { keys: [{ kty: 'EC', crv: 'P-256', x, y, kid, alg: ID_TOKEN_ALGORITHM, use: 'sig' }] },
    sign: (claims) =>
      new CompactSign(new TextEncoder().encode(JSON.stringify(claims))).setProtectedHeader({ alg: ID_TOKEN_ALGORITHM, typ: 'JWT', kid }).sign(key),
  };
}

async function readKey(path: string): Promise<{ readonly key: KeyObject; readonly x: string; readonly y: string }> {
  try {
    const key = createPrivateKey(await readFile(path));
    if (key.asymmetricKeyType !== 'ec' || key.asymmetricKeyDetails?.namedCurve !== 'prime256v1') throw new TypeError('it is not on P-256');
    const { x, y } = createPublicKey(key).export({ format: 'jwk' });
    if (x === undefined || y === undefined) throw new TypeError('it has no public part');
    return { key, x, y };
  } catch (cause) {
    const reason = cause instanceof Error ? cause.message : 'unknown fault';
    throw new GatehouseError(
      'config_invalid',
      `The OpenID key ${path} cannot be used: ${reason}. Nothing was signed. It must be a P-256 private key as PKCS#8 PEM.`,
      { cause },
    );
  }
}
