import { createServer, request as httpRequest, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { text } from 'node:stream/consumers';
import express from 'express';
import fastify from 'fastify';
import { Hono } from 'hono';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { FakeBrowser, SITE } from '../../test/browser.ts';
import { API_KEY, FakeGatehouse, RETURN_CODE } from '../../test/fake-gatehouse.ts';
import { whole } from '../../test/stub.ts';
import { createAgeGate, readAge, toExpress, toFastify, toHono, toNext, type AgeGate, type AgeGateOptions } from '../index.ts';

const fake = new FakeGatehouse();
beforeAll(() => fake.listen());
afterAll(() => fake.close());

const servers: Server[] = [];
afterEach(() => {
  for (const server of servers.splice(0)) {
    server.closeAllConnections();
    server.close();
  }
});

function makeGate(changed: Partial<AgeGateOptions> = {}): AgeGate {
  return createAgeGate({
    gatehouseUrl: fake.url,
    apiKey: API_KEY,
    service: 'forum',
    siteUrl: SITE,
    threshold: 18,
    cookieSecret: 'fedcba9876543210fedcba9876543210',
    ...changed,
  });
}

/** Each site sets headers of its own before the gate, and serves `content` behind it. */
const sites: Record<string, (gate: AgeGate, server: Server) => Promise<unknown> | undefined> = {
  express(gate, server) {
    const site = express();
    site.use((_request, response, next) => {
      response.set({ 'set-cookie': 'own=1', vary: 'Origin' });
      next();
    });
    site.use(toExpress(gate.endpoints), toExpress(gate.protect()), (request, response) => void response.send(`content ${readAge(request)?.grade}`));
    server.on('request', site);
    return undefined;
  },
  fastify(gate, server) {
    const site = fastify({
      serverFactory: (handler) => {
        server.on('request', handler);
        return server;
      },
    });
    site.addHook('onRequest', async (_request, reply) => void reply.header('set-cookie', 'own=1').header('vary', 'Origin'));
    site.addHook('onRequest', toFastify(gate.endpoints));
    site.addHook('onRequest', toFastify(gate.protect()));
    site.all('/*', (request, reply) => reply.send(`content ${readAge(request)?.grade}`));
    return Promise.resolve(site.ready());
  },
  hono(gate, server) {
    const site = new Hono();
    site.use(async (c, next) => {
      await next();
      c.header('set-cookie', 'own=1', { append: true });
      c.header('vary', 'Origin', { append: true });
    });
    site.use(toHono(gate.endpoints), toHono(gate.protect()));
    site.onError(() => new Response('broken', { status: 500 }));
    site.all('*', (c) => c.text(`content ${readAge(c)?.grade}`));
    server.on(
      'request',
      whole((_body, request, reply) => bridge(site, request, reply)),
    );
    return undefined;
  },
};

/** What `@hono/node-server` does, for requests without a body. */
async function bridge(site: Hono, request: IncomingMessage, reply: ServerResponse): Promise<void> {
  const headers = Object.entries(request.headersDistinct).flatMap(([name, values = []]) => values.map((value): [string, string] => [name, value]));
  const answered = await site.fetch(new Request(`http://127.0.0.1${request.url}`, { method: request.method ?? 'GET', headers }));
  reply.statusCode = answered.status;
  for (const [name, value] of answered.headers) if (name !== 'set-cookie') reply.setHeader(name, value);
  reply.setHeader('set-cookie', answered.headers.getSetCookie());
  reply.end(await answered.text());
}

async function start(name: string, gate: AgeGate): Promise<string> {
  const server = createServer();
  servers.push(server);
  await new Promise<void>((done) => void server.listen(0, '127.0.0.1', done));
  await sites[name]?.(gate, server);
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
}

/** Not `fetch`: that says of itself that it is a script. */
function send(url: string, headers: Record<string, string> = {}, method = 'GET'): Promise<Response> {
  return new Promise((done, fail) => {
    const sent = httpRequest(url, { method, headers: { accept: 'text/html', ...headers }, agent: false }, (reply) => {
      const pairs = Object.entries(reply.headersDistinct).flatMap(([name, values = []]) => values.map((value): [string, string] => [name, value]));
      text(reply).then((body) => done(new Response(body, { status: reply.statusCode ?? 0, headers: pairs })), fail);
    });
    sent.on('error', fail).end();
  });
}

describe.each(Object.keys(sites))('%s', (name) => {
  it('keeps what others have set, and tells caches to keep out', async () => {
    fake.reset();
    const gate = makeGate();
    const url = await start(name, gate);
    const asked = await send(`${url}/x`);
    expect([asked.status, asked.headers.get('cache-control')]).toEqual([303, 'no-store']);
    const started = await send(asked.headers.get('location')?.replace(SITE, url) ?? '');
    expect(started.headers.getSetCookie().toSorted()).toEqual([expect.stringContaining('_p_'), 'own=1']);
    fake.complete(fake.last);
    const pending = started.headers.getSetCookie().toSorted()[0]?.split(';')[0] ?? '';
    const back = await send(`${url}/age-check/return?age_session=${fake.last.id}&age_return=${RETURN_CODE}`, { cookie: pending });
    expect([back.status, back.headers.get('location')]).toEqual([303, `${SITE}/x`]);
    const cookie =
      back.headers
        .getSetCookie()
        .find((one) => one.includes('over18'))
        ?.split(';')[0] ?? '';
    const page = await send(`${url}/x`, { cookie });
    expect([page.status, await page.text(), page.headers.get('cache-control')]).toEqual([200, 'content 3', 'private, no-cache']);
    expect(page.headers.get('vary')?.split(', ').toSorted()).toEqual(['Cookie', 'Origin']);
    const head = await send(`${url}/x`, {}, 'HEAD');
    expect(head.status).toBe(303);
  });

  it('lets nobody through when something breaks on the way', async () => {
    const broken = makeGate({ bindTo: () => Promise.reject(new Error('the session store is away')) });
    const url = await start(name, broken);
    for (const path of ['/x', '/age-check/start', '/age-check/return']) {
      const reply = await send(`${url}${path}`);
      expect([reply.status, (await reply.text()).includes('content ')]).toEqual([500, false]);
    }
    const away = await start(name, makeGate({ gatehouseUrl: 'http://127.0.0.1:9' }));
    const asked = await send(`${away}/x`);
    const reply = await send(asked.headers.get('location')?.replace(SITE, away) ?? '');
    expect([reply.status, reply.headers.get('retry-after'), (await reply.text()).includes('content ')]).toEqual([503, '5', false]);
  });
});

describe('next', () => {
  it('serves, protects and checks by the face of the Web, and makes the gate when it is needed', async () => {
    fake.reset();
    let made = 0;
    const age = toNext(() => {
      made++;
      return makeGate();
    });
    const proxy = age.protect({ under: '/adults' });
    expect(made).toBe(0);
    const toRequest = (path: string, cookie = '', method = 'GET'): Request =>
      new Request(new URL(path, SITE), { method, headers: { accept: 'text/html', cookie } });
    expect(await proxy(toRequest('/public'))).toBeUndefined();
    const asked = await proxy(toRequest('/adults/x?y=1'));
    const started = await age.GET(toRequest(asked?.headers.get('location') ?? ''));
    expect(started.headers.get('location')).toBe(`${fake.url}/age/${fake.last.id}`);
    expect((await age.GET(toRequest('/age-check/other'))).status).toBe(404);
    expect((await age.GET(toRequest(asked?.headers.get('location') ?? '', '', 'HEAD'))).status).toBe(405);
    fake.complete(fake.last);
    const pending = started.headers.getSetCookie()[0]?.split(';')[0] ?? '';
    const back = await age.GET(toRequest(`/age-check/return?age_session=${fake.last.id}&age_return=${RETURN_CODE}`, pending));
    expect(back.headers.get('location')).toBe(`${SITE}/adults/x?y=1`);
    const cookie = back.headers.getSetCookie()[1]?.split(';')[0] ?? '';
    expect(await proxy(toRequest('/adults/x', cookie))).toBeUndefined();
    expect(await age.check(new Headers({ cookie }), { to: '/adults' })).toEqual({
      kind: 'passed',
      age: { result: 'true', grade: 3, threshold: 18, direction: 'over' },
    });
    expect(await age.check(new Headers(), { to: '/adults' })).toEqual({
      kind: 'ask',
      checkUrl: expect.stringMatching(/^https:\/\/forum\.example\/age-check\/start\?ask=/),
    });
    expect(await age.check(new Headers({ cookie }), { to: '/adults', threshold: 21 })).toMatchObject({ kind: 'ask' });
    expect(made).toBe(1);
  });

  it('sends a person to the page that asked', async () => {
    fake.reset();
    const age = toNext(() => makeGate());
    for (const [to, expected] of [
      ['/adults?x=1', `${SITE}/adults?x=1`],
      ['//evil.example', `${SITE}/`],
      ['https://evil.example/', `${SITE}/`],
    ] as const) {
      const verdict = await age.check(new Headers(), { to });
      const browser = new FakeBrowser();
      const gate = makeGate();
      await browser.send(gate.endpoints, verdict.kind === 'ask' ? verdict.checkUrl : '');
      fake.complete(fake.last);
      const back = await browser.send(gate.endpoints, `${SITE}/age-check/return?age_session=${fake.last.id}&age_return=${RETURN_CODE}`);
      expect(back?.headers.get('location')).toBe(expected);
    }
  });

  it('answers nothing with wrong options', async () => {
    const age = toNext(() => makeGate({ threshold: 0 }));
    await expect(age.GET(new Request(`${SITE}/age-check/start`))).rejects.toThrow('threshold');
    await expect(age.protect()(new Request(`${SITE}/adults`))).rejects.toThrow('threshold');
    await expect(age.check(new Headers(), { to: '/' })).rejects.toThrow('threshold');
  });
});
