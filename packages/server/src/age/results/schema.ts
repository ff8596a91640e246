/** The signed result: what a service gets, and all that it gets. */
import { z } from 'zod';
import { RESULTS, ServiceIdSchema, SessionIdSchema } from '../sessions/schema.ts';

export const RESULT_TYPE = 'gatehouse-age+jwt';
export const RESULT_ALGORITHM = 'EdDSA';

export const ResultClaimsSchema = z
  .object({
    iss: z.string(),
    aud: ServiceIdSchema,
    sid: SessionIdSchema,
    over: z.number().int().min(1).max(99).optional(),
    under: z.number().int().min(1).max(99).optional(),
    result: z.enum(RESULTS),
    grade: z.number().int().min(0).max(4),
    method: z.string(),
    iat: z.number().int(),
    exp: z.number().int(),
    nonce: z.string().optional(),
  })
  .strict()
  .refine(({ over, under }) => (over === undefined) !== (under === undefined), 'exactly one of over and under')
  .meta({ id: 'AgeResultClaims' });
export type ResultClaims = z.output<typeof ResultClaimsSchema>;

export const AgeJwksSchema = z
  .object({
    keys: z.array(
      z.object({
        kty: z.literal('OKP'),
        crv: z.literal('Ed25519'),
        x: z.string(),
        kid: z.string(),
        alg: z.literal(RESULT_ALGORITHM),
        use: z.literal('sig'),
      }),
    ),
  })
  .meta({ id: 'AgeJwks' });
export type AgeJwks = z.output<typeof AgeJwksSchema>;

export const RESULT_FAULTS = [
  'malformed',
  'unknown_key',
  'bad_signature',
  'wrong_issuer',
  'wrong_audience',
  'not_yet_valid',
  'expired',
  'wrong_nonce',
  'wrong_session',
  'wrong_question',
  'unknown',
  'voided',
  'not_returned',
  'used',
] as const;
export type ResultFault = (typeof RESULT_FAULTS)[number];

export const VerifyResultSchema = z
  .object({
    result: z.string().max(4096).describe('The signed result (JWS).'),
    service: ServiceIdSchema.describe('You: the audience must be this.'),
    session: SessionIdSchema.optional().describe('The session must be this.'),
    nonce: z.string().max(128).optional().describe('The nonce must be this.'),
    returnCode: z.string().max(128).optional().describe('`age_return` of the address at which the person came back: it was the browser that was asked.'),
    once: z.boolean().default(true).describe('Uses the result up: a second call is refused with `used`.'),
  })
  .strict()
  .meta({ id: 'VerifyAgeResult' });
export type VerifyResultInput = z.output<typeof VerifyResultSchema>;

export const ResultCheckSchema = z
  .object({ valid: z.boolean(), reason: z.enum(RESULT_FAULTS).optional(), claims: ResultClaimsSchema.optional() })
  .meta({ id: 'AgeResultCheck' });
export type ResultCheck = z.output<typeof ResultCheckSchema>;
