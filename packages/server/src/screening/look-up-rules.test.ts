import { describe, expect, test } from 'vitest';
import type { MatchResult } from '../lists/index.ts';
import { toQuery, toResult } from './look-up-rules.ts';

const PDQ = '0123456789abcdef'.repeat(4);

test('a query holds one signal and nothing else', () => {
  expect(toQuery({ type: 'sha1', value: 'A'.repeat(40) })).toEqual({ digests: { md5: '', sha1: 'A'.repeat(40), sha256: '' }, pictures: [] });
  expect(toQuery({ type: 'pdq', value: PDQ.toUpperCase(), quality: 12 }).pictures).toEqual([{ rendering: 'opaque', form: 'full', quality: 12, hashes: [PDQ] }]);
  expect(toQuery({ type: 'pdq', value: PDQ }).pictures[0]?.quality).toBe(100);
});

describe('toResult', () => {
  const nothing: MatchResult = { listSetVersion: 1, hits: [], hitCount: 0, activeLists: 1, isBelowQualityFloor: true };
  const hit = {
    listId: `list_${'0'.repeat(26)}`,
    listName: 'A',
    entry: 7,
    signal: 'pdq',
    distance: 3,
    quality: 90,
    form: 'full',
    disposition: 'refuse',
  } as const;

  test('too low a quality is not "no match", and digests have none', () => {
    expect(toResult(0, 'pdq', nothing).outcome).toBe('quality_too_low');
    expect(toResult(0, 'pdq', { ...nothing, isBelowQualityFloor: false }).outcome).toBe('no_match');
    expect(toResult(0, 'md5', nothing).outcome).toBe('no_match');
  });

  test('a hit is a hit even when another list did not compare; only what is known of it is told', () => {
    expect(toResult(4, 'pdq', { ...nothing, hits: [hit], hitCount: 3 })).toEqual({
      index: 4,
      type: 'pdq',
      outcome: 'match',
      hits: [{ listId: hit.listId, listName: 'A', entry: 7, distance: 3, disposition: 'refuse' }],
      hitCount: 3,
      truncated: true,
    });
    expect(toResult(4, 'pdq', { ...nothing, hits: [hit], hitCount: 1 }).truncated).toBe(false);
  });
});
