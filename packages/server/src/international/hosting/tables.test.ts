/** Addresses, sorted ranges and the text files that they come from, against a model of big numbers. */
import { gzipSync } from 'node:zlib';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { compareAddresses, formatAddress, parseAddress, parsePrefix, type Address } from './address-rules.ts';
import { parseDataset, type Dataset } from './dataset-file.ts';
import { createRangeBuilder } from './range-table.ts';

const at = (text: string): Address => {
  const address = parseAddress(text);
  if (address === undefined) throw new Error(`no address: ${text}`);
  return address;
};
const toBig = ({ words }: Address): bigint => words.reduce((sum, word) => (sum << 32n) | BigInt(word), 0n);
const toWords = (value: bigint, width: 1 | 4): Uint32Array =>
  Uint32Array.from({ length: width }, (_none, i) => Number((value >> BigInt(32 * (width - 1 - i))) & 0xffffffffn));

describe('addresses', () => {
  it.each([
    ['192.0.2.1', '192.0.2.1'],
    ['255.255.255.255', '255.255.255.255'],
    ['::', '::'],
    ['::1', '::1'],
    ['2001:DB8:0:0:1:0:0:1', '2001:db8::1:0:0:1'],
    ['2001:db8:0:1:1:1:1:1', '2001:db8:0:1:1:1:1:1'],
    ['::ffff:192.0.2.1', '192.0.2.1'],
    ['::ffff:c000:201', '192.0.2.1'],
    ['1::', '1::'],
  ])('%s is read, and written as %s', (text, written) => expect(formatAddress(at(text))).toBe(written));

  it.each([
    '',
    '1.2.3',
    '1.2.3.4.5',
    '01.2.3.4',
    '1.2.3.256',
    '0x7f.0.0.1',
    '2130706433',
    ':::',
    '1::2::3',
    '1:2:3:4:5:6:7',
    '1:2:3:4:5:6:7:8:9',
    'fe80::1%eth0',
    '::12345',
    '1:2:3:4:5:6:7:8::',
    '::1.2.3',
    'g::1',
  ])('%s is none', (text) => expect(parseAddress(text)).toBeUndefined());

  it('come back from their text, in the order of their numbers', () => {
    const any = fc.uint32Array({ minLength: 4, maxLength: 4 }).map((words): Address => ({ family: 6, words: Uint32Array.from(words) }));
    fc.assert(
      fc.property(any, any, (a, b) => {
        // Those that carry an IPv4 address are that address.
        expect(toBig(at(formatAddress(a)))).toBe(toBig(a) >> 32n === 0xffffn ? toBig(a) & 0xffffffffn : toBig(a));
        expect(Math.sign(compareAddresses(a, b))).toBe(toBig(a) < toBig(b) ? -1 : toBig(a) > toBig(b) ? 1 : 0);
      }),
    );
  });

  it('prefixes have their first and last address, and no bits below', () => {
    const { first, last } = parsePrefix('198.51.100.128/25') ?? {};
    expect([first, last].map((one) => one && formatAddress(one))).toEqual(['198.51.100.128', '198.51.100.255']);
    expect(formatAddress(parsePrefix('2001:db8::/33')?.last ?? at('::'))).toBe('2001:db8:7fff:ffff:ffff:ffff:ffff:ffff');
    expect(formatAddress(parsePrefix('0.0.0.0/0')?.last ?? at('::'))).toBe('255.255.255.255');
    for (const wrong of ['198.51.100.1/24', '198.51.100.0/33', '2001:db8::/129', '198.51.100.0', '/8']) expect(parsePrefix(wrong)).toBeUndefined();
  });
});

