import { describe, expect, it } from 'vitest';
import { decideReuse, RECHECK_POLICY } from './recheck-rules.ts';
import { bandsFrom, decideIssue, EPOCH_DAYS, epochAt, findKeyRefusal, isOffered, outcomeOf, timesOf } from './rules.ts';
import { BANDS, type TokenKey, type TokenRefusal, type VerdictForToken } from './schema.ts';

const DAY_MS = 86_400_000;
const NOW = new Date('2026-11-25T12:00:00Z');
const MOMENT = { now: NOW, generation: 1, policy: RECHECK_POLICY };
const OVER_18 = { threshold: 18, direction: 'over' } as const;

function verdict(change: Partial<VerdictForToken> = {}): VerdictForToken {
  return { sessionId: 's', question: OVER_18, result: 'true', grade: 3, kind: 'verified', method: 'wallet', checkedAt: NOW, generation: 1, ...change };
}

describe('who gets tokens', () => {
  it.each([
    ['a wallet', verdict(), { band: 3 }],
    ['a wallet of grade 4 gets no more than 3: a token can be handed on', verdict({ grade: 4 }), { band: 3 }],
    ['a provider', verdict({ grade: 2, method: 'provider:bank' }), { band: 2 }],
    ['an estimate', verdict({ grade: 2, kind: 'estimated' }), { band: 2 }],
    ['an estimate stays in band 2', verdict({ grade: 3, kind: 'estimated' }), { band: 2 }],
    ['a weak estimate', verdict({ grade: 1, kind: 'estimated' }), { refusal: 'grade_too_low' }],
    ['a no', verdict({ result: 'false' }), { refusal: 'answer_no' }],
    ['under 13', verdict({ question: { threshold: 13, direction: 'under' } }), { band: 3 }],
    ['a claim', verdict({ kind: 'declared', grade: 3 }), { refusal: 'declared' }],
    ['a token', verdict({ method: 'token' }), { refusal: 'reused_before' }],
    ['a passkey', verdict({ method: 'passkey' }), { refusal: 'reused_before' }],
    ['an issuer that was muted meanwhile', verdict({ generation: 0 }), { refusal: 'issuer_muted' }],
  ])('%s', (_, given, expected) => expect(decideIssue(given, MOMENT)).toEqual(expected));

  it('nobody, where an answer does not last one epoch', () => {
    const policy = { ...RECHECK_POLICY, underDays: 7 };
    expect(decideIssue(verdict({ question: { threshold: 13, direction: 'under' } }), { ...MOMENT, policy })).toEqual({ refusal: 'not_offered' });
  });
});

describe('times of a key', () => {
  const epoch = epochAt(NOW);

  it('one epoch follows the other', () => {
    const times = timesOf({ ...OVER_18, band: 3, epoch }, RECHECK_POLICY);
    expect(times.notBefore <= NOW && NOW < times.issueUntil).toBe(true);
    expect(timesOf({ ...OVER_18, band: 3, epoch: epoch + 1 }, RECHECK_POLICY).notBefore).toEqual(times.issueUntil);
    expect(epochAt(times.issueUntil)).toBe(epoch + 1);
  });

  it('no token outlives the answer that it stands for', () => {
    for (const direction of ['over', 'under'] as const)
      for (const band of BANDS.filter((each) => isOffered(direction, each, RECHECK_POLICY)))
        for (const kind of band === 3 ? (['verified'] as const) : (['verified', 'estimated'] as const)) {
          const { notBefore, redeemUntil } = timesOf({ threshold: 13, direction, band, epoch }, RECHECK_POLICY);
          const oldest = verdict({ question: { threshold: 13, direction }, grade: band, kind, checkedAt: notBefore });
          expect(decideReuse(oldest, { ...MOMENT, now: new Date(redeemUntil.getTime() - 1) }).mayReuse).toBe(true);
        }
  });

  it('over lasts two epochs, under one', () => {
    const days = (direction: 'over' | 'under'): number => {
      const { notBefore, redeemUntil } = timesOf({ threshold: 13, direction, band: 2, epoch }, RECHECK_POLICY);
      return (redeemUntil.getTime() - notBefore.getTime()) / DAY_MS;
    };
    expect([days('over'), days('under')]).toEqual([2 * EPOCH_DAYS, EPOCH_DAYS]);
  });
});

describe('what a session takes', () => {
  const epoch = epochAt(NOW);
  const key: TokenKey = {
    ...OVER_18,
    band: 2,
    epoch,
    row: 1,
    generation: 1,
    keyId: new Uint8Array(32),
    publicKey: new Uint8Array(),
    ...timesOf({ ...OVER_18, band: 2, epoch }, RECHECK_POLICY),
  };
  const CASES: readonly (readonly [string, Partial<TokenKey>, { readonly minGrade?: 0 | 2 | 3 | 4 }, TokenRefusal | undefined])[] = [
    ['the same question', {}, {}, undefined],
    ['the last epoch', timesOf({ ...OVER_18, band: 2, epoch: epoch - 1 }, RECHECK_POLICY), {}, undefined],
    ['two epochs ago', timesOf({ ...OVER_18, band: 2, epoch: epoch - 2 }, RECHECK_POLICY), {}, 'unknown_key'],
    ['the next epoch', timesOf({ ...OVER_18, band: 2, epoch: epoch + 1 }, RECHECK_POLICY), {}, 'unknown_key'],
    ['a higher threshold says more than was asked', { threshold: 21 }, {}, 'wrong_question'],
    ['a lower threshold', { threshold: 16 }, {}, 'wrong_question'],
    ['the other direction', { direction: 'under' }, {}, 'wrong_question'],
    ['too low', {}, { minGrade: 3 }, 'grade_too_low'],
    ['higher than asked', { band: 3 }, { minGrade: 2 }, undefined],
    ['no token is enough for grade 4', { band: 3 }, { minGrade: 4 }, 'grade_too_low'],
    ['another generation', { generation: 0 }, {}, 'voided'],
  ];

  it.each(CASES)('%s', (_, change, { minGrade = 0 }, expected) => {
    expect(findKeyRefusal({ ...key, ...change }, { session: { question: OVER_18, minGrade }, now: NOW, generation: 1 })).toBe(expected);
  });

  it('and says no more than its weakest holder', () => {
    expect(outcomeOf({ band: 2 })).toEqual({ result: 'true', grade: 2, method: 'token', kind: 'estimated' });
    expect(outcomeOf({ band: 3 })).toEqual({ result: 'true', grade: 3, method: 'token', kind: 'verified' });
    expect([0, 1, 2, 3, 4].map(bandsFrom)).toEqual([[2, 3], [2, 3], [2, 3], [3], []]);
  });
});
