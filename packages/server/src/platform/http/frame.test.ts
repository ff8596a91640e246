/** The frame with real routes behind a real listener: what every request must pass before a handler sees it. */
import { connect, type Socket } from 'node:net';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { z } from 'zod';
import { createFakeClock } from '../../../test/support/clock.ts';
import { FORM, startTestServer, type TestReply, type TestServer, type TestServerOptions } from '../../../test/support/http.ts';
import { GatehouseError } from '../errors.ts';
import { silentLog } from '../log.ts';
import { readMultipart } from './body.ts';
import { html, json, noContent, Reply, seeOther } from './reply.ts';
import type { Authenticator, Credentials, Principal, Right } from './rights.ts';
import { definePage, defineRoute, type Route } from './route.ts';

const TOKEN = 'the-token-of-the-session';
const PRINCIPALS: Readonly<Record<string, Principal>> = {
  scanner: { kind: 'key', id: 'key_scanner', name: 'scanner', rights: new Set<Right>(['scan']) },
  reader: { kind: 'key', id: 'key_reader', name: 'reader', rights: new Set<Right>(['lists:read']) },
  person: { kind: 'session', id: 'per_person', name: 'person', rights: new Set<Right>(['scan']), csrfToken: TOKEN },
};
const asked: Credentials[] = [];
const authenticator: Authenticator = {
  async authenticate(credentials) {
    asked.push(credentials);
    if (credentials.authorization === 'Bearer broken') throw new Error('the secret path of a fault');
    return PRINCIPALS[credentials.authorization?.slice(7) ?? credentials.sessionCookie ?? ''];
  },
};

let handled: string[] = [];
/** A client that nobody asks what became of its connection. */
const dial = (port: number): Socket => connect(port, '127.0.0.1').on('error', () => undefined);
const note = (name: string): void => void handled.push(name);
const routes: readonly Route[] = [
  defineRoute({
    method: 'get',
    path: '/open',
    right: 'public',
    summary: 'open',
    handle: async ({ principal, ip, isSecure }) => json({ kind: principal.kind, id: principal.id, ip, isSecure }),
  }),
  defineRoute({ method: 'get', path: '/read', right: 'scan', summary: 'read', handle: async () => (note('read'), json({})) }),
  defineRoute({
    method: 'post',
    path: '/write',
    right: 'scan',
    summary: 'write',
    body: z.object({ n: z.number() }),
    handle: async ({ body }) => (note('write'), json(body)),
  }),
  defineRoute({
    method: 'delete',
    path: '/things/{id}',
    right: 'scan',
    summary: 'remove',
    params: z.object({ id: z.string() }),
    handle: async ({ params }) => (note(`delete ${params.id}`), json({})),
  }),
  defineRoute({
    method: 'put',
    path: '/stream',
    right: 'scan',
    summary: 'stream',
    rawBody: { kind: 'stream', contentTypes: ['*/*'], description: 'bytes' },
    handle: async () => (note('stream'), json({})),
  }),
  defineRoute({
    method: 'post',
    path: '/files',
    right: 'scan',
    summary: 'files',
    rawBody: { kind: 'multipart', description: 'files' },
    async handle(input) {
      await readMultipart(
        { ...input, params: {}, query: new URLSearchParams() },
        {
          maxBytes: 10,
          maxFiles: 1,
          onFile: async (file) => {
            note(`file ${file.fileName}`);
            try {
              for await (const chunk of file.stream) void chunk;
            } catch (error) {
              note(`broken ${file.fileName}`);
              throw error;
            }
          },
        },
      );
      return json({});
    },
  }),
  defineRoute({
    method: 'get',
    path: '/fault',
    right: 'public',
    summary: 'fault',
    async handle() {
      throw new Error('select * from secret_table');
    },
  }),
  defineRoute({
    method: 'head',
    path: '/bare',
    right: 'scan',
    summary: 'bare',
    handle: async () => (note('bare'), new Reply(undefined, { headers: { 'x-own': '1' } })),
  }),
  defineRoute({ method: 'options', path: '/bare', right: 'public', summary: 'options', handle: async () => noContent() }),
  defineRoute({
    method: 'patch',
    path: '/bare',
    right: 'scan',
    summary: 'a fault with headers of a protocol',
    async handle() {
      throw new GatehouseError('upload_locked', 'Locked.', { retryAfterS: 2, headers: { 'x-own': '2' } });
    },
  }),
  definePage({ method: 'get', path: '/page', right: 'scan', summary: 'page', handle: async () => html('<p>page</p>') }),
  definePage({
    method: 'post',
    path: '/page',
    right: 'scan',
    summary: 'form',
    body: z.object({ name: z.string() }),
    handle: async ({ body }) => (note(`form ${body.name}`), html('done')),
  }),
  definePage({
    method: 'post',
    path: '/sign-in/{link}',
    right: 'public',
    ignoresCredentials: true,
    summary: 'sign in',
    handle: async ({ principal }) => (note(`sign-in ${principal.kind}`), html('in')),
  }),
];

