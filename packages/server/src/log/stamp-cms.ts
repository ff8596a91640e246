/** The signature of a time stamp: CMS SignedData (RFC 5652) with exactly one signer, who names its certificate (RFC 2634, RFC 5035). */
import { createHash, verify } from 'node:crypto';
import { readCertificate, readItems, readSequence, type Certificate, type DerItem } from '@gatehouse/credential';
import { end, open, readAlgorithm, readName, single, TAG, take } from './stamp-der.ts';
import { StampFault } from './stamp-schema.ts';

const OID = {
  signedData: '1.2.840.113549.1.7.2',
  stampInfo: '1.2.840.113549.1.9.16.1.4',
  contentType: '1.2.840.113549.1.9.3',
  messageDigest: '1.2.840.113549.1.9.4',
  signingCertificate: '1.2.840.113549.1.9.16.2.12',
  signingCertificateV2: '1.2.840.113549.1.9.16.2.47',
} as const;
const DIGESTS: Readonly<Record<string, string>> = {
  '2.16.840.1.101.3.4.2.1': 'sha256',
  '2.16.840.1.101.3.4.2.2': 'sha384',
  '2.16.840.1.101.3.4.2.3': 'sha512',
};
/** The digest that the name of the algorithm fixes; undefined: the signer's. Ed25519 has its own inside. */
const SIGNATURES: Readonly<Record<string, { readonly digest?: string | null; readonly keyType: string }>> = {
  '1.2.840.113549.1.1.1': { keyType: 'rsa' },
  '1.2.840.113549.1.1.11': { digest: 'sha256', keyType: 'rsa' },
  '1.2.840.113549.1.1.12': { digest: 'sha384', keyType: 'rsa' },
  '1.2.840.113549.1.1.13': { digest: 'sha512', keyType: 'rsa' },
  '1.2.840.10045.4.3.2': { digest: 'sha256', keyType: 'ec' },
  '1.2.840.10045.4.3.3': { digest: 'sha384', keyType: 'ec' },
  '1.2.840.10045.4.3.4': { digest: 'sha512', keyType: 'ec' },
  '1.3.101.112': { digest: null, keyType: 'ed25519' },
};

export interface SignedStamp {
  /** TSTInfo, DER. */
  readonly info: Uint8Array;
  readonly signer: Certificate;
  /** What came along, the signer included. Believed for nothing. */
  readonly certificates: readonly Certificate[];
}

/**
 * Checks that the token is signed by the certificate that it names. Whether anybody should believe that certificate is another question.
 *
 * @param others where the certificate may be found if it did not come along
 * @throws {StampFault} `malformed`, `algorithm`, `signature`, `certificate`
 */
export function openSignedStamp(token: Uint8Array, others: readonly Certificate[]): SignedStamp {
  const { content, certificates, signer: raw } = readSignedData(token);
  const info = readContent(content);
  const parts = readSigner(raw);
  const attributes = readAttributes(parts.attributes);
  if (readName(single(attributes.get(OID.contentType) ?? [], TAG.oid)) !== OID.stampInfo) throw new StampFault('malformed');
  const named = Buffer.from(single(attributes.get(OID.messageDigest) ?? [], TAG.octets).content);
  if (!named.equals(createHash(parts.digest).update(info).digest())) throw new StampFault('signature');
  const known = certificates.flatMap(tryRead);
  const signer = findSigner(attributes, [...known, ...others]);
  checkSignature(parts, signer);
  return { info, signer, certificates: known };
}

interface SignedData {
  /** EncapsulatedContentInfo. */
  readonly content: DerItem;
  readonly certificates: readonly DerItem[];
  readonly signer: DerItem;
}

function readSignedData(token: Uint8Array): SignedData {
  const [type, wrapper, ...rest] = readSequence(token);
  end(rest);
  if (readName(type) !== OID.signedData) throw new StampFault('malformed');
  const [version, digests, content, ...more] = open(single(open(wrapper, TAG.zero), TAG.sequence), TAG.sequence);
  take(version, TAG.integer);
  take(digests, TAG.set);
  const signers = more.find(({ tag }) => tag === TAG.set);
  const certificates = more.filter(({ tag }) => tag === TAG.zero).flatMap((item) => readItems(item.content));
  return {
    content: take(content, TAG.sequence),
    // RFC 3161, section 2.4.2: no signature but that of the authority.
    signer: single(open(signers, TAG.set), TAG.sequence),
    certificates: certificates.filter(({ tag }) => tag === TAG.sequence),
  };
}

