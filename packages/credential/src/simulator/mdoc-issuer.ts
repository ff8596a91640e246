/** Issues mdoc credentials. Every part can be twisted: that is how the hostile corpus is made. */
import { createHash, type KeyObject, randomBytes, sign } from 'node:crypto';
import { type CborMap, type CborValue, encodeCbor, Tagged, wrapCbor } from '../cbor.ts';
import { createKeyPair, type Issued, type KeyPair } from './authority.ts';

export interface MdocOptions {
  readonly signer: Issued;
  readonly documentType: string;
  readonly namespace: string;
  /** In the order that they are digested in. */
  readonly elements: Readonly<Record<string, CborValue>>;
  readonly now: Date;
  readonly validDays?: number;
  readonly deviceKey?: KeyPair;
  readonly status?: CborValue;
  readonly digestAlgorithm?: 'SHA-256' | 'SHA-384' | 'SHA-512';
  readonly twist?: MdocTwist;
}

/** Changes before something is signed or put in place. */
export interface MdocTwist {
  readonly mso?: (mso: Map<string, CborValue>) => void;
  readonly item?: (item: Map<string, CborValue>) => void;
  readonly chain?: (chain: readonly Uint8Array[]) => readonly Uint8Array[];
  readonly algorithm?: number;
  /** Signs with another key than the certificate's. */
  readonly key?: KeyObject;
  readonly unprotected?: (header: Map<number, CborValue>) => void;
  readonly payload?: (payload: Uint8Array) => Uint8Array | null;
}

export interface Mdoc {
  readonly documentType: string;
  readonly namespace: string;
  /** IssuerSignedItemBytes, by element. */
  readonly items: ReadonlyMap<string, Tagged>;
  readonly issuerAuth: CborValue;
  readonly deviceKey: KeyPair;
}

const HASHES = { 'SHA-256': 'sha256', 'SHA-384': 'sha384', 'SHA-512': 'sha512' } as const;

export function issueMdoc(options: MdocOptions): Mdoc {
  const { signer, documentType, namespace, now, validDays = 30, deviceKey = createKeyPair(), digestAlgorithm = 'SHA-256', twist = {} } = options;
  const items = new Map<string, Tagged>();
  const digests = new Map<number, CborValue>();
  for (const [digestId, [name, value]] of Object.entries(options.elements).entries()) {
    const item = new Map<string, CborValue>([
      ['digestID', digestId],
      ['random', randomBytes(32)],
      ['elementIdentifier', name],
      ['elementValue', value],
    ]);
    twist.item?.(item);
    const wrapped = wrapCbor(item);
    items.set(name, wrapped);
    digests.set(digestId, createHash(HASHES[digestAlgorithm]).update(encodeCbor(wrapped)).digest());
  }
  const until = new Date(now.getTime() + validDays * 86_400_000);
  const mso = new Map<string, CborValue>([
    ['version', '1.0'],
    ['digestAlgorithm', digestAlgorithm],
    ['valueDigests', new Map([[namespace, digests]])],
    ['deviceKeyInfo', new Map([['deviceKey', toCoseKey(deviceKey.publicKey)]])],
    ['docType', documentType],
    [
      'validityInfo',
      new Map([
        ['signed', toTime(now)],
        ['validFrom', toTime(now)],
        ['validUntil', toTime(until)],
      ]),
    ],
    ...(options.status === undefined ? [] : ([['status', options.status]] as const)),
  ]);
  twist.mso?.(mso);
  return { documentType, namespace, items, deviceKey, issuerAuth: signIssuer(encodeCbor(wrapCbor(mso)), signer, twist) };
}

export function toTime(date: Date): Tagged {
  return new Tagged(0, `${date.toISOString().slice(0, 19)}Z`);
}

function signIssuer(payload: Uint8Array, signer: Issued, twist: MdocTwist): CborValue {
  const key = twist.key ?? signer.key.privateKey;
  const header = new Map<number, CborValue>();
  const certificates = twist.chain?.([signer.certificate]) ?? [signer.certificate];
  if (certificates.length > 0) header.set(33, certificates.length === 1 ? (certificates[0] ?? null) : certificates);
  twist.unprotected?.(header);
  const { protectedBytes, signature } = signCose(payload, { key, algorithm: twist.algorithm ?? algorithmOf(signer.key.privateKey) });
  return [protectedBytes, header, twist.payload === undefined ? payload : twist.payload(payload), signature];
}

/** ES256, ES384, ES512 by the curve of the key. */
export function algorithmOf(key: KeyObject): number {
  return ALGORITHM_OF[key.asymmetricKeyDetails?.namedCurve ?? ''] ?? -7;
}

const ALGORITHM_OF: Readonly<Record<string, number>> = { prime256v1: -7, secp384r1: -35, secp521r1: -36 };
const HASH_OF: Readonly<Record<string, string>> = { prime256v1: 'sha256', secp384r1: 'sha384', secp521r1: 'sha512' };

/** A COSE_Sign1 signature; the key's own hash, whatever the header says. */
export function signCose(
  payload: Uint8Array,
  { key, algorithm }: { readonly key: KeyObject; readonly algorithm: number },
): { readonly protectedBytes: Uint8Array; readonly signature: Uint8Array } {
  const protectedBytes = encodeCbor(new Map([[1, algorithm]]));
  const data = encodeCbor(['Signature1', protectedBytes, new Uint8Array(0), payload]);
  const hash = HASH_OF[key.asymmetricKeyDetails?.namedCurve ?? ''] ?? null;
  return { protectedBytes, signature: sign(hash, data, { key, dsaEncoding: 'ieee-p1363' }) };
}

const CURVE_NUMBER: Readonly<Record<string, number>> = { 'P-256': 1, 'P-384': 2, 'P-521': 3 };

export function toCoseKey(key: KeyObject): CborMap {
  const { crv = '', x = '', y = '' } = key.export({ format: 'jwk' });
  return new Map<number, CborValue>([
    [1, 2],
    [-1, CURVE_NUMBER[crv] ?? 1],
    [-2, Buffer.from(x, 'base64url')],
    [-3, Buffer.from(y, 'base64url')],
  ]);
}
