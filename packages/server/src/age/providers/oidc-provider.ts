/**
 * Any OpenID Connect provider: authorization code flow with PKCE (OpenID Connect Core 1.0 section 3.1, RFC 7636). The answer is read from
 * the ID token, or from the userinfo endpoint when it is not in there. What the token says about the person besides the answer is dropped.
 */
import { createHash } from 'node:crypto';
import { createLocalJWKSet, errors, jwtVerify, type JSONWebKeySet, type JWTPayload } from 'jose';
import { z } from 'zod';
import { AnswerFieldSchema, readAnswer } from './answer-rules.ts';
import { readPath, readReply } from './json-rules.ts';
import { ProviderFault, type Declaration, type ProviderReturn, type ProviderStart, type ProviderTools, type RedirectProvider } from './schema.ts';

export const OidcSettingsSchema = z.strictObject({
  issuer: z.url(),
  clientId: z.string().min(1).max(500),
  /** Read from `clientSecretFile`; a public client has none. */
  clientSecret: z.string().min(1).optional(),
  scope: z.string().default('openid'),
  /** What is asked for, and what must then stand in `acr`: one of these words. */
  acrValues: z.array(z.string().min(1)).default([]),
  /** The `claims` parameter (Core section 5.5), as JSON; `{threshold}` stands for the number. */
  claims: z.string().max(4000).optional(),
  answer: AnswerFieldSchema,
});
export type OidcSettings = z.output<typeof OidcSettingsSchema>;

const MetadataSchema = z.object({
  issuer: z.string(),
  authorization_endpoint: z.url(),
  token_endpoint: z.url(),
  jwks_uri: z.url(),
  userinfo_endpoint: z.url().optional(),
});
type Metadata = z.output<typeof MetadataSchema>;

const ALGORITHMS = ['ES256', 'ES384', 'ES512', 'PS256', 'PS384', 'PS512', 'RS256', 'RS384', 'RS512', 'EdDSA', 'Ed25519'];
const METADATA_TTL_MS = 600_000;
const CLOCK_TOLERANCE_S = 60;

export interface OidcParts {
  readonly id: string;
  readonly declaration: Declaration;
  readonly settings: OidcSettings;
  readonly tools: ProviderTools;
}

export function createOidcProvider({ id, declaration, settings, tools }: OidcParts): RedirectProvider {
  const readMetadata = createMetadataReader(settings, tools);
  return {
    id,
    declaration,
    mode: 'redirect',
    async start(start) {
      const { authorization_endpoint: endpoint } = (await readMetadata()).metadata;
      const url = new URL(endpoint);
      for (const [name, value] of Object.entries(toParameters(settings, start))) url.searchParams.set(name, value);
      return { redirectUrl: url.href };
    },
    async finish(back) {
      const { query, start } = back;
      if (query.get('error') !== null) return { outcome: query.get('error') === 'access_denied' ? 'declined' : 'inconclusive' };
      const known = await readMetadata();
      // RFC 9207: a mixed-up answer of another provider.
      if (query.has('iss') && query.get('iss') !== known.metadata.issuer) throw fake('It came from another issuer.');
      const tokens = readReply(await tools.send(toTokenCall(settings, known.metadata, back)));
      const claims = await verifyIdToken(readPath(tokens, 'id_token'), { settings, keys: known.keys, start, now: tools.now() });
      if (settings.acrValues.length > 0 && !settings.acrValues.includes(String(claims['acr']))) return { outcome: 'inconclusive' };
      const options = { question: start.question, basis: declaration.basis, now: tools.now() };
      const answer = readAnswer(claims, settings.answer, options);
      if (answer.outcome !== 'inconclusive' || known.metadata.userinfo_endpoint === undefined) return answer;
      const more = await readUserinfo(known.metadata.userinfo_endpoint, { tokens, subject: claims.sub, tools });
      return more === undefined ? answer : readAnswer(more, settings.answer, options);
    },
    checkHealth: () =>
      readMetadata().then(
        () => true,
        () => false,
      ),
  };
}

function toParameters({ clientId, scope, acrValues, claims }: OidcSettings, start: ProviderStart): Record<string, string> {
  const fill = (text: string): string => text.replaceAll('{threshold}', String(start.question.threshold));
  return {
    response_type: 'code',
    client_id: clientId,
    redirect_uri: start.callbackUrl,
    scope: fill(scope),
    state: start.state,
    nonce: start.nonce,
    code_challenge: createHash('sha256').update(start.codeVerifier).digest('base64url'),
    code_challenge_method: 'S256',
    ui_locales: start.locale,
    ...(acrValues.length === 0 ? {} : { acr_values: acrValues.join(' ') }),
    ...(claims === undefined ? {} : { claims: fill(claims) }),
  };
}

