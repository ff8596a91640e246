/** Requests of OpenID4VP 1.0 in the two profiles that wallets speak: the EU age verification profile (by value, unsigned) and HAIP (by reference, signed). */
import { createHash, type KeyObject } from 'node:crypto';
import { SignJWT } from 'jose';
import type { PublicJwk } from './annex-c.ts';
import type { JsonObject } from './jws.ts';

/** ES256 key with its certificate chain, DER, our own certificate first. */
export interface RequestSigner {
  readonly key: KeyObject;
  readonly chain: readonly Uint8Array[];
}

/** Client identifier of HAIP: the hash of the certificate that signs the request. */
export function x509HashClientId({ chain }: Pick<RequestSigner, 'chain'>): string {
  return `x509_hash:${createHash('sha256')
    .update(chain[0] ?? new Uint8Array(0))
    .digest('base64url')}`;
}

/** Client identifier of the EU profile: where the answer goes. */
export function redirectUriClientId(responseUri: string): string {
  return `redirect_uri:${responseUri}`;
}

/** RFC 7638, SHA-256. */
export function jwkThumbprint({ crv, kty, x, y }: PublicJwk): Uint8Array {
  return createHash('sha256').update(JSON.stringify({ crv, kty, x, y })).digest();
}

export function encryptionKeyId(key: PublicJwk): string {
  return Buffer.from(jwkThumbprint(key)).toString('base64url');
}

/** COSE numbers of ES256, ES384, ES512, EdDSA. */
const COSE_ALGORITHMS = [-7, -9, -35, -51, -36, -52, -8, -19];
const JOSE_ALGORITHMS = ['ES256', 'ES384', 'ES512', 'EdDSA'];

/** `client_metadata`: formats and algorithms, and the key that answers are encrypted to. */
export function clientMetadata(encryptionKey?: PublicJwk): JsonObject {
  return {
    vp_formats_supported: {
      mso_mdoc: { issuerauth_alg_values: COSE_ALGORITHMS, deviceauth_alg_values: COSE_ALGORITHMS },
      'dc+sd-jwt': { 'sd-jwt_alg_values': JOSE_ALGORITHMS, 'kb-jwt_alg_values': JOSE_ALGORITHMS },
    },
    ...(encryptionKey === undefined
      ? {}
      : {
          jwks: {
            keys: [{ kty: 'EC', crv: 'P-256', x: encryptionKey.x, y: encryptionKey.y, use: 'enc', alg: 'ECDH-ES', kid: encryptionKeyId(encryptionKey) }],
          },
          encrypted_response_enc_values_supported: ['A128GCM', 'A256GCM'],
        }),
  };
}

/** `av://` link of the EU profile, the whole request in it. */
export function euLink(request: JsonObject): string {
  const parameters = new URLSearchParams();
  for (const [name, value] of Object.entries(request)) parameters.set(name, typeof value === 'string' ? value : JSON.stringify(value));
  return `av://?${parameters.toString()}`;
}

/** `openid4vp://` link of HAIP: the wallet fetches the request, and may send a nonce of its own. */
export function haipLink({ clientId, requestUri }: { readonly clientId: string; readonly requestUri: string }): string {
  return `openid4vp://?${new URLSearchParams({ client_id: clientId, request_uri: requestUri, request_uri_method: 'post' }).toString()}`;
}

/** A request object (RFC 9101) with our certificates, for one wallet and a short time. */
export async function signRequest(request: JsonObject, signer: RequestSigner, times: { readonly now: Date; readonly lifetimeS: number }): Promise<string> {
  const nowS = Math.floor(times.now.getTime() / 1000);
  return new SignJWT({ ...request, aud: 'https://self-issued.me/v2' })
    .setProtectedHeader({ alg: 'ES256', typ: 'oauth-authz-req+jwt', x5c: signer.chain.map((certificate) => Buffer.from(certificate).toString('base64')) })
    .setIssuedAt(nowS)
    .setExpirationTime(nowS + times.lifetimeS)
    .sign(signer.key);
}
