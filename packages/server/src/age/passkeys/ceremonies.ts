/** Verifies what an authenticator answers: WebAuthn Level 3, sections 7.1 (registration) and 7.2 (assertion), in their order. */
import { timingSafeEqual } from 'node:crypto';
import { GatehouseError } from '../../platform/errors.ts';
import { hashBytes } from '../tokens/wire.ts';
import { parseAuthenticatorData, tryDecode, type AuthenticatorData, type DecodeCbor } from './authenticator-data.ts';
import { importCoseKey, isSigned, type PasskeyKey } from './cose-key.ts';
import { ClientDataSchema, PASSKEY_REFUSALS, type Assertion, type Ceremony, type PasskeyRefusal, type Registration } from './schema.ts';

export interface Expected {
  /** `https://age.example` */
  readonly origin: string;
  readonly rpId: string;
}

export function refusePasskey(reason: PasskeyRefusal): GatehouseError {
  return new GatehouseError('forbidden', `The passkey was not taken. ${PASSKEY_REFUSALS[reason]}`, { members: { reason } });
}

/**
 * The challenge that an answer claims to belong to. It proves nothing yet: whoever calls looks it up and uses it up, then verifies.
 * @throws {GatehouseError} `forbidden`
 */
export function readChallenge(clientDataJson: string, ceremony: Ceremony, { origin }: Expected): Buffer {
  const clientData = ClientDataSchema.safeParse(tryParse(fromBase64Url(clientDataJson).toString('utf8')));
  if (!clientData.success) throw refusePasskey('malformed');
  const { data } = clientData;
  if (data.type !== `webauthn.${ceremony}`) throw refusePasskey('wrong_type');
  // Neither from another site nor in a frame of one.
  if (data.origin !== origin || data.crossOrigin === true || data.topOrigin !== undefined) throw refusePasskey('wrong_origin');
  return fromBase64Url(data.challenge);
}

export interface Registered {
  readonly credentialId: Buffer;
  readonly key: PasskeyKey;
  readonly signCount: number;
}

/** @throws {GatehouseError} `forbidden` */
export function verifyRegistration({ id, response }: Registration, expected: Expected, decodeCbor: DecodeCbor): Registered {
  const object = tryDecode(decodeCbor, fromBase64Url(response.attestationObject));
  if (!(object instanceof Map)) throw refusePasskey('malformed');
  const [format, statement, bytes]: unknown[] = ['fmt', 'attStmt', 'authData'].map((name) => object.get(name) as unknown);
  if (!(bytes instanceof Uint8Array)) throw refusePasskey('malformed');
  // We ask for none, and learn no model of authenticator from it.
  if (format !== 'none' || !(statement instanceof Map) || statement.size > 0) throw refusePasskey('unsupported_attestation');
  const data = parseAuthenticatorData(bytes, decodeCbor);
  if (data?.attested === undefined) throw refusePasskey('malformed');
  checkData(data, expected);
  const { credentialId, coseKey } = data.attested;
  if (!credentialId.equals(fromBase64Url(id))) throw refusePasskey('malformed');
  const key = importCoseKey(coseKey);
  if (key === undefined) throw refusePasskey('unsupported_key');
  return { credentialId, key, signCount: data.signCount };
}

/**
 * @returns the counter that the authenticator sent
 * @throws {GatehouseError} `forbidden`
 */
export function verifyAssertion({ response }: Assertion, key: PasskeyKey, options: { readonly expected: Expected; readonly decodeCbor: DecodeCbor }): number {
  const bytes = fromBase64Url(response.authenticatorData);
  const data = parseAuthenticatorData(bytes, options.decodeCbor);
  if (data === undefined || data.attested !== undefined) throw refusePasskey('malformed');
  checkData(data, options.expected);
  const signed = Buffer.concat([bytes, hashBytes(fromBase64Url(response.clientDataJSON))]);
  if (!isSigned(key, signed, fromBase64Url(response.signature))) throw refusePasskey('bad_signature');
  return data.signCount;
}

function checkData(data: AuthenticatorData, { rpId }: Expected): void {
  if (!timingSafeEqual(data.rpIdHash, hashBytes(Buffer.from(rpId)))) throw refusePasskey('wrong_rp');
  if (!data.isPresent) throw refusePasskey('not_present');
  // A phone on the table is not its owner.
  if (!data.isVerified) throw refusePasskey('not_verified');
}

export function fromBase64Url(text: string): Buffer {
  return Buffer.from(text, 'base64url');
}

function tryParse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