let server: TestServer | undefined;

async function start(options: Partial<TestServerOptions> = {}): Promise<TestServer> {
  server = await startTestServer({ routes, authenticator, clock: createFakeClock(), ...options });
  return server;
}

afterEach(async () => {
  await server?.close();
  handled = [];
  asked.length = 0;
});

const as = (name: string): Record<string, string> => (name === 'person' ? { cookie: 'gatehouse_session=person' } : { authorization: `Bearer ${name}` });
const codeOf = (reply: TestReply): string => `${reply.status} ${String(Reflect.get(Object(reply.json), 'code'))}`;
const JSON_TYPE = { 'content-type': 'application/json' };

describe('the host name', () => {
  it.each(['evil.example', '127.0.0.1.evil.example', 'localhost.evil.example:80', '169.254.1.1', '.', 'gate.example'])(
    '%j is not served, whoever asks',
    async (host) => {
      const { send } = await start();
      expect(codeOf(await send('GET', '/read', { headers: { ...as('scanner'), host } }))).toBe('421 misdirected');
      expect(handled).toEqual([]);
      expect(asked).toEqual([]);
    },
  );

  it('may be one of those set, with any port and in any case', async () => {
    const { send } = await start({ allowedHosts: ['gate.example', '[::1]'] });
    for (const host of ['gate.example', 'GATE.example:1234', '[::1]:8080']) expect((await send('GET', '/open', { headers: { host } })).status).toBe(200);
  });
});

describe('the right', () => {
  it('of the route is needed, and credentials come first', async () => {
    const { send } = await start();
    expect(codeOf(await send('GET', '/read'))).toBe('401 unauthenticated');
    expect(codeOf(await send('GET', '/read', { headers: as('unknown') }))).toBe('401 unauthenticated');
    const forbidden = await send('GET', '/read', { headers: as('reader') });
    expect([codeOf(forbidden), Reflect.get(Object(forbidden.json), 'right')]).toEqual(['403 forbidden', 'scan']);
    expect(handled).toEqual([]);
    expect((await send('GET', '/read', { headers: as('scanner') })).status).toBe(200);
  });

  it('knows paths that have HEAD and OPTIONS and must not be fetched', async () => {
    const { send } = await start();
    const headers = { authorization: 'Bearer scanner' };
    expect((await send('HEAD', '/bare')).status).toBe(401);
    const head = await send('HEAD', '/bare', { headers });
    expect([head.status, head.headers['x-own'], handled]).toEqual([200, '1', ['bare']]);
    const get = await send('GET', '/bare', { headers });
    expect([get.status, get.headers['allow'], handled]).toEqual([405, 'HEAD, OPTIONS, PATCH', ['bare']]);
    expect((await send('OPTIONS', '/bare')).status).toBe(204);
    const locked = await send('PATCH', '/bare', { headers });
    expect([locked.status, locked.headers['x-own'], locked.headers['retry-after']]).toEqual([423, '2', '2']);
  });

  it('holds for HEAD and for every spelling that reaches a handler', async () => {
    const { send } = await start();
    const isServed = async (path: string, headers: Record<string, string>): Promise<string> =>
      `${path} ${(await send('GET', path, { headers })).status < 400 ? 'served' : 'refused'}`;
    expect((await send('HEAD', '/read')).status).toBe(401);
    for (const path of ['/read/', '//read', '/READ', '/read%2f', '/./read', '/read?x=1', '/x/../read', '/read%00', '/%72ead']) {
      expect(await isServed(path, {})).toBe(`${path} refused`);
      expect(await isServed(path, { 'x-original-url': '/open', 'x-http-method-override': 'GET', 'x-forwarded-host': 'localhost' })).toBe(`${path} refused`);
    }
    expect(handled).toEqual([]);
  });

  it('missing on a page leads to the sign-in page, on a form to an error', async () => {
    const { send } = await start();
    const page = await send('GET', '/page');
    expect([page.status, page.headers['location']]).toEqual([303, '/sign-in']);
    expect((await send('POST', '/page', { headers: FORM, body: 'name=x' })).status).toBe(401);
  });
});

