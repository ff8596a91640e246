/**
 * ETSI TS 119 612 trusted lists, XML signed with XAdES. Read offline, at import, and only under these conditions: no DTD; exactly one signature, a child
 * of the root; it covers the whole document but itself, and its own SignedProperties; algorithms on a short list; signed by the certificate that the
 * operator pinned, which SignedProperties names by digest. Then only what was signed is parsed.
 */
import { createHash } from 'node:crypto';
import { DOMParser } from '@xmldom/xmldom';
import { anchorId, createTrustStore, CredentialError, EU_AGE } from '@gatehouse/credential';
import { SignedXml } from 'xml-crypto';
import { collect, readPemCertificates, toAnchor, type Found } from './pem.ts';
import { TrustListFault, type FoundList } from './schema.ts';

const DSIG = 'http://www.w3.org/2000/09/xmldsig#';
const FILTER = 'http://www.w3.org/2002/06/xmldsig-filter2';
const ENVELOPED = 'http://www.w3.org/2000/09/xmldsig#enveloped-signature';
const TRANSFORMS = new Set([FILTER, ENVELOPED, 'http://www.w3.org/2001/10/xml-exc-c14n#', 'http://www.w3.org/TR/2001/REC-xml-c14n-20010315']);
const SIGNATURES = new Set([
  'http://www.w3.org/2001/04/xmldsig-more#rsa-sha256',
  'http://www.w3.org/2001/04/xmldsig-more#rsa-sha512',
  'http://www.w3.org/2001/04/xmldsig-more#ecdsa-sha256',
]);
const DIGESTS: Readonly<Record<string, string>> = { 'http://www.w3.org/2001/04/xmlenc#sha256': 'sha256', 'http://www.w3.org/2001/04/xmlenc#sha512': 'sha512' };
const MAX_BYTES = 10_000_000;

type XmlElement = NonNullable<ReturnType<DOMParser['parseFromString']>['documentElement']>;

/** @throws {TrustListFault} */
export function readEtsiList(text: string, signer: string, now: Date): FoundList {
  if (text.length > MAX_BYTES || /<!DOCTYPE|<!ENTITY/i.test(text)) throw refuse('It is too large, or has a DTD.');
  const root = parse(text);
  const signature = findSignature(root);
  const certificate = readSigner(signature, signer, now);
  checkReferences(signature);
  const signed = verify(text, signature, certificate);
  checkSigningCertificate(signature, certificate);
  return readList(parse(signed));
}

function refuse(why: string): TrustListFault {
  return new TrustListFault(`The trusted list was refused: ${why} Nothing was changed.`);
}

function parse(text: string): XmlElement {
  const fail = (): never => {
    throw refuse('It is not well-formed XML.');
  };
  if (!isNested(text)) fail();
  const root = new DOMParser({ errorHandler: { warning: fail, error: fail, fatalError: fail } }).parseFromString(text, 'text/xml').documentElement;
  return root ?? fail();
}

