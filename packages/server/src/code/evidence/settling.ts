/** What runs on a schedule leaves a start alone: lists are loaded and waiting uploads are screened first. */
import type { Clock } from '../../platform/clock.ts';

const AFTER_START_MS = 10 * 60_000;

/** @returns whether the process has run for so long */
export function waitAfterStart(clock: Pick<Clock, 'monotonicMs'>): () => boolean {
  const startedMs = clock.monotonicMs();
  return () => clock.monotonicMs() - startedMs >= AFTER_START_MS;
}
