import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { hammingDistance, HammingError } from './index.ts';

const hash = fc.uint8Array({ minLength: 32, maxLength: 32 });

function countDifferingBits(a: Uint8Array, b: Uint8Array): number {
  let count = 0;
  for (let bit = 0; bit < 256; bit++) count += ((a[bit >> 3] ?? 0) ^ (b[bit >> 3] ?? 0)) & (1 << (bit & 7)) ? 1 : 0;
  return count;
}

describe('hammingDistance', () => {
  it('counts the differing bits', () => {
    fc.assert(fc.property(hash, hash, (a, b) => hammingDistance(a, b) === countDifferingBits(a, b)));
  });

  it('reaches both ends', () => {
    expect(hammingDistance(new Uint8Array(32), new Uint8Array(32))).toBe(0);
    expect(hammingDistance(new Uint8Array(32), new Uint8Array(32).fill(255))).toBe(256);
  });

  it('refuses everything but two hashes of 32 bytes', () => {
    for (const bad of [new Uint8Array(31), new Uint8Array(33), new Uint16Array(32), 'ab'.repeat(32), undefined]) {
      expect(() => hammingDistance(Reflect.apply(Object, undefined, [bad]), new Uint8Array(32))).toThrow(HammingError);
      expect(() => hammingDistance(new Uint8Array(32), Reflect.apply(Object, undefined, [bad]))).toThrow(/32 bytes/);
    }
  });
});
