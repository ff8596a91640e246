/** Registers in and out: a foreign table by its mapping, JSON-LD there and back, and the documents that sources name. */
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { createFakeClock, type FakeClock } from '../../../test/support/clock.ts';
import type { TestDatabase } from '../../../test/support/database.ts';
import { createRegisterDatabase, EDITOR, REVIEWER, startRegister, type TestRegister } from '../../../test/support/register.ts';
import { parseCsv } from '../../platform/csv-rules.ts';
import type { Change, Source } from '../model/schema.ts';
import { jobs } from './jobs.ts';
import { MappingSchema, type ExchangeService, type ImportInput, type Mapping } from './schema.ts';
import { createExchangeService } from './service.ts';

const ID = 'iicsa-internet-2020';
const DAY_MS = 86_400_000;

/** crown_response_2025-05: how many recommendations have which response and which status. */
const CROSS: readonly (readonly [word: string, counts: readonly [complete: number, underway: number, ongoing: number, notStarted: number]])[] = [
  ['Accept', [3, 6, 10, 0]],
  ['Accept intent', [4, 28, 6, 0]],
  ['Partially accept', [6, 13, 8, 1]],
  ['Further consideration required', [0, 38, 0, 61]],
  ['Decline', [23, 0, 0, 0]],
];
const STATUS_WORDS = ['Complete', 'Underway', 'Ongoing', 'Not started'] as const;
const MAPPING: Mapping = MappingSchema.parse({
  register: {
    id: 'nz-abuse-in-care-2024',
    title: 'Recommendations of an inquiry',
    inquiry: 'An inquiry',
    publisher: 'A government',
    publishedAt: '2024-07-24',
    responseDueAt: null,
    source: {
      url: 'https://example.org/crown-response',
      publisher: 'A government',
      title: 'Response',
      licence: 'CC BY 4.0',
      retrievedAt: '2026-11-23',
      sha256: null,
      archivedUrl: null,
      quote: null,
    },
    licence: 'CC BY 4.0',
  },
  columns: { number: 'No', title: 'Recommendation', text: 'Recommendation', addressees: 'Agencies', responseClass: 'Response', status: 'Progress' },
  constants: { responseBy: 'A government', responseDate: '2025-05-09', statusAsOf: '2025-05-31', statusClaimant: 'A government' },
  values: {
    responseClass: {
      Accept: 'accepted',
      'Accept intent': 'accepted_intent',
      'Partially accept': 'partly',
      'Further consideration required': 'under_consideration',
      Decline: 'rejected',
    },
    status: { Complete: 'complete', Underway: 'under_way', Ongoing: 'ongoing', 'Not started': 'not_started' },
  },
});

function makeTable(): string {
  let number = 0;
  const lines = CROSS.flatMap(([word, counts]) =>
    counts.flatMap((count, index) =>
      Array.from({ length: count }, () => `${++number},"Do ""it"", number ${number}",Ministry; Police,${word.toUpperCase()} ,${STATUS_WORDS[index]}`),
    ),
  );
  return ['No,Recommendation,Agencies,Response,Progress', ...lines].join('\r\n');
}

let db: TestDatabase;
let clock: FakeClock;
let test: TestRegister;
let exchange: ExchangeService;
beforeEach(async () => {
  db = await createRegisterDatabase();
  clock = createFakeClock();
  test = await startRegister(db, { clock });
  exchange = createExchangeService({ context: test.context, model: test.register });
});
afterEach(async () => {
  await test.dispose();
  await db.drop();
});

async function publishBatch(batch: string | null): Promise<void> {
  await test.register.submit(batch ?? '', EDITOR);
  await test.register.publish(batch ?? '', REVIEWER);
}

