/** What a client may ask the OpenID facade, and how it shows who it is. Pure. */
import type { AgeQuestion } from '../sessions/schema.ts';
import type { AnyQuery, OAuthError } from './schema.ts';

export interface Asked {
  readonly question: AgeQuestion;
  readonly redirectUri: string;
  readonly state: string | undefined;
  readonly nonce: string | undefined;
  readonly codeChallenge: string;
  readonly locale: string | undefined;
}

export type Authorization =
  /** Shown to the person, never sent on: the address to send to is not one of the client's. */
  | { readonly kind: 'refused'; readonly reason: string }
  | {
      readonly kind: 'error';
      readonly redirectUri: string;
      readonly state: string | undefined;
      readonly error: OAuthError;
      readonly description: string;
    }
  | { readonly kind: 'asked'; readonly asked: Asked };

const STATE_MAX = 2048;
const NONCE_MAX = 512;
/** RFC 7636, section 4.2: base64url of SHA-256, 43 characters. */
const CHALLENGE = /^[A-Za-z0-9_-]{43}$/;
const VERIFIER = /^[A-Za-z0-9._~-]{43,128}$/;
const LOCALE = /^[A-Za-z]{2,3}(-[A-Za-z0-9]{2,8}){0,3}$/;
const AGE_SCOPE = /^age_(over|under):([1-9]\d?)$/;
const KNOWN = [
  'response_type',
  'response_mode',
  'scope',
  'state',
  'nonce',
  'code_challenge',
  'code_challenge_method',
  'prompt',
  'ui_locales',
  'request',
  'request_uri',
] as const;

type Fault = readonly [OAuthError, string];
type Single = Readonly<Record<string, string | undefined>>;

/** Printable, so that it can be given back in an address and a log of the client. */
const isPlain = (text: string, max: number): boolean => text.length <= max && /^[\x20-\x7e]*$/.test(text);

/** @param redirectUris those of the client; one of them, character by character (RFC 9700, section 4.1.3) */
export function readAuthorization(query: AnyQuery, redirectUris: readonly string[]): Authorization {
  const redirectUri = query['redirect_uri'];
  if (typeof redirectUri !== 'string' || !redirectUris.includes(redirectUri))
    return { kind: 'refused', reason: 'The address to go back to is not registered for this client. Nothing was sent there.' };
  const state = typeof query['state'] === 'string' && isPlain(query['state'], STATE_MAX) ? query['state'] : undefined;
  const refuse = ([error, description]: Fault): Authorization => ({ kind: 'error', redirectUri, state, error, description });
  const twice = KNOWN.find((name) => Array.isArray(query[name]));
  if (twice !== undefined) return refuse(['invalid_request', `${twice} stands twice`]);
  const single = Object.fromEntries(KNOWN.map((name) => [name, toText(query[name])]));
  const fault = findFault(single);
  if (fault !== undefined) return refuse(fault);
  const question = readQuestion(single['scope']);
  if ('fault' in question) return refuse(question.fault);
  const { nonce, code_challenge: codeChallenge = '', ui_locales: locales = '' } = single;
  const locale = locales.split(' ').find((tag) => LOCALE.test(tag));
  return { kind: 'asked', asked: { question, redirectUri, state, nonce, codeChallenge, locale } };
}

const toText = (value: string | string[] | undefined): string | undefined => (typeof value === 'string' ? value : undefined);

function findFault(query: Single): Fault | undefined {
  const { state = '', nonce = '', prompt = '', code_challenge: challenge = '' } = query;
  const faults: readonly (readonly [boolean, ...Fault])[] = [
    [query['request'] !== undefined, 'request_not_supported', 'send the parameters themselves'],
    [query['request_uri'] !== undefined, 'request_uri_not_supported', 'send the parameters themselves'],
    [query['response_type'] !== 'code', 'unsupported_response_type', 'response_type must be code'],
    [(query['response_mode'] ?? 'query') !== 'query', 'invalid_request', 'response_mode must be query'],
    [!isPlain(state, STATE_MAX), 'invalid_request', `state must be at most ${STATE_MAX} printable characters`],
    [!isPlain(nonce, NONCE_MAX), 'invalid_request', `nonce must be at most ${NONCE_MAX} printable characters`],
    [query['code_challenge_method'] !== 'S256' || !CHALLENGE.test(challenge), 'invalid_request', 'PKCE with code_challenge_method S256 is required'],
    [prompt.split(' ').includes('none'), 'interaction_required', 'an age check needs the person'],
  ];
  const found = faults.find(([isFault]) => isFault);
  return found === undefined ? undefined : [found[1], found[2]];
}

