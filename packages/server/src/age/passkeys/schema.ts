/**
 * Shapes of the passkey part: a person who was just checked may bind the answer to a passkey (WebAuthn) and show it later, on this device and
 * those that share the passkey. Unlike a token, a passkey is the same each time: we (and nobody else) could see that it comes again.
 * docs/guide/age-reuse.md compares the two.
 */
import { z } from 'zod';
import type { TokenGrade, TokenQuestion } from '../tokens/schema.ts';

export type Ceremony = 'create' | 'get';

/** What is kept of a passkey. Of the person: the answer, and the day on which it was given. */
export interface Passkey {
  /** SHA-256 of the credential id. */
  readonly idHash: Uint8Array;
  readonly algorithm: number;
  /** SubjectPublicKeyInfo. */
  readonly publicKey: Uint8Array;
  readonly signCount: number;
  readonly question: TokenQuestion;
  readonly result: 'true' | 'false';
  readonly grade: TokenGrade;
  /** Midnight (UTC) of the day of the check: the time of day could be looked up in a log. */
  readonly checkedAt: Date;
  /** By the rules in force at the check (recheck-rules.ts), which know the kind of method; we keep only the end. */
  readonly validUntil: Date;
  readonly generation: number;
}

/** Why a passkey was not taken. */
export const PASSKEY_REFUSALS = {
  malformed: 'The answer of the authenticator cannot be read.',
  wrong_type: 'It is the answer to another kind of question.',
  wrong_challenge: 'Its challenge is not the one of this age check, was used before or is too old.',
  wrong_origin: 'It was made on another site.',
  wrong_rp: 'It belongs to another site.',
  not_present: 'Nobody touched the authenticator.',
  not_verified: 'The authenticator did not ask for a PIN, a fingerprint or a face.',
  unsupported_attestation: 'It carries an attestation; we ask for none.',
  unsupported_key: 'Its key is of a kind that is not taken.',
  unknown_passkey: 'It is not known here, or no longer.',
  bad_signature: 'Its signature does not fit.',
  counter: 'Its counter went backwards: there may be a copy of it.',
  voided: 'An issuer of age proofs is no longer trusted; everybody checks again once.',
  too_old: 'The check that it stands for is too long ago.',
  wrong_question: 'The answer that it stands for says nothing to this question, or not yes.',
  grade_too_low: 'The service asks for a stronger proof.',
} as const;
export type PasskeyRefusal = keyof typeof PASSKEY_REFUSALS;

const bytes = (max: number): z.ZodString =>
  z
    .string()
    .regex(/^[\w-]+$/, 'must be base64url without padding')
    .max(max);
const ID_CHARACTERS_MAX = 1_364;
const CLIENT_DATA_CHARACTERS_MAX = 8_192;
const OBJECT_CHARACTERS_MAX = 16_384;

/** As `PublicKeyCredential.toJSON()` writes them; what else it holds is not looked at. */
export const RegistrationSchema = z.object({
  id: bytes(ID_CHARACTERS_MAX),
  type: z.literal('public-key'),
  response: z.object({ clientDataJSON: bytes(CLIENT_DATA_CHARACTERS_MAX), attestationObject: bytes(OBJECT_CHARACTERS_MAX) }),
});
export type Registration = z.output<typeof RegistrationSchema>;

export const AssertionSchema = z.object({
  id: bytes(ID_CHARACTERS_MAX),
  type: z.literal('public-key'),
  response: z.object({
    clientDataJSON: bytes(CLIENT_DATA_CHARACTERS_MAX),
    authenticatorData: bytes(OBJECT_CHARACTERS_MAX),
    signature: bytes(OBJECT_CHARACTERS_MAX),
  }),
});
export type Assertion = z.output<typeof AssertionSchema>;

/** WebAuthn, section 5.8.1. Members that are not named are allowed by the specification. */
export const ClientDataSchema = z.object({
  type: z.string(),
  challenge: z.string(),
  origin: z.string(),
  crossOrigin: z.boolean().optional(),
  topOrigin: z.string().optional(),
});

export const CreationOptionsSchema = z.object({
  challenge: z.string(),
  rp: z.object({ id: z.string(), name: z.string() }),
  user: z.object({ id: z.string(), name: z.string(), displayName: z.string() }),
  pubKeyCredParams: z.array(z.object({ type: z.literal('public-key'), alg: z.number() })),
  timeout: z.number(),
  attestation: z.literal('none'),
  authenticatorSelection: z.object({ residentKey: z.literal('required'), requireResidentKey: z.literal(true), userVerification: z.literal('required') }),
});
export type CreationOptions = z.output<typeof CreationOptionsSchema>;

export const RequestOptionsSchema = z.object({
  challenge: z.string(),
  rpId: z.string(),
  timeout: z.number(),
  userVerification: z.literal('required'),
  allowCredentials: z.array(z.never()),
});
export type RequestOptions = z.output<typeof RequestOptionsSchema>;
