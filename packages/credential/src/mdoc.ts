/**
 * An age out of an ISO/IEC 18013-5 device response. The order of the checks is that of what they rest on: form, issuer, digests, validity,
 * device. What the device signed is built here from the given transcript; a signature that brings its own payload is refused.
 */
import { createHash, diffieHellman, hkdfSync, type KeyObject } from 'node:crypto';
import { type AgeClaim, readAgeClaims } from './age.ts';
import { type CborMap, type CborValue, decodeCbor, encodeCbor, RawCbor, Tagged, wrapCbor } from './cbor.ts';
import { type CoseMessage, readChain, readCose, readCoseKey, verifyMac0, verifySign1 } from './cose.ts';
import { CredentialError, type RefusalCode } from './errors.ts';
import { readMso, type MobileSecurityObject } from './mso.ts';
import { checkStatus, type StatusLists, type StatusReference } from './status.ts';
import { DEFAULT_SKEW_S, type TrustStore } from './trust.ts';

export interface VerifiedAge {
  readonly format: 'mdoc' | 'sd-jwt';
  readonly documentType: string;
  /** Of the trust anchor behind the issuer. */
  readonly anchorId: string;
  readonly country?: string | undefined;
  readonly claims: readonly AgeClaim[];
  /** Only when it was asked for and disclosed. */
  readonly birthDate?: string | undefined;
  readonly validFrom: Date;
  readonly validUntil: Date;
  readonly status?: StatusReference | undefined;
}

export interface MdocExpectation {
  /** Of openid4vpTranscript and its siblings, for the session that this is the answer to. */
  readonly transcript: Uint8Array;
  readonly documentType: string;
  /** What was asked for; anything else that is disclosed refuses. */
  readonly elements: readonly { readonly namespace: string; readonly name: string }[];
  readonly trust: TrustStore;
  readonly now: Date;
  readonly statusLists?: StatusLists | undefined;
  readonly maxSkewS?: number | undefined;
  /** Where the protocol has one (proximity): then a MAC may stand in place of the signature. */
  readonly readerKey?: KeyObject | undefined;
  /**
   * Default false: a device signature that brings its payload is refused. True takes one whose payload is, byte for byte, what is built here; the
   * signature is verified over the latter in any case. For recorded presentations of old libraries only.
   */
  readonly allowSamePayload?: boolean | undefined;
}

/** @throws {CredentialError} for every presentation that is not exactly the answer to what was asked */
export function verifyMdoc(deviceResponse: Uint8Array, expected: MdocExpectation): VerifiedAge {
  const document = readOnlyDocument(decodeCbor(deviceResponse), expected.documentType);
  const { issuerAuth, nameSpaces } = document;
  const mso = readMso(issuerAuth.payload, expected.documentType);
  const { anchor, leafKey } = expected.trust.verifyChain(readChain(issuerAuth), { ...expected, purpose: 'mdoc' });
  if (!verifySign1(issuerAuth, leafKey, mso.payload)) throw new CredentialError('issuer_signature');
  if (nameSpaces.size === 0) throw new CredentialError('age_missing');
  const elements = readElements(nameSpaces, mso, expected);
  checkValidity(mso, expected);
  verifyDevice(document, mso, expected);
  checkStatus(mso.status, expected);
  const birthDate = elements.get('birth_date');
  return {
    format: 'mdoc',
    documentType: expected.documentType,
    anchorId: anchor.id,
    country: anchor.country,
    claims: readAgeClaims(elements),
    birthDate: birthDate === undefined ? undefined : readDate(birthDate),
    validFrom: mso.validFrom,
    validUntil: mso.validUntil,
    status: mso.status,
  };
}

interface Document {
  readonly issuerAuth: CoseMessage;
  readonly nameSpaces: CborMap;
  /** As it came: it is signed over. */
  readonly deviceNameSpaces: Tagged;
  readonly deviceAuth: CborMap;
}

