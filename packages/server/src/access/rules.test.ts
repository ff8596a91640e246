import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { ALL_RIGHTS } from '../platform/http/rights.ts';
import { addMs, findMissingRights, floorToMinute, isSameRights, stateAt } from './rules.ts';
import { NewKeySchema, NewLinkSchema, toRights } from './schema.ts';

const rights = fc.subarray([...ALL_RIGHTS]);
const NOW = new Date('2026-11-25T12:00:00.000Z');

describe('findMissingRights', () => {
  it('is empty exactly when everything wanted is held', () => {
    fc.assert(
      fc.property(rights, rights, (wanted, held) => {
        const missing = findMissingRights(wanted, new Set(held));
        expect(missing.length === 0).toBe(wanted.every((right) => held.includes(right)));
        expect(missing.some((right) => held.includes(right))).toBe(false);
      }),
    );
  });
});

describe('isSameRights', () => {
  it('does not depend on the order', () => {
    fc.assert(
      fc.property(rights, rights, (a, b) => {
        expect(isSameRights(a, b)).toBe(a.toSorted().join() === b.toSorted().join());
        expect(isSameRights(a, a.toReversed())).toBe(true);
      }),
    );
  });
});

describe('stateAt', () => {
  it.each([
    [null, null, 'active'],
    [addMs(NOW, 1), null, 'active'],
    [NOW, null, 'expired'],
    [addMs(NOW, -1), null, 'expired'],
    [null, NOW, 'revoked'],
    [addMs(NOW, -1), addMs(NOW, -1), 'revoked'],
    [addMs(NOW, 1), addMs(NOW, -1), 'revoked'],
  ] as const)('expiry %s, revocation %s: %s', (expiresAt, revokedAt, state) => {
    expect(stateAt({ expiresAt, revokedAt }, NOW)).toBe(state);
  });
});

describe('floorToMinute', () => {
  it('keeps the minute and drops the rest', () => {
    expect(floorToMinute(new Date('2026-11-25T12:34:56.789Z')).toISOString()).toBe('2026-11-25T12:34:00.000Z');
  });
});

describe('what arrives', () => {
  it('may be given only known rights, at least one, each once', () => {
    expect(NewKeySchema.parse({ name: ' web shop ', rights: ['scan', 'scan'] })).toEqual({ name: 'web shop', rights: ['scan'] });
    for (const wrong of [[], ['root'], ['__proto__'], 'scan', undefined]) expect(NewKeySchema.safeParse({ name: 'x', rights: wrong }).success).toBe(false);
    expect(toRights(['scan', 'toString', 'gone:right'])).toEqual(['scan']);
  });

  it('has a name that people can read', () => {
    for (const name of ['', '   ', 'a\u0000b', 'a\u202Eb', 'a\nb', 'x'.repeat(81)]) expect(NewLinkSchema.safeParse({ name }).success).toBe(false);
    for (const name of ['Ångström', '日本語', "O'Brien & Söhne <b>"]) expect(NewLinkSchema.safeParse({ name }).success).toBe(true);
  });

  it('has bounded times', () => {
    for (const expiresInDays of [0, -1, 1.5, 3651, Number.NaN, '30', null])
      expect(NewKeySchema.safeParse({ name: 'x', rights: ['scan'], expiresInDays }).success).toBe(false);
    for (const minutes of [0, 1441, 2.5]) expect(NewLinkSchema.safeParse({ name: 'x', minutes }).success).toBe(false);
  });
});
