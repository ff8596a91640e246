/** The console's pages and the API of the register over a real listener: two people, and what each may do. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createFakeClock } from '../../../test/support/clock.ts';
import type { TestDatabase } from '../../../test/support/database.ts';
import { FORM, startTestServer, type TestReply, type TestServer } from '../../../test/support/http.ts';
import { createRegisterDatabase, EDITOR, REVIEWER, startRegister, type TestRegister } from '../../../test/support/register.ts';
import { CSRF_FIELD } from '../../platform/http/body.ts';
import type { Principal, Right } from '../../platform/http/rights.ts';
import { routes as exchangeRoutes } from '../exchange/routes.ts';
import { createExchangeService } from '../exchange/service.ts';
import { routes as modelRoutes } from '../model/routes.ts';
import { exchangePages } from './exchange-pages.tsx';
import { readChangeForm, toValues } from './form-rules.ts';
import { pages } from './pages.tsx';

const ID = 'iicsa-internet-2020';
const CSRF = 'csrf-token';

let db: TestDatabase;
let test: TestRegister;
let server: TestServer;
beforeAll(async () => {
  db = await createRegisterDatabase();
  const clock = createFakeClock();
  test = await startRegister(db, { clock });
  await test.register.start();
  clock.advance(60_000);
  const exchange = createExchangeService({ context: test.context, model: test.register });
  const people: Readonly<Record<string, Principal>> = {
    editor: { kind: 'session', id: EDITOR, name: 'Editor', rights: new Set<Right>(['register:edit']), csrfToken: CSRF },
    reviewer: { kind: 'session', id: REVIEWER, name: 'Reviewer', rights: new Set<Right>(['register:edit', 'register:review']), csrfToken: CSRF },
  };
  server = await startTestServer({
    routes: [
      ...pages(test.register),
      ...exchangePages({ model: test.register, exchange, context: test.context }),
      ...modelRoutes(test.register),
      ...exchangeRoutes(exchange),
    ],
    authenticator: { authenticate: async ({ authorization }) => people[authorization?.replace('Bearer ', '') ?? ''] },
    clock,
  });
});
afterAll(async () => {
  await server.close();
  await test.dispose();
  await db.drop();
});

const get = (path: string, who = 'editor'): Promise<TestReply> => server.send('GET', path, { headers: { authorization: `Bearer ${who}` } });
const post = (path: string, fields: Record<string, string>, who = 'editor'): Promise<TestReply> =>
  server.send('POST', path, {
    headers: { authorization: `Bearer ${who}`, origin: `http://${server.host}`, ...FORM },
    body: new URLSearchParams({ [CSRF_FIELD]: CSRF, ...fields }).toString(),
  });
const call = (method: string, path: string, json?: unknown, who = 'editor'): Promise<TestReply> =>
  server.send(method, path, {
    headers: {
      authorization: `Bearer ${who}`,
      ...(json === undefined ? {} : { 'content-type': 'application/json', 'x-csrf-token': CSRF, origin: `http://${server.host}` }),
    },
    ...(json === undefined ? {} : { body: JSON.stringify(json) }),
  });
const locationOf = (reply: TestReply): string => String(reply.headers['location']);

describe('the pages', () => {
  it('lead from the form over the review to what is published', async () => {
    const path = `/console/register/recommendations/${ID}/2`;
    expect((await get('/console/register')).text).toContain(`href="${path}"`);
    expect((await get(path)).text).toContain('Hosting countries');
    const empty = await post('/console/register/new/response', { about: `${ID}/2`, replaces: '', by: 'UK Government' });
    expect(empty.status).toBe(400);
    expect(empty.text).toContain('href="#date"');
    expect(empty.text).toContain('value="UK Government"');
    const fields = {
      about: `${ID}/2`,
      replaces: '',
      by: 'UK Government',
      date: '2026-11-20',
      class: 'partly',
      classAsPublished: 'In part <b>',
      text: 'Some & more',
    };
    const kept = await post('/console/register/new/response', fields);
    expect(kept.status).toBe(303);
    const change = locationOf(kept).split('?')[0] ?? '';
    expect((await get(change)).text).toContain('In part &lt;b&gt;');
    expect((await get(change, 'reviewer')).text).not.toContain('/publish"');
    expect((await post(`${change}/submit`, {})).status).toBe(303);
    expect((await get(change)).text).toContain('somebody else publishes it');
    expect((await get('/console/register/review')).text).toContain(change);
    expect((await post(`${change}/publish`, {})).status).toBe(403);
    expect((await get(path)).text).not.toContain(
      '<td role="cell"><span class="cell-label" aria-hidden="true">What it says</span><span class="cell-value">Some &amp; more',
    );
    expect(locationOf(await post(`${change}/publish`, {}, 'reviewer'))).toBe(path);
    expect((await get(path)).text).toContain('Some &amp; more');
  });

  it('show old and new of what replaces another, member for member', async () => {
    const { id } = (await test.register.find(`${ID}/3`)).responses[0] ?? { id: '' };
    const form = await get(`/console/register/new/response?about=${ID}/3&replaces=${id}`);
    expect(form.text).toContain('value="2020-11-10"');
    const old = toValues((await test.register.change(id)).change);
    const kept = await post('/console/register/new/response', { ...old, about: `${ID}/3`, replaces: id, class: 'accepted', classAsPublished: 'Accepted' });
    const change = locationOf(kept).split('?')[0] ?? '';
    const page = (await get(change)).text.replaceAll(/<[^>]+>/g, ' ').replaceAll(/\s+/g, ' ');
    expect(page).toMatch(/Class Before not classified New accepted/);
    expect(page).toMatch(/Day Before 2020-11-10 New as before/);
    await post(`${change}/submit`, {});
    expect((await post(`${change}/reject`, { reason: ' ' }, 'reviewer')).status).toBe(400);
    expect(locationOf(await post(`${change}/reject`, { reason: 'No source says so' }, 'reviewer'))).toMatch(/done=rejected/);
    expect((await get(change)).text).toContain('No source says so');
    expect((await test.register.find(`${ID}/3`)).responses[0]?.class).toBe('not_classified');
  });

  it.each(['register', 'recommendation', 'response', 'action', 'status'])('have a form for %s', async (kind) => {
    const reply = await get(`/console/register/new/${kind}?about=${ID}/1`);
    expect(reply.status).toBe(200);
    expect(reply.text).toMatch(/name="(text|title)"/);
  });

  it('read a file, and keep nothing before that is asked', async () => {
    const boundary = 'b0undary';
    const part = (name: string, value: string, file?: string): string =>
      `--${boundary}\r\nContent-Disposition: form-data; name="${name}"${file === undefined ? '' : `; filename="${file}"\r\nContent-Type: application/json`}\r\n\r\n${value}\r\n`;
    const document = (await get(`/console/register/exchange/${ID}?format=jsonld`)).text.replaceAll(ID, 'copy-2026');
    const send = (mode: string, text: string): Promise<TestReply> =>
      server.send('POST', '/console/register/exchange', {
        headers: { authorization: 'Bearer editor', origin: `http://${server.host}`, 'content-type': `multipart/form-data; boundary=${boundary}` },
        body: `${part(CSRF_FIELD, CSRF)}${part('mode', mode)}${part('mapping', '', '')}${part('file', text, 'x.jsonld')}--${boundary}--\r\n`,
      });
    const before = (await test.register.drafts()).length;
    const looked = await send('look', document);
    expect(looked.status).toBe(200);
    expect(looked.text).toContain('4 recommendations');
    expect(await test.register.drafts()).toHaveLength(before);
    expect((await send('look', '{}')).status).toBe(400);
    expect((await send('look', 'no json')).text).toContain('it is not JSON');
    const kept = await send('keep', document);
    const path = /\/console\/register\/changes\/imp_[0-9a-z]+/.exec(kept.text)?.[0] ?? '';
    expect((await get(path)).text).toContain('Import of');
    await post(`${path}/submit`, {});
    await post(`${path}/publish`, {}, 'reviewer');
    expect(await test.register.list({ register: 'copy-2026' })).toHaveLength(4);
  });
});

describe('forms', () => {
  it('give back every change that is published as it was', async () => {
    const all = (await Promise.all([ID, ...[1, 2, 3, 4].map((number) => `${ID}/${number}`)].map((subject) => test.register.timeline(subject)))).flat();
    expect(all.length).toBeGreaterThanOrEqual(18);
    for (const { change, subject } of all) expect(readChangeForm(change.kind, subject, toValues(change))).toEqual({ change, errors: [] });
  });
});

describe('the API', () => {
  it('reads, proposes, and decides with other rights than it proposes', async () => {
    expect((await call('GET', '/v1/register/recommendations?theme=age&register=iicsa-internet-2020')).json).toMatchObject({
      recommendations: [{ id: `${ID}/3` }],
    });
    expect((await call('GET', `/v1/register/recommendations/${ID}/1`)).json).toMatchObject({ lateness: { responseDaysLate: 59 } });
    expect((await call('GET', `/v1/register/recommendations/${ID}/99`)).status).toBe(404);
    const change = {
      kind: 'action',
      recommendation: `${ID}/4`,
      body: { owner: 'M', kind: 'tool', title: 'T', from: null, to: null, legislation: null, source: null },
    };
    const kept = await call('POST', '/v1/register/changes', { change });
    expect(kept.status).toBe(201);
    const { id } = kept.json as { id: string };
    expect((await call('POST', `/v1/register/changes/${id}/submission`, {})).json).toMatchObject({ state: 'in_review' });
    expect((await call('POST', `/v1/register/changes/${id}/publication`, {})).status).toBe(403);
    expect((await call('POST', `/v1/register/changes/${id}/publication`, {}, 'reviewer')).json).toMatchObject({ state: 'published', reviewedBy: REVIEWER });
    expect((await call('POST', '/v1/register/changes', { change: { ...change, body: {} } })).status).toBe(400);
    const second = (await call('POST', '/v1/register/changes', { change })).json as { id: string };
    expect((await call('POST', `/v1/register/changes/${second.id}/withdrawal`, { reason: 'twice' }, 'reviewer')).status).toBe(403);
    expect((await call('POST', `/v1/register/changes/${second.id}/withdrawal`, { reason: 'twice' })).status).toBe(204);
    expect((await call('GET', `/v1/register/changes/${second.id}`)).json).toMatchObject({ state: 'rejected', reason: 'twice' });
    expect((await call('GET', `/v1/register/recommendations/${ID}/4/timeline`)).json).toMatchObject({
      changes: expect.arrayContaining([expect.objectContaining({ id })]),
    });
    expect((await call('GET', `/v1/register/registers/${ID}/export?format=csv`)).text).toMatch(/^"?id"?,/);
    expect((await call('GET', '/v1/register/links')).json).toMatchObject({
      links: expect.arrayContaining([expect.objectContaining({ status: 'not_checked' })]),
    });
  });
});
