import { describe, expect, it } from 'vitest';
import { drawDetailed, reorient } from '../test/patterns.ts';
import { ORIENTATIONS, hammingDistance, pdq, pdqDihedral, pdqOrientations } from './index.ts';

/** Square, tall, wide and odd; below the grid, at it, and on both sides of every change of the window from 1 to 6. */
const SIZES: readonly (readonly [number, number])[] = [
  [5, 5],
  [7, 40],
  [33, 47],
  [63, 63],
  [64, 64],
  [64, 65],
  [65, 64],
  [64, 200],
  [100, 128],
  [127, 129],
  [128, 128],
  [129, 129],
  [129, 64],
  [60, 129],
  [130, 131],
  [150, 200],
  [191, 193],
  [200, 150],
  [255, 256],
  [256, 256],
  [256, 129],
  [256, 300],
  [257, 256],
  [257, 257],
  [300, 200],
  [384, 383],
  [385, 511],
  [512, 512],
  [513, 640],
  [641, 515],
  [700, 90],
  [90, 700],
  [200, 700],
  [768, 769],
];

const SEEDS = [1, 2, 3];

interface Comparison {
  readonly name: string;
  readonly distance: number;
  readonly quality: number;
}

function compareWithFlippedPixels(width: number, height: number): Comparison[] {
  return SEEDS.flatMap((seed) => {
    const picture = drawDetailed(width, height, seed * 7919 + width + height);
    const { hashes } = pdqOrientations(picture);
    return ORIENTATIONS.map((orientation, i) => {
      const real = pdq(reorient(picture, orientation));
      return { name: `${width} x ${height} ${orientation}`, distance: hammingDistance(hashes[i] ?? '', real.hash), quality: real.quality };
    });
  });
}

describe('pdqOrientations', () => {
  const comparisons = SIZES.flatMap(([width, height]) => compareWithFlippedPixels(width, height));

  it('gives the hashes of the really flipped and rotated pixels: never more than 2 bits away', () => {
    const detailed = comparisons.filter(({ quality }) => quality >= 50);
    expect(detailed.length).toBeGreaterThan(0.9 * comparisons.length);
    expect(detailed.filter(({ distance }) => distance > 2)).toEqual([]);
  });

  it('gives exactly those hashes in at least 99 of 100 cases', () => {
    const different = comparisons.filter(({ distance }) => distance > 0);
    expect(different.length / comparisons.length).toBeLessThan(0.01);
  });

  it('gives eight hashes that are far from each other, so that a mixed-up order would be seen', () => {
    const { hashes } = pdqOrientations(drawDetailed(300, 200, 5));
    for (const [i, a] of hashes.entries()) {
      for (const b of hashes.slice(i + 1)) expect(hammingDistance(a, b)).toBeGreaterThan(60);
    }
  });

  it('is a group: turning the picture permutes the eight hashes', () => {
    const picture = drawDetailed(333, 222, 11);
    const sorted = (hashes: readonly string[]): string[] => hashes.toSorted();
    for (const orientation of ORIENTATIONS) {
      expect(sorted(pdqOrientations(reorient(picture, orientation)).hashes)).toEqual(sorted(pdqOrientations(picture).hashes));
    }
    const turned = pdqOrientations(reorient(picture, 'rot90')).hashes;
    const plain = pdqOrientations(picture).hashes;
    expect(turned[ORIENTATIONS.indexOf('rot270')]).toBe(plain[0]);
    expect(turned[ORIENTATIONS.indexOf('rot90')]).toBe(plain[ORIENTATIONS.indexOf('rot180')]);
    expect(turned[ORIENTATIONS.indexOf('flipY')]).toBe(plain[ORIENTATIONS.indexOf('antitranspose')]);
  });

  it("differs from the reference's derived set where that misses", () => {
    const picture = drawDetailed(640, 480, 3);
    const real = ORIENTATIONS.map((orientation) => pdq(reorient(picture, orientation)).hash);
    const total = (hashes: readonly string[]): number => hashes.reduce((sum, hash, i) => sum + hammingDistance(hash, real[i] ?? ''), 0);
    expect(total(pdqOrientations(picture).hashes)).toBeLessThanOrEqual(2);
    expect(total(pdqDihedral(picture).hashes)).toBeGreaterThan(2);
  });
});

describe('directions of the orientations', () => {
  const picture = { data: Uint8Array.of(1, 2, 3, 4, 5, 6), width: 3, height: 2, channels: 1 } as const;

  // 1 2 3
  // 4 5 6
  it.each([
    ['rot90', [3, 6, 2, 5, 1, 4], 'anticlockwise: the right side comes to the top'],
    ['rot180', [6, 5, 4, 3, 2, 1], 'half a turn'],
    ['rot270', [4, 1, 5, 2, 6, 3], 'clockwise: the left side comes to the top'],
    ['flipX', [4, 5, 6, 1, 2, 3], 'top to bottom'],
    ['flipY', [3, 2, 1, 6, 5, 4], 'left to right'],
    ['transpose', [1, 4, 2, 5, 3, 6], 'about the main diagonal'],
    ['antitranspose', [6, 3, 5, 2, 4, 1], 'about the other diagonal'],
  ])('%s', (orientation, pixels) => {
    expect([...reorient(picture, orientation).data]).toEqual(pixels);
  });
});
