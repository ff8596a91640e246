/** Screening: content -> signals -> comparison with the list set in force -> verdict. */
import type { Matcher, MatchResult, QuerySignals } from '../lists/index.ts';
import type { Clock } from '../platform/clock.ts';
import type { Config } from '../platform/config.ts';
import { isGatehouseError } from '../platform/errors.ts';
import { resolveEntry } from '../platform/entry.ts';
import type { Log } from '../platform/log.ts';
import { NO_TIMES, readContent, type ReadContent } from './content.ts';
import { DecoderPool, type DecodeTimes } from './decoder-pool.ts';
import { explain } from './explanation-rules.ts';
import { bestQuality, decide, type Reading, type Verdict } from './rules.ts';
import type { ErrorReason, ScreenRequest, ScreenResult, Screening, ScreeningService, Timings } from './schema.ts';

/** Raised when the same bytes could get other signals or another verdict: another decoder, hash or rule. */
export const ENGINE_VERSION = 'gatehouse-1/sharp-0.35.5';

/** What screening asks of lists; a part of ListsService, and all that an offline scan has. */
export interface ListsInForce {
  matcher(): Matcher;
  freshness(): { readonly state: 'loading' | 'fresh' | 'stale' };
}

export type ScreeningConfig = Pick<
  Config,
  'requireLists' | 'decodeProcesses' | 'decodeTimeoutMs' | 'decodeMaxPixels' | 'decodeMaxFrames' | 'decodeMemoryMib' | 'scanQueueLimit'
>;

export interface ScreeningOptions {
  readonly config: ScreeningConfig;
  readonly clock: Clock;
  readonly log: Log;
  readonly lists: ListsInForce;
  readonly pool: DecoderPool;
  /** Aborted when the app begins to stop. */
  readonly stopping?: AbortSignal;
  /** Sees every screening, for the metrics. */
  readonly observe?: (screening: Screening) => void;
}

/** The pool that a configuration asks for. @throws {GatehouseError} `internal` when the program was not built */
export function openDecoderPool(config: ScreeningConfig, clock: Clock): DecoderPool {
  return new DecoderPool({
    program: resolveEntry('screening/decoder-process'),
    processes: config.decodeProcesses,
    timeoutMs: config.decodeTimeoutMs,
    memoryMib: config.decodeMemoryMib,
    queueLimit: config.scanQueueLimit,
    limits: { maxPixels: config.decodeMaxPixels, maxFrames: config.decodeMaxFrames },
    clock,
  });
}

export function createScreening(options: ScreeningOptions): ScreeningService {
  const { clock, pool, observe } = options;
  return {
    engineVersion: ENGINE_VERSION,
    queueLength: () => pool.length,
    async screen(request) {
      const startMs = clock.monotonicMs();
      let result: ScreenResult;
      try {
        result = await screen(options, request, startMs);
      } catch (error) {
        result = { screening: concludeFault(options, { error, startMs, signal: request.signal }), signals: undefined };
      }
      observe?.(result.screening);
      return result;
    },
    async rematch(signals, { isCanary } = {}) {
      const startMs = clock.monotonicMs();
      try {
        const match = await options.lists.matcher().match(signals, { key: RECHECK_KEY, withCanaries: isCanary });
        const reading: Reading = { kind: 'hashed', pictures: signals.pictures };
        return conclude(options, { reading, match, times: NO_TIMES, startMs, matchMs: clock.monotonicMs() - startMs });
      } catch (error) {
        return concludeFault(options, { error, startMs, signal: undefined });
      }
    },
  };
}

/** Re-checks take turns with uploads; their own number must not push those aside. */
const RECHECK_KEY = 'recheck';

/**
 * Digests first: they need no decoder. When no list could give an answer the content is not decoded at all; otherwise it is, whatever the
 * digests say, so that a match names everything that matches. The verdict uses the one list set that is in force when it is made.
 */
