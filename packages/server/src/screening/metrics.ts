/** Counts and times of screenings. Labels are closed words. */
import type { Metrics } from '../platform/metrics.ts';
import { LOOK_UP_OUTCOMES, type LookUpReply } from './look-up-schema.ts';
import type { FailureReason } from './look-ups.ts';
import type { Screening } from './schema.ts';

const SECONDS = [0.001, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 20, 60];

/** @returns what must see every screening */
export function createScreeningMeter(metrics: Metrics, queueLength: () => number): (screening: Screening) => void {
  const verdicts = metrics.counter({ name: 'gatehouse_screenings_total', help: 'Screenings by verdict.', labels: ['verdict'] });
  const reasons = metrics.counter({
    name: 'gatehouse_screening_reasons_total',
    help: 'Screenings without an answer, by verdict and reason.',
    labels: ['verdict', 'reason'],
  });
  const seconds = metrics.histogram({
    name: 'gatehouse_screening_seconds',
    help: 'Time of a screening by stage: wait, decode, hash, match, total.',
    labels: ['stage'],
    buckets: SECONDS,
  });
  metrics.gauge({ name: 'gatehouse_screening_queue', help: 'Screenings waiting for a decoder and under way.' }, queueLength);
  return ({ verdict, reason, timings }) => {
    verdicts.add({ verdict });
    if (reason !== undefined) reasons.add({ verdict, reason });
    for (const [stage, ms] of [
      ['wait', timings.waitMs],
      ['decode', timings.decodeMs],
      ['hash', timings.hashMs],
      ['match', timings.matchMs],
      ['total', timings.totalMs],
    ] as const) {
      seconds.observe({ stage }, ms / 1000);
    }
  };
}

/** @returns what must see every look-up */
export function createLookUpMeter(metrics: Metrics): (outcome: LookUpReply | FailureReason) => void {
  const signals = metrics.counter({ name: 'gatehouse_look_up_signals_total', help: 'Signals looked up, by outcome.', labels: ['outcome'] });
  const failures = metrics.counter({ name: 'gatehouse_look_up_failures_total', help: 'Look-ups without an answer, by reason.', labels: ['reason'] });
  return (outcome) => {
    if (typeof outcome === 'string') return failures.add({ reason: outcome });
    for (const word of LOOK_UP_OUTCOMES) {
      const count = outcome.results.filter((result) => result.outcome === word).length;
      if (count > 0) signals.add({ outcome: word }, count);
    }
  };
}
