/** Forward-auth over HTTP: a site behind a proxy, browsers that play along, and browsers that do not. */
import { createHmac } from 'node:crypto';
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { createAgeDatabase, startAge, type TestAge } from '../../../test/support/age.ts';
import type { TestDatabase } from '../../../test/support/database.ts';
import { cookieOf, startTestServer, type TestReply, type TestServer } from '../../../test/support/http.ts';
import { ageDomain } from '../index.ts';
import type { AgeOutcome } from '../sessions/schema.ts';
import { findCookie, openGateCookies } from './cookies.ts';
import { toLocalPath } from './gate-rules.ts';

const ADULT: AgeOutcome = { result: 'true', grade: 3, method: 'wallet', kind: 'verified', generation: 1 };
const POLICY = 'service=forum&over=18';
const PROXY = { host: 'forum.example', 'x-forwarded-proto': 'https', 'x-forwarded-for': '203.0.113.9' };
const SITE = 'https://forum.example';

let db: TestDatabase;
let test: TestAge;
let server: TestServer;
beforeAll(async () => {
  db = await createAgeDatabase();
});
afterAll(() => db.drop());
beforeEach(async () => {
  test = await startAge({ db });
  const routes = [...(ageDomain.routes?.(test.age, test.context) ?? []), ...(ageDomain.pages?.(test.age, test.context) ?? [])];
  server = await startTestServer({
    routes,
    clock: test.clock,
    authenticator: { authenticate: () => Promise.reject(new Error('nobody is looked up here')) },
    trustedProxies: ['loopback'],
    allowedHosts: ['forum.example', 'other.example', '127.0.0.1'],
    limits: { requestsPerMinute: 1000, anonymousPerMinute: 50 },
  });
});
afterEach(async () => {
  await test.dispose();
  await server.close();
});

const send = (path: string, headers: Record<string, string> = {}): Promise<TestReply> => server.send('GET', path, { headers: { ...PROXY, ...headers } });
const check = (headers: Record<string, string> = {}, query = POLICY): Promise<TestReply> => send(`/v1/age/check?${query}`, headers);
const locationOf = (reply: TestReply): string => String(reply.headers['location']);

interface Begun {
  readonly id: string;
  /** Of the site. */
  readonly pending: string;
}

async function begin(query = POLICY, to = '/private?x=1'): Promise<Begun> {
  const reply = await send(`/age/gate/start?${query}&to=${encodeURIComponent(to)}`);
  expect(reply.status).toBe(303);
  return { id: locationOf(reply).split('/').at(-1) ?? '', pending: cookieOf(reply) };
}

/** The page of the check sends its browser back with this. */
async function answer({ id }: Begun, outcome: AgeOutcome | undefined = ADULT): Promise<string> {
  const browser = await test.enter(id);
  if (outcome !== undefined) await test.age.sessions.complete(id, outcome);
  const url = new URL(await test.age.sessions.returnAddress(id, browser));
  expect(url.origin).toBe(SITE);
  return url.pathname + url.search;
}

async function pass(outcome: AgeOutcome = ADULT, query = POLICY): Promise<string> {
  const begun = await begin(query);
  const reply = await send(await answer(begun, outcome), { cookie: begun.pending });
  expect([reply.status, locationOf(reply)]).toEqual([303, '/private?x=1']);
  return cookieOf(reply);
}

