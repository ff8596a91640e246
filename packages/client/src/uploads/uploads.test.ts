/** The gate in front of publishing, in each framework, with a Gatehouse of a few lines that can also lie and fail. */
import { createHash, generateKeyPairSync, sign } from 'node:crypto';
import { createServer, type IncomingMessage, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import express from 'express';
import fastify, { type FastifyRequest } from 'fastify';
import { Hono } from 'hono';
import { afterAll, beforeAll, beforeEach, describe, expect, it, vi } from 'vitest';
import { whole } from '../../test/stub.ts';
import {
  createReceiptGate,
  readReceipt,
  toExpress,
  toFastify,
  toHono,
  toNextUploads,
  verifyReceipt,
  type Content,
  type NextPublish,
  type NextProtect,
  type ReceiptGate,
  type ReceiptGateOptions,
} from './index.ts';

const API_KEY = 'gh_test_0123456789';
const UPLOAD = `upl_${'0'.repeat(26)}`;
const BYTES = Buffer.from('the bytes of a picture');
const keys = generateKeyPairSync('ed25519');
const jwks = { keys: [{ ...keys.publicKey.export({ format: 'jwk' }), kid: 'k1', alg: 'EdDSA', use: 'sig' }] };
const sha256 = (bytes: Uint8Array): string => createHash('sha256').update(bytes).digest('hex');
const nowS = (): number => Math.floor(Date.now() / 1000);

function issue(claims: object = {}, header: object = {}): string {
  const part = (value: object): string => Buffer.from(JSON.stringify(value)).toString('base64url');
  const all = {
    iss: 'https://gate.example',
    sub: UPLOAD,
    jti: 'r1',
    verdict: 'clear',
    sha256: sha256(BYTES),
    size: BYTES.length,
    iat: nowS(),
    exp: nowS() + 600,
    listSetVersion: 1,
    policyVersion: 'p',
    ...claims,
  };
  const signed = `${part({ alg: 'EdDSA', typ: 'gatehouse-receipt+jwt', kid: 'k1', ...header })}.${part(all)}`;
  return `${signed}.${sign(null, Buffer.from(signed), keys.privateKey).toString('base64url')}`;
}

/** What the fake says: a status and a body for each path. */
let answers: Record<string, { readonly status: number; readonly body: unknown; readonly headers?: Record<string, string> }>;
let asked: { readonly path: string; readonly key: string | undefined; readonly body: string }[];
const gatehouse = createServer(
  whole((body, request, response) => {
    const path = (request.url ?? '').split('?')[0] ?? '';
    asked.push({ path, key: request.headers.authorization, body: body.toString() });
    const { status, body: reply, headers = {} } = answers[path] ?? { status: 404, body: {} };
    const isRaw = reply instanceof Uint8Array;
    response.writeHead(status, { 'content-type': isRaw ? 'image/jpeg' : 'application/json', ...headers }).end(isRaw ? reply : JSON.stringify(reply));
  }),
);
let url: string;
const listen = async (server: Server): Promise<string> => {
  await new Promise<void>((done) => void server.listen(0, '127.0.0.1', done));
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
};
const servers: Server[] = [gatehouse];
beforeAll(async () => void (url = await listen(gatehouse)));
afterAll(() => {
  for (const server of servers) {
    server.closeAllConnections();
    server.close();
  }
});
beforeEach(() => {
  asked = [];
  answers = {
    '/.well-known/gatehouse-receipts.json': { status: 200, body: jwks },
    '/v1/receipts/verify': { status: 200, body: { valid: true, isContentChecked: true } },
    '/v1/tickets': { status: 201, body: { id: 'tkt_1', ticket: 'ght_1', expiresAt: '2026-12-01T00:00:00Z' } },
    '/v1/uploads': { status: 201, body: { id: UPLOAD } },
    [`/v1/uploads/${UPLOAD}/content`]: { status: 200, body: { state: 'released', receipt: 'a.b.c', sha256: sha256(BYTES), message: 'ok' } },
  };
});

const makeGate = (changed: Partial<ReceiptGateOptions> = {}): ReceiptGate =>
  createReceiptGate({ gatehouseUrl: url, apiKey: API_KEY, maxBytes: 1000, ...changed });

/** Each publishes what reached it as bytes, and notes it. */
const published: string[] = [];
const sites: Record<string, (gate: ReceiptGate, server: Server) => unknown> = {
  express(gate, server) {
    const site = express();
    const guard = toExpress(gate.protect<express.Request>({ content: (_request, native) => native.body as Buffer }));
    site.post('/publish', express.raw({ type: '*/*' }), guard, (request, response) => {
      published.push(`${String(request.body)} ${readReceipt(request)?.sub}`);
      response.send('published');
    });
    server.on('request', site);
  },
  async fastify(gate, server) {
    const site = fastify({
      serverFactory(handler) {
        server.on('request', handler);
        return server;
      },
    });
    site.addContentTypeParser('*', { parseAs: 'buffer' }, (_request, body, done) => done(null, body));
    const preHandler = toFastify(
      gate.protect<{ body?: unknown; method: string; url: string; headers: IncomingMessage['headers'] }>({
        content: (_request, native) => native.body as Buffer,
      }),
    );
    site.post('/publish', { preHandler }, (request, reply) => {
      published.push(`${String(request.body)} ${readReceipt(request)?.sub}`);
      return reply.send('published');
    });
    await site.ready();
  },
  hono(gate, server) {
    const site = new Hono();
    const guard = toHono(
      gate.protect<{ req: { raw: Request; arrayBuffer(): Promise<ArrayBuffer> }; res: { headers: Headers } }>({
        content: async (_request, c) => new Uint8Array(await c.req.arrayBuffer()),
      }),
    );
    site.post('/publish', guard, async (c) => {
      published.push(`${await c.req.text()} ${readReceipt(c)?.sub}`);
      return c.text('published');
    });
    bridge(server, async (request) => site.fetch(request));
  },
  /** As Next.js calls a route handler: with a request behind a proxy, whose body is a stream, and with a promise of the parameters. */
  next(gate, server) {
    const post = toNextUploads(() => gate).protect<{ params: Promise<{ album: string }> }>(async (_request, { content, claims }, { params }) => {
      published.push(`${Buffer.from(content).toString()} ${claims.sub}`);
      return new Response((await params).album);
    });
    bridge(server, (request) => post(asInNext(request), { params: Promise.resolve({ album: 'published' }) }));
  },
};

/** next/dist/server/route-modules/app-route: the handler gets a proxy that watches what is read. */
function asInNext(request: Request): Request {
  return new Proxy(request, {
    get(target, name) {
      const value: unknown = Reflect.get(target, name, target);
      return typeof value === 'function' ? value.bind(target) : value;
    },
  });
}

function bridge(server: Server, serve: (request: Request) => Promise<Response>): void {
  server.on(
    'request',
    whole(async (body, request, response) => {
      const headers = new Headers(Object.entries(request.headers).map(([name, value]): [string, string] => [name, String(value)]));
      const reply = await serve(new Request(`http://127.0.0.1${request.url}`, { method: 'POST', headers, body: new Uint8Array(body) }));
      response.writeHead(reply.status).end(await reply.text());
    }),
  );
}

describe.each(Object.keys(sites))('%s', (name) => {
  const start = async (gate: ReceiptGate): Promise<(receipt: string | undefined, bytes?: Buffer) => Promise<number>> => {
    const server = createServer();
    servers.push(server);
    const site = await listen(server);
    await sites[name]?.(gate, server);
    published.length = 0;
    return async (receipt, bytes = BYTES) => {
      const headers = { 'content-type': 'image/jpeg', ...(receipt === undefined ? {} : { 'gatehouse-receipt': receipt }) };
      return (await fetch(`${site}/publish`, { method: 'POST', body: new Uint8Array(bytes), headers })).status;
    };
  };

  it('publishes with a receipt for exactly these bytes, and tells whose', async () => {
    const send = await start(makeGate());
    expect(await send(issue())).toBe(200);
    expect(published).toEqual([`${BYTES.toString()} ${UPLOAD}`]);
  });

  it('publishes nothing otherwise', async () => {
    const send = await start(makeGate());
    const statuses = [];
    for (const receipt of [
      undefined,
      '',
      'x.y.z',
      issue({ sha256: '0'.repeat(64) }),
      issue({ exp: nowS() - 1 }),
      issue({ verdict: 'match' }),
      issue({}, { typ: 'JWT' }),
      issue({}, { kid: 'k2' }),
    ])
      statuses.push(await send(receipt));
    expect(new Set(statuses)).toEqual(new Set([422]));
    expect(await send(issue(), Buffer.concat([BYTES, Buffer.from('!')]))).toBe(422);
    expect(await send(issue(), Buffer.alloc(2000))).toBe(413);
    answers['/v1/receipts/verify'] = { status: 200, body: { valid: false, reason: 'revoked' } };
    expect(await send(issue())).toBe(422);
    answers['/v1/receipts/verify'] = { status: 503, body: {} };
    expect(await send(issue())).toBe(503);
    expect(published).toEqual([]);
  });
});

describe('what is no file', () => {
  async function* texts(): AsyncGenerator {
    yield BYTES.toString();
  }
  const consumed = (): ReadableStream => new Blob([]).stream();

  it.each<[string, () => unknown]>([
    ['what express.raw leaves for another type', () => ({})],
    ['nothing', () => undefined],
    ['a text', () => BYTES.toString()],
    ['a list of texts', () => [BYTES.toString()]],
    ['a stream of texts', texts],
    ['no bytes', () => new Uint8Array()],
    ['a stream that has ended', consumed],
  ])('is not published: %s', async (_name, content) => {
    const faults: string[] = [];
    const gate = makeGate({ onFault: ({ code }) => void faults.push(code) });
    for (const receipt of [issue(), issue({ sha256: sha256(Buffer.alloc(0)), size: 0 })]) {
      const reply = await gate.protect({ content: () => content() as Content })(
        new Request('http://site.example/', { headers: { 'gatehouse-receipt': receipt } }),
      );
      expect(reply?.status).toBe(422);
      expect(await reply?.json()).toMatchObject({ code: 'content_missing' });
    }
    expect(new Set(faults)).toEqual(new Set(['no bytes', 'a stream that has ended'].includes(_name) ? [] : ['content_invalid']));
  });

  it('is not published when the stream breaks', async () => {
    async function* broken(): AsyncGenerator<Uint8Array> {
      yield BYTES;
      throw new Error('the sender is gone');
    }
    const guard = makeGate().protect({ content: broken });
    const request = { method: 'POST', url: '/', headers: { 'gatehouse-receipt': issue() } };
    const response = { statusCode: 0, getHeader: () => undefined, setHeader: () => undefined, end: () => undefined };
    const calls: unknown[] = [];
    await new Promise<void>((done) => toExpress(guard)(request, response, (error) => void (calls.push(error), setTimeout(done, 20))));
    expect(calls).toEqual([new Error('the sender is gone')]);
  });

  it.each<[string, unknown]>([
    ['nothing', undefined],
    ['null', null],
    ['no text', ''],
    ["Express's word for the next route", 'route'],
    ["Express's word for the next router", 'router'],
  ])('is not published when what reads it fails with %s for an error', async (_name, thrown) => {
    const gate = makeGate();
    // oxlint-disable-next-line typescript/prefer-promise-reject-errors -- what other people's code does
    const content = (): Promise<Content> => Promise.reject(thrown);
    const headers = { 'gatehouse-receipt': issue() };
    const reached: string[] = [];
    const site = express();
    site.post('/publish', toExpress(gate.protect({ content })));
    site.post('/publish', (_request, response) => {
      reached.push('express');
      response.end();
    });
    site.use((_error: unknown, _request: express.Request, response: express.Response, _next: express.NextFunction) => void response.status(500).end());
    const server = createServer(site);
    servers.push(server);
    expect((await fetch(`${await listen(server)}/publish`, { method: 'POST', headers })).status).toBe(500);
    const other = fastify();
    other.post('/publish', { preHandler: toFastify(gate.protect<FastifyRequest>({ content })) }, async () => reached.push('fastify'));
    expect((await other.inject({ method: 'POST', url: '/publish', headers })).statusCode).toBe(500);
    const hono = new Hono();
    hono.post('/publish', toHono(gate.protect({ content })), (c) => {
      reached.push('hono');
      return c.text('');
    });
    await Promise.resolve(hono.request('/publish', { method: 'POST', headers })).catch(() => undefined);
    expect(reached).toEqual([]);
  });

  it('is not published with several receipts, in one header or in a list', async () => {
    const send = async (receipt: unknown): Promise<number | undefined> =>
      (await makeGate().protect({ content: () => BYTES, receipt: () => receipt as string })(new Request('http://site.example/')))?.status;
    expect([await send(issue()), await send(`${issue()}, ${issue()}`), await send([issue()]), await send(null)]).toEqual([undefined, 422, 422, 422]);
  });

  it('a receipt for no bytes is none', async () => {
    const empty = { sha256: sha256(Buffer.alloc(0)), size: 0 };
    expect(await verifyReceipt(issue(empty), { jwks, ...empty })).toEqual({ isValid: false, reason: 'malformed' });
  });
});

describe('keys', () => {
  const path = '/.well-known/gatehouse-receipts.json';
  const other = generateKeyPairSync('ed25519').publicKey.export({ format: 'jwk' });

  it('that were made since are found, and asked for once in a while only', async () => {
    vi.useFakeTimers({ toFake: ['Date'] });
    try {
      const gate = makeGate();
      const count = (): number => asked.filter((call) => call.path === path).length;
      answers[path] = { status: 200, body: { keys: [{ ...other, kid: 'k0' }] } };
      expect(await gate.verify(issue(), BYTES)).toEqual({ isValid: false, reason: 'unknown_key' });
      expect(await gate.verify(issue({}, { kid: 'k9' }), BYTES)).toEqual({ isValid: false, reason: 'unknown_key' });
      expect(count()).toBe(1);
      answers[path] = { status: 200, body: jwks };
      vi.setSystemTime(Date.now() + 11_000);
      expect(await gate.verify(issue(), BYTES)).toMatchObject({ isValid: true });
      expect(await gate.verify(issue({}, { kid: 'k9' }), BYTES)).toEqual({ isValid: false, reason: 'unknown_key' });
      expect(count()).toBe(2);
      // Also of many requests at once, whoever sends them.
      vi.setSystemTime(Date.now() + 11_000);
      const invented = await Promise.all(Array.from({ length: 20 }, (_, i) => gate.verify(issue({}, { kid: `invented${i}` }), BYTES)));
      expect(new Set(invented.map((verdict) => !verdict.isValid && verdict.reason))).toEqual(new Set(['unknown_key']));
      expect(count()).toBe(3);
    } finally {
      vi.useRealTimers();
    }
  });

  it('that are none are not kept', async () => {
    const gate = makeGate();
    answers[path] = { status: 200, body: { a: 'page of something else' } };
    await expect(gate.verify(issue(), BYTES)).rejects.toMatchObject({ code: 'result_invalid' });
    answers[path] = { status: 200, body: jwks };
    expect(await gate.verify(issue(), BYTES)).toMatchObject({ isValid: true });
  });
});

describe('Next.js', () => {
  const receipt = (): Record<string, string> => ({ 'gatehouse-receipt': issue() });
  const publish: NextPublish<undefined> = (_request, { content }) => new Response(content);
  const post = (request: Request, how?: NextProtect): Promise<Response> => toNextUploads(() => makeGate()).protect(publish, how)(request, undefined);

  it('makes the gate at the first request, once', async () => {
    let made = 0;
    const uploads = toNextUploads(() => {
      made += 1;
      return makeGate();
    });
    const handler = uploads.protect(publish);
    const tickets = uploads.ticketEndpoint({ subject: (_asked, own) => own.headers.get('x-person') ?? undefined, maxBytes: 5 });
    expect(made).toBe(0);
    expect((await handler(new Request('http://site.example/', { method: 'POST', body: BYTES }), undefined)).status).toBe(422);
    expect((await tickets(new Request('http://site.example/ticket', { method: 'POST' }))).status).toBe(401);
    expect(await (await tickets(new Request('http://site.example/ticket', { method: 'POST', headers: { 'x-person': 'p' } }))).json()).toMatchObject({
      ticket: 'ght_1',
    });
    expect(made).toBe(1);
  });

  it('publishes the file of a form, and only what the receipt is for', async () => {
    const send = async (bytes: Buffer): Promise<Response> => {
      const body = new FormData();
      body.set('picture', new File([new Uint8Array(bytes)], 'a.jpg'));
      body.set('gatehouse-receipt', issue());
      const form = await new Request('http://site.example/', { method: 'POST', body }).formData();
      return post(new Request('http://site.example/', { method: 'POST' }), {
        content: () => form.get('picture') as File,
        receipt: () => String(form.get('gatehouse-receipt')),
      });
    };
    expect(await (await send(BYTES)).text()).toBe(BYTES.toString());
    expect((await send(Buffer.from('other'))).status).toBe(422);
  });

  it('reads no more than is allowed, and nothing without a receipt', async () => {
    let read = 0;
    const body = (): ReadableStream<Uint8Array> =>
      new ReadableStream(
        {
          pull(controller) {
            read += 1;
            controller.enqueue(new Uint8Array(100));
          },
        },
        { highWaterMark: 0 },
      );
    const request = (headers = {}): Request => new Request('http://site.example/', { method: 'POST', body: body(), ...{ duplex: 'half' }, headers });
    expect((await post(request())).status).toBe(422);
    expect(read).toBe(0);
    expect((await post(request(receipt()))).status).toBe(413);
    expect(read).toBe(11);
    expect((await post(new Request('http://site.example/', { method: 'POST', headers: receipt() }))).status).toBe(422);
  });
});

describe('receipts', () => {
  const expected = { jwks, sha256: sha256(BYTES), size: BYTES.length };

  it.each([
    ['of another issuer', issue(), { issuer: 'https://other.example' }, 'wrong_issuer'],
    ['of stub mode by its issuer', issue({ iss: 'https://gate.example#stub' }), {}, 'stub'],
    ['of stub mode by its mark', issue({ stub: true }), {}, 'stub'],
    ['from the future', issue({ iat: nowS() + 600 }), {}, 'not_yet_valid'],
    ['of another size', issue({ size: 1 }), {}, 'size_differs'],
    ['that was changed', issue().replace(/\.([^.]+)\./, (_all, body: string) => `.${body.slice(0, -2)}AA.`), {}, 'bad_signature'],
  ])('are worth nothing %s', async (_name, receipt, changed, reason) => {
    expect(await verifyReceipt(receipt, { ...expected, ...changed })).toEqual({ isValid: false, reason });
  });

  it('are worth nothing as anything but a text: a form and JSON can have all sorts in their place', async () => {
    const gate = makeGate({ gatehouseUrl: 'http://127.0.0.1:9', jwks });
    const odd: readonly unknown[] = [undefined, null, 5, {}, [issue()], '', 'a.b.c', `a.${'W1tb'.repeat(100_000)}.c`];
    for (const receipt of odd as readonly string[]) {
      expect(await gate.verify(receipt, BYTES)).toEqual({ isValid: false, reason: 'malformed' });
      expect(await gate.fetchReleased(receipt)).toEqual({ isValid: false, reason: 'malformed' });
    }
  });

  it('count only where a withdrawal would be heard of, when the gate says where', async () => {
    const callbackUrl = 'https://site.example/gatehouse';
    const path = '/v1/receipts/verify';
    answers = { [path]: { status: 200, body: { valid: true, isContentChecked: true } } };
    expect(await makeGate({ jwks, callbackUrl }).verify(issue(), BYTES)).toMatchObject({ isValid: true });
    expect(JSON.parse(asked.at(-1)?.body ?? '')).toMatchObject({ callbackUrl, sha256: sha256(BYTES) });
    answers = { [path]: { status: 200, body: { valid: false, isContentChecked: true, reason: 'callback_differs' } } };
    expect(await makeGate({ jwks, callbackUrl }).verify(issue(), BYTES)).toEqual({ isValid: false, reason: 'callback_differs' });
    await makeGate({ jwks }).verify(issue(), BYTES);
    expect(asked.at(-1)?.body).not.toContain('callbackUrl');
  });

  it('are checked without Gatehouse where it cannot be reached', async () => {
    const gate = makeGate({ gatehouseUrl: 'http://127.0.0.1:9', isOffline: true, jwks });
    expect(await gate.verify(issue(), BYTES)).toMatchObject({ isValid: true });
    expect(await gate.verify(issue(), Buffer.from('other'))).toMatchObject({ isValid: false, reason: 'digest_differs' });
  });
});

describe('fetchReleased', () => {
  const path = `/v1/uploads/${UPLOAD}/content`;
  const fetched = (): string[] => asked.map((call) => call.path).filter((one) => one === path);

  it('gives the bytes of a valid receipt', async () => {
    answers[path] = { status: 200, body: BYTES };
    expect(await makeGate().fetchReleased(issue())).toEqual({
      isValid: true,
      claims: expect.objectContaining({ sub: UPLOAD, sha256: sha256(BYTES) }),
      content: new Uint8Array(BYTES),
      mediaType: 'image/jpeg',
    });
    expect(asked.at(-1)).toMatchObject({ path: '/v1/receipts/verify' });
  });

  it('serves a form that brings receipts and no bytes, as the guide shows it', async () => {
    answers[path] = { status: 200, body: BYTES };
    const gate = makeGate();
    const site = express();
    const shown: string[] = [];
    // oxlint-disable-next-line oxc/no-async-endpoint-handlers -- Express 5 passes on what is thrown
    site.post('/posts', express.urlencoded({ extended: false }), async (request, response) => {
      const receipts = [...new Set([(request.body as Record<string, string | string[]>)['gatehouse-receipt'] ?? []].flat())];
      if (receipts.length > 4) return void response.status(422).end();
      const files = await Promise.all(receipts.map((receipt) => gate.fetchReleased(receipt)));
      if (!files.every((file) => file.isValid)) return void response.status(422).end();
      shown.push(...files.map(({ content }) => Buffer.from(content).toString()));
      response.end();
    });
    const server = createServer(site);
    servers.push(server);
    const base = await listen(server);
    const send = async (...receipts: string[]): Promise<number> =>
      (await fetch(`${base}/posts`, { method: 'POST', body: new URLSearchParams(receipts.map((receipt) => ['gatehouse-receipt', receipt])) })).status;
    const [one, two] = [issue({ jti: '1' }), issue({ jti: '2' })];
    expect([await send(one), await send(one, two), await send(one, issue({ exp: 1 })), await send('')]).toEqual([200, 200, 422, 422]);
    expect(shown).toEqual(Array.from({ length: 3 }, () => BYTES.toString()));
    // A form has room for many receipts, and each can be of a file that fills the memory.
    const before = fetched().length;
    expect([await send(...Array.from({ length: 100 }, () => one)), await send(one, two, ...['3', '4', '5'].map((jti) => issue({ jti })))]).toEqual([200, 422]);
    expect(fetched().length - before).toBe(1);
  });

  /** So long nothing may come. */
  const timeoutMs = 2_000;

  it('takes the time that a large file needs, as long as something comes', async () => {
    const slow = createServer((request, response) => {
      if (request.url !== path)
        return void response.end(JSON.stringify(request.url === '/v1/receipts/verify' ? { valid: true, isContentChecked: true } : jwks));
      response.writeHead(200, { 'content-type': 'image/jpeg' });
      let sent = 0;
      const timer = setInterval(() => {
        response.write(BYTES.subarray(sent, (sent += 1)));
        if (sent < BYTES.length) return;
        clearInterval(timer);
        response.end();
      }, timeoutMs / 15);
      response.on('close', () => clearInterval(timer));
    });
    servers.push(slow);
    expect(await makeGate({ gatehouseUrl: await listen(slow), timeoutMs }).fetchReleased(issue())).toMatchObject({ isValid: true });
  });

  it('does not wait for what does not come', async () => {
    const stalled = createServer((request, response) => {
      if (request.url !== path) return void response.end(JSON.stringify(jwks));
      response.writeHead(200, { 'content-type': 'image/jpeg' }).write(BYTES.subarray(0, 5));
    });
    servers.push(stalled);
    await expect(makeGate({ gatehouseUrl: await listen(stalled), timeoutMs }).fetchReleased(issue())).rejects.toMatchObject({ code: 'gatehouse_away' });
  });

  it('holds no more of an answer than one can be', async () => {
    let sentBytes = 0;
    const endless = createServer((_request, response) => {
      const more = (): void => {
        while (!response.destroyed && sentBytes < 64 * 1024 ** 2) {
          sentBytes += 65_536;
          if (!response.write(Buffer.alloc(65_536, ' '))) return void response.once('drain', more);
        }
        response.end();
      };
      more();
    });
    servers.push(endless);
    await expect(makeGate({ gatehouseUrl: await listen(endless) }).fetchReleased(issue())).rejects.toMatchObject({ code: 'gatehouse_answer' });
    expect(sentBytes).toBeLessThan(32 * 1024 ** 2);
  });

  it('fetches nothing for what Gatehouse did not sign, has expired, or is no upload', async () => {
    answers[path] = { status: 200, body: BYTES };
    const forged = issue().replace(/[^.]+$/, (tag) => `${tag.slice(0, -4)}AAAA`);
    for (const receipt of [
      '',
      'a.b.c',
      `a.${Buffer.from([255, 254]).toString('base64url')}.c`,
      forged,
      issue({ exp: 1 }),
      issue({ sub: `scn_${'0'.repeat(26)}` }),
    ])
      expect(await makeGate().fetchReleased(receipt)).toMatchObject({ isValid: false });
    await expect(makeGate({ maxBytes: 5 }).fetchReleased(issue())).rejects.toMatchObject({ code: 'too_large' });
    expect(fetched()).toEqual([]);
  });

  it('takes no other bytes, and none that are not there or withdrawn', async () => {
    for (const [body, reason] of [
      [Buffer.concat([BYTES.subarray(1), Buffer.from('!')]), 'digest_differs'],
      [BYTES.subarray(1), 'digest_differs'],
    ] as const) {
      answers[path] = { status: 200, body };
      expect(await makeGate().fetchReleased(issue())).toEqual({ isValid: false, reason });
    }
    answers[path] = { status: 200, body: Buffer.concat([BYTES, BYTES]) };
    await expect(makeGate().fetchReleased(issue())).rejects.toMatchObject({ code: 'gatehouse_answer' });
    for (const [status, outcome] of [
      [404, 'no_content'],
      [409, 'no_content'],
      [403, 'gatehouse_refused'],
      [503, 'gatehouse_away'],
    ] as const) {
      answers[path] = { status, body: {} };
      const result = makeGate().fetchReleased(issue());
      await expect(
        result.then(
          (one) => (one.isValid ? 'valid' : one.reason),
          (error: unknown) => Reflect.get(error as object, 'code'),
        ),
      ).resolves.toBe(outcome);
    }
    answers[path] = { status: 200, body: BYTES };
    answers['/v1/receipts/verify'] = { status: 200, body: { valid: false, reason: 'revoked' } };
    expect(await makeGate().fetchReleased(issue())).toEqual({ isValid: false, reason: 'revoked' });
  });
});

describe('screenUpload', () => {
  async function* pieces(): AsyncGenerator<Uint8Array> {
    yield BYTES.subarray(0, 5);
    yield BYTES.subarray(5);
  }

  async function* readPieces(given: readonly Uint8Array[], fault?: Error): AsyncGenerator<Uint8Array> {
    yield* given;
    if (fault !== undefined) throw fault;
  }

  it('sends a stream and gives its receipt', async () => {
    expect(await makeGate().screenUpload(pieces())).toMatchObject({
      isReleased: true,
      id: UPLOAD,
      receipt: 'a.b.c',
      sha256: sha256(BYTES),
      size: BYTES.length,
    });
    await makeGate().screenUpload(BYTES, { callbackUrl: 'https://site.example/gatehouse' });
    expect(asked[2]?.body).toBe('{"callbackUrl":"https://site.example/gatehouse"}');
    await makeGate({ callbackUrl: 'https://site.example/hooks' }).screenUpload(BYTES);
    expect(asked[4]?.body).toBe('{"callbackUrl":"https://site.example/hooks"}');
    expect(asked.slice(0, 2).map(({ path, body }) => [path, body])).toEqual([
      ['/v1/uploads', '{}'],
      [`/v1/uploads/${UPLOAD}/content`, BYTES.toString()],
    ]);
  });

  it('says what was wrong with the content, and lets go of it', async () => {
    await expect(makeGate({ maxBytes: 5 }).screenUpload(BYTES)).rejects.toMatchObject({ code: 'too_large' });
    await expect(makeGate().screenUpload(BYTES.toString() as unknown as Content)).rejects.toMatchObject({ code: 'content_invalid' });
    expect(await makeGate().screenUpload(new Blob([BYTES]))).toMatchObject({ isReleased: true });
    for (const none of [Buffer.alloc(0), new Blob([]), readPieces([Buffer.alloc(0)])])
      await expect(makeGate().screenUpload(none)).rejects.toMatchObject({ code: 'content_invalid' });
    expect(await makeGate().screenUpload(readPieces([Buffer.alloc(0), BYTES, Buffer.alloc(0)]))).toMatchObject({ isReleased: true });
    const broken = new Error('the sender went away');
    await expect(makeGate().screenUpload(readPieces([BYTES], broken))).rejects.toMatchObject({ code: 'content_invalid', cause: broken });
    let isLeft = false;
    const source = new ReadableStream<Uint8Array>({ cancel: () => void (isLeft = true) });
    answers['/v1/uploads'] = { status: 503, body: {} };
    await expect(makeGate().screenUpload(source)).rejects.toMatchObject({ code: 'gatehouse_away' });
    expect(isLeft).toBe(true);
  });

  it('takes no answer of a Gatehouse in stub mode, except in tests', async () => {
    const path = `/v1/uploads/${UPLOAD}/content`;
    answers[path] = { status: 200, body: { state: 'released', receipt: 'a.b.c', sha256: sha256(BYTES) }, headers: { 'gatehouse-stub': '1' } };
    await expect(makeGate().screenUpload(BYTES)).rejects.toMatchObject({ code: 'gatehouse_answer' });
    expect(await makeGate({ acceptsStub: true }).screenUpload(BYTES)).toMatchObject({ isReleased: true });
  });

  it('takes nothing for released that is not, and no answer about other bytes', async () => {
    const path = `/v1/uploads/${UPLOAD}/content`;
    answers[path] = { status: 202, body: { state: 'received', receipt: 'a.b.c', sha256: sha256(BYTES) } };
    expect(await makeGate().screenUpload(BYTES)).toMatchObject({ isReleased: false, receipt: undefined });
    answers[path] = { status: 200, body: { state: 'released', receipt: 'a.b.c', sha256: '0'.repeat(64) } };
    await expect(makeGate().screenUpload(BYTES)).rejects.toMatchObject({ code: 'gatehouse_answer' });
    answers[path] = { status: 503, body: {} };
    await expect(makeGate().screenUpload(BYTES)).rejects.toMatchObject({ code: 'gatehouse_away' });
  });
});

describe('ticketEndpoint', () => {
  const ask = (headers: Record<string, string> = {}, method = 'POST', subject: string | undefined = 'person 1'): Promise<Response> =>
    makeGate().ticketEndpoint({ subject: () => subject, maxBytes: 5 })(new Request('http://site.example/ticket', { method, headers }));

  it('gives a ticket to whoever is signed in, and never the key', async () => {
    const reply = await ask();
    const text = await reply.text();
    expect([reply.status, JSON.parse(text).ticket, text.includes(API_KEY)]).toEqual([200, 'ght_1', false]);
    expect(asked.at(-1)).toEqual({ path: '/v1/tickets', key: `Bearer ${API_KEY}`, body: JSON.stringify({ subject: 'person 1', maxBytes: 5 }) });
    const callbackUrl = 'https://site.example/gatehouse';
    const request = new Request('http://site.example/ticket', { method: 'POST' });
    await makeGate({ callbackUrl }).ticketEndpoint({ subject: () => 'person 1', maxBytes: 5 })(request);
    expect(JSON.parse(asked.at(-1)?.body ?? '')).toEqual({ subject: 'person 1', maxBytes: 5, callbackUrl });
  });

  it('takes null and no text for nobody, and says what is wrong with anything that is no text', async () => {
    const askAs = (subject: unknown): Promise<Response> =>
      makeGate().ticketEndpoint({ subject: () => subject as string, maxBytes: 5 })(new Request('http://site.example/ticket', { method: 'POST' }));
    expect([(await askAs(null)).status, (await askAs('')).status]).toEqual([401, 401]);
    for (const subject of [42, {}, 'x'.repeat(65)]) await expect(askAs(subject)).rejects.toMatchObject({ code: 'option_invalid' });
    expect(asked).toEqual([]);
  });

  it('refuses everybody else', async () => {
    const nobody = makeGate().ticketEndpoint({ subject: () => undefined, maxBytes: 5 });
    expect((await nobody(new Request('http://site.example/ticket', { method: 'POST' }))).status).toBe(401);
    expect((await ask({ 'sec-fetch-site': 'cross-site' })).status).toBe(403);
    expect((await ask({}, 'GET')).status).toBe(405);
    expect(asked).toEqual([]);
    answers['/v1/tickets'] = { status: 500, body: {} };
    expect((await ask()).status).toBe(503);
  });
});

it('does not come up with a wrong option', () => {
  for (const changed of [{ apiKey: undefined }, { gatehouseUrl: 'http://gate.example' }, { gatehouseUrl: 'nowhere' }])
    expect(() => makeGate(changed)).toThrow(expect.objectContaining({ code: 'option_invalid' }));
});