describe('tables of ranges', () => {
  it.each([1, 4] as const)('find what a plain search finds: the narrowest range around, %d word(s) an address', (width) => {
    const max = (1n << BigInt(32 * width)) - 1n;
    // Few different borders in three places, so that ranges touch, lie inside of each other and cross; the first and the last address are among them.
    const border = fc.oneof(
      fc.bigInt({ min: 0n, max: 12n }),
      fc.bigInt({ min: max - 12n, max }),
      fc.bigInt({ min: 0xfffffffan, max: width === 4 ? 0x100000006n : 0xffffffffn }),
    );
    const range = fc.tuple(border, border, fc.nat(3)).map(([a, b, value]) => ({ first: a < b ? a : b, last: a < b ? b : a, value }));
    let crossing = 0;
    let flat = 0;
    fc.assert(
      fc.property(fc.array(range, { maxLength: 12 }), (ranges) => {
        const builder = createRangeBuilder(width);
        for (const { first, last, value } of ranges) builder.add(toWords(first, width), toWords(last, width), value);
        const faulty = ranges.some((a) =>
          ranges.some((b) => (a.first < b.first && b.first <= a.last && a.last < b.last) || (a.first === b.first && a.last === b.last && a.value !== b.value)),
        );
        if (faulty) {
          crossing += 1;
          expect(() => builder.build()).toThrow(/cross|same range/);
          return;
        }
        flat += 1;
        const table = builder.build();
        for (const { first, last } of ranges) {
          for (const address of [first - 1n, first, first + 1n, last - 1n, last, last + 1n]) {
            if (address < 0n || address > max) continue;
            const around = ranges.filter((one) => one.first <= address && address <= one.last);
            const narrowest = around.toSorted((a, b) => (a.last - a.first < b.last - b.first ? -1 : 1))[0];
            expect(table.find(toWords(address, width))).toBe(narrowest?.value ?? -1);
          }
        }
      }),
      { numRuns: 3000 },
    );
    expect(Math.min(crossing, flat)).toBeGreaterThan(100);
  });

  it('refuse a range that ends before it begins, and know nothing when they are empty', () => {
    expect(() => createRangeBuilder(1).add(Uint32Array.of(2), Uint32Array.of(1), 0)).toThrow('ends before');
    expect(createRangeBuilder(1).build().find(Uint32Array.of(0))).toBe(-1);
  });
});

const read = (name: string, text: string | Buffer, meta = {}): Promise<Dataset> => parseDataset(name, Buffer.from(text), meta);
const countryOf = (dataset: Dataset, text: string): string | null | undefined => dataset.locate(at(text))?.country;

