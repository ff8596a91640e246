import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { answersYes, decideReuse, RECHECK_POLICY, saysUnder, type KeptVerdict, type RecheckReason } from './recheck-rules.ts';

const DAY_MS = 86_400_000;
const NOW = new Date('2026-11-25T12:00:00Z');
const MOMENT = { now: NOW, generation: 4, policy: RECHECK_POLICY };
const OVER_18 = { threshold: 18, direction: 'over' } as const;
const UNDER_13 = { threshold: 13, direction: 'under' } as const;

function verdict(change: Partial<KeptVerdict> & { readonly days?: number } = {}): KeptVerdict {
  const { days = 0, ...rest } = change;
  return {
    question: OVER_18,
    result: 'true',
    grade: 3,
    kind: 'verified',
    method: 'wallet',
    checkedAt: new Date(NOW.getTime() - days * DAY_MS),
    generation: 4,
    ...rest,
  };
}

describe('when a check must be repeated', () => {
  const CASES: readonly (readonly [string, KeptVerdict, RecheckReason | number])[] = [
    ['wallet of high assurance, fresh', verdict({ grade: 4 }), 365],
    ['wallet of high assurance, a day before its end', verdict({ grade: 4, days: 364 }), 1],
    ['wallet of high assurance, at its end', verdict({ grade: 4, days: 365 }), 'too_old'],
    ['wallet, half a year', verdict({ days: 180 }), 'too_old'],
    ['wallet, a day less', verdict({ days: 179 }), 1],
    ['provider', verdict({ grade: 2, method: 'provider:bank', days: 89 }), 1],
    ['provider, old', verdict({ grade: 2, method: 'provider:bank', days: 90 }), 'too_old'],
    ['estimate', verdict({ grade: 2, kind: 'estimated', method: 'provider:face', days: 59 }), 1],
    ['estimate, old', verdict({ grade: 2, kind: 'estimated', method: 'provider:face', days: 60 }), 'too_old'],
    ['weak estimate', verdict({ grade: 1, kind: 'estimated', days: 30 }), 'too_old'],
    ['grade 0 lasts for no time', verdict({ grade: 0 }), 'never'],
    ['declared', verdict({ kind: 'declared', grade: 0, method: 'declared_under' }), 'declared'],
    ['declared, whatever grade it claims', verdict({ kind: 'declared', grade: 4 }), 'declared'],
    ['inconclusive', verdict({ result: 'inconclusive' }), 'not_conclusive'],
    ['from a token', verdict({ method: 'token' }), 'reused_before'],
    ['from a passkey', verdict({ method: 'passkey' }), 'reused_before'],
    ['its issuer was muted since', verdict({ generation: 3 }), 'issuer_muted'],
    ['a generation that does not exist yet', verdict({ generation: 5 }), 'issuer_muted'],
    ['under 13, yes', verdict({ question: UNDER_13, days: 29 }), 1],
    ['under 13, yes: a birthday could have passed', verdict({ question: UNDER_13, grade: 4, days: 30 }), 'birthday_possible'],
    ['over 18, no: a birthday could have passed', verdict({ result: 'false', grade: 4, days: 30 }), 'birthday_possible'],
    ['under 13, no: lasts as over 13 does', verdict({ question: UNDER_13, result: 'false', days: 179 }), 1],
    ['a clock that is a little ahead', verdict({ days: -30 / 86_400 }), 180],
    ['a check in the future', verdict({ days: -1 }), 'clock'],
  ];

  it.each(CASES)('%s', (_, kept, expected) => {
    const reuse = decideReuse(kept, MOMENT);
    if (typeof expected === 'string') expect(reuse).toEqual({ mayReuse: false, reason: expected });
    else expect(reuse.mayReuse ? Math.round((reuse.until.getTime() - NOW.getTime()) / DAY_MS) : reuse.reason).toBe(expected);
  });

  it('an operator can shorten it, to never', () => {
    const policy = { ...RECHECK_POLICY, verifiedDays: { 0: 0, 1: 0, 2: 0, 3: 0, 4: 0 } } as const;
    expect(decideReuse(verdict({ grade: 4 }), { ...MOMENT, policy })).toEqual({ mayReuse: false, reason: 'never' });
  });

  it('what may be reused ends when it says, and not before', () => {
    fc.assert(
      fc.property(
        fc.record({
          question: fc.record({ threshold: fc.integer({ min: 1, max: 99 }), direction: fc.constantFrom('over', 'under') }),
          result: fc.constantFrom('true', 'false', 'inconclusive'),
          grade: fc.constantFrom(0, 1, 2, 3, 4),
          kind: fc.constantFrom('verified', 'estimated', 'declared'),
          method: fc.constantFrom('wallet', 'token', 'passkey', 'provider:x'),
          generation: fc.constantFrom(3, 4),
          days: fc.integer({ min: 0, max: 500 }),
        }),
        ({ days, ...rest }) => {
          const kept = verdict({ ...rest, days });
          const reuse = decideReuse(kept, MOMENT);
          if (!reuse.mayReuse) return;
          expect(reuse.until.getTime()).toBeGreaterThan(NOW.getTime());
          expect(decideReuse(kept, { ...MOMENT, now: new Date(reuse.until.getTime() - 1) }).mayReuse).toBe(true);
          expect(decideReuse(kept, { ...MOMENT, now: reuse.until }).mayReuse).toBe(false);
          expect(decideReuse(kept, { ...MOMENT, generation: 5 }).mayReuse).toBe(false);
          if (saysUnder(kept)) expect(reuse.until.getTime() - kept.checkedAt.getTime()).toBeLessThanOrEqual(RECHECK_POLICY.underDays * DAY_MS);
        },
      ),
    );
  });
});

describe('what a kept answer says to another question', () => {
  it('is yes only where it follows for every age that fits', () => {
    const questions = fc.record({ threshold: fc.integer({ min: 1, max: 30 }), direction: fc.constantFrom('over', 'under') });
    const ages = Array.from({ length: 40 }, (_, age) => age);
    const isYes = (question: { threshold: number; direction: string }, age: number): boolean => age >= question.threshold === (question.direction === 'over');
    fc.assert(
      fc.property(questions, fc.constantFrom('true', 'false'), questions, (question, result, asked) => {
        const possible = ages.filter((age) => isYes(question, age) === (result === 'true'));
        expect(answersYes({ question, result }, asked)).toBe(possible.every((age) => isYes(asked, age)));
      }),
      { numRuns: 500 },
    );
  });

  it('nothing follows from what was inconclusive', () => {
    expect(answersYes({ question: OVER_18, result: 'inconclusive' }, OVER_18)).toBe(false);
  });
});
