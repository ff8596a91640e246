/** Every table that comes with Gatehouse, with the counts that its source gives, and what they say when they are joined. */
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { beforeAll, describe, expect, it } from 'vitest';
import { NO_COUNTRY } from './place-rules.ts';
import type { ImportSource, Statement } from './schema.ts';
import { readShape, SHAPES, type ReadStatements } from './shape-rules.ts';
import { PROFILE_DATA_DIR, readShipped, type Shipped } from './shipped.ts';
import { nameStatement } from './statement-rules.ts';

const SOURCE: ImportSource = { url: null, publisher: 'test', title: 'test', licence: null, retrievedAt: '2026-11-23', sha256: null, quote: null };
/** Places to which the IWF traced addresses in 2024, of those that its page lists (facts; its figures are not in this repository). */
const HOSTS_2024 = 'NL US BG HK RO MY LT PL CZ LV MD UA RU AT DE SK PA FR SE CH FI GB AZ'.split(' ');

let shipped: Shipped;
const byShape = new Map<string, ReadStatements>();
beforeAll(async () => {
  shipped = await readShipped();
  for (const { shape, text, source } of shipped.seed.files) byShape.set(shape, readShape({ shape, text, source, places: shipped.places }));
});

const read = (shape: string, text: string, source: Partial<ImportSource> = {}): ReadStatements =>
  readShape({ shape, text, source: { ...SOURCE, ...source }, places: shipped.places });
const seed = (shape: string): ReadStatements => byShape.get(shape) ?? { statements: [], faults: ['no such file'] };
const countValues = (statements: readonly Statement[]): Record<string, number> =>
  statements.reduce<Record<string, number>>((all, { value }) => ({ ...all, [String(value)]: (all[String(value)] ?? 0) + 1 }), {});

describe('the list of places', () => {
  it('has the 249 of ISO 3166-1, each once, and four that are not in it and say so', () => {
    const iso = shipped.places.all.filter((place) => place.isIso);
    expect([iso.length, new Set(iso.map(({ code }) => code)).size, new Set(iso.map(({ alpha3 }) => alpha3)).size]).toEqual([249, 249, 249]);
    expect(iso.every(({ code, alpha3, region, note }) => /^[A-Z]{2}$/.test(code) && /^[A-Z]{3}$/.test(alpha3 ?? '') && region !== null && note === null)).toBe(
      true,
    );
    const others = shipped.places.all.filter((place) => !place.isIso);
    expect(others.map(({ code }) => code)).toEqual(['AN', 'EU', 'XK', 'ZZ']);
    expect(others.every(({ note }) => note !== null)).toBe(true);
    expect(['IQ', 'IR', 'GB', 'HK', 'TP'].map((code) => shipped.places.byCode(code)?.alpha3)).toEqual(['IRQ', 'IRN', 'GBR', 'HKG', 'TLS']);
  });

  it('has the 21 capabilities in six domains', () => {
    expect(shipped.capabilities).toHaveLength(21);
    expect(new Set(shipped.capabilities.map(({ domain }) => domain)).size).toBe(6);
    expect(shipped.capabilities[20]?.title).toBe('Universal Terminology');
  });
});

describe('reports that NCMEC counted', () => {
  it('add up to its totals of all five years, out of 254 rows', async () => {
    const { statements, faults } = seed('ncmec_reports');
    expect(faults).toEqual([]);
    expect((await readFile(join(PROFILE_DATA_DIR, 'seed/ncmec_reports.csv'), 'utf8')).trimEnd().split('\n')).toHaveLength(255);
    expect(new Set(statements.map(({ country }) => country)).size).toBe(251);
    const sums = ['2019', '2020', '2021', '2022', '2023'].map((year) =>
      statements.filter(({ key }) => key === `ncmec_reports_${year}`).reduce((sum, { value }) => sum + Number(value), 0),
    );
    expect(sums).toEqual([16_987_361, 21_751_085, 29_397_681, 32_059_029, 36_210_368]);
  });

  it('keep an empty cell apart from 0, and say what they are not', () => {
    const of = (country: string, year: number) =>
      seed('ncmec_reports').statements.find((one) => one.country === country && one.key === `ncmec_reports_${year}`);
    expect(of('NF', 2020)?.value).toBe(0);
    expect(of('NF', 2021)).toBeUndefined();
    expect(of('GB', 2023)).toMatchObject({ topic: 'figure', asOf: '2023-12-31' });
    expect(of('GB', 2023)?.caveat).toContain('not a measure of how much abuse');
    expect(of(NO_COUNTRY, 2019)?.value).toBe(1_668_157);
    // The table has French Guiana under two names.
    expect(of('GF', 2021)?.text).toMatch(/"French Guiana".*"Guiana, French"\. Added up here\.$/);
  });
});

