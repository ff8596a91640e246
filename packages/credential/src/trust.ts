/**
 * Whom we believe. A store of anchors answers one question: does a trusted issuer stand behind this chain, now, for this type of document? What
 * comes along with a credential is never an anchor.
 */
import { createHash, type KeyObject } from 'node:crypto';
import { type Certificate, readCertificate } from './certificate.ts';
import { CredentialError } from './errors.ts';

export interface TrustAnchor {
  /** SHA-256 of the certificate, hexadecimal. */
  readonly id: string;
  /** DER. An authority, or a signer itself. */
  readonly certificate: Uint8Array;
  readonly documentTypes: readonly string[] | 'any';
  /** ISO 3166-1 alpha-2. */
  readonly country?: string | undefined;
  /** The list that it comes from. */
  readonly source: string;
  /** What the list says; the certificate's own dates count as well. */
  readonly validFrom?: Date | undefined;
  readonly validTo?: Date | undefined;
}

export type ChainPurpose = 'mdoc' | 'sd-jwt' | 'status-list' | 'list';

export interface ChainQuestion {
  readonly now: Date;
  readonly purpose: ChainPurpose;
  /** Undefined for what is no document. */
  readonly documentType?: string | undefined;
  readonly maxSkewS?: number | undefined;
}

export interface VerifiedChain {
  readonly anchor: TrustAnchor;
  readonly leaf: Certificate;
  readonly leafKey: KeyObject;
}

export interface TrustStore {
  readonly anchors: readonly TrustAnchor[];
  /** @param chain DER, the signer first, without the anchor (which may come along and is then only compared). @throws {CredentialError} */
  verifyChain(chain: readonly Uint8Array[], question: ChainQuestion): VerifiedChain;
}

export function anchorId(certificate: Uint8Array): string {
  return createHash('sha256').update(certificate).digest('hex');
}

/** Clocks of issuers and ours may differ by this much. */
export const DEFAULT_SKEW_S = 60;
const CHAIN_MAX = 4;
const VERIFIED_KEPT = 1_000;

/** Document signers of ISO/IEC 18013-5 and of the EU age verification profile. */
const MDOC_PURPOSES = ['1.0.18013.5.1.2', '1.3.130.2.0.0.1.2'];

interface Known {
  readonly anchor: TrustAnchor;
  readonly certificate: Certificate;
}

/** @throws {CredentialError} when a certificate of an anchor cannot be read */
export function createTrustStore(anchors: readonly TrustAnchor[]): TrustStore {
  const known = anchors.map((anchor) => ({ anchor, certificate: readCertificate(anchor.certificate) }));
  /** Chains whose signatures were verified: the same signers come again and again. Dates and purposes are looked at every time. */
  const verified = new Map<string, { readonly chain: readonly Certificate[]; readonly found: readonly Known[] }>();
  const open = (chain: readonly Uint8Array[]): { readonly chain: readonly Certificate[]; readonly found: readonly Known[] } => {
    const key = nameChain(chain);
    const before = verified.get(key);
    if (before !== undefined) return before;
    const certificates = chain.map(readCertificate);
    const result = { chain: certificates, found: findAnchors(certificates, known) };
    verified.set(key, result);
    if (verified.size > VERIFIED_KEPT) for (const oldest of verified.keys()) if (verified.delete(oldest)) break;
    return result;
  };
  return {
    anchors,
    verifyChain(given, question) {
      if (given.length === 0) throw new CredentialError('chain_missing');
      if (given.length > CHAIN_MAX) throw new CredentialError('chain_malformed');
      const { chain, found } = open(withoutAnchor(given, anchors));
      const [leaf] = chain;
      if (leaf === undefined || found.length === 0) throw new CredentialError('chain_untrusted');
      checkDates(chain, question);
      checkLeaf(
        leaf,
        question,
        found.some(({ certificate }) => isSame(certificate.raw, leaf.raw)),
      );
      const anchor = chooseAnchor(found, question);
      return { anchor, leaf, leafKey: leaf.x509.publicKey };
    },
  };
}

function nameChain(chain: readonly Uint8Array[]): string {
  const hash = createHash('sha256');
  for (const certificate of chain) hash.update(String(certificate.length)).update(':').update(certificate);
  return hash.digest('hex');
}

