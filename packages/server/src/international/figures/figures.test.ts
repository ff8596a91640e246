import { readFileSync } from 'node:fs';
import { brotliCompressSync } from 'node:zlib';
import { sql } from 'kysely';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createFakeClock } from '../../../test/support/clock.ts';
import { createTestContext, type TestContext } from '../../../test/support/context.ts';
import { createTestDatabase, type TestDatabase } from '../../../test/support/database.ts';
import { insertReportSamples, sampleMonth } from '../../../test/support/figures.ts';
import { expectSafePage, NOBODY, PERSON, withRights } from '../../../test/support/markup.ts';
import type { EventMap } from '../../platform/events.ts';
import { migrations as hostingMigrations } from '../hosting/migrations.ts';
import { migrations as noticesMigrations } from '../notices/migrations.ts';
import type { NoticesService } from '../notices/schema.ts';
import { migrations as profilesMigrations } from '../profiles/migrations.ts';
import { createProfilesService } from '../profiles/service.ts';
import { renderConsolePage } from './console-page.tsx';
import { formatHours, formatShare, viewLayer } from './layer-rules.ts';
import { migrations as figuresMigrations } from './migrations.ts';
import { renderPublicPage } from './public-page.tsx';
import { LAYERS, type FiguresService, type Layer } from './schema.ts';
import { createFiguresService } from './service.ts';
import type { Order, Sort } from './table-rules.ts';
import { viewCountries } from './views.ts';
import { readWorld, WORLD_FILE, type World } from './world.ts';

let db: TestDatabase;
let base: TestContext;
let figures: FiguresService;
let world: World;
const clock = createFakeClock(new Date('2026-11-30T12:00:00Z'));
const moved: EventMap['country.changed'][] = [];

async function makeFigures(config: Parameters<typeof createTestContext>[0]['config'] = {}): Promise<{ test: TestContext; service: FiguresService }> {
  const test = await createTestContext({ database: db.database, clock, config });
  const profiles = await createProfilesService({ context: test.context });
  // Figures read the tables of notices and call nothing of them.
  return { test, service: await createFiguresService({ context: test.context, notices: {} as NoticesService, profiles }) };
}

beforeAll(async () => {
  db = await createTestDatabase([
    { domain: 'international', migrations: [...hostingMigrations, ...profilesMigrations, ...noticesMigrations, ...figuresMigrations] },
  ]);
  const made = await makeFigures({ internationalPublic: true });
  base = made.test;
  figures = made.service;
  world = await readWorld();
  base.context.events.on('country.changed', (event) => void moved.push(event));
  await insertReportSamples(db.database.sql, 'q', [
    ...sampleMonth('2026-05', 'NL', 40, { closedAfterH: 25, network: 'AS64496 Example' }),
    ...sampleMonth('2026-05', 'HK', 24, { scope: 'hotline' }),
    ...sampleMonth('2026-05', 'BG', 16, { closedAfterH: 49, outcome: 'no_answer' }),
    ...sampleMonth('2026-05', 'MT', 3),
    ...sampleMonth('2026-05', null, 11, { toldAfterH: null }),
  ]);
  for (const month of ['2026-07', '2026-08', '2026-09'])
    await insertReportSamples(db.database.sql, month, [...sampleMonth(month, 'NL', 60), ...sampleMonth(month, 'RO', 20), ...sampleMonth(month, 'US', 20)]);
  await insertReportSamples(db.database.sql, 'oct', [
    ...sampleMonth('2026-10', 'NL', 20),
    ...sampleMonth('2026-10', 'RO', 60),
    ...sampleMonth('2026-10', 'US', 20),
  ]);
  await insertReportSamples(db.database.sql, 'dup', sampleMonth('2026-10', 'US', 30));
  await sql`update international.hosted_report set duplicate_of = 'oct_0' where id like 'dup_%'`.execute(db.database.sql);
  for (const [country, topic, key, value] of [
    ['NL', 'hotline', 'hotline', 'ATKM'],
    ['IN', 'hotline', 'hotline', false],
    ['BG', 'hotline', 'hotline', 'unknown'],
    ['NL', 'treaty', 'opsc', 'party'],
    ['US', 'treaty', 'opsc', 'signatory'],
    ['KP', 'treaty', 'opsc', 'none'],
    ['NL', 'figure', 'iwf_share_2023', 33],
    ['RO', 'figure', 'iwf_share_2023', 0],
    ['NL', 'figure', 'iwf_share_2024', 29],
    ['RO', 'figure', 'iwf_share_2024', 7],
    ['XK', 'hotline', 'hotline', 'somebody'],
  ] as const)
    await sql`insert into international.statement (id, country, topic, key, value, text, as_of, source, caveat, kept_by, kept_at)
      values (${`${country}-${key}`}, ${country}, ${topic}, ${key}, ${JSON.stringify(value)}::jsonb, 'said', '2024-12-31', '{}', 'What one source says.', 'test', now())`.execute(
      db.database.sql,
    );
});

