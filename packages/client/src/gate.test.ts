import { createHash } from 'node:crypto';
import type { ServerResponse } from 'node:http';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { FakeBrowser, SITE } from '../test/browser.ts';
import { API_KEY, FakeGatehouse, RETURN_CODE, type Twist } from '../test/fake-gatehouse.ts';
import { createAgeGate, type AgeGate } from './gate.ts';
import { readAge, type AgeGateOptions, type GatehouseClientError } from './index.ts';

const SECRET = 'fedcba9876543210fedcba9876543210';
const fake = new FakeGatehouse();
let nowS = 0;
let faults: GatehouseClientError[] = [];

beforeAll(() => fake.listen());
afterAll(() => fake.close());
beforeEach(() => {
  fake.reset();
  nowS = Math.floor(Date.now() / 1000);
  faults = [];
});

function makeGate(changed: Partial<AgeGateOptions> = {}): AgeGate {
  return createAgeGate({
    gatehouseUrl: fake.url,
    apiKey: API_KEY,
    service: 'forum',
    siteUrl: SITE,
    threshold: 18,
    cookieSecret: SECRET,
    readTimeS: () => nowS,
    onFault: (fault) => faults.push(fault),
    ...changed,
  });
}

const returnUrl = (session = fake.last.id, code = RETURN_CODE): string => `${SITE}/age-check/return?age_session=${session}&age_return=${code}`;
const codeOf = async (reply: Response | undefined): Promise<unknown> => ((await reply?.json()) as { code?: unknown } | undefined)?.code;

/** The whole way, with the answer. */
async function walk(gate: AgeGate, answer: Record<string, unknown> = {}, browser = new FakeBrowser()): Promise<FakeBrowser> {
  await browser.begin(gate);
  fake.complete(fake.last, answer);
  await browser.send(gate.endpoints, returnUrl());
  return browser;
}

