/** What a certificate says about itself beyond what node:crypto shows: extensions, criticality, names as bytes. */
import { X509Certificate } from 'node:crypto';
import { type DerItem, malformed, readItems, readOid, readSequence } from './der.ts';
import { CredentialError } from './errors.ts';

export interface Certificate {
  readonly raw: Uint8Array;
  readonly x509: X509Certificate;
  readonly subject: Uint8Array;
  readonly issuer: Uint8Array;
  readonly validFrom: Date;
  readonly validTo: Date;
  /** Undefined without the extension. */
  readonly basic: { readonly isCa: boolean; readonly pathLength: number | undefined } | undefined;
  /** Bits in the order of RFC 5280 section 4.2.1.3; undefined without the extension. */
  readonly usage: ReadonlySet<KeyUsage> | undefined;
  /** Undefined without the extension. */
  readonly purposes: readonly string[] | undefined;
  /** Whether the extension with the purposes is marked critical. */
  readonly arePurposesCritical: boolean;
  /** ISO 3166-1 alpha-2 of the subject, when it says so. */
  readonly country: string | undefined;
}

export type KeyUsage = 'digitalSignature' | 'nonRepudiation' | 'keyCertSign' | 'other';

const EXTENSION = { basicConstraints: '2.5.29.19', keyUsage: '2.5.29.15', extendedKeyUsage: '2.5.29.37' } as const;
/** Those that change nothing about whether this signature may be believed, besides the three above. Name constraints are not among them. */
const HARMLESS = new Set(['2.5.29.14', '2.5.29.17', '2.5.29.18', '2.5.29.31', '2.5.29.32', '2.5.29.35', '1.3.6.1.5.5.7.1.1']);

/** @throws {CredentialError} `chain_malformed`, `chain_critical_extension`, `chain_key` */
export function readCertificate(raw: Uint8Array): Certificate {
  const x509 = open(raw);
  const [tbs, , , ...rest] = readSequence(raw);
  if (tbs === undefined || rest.length > 0) throw malformed();
  const fields = readItems(tbs.content);
  // Version 3, and then serial number, algorithm, issuer, validity, subject, key, extensions.
  if (fields[0]?.tag !== 0xa0) throw malformed();
  const [, , , issuer, validity, subject] = fields;
  const [from, to] = validity === undefined ? [] : readItems(validity.content);
  if (issuer === undefined || subject === undefined || from === undefined || to === undefined) throw malformed();
  checkKey(x509);
  return {
    raw,
    x509,
    issuer: issuer.raw,
    subject: subject.raw,
    validFrom: readTime(from),
    validTo: readTime(to),
    country: readCountry(subject),
    ...readExtensions(fields),
  };
}

function open(raw: Uint8Array): X509Certificate {
  try {
    return new X509Certificate(raw);
  } catch (cause) {
    throw new CredentialError('chain_malformed', { cause });
  }
}

/** The getter throws for a key that OpenSSL cannot read. */
function readKey(x509: X509Certificate): X509Certificate['publicKey'] {
  try {
    return x509.publicKey;
  } catch (cause) {
    throw new CredentialError('chain_malformed', { cause });
  }
}

const CURVES = new Set(['prime256v1', 'secp384r1', 'secp521r1', 'brainpoolP256r1', 'brainpoolP384r1', 'brainpoolP512r1']);
const RSA_BITS_MIN = 2048;

function checkKey(x509: X509Certificate): void {
  const { asymmetricKeyType: type, asymmetricKeyDetails: details = {} } = readKey(x509);
  const isFine =
    type === 'ed25519' ||
    (type === 'ec' && CURVES.has(details.namedCurve ?? '')) ||
    ((type === 'rsa' || type === 'rsa-pss') && (details.modulusLength ?? 0) >= RSA_BITS_MIN);
  if (!isFine) throw new CredentialError('chain_key');
}