describe('a session', () => {
  it('changes something only with its token', async () => {
    const { send } = await start();
    const cases: readonly [string, string, Record<string, string>, string][] = [
      ['POST', '/write', JSON_TYPE, '{"n":1}'],
      ['DELETE', '/things/1', {}, ''],
      ['PUT', '/stream', { 'content-type': 'image/png' }, 'x'],
      ['POST', '/page', FORM, 'name=x'],
    ];
    for (const [method, path, headers, body] of cases) {
      for (const token of [undefined, '', 'wrong', `${TOKEN}x`, TOKEN.slice(1)]) {
        const reply = await send(method, path, { headers: { ...as('person'), ...headers, ...(token === undefined ? {} : { 'x-csrf-token': token }) }, body });
        expect([method, path, reply.status]).toEqual([method, path, 403]);
        expect(reply.text).toContain('csrf_failed');
      }
      expect(handled).toEqual([]);
      expect((await send(method, path, { headers: { ...as('person'), ...headers, 'x-csrf-token': TOKEN }, body })).status).toBe(200);
      handled = [];
    }
  });

  it('may send the token as a field of a form', async () => {
    const { send } = await start();
    expect((await send('POST', '/page', { headers: { ...as('person'), ...FORM }, body: `name=x&_csrf=${TOKEN}` })).status).toBe(200);
    expect(handled).toEqual(['form x']);
  });

  it('must send it before the first file of a multipart body, and no file is handled without', async () => {
    const { send } = await start();
    const part = (name: string, value: string, file = ''): string => `--B\r\ncontent-disposition: form-data; name="${name}"${file}\r\n\r\n${value}\r\n`;
    const multipart = { ...as('person'), 'content-type': 'multipart/form-data; boundary=B' };
    const file = part('f', 'bytes', '; filename="a.png"');
    for (const body of [`${file}--B--\r\n`, `${part('_csrf', 'wrong')}${file}--B--\r\n`, file, `${part('_csrf', 'wrong')}${file.slice(0, -4)}`]) {
      const reply = await send('POST', '/files', { headers: multipart, body });
      expect(codeOf(reply)).toBe('403 csrf_failed');
    }
    expect(handled).toEqual([]);
    expect((await send('POST', '/files', { headers: multipart, body: `${part('_csrf', TOKEN)}${file}--B--\r\n` })).status).toBe(200);
    expect(handled).toEqual(['file a.png']);
  });

  it('cannot be used from another site, even with its token', async () => {
    const { send } = await start();
    for (const foreign of [{ 'sec-fetch-site': 'cross-site' }, { 'sec-fetch-site': 'same-site' }, { origin: 'https://evil.example' }, { origin: 'null' }]) {
      const reply = await send('POST', '/write', { headers: { ...as('person'), ...JSON_TYPE, ...foreign, 'x-csrf-token': TOKEN }, body: '{"n":1}' });
      expect(codeOf(reply)).toBe('403 csrf_failed');
    }
    expect(handled).toEqual([]);
  });

  it('gives no other site leave to read an answer', async () => {
    const { send } = await start();
    for (const method of ['GET', 'OPTIONS']) {
      const reply = await send(method, '/read', { headers: { ...as('person'), origin: 'https://evil.example', 'access-control-request-method': 'POST' } });
      expect(Object.keys(reply.headers).filter((name) => name.startsWith('access-control-'))).toEqual([]);
      expect(reply.headers['cross-origin-resource-policy']).toBe('same-origin');
    }
  });

  it('does not matter beside a key: a key carries no ambient authority', async () => {
    const { send } = await start();
    expect((await send('POST', '/write', { headers: { ...as('scanner'), ...JSON_TYPE, origin: 'https://app.example' }, body: '{"n":1}' })).status).toBe(200);
  });
});