describe('a gate', () => {
  it('asks, remembers and lets through', async () => {
    const gate = makeGate({ methods: ['wallet'] });
    const browser = new FakeBrowser();
    const asked = await browser.send(gate.protect(), '/adults/a?b=1&c=%2F');
    expect([asked?.status, asked?.headers.get('cache-control'), asked?.headers.get('vary')]).toEqual([303, 'no-store', 'Cookie, Accept']);
    const checkUrl = asked?.headers.get('location') ?? '';
    expect(checkUrl).toMatch(/^https:\/\/forum\.example\/age-check\/start\?ask=[\w-]+$/);
    const started = await browser.send(gate.endpoints, checkUrl, { headers: { 'accept-language': 'cy-GB, en;q=0.5' } });
    expect([started?.status, started?.headers.get('location')]).toEqual([303, `${fake.url}/age/${fake.last.id}`]);
    expect(fake.last.input).toEqual({
      threshold: 18,
      direction: 'over',
      minGrade: 2,
      service: 'forum',
      locale: 'cy-GB',
      nonce: expect.stringMatching(/^[\w-]{22}$/),
      returnUrl: `${SITE}/age-check/return`,
      methods: ['wallet'],
    });
    expect(started?.headers.getSetCookie()).toEqual([
      expect.stringMatching(/^__Host-gatehouse_age_p_0{12}=[\w-]+; Max-Age=1[78]\d\d; Path=\/; HttpOnly; SameSite=Lax; Secure$/),
    ]);
    fake.complete(fake.last);
    const back = await browser.send(gate.endpoints, returnUrl());
    expect([back?.status, back?.headers.get('location'), back?.headers.get('referrer-policy')]).toEqual([303, `${SITE}/adults/a?b=1&c=%2F`, 'no-referrer']);
    expect(back?.headers.getSetCookie()).toEqual([
      '__Host-gatehouse_age_p_000000000000=; Max-Age=0; Path=/; HttpOnly; SameSite=Lax; Secure',
      expect.stringMatching(/^__Host-gatehouse_age_forum_over18=[\w-]+; Max-Age=3600; Path=\/; HttpOnly; SameSite=Lax; Secure$/),
    ]);
    const [request, native] = [browser.request('/adults/a'), {}];
    expect(await gate.protect()(request, native)).toBeUndefined();
    expect(readAge(native)).toEqual({ result: 'true', grade: 3, threshold: 18, direction: 'over' });
    expect(readAge(request)).toEqual(readAge(native));
    expect(fake.calls).toEqual(['POST /v1/age/sessions', `GET /v1/age/sessions/${fake.last.id}`, 'POST /v1/age/results/verify']);
    expect(faults).toEqual([]);
  });

  it('forgets after its time', async () => {
    const gate = makeGate({ passMinutes: 5 });
    const browser = await walk(gate);
    nowS += 299;
    expect(await browser.send(gate.protect(), '/adults')).toBeUndefined();
    nowS += 1;
    expect((await browser.send(gate.protect(), '/adults'))?.status).toBe(303);
  });

  it('answers programs with a problem and the address of the check', async () => {
    const gate = makeGate();
    for (const sending of [
      { headers: { accept: 'application/json' } },
      { headers: { accept: '*/*' } },
      { headers: { 'sec-fetch-mode': 'cors' } },
      { headers: { 'sec-fetch-mode': 'no-cors', 'sec-fetch-dest': 'image' } },
      { method: 'POST' },
      { method: 'OPTIONS' },
      { method: 'get' },
      { method: 'TRACE' },
      { method: 'POST', headers: { 'x-http-method-override': 'GET' } },
    ]) {
      const reply = await new FakeBrowser().send(gate.protect(), '/adults/api', sending);
      expect([reply?.status, reply?.headers.get('content-type'), reply?.headers.get('www-authenticate')], JSON.stringify(sending)).toEqual([
        401,
        'application/problem+json',
        'Age-Check realm="forum"',
      ]);
      expect(await reply?.json()).toMatchObject({
        status: 401,
        code: 'age_check_required',
        checkUrl: expect.stringMatching(/^https:\/\/forum\.example\/age-check\/start\?ask=/),
      });
    }
    expect((await new FakeBrowser().send(gate.protect(), '/adults', { method: 'HEAD' }))?.status).toBe(303);
    // After the check, to the page whose script asked; not to what the script asked for, nor to another site.
    for (const [referer, expected] of [
      [`${SITE}/list?page=2`, `${SITE}/list?page=2`],
      ['https://evil.example/list', `${SITE}/`],
      [`${SITE}.evil.example/list`, `${SITE}/`],
      [`${SITE}//evil.example`, `${SITE}/`],
      ['nonsense', `${SITE}/`],
    ] as const) {
      const browser = new FakeBrowser();
      const asked = (await (await browser.send(gate.protect(), '/api', { headers: { accept: '*/*', referer } }))?.json()) as { checkUrl: string };
      await browser.send(gate.endpoints, asked.checkUrl);
      fake.complete(fake.last);
      expect((await browser.send(gate.endpoints, returnUrl()))?.headers.get('location')).toBe(expected);
    }
  });

  it('refuses a no, or lets it through and says so', async () => {
    const gate = makeGate();
    const browser = await walk(gate, { result: 'false', grade: 0, method: 'declared_under' });
    const reply = await browser.send(gate.protect(), '/adults');
    expect([reply?.status, await reply?.text()]).toEqual([403, expect.stringContaining('The answer to the age check was no.')]);
    expect(await codeOf(await browser.send(gate.protect(), '/adults', { headers: { accept: '*/*' } }))).toBe('age_refused');
    const native = {};
    expect(await browser.send(gate.protect({ onNo: 'pass' }), '/adults', { native })).toBeUndefined();
    expect(readAge(native)).toEqual({ result: 'false', grade: 0, threshold: 18, direction: 'over' });
    expect(await gate.check(browser.request('/adults'))).toEqual({ kind: 'no', age: readAge(native) });
  });

  it('asks each question for itself, and again where a better grade is needed', async () => {
    const gate = makeGate();
    const browser = await walk(gate);
    expect(await browser.send(gate.protect(), '/')).toBeUndefined();
    expect(await browser.send(gate.protect({ threshold: 18, direction: 'over', minGrade: 3 }), '/')).toBeUndefined();
    for (const options of [{ threshold: 21 }, { threshold: 16 }, { direction: 'under' }, { minGrade: 4 }] as const)
      expect((await browser.send(gate.protect(options), '/'))?.status, JSON.stringify(options)).toBe(303);
    await browser.begin(gate, '/', gate.protect({ threshold: 13, direction: 'under', minGrade: 4 }));
    expect(fake.last.input).toMatchObject({ threshold: 13, direction: 'under', minGrade: 4 });
  });

  it('stands before paths, in every spelling, or before everything', async () => {
    const gate = makeGate();
    const protect = gate.protect({ under: ['/adults', '/members/only'] });
    for (const target of ['/', '/public', '/members']) expect(await new FakeBrowser().send(protect, target)).toBeUndefined();
    for (const target of ['/adults', '/ADULTS/x', '/%61dults/x', '//adults', '/x/..%2fadults', '/members//only', 'http://other.example/adults'])
      expect((await new FakeBrowser().send(protect, target))?.status, target).toBe(303);
    expect(readAge({})).toBeUndefined();
  });

  it('stands before its own addresses without closing them, and nothing else passes as one', async () => {
    const gate = makeGate();
    const protect = gate.protect();
    const browser = new FakeBrowser();
    const asked = await browser.send(protect, '/adults');
    const started = await browser.send(protect, asked?.headers.get('location') ?? '');
    expect(started?.headers.get('location')).toBe(`${fake.url}/age/${fake.last.id}`);
    fake.complete(fake.last);
    expect((await browser.send(protect, returnUrl()))?.headers.get('location')).toBe(`${SITE}/adults`);
    for (const target of [
      '/age-check',
      '/age-check/',
      '/age-check/start/',
      '/age-check/start/x',
      '/AGE-CHECK/start',
      '/adults/../age-check/start',
      '//age-check/start',
      '/age-check//start',
      '/age-check/%73tart',
      '/age-check/start;x',
      '/age-check%2fstart',
    ]) {
      const raw = { ...new FakeBrowser().request('/'), url: target };
      expect((await protect(raw))?.headers.get('location'), target).toMatch(/\/age-check\/start\?ask=/);
      expect(await gate.endpoints(raw)).toBeUndefined();
    }
  });

  it('begins and uses up nothing for HEAD, other methods and looking ahead', async () => {
    const gate = makeGate();
    const browser = new FakeBrowser();
    const checkUrl = (await browser.send(gate.protect(), '/adults'))?.headers.get('location') ?? '';
    for (const method of ['HEAD', 'POST', 'OPTIONS', 'PUT', 'DELETE', 'TRACE', 'get', ''])
      for (const target of [checkUrl, returnUrl('age_00000000000000000000000000')]) {
        const reply = await browser.send(gate.endpoints, target, { method });
        expect([reply?.status, reply?.headers.get('allow')], method).toEqual([405, 'GET']);
      }
    for (const headers of [{ 'sec-purpose': 'prefetch;prerender' }, { purpose: 'prefetch' }] as const)
      expect((await browser.send(gate.endpoints, checkUrl, { headers: { ...headers } }))?.status).toBe(503);
    expect(fake.calls).toEqual([]);
  });

  it('keeps few unfinished checks in a browser', async () => {
    const gate = makeGate();
    const browser = new FakeBrowser();
    for (let n = 0; n < 6; n++) await browser.begin(gate);
    expect([...browser.cookies.keys()]).toEqual(['__Host-gatehouse_age_p_000000000004', '__Host-gatehouse_age_p_000000000005']);
  });

  it('uses no prefix where there is no TLS, and only then', async () => {
    const gate = makeGate({ siteUrl: 'http://localhost:3000' });
    const browser = new FakeBrowser();
    const started = await browser.begin(gate);
    expect(started.headers.getSetCookie()).toEqual([expect.stringMatching(/^gatehouse_age_p_\w+=[\w-]+; Max-Age=\d+; Path=\/; HttpOnly; SameSite=Lax$/)]);
    const adult = await walk(makeGate());
    const [name, value] = adult.find('over18');
    const planted = new FakeBrowser();
    planted.cookies.set(name.replace('__Host-', ''), value);
    expect((await planted.send(makeGate().protect(), '/'))?.status).toBe(303);
  });

  it('opens what an older secret sealed', async () => {
    const browser = await walk(makeGate());
    expect(await browser.send(makeGate({ cookieSecret: ['0123456789abcdef0123456789abcdef', SECRET] }).protect(), '/')).toBeUndefined();
    expect((await browser.send(makeGate({ cookieSecret: '0123456789abcdef0123456789abcdef' }).protect(), '/'))?.status).toBe(303);
  });

  it('shows a plain page without script, whose style is the one that is allowed', async () => {
    const reply = await new FakeBrowser().send(makeGate().endpoints, '/age-check/start?ask=x"><script>');
    const [body, policy] = [(await reply?.text()) ?? '', reply?.headers.get('content-security-policy') ?? ''];
    expect(body).toMatch(/^<!doctype html><html lang="en"><head><meta charset="utf-8">.*<h1>This link cannot be used<\/h1>/);
    expect(body).not.toMatch(/<script|onload|src=|http-equiv/);
    const style = /<style>(.*)<\/style>/.exec(body)?.[1] ?? '';
    expect(policy).toContain(`'sha256-${createHash('sha256').update(style).digest('base64')}'`);
    expect(policy).toContain("default-src 'none'");
  });

  it('shows pages of the site, if it has some', async () => {
    const gate = makeGate({ renderPage: ({ kind, againUrl }) => `<p>${kind} ${againUrl}` });
    const browser = await walk(gate, { result: 'false' });
    expect(await (await browser.send(gate.protect(), '/'))?.text()).toBe(`<p>no ${SITE}/`);
    expect(await (await browser.send(gate.endpoints, '/age-check/start?ask=x'))?.text()).toBe(`<p>bad_link ${SITE}/`);
  });
});

