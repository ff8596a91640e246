/** The whole way over HTTP: a service, a browser, a wallet, each with what it knows and no more. */
import { request, type IncomingMessage } from 'node:http';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { createAgeDatabase, RETURN_URL, startAge, type TestAge } from '../../test/support/age.ts';
import type { TestDatabase } from '../../test/support/database.ts';
import { FORM, startTestServer, type TestReply, type TestServer } from '../../test/support/http.ts';
import type { Principal, Right } from '../platform/http/rights.ts';
import { ageDomain, verifyAgeResultOffline } from './index.ts';
import { CLIENT_TOKEN_HEADER } from './sessions/routes.ts';

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
  server = await startTestServer({ routes, clock: test.clock, authenticator: { authenticate: async ({ authorization }) => toPrincipal(authorization) } });
});
afterEach(async () => {
  await test.dispose();
  await server.close();
});

/** `Bearer age:ask` has that right, and a session cookie would have none. */
function toPrincipal(authorization: string | undefined): Principal | undefined {
  const right = authorization?.slice('Bearer '.length);
  return right === undefined ? undefined : { kind: 'key', id: right, name: right, rights: new Set([right as Right]) };
}

const KEY = { authorization: 'Bearer age:ask' };
const JSON_TYPE = { 'content-type': 'application/json' };

interface Opened {
  readonly id: string;
  readonly url: string;
  readonly clientToken: string;
}

async function open(change: object = {}): Promise<Opened> {
  const body = JSON.stringify({ threshold: 18, service: 'forum', returnUrl: RETURN_URL, nonce: 'my-session-1', ...change });
  const reply = await server.send('POST', '/v1/age/sessions', { headers: { ...KEY, ...JSON_TYPE }, body });
  expect(reply.status).toBe(201);
  return reply.json as Opened;
}

const asService = ({ clientToken }: Opened): Record<string, string> => ({ ...KEY, [CLIENT_TOKEN_HEADER]: clientToken });
const pathOf = (url: string): string => url.slice('http://127.0.0.1:8080'.length);
const cookiesOf = (reply: TestReply): string =>
  [reply.headers['set-cookie'] ?? []]
    .flat()
    .filter((cookie) => cookie.includes('Path=/age;'))
    .map((cookie) => cookie.split(';')[0])
    .join('; ');

/** A browser with its cookies. */
async function enter({ url }: Opened): Promise<Record<string, string>> {
  const page = await server.send('GET', pathOf(url));
  expect(page.status).toBe(200);
  return { cookie: cookiesOf(page), 'sec-fetch-site': 'same-origin' };
}

/** The links of the page lead a wallet to the request. */
async function press(opened: Opened, browser: Record<string, string>): Promise<{ readonly rid: string }> {
  const page = await server.send('POST', `/age/${opened.id}/wallet`, { headers: { ...browser, ...FORM }, body: 'channel=redirect' });
  return { rid: /request\/([0-9a-f]{40})/.exec(page.text)?.[1] ?? '' };
}

async function answer(rid: string, change: object = {}): Promise<TestReply> {
  const signed = await server.send('GET', `/age/wallet/request/${rid}`);
  const { memory } = JSON.parse(signed.text) as { memory: string };
  const { nonce, origin } = JSON.parse(memory) as { nonce: string; origin: string };
  const body = new URLSearchParams({ vp_token: JSON.stringify({ nonce, origin, answer: 'true', ...change }) });
  return server.send('POST', `/age/wallet/response/${rid}`, { headers: FORM, body: body.toString() });
}