describe('a table of another inquiry', () => {
  it('becomes 207 recommendations whose classes and statuses count as the publisher counts them', async () => {
    const input: ImportInput = { kind: 'csv', mapping: MAPPING, text: makeTable() };
    const preview = await exchange.preview(input);
    expect(preview).toMatchObject({
      batch: null,
      faults: [],
      counts: { register: 1, recommendation: 207, response: 207, status: 207, action: 0, milestone: 0 },
    });
    expect(await test.register.drafts()).toEqual([]);
    const { batch } = await exchange.import(input, EDITOR);
    expect(await test.register.list()).toEqual([]);
    await publishBatch(batch);
    const views = await test.register.list({ register: 'nz-abuse-in-care-2024' });
    const classes = Object.entries(MAPPING.values.responseClass);
    for (const [word, counts] of CROSS) {
      const own = views.filter(({ responses }) => responses[0]?.class === classes.find(([one]) => one === word)?.[1]);
      expect(
        Object.values(MAPPING.values.status).map((status) => own.filter(({ statuses }) => statuses[0]?.status === status).length),
        word,
      ).toEqual(counts);
    }
    expect(views.map(({ recommendation }) => Number(recommendation.number))).toEqual(Array.from({ length: 207 }, (_none, index) => index + 1));
    // The government says of 23 declined ones that they are complete: kept as its claim, and nobody else's.
    expect(views.every(({ statuses, registerStatus }) => statuses.every(({ by }) => by === 'government') && registerStatus.status === 'not_assessed')).toBe(
      true,
    );
    expect(views[0]).toMatchObject({
      recommendation: { title: 'Do "it", number 1', addressees: ['Ministry', 'Police'] },
      responses: [{ classAsPublished: 'ACCEPT' }],
    });

    // The same table once more brings nothing; one word changed brings one claim.
    expect(await exchange.import(input, EDITOR)).toMatchObject({ batch: null, unchanged: 622, counts: { recommendation: 0 }, faults: [] });
    const changed = await exchange.import({ ...input, text: input.text.replace(',Not started', ',Underway') }, EDITOR);
    expect(changed.counts).toMatchObject({ register: 0, recommendation: 0, response: 0, status: 1 });
  });

  it('is not kept at all when one word is not mapped or one row is broken, and every fault has its line', async () => {
    const text =
      'No,Recommendation,Agencies,Response,Progress\n1,One,M,Accept,Complete\n2,Two,M,Maybe,Done\n3,,M,Accept,Complete\n4,Four,,Accept,\n1,Again,M,,\n5,x\n';
    const result = await exchange.import({ kind: 'csv', mapping: MAPPING, text }, EDITOR);
    expect(result.batch).toBeNull();
    expect(result.faults.map(({ at, message }) => `${at}: ${message}`)).toEqual([
      'table: line 7: has 2 cells where the header has 5',
      'line 3: The word “Maybe” is not among the values of responseClass in the mapping.',
      'line 3: The word “Done” is not among the values of status in the mapping.',
      expect.stringMatching(/^line 4: title/),
      expect.stringMatching(/^line 4: text/),
      expect.stringMatching(/^line 5: addressees/),
      expect.stringMatching(/^line 4 response: There is no recommendation/),
      expect.stringMatching(/^line 4 status: There is no recommendation/),
      expect.stringMatching(/^line 5 response: There is no recommendation/),
      'line 6: The recommendation nz-abuse-in-care-2024/1 is there twice.',
    ]);
    expect(await test.register.drafts()).toEqual([]);
  });

  it('reads days as people in the country write them, and refuses what is none', async () => {
    const mapping: Mapping = {
      ...MAPPING,
      columns: { ...MAPPING.columns, responseDate: 'Day' },
      dates: 'day/month/year',
      constants: { ...MAPPING.constants, statusAsOf: '31/05/2025' },
    };
    const head = 'No,Recommendation,Agencies,Response,Progress,Day\n';
    const { batch } = await exchange.import({ kind: 'csv', mapping, text: `${head}1,One,M,Accept,Complete,9/5/2025\n` }, EDITOR);
    await publishBatch(batch);
    expect((await test.register.list())[0]).toMatchObject({ responses: [{ date: '2025-05-09' }], statuses: [{ asOf: '2025-05-31' }] });
    expect((await exchange.preview({ kind: 'csv', mapping, text: `${head}2,Two,M,Accept,,31/02/2025\n` })).faults).toHaveLength(1);
    const without = { ...mapping, columns: { ...mapping.columns, title: 'Title' } };
    expect((await exchange.preview({ kind: 'csv', mapping: without, text: head })).faults[0]?.message).toMatch(/no column “Title”/);
  });
});