function isSame(a: Uint8Array, b: Uint8Array): boolean {
  return Buffer.compare(a, b) === 0;
}

function withoutAnchor(chain: readonly Uint8Array[], anchors: readonly TrustAnchor[]): readonly Uint8Array[] {
  const last = chain.at(-1);
  const isAnchor = chain.length > 1 && last !== undefined && anchors.some(({ certificate }) => isSame(certificate, last));
  return isAnchor ? chain.slice(0, -1) : chain;
}

/** Every anchor that the chain leads to. @throws {CredentialError} when the chain does not hold together in itself */
function findAnchors(chain: readonly Certificate[], known: readonly Known[]): Known[] {
  for (const [at, certificate] of chain.entries()) {
    const signer = chain[at + 1];
    if (signer === undefined) break;
    if (!isSame(certificate.issuer, signer.subject) || !isSignedBy(certificate, signer)) throw new CredentialError('chain_signature');
    checkAuthority(signer, at);
  }
  const last = chain.at(-1);
  if (last === undefined) return [];
  return known.filter(({ certificate }) => {
    // A signer that is itself on the list.
    if (chain.length === 1 && isSame(certificate.raw, last.raw)) return true;
    if (!isSame(certificate.subject, last.issuer) || !isSignedBy(last, certificate)) return false;
    checkAuthority(certificate, chain.length - 1);
    return true;
  });
}

function isSignedBy(certificate: Certificate, signer: Certificate): boolean {
  try {
    return certificate.x509.verify(signer.x509.publicKey);
  } catch {
    return false;
  }
}

/** @param below how many authorities stand between it and the signer */
function checkAuthority({ basic, usage }: Certificate, below: number): void {
  if (basic?.isCa !== true) throw new CredentialError('chain_not_ca');
  if (basic.pathLength !== undefined && below > basic.pathLength) throw new CredentialError('chain_path_length');
  if (usage !== undefined && !usage.has('keyCertSign')) throw new CredentialError('chain_key_usage');
}

function checkDates(chain: readonly Certificate[], { now, maxSkewS = DEFAULT_SKEW_S }: ChainQuestion): void {
  for (const { validFrom, validTo } of chain) {
    if (now.getTime() < validFrom.getTime() - maxSkewS * 1000) throw new CredentialError('chain_not_yet_valid');
    if (now.getTime() > validTo.getTime() + maxSkewS * 1000) throw new CredentialError('chain_expired');
  }
}

function checkLeaf({ basic, usage, purposes }: Certificate, { purpose }: ChainQuestion, isAnchor: boolean): void {
  if (basic?.isCa === true && !isAnchor) throw new CredentialError('chain_is_ca');
  // Signers of lists may be marked for what they stand by instead.
  const maySign = usage === undefined || usage.has('digitalSignature') || (purpose === 'list' && usage.has('nonRepudiation'));
  if (!maySign) throw new CredentialError('chain_key_usage');
  if (purpose === 'mdoc' && !isAnchor && purposes?.some((oid) => MDOC_PURPOSES.includes(oid)) !== true) throw new CredentialError('chain_purpose');
}

/** One that is valid now and stands for this type. */
function chooseAnchor(found: readonly Known[], question: ChainQuestion): TrustAnchor {
  const { now, documentType, maxSkewS = DEFAULT_SKEW_S } = question;
  const skewMs = maxSkewS * 1000;
  const dated = found.map(({ anchor, certificate }) => ({
    anchor,
    from: Math.max(certificate.validFrom.getTime(), anchor.validFrom?.getTime() ?? 0) - skewMs,
    to: Math.min(certificate.validTo.getTime(), anchor.validTo?.getTime() ?? Number.POSITIVE_INFINITY) + skewMs,
  }));
  const started = dated.filter(({ from }) => now.getTime() >= from);
  if (started.length === 0) throw new CredentialError('chain_not_yet_valid');
  const current = started.filter(({ to }) => now.getTime() <= to);
  if (current.length === 0) throw new CredentialError('chain_expired');
  const fitting = current.find(({ anchor }) => documentType === undefined || anchor.documentTypes === 'any' || anchor.documentTypes.includes(documentType));
  if (fitting === undefined) throw new CredentialError('anchor_document_type');
  return fitting.anchor;
}