describe('the sign-in form', () => {
  it('is nobody’s, whatever comes along with it', async () => {
    const { send } = await start();
    for (const headers of [{}, as('person'), as('scanner')]) expect((await send('POST', '/sign-in/x', { headers })).status).toBe(200);
    expect(handled).toEqual(['sign-in anonymous', 'sign-in anonymous', 'sign-in anonymous']);
    expect(asked).toEqual([]);
  });

  it('cannot be sent by another site', async () => {
    const { send } = await start();
    expect((await send('POST', '/sign-in/x', { headers: { 'sec-fetch-site': 'cross-site' } })).status).toBe(403);
    expect((await send('POST', '/sign-in/x', { headers: { origin: 'https://evil.example' } })).status).toBe(403);
    expect(handled).toEqual([]);
  });

  it('is limited by address, also for those who are signed in', async () => {
    const { send } = await start({ limits: { requestsPerMinute: 1000, anonymousPerMinute: 2 } });
    const statuses = [];
    for (const headers of [{}, as('person'), as('scanner')]) statuses.push((await send('POST', '/sign-in/x', { headers })).status);
    expect(statuses).toEqual([200, 200, 429]);
  });
});

describe('limits', () => {
  it('count anonymous requests by address and say when to come again', async () => {
    const clock = createFakeClock();
    const { send } = await start({ clock, limits: { requestsPerMinute: 100, anonymousPerMinute: 3 } });
    for (let i = 0; i < 3; i++) expect((await send('GET', '/open')).status).toBe(200);
    const refused = await send('GET', '/open');
    expect([codeOf(refused), refused.headers['retry-after']]).toEqual(['429 rate_limited', '20']);
    clock.advance(20_000);
    expect((await send('GET', '/open')).status).toBe(200);
  });

  it('count guesses at credentials as anonymous', async () => {
    const { send } = await start({ limits: { requestsPerMinute: 100, anonymousPerMinute: 3 } });
    const statuses = [];
    for (let i = 0; i < 5; i++) statuses.push((await send('GET', '/read', { headers: as(`guess-${i}`) })).status);
    expect(statuses).toEqual([401, 401, 401, 429, 429]);
    expect((await send('GET', '/read', { headers: as('scanner') })).status).toBe(200);
  });

  it('count each key for itself', async () => {
    const { send } = await start({ limits: { requestsPerMinute: 2, anonymousPerMinute: 100 } });
    const statuses = [];
    for (const name of ['scanner', 'scanner', 'scanner', 'reader']) statuses.push((await send('GET', '/open', { headers: as(name) })).status);
    expect(statuses).toEqual([200, 200, 429, 200]);
  });

  it('cannot be dodged with X-Forwarded-For unless a trusted proxy sends it', async () => {
    const limits = { requestsPerMinute: 100, anonymousPerMinute: 2 };
    const direct = await start({ limits });
    const statuses = [];
    for (let i = 0; i < 3; i++) statuses.push((await direct.send('GET', '/open', { headers: { 'x-forwarded-for': `203.0.113.${i}` } })).status);
    expect(statuses).toEqual([200, 200, 429]);
    await direct.close();
    const behind = await start({ limits, trustedProxies: ['loopback'] });
    const through = async (forwardedFor: string): Promise<number> =>
      (await behind.send('GET', '/open', { headers: { 'x-forwarded-for': forwardedFor } })).status;
    expect([await through('203.0.113.1'), await through('203.0.113.2'), await through('203.0.113.1'), await through('203.0.113.1')]).toEqual([
      200, 200, 200, 429,
    ]);
    // What the client writes in front of the proxy's own entry changes nothing.
    expect(await through('198.51.100.1, 203.0.113.1')).toBe(429);
    expect(await through('203.0.113.3')).toBe(200);
  });

  it('count a whole line of IPv6 as one', async () => {
    const { send } = await start({ limits: { requestsPerMinute: 100, anonymousPerMinute: 2 }, trustedProxies: ['loopback'] });
    const statuses = [];
    for (const ip of ['2001:db8:0:1::1', '2001:db8:0:1::2', '2001:db8:0:1:ffff::3', '2001:db8:0:2::1'])
      statuses.push((await send('GET', '/open', { headers: { 'x-forwarded-for': ip } })).status);
    expect(statuses).toEqual([200, 200, 429, 200]);
  });
});

