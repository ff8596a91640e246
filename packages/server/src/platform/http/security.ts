/** Headers that tell browsers what our pages may do, and the check for requests from other sites. */
import type { Exchange } from './route.ts';

export const SESSION_COOKIE = 'gatehouse_session';

/** No inline script or style, nothing from elsewhere. `blob:` shows a picture that the person has just chosen, from memory. */
const POLICY = [
  "default-src 'none'",
  "script-src 'self'",
  "style-src 'self'",
  "img-src 'self' blob:",
  "connect-src 'self'",
  "form-action 'self'",
  "base-uri 'none'",
  "frame-ancestors 'none'",
].join('; ');

const HEADERS: Readonly<Record<string, string>> = {
  'content-security-policy': POLICY,
  'x-content-type-options': 'nosniff',
  'x-frame-options': 'DENY',
  // Not `no-referrer`: browsers then send `Origin: null` with our own forms.
  'referrer-policy': 'same-origin',
  'cross-origin-opener-policy': 'same-origin',
  'cross-origin-resource-policy': 'same-origin',
  'permissions-policy': 'camera=(), microphone=(), geolocation=(), payment=(), usb=()',
  'cache-control': 'no-store',
};

const HSTS = 'max-age=31536000; includeSubDomains';

const HEADERS_TLS: Readonly<Record<string, string>> = { ...HEADERS, 'strict-transport-security': HSTS };

/** What every answer has, unless the handler says otherwise. */
export function findSecurityHeaders(isSecure: boolean): Readonly<Record<string, string>> {
  return isSecure ? HEADERS_TLS : HEADERS;
}

export function addSecurityHeaders(headers: Headers, isSecure: boolean): void {
  for (const [name, value] of Object.entries(HEADERS)) if (!headers.has(name)) headers.set(name, value);
  if (isSecure) headers.set('strict-transport-security', HSTS);
}

/** Sec-Fetch-Site where the browser sends it, else Origin against Host. A request with neither cannot come from another site's page. */
export function isCrossSite(exchange: Pick<Exchange, 'header'>): boolean {
  const site = exchange.header('sec-fetch-site');
  if (site !== undefined) return site !== 'same-origin' && site !== 'none';
  const origin = exchange.header('origin');
  if (origin === undefined) return false;
  return !URL.canParse(origin) || new URL(origin).host !== exchange.header('host');
}

/** `__Host-` would be stricter but is refused by browsers over plain http, which the default (loopback) uses. */
export function sessionCookie(value: string, options: { readonly isSecure: boolean; readonly maxAgeS: number }): string {
  return `${SESSION_COOKIE}=${value}; Path=/; HttpOnly; SameSite=Strict; Max-Age=${options.maxAgeS}${options.isSecure ? '; Secure' : ''}`;
}