describe('treaties and memberships', () => {
  it.each([
    ['opsc', 193, { party: 176, signatory: 7, none: 10 }, 0],
    ['crc', 193, { party: 192, signatory: 1 }, 0],
    ['op_ic', 192, { party: 46, signatory: 15, none: 131 }, 1],
    ['lanzarote', 48, { party: 48 }, 0],
    ['budapest', 17, { party: 16, signatory: 1 }, 0],
    ['weprotect', 102, { true: 102 }, 0],
  ])('%s: %i statements', (shape, count, values, faults) => {
    expect(seed(shape).statements).toHaveLength(count);
    expect(countValues(seed(shape).statements)).toEqual(values);
    expect(seed(shape).faults).toHaveLength(faults);
    expect(seed(shape).statements.every(({ caveat }) => caveat !== null)).toBe(true);
  });

  it('know former codes, refuse a code that is none, and show a row that contradicts itself', () => {
    expect(seed('opsc').statements.find(({ country }) => country === 'TL')).toMatchObject({ value: 'party', asOf: '2022-08-01' });
    expect(seed('op_ic').faults).toEqual(['line 163: the country South Sudan (S) is not known']);
    const contradicting = seed('crc').statements.filter(({ caveat }) => caveat?.includes('contradicts itself') === true);
    expect(contradicting.map(({ country }) => country)).toEqual(['KP']);
  });

  it('name the source of each row where the table has one', () => {
    const lanzarote = (country: string) => seed('lanzarote').statements.find((one) => one.country === country);
    expect(lanzarote('GB')?.source.url).toBe('https://www.coe.int/en/web/children/convention');
    expect(lanzarote('IE')?.source.url).toContain('verdragenbank.overheid.nl');
    expect(lanzarote('AM')).toMatchObject({ source: { url: null }, caveat: expect.stringContaining('encyclopedia') as unknown });
  });

  it('do not tell countries where much is hosted from others: 22 of 23 are parties of the OPSC, 19 of the Lanzarote Convention', () => {
    const parties = (shape: string): Set<string> =>
      new Set(
        seed(shape)
          .statements.filter(({ value }) => value === 'party')
          .map(({ country }) => country),
      );
    const [opsc, lanzarote] = [parties('opsc'), parties('lanzarote')];
    expect(HOSTS_2024).toHaveLength(23);
    expect(HOSTS_2024.filter((code) => !opsc.has(code))).toEqual(['HK']);
    expect(HOSTS_2024.filter((code) => !lanzarote.has(code))).toEqual(['US', 'HK', 'MY', 'PA']);
  });
});

describe('figures about networks', () => {
  it('are kept under no country, each row once', () => {
    expect([seed('icmec_aggregates'), seed('inhope_network')].map(({ statements, faults }) => [statements.length, faults.length])).toEqual([
      [14, 0],
      [23, 0],
    ]);
    const all = [...seed('icmec_aggregates').statements, ...seed('inhope_network').statements];
    expect(all.every(({ country }) => country === NO_COUNTRY)).toBe(true);
    expect(all.find(({ key }) => key === 'icmec_9th_countries_requiring_isp_reporting')).toMatchObject({
      value: 32,
      source: { url: 'https://www.icmec.org/child-pornography-model-legislation-report/' },
    });
    expect(all.find(({ key }) => key === 'inhope_2023_countries_with_a_hotline')).toMatchObject({ value: 50, asOf: '2023-12-31' });
    expect(all.find(({ key }) => key === 'inhope_2024_spring_hotlines')?.asOf).toBeNull();
  });
});