describe('the whole way', () => {
  it('with a wallet on the same device', async () => {
    const opened = await open();
    const browser = await enter(opened);
    const { rid } = await press(opened, browser);
    const taken = await answer(rid);
    expect(taken.status).toBe(200);
    const back = await server.send('GET', pathOf((taken.json as { redirect_uri: string }).redirect_uri), { headers: browser });
    expect([back.status, back.headers['location']]).toEqual([303, `/age/${opened.id}`]);
    const end = await server.send('GET', pathOf(opened.url), { headers: browser });
    expect(end.text).toContain('Continue to The Forum');
    const home = await server.send('GET', `/age/${opened.id}/return`, { headers: browser });
    const address = new URL(String(home.headers['location']));
    expect([home.status, address.origin]).toEqual([303, 'https://forum.example']);
    const view = (await server.send('GET', `/v1/age/sessions/${opened.id}`, { headers: asService(opened) })).json as { state: string; result: string };
    expect(view.state).toBe('completed');
    const check = { result: view.result, service: 'forum', session: opened.id, nonce: 'my-session-1', returnCode: address.searchParams.get('age_return') };
    const verify = (): Promise<TestReply> => server.send('POST', '/v1/age/results/verify', { headers: { ...KEY, ...JSON_TYPE }, body: JSON.stringify(check) });
    expect((await verify()).json).toMatchObject({ valid: true, claims: { over: 18, result: 'true', grade: 3 } });
    expect((await verify()).json).toEqual({ valid: false, reason: 'used' });
    const jwks = (await server.send('GET', '/.well-known/gatehouse-age.json')).json as Parameters<typeof verifyAgeResultOffline>[1];
    expect(await verifyAgeResultOffline(view.result, jwks, { now: test.clock.now(), audience: 'forum' })).toMatchObject({ valid: true });
  });

  it('by the word of the person that they are too young', async () => {
    const opened = await open();
    const browser = await enter(opened);
    expect((await server.send('POST', `/age/${opened.id}/under`, { headers: { ...browser, ...FORM }, body: '' })).status).toBe(303);
    const { result } = (await server.send('GET', `/v1/age/sessions/${opened.id}`, { headers: asService(opened) })).json as { result: string };
    expect(JSON.parse(Buffer.from(result.split('.')[1] ?? '', 'base64url').toString())).toMatchObject({ result: 'false', grade: 0, method: 'declared_under' });
  });
});

describe('credentials', () => {
  it('a session is read with key and token, neither alone', async () => {
    const opened = await open();
    const path = `/v1/age/sessions/${opened.id}`;
    for (const target of [path, `${path}/events`]) {
      expect((await server.send('GET', target, { headers: { [CLIENT_TOKEN_HEADER]: opened.clientToken } })).status).toBe(401);
      expect((await server.send('GET', target, { headers: KEY })).status).toBe(404);
      expect((await server.send('GET', target, { headers: { ...asService(opened), authorization: 'Bearer scan' } })).status).toBe(403);
    }
    expect((await server.send('DELETE', path, { headers: KEY })).status).toBe(404);
    expect((await server.send('DELETE', path, { headers: asService(opened) })).status).toBe(204);
  });

  it('a second browser is told so, and can do nothing', async () => {
    const opened = await open();
    await enter(opened);
    const page = await server.send('GET', pathOf(opened.url));
    expect([page.status, page.text]).toEqual([409, expect.stringContaining('age_other_browser')]);
    expect(page.headers['set-cookie']).toBeUndefined();
    for (const [method, path, body] of [
      ['POST', 'wallet', 'channel=qr'],
      ['POST', 'under', ''],
      ['POST', 'dc/request', ''],
      ['GET', 'state', ''],
      ['GET', 'events', ''],
      ['GET', 'return', ''],
    ] as const)
      expect([path, (await server.send(method, `/age/${opened.id}/${path}`, { headers: FORM, body })).status]).toEqual([path, 404]);
  });

  it('a wallet that comes back in another browser is told so', async () => {
    const opened = await open();
    const { rid } = await press(opened, await enter(opened));
    const { redirect_uri: back } = (await answer(rid)).json as { redirect_uri: string };
    expect((await server.send('GET', pathOf(back))).status).toBe(409);
    expect(((await server.send('GET', `/v1/age/sessions/${opened.id}`, { headers: asService(opened) })).json as { state: string }).state).toBe('open');
  });

  it('a check that ended before anybody came is over', async () => {
    const opened = await open();
    await server.send('DELETE', `/v1/age/sessions/${opened.id}`, { headers: asService(opened) });
    expect((await server.send('GET', pathOf(opened.url))).status).toBe(410);
  });

  it('a look ahead and a HEAD bind nobody', async () => {
    const opened = await open();
    expect((await server.send('GET', pathOf(opened.url), { headers: { 'sec-purpose': 'prefetch' } })).status).toBe(409);
    expect((await server.send('HEAD', pathOf(opened.url))).headers['set-cookie']).toBeUndefined();
    await enter(opened);
  });

  it('another site’s page can send no form and no request', async () => {
    const opened = await open();
    const browser = await enter(opened);
    for (const path of ['wallet', 'under', 'dc/request'])
      expect(
        (await server.send('POST', `/age/${opened.id}/${path}`, { headers: { ...browser, ...FORM, 'sec-fetch-site': 'cross-site' }, body: 'channel=qr' }))
          .status,
      ).toBe(403);
  });
});

