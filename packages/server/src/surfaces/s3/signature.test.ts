/** AWS's own examples first (sig-v4-header-based-auth.html, sigv4-query-string-auth.html), then another implementation, then keys of all kinds. */
import { AwsV4Signer } from 'aws4fetch';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { encodeKey } from './key-rules.ts';
import { EMPTY_PAYLOAD, presign, signRequest, toQuery } from './signature.ts';

const AWS = { accessKeyId: 'AKIAIOSFODNN7EXAMPLE', secretAccessKey: 'wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY', region: 'us-east-1' };
const NOW = new Date('2013-05-24T00:00:00Z');
const HOST = 'examplebucket.s3.amazonaws.com';

describe("AWS's examples", () => {
  const sign = (request: Partial<Parameters<typeof signRequest>[0]>): string | undefined =>
    signRequest({ method: 'GET', host: HOST, path: '/', query: [], headers: {}, payload: EMPTY_PAYLOAD, ...request }, AWS, NOW)['authorization']?.split(
      'Signature=',
    )[1];

  it('an object with a range', () => {
    expect(sign({ path: '/test.txt', headers: { range: 'bytes=0-9' } })).toBe('f0e8bdb87c964420e857bd35b5d6ed310bd44f0170aba48dd91039c6036bdb41');
  });

  it('an object that is stored', () => {
    const headers = { date: 'Fri, 24 May 2013 00:00:00 GMT', 'x-amz-storage-class': 'REDUCED_REDUNDANCY' };
    const payload = '44ce7dd67c959e0d3524ffac1771dfbba87d2b6b4b4e99e42034a8b803f8b072';
    expect(sign({ method: 'PUT', path: `/${encodeKey('test$file.text')}`, headers, payload })).toBe(
      '98ad721746da40c64f1a55b78f14c238d841ea1380cd77a1b5971af0ece108bd',
    );
  });

  it('a parameter without a value', () => {
    expect(sign({ query: [['lifecycle', '']] })).toBe('fea454ca298b7da1c68078a5d1bdbfbbe0d65c699e0f91ac7a200a0136783543');
  });

  it('a listing', () => {
    expect(
      sign({
        query: [
          ['max-keys', '2'],
          ['prefix', 'J'],
        ],
      }),
    ).toBe('34b48302e7b5fa45bde8084f4b7868a86f0a534bc59db6670ed5711ef69dc6f7');
  });

  it('an address for a day', () => {
    expect(presign({ method: 'GET', host: HOST, path: '/test.txt', headers: {} }, AWS, { now: NOW, expiresS: 86_400 })).toMatch(
      /X-Amz-Signature=aeeed9bbccd4d02ee5c0109b86d86835f995330da4c265957d157751f604d404$/,
    );
  });
});

/** `URL` rewrites segments of dots, which is why aws4fetch does not sign for us. */
const plainKeys = fc
  .array(fc.string({ minLength: 1, maxLength: 12, unit: 'grapheme' }), { minLength: 1, maxLength: 4 })
  .map((parts) => parts.join('/'))
  .filter((key) => encodeKey(key) !== undefined && key.split('/').every((part) => !/^\.{1,2}$/.test(part)));

it('signs as aws4fetch does', async () => {
  await fc.assert(
    fc.asyncProperty(
      plainKeys,
      fc.string({ maxLength: 20 }).filter((text) => !/\p{Surrogate}/u.test(text)),
      async (key, value) => {
        const path = `/bucket/${encodeKey(key)}`;
        const query = [
          ['prefix', value],
          ['versions', ''],
        ] as const;
        const headers = { 'x-amz-meta-one': 'a  b', 'content-type': 'image/png' };
        const own = signRequest({ method: 'PUT', host: 'store.example:9000', path, query, headers, payload: EMPTY_PAYLOAD }, AWS, NOW);
        const signer = new AwsV4Signer({
          ...AWS,
          method: 'PUT',
          url: `https://store.example:9000${path}?${toQuery(query)}`,
          headers: { ...headers, 'x-amz-content-sha256': EMPTY_PAYLOAD },
          service: 's3',
          datetime: '20130524T000000Z',
          allHeaders: true,
        });
        expect(own['authorization']).toBe((await signer.sign()).headers.get('authorization'));
      },
    ),
    { numRuns: 100 },
  );
});

it('keeps keys apart that are paths of other keys, and takes no text that is no key', () => {
  expect(encodeKey('a/../b')).toBe('a/../b');
  expect(encodeKey('a//b/./ü ?%+&#"')).toBe('a//b/./%C3%BC%20%3F%25%2B%26%23%22');
  expect(encodeKey('line\nand\0nul')).toBe('line%0Aand%00nul');
  expect([encodeKey(''), encodeKey('\ud800'), encodeKey('x'.repeat(1025))]).toEqual([undefined, undefined, undefined]);
});