const SOURCE: Source = {
  url: 'https://example.org/a',
  publisher: 'P',
  title: 'T',
  licence: null,
  retrievedAt: '2026-11-01',
  sha256: 'a'.repeat(64),
  archivedUrl: 'https://example.org/archive',
  quote: { exact: 'A sentence.', prefix: 'Before ', suffix: '' },
};
const place = { recommendation: `${ID}/2` } as const;

async function fill(): Promise<void> {
  await test.register.start();
  clock.advance(60_000);
  const body = { owner: 'Ministry', kind: 'law', title: 'A law', from: null, to: '2027-01-01', source: SOURCE } as const;
  const legislation = { identifier: '2026 c. 1', jurisdiction: 'GB', inForce: 'unknown', url: null } as const;
  const action = await test.publish({ kind: 'action', ...place, body: { ...body, legislation } });
  const milestone = (dueAt: string, doneAt: string | null = null): Change => ({
    kind: 'milestone',
    ...place,
    body: { action, title: 'A step', dueAt, doneAt },
  });
  const first = await test.publish(milestone('2026-01-01'));
  clock.advance(60_000);
  await test.publish(milestone('2026-06-01'), first);
  clock.advance(60_000);
  await test.publish(milestone('2026-09-01', '2026-08-01'), first);
  await test.publish({
    kind: 'status',
    ...place,
    body: {
      by: 'government',
      claimant: 'UK Government',
      status: 'complete',
      asOf: '2026-11-01',
      text: 'Said so.',
      basis: [{ kind: 'statement', shows: 'reply', text: 'x', source: SOURCE, check: null }],
    },
  });
}

describe('JSON-LD', () => {
  it('comes back as it went out, in an empty register, with old dates and all three sides', async () => {
    await fill();
    const { text, contentType } = await exchange.export(ID, 'jsonld');
    expect(contentType).toMatch(/^application\/ld\+json/);
    const other = await createRegisterDatabase();
    const there = await startRegister(other, { clock });
    const exchangeThere = createExchangeService({ context: there.context, model: there.register });
    const result = await exchangeThere.import({ kind: 'jsonld', document: JSON.parse(text) }, EDITOR);
    expect(result).toMatchObject({ faults: [], register: ID, counts: { register: 1, recommendation: 4, response: 7, action: 3, milestone: 3, status: 6 } });
    await there.register.submit(result.batch ?? '', EDITOR);
    await there.register.publish(result.batch ?? '', REVIEWER);
    const withoutIds = (one: string): string => one.replaceAll(/chg_[0-9a-z]+/g, 'chg');
    expect(JSON.parse(withoutIds((await exchangeThere.export(ID, 'jsonld')).text))).toEqual(JSON.parse(withoutIds(text)));
    expect((await there.register.find(`${ID}/2`)).actions[0]?.milestones).toMatchObject([{ history: ['2026-01-01', '2026-06-01'], slipDays: 212 }]);
    // Once more: nothing is new.
    expect(await exchangeThere.import({ kind: 'jsonld', document: JSON.parse(text) }, EDITOR)).toMatchObject({ batch: null, unchanged: 24, faults: [] });
    await there.dispose();
    await other.drop();
  });

  it('uses the words of the standards', async () => {
    await fill();
    const document = JSON.parse((await exchange.export(ID, 'jsonld')).text) as { '@graph': Record<string, unknown>[] };
    const second = document['@graph'].find((node) => node['@id'] === `http://127.0.0.1:8080/register/${ID}/2`);
    expect(second).toMatchObject({
      '@type': ['schema:CreativeWork', 'prov:Entity'],
      'gh:action': [
        { 'schema:object': { '@type': 'schema:Legislation', 'schema:legislationIdentifier': '2026 c. 1', 'schema:legislationJurisdiction': 'GB' } },
      ],
    });
    expect(JSON.stringify(second)).toContain('"@type":"oa:TextQuoteSelector","oa:exact":"A sentence."');
    expect(JSON.stringify(document)).toContain('"schema:legislationLegalForce":{"@id":"schema:PartiallyInForce"}');
  });

  it.each<[string, unknown, string]>([
    ['nothing', null, 'document'],
    ['another context', { '@context': { schema: 'https://schema.org/' }, '@graph': [] }, 'document'],
  ])('refuses %s', async (_name, document, at) => {
    const result = await exchange.import({ kind: 'jsonld', document }, EDITOR);
    expect(result).toMatchObject({ batch: null, faults: [{ at }] });
  });

  it('names the place of each fault', async () => {
    await fill();
    const document = JSON.parse((await exchange.export(ID, 'jsonld')).text) as { '@graph': Record<string, unknown>[] };
    const [register, first] = document['@graph'];
    if (register === undefined || first === undefined) throw new Error('nothing was exported');
    Object.assign(first, { 'gh:isVerbatim': 'perhaps' });
    Object.assign(register, { 'schema:datePublished': 'long ago' });
    document['@graph'].push({ '@type': 'schema:Person' });
    const { faults } = await exchange.preview({ kind: 'jsonld', document });
    expect(faults.map(({ at }) => at)).toEqual(expect.arrayContaining(['@graph/0/body/publishedAt', '@graph/1/gh:isVerbatim', '@graph/5']));
  });
});