function readQuestion(scope = ''): AgeQuestion | { readonly fault: Fault } {
  const words = scope.split(' ');
  if (!words.includes('openid')) return { fault: ['invalid_scope', 'scope must hold openid'] };
  const asked = words.flatMap((word) => {
    const match = AGE_SCOPE.exec(word);
    return match === null ? [] : [{ direction: match[1] === 'under' ? ('under' as const) : ('over' as const), threshold: Number(match[2]) }];
  });
  const [question] = asked;
  if (question === undefined || asked.length > 1)
    return { fault: ['invalid_scope', 'scope must hold exactly one of age_over:NN and age_under:NN, NN from 1 to 99'] };
  return question;
}

/** `age_over_18` */
export function claimNameOf({ direction, threshold }: AgeQuestion): string {
  return `age_${direction}_${threshold}`;
}

/** `age_over:18` */
export function scopeOf({ direction, threshold }: AgeQuestion): string {
  return `age_${direction}:${threshold}`;
}

/** Adds to what the client registered, whose own query stays (RFC 6749, section 4.1.2). */
export function addToAddress(redirectUri: string, values: Readonly<Record<string, string | undefined>>): string {
  const url = new URL(redirectUri);
  for (const [name, value] of Object.entries(values)) if (value !== undefined) url.searchParams.set(name, value);
  return url.toString();
}

export interface TokenRequest {
  readonly code: string;
  readonly redirectUri: string;
  readonly codeVerifier: string;
}

export function readTokenRequest(form: Readonly<Record<string, string>>): TokenRequest | { readonly fault: Fault } {
  if (form['grant_type'] === undefined) return { fault: ['invalid_request', 'grant_type is missing'] };
  if (form['grant_type'] !== 'authorization_code') return { fault: ['unsupported_grant_type', 'grant_type must be authorization_code'] };
  const { code = '', redirect_uri: redirectUri = '', code_verifier: codeVerifier = '' } = form;
  if (code === '' || redirectUri === '') return { fault: ['invalid_request', 'code and redirect_uri are needed'] };
  if (!VERIFIER.test(codeVerifier)) return { fault: ['invalid_request', 'code_verifier is missing or malformed'] };
  return { code, redirectUri, codeVerifier };
}

export interface ClientProof {
  readonly clientId: string;
  readonly secret: string | undefined;
}

/** `client_secret_basic`, `client_secret_post` or `none` (RFC 6749, section 2.3.1); more than one is a fault. */
export function readClientProof(authorization: string | undefined, form: Readonly<Record<string, string>>): ClientProof | { readonly fault: Fault } {
  const { client_id: id, client_secret: secret } = form;
  if (authorization === undefined) return id === undefined ? { fault: ['invalid_client', 'client_id is missing'] } : { clientId: id, secret };
  const basic = readBasic(authorization);
  if (basic === undefined) return { fault: ['invalid_client', 'the Authorization header is not understood'] };
  if (secret !== undefined) return { fault: ['invalid_request', 'the client shows who it is in two ways'] };
  return id === undefined || id === basic.clientId ? basic : { fault: ['invalid_request', 'client_id is not the one of the Authorization header'] };
}

function readBasic(authorization: string): ClientProof | undefined {
  const encoded = /^Basic +([A-Za-z0-9+/]+=*)$/i.exec(authorization)?.[1];
  const pair = encoded === undefined ? undefined : /^([^:]*):(.*)$/.exec(Buffer.from(encoded, 'base64').toString('utf8'));
  const [, clientId, secret] = (pair ?? []).map(decodeForm);
  return clientId === undefined || secret === undefined ? undefined : { clientId, secret };
}

function decodeForm(text: string): string | undefined {
  try {
    return decodeURIComponent(text.replaceAll('+', ' '));
  } catch {
    return undefined;
  }
}
