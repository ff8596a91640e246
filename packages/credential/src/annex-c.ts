/** ISO/IEC 18013-7, annex C: mdoc over the Digital Credentials API (`org-iso-mdoc`), encrypted to the session by HPKE (RFC 9180). */
import { type CborMap, type CborValue, decodeCbor, encodeCbor, wrapCbor } from './cbor.ts';
import type { MdocWanted } from './dcql.ts';
import { CredentialError } from './errors.ts';
import { openHpke } from './hpke.ts';
import { annexCTranscript } from './transcript.ts';

/** P-256 public key as a JWK. */
export interface PublicJwk {
  readonly kty: 'EC';
  readonly crv: 'P-256';
  readonly x: string;
  readonly y: string;
}
export interface PrivateJwk extends PublicJwk {
  readonly d: string;
}

const toText = (bytes: Uint8Array): string => Buffer.from(bytes).toString('base64url');
const toBytes = (text: string): Uint8Array => Buffer.from(text, 'base64url');

/** `encryptionInfo`, base64url. @param nonce 16 random bytes or more */
export function encodeEncryptionInfo(nonce: Uint8Array, key: PublicJwk): string {
  const coseKey = new Map<number, CborValue>([
    [1, 2],
    [-1, 1],
    [-2, toBytes(key.x)],
    [-3, toBytes(key.y)],
  ]);
  return toText(
    encodeCbor([
      'dcapi',
      new Map<string, CborValue>([
        ['nonce', nonce],
        ['recipientPublicKey', coseKey],
      ]),
    ]),
  );
}

/** `deviceRequest`, base64url: documents in the order of preference, nothing to be retained. */
export function encodeDeviceRequest(wanted: readonly MdocWanted[]): string {
  const requests = wanted.map(({ documentType, namespace, elements }) => {
    const asked = new Map(elements.map((name) => [name, false] as const));
    const items = new Map<string, CborValue>([
      ['docType', documentType],
      ['nameSpaces', new Map([[namespace, asked]])],
    ]);
    return new Map<string, CborValue>([['itemsRequest', wrapCbor(items)]]);
  });
  return toText(
    encodeCbor(
      new Map<string, CborValue>([
        ['version', '1.0'],
        ['docRequests', requests],
      ]),
    ),
  );
}

export interface AnnexCSession {
  readonly encryptionInfo: string;
  readonly origin: string;
  readonly privateKey: PrivateJwk;
}

/** The DeviceResponse, and the transcript that it must be signed over. @throws {CredentialError} `response_malformed`, `response_decryption` */
export function openAnnexC(response: unknown, session: AnnexCSession): { readonly deviceResponse: Uint8Array; readonly transcript: Uint8Array } {
  const { enc, cipherText } = readEncrypted(response);
  const transcript = annexCTranscript(session);
  try {
    return { deviceResponse: openHpke({ enc, cipherText, info: transcript }, session.privateKey), transcript };
  } catch (cause) {
    throw new CredentialError('response_decryption', { cause });
  }
}

function readEncrypted(response: unknown): { readonly enc: Uint8Array; readonly cipherText: Uint8Array } {
  const text: unknown = typeof response === 'object' && response !== null ? Reflect.get(response, 'response') : response;
  if (typeof text !== 'string' || !/^[A-Za-z0-9_-]+={0,2}$/.test(text)) throw new CredentialError('response_malformed');
  const value = decodeCbor(toBytes(text));
  if (!Array.isArray(value) || value.length !== 2) throw new CredentialError('response_malformed');
  const [kind, content] = value as readonly CborValue[];
  if (kind !== 'dcapi' || !(content instanceof Map)) throw new CredentialError('response_malformed');
  const map = content as CborMap;
  const [enc, cipherText] = [map.get('enc'), map.get('cipherText')];
  if (!(enc instanceof Uint8Array) || !(cipherText instanceof Uint8Array)) throw new CredentialError('response_malformed');
  return { enc, cipherText };
}
