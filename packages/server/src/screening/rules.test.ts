import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { PictureHashes } from '../lists/index.ts';
import { bestQuality, decide, type Reading, type VerdictInput } from './rules.ts';
import { ERROR_REASONS, UNSCANNABLE_REASONS, type Media } from './schema.ts';

const picture: PictureHashes = { rendering: 'opaque', form: 'full', quality: 100, hashes: [] };
const media: Media = { type: 'image/jpeg', width: 9, height: 9, frames: 1, isPartial: false };
const fine: VerdictInput = {
  reading: { kind: 'hashed', media, pictures: [picture] },
  match: { hitCount: 0, activeLists: 1, isBelowQualityFloor: false },
  freshness: 'fresh',
  requireLists: true,
};

const anyReading: fc.Arbitrary<Reading> = fc.oneof(
  fc.record({
    kind: fc.constant('hashed' as const),
    media: fc.option(fc.record({ type: fc.constant('image/png'), isPartial: fc.boolean() }), { nil: undefined }),
    pictures: fc.array(fc.constant(picture), { maxLength: 2 }),
  }),
  fc.record({ kind: fc.constant('unscannable' as const), reason: fc.constantFrom(...UNSCANNABLE_REASONS) }),
  fc.record({ kind: fc.constant('failed' as const), reason: fc.constantFrom(...ERROR_REASONS) }),
  fc.constant({ kind: 'unread' as const }),
);
const anyInput: fc.Arbitrary<VerdictInput> = fc.record({
  reading: anyReading,
  match: fc.record({ hitCount: fc.constantFrom(0, 0, 1, 20), activeLists: fc.nat(2), isBelowQualityFloor: fc.boolean() }),
  freshness: fc.constantFrom('loading', 'fresh', 'stale'),
  requireLists: fc.boolean(),
});

describe('decide', () => {
  test('clear only when nothing at all speaks against it', () => {
    expect(decide(fine)).toEqual({ verdict: 'clear' });
    fc.assert(
      fc.property(anyInput, (input) => {
        const { reading, match } = input;
        const isClear =
          match.hitCount === 0 &&
          input.freshness === 'fresh' &&
          (match.activeLists > 0 || !input.requireLists) &&
          reading.kind === 'hashed' &&
          reading.pictures.length > 0 &&
          reading.media?.isPartial !== true &&
          !match.isBelowQualityFloor;
        expect(decide(input).verdict === 'clear').toBe(isClear);
      }),
      { numRuns: 2000 },
    );
  });

  test('a hit is a match whatever else is wrong, but an empty file is never compared', () => {
    fc.assert(
      fc.property(anyInput, (input) => {
        const withHit = { ...input, match: { ...input.match, hitCount: 1 } };
        const isEmpty = input.reading.kind === 'unscannable' && input.reading.reason === 'empty';
        expect(decide(withHit).verdict).toBe(isEmpty ? 'unscannable' : 'match');
      }),
    );
  });

  test('every verdict without an answer has a reason of its own table', () => {
    fc.assert(
      fc.property(anyInput, (input) => {
        const { verdict, reason } = decide(input);
        const table: readonly string[] = verdict === 'unscannable' ? UNSCANNABLE_REASONS : ERROR_REASONS;
        expect(verdict === 'clear' || verdict === 'match' ? reason === undefined : table.includes(reason ?? '')).toBe(true);
      }),
    );
  });

  test.each([
    ['lists_loading', { ...fine, freshness: 'loading' }],
    ['lists_stale', { ...fine, freshness: 'stale' }],
    ['no_lists', { ...fine, match: { ...fine.match, activeLists: 0 } }],
    ['queue_full', { ...fine, reading: { kind: 'failed', reason: 'queue_full' } }],
    ['internal', { ...fine, reading: { kind: 'unread' } }],
  ] as const)('error: %s', (reason, input) => {
    expect(decide(input)).toEqual({ verdict: 'error', reason });
  });

  test.each([
    ['no_reliable_perceptual_hash', { ...fine, match: { ...fine.match, isBelowQualityFloor: true } }],
    ['truncated', { ...fine, reading: { kind: 'hashed', media: { ...media, isPartial: true }, pictures: [picture] } }],
    ['undecodable', { ...fine, reading: { kind: 'hashed', media, pictures: [] } }],
    ['decoder_timeout', { ...fine, reading: { kind: 'unscannable', reason: 'decoder_timeout' } }],
  ] as const)('unscannable: %s', (reason, input) => {
    expect(decide(input)).toEqual({ verdict: 'unscannable', reason });
  });

  test('what the service lacks comes before what the content lacks: it may be answered later', () => {
    expect(decide({ ...fine, freshness: 'stale', reading: { kind: 'unscannable', reason: 'undecodable' } })).toMatchObject({ verdict: 'error' });
  });
});

test('bestQuality is the best of all renderings', () => {
  expect(bestQuality([])).toBeUndefined();
  expect(
    bestQuality([
      { ...picture, quality: 3 },
      { ...picture, quality: 71 },
    ]),
  ).toBe(71);
});
