import { describe, expect, test } from 'vitest';
import { readSignalLine } from './signal-lines.ts';

const MD5 = '0123456789abcdef0123456789abcdef';
const PDQ = `${MD5}${MD5}`;

describe('readSignalLine', () => {
  test.each([
    [`md5:${MD5}`, undefined, { type: 'md5', value: MD5 }],
    [MD5, undefined, { type: 'md5', value: MD5 }],
    [` SHA1:${MD5.toUpperCase()}01234567 `, undefined, { type: 'sha1', value: `${MD5}01234567` }],
    [`${MD5}01234567`, 'pdq', { type: 'sha1', value: `${MD5}01234567` }],
    [`pdq:${PDQ}`, 'sha256', { type: 'pdq', value: PDQ }],
    [`pdq:${PDQ}:87`, undefined, { type: 'pdq', value: PDQ, quality: 87 }],
    [PDQ, 'pdq', { type: 'pdq', value: PDQ }],
    [PDQ, 'sha256', { type: 'sha256', value: PDQ }],
    [`${PDQ}:0`, 'pdq', { type: 'pdq', value: PDQ, quality: 0 }],
  ] as const)('%s (%s)', (text, fallback, signal) => {
    expect(readSignalLine(text, fallback)).toEqual({ ok: true, signal });
  });

  test.each([
    ['', 'is not a type'],
    ['nonsense', 'is not a type'],
    [`tlsh:${MD5}`, 'is not a type'],
    ['md5:', 'is not a type'],
    [`md5:${MD5}:5:5`, 'is not a type'],
    [PDQ, 'does not say its type'],
    [MD5.slice(1), 'does not say its type'],
    [`sha256:${MD5}`, 'needs 64 hexadecimal digits and has 32'],
    [`pdq:${PDQ}:101`, 'has a quality that is not one'],
    [`pdq:${PDQ}:`, 'has a quality that is not one'],
    [`md5:${MD5}:50`, 'has a quality that is not one'],
  ])('refuses %s, and does not repeat it', (text, problem) => {
    const read = readSignalLine(text);
    expect(read).toEqual({ ok: false, problem: expect.stringContaining(problem) });
    expect(JSON.stringify(read)).not.toContain(MD5.slice(1));
  });
});
