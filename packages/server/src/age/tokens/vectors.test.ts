/** Other people's vectors, byte for byte: RFC 9474 (blind RSA), RFC 9578 (tokens of type 2), RFC 9577 (challenge and headers). */
import { createPrivateKey, createPublicKey } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { blind, encodePss, finalize, invert, toInteger, type RsaPublicKey } from '../../../web/age-blind-rsa.ts';
import { requestToken } from '../../../web/age-token-client.ts';
import type { Bytes } from '../../../web/age-bytes.ts';
import { importTokenKey, isSignedBy, publicPartOf, signBlinded } from './blind-rsa.ts';
import { decodeRequest, decodeToken, encodeChallenge, formatChallenges, fromTokenPublicKey, hashBytes, parseAuthorization } from './wire.ts';

const FIXTURES = join(import.meta.dirname, '../../../../../fixtures/credential');
type Vector = Readonly<Record<string, string>>;

function read(path: string): Vector[] {
  return JSON.parse(readFileSync(join(FIXTURES, path), 'utf8')) as Vector[];
}

function bytes(digits: string | undefined): Bytes {
  return Uint8Array.from(Buffer.from((digits ?? '').replace(/^0x/, ''), 'hex'));
}

const hex = (value: Uint8Array): string => Buffer.from(value).toString('hex');
const base64Url = (digits: string | undefined): string => Buffer.from(bytes(digits)).toString('base64url');

describe.each(['privacy-pass/pub_verif_rfc9578.go.json', 'privacy-pass/pub_verif_rfc9578.rust.json'])('%s', (path) => {
  it.each(read(path).map((vector, index) => [index, vector] as const))('vector %i: request, response, token', async (_, vector) => {
    const privateKey = createPrivateKey(Buffer.from(bytes(vector['skS'])).toString('utf8'));
    const publicKey = bytes(vector['pkS']);
    expect(hex(publicPartOf(privateKey))).toBe(vector['pkS']);

    const pending = await requestToken(publicKey, bytes(vector['token_challenge']), {
      nonce: bytes(vector['nonce']),
      salt: bytes(vector['salt']),
      factor: toInteger(bytes(vector['blind'])),
    });
    expect(hex(pending.request)).toBe(vector['token_request']);

    const request = decodeRequest(pending.request);
    expect(request?.truncatedKeyId).toBe(hashBytes(publicKey).at(-1));
    const response = signBlinded(privateKey, request?.blindedMessage ?? new Uint8Array());
    expect(hex(response ?? new Uint8Array())).toBe(vector['token_response']);

    const made = await pending.finish(Uint8Array.from(response ?? []));
    expect(hex(made)).toBe(vector['token']);
    const token = decodeToken(made);
    if (token === undefined) throw new Error('no token');
    expect(isSignedBy(importTokenKey(publicKey), token)).toBe(true);
    expect(hex(token.challengeDigest)).toBe(hex(hashBytes(bytes(vector['token_challenge']))));
    for (const part of ['authenticated', 'authenticator'] as const) {
      const changed = Buffer.from(token[part]);
      changed[40] = (changed[40] ?? 0) ^ 1;
      expect(isSignedBy(importTokenKey(publicKey), { ...token, [part]: changed })).toBe(false);
    }
  });
});

