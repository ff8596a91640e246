import fc from 'fast-check';
import { expect, it } from 'vitest';
import { watchForm } from './form-rules.ts';

const TYPE = 'multipart/form-data; boundary=--b';
const isOnePart = (body: string, at: readonly number[] = [], type = TYPE): boolean => {
  const watch = watchForm(type);
  const cuts = [0, ...at.map((cut) => cut % (body.length + 1)).toSorted((a, b) => a - b), body.length];
  for (let i = 1; i < cuts.length; i += 1) watch.add(Buffer.from(body.slice(cuts[i - 1], cuts[i])));
  return watch.isOnePart();
};
const form = (...parts: string[]): string => `${parts.map((part) => `----b\r\n${part}\r\n`).join('')}----b--\r\n`;

it('finds one part, and anything else, however the body is cut', () => {
  fc.assert(
    fc.property(fc.array(fc.nat(200), { maxLength: 12 }), (cuts) => {
      expect(isOnePart(form('a: b\r\n\r\ncontent\r\n--\r\n----c'), cuts)).toBe(true);
      for (const body of [
        form('a: b\r\n\r\none', 'a: b\r\n\r\ntwo'),
        `x${form('a: b\r\n\r\none')}`,
        `\r\n${form('a: b\r\n\r\none')}`,
        `${form('a: b\r\n\r\none')}x`,
        form('a: b\r\n\r\none').replace('----b--', '----b'),
        form('a: b\r\n\r\none').slice(0, -4),
        form(),
        '',
      ])
        expect(isOnePart(body, cuts)).toBe(false);
    }),
  );
});

it('refuses what names another boundary, or none', () => {
  const body = form('a: b\r\n\r\none');
  expect(isOnePart(body, [], 'multipart/form-data; charset=utf-8; boundary="--b"; x=y')).toBe(true);
  for (const type of ['multipart/form-data', 'multipart/form-data; boundary=b', 'multipart/form-data; boundary=', 'multipart/form-data; boundary=--b x'])
    expect(isOnePart(body, [], type)).toBe(false);
});