async function screen(options: ScreeningOptions, request: ScreenRequest, startMs: number): Promise<ScreenResult> {
  const { lists, clock, config } = options;
  const digestsOnly: QuerySignals = { digests: request.digests, pictures: [] };
  const isHopeless = (match: MatchResult): boolean =>
    match.hitCount === 0 && (lists.freshness().state === 'loading' || (match.activeLists === 0 && config.requireLists));
  const matching = { key: request.key, signal: request.signal, withCanaries: request.isCanary };
  const isUnanswerable = isHopeless(await lists.matcher().match(digestsOnly, matching));
  const content: ReadContent = isUnanswerable ? { reading: unread(request), times: NO_TIMES } : await read(options, request);
  const { reading, times } = content;
  const signals: QuerySignals = reading.kind === 'hashed' ? { digests: request.digests, pictures: reading.pictures } : digestsOnly;
  const matchStartMs = clock.monotonicMs();
  const match = await lists.matcher().match(signals, matching);
  const screening = conclude(options, { reading, match, times, startMs, matchMs: clock.monotonicMs() - matchStartMs });
  // Signals of a part must not become a clearance of the whole at a later comparison.
  const isWhole = reading.kind === 'hashed' && reading.media?.isPartial !== true;
  return { screening, signals: isWhole ? signals : undefined };
}

function unread(request: ScreenRequest): Reading {
  return request.sizeBytes === 0 ? { kind: 'unscannable', reason: 'empty' } : { kind: 'unread' };
}

async function read({ pool, stopping }: ScreeningOptions, request: ScreenRequest): Promise<ReadContent> {
  if (stopping?.aborted === true) return { reading: { kind: 'failed', reason: 'stopping' }, times: NO_TIMES };
  return readContent(pool, request);
}

interface Fault {
  readonly error: unknown;
  readonly startMs: number;
  readonly signal: AbortSignal | undefined;
}

/** Without a comparison there is no verdict but `error`. */
function concludeFault(options: ScreeningOptions, { error, startMs, signal }: Fault): Screening {
  const reason = readReason(error, signal);
  if (reason === 'internal') options.log.error({ err: error }, 'a screening failed in an unexpected way');
  return conclude(options, { reading: { kind: 'failed', reason }, match: undefined, times: NO_TIMES, startMs, matchMs: 0 });
}

function readReason(error: unknown, signal: AbortSignal | undefined): ErrorReason {
  if (isGatehouseError(error, 'queue_full')) return 'queue_full';
  if (isGatehouseError(error, 'stopping')) return 'stopping';
  return signal?.aborted === true ? 'cancelled' : 'internal';
}

interface Conclusion {
  readonly reading: Reading;
  /** Undefined when there was no comparison. */
  readonly match: MatchResult | undefined;
  readonly times: DecodeTimes;
  readonly startMs: number;
  readonly matchMs: number;
}

const NO_MATCH: MatchResult = { listSetVersion: 0, hits: [], hitCount: 0, activeLists: 0, isBelowQualityFloor: true };

function conclude({ lists, config, clock }: ScreeningOptions, conclusion: Conclusion): Screening {
  const { reading, times, startMs, matchMs } = conclusion;
  const isEmpty = reading.kind === 'unscannable' && reading.reason === 'empty';
  const found = conclusion.match ?? NO_MATCH;
  const match = isEmpty ? { ...found, hits: [], hitCount: 0 } : found;
  const isUnmatched = conclusion.match === undefined;
  const verdict: Verdict = isUnmatched
    ? { verdict: 'error', reason: reading.kind === 'failed' ? reading.reason : 'internal' }
    : decide({ reading, match, freshness: lists.freshness().state, requireLists: config.requireLists });
  const pictures = reading.kind === 'hashed' ? reading.pictures : [];
  const media = reading.kind === 'hashed' || reading.kind === 'unscannable' ? reading.media : undefined;
  const quality = bestQuality(pictures);
  const { listSetVersion, hits, hitCount } = match;
  const timings: Timings = { ...times, matchMs, totalMs: clock.monotonicMs() - startMs };
  return {
    verdict: verdict.verdict,
    ...(verdict.reason === undefined ? {} : { reason: verdict.reason }),
    explanation: explain({ verdict, hits, hitCount, media, quality, listSetVersion }),
    hits: [...hits],
    hitCount,
    ...(quality === undefined ? {} : { quality }),
    ...(media === undefined ? {} : { media }),
    listSetVersion,
    engineVersion: ENGINE_VERSION,
    timings: roundTimings(timings),
  };
}

/** To hundredths of a millisecond: more is noise. */
function roundTimings(timings: Timings): Timings {
  const round = (ms: number): number => Math.round(ms * 100) / 100;
  return {
    waitMs: round(timings.waitMs),
    decodeMs: round(timings.decodeMs),
    hashMs: round(timings.hashMs),
    matchMs: round(timings.matchMs),
    totalMs: round(timings.totalMs),
  };
}