const asMap = (value: CborValue, code: RefusalCode): CborMap => {
  if (!(value instanceof Map)) throw new CredentialError(code);
  return value as CborMap;
};

function readOnlyDocument(value: CborValue, documentType: string): Document {
  const response = asMap(value, 'mdoc_malformed');
  if (response.get('version') !== '1.0') throw new CredentialError('mdoc_version');
  if (response.get('status') !== 0) throw new CredentialError('mdoc_status');
  const documents = response.get('documents');
  if (!Array.isArray(documents) || documents.length !== 1 || response.has('documentErrors')) throw new CredentialError('mdoc_documents');
  const document = asMap((documents as readonly CborValue[])[0], 'mdoc_malformed');
  if (document.has('errors')) throw new CredentialError('mdoc_document_errors');
  if (document.get('docType') !== documentType) throw new CredentialError('doc_type_differs');
  const issuerSigned = asMap(document.get('issuerSigned'), 'mdoc_malformed');
  const device = document.get('deviceSigned');
  if (device === undefined) throw new CredentialError('device_auth_missing');
  const deviceSigned = asMap(device, 'mdoc_malformed');
  const deviceNameSpaces = deviceSigned.get('nameSpaces');
  if (!(deviceNameSpaces instanceof Tagged) || deviceNameSpaces.tag !== 24) throw new CredentialError('mdoc_malformed');
  return {
    issuerAuth: readCose(issuerSigned.get('issuerAuth')),
    nameSpaces: asMap(issuerSigned.get('nameSpaces') ?? new Map(), 'mdoc_malformed'),
    deviceNameSpaces,
    deviceAuth: asMap(deviceSigned.get('deviceAuth'), 'device_auth_malformed'),
  };
}

const HASHES: Readonly<Record<string, string>> = { 'SHA-256': 'sha256', 'SHA-384': 'sha384', 'SHA-512': 'sha512' };

/** The disclosed elements, by name; each of them is asked for, digested and signed. */
function readElements(nameSpaces: CborMap, mso: MobileSecurityObject, { elements }: MdocExpectation): Map<string, CborValue> {
  const hash = HASHES[mso.digestAlgorithm];
  if (hash === undefined) throw new CredentialError('digest_algorithm');
  const found = new Map<string, CborValue>();
  for (const [namespace, items] of nameSpaces) {
    if (!Array.isArray(items)) throw new CredentialError('mdoc_malformed');
    const used = new Set<number>();
    for (const item of items as readonly CborValue[]) {
      const { digestId, name, value, raw } = readItem(item);
      if (!elements.some((asked) => asked.namespace === namespace && asked.name === name)) throw new CredentialError('element_not_requested');
      if (found.has(name)) throw new CredentialError('element_repeated');
      if (used.has(digestId)) throw new CredentialError('digest_repeated');
      used.add(digestId);
      const digest = mso.digests.get(String(namespace))?.get(digestId);
      if (digest === undefined) throw new CredentialError('digest_missing');
      if (Buffer.compare(createHash(hash).update(raw).digest(), digest) !== 0) throw new CredentialError('digest_differs');
      found.set(name, value);
    }
  }
  return found;
}

/** The least that ISO/IEC 18013-5 section 9.1.2.5 demands; without it, a digest could be guessed open. */
const RANDOM_BYTES_MIN = 16;

function readItem(item: CborValue): { readonly digestId: number; readonly name: string; readonly value: CborValue; readonly raw: Uint8Array } {
  if (!(item instanceof Tagged) || item.tag !== 24 || !(item.value instanceof Uint8Array)) throw new CredentialError('mdoc_malformed');
  const map = asMap(decodeCbor(item.value), 'mdoc_malformed');
  const [digestId, name, random] = [map.get('digestID'), map.get('elementIdentifier'), map.get('random')];
  const isFine =
    typeof digestId === 'number' &&
    digestId >= 0 &&
    typeof name === 'string' &&
    random instanceof Uint8Array &&
    random.length >= RANDOM_BYTES_MIN &&
    map.has('elementValue');
  if (!isFine) throw new CredentialError('mdoc_malformed');
  return { digestId, name, value: map.get('elementValue'), raw: item.raw };
}

