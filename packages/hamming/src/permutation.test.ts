import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { createKernel, type KernelName } from './kernel.ts';
import { allocateMemory, bufferOf } from './memory.ts';
import { restoreHash } from './permutation.ts';

function permute(hash: Uint8Array, kernel: KernelName): Uint32Array {
  const memory = allocateMemory(65_536, 65_536);
  const bytes = new Uint8Array(bufferOf(memory), 64, 32);
  bytes.set(hash);
  createKernel(memory, kernel).kernel.permuteRow(64);
  return new Uint32Array(bytes.slice().buffer);
}

describe.each(['wasm', 'typescript'] as const)('the bit permutation by %s', (kernel) => {
  it('moves bit b to bit (167 b + 13) mod 256', () => {
    for (let bit = 0; bit < 256; bit++) {
      const hash = new Uint8Array(32);
      hash[bit >> 3] = 1 << (bit & 7);
      const row = permute(hash, kernel);
      const target = (167 * bit + 13) % 256;
      const expected = new Uint32Array(8);
      expected[target >> 5] = 1 << (target & 31);
      expect(row).toEqual(expected);
    }
  });

  it('is undone by restoreHash', () => {
    fc.assert(
      fc.property(fc.uint8Array({ minLength: 32, maxLength: 32 }), (hash) => {
        const rows = Uint32Array.of(1, ...permute(hash, kernel));
        expect(restoreHash(rows, 1)).toEqual(hash);
      }),
    );
  });
});
