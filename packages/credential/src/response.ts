/** What a wallet sends back, up to the vp_token. Decryption works with the key of this session only. */
import { compactDecrypt, decodeProtectedHeader, importJWK } from 'jose';
import type { PrivateJwk } from './annex-c.ts';
import { CredentialError } from './errors.ts';
import { type JsonObject, readObject } from './jws.ts';
import { encryptionKeyId } from './openid4vp.ts';

const ENCODINGS = ['A128GCM', 'A256GCM'];
const MAX_BYTES = 1_048_576;

/** The content of a `response` parameter. @throws {CredentialError} `response_malformed`, `response_decryption` */
export async function decryptResponse(jwe: unknown, key: PrivateJwk): Promise<JsonObject> {
  if (typeof jwe !== 'string' || jwe.length > MAX_BYTES) throw new CredentialError('response_malformed');
  let header;
  try {
    header = decodeProtectedHeader(jwe);
  } catch (cause) {
    throw new CredentialError('response_malformed', { cause });
  }
  // OpenID4VP 1.0 section 8.3: the kid of the key that we gave must come back where it had one.
  if (header.kid !== undefined && header.kid !== encryptionKeyId(key)) throw new CredentialError('response_decryption');
  const plaintext = await importJWK({ ...key, alg: 'ECDH-ES' })
    .then((imported) => compactDecrypt(jwe, imported, { keyManagementAlgorithms: ['ECDH-ES'], contentEncryptionAlgorithms: ENCODINGS }))
    .catch((cause: unknown) => {
      throw new CredentialError('response_decryption', { cause });
    });
  try {
    return readObject(JSON.parse(Buffer.from(plaintext.plaintext).toString('utf8')), 'response_malformed');
  } catch (cause) {
    throw cause instanceof CredentialError ? cause : new CredentialError('response_malformed', { cause });
  }
}
