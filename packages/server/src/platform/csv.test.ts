import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { parseCsv } from './csv-rules.ts';

describe('parseCsv', () => {
  it.each([
    ['a,b\n1,2\n', [{ a: '1', b: '2' }]],
    ['a,b\r\n1,2', [{ a: '1', b: '2' }]],
    ['\uFEFFa,b\n"x, y","say ""no"""\n', [{ a: 'x, y', b: 'say "no"' }]],
    [
      'a,b\n"two\nlines", 3 \n\n,\n',
      [
        { a: 'two\nlines', b: '3' },
        { a: '', b: '' },
      ],
    ],
    ['a\n\n1\n', [{ a: '1' }]],
    ['a,b\n1,\n', [{ a: '1', b: '' }]],
  ])('reads %j', (text, rows) => {
    expect(parseCsv(text).rows.map(({ cells }) => cells)).toEqual(rows);
    expect(parseCsv(text).faults).toEqual([]);
  });

  it('counts lines through quoted line ends, and names rows that are too long or too short', () => {
    const table = parseCsv('a,b\n"1\n1",2\n3\n4,5,6\n7,8\n');
    expect(table.rows.map(({ line }) => line)).toEqual([2, 6]);
    expect(table.faults).toEqual(['line 4: has 1 cell where the header has 2', 'line 5: has 3 cells where the header has 2']);
  });

  it.each([
    ['', /empty/],
    ['a,a\n', /"a" is there twice/],
    ['a\n"open\n', /line 2 is never closed/],
    ['a\n"x"y\n', /line 2 text follows/],
    ['a\n'.repeat(50_003), /more than 50000 rows/],
  ])('refuses what is no table: %.12j', (text, message) => {
    expect(() => parseCsv(text)).toThrow(message);
  });

  it('reads back whatever was written', () => {
    const cell = fc.string({ unit: fc.constantFrom('a', ',', '"', '\n', '\r', ' ', 'é') }).map((value) => value.trim());
    fc.assert(
      fc.property(fc.array(fc.tuple(cell, cell, cell), { maxLength: 8 }), (rows) => {
        const write = (cells: readonly string[]): string => cells.map((value) => `"${value.replaceAll('"', '""')}"`).join(',');
        const text = ['a,b,c', ...rows.map(write)].join('\r\n');
        expect(parseCsv(text).rows.map(({ cells }) => [cells['a'], cells['b'], cells['c']])).toEqual(rows);
      }),
    );
  });
});
