/**
 * OpenID Connect for services that speak nothing else: authorization code with PKCE (OpenID Connect Core 1.0, RFC 7636, RFC 9700). Behind it is an
 * ordinary age check; what comes out is an ID token about one check, with a subject that is drawn for it and kept nowhere.
 */
import { createHash } from 'node:crypto';
import type { AppContext } from '../../platform/context.ts';
import { GatehouseError } from '../../platform/errors.ts';
import { randomHex } from '../../platform/ids.ts';
import { isVoided } from '../results/rules.ts';
import { hashSecret, isSecretOf, newSecret } from '../sessions/secrets.ts';
import type { AgeResult, AgeSessions, BrowserProof } from '../sessions/schema.ts';
import { addToAddress, claimNameOf, readAuthorization, readClientProof, readTokenRequest, scopeOf, type Asked } from './openid-rules.ts';
import type { OpenIdSigner } from './openid-key.ts';
import { ClientIdSchema, type AnyQuery, type OAuthError, type OpenIdJwks, type TokenReply } from './schema.ts';
import { deleteFlow, findClient, findFlow, giveCode, insertFlow, takeCode, type ClientRow, type FlowRow } from './store.ts';

/** RFC 6749 recommends at most ten minutes; a redirect takes a second. */
const CODE_LIFE_S = 60;
const ID_TOKEN_LIFE_S = 300;
const SUBJECT_BYTES = 16;

/** An error as OAuth has it, on its way to a client. */
export class OAuthFault extends Error {
  override readonly name = 'OAuthFault';
  readonly code: OAuthError;

  constructor(code: OAuthError, description: string) {
    super(description);
    this.code = code;
  }
}

/** Where the browser goes, and what it is given on the way. */
export interface Sent {
  readonly location: string;
  readonly cookies: readonly string[];
}

export interface OpenIdFacade {
  /** Opens an age check, or sends the browser back with an error. @throws {GatehouseError} `invalid_request` when it is not known where to */
  authorize(query: AnyQuery, browser: { readonly proof: BrowserProof; readonly isSecure: boolean }): Promise<Sent>;
  /** After the check: back to the client, with a code or an error. @throws {GatehouseError} `not_found`, `gone` */
  comeBack(sessionId: string, proof: BrowserProof): Promise<Sent>;
  /** @throws {OAuthFault} */
  redeem(authorization: string | undefined, form: Readonly<Record<string, string>>): Promise<TokenReply>;
  issuer(): string;
  jwks(): OpenIdJwks;
}

export interface OpenIdParts {
  readonly context: Pick<AppContext, 'database' | 'clock' | 'publicUrl'>;
  readonly sessions: Pick<AgeSessions, 'open' | 'enter' | 'findOwn' | 'findResult'>;
  readonly signer: OpenIdSigner;
  readonly generation: () => Promise<number>;
}

export function createOpenIdFacade(parts: OpenIdParts): OpenIdFacade {
  return {
    authorize: (query, browser) => authorize(parts, query, browser),
    comeBack: (sessionId, proof) => comeBack(parts, sessionId, proof),
    redeem: (authorization, form) => redeem(parts, authorization, form),
    issuer: () => parts.context.publicUrl(),
    jwks: () => parts.signer.jwks,
  };
}

async function authorize(parts: OpenIdParts, query: AnyQuery, browser: { readonly proof: BrowserProof; readonly isSecure: boolean }): Promise<Sent> {
  const client = await findKnownClient(parts, query['client_id']);
  const read = readAuthorization(query, client.redirect_uris);
  if (read.kind === 'refused') throw new GatehouseError('invalid_request', read.reason, { errors: [{ at: '?redirect_uri', message: 'not registered' }] });
  if (read.kind === 'error') return sendBack(parts, read.redirectUri, { state: read.state, error: read.error, error_description: read.description });
  return openCheck(parts, { client, asked: read.asked }, browser);
}

async function findKnownClient({ context }: OpenIdParts, id: unknown): Promise<ClientRow> {
  const parsed = ClientIdSchema.safeParse(id);
  const client = parsed.success ? await findClient(context.database.sql, parsed.data) : undefined;
  if (client !== undefined) return client;
  throw new GatehouseError('invalid_request', 'This client is not registered here. Nobody was asked for an age.', {
    errors: [{ at: '?client_id', message: 'there is no such client; `gatehouse age client list` lists them' }],
  });
}

async function openCheck(
  parts: OpenIdParts,
  { client, asked }: { readonly client: ClientRow; readonly asked: Asked },
  browser: { readonly proof: BrowserProof; readonly isSecure: boolean },
): Promise<Sent> {
  const { database, publicUrl } = parts.context;
  const opened = await parts.sessions.open(
    {
      ...asked.question,
      service: client.service,
      returnUrl: `${publicUrl()}/age/oidc/return`,
      minGrade: client.min_grade,
      locale: asked.locale ?? 'und',
    },
    { returnsHere: true },
  );
  await insertFlow(database.sql, {
    session_id: opened.id,
    client_id: client.id,
    redirect_uri: asked.redirectUri,
    state: asked.state ?? null,
    nonce: asked.nonce ?? null,
    code_challenge: asked.codeChallenge,
  });
  // Bound before anybody could pass the address of the page on: only the browser that the client sent can answer.
  const entry = await parts.sessions.enter(opened.id, browser.proof, { isSecure: browser.isSecure, mayBind: true });
  return { location: opened.url, cookies: entry.kind === 'bound' ? entry.cookies : [] };
}