describe('answers', () => {
  it('all have the security headers and a request id, errors and unknown addresses too', async () => {
    const { send } = await start();
    for (const [method, path] of [
      ['GET', '/open'],
      ['GET', '/read'],
      ['GET', '/page'],
      ['GET', '/nowhere'],
      ['PATCH', '/open'],
      ['GET', '/fault'],
    ] as const) {
      const { headers } = await send(method, path);
      const { 'content-security-policy': policy, 'x-content-type-options': sniff, 'cache-control': cache, 'x-request-id': requestId } = headers;
      expect({ path, policy, sniff, cache, requestId }).toEqual({
        path,
        policy: expect.stringContaining("default-src 'none'"),
        sniff: 'nosniff',
        cache: 'no-store',
        requestId: expect.stringMatching(/^[0-9a-f]{16}$/),
      });
    }
  });

  it('tell nothing about a fault inside', async () => {
    const { send } = await start();
    for (const reply of [await send('GET', '/fault'), await send('GET', '/read', { headers: as('broken') })]) {
      expect(codeOf(reply)).toBe('500 internal');
      expect(reply.text).not.toMatch(/secret|select|Error:|\.ts/);
    }
  });

  it('name the methods that are offered', async () => {
    const { send } = await start();
    const reply = await send('PATCH', '/things/1');
    expect([codeOf(reply), reply.headers['allow']]).toEqual(['405 method_not_allowed', 'DELETE']);
    expect(codeOf(await send('GET', '/nowhere'))).toBe('404 not_found');
  });

  it('to unknown addresses know who asks, so that the page can lead back', async () => {
    const { send } = await start();
    const accept = { accept: 'text/html' };
    for (const [who, name] of [
      ['person', 'person'],
      ['nobody', 'nobody'],
    ] as const) {
      for (const [method, path, code] of [
        ['GET', '/nowhere', 'not_found'],
        ['DELETE', '/page', 'method_not_allowed'],
      ] as const) {
        const reply = await send(method, path, { headers: { ...accept, ...(who === 'nobody' ? {} : as(who)) } });
        expect(reply.text).toBe(`<!DOCTYPE html><title>${code}</title><p>${name}</p>`);
      }
    }
  });

  it('to unknown addresses are counted, and guesses there, too', async () => {
    const { send } = await start({ limits: { requestsPerMinute: 2, anonymousPerMinute: 2 } });
    for (const who of ['scanner', 'guess']) {
      const statuses = [];
      for (let i = 0; i < 3; i++) statuses.push((await send('GET', '/nowhere', { headers: as(who) })).status);
      expect([who, statuses]).toEqual([who, [404, 404, 429]]);
    }
    // Nobody else's allowance is touched, and a name that is not ours is not served anywhere.
    expect((await send('GET', '/nowhere', { headers: as('person') })).status).toBe(404);
    expect(codeOf(await send('GET', '/nowhere', { headers: { ...as('reader'), host: 'evil.example' } }))).toBe('421 misdirected');
  });

  it('tell nothing about a fault inside, at an unknown address either', async () => {
    const { send } = await start();
    const reply = await send('GET', '/nowhere', { headers: as('broken') });
    expect(codeOf(reply)).toBe('500 internal');
    expect(reply.text).not.toContain('secret');
  });

  it('demand TLS from then on only when the way was TLS', async () => {
    const plain = await start();
    expect((await plain.send('GET', '/open', { headers: { 'x-forwarded-proto': 'https' } })).headers['strict-transport-security']).toBeUndefined();
    await plain.close();
    const behind = await start({ trustedProxies: ['loopback'] });
    expect(
      (await behind.send('GET', '/open', { headers: { 'x-forwarded-for': '203.0.113.1', 'x-forwarded-proto': 'https' } })).headers['strict-transport-security'],
    ).toBeDefined();
  });
});

