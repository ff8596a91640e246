import { createHash } from 'node:crypto';
import { parseProofFile } from '@gatehouse/tlog';
import { DOMParser } from '@xmldom/xmldom';
import { beforeEach, describe, expect, test } from 'vitest';
import { createFakeClock, type FakeClock } from '../../../test/support/clock.ts';
import { createTestContext, type TestContext } from '../../../test/support/context.ts';
import { createTestDatabase, type TestDatabase } from '../../../test/support/database.ts';
import { startTestServer, type TestReply, type TestServer } from '../../../test/support/http.ts';
import { expectSafePage, HOSTILE } from '../../../test/support/markup.ts';
import { logDomain, type LogService } from '../../log/index.ts';
import { parseCsv } from '../../platform/csv-rules.ts';
import { createChecksService } from '../checks/service.ts';
import type { ChecksService } from '../checks/schema.ts';
import type { ExchangeService } from '../exchange/schema.ts';
import { createExchangeService } from '../exchange/service.ts';
import { registerDomain } from '../index.ts';
import type { Change, RegisterService } from '../model/schema.ts';
import { createRegisterService } from '../model/service.ts';
import { publicPages, publicRoutes } from './routes.ts';
import { createPublication } from './service.ts';

const BASE = 'http://127.0.0.1:8080';
const ONE = '/register/iicsa-internet-2020/1';
const HOUR_MS = 3_600_000;
let db: TestDatabase;
let base: TestContext;
let clock: FakeClock;
let log: LogService;
let checks: ChecksService;
let model: RegisterService;
let exchange: ExchangeService;
let server: TestServer;
let isPassing: boolean;

async function open(config: Record<string, unknown> = {}): Promise<void> {
  base = await createTestContext({ database: db.database, clock, config });
  const { context } = base;
  const created = await logDomain.create(context, {});
  log = created.service;
  const suite = [
    {
      name: 'iicsa-1.coverage',
      title: 'Every upload is screened',
      expected: 'All uploads are screened.',
      maxAgeHours: 24,
      run: async () => ({ isPassed: isPassing, finding: isPassing ? '10 of 10 were screened.' : '9 of 10 were screened.' }),
    },
  ];
  const code = { evidence: { last: async () => undefined } };
  const international = { figures: { byCountry: async () => [] }, profiles: { procedure: () => Promise.reject(new Error('nobody asks')) } };
  checks = await createChecksService({ context, log, code, international, suite });
  model = await createRegisterService({ context, checks });
  exchange = createExchangeService({ context, model });
  await model.start();
  const publication = createPublication({ context, log, model, exchange, checks });
  server = await startTestServer({
    routes: [...publicRoutes(publication, context), ...publicPages(publication, context)],
    authenticator: { authenticate: () => Promise.reject(new Error('nobody is asked who they are')) },
    clock,
  });
  stop = async () => {
    await server.close();
    await created.stop?.();
    await base.dispose();
  };
}
let stop: () => Promise<void>;

beforeEach(async () => {
  // Changes of the register cannot be removed: each test has a database of its own.
  db = await createTestDatabase([
    { domain: 'log', migrations: logDomain.migrations },
    { domain: 'register', migrations: registerDomain.migrations },
  ]);
  clock = createFakeClock();
  isPassing = true;
  await open();
  return async () => {
    await stop();
    await db.drop();
  };
});

const get = (path: string, headers: Record<string, string> = {}): Promise<TestReply> =>
  server.send('GET', path, { headers: { cookie: 'gatehouse_session=x', ...headers } });

async function publish(change: Change, replaces?: string): Promise<string> {
  clock.advance(1000);
  const { id } = await model.propose(change, { actor: 'maker', replaces });
  await model.submit(id, 'maker');
  await model.publish(id, 'reviewer');
  return id;
}

const claim = (more: Partial<Extract<Change, { kind: 'status' }>['body']> = {}): Change => ({
  kind: 'status',
  recommendation: 'iicsa-internet-2020/1',
  body: {
    by: 'register',
    claimant: 'The editors',
    status: 'complete',
    // As new as the one that comes with Gatehouse, and published later.
    asOf: '2026-11-30',
    text: 'Known material cannot be reached here.',
    basis: [{ kind: 'check', shows: 'effect', text: 'Every upload is screened.', source: null, check: 'iicsa-1.coverage' }],
    ...more,
  },
});