describe('a wallet’s answer', () => {
  it.each([
    ['no form', JSON_TYPE, '{}', 415],
    ['an empty form', FORM, '', 400],
    ['two kinds of answer', FORM, 'vp_token=a&response=b', 400],
    ['a field twice', FORM, 'vp_token=a&vp_token=b', 400],
    ['too much', FORM, `vp_token=${'a'.repeat(70_000)}`, 413],
  ])('that is %s uses nothing up', async (_name, headers, body, status) => {
    const opened = await open();
    const { rid } = await press(opened, await enter(opened));
    expect((await server.send('POST', `/age/wallet/response/${rid}`, { headers, body })).status).toBe(status);
    expect((await answer(rid)).status).toBe(200);
  });

  it('that is refused says nothing of the reason', async () => {
    const opened = await open();
    const { rid } = await press(opened, await enter(opened));
    const reply = await answer(rid, { nonce: 'nonce-0' });
    expect([reply.status, reply.text.includes('nonce')]).toEqual([422, false]);
    expect((await server.send('POST', `/age/wallet/response/${rid}`, { headers: FORM, body: 'vp_token=a' })).status).toBe(410);
  });

  it('to an unknown request is gone', async () => {
    expect((await server.send('POST', `/age/wallet/response/${'0'.repeat(40)}`, { headers: FORM, body: 'error=access_denied' })).status).toBe(410);
    expect((await server.send('GET', '/age/wallet/request/short')).status).toBe(400);
  });

  it('may ask with a nonce of its own', async () => {
    const opened = await open();
    const { rid } = await press(opened, await enter(opened));
    const reply = await server.send('POST', `/age/wallet/request/${rid}`, { headers: FORM, body: 'wallet_nonce=abc' });
    expect([reply.status, reply.headers['content-type'], JSON.parse(reply.text)]).toEqual([
      200,
      'application/oauth-authz-req+jwt',
      { memory: expect.any(String), walletNonce: 'abc' },
    ]);
  });
});

describe('the Digital Credentials API', () => {
  it('binds the answer to the origin of the page', async () => {
    const opened = await open();
    const browser = { ...(await enter(opened)), origin: `http://${server.host}` };
    const asked = (await server.send('POST', `/age/${opened.id}/dc/request`, { headers: browser })).json as {
      request: string;
      requests: { data: { nonce: string } }[];
    };
    const body = { request: asked.request, protocol: 'org-iso-mdoc', data: { ...asked.requests[0]?.data, origin: browser.origin, answer: 'true' } };
    const reply = await server.send('POST', `/age/${opened.id}/dc/response`, { headers: { ...browser, ...JSON_TYPE }, body: JSON.stringify(body) });
    expect([reply.status, reply.json]).toEqual([200, { status: 'completed' }]);
  });
});

describe('events', () => {
  /** Reads a stream until `isEnough`, or its end. */
  async function listen(
    path: string,
    headers: Record<string, string>,
    isEnough: (text: string) => boolean = () => false,
  ): Promise<{ status: number; text: string; hasEnded: boolean }> {
    return new Promise((resolve, reject) => {
      const outgoing = request({ host: '127.0.0.1', port: server.port, path, headers }, (incoming: IncomingMessage) => {
        let text = '';
        const finish = (hasEnded: boolean): void => {
          resolve({ status: incoming.statusCode ?? 0, text, hasEnded });
          outgoing.destroy();
        };
        incoming.setEncoding('utf8').on('data', (chunk: string) => {
          text += chunk;
          if (isEnough(text)) finish(false);
        });
        incoming.on('end', () => finish(true)).on('error', reject);
      });
      outgoing.on('error', reject).end();
    });
  }

  it('begin with the state, tell of every change and end with the session', async () => {
    const opened = await open();
    const stream = listen(`/v1/age/sessions/${opened.id}/events`, asService(opened));
    await test.age.sessions.note(opened.id, 'refused');
    await test.age.sessions.complete(opened.id, { result: 'true', grade: 3, method: 'wallet', kind: 'verified', generation: 1 });
    const { status, text, hasEnded } = await stream;
    expect([status, hasEnded]).toEqual([200, true]);
    const events = [...text.matchAll(/id: (\d+)\nevent: state\ndata: (.+)\n\n/g)].map(([, version, data]) => [
      Number(version),
      (JSON.parse(data ?? '') as { state: string }).state,
    ]);
    expect(events.at(-1)).toEqual([3, 'completed']);
    expect(text.startsWith('retry: 2000\n\n')).toBe(true);
  });

  it('are resumed after the last one that was seen, with a heartbeat meanwhile', async () => {
    const opened = await open();
    const heard = listen(`/v1/age/sessions/${opened.id}/events`, { ...asService(opened), 'last-event-id': '1' }, (text) => text.includes('still here'));
    const tick = setInterval(() => test.clock.advance(5_000), 20);
    const { text } = await heard;
    clearInterval(tick);
    expect(text).toBe('retry: 2000\n\n: still here\n\n');
  });

  it('end after five minutes, and when the server stops', async () => {
    const opened = await open();
    const long = listen(`/v1/age/sessions/${opened.id}/events`, asService(opened));
    const tick = setInterval(() => test.clock.advance(10_000), 10);
    expect((await long).hasEnded).toBe(true);
    clearInterval(tick);
    const other = await open();
    const stopped = listen(`/v1/age/sessions/${other.id}/events`, asService(other));
    await test.dispose();
    expect((await stopped).hasEnded).toBe(true);
  });

  it('are four at once for a session, and free again afterwards', async () => {
    const opened = await open();
    const path = `/v1/age/sessions/${opened.id}/events`;
    const streams: Promise<unknown>[] = [];
    for (let n = 0; n < 4; n++) {
      await new Promise<void>((begun) => {
        const hear = (): boolean => {
          begun();
          return false;
        };
        streams.push(listen(path, asService(opened), hear));
      });
    }
    expect((await listen(path, asService(opened))).status).toBe(503);
    await test.age.sessions.cancel(opened.id, opened.clientToken);
    await Promise.all(streams);
    expect((await listen(path, asService(opened))).status).toBe(200);
  });

  it('are for the browser, too, without the result', async () => {
    const opened = await open();
    const browser = await enter(opened);
    const stream = listen(`/age/${opened.id}/events`, browser);
    await test.age.sessions.complete(opened.id, { result: 'true', grade: 3, method: 'wallet', kind: 'verified', generation: 1 });
    const { text, hasEnded } = await stream;
    expect([hasEnded, text.includes('"state":"completed"'), text.includes('result')]).toEqual([true, true, false]);
  });
});