describe('bodies', () => {
  it.each([
    ['another type', FORM, '{"n":1}', '415 unsupported_media_type'],
    ['no type', {}, '{"n":1}', '415 unsupported_media_type'],
    ['broken JSON', JSON_TYPE, '{"n":', '400 invalid_request'],
    ['a wrong field', JSON_TYPE, '{"n":"1"}', '400 invalid_request'],
    ['nothing', JSON_TYPE, '', '400 invalid_request'],
    ['more than a mebibyte', JSON_TYPE, `{"n":1,"x":"${'x'.repeat(1_048_576)}"}`, '413 too_large'],
  ])('with %s are refused', async (_what, headers, body, expected) => {
    const { send } = await start();
    expect(codeOf(await send('POST', '/write', { headers: { ...as('scanner'), ...headers }, body }))).toBe(expected);
    expect(handled).toEqual([]);
  });

  it('in several parts have bounds for each file and their number', async () => {
    const { send } = await start();
    const file = (content: string): string => `--B\r\ncontent-disposition: form-data; name="f"; filename="a"\r\n\r\n${content}\r\n`;
    const multipart = { ...as('scanner'), 'content-type': 'multipart/form-data; boundary=B' };
    expect(codeOf(await send('POST', '/files', { headers: multipart, body: `${file('12345678901')}--B--\r\n` }))).toBe('413 too_large');
    expect(codeOf(await send('POST', '/files', { headers: multipart, body: `${file('1')}${file('2')}--B--\r\n` }))).toBe('400 invalid_request');
    for (const body of [file('1'), file('1').slice(0, -3), `${file('1')}${file('2')}`, '--B\r\n', 'nothing of the kind']) {
      expect([body, codeOf(await send('POST', '/files', { headers: multipart, body }))]).toEqual([body, '400 invalid_request']);
    }
    expect(codeOf(await send('POST', '/files', { headers: { ...multipart, 'content-type': 'multipart/form-data' }, body: 'x' }))).toBe('400 invalid_request');
    const field = `--B\r\ncontent-disposition: form-data; name="n"\r\n\r\n${'x'.repeat(65_537)}\r\n--B--\r\n`;
    expect(codeOf(await send('POST', '/files', { headers: multipart, body: field }))).toBe('413 too_large');
    expect((await send('POST', '/files', { headers: multipart, body: `${file('1234567890')}--B--\r\n` })).status).toBe(200);
  });

  it('are whole forms and nothing else: what a parser passes over could be what another one reads', async () => {
    const { send } = await start();
    const part = (name: string): string => `--B\r\ncontent-disposition: form-data${name}\r\n\r\n1\r\n`;
    const whole = `${part('; name="n"')}${part('; name="f"; filename="a"')}--B--\r\n`;
    const headers = { ...as('scanner'), 'content-type': 'multipart/form-data; boundary=B' };
    for (const [body, answer] of [
      [whole, 200],
      [whole.slice(0, -2), 200],
      [`picture\r\n${whole}`, 400],
      [`${whole}picture`, 400],
      [whole.replace('\r\n--B\r\n', '\r\n--B \r\n'), 400],
    ] as const)
      expect([body, (await send('POST', '/files', { headers, body })).status]).toEqual([body, answer]);
  });
});

describe('a client that goes away in the middle of a file', () => {
  it('does not leave the reader of the file waiting', async () => {
    const { port } = await start();
    const socket = dial(port);
    socket.write(
      'POST /files HTTP/1.1\r\nhost: localhost\r\nauthorization: Bearer scanner\r\ncontent-type: multipart/form-data; boundary=B\r\ncontent-length: 1000\r\n\r\n--B\r\ncontent-disposition: form-data; name="f"; filename="a"\r\n\r\n12345',
    );
    await vi.waitFor(() => expect(handled).toEqual(['file a']));
    socket.destroy();
    await vi.waitFor(() => expect(handled).toEqual(['file a', 'broken a']));
  });
});

