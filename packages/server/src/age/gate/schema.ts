/** Words and shapes of enforcement: OpenID clients, tokens, and what a reverse proxy asks. */
import { z } from 'zod';
import { OwnServiceIdSchema, ServiceIdSchema, type AgeQuestion, type Grade } from '../sessions/schema.ts';

export const DEFAULT_GRADE = 2;
const REDIRECT_URIS_MAX = 20;
const URL_LENGTH_MAX = 2000;
const LOOPBACK = /^(localhost|127\.\d{1,3}\.\d{1,3}\.\d{1,3}|\[::1\])$/;

/** No fragment (RFC 6749, section 3.1.2), no name or password, and nothing in the clear but on this machine (RFC 9700, section 2.6). */
function isRedirectUri(text: string): boolean {
  if (!URL.canParse(text) || text.includes('#')) return false;
  const { protocol, hostname, username, password } = new URL(text);
  if (username !== '' || password !== '') return false;
  return protocol === 'https:' || (protocol === 'http:' && LOOPBACK.test(hostname));
}

export const ClientIdSchema = z.string().regex(/^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$/, 'letters, digits, dots, hyphens and underscores, at most 64');
const GradeSchema = z.number().int().min(0).max(4);

export const ClientSchema = z
  .object({
    id: ClientIdSchema.optional().describe('The `client_id`; default: the id of the service.'),
    service: OwnServiceIdSchema.describe('The relying service in whose name people are asked.'),
    redirectUris: z
      .array(z.string().max(URL_LENGTH_MAX).refine(isRedirectUri, 'an https address without a fragment; http only on this machine'))
      .min(1)
      .max(REDIRECT_URIS_MAX)
      .describe('Compared character by character.'),
    isPublic: z.boolean().default(false).describe('True for a client that can keep no secret, such as an app.'),
    newSecret: z.boolean().default(false).describe('Replaces the secret of a client that has one.'),
    minGrade: GradeSchema.default(DEFAULT_GRADE).describe('A result of a lower grade is inconclusive.'),
  })
  .strict()
  .meta({ id: 'PutAgeClient' });
export type ClientInput = z.output<typeof ClientSchema>;

export const ClientViewSchema = z
  .object({
    id: z.string(),
    service: ServiceIdSchema,
    redirectUris: z.array(z.string()),
    isPublic: z.boolean(),
    minGrade: GradeSchema,
    createdAt: z.iso.datetime(),
    clientSecret: z.string().optional().describe('Shown this once.'),
  })
  .meta({ id: 'AgeClient' });
export type ClientView = z.output<typeof ClientViewSchema>;

/** RFC 6749, sections 4.1.2.1 and 5.2; OpenID Connect Core 1.0, section 3.1.2.6. */
export const OAUTH_ERRORS = [
  'invalid_request',
  'invalid_client',
  'invalid_grant',
  'unsupported_grant_type',
  'unsupported_response_type',
  'invalid_scope',
  'access_denied',
  'interaction_required',
  'request_not_supported',
  'request_uri_not_supported',
  'temporarily_unavailable',
] as const;
export type OAuthError = (typeof OAUTH_ERRORS)[number];

export const OAuthProblemSchema = z.object({ error: z.enum(OAUTH_ERRORS), error_description: z.string() }).meta({ id: 'OAuthError' });

export const TokenReplySchema = z
  .object({
    access_token: z.string().describe('Opens nothing; OAuth wants one.'),
    token_type: z.literal('Bearer'),
    expires_in: z.number().int(),
    id_token: z.string(),
    scope: z.string(),
  })
  .meta({ id: 'AgeTokenReply' });
export type TokenReply = z.output<typeof TokenReplySchema>;

export const OpenIdJwksSchema = z
  .object({
    keys: z.array(
      z.object({
        kty: z.literal('EC'),
        crv: z.literal('P-256'),
        x: z.string(),
        y: z.string(),
        kid: z.string(),
        alg: z.literal('ES256'),
        use: z.literal('sig'),
      }),
    ),
  })
  .meta({ id: 'AgeOpenIdJwks' });
export type OpenIdJwks = z.output<typeof OpenIdJwksSchema>;

/** A query as it came: anything may stand twice. */
export const AnyQuerySchema = z.record(z.string(), z.union([z.string(), z.array(z.string())]));
export type AnyQuery = z.output<typeof AnyQuerySchema>;

const AgeSchema = z.coerce.number().int().min(1).max(99);

/** What the operator of a reverse proxy asks for, in the address that the proxy calls. */
export const GateQuerySchema = z
  .object({
    service: ServiceIdSchema.describe('The relying service; what it admits, no other service does.'),
    over: AgeSchema.optional().describe('Must be this old or older.'),
    under: AgeSchema.optional().describe('Must be younger than this.'),
    grade: z.coerce.number().int().min(0).max(4).default(DEFAULT_GRADE).describe('Least grade of a yes.'),
  })
  .refine(({ over, under }) => (over === undefined) !== (under === undefined), 'exactly one of over and under')
  .transform(({ service, over, under, grade }) => ({ service, question: toQuestion(over, under), minGrade: grade as Grade }));
export type GatePolicy = z.output<typeof GateQuerySchema>;

function toQuestion(over: number | undefined, under: number | undefined): AgeQuestion {
  return over === undefined ? { threshold: under ?? 0, direction: 'under' } : { threshold: over, direction: 'over' };
}

/** What a browser shows afterwards. */
export interface GatePass {
  readonly result: 'true' | 'false';
  readonly grade: Grade;
}

export type GateVerdict = { readonly kind: 'passed' | 'no'; readonly pass: GatePass } | { readonly kind: 'ask' };