describe('a hostile client', () => {
  it('gets nothing for a cookie that is none, is changed, or was made for something else', async () => {
    const gate = makeGate();
    const adult = await walk(gate);
    const [name, value] = adult.find('over18');
    const asked = await adult.send(gate.protect({ threshold: 21 }), '/');
    const ask = new URL(asked?.headers.get('location') ?? '').searchParams.get('ask') ?? '';
    await adult.begin(gate, '/', gate.protect({ threshold: 21 }));
    const pending = adult.find('_p_')[1];
    const sixteen = (await walkFor(gate, { threshold: 16 })).find('over16')[1];
    const under = (await walkFor(gate, { direction: 'under' })).find('under18')[1];
    const shop = (await walk(makeGate({ service: 'shop' }))).find('shop_over18')[1];
    const elsewhere = (await walk(makeGate({ siteUrl: 'https://other.example' }))).find('over18')[1];
    const forger = (await walk(makeGate({ cookieSecret: '0123456789abcdef0123456789abcdef' }))).find('over18')[1];
    const claims = JSON.stringify({ threshold: 18, direction: 'over', result: 'true', grade: 4, expiresS: nowS + 3600 });
    const forged = [
      '',
      'true',
      '1',
      claims,
      btoa(claims),
      Buffer.from(claims).toString('base64url'),
      `${value}A`,
      `A${value}`,
      value.slice(1),
      value.slice(0, -1),
      `${value}=`,
      `"${value}"`,
      encodeURIComponent(`${value} `),
    ];
    for (const cookie of [...forged, ask, pending, sixteen, under, shop, elsewhere, forger]) {
      const other = new FakeBrowser();
      other.cookies.set(name, cookie);
      expect((await other.send(gate.protect(), '/adults'))?.status, cookie).toBe(303);
    }
    expect(await adult.send(gate.protect(), '/adults')).toBeUndefined();
  });

  async function walkFor(gate: AgeGate, policy: { threshold?: number; direction?: 'under' }): Promise<FakeBrowser> {
    const browser = new FakeBrowser();
    await browser.begin(gate, '/', gate.protect(policy));
    fake.complete(fake.last);
    await browser.send(gate.endpoints, returnUrl());
    return browser;
  }

  it('gets nothing for an easier question under the name of the harder one', async () => {
    const gate = makeGate();
    const browser = new FakeBrowser();
    await browser.begin(gate, '/', gate.protect({ threshold: 1, minGrade: 0 }));
    fake.complete(fake.last, { grade: 0 });
    await browser.send(gate.endpoints, returnUrl());
    browser.cookies.set('__Host-gatehouse_age_forum_over18', browser.find('over1')[1]);
    expect((await browser.send(gate.protect(), '/'))?.status).toBe(303);
    // The same question with a lower grade gives a cookie, and not enough of one.
    await browser.begin(gate, '/', gate.protect({ minGrade: 0 }));
    fake.complete(fake.last, { grade: 1 });
    await browser.send(gate.endpoints, returnUrl());
    expect(await browser.send(gate.protect({ minGrade: 1 }), '/')).toBeUndefined();
    expect((await browser.send(gate.protect(), '/'))?.status).toBe(303);
  });

  it('cannot begin a check with a link of its own making', async () => {
    const gate = makeGate();
    const pass = (await walk(gate)).find('over18')[1];
    const calls = fake.calls.length;
    for (const query of ['', '?', '?ask=', '?ask=x', '?over=1&to=//evil.example', `?ask=${pass}`, '?ask[]=x', `?ask=${'A'.repeat(5000)}`]) {
      const reply = await new FakeBrowser().send(gate.endpoints, `/age-check/start${query}`);
      expect([reply?.status, reply?.headers.getSetCookie()], query).toEqual([400, []]);
    }
    expect(fake.calls).toHaveLength(calls);
  });

  it('gets nothing for a code of another browser, a replay, or no code', async () => {
    const gate = makeGate();
    const [adult, child] = [new FakeBrowser(), new FakeBrowser()];
    await adult.begin(gate);
    const session = fake.last;
    const pending = adult.find('_p_');
    fake.complete(session);
    await child.begin(gate);
    const own = fake.last;
    for (const [target, status] of [
      [returnUrl(session.id), 409],
      [returnUrl(own.id), 403],
      [`${SITE}/age-check/return`, 400],
      [`${SITE}/age-check/return?age_session=${session.id}`, 400],
      [`${SITE}/age-check/return?age_session=x&age_return=${RETURN_CODE}`, 400],
      [`${SITE}/age-check/return?age_session=${session.id}/../x&age_return=${RETURN_CODE}`, 400],
      [`${SITE}/age-check/return?age_session=${session.id}&age_session=${own.id}&age_return=${RETURN_CODE}`, 409],
    ] as const)
      expect((await child.send(gate.endpoints, target))?.status, target).toBe(status);
    // The cookie of its own check under the name of the other one.
    await child.begin(gate);
    child.cookies.set(pending[0], child.find('_p_')[1]);
    expect((await child.send(gate.endpoints, returnUrl(session.id)))?.status).toBe(409);
    // Not come back in the browser that was asked, says Gatehouse.
    expect((await adult.send(gate.endpoints, returnUrl(session.id, 'f'.repeat(64))))?.status).toBe(409);
    expect(session.isUsed).toBe(false);
    adult.cookies.set(...pending);
    expect((await adult.send(gate.endpoints, returnUrl(session.id)))?.status).toBe(303);
    // Everything that the adult had, once more.
    child.cookies.set(...pending);
    expect((await child.send(gate.endpoints, returnUrl(session.id)))?.status).toBe(410);
    expect((await child.send(gate.protect(), '/adults'))?.status).toBe(303);
  });

  it('cannot keep a check for later', async () => {
    const gate = makeGate();
    const browser = new FakeBrowser();
    await browser.begin(gate);
    fake.complete(fake.last, { exp: nowS + 100_000 });
    nowS += 2 * 3600;
    expect((await browser.send(gate.endpoints, returnUrl()))?.status).toBe(409);
  });

  it('cannot take over what was bound to another account', async () => {
    const gate = createAgeGate<{ user?: string }>({
      gatehouseUrl: fake.url,
      apiKey: API_KEY,
      service: 'forum',
      siteUrl: SITE,
      threshold: 18,
      cookieSecret: SECRET,
      bindTo: async (_request, native) => native.user,
    });
    const protect = gate.protect();
    const [adult, child] = [new FakeBrowser(), new FakeBrowser()];
    const send = (browser: FakeBrowser, target: string, user?: string): Promise<Response | undefined> =>
      browser.send((request, native) => (target.includes('/age-check/') ? gate.endpoints : protect)(request, native as { user?: string }), target, {
        native: user === undefined ? {} : { user },
      });
    const asked = await send(adult, '/adults', 'ann');
    await send(adult, asked?.headers.get('location') ?? '', 'ann');
    const pending = adult.find('_p_');
    fake.complete(fake.last);
    // The check of one account does not end in another.
    child.cookies.set(...pending);
    expect((await send(child, returnUrl(), 'bob'))?.status).toBe(409);
    expect((await send(adult, returnUrl(), 'ann'))?.status).toBe(303);
    expect(await send(adult, '/adults', 'ann')).toBeUndefined();
    child.cookies.set(...adult.find('over18'));
    for (const user of ['bob', 'Ann', 'ann ', 'null']) expect((await send(child, '/adults', user))?.status, user).toBe(303);
    for (const user of [undefined, '']) expect((await send(child, '/adults', user))?.status).toBe(401);
    expect((await send(child, '/age-check/start', undefined))?.status).toBe(401);
    // Nor is a cookie without an account worth anything where one is asked for, and the other way round.
    const loose = await walk(makeGate());
    expect((await send(loose, '/adults', 'ann'))?.status).toBe(303);
    expect((await adult.send(makeGate().protect(), '/adults'))?.status).toBe(303);
    expect(adult.find('over18')[1]).not.toContain('ann');
  });

  it('gets nothing when the account cannot be told', async () => {
    const gate = makeGate({
      bindTo: () => {
        throw new Error('the session store is away');
      },
    });
    await expect(gate.protect()(new FakeBrowser().request('/adults'))).rejects.toThrow('the session store is away');
    const wrong = makeGate({ bindTo: (() => 5) as unknown as () => string });
    expect((await wrong.protect()(new FakeBrowser().request('/adults')))?.status).toBe(401);
  });
});

