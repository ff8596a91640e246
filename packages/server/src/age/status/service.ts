/** Status lists: registered by the operator, fetched on a schedule, looked up without a call to anybody. */
import type { StatusLists, TrustStore } from '@gatehouse/credential';
import type { AppContext } from '../../platform/context.ts';
import { GatehouseError } from '../../platform/errors.ts';
import { newId, randomHex } from '../../platform/ids.ts';
import { fetchStatusList, StatusFault, type Fetched } from './fetcher.ts';
import type { StatusCounters } from './instruments.ts';
import { NodeLists, type HeldList, type Registered } from './node-lists.ts';
import { planNext, planRetry, stateOf, summariseSeen, type FetchBounds } from './rules.ts';
import { STATUS_LISTS_MAX, type AddStatusList, type StatusListView, type StatusService } from './schema.ts';
import * as store from './store.ts';

export interface StatusParts {
  readonly context: Pick<AppContext, 'database' | 'clock' | 'config' | 'outbound' | 'events' | 'log'>;
  /** The issuers that are trusted now. */
  readonly trust: () => Promise<TrustStore>;
  readonly counters: StatusCounters;
  /** For one list; tests have less patience. */
  readonly timeoutMs?: number;
}

const MINUTE_MS = 60_000;
const MIB = 1_048_576;
/** Longer than a fetch can take. */
const LEASE_MS = 2 * MINUTE_MS;
const FETCHES_AT_ONCE = 4;
const CALENDAR_END_MS = Date.UTC(9999, 0);

export function createStatusService(parts: StatusParts): StatusService {
  const { database, config } = parts.context;
  const { sql } = database;
  const node = new NodeLists({ maxStaleMs: config.ageStatusMaxStaleMinutes * MINUTE_MS, maxBytes: budgetOf(parts), count: parts.counters.looked });
  const readHeld = createReader(parts);
  const view = (row: store.ListRow): StatusListView => toView(parts, row);
  return {
    add: async (input, actor) => view(orNotFound(await refresh(parts, await add(parts, input, actor)))),
    list: async () => (await store.listLists(sql)).map(view),
    remove: (id, actor) => remove(parts, id, actor),
    refresh: async (id) => view(orNotFound(await refresh(parts, orNotFound(await store.findList(sql, id))))),
    refreshDue: (signal) => refreshDue(parts, signal),
    async seen() {
      const registered = (await store.listLists(sql)).map(({ uri }) => uri);
      return summariseSeen(node.seen.counts, registered, node.seen.others);
    },
    current: async (trust): Promise<StatusLists> => node.toStatusLists(await readHeld(), trust),
  };
}

function orNotFound(row: store.ListRow | undefined): store.ListRow {
  if (row === undefined) throw new GatehouseError('not_found', 'No status list of this id is registered.');
  return row;
}

/** Half for what was served, half for what is inflated of it. */
function budgetOf({ context }: StatusParts): number {
  return (context.config.ageStatusMemoryMib * MIB) / 2;
}

function boundsOf({ context: { config } }: StatusParts): FetchBounds {
  const minMs = config.ageStatusRefreshMinMinutes * MINUTE_MS;
  return { minMs, maxMs: Math.max(minMs, config.ageStatusRefreshMaxMinutes * MINUTE_MS) };
}

/** From 0 to 1. */
function drawShare(): number {
  return Number.parseInt(randomHex(4), 16) / 0xffff_ffff;
}

/** What the node holds; read again when the revision says that something changed, and once for all who wait for it. */
function createReader({ context }: StatusParts): () => Promise<Registered> {
  const { sql } = context.database;
  let held: { readonly revision: number; readonly lists: Registered } = { revision: 0, lists: new Map() };
  let reading: Promise<void> | undefined;
  const read = async (revision: number): Promise<void> => {
    const lists = new Map<string, HeldList | undefined>();
    for (const row of await store.listLists(sql)) lists.set(row.uri, await hold(row, held.lists.get(row.uri)));
    held = { revision, lists };
  };
  const hold = async (row: store.ListRow, before: HeldList | undefined): Promise<HeldList | undefined> => {
    const { format, fetched_at: fetchedAt } = row;
    const token = before?.revision === row.revision ? before.token : await store.readToken(sql, row.id);
    if (format === null || fetchedAt === null || token === undefined) return undefined;
    return { uri: row.uri, issuer: row.issuer, fetchedAt, expiresAt: row.expires_at ?? undefined, token, format, revision: row.revision };
  };
  return async () => {
    const revision = await store.readRevision(sql);
    // Whoever waits looks again: what was read meanwhile may be older than what it asked for.
    while (held.revision < revision) await (reading ??= read(revision).finally(() => (reading = undefined)));
    return held.lists;
  };
}