const SKIPPED = [
  ['<!--', '-->'],
  ['<![CDATA[', ']]>'],
  ['<?', '?>'],
] as const;
const TAG = /<(\/?)([^\s<>/!?"'=]+)(?:[^<>"'/]|"[^"<]*"|'[^'<]*')*(\/?)>/y;

/** Whether every end tag ends what was begun last: the parser passes over others without a word. */
function isNested(text: string): boolean {
  const open: string[] = [];
  for (let at = text.indexOf('<'); at !== -1; at = text.indexOf('<', at)) {
    const skipped = SKIPPED.find(([start]) => text.startsWith(start, at));
    if (skipped !== undefined) {
      const end = text.indexOf(skipped[1], at + skipped[0].length);
      if (end === -1) return false;
      at = end + skipped[1].length;
      continue;
    }
    TAG.lastIndex = at;
    const [whole, closing, name = '', empty] = TAG.exec(text) ?? [];
    if (whole === undefined) return false;
    at += whole.length;
    if (closing === '/' && open.pop() !== name) return false;
    if (closing === '' && empty === '') open.push(name);
  }
  return open.length === 0;
}

function listAll(element: XmlElement, localName: string): XmlElement[] {
  return Array.from(element.getElementsByTagNameNS('*', localName)) as XmlElement[];
}

function only(elements: readonly XmlElement[], what: string): XmlElement {
  const [first, ...others] = elements;
  if (first === undefined || others.length > 0) throw refuse(`There must be exactly one ${what}.`);
  return first;
}

const textOf = (element: XmlElement | undefined): string => (element?.textContent ?? '').trim();

function findSignature(root: XmlElement): XmlElement {
  const signature = only(
    listAll(root, 'Signature').filter(({ namespaceURI }) => namespaceURI === DSIG),
    'signature',
  );
  if (signature.parentNode !== root) throw refuse('The signature does not stand in the list itself.');
  const ids = [root, ...listAll(root, '*')].flatMap((element) => element.getAttribute('Id') ?? element.getAttribute('ID') ?? []).filter((id) => id !== '');
  if (new Set(ids).size !== ids.length) throw refuse('An id is there twice.');
  return signature;
}

/** The certificate in the signature, when the pinned one is it or stands above it. */
function readSigner(signature: XmlElement, signer: string, now: Date): Uint8Array {
  const keyInfo = only(
    listAll(signature, 'KeyInfo').filter((element) => element.parentNode === signature),
    'key',
  );
  const chain = listAll(keyInfo, 'X509Certificate').map((element) => Buffer.from(textOf(element), 'base64'));
  const pinned = readPemCertificates(signer).map((certificate) => ({
    id: anchorId(certificate),
    certificate,
    documentTypes: 'any' as const,
    source: 'signer',
  }));
  try {
    createTrustStore(pinned).verifyChain(chain, { now, purpose: 'list' });
  } catch (cause) {
    if (!(cause instanceof CredentialError)) throw cause;
    throw new TrustListFault(`The trusted list was not signed by the signer that you named: ${cause.message} Nothing was changed.`, { cause });
  }
  return chain[0] ?? new Uint8Array(0);
}

function checkReferences(signature: XmlElement): void {
  const info = only(
    listAll(signature, 'SignedInfo').filter((element) => element.parentNode === signature),
    'SignedInfo',
  );
  if (!SIGNATURES.has(readAlgorithm(listAll(info, 'SignatureMethod')[0]))) throw refuse('Its signature algorithm is not accepted.');
  const properties = only(listAll(signature, 'SignedProperties'), 'SignedProperties');
  const wanted = ['', `#${properties.getAttribute('Id') ?? ''}`];
  const references = listAll(info, 'Reference').map((reference) => reference.getAttribute('URI') ?? '#');
  if (references.length !== 2 || wanted.some((uri) => !references.includes(uri)))
    throw refuse('Its signature does not cover the whole document and its own properties.');
  for (const transform of listAll(info, 'Transform')) checkTransform(transform);
  for (const method of listAll(info, 'DigestMethod')) if (DIGESTS[readAlgorithm(method)] === undefined) throw refuse('A digest algorithm is not accepted.');
}

function readAlgorithm(element: XmlElement | undefined): string {
  return element?.getAttribute('Algorithm') ?? '';
}

function checkTransform(transform: XmlElement): void {
  const algorithm = readAlgorithm(transform);
  if (!TRANSFORMS.has(algorithm)) throw refuse('A transformation is not accepted.');
  if (algorithm === FILTER) checkFilter(transform);
}

/** The one filter that means the same as an enveloped signature: everything but the signature. */
function checkFilter(transform: XmlElement): void {
  const path = only(listAll(transform, 'XPath'), 'XPath');
  const isFine = path.namespaceURI === FILTER && path.getAttribute('Filter') === 'subtract' && /^\/descendant::(\w+:)?Signature$/.test(textOf(path));
  if (!isFine) throw refuse('A transformation is not accepted.');
}

/** Takes the signature out, like `enveloped-signature`. There is exactly one, a child of the root (`findSignature`). */
class SubtractSignature {
  readonly includeComments = false;

  process(node: XmlElement): XmlElement {
    for (const child of Array.from(node.childNodes) as XmlElement[])
      if (child.localName === 'Signature' && child.namespaceURI === DSIG) node.removeChild(child);
    return node;
  }

  getAlgorithmName(): string {
    return FILTER;
  }
}

/** @returns what was signed, as the verified reference gives it */
function verify(text: string, signature: XmlElement, certificate: Uint8Array): string {
  const pem = `-----BEGIN CERTIFICATE-----\n${Buffer.from(certificate).toString('base64')}\n-----END CERTIFICATE-----\n`;
  const xml = new SignedXml({ publicCert: pem, getCertFromKeyInfo: () => pem, maxTransforms: 4 } as ConstructorParameters<typeof SignedXml>[0]);
  xml.CanonicalizationAlgorithms[FILTER] = SubtractSignature;
  let isValid = false;
  try {
    xml.loadSignature(signature);
    isValid = xml.checkSignature(text);
  } catch (cause) {
    throw new TrustListFault('The trusted list was refused: its signature cannot be verified. Nothing was changed.', { cause });
  }
  const signed = isValid ? xml.getSignedReferences().find((content) => content.includes('TrustServiceStatusList')) : undefined;
  if (signed === undefined) throw refuse('Its signature is wrong.');
  return signed;
}

/** XAdES: the signed properties name the certificate that signed. */
function checkSigningCertificate(signature: XmlElement, certificate: Uint8Array): void {
  const named = only([...listAll(signature, 'SigningCertificateV2'), ...listAll(signature, 'SigningCertificate')], 'signing certificate');
  const hash = DIGESTS[readAlgorithm(listAll(named, 'DigestMethod')[0])];
  const digest = textOf(listAll(named, 'DigestValue')[0]);
  if (hash === undefined || createHash(hash).update(certificate).digest('base64') !== digest)
    throw refuse('It names another signing certificate than the one that signed.');
}

function readList(root: XmlElement): FoundList {
  if (root.localName !== 'TrustServiceStatusList') throw refuse('It is not a trusted list.');
  const scheme = only(listAll(root, 'SchemeInformation'), 'SchemeInformation');
  const time = (element: XmlElement | undefined): Date | undefined => {
    const value = new Date(textOf(element));
    return Number.isNaN(value.getTime()) ? undefined : value;
  };
  const next = listAll(scheme, 'NextUpdate')[0];
  return {
    sequence: Number(textOf(listAll(scheme, 'TSLSequenceNumber')[0])) || undefined,
    issuedAt: time(listAll(scheme, 'ListIssueDateTime')[0]),
    nextUpdate: next === undefined ? undefined : time(listAll(next, 'dateTime')[0] ?? next),
    ...collect(listAll(root, 'TSPService').flatMap(readService)),
  };
}

const GRANTED = /\/(granted|recognisedatnationallevel|notified)$/i;

function readService(service: XmlElement): Found[] {
  const information = listAll(service, 'ServiceInformation')[0];
  if (information === undefined) return [];
  const status = textOf(listAll(information, 'ServiceStatus')[0]);
  if (!GRANTED.test(status)) return [{ what: textOf(listAll(information, 'ServiceName')[0]).slice(0, 100), reason: 'Its status is not "granted".' }];
  const since = new Date(textOf(listAll(information, 'StatusStartingTime')[0]));
  const certificates = listAll(information, 'X509Certificate').map((element) => Buffer.from(textOf(element), 'base64'));
  return certificates.map((certificate) => toAnchor(certificate, { documentTypes: [EU_AGE], validFrom: Number.isNaN(since.getTime()) ? undefined : since }));
}