describe('RFC 9474', () => {
  const vectors = read('blind-rsa/test_vectors_rfc9474.json').filter(({ sLen }) => sLen === '0x30');

  // Type 2 uses the deterministic one; the randomized one is the same but for a random prefix of the message.
  it.each(vectors.map((vector) => [vector['name'], vector] as const))('%s', async (_, vector) => {
    const key: RsaPublicKey = { modulus: toInteger(bytes(vector['n'])), exponent: toInteger(bytes(vector['e'])), byteLength: bytes(vector['n']).byteLength };
    const inverse = toInteger(bytes(vector['inv']));
    const message = bytes(vector['input_msg']);
    const blinded = await blind(key, message, { salt: bytes(vector['salt']), factor: invert(inverse, key.modulus) ?? 0n });
    expect(hex(blinded.blindedMessage)).toBe(vector['blinded_msg']);
    expect(blinded.inverse).toBe(inverse);

    const [p, q, d] = [vector['p'], vector['q'], vector['d']].map((value) => toInteger(bytes(value)));
    if (p === undefined || q === undefined || d === undefined) throw new Error('no key');
    const part = (value: bigint): string => base64Url(value.toString(16).padStart(2 * Math.ceil(value.toString(16).length / 2), '0'));
    const privateKey = createPrivateKey({
      format: 'jwk',
      key: {
        kty: 'RSA',
        n: part(key.modulus),
        e: part(key.exponent),
        d: part(d),
        p: part(p),
        q: part(q),
        dp: part(d % (p - 1n)),
        dq: part(d % (q - 1n)),
        qi: part(invert(q, p) ?? 0n),
      },
    });
    const signature = signBlinded(privateKey, blinded.blindedMessage);
    expect(hex(signature ?? new Uint8Array())).toBe(vector['blind_sig']);
    expect(hex(await finalize(key, message, { blindSignature: Uint8Array.from(signature ?? []), inverse }))).toBe(vector['sig']);
    expect(isSignedBy(createPublicKey(privateKey), { authenticated: message, authenticator: bytes(vector['sig']) })).toBe(true);
  });

  it('covers both variants with a salt', () => expect(vectors.length).toBe(2));

  it('EMSA-PSS of RFC 8017', async () => {
    const vector: unknown = JSON.parse(readFileSync(join(FIXTURES, 'blind-rsa/emsa_pss_vectors.json'), 'utf8'));
    const field = (name: string): string => String(Reflect.get(Object(vector), name));
    expect(hex(await encodePss(bytes(field('msg')), { bits: 1023, salt: bytes(field('salt')), hashName: 'SHA-1' }))).toBe(field('expected'));
  });
});

describe('RFC 9577', () => {
  it.each(read('privacy-pass/auth_scheme_token_v14.json').map((vector) => [vector['comment'], vector] as const))('%s', (_, vector) => {
    const challenge = encodeChallenge({
      issuerName: Buffer.from(bytes(vector['issuer_name'])).toString('ascii'),
      redemptionContext: bytes(vector['redemption_context']),
      originInfo: Buffer.from(bytes(vector['origin_info'])).toString('ascii'),
    });
    const input = Buffer.concat([bytes(vector['token_type']), bytes(vector['nonce']), hashBytes(challenge), bytes(vector['token_key_id'])]);
    expect(input.toString('hex')).toBe(vector['token_authenticator_input']);
  });

  it('WWW-Authenticate, in quotes', () => {
    const [vector] = read('privacy-pass/auth_scheme_header_v14.json');
    const header = formatChallenges([
      { challenge: bytes(vector?.['token-challenge-0']), tokenKey: bytes(vector?.['token-key-0']), maxAgeS: Number(vector?.['max-age-0']) },
    ]);
    // The vector holds an attribute that nobody knows, to be ignored; we send none.
    expect(header).toBe(vector?.['WWW-Authenticate']?.replace(',unknownChallengeAttribute="ignore-me"', ''));
  });

  it.each([
    ['PrivateToken token="AAEC"', '000102'],
    ['PrivateToken token=AAEC', '000102'],
    ['privatetoken  token="AAECAw=="', '00010203'],
    ['PrivateToken token="AAEC', undefined],
    ['PrivateToken token="AA+C"', undefined],
    ['PrivateToken token="AAEC", token="AAEC"', undefined],
    ['Bearer AAEC', undefined],
    ['', undefined],
  ])('Authorization: %s', (header, expected) => {
    expect(parseAuthorization(header)?.toString('hex')).toBe(expected);
  });
});

describe('keys', () => {
  it('takes no other key than one of type 2', () => {
    const [vector] = read('privacy-pass/pub_verif_rfc9578.go.json');
    const publicKey = Buffer.from(bytes(vector?.['pkS']));
    expect(fromTokenPublicKey(publicKey)?.byteLength).toBe(270);
    expect(fromTokenPublicKey(publicKey.subarray(1))).toBeUndefined();
    expect(fromTokenPublicKey(Buffer.concat([publicKey, Buffer.of(0)]))).toBeUndefined();
    publicKey[20] = 0xff;
    expect(() => importTokenKey(publicKey)).toThrow(RangeError);
  });
});
