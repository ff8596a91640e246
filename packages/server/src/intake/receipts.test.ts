import { createPrivateKey, createPublicKey, generateKeyPairSync, sign, verify } from 'node:crypto';
import { mkdtemp, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { CompactSign, compactVerify, importJWK } from 'jose';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { openReceiptSigner, RECEIPT_TYPE, verifyReceiptOffline, type ReceiptSigner } from './receipts.ts';
import type { Jwks, ReceiptClaims } from './schema.ts';

const NOW = new Date('2026-11-25T12:00:00.000Z');
const NOW_S = NOW.getTime() / 1000;
const CLAIMS: ReceiptClaims = {
  iss: 'http://127.0.0.1:8080',
  sub: `upl_${'0'.repeat(26)}`,
  jti: 'rcp_1',
  iat: NOW_S,
  exp: NOW_S + 600,
  sha256: 'ab'.repeat(32),
  size: 5,
  verdict: 'clear',
  listSetVersion: 3,
  policyVersion: 'p1',
};

let dir = '';
let path = '';
let signer: ReceiptSigner;
let jwks: Jwks;
beforeEach(async () => {
  dir = await mkdtemp(join(tmpdir(), 'gatehouse-receipts-'));
  path = join(dir, 'keys', 'receipt.pem');
  signer = await openReceiptSigner(path, true);
  jwks = { keys: [signer.jwk] };
});
afterEach(() => rm(dir, { recursive: true, force: true }));

const check = (receipt: string, extra: Partial<Parameters<typeof verifyReceiptOffline>[2]> = {}): ReturnType<typeof verifyReceiptOffline> =>
  verifyReceiptOffline(receipt, jwks, { now: NOW, sha256: CLAIMS.sha256, size: CLAIMS.size, ...extra });

describe('the key', () => {
  it('is made once, for the owner only, and stays', async () => {
    expect((await stat(path)).mode & 0o777).toBe(0o600);
    expect(await readdir(join(dir, 'keys'))).toEqual(['receipt.pem']);
    const [again, beside] = await Promise.all([openReceiptSigner(path, true), openReceiptSigner(path, true)]);
    expect(again.jwk).toEqual(signer.jwk);
    expect(beside.jwk).toEqual(signer.jwk);
    const other = join(dir, 'other.pem');
    const racers = await Promise.all([1, 2, 3, 4].map(() => openReceiptSigner(other, true)));
    expect(new Set(racers.map(({ jwk }) => jwk.kid)).size).toBe(1);
  });

  it('that was named must be there and be Ed25519', async () => {
    await expect(openReceiptSigner(join(dir, 'missing.pem'), false)).rejects.toMatchObject({ code: 'config_invalid' });
    const { privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
    await writeFile(join(dir, 'ec.pem'), privateKey.export({ format: 'pem', type: 'pkcs8' }));
    await expect(openReceiptSigner(join(dir, 'ec.pem'), false)).rejects.toMatchObject({ code: 'config_invalid' });
  });

  it('is the one that OpenSSL reads from the file', async () => {
    const { x } = createPublicKey(await readFile(path)).export({ format: 'jwk' });
    expect(x).toBe(signer.jwk.x);
  });
});

describe('a receipt', () => {
  it('is verified by jose and by node:crypto alone', async () => {
    const receipt = await signer.sign(CLAIMS);
    const { payload, protectedHeader } = await compactVerify(receipt, await importJWK(signer.jwk, 'EdDSA'));
    expect(JSON.parse(Buffer.from(payload).toString())).toEqual(CLAIMS);
    expect(protectedHeader).toEqual({ alg: 'EdDSA', typ: RECEIPT_TYPE, kid: signer.jwk.kid });
    const [head = '', body = '', signature = ''] = receipt.split('.');
    const key = createPublicKey({ key: { kty: 'OKP', crv: 'Ed25519', x: signer.jwk.x }, format: 'jwk' });
    expect(verify(null, Buffer.from(`${head}.${body}`), key, Buffer.from(signature, 'base64url'))).toBe(true);
  });

  it('holds for its content, and says whether content was compared', async () => {
    const receipt = await signer.sign(CLAIMS);
    expect(await check(receipt)).toEqual({ valid: true, isContentChecked: true, claims: CLAIMS });
    expect(await check(receipt, { sha256: undefined, size: undefined })).toMatchObject({ valid: true, isContentChecked: false });
    expect(await check(receipt, { issuer: CLAIMS.iss })).toMatchObject({ valid: true });
  });

  it.each([
    ['other bytes', { sha256: 'ac'.repeat(32) }, 'digest_differs'],
    ['another size', { size: 6 }, 'size_differs'],
    ['its end', { now: new Date(CLAIMS.exp * 1000) }, 'expired'],
    ['a time before it was made', { now: new Date((NOW_S - 61) * 1000) }, 'not_yet_valid'],
    ['another issuer', { issuer: 'https://other.example' }, 'wrong_issuer'],
  ])('does not hold for %s', async (_name, extra, reason) => {
    expect(await check(await signer.sign(CLAIMS), extra)).toMatchObject({ valid: false, reason });
  });

  it('does not survive the change of any of its characters', async () => {
    const receipt = await signer.sign(CLAIMS);
    const step = 7;
    for (let at = 0; at < receipt.length; at += step) {
      const changed = receipt.slice(0, at) + (receipt[at] === 'A' ? 'B' : 'A') + receipt.slice(at + 1);
      // The last character of a base64url part can carry unused bits.
      if (receipt[at + 1] === '.' || at + 1 === receipt.length) continue;
      expect((await check(changed)).valid).toBe(false);
    }
  });

  it('is refused when it is signed otherwise', async () => {
    const { privateKey } = generateKeyPairSync('ed25519');
    const encode = (value: object): string => Buffer.from(JSON.stringify(value)).toString('base64url');
    const header = { alg: 'EdDSA', typ: RECEIPT_TYPE, kid: signer.jwk.kid };
    const forge = (head: object): string => `${encode(head)}.${encode(CLAIMS)}`;
    const own = forge(header);
    expect(await check(`${own}.${sign(null, Buffer.from(own), privateKey).toString('base64url')}`)).toMatchObject({ valid: false, reason: 'bad_signature' });
    expect(await check(`${forge({ ...header, alg: 'none' })}.`)).toMatchObject({ valid: false, reason: 'malformed' });
    expect(await check(`${forge({ ...header, kid: 'other' })}.AAAA`)).toMatchObject({ valid: false, reason: 'unknown_key' });
    const asHmac = await new CompactSign(Buffer.from(JSON.stringify(CLAIMS)))
      .setProtectedHeader({ ...header, alg: 'HS256' })
      .sign(Buffer.from(signer.jwk.x, 'base64url'));
    expect(await check(asHmac)).toMatchObject({ valid: false, reason: 'malformed' });
    for (const nonsense of ['', 'a', 'a.b', 'a.b.c', '...', '💥.💥.💥', 'x'.repeat(9_000)]) expect(await check(nonsense)).toMatchObject({ valid: false });
  });

  it('of another type of the same key is none', async () => {
    const foreign = await new CompactSign(Buffer.from(JSON.stringify(CLAIMS)))
      .setProtectedHeader({ alg: 'EdDSA', typ: 'JWT', kid: signer.jwk.kid })
      .sign(createPrivateKey(await readFile(path)));
    expect(await check(foreign)).toMatchObject({ valid: false, reason: 'malformed' });
  });

  it('of our key with a verdict other than clear is none', async () => {
    const receipt = await signer.sign({ ...CLAIMS, verdict: 'match' } as unknown as ReceiptClaims);
    expect(await check(receipt)).toMatchObject({ valid: false, reason: 'malformed' });
  });
});