describe('the signal of a request', () => {
  interface Watched {
    readonly route: Route;
    readonly reasons: string[];
  }
  /** Answers as soon as its signal aborts. */
  function watch(timeoutMs?: number): Watched {
    const reasons: string[] = [];
    const route = defineRoute({
      method: 'post',
      path: '/wait',
      right: 'scan',
      summary: 'wait',
      ...(timeoutMs === undefined ? {} : { timeoutMs }),
      body: z.object({}),
      handle: ({ signal, ...input }) =>
        new Promise((resolve) => {
          // One signal, however often it is asked for.
          const end = (): void => {
            reasons.push((signal.reason as Error).name);
            resolve(json({ path: input.path }));
          };
          note('wait');
          signal.addEventListener('abort', end, { once: true });
        }),
    });
    return { route, reasons };
  }
  const REQUEST = 'POST /wait HTTP/1.1\r\nhost: localhost\r\nauthorization: Bearer scanner\r\ncontent-type: application/json\r\ncontent-length: 2\r\n\r\n{}';

  it('aborts after the time of the route, with its own reason; the handler can still answer', async () => {
    const { route, reasons } = watch(10);
    const { send } = await start({ routes: [route] });
    const reply = await send('POST', '/wait', { headers: { ...as('scanner'), ...JSON_TYPE }, body: '{}' });
    expect([reply.status, reply.json, reasons]).toEqual([200, { path: '/wait' }, ['TimeoutError']]);
  });

  it.each([undefined, 60_000])('aborts when the client goes away (time: %s)', async (timeoutMs) => {
    const { route, reasons } = watch(timeoutMs);
    const { port } = await start({ routes: [route] });
    const socket = dial(port);
    socket.write(REQUEST);
    await vi.waitFor(() => expect(handled).toEqual(['wait']));
    expect(reasons).toEqual([]);
    socket.destroy();
    await vi.waitFor(() => expect(reasons).toEqual(['AbortError']));
  });

  it('is aborted already for whoever left before it was asked for', async () => {
    const { route, reasons } = watch();
    let letIn = (): void => undefined;
    const slow: Authenticator = { authenticate: () => new Promise((resolve) => (letIn = () => resolve(PRINCIPALS['scanner']))) };
    const late = defineRoute({
      method: 'get',
      path: '/late',
      right: 'scan',
      summary: 'late',
      handle: async ({ signal }) => (note(`late ${signal.aborted}`), json({})),
    });
    const { port } = await start({ routes: [route, late], authenticator: slow });
    const socket = dial(port);
    let isOpen = true;
    socket.on('close', () => (isOpen = false));
    socket.write('GET /late HTTP/1.1\r\nhost: localhost\r\nauthorization: Bearer scanner\r\n\r\n');
    await new Promise((resolve) => setTimeout(resolve, 30));
    socket.resetAndDestroy();
    await vi.waitFor(() => expect(isOpen).toBe(false));
    await new Promise((resolve) => setTimeout(resolve, 30));
    letIn();
    await vi.waitFor(() => expect(handled).toEqual(['late true']));
    expect(reasons).toEqual([]);
  });
});

describe('an error that says something else to some clients', () => {
  it('also one of the frame; the log has what it was', async () => {
    const away = new GatehouseError('database_unavailable', 'Away.', { retryAfterS: 5 });
    const locked = defineRoute({
      method: 'get',
      path: '/locked',
      right: 'scan',
      summary: 'locked',
      mapError: (error) => new GatehouseError('upload_locked', error.message, error.extras),
      handle: async () => json({}),
    });
    const error = vi.fn<(fields: object, what: string) => void>();
    const { send } = await start({ routes: [locked], authenticator: { authenticate: () => Promise.reject(away) }, log: { ...silentLog, error } });
    const reply = await send('get', '/locked', { headers: { authorization: 'Bearer scanner' } });
    expect([reply.status, reply.headers['retry-after']]).toEqual([423, '5']);
    expect(error.mock.calls).toEqual([[expect.objectContaining({ route: '/locked', code: 'database_unavailable' }), 'a request failed']]);
  });
});

