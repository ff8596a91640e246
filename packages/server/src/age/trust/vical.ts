/** VICAL (ISO/IEC 18013-5 annex C.1.7): the list of issuing authorities of driving licences, a COSE_Sign1. */
import {
  createTrustStore,
  decodeCbor,
  readChain,
  readTaggedCose,
  Tagged,
  verifySign1,
  anchorId,
  CredentialError,
  type CborMap,
  type CborValue,
} from '@gatehouse/credential';
import { collect, readPemCertificates, toAnchor, type Found } from './pem.ts';
import { TrustListFault, type FoundList } from './schema.ts';

/** Lists have thousands of items, and more bytes than presentations. */
const LIMITS = { maxBytes: 10_000_000, maxItems: 500_000 };

/**
 * @param signer PEM of the signer's certificate, or of an authority above it
 * @throws {TrustListFault}
 */
export function readVical(bytes: Uint8Array, signer: string, now: Date): FoundList {
  try {
    return read(bytes, signer, now);
  } catch (error) {
    if (!(error instanceof CredentialError)) throw error;
    throw new TrustListFault(`The VICAL was refused: ${error.message} Nothing was changed.`, { cause: error });
  }
}

function read(bytes: Uint8Array, signer: string, now: Date): FoundList {
  const message = readTaggedCose(decodeCbor(bytes, LIMITS));
  const { payload } = message;
  if (payload === null) throw new TrustListFault('The VICAL has no content. Nothing was changed.');
  const pinned = readPemCertificates(signer).map((certificate) => ({
    id: anchorId(certificate),
    certificate,
    documentTypes: 'any' as const,
    source: 'signer',
  }));
  const { leafKey } = createTrustStore(pinned).verifyChain(readChain(message), { now, purpose: 'list' });
  if (!verifySign1(message, leafKey, payload)) throw new TrustListFault('The signature of the VICAL is wrong. Nothing was changed.');
  const vical = asMap(decodeCbor(payload, LIMITS));
  const infos = vical.get('certificateInfos');
  if (!Array.isArray(infos)) throw new TrustListFault('The VICAL lists no certificates. Nothing was changed.');
  const sequence = vical.get('vicalIssueID');
  return {
    sequence: typeof sequence === 'number' ? sequence : undefined,
    issuedAt: readTime(vical.get('date')),
    nextUpdate: readTime(vical.get('nextUpdate')),
    ...collect((infos as readonly CborValue[]).map(readInfo)),
  };
}

function asMap(value: CborValue): CborMap {
  if (!(value instanceof Map)) throw new TrustListFault('The VICAL cannot be read. Nothing was changed.');
  return value as CborMap;
}

function readInfo(value: CborValue): Found {
  const info = asMap(value);
  const [certificate, types, country] = [info.get('certificate'), info.get('docType'), info.get('issuingCountry')];
  if (!(certificate instanceof Uint8Array) || !Array.isArray(types)) return { what: 'an entry', reason: 'It has no certificate or no types of document.' };
  return toAnchor(certificate, {
    documentTypes: (types as readonly CborValue[]).map(String),
    ...(typeof country === 'string' ? { country } : {}),
    validFrom: readTime(info.get('notBefore')),
    validTo: readTime(info.get('notAfter')),
  });
}

function readTime(value: CborValue): Date | undefined {
  const text = value instanceof Tagged && value.tag === 0 ? value.value : undefined;
  const time = typeof text === 'string' ? new Date(text) : undefined;
  return time === undefined || Number.isNaN(time.getTime()) ? undefined : time;
}
