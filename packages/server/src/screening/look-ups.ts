/**
 * Look-ups: signals compared with the lists in force, all of them with one list-set version, or none. Fail closed: lists that are not loaded,
 * are stale or are not there, a comparison that fails or takes too long end the look-up as an error. An empty answer always means "compared,
 * and nothing found".
 */
import type { Hit, MatchResult } from '../lists/index.ts';
import { GatehouseError } from '../platform/errors.ts';
import type { Log } from '../platform/log.ts';
import { toQuery, toResult } from './look-up-rules.ts';
import type { LookUpReply, Signal } from './look-up-schema.ts';
import type { ErrorReason } from './schema.ts';
import type { ListsInForce } from './service.ts';

export interface LookUpOptions {
  readonly lists: ListsInForce & { addReferences?(hits: readonly Hit[]): Promise<readonly Hit[]> };
  readonly requireLists: boolean;
  readonly log: Log;
  readonly limit?: number;
  /** Told of every look-up, for the metrics. */
  readonly observe?: (outcome: LookUpReply | FailureReason) => void;
}

export type FailureReason = ErrorReason | 'deadline';

export interface LookUpInput {
  readonly request: { readonly signals: readonly Signal[]; readonly radius?: number | undefined };
  /** Fair queueing: look-ups and uploads of different keys take turns. */
  readonly key: string;
  /** Whether whoever asks may see the references of entries at their sources. */
  readonly canSeeReferences: boolean;
  /** Aborted when the client goes away, or with a `TimeoutError` when the time is over. */
  readonly signal?: AbortSignal | undefined;
}

export interface LookUpService {
  /** @throws {GatehouseError} `lists_unavailable`, `queue_full`, `stopping`: then nothing is known about any of the signals */
  lookUp(input: LookUpInput): Promise<LookUpReply>;
}

/** What is compared at once: a thread is then busy for 2 ms with ten million entries, and others have their turn. */
const SIGNALS_AT_ONCE = 32;
/** For routes. Far above what a look-up takes; below the time after which clients give up. */
export const LOOK_UP_TIMEOUT_MS = 10_000;
/** Half of the places in the queue of comparisons: uploads must not be held because of look-ups. */
const LIMIT = 512;
const RETRY_AFTER_S = 5;

export function createLookUps(options: LookUpOptions): LookUpService {
  let underWay = 0;
  return {
    async lookUp(input) {
      try {
        if (underWay >= (options.limit ?? LIMIT))
          throw new GatehouseError('queue_full', 'Too many look-ups are under way. Nothing was compared.', { retryAfterS: 1 });
        underWay += 1;
        const reply = await lookUp(options, input).finally(() => (underWay -= 1));
        options.observe?.(reply);
        return reply;
      } catch (thrown) {
        const { reason, error } = explainFault(options.log, thrown, input.signal);
        options.observe?.(reason);
        throw error;
      }
    },
  };
}

async function lookUp({ lists, requireLists }: LookUpOptions, input: LookUpInput): Promise<LookUpReply> {
  const { signals, radius } = input.request;
  requireFresh(lists);
  const matcher = lists.matcher();
  const matches: MatchResult[] = [];
  for (let at = 0; at < signals.length; at += SIGNALS_AT_ONCE) {
    const queries = signals.slice(at, at + SIGNALS_AT_ONCE).map(toQuery);
    matches.push(...(await matcher.matchEach(queries, { key: input.key, signal: input.signal, radiusMax: radius })));
  }
  const activeLists = matches[0]?.activeLists ?? 0;
  if (activeLists === 0 && requireLists) throw new NoAnswer('no_lists');
  // They may have become stale while this waited.
  requireFresh(lists);
  const shown = input.canSeeReferences ? await addReferences(lists, matches) : matches.map(withoutReferences);
  const results = signals.map(({ type }, index) => {
    const match = shown[index];
    if (match === undefined) throw new TypeError('a signal has no answer');
    return toResult(index, type, match);
  });
  return { results, listSetVersion: matcher.listSetVersion, activeLists, complete: true };
}

function requireFresh(lists: LookUpOptions['lists']): void {
  const { state } = lists.freshness();
  if (state !== 'fresh') throw new NoAnswer(state === 'loading' ? 'lists_loading' : 'lists_stale');
}

/** One question for all hits together, and none when nothing matched. */
async function addReferences(lists: LookUpOptions['lists'], matches: readonly MatchResult[]): Promise<readonly MatchResult[]> {
  const hits = matches.flatMap((match) => match.hits);
  if (hits.length === 0 || lists.addReferences === undefined) return matches;
  const named = await lists.addReferences(hits);
  let taken = 0;
  return matches.map((match) => ({ ...match, hits: named.slice(taken, (taken += match.hits.length)) }));
}

function withoutReferences(match: MatchResult): MatchResult {
  return match.hits.length === 0 ? match : { ...match, hits: match.hits.map(({ reference: _hidden, ...hit }) => hit) };
}

class NoAnswer extends Error {
  readonly reason: FailureReason;

  constructor(reason: FailureReason) {
    super(reason);
    this.reason = reason;
  }
}

const WHY: Readonly<Partial<Record<FailureReason, string>>> = {
  no_lists: 'No list is active, so there is nothing to compare with.',
  lists_loading: 'The lists are still being loaded.',
  lists_stale: 'This node has not heard of list changes for too long, so its lists may be out of date.',
  deadline: 'The comparison took too long and was given up.',
  cancelled: 'The request was cancelled.',
};

function explainFault(log: Log, thrown: unknown, client: AbortSignal | undefined): { readonly reason: FailureReason; readonly error: GatehouseError } {
  if (thrown instanceof GatehouseError && (thrown.code === 'queue_full' || thrown.code === 'stopping')) return { reason: thrown.code, error: thrown };
  const reason = thrown instanceof NoAnswer ? thrown.reason : reasonOf(client);
  if (reason === 'internal') log.error({ err: thrown }, 'a look-up failed in an unexpected way');
  const what = WHY[reason] ?? 'The comparison with the lists failed.';
  const extras = { retryAfterS: RETRY_AFTER_S, members: { reason }, cause: thrown };
  return { reason, error: new GatehouseError('lists_unavailable', `${what} Nothing is known about any of the signals.`, extras) };
}

function reasonOf(client: AbortSignal | undefined): FailureReason {
  if (client?.aborted !== true) return 'internal';
  return client.reason instanceof Error && client.reason.name === 'TimeoutError' ? 'deadline' : 'cancelled';
}
