/** Names and forms of our cookies. A cookie is found by its exact name only: one without the prefix could have been planted by a neighbouring host. */
import type { AgeQuestion } from './types.ts';

const PREFIX = 'gatehouse_age_';
const PENDING = `${PREFIX}p_`;
const SESSION_TAIL = 12;
/** Checks begun in this browser and not ended. More would make the Cookie header longer than proxies take. */
const PENDING_MAX = 2;

export interface CookieJar {
  /** Another question, or another service, has a cookie of its own. */
  passName(service: string, question: AgeQuestion): string;
  pendingName(session: string): string;
  /** What is to be thrown away when one more check begins: all but the newest. */
  findStale(header: string | null): readonly string[];
  format(name: string, value: string, maxAgeS: number): string;
  expire(name: string): string;
}

/** @param isSecure the site has TLS: then `__Host-` says that this very host set it, for every path (RFC 6265bis, section 4.1.3.2) */
export function createCookieJar(isSecure: boolean): CookieJar {
  const host = isSecure ? '__Host-' : '';
  // Lax: the person comes back from another site, by a link or a redirect.
  const rest = `Path=/; HttpOnly; SameSite=Lax${isSecure ? '; Secure' : ''}`;
  const format = (name: string, value: string, maxAgeS: number): string => `${name}=${value}; Max-Age=${maxAgeS}; ${rest}`;
  return {
    passName: (service, { direction, threshold }) => `${host}${PREFIX}${service}_${direction}${threshold}`,
    pendingName: (session) => `${host}${PENDING}${session.slice(-SESSION_TAIL)}`,
    findStale(header) {
      // Browsers send the oldest first (RFC 6265, section 5.4).
      const names = readPairs(header).flatMap(([name]) => (name.startsWith(`${host}${PENDING}`) ? [name] : []));
      return names.slice(0, Math.max(0, names.length - PENDING_MAX + 1)).filter((name) => /^[\w-]{1,80}$/.test(name));
    },
    format,
    expire: (name) => format(name, '', 0),
  };
}

export function findCookie(header: string | null, name: string): string | undefined {
  return readPairs(header).find(([own]) => own === name)?.[1];
}

function readPairs(header: string | null): (readonly [name: string, value: string])[] {
  return (header ?? '').split(';').flatMap((pair) => {
    const at = pair.indexOf('=');
    return at < 0 ? [] : [[pair.slice(0, at).trim(), pair.slice(at + 1).trim()] as const];
  });
}