function readContent(content: DerItem): Uint8Array {
  const [type, wrapper, ...rest] = open(content, TAG.sequence);
  end(rest);
  if (readName(type) !== OID.stampInfo) throw new StampFault('malformed');
  return single(open(wrapper, TAG.zero), TAG.octets).content;
}

interface Signer {
  readonly digest: string;
  /** As they were sent: under a tag of their own. */
  readonly attributes: DerItem;
  readonly algorithm: string;
  readonly signature: Uint8Array;
}

function readSigner(signer: DerItem): Signer {
  const [version, id, digest, attributes, algorithm, signature] = open(signer, TAG.sequence);
  take(version, TAG.integer);
  if (id === undefined) throw new StampFault('malformed');
  return {
    digest: digestOf(readAlgorithm(digest)),
    attributes: take(attributes, TAG.zero),
    algorithm: readAlgorithm(algorithm),
    signature: take(signature, TAG.octets).content,
  };
}

function digestOf(algorithm: string): string {
  const digest = DIGESTS[algorithm];
  if (digest === undefined) throw new StampFault('algorithm');
  return digest;
}

type Attributes = ReadonlyMap<string, readonly DerItem[]>;

/** Each once. */
function readAttributes(attributes: DerItem): Attributes {
  const found = new Map<string, readonly DerItem[]>();
  for (const attribute of open(attributes, TAG.zero)) {
    const [type, values, ...rest] = open(attribute, TAG.sequence);
    end(rest);
    const name = readName(type);
    if (found.has(name)) throw new StampFault('malformed');
    found.set(name, open(values, TAG.set));
  }
  return found;
}

/** By the hash that is signed along; without one somebody could put another certificate with the same key in its place. */
function findSigner(attributes: Attributes, certificates: readonly Certificate[]): Certificate {
  const { digest, hash } = readNamed(attributes);
  const signer = certificates.find(({ raw }) => createHash(digest).update(raw).digest().equals(hash));
  if (signer === undefined) throw new StampFault('certificate');
  return signer;
}

interface NamedCertificate {
  readonly digest: string;
  readonly hash: Uint8Array;
}

/** ESSCertIDv2 where there is one, else ESSCertID: that has SHA-1 and nothing else (RFC 2634), and its certificate is the one whose key signed this all the same. */
function readNamed(attributes: Attributes): NamedCertificate {
  const [recent, older] = [attributes.get(OID.signingCertificateV2), attributes.get(OID.signingCertificate)];
  const values = recent ?? older;
  if (values === undefined) throw new StampFault('certificate');
  const [ids] = open(single(values, TAG.sequence), TAG.sequence);
  const [first, second] = open(open(ids, TAG.sequence)[0], TAG.sequence);
  if (recent === undefined) return { digest: 'sha1', hash: take(first, TAG.octets).content };
  if (first?.tag !== TAG.sequence) return { digest: 'sha256', hash: take(first, TAG.octets).content };
  return { digest: digestOf(readAlgorithm(first)), hash: take(second, TAG.octets).content };
}

function checkSignature({ digest, algorithm, attributes, signature }: Signer, { x509 }: Certificate): void {
  const known = SIGNATURES[algorithm];
  if (known === undefined || x509.publicKey.asymmetricKeyType !== known.keyType) throw new StampFault('algorithm');
  // Signed as the SET OF that it is, and sent under another tag (RFC 5652, section 5.4).
  const message = Buffer.concat([Uint8Array.of(TAG.set), attributes.raw.subarray(1)]);
  if (!verify(known.digest === undefined ? digest : known.digest, message, x509.publicKey, signature)) throw new StampFault('signature');
}

/** One that cannot be read, or that asks for what is not understood, is nobody's. */
function tryRead({ raw }: DerItem): Certificate[] {
  try {
    return [readCertificate(raw)];
  } catch {
    return [];
  }
}
