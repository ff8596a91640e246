import { generateKeyPairSync } from 'node:crypto';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { CompactSign } from 'jose';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { isVoided } from './rules.ts';
import { RESULT_TYPE, type ResultClaims } from './schema.ts';
import { openResultSigner, verifyAgeResultOffline, type ResultSigner } from './signer.ts';

const now = new Date('2026-11-25T12:00:00Z');
const iat = now.getTime() / 1000;
const CLAIMS: ResultClaims = {
  iss: 'https://age.example',
  aud: 'forum',
  sid: 'age_00000000000000000000000000',
  over: 18,
  result: 'true',
  grade: 3,
  method: 'wallet',
  iat,
  exp: iat + 600,
  nonce: 'my-session-1',
};

let dir = '';
let signer: ResultSigner;
beforeAll(async () => {
  dir = await mkdtemp(join(tmpdir(), 'gatehouse-results-'));
  signer = await openResultSigner(join(dir, 'age.pem'), true);
});
afterAll(() => rm(dir, { recursive: true, force: true }));

const verify = async (claims: object, change: Partial<Parameters<typeof verifyAgeResultOffline>[2]> = {}) =>
  verifyAgeResultOffline(await signer.sign(claims as ResultClaims), signer.jwks, { now, audience: 'forum', ...change });

describe('offline verification', () => {
  it('believes what was signed', async () => {
    const expected = { issuer: 'https://age.example', nonce: 'my-session-1', session: CLAIMS.sid, question: { threshold: 18, direction: 'over' } } as const;
    expect(await verify(CLAIMS, expected)).toEqual({ valid: true, claims: CLAIMS });
  });

  it.each([
    ['another issuer', CLAIMS, { issuer: 'https://other.example' }, 'wrong_issuer'],
    ['another audience', CLAIMS, { audience: 'shop' }, 'wrong_audience'],
    ['another session', CLAIMS, { session: 'age_10000000000000000000000000' }, 'wrong_session'],
    ['another nonce', CLAIMS, { nonce: 'my-session-2' }, 'wrong_nonce'],
    ['no nonce where one is expected', { ...CLAIMS, nonce: undefined }, { nonce: 'my-session-1' }, 'wrong_nonce'],
    ['another age', CLAIMS, { question: { threshold: 21, direction: 'over' } }, 'wrong_question'],
    ['the other direction', CLAIMS, { question: { threshold: 18, direction: 'under' } }, 'wrong_question'],
    ['its time', CLAIMS, { now: new Date((iat + 600) * 1000) }, 'expired'],
    ['a life that is too long', { ...CLAIMS, exp: iat + 601 }, {}, 'expired'],
    ['the future', { ...CLAIMS, iat: iat + 61, exp: iat + 120 }, {}, 'not_yet_valid'],
    ['two questions', { ...CLAIMS, under: 18 }, {}, 'malformed'],
    ['no question', { ...CLAIMS, over: undefined }, {}, 'malformed'],
    ['a date of birth', { ...CLAIMS, birth_date: '2000-01-01' }, {}, 'malformed'],
    ['a word that is none of ours', { ...CLAIMS, result: 'maybe' }, {}, 'malformed'],
  ] as const)('refuses %s', async (_name, claims, change, reason) => {
    expect(await verify(claims, change)).toEqual({ valid: false, reason });
  });

  it('refuses other keys, other types, no signature, other signatures', async () => {
    const other = await openResultSigner(join(dir, 'other.pem'), true);
    const check = async (jws: string): Promise<unknown> => (await verifyAgeResultOffline(jws, signer.jwks, { now, audience: 'forum' })).reason;
    expect(await check(await other.sign(CLAIMS))).toBe('unknown_key');
    const genuine = await signer.sign(CLAIMS);
    const [head = '', payload = '', signature = ''] = genuine.split('.');
    const swapped = (await other.sign(CLAIMS)).split('.')[2] ?? '';
    expect(await check(`${head}.${payload}.${swapped}`)).toBe('bad_signature');
    const none = Buffer.from(JSON.stringify({ alg: 'none', typ: RESULT_TYPE, kid: signer.jwks.keys[0]?.kid })).toString('base64url');
    for (const text of ['', 'a.b.c', `${none}.${payload}.`, `${head}.${payload}.`, `${head}.${payload}.${signature.slice(1)}`, genuine.slice(0, -1)])
      expect(['malformed', 'bad_signature']).toContain(await check(text));
    const { privateKey } = generateKeyPairSync('ed25519');
    const typed = await new CompactSign(new TextEncoder().encode(JSON.stringify(CLAIMS)))
      .setProtectedHeader({ alg: 'EdDSA', typ: 'gatehouse-receipt+jwt', kid: signer.jwks.keys[0]?.kid ?? '' })
      .sign(privateKey);
    expect(await check(typed)).toBe('malformed');
  });

  it('signs the same result with the same text, and keeps its key', async () => {
    const again = await openResultSigner(join(dir, 'age.pem'), true);
    expect(await again.sign(CLAIMS)).toBe(await signer.sign(CLAIMS));
  });

  it('takes no key of another kind', async () => {
    const path = join(dir, 'rsa.pem');
    await writeFile(path, generateKeyPairSync('ec', { namedCurve: 'P-256' }).privateKey.export({ format: 'pem', type: 'pkcs8' }));
    await expect(openResultSigner(path, false)).rejects.toMatchObject({ code: 'config_invalid' });
  });
});

describe('muting', () => {
  it.each([
    [undefined, 5, false],
    [5, 5, false],
    [4, 5, true],
  ])('a result of generation %s in generation %i is void: %s', (generation, current, voided) => {
    expect(isVoided({ generation }, current)).toBe(voided);
  });
});
