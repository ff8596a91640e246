/** Decryption against the vector of RFC 7518 appendix C, against jose as the other side, and against everything that was changed on the way. */
import { createPublicKey, generateKeyPairSync, type KeyObject } from 'node:crypto';
import { CompactEncrypt, importJWK, type JWK } from 'jose';
import { describe, expect, it } from 'vitest';
import type { PrivateJwk } from './annex-c.ts';
import { decryptJwe, deriveKey, readJwe } from './jwe.ts';

const pair = generateKeyPairSync('ec', { namedCurve: 'P-256' });
const key = pair.privateKey.export({ format: 'jwk' }) as unknown as PrivateJwk;
function toJwk({ privateKey }: { readonly privateKey: KeyObject }): JWK {
  const { x = '', y = '' } = createPublicKey(privateKey).export({ format: 'jwk' });
  return { kty: 'EC', crv: 'P-256', x, y };
}
const publicJwk = toJwk(pair);

async function encrypt(text: string, change: Record<string, unknown> = {}, to: JWK = publicJwk): Promise<string> {
  const { apu, apv, ...header } = { alg: 'ECDH-ES', enc: 'A128GCM', ...change } as Record<string, unknown> & { apu?: Buffer; apv?: Buffer };
  return new CompactEncrypt(Buffer.from(text))
    .setProtectedHeader(header as { alg: string; enc: string })
    .setKeyManagementParameters({ ...(apu === undefined ? {} : { apu }), ...(apv === undefined ? {} : { apv }) })
    .encrypt(await importJWK({ ...to, alg: 'ECDH-ES' }));
}

const decrypt = (text: string): string => decryptJwe(readJwe(text), key).toString('utf8');
const refusal = (code: string): unknown => expect.objectContaining({ code });

it('derives the key of RFC 7518, appendix C', () => {
  const shared = Buffer.from('9e56d91d817135d372834283bf84269cfb316ea3da806a48f6daa7798cfe90c4', 'hex');
  const derived = deriveKey({ shared, encoding: 'A128GCM', keyBytes: 16, apu: Buffer.from('Alice'), apv: Buffer.from('Bob') });
  expect(derived.toString('base64url')).toBe('VqqN6vgjbSBcIijNcacQGg');
});

describe('what jose encrypts', () => {
  it.each([
    ['A128GCM', {}],
    ['A256GCM', { enc: 'A256GCM' }],
    ['with parties', { apu: Buffer.from('wallet'), apv: Buffer.from('a nonce') }],
    ['with a kid', { kid: 'one' }],
  ])('is decrypted: %s', async (_what, change) => {
    for (const text of ['', 'x', '{"vp_token":{}}', 'long '.repeat(20_000)]) expect(decrypt(await encrypt(text, change))).toBe(text);
  });
});

describe('is refused', () => {
  it('when any letter is another', async () => {
    const whole = await encrypt('{"vp_token":"abc"}');
    for (let at = 0; at < whole.length; at++) {
      // The last letters of a part carry bits that mean nothing; another first letter of four always means something.
      if (whole[at] === '.' || at % 4 !== 0) continue;
      const changed = `${whole.slice(0, at)}${whole[at] === 'A' ? 'B' : 'A'}${whole.slice(at + 1)}`;
      expect(() => decrypt(changed), `letter ${at}`).toThrow(expect.objectContaining({ name: 'CredentialError' }));
    }
  });

  it('when it is for another key', async () => {
    const other = toJwk(generateKeyPairSync('ec', { namedCurve: 'P-256' }));
    const text = await encrypt('x', {}, other);
    expect(() => decrypt(text)).toThrow(refusal('response_decryption'));
  });

  const withHeader = async (change: (header: Record<string, unknown>) => Record<string, unknown>): Promise<string> => {
    const [head = '', ...rest] = (await encrypt('x')).split('.');
    const header = JSON.parse(Buffer.from(head, 'base64url').toString()) as Record<string, unknown>;
    return [Buffer.from(JSON.stringify(change(header))).toString('base64url'), ...rest].join('.');
  };
  it.each<[string, (header: Record<string, unknown>) => Record<string, unknown>]>([
    ['another algorithm', (header) => ({ ...header, alg: 'dir' })],
    ['key wrapping', (header) => ({ ...header, alg: 'ECDH-ES+A128KW' })],
    ['no algorithm', ({ alg: _alg, ...header }) => header],
    ['another encryption', (header) => ({ ...header, enc: 'A128CBC-HS256' })],
    ['an encryption that is a property of every object', (header) => ({ ...header, enc: 'toString' })],
    ['compression', (header) => ({ ...header, zip: 'DEF' })],
    ['an extension that must be understood', (header) => ({ ...header, crit: ['b64'], b64: false })],
    ['no ephemeral key', ({ epk: _epk, ...header }) => header],
    [
      'an ephemeral key of another curve',
      (header) => ({ ...header, epk: generateKeyPairSync('ec', { namedCurve: 'P-384' }).publicKey.export({ format: 'jwk' }) }),
    ],
    ['a point that is not on the curve', (header) => ({ ...header, epk: { ...Object(header['epk']), y: Buffer.alloc(32, 1).toString('base64url') } })],
    [
      'the point at infinity',
      (header) => ({ ...header, epk: { kty: 'EC', crv: 'P-256', x: Buffer.alloc(32).toString('base64url'), y: Buffer.alloc(32).toString('base64url') } }),
    ],
    ['a party that is no text', (header) => ({ ...header, apu: 5 })],
  ])('with %s', async (_what, change) => {
    const text = await withHeader(change);
    expect(() => decrypt(text)).toThrow(refusal('response_decryption'));
  });

  it.each(['', 'a.b', 'a.b.c.d.e', '....', `${Buffer.from('[]').toString('base64url')}....`, `${Buffer.from('{').toString('base64url')}....`, 'a.b.c.d.e.f'])(
    'when it is %j',
    (text) => {
      expect(() => decrypt(text)).toThrow(expect.objectContaining({ name: 'CredentialError' }));
    },
  );

  it('with a tag or a nonce of another length', async () => {
    const [head, none, iv, content, tag = ''] = (await encrypt('x')).split('.');
    expect(() => decrypt([head, none, iv, content, tag.slice(0, 16)].join('.'))).toThrow(refusal('response_decryption'));
    expect(() => decrypt([head, none, '', content, tag].join('.'))).toThrow(refusal('response_decryption'));
    expect(() => decrypt([head, 'AAAA', iv, content, tag].join('.'))).toThrow(refusal('response_malformed'));
  });
});
