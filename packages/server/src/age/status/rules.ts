/** When a list is fetched again, how long it is believed, and what of an unknown address is noted. Pure. */
import type { SeenList, SeenView, StatusState } from './schema.ts';

export interface FetchBounds {
  readonly minMs: number;
  readonly maxMs: number;
}

/** What the issuer says of its list. */
export interface Lifetime {
  readonly ttlS: number | undefined;
  readonly expiresAt: Date | undefined;
}

/** Before it expires, with time for another attempt. */
const SHARE_OF_LIFE = 0.8;
/** So that the installations that use one list do not ask for it in step. */
const SPREAD = 0.1;

/** @param random from 0 to 1. @returns milliseconds until the next fetch, within the bounds */
export function planNext({ ttlS, expiresAt }: Lifetime, now: Date, { bounds, random }: { readonly bounds: FetchBounds; readonly random: number }): number {
  const byTtl = ttlS === undefined ? Number.POSITIVE_INFINITY : ttlS * 1000;
  const byExpiry = expiresAt === undefined ? Number.POSITIVE_INFINITY : (expiresAt.getTime() - now.getTime()) * SHARE_OF_LIFE;
  return spread(Math.min(byTtl, byExpiry), bounds, random);
}

/** Twice as long after each failure. @param failures 1 after the first */
export function planRetry(failures: number, { bounds, random }: { readonly bounds: FetchBounds; readonly random: number }): number {
  return spread(bounds.minMs * 2 ** Math.min(failures - 1, 20), bounds, random);
}

function spread(wantedMs: number, { minMs, maxMs }: FetchBounds, random: number): number {
  const clamped = Math.max(minMs, Math.min(wantedMs, maxMs));
  const from = Math.max(minMs, clamped * (1 - SPREAD));
  const to = Math.max(from, Math.min(maxMs, Math.max(clamped, minMs * (1 + SPREAD))));
  return Math.round(from + random * (to - from));
}

export interface Held {
  readonly fetchedAt: Date | undefined;
  readonly expiresAt: Date | undefined;
}

/** As for credentials: clocks of issuers and ours may differ by this much. */
const SKEW_MS = 60_000;

/** Fail closed: without a list that the issuer confirmed lately, nobody knows whether a credential was taken back. */
export function isBelieved({ fetchedAt, expiresAt }: Held, now: Date, maxStaleMs: number): boolean {
  if (fetchedAt === undefined || now.getTime() - fetchedAt.getTime() > maxStaleMs) return false;
  return expiresAt === undefined || now.getTime() < expiresAt.getTime() + SKEW_MS;
}

/** `late` comes while there is still time to do something. */
export function stateOf(
  held: Held & { readonly failures: number },
  now: Date,
  { maxStaleMs, bounds }: { maxStaleMs: number; bounds: FetchBounds },
): StatusState {
  if (held.fetchedAt === undefined) return 'missing';
  if (!isBelieved(held, now, maxStaleMs)) return 'stale';
  const isOld = now.getTime() - held.fetchedAt.getTime() > maxStaleMs / 2;
  const endsSoon = held.failures > 0 && held.expiresAt !== undefined && held.expiresAt.getTime() - now.getTime() < bounds.maxMs;
  return isOld || endsSoon ? 'late' : 'fresh';
}

/** From so many presentations on, the path is shown: an address that the issuer made for one person is not. */
export const SEEN_MIN = 5;

export interface Sighting {
  readonly host: string;
  readonly path: string;
  readonly hasQuery: boolean;
}

/** Host and path of an address; undefined when it is none that could be fetched. */
export function readSighting(uri: string): Sighting | undefined {
  if (uri.length > 2000 || !URL.canParse(uri)) return undefined;
  const { protocol, host, pathname, search } = new URL(uri);
  return /^https?:$/.test(protocol) && host !== '' ? { host, path: pathname, hasQuery: search !== '' } : undefined;
}

export interface SeenCount extends Sighting {
  readonly count: number;
}

/** Addresses that few presentations named are shown as their host alone, together. */
export function summariseSeen(counts: readonly SeenCount[], registered: readonly string[], others: number): SeenView {
  const known = new Set(registered.map((uri) => nameOf(readSighting(uri))));
  const unknown = counts.filter((one) => !known.has(nameOf(one)));
  const shown = unknown.filter(({ count }) => count >= SEEN_MIN).map((one) => toView(one, one.path));
  const hosts = new Map<string, SeenCount>();
  for (const one of unknown.filter(({ count }) => count < SEEN_MIN)) {
    const before = hosts.get(one.host);
    hosts.set(one.host, { ...one, count: one.count + (before?.count ?? 0), hasQuery: one.hasQuery || before?.hasQuery === true });
  }
  return { lists: [...shown, ...[...hosts.values()].map((one) => toView(one, null))], others };
}

export function nameOf(sighting: Sighting | undefined): string {
  return sighting === undefined ? '' : `${sighting.host}${sighting.path}`;
}

/** Rounded, so that the count does not tell when the last one came. */
function toView({ host, hasQuery, count }: SeenCount, path: string | null): SeenList {
  return { host, path, hasQuery, atLeast: Math.max(1, Math.floor(count / SEEN_MIN) * SEEN_MIN) };
}