describe('shapes whose tables are not ours to pass on', () => {
  const page = 'https://example.org/hosting';

  it('read hosting of one year, with .onion apart and shares of two years', () => {
    const { statements, faults } = read(
      'iwf_hosting_2024',
      `country,iso2,reports_2024,pct_2024_rounded,pct_2023_rounded,source\nNetherlands,NL,500,29,33,${page}\n.onion (no country),,531,0,0,${page}\nNowhere,QQ,1,0,0,${page}\n`,
    );
    expect(statements.map(({ country, key, value }) => [country, key, value])).toEqual([
      ['NL', 'iwf_hosting_2024', 500],
      ['NL', 'iwf_share_2024', 29],
      ['NL', 'iwf_share_2023', 33],
      ['ZZ', 'iwf_hosting_2024_onion_no_country', 531],
      ['ZZ', 'iwf_share_2024_onion_no_country', 0],
      ['ZZ', 'iwf_share_2023_onion_no_country', 0],
    ]);
    expect(faults).toEqual(['line 4: the country Nowhere (QQ) is not known']);
    expect(statements[0]).toMatchObject({ asOf: '2024-12-31', source: { url: page, publisher: 'test' } });
  });

  it('read single figures, regions and totals apart', () => {
    const { statements, faults } = read(
      'iwf_hosting',
      `year,country,iso2,urls,pct,source\n2016,ALL,,1000,100,${page}\n2018,Europe (region),,,79,"${page} (column ""last year"")"\n2020,Netherlands,NL,,77,${page}\nsoon,Netherlands,NL,1,1,${page}\n`,
    );
    expect(statements.map(({ country, key }) => `${country} ${key}`)).toEqual([
      'ZZ iwf_hosting_2016_all',
      'ZZ iwf_share_2016_all',
      'ZZ iwf_share_2018_europe_region',
      'NL iwf_share_2020',
    ]);
    expect(statements[2]?.source.url).toBe(page);
    expect(faults).toEqual(['line 5: year must be a year']);
  });

  it('read hotlines: members, others, and portals where there is none', () => {
    const { statements, faults } = read(
      'inhope_hotlines',
      'iso2,country,inhope_directory_listing,public_report_url,kind,joined\n' +
        'NL,Netherlands,Example Line,https://nl.example.org/ (two),INHOPE members (2),1999\n' +
        'CA,Canada,NOT in the directory,https://ca.example.org/,national tipline,\n' +
        'IN,India,Portal,https://portal.example.org/in,IWF portal; none of its own,\n',
    );
    expect(faults).toEqual([]);
    expect(statements.map(({ country, key, value }) => [country, key, value])).toEqual([
      ['NL', 'inhope', true],
      ['NL', 'hotline', 'Example Line'],
      ['NL', 'hotline_url', 'https://nl.example.org/'],
      ['CA', 'inhope', false],
      ['CA', 'hotline', 'national tipline'],
      ['CA', 'hotline_url', 'https://ca.example.org/'],
      ['IN', 'inhope', false],
      ['IN', 'hotline', false],
      ['IN', 'iwf_portal', 'https://portal.example.org/in'],
    ]);
  });
});

describe('a file', () => {
  it('of no known shape, or of another one, is refused whole', () => {
    expect(() => read('rank', 'a\n1\n')).toThrow(/no shape rank. Known are ncmec_reports/);
    expect(() => read('lanzarote', 'state,iso2\nGB,GB\n')).toThrow(/there is no status, date_note, source/);
    expect(() => read('lanzarote', '')).toThrow(/is empty/);
  });

  it('that says a thing twice is believed once', () => {
    const { statements, faults } = read('lanzarote', 'state,iso2,status,date_note,source\nMalta,MT,ratified,,A\nMalta,MT,party,,B\nMalta,MT,perhaps,,A\n');
    expect(statements).toHaveLength(1);
    expect(faults).toEqual(['line 3: MT treaty lanzarote is there twice; the first counts', 'line 4: status must begin with ratified or party']);
  });

  it('of any shape gives names that are one statement each', () => {
    for (const [, { statements }] of byShape) expect(new Set(statements.map(nameStatement)).size).toBe(statements.length);
    expect(SHAPES.map(({ name }) => name)).toEqual(expect.arrayContaining([...byShape.keys()]));
  });
});
