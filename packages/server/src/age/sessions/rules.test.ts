import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { addReturn, admitsMethod, isReturnAllowed, judgeOutcome, methodKindOf, stateAt, tellsUnder } from './rules.ts';
import { DIRECTIONS, KINDS, RESULTS, type Grade } from './schema.ts';

describe('judgeOutcome', () => {
  it.each([
    // direction, minimum, result, grade, method -> result
    ['over', 2, 'true', 2, 'wallet_other_device', 'true'],
    ['over', 2, 'false', 2, 'wallet_other_device', 'false'],
    ['over', 3, 'true', 2, 'wallet_other_device', 'inconclusive'],
    ['over', 3, 'false', 2, 'provider:bank', 'inconclusive'],
    ['over', 0, 'inconclusive', 4, 'wallet', 'inconclusive'],
    ['over', 3, 'false', 0, 'declared_under', 'false'],
    ['over', 3, 'true', 0, 'declared_under', 'inconclusive'],
    // "I am under 13", where under 13 is what opens something: a word is not enough.
    ['under', 2, 'true', 0, 'declared_under', 'inconclusive'],
    ['under', 0, 'true', 0, 'declared_under', 'true'],
  ] as const)('%s, at least %i: %s of grade %i by %s is %s', (direction, minGrade, result, grade, method, judged) => {
    expect(judgeOutcome({ direction, minGrade }, { result, grade, method, kind: 'verified' })).toEqual({ result: judged, grade });
  });

  it('never turns an answer around, and opens nothing below the grade', () => {
    const grade = fc.integer({ min: 0, max: 4 }).map((value) => value as Grade);
    fc.assert(
      fc.property(
        fc.constantFrom(...DIRECTIONS),
        grade,
        fc.constantFrom(...RESULTS),
        grade,
        fc.constantFrom('wallet', 'provider:x', 'declared_under'),
        fc.constantFrom(...KINDS),
        (direction, minGrade, result, found, method, kind) => {
          const judged = judgeOutcome({ direction, minGrade }, { result, grade: found, method, kind });
          expect([result, 'inconclusive']).toContain(judged.result);
          if (found < minGrade && judged.result === 'true') throw new Error('opened');
          if (found >= minGrade) expect(judged.result).toBe(result);
        },
      ),
    );
  });
});

describe('methods', () => {
  it.each([
    [undefined, 'wallet', true],
    [['wallet'], 'wallet', true],
    [['wallet'], 'wallet_other_device', false],
    [['provider'], 'provider:bank', true],
    [['provider:bank'], 'provider:bank', true],
    [['provider:bank'], 'provider:other', false],
    [['provider:bank'], 'provider', false],
    [[], 'token', false],
  ] as const)('%j admits %s: %s', (methods, method, isAdmitted) => {
    expect(admitsMethod(methods, method)).toBe(isAdmitted);
  });

  it('are counted without the names of providers', () => {
    expect(['wallet', 'provider:bank', 'wallet_other_device'].map(methodKindOf)).toEqual(['wallet', 'provider', 'wallet_other_device']);
  });
});

describe('the state', () => {
  const expiresAt = new Date('2026-11-25T12:15:00Z');
  it.each([
    ['open', '2026-11-25T12:14:59.999Z', 'open'],
    ['open', '2026-11-25T12:15:00.000Z', 'expired'],
    ['completed', '2026-11-25T13:00:00Z', 'completed'],
    ['cancelled', '2026-11-25T13:00:00Z', 'cancelled'],
  ] as const)('%s at %s is %s', (state, now, shown) => {
    expect(stateAt({ state, expiresAt }, new Date(now))).toBe(shown);
  });
});

describe('return addresses', () => {
  it('are allowed on exactly the registered origins', () => {
    fc.assert(
      fc.property(fc.webUrl(), (url) => {
        expect(isReturnAllowed(url, ['https://forum.example'])).toBe(new URL(url).origin === 'https://forum.example');
      }),
    );
    expect(isReturnAllowed('https://FORUM.example:443/a', ['https://forum.example'])).toBe(true);
    for (const url of ['javascript:alert(1)', 'data:text/html,x', '//forum.example', '/path', 'https://forum.example.', 'blob:https://forum.example/x'])
      expect([url, isReturnAllowed(url, ['https://forum.example'])]).toEqual([url, false]);
  });

  it('keep what the service put there', () => {
    expect(addReturn('https://forum.example/a?b=c&age_session=forged#d', { sessionId: 'age_1', code: 'x' })).toBe(
      'https://forum.example/a?b=c&age_session=age_1&age_return=x#d',
    );
  });
});

it.each([
  ['over', 'false', true],
  ['over', 'true', false],
  ['over', 'inconclusive', false],
  ['under', 'true', true],
  ['under', 'false', false],
  ['under', 'inconclusive', false],
] as const)('"%s" answered with %s says "younger": %s', (direction, result, isUnder) => {
  expect(tellsUnder({ direction, result })).toBe(isUnder);
});
