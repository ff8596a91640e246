/**
 * The client of RDAP (RFC 7480, 7481, 9082): asks the registry that the bootstrap files name, through the guarded client, and keeps the answer for a while.
 * Only registries are asked, never the host itself.
 */
import type { AppContext } from '../../platform/context.ts';
import { isGatehouseError } from '../../platform/errors.ts';
import type { Download } from '../../platform/outbound.ts';
import { findByAddress, findByAsn, findByName, type Bootstrap } from './bootstrap-rules.ts';
import { digestOf } from './dataset-meta.ts';
import { createPace, type Pace } from './pace.ts';
import { RdapRecordSchema, readRdap, toPath, type RdapQuery, type RdapRecord } from './rdap-rules.ts';
import * as store from './store.ts';

export type RdapAnswer =
  | { readonly kind: 'found'; readonly record: RdapRecord; readonly server: string; readonly retrievedAt: Date }
  | { readonly kind: 'absent'; readonly server: string }
  /** In words, without what was asked. */
  | { readonly kind: 'failed'; readonly reason: string };

export interface Rdap {
  ask(query: RdapQuery, bootstraps: readonly Bootstrap[], signal: AbortSignal): Promise<RdapAnswer>;
}

/** An answer has some ten kilobytes; 512 leave room for registries that send long notices. */
const ANSWER_BYTES_MAX = 524_288;
const TIMEOUT_MS = 8_000;
const REDIRECTS_MAX = 2;
const HOUR_MS = 3_600_000;
const KEPT_MS = { found: 24 * HOUR_MS, absent: HOUR_MS, failed: 5 * 60_000 } as const;
const HEADERS = { accept: 'application/rdap+json, application/json;q=0.9' };

/** What one server, or a chain of them, said. `again`: not kept, because it says nothing about what was asked. */
type Fetched = { readonly outcome: 'found'; readonly record: RdapRecord; readonly server: string } | Lacking;
type Lacking = { readonly outcome: 'absent' | 'failed' | 'again'; readonly server: string; readonly reason: string };

export function createRdap({ database, clock, outbound }: AppContext): Rdap {
  const pace = createPace(clock);
  const underWay = new Map<string, Promise<RdapAnswer>>();

  const fetchAndKeep = async (query: RdapQuery, { base, bases, question }: Asking, signal: AbortSignal): Promise<RdapAnswer> => {
    const fetched = await fetchAnswer({ query, bases, outbound, pace, signal }, base);
    const retrievedAt = clock.now();
    const { outcome, server } = fetched;
    const record = fetched.outcome === 'found' ? fetched.record : null;
    // Somebody who went away says nothing about the registry.
    if (outcome !== 'again' && !signal.aborted) {
      const expiresAt = new Date(retrievedAt.getTime() + KEPT_MS[outcome]);
      await store.keepAnswer(database.sql, { question, server, outcome, record, retrievedAt, expiresAt });
    }
    if (fetched.outcome === 'found') return { kind: 'found', record: fetched.record, server, retrievedAt };
    return outcome === 'absent' ? { kind: 'absent', server } : { kind: 'failed', reason: fetched.reason };
  };

  return {
    async ask(query, bootstraps, signal) {
      const base = findBase(query, bootstraps);
      if (base === undefined) return { kind: 'failed', reason: 'No bootstrap file names a registry for it (`gatehouse geo show`).' };
      const question = digestOf(Buffer.from(toPath(query)));
      const kept = await store.findAnswer(database.sql, question, clock.now());
      if (kept !== undefined) return fromKept(kept);
      const known = underWay.get(question);
      if (known !== undefined) return known;
      const bases = [...new Set(bootstraps.flatMap((one) => one.bases))];
      const asked = fetchAndKeep(query, { base, bases, question }, signal).finally(() => underWay.delete(question));
      underWay.set(question, asked);
      return asked;
    },
  };
}

