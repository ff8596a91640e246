import { createHash } from 'node:crypto';
import fc from 'fast-check';
import { expect, it } from 'vitest';
import { createSha256 } from './sha256.ts';

const hash = (...pieces: readonly Uint8Array[]): string => {
  const own = createSha256();
  for (const piece of pieces) own.update(piece);
  return own.finish();
};

it('gives the digests of FIPS 180-4', () => {
  expect(hash()).toBe('e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855');
  expect(hash(new TextEncoder().encode('abc'))).toBe('ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad');
});

it('gives those of Node, however the bytes are cut', () => {
  fc.assert(
    fc.property(fc.array(fc.uint8Array({ maxLength: 200 }), { maxLength: 8 }), (pieces) => {
      expect(hash(...pieces)).toBe(createHash('sha256').update(Buffer.concat(pieces)).digest('hex'));
    }),
  );
});

it('at every length around a block', () => {
  for (let length = 50; length < 135; length++) {
    const bytes = new Uint8Array(length).fill(length);
    expect(hash(bytes)).toBe(createHash('sha256').update(bytes).digest('hex'));
  }
});
