/** What a device signs over, rebuilt from the session that we opened: nothing in it comes from the wallet. */
import { createHash } from 'node:crypto';
import { type CborValue, encodeCbor } from './cbor.ts';

const sha256 = (bytes: Uint8Array): Uint8Array => createHash('sha256').update(bytes).digest();

function transcriptOf(kind: string, info: CborValue): Uint8Array {
  return encodeCbor([null, null, [kind, sha256(encodeCbor(info))]]);
}

/** OpenID4VP 1.0, appendix B.2.6.1. @param jwkThumbprint SHA-256 (RFC 7638) of the key that responses are encrypted to; absent when they are not */
export function openid4vpTranscript(session: {
  readonly clientId: string;
  readonly nonce: string;
  readonly jwkThumbprint?: Uint8Array | undefined;
  readonly responseUri: string;
}): Uint8Array {
  return transcriptOf('OpenID4VPHandover', [session.clientId, session.nonce, session.jwkThumbprint ?? null, session.responseUri]);
}

/** OpenID4VP 1.0, appendix B.2.6.2. @param origin as browsers write it, without `origin:` */
export function dcApiTranscript(session: { readonly origin: string; readonly nonce: string; readonly jwkThumbprint?: Uint8Array | undefined }): Uint8Array {
  return transcriptOf('OpenID4VPDCAPIHandover', [session.origin, session.nonce, session.jwkThumbprint ?? null]);
}

/** ISO/IEC 18013-7, annex C. @param encryptionInfo base64url, as it was sent */
export function annexCTranscript(session: { readonly encryptionInfo: string; readonly origin: string }): Uint8Array {
  return transcriptOf('dcapi', [session.encryptionInfo, session.origin]);
}