describe('range files', () => {
  it('have start, end and country, with the borders inside', async () => {
    const dataset = await read(
      'made-2026-11.csv',
      '\uFEFF# made\r\n192.0.2.0,192.0.2.9,GB\r\n192.0.2.10,192.0.2.10,"NL"\n2001:db8::,2001:db8::ff,BG\n198.51.100.0,198.51.100.255,ZZ\n',
    );
    expect(dataset).toMatchObject({ kind: 'ranges', method: 'geo_db', entries: 3, date: '2026-11-01', licence: null });
    const found = ['192.0.1.255', '192.0.2.0', '192.0.2.9', '192.0.2.10', '192.0.2.11', '2001:db8::ff', '2001:db8::100', '198.51.100.1'].map((text) =>
      countryOf(dataset, text),
    );
    expect(found).toEqual([undefined, 'GB', 'GB', 'NL', undefined, 'BG', undefined, undefined]);
  });

  it('have prefixes, with the longer one winning, and are geofeeds by their name', async () => {
    const dataset = await read('geofeed-example.csv', '198.51.100.0/24,GB,,London,\n198.51.100.64/26,UK,,,\n198.51.100.128/25,NL,,,\n2001:db8::/32,,,,\n', {
      licence: 'CC0',
    });
    expect(dataset).toMatchObject({ method: 'geofeed', licence: 'CC0', date: null });
    expect(['198.51.100.0', '198.51.100.64', '198.51.100.127', '198.51.100.128'].map((text) => countryOf(dataset, text))).toEqual(['GB', 'GB', 'GB', 'NL']);
  });

  it('have headings, and numbers and names of networks', async () => {
    const ipinfo = 'network,country,country_code,asn,as_name\n192.0.2.0/24,Bulgaria,BG,AS64496,"Example, Ltd"\n192.0.3.1,Malta,MT,,\n';
    expect((await read('lite.csv', ipinfo)).locate(at('192.0.2.77'))).toEqual({ country: 'BG', asn: 64_496, network: 'Example, Ltd', isAnycast: false });
    expect(countryOf(await read('lite.csv', ipinfo), '192.0.3.1')).toBe('MT');
    expect((await read('asn.csv', '192.0.2.0,192.0.2.255,64497,Other\n')).locate(at('192.0.2.1'))).toMatchObject({
      country: null,
      asn: 64_497,
      network: 'Other',
    });
  });

  it('may be packed', async () => expect(countryOf(await read('a.csv.gz', gzipSync('192.0.2.0/24,GB\n')), '192.0.2.1')).toBe('GB'));

  it.each([
    ['192.0.2.0,192.0.2.9,GB\n192.0.2.5,192.0.2.20,NL\n', 'cross'],
    ['192.0.2.0/24,GB\n192.0.2.0/24,NL\n', 'the same range twice'],
    ['192.0.2.0/24,GB\nnonsense\n', 'line 2'],
    ['192.0.2.0/24,GB\n192.0.2.9/24,GB\n', 'line 2'],
    ['192.0.2.0,192.0.2.9,GB\n192.0.2.20,192.0.2.10,GB\n', 'line 2: a range that ends before'],
    ['192.0.2.0,2001:db8::,GB\n', 'line 1'],
    ['192.0.2.0/24,GB\n198.51.100.0/24,N', 'line 2: neither a country'],
    ['192.0.2.0/24,GB\n198.51.100.0,198.5', 'line 2: neither a country'],
    ['192.0.2.0,192.0.2.9,Bulgaria\n', 'line 1: neither a country'],
    ['start,end,asn\n192.0.2.0,192.0.2.9,ASx\n', 'line 2: neither a country'],
    ['<html>no</html>', 'line 1'],
    [`192.0.2.0/24,${'x'.repeat(5000)}\n`, 'longer than 4096'],
    ['', 'empty'],
    ['{"a":1}', 'not a bootstrap file'],
    [Buffer.from([0x1f, 0x8b, 1, 2, 3]), 'cannot be unpacked'],
  ])('with a fault are refused: %#', async (text, reason) => {
    await expect(read('a.csv', text)).rejects.toThrow(reason);
  });
});

describe('statistics of registries', () => {
  const FILE = [
    '2|test|20261120|5|19830101|20261119|+0000',
    'test|*|ipv4|*|3|summary',
    'test|GB|ipv4|192.0.2.0|192|20200101|allocated|x',
    'test|NL|ipv4|192.0.2.192|64|20200101|assigned',
    'test||ipv4|198.51.100.0|256||available',
    'test|BG|ipv6|2001:db8::|33|20200101|allocated',
    'test|MT|asn|64496|3|20200101|allocated',
    'test|EU|asn|64500|1|20200101|allocated',
  ].join('\n');

  it('count addresses for IPv4 and bits for IPv6, and know numbers of networks', async () => {
    const dataset = await read('delegated-test', FILE);
    expect(dataset).toMatchObject({ kind: 'delegated', method: 'rir_allocation', date: '2026-11-19', entries: 4 });
    expect(['192.0.2.191', '192.0.2.192', '192.0.3.0', '198.51.100.1', '2001:db8:7fff::', '2001:db8:8000::'].map((text) => countryOf(dataset, text))).toEqual([
      'GB',
      'NL',
      undefined,
      undefined,
      'BG',
      undefined,
    ]);
    expect([64_495, 64_496, 64_498, 64_499, 64_500].map((asn) => dataset.locateAsn(asn)?.country)).toEqual([undefined, 'MT', 'MT', undefined, undefined]);
  });

  it.each([
    'test|GB|ipv4|192.0.2.0|0|20200101|allocated',
    'test|GB|ipv4|255.255.255.0|257|20200101|allocated',
    'test|GB|ipv6|2001:db8::|129|20200101|allocated',
    'test|GB|asn|x|1|20200101|allocated',
    'test|GB|ipv4',
  ])('with a fault are refused: %s', async (line) => expect(read('delegated-test', `2|test|1|1|19830101|20261119|+0000\n${line}\n`)).rejects.toThrow('line 2'));
});
