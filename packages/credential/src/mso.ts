/** The mobile security object (ISO/IEC 18013-5, section 9.1.2.4): what the issuer signed. */
import { type CborMap, type CborValue, decodeCbor, Tagged } from './cbor.ts';
import { CredentialError } from './errors.ts';
import { readStatusReference, type StatusReference } from './status.ts';

export interface MobileSecurityObject {
  /** The bytes that are signed. */
  readonly payload: Uint8Array;
  readonly digestAlgorithm: string;
  /** By name space, then digest id. */
  readonly digests: ReadonlyMap<string, ReadonlyMap<number, Uint8Array>>;
  /** COSE_Key. */
  readonly deviceKey: CborValue;
  /** What the device may say in its own name. */
  readonly authorised: { readonly nameSpaces: ReadonlySet<string>; readonly elements: ReadonlyMap<string, ReadonlySet<string>> };
  readonly signed: Date;
  readonly validFrom: Date;
  readonly validUntil: Date;
  readonly status: StatusReference | undefined;
}

/** @throws {CredentialError} */
export function readMso(payload: Uint8Array | null, documentType: string): MobileSecurityObject {
  if (payload === null) throw new CredentialError('mso_malformed');
  const wrapper = decodeCbor(payload);
  if (!(wrapper instanceof Tagged) || wrapper.tag !== 24 || !(wrapper.value instanceof Uint8Array)) throw new CredentialError('mso_malformed');
  const mso = asMap(decodeCbor(wrapper.value));
  if (mso.get('version') !== '1.0') throw new CredentialError('mso_version');
  if (mso.get('docType') !== documentType) throw new CredentialError('doc_type_differs');
  const digestAlgorithm = mso.get('digestAlgorithm');
  if (typeof digestAlgorithm !== 'string') throw new CredentialError('mso_malformed');
  const device = asMap(mso.get('deviceKeyInfo'));
  const validity = asMap(mso.get('validityInfo'));
  return {
    payload,
    digestAlgorithm,
    digests: readDigests(asMap(mso.get('valueDigests'))),
    deviceKey: device.get('deviceKey'),
    authorised: readAuthorised(device.get('keyAuthorizations')),
    signed: readTime(validity.get('signed')),
    validFrom: readTime(validity.get('validFrom')),
    validUntil: readTime(validity.get('validUntil')),
    status: readStatusReference(mso.get('status')),
  };
}

function asMap(value: CborValue): CborMap {
  if (!(value instanceof Map)) throw new CredentialError('mso_malformed');
  return value as CborMap;
}

function readDigests(nameSpaces: CborMap): Map<string, Map<number, Uint8Array>> {
  const digests = new Map<string, Map<number, Uint8Array>>();
  for (const [namespace, values] of nameSpaces) {
    const own = new Map<number, Uint8Array>();
    for (const [id, digest] of asMap(values)) {
      if (typeof id !== 'number' || !(digest instanceof Uint8Array)) throw new CredentialError('mso_malformed');
      own.set(id, digest);
    }
    digests.set(String(namespace), own);
  }
  return digests;
}

function readAuthorised(value: CborValue): MobileSecurityObject['authorised'] {
  const nothing = { nameSpaces: new Set<string>(), elements: new Map<string, Set<string>>() };
  if (value === undefined) return nothing;
  const map = asMap(value);
  const nameSpaces = map.get('nameSpaces') ?? [];
  const elements = map.get('dataElements') ?? new Map();
  if (!Array.isArray(nameSpaces) || !(elements instanceof Map)) throw new CredentialError('mso_malformed');
  return {
    nameSpaces: new Set((nameSpaces as readonly CborValue[]).map(String)),
    elements: new Map(
      [...(elements as CborMap)].map(([namespace, names]) => [
        String(namespace),
        new Set(Array.isArray(names) ? (names as readonly CborValue[]).map(String) : []),
      ]),
    ),
  };
}

/** tdate: tag 0, RFC 3339, in UTC and without fractions as the standard demands; other offsets and fractions are read all the same. */
function readTime(value: CborValue): Date {
  const text = value instanceof Tagged && value.tag === 0 ? value.value : undefined;
  const time = typeof text === 'string' && /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?(Z|[+-]\d\d:\d\d)$/.test(text) ? new Date(text) : undefined;
  if (time === undefined || Number.isNaN(time.getTime())) throw new CredentialError('mso_malformed');
  return time;
}
