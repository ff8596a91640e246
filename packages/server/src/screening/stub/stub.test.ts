import { createHash } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import type { ScreeningService } from '../schema.ts';
import { ForceOutcomeSchema, readFileName, type ForceOutcome } from './outcome-rules.ts';
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

describe('lists and forced outcomes', () => {
  const digests = { md5: '', sha1: '', sha256: sha('x') };
  const inner = {
    screen: async () => ({ screening: { verdict: 'error', reason: 'inner' } }),
    rematch: async () => ({ verdict: 'error', reason: 'inner' }),
  } as unknown as ScreeningService;
  const open = (forced: Partial<ForceOutcome> = {}, sleep: () => Promise<void> = async () => undefined) => {
    const stub = createStub();
    stub.force({ sha256: digests.sha256, verdict: 'clear', ...forced });
    const state = { isOnly: true, freshness: 'fresh' as 'loading' | 'fresh' | 'stale', listSetVersion: 7 };
    const lists = { matcher: () => state, hasOnlyStubLists: () => state.isOnly, freshness: () => ({ state: state.freshness }) };
    const screening = forceOutcomes(inner, { stub, lists, clock: { sleep } as never });
    return { state, screening, screen: () => screening.screen({ path: '', digests, sizeBytes: 1, key: 'k' }) };
  };

  it('another list ends every answer, forced or not, at screening and at a re-check', async () => {
    const { state, screening, screen } = open();
    expect((await screen()).screening).toMatchObject({ verdict: 'clear', listSetVersion: 7 });
    state.isOnly = false;
    expect((await screen()).screening).toMatchObject({ verdict: 'error', reason: 'stub_with_lists' });
    expect(await screening.rematch({ digests, pictures: [] })).toMatchObject({ verdict: 'error', reason: 'stub_with_lists' });
  });

  it('a list that comes while a forced outcome waits ends that answer, too', async () => {
    const later = open({ delayMs: 1000 }, async () => void (later.state.isOnly = false));
    expect((await later.screen()).screening).toMatchObject({ verdict: 'error', reason: 'stub_with_lists' });
  });

  it('what was forced can be asked about again, when a list comes between the answer and its record', async () => {
    const { screen } = open();
    expect((await screen()).signals).toEqual({ digests, pictures: [] });
  });

  it.each(['loading', 'stale'] as const)('nothing is forced where nobody knows which lists are active: %s', async (freshness) => {
    const { state, screening, screen } = open();
    state.freshness = freshness;
    expect((await screen()).screening).toMatchObject({ reason: 'inner' });
    expect(await screening.rematch({ digests, pictures: [] })).toMatchObject({ reason: 'inner' });
  });
});