afterAll(async () => {
  await base.dispose();
  await db.drop();
});

const SECOND_QUARTER = { from: new Date('2026-04-01T00:00:00Z'), to: new Date('2026-07-01T00:00:00Z') };

describe('figures from the tables of notices', () => {
  it('by country, recipient and network', async () => {
    const { countries, recipients, networks } = await figures.read(SECOND_QUARTER);
    expect(countries.groups.map(({ key, reports, removed, open }) => [key, reports, removed, open])).toEqual([
      ['NL', 40, 40, 0],
      ['HK', 24, 0, 24],
      ['BG', 16, 0, 0],
    ]);
    // Eleven without a country hide the three in Malta.
    expect(countries.others).toEqual({ reports: 14 });
    expect(countries.groups[0]).toMatchObject({ followed: 40, medianHours: 24, p90Hours: 24 });
    expect(countries.groups[2]).toMatchObject({ followed: 16, medianHours: null });
    expect(recipients.groups.map(({ key, reports }) => [key, reports])).toEqual([
      ['host', 59],
      ['hotline', 24],
    ]);
    expect(networks.groups.map(({ key, reports }) => [key, reports])).toEqual([
      ['unknown', 54],
      ['AS64496 Example', 40],
    ]);
  });

  it('for other rooms: only countries that may be shown', async () => {
    expect((await figures.byCountry(SECOND_QUARTER)).map(({ country }) => country)).toEqual(['NL', 'HK', 'BG']);
    expect((await figures.byScope(SECOND_QUARTER)).map(({ scope }) => scope)).toEqual(['host', 'hotline']);
    expect(await figures.byCountry({ from: new Date('2020-01-01T00:00:00Z'), to: new Date('2020-02-01T00:00:00Z') })).toEqual([]);
  });

  it('shares by month', async () => {
    const points = await figures.shares(4);
    expect(points.filter(({ country }) => country === 'RO').map(({ month, share, of }) => [month, share, of])).toEqual([
      ['2026-07', 0.2, 100],
      ['2026-08', 0.2, 100],
      ['2026-09', 0.2, 100],
      ['2026-10', 0.6, 100],
    ]);
  });
});

describe('displacement', () => {
  it('is found once, kept, and an event of the transaction', async () => {
    expect(await figures.findDisplacements('system')).toBe(3);
    expect(await figures.findDisplacements('system')).toBe(0);
    expect(moved).toEqual([
      { country: 'NL', change: 'share_moved', actor: 'system' },
      { country: 'RO', change: 'share_moved', actor: 'system' },
      { country: 'RO', change: 'share_moved', actor: 'system' },
    ]);
    expect((await figures.displacements()).map(({ country, from, to, basis }) => [country, from, to, basis])).toEqual([
      ['NL', { month: '2026-07 to 2026-09', share: 0.6 }, { month: '2026-10', share: 0.2 }, 'notices'],
      ['RO', { month: '2026-07 to 2026-09', share: 0.2 }, { month: '2026-10', share: 0.6 }, 'notices'],
      ['RO', { month: '2023', share: 0 }, { month: '2024', share: 0.07 }, 'published'],
    ]);
  });

  it('nothing is kept when the log cannot take it', async () => {
    const { test, service } = await makeFigures();
    await sql`delete from international.displacement`.execute(db.database.sql);
    test.context.events.on('country.changed', () => Promise.reject(new Error('the log is full')));
    await expect(service.findDisplacements('system')).rejects.toThrow('the log is full');
    expect(await service.displacements()).toEqual([]);
    await test.dispose();
    expect(await figures.findDisplacements('system')).toBe(3);
  });
});

