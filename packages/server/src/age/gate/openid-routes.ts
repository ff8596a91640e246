/** OpenID Connect, as clients and browsers see it. */
import { z } from 'zod';
import { isGatehouseError } from '../../platform/errors.ts';
import { json, type Answer } from '../../platform/http/reply.ts';
import { definePage, defineRoute, type Route } from '../../platform/http/route.ts';
import { SessionIdSchema } from '../sessions/schema.ts';
import { FORM_TYPE, readWalletForm } from '../wallet/request-body.ts';
import { OAuthFault, type OpenIdFacade, type Sent } from './openid.ts';
import { AnyQuerySchema, OAuthProblemSchema, OpenIdJwksSchema, TokenReplySchema, type OAuthError } from './schema.ts';

const JWKS_MAX_AGE_S = 300;
const OPEN = { right: 'public', ignoresCredentials: true } as const;
const DOCUMENTED = { ...OPEN, tag: 'age openid' } as const;

export function openIdRoutes(facade: OpenIdFacade): readonly Route[] {
  return [discoveryRoute(facade), jwksRoute(facade), tokenRoute(facade)];
}

export function openIdPages(facade: OpenIdFacade): readonly Route[] {
  return [
    definePage({
      ...OPEN,
      method: 'get',
      path: '/age/oidc/authorize',
      summary: 'The beginning of an age check for an OpenID client',
      query: AnyQuerySchema,
      handle: async ({ query, header, isSecure }) => send(await facade.authorize(query, { proof: { header }, isSecure })),
    }),
    definePage({
      ...OPEN,
      method: 'get',
      path: '/age/oidc/return',
      summary: 'Back to the OpenID client, with a code or an error',
      query: z.object({ age_session: SessionIdSchema }),
      handle: async ({ query, header }) => send(await facade.comeBack(query.age_session, { header })),
    }),
  ];
}

/** To an address of our own, or to one that the client registered. */
function send({ location, cookies }: Sent): Answer {
  // 303: a browser never repeats what it sent (RFC 9700, section 4.12). No referrer: the address that leads away may hold a code.
  const headers = new Headers({ location, 'referrer-policy': 'no-referrer' });
  for (const cookie of cookies) headers.append('set-cookie', cookie);
  return new Response(null, { status: 303, headers });
}

function discoveryRoute(facade: OpenIdFacade): Route {
  return defineRoute({
    ...DOCUMENTED,
    method: 'get',
    path: '/.well-known/openid-configuration',
    summary: 'What an OpenID client needs to know (OpenID Connect Discovery 1.0)',
    responses: { 200: { description: 'The metadata', schema: z.record(z.string(), z.unknown()) } },
    handle: async () => json(describe(facade.issuer()), { headers: { 'cache-control': `public, max-age=${JWKS_MAX_AGE_S}` } }),
  });
}

function describe(issuer: string): Readonly<Record<string, unknown>> {
  return {
    issuer,
    authorization_endpoint: `${issuer}/age/oidc/authorize`,
    token_endpoint: `${issuer}/age/oidc/token`,
    jwks_uri: `${issuer}/age/oidc/jwks`,
    response_types_supported: ['code'],
    response_modes_supported: ['query'],
    grant_types_supported: ['authorization_code'],
    subject_types_supported: ['pairwise'],
    id_token_signing_alg_values_supported: ['ES256'],
    token_endpoint_auth_methods_supported: ['client_secret_basic', 'client_secret_post', 'none'],
    code_challenge_methods_supported: ['S256'],
    // Examples: any number from 1 to 99 can be asked for.
    scopes_supported: ['openid', 'age_over:16', 'age_over:18', 'age_under:13'],
    claims_supported: ['iss', 'sub', 'aud', 'iat', 'exp', 'auth_time', 'nonce', 'age_over_16', 'age_over_18', 'age_under_13', 'method_grade', 'method'],
    claims_parameter_supported: false,
    request_parameter_supported: false,
    request_uri_parameter_supported: false,
    authorization_response_iss_parameter_supported: true,
  };
}

function jwksRoute(facade: OpenIdFacade): Route {
  return defineRoute({
    ...DOCUMENTED,
    method: 'get',
    path: '/age/oidc/jwks',
    summary: 'The public keys of ID tokens',
    responses: { 200: { description: 'A JSON Web Key Set', schema: OpenIdJwksSchema } },
    handle: async () => json(facade.jwks(), { headers: { 'cache-control': `public, max-age=${JWKS_MAX_AGE_S}` } }),
  });
}

function tokenRoute(facade: OpenIdFacade): Route {
  return defineRoute({
    right: 'public',
    ignoresCredentials: true,
    tag: 'age openid',
    method: 'post',
    path: '/age/oidc/token',
    summary: 'Exchange a code for an ID token (RFC 6749, section 4.1.3)',
    description: 'The client shows who it is by `client_secret_basic`, `client_secret_post` or, when public, by PKCE alone. A code works once, for 60 seconds.',
    rawBody: {
      kind: 'stream',
      contentTypes: [FORM_TYPE],
      description: '`grant_type=authorization_code`, `code`, `redirect_uri`, `code_verifier`, `client_id`',
    },
    responses: {
      200: { description: 'The ID token', schema: TokenReplySchema },
      400: { description: 'An error as OAuth has it', schema: OAuthProblemSchema },
      401: { description: 'The client did not show who it is', schema: OAuthProblemSchema },
    },
    async handle(exchange) {
      const authorization = exchange.header('authorization');
      try {
        return json(await facade.redeem(authorization, await readWalletForm(exchange)), { headers: { pragma: 'no-cache' } });
      } catch (error) {
        if (error instanceof OAuthFault) return refuse(error.code, error.message, authorization !== undefined);
        // Whatever is wrong with the body is a malformed request to a client, not a problem of ours.
        if (isGatehouseError(error) && error.status < 500) return refuse('invalid_request', 'the body is not a form with each field once');
        throw error;
      }
    },
  });
}

/** RFC 6749, section 5.2: who tried the Authorization header is told of it there. */
function refuse(error: OAuthError, description: string, isByHeader = false): Answer {
  const headers = isByHeader && error === 'invalid_client' ? { 'www-authenticate': 'Basic realm="age"' } : {};
  return json({ error, error_description: description }, { status: error === 'invalid_client' ? 401 : 400, headers });
}
