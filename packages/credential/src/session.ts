/**
 * The central operation: an answer is verified against the session that we opened. The session holds what was asked, the nonce, the addresses and the
 * keys; everything that a signature must be over is built from these again. What comes along with the answer decides nothing.
 */
import { type AgeAnswer, type AgeQuestion, decideAge, decideByBirthDate } from './age.ts';
import { encodeDeviceRequest, encodeEncryptionInfo, openAnnexC, type PrivateJwk } from './annex-c.ts';
import { listWanted, type MdocWanted, type QueryOptions, readVpToken, toDcql, type Wanted } from './dcql.ts';
import { CredentialError } from './errors.ts';
import type { JsonObject } from './jws.ts';
import { type VerifiedAge, verifyMdoc } from './mdoc.ts';
import { clientMetadata, jwkThumbprint, redirectUriClientId, type RequestSigner, signRequest, x509HashClientId } from './openid4vp.ts';
import { decryptResponse } from './response.ts';
import { verifySdJwt } from './sd-jwt.ts';
import type { StatusLists } from './status.ts';
import { dcApiTranscript, openid4vpTranscript } from './transcript.ts';
import type { TrustStore } from './trust.ts';

interface AnySession {
  readonly question: AgeQuestion;
  readonly wanted: readonly Wanted[];
  readonly nonce: string;
}

/** OpenID4VP by link or QR code. All of it is JSON. */
export interface PostSession extends AnySession {
  readonly kind: 'direct_post' | 'direct_post.jwt';
  readonly clientId: string;
  readonly responseUri: string;
  readonly state: string;
  /** Of direct_post.jwt. */
  readonly encryptionKey?: PrivateJwk | undefined;
}

/** The Digital Credentials API: one `get()` offers all protocols. */
export interface DcApiSession extends AnySession {
  readonly kind: 'dc_api';
  /** Of our page, as browsers write it. */
  readonly origin: string;
  /** Of signed requests. */
  readonly clientId: string;
  readonly encryptionKey: PrivateJwk;
  readonly encryptionInfo: string;
}

export type OpenedSession = PostSession | DcApiSession;

/** Randomness comes from the caller. `nonce`: 128 bits or more, base64url. */
export interface SessionInput extends QueryOptions {
  readonly question: AgeQuestion;
  readonly nonce: string;
  readonly encryptionKey: PrivateJwk;
}

/** EU age verification profile: by value, unsigned, not encrypted. */
export function openEuSession(input: SessionInput & { readonly responseUri: string; readonly state: string }): PostSession {
  const { question, nonce, responseUri, state } = input;
  // The profile knows mdoc and nothing else.
  const wanted = listWanted(question, { ...input, sdJwtTypes: [] });
  return { kind: 'direct_post', question, wanted, nonce, clientId: redirectUriClientId(responseUri), responseUri, state };
}

export function openHaipSession(
  input: SessionInput & { readonly responseUri: string; readonly state: string; readonly signer: Pick<RequestSigner, 'chain'> },
): PostSession {
  const { question, nonce, responseUri, state, encryptionKey, signer } = input;
  return {
    kind: 'direct_post.jwt',
    question,
    wanted: listWanted(question, input),
    nonce,
    clientId: x509HashClientId(signer),
    responseUri,
    state,
    encryptionKey,
  };
}

export function openDcApiSession(input: SessionInput & { readonly origin: string; readonly signer: Pick<RequestSigner, 'chain'> }): DcApiSession {
  const { question, nonce, encryptionKey, origin, signer } = input;
  return {
    kind: 'dc_api',
    question,
    wanted: listWanted(question, input),
    nonce,
    origin,
    clientId: x509HashClientId(signer),
    encryptionKey,
    encryptionInfo: encodeEncryptionInfo(Buffer.from(nonce, 'base64url'), encryptionKey),
  };
}

/** The parameters of the authorization request. */
export function toRequest(session: PostSession): JsonObject {
  const { kind, clientId, responseUri, nonce, state, wanted, encryptionKey } = session;
  return {
    response_type: 'vp_token',
    response_mode: kind,
    client_id: clientId,
    response_uri: responseUri,
    nonce,
    state,
    dcql_query: toDcql(wanted),
    client_metadata: clientMetadata(encryptionKey),
  };
}

export interface DcApiRequest {
  readonly protocol: 'org-iso-mdoc' | 'openid4vp-v1-signed' | 'openid4vp-v1-unsigned';
  readonly data: JsonObject;
}

/** For `navigator.credentials.get({ digital: { requests } })`, mdoc first: some wallets refuse OpenID4VP inside the API. */
export async function toDcApiRequests(
  session: DcApiSession,
  signer: RequestSigner,
  times: { readonly now: Date; readonly lifetimeS: number },
): Promise<readonly DcApiRequest[]> {
  const { wanted, nonce, encryptionKey, encryptionInfo, origin, clientId } = session;
  const request = { response_type: 'vp_token', response_mode: 'dc_api.jwt', nonce, dcql_query: toDcql(wanted), client_metadata: clientMetadata(encryptionKey) };
  const signed = await signRequest({ ...request, client_id: clientId, expected_origins: [origin] }, signer, times);
  return [
    { protocol: 'org-iso-mdoc', data: { deviceRequest: encodeDeviceRequest(listMdocs(wanted)), encryptionInfo } },
    { protocol: 'openid4vp-v1-signed', data: { request: signed } },
    { protocol: 'openid4vp-v1-unsigned', data: request },
  ];
}

function listMdocs(wanted: readonly Wanted[]): readonly MdocWanted[] {
  return wanted.filter((one): one is MdocWanted => one.format === 'mso_mdoc');
}