describe('what everybody may see', () => {
  it('quarters that are over for three months, without networks', async () => {
    const read = await figures.readPublic(undefined);
    expect(read.quarter).toBe('2026-Q2');
    expect(read.madeFor).toBe('2026-10-01T00:00:00.000Z');
    expect(read.countries.groups.map(({ key }) => key)).toEqual(['NL', 'HK', 'BG']);
    expect(JSON.stringify(read)).not.toContain('AS64496');
    await expect(figures.readPublic('2026-Q3')).rejects.toMatchObject({ code: 'not_found' });
    await expect(figures.readPublic('nonsense')).rejects.toMatchObject({ code: 'not_found' });
  });

  it('no second table from which, with the first, a small count follows', async () => {
    // Three in Malta were told, eleven without a country were not: how many were told in all would say so.
    expect((await figures.readPublic('2026-Q2')).recipients).toMatchObject({ groups: [], overall: { reports: null, isWithheld: true } });
    await sql`update international.hosted_report set country = 'NL' where country = 'MT' or (country is null and network is null)`.execute(db.database.sql);
    const { test, service } = await makeFigures({ internationalPublic: true });
    const { recipients, countries } = await service.readPublic('2026-Q2');
    expect(countries.groups.map(({ key, reports, followed }) => [key, reports, followed])).toEqual([
      ['NL', 54, 43],
      ['HK', 24, 24],
      ['BG', 16, 16],
    ]);
    expect(recipients.groups.map(({ key, reports, removed, open }) => [key, reports, removed, open])).toEqual([
      ['host', 59, null, null],
      ['hotline', 24, null, null],
    ]);
    await sql`update international.hosted_report set country = null where id in (select r.id from international.hosted_report r
      left join international.notice_report n on n.report_id = r.id where n.report_id is null)`.execute(db.database.sql);
    await sql`update international.hosted_report set country = 'MT' where country = 'NL' and network is null and reported_at < '2026-06-01'`.execute(
      db.database.sql,
    );
    await test.dispose();
  });

  it('do not change when something comes to be known later', async () => {
    const before = await figures.readPublic('2026-Q2');
    await sql`update international.hosted_report set state = 'closed', outcome = 'removed', closed_at = '2026-11-01' where country = 'HK'`.execute(
      db.database.sql,
    );
    const { test, service } = await makeFigures({ internationalPublic: true });
    expect(await service.readPublic('2026-Q2')).toEqual(before);
    expect((await service.read(SECOND_QUARTER)).countries.groups[1]).toMatchObject({ key: 'HK', removed: 24 });
    await test.dispose();
  });

  it('nothing unless the operator says so', async () => {
    const { test, service } = await makeFigures();
    await expect(service.readPublic('2026-Q2')).rejects.toMatchObject({ code: 'not_found' });
    await test.dispose();
  });
});

