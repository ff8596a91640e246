import { generateKeyPairSync, sign, type KeyObject } from 'node:crypto';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { verifyAgeResult, type ResultExpected } from './result.ts';

/** Code units of all kinds, lone surrogates included. */
const anyText = fc.array(fc.integer({ min: 0, max: 0xffff })).map((units) => String.fromCharCode(...units));

const { privateKey, publicKey } = generateKeyPairSync('ed25519');
const other = generateKeyPairSync('ed25519');
const x = String(publicKey.export({ format: 'jwk' })['x']);
const NOW_S = 1_700_000_000;
const SESSION = `age_${'0'.repeat(26)}`;
const CLAIMS = {
  iss: 'https://age.example',
  aud: 'forum',
  sid: SESSION,
  over: 18,
  result: 'true',
  grade: 3,
  method: 'wallet',
  iat: NOW_S - 10,
  exp: NOW_S + 590,
  nonce: 'n0123456',
};
const HEAD = { alg: 'EdDSA', typ: 'gatehouse-age+jwt', kid: 'k1' };
const EXPECTED: ResultExpected = {
  jwks: { keys: [{ kty: 'EC', crv: 'P-256', x: 'AA', kid: 'k0' }, null, { kty: 'OKP', crv: 'Ed25519', x, kid: 'k1', alg: 'EdDSA', use: 'sig' }] },
  issuer: 'https://age.example',
  service: 'forum',
  threshold: 18,
  direction: 'over',
  nowS: NOW_S,
};

const encode = (value: unknown): string => Buffer.from(JSON.stringify(value)).toString('base64url');
function make(claims: unknown = CLAIMS, head: unknown = HEAD, key: KeyObject = privateKey): string {
  const signed = `${encode(head)}.${encode(claims)}`;
  return `${signed}.${sign(null, Buffer.from(signed), key).toString('base64url')}`;
}

/** The same bits in the last letter of 64 bytes, of which four mean nothing. */
function respell(letter: string): string {
  return { A: 'B', Q: 'R', g: 'h', w: 'x' }[letter] ?? '';
}

describe('a result', () => {
  it('is believed, whatever the answer', async () => {
    for (const result of ['true', 'false', 'inconclusive']) {
      const claims = { ...CLAIMS, result };
      expect(await verifyAgeResult(make(claims), { ...EXPECTED, session: SESSION, nonce: 'n0123456' })).toEqual({ isValid: true, claims });
    }
  });

  it.each([
    ['wrong_issuer', { iss: 'https://evil.example' }, {}],
    ['wrong_audience', { aud: 'shop' }, {}],
    ['not_yet_valid', { iat: NOW_S + 61, exp: NOW_S + 100 }, {}],
    ['expired', { exp: NOW_S }, {}],
    ['expired', { exp: NOW_S + 10_000 }, {}],
    ['wrong_session', {}, { session: `age_${'1'.repeat(26)}` }],
    ['wrong_nonce', {}, { nonce: 'another1' }],
    ['wrong_nonce', { nonce: undefined }, { nonce: 'n0123456' }],
    ['wrong_question', { over: 16 }, {}],
    ['wrong_question', { over: undefined, under: 18 }, {}],
    ['low_grade', { grade: 1 }, {}],
    ['low_grade', {}, { minGrade: 4 }],
    ['malformed', { over: undefined }, {}],
    ['malformed', { under: 18 }, {}],
    ['malformed', { over: '18' }, {}],
    ['malformed', { grade: 5 }, {}],
    ['malformed', { result: true }, {}],
    ['malformed', { exp: '9' }, {}],
    ['malformed', { iss: undefined }, {}],
    ['malformed', { nonce: 5 }, {}],
  ] as const)('is refused: %s with %j, %j', async (reason, claims, expected) => {
    expect(await verifyAgeResult(make({ ...CLAIMS, ...claims }), { ...EXPECTED, ...expected })).toEqual({ isValid: false, reason });
  });

  it.each([
    ['bad_signature', make(CLAIMS, HEAD, other.privateKey)],
    ['bad_signature', `${make().split('.')[0]}.${encode({ ...CLAIMS, result: 'true', over: 99 })}.${make().split('.')[2]}`],
    ['unknown_key', make(CLAIMS, { ...HEAD, kid: 'k0' })],
    ['unknown_key', make(CLAIMS, { ...HEAD, kid: '__proto__' })],
    ['malformed', make(CLAIMS, { ...HEAD, alg: 'none' })],
    ['malformed', make(CLAIMS, { ...HEAD, alg: 'HS256' })],
    ['malformed', make(CLAIMS, { ...HEAD, typ: 'JWT' })],
    ['malformed', make(CLAIMS, { ...HEAD, kid: undefined })],
    ['malformed', make(CLAIMS, { ...HEAD, crit: ['b64'] })],
    ['malformed', `${make()}.x`],
    ['malformed', `${make()}=`],
    ['malformed', `${make().slice(0, -1)}${respell(make().at(-1) ?? '')}`],
    ['malformed', 'A'.repeat(5000)],
    ['malformed', ''],
    ['malformed', '..'],
    ['malformed', make([CLAIMS])],
    ['malformed', make(null)],
  ] as const)('is refused: %s', async (reason, result) => {
    expect(await verifyAgeResult(result, EXPECTED)).toEqual({ isValid: false, reason });
  });

  it('is never thrown about', async () => {
    await fc.assert(
      fc.asyncProperty(anyText, async (text) => {
        expect((await verifyAgeResult(text, EXPECTED)).isValid).toBe(false);
      }),
    );
  });

  it('is not checked with a key set that is none', async () => {
    for (const jwks of [undefined, null, {}, { keys: [] }, { keys: [{ kty: 'OKP', crv: 'Ed25519', x: 'AAAA', kid: 'k1' }] }, []])
      await expect(verifyAgeResult(make(), { ...EXPECTED, jwks })).rejects.toMatchObject({ code: 'result_invalid' });
  });
});
