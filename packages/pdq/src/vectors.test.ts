import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { drawPattern, type PatternSpec } from '../test/patterns.ts';
import { pdq, pdqDihedral, pdqForms, pdqOrientations } from './index.ts';

interface Vector extends PatternSpec {
  readonly id: string;
  readonly sha256: string;
  readonly hash: string;
  readonly quality: number;
  readonly dihedral: readonly string[];
}

const VECTORS = readFileSync(new URL('../../../fixtures/pdq/vectors.jsonl', import.meta.url), 'utf8')
  .trim()
  .split('\n')
  .map((line) => JSON.parse(line) as Vector);

describe('vectors of the C++ reference (fixtures/pdq)', () => {
  it('holds all 146', () => {
    expect(VECTORS).toHaveLength(146);
  });

  for (const vector of VECTORS) {
    it(`${vector.id}: ${vector.pattern} ${vector.w} x ${vector.h}`, () => {
      const picture = drawPattern(vector);
      expect(createHash('sha256').update(picture.data).digest('hex')).toBe(vector.sha256);
      const result = { hash: vector.hash, quality: vector.quality };
      for (const kernel of ['wasm', 'typescript'] as const) {
        expect(pdq(picture, { kernel })).toEqual(result);
        expect(pdqForms(picture, { kernel }).full).toEqual(pdqOrientations(picture, { kernel }));
        expect(pdqDihedral(picture, { kernel }).hashes).toEqual(vector.dihedral);
      }
      expect(pdq({ ...picture, data: Uint8ClampedArray.from(picture.data) })).toEqual(result);
      // The vectors' quality is of the plain hash; for 64 x 64 the dihedral routine measures the filtered grid instead.
      const dihedral = pdqDihedral(picture);
      expect(dihedral.hashes).toEqual(vector.dihedral);
      if (vector.w !== 64 || vector.h !== 64) expect(dihedral.quality).toBe(vector.quality);
      const orientations = pdqOrientations(picture);
      expect({ hash: orientations.hashes[0], quality: orientations.quality }).toEqual(result);
    });
  }
});
