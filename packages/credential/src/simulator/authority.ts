/**
 * Simulated issuers: an authority (as an IACA) and document signers below it. For tests, the demonstration and the hostile corpus; nothing of it is
 * ever trusted unless somebody imports it. Every way of making a certificate wrong is an option.
 */
import { createHash, generateKeyPairSync, type KeyObject, randomBytes, sign } from 'node:crypto';
import { anchorId, type TrustAnchor } from '../trust.ts';
import { bits, boolean, integer, item, octets, oid, sequence, text, time } from './der.ts';

export interface KeyPair {
  readonly publicKey: KeyObject;
  readonly privateKey: KeyObject;
}

export type Curve = 'P-256' | 'P-384' | 'P-521';

export function createKeyPair(curve: Curve = 'P-256'): KeyPair {
  return generateKeyPairSync('ec', { namedCurve: curve });
}

/** Document signers of ISO/IEC 18013-5; of the EU age verification profile. */
export const PURPOSES = { mdl: '1.0.18013.5.1.2', ageVerification: '1.3.130.2.0.0.1.2' } as const;

export interface CertificateOptions {
  readonly subject: string;
  readonly key: KeyPair;
  readonly validFrom: Date;
  readonly validTo: Date;
  readonly country?: string;
  /** Undefined leaves the extension out. */
  readonly isCa?: boolean | undefined;
  readonly pathLength?: number;
  /** The bits of keyUsage, first byte; undefined leaves the extension out. Default 0x80, or 0x06 of an authority. */
  readonly usage?: number | undefined;
  readonly hasUsage?: boolean;
  readonly purposes?: readonly string[];
  readonly criticalExtension?: string;
}

export interface Issued {
  readonly certificate: Uint8Array;
  readonly key: KeyPair;
  readonly subject: string;
  readonly country: string;
}

const COUNTRY = 'UT';
const HASHES: Readonly<Record<string, readonly [hash: string, oid: string]>> = {
  prime256v1: ['sha256', '1.2.840.10045.4.3.2'],
  secp384r1: ['sha384', '1.2.840.10045.4.3.3'],
  secp521r1: ['sha512', '1.2.840.10045.4.3.4'],
};

/** @param issuer who signs; itself when absent */
export function createCertificate(options: CertificateOptions, issuer?: Issued): Issued {
  const { subject, key, country = COUNTRY } = options;
  const signer = issuer ?? { key, subject, country };
  const [hash, algorithm] = HASHES[signer.key.privateKey.asymmetricKeyDetails?.namedCurve ?? ''] ?? ['sha256', '1.2.840.10045.4.3.2'];
  const tbs = sequence(
    item(0xa0, integer(Uint8Array.of(2))),
    integer(randomBytes(16)),
    sequence(oid(algorithm)),
    writeName(signer.subject, signer.country),
    sequence(time(options.validFrom), time(options.validTo)),
    writeName(subject, country),
    key.publicKey.export({ format: 'der', type: 'spki' }),
    item(0xa3, sequence(...writeExtensions(options, signer.key))),
  );
  const signature = sign(hash, tbs, signer.key.privateKey);
  return { certificate: sequence(tbs, sequence(oid(algorithm)), bits(signature)), key, subject, country };
}

function writeName(commonName: string, country: string): Uint8Array {
  const part = (type: string, value: Uint8Array): Uint8Array => item(0x31, sequence(oid(type), value));
  return sequence(part('2.5.4.6', item(0x13, Buffer.from(country))), part('2.5.4.3', text(commonName)));
}

function keyId({ publicKey }: KeyPair): Uint8Array {
  return createHash('sha1')
    .update(publicKey.export({ format: 'der', type: 'spki' }))
    .digest();
}

function writeExtensions(options: CertificateOptions, signer: KeyPair): Uint8Array[] {
  const { isCa, pathLength, usage = isCa === true ? 0x06 : 0x80, hasUsage = true, purposes, criticalExtension, key } = options;
  const extension = (type: string, value: Uint8Array, isCritical = false): Uint8Array =>
    sequence(oid(type), ...(isCritical ? [boolean(true)] : []), octets(value));
  const extensions = [extension('2.5.29.14', octets(keyId(key))), extension('2.5.29.35', sequence(item(0x80, keyId(signer))))];
  if (isCa !== undefined) {
    const length = pathLength === undefined ? [] : [integer(Uint8Array.of(pathLength))];
    extensions.push(extension('2.5.29.19', sequence(...(isCa ? [boolean(true)] : []), ...length), true));
  }
  if (hasUsage) extensions.push(extension('2.5.29.15', bits(Uint8Array.of(usage), 1), true));
  if (purposes !== undefined) extensions.push(extension('2.5.29.37', sequence(...purposes.map(oid)), true));
  if (criticalExtension !== undefined) extensions.push(extension(criticalExtension, sequence(), true));
  return extensions;
}

export interface TestAuthority {
  readonly root: Issued;
  readonly signer: Issued;
  readonly anchor: TrustAnchor;
}

export interface AuthorityOptions {
  readonly now: Date;
  readonly name?: string;
  readonly documentTypes?: readonly string[] | 'any';
  readonly root?: Partial<CertificateOptions>;
  readonly signer?: Partial<CertificateOptions>;
}

const DAY_MS = 86_400_000;

/** An authority with one document signer, valid from a year before `now` to years after. */
export function createTestAuthority({ now, name = 'Simulated', documentTypes = 'any', root = {}, signer = {} }: AuthorityOptions): TestAuthority {
  const from = new Date(now.getTime() - 365 * DAY_MS);
  const authority = createCertificate({
    subject: `${name} age authority (not real)`,
    key: createKeyPair(),
    validFrom: from,
    validTo: new Date(now.getTime() + 10 * 365 * DAY_MS),
    isCa: true,
    pathLength: 0,
    ...root,
  });
  const document = createCertificate(
    {
      subject: `${name} document signer (not real)`,
      key: createKeyPair(),
      validFrom: from,
      validTo: new Date(now.getTime() + 400 * DAY_MS),
      purposes: [PURPOSES.mdl, PURPOSES.ageVerification],
      ...signer,
    },
    authority,
  );
  return { root: authority, signer: document, anchor: toAnchor(authority, { documentTypes, source: 'simulator' }) };
}

export function toAnchor({ certificate, country }: Issued, options: Pick<TrustAnchor, 'documentTypes' | 'source'>): TrustAnchor {
  return { id: anchorId(certificate), certificate, country, ...options };
}