describe('the map', () => {
  const view = async (layer: Layer, about?: string): Promise<ReturnType<typeof viewLayer>> =>
    viewLayer(layer, {
      table: (await figures.read(SECOND_QUARTER)).countries,
      source: await figures.layer(layer, about),
      words: { phaseLabels: figures.phaseLabels(), capabilities: figures.capabilities },
    });
  const classesOf = async (layer: Layer, about?: string): Promise<Record<string, string>> => {
    const { marks } = await view(layer, about);
    return Object.fromEntries([...marks].map(([code, { mapClass }]) => [code, mapClass]));
  };

  it('shows one thing at a time, in at least five classes where it is a figure', async () => {
    expect(await classesOf('share')).toEqual({ NL: 'c5', HK: 'c5', BG: 'c4' });
    expect(await classesOf('reports')).toEqual({ NL: 'c1', HK: 'c1', BG: 'c1' });
    expect(await classesOf('median')).toMatchObject({ NL: 'c2' });
    expect(await classesOf('published')).toEqual({ NL: 'c5', RO: 'c3' });
    expect(await classesOf('published', '2023')).toEqual({ NL: 'c5', RO: 'c1' });
    for (const layer of ['share', 'reports', 'median', 'published'] as const)
      expect((await view(layer)).legend.filter(({ mapClass }) => mapClass.startsWith('c'))).toHaveLength(5);
  });

  it('not known is never the same as none', async () => {
    // What was taken back is not known any more.
    expect(await classesOf('hotline')).toEqual({ NL: 'c4', IN: 'c1', XK: 'c4' });
    expect(await classesOf('treaty')).toEqual({ NL: 'c5', US: 'c3', KP: 'none' });
    for (const layer of ['hotline', 'treaty', 'mnr'] as const) {
      const { rest, legend } = await view(layer);
      expect(rest.mapClass).toBe('unknown');
      expect(legend.filter(({ mapClass }) => mapClass === 'unknown')).toHaveLength(1);
    }
  });

  it('phases of one capability: 0 is looked at, and nobody looked is hatched', async () => {
    const body = JSON.stringify({ phase: 0 });
    await sql`insert into international.assessment (id, country, capability, body, made_by, made_at) values ('a1', 'IE', 12, ${body}::jsonb, 'x', now()), ('a2', 'SE', 12, '{"phase":3}', 'x', now()), ('a3', 'FR', 12, '{"phase":4}', 'x', now())`.execute(
      db.database.sql,
    );
    await sql`insert into international.assessment_state (assessment_id, state, set_by, set_at) values ('a1', 'published', 'x', now()), ('a2', 'published', 'x', now()), ('a2', 'disputed', 'x', now()), ('a3', 'draft', 'x', now())`.execute(
      db.database.sql,
    );
    const { marks, caveats, title } = await view('mnr', '12');
    expect([...marks].map(([code, mark]) => [code, mark.mapClass, mark.order])).toEqual([
      ['IE', 'none', 0],
      ['SE', 'c4', 3],
    ]);
    expect(caveats).toEqual(['The country disputes it.']);
    expect(title).toContain('capability 12: ');
    expect(await classesOf('mnr', '3')).toEqual({});
  });

  it('is small, and has a dot for what is too small to be seen', () => {
    expect(world.places).toHaveLength(241);
    const dots = new Set(world.places.filter(({ dot }) => dot !== undefined).map(({ code }) => code));
    for (const code of ['HK', 'MT', 'SG', 'AD', 'MC']) expect([code, dots.has(code)]).toEqual([code, true]);
    for (const code of ['NL', 'GB', 'RO']) expect([code, dots.has(code)]).toEqual([code, false]);
    expect(world.places.filter(({ code, d, dot }) => code !== null && d === '' && dot === undefined)).toEqual([]);
    // 20 KB as measured when it was made.
    expect(brotliCompressSync(readFileSync(WORLD_FILE)).length).toBeLessThan(24_000);
  });

  it('every outline is inside the drawing', () => {
    for (const { name, d } of world.places) {
      for (const ring of d.split('M').slice(1)) {
        const numbers = (ring.match(/-?\d+/g) ?? []).map(Number);
        let [x, y] = [0, 0];
        for (let at = 0; at < numbers.length; at += 2) {
          x += numbers[at] ?? 0;
          y += numbers[at + 1] ?? 0;
          expect([name, x >= 0 && x <= world.width && y >= 0 && y <= world.height]).toEqual([name, true]);
        }
      }
    }
  });
});

