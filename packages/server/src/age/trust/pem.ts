/** PEM files: certificates that the operator trusts himself. */
import { CredentialError, readCertificate } from '@gatehouse/credential';
import { TrustListFault, type FoundAnchor, type FoundList } from './schema.ts';

const BLOCK = /-----BEGIN ([A-Z0-9 ]+)-----([\s\S]*?)-----END \1-----/g;

/** The certificates of a PEM text, DER. @throws {TrustListFault} */
export function readPemCertificates(text: string): Uint8Array[] {
  const blocks = [...text.matchAll(BLOCK)];
  if (blocks.some(([, label = '']) => label.includes('PRIVATE KEY')))
    throw new TrustListFault('There is a private key in the file. Nothing was read; take the key out, and treat it as lost.');
  const certificates = blocks.filter(([, label]) => label === 'CERTIFICATE').map(([, , body = '']) => Buffer.from(body, 'base64'));
  if (certificates.length === 0) throw new TrustListFault('There is no certificate in the file.');
  return certificates;
}

export function readPemList(text: string): FoundList {
  const found = readPemCertificates(text).map((certificate) => toAnchor(certificate, {}));
  return { sequence: undefined, issuedAt: undefined, nextUpdate: undefined, ...collect(found) };
}

export type Found = FoundAnchor | { readonly what: string; readonly reason: string };

/** A certificate that can be read; else why not. */
export function toAnchor(certificate: Uint8Array, about: Partial<Omit<FoundAnchor, 'certificate'>>): Found {
  try {
    const { country } = readCertificate(certificate);
    return { certificate, documentTypes: undefined, country, validFrom: undefined, validTo: undefined, ...about };
  } catch (error) {
    return { what: `a certificate of ${certificate.length} bytes`, reason: error instanceof CredentialError ? error.message : 'It cannot be read.' };
  }
}

export function collect(found: readonly Found[]): Pick<FoundList, 'anchors' | 'refused'> {
  return {
    anchors: found.filter((one): one is FoundAnchor => 'certificate' in one),
    refused: found.filter((one): one is Exclude<Found, FoundAnchor> => 'reason' in one),
  };
}
