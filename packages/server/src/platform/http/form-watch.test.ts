import fc from 'fast-check';
import { expect, it } from 'vitest';
import { watchForm } from './form-watch.ts';

const TYPE = 'multipart/form-data; boundary=--b';
const countParts = (body: string, at: readonly number[] = [], type = TYPE): number | undefined => {
  const watch = watchForm(type);
  const cuts = [0, ...at.map((cut) => cut % (body.length + 1)).toSorted((a, b) => a - b), body.length];
  for (let i = 1; i < cuts.length; i += 1) watch.add(Buffer.from(body.slice(cuts[i - 1], cuts[i])));
  return watch.countParts();
};
const form = (...parts: string[]): string => `${parts.map((part) => `----b\r\n${part}\r\n`).join('')}----b--\r\n`;
const ONE = 'a: b\r\n\r\none';

it('counts parts, and finds anything else, however the body is cut', () => {
  fc.assert(
    fc.property(fc.array(fc.nat(200), { maxLength: 12 }), (cuts) => {
      expect(countParts(form('a: b\r\n\r\ncontent\r\n--\r\n----c'), cuts)).toBe(1);
      expect(countParts(form(ONE, ONE, ONE), cuts)).toBe(3);
      expect(countParts(form(ONE).slice(0, -2), cuts)).toBe(1);
      expect(countParts(form(), cuts)).toBe(0);
      for (const body of [
        `x${form(ONE)}`,
        `\r\n${form(ONE)}`,
        `${form(ONE)}x`,
        `${form(ONE)}${form(ONE)}`,
        form(ONE).replace('----b--', '----b'),
        form(ONE, ONE).replace(/one\r\n----b/, 'one\r\n----b '),
        form(ONE).slice(0, -4),
        '',
      ])
        expect(countParts(body, cuts)).toBeUndefined();
    }),
  );
});

it('finds nothing where another boundary is named, or none', () => {
  expect(countParts(form(ONE), [], 'multipart/form-data; charset=utf-8; boundary="--b"; x=y')).toBe(1);
  for (const type of ['multipart/form-data', 'multipart/form-data; boundary=b', 'multipart/form-data; boundary=', 'multipart/form-data; boundary=--b x'])
    expect(countParts(form(ONE), [], type)).toBeUndefined();
});
