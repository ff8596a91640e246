/**
 * The secrets of a session: one for the service (client token), one for the browser (cookie), one for the return. Only SHA-256 hashes are
 * stored; each holds 256 random bits, so a slow hash would add nothing (access/token.ts says why).
 */
import { createHash, timingSafeEqual } from 'node:crypto';
import { randomHex } from '../../platform/ids.ts';
import type { BrowserProof } from './schema.ts';

const SECRET_BYTES = 32;
const CLIENT_PREFIX = 'agc_';
const SECRET = /^[0-9a-f]{64}$/;
/** The page, and the parts of the API that the page calls. */
const COOKIE_PATHS = ['/age', '/v1/age'] as const;
const ID_TAIL = 12;

export function hashSecret(secret: string): Buffer {
  return createHash('sha256').update(secret).digest();
}

/** Takes the same time wherever the first difference is. */
export function isSecretOf(secret: string | undefined, hash: Uint8Array | null): boolean {
  if (secret === undefined || hash === null) return false;
  const own = hashSecret(secret);
  return own.length === hash.length && timingSafeEqual(own, hash);
}

export function newClientToken(): string {
  return `${CLIENT_PREFIX}${randomHex(SECRET_BYTES)}`;
}

export function newSecret(): string {
  return randomHex(SECRET_BYTES);
}

/** One cookie for each session: two checks in one browser do not disturb each other, and nothing links them. */
function cookieName(sessionId: string): string {
  return `gatehouse_age_${sessionId.slice(-ID_TAIL)}`;
}

/** Lax: the wallet app and the provider send the person back by a link from elsewhere. */
export function browserCookies(sessionId: string, secret: string, options: { readonly isSecure: boolean; readonly maxAgeS: number }): string[] {
  const rest = `HttpOnly; SameSite=Lax; Max-Age=${options.maxAgeS}${options.isSecure ? '; Secure' : ''}`;
  return COOKIE_PATHS.map((path) => `${cookieName(sessionId)}=${secret}; Path=${path}; ${rest}`);
}

export function readBrowserSecret(sessionId: string, proof: BrowserProof): string | undefined {
  const name = `${cookieName(sessionId)}=`;
  const pair = (proof.header('cookie') ?? '')
    .split(';')
    .map((part) => part.trim())
    .find((part) => part.startsWith(name));
  const secret = pair?.slice(name.length);
  return secret !== undefined && SECRET.test(secret) ? secret : undefined;
}