async function comeBack(parts: OpenIdParts, sessionId: string, proof: BrowserProof): Promise<Sent> {
  const { database, clock } = parts.context;
  await parts.sessions.findOwn(sessionId, proof);
  const flow = await findFlow(database.sql, sessionId);
  if (flow === undefined) throw gone();
  const refusal = await findRefusal(parts, sessionId);
  if (refusal !== undefined) {
    if (!(await deleteFlow(database.sql, sessionId))) throw gone();
    return sendBack(parts, flow.redirect_uri, { state: flow.state ?? undefined, error: 'access_denied', error_description: refusal });
  }
  const code = newSecret();
  const expiresAt = new Date(clock.now().getTime() + CODE_LIFE_S * 1000);
  if (!(await giveCode(database.sql, sessionId, { hash: hashSecret(code), expiresAt }))) throw gone();
  return sendBack(parts, flow.redirect_uri, { state: flow.state ?? undefined, code });
}

function gone(): GatehouseError {
  return new GatehouseError('gone', 'This answer was given to the service before. Go back to the service.');
}

async function findRefusal(parts: OpenIdParts, sessionId: string): Promise<string | undefined> {
  const result = await parts.sessions.findResult(sessionId);
  if (result === undefined) return 'the person did not answer';
  if (result.result === 'inconclusive') return 'the age check gave no clear answer';
  return isVoided(result, await parts.generation()) ? 'the proof of age is no longer trusted' : undefined;
}

/** `iss`: RFC 9207. */
function sendBack(parts: OpenIdParts, redirectUri: string, values: Readonly<Record<string, string | undefined>>): Sent {
  return { location: addToAddress(redirectUri, { ...values, iss: parts.context.publicUrl() }), cookies: [] };
}

async function redeem(parts: OpenIdParts, authorization: string | undefined, form: Readonly<Record<string, string>>): Promise<TokenReply> {
  const client = await authenticate(parts, authorization, form);
  const request = readTokenRequest(form);
  if ('fault' in request) throw new OAuthFault(...request.fault);
  // Taken before it is looked at: whatever is wrong with the request, the code is used up.
  const flow = await takeCode(parts.context.database.sql, hashSecret(request.code));
  if (flow === undefined || !isFor(parts, flow, { client, ...request }))
    throw new OAuthFault('invalid_grant', 'the code is unknown, used, expired or not for this request');
  const result = await parts.sessions.findResult(flow.session_id);
  if (result === undefined || result.result === 'inconclusive' || isVoided(result, await parts.generation()))
    throw new OAuthFault('invalid_grant', 'the age check behind the code is no longer valid');
  return issue(parts, flow, result);
}

async function authenticate(parts: OpenIdParts, authorization: string | undefined, form: Readonly<Record<string, string>>): Promise<ClientRow> {
  const proof = readClientProof(authorization, form);
  if ('fault' in proof) throw new OAuthFault(...proof.fault);
  const { clientId, secret } = proof;
  const client = ClientIdSchema.safeParse(clientId).success ? await findClient(parts.context.database.sql, clientId) : undefined;
  const isKnown = client?.secret_hash === null ? secret === undefined : isSecretOf(secret, client?.secret_hash ?? null);
  if (client === undefined || !isKnown) throw new OAuthFault('invalid_client', 'the client is unknown, or its secret is wrong');
  return client;
}

interface Claimed {
  readonly client: ClientRow;
  readonly redirectUri: string;
  readonly codeVerifier: string;
}

function isFor({ context }: OpenIdParts, flow: FlowRow, { client, redirectUri, codeVerifier }: Claimed): boolean {
  const isInTime = flow.code_expires_at !== null && context.clock.now() < flow.code_expires_at;
  const challenge = createHash('sha256').update(codeVerifier).digest('base64url');
  return isInTime && flow.client_id === client.id && flow.redirect_uri === redirectUri && flow.code_challenge === challenge;
}

async function issue(parts: OpenIdParts, flow: FlowRow, result: AgeResult): Promise<TokenReply> {
  const iat = Math.floor(parts.context.clock.now().getTime() / 1000);
  const idToken = await parts.signer.sign({
    iss: parts.context.publicUrl(),
    aud: flow.client_id,
    // Another one for every check: a service that wants to know somebody again has its own accounts for that.
    sub: randomHex(SUBJECT_BYTES),
    ...(flow.nonce === null ? {} : { nonce: flow.nonce }),
    iat,
    exp: iat + ID_TOKEN_LIFE_S,
    auth_time: Math.floor(result.completedAt.getTime() / 1000),
    [claimNameOf(result)]: result.result === 'true',
    method_grade: result.grade,
    method: result.method,
  });
  return { access_token: newSecret(), token_type: 'Bearer', expires_in: ID_TOKEN_LIFE_S, id_token: idToken, scope: `openid ${scopeOf(result)}` };
}
