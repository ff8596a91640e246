import type crypto from 'node:crypto';
import { beforeEach, describe, expect, it, vi } from 'vitest';
import { csrfTokenOf, displayPrefix, formatToken, hashSecret, isSecretOf, parseBearer, parseToken } from './token.ts';

const compared = vi.hoisted(() => ({ count: 0 }));

vi.mock('node:crypto', async (importOriginal) => {
  const actual = await importOriginal<typeof crypto>();
  return {
    ...actual,
    timingSafeEqual: (a: NodeJS.ArrayBufferView, b: NodeJS.ArrayBufferView) => {
      compared.count += 1;
      return actual.timingSafeEqual(a, b);
    },
  };
});

const SECRET = '0123456789abcdef'.repeat(4);
const ID = '01kb0m2q5z0123456789abcdef';

beforeEach(() => {
  compared.count = 0;
});

describe('tokens', () => {
  it.each([
    ['key', `key_${ID}`, `gh_${ID}_${SECRET}`],
    ['session', `ses_${ID}`, `${ID}.${SECRET}`],
    ['link', `lnk_${ID}`, `${ID}-${SECRET}`],
  ] as const)('of kind %s are written and read back', (kind, id, text) => {
    expect(formatToken(kind, { id, secret: SECRET })).toBe(text);
    expect(parseToken(kind, text)).toEqual({ id, secret: SECRET });
  });

  it.each([
    '',
    'gh_',
    `gh_${ID}`,
    `gh_${ID}_`,
    `gh_${ID}_${SECRET}_`,
    `gh_${ID}_${SECRET}\n`,
    `gh_${ID}_${SECRET.slice(1)}`,
    `gh_${ID.slice(1)}_${SECRET}`,
    `GH_${ID}_${SECRET}`,
    `gh_${ID}_${SECRET.toUpperCase()}`,
    `gh_${ID.replace('0', 'u')}_${SECRET}`,
    `${ID}.${SECRET}`,
  ])('are refused when they are %j', (text) => {
    expect(parseToken('key', text)).toBeUndefined();
  });

  it('of one kind are not of another', () => {
    expect(parseToken('session', formatToken('link', { id: `lnk_${ID}`, secret: SECRET }))).toBeUndefined();
    expect(parseToken('link', formatToken('session', { id: `ses_${ID}`, secret: SECRET }))).toBeUndefined();
  });

  it('are shown without their secret', () => {
    expect(displayPrefix('key', `key_${ID}`)).toBe(`gh_${ID}`);
  });

  it('come with the Bearer scheme in any case, alone', () => {
    const key = `gh_${ID}_${SECRET}`;
    for (const header of [`Bearer ${key}`, `bearer ${key}`, ` BEARER   ${key} `]) expect(parseBearer(header)?.id).toBe(`key_${ID}`);
    for (const header of [key, `Basic ${key}`, `Bearer${key}`, `Bearer ${key} x`, `Bearer\t${key}`, 'Bearer', '']) expect(parseBearer(header)).toBeUndefined();
  });
});

describe('secrets', () => {
  it('are compared in constant time, right or wrong', () => {
    expect(isSecretOf(SECRET, hashSecret(SECRET))).toBe(true);
    expect(isSecretOf(`${SECRET.slice(0, -1)}0`, hashSecret(SECRET))).toBe(false);
    expect(compared.count).toBe(2);
  });

  it('match no hash of another length', () => {
    expect(isSecretOf(SECRET, hashSecret(SECRET).subarray(0, 31))).toBe(false);
    expect(isSecretOf(SECRET, new Uint8Array())).toBe(false);
  });

  it('are kept as their plain SHA-256', () => {
    // FIPS 180-4, "abc".
    expect(hashSecret('abc').toString('hex')).toBe('ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad');
  });

  it('give form tokens that tell nothing of them and differ', () => {
    expect(csrfTokenOf(SECRET)).not.toBe(csrfTokenOf(`${SECRET.slice(0, -1)}0`));
    expect(csrfTokenOf(SECRET)).toMatch(/^[\w-]{43}$/);
    expect(csrfTokenOf(SECRET)).not.toBe(hashSecret(SECRET).toString('base64url'));
  });
});
