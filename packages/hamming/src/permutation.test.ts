import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { permuteHashes, restoreHash } from './permutation.ts';

describe('the bit permutation', () => {
  it('moves bit b to bit (167 b + 13) mod 256', () => {
    for (let bit = 0; bit < 256; bit++) {
      const hash = new Uint8Array(32);
      hash[bit >> 3] = 1 << (bit & 7);
      const row = new Uint32Array(8);
      permuteHashes(hash, row, { from: 0, to: 1 });
      const target = (167 * bit + 13) % 256;
      const expected = new Uint32Array(8);
      expected[target >> 5] = 1 << (target & 31);
      expect(row).toEqual(expected);
    }
  });

  it('is undone by restoreHash, for any hash of a block', () => {
    fc.assert(
      fc.property(fc.uint8Array({ minLength: 96, maxLength: 96 }), (block) => {
        const rows = new Uint32Array(16);
        permuteHashes(block, rows, { from: 1, to: 3 });
        expect(restoreHash(rows, 0)).toEqual(block.slice(32, 64));
        expect(restoreHash(rows, 8)).toEqual(block.slice(64, 96));
      }),
    );
  });
});