describe('pages', () => {
  test('of everything are safe, set no cookie, need no script and look at no credentials', async () => {
    await checks.run();
    for (const path of ['/register', '/register/iicsa-internet-2020', ONE, '/register/_checks']) {
      const reply = await get(path, { authorization: 'Bearer nonsense' });
      expect([path, reply.status]).toEqual([path, 200]);
      expectSafePage(reply.text);
      expect(reply.text).not.toContain('<script');
      expect(reply.headers['set-cookie']).toBeUndefined();
      expect(reply.headers['link']).toContain(`<${BASE}${path}>; rel="canonical"`);
      expect(reply.text).toContain(`<link rel="canonical" href="${BASE}${path}"/>`);
      // Nothing is loaded from elsewhere.
      for (const source of reply.text.match(/(?:src|href)="https?:[^"]*"/g) ?? []) expect(source).not.toMatch(/^src/);
    }
  });

  test('escape what people wrote, wherever they wrote it', async () => {
    const recommendation = 'iicsa-internet-2020/4';
    const source = {
      url: 'https://example.org/?a="><b>',
      publisher: HOSTILE,
      title: HOSTILE,
      licence: HOSTILE,
      retrievedAt: '2026-11-01',
      sha256: null,
      archivedUrl: null,
      quote: { exact: HOSTILE, prefix: HOSTILE, suffix: HOSTILE },
    };
    await publish({
      kind: 'response',
      recommendation,
      body: { by: HOSTILE, date: '2026-01-01', class: 'accepted', classAsPublished: HOSTILE, text: HOSTILE, source },
    });
    const action = await publish({
      kind: 'action',
      recommendation,
      body: {
        owner: HOSTILE,
        kind: 'law',
        title: HOSTILE,
        from: '2026-01-01',
        to: null,
        legislation: { identifier: HOSTILE, jurisdiction: HOSTILE, inForce: 'partly', url: null },
        source,
      },
    });
    await publish({ kind: 'milestone', recommendation, body: { action, title: HOSTILE, dueAt: '2026-02-01', doneAt: null } });
    await publish({
      ...claim({ by: 'independent', claimant: HOSTILE, text: HOSTILE, basis: [{ kind: 'document', shows: 'reply', text: HOSTILE, source, check: null }] }),
      recommendation,
    } as Change);
    const page = await get('/register/iicsa-internet-2020/4');
    expectSafePage(page.text);
    expect(page.text).toContain('&lt;script&gt;');
    const feed = await get('/register/feed.atom');
    expect(readXml(feed.text).getElementsByTagName('script').length).toBe(0);
    expect(feed.headers['content-type']).toContain('application/atom+xml');
    expect(feed.text).not.toContain('<script');
  });

  test('filter, order and pass over what makes no sense', async () => {
    const numbers = async (query: string): Promise<string[]> =>
      [...(await get(`/register/iicsa-internet-2020?${query}`)).text.matchAll(/href="\/register\/iicsa-internet-2020\/(\d)"/g)].map((match) => match[1] ?? '');
    expect(await numbers('')).toEqual(['1', '2', '3', '4']);
    expect(await numbers('order=number&direction=desc')).toEqual(['4', '3', '2', '1']);
    expect(await numbers('order=title')).toEqual(['3', '2', '4', '1']);
    expect(await numbers('text=WeProtect')).toEqual(['2']);
    expect(await numbers('status=complete')).toEqual([]);
    expect(await numbers('theme=screening')).toEqual(['1']);
    expect(await numbers('addressee=Nobody')).toEqual([]);
    expect(await numbers('order=nonsense&status=%00&text=')).toEqual(['1', '2', '3', '4']);
    expect((await get('/register?text=WeProtect')).text).toContain('1 of 4 shown.');
  });

  test('show lateness and old dates of milestones', async () => {
    const recommendation = 'iicsa-internet-2020/2';
    const action = await publish({
      kind: 'action',
      recommendation,
      body: { owner: 'A ministry', kind: 'policy', title: 'Write to the Alliance', from: null, to: null, legislation: null, source: null },
    });
    const milestone = (dueAt: string): Change => ({ kind: 'milestone', recommendation, body: { action, title: 'A letter', dueAt, doneAt: null } });
    const first = await publish(milestone('2021-01-31'));
    await publish(milestone('2021-03-02'), first);
    const { text } = await get('/register/iicsa-internet-2020/2');
    expect(text).toContain('<del datetime="2021-01-31">31 January 2021</del>');
    expect(text).toMatch(/2 March 2021/);
    expect(text).toContain('30 days');
    expect(text).toContain('First response: 59 days late.');
    expect(text).toContain('1 is late');
    expect(text).toContain('takes the place of an earlier version');
  });

  test('are not there when the operator publishes nothing, or there is no such thing', async () => {
    for (const path of [
      '/register/none',
      '/register/iicsa-internet-2020/99',
      '/register/none.csv',
      '/register/iicsa-internet-2020/99/badge.svg',
      `/register/_checks/chk_${'0'.repeat(26)}/run.json`,
    ])
      expect([path, (await get(path)).status]).toEqual([path, 404]);
    await stop();
    await open({ registerPublic: false });
    for (const path of [
      '/register',
      '/register/iicsa-internet-2020',
      '/register/iicsa-internet-2020.csv',
      ONE,
      `${ONE}.jsonld`,
      `${ONE}/badge.svg`,
      '/register/feed.atom',
      '/register/_checks',
    ])
      expect([path, (await get(path)).status]).toEqual([path, 404]);
  });

  test('never show drafts, nor who keeps the register', async () => {
    await model.propose(claim({ text: 'Only a draft.' }), { actor: 'maker' });
    await publish(claim({ by: 'independent', claimant: 'A body', text: 'Published.' }));
    for (const path of [
      ONE,
      `${ONE}.jsonld`,
      '/register/feed.atom',
      '/register/iicsa-internet-2020.json',
      '/register/iicsa-internet-2020.csv',
      '/register/iicsa-internet-2020.jsonld',
    ]) {
      const { text } = await get(path);
      expect(text).not.toContain('Only a draft.');
      expect(text).not.toMatch(/maker|reviewer|madeBy|reviewedBy/);
    }
    expect((await get(ONE)).text).toContain('Published.');
  });
});

describe('a status that rests on a check', () => {
  const shown = async (): Promise<readonly string[]> => {
    const { text } = await get(ONE);
    const badge = await get(`${ONE}/badge.svg`);
    return [/This register: <strong class="tag tag-\w+">([^<]*)/.exec(text)?.[1] ?? '', /<title>Recommendation 1: ([^<]*)/.exec(badge.text)?.[1] ?? ''];
  };

  test('changes by itself when the check begins to fail, and when its result is too old; the page says so', async () => {
    await publish(claim());
    expect(await shown()).toEqual(['under way', 'under way']);
    await checks.run();
    expect(await shown()).toEqual(['complete', 'complete']);
    clock.advance(HOUR_MS);
    isPassing = false;
    await checks.run();
    expect(await shown()).toEqual(['under way', 'under way']);
    const failed = (await get(ONE)).text;
    expect(failed).toContain('The register claims “complete” (as of 2026-11-30). It is shown as “under way”, because');
    expect(failed).toContain('9 of 10 were screened');
    expect(failed).toContain('Check “Every upload is screened” began to fail');
    expect((await get('/register/feed.atom')).text).toContain('began to fail');
    clock.advance(HOUR_MS);
    isPassing = true;
    await checks.run();
    expect(await shown()).toEqual(['complete', 'complete']);
    expect((await get(ONE)).text).toContain('passes again');
    clock.advance(24 * HOUR_MS + 1);
    expect(await shown()).toEqual(['under way', 'under way']);
    expect((await get(ONE)).text).toContain('out of date');
    expect((await get('/register/iicsa-internet-2020')).text).toContain('1 out of date');
  });

  test('has a proof that outsiders can follow, and nobody outside makes the log sign', async () => {
    await checks.run();
    await log.drain();
    const path = /href="(\/register\/_checks\/chk_[0-9a-z]{26})\/run\.json"/.exec((await get(ONE)).text)?.[1] ?? '';
    const { text } = await get(`${path}/run.json`);
    expect((await get(`${path}/proof.json`)).status).toBe(404);
    await log.checkpoint();
    const { json } = await get(`${path}/proof.json`);
    const { entry, proof } = json as { entry: string; proof: string };
    expect(JSON.parse(entry)).toMatchObject({ kind: 'register.checked', fields: { digest: createHash('sha256').update(text).digest('hex') } });
    expect(parseProofFile(proof).index).toBe((json as { index: number }).index);
  });
});

describe('data', () => {
  test('the feed is Atom as RFC 4287 asks for', async () => {
    await publish(claim({ text: 'Vertical \u000B tab' }));
    const reply = await get('/register/feed.atom');
    expect(reply.headers['content-type']).toBe('application/atom+xml; charset=utf-8');
    // XML has no way to say this character, though not every reader refuses it.
    expect(reply.text).toContain('Vertical  tab');
    const feed = readXml(reply.text);
    expect([feed.localName, feed.namespaceURI]).toEqual(['feed', 'http://www.w3.org/2005/Atom']);
    const own = (parent: Element, name: string): Element[] =>
      Array.from(parent.childNodes).filter((node): node is Element => (node as Element).localName === name);
    for (const name of ['id', 'title', 'updated', 'author']) expect([name, own(feed, name).length]).toEqual([name, 1]);
    const entries = own(feed, 'entry');
    expect(entries.length).toBeGreaterThan(10);
    const ids = entries.map((entry) => own(entry, 'id')[0]?.textContent ?? '');
    expect(new Set(ids).size).toBe(ids.length);
    for (const entry of entries) {
      for (const name of ['id', 'title', 'updated', 'content']) expect([name, own(entry, name).length]).toEqual([name, 1]);
      expect(own(entry, 'updated')[0]?.textContent).toMatch(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/);
      expect(own(entry, 'id')[0]?.textContent).toMatch(/^http:\/\/127\.0\.0\.1:8080\/register\/iicsa-internet-2020/);
    }
    // Ids are permanent: what a reader has seen is not new after the next change.
    await publish(claim({ by: 'independent', claimant: 'Another body' }));
    const after = own(readXml((await get('/register/feed.atom')).text), 'entry').map((entry) => own(entry, 'id')[0]?.textContent ?? '');
    expect(after.filter((id) => ids.includes(id))).toEqual(ids);
  });

  test('the table reads back', async () => {
    const reply = await get('/register/iicsa-internet-2020.csv');
    expect(reply.headers['content-type']).toContain('text/csv');
    expect(reply.headers['access-control-allow-origin']).toBe('*');
    const { rows, faults } = parseCsv(reply.text);
    expect(faults).toEqual([]);
    expect(rows.map(({ cells }) => [cells['id'], cells['address']])).toEqual(
      ['1', '2', '3', '4'].map((number) => [`iicsa-internet-2020/${number}`, `${BASE}/register/iicsa-internet-2020/${number}`]),
    );
  });

  test('linked data expand to whole addresses, with checks and quotes', async () => {
    const source = {
      url: 'https://example.org/report',
      publisher: 'A publisher',
      title: 'A report',
      licence: null,
      retrievedAt: '2026-11-01',
      sha256: null,
      archivedUrl: null,
      quote: { exact: 'as it was found', prefix: 'known ', suffix: ' today' },
    };
    await publish(claim({ basis: [{ kind: 'document', shows: 'effect', text: 'It shows.', source, check: null }] }));
    await checks.run();
    await log.drain();
    const reply = await get(`${ONE}.jsonld`);
    expect(reply.headers['content-type']).toBe('application/ld+json; charset=utf-8');
    // What is public is what another installation imports.
    expect(await exchange.preview({ kind: 'jsonld', document: reply.json })).toMatchObject({ faults: [], unchanged: expect.any(Number) });
    const nodes = expandLinkedData(reply.json);
    const byType = (type: string): ExpandedNode[] => nodes.filter((node) => node.types.includes(type));
    expect(byType('https://schema.org/Dataset').map(({ id }) => id)).toEqual([`${BASE}/register/iicsa-internet-2020`]);
    expect(byType('http://www.w3.org/ns/prov#Activity').map(({ id }) => id)).toContain(`${BASE}/register/_checks#iicsa-1.coverage`);
    const [quote] = byType('http://www.w3.org/ns/oa#TextQuoteSelector');
    expect(quote?.values['http://www.w3.org/ns/oa#exact']).toEqual(['as it was found']);
    const whole = expandLinkedData((await get('/register/iicsa-internet-2020.jsonld')).json);
    expect(whole.filter(({ types }) => types.includes('https://schema.org/CreativeWork')).map(({ id }) => id)).toEqual(
      ['1', '2', '3', '4'].map((number) => `${BASE}/register/iicsa-internet-2020/${number}`),
    );
  });

  test('the badge is a drawing that other sites may show', async () => {
    const reply = await get(`${ONE}/badge.svg`);
    expect(reply.headers).toMatchObject({ 'content-type': 'image/svg+xml', 'cross-origin-resource-policy': 'cross-origin' });
    const svg = readXml(reply.text);
    expect(svg.localName).toBe('svg');
    expect(reply.text).not.toMatch(/<script|style=|href=|on\w+=/);
  });
});

describe('others may keep an answer, and ask whether it is still so', () => {
  test('by its tag and by its time', async () => {
    await checks.run();
    clock.advance(5_000);
    for (const path of [
      '/register',
      '/register/iicsa-internet-2020',
      ONE,
      `${ONE}.jsonld`,
      `${ONE}/badge.svg`,
      '/register/iicsa-internet-2020.csv',
      '/register/feed.atom',
    ]) {
      const first = await get(path);
      const etag = String(first.headers['etag']);
      const modified = String(first.headers['last-modified']);
      expect(first.headers['cache-control']).toBe('public, max-age=60');
      const again = await get(path, { 'if-none-match': `"other", W/${etag}` });
      expect([path, again.status, again.text, again.headers['etag']]).toEqual([path, 304, '', etag]);
      expect([path, (await get(path, { 'if-modified-since': modified })).status]).toEqual([path, 304]);
      expect([path, (await get(path, { 'if-none-match': '"other"', 'if-modified-since': modified })).status]).toEqual([path, 200]);
      expect([path, (await get(path, { 'if-modified-since': new Date(Date.parse(modified) - 1000).toUTCString() })).status]).toEqual([path, 200]);
    }
  });

  test('a change, a check and a new day make another answer', async () => {
    const known = async (): Promise<Record<string, string>> => {
      clock.advance(5_000);
      const { headers } = await get(ONE);
      return { 'if-modified-since': String(headers['last-modified']) };
    };
    await checks.run();
    let before = await known();
    expect((await get(ONE, before)).status).toBe(304);
    await publish(claim());
    expect((await get(ONE, before)).status).toBe(200);
    before = await known();
    isPassing = false;
    await checks.run();
    expect((await get(ONE, before)).status).toBe(200);
    before = await known();
    clock.advance(12 * HOUR_MS);
    expect((await get(ONE, before)).status).toBe(200);
    // Out of date is no event: only the tag can tell.
    clock.advance(24 * HOUR_MS);
    const { headers } = await get(ONE);
    expect(headers['last-modified']).toBeUndefined();
    expect((await get(ONE, { 'if-none-match': String(headers['etag']) })).status).toBe(304);
  });
});

function readXml(text: string): Element {
  const document = new DOMParser({
    errorHandler(level: string, message: unknown) {
      throw new Error(`${level}: ${String(message)}`);
    },
  }).parseFromString(text, 'text/xml');
  if (document.documentElement === null) throw new Error('no root');
  return document.documentElement;
}

interface ExpandedNode {
  readonly id: string | undefined;
  readonly types: readonly string[];
  readonly values: Readonly<Record<string, readonly unknown[]>>;
}

/** As much of JSON-LD 1.1 expansion as the documents use, written for this test: a context of prefixes, and whole addresses for every name. */
function expandLinkedData(document: unknown): ExpandedNode[] {
  const { '@context': context, '@graph': graph, ...rest } = document as { '@context': Record<string, string>; '@graph': unknown[] };
  expect(Object.keys(rest)).toEqual([]);
  for (const address of Object.values(context)) expect(address).toMatch(/^(https?:|urn:).*[/#]$/);
  const toWhole = (name: string): string => {
    const [prefix = '', ...local] = name.split(':');
    const known = context[prefix];
    if (known === undefined) {
      expect(name).toMatch(/^https?:\/\//);
      return name;
    }
    return `${known}${local.join(':')}`;
  };
  const nodes: ExpandedNode[] = [];
  const visit = (value: unknown): void => {
    if (Array.isArray(value)) value.forEach(visit);
    else if (typeof value === 'object' && value !== null) {
      const { '@id': id, '@type': types = [], ...members } = value as { '@id'?: string; '@type'?: string | string[] };
      const values = Object.fromEntries(Object.entries(members).map(([name, member]) => [toWhole(name), [member].flat()]));
      for (const name of Object.keys(values)) expect(name).toMatch(/^(https?:\/\/|urn:)/);
      nodes.push({ id: id === undefined ? undefined : toWhole(id), types: [types].flat().map(toWhole), values });
      Object.values(members).forEach(visit);
    }
  };
  visit(graph);
  return nodes;
}
