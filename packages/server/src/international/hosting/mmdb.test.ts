/** The reader of mmdb files against files that were written apart from it, and against every kind of damage. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { encodeMmdbValue, toBits4, writeMmdb, type MmdbInput } from '../../../test/support/mmdb.ts';
import { parseAddress } from './address-rules.ts';
import { createDataReader, MmdbFault } from './mmdb-data.ts';
import { openMmdb, type Mmdb } from './mmdb.ts';

const pause = async (): Promise<void> => undefined;
const open = (input: MmdbInput): Promise<Mmdb> => openMmdb(writeMmdb(input), pause);
const find = (mmdb: Mmdb, text: string): unknown => {
  const address = parseAddress(text);
  return address === undefined ? 'no address' : mmdb.locate(address)?.country;
};
const V4 = '0'.repeat(96);
const DOCUMENTATION_6 = `${(0x2001).toString(2).padStart(16, '0')}${(0x0db8).toString(2).padStart(16, '0')}`;

describe.each([24, 28, 32] as const)('records of %d bits', (recordSize) => {
  it('find IPv4 addresses in an IPv4 tree', async () => {
    const mmdb = await open({
      recordSize,
      ipVersion: 4,
      networks: [
        { bits: toBits4('192.0.2.0', 24), value: { country_code: 'GB' } },
        { bits: toBits4('192.0.2.128', 25), value: { country: { iso_code: 'NL' } } },
      ],
    });
    expect(mmdb).toMatchObject({ builtOn: '2026-11-01', type: 'test', entries: 2 });
    expect(['192.0.1.255', '192.0.2.0', '192.0.2.127', '192.0.2.128', '192.0.2.255', '192.0.3.0', '2001:db8::1'].map((text) => find(mmdb, text))).toEqual([
      undefined,
      'GB',
      'GB',
      'NL',
      'NL',
      undefined,
      undefined,
    ]);
  });

  it('find IPv4 addresses in an IPv6 tree under 96 zero bits, and no others there', async () => {
    const mmdb = await open({
      recordSize,
      ipVersion: 6,
      networks: [
        { bits: V4 + toBits4('198.51.100.0', 24), value: { country_code: 'BG' } },
        { bits: DOCUMENTATION_6, value: { country_code: 'FR' } },
      ],
    });
    expect(
      ['198.51.100.7', '::c633:6407', '::ffff:198.51.100.7', '198.51.101.0', '2001:db8:ffff::', '2001:db9::', '2001:db7:ffff::'].map((text) =>
        find(mmdb, text),
      ),
    ).toEqual(['BG', 'BG', 'BG', undefined, 'FR', undefined, undefined]);
  });

  it('reach records far into the data, whose numbers need all their bits', async () => {
    const filler = 'x'.repeat(250);
    const networks = Array.from({ length: 512 }, (_none, i) => ({
      bits: i.toString(2).padStart(9, '0'),
      value: { country_code: i % 2 === 0 ? 'GB' : 'NL', asn: i + 1, filler: `${filler}${i}` },
    }));
    const mmdb = await open({ recordSize, ipVersion: 4, networks });
    expect(mmdb.entries).toBe(512);
    for (const i of [0, 1, 255, 510, 511]) {
      const address = parseAddress(`${i >> 1}.${(i & 1) * 128}.0.1`);
      expect(address && mmdb.locate(address)).toMatchObject({ asn: i + 1, country: i % 2 === 0 ? 'GB' : 'NL' });
    }
  });
});

it('records of 28 bits have their highest bits in the byte between, and pointers count from the first byte of the data', async () => {
  // One node; its two records lie 16 and 32 MiB into the data, where 24 bits do not reach, and point back to their texts at its beginning.
  const data = Buffer.alloc(33 * 1024 ** 2);
  const places = [16 * 1024 ** 2 + 5, 32 * 1024 ** 2 + 7];
  Buffer.concat([encodeMmdbValue('GB'), encodeMmdbValue('NL')]).copy(data);
  for (const [index, place] of places.entries())
    Buffer.concat([Buffer.from([0xe1]), encodeMmdbValue('country_code'), Buffer.from([0x20, index * 3])]).copy(data, place);
  const [left = '', right = ''] = places.map((place) => (1 + 16 + place).toString(16).padStart(7, '0'));
  const tree = Buffer.from(`${left.slice(1)}${left[0]}${right[0]}${right.slice(1)}`, 'hex');
  const metadata = encodeMmdbValue({ node_count: 1, record_size: 28, ip_version: 4, binary_format_major_version: 2, build_epoch: 1 });
  const mmdb = await openMmdb(Buffer.concat([tree, Buffer.alloc(16), data, Buffer.from('\u00ab\u00cd\u00efMaxMind.com', 'latin1'), metadata]), pause);
  expect(['10.0.0.1', '192.0.2.1'].map((text) => find(mmdb, text))).toEqual(['GB', 'NL']);
});

describe('records', () => {
  const locate = async (value: unknown): Promise<unknown> => {
    const mmdb = await open({ recordSize: 24, ipVersion: 4, networks: [{ bits: '1', value }] });
    const address = parseAddress('192.0.2.1');
    return address && mmdb.locate(address);
  };
  it.each([
    [{ country: { iso_code: 'GB' }, registered_country: { iso_code: 'US' } }, { country: 'GB' }],
    [{ registered_country: { iso_code: 'US' } }, undefined],
    [
      { country: 'NL', asn: 'AS64496', as_name: 'Example' },
      { country: 'NL', asn: 64_496, network: 'Example' },
    ],
    [
      { autonomous_system_number: 64_497, autonomous_system_organization: 'Other\u202e\n' },
      { country: null, asn: 64_497, network: 'Other' },
    ],
    [
      { country: { iso_code: 'US' }, traits: { is_anycast: true } },
      { country: 'US', isAnycast: true },
    ],
    [{ country_code: 'EU' }, undefined],
    [{ country_code: 'Grossbritannien' }, undefined],
    ['GB', undefined],
  ])('%j', async (value, expected) => {
    if (expected === undefined) expect(await locate(value)).toBeUndefined();
    else expect(await locate(value)).toMatchObject(expected);
  });

  it('follow pointers of every length, of which none leads to another', () => {
    const text = encodeMmdbValue('GB');
    // Pointers of 11, 19 and 27 bits carry an offset of 0, 2048 and 526336.
    for (const [pointer, place] of [
      [Buffer.from([0x20, 0x10]), 16],
      [Buffer.from([0x28, 0x00, 0x00]), 2048],
      [Buffer.from([0x30, 0x00, 0x00, 0x01]), 526_337],
      [Buffer.from([0x38, 0x00, 0x00, 0x00, 0x20]), 32],
      [Buffer.from([0x21, 0x00]), 256],
    ] as const) {
      const section = Buffer.alloc(530_000);
      pointer.copy(section);
      text.copy(section, place);
      expect(createDataReader(section).decode(0)).toBe('GB');
    }
    expect(() => createDataReader(Buffer.from([0x20, 0x02, 0x20, 0x00])).decode(0)).toThrow(MmdbFault);
  });

  it('read numbers with the highest byte first', () => {
    for (const value of [0, 1, 255, 256, 65_535, 16_909_060, 4_294_967_295, 1_795_000_000_000])
      expect(createDataReader(encodeMmdbValue(value)).decode(0)).toBe(value);
    expect(createDataReader(Buffer.from([4, 1, 0xff, 0xff, 0xff, 0xff])).decode(0)).toBe(-1);
    expect(createDataReader(encodeMmdbValue(1.5)).decode(0)).toBe(1.5);
  });

  it('that nest or repeat without end are refused', () => {
    let deep: Buffer = encodeMmdbValue('x');
    for (let i = 0; i < 20; i++) deep = Buffer.concat([Buffer.from([1, 4]), deep]);
    expect(() => createDataReader(deep).decode(0)).toThrow('too deeply');
    // Each array points at the next 28 times: 28^3 values out of four.
    const rows = [0, 1, 2].map((i) => Buffer.from([28, 4, ...Array.from({ length: 28 }, () => [0x20, (i + 1) * 58]).flat()]));
    expect(() => createDataReader(Buffer.concat([...rows, encodeMmdbValue('x')])).decode(0)).toThrow('too many values');
    expect(() => createDataReader(Buffer.from([0xff, 0xff, 0xff, 0xff])).decode(0)).toThrow(MmdbFault);
  });
});

describe('damaged files', () => {
  const WHOLE = writeMmdb({
    recordSize: 24,
    ipVersion: 6,
    networks: [
      { bits: V4 + toBits4('198.51.100.0', 24), value: { country: { iso_code: 'BG' }, asn: 'AS64496' } },
      { bits: DOCUMENTATION_6, value: { country_code: 'FR' } },
    ],
  });
  const address = parseAddress('198.51.100.1');

  it('are refused when they are cut off, at every length', async () => {
    for (let length = 0; length < WHOLE.length - 200; length++) await expect(openMmdb(WHOLE.subarray(0, length), pause)).rejects.toThrow(MmdbFault);
  });

  it('are refused or read, and never anything else, with any bytes changed', async () => {
    const change = fc.record({ place: fc.nat(WHOLE.length - 1), byte: fc.nat(255) });
    await fc.assert(
      fc.asyncProperty(fc.array(change, { minLength: 1, maxLength: 4 }), async (changes) => {
        const bytes = Buffer.from(WHOLE);
        for (const { place, byte } of changes) bytes[place] = byte;
        try {
          const mmdb = await openMmdb(bytes, pause);
          if (address !== undefined) mmdb.locate(address);
        } catch (error) {
          expect(error).toBeInstanceOf(MmdbFault);
        }
      }),
      { numRuns: 2000 },
    );
  });

  it.each([{ node_count: 4_000_000_000 }, { record_size: 25 }, { ip_version: 5 }, { binary_format_major_version: 3 }, { node_count: 'x' }])(
    'are refused with metadata %j',
    async (metadata) => {
      await expect(open({ recordSize: 24, ipVersion: 4, networks: [{ bits: '1', value: { country_code: 'GB' } }], metadata })).rejects.toThrow(MmdbFault);
    },
  );
});
