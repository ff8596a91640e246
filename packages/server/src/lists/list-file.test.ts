import { Readable } from 'node:stream';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { valueOf } from '../../test/support/lists.ts';
import { referenceAt } from './entry-batch.ts';
import { readWholeList, type ListFileInput } from './list-file.ts';
import { parseColumnMap, toHex } from './rules.ts';
import { SIGNAL_BYTES, SIGNAL_TYPES, type SignalType } from './schema.ts';

interface ReadEntry {
  readonly type: SignalType;
  readonly value: string;
  readonly line: number;
  readonly reference: string;
}

async function read(
  content: string | Buffer,
  options: Partial<ListFileInput> & { readonly chunkBytes?: number } = {},
): Promise<{ entries: ReadEntry[]; report: Awaited<ReturnType<typeof readWholeList>>['report'] }> {
  const bytes = Buffer.from(content);
  const size = options.chunkBytes ?? 65_536;
  const chunks = Array.from({ length: Math.ceil(bytes.length / size) }, (_none, i) => bytes.subarray(i * size, (i + 1) * size));
  const { entries, report } = await readWholeList({ name: '', ...options, stream: Readable.from(chunks) });
  const list = SIGNAL_TYPES.flatMap((type) => {
    const column = entries[type];
    if (column === undefined) return [];
    const width = SIGNAL_BYTES[type];
    return Array.from({ length: column.count }, (_none, i) => ({
      type,
      value: toHex(column.values.subarray(i * width, (i + 1) * width)),
      line: column.lines[i] ?? 0,
      reference: referenceAt(column, i),
    }));
  });
  return { entries: list.toSorted((a, b) => a.line - b.line), report };
}

const [P, M, S1, S2] = [valueOf('pdq', 'p'), valueOf('md5', 'm'), valueOf('sha1', 's'), valueOf('sha256', 't')];
const values = async (content: string, options: Partial<ListFileInput> = {}): Promise<string[]> =>
  (await read(content, options)).entries.map(({ type, value, line }) => `${line} ${type} ${value}`);

describe('every format holds the same list', () => {
  const cases: readonly {
    readonly name: string;
    readonly content: string;
    readonly options?: Partial<ListFileInput>;
    readonly expected?: readonly string[];
  }[] = [
    { name: 'CSV', content: `signal_type,value\npdq,${P}\nmd5,${M}\n` },
    { name: 'CSV with another order and further columns', content: `note,Hash_Value,country,Hash Type\nx,${P},UK,PDQ\ny,${M},UK,MD5\n` },
    { name: 'CSV with CRLF and a BOM', content: `\uFEFFtype,hash\r\npdq,${P}\r\nmd5,${M}\r\n` },
    { name: 'CSV in capitals, quoted', content: `"TYPE","VALUE"\n"PDQ","${P.toUpperCase()}"\n"MD5","${M.toUpperCase()}"` },
    { name: 'CSV with semicolons', content: `type;value\npdq;${P}\nmd5;${M}\n` },
    { name: 'CSV with tabs', content: `type\tvalue\npdq\t${P}\nmd5\t${M}\n` },
    { name: 'CSV with a column for each type', content: `id,pdq,md5\n1,${P},\n2,,${M}\n` },
    { name: 'CSV with a map by number', content: `type,note,value\npdq,x,${P}\nmd5,y,${M}\n`, options: { map: { value: 3, type: 1 } } },
    { name: 'CSV with a map by name', content: `Kind of,Print\npdq,${P}\nmd5,${M}\n`, options: { map: { value: 'print', type: 'Kind of' } } },
    { name: 'JSON Lines', content: `  \n{"type":"pdq","value":"${P}"}\n{"signal_type":"md5","hash":"${M}"}\n` },
    { name: 'JSON Lines named by type', content: `\n{"pdq":"${P}"}\n{"md5":"${M}"}` },
    { name: 'text', content: `# a list\n${M} # first\n  ${M.toUpperCase()}  \n\n`, expected: [`2 md5 ${M}`, `3 md5 ${M}`] },
  ];
  test.each(cases)('$name', async ({ content, options = {}, expected = [`2 pdq ${P}`, `3 md5 ${M}`] }) => {
    expect(await values(content, options)).toEqual(expected);
    for (const chunkBytes of [1, 7, 64]) expect((await read(content, { ...options, chunkBytes })).entries).toEqual((await read(content, options)).entries);
  });

  test('CSV without a header is understood by its content, and says so', async () => {
    const { entries, report } = await read(`ref-1,${M},md5\nref-2,${S1},sha1\n`);
    expect(entries).toEqual([
      { type: 'md5', value: M, line: 1, reference: 'ref-1' },
      { type: 'sha1', value: S1, line: 2, reference: 'ref-2' },
    ]);
    expect(report.warnings).toEqual(['The first line is not a header; column 2 is taken as value, column 3 is taken as type, column 1 is taken as reference.']);
  });

  test('one row can hold several values with one reference', async () => {
    const { entries } = await read(`pdq,md5,sha1,sha256,id\n${P},${M},${S1},${S2},case 7\n`);
    expect(entries.map(({ type, reference, line }) => `${line} ${type} ${reference}`)).toEqual([
      '2 pdq case 7',
      '2 md5 case 7',
      '2 sha1 case 7',
      '2 sha256 case 7',
    ]);
  });
});

