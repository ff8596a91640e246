/** What a wallet sends back, up to the vp_token. Decryption works with the key of this session only. */
import type { PrivateJwk } from './annex-c.ts';
import { CredentialError } from './errors.ts';
import { decryptJwe, readJwe } from './jwe.ts';
import { type JsonObject, readObject } from './jws.ts';
import { encryptionKeyId } from './openid4vp.ts';

const MAX_BYTES = 1_048_576;

/** The content of a `response` parameter. @throws {CredentialError} `response_malformed`, `response_decryption` */
export function decryptResponse(text: unknown, key: PrivateJwk): JsonObject {
  if (typeof text !== 'string' || text.length > MAX_BYTES) throw new CredentialError('response_malformed');
  const jwe = readJwe(text);
  // OpenID4VP 1.0 section 8.3: the kid of the key that we gave must come back where it had one.
  if (jwe.header['kid'] !== undefined && jwe.header['kid'] !== encryptionKeyId(key)) throw new CredentialError('response_decryption');
  const content = decryptJwe(jwe, key).toString('utf8');
  try {
    return readObject(JSON.parse(content), 'response_malformed');
  } catch (cause) {
    throw cause instanceof CredentialError ? cause : new CredentialError('response_malformed', { cause });
  }
}
