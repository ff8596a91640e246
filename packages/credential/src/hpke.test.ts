/** Opening against another implementation that seals (@hpke/core), and against everything changed on the way. A vector of others is in vectors.test.ts (annex C). */
import { Aes128Gcm, CipherSuite, DhkemP256HkdfSha256, HkdfSha256 } from '@hpke/core';
import fc from 'fast-check';
import { generateKeyPairSync } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import type { PrivateJwk } from './annex-c.ts';
import { openHpke, type Sealed } from './hpke.ts';

const makeKey = (): PrivateJwk => generateKeyPairSync('ec', { namedCurve: 'P-256' }).privateKey.export({ format: 'jwk' }) as unknown as PrivateJwk;
const key = makeKey();
const own = (bytes: Uint8Array): ArrayBuffer => new Uint8Array(bytes).buffer;

async function seal(text: Uint8Array, info: Uint8Array, to: PrivateJwk = key): Promise<Sealed> {
  const suite = new CipherSuite({ kem: new DhkemP256HkdfSha256(), kdf: new HkdfSha256(), aead: new Aes128Gcm() });
  const recipientPublicKey = await suite.kem.importKey('jwk', { kty: 'EC', crv: 'P-256', x: to.x, y: to.y }, true);
  const { enc, ct } = await suite.seal({ recipientPublicKey, info: own(info) }, own(text));
  return { enc: new Uint8Array(enc), cipherText: new Uint8Array(ct), info };
}

it('opens what @hpke/core seals, whatever is in it and beside it', async () => {
  await fc.assert(
    fc.asyncProperty(fc.uint8Array({ maxLength: 3000 }), fc.uint8Array({ maxLength: 500 }), async (text, info) => {
      expect(Buffer.from(openHpke(await seal(text, info), key)).equals(Buffer.from(text))).toBe(true);
    }),
    { numRuns: 60 },
  );
});

it('opens for keys of every look, also with a coordinate that begins with zero', async () => {
  for (let n = 0; n < 40; n++) {
    const other = makeKey();
    expect(openHpke(await seal(Buffer.from('x'), Buffer.from('info'), other), other).toString()).toBe('x');
  }
});

describe('does not open', () => {
  const flip = (bytes: Uint8Array, bit: number): Uint8Array => bytes.map((byte, i) => (i === bit >> 3 ? byte ^ (1 << (bit & 7)) : byte));

  it('when a bit is another, in any part', async () => {
    const sealed = await seal(Buffer.from('a presentation'), Buffer.from('a transcript'));
    for (const part of ['enc', 'cipherText', 'info'] as const)
      for (let bit = 0; bit < sealed[part].length * 8; bit++)
        expect(() => openHpke({ ...sealed, [part]: flip(sealed[part], bit) }, key), `${part} ${bit}`).toThrow();
  });

  it('with another key', async () => {
    const sealed = await seal(Buffer.from('x'), Buffer.from('info'));
    expect(() => openHpke(sealed, makeKey())).toThrow();
  });

  it('without a tag, without a key, with a compressed one, with the point at infinity', async () => {
    const sealed = await seal(Buffer.from('x'), Buffer.from('info'));
    expect(() => openHpke({ ...sealed, cipherText: sealed.cipherText.subarray(0, 15) }, key)).toThrow('no tag');
    expect(() => openHpke({ ...sealed, cipherText: sealed.cipherText.subarray(0, 16) }, key)).toThrow();
    expect(() => openHpke({ ...sealed, enc: new Uint8Array(0) }, key)).toThrow('uncompressed');
    expect(() => openHpke({ ...sealed, enc: sealed.enc.subarray(0, 33).with(0, 2) }, key)).toThrow('uncompressed');
    expect(() => openHpke({ ...sealed, enc: new Uint8Array(65).with(0, 4) }, key)).toThrow();
  });
});
