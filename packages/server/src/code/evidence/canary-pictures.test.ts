import { pdq, pdqDihedral } from '@gatehouse/pdq';
import { beforeAll, expect, test } from 'vitest';
import { DEFAULT_QUALITY_FLOOR, DEFAULT_RADIUS } from '../../lists/index.ts';
import { transform, TRANSFORMS } from './canary-edit-rules.ts';
import { drawPicture, type Picture } from './canary-picture-rules.ts';
import { BENIGN_SEEDS, LISTED_SEEDS } from './canary-plan-rules.ts';

const input = ({ rgb, width, height }: Picture) => ({ data: rgb, width, height, channels: 3 as const });

function distance(a: string, b: string): number {
  let bits = BigInt(`0x${a}`) ^ BigInt(`0x${b}`);
  let count = 0;
  for (; bits > 0n; bits >>= 1n) count += Number(bits & 1n);
  return count;
}

let listed: { readonly picture: Picture; readonly hash: string; readonly quality: number }[];

beforeAll(() => {
  listed = LISTED_SEEDS.map((seed) => {
    const picture = drawPicture(seed);
    return { picture, ...pdq(input(picture)) };
  });
});

test('pictures have what PDQ needs, and are unlike each other', () => {
  expect(Math.min(...listed.map(({ quality }) => quality))).toBeGreaterThanOrEqual(DEFAULT_QUALITY_FLOOR + 20);
  const pairs = listed.flatMap((one, at) => listed.slice(0, at).map((other) => distance(one.hash, other.hash)));
  expect(Math.min(...pairs)).toBeGreaterThan(2 * DEFAULT_RADIUS);
});

test.each(TRANSFORMS)('%s: every listed picture is found', (how) => {
  const worst = { distance: 0, quality: 100 };
  for (const { picture, hash } of listed) {
    const { hashes, quality } = pdqDihedral(input(transform(picture, how)));
    worst.distance = Math.max(worst.distance, Math.min(...hashes.map((one) => distance(one, hash))));
    worst.quality = Math.min(worst.quality, quality);
  }
  // With room: a miss is to be a fault of the gate and nothing else.
  expect(worst.distance).toBeLessThanOrEqual(DEFAULT_RADIUS - 5);
  expect(worst.quality).toBeGreaterThanOrEqual(DEFAULT_QUALITY_FLOOR);
});

test('no benign picture is near a listed one', () => {
  for (const seed of BENIGN_SEEDS) {
    const { hashes, quality } = pdqDihedral(input(drawPicture(seed)));
    const nearest = Math.min(...hashes.flatMap((one) => listed.map(({ hash }) => distance(one, hash))));
    expect([seed, nearest > 2 * DEFAULT_RADIUS, quality >= DEFAULT_QUALITY_FLOOR]).toEqual([seed, true, true]);
  }
});

test('the same number gives the same picture', () => {
  expect(drawPicture(7)).toEqual(drawPicture(7));
  expect(drawPicture(7).rgb).not.toEqual(drawPicture(8).rgb);
});