interface Asking {
  readonly base: string;
  readonly bases: readonly string[];
  readonly question: string;
}

function findBase(query: RdapQuery, bootstraps: readonly Bootstrap[]): string | undefined {
  switch (query.kind) {
    case 'ip':
      return findByAddress(bootstraps, query.address);
    case 'autnum':
      return findByAsn(bootstraps, query.asn);
    case 'domain':
      return findByName(bootstraps, query.name);
  }
}

function fromKept({ outcome, record, server, retrievedAt }: store.KeptAnswer): RdapAnswer {
  const parsed = RdapRecordSchema.safeParse(record);
  if (outcome === 'found' && parsed.success) return { kind: 'found', record: parsed.data, server, retrievedAt };
  return outcome === 'absent' ? { kind: 'absent', server } : { kind: 'failed', reason: `${server} could not be asked a moment ago.` };
}

interface Fetching {
  readonly query: RdapQuery;
  readonly bases: readonly string[];
  readonly outbound: AppContext['outbound'];
  readonly pace: Pace;
  readonly signal: AbortSignal;
}

/** Each redirect is a new guarded request, and leads only to a server that a bootstrap file names. */
async function fetchAnswer(fetching: Fetching, base: string): Promise<Fetched> {
  let url = new URL(toPath(fetching.query), base).href;
  let server = base;
  for (let hop = 0; ; hop++) {
    const reply = await fetchOnce(fetching, url);
    if (!('status' in reply)) return { ...reply, server };
    const target = readRedirect(reply, url);
    if (target === undefined) return toFetched(reply, fetching.query, server);
    const next = fetching.bases.find((known) => target.startsWith(known));
    if (next === undefined || hop >= REDIRECTS_MAX)
      return {
        outcome: 'failed',
        server,
        reason: `${server} refers to another server${next === undefined ? ' that no bootstrap file names' : ' too many times'}.`,
      };
    [url, server] = [target, next];
  }
}

function readRedirect({ status, location }: Download, from: string): string | undefined {
  if (![301, 302, 303, 307, 308].includes(status) || location === undefined || !URL.canParse(location, from)) return undefined;
  return new URL(location, from).href;
}

async function fetchOnce(
  { outbound, pace, signal }: Fetching,
  url: string,
): Promise<Download | { readonly outcome: 'failed' | 'again'; readonly reason: string }> {
  const { origin, host } = new URL(url);
  if (!(await pace.take(host, signal))) return { outcome: 'again', reason: `${origin} was asked too often; try again in a minute.` };
  try {
    const reply = await outbound.download({ url, method: 'GET', headers: HEADERS, timeoutMs: TIMEOUT_MS, maxBytes: ANSWER_BYTES_MAX, signal });
    if (reply.status !== 429) return reply;
    pace.rest(host);
    return { outcome: 'again', reason: `${origin} was asked too often; try again in a minute.` };
  } catch (error) {
    if (isGatehouseError(error, 'outbound_refused')) return { outcome: 'failed', reason: `${origin} may not be called: it must be a public https address.` };
    return { outcome: 'failed', reason: isGatehouseError(error, 'too_large') ? `${origin} sent too much.` : `${origin} did not answer.` };
  }
}

function toFetched({ status, bytes }: Download, query: RdapQuery, server: string): Fetched {
  if (status === 404) return { outcome: 'absent', server, reason: '' };
  if (status !== 200) return { outcome: 'failed', server, reason: `${server} answered ${status}.` };
  const reading = readRdap(parseJson(bytes), query);
  if (reading.kind === 'unmanaged') return { outcome: 'absent', server, reason: '' };
  if (reading.kind === 'unrelated') return { outcome: 'failed', server, reason: `${server} answered something else than what was asked.` };
  return { outcome: 'found', record: reading.record, server };
}

function parseJson(bytes: Uint8Array): unknown {
  try {
    return JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(bytes));
  } catch {
    return undefined;
  }
}