function checkValidity({ signed, validFrom, validUntil }: MobileSecurityObject, { now, maxSkewS = DEFAULT_SKEW_S }: MdocExpectation): void {
  const skewMs = maxSkewS * 1000;
  if (validFrom >= validUntil || signed.getTime() > validFrom.getTime() + skewMs) throw new CredentialError('validity_malformed');
  if (now.getTime() < validFrom.getTime() - skewMs || now.getTime() < signed.getTime() - skewMs) throw new CredentialError('not_yet_valid');
  if (now.getTime() > validUntil.getTime() + skewMs) throw new CredentialError('expired');
}

/** The device's signature, or MAC, over exactly our transcript, the type of document, and the name spaces that the device signed. */
function verifyDevice({ deviceAuth, deviceNameSpaces }: Document, mso: MobileSecurityObject, expected: MdocExpectation): void {
  const [signature, mac] = [deviceAuth.get('deviceSignature'), deviceAuth.get('deviceMac')];
  if ((signature === undefined) === (mac === undefined)) throw new CredentialError('device_auth_malformed');
  checkAuthorised(deviceNameSpaces, mso);
  const authentication = ['DeviceAuthentication', new RawCbor(expected.transcript), expected.documentType, new RawCbor(deviceNameSpaces.raw)];
  const payload = encodeCbor(wrapCbor(authentication));
  const message = readCose(signature ?? mac);
  const isSame = message.payload !== null && Buffer.compare(message.payload, payload) === 0;
  if (message.payload !== null && !(isSame && expected.allowSamePayload === true)) throw new CredentialError('device_payload_attached');
  const key = readCoseKey(mso.deviceKey);
  if (signature !== undefined) {
    if (!verifySign1(message, key, payload)) throw new CredentialError('device_signature');
    return;
  }
  if (expected.readerKey === undefined) throw new CredentialError('device_mac_not_possible');
  if (!verifyMac0(message, deriveMacKey(expected.readerKey, key, expected.transcript), payload)) throw new CredentialError('device_mac');
}

/** Elements that the device says itself are never read; that it says any which nobody allowed it to say is a fault of the wallet. */
function checkAuthorised({ value }: Tagged, { authorised }: MobileSecurityObject): void {
  const nameSpaces = value instanceof Uint8Array ? asMap(decodeCbor(value), 'mdoc_malformed') : undefined;
  if (nameSpaces === undefined) throw new CredentialError('mdoc_malformed');
  for (const [namespace, items] of nameSpaces) {
    for (const name of asMap(items, 'mdoc_malformed').keys())
      if (!authorised.nameSpaces.has(String(namespace)) && authorised.elements.get(String(namespace))?.has(String(name)) !== true)
        throw new CredentialError('device_key_not_authorised');
  }
}

/** ISO/IEC 18013-5, section 9.1.3.5. */
function deriveMacKey(readerKey: KeyObject, deviceKey: KeyObject, transcript: Uint8Array): Uint8Array {
  const salt = createHash('sha256')
    .update(encodeCbor(new Tagged(24, transcript)))
    .digest();
  try {
    return new Uint8Array(hkdfSync('sha256', diffieHellman({ privateKey: readerKey, publicKey: deviceKey }), salt, 'EMacKey', 32));
  } catch (cause) {
    throw new CredentialError('device_mac', { cause });
  }
}

/** full-date (tag 1004) or text. */
function readDate(value: CborValue): string {
  const text = value instanceof Tagged && value.tag === 1004 ? value.value : value;
  if (typeof text !== 'string') throw new CredentialError('age_malformed');
  return text;
}