/** What came back. Fields are those of the protocol, not yet looked at. */
export type WalletResponse =
  | { readonly kind: 'direct_post'; readonly vpToken: unknown; readonly state: unknown }
  | { readonly kind: 'direct_post.jwt'; readonly response: unknown }
  | { readonly kind: 'dc_api'; readonly protocol: string; readonly data: unknown };

export interface VerifyOptions {
  readonly trust: TrustStore;
  readonly now: Date;
  readonly statusLists?: StatusLists | undefined;
  readonly maxSkewS?: number | undefined;
}

export type VerifiedPresentation = VerifiedAge & { readonly answer: AgeAnswer };

/** @throws {CredentialError} for everything that is not an authentic answer to this session */
export async function verifyPresentation(session: OpenedSession, response: WalletResponse, options: VerifyOptions): Promise<VerifiedPresentation> {
  const verified = session.kind === 'dc_api' ? await verifyDcApi(session, response, options) : await verifyPost(session, response, options);
  const { question } = session;
  const born = verified.birthDate === undefined ? [] : [decideByBirthDate(verified.birthDate, question.threshold, options.now)];
  const claims = [...verified.claims, ...born];
  if (claims.length === 0) throw new CredentialError('age_missing');
  return { ...verified, birthDate: undefined, claims, answer: decideAge(question, claims) };
}

async function verifyPost(session: PostSession, response: WalletResponse, options: VerifyOptions): Promise<VerifiedAge> {
  if (response.kind !== session.kind) throw new CredentialError(session.kind === 'direct_post.jwt' ? 'response_encryption_missing' : 'response_protocol');
  const { vpToken, state } = readPost(session, response);
  if (state !== session.state) throw new CredentialError('response_state');
  const { clientId, nonce, responseUri, encryptionKey } = session;
  const thumbprint = encryptionKey === undefined ? undefined : jwkThumbprint(encryptionKey);
  const transcript = openid4vpTranscript({ clientId, nonce, responseUri, jwkThumbprint: thumbprint });
  return verifyToken(vpToken, { session, transcript, audience: clientId }, options);
}

function readPost(session: PostSession, response: WalletResponse): { readonly vpToken: unknown; readonly state: unknown } {
  if (response.kind === 'direct_post') return response;
  if (response.kind !== 'direct_post.jwt' || session.encryptionKey === undefined) throw new CredentialError('response_protocol');
  const content = decryptResponse(response.response, session.encryptionKey);
  return { vpToken: content['vp_token'], state: content['state'] };
}

async function verifyDcApi(session: DcApiSession, response: WalletResponse, options: VerifyOptions): Promise<VerifiedAge> {
  if (response.kind !== 'dc_api') throw new CredentialError('response_protocol');
  const { origin, nonce, encryptionKey, clientId } = session;
  if (response.protocol === 'org-iso-mdoc') {
    const { deviceResponse, transcript } = openAnnexC(response.data, { ...session, privateKey: encryptionKey });
    return verifyFirstMdoc(deviceResponse, { session, transcript }, options);
  }
  if (response.protocol !== 'openid4vp-v1-signed' && response.protocol !== 'openid4vp-v1-unsigned') throw new CredentialError('response_protocol');
  const data = response.data;
  const jwe: unknown = typeof data === 'object' && data !== null ? Reflect.get(data, 'response') : undefined;
  if (jwe === undefined) throw new CredentialError('response_encryption_missing');
  const content = decryptResponse(jwe, encryptionKey);
  const transcript = dcApiTranscript({ origin, nonce, jwkThumbprint: jwkThumbprint(encryptionKey) });
  const audience = response.protocol === 'openid4vp-v1-signed' ? clientId : `origin:${origin}`;
  return verifyToken(content['vp_token'], { session, transcript, audience }, options);
}

interface Binding {
  readonly session: OpenedSession;
  readonly transcript: Uint8Array;
  readonly audience: string;
}

function verifyToken(vpToken: unknown, { session, transcript, audience }: Binding, options: VerifyOptions): VerifiedAge {
  const { wanted, presentation } = readVpToken(vpToken, session.wanted);
  if (wanted.format === 'mso_mdoc') return verifyMdoc(readBase64url(presentation), { ...options, transcript, ...toExpectation(wanted) });
  return verifySdJwt(presentation, { ...options, audience, nonce: session.nonce, types: wanted.types });
}

/** Without a query id: the document must be one of those that were asked for. */
function verifyFirstMdoc(deviceResponse: Uint8Array, { session, transcript }: Omit<Binding, 'audience'>, options: VerifyOptions): VerifiedAge {
  const [first, ...others] = listMdocs(session.wanted);
  if (first === undefined) throw new CredentialError('response_protocol');
  const attempt = (wanted: MdocWanted): VerifiedAge => verifyMdoc(deviceResponse, { ...options, transcript, ...toExpectation(wanted) });
  try {
    return attempt(first);
  } catch (error) {
    const next = others.find(() => error instanceof CredentialError && error.code === 'doc_type_differs');
    if (next === undefined) throw error;
    return attempt(next);
  }
}

function toExpectation({ documentType, namespace, elements }: MdocWanted): {
  readonly documentType: string;
  readonly elements: readonly { readonly namespace: string; readonly name: string }[];
} {
  // A wallet answers with the nearest age that it has (age.ts): any age of the name space is an answer, nothing else is.
  const ages = Array.from({ length: 100 }, (_, age) => ({ namespace, name: `age_over_${String(age).padStart(2, '0')}` }));
  return { documentType, elements: [...ages, ...elements.filter((name) => !name.startsWith('age_over_')).map((name) => ({ namespace, name }))] };
}

function readBase64url(text: string): Uint8Array {
  if (!/^[A-Za-z0-9_-]+={0,2}$/.test(text)) throw new CredentialError('vp_token_malformed');
  return Buffer.from(text, 'base64url');
}