describe('services', () => {
  it.each(['http://shop.example', 'javascript:alert(1)', 'null', 'ftp://shop.example', 'shop.example'])('cannot have people sent to %s', async (origin) => {
    const body = JSON.stringify({ id: 'shop', name: 'Shop', returnOrigins: [origin] });
    expect((await server.send('POST', '/v1/age/services', { headers: { authorization: 'Bearer age:manage', ...JSON_TYPE }, body })).status).toBe(400);
  });

  it.each([
    ['underUrl', 'https://evil.example/young', 400],
    ['underUrl', 'https://shop.example.evil.example/', 400],
    ['underUrl', 'https://user:secret@shop.example/', 400],
    ['underUrl', 'javascript:alert(1)', 400],
    ['underUrl', 'https://shop.example/young', 200],
    ['helpUrl', 'http://help.example/', 400],
    ['helpUrl', 'javascript:alert(1)', 400],
    ['helpUrl', 'https://help.example/', 200],
    ['helpUrl', 'mailto:help@shop.example', 200],
  ])('with %s %s', async (name, url, status) => {
    const body = JSON.stringify({ id: 'shop', name: 'Shop', returnOrigins: ['https://shop.example'], [name]: url });
    const reply = await server.send('POST', '/v1/age/services', { headers: { authorization: 'Bearer age:manage', ...JSON_TYPE }, body });
    expect(reply.status).toBe(status);
    if (status === 200) expect(reply.json).toMatchObject({ [name]: url });
    await test.age.services.remove('shop').catch(() => undefined);
  });

  it('are registered, listed and removed with the right age:manage', async () => {
    const manage = { authorization: 'Bearer age:manage', ...JSON_TYPE };
    const body = JSON.stringify({ id: 'shop', name: 'Shop', returnOrigins: ['https://shop.example/path?x', 'https://shop.example'] });
    expect((await server.send('POST', '/v1/age/services', { headers: { ...KEY, ...JSON_TYPE }, body })).status).toBe(403);
    expect((await server.send('POST', '/v1/age/services', { headers: manage, body })).json).toMatchObject({
      id: 'shop',
      returnOrigins: ['https://shop.example'],
    });
    const opened = await open({ service: 'shop', returnUrl: 'https://shop.example/' });
    expect(((await server.send('GET', '/v1/age/services', { headers: manage })).json as { services: { id: string }[] }).services.map(({ id }) => id)).toEqual([
      'forum',
      'shop',
    ]);
    expect((await server.send('DELETE', '/v1/age/services/shop', { headers: manage })).status).toBe(204);
    expect((await server.send('DELETE', '/v1/age/services/shop', { headers: manage })).status).toBe(404);
    expect((await server.send('GET', `/v1/age/sessions/${opened.id}`, { headers: asService(opened) })).status).toBe(404);
  });
});
