/** Asks the sources: each for itself, a bounded number at once, each with a bounded time. What cannot be read is a reading of its own, and never a pass. */
import type { Clock } from '../../platform/clock.ts';
import type { AppContext } from '../../platform/context.ts';
import type { EvidenceSource, EvidenceWindow } from '../../platform/evidence.ts';
import type { Catalogue, EvidenceItem } from '../catalogue/schema.ts';
import type { Reading } from './state-rules.ts';

type Window = EvidenceItem['window'];

export const SOURCE_TIMEOUT_MS = 10_000;
/** Below the number of database connections, which requests need meanwhile. */
const CONCURRENT = 3;

const HOUR_MS = 3_600_000;
const WINDOW_MS: Readonly<Record<Window, number>> = {
  now: 0,
  '1h': HOUR_MS,
  '24h': 24 * HOUR_MS,
  '7d': 7 * 24 * HOUR_MS,
  '30d': 30 * 24 * HOUR_MS,
  '90d': 90 * 24 * HOUR_MS,
  '365d': 365 * 24 * HOUR_MS,
};

export function toWindow(window: Window, at: Date): EvidenceWindow {
  return { from: new Date(at.getTime() - WINDOW_MS[window]), to: at };
}

export interface Readings {
  find(metric: string, window: Window): Reading;
  /** Everything that was read, for the series. */
  all(): readonly { readonly metric: string; readonly window: Window; readonly reading: Reading }[];
}

const NO_SOURCE: Reading = { kind: 'none' };
const keyOf = (metric: string, window: Window): string => `${metric} ${window}`;

export async function readSources(context: AppContext, catalogue: Catalogue, asked: { readonly at: Date; readonly signal: AbortSignal }): Promise<Readings> {
  const sources = new Map(context.evidence.sources().map((source) => [source.metric, source]));
  const wanted = listWanted(catalogue).flatMap(({ metric, window }) => {
    const source = sources.get(metric);
    return source === undefined ? [] : [{ metric, window, source }];
  });
  const read = new Map<string, { metric: string; window: Window; reading: Reading }>();
  const queue = wanted.values();
  const work = async (): Promise<void> => {
    for (const { metric, window, source } of queue) {
      asked.signal.throwIfAborted();
      read.set(keyOf(metric, window), { metric, window, reading: await readOne(context, source, { ...asked, window: toWindow(window, asked.at) }) });
    }
  };
  await Promise.all(Array.from({ length: CONCURRENT }, work));
  return { find: (metric, window) => read.get(keyOf(metric, window))?.reading ?? NO_SOURCE, all: () => [...read.values()] };
}

/** Each metric once for each window in which a measure wants it. */
function listWanted(catalogue: Catalogue): { readonly metric: string; readonly window: Window }[] {
  const wanted = new Map<string, { metric: string; window: Window }>();
  for (const { controls } of catalogue.groups) {
    for (const { evidence } of controls) for (const { metric, window } of evidence) wanted.set(keyOf(metric, window), { metric, window });
  }
  return [...wanted.values()];
}

async function readOne(
  { clock, log }: AppContext,
  source: EvidenceSource,
  { window, signal }: { readonly window: EvidenceWindow; readonly signal: AbortSignal },
): Promise<Reading> {
  const { metric, method, freshForHours } = source;
  try {
    const found = await withTimeout(clock, signal, (ownSignal) => source.read(window, ownSignal));
    if (found === undefined) return { kind: 'failed', reason: `The source did not answer within ${SOURCE_TIMEOUT_MS / 1000} seconds.`, method };
    return { kind: 'read', ...found, ...(freshForHours === undefined ? {} : { freshForHours }), method, from: window.from, to: window.to };
  } catch (error) {
    signal.throwIfAborted();
    log.warn({ metric, err: error }, 'a source of evidence failed; what rests on it is not evaluated');
    return { kind: 'failed', reason: 'The source failed; the log of the server says why.', method };
  }
}

/** @returns undefined when the time was over. A source that does not listen to its signal goes on, and nobody waits for it. */
async function withTimeout<T>(clock: Clock, signal: AbortSignal, work: (signal: AbortSignal) => Promise<T>): Promise<T | undefined> {
  const own = new AbortController();
  const timer = new AbortController();
  const both = AbortSignal.any([own.signal, signal]);
  const running = work(both);
  // It may fail when nobody waits any more.
  running.catch(() => undefined);
  try {
    return await Promise.race([running, clock.sleep(SOURCE_TIMEOUT_MS, AbortSignal.any([timer.signal, signal])).then(() => undefined)]);
  } finally {
    timer.abort();
    own.abort();
  }
}