describe('a JSON body', () => {
  it('that ends early reaches no handler', async () => {
    const { port, send } = await start();
    const socket = dial(port);
    socket.write(
      'POST /write HTTP/1.1\r\nhost: localhost\r\nauthorization: Bearer scanner\r\ncontent-type: application/json\r\ncontent-length: 100\r\n\r\n{"n":',
    );
    await vi.waitFor(() => expect(asked).toHaveLength(1));
    socket.destroy();
    expect((await send('GET', '/read', { headers: as('scanner') })).status).toBe(200);
    expect(handled).toEqual(['read']);
  });

  it('may come in pieces, in the middle of a character too', async () => {
    const echo = defineRoute({
      method: 'post',
      path: '/echo',
      right: 'scan',
      summary: 'echo',
      body: z.object({ t: z.string() }),
      handle: async ({ body }) => json(body),
    });
    const { port } = await start({ routes: [echo] });
    const body = Buffer.from('{"t":"gr\u00fc\u00df \u{1F9C0}"}');
    const socket = dial(port);
    let text = '';
    socket.setEncoding('utf8').on('data', (chunk: string) => (text += chunk));
    socket.write(
      `POST /echo HTTP/1.1\r\nhost: localhost\r\nauthorization: Bearer scanner\r\ncontent-type: application/json\r\nconnection: close\r\ncontent-length: ${body.length}\r\n\r\n`,
    );
    for (const byte of body) {
      socket.write(Buffer.from([byte]));
      await new Promise((resolve) => setImmediate(resolve));
    }
    await vi.waitFor(() => expect(text).toContain('{"t":"gr\u00fc\u00df \u{1F9C0}"}'));
    expect(text).toContain(`content-length: ${body.length}`);
  });
});

describe('an answer', () => {
  const made = (answer: () => ReturnType<typeof json> | Response): Route =>
    defineRoute({ method: 'get', path: '/made', right: 'public', summary: 'made', handle: async () => answer() });

  it.each([
    ['text', () => json({ a: 'ü' }, { headers: { 'Cache-Control': 'private', 'x-own': 'own' } })],
    [
      'a Response',
      () => new Response('{"a":"ü"}', { headers: { 'content-type': 'application/json; charset=utf-8', 'cache-control': 'private', 'x-own': 'own' } }),
    ],
  ])('that is %s has its own headers, ours, and its length; HEAD has the same without the body', async (_what, answer) => {
    const { send } = await start({ routes: [made(answer)] });
    const reply = await send('GET', '/made');
    expect([reply.status, reply.json]).toEqual([200, { a: 'ü' }]);
    expect(reply.headers).toMatchObject({
      'content-type': 'application/json; charset=utf-8',
      'content-length': '10',
      'cache-control': 'private',
      'x-own': 'own',
      'x-frame-options': 'DENY',
      'x-content-type-options': 'nosniff',
      'x-request-id': expect.stringMatching(/^[0-9a-f]{16}$/),
    });
    expect(reply.headers['content-security-policy']).toContain("default-src 'none'");
    const head = await send('HEAD', '/made');
    expect([head.status, head.text, head.headers['x-own']]).toEqual([200, '', 'own']);
  });

  it('has a request id of its own', async () => {
    const { send } = await start();
    const ids = new Set<unknown>();
    for (let i = 0; i < 600; i++) ids.add((await send('GET', '/open')).headers['x-request-id']);
    expect(ids.size).toBe(600);
  });

  it('with a header that would split it is not sent', async () => {
    const { send } = await start({ routes: [made(() => json({}, { headers: { 'x-own': 'a\r\nset-cookie: b=c' } }))] });
    const reply = await send('GET', '/made');
    expect([codeOf(reply), reply.headers['set-cookie']]).toEqual(['500 internal', undefined]);
  });

  it('without a body says so', async () => {
    const { send } = await start({ routes: [made(() => noContent())] });
    const reply = await send('GET', '/made');
    expect([reply.status, reply.text, reply.headers['content-length'], reply.headers['content-type']]).toEqual([204, '', undefined, undefined]);
    await server?.close();
    const other = await start({ routes: [made(() => seeOther('/open'))] });
    const moved = await other.send('GET', '/made');
    expect([moved.status, moved.headers['location'], moved.headers['content-length']]).toEqual([303, '/open', '0']);
  });
});

describe('a thrown error of ours', () => {
  it('keeps its code and detail', async () => {
    const { send } = await start({
      routes: [
        defineRoute({
          method: 'get',
          path: '/gone',
          right: 'public',
          summary: 'gone',
          async handle() {
            throw new GatehouseError('gone', 'It expired.', { errors: [{ at: 'id', message: 'old' }] });
          },
        }),
      ],
    });
    const reply = await send('GET', '/gone');
    expect(reply.headers['content-type']).toBe('application/problem+json');
    expect(reply.json).toMatchObject({
      status: 410,
      code: 'gone',
      detail: 'It expired.',
      errors: [{ at: 'id', message: 'old' }],
      requestId: reply.headers['x-request-id'],
    });
  });
});
