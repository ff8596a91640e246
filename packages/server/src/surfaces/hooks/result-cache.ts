/** What was said about content a short time ago, by its digest. Bounded, in memory, and void as soon as the lists are others. */
import type { Clock } from '../../platform/clock.ts';

export interface Remembered {
  readonly isReleased: boolean;
  readonly message: string;
  readonly mediaType: string | undefined;
}

export interface ResultCache {
  find(sha256: string, listSetVersion: number): Remembered | undefined;
  keep(sha256: string, listSetVersion: number, result: Remembered): void;
}

const ENTRIES_MAX = 1_000;
const KEPT_MS = 10 * 60_000;

export function createResultCache(clock: Pick<Clock, 'monotonicMs'>): ResultCache {
  const entries = new Map<string, { readonly result: Remembered; readonly listSetVersion: number; readonly untilMs: number }>();
  return {
    find(sha256, listSetVersion) {
      const entry = entries.get(sha256);
      if (entry === undefined) return undefined;
      if (entry.listSetVersion === listSetVersion && clock.monotonicMs() < entry.untilMs) return entry.result;
      entries.delete(sha256);
      return undefined;
    },
    keep(sha256, listSetVersion, result) {
      entries.delete(sha256);
      entries.set(sha256, { result, listSetVersion, untilMs: clock.monotonicMs() + KEPT_MS });
      const [oldest] = entries.keys();
      if (entries.size > ENTRIES_MAX && oldest !== undefined) entries.delete(oldest);
    },
  };
}
