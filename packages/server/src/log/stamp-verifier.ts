/** Whether a time stamp holds: for these bytes, at that time, by an authority that the operator chose (RFC 3161). Offline; nothing is asked of anybody. */
import { createHash } from 'node:crypto';
import {
  anchorId,
  createTrustStore,
  CredentialError,
  readCertificate,
  readItems,
  readOid,
  readSequence,
  type Certificate,
  type TrustStore,
} from '@gatehouse/credential';
import { openSignedStamp } from './stamp-cms.ts';
import { readStampInfo, readStampResponse } from './stamp-info.ts';
import { StampFault } from './stamp-schema.ts';

const TIME_STAMPING = '1.3.6.1.5.5.7.3.8';
const CHAIN_MAX = 4;
/** Of certificates: SHA-1 and MD5, with RSA and ECDSA. */
const WEAK = new Set(['1.2.840.113549.1.1.4', '1.2.840.113549.1.1.5', '1.2.840.10045.4.1']);

/** Whom the operator believes to stamp. */
export interface StampAnchors {
  readonly store: TrustStore;
  readonly certificates: readonly Certificate[];
}

export interface VerifiedStamp {
  readonly at: Date;
  /** Subject of the certificate that signed. */
  readonly authority: string;
  readonly policy: string;
  readonly serial: string;
}

/** @param pem one certificate or several. @throws {StampFault} `ca_file` */
export function readStampAnchors(pem: string): StampAnchors {
  const blocks = [...pem.matchAll(/-----BEGIN CERTIFICATE-----([\s\S]*?)-----END CERTIFICATE-----/g)].map(([, body = '']) => Buffer.from(body, 'base64'));
  if (blocks.length === 0) throw new StampFault('ca_file');
  try {
    const anchors = blocks.map((certificate) => ({ id: anchorId(certificate), certificate, documentTypes: 'any', source: 'time stamps' }) as const);
    return { store: createTrustStore(anchors), certificates: blocks.map(readCertificate) };
  } catch (cause) {
    throw new StampFault('ca_file', { cause });
  }
}

export interface StampExpectation {
  /** What must have been stamped. */
  readonly content: Uint8Array;
  readonly anchors: StampAnchors;
  /** Of the request; undefined when it is not known any more. */
  readonly nonce?: Uint8Array | undefined;
  readonly policy?: string | undefined;
  /** When it was asked for, within which time it must lie; undefined when it was long ago. */
  readonly asked?: { readonly from: Date; readonly to: Date } | undefined;
}

/** @param response TimeStampResp, DER. @throws {StampFault} */
export function verifyStamp(response: Uint8Array, expected: StampExpectation): VerifiedStamp {
  try {
    return verify(response, expected);
  } catch (cause) {
    if (cause instanceof StampFault) throw cause;
    // Of the reader of DER, or of a key that cannot be used.
    throw new StampFault('malformed', { cause });
  }
}

function verify(response: Uint8Array, { content, anchors, nonce, policy, asked }: StampExpectation): VerifiedStamp {
  const { info, signer, certificates } = openSignedStamp(readStampResponse(response), anchors.certificates);
  const stamp = readStampInfo(info);
  if (!createHash('sha256').update(content).digest().equals(stamp.digest)) throw new StampFault('imprint');
  if (nonce !== undefined && (stamp.nonce === undefined || Buffer.compare(nonce, stamp.nonce) !== 0)) throw new StampFault('nonce');
  if (policy !== undefined && policy !== stamp.policy) throw new StampFault('policy');
  if (asked !== undefined && (stamp.at < asked.from || stamp.at > asked.to)) throw new StampFault('time');
  checkPurpose(signer);
  checkChain(signer, { certificates, anchors, at: stamp.at });
  return { at: stamp.at, authority: describeSubject(signer), policy: stamp.policy, serial: stamp.serial };
}

/** RFC 3161, section 2.3: this purpose, no other, and critical. */
function checkPurpose({ purposes, arePurposesCritical }: Certificate): void {
  if (purposes?.length !== 1 || purposes[0] !== TIME_STAMPING || !arePurposesCritical) throw new StampFault('purpose');
}

interface ChainQuestion {
  readonly certificates: readonly Certificate[];
  readonly anchors: StampAnchors;
  readonly at: Date;
}

/** Valid at the time of the stamp: that is what a stamp is for. Whether the certificate was taken back is not asked. */
function checkChain(signer: Certificate, { certificates, anchors, at }: ChainQuestion): void {
  const chain = buildChain(signer, certificates, anchors);
  if (chain.some(isWeak)) throw new StampFault('algorithm');
  try {
    anchors.store.verifyChain(
      chain.map(({ raw }) => raw),
      { now: at, purpose: 'list', maxSkewS: 0 },
    );
  } catch (cause) {
    if (cause instanceof CredentialError) throw new StampFault('untrusted', { cause });
    throw cause;
  }
}

/** Upward, until somebody who is believed has signed. */
function buildChain(signer: Certificate, certificates: readonly Certificate[], anchors: StampAnchors): Certificate[] {
  const chain = [signer];
  while (chain.length < CHAIN_MAX) {
    const last = chain.at(-1) ?? signer;
    if (anchors.certificates.some(({ raw, subject }) => Buffer.compare(raw, last.raw) === 0 || Buffer.compare(subject, last.issuer) === 0)) break;
    const next = certificates.find((one) => !chain.includes(one) && Buffer.compare(one.subject, last.issuer) === 0 && last.x509.verify(one.x509.publicKey));
    if (next === undefined) break;
    chain.push(next);
  }
  return chain;
}

function isWeak({ raw }: Certificate): boolean {
  const [, algorithm] = readSequence(raw);
  const [name] = algorithm === undefined ? [] : readItems(algorithm.content);
  return name === undefined || WEAK.has(readOid(name.content));
}

function describeSubject({ x509 }: Certificate): string {
  return x509.subject.split('\n').toReversed().join(', ').slice(0, 300);
}
