import { describe, expect, it } from 'vitest';
import { formatBytes, formatCount, formatMs, formatNumber, formatTime } from './format.ts';

describe('figures as people read them', () => {
  it.each([
    [0, '0 bytes'],
    [1, '1 byte'],
    [1023, '1,023 bytes'],
    [1024, '1.0 KiB'],
    [1536, '1.5 KiB'],
    [10 * 1024 ** 2, '10 MiB'],
    [3 * 1024 ** 5, '3072 TiB'],
  ])('%d bytes', (bytes, text) => expect(formatBytes(bytes)).toBe(text));
  it.each([
    [0.4242, '0.42 ms'],
    [1.26, '1.3 ms'],
    [18.4, '18 ms'],
    [1234, '1.2 s'],
  ])('%d ms', (ms, text) => expect(formatMs(ms)).toBe(text));
  it('numbers and counts', () => {
    expect(formatNumber(1234567)).toBe('1,234,567');
    expect(formatCount(1, 'entry', 'entries')).toBe('1 entry');
    expect(formatCount(1000, 'entry', 'entries')).toBe('1,000 entries');
  });
  it('times are UTC and say so', () => {
    expect(formatTime('2026-11-25T23:05:09.000Z')).toBe('25 November 2026, 23:05:09 UTC');
    expect(formatTime('not a time')).toBe('not a time');
  });
});