describe('a browser that plays along', () => {
  it('is sent to a check, comes back, and passes for an hour', async () => {
    const first = await check({ 'x-original-uri': '/private?x=1' });
    const url = '/age/gate/start?service=forum&over=18&grade=2&to=%2Fprivate%3Fx%3D1';
    expect([first.status, first.headers['x-age-url'], first.headers['location'], first.json]).toEqual([
      401,
      url,
      url,
      expect.objectContaining({ code: 'unauthenticated', checkUrl: url }),
    ]);
    const cookie = await pass();
    const second = await check({ cookie: `theme=dark; ${cookie}` });
    expect([second.status, second.text, second.headers['x-age-result'], second.headers['x-age-grade']]).toEqual([204, '', 'true', '3']);
    test.clock.advance(3_599_000);
    expect((await check({ cookie })).status).toBe(204);
    test.clock.advance(1_000);
    expect((await check({ cookie })).status).toBe(401);
  });

  it('gets a cookie that scripts, other hosts and plain HTTP do not, and that says little', async () => {
    const begun = await begin();
    const reply = await send(await answer(begun), { cookie: begun.pending });
    const [cookie = ''] = reply.headers['set-cookie'] ?? [];
    expect(cookie).toMatch(/^__Host-gatehouse_gate_forum_over18=[\w-]+\.[\w-]+; Path=\/; HttpOnly; SameSite=Lax; Max-Age=3600; Secure$/);
    const body: unknown = JSON.parse(Buffer.from(/=([\w-]+)\./.exec(cookie)?.[1] ?? '', 'base64url').toString());
    expect(body).toEqual({
      service: 'forum',
      question: { threshold: 18, direction: 'over' },
      result: 'true',
      grade: 3,
      expiresS: test.clock.now().getTime() / 1000 + 3600,
      generation: 1,
    });
  });

  it('is refused, or let through as a child, when the answer was no', async () => {
    const cookie = await pass({ result: 'false', grade: 0, method: 'declared_under', kind: 'declared' });
    const refused = await check({ cookie });
    expect([refused.status, refused.headers['x-age-result'], refused.headers['location']]).toEqual([403, 'false', undefined]);
    const admitted = await check({ cookie }, `${POLICY}&no=pass`);
    expect([admitted.status, admitted.headers['x-age-result'], admitted.headers['x-age-grade']]).toEqual([204, 'false', '0']);
  });

  it('is asked again when the answer was none', async () => {
    for (const outcome of [undefined, { ...ADULT, result: 'inconclusive' }, { ...ADULT, grade: 1 }] as const) {
      const begun = await begin();
      const reply = await send(outcome === undefined ? await answerNothing(begun) : await answer(begun, outcome), { cookie: begun.pending });
      expect([reply.status, reply.headers['set-cookie']]).toEqual([403, undefined]);
      expect(reply.text).toContain('href="/age/gate/start?service=forum&amp;over=18&amp;grade=2&amp;to=%2Fprivate%3Fx%3D1"');
    }
  });

  async function answerNothing({ id }: Begun): Promise<string> {
    const url = new URL(await test.age.sessions.returnAddress(id, await test.enter(id)));
    return url.pathname + url.search;
  }

  it('of Caddy or Traefik is redirected when it opens a page, and only then', async () => {
    const query = `${POLICY}&redirect=303`;
    const page = await check({ accept: 'text/html,*/*', 'x-forwarded-uri': '/a', 'x-forwarded-method': 'GET' }, query);
    expect([page.status, locationOf(page)]).toEqual([303, '/age/gate/start?service=forum&over=18&grade=2&to=%2Fa']);
    expect((await check({ accept: 'application/json' }, query)).status).toBe(401);
    expect((await check({ accept: 'text/html', 'x-forwarded-method': 'POST' }, query)).status).toBe(401);
  });

  it('may make many requests', async () => {
    const cookie = await pass();
    const statuses = new Set<number>();
    for (let n = 0; n < 200; n++) statuses.add((await check({ cookie })).status);
    expect([...statuses]).toEqual([204]);
  });
});

describe('an app with a signed result', () => {
  it('passes until it expires, with the same question and service', async () => {
    const begun = await begin();
    await answer(begun);
    const found = await test.age.sessions.findResult(begun.id);
    const result = found === undefined ? '' : await test.age.results.sign(found);
    const authorization = `Bearer ${result}`;
    const reply = await check({ authorization });
    expect([reply.status, reply.headers['x-age-grade']]).toEqual([204, '3']);
    for (const query of ['service=forum&over=21', 'service=forum&under=18', 'service=other&over=18', `${POLICY}&grade=4`])
      expect([query, (await check({ authorization }, query)).status]).toEqual([query, 401]);
    for (const other of [`Bearer ${result}x`, `Basic ${result}`, 'Bearer a.b.c', `Bearer ${result.split('.').slice(0, 2).join('.')}.`])
      expect((await check({ authorization: other })).status).toBe(401);
    test.trust.generation = 2;
    expect((await check({ authorization })).status).toBe(401);
    test.trust.generation = 1;
    test.clock.advance(600_000);
    expect((await check({ authorization })).status).toBe(401);
  });
});