describe('exports', () => {
  it('are the same bytes for the same state, and CSV is read back', async () => {
    await fill();
    for (const format of ['csv', 'json', 'jsonld'] as const) expect(await exchange.export(ID, format)).toEqual(await exchange.export(ID, format));
    const { rows, faults } = parseCsv((await exchange.export(ID, 'csv')).text);
    expect(faults).toEqual([]);
    expect(rows.map(({ cells }) => [cells['id'], cells['response_days_late'], cells['government_status'], cells['register_status']])).toEqual([
      [`${ID}/1`, '59', '', 'under_way'],
      [`${ID}/2`, '59', 'complete', 'under_way'],
      [`${ID}/3`, '59', '', 'under_way'],
      [`${ID}/4`, '59', '', 'under_way'],
    ]);
    const json = JSON.parse((await exchange.export(ID, 'json')).text) as { changes: unknown[] };
    expect(json.changes).toHaveLength(24);
    await expect(exchange.export('none', 'csv')).rejects.toMatchObject({ code: 'not_found' });
  });
});

describe('documents of sources', () => {
  let server: Server;
  let host: string;
  const pages = new Map<string, { status: number; body: string; headers?: Record<string, string> }>();
  const asked: string[] = [];
  beforeAll(async () => {
    server = createServer((request, response) => {
      asked.push(`${request.method} ${request.url}`);
      const page = pages.get(request.url ?? '') ?? { status: 404, body: '' };
      response.writeHead(page.status, { 'content-type': 'text/html', ...page.headers }).end(page.body);
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    host = `127.0.0.1:${(server.address() as AddressInfo).port}`;
  });
  afterAll(() => server.close());

  const source = (path: string, quote: string | null = null): Source => ({
    ...SOURCE,
    url: `http://${host}${path}`,
    sha256: null,
    quote: quote === null ? null : { exact: quote, prefix: '', suffix: '' },
  });

  async function begin(): Promise<void> {
    await test.dispose();
    test = await startRegister(db, { clock, config: { outboundAllow: [host], registerLinkChecks: true } });
    exchange = createExchangeService({ context: test.context, model: test.register });
    const basis = (one: Source): Extract<Change, { kind: 'status' }>['body']['basis'][number] => ({
      kind: 'document',
      shows: 'reply',
      text: 'x',
      source: one,
      check: null,
    });
    await test.publish({ kind: 'register', body: { ...MAPPING.register, id: 'own', source: source('/report', 'We recommend it.') } });
    await test.publish({
      kind: 'recommendation',
      body: { register: 'own', number: '1', title: 'T', text: 'x', isVerbatim: false, addressees: ['M'], themes: [], gatehouse: null, relatedTo: [] },
    });
    await test.publish({
      kind: 'status',
      recommendation: 'own/1',
      body: {
        by: 'independent',
        claimant: 'B',
        status: 'stalled',
        asOf: '2026-01-01',
        text: 'x',
        basis: [basis(source('/other')), basis({ ...SOURCE, url: 'http://example.org/plain' })],
      },
    });
  }
  const signal = new AbortController().signal;
  const round = async (): Promise<number> => exchange.checkLinks({ isAll: false, signal });
  const state = async (path: string): Promise<string> => (await exchange.links()).find(({ url }) => url.endsWith(path))?.status ?? 'missing';

  it('are asked for one at a time, once a week, and shown as ok, changed, gone or not checked', async () => {
    await begin();
    pages.set('/report', { status: 200, body: '<html><script>1</script><p>We  recommend\n it.</p>' });
    pages.set('/other', { status: 200, body: 'first' });
    expect((await exchange.links()).map(({ status, usedBy }) => [status, usedBy])).toEqual([
      ['not_checked', ['own/1']],
      ['not_checked', ['own']],
      ['not_checked', ['own/1']],
    ]);
    asked.length = 0;
    // Two hosts, of which one may not be called; of the other only one document in a round.
    expect(await round()).toBe(2);
    expect(asked).toEqual(['GET /other']);
    expect(await round()).toBe(1);
    expect(await round()).toBe(0);
    expect([await state('/report'), await state('/other'), await state('/plain')]).toEqual(['ok', 'ok', 'not_checked']);
    expect((await exchange.links()).find(({ url }) => url.endsWith('/plain'))?.finding).toMatch(/may be called/);

    // Markup and scripts may change; words may not, and a quoted sentence least of all.
    clock.advance(7 * DAY_MS);
    pages.set('/report', { status: 200, body: '<body><script>2</script><b>We recommend it.</b>' });
    pages.set('/other', { status: 200, body: 'second' });
    await round();
    await round();
    expect([await state('/report'), await state('/other')]).toEqual(['ok', 'changed']);
    const changedAt = (await exchange.links()).find(({ url }) => url.endsWith('/other'))?.changedAt;
    clock.advance(7 * DAY_MS);
    pages.set('/report', { status: 200, body: 'We suggest it.' });
    pages.set('/other', { status: 410, body: '' });
    await round();
    await round();
    expect([await state('/report'), await state('/other')]).toEqual(['changed', 'gone']);
    const [, report] = (await exchange.links()).filter(({ url }) => url.includes(host)).toSorted((a, b) => (a.url < b.url ? -1 : 1));
    expect(report?.finding).toMatch(/quoted from it is no longer there/);
    expect(changedAt).toEqual(new Date('2026-12-02T12:00:00Z'));
  });

  it('that nobody could reach are not called gone, and what was found too long ago is not shown as found', async () => {
    await begin();
    pages.set('/report', { status: 200, body: 'We recommend it.' });
    pages.set('/other', { status: 301, body: '', headers: { location: '/elsewhere' } });
    await round();
    await round();
    expect([await state('/report'), await state('/other')]).toEqual(['ok', 'changed']);
    for (let week = 1; week <= 6; week++) {
      clock.advance(7 * DAY_MS);
      pages.set('/report', { status: 503, body: '' });
      await round();
      await round();
      expect(await state('/report'), `week ${week}`).toBe(week <= 5 ? 'ok' : 'not_checked');
    }
    expect((await exchange.links()).every(({ finding }) => !finding.includes('http'))).toBe(true);
    pages.set('/report', { status: 200, body: 'We recommend it.' });
    await exchange.checkLinks({ isAll: true, signal });
    await round();
    expect(await state('/report')).toBe('ok');
  });

  it('are asked for by a job only when that is switched on', async () => {
    await begin();
    expect(jobs(exchange, test.context)).toMatchObject([{ name: 'register.check-links' }]);
    expect(jobs(exchange, { ...test.context, config: { ...test.context.config, registerLinkChecks: false } })).toEqual([]);
  });
});