describe('the pages', () => {
  async function render(query: { layer?: Layer; sort?: Sort; order?: Order }, principal = PERSON): Promise<string> {
    const read = await figures.read(SECOND_QUARTER);
    const { layer = 'share', sort = 'reports', order } = query;
    const countries = await viewCountries(
      { figures, world, table: read.countries, path: '/x', kept: { from: '2026-04-01' }, layers: LAYERS },
      { layer, sort, order, about: undefined },
    );
    return renderConsolePage(
      { figures: read, countries, shares: await figures.shares(6), displacements: await figures.displacements(), isPublic: false, isDone: true },
      principal,
    );
  }
  const namesIn = (markup: string): string[] =>
    [...(markup.split('id="map"')[0]?.matchAll(/rowheader"[^>]*><span class="cell-label"[^>]*>Country<\/span><span class="cell-value">([^<]*)/g) ?? [])].map(
      ([, name]) => name ?? '',
    );

  it('the table comes first, and sorts by links', async () => {
    const markup = await render({});
    expectSafePage(markup);
    expect(markup.indexOf('<table')).toBeLessThan(markup.indexOf('<svg role="img"'));
    expect(namesIn(markup)).toEqual(['Netherlands', 'Hong Kong', 'Bulgaria']);
    expect(namesIn(await render({ sort: 'country' }))).toEqual(['Bulgaria', 'Hong Kong', 'Netherlands']);
    expect(namesIn(await render({ sort: 'country', order: 'desc' }))).toEqual(['Netherlands', 'Hong Kong', 'Bulgaria']);
    // Without a value last, whichever way it is sorted.
    for (const order of ['asc', 'desc'] as const) expect(namesIn(await render({ sort: 'p90', order })).at(-1)).toBe('Bulgaria');
    expect(markup.includes('aria-sort="descending"')).toBe(true);
    expect(markup.includes('/x?from=2026-04-01&amp;sort=reports&amp;order=asc#countries')).toBe(true);
  });

  it('a layer about something else is a column, and its countries are rows', async () => {
    const markup = await render({ layer: 'hotline', sort: 'layer', order: 'asc' });
    expectSafePage(markup);
    expect(namesIn(markup)).toEqual(['India', 'Kosovo', 'Netherlands', 'Bulgaria', 'Hong Kong']);
    expect(['What one source says.', 'Not on the map, and in the table: Kosovo'].map((text) => markup.includes(text))).toEqual([true, true]);
  });

  it('each place of the map is drawn once, each with its name and value', async () => {
    for (const layer of LAYERS) {
      const markup = await render({ layer });
      const drawing = /<svg role="img" aria-labelledby="map-title map-about".*?<\/svg>/s.exec(markup)?.[0] ?? '';
      expect(/^<svg[^>]*><title id="map-title">[^<]+<\/title><desc id="map-about">[^<]+<\/desc>/.test(drawing)).toBe(true);
      expect(drawing.match(/<path d="M/g)).toHaveLength(world.places.filter(({ d }) => d !== '').length);
      expect(drawing.match(/<circle/g)).toHaveLength(world.places.filter(({ code, dot }) => code !== null && dot !== undefined).length);
      for (const [, used] of drawing.matchAll(/fill="url\(#([^)]+)\)"/g)) expect([used, drawing.includes(`<pattern id="${used ?? ''}"`)]).toEqual([used, true]);
    }
  });

  it('who may only read gets no button', async () => {
    expect((await render({}, withRights('international:read'))).includes('Look now')).toBe(false);
    expect((await render({})).includes('Look now')).toBe(true);
  });

  it('the public page has what is public and no more', async () => {
    const read = await figures.readPublic(undefined);
    const countries = await viewCountries(
      { figures, world, table: read.countries, path: '/international/figures', kept: { quarter: read.quarter }, layers: ['share', 'hotline'] },
      { layer: 'published', sort: 'reports', order: undefined, about: undefined },
    );
    const markup = renderPublicPage({ figures: read, countries, quarters: figures.quarters() }, NOBODY);
    expectSafePage(markup);
    expect(markup.includes('/console/')).toBe(false);
    expect(['AS64496', 'IWF published', 'href="/international/figures.csv?quarter=2026-Q2"'].map((text) => markup.includes(text))).toEqual([
      false,
      false,
      true,
    ]);
  });

  it('says hours and shares as people do', () => {
    expect([0, 1, 36, 48, 84, 700].map(formatHours)).toEqual(['under 1 hour', '1 hour', '36 hours', '2 days', '3.5 days', '29.2 days']);
    expect([0.0004, 0.05, 0.333].map(formatShare)).toEqual(['0%', '5%', '33.3%']);
  });
});
