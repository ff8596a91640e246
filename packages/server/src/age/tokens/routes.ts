import { GatehouseError, toProblem } from '../../platform/errors.ts';
import type { AppContext } from '../../platform/context.ts';
import { json } from '../../platform/http/reply.ts';
import { defineRoute, type Exchange, type Route } from '../../platform/http/route.ts';
import { DirectorySchema, RedeemedSchema, SessionQuerySchema, TOKEN_REFUSALS, type TokenRefusal } from './schema.ts';
import type { TokenService } from './service.ts';
import { formatChallenges, parseAuthorization, REQUEST_BYTES } from './wire.ts';

/** RFC 9578, section 4. */
const DIRECTORY_PATH = '/.well-known/private-token-issuer-directory';
const DIRECTORY_TYPE = 'application/private-token-issuer-directory';
/** RFC 9578, sections 6.1 and 6.2. */
const REQUEST_TYPE = 'application/private-token-request';
const RESPONSE_TYPE = 'application/private-token-response';
const DIRECTORY_MAX_AGE_S = 300;

export function routes(service: TokenService, _context: AppContext): readonly Route[] {
  return [directoryRoute(service), issueRoute(service), redeemRoute(service)];
}

function directoryRoute(service: TokenService): Route {
  return defineRoute({
    method: 'get',
    path: DIRECTORY_PATH,
    right: 'public',
    ignoresCredentials: true,
    tag: 'age',
    summary: 'The public keys of age tokens (RFC 9578, section 4)',
    description: 'The same for everybody: one key for each question, grade and epoch.',
    responses: { 200: { description: 'Keys that issue, and keys that are still taken', contentType: DIRECTORY_TYPE, schema: DirectorySchema } },
    handle: async () =>
      json(await service.directory(), {
        headers: {
          'content-type': DIRECTORY_TYPE,
          'cache-control': `public, max-age=${DIRECTORY_MAX_AGE_S}`,
          'access-control-allow-origin': '*',
          'cross-origin-resource-policy': 'cross-origin',
        },
      }),
  });
}

function issueRoute(service: TokenService): Route {
  return defineRoute({
    method: 'post',
    path: '/v1/age/tokens',
    right: 'public',
    ignoresCredentials: true,
    tag: 'age',
    summary: 'One blind signature for an age token (RFC 9578, section 6)',
    description: 'For the browser that has just completed the age check named in `session`, a few times.',
    query: SessionQuerySchema,
    rawBody: { kind: 'stream', contentTypes: [REQUEST_TYPE], description: 'TokenRequest, 259 bytes' },
    responses: { 200: { description: 'TokenResponse, 256 bytes', contentType: RESPONSE_TYPE } },
    async handle(exchange) {
      const request = await readRequest(exchange);
      const response = await service.issue({ sessionId: exchange.query.session, proof: exchange }, request);
      return new Response(Uint8Array.from(response), { headers: { 'content-type': RESPONSE_TYPE } });
    },
  });
}

async function readRequest({ incoming, header }: Pick<Exchange, 'incoming' | 'header'>): Promise<Uint8Array> {
  if (header('content-type')?.toLowerCase() !== REQUEST_TYPE) throw new GatehouseError('unsupported_media_type', `The content type must be ${REQUEST_TYPE}.`);
  const chunks: Buffer[] = [];
  let sizeBytes = 0;
  for await (const chunk of incoming as AsyncIterable<Buffer>) {
    sizeBytes += chunk.length;
    if (sizeBytes > REQUEST_BYTES) throw new GatehouseError('too_large', `A token request has ${REQUEST_BYTES} bytes. No token was issued.`);
    chunks.push(chunk);
  }
  return Buffer.concat(chunks);
}

function redeemRoute(service: TokenService): Route {
  return defineRoute({
    method: 'post',
    path: '/v1/age/tokens/redeem',
    right: 'public',
    ignoresCredentials: true,
    tag: 'age',
    summary: 'Completes an open age check with a token (RFC 9577)',
    description: 'Without a token, or with one that is not taken, the answer is 401 and names the challenges in WWW-Authenticate.',
    query: SessionQuerySchema,
    requestHeaders: { authorization: 'PrivateToken token="…"' },
    responses: {
      200: { description: 'The age check is completed; the token is used up', schema: RedeemedSchema },
      401: { description: 'A token is needed, or this one was not taken; `reason` says why', headers: { 'www-authenticate': 'PrivateToken challenges' } },
    },
    async handle(exchange) {
      const asked = { sessionId: exchange.query.session, proof: exchange };
      const header = exchange.header('authorization');
      const token = header === undefined ? undefined : parseAuthorization(header);
      if (header === undefined) return challenge(service, asked, undefined);
      const redeemed = token === undefined ? ({ kind: 'refused', reason: 'malformed' } as const) : await service.redeem(asked, token);
      return redeemed.kind === 'completed' ? json({ status: 'completed' }) : challenge(service, asked, redeemed.reason);
    },
  });
}

async function challenge(
  service: TokenService,
  asked: Parameters<TokenService['challenge']>[0],
  reason: TokenRefusal | undefined,
): Promise<ReturnType<typeof json>> {
  const alternatives = await service.challenge(asked);
  const detail = reason === undefined ? 'An age token is needed.' : `The age token was not taken. ${TOKEN_REFUSALS[reason]} The age check is still open.`;
  const problem = toProblem(new GatehouseError('unauthenticated', detail, reason === undefined ? {} : { members: { reason } }));
  const headers = { 'content-type': 'application/problem+json' };
  return json(problem, { status: 401, headers: alternatives.length === 0 ? headers : { ...headers, 'www-authenticate': formatChallenges(alternatives) } });
}
