import { describe, expect, it } from 'vitest';
import { pdqForms } from '@gatehouse/pdq';
import { generatePicture } from '../../../test/support/pictures.ts';
import { countPictures } from './pictures-rules.ts';
import type { PermitRequest } from './schema.ts';

type Pictures = PermitRequest['pictures'];
const hash = (seed: number, [width, height]: readonly [number, number] = [320, 240]): Pictures => {
  const { full, nearest512 } = pdqForms(generatePicture({ seed, width, height }));
  const pictures: Pictures = [{ form: 'full', quality: full.quality, pdq: [...full.hashes] }];
  if (nearest512 !== undefined) pictures.push({ form: 'nearest512', quality: nearest512.quality, pdq: [...nearest512.hashes] });
  return pictures;
};
const first = (pictures: Pictures): string => [pictures[0]?.pdq ?? ''].flat()[0] ?? '';

describe('countPictures', () => {
  it('takes eight orientations in two forms for one picture, in any order', () => {
    for (let seed = 1; seed <= 12; seed++) expect([seed, countPictures(hash(seed, [150 + seed, 240 - seed]))]).toEqual([seed, 1]);
    const large = hash(3, [700, 600]);
    expect([large.length, countPictures(large)]).toEqual([2, 1]);
    expect(countPictures(large.map((one) => ({ ...one, pdq: [one.pdq].flat().toReversed() })))).toBe(1);
  });

  it('counts one for a single hash, and for none', () => {
    expect(countPictures([])).toBe(1);
    expect(countPictures([{ form: 'full', quality: 100, pdq: first(hash(1)) }])).toBe(1);
    expect(countPictures([{ form: 'full', quality: 0, pdq: Array.from({ length: 8 }, () => '0'.repeat(64)) }])).toBe(1);
  });

  it('counts each of several pictures that stand in one another’s place', () => {
    const others = Array.from({ length: 32 }, (_none, index) => first(hash(index + 1)));
    const asked = [0, 8, 16, 24].map((at): Pictures[number] => ({ form: 'full', quality: 100, pdq: others.slice(at, at + 8) }));
    expect(countPictures(asked)).toBe(32);
  });

  it('counts two when one is bent towards the other as far as a list would still find it', () => {
    const [a, b] = [first(hash(1)), first(hash(2))];
    const bits = (text: string): string => BigInt(`0x${text}`).toString(2).padStart(256, '0');
    let left = 31;
    const bent = Array.from(bits(b), (bit, at) => (bit !== bits(a)[at] && left-- > 0 ? bits(a)[at] : bit)).join('');
    expect(countPictures([{ form: 'full', quality: 100, pdq: [a, BigInt(`0b${bent}`).toString(16).padStart(64, '0')] }])).toBe(2);
  });
});
