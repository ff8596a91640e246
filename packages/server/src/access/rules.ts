/** Who may give what, and what still works when. Pure: no time, randomness, I/O. */
import type { Right } from '../platform/http/rights.ts';

export const EXPIRY_WARNING_DAYS = 14;
export const MINUTE_MS = 60_000;
export const DAY_MS = 86_400_000;

/** The rights in `wanted` that `held` does not have, in their order: nobody gives what they do not have. */
export function findMissingRights(wanted: readonly Right[], held: ReadonlySet<Right>): Right[] {
  return wanted.filter((right) => !held.has(right));
}

export function isSameRights(a: readonly Right[], b: readonly Right[]): boolean {
  return a.length === b.length && findMissingRights(a, new Set(b)).length === 0;
}

export interface Validity {
  readonly expiresAt: Date | null;
  readonly revokedAt: Date | null;
}

/** A thing stops working at its expiry, not after it. */
export function stateAt(validity: Validity, now: Date): 'active' | 'expired' | 'revoked' {
  if (validity.revokedAt !== null) return 'revoked';
  return validity.expiresAt !== null && validity.expiresAt.getTime() <= now.getTime() ? 'expired' : 'active';
}

export function addMs(from: Date, ms: number): Date {
  return new Date(from.getTime() + ms);
}

/** Last use is kept to the minute: enough to find forgotten keys, too coarse to follow anybody's work. */
export function floorToMinute(time: Date): Date {
  return new Date(Math.floor(time.getTime() / MINUTE_MS) * MINUTE_MS);
}