describe('lines that cannot be read', () => {
  test('are counted and named by number and reason, never by content', async () => {
    const bad = ['zz', M.slice(1), `${M}0`, `${M.slice(0, 31)}g`, 'photodna,AAAA', '"open', 'x'.repeat(70_000)];
    const { entries, report } = await read(
      `type,value\nmd5,${bad[0]}\nmd5,${bad[1]}\nmd5,${bad[2]}\nmd5,${bad[3]}\n${bad[4]}\nmd5,\nmd5,"a"b\n${bad[6]}\nmd5,${M}\n`,
    );
    expect(report.badLines.map(({ line, reason }) => `${line}: ${reason}`)).toEqual([
      '2: md5 needs 32 hexadecimal digits, here are 2 characters',
      '3: md5 needs 32 hexadecimal digits, here are 31 characters',
      '4: md5 needs 32 hexadecimal digits, here are 33 characters',
      '5: a character is not a hexadecimal digit',
      '6: the signal type is not one of pdq, md5, sha1, sha256',
      '7: no value',
      '8: text follows a closing quote',
      '9: the line is longer than 64 KiB',
    ]);
    expect(report.bad).toBe(8);
    expect(entries).toEqual([{ type: 'md5', value: M, line: 10, reference: '' }]);
    expect(JSON.stringify(report)).not.toContain(M.slice(0, 8));
  });

  test('of an unclosed quote are lost together, and only up to a limit', async () => {
    const { entries, report } = await read(`type,value\nmd5,"${M}\n${'x\n'.repeat(200)}md5,${M}\n`);
    expect(report.badLines[0]).toMatchObject({ line: 2, reason: expect.stringContaining('a quote is opened here') });
    expect(report.bad).toBe(201);
    expect(entries).toMatchObject([{ line: 203 }]);
    expect((await read(`type,value\nmd5,"${M}`)).report.bad).toBe(1);
  });

  test('keep at most fifty reasons', async () => {
    const { report } = await read(`md5\n${'x\n'.repeat(300)}`);
    expect([report.bad, report.badLines.length]).toEqual([300, 50]);
  });

  test('of JSON', async () => {
    const { report } = await read(`{"md5":"${M}"}\n[1]\n{"md5":\n{"note":"x"}\n{"type":"nope","value":"${M}"}\n`, { format: 'jsonl' });
    expect(report.badLines.map(({ line }) => line)).toEqual([2, 3, 4, 5]);
    expect(report.accepted).toBe(1);
  });
});