describe('a browser that does not', () => {
  it('gets nothing without a cookie, or with one that it made', async () => {
    const cookie = await pass();
    const [name = '', value = ''] = cookie.split(/=(.*)/s);
    const [body = '', tag = ''] = value.split('.');
    const better = Buffer.from(Buffer.from(body, 'base64url').toString().replace('"grade":3', '"grade":4')).toString('base64url');
    const own = createHmac('sha256', 'mine').update(`gatehouse-age-gate pass ${body}`).digest('base64url');
    const forged = ['', 'true', body, `${body}.`, `${body}.${own}`, `${better}.${tag}`, `${body}.${tag}.x`, `.${tag}`, `${tag}.${body}`, 'x'.repeat(5000)];
    for (const one of forged) expect([one, (await check({ cookie: `${name}=${one}` })).status]).toEqual([one, 401]);
    expect((await check({ cookie: `${name}=${value}` })).status).toBe(204);
    expect((await check({ 'x-age-result': 'true', 'x-age-grade': '4' })).status).toBe(401);
  });

  it.each([
    ['another age', 'service=forum&over=21'],
    ['a smaller age', 'service=forum&over=16'],
    ['the other direction', 'service=forum&under=18'],
    ['another service', 'service=other&over=18'],
    ['a higher grade', 'service=forum&over=18&grade=4'],
  ])('gets nothing for %s', async (_name, query) => {
    const cookie = await pass();
    const value = cookie.split(/=(.*)/s)[1] ?? '';
    const [, service = '', direction = '', threshold = ''] = /service=(\w+)&(over|under)=(\d+)/.exec(query) ?? [];
    for (const name of [cookie.split('=')[0], `gatehouse_gate_${service}_${direction}${threshold}`])
      expect((await check({ cookie: `${name}=${value}` }, query)).status).toBe(401);
  });

  it('gets nothing for a check with an easier question', async () => {
    for (const [query, outcome] of [
      ['service=forum&over=13', ADULT],
      ['service=forum&over=18&grade=0', { ...ADULT, grade: 1 }],
      ['service=forum&under=99', ADULT],
    ] as const)
      expect((await check({ cookie: await pass(outcome, query) })).status).toBe(401);
  });

  it('gets nothing by a pending cookie in place of a pass, nor the other way round', async () => {
    const begun = await begin();
    const value = begun.pending.split(/=(.*)/s)[1] ?? '';
    expect((await check({ cookie: `gatehouse_gate_forum_over18=${value}` })).status).toBe(401);
    const passed = (await pass()).split(/=(.*)/s)[1] ?? '';
    const back = await answer(begun);
    expect((await send(back, { cookie: `${begun.pending.split('=')[0]}=${passed}` })).status).toBe(409);
  });

  it('gets nothing by coming back twice', async () => {
    const begun = await begin();
    const back = await answer(begun);
    expect((await send(back, { cookie: begun.pending })).status).toBe(303);
    const again = await send(back, { cookie: begun.pending });
    expect([again.status, again.headers['set-cookie']]).toEqual([410, undefined]);
  });

  it('gets nothing with the answer of another browser', async () => {
    const [mine, theirs] = [await begin(), await begin()];
    const back = await answer(theirs);
    for (const cookie of ['', mine.pending, mine.pending.replace(mine.id.slice(-12), theirs.id.slice(-12))])
      expect((await send(back, { cookie })).status).toBe(409);
    // The check was passed on to somebody, who answered it: the code that came back with them is not known here.
    await answer(mine);
    const guess = `/age/gate/return?age_session=${mine.id}&age_return=${'0'.repeat(64)}`;
    expect((await send(guess, { cookie: mine.pending })).status).toBe(409);
  });

  it('is asked again a second after the issuer was muted; what rests on no issuer stays', async () => {
    const [cookie, other] = [await pass(), await pass({ result: 'true', grade: 2, method: 'provider:bank', kind: 'verified' }, 'service=forum&over=16')];
    expect((await check({ cookie })).status).toBe(204);
    test.trust.generation = 2;
    test.clock.advance(1_000);
    expect((await check({ cookie })).status).toBe(401);
    expect((await check({ cookie: other }, 'service=forum&over=16')).status).toBe(204);
  });

  it('gets nothing from a result that was muted between answer and return', async () => {
    const begun = await begin();
    const back = await answer(begun);
    test.trust.generation = 2;
    expect((await send(back, { cookie: begun.pending })).status).toBe(403);
  });

  it('cannot begin at an address that the service did not register', async () => {
    for (const headers of [{ host: 'other.example' }, { 'x-forwarded-proto': 'http' }, { host: 'forum.example:8443' }])
      expect((await send(`/age/gate/start?${POLICY}`, headers)).status).toBe(400);
    expect((await send('/age/gate/start?service=nobody&over=18')).status).toBe(400);
    expect((await send('/age/gate/start?service=forum&over=18&under=13')).status).toBe(400);
    expect((await send('/age/gate/start?service=forum')).status).toBe(400);
  });
});

describe('where a browser is sent afterwards', () => {
  it.each([
    ['/a/b?c=d%20e#f', '/a/b?c=d%20e#f'],
    ['/', '/'],
    [undefined, '/'],
    ['', '/'],
    ['a', '/'],
    ['//evil.example', '/'],
    ['/\\evil.example', '/'],
    ['/\t/evil.example', '/'],
    ['/x\\y', '/'],
    ['https://evil.example/', '/'],
    ['javascript:alert(1)', '/'],
    ['/a\r\nset-cookie: x=y', '/'],
    ['/ä', '/'],
    ['/age/gate/start?service=forum', '/'],
    [`/${'a'.repeat(2000)}`, '/'],
  ])('%s leads to %s', (text, expected) => {
    expect(toLocalPath(text)).toBe(expected);
  });
});

describe('cookies', () => {
  it('of this host alone come first', () => {
    expect(findCookie('a=1; x=2; __Host-x=3', 'x')).toBe('3');
    expect(findCookie('y__Host-x=3;x=2', 'x')).toBe('2');
    expect(findCookie(undefined, 'x')).toBeUndefined();
  });

  it('are under a key that stays, and only a key of that form', async () => {
    const path = join(test.dataDir, 'keys', 'age-gate.key');
    const before = await readFile(path, 'utf8');
    await openGateCookies(path, true);
    expect(await readFile(path, 'utf8')).toBe(before);
    await writeFile(path, 'short');
    await expect(openGateCookies(path, true)).rejects.toMatchObject({ code: 'config_invalid' });
    await expect(openGateCookies(join(test.dataDir, 'none.key'), false)).rejects.toMatchObject({ code: 'config_invalid' });
  });
});
