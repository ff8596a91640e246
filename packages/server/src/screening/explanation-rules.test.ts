import { describe, expect, test } from 'vitest';
import { ORIENTATIONS } from '@gatehouse/pdq';
import type { Hit } from '../lists/index.ts';
import { explain, explainHit, type Explained } from './explanation-rules.ts';
import { ERROR_REASONS, UNSCANNABLE_REASONS } from './schema.ts';

const hit: Hit = {
  listId: 'list_00000000000000000000000001',
  listName: 'North',
  entry: 12,
  signal: 'pdq',
  distance: 4,
  quality: 98,
  orientation: 'rot270',
  rendering: 'white',
  form: 'nearest512',
  disposition: 'hold',
};
const base: Explained = { verdict: { verdict: 'clear' }, hits: [], hitCount: 0, media: { type: 'image/gif', frames: 1 }, quality: 98, listSetVersion: 7 };

describe('explain', () => {
  test('a PDQ hit names list, entry, signal, distance, quality, orientation, rendering and form', () => {
    expect(explainHit(hit)).toBe(
      'Entry 12 of the list “North” looks the same: the PDQ hash of the picture, turned by 90 degrees clockwise, transparent parts shown on white, shrunk to 512 x 512, differs in 4 of 256 bits (quality 98 of 100).',
    );
  });

  test('a digest hit says that the files are identical', () => {
    expect(explainHit({ ...hit, signal: 'sha1', distance: 0 })).toBe('Entry 12 of the list “North” has the same SHA-1 digest: the files are identical.');
  });

  test.each([
    [1, ''],
    [2, ' One more entry matches.'],
    [31, ' 30 more entries match.'],
  ])('%i hits', (hitCount, end) => {
    const text = explain({ ...base, verdict: { verdict: 'match' }, hits: [hit], hitCount });
    expect(text).toBe(`${explainHit(hit)}${end}`);
  });

  test('every orientation has words of its own', () => {
    const texts = ORIENTATIONS.map((orientation) => explainHit({ ...hit, orientation }));
    expect(new Set(texts).size).toBe(8);
    for (const [index, text] of texts.entries()) expect(text).not.toContain(`, ${ORIENTATIONS[index] ?? ''},`);
    expect(explainHit({ ...hit, orientation: 'original', rendering: 'opaque', form: 'full' })).toContain(
      'the PDQ hash of the picture differs in 4 of 256 bits',
    );
  });

  test('every reason has a sentence of its own', () => {
    const texts = [
      ...UNSCANNABLE_REASONS.map((reason) => explain({ ...base, verdict: { verdict: 'unscannable', reason } })),
      ...ERROR_REASONS.map((reason) => explain({ ...base, verdict: { verdict: 'error', reason } })),
    ];
    expect(new Set(texts).size).toBe(texts.length);
    for (const text of texts) expect(text).toMatch(/^[A-Z].*\.$/s);
  });

  test('low quality is said in so many words, never by silence', () => {
    expect(explain({ ...base, quality: 12, verdict: { verdict: 'unscannable', reason: 'no_reliable_perceptual_hash' } })).toMatch(
      /no reliable perceptual hash.*quality 12 of 100/,
    );
  });

  test('an unsupported type is named, and clear says what was not looked at', () => {
    expect(explain({ ...base, media: { type: 'video/mp4' }, verdict: { verdict: 'unscannable', reason: 'unsupported_type' } })).toContain('video/mp4');
    expect(explain(base)).toBe('No entry of list set 7 matches its digests, or its PDQ hash in any of eight orientations.');
    expect(explain({ ...base, media: { type: 'image/gif', frames: 60 } })).toContain('Only the first of its 60 frames was decoded.');
  });
});