describe('a file is refused as a whole', () => {
  test.each([
    ['values that can be of two types', `${P}\n`, {}, 'PDQ or SHA-256'],
    ['a CSV without a column of hashes', 'a,b\n1,2\n', {}, 'No column with hashes'],
    ['a map that names no column', `a,b\n1,${M}\n`, { map: { value: 'c' } }, 'does not have'],
    ['UTF-16', Buffer.from('\uFEFFmd5\n', 'utf16le'), {}, 'UTF-16'],
    ['gzip', Buffer.from([0x1f, 0x8b, 8, 0]), {}, 'compressed'],
  ] as const)('%s', async (_name, content, options, text) => {
    await expect(read(content as string, options)).rejects.toMatchObject({ code: 'invalid_request', message: expect.stringContaining(text) });
  });

  test('not when the type is given', async () => {
    expect(await values(`${P}\n`, { type: 'sha256' })).toEqual([`1 sha256 ${P}`]);
  });
});

test('fillers, flat pictures and digests of nothing are counted and kept', async () => {
  const nothing = ['d41d8cd98f00b204e9800998ecf8427e', '0'.repeat(32), M];
  expect((await read(nothing.join('\n'))).report).toMatchObject({ accepted: 3, suspicious: 2 });
  expect((await read(`pdq\n${'0'.repeat(64)}\n${'f'.repeat(64)}\n${P}\n${'00ff'.repeat(16)}\n`)).report).toMatchObject({ accepted: 4, suspicious: 2 });
});

test('references are bounded, valid and without control characters', async () => {
  const { entries } = await read(Buffer.concat([Buffer.from(`md5,id\n${M},a\u0007b`), Buffer.from([0xff, 0xfe]), Buffer.from(`é\n${M},${'é'.repeat(300)}\n`)]));
  expect(entries.map(({ reference }) => reference)).toEqual(['abé', 'é'.repeat(100)]);
});

test('maps are read from text', () => {
  expect(parseColumnMap('value=2,type=1')).toEqual({ value: 2, type: 1 });
  expect(parseColumnMap('pdq=My Hash , reference = Id')).toEqual({ pdq: 'My Hash', reference: 'Id' });
  for (const wrong of ['', 'value', 'value=', 'colour=2', 'value=0']) expect(parseColumnMap(wrong)).toBeUndefined();
});

/** Writes CSV by the letter of RFC 4180, knowing nothing of the reader. */
function writeCsv(rows: readonly (readonly string[])[], style: { readonly delimiter: string; readonly newline: string; readonly quoteAll: boolean }): string {
  const needsQuotes = new RegExp(`["\\r\\n${style.delimiter}]`);
  const cell = (text: string): string => (style.quoteAll || needsQuotes.test(text) ? `"${text.replaceAll('"', '""')}"` : text);
  return rows.map((row) => row.map(cell).join(style.delimiter)).join(style.newline);
}

test('whatever RFC 4180 can write is read back, in chunks of any size', async () => {
  const note = fc.string({ unit: fc.constantFrom('a', '"', ',', ';', '\n', ' ', '#', 'é'), maxLength: 12 });
  const row = fc.record({ type: fc.constantFrom(...SIGNAL_TYPES), seed: fc.nat(), note, other: note });
  const style = fc.record({ delimiter: fc.constantFrom(',', ';', '\t'), newline: fc.constantFrom('\n', '\r\n'), quoteAll: fc.boolean() });
  await fc.assert(
    fc.asyncProperty(
      fc.array(row, { minLength: 1, maxLength: 8 }),
      style,
      fc.integer({ min: 1, max: 200 }),
      fc.shuffledSubarray(['type', 'value', 'note', 'other', 'third'], { minLength: 5 }),
      async (rows, writing, chunkBytes, order) => {
        const table = rows.map(({ type, seed, note: text, other }) => ({ type, value: valueOf(type, String(seed)), note: text, other, third: '' }));
        const content = writeCsv([order, ...table.map((line) => order.map((name) => Reflect.get(line, name) as string))], writing);
        const { entries, report } = await read(content, { chunkBytes, format: 'csv' });
        expect(report.badLines).toEqual([]);
        expect(entries.map(({ type, value }) => ({ type, value }))).toEqual(table.map(({ type, value }) => ({ type, value })));
      },
    ),
    { numRuns: 300 },
  );
});
