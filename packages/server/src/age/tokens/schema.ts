/**
 * Shapes of the token part. Tokens are Privacy Pass, type 2 (RFC 9576 to 9578): a person whose age was just checked gets a few; each one later
 * answers the same question once more, and nobody, we neither, can say which check it came from. How, and what remains: docs/guide/age-reuse.md.
 */
import { z } from 'zod';
import type { Tx } from '../../platform/db/database.ts';
import type { Exchange } from '../../platform/http/route.ts';

export interface TokenQuestion {
  readonly threshold: number;
  readonly direction: 'over' | 'under';
}

export type TokenGrade = 0 | 1 | 2 | 3 | 4;

/** Grades of tokens. A token can be handed on, so that it never carries the highest grade; and two bands make larger crowds than four grades. */
export const BANDS = [2, 3] as const;
export type Band = (typeof BANDS)[number];

/** The result of a session that has just been completed, as far as tokens and passkeys need it. */
export interface VerdictForToken {
  readonly sessionId: string;
  readonly question: TokenQuestion;
  readonly result: 'true' | 'false' | 'inconclusive';
  readonly grade: TokenGrade;
  readonly kind: 'verified' | 'estimated' | 'declared';
  /** `wallet`, `provider:<id>`, `token`, … */
  readonly method: string;
  readonly checkedAt: Date;
  /** The trust generation in which it was checked. */
  readonly generation: number;
}

export interface OpenSession {
  readonly question: TokenQuestion;
  readonly minGrade: TokenGrade;
}

/** What becomes of a session by a token or a passkey. */
export interface ReuseOutcome {
  readonly result: 'true' | 'false';
  readonly grade: TokenGrade;
  readonly method: 'token' | 'passkey';
  readonly kind: 'verified' | 'estimated';
}

/** How a request shows that it belongs to a session: cookies and secrets are the business of the sessions. */
export type SessionProof = Pick<Exchange, 'header'>;

/** What this part needs of the sessions. */
export interface ReuseSessions {
  /** The session, when it is open, admits this method and belongs to whoever asks. */
  findOpen(sessionId: string, proof: SessionProof, method: 'token' | 'passkey'): Promise<OpenSession | undefined>;
  /** Its result, for the few minutes after it was completed, when it belongs to whoever asks. */
  findVerdict(sessionId: string, proof: SessionProof): Promise<VerdictForToken | undefined>;
  /**
   * Completes the session, once: the session's state changes in `tx`, with the note that the token is spent.
   * @throws {GatehouseError} `conflict` when it was completed or expired meanwhile; then nothing is spent
   */
  complete(sessionId: string, outcome: ReuseOutcome, tx: Tx): Promise<void>;
}

/** Raised when an issuer is muted: whatever was checked in an earlier generation is void from then on. */
export interface TrustState {
  generation(): Promise<number>;
}

/** One key of ours. The same one for everybody who asks this question in this epoch: it is the crowd in which a token hides. */
export interface TokenClass extends TokenQuestion {
  readonly band: Band;
  readonly epoch: number;
}

export interface TokenKey extends TokenClass {
  readonly row: number;
  /** SHA-256 of the public key (RFC 9578, section 6.5). */
  readonly keyId: Uint8Array;
  readonly generation: number;
  /** SubjectPublicKeyInfo with the RSASSA-PSS identifier (RFC 9578, section 6.5). */
  readonly publicKey: Uint8Array;
  readonly notBefore: Date;
  readonly issueUntil: Date;
  readonly redeemUntil: Date;
}

/** Why a token was not taken. */
export const TOKEN_REFUSALS = {
  malformed: 'It is not a token of type 2.',
  unknown_key: 'Its key is not one of this service, or is too old.',
  voided: 'An issuer of age proofs is no longer trusted; everybody checks again once.',
  wrong_question: 'It answers another question.',
  grade_too_low: 'The service asks for a stronger proof.',
  wrong_challenge: 'It was made for another service or another epoch.',
  bad_signature: 'Its signature is not one of ours.',
  spent: 'It was used before.',
} as const;
export type TokenRefusal = keyof typeof TOKEN_REFUSALS;

/** RFC 9578, section 4; the member `gatehouse` is ours: which question, how long. Others leave it unread. */
export const DirectorySchema = z.object({
  'issuer-request-uri': z.string(),
  'token-keys': z.array(
    z.object({
      'token-type': z.literal(2),
      'token-key': z.string(),
      'not-before': z.number().int(),
      gatehouse: z.object({
        threshold: z.number().int(),
        direction: z.enum(['over', 'under']),
        band: z.literal(BANDS),
        epoch: z.number().int(),
        /** At the time of the answer. */
        'is-issuing': z.boolean(),
        /** Seconds since 1970: issued until, taken until. */
        'issue-until': z.number().int(),
        'redeem-until': z.number().int(),
      }),
    }),
  ),
});
export type Directory = z.output<typeof DirectorySchema>;

export const SessionQuerySchema = z.object({ session: z.string().min(1).max(128) });
export const RedeemedSchema = z.object({ status: z.literal('completed') });
