/** Presents mdoc credentials over a given transcript. */
import { createHash, createHmac, diffieHellman, hkdfSync, type KeyObject } from 'node:crypto';
import { type CborValue, encodeCbor, RawCbor, Tagged, wrapCbor } from '../cbor.ts';
import { algorithmOf, type Mdoc, signCose } from './mdoc-issuer.ts';

export interface PresentationTwist {
  readonly response?: (response: Map<string, CborValue>) => void;
  readonly document?: (document: Map<string, CborValue>) => void;
  /** What the device signs; by default the transcript that it was given. */
  readonly transcript?: Uint8Array;
  readonly deviceDocumentType?: string;
  readonly deviceNameSpaces?: CborValue;
  /** Puts the payload into the signature, as a replayed presentation may. */
  readonly isAttached?: boolean;
  readonly deviceKey?: KeyObject;
  readonly algorithm?: number;
  readonly deviceAuth?: (auth: Map<string, CborValue>) => void;
}

export interface PresentOptions {
  readonly transcript: Uint8Array;
  /** Elements to disclose. */
  readonly elements: readonly string[];
  /** The reader's key: answers with a MAC. */
  readonly readerKey?: KeyObject;
  readonly twist?: PresentationTwist;
}

/** A DeviceResponse with one document. */
export function presentMdoc(mdoc: Mdoc, options: PresentOptions): Uint8Array {
  const { twist = {}, elements } = options;
  const nameSpaces = new Tagged(24, encodeCbor(twist.deviceNameSpaces ?? new Map()));
  const disclosed = elements.flatMap((name) => mdoc.items.get(name) ?? []);
  const deviceAuth = new Map<string, CborValue>([authenticate(mdoc, nameSpaces, options)]);
  twist.deviceAuth?.(deviceAuth);
  const document = new Map<string, CborValue>([
    ['docType', mdoc.documentType],
    [
      'issuerSigned',
      new Map<string, CborValue>([
        ['nameSpaces', new Map([[mdoc.namespace, disclosed]])],
        ['issuerAuth', mdoc.issuerAuth],
      ]),
    ],
    [
      'deviceSigned',
      new Map<string, CborValue>([
        ['nameSpaces', nameSpaces],
        ['deviceAuth', deviceAuth],
      ]),
    ],
  ]);
  twist.document?.(document);
  const response = new Map<string, CborValue>([
    ['version', '1.0'],
    ['documents', [document]],
    ['status', 0],
  ]);
  twist.response?.(response);
  return encodeCbor(response);
}

function authenticate(mdoc: Mdoc, nameSpaces: Tagged, { transcript, readerKey, twist = {} }: PresentOptions): readonly [string, CborValue] {
  const signedOver = twist.transcript ?? transcript;
  const authentication = ['DeviceAuthentication', new RawCbor(signedOver), twist.deviceDocumentType ?? mdoc.documentType, nameSpaces];
  const payload = encodeCbor(wrapCbor(authentication));
  const attached = twist.isAttached === true ? payload : null;
  const key = twist.deviceKey ?? mdoc.deviceKey.privateKey;
  if (readerKey === undefined) {
    const algorithm = twist.algorithm ?? algorithmOf(key);
    const { protectedBytes, signature } = signCose(payload, { key, algorithm });
    return ['deviceSignature', [protectedBytes, new Map(), attached, signature]];
  }
  const salt = createHash('sha256')
    .update(encodeCbor(new Tagged(24, signedOver)))
    .digest();
  const macKey = new Uint8Array(hkdfSync('sha256', diffieHellman({ privateKey: key, publicKey: readerKey }), salt, 'EMacKey', 32));
  const protectedBytes = encodeCbor(new Map([[1, 5]]));
  const mac = createHmac('sha256', macKey)
    .update(encodeCbor(['MAC0', protectedBytes, new Uint8Array(0), payload]))
    .digest();
  return ['deviceMac', [protectedBytes, new Map(), attached, mac]];
}
