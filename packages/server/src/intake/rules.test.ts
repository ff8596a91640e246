import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { ERROR_REASONS, UNSCANNABLE_REASONS, VERDICTS, type Screening } from '../screening/index.ts';
import {
  areaOf,
  ATTEMPTS_MAX,
  decide,
  describeForUploader,
  hasContent,
  isDecided,
  isSettled,
  nextState,
  planRetry,
  statesBefore,
  type UploadEvent,
} from './rules.ts';
import { UPLOAD_STATES, type UploadState } from './schema.ts';

const EVENTS: readonly UploadEvent[] = ['begin', 'abandon', 'accept', 'lease', 'retry', 'release', 'hold', 'refuse', 'rescreen', 'revoke', 'expire', 'delete'];

const hits = fc.array(
  fc.constantFrom('hold', 'refuse').map((disposition) => ({ disposition }) as Screening['hits'][number]),
  { maxLength: 4 },
);
const screenings: fc.Arbitrary<Screening> = fc.record({
  verdict: fc.constantFrom(...VERDICTS),
  reason: fc.constantFrom(undefined, ...UNSCANNABLE_REASONS, ...ERROR_REASONS, 'a word of the future'),
  explanation: fc.string(),
  hits,
  hitCount: fc.nat(30),
  listSetVersion: fc.nat(),
  engineVersion: fc.constant('test'),
  timings: fc.constant({ waitMs: 0, decodeMs: 0, hashMs: 0, matchMs: 0, totalMs: 0 }),
});
const policies = fc.record({
  onUnscannable: fc.constantFrom('hold' as const, 'release' as const, 'refuse' as const),
  onLowQuality: fc.constantFrom('hold' as const, 'release' as const),
});

describe('decide', () => {
  it('releases only what is clear without a hit, or unscannable by an explicit policy', () => {
    fc.assert(
      fc.property(screenings, policies, (screening, policy) => {
        const { disposition } = decide(screening, policy);
        if (disposition !== 'release') return;
        const isClear = screening.verdict === 'clear' && screening.hitCount === 0 && screening.hits.length === 0;
        const setting = screening.reason === 'no_reliable_perceptual_hash' ? policy.onLowQuality : policy.onUnscannable;
        expect(isClear || (screening.verdict === 'unscannable' && setting === 'release')).toBe(true);
      }),
      { numRuns: 2_000 },
    );
  });

  it('gives a receipt to the verdict clear only, and only with a release', () => {
    fc.assert(
      fc.property(screenings, policies, (screening, policy) => {
        const { disposition, getsReceipt } = decide(screening, policy);
        expect(getsReceipt).toBe(screening.verdict === 'clear' && disposition === 'release');
      }),
      { numRuns: 2_000 },
    );
  });

  it('refuses a match when any list says so, and else holds it; an error is always held', () => {
    fc.assert(
      fc.property(screenings, policies, (screening, policy) => {
        const { disposition } = decide(screening, policy);
        if (screening.verdict === 'match') expect(disposition).toBe(screening.hits.some((hit) => hit.disposition === 'refuse') ? 'refuse' : 'hold');
        if (screening.verdict === 'error') expect(disposition).toBe('hold');
      }),
      { numRuns: 2_000 },
    );
  });
});

describe('the state machine', () => {
  it('is total: every event in every state leads to a known state or is refused', () => {
    for (const state of UPLOAD_STATES) {
      for (const event of EVENTS) {
        const next = nextState(state, event);
        expect(next === undefined || UPLOAD_STATES.includes(next)).toBe(true);
        expect(statesBefore(event).includes(state)).toBe(next !== undefined);
      }
    }
  });

  it('is released only by the decision of a screening, however events follow each other', () => {
    fc.assert(
      fc.property(fc.array(fc.constantFrom(...EVENTS), { maxLength: 40 }), (events) => {
        let state: UploadState = 'created';
        for (const event of events) {
          const next = nextState(state, event);
          if (next === undefined) continue;
          if (next === 'released') expect([state, event]).toEqual(['scanning', 'release']);
          if (next === 'scanning') expect(['received', 'scanning']).toContain(state);
          // Acknowledged content leaves only decided, or because somebody deleted it.
          if (hasContent(state) && !hasContent(next)) expect(event === 'delete' || (event === 'expire' && isDecided(state))).toBe(true);
          state = next;
        }
      }),
      { numRuns: 5_000 },
    );
  });

  it('keeps released bytes apart from all others', () => {
    for (const state of UPLOAD_STATES) {
      expect(areaOf(state) === 'released').toBe(state === 'released');
      expect(areaOf(state) !== undefined).toBe(hasContent(state));
      if (isDecided(state)) expect(isSettled(state)).toBe(true);
    }
  });
});

describe('planRetry', () => {
  it('grows, is bounded, and gives up after the last attempt', () => {
    let before = 0;
    for (let attempt = 1; attempt < ATTEMPTS_MAX; attempt++) {
      const retry = planRetry('lists_stale', attempt);
      if (retry.kind !== 'later') throw new Error('must be tried again');
      expect(retry.delayS).toBeGreaterThanOrEqual(before);
      expect(retry.delayS).toBeLessThanOrEqual(600);
      before = retry.delayS;
    }
    expect(planRetry('lists_stale', ATTEMPTS_MAX)).toEqual({ kind: 'give_up' });
  });

  it('does not count interruptions and does not wait for lists that were never imported', () => {
    expect(planRetry('stopping', ATTEMPTS_MAX)).toEqual({ kind: 'interrupted' });
    expect(planRetry('no_lists', 1)).toEqual({ kind: 'give_up' });
  });
});

describe('describeForUploader', () => {
  it('tells held and refused apart in nothing', () => {
    expect(describeForUploader('held', 'upl_x')).toBe(describeForUploader('refused', 'upl_x'));
    expect(describeForUploader('held', 'upl_x')).toBe('This file could not be published. Reference upl_x.');
  });
});
