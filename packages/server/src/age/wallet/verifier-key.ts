/**
 * The key and certificate with which requests to wallets are signed (HAIP: `x509_hash` client id). The operator names a file with both; without
 * one, a self-signed certificate for this host is made at first start and again when the host or its time is over, with the same key.
 */
import { createHash, createPrivateKey, generateKeyPairSync, sign, X509Certificate, type KeyObject } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { isIP } from 'node:net';
import { GatehouseError } from '../../platform/errors.ts';
import { writeFileDurably } from '../../platform/files.ts';
import { randomHex } from '../../platform/ids.ts';
import { writeFileOnce } from '../../platform/signing-key.ts';
import { bitString, element, explicit, integer, octetString, oid, sequence, time, utf8 } from '../../platform/der.ts';

export interface VerifierKey {
  readonly key: KeyObject;
  /** DER, leaf first. */
  readonly chain: readonly Buffer[];
  /** `x509_hash:` and the base64url SHA-256 of the leaf. */
  readonly clientId: string;
  readonly isSelfSigned: boolean;
}

export interface VerifierKeyOptions {
  /** True for the file in the data directory, which is made when it is missing. */
  readonly isOwn: boolean;
  readonly host: string;
  readonly now: Date;
}

const DAY_MS = 86_400_000;
const VALID_DAYS = 397;
const RENEW_DAYS = 30;
const PEM_CERTIFICATE = /-----BEGIN CERTIFICATE-----[^-]+-----END CERTIFICATE-----/g;
const PEM_KEY = /-----BEGIN (?:EC )?PRIVATE KEY-----[^-]+-----END (?:EC )?PRIVATE KEY-----/;

/** @throws {GatehouseError} `config_invalid` */
export async function openVerifierKey(path: string, options: VerifierKeyOptions): Promise<VerifierKey> {
  if (!options.isOwn) return read(path);
  await writeFileOnce(path, Buffer.from(makePem(generateKeyPairSync('ec', { namedCurve: 'P-256' }).privateKey, options)));
  const found = await read(path);
  if (isUsable(found, options)) return found;
  await writeFileDurably(path, makePem(found.key, options), 0o600);
  return read(path);
}

async function read(path: string): Promise<VerifierKey> {
  try {
    const pem = await readFile(path, 'utf8');
    const key = createPrivateKey(PEM_KEY.exec(pem)?.[0] ?? '');
    const chain = [...pem.matchAll(PEM_CERTIFICATE)].map(([text]) => new X509Certificate(text));
    const [leaf] = chain;
    if (key.asymmetricKeyType !== 'ec' || key.asymmetricKeyDetails?.namedCurve !== 'prime256v1') throw new TypeError('the key is not on P-256');
    if (leaf === undefined || !leaf.checkPrivateKey(key)) throw new TypeError('the first certificate is not the one of the key');
    const clientId = `x509_hash:${createHash('sha256').update(leaf.raw).digest('base64url')}`;
    return { key, chain: chain.map(({ raw }) => raw), clientId, isSelfSigned: leaf.issuer === leaf.subject && leaf.verify(leaf.publicKey) };
  } catch (cause) {
    const reason = cause instanceof Error ? cause.message : 'unknown fault';
    throw new GatehouseError(
      'config_invalid',
      `The verifier file ${path} cannot be used: ${reason}. It must hold a P-256 private key and its certificates as PEM.`,
      {
        cause,
      },
    );
  }
}

function isUsable({ chain }: VerifierKey, { host, now }: VerifierKeyOptions): boolean {
  const [raw] = chain;
  if (raw === undefined) return false;
  const leaf = new X509Certificate(raw);
  const isNamed = isIP(host) === 0 ? leaf.checkHost(host) !== undefined : leaf.checkIP(host) !== undefined;
  return isNamed && new Date(leaf.validTo).getTime() - now.getTime() > RENEW_DAYS * DAY_MS;
}

function makePem(key: KeyObject, { host, now }: VerifierKeyOptions): string {
  const der = selfSign(key, { host, now });
  const lines = der.toString('base64').replaceAll(/.{1,64}/g, '$&\n');
  return `${String(key.export({ type: 'pkcs8', format: 'pem' }))}-----BEGIN CERTIFICATE-----\n${lines}-----END CERTIFICATE-----\n`;
}

const ECDSA_SHA256 = sequence(oid('1.2.840.10045.4.3.2'));
const COMMON_NAME = '2.5.4.3';
const SUBJECT_ALT_NAME = '2.5.29.17';
const KEY_USAGE = '2.5.29.15';
/** An hour back: clocks of phones are late. */
const BACKDATED_MS = 3_600_000;

/** RFC 5280, section 4.1: version 3, the host as common and alternative name, for signatures only. */
function selfSign(key: KeyObject, { host, now }: { readonly host: string; readonly now: Date }): Buffer {
  const name = sequence(element(0x31, sequence(oid(COMMON_NAME), utf8(host.slice(0, 64)))));
  const serial = Buffer.from(randomHex(16), 'hex');
  // Positive and without a leading zero, so that its length is what it seems.
  serial[0] = 0x40 | ((serial[0] ?? 0) & 0x3f);
  const begin = new Date(now.getTime() - BACKDATED_MS);
  const body = sequence(
    explicit(0, integer(Buffer.from([2]))),
    integer(serial),
    ECDSA_SHA256,
    name,
    sequence(time(begin), time(new Date(begin.getTime() + VALID_DAYS * DAY_MS))),
    name,
    exportPublic(key),
    explicit(3, sequence(extension(KEY_USAGE, bitString(Buffer.from([0x80]), 7)), extension(SUBJECT_ALT_NAME, sequence(toAlternativeName(host))))),
  );
  return sequence(body, ECDSA_SHA256, bitString(sign('sha256', body, key)));
}

function exportPublic(key: KeyObject): Buffer {
  const { x = '', y = '' } = key.export({ format: 'jwk' });
  const point = Buffer.concat([Buffer.from([4]), Buffer.from(x, 'base64url'), Buffer.from(y, 'base64url')]);
  return sequence(sequence(oid('1.2.840.10045.2.1'), oid('1.2.840.10045.3.1.7')), bitString(point));
}

function extension(id: string, value: Uint8Array): Buffer {
  return sequence(oid(id), octetString(value));
}

/** dNSName [2] or iPAddress [7]. */
function toAlternativeName(host: string): Buffer {
  if (isIP(host) === 4) return element(0x87, Buffer.from(host.split('.').map(Number)));
  if (isIP(host) === 6) return element(0x87, parseIpv6(host));
  return element(0x82, Buffer.from(host, 'latin1'));
}

function parseIpv6(host: string): Buffer {
  const [head = '', tail] = host.split('::');
  const toGroups = (part: string | undefined): string[] => (part === undefined || part === '' ? [] : part.split(':'));
  const [before, after] = [toGroups(head), toGroups(tail)];
  const groups = [...before, ...Array<string>(Math.max(0, 8 - before.length - after.length)).fill('0'), ...after];
  return Buffer.from(groups.map((group) => group.padStart(4, '0')).join(''), 'hex');
}
