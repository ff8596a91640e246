/** Shapes of the wallet flows: a request that was made, what a wallet answers, and what the protocol and the trust lists must offer. */
import type { VerifyOptions } from '@gatehouse/credential';
import { z } from 'zod';
import type { AgeQuestion, BrowserProof } from '../sessions/schema.ts';

/**
 * `dc_api`: the browser's Digital Credentials API, on this device or by the browser's own proximity-checked link (CTAP hybrid) on another one;
 * the two cannot be told apart. `redirect`: a link to a wallet on this device. `qr`: a code for another device, which could have been passed on.
 */
export const CHANNELS = ['dc_api', 'redirect', 'qr'] as const;
export type Channel = (typeof CHANNELS)[number];

/** A presentation has one to four KiB, encrypted and encoded twice that. */
export const WALLET_BYTES_MAX = 65_536;

export const RequestIdSchema = z.string().regex(/^[0-9a-f]{40}$/);

/** OpenID4VP 1.0, section 8.2: the form that a wallet posts. */
export const WalletFormSchema = z.object({
  vp_token: z.string().optional(),
  response: z.string().optional(),
  state: z.string().max(256).optional(),
  error: z.string().max(256).optional(),
  error_description: z.string().max(2000).optional(),
});
export const WalletReplySchema = z.object({ redirect_uri: z.string().optional() }).meta({ id: 'AgeWalletReply' });

export const DcRequestsSchema = z
  .object({
    request: RequestIdSchema,
    expiresAt: z.iso.datetime(),
    requests: z
      .array(z.object({ protocol: z.string(), data: z.record(z.string(), z.unknown()) }))
      .describe('For `navigator.credentials.get({ digital: { requests } })`.'),
  })
  .meta({ id: 'AgeDcRequests' });
export type DcRequests = z.output<typeof DcRequestsSchema>;
export type DcRequest = DcRequests['requests'][number];

export const DcAnswerSchema = z
  .object({
    request: RequestIdSchema,
    protocol: z.string().max(64),
    data: z
      .union([z.record(z.string(), z.unknown()), z.string()])
      .refine((data) => JSON.stringify(data).length <= WALLET_BYTES_MAX, `at most ${WALLET_BYTES_MAX} bytes`)
      .describe('`DigitalCredential.data`, as it came.'),
  })
  .strict()
  .meta({ id: 'AgeDcAnswer' });
export type DcAnswer = z.output<typeof DcAnswerSchema>;
export const DcReplySchema = z.object({ status: z.enum(['completed', 'inconclusive']) }).meta({ id: 'AgeDcReply' });

/** What a wallet sent: to be verified against what was asked, and against nothing else. */
export type WalletAnswer =
  | { readonly kind: 'direct_post'; readonly vpToken: string; readonly state: string | undefined }
  | { readonly kind: 'direct_post.jwt'; readonly response: string }
  | { readonly kind: 'dc_api'; readonly protocol: string; readonly data: unknown };

export interface Links {
  /** `openid4vp://authorize?…`: a signed request by reference (HAIP). */
  readonly haip: string;
  /** `av://…`: the request by value (EU age verification profile). */
  readonly eu: string;
}

export interface VerifiedAnswer {
  readonly answer: 'true' | 'false' | 'unknown';
  /** For the grade; never stored. */
  readonly anchorId: string;
}

/** A refusal by name. Every other throw of a verifier is one too, of the name `internal`. */
export interface Refusal extends Error {
  readonly code: string;
}

/** The protocols, as the flows need them. `memory` is JSON that only the protocol reads; it holds the nonces and the keys. */
export interface WalletProtocol {
  openLinks(
    asked: AgeQuestion,
    where: { readonly responseUri: string; readonly requestUri: string; readonly now: Date },
  ): Promise<{ readonly memory: string; readonly links: Links }>;
  /** The signed request object (JAR). */
  signRequest(memory: string, options: { readonly walletNonce: string | undefined; readonly now: Date }): Promise<string>;
  openDcApi(
    asked: AgeQuestion,
    where: { readonly origin: string; readonly now: Date },
  ): Promise<{ readonly memory: string; readonly requests: readonly DcRequest[] }>;
  /** @throws {Refusal} */
  verify(memory: string, answer: WalletAnswer, now: Date): Promise<VerifiedAnswer>;
}

export interface WalletTrust {
  /** Raised when an issuer is muted. */
  generation(): Promise<number>;
  /** Of a list whose issuers bind the credential to the device and check the person at a high assurance level. */
  isHighAssurance(anchorId: string): Promise<boolean>;
  /** What proofs are held against now: trusted issuers without the muted ones, and status lists. No network call. */
  current(): Promise<Pick<VerifyOptions, 'trust' | 'statusLists'>>;
}

/**
 * What the sessions of a service are asked with and held against. All real services share one; the demonstration has another, so that nothing that
 * one of them believes is ever believed by the other.
 */
export interface TrustCircle {
  readonly protocol: WalletProtocol;
  readonly trust: WalletTrust;
}

export interface Begun {
  readonly requestId: string;
  readonly links: Links;
  /** For a QR code: the page that the other device opens. */
  readonly landingUrl: string;
  /** Two digits, shown on both devices. */
  readonly matchCode: string;
  readonly expiresAt: Date;
}

export interface Landing {
  readonly matchCode: string;
  readonly links: Links;
  readonly serviceName: string;
  readonly question: AgeQuestion;
  /** Not shown: whoever has the code must not learn of which session it is. */
  readonly session: { readonly id: string; readonly service: string };
}

export interface WalletFlows {
  /** @throws {GatehouseError} `conflict` when the session does not admit this way */
  begin(sessionId: string, proof: BrowserProof, channel: 'redirect' | 'qr'): Promise<Begun>;
  /** What the other device shows. @throws {GatehouseError} `gone` */
  land(requestId: string): Promise<Landing>;
  readRequest(requestId: string, walletNonce: string | undefined): Promise<string>;
  /** Uses the request up, then verifies. @throws {GatehouseError} `gone`, `age_not_accepted`, `busy` */
  answer(requestId: string, answer: WalletAnswer | { readonly kind: 'declined' }): Promise<{ readonly redirectUri: string | undefined }>;
  /** The person comes back from a wallet on the same device. */
  comeBack(sessionId: string, proof: BrowserProof, responseCode: string): Promise<boolean>;
  beginDcApi(sessionId: string, proof: BrowserProof, origin: string): Promise<DcRequests>;
  answerDcApi(sessionId: string, proof: BrowserProof, answer: DcAnswer): Promise<'completed' | 'inconclusive'>;
}