interface Known {
  readonly metadata: Metadata;
  readonly keys: JSONWebKeySet;
}

/** The provider's addresses and keys, read again after ten minutes: a key that it withdrew is not believed for longer. */
function createMetadataReader({ issuer }: OidcSettings, tools: ProviderTools): () => Promise<Known> {
  let known: { readonly value: Known; readonly untilMs: number } | undefined;
  const get = async (url: string): Promise<unknown> => readReply(await tools.send({ url, method: 'GET', headers: { accept: 'application/json' } }));
  return async () => {
    if (known !== undefined && tools.now().getTime() < known.untilMs) return known.value;
    const parsed = MetadataSchema.safeParse(await get(`${issuer.replace(/\/$/, '')}/.well-known/openid-configuration`));
    if (!parsed.success || parsed.data.issuer !== issuer)
      throw new ProviderFault('answer_not_understood', "The provider's metadata are incomplete, or of another issuer.");
    const keys = await get(parsed.data.jwks_uri);
    if (!Array.isArray(readPath(keys, 'keys'))) throw new ProviderFault('answer_not_understood', 'The provider published no keys.');
    known = { value: { metadata: parsed.data, keys: keys as JSONWebKeySet }, untilMs: tools.now().getTime() + METADATA_TTL_MS };
    return known.value;
  };
}

function toTokenCall(
  { clientId, clientSecret }: OidcSettings,
  { token_endpoint: url }: Metadata,
  { query, start }: ProviderReturn,
): Parameters<ProviderTools['send']>[0] {
  const code = query.get('code');
  if (code === null || code === '') throw fake('There is no code in it.');
  const form = new URLSearchParams({ grant_type: 'authorization_code', code, redirect_uri: start.callbackUrl, code_verifier: start.codeVerifier });
  const encode = (text: string): string => new URLSearchParams({ t: text }).toString().slice(2);
  if (clientSecret === undefined) form.set('client_id', clientId);
  return {
    url,
    method: 'POST',
    headers: {
      'content-type': 'application/x-www-form-urlencoded',
      accept: 'application/json',
      // RFC 6749 section 2.3.1: both are form-encoded first.
      ...(clientSecret === undefined ? {} : { authorization: `Basic ${Buffer.from(`${encode(clientId)}:${encode(clientSecret)}`).toString('base64')}` }),
    },
    body: form.toString(),
  };
}

interface Expected {
  readonly settings: OidcSettings;
  readonly keys: JSONWebKeySet;
  readonly start: ProviderStart;
  readonly now: Date;
}

async function verifyIdToken(token: unknown, { settings, keys, start, now }: Expected): Promise<JWTPayload> {
  if (typeof token !== 'string') throw new ProviderFault('answer_not_understood', 'The provider gave no ID token.');
  try {
    const { payload } = await jwtVerify(token, createLocalJWKSet(keys), {
      issuer: settings.issuer,
      audience: settings.clientId,
      algorithms: ALGORITHMS,
      clockTolerance: CLOCK_TOLERANCE_S,
      currentDate: now,
      requiredClaims: ['exp', 'iat', 'sub', 'nonce'],
    });
    if (payload['nonce'] !== start.nonce) throw fake('Its nonce is of another flow.');
    if (payload['azp'] !== undefined && payload['azp'] !== settings.clientId) throw fake('It was made for another client.');
    return payload;
  } catch (cause) {
    if (cause instanceof ProviderFault) throw cause;
    throw new ProviderFault('answer_not_authentic', `The ID token was refused: ${cause instanceof errors.JOSEError ? cause.code : 'it cannot be read'}.`, {
      cause,
    });
  }
}

async function readUserinfo(
  url: string,
  { tokens, subject, tools }: { readonly tokens: unknown; readonly subject: string | undefined; readonly tools: ProviderTools },
): Promise<unknown> {
  const accessToken = readPath(tokens, 'access_token');
  if (typeof accessToken !== 'string') return undefined;
  const info = readReply(await tools.send({ url, method: 'GET', headers: { authorization: `Bearer ${accessToken}`, accept: 'application/json' } }));
  // Core section 5.3.2: of another subject it must not be used.
  if (readPath(info, 'sub') !== subject) throw fake('The userinfo is about somebody else.');
  return info;
}

function fake(why: string): ProviderFault {
  return new ProviderFault('answer_not_authentic', `The provider's answer was refused. ${why}`);
}
