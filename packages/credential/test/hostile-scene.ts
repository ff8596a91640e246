/** What the hostile cases are made of: one session, issuers, and credentials that would be fine. */
import { EU_AGE, listWanted, openid4vpTranscript, type CborValue, type PostSession, type RefusalCode, type TrustAnchor } from '../src/index.ts';
import {
  createKeyPair,
  createTestAuthority,
  issueMdoc,
  issueSdJwt,
  presentMdoc,
  presentSdJwt,
  type MdocOptions,
  type PresentOptions,
  type SdJwtOptions,
  type SdJwtPresentation,
} from '../src/simulator/index.ts';

export const NOW = new Date('2026-11-25T12:00:00Z');
export const SD_JWT_TYPE = 'urn:example:age:1';
export const DAY_MS = 86_400_000;
export const RESPONSE_URI = 'https://age.example/age/wallet/response/1';

/** One case: an answer to this session that must be refused with exactly this code (or accepted, for the few that show what is fine). */
export interface HostileCase {
  readonly id: string;
  readonly about: string;
  readonly expect: RefusalCode | 'accepted';
  readonly session: PostSession;
  readonly response: { readonly vpToken: unknown; readonly state: string };
  readonly anchors: readonly TrustAnchor[];
  readonly now: Date;
}

export const authority = createTestAuthority({ now: NOW });
export const otherAuthority = createTestAuthority({ now: NOW, name: 'Other' });

export const SESSION: PostSession = {
  kind: 'direct_post',
  question: { threshold: 18, direction: 'over' },
  wanted: listWanted({ threshold: 18, direction: 'over' }, { sdJwtTypes: [SD_JWT_TYPE] }),
  nonce: 'Tq0vQ1mWqY5y8r2c0m3Zxw',
  clientId: `redirect_uri:${RESPONSE_URI}`,
  responseUri: RESPONSE_URI,
  state: 'state-of-this-session',
};

export function transcriptOf(change: Partial<PostSession> & { readonly jwkThumbprint?: Uint8Array } = {}): Uint8Array {
  return openid4vpTranscript({ ...SESSION, ...change });
}

export interface CaseOptions {
  readonly anchors?: readonly TrustAnchor[];
  readonly now?: Date;
  readonly token?: (presentation: string) => unknown;
  readonly state?: string;
  readonly session?: PostSession;
}

function toCase(
  head: Pick<HostileCase, 'id' | 'about' | 'expect'>,
  presentation: { readonly query: string; readonly text: string },
  options: CaseOptions,
): HostileCase {
  const {
    anchors = [authority.anchor],
    now = NOW,
    token = (text): unknown => ({ [presentation.query]: [text] }),
    state = SESSION.state,
    session = SESSION,
  } = options;
  return { ...head, session, response: { vpToken: token(presentation.text), state }, anchors, now };
}

export interface MdocCase extends CaseOptions {
  readonly issue?: Partial<MdocOptions>;
  readonly present?: Partial<PresentOptions>;
  /** After everything was signed. */
  readonly bytes?: (response: Uint8Array) => Uint8Array;
}

export function mdocCase(id: string, about: string, expect: HostileCase['expect'], change: MdocCase = {}): HostileCase {
  const elements: Readonly<Record<string, CborValue>> = { age_over_18: true };
  const mdoc = issueMdoc({ signer: authority.signer, documentType: EU_AGE, namespace: EU_AGE, elements, now: NOW, ...change.issue });
  const response = presentMdoc(mdoc, { transcript: transcriptOf(), elements: [...mdoc.items.keys()], ...change.present });
  const text = Buffer.from(change.bytes?.(response) ?? response).toString('base64url');
  return toCase({ id, about, expect }, { query: 'eu_age', text }, change);
}

export interface SdJwtCase extends CaseOptions {
  readonly issue?: Partial<SdJwtOptions>;
  readonly present?: Partial<SdJwtPresentation>;
}

export function sdJwtCase(id: string, about: string, expect: HostileCase['expect'], change: SdJwtCase = {}): HostileCase {
  const claims = change.issue?.claims ?? { age_over_18: true };
  const credential = issueSdJwt({ signer: authority.signer, type: SD_JWT_TYPE, claims, now: NOW, ...change.issue });
  const text = presentSdJwt(credential, { audience: SESSION.clientId, nonce: SESSION.nonce, now: NOW, disclose: Object.keys(claims), ...change.present });
  return toCase({ id, about, expect }, { query: 'sd_jwt', text }, change);
}

export { createKeyPair };