function readTime({ tag, content }: DerItem): Date {
  const text = Buffer.from(content).toString('latin1');
  const [, year, month, day, hour, minute, second] =
    (tag === 0x17 ? /^(\d\d)(\d\d)(\d\d)(\d\d)(\d\d)(\d\d)Z$/ : /^(\d{4})(\d\d)(\d\d)(\d\d)(\d\d)(\d\d)Z$/).exec(text) ?? [];
  if (year === undefined || (tag !== 0x17 && tag !== 0x18)) throw malformed();
  // RFC 5280 section 4.1.2.5.1.
  const full = tag === 0x18 ? Number(year) : Number(year) + (Number(year) < 50 ? 2000 : 1900);
  return new Date(Date.UTC(full, Number(month) - 1, Number(day), Number(hour), Number(minute), Number(second)));
}

function readCountry(subject: DerItem): string | undefined {
  for (const set of readItems(subject.content)) {
    for (const attribute of readItems(set.content)) {
      const [type, value] = readItems(attribute.content);
      if (type !== undefined && value !== undefined && readOid(type.content) === '2.5.4.6') return Buffer.from(value.content).toString('latin1').toUpperCase();
    }
  }
  return undefined;
}

function readExtensions(fields: readonly DerItem[]): Pick<Certificate, 'basic' | 'usage' | 'purposes' | 'arePurposesCritical'> {
  const wrapper = fields.find(({ tag }) => tag === 0xa3);
  const found = new Map<string, Uint8Array>();
  const critical = new Set<string>();
  for (const extension of wrapper === undefined ? [] : readSequence(wrapper.content)) {
    const { oid, isCritical, value } = readExtension(extension);
    if (found.has(oid)) throw malformed();
    const isKnown = HARMLESS.has(oid) || Object.values(EXTENSION).some((known) => known === oid);
    if (isCritical && !isKnown) throw new CredentialError('chain_critical_extension');
    found.set(oid, value);
    if (isCritical) critical.add(oid);
  }
  return {
    basic: readBasic(found.get(EXTENSION.basicConstraints)),
    usage: readUsage(found.get(EXTENSION.keyUsage)),
    purposes: readPurposes(found.get(EXTENSION.extendedKeyUsage)),
    arePurposesCritical: critical.has(EXTENSION.extendedKeyUsage),
  };
}

function readExtension({ content }: DerItem): { readonly oid: string; readonly isCritical: boolean; readonly value: Uint8Array } {
  const parts = readItems(content);
  const [type, value] = [parts[0], parts.at(-1)];
  if (type?.tag !== 0x06 || value?.tag !== 0x04 || parts.length > 3) throw malformed();
  const flag = parts.length === 3 ? parts[1] : undefined;
  return { oid: readOid(type.content), isCritical: flag?.tag === 0x01 && flag.content[0] !== 0, value: value.content };
}

function readBasic(value: Uint8Array | undefined): Certificate['basic'] {
  if (value === undefined) return undefined;
  const parts = readSequence(value);
  const length = parts.find(({ tag }) => tag === 0x02);
  const isCa = parts.some(({ tag, content }) => tag === 0x01 && content[0] !== 0);
  return { isCa, pathLength: length === undefined ? undefined : length.content.reduce((sum, byte) => sum * 256 + byte, 0) };
}

function readUsage(value: Uint8Array | undefined): Certificate['usage'] {
  if (value === undefined) return undefined;
  const [only] = readItems(value);
  if (only?.tag !== 0x03 || only.content.length < 2) throw malformed();
  const first = only.content[1] ?? 0;
  return new Set<KeyUsage>([
    ...(first & 0x80 ? (['digitalSignature'] as const) : []),
    ...(first & 0x40 ? (['nonRepudiation'] as const) : []),
    ...(first & 0x04 ? (['keyCertSign'] as const) : []),
    'other',
  ]);
}

function readPurposes(value: Uint8Array | undefined): readonly string[] | undefined {
  return value === undefined ? undefined : readSequence(value).map(({ content }) => readOid(content));
}