describe('a hostile or broken Gatehouse', () => {
  /** What the browser sees at the start. */
  async function start(twist: Twist, changed: Partial<AgeGateOptions> = {}): Promise<Response> {
    fake.twists = { open: twist };
    return new FakeBrowser().begin(makeGate({ timeoutMs: patienceFor(twist), ...changed }));
  }

  const hang: Twist = () => 'handled';
  /** Only for those who never answer it is worth giving up early. */
  const patienceFor = (twist: Twist): number => (twist === hang || twist === drip ? 300 : 30_000);
  const drip: Twist = (_answer, response) => {
    response.writeHead(201, { 'content-type': 'application/json' });
    response.write('{"id":');
    return 'handled';
  };
  const flood: Twist = (_answer, response) => {
    response.writeHead(201, { 'content-type': 'application/json' });
    const more = (): void => {
      while (!response.destroyed && response.write('x'.repeat(16_384)));
    };
    response.on('drain', more);
    more();
    return 'handled';
  };
  const redirect: Twist = (_answer, response) => {
    response.writeHead(307, { location: `${fake.url}/v1/age/sessions?elsewhere` });
    response.end();
    return 'handled';
  };
  const cut: Twist = (_answer, response) => {
    response.destroy();
    return 'handled';
  };
  const asOk: Twist = ({ body }) => ({ status: 200, body });
  const say =
    (status: number, body: unknown): Twist =>
    () => ({ status, body });
  const change =
    (changed: Record<string, unknown>): Twist =>
    ({ status, body }) => ({ status, body: { ...body, ...changed } });

  it.each([
    ['says nothing', hang, 'gatehouse_away'],
    ['stops in the middle', drip, 'gatehouse_away'],
    ['hangs up', cut, 'gatehouse_away'],
    ['never ends', flood, 'gatehouse_answer'],
    ['redirects', redirect, 'gatehouse_away'],
    ['fails', say(500, { code: 'internal' }), 'gatehouse_away'],
    ['is busy', say(429, { code: 'rate_limited' }), 'gatehouse_away'],
    ['does not know the key', say(401, { code: 'unauthenticated' }), 'gatehouse_refused'],
    ['does not know the origin', say(400, { code: 'invalid_request' }), 'gatehouse_refused'],
    ['says no JSON', say(201, '<html>'), 'gatehouse_answer'],
    ['says an array', say(201, []), 'gatehouse_answer'],
    ['says null', say(201, null), 'gatehouse_answer'],
    ['says 200', asOk, 'gatehouse_answer'],
    ['sends people elsewhere', change({ url: 'https://evil.example/age/age_00000000000000000000000000' }), 'gatehouse_answer'],
    ['sends people to a script', change({ url: 'javascript:alert(1)' }), 'gatehouse_answer'],
    ['sends people to another page of its own', change({ url: 'http://127.0.0.1/console' }), 'gatehouse_answer'],
    ['names no session', change({ id: '../../x' }), 'gatehouse_answer'],
    ['names a header as the token', change({ clientToken: 'x\r\ny: z12345' }), 'gatehouse_answer'],
    ['knows no end', change({ expiresAt: 'soon' }), 'gatehouse_answer'],
  ] as const)('that %s: 503, no cookie', async (_name, twist, code) => {
    const reply = await start(twist);
    expect([reply.status, reply.headers.get('retry-after'), reply.headers.getSetCookie()]).toEqual([503, '5', []]);
    expect(await reply.text()).toContain('The age check is not available');
    expect(faults.map((fault) => fault.code)).toEqual([code]);
    // What it said stays out of pages and logs, and so does the key.
    expect(String(faults[0]) + String(faults[0]?.stack)).not.toMatch(/evil|gh_test/);
    // The key did not travel on.
    expect(fake.calls).toEqual(['POST /v1/age/sessions']);
  });

  it('that is not there: 503, and who has answered goes on', async () => {
    const browser = await walk(makeGate());
    const gate = makeGate({ gatehouseUrl: 'http://127.0.0.1:9' });
    expect((await new FakeBrowser().begin(gate)).status).toBe(503);
    expect((await new FakeBrowser().send(gate.protect(), '/adults'))?.status).toBe(303);
    expect(await browser.send(gate.protect(), '/adults')).toBeUndefined();
  });

  it('is found at one address and seen at another', async () => {
    const reply = await start(({ status, body }) => ({ status, body: { ...body, url: `https://age.example/base/age/${String(body['id'])}` } }), {
      publicUrl: 'https://age.example/base/',
    });
    expect(reply.headers.get('location')).toBe('https://age.example/base/age/age_00000000000000000000000000');
  });

  it.each([
    ['read', 'says nothing', hang, 503],
    ['read', 'fails', say(500, {}), 503],
    ['read', 'knows no session', say(404, {}), 403],
    ['read', 'forgot the session', say(410, {}), 403],
    ['read', 'shows another session', change({ id: `age_${'9'.repeat(26)}` }), 403],
    ['read', 'shows an open session', change({ state: 'open' }), 403],
    ['read', 'has no result', change({ result: undefined }), 403],
    ['read', 'has a result that is none', change({ result: { true: true } }), 403],
    ['read', 'has a huge result', change({ result: `a.${'b'.repeat(5000)}.c` }), 403],
    ['verify', 'says nothing', hang, 503],
    ['verify', 'never ends', flood, 503],
    ['verify', 'fails', say(503, {}), 503],
    ['verify', 'says that it is not valid', say(200, { valid: false, reason: 'voided' }), 403],
    ['verify', 'says that it is not valid, with claims', change({ valid: false }), 403],
    ['verify', 'says valid as a word', change({ valid: 'true' }), 503],
    ['verify', 'says valid without claims', say(200, { valid: true }), 503],
    ['verify', 'says valid of another service', claim({ aud: 'shop' }), 503],
    ['verify', 'says valid of another session', claim({ sid: `age_${'9'.repeat(26)}` }), 503],
    ['verify', 'says valid of another check of ours', claim({ nonce: 'another-nonce' }), 503],
    ['verify', 'says valid without the nonce', claim({ nonce: undefined }), 503],
    ['verify', 'says valid of another age', claim({ over: 16 }), 503],
    ['verify', 'says valid of the other direction', claim({ over: undefined, under: 18 }), 503],
    ['verify', 'says valid of both directions', claim({ under: 18 }), 503],
    ['verify', 'says yes as a boolean', claim({ result: true }), 503],
    ['verify', 'says maybe', claim({ result: 'maybe' }), 503],
    ['verify', 'is not sure', claim({ result: 'inconclusive' }), 403],
    ['verify', 'says yes with too low a grade', claim({ grade: 1 }), 403],
    ['verify', 'says yes with a grade that is none', claim({ grade: 9 }), 503],
    ['verify', 'says yes of long ago', claim({ exp: 1000 }), 503],
  ] as const)('that at "%s" %s: nobody comes in', async (step, _name, twist, status) => {
    const gate = makeGate({ timeoutMs: patienceFor(twist) });
    const browser = new FakeBrowser();
    await browser.begin(gate);
    fake.complete(fake.last);
    fake.twists = { [step]: twist };
    const reply = await browser.send(gate.endpoints, returnUrl());
    expect(reply?.status).toBe(status);
    expect(reply?.headers.getSetCookie().filter((cookie) => cookie.includes('over18'))).toEqual([]);
    expect((await browser.send(gate.protect(), '/adults'))?.status).toBe(303);
    // "Not available" can be tried again, with the same code.
    if (status !== 503 || step !== 'read') return;
    fake.twists = {};
    expect((await browser.send(gate.endpoints, returnUrl()))?.status).toBe(303);
    expect(await browser.send(gate.protect(), '/adults')).toBeUndefined();
  });

  function claim(changed: Record<string, unknown>): Twist {
    return ({ status, body }) => ({ status, body: { ...body, claims: { ...(body['claims'] as object), ...changed } } });
  }

  it('is not called by more than some at once', async () => {
    const held: ServerResponse[] = [];
    fake.twists = {
      open: (_answer, response) => {
        held.push(response);
        return 'handled';
      },
    };
    const gate = makeGate({ timeoutMs: 30_000 });
    const begun = Array.from({ length: 80 }, () => new FakeBrowser().begin(gate));
    await expect.poll(() => [held.length, faults.filter(({ code }) => code === 'too_busy').length], { timeout: 20_000 }).toEqual([64, 16]);
    for (const response of held) response.destroy();
    const replies = await Promise.all(begun);
    expect(replies.every(({ status }) => status === 503)).toBe(true);
    expect(fake.calls).toHaveLength(64);
    fake.twists = {};
    expect((await new FakeBrowser().begin(gate)).status).toBe(303);
  });
});
