import { describe, expect, it } from 'vitest';
import { admitsDeclaration, earnsPasskey, findWays, inLanguage, readContact, type Ways } from './rules.ts';

const ASKED = { methods: undefined, minGrade: 2, attempts: 0, direction: 'over' } as const;
const LIMITS = { attemptsMax: 5, canUsePasskeys: true };
const find = (change: Partial<Parameters<typeof findWays>[0]>, limits: Partial<typeof LIMITS> = {}): Ways =>
  findWays({ ...ASKED, ...change }, { ...LIMITS, ...limits });

describe('ways', () => {
  it.each([
    [0, ['dc_api', 'redirect', 'qr'], 2, true],
    [2, ['dc_api', 'redirect', 'qr'], 2, true],
    [3, ['dc_api', 'redirect'], 3, true],
    [4, ['dc_api'], undefined, false],
  ] as const)('that can reach grade %i', (minGrade, wallets, tokenBand, hasPasskey) => {
    expect(find({ minGrade })).toMatchObject({ wallets, tokenBand, hasPasskey, areAttemptsUsed: false });
  });

  it('end for wallets with the last attempt, and for nothing else', () => {
    expect(find({ attempts: 4 }).wallets).toHaveLength(3);
    expect(find({ attempts: 5 })).toMatchObject({ wallets: [], areAttemptsUsed: true, tokenBand: 2, hasUnder: true });
    expect(find({ attempts: 5, methods: ['token'] }).areAttemptsUsed).toBe(false);
  });

  it('are those that the service admits, and that this address allows', () => {
    expect(find({ methods: ['wallet_other_device'] })).toEqual({
      wallets: ['qr'],
      areAttemptsUsed: false,
      tokenBand: undefined,
      hasPasskey: false,
      hasUnder: false,
    });
    expect(find({}, { canUsePasskeys: false }).hasPasskey).toBe(false);
  });
});

describe('the word of the person', () => {
  it.each([
    ['over', 4, undefined, true],
    ['over', 2, ['wallet'], false],
    ['under', 2, undefined, false],
    ['under', 0, undefined, true],
    ['under', 0, ['wallet'], false],
  ] as const)('to a question "%s" with grade %i and %s', (direction, minGrade, methods, isAdmitted) => {
    expect(admitsDeclaration({ direction, minGrade, methods })).toBe(isAdmitted);
  });
});

describe('a passkey is offered', () => {
  const now = new Date('2026-11-25T12:00:00Z');
  const verdict = {
    sessionId: 'a',
    question: { threshold: 18, direction: 'over' },
    result: 'true',
    grade: 3,
    kind: 'verified',
    method: 'wallet',
    checkedAt: now,
    generation: 7,
  } as const;
  it.each([
    ['a verified yes', {}, true],
    ['a no', { result: 'false' }, false],
    ['a word', { kind: 'declared', method: 'declared_under' }, false],
    ['what was reused', { method: 'token' }, false],
    ['grade 0', { grade: 0 }, false],
  ] as const)('for %s', (_name, change, isOffered) => {
    expect(earnsPasskey({ ...verdict, ...change }, now)).toBe(isOffered);
  });
});

describe('what is typed', () => {
  it.each([
    ['phone', '+44 (7700) 900-123', '+447700900123'],
    ['phone', ' +48.600.000.000 ', '+48600000000'],
    ['phone', '07700 900123', undefined],
    ['phone', '+44', undefined],
    ['phone', '+44770090012345678', undefined],
    ['phone', '+4477a0900123', undefined],
    ['email', '  a.b@example.org ', 'a.b@example.org'],
    ['email', 'a b@example.org', undefined],
    ['email', 'example.org', undefined],
    ['email', '', undefined],
  ] as const)('%s "%s"', (field, typed, value) => {
    expect(readContact(field, typed)).toBe(value);
  });
});

it('the same page in another language keeps the rest of its address', () => {
  expect(inLanguage('/age/done', 'cy')).toBe('/age/done?lang=cy');
  expect(inLanguage('/age/sandbox?provider=a&state=b&lang=de', 'pl')).toBe('/age/sandbox?provider=a&state=b&lang=pl');
});
