/** Tables read back by a reader of its own, and nothing in them that a spreadsheet would calculate. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { controlsOf, emptyInput, fullInput } from '../../../test/support/code-exports.ts';
import { formatCsv } from '../../platform/csv-text-rules.ts';
import { TABLES } from './schema.ts';
import { COLUMNS, makeTable } from './table-rules.ts';

/** RFC 4180, character by character. */
function parse(csv: string): string[][] {
  const rows: string[][] = [[]];
  let [cell, isQuoted] = ['', false];
  const end = (): void => {
    rows.at(-1)?.push(cell);
    cell = '';
  };
  for (let i = 0; i < csv.length; i++) {
    const letter = csv.charAt(i);
    if (isQuoted && letter === '"' && csv.charAt(i + 1) === '"') {
      cell += '"';
      i++;
    } else if (letter === '"') isQuoted = !isQuoted;
    else if (isQuoted) cell += letter;
    else if (letter === ',') end();
    else if (letter === '\r' && csv.charAt(i + 1) === '\n') {
      end();
      rows.push([]);
      i++;
    } else cell += letter;
  }
  expect([isQuoted, rows.pop()]).toEqual([false, []]);
  return rows;
}

describe('a table', () => {
  it('is read back as it was written', () => {
    const text = fc.string({ unit: 'grapheme', maxLength: 20 }).filter((value) => !/[\0\p{Surrogate}]/u.test(value));
    fc.assert(
      fc.property(fc.array(fc.tuple(text, fc.oneof(fc.integer(), fc.boolean(), fc.constant(null))), { maxLength: 5 }), (rows) => {
        const [head, ...lines] = parse(
          formatCsv(
            ['a', 'b'],
            rows.map(([a, b]) => ({ a, b })),
          ),
        );
        expect(head).toEqual(['a', 'b']);
        expect(lines.map(([a = '']) => a.replace(/^'/, ''))).toEqual(rows.map(([a]) => a.replace(/^'/, '')));
        expect(lines.map(([, b]) => b)).toEqual(rows.map(([, b]) => (b === null ? '' : String(b))));
      }),
    );
  });

  it.each(['=1+1', '+1', '-1', '@SUM(A1)', '\t=1', '\r=1', '\n=1', ' =1', '\u00A0=1', '\uFEFF=1', '\u200B=1', '＝1', '|cmd', '%0A', '=HYPERLINK("http://x")'])(
    'never begins a cell with %j',
    (text) => {
      const [, [cell = ''] = []] = parse(formatCsv(['a'], [{ a: text }]));
      expect(cell).toBe(`'${text}`);
    },
  );

  it('leaves numbers alone, and ordinary text', () => {
    expect(
      formatCsv(
        ['a', 'b'],
        [
          { a: -1.5, b: 'x = y' },
          { a: null, b: 'a"b,c\r\nd' },
        ],
      ),
    ).toBe('"a","b"\r\n-1.5,"x = y"\r\n,"a""b,c\r\nd"\r\n');
  });

  it.each(TABLES)('%s has a cell for every column, empty and full', (table) => {
    for (const input of [emptyInput(), fullInput('=cmd|calc')]) {
      const rows = parse(formatCsv(COLUMNS[table], makeTable(table, input)));
      expect(new Set(rows.map(({ length }) => length))).toEqual(new Set([COLUMNS[table].length]));
      expect(
        rows
          .slice(1)
          .flat()
          .filter((cell) => cell.startsWith('=')),
      ).toEqual([]);
      for (const row of makeTable(table, input)) expect(Object.keys(row).toSorted()).toEqual(COLUMNS[table].toSorted());
    }
  });
});

describe('measures', () => {
  it('that nobody evaluated are not evaluated, never anything better', () => {
    const rows = makeTable('measures', emptyInput());
    expect(rows).toHaveLength(controlsOf(emptyInput().catalogue).length);
    expect(new Set(rows.map(({ state }) => state))).toEqual(new Set(['not_evaluated']));
  });

  it('count what was measured and what was attested apart', () => {
    const input = fullInput();
    const rows = makeTable('measures', input);
    const items = input.evaluation?.value.measures.flatMap((measure) => measure.items) ?? [];
    const sum = (name: string): number => rows.reduce((total, row) => total + Number(row[name]), 0);
    expect(sum('attested')).toBe(items.filter(({ attestation }) => attestation !== null).length);
    expect(sum('measured')).toBe(items.filter(({ mode, figure }) => mode === 'measured' && figure !== null).length);
    expect(sum('not_evaluated')).toBe(items.filter(({ state }) => state === 'not_evaluated').length);
  });
});
