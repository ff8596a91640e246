import { createHash } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import type { ScreeningService } from '../schema.ts';
import { ForceOutcomeSchema, readFileName } from './outcome-rules.ts';
import { createStub, forceOutcomes, OUTCOMES_MAX } from './stub.ts';

const sha = (content: string): string => createHash('sha256').update(content).digest('hex');

describe('file names', () => {
  it.each([
    ['gatehouse-clear.jpg', 'clear'],
    ['Gatehouse-Match.JPG', 'match'],
    ['C:\\pictures\\gatehouse-unscannable.pdf', 'unscannable'],
    ['a/b/gatehouse-error.tar.gz', 'error'],
    ['gatehouse-slow.png', 'clear'],
  ])('%s asks for %s', (name, verdict) => expect(readFileName(name)).toMatchObject({ verdict }));

  it.each(['gatehouse-match', 'xgatehouse-match.jpg', 'gatehouse-matches.jpg', 'gatehouse-constructor.jpg', 'match.jpg', ''])('"%s" asks for nothing', (name) =>
    expect(readFileName(name)).toBeUndefined(),
  );
});

describe('what may be forced', () => {
  it.each([
    [{ verdict: 'clear', reason: 'empty' }, false],
    [{ verdict: 'unscannable', reason: 'empty' }, true],
    [{ verdict: 'unscannable', reason: 'no_lists' }, false],
    [{ verdict: 'error', reason: 'no_lists' }, true],
    [{ verdict: 'clear', disposition: 'refuse' }, false],
  ])('%o: %s', (outcome, isGood) => expect(ForceOutcomeSchema.safeParse({ sha256: sha('x').toUpperCase(), ...outcome }).success).toBe(isGood));

  it('is bounded', () => {
    const stub = createStub();
    for (let i = 0; i < OUTCOMES_MAX; i++) stub.force({ sha256: sha(String(i)), verdict: 'clear' });
    expect(() => stub.force({ sha256: sha('more'), verdict: 'clear' })).toThrow('forced already');
    stub.force({ sha256: sha('0'), verdict: 'match' });
    expect(stub.find(sha('0'))).toEqual({ verdict: 'match' });
    expect(stub.clear(undefined)).toBe(OUTCOMES_MAX);
  });
});

it('another list ends every answer, forced or not, at screening and at a re-check', async () => {
  const stub = createStub();
  const digests = { md5: '', sha1: '', sha256: sha('x') };
  stub.force({ sha256: digests.sha256, verdict: 'clear' });
  let isOnly = true;
  const inner = {
    screen: async () => Promise.reject(new Error('asked')),
    rematch: async () => Promise.reject(new Error('asked')),
  } as unknown as ScreeningService;
  const lists = { matcher: () => ({ listSetVersion: 7 }), hasOnlyStubLists: () => isOnly };
  const screening = forceOutcomes(inner, { stub, lists, clock: { sleep: async () => undefined } as never });
  const screen = async () => (await screening.screen({ path: '', digests, sizeBytes: 1, key: 'k' })).screening;
  expect(await screen()).toMatchObject({ verdict: 'clear', listSetVersion: 7 });
  isOnly = false;
  expect(await screen()).toMatchObject({ verdict: 'error', reason: 'stub_with_lists' });
  expect(await screening.rematch({ digests, pictures: [] })).toMatchObject({ verdict: 'error', reason: 'stub_with_lists' });
});
