/**
 * The secrets that Gatehouse hands out: API keys, session cookies, sign-in links, tickets. Each is a public id and a secret of 256
 * random bits; the database finds the row by the id and holds only the SHA-256 of the secret.
 *
 * No slow, salted hash (bcrypt, Argon2) is needed: those make guessing dear where secrets are guessable. To try 2^256 secrets is
 * out of reach at any speed, and a slow hash on every request would only help whoever wants to exhaust the server.
 */
import { createHmac, hash, timingSafeEqual } from 'node:crypto';

export type TokenKind = 'key' | 'session' | 'link' | 'ticket';

export interface Token {
  /** The row's id, `key_…`, `ses_…`, `lnk_…` or `tkt_…`; not secret. */
  readonly id: string;
  readonly secret: string;
}

/** Letters and digits only around the secret, so that a double click or a terminal takes the whole of it. */
const FORMS = {
  key: { idPrefix: 'key_', before: 'gh_', between: '_' },
  session: { idPrefix: 'ses_', before: '', between: '.' },
  link: { idPrefix: 'lnk_', before: '', between: '-' },
  ticket: { idPrefix: 'tkt_', before: 'ght_', between: '_' },
} as const satisfies Record<TokenKind, { readonly idPrefix: string; readonly before: string; readonly between: string }>;

/** Crockford base32 of `newId`, then 32 bytes in hexadecimal. */
const ID = /^[0-9a-hjkmnp-tv-z]{26}$/;
const SECRET = /^[0-9a-f]{64}$/;
export const SECRET_BYTES = 32;

export function formatToken(kind: TokenKind, token: Token): string {
  const { before, between } = FORMS[kind];
  return `${before}${bareId(kind, token.id)}${between}${token.secret}`;
}

/** What may be shown of a token: it identifies the row and opens nothing. */
export function displayPrefix(kind: TokenKind, id: string): string {
  return `${FORMS[kind].before}${bareId(kind, id)}`;
}

/** @returns undefined for anything that is not exactly of this form, without asking the database */
export function parseToken(kind: TokenKind, text: string): Token | undefined {
  const { idPrefix, before, between } = FORMS[kind];
  if (!text.startsWith(before)) return undefined;
  const [id = '', secret = '', ...rest] = text.slice(before.length).split(between);
  return rest.length === 0 && ID.test(id) && SECRET.test(secret) ? { id: `${idPrefix}${id}`, secret } : undefined;
}

/** The key, or the ticket, of `Authorization: Bearer …`; the scheme's case does not matter (RFC 9110, section 11.1). */
export function parseBearer(header: string, kind: 'key' | 'ticket' = 'key'): Token | undefined {
  const [scheme = '', value = '', ...rest] = header.trim().split(/ +/);
  return scheme.toLowerCase() === 'bearer' && rest.length === 0 ? parseToken(kind, value) : undefined;
}

export function hashSecret(secret: string): Buffer {
  return hash('sha256', secret, 'buffer');
}

/** Takes the same time wherever the first difference is. */
export function isSecretOf(secret: string, storedHash: Uint8Array): boolean {
  const given = hashSecret(secret);
  return given.length === storedHash.length && timingSafeEqual(given, storedHash);
}

/** What forms send back: derived from the session's secret, so it needs no storage and dies with the session. */
export function csrfTokenOf(sessionSecret: string): string {
  return createHmac('sha256', sessionSecret).update('gatehouse csrf 1').digest('base64url');
}

function bareId(kind: TokenKind, id: string): string {
  return id.slice(FORMS[kind].idPrefix.length);
}
