/**
 * Stub mode: an adopter's own tests get the outcome that they ask for, by the digest of the content or by its name. In memory, and only
 * where no list but the demonstration is active.
 */
import type { Hit } from '../../lists/index.ts';
import type { Clock } from '../../platform/clock.ts';
import { GatehouseError } from '../../platform/errors.ts';
import { explain } from '../explanation-rules.ts';
import type { Verdict } from '../rules.ts';
import type { Digests, ErrorReason, Screening, ScreeningService, UnscannableReason } from '../schema.ts';
import type { ListsInForce } from '../service.ts';
import { readFileName, type ForcedOutcome, type ForceOutcome } from './outcome-rules.ts';

export const OUTCOMES_MAX = 10_000;
/** Seen in every screening and receipt that this made. */
export const STUB_ENGINE = 'gatehouse-stub';
/** Of no list: an id that is never given. */
const STUB_LIST_ID = `list_${'0'.repeat(26)}`;

export interface Stub {
  /** A name that forces an outcome does so for this content from now on. The name itself is kept nowhere. */
  noteName(sha256: string, fileName: string | undefined): void;
  /** @throws {GatehouseError} queue_full when too many are forced already */
  force(outcome: ForceOutcome): void;
  list(): readonly ForceOutcome[];
  /** @returns how many were forgotten */
  clear(sha256: string | undefined): number;
  find(sha256: string): ForcedOutcome | undefined;
}

export function createStub(): Stub {
  const outcomes = new Map<string, ForcedOutcome>();
  const set = (sha256: string, outcome: ForcedOutcome): void => {
    if (!outcomes.has(sha256) && outcomes.size >= OUTCOMES_MAX)
      throw new GatehouseError('queue_full', `${OUTCOMES_MAX} outcomes are forced already. Clear some with DELETE /v1/stub/outcomes.`);
    outcomes.set(sha256, outcome);
  };
  return {
    noteName(sha256, fileName) {
      const outcome = fileName === undefined ? undefined : readFileName(fileName);
      if (outcome !== undefined) set(sha256, outcome);
    },
    force: ({ sha256, ...outcome }) => set(sha256, outcome),
    list: () => [...outcomes].map(([sha256, outcome]) => ({ sha256, ...outcome })),
    clear(sha256) {
      const before = outcomes.size;
      if (sha256 === undefined) outcomes.clear();
      else outcomes.delete(sha256);
      return before - outcomes.size;
    },
    find: (sha256) => outcomes.get(sha256),
  };
}

export interface StubOptions {
  readonly stub: Stub;
  readonly clock: Clock;
  readonly lists: Pick<ListsInForce, 'freshness'> & { matcher(): { readonly listSetVersion: number }; hasOnlyStubLists(): boolean };
}

/**
 * The same screening with forced outcomes before it. Another list, whoever brought it, ends every answer; a node that does not know which lists
 * are active forces nothing, and the screening says why there is no answer.
 */
export function forceOutcomes(inner: ScreeningService, { stub, clock, lists }: StubOptions): ScreeningService {
  const conclude = (verdict: Verdict, hits: readonly Hit[]): Screening => {
    const { listSetVersion } = lists.matcher();
    const explained = { verdict, hits, hitCount: hits.length, media: undefined, quality: undefined, listSetVersion };
    return {
      ...verdict,
      explanation: `Stub mode: this outcome was asked for. ${explain(explained)}`,
      hits: [...hits],
      hitCount: hits.length,
      listSetVersion,
      engineVersion: STUB_ENGINE,
      timings: { waitMs: 0, decodeMs: 0, hashMs: 0, matchMs: 0, totalMs: 0 },
    };
  };
  const answer = (digests: Digests): { readonly screening: Screening; readonly delayMs: number } | undefined => {
    if (lists.freshness().state !== 'fresh') return undefined;
    if (!lists.hasOnlyStubLists()) return { screening: conclude({ verdict: 'error', reason: 'stub_with_lists' }, []), delayMs: 0 };
    const forced = stub.find(digests.sha256);
    return forced === undefined ? undefined : { screening: conclude(toVerdict(forced), toHits(forced)), delayMs: forced.delayMs ?? 0 };
  };
  return {
    ...inner,
    async screen(request) {
      const { digests, signal } = request;
      const delayMs = answer(digests)?.delayMs ?? 0;
      if (delayMs > 0) await clock.sleep(delayMs, signal ?? new AbortController().signal);
      if (signal?.aborted === true) return { screening: conclude({ verdict: 'error', reason: 'cancelled' }, []), signals: undefined };
      // After the delay: a list may have come meanwhile.
      const given = answer(digests);
      if (given === undefined) return inner.screen(request);
      // Whoever records it asks again when a list came since.
      const { screening } = given;
      return { screening, signals: screening.verdict === 'clear' ? { digests, pictures: [] } : undefined };
    },
    rematch: async (signals, options) => answer(signals.digests)?.screening ?? inner.rematch(signals, options),
  };
}

function toVerdict({ verdict, reason }: ForcedOutcome): Verdict {
  // ForceOutcomeSchema has looked whether the reason is one of the verdict.
  if (verdict === 'unscannable') return { verdict, reason: (reason ?? 'undecodable') as UnscannableReason };
  if (verdict === 'error') return { verdict, reason: (reason ?? 'internal') as ErrorReason };
  return { verdict };
}

function toHits({ verdict, disposition = 'hold' }: ForcedOutcome): readonly Hit[] {
  return verdict === 'match' ? [{ listId: STUB_LIST_ID, listName: 'Stub mode', entry: 1, signal: 'sha256', distance: 0, disposition }] : [];
}