async function add({ context }: StatusParts, input: AddStatusList, actor: string): Promise<store.ListRow> {
  const { database, clock, outbound, events } = context;
  outbound.checkUrl(input.uri);
  const now = clock.now();
  const id = newId<'StatusListId'>('asl', clock);
  const row = { id, uri: input.uri, issuer: input.issuer ?? null, added_at: now, added_by: actor, next_fetch_at: new Date(now.getTime() + LEASE_MS) };
  return database.transact(async (tx) => {
    const done = await store.insertList(tx, row, STATUS_LISTS_MAX);
    if (done === 'known') throw new GatehouseError('conflict', 'A status list of this address is registered already. Nothing was changed.');
    if (done === 'full') throw new GatehouseError('conflict', `There are ${STATUS_LISTS_MAX} status lists, which is as many as may be. Nothing was changed.`);
    await events.emit('age.trust_changed', { change: 'status_list_added', subject: id, actor }, tx);
    return orNotFound(await store.findList(tx, id));
  });
}

async function remove({ context }: StatusParts, id: string, actor: string): Promise<void> {
  await context.database.transact(async (tx) => {
    orNotFound(await store.removeList(tx, id));
    await context.events.emit('age.trust_changed', { change: 'status_list_removed', subject: id, actor }, tx);
  });
}

async function refreshDue(parts: StatusParts, signal: AbortSignal): Promise<void> {
  const { database, clock } = parts.context;
  while (!signal.aborted) {
    const now = clock.now();
    const due = await store.claimDue(database.sql, { now, leaseUntil: new Date(now.getTime() + LEASE_MS), limit: FETCHES_AT_ONCE });
    if (due.length === 0) return;
    await Promise.all(due.map((row) => refresh(parts, row, signal)));
  }
}

/** The central operation: fetched, verified, newer than what is there, kept. Whatever fails, the last good one stays as long as it may be believed. */
async function refresh(parts: StatusParts, row: store.ListRow, signal?: AbortSignal): Promise<store.ListRow | undefined> {
  const { context, counters } = parts;
  try {
    const trust = await parts.trust();
    const fetched = await fetchStatusList(row, { outbound: context.outbound, trust, now: context.clock.now(), signal, timeoutMs: parts.timeoutMs });
    await keep(parts, row.id, fetched);
    counters.fetched('kept');
  } catch (error) {
    if (!(error instanceof StatusFault)) throw error;
    // A stop is no failure of the list: whoever comes next fetches it.
    if (error.word !== 'stopped') await fail(parts, row, error.word);
  }
  return store.findList(context.database.sql, row.id);
}

async function keep(parts: StatusParts, id: string, { list, token, format, signer }: Fetched): Promise<void> {
  const { database, clock } = parts.context;
  const now = clock.now();
  // A number can name a time beyond all calendars: that is a list that does not expire.
  const expiresAt = list.expiresAt !== undefined && list.expiresAt.getTime() < CALENDAR_END_MS ? list.expiresAt : undefined;
  const waitMs = planNext({ ttlS: list.ttlS, expiresAt }, now, { bounds: boundsOf(parts), random: drawShare() });
  const kept = {
    token,
    format,
    signer,
    issued_at: list.issuedAt,
    expires_at: expiresAt ?? null,
    entries: list.size,
    fetched_at: now,
    next_fetch_at: new Date(now.getTime() + waitMs),
  };
  const done = await database.transact((tx) => store.keepList(tx, id, { kept, maxBytes: budgetOf(parts) }));
  if (done !== 'kept') throw new StatusFault(done);
}

async function fail(parts: StatusParts, row: store.ListRow, failure: string): Promise<void> {
  const { database, clock, log } = parts.context;
  const at = clock.now();
  const waitMs = planRetry(row.failures + 1, { bounds: boundsOf(parts), random: drawShare() });
  await store.noteFailure(database.sql, row.id, { failure, at, next: new Date(at.getTime() + waitMs) });
  parts.counters.fetched(failure);
  log.warn({ statusList: row.id, failure }, 'a status list could not be taken in; the last good one is believed as long as it may be');
}

function toView(parts: StatusParts, row: store.ListRow): StatusListView {
  const { clock, config } = parts.context;
  const now = clock.now();
  const held = { fetchedAt: row.fetched_at ?? undefined, expiresAt: row.expires_at ?? undefined, failures: row.failures };
  const state = stateOf(held, now, { maxStaleMs: config.ageStatusMaxStaleMinutes * MINUTE_MS, bounds: boundsOf(parts) });
  return {
    id: row.id,
    uri: row.uri,
    issuer: row.issuer,
    signer: row.signer,
    state,
    issuedAt: row.issued_at?.toISOString() ?? null,
    expiresAt: row.expires_at?.toISOString() ?? null,
    fetchedAt: row.fetched_at?.toISOString() ?? null,
    ageSeconds: row.fetched_at === null ? null : Math.round((now.getTime() - row.fetched_at.getTime()) / 1000),
    entries: row.entries,
    nextFetchAt: row.next_fetch_at.toISOString(),
    failures: row.failures,
    failure: row.failure,
    failedAt: row.failed_at?.toISOString() ?? null,
    addedAt: row.added_at.toISOString(),
    addedBy: row.added_by,
  };
}
