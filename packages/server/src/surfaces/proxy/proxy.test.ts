import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { request } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { fieldHead, fileHead, multipart } from '../../../test/support/bodies.ts';
import { emptyIntake } from '../../../test/support/intake.ts';
import { startOrigin, type OriginServer } from '../../../test/support/origin-server.ts';
import { collectUncaught } from '../../../test/support/faults.ts';
import { dial, exchange, startRoom, untilClosed, type TestRoom } from '../../../test/support/surface-room.ts';
import { proxyRoom, type ProxyService } from './index.ts';
import { toOriginHeaders } from './head-rules.ts';
import { findRoute, isNamed, RoutesFileSchema } from './address-rules.ts';

const ROUTES = {
  routes: [
    { path: '/upload', receipt: true },
    { path: '/api/**', shapes: ['json', 'form'] },
    { path: '/media/*', methods: ['PUT'], shapes: ['file'], maxBytes: 1000 },
    { path: '/break', methods: ['POST'] },
  ],
};

let dir: string;
let origin: OriginServer;
let room: TestRoom<ProxyService>;
let proxy: string;
beforeAll(async () => {
  dir = await mkdtemp(join(tmpdir(), 'gatehouse-proxy-'));
  origin = await startOrigin();
  await writeFile(join(dir, 'routes.json'), JSON.stringify(ROUTES));
  room = await startRoom(proxyRoom, {
    proxyListen: '127.0.0.1:0',
    proxyOrigin: origin.url,
    proxyRoutesFile: join(dir, 'routes.json'),
    maxUploadBytes: 200_000,
  });
  proxy = room.opened[0]?.address ?? '';
});
afterAll(async () => {
  await room.stop();
  await origin.stop();
  await rm(dir, { recursive: true, force: true });
});
beforeEach(async () => {
  await emptyIntake(room.intake.db);
  room.intake.screening.answer = undefined;
  origin.received.length = 0;
});

const JPEG = { 'content-type': 'image/jpeg' };
interface Answer {
  readonly status: number;
  readonly text: string;
  readonly headers: Headers;
}
const send = async (path: string, body: string | Uint8Array | undefined, headers: Record<string, string> = JPEG, method = 'POST'): Promise<Answer> => {
  const reply = await fetch(`http://${proxy}${path}`, { method, headers, ...(body === undefined ? {} : { body: body as string }), redirect: 'manual' });
  return { status: reply.status, text: await reply.text(), headers: reply.headers };
};
const raw = async (text: string): Promise<string> => (await exchange(proxy, Buffer.from(text, 'latin1'), { isLeftOpen: true })).toString('latin1');
const CLEAN = async (): Promise<void> => {
  await expect.poll(() => room.intake.service.waitingBytes()).toBe(0);
};

describe('a request with content', () => {
  it('goes on byte for byte when it is clear, with what was found', async () => {
    const body = multipart('XyZ', [
      { head: fieldHead('title'), content: 'hello' },
      { head: fileHead('a.jpg'), content: `clear ${'\r\n--Xy\0'.repeat(500)}` },
    ]);
    room.intake.screening.answer = async () => ({});
    const answer = await send('/upload?x=1&y=%2F', body, {
      'content-type': 'multipart/form-data; boundary=XyZ',
      cookie: 'session=1',
      'gatehouse-verdict': 'clear',
      gatehouse_receipt: 'x',
    });
    expect(answer).toMatchObject({ status: 200, text: `stored ${body.length}` });
    expect(answer.headers.getSetCookie()).toEqual(['a=1', 'b=2']);
    expect(answer.headers.get('x-hop')).toBeNull();
    expect(origin.received[0]).toMatchObject({
      method: 'POST',
      url: '/upload?x=1&y=%2F',
      headers: {
        cookie: 'session=1',
        'content-length': String(body.length),
        'content-type': 'multipart/form-data; boundary=XyZ',
        'gatehouse-verdict': 'clear',
        'gatehouse-reference': expect.stringMatching(/^scn_/),
        'x-forwarded-for': '127.0.0.1',
        'x-forwarded-proto': 'http',
        'x-forwarded-host': proxy,
      },
    });
    expect(origin.received[0]?.headers['gatehouse_receipt']).toBeUndefined();
    expect(origin.received[0]?.body.equals(body)).toBe(true);
    await CLEAN();
  });

  it('of one file has a receipt for the application, when the route says so', async () => {
    await send('/upload', 'clear picture');
    const receipt = String(origin.received[0]?.headers['gatehouse-receipt']);
    expect(await room.intake.service.verifyReceipt({ receipt })).toMatchObject({ valid: true });
    await send('/media/1', 'clear picture', JPEG, 'PUT');
    expect(origin.received[1]?.headers['gatehouse-receipt']).toBeUndefined();
  });

  it.each([
    ['match', 422],
    ['match refuse', 422],
    ['unscannable', 422],
    ['error', 503],
  ])('that is %s never reaches the application', async (content, status) => {
    const answer = await send('/upload', content);
    expect(answer.status).toBe(status);
    expect(answer.text).not.toMatch(/match|list|unscannable|demonstration/);
    expect(answer.headers.get('retry-after')).toBe(status === 503 ? '10' : null);
    expect(origin.received).toEqual([]);
    await CLEAN();
  });

  it('gets the same text for a match and for what could not be screened, as a page for browsers', async () => {
    const texts = await Promise.all(
      ['match', 'unscannable'].map(async (content) => (await send('/upload', content, { ...JPEG, accept: 'text/html,*/*' })).text),
    );
    expect(new Set(texts.map((text) => text.replace(/(scn|upl)_\w+/, 'ID'))).size).toBe(1);
    expect(texts[0]).toMatch(/^<!doctype html>.*<p>This file could not be published\. Reference/);
  });

  it('a policy released is not called clear', async () => {
    room.intake.screening.answer = async () => ({ verdict: 'unscannable', reason: 'unsupported_type' });
    const other = await startRoom(proxyRoom, {
      proxyListen: '127.0.0.1:0',
      proxyOrigin: origin.url,
      proxyRoutesFile: join(dir, 'routes.json'),
      onUnscannable: 'release',
    });
    await fetch(`http://${other.opened[0]?.address}/upload`, { method: 'POST', headers: JPEG, body: 'unscannable' });
    expect(origin.received[0]?.headers['gatehouse-verdict']).toBe('released');
    await other.stop();
  });

  it.each<[string, string, string | undefined, Record<string, string>, string, number]>([
    ['to an address that no route names', '/other', 'clear', JPEG, 'POST', 403],
    ['by a method that the route does not name', '/media/1', 'clear', JPEG, 'POST', 403],
    ['deeper than the route', '/media/1/2', 'clear', JPEG, 'PUT', 403],
    ['of a shape that the route does not name', '/api/posts', 'clear', JPEG, 'POST', 415],
    ['of an unknown type', '/upload', 'clear', { 'content-type': 'application/grpc' }, 'POST', 415],
    ['of a broken type', '/upload', 'clear', { 'content-type': 'jpeg' }, 'POST', 400],
    ['with a content coding', '/upload', 'clear', { ...JPEG, 'content-encoding': 'gzip' }, 'POST', 415],
    ['beyond the limit of its route', '/media/1', 'c'.repeat(1001), JPEG, 'PUT', 413],
    ['beyond the limit of all', '/upload', 'c'.repeat(200_001), JPEG, 'POST', 413],
    ['that is a piece of a file', '/upload', 'clear', { ...JPEG, 'content-range': 'bytes 0-4/10' }, 'POST', 400],
    ['that is empty and has a type', '/upload', '', JPEG, 'POST', 422],
    ['that is malformed', '/api/a', '{"a":', { 'content-type': 'application/json' }, 'POST', 400],
  ])('%s is refused', async (_name, path, body, headers, method, status) => {
    room.intake.screening.answer = async ({ sizeBytes }) => (sizeBytes === 0 ? { verdict: 'unscannable', reason: 'empty' } : {});
    expect((await send(path, body, headers, method)).status).toBe(status);
    expect(origin.received).toEqual([]);
  });

  it('in chunks is measured while it comes', async () => {
    const chunk = 'x'.repeat(1000);
    const text = `PUT /media/1 HTTP/1.1\r\nHost: a\r\nContent-Type: image/jpeg\r\nTransfer-Encoding: chunked\r\nConnection: close\r\n\r\n${`3e8\r\n${chunk}\r\n`.repeat(3)}0\r\n\r\n`;
    expect(await raw(text)).toMatch(/^HTTP\/1\.1 413 /);
    expect(
      await raw(
        'PUT /media/1 HTTP/1.1\r\nHost: a\r\nContent-Type: image/jpeg\r\nTransfer-Encoding: chunked\r\nConnection: close\r\n\r\n5;ext=1\r\nclear\r\n0\r\nX-T: 1\r\n\r\n',
      ),
    ).toMatch(/^HTTP\/1\.1 200 /);
    expect(origin.received.map(({ body, headers }) => [body.toString(), headers['content-length'], headers['transfer-encoding'], headers['x-t']])).toEqual([
      ['clear', '5', undefined, undefined],
    ]);
  });
});

describe('headers for the application', () => {
  const sent = async (text: string): Promise<Record<string, unknown>> => {
    expect(await raw(`GET / HTTP/1.1\r\nHost: a\r\n${text}Connection: close\r\n\r\n`)).toMatch(/^HTTP\/1\.1 200 /);
    return origin.received[0]?.headers ?? {};
  };

  it('say nothing in the name of Gatehouse, nor of a proxy before it, by any sign for the hyphen', async () => {
    const headers = await sent(
      'Gatehouse-Verdict: clear\r\nGatehouse_Receipt: x\r\ngatehouse.reference: x\r\nX_Forwarded_For: 9.9.9.9\r\nX-Forwarded.For: 9.9.9.9\r\n',
    );
    expect(Object.keys(headers).filter((name) => /gatehouse|forwarded/.test(name))).toEqual(['x-forwarded-for', 'x-forwarded-proto', 'x-forwarded-host']);
    expect(headers['x-forwarded-for']).toBe('127.0.0.1');
  });

  it('are without those of the connection, in however many lines it names them', async () => {
    expect(await sent('Connection: x-one\r\nConnection: x-two\r\nX-One: 1\r\nX-Two: 2\r\nX-Three: 3\xe9\xff\r\n')).toMatchObject({ 'x-three': '3\xe9\xff' });
    expect(Object.keys(origin.received[0]?.headers ?? {}).filter((name) => /^x-(?:one|two)$/.test(name))).toEqual([]);
  });

  it("name every hop that a trusted proxy tells of: HAProxy adds a line behind the client's", () => {
    const given = ['Host', 'a', 'X-Forwarded-For', '9.9.9.9', 'X-Forwarded-For', '192.0.2.1'];
    const hops = (isTrusted: boolean): string | undefined => {
      const headers = toOriginHeaders(given, { remoteAddress: '10.0.0.1', isTrusted, bodyBytes: undefined, added: {} });
      return headers[headers.indexOf('X-Forwarded-For') + 1];
    };
    expect([hops(true), hops(false)]).toEqual(['9.9.9.9, 192.0.2.1, 10.0.0.1', '10.0.0.1']);
  });
});

describe('a request without content', () => {
  it.each(['GET', 'HEAD', 'OPTIONS', 'DELETE'])('%s passes, and the answer comes back as it is', async (method) => {
    const answer = await send('/gone', undefined, {}, method);
    expect(answer.status).toBe(404);
    expect(answer.headers.get('x-own')).toBe('yes');
    expect(origin.received[0]).toMatchObject({ method, url: '/gone' });
  });

  it('that posts nothing passes: a button, a log-out', async () => {
    expect((await send('/logout', undefined, {}, 'POST')).status).toBe(200);
  });

  it('passes only where a route names it, when the file says so', async () => {
    await writeFile(join(dir, 'strict.json'), JSON.stringify({ ...ROUTES, withoutBody: 'routes' }));
    const other = await startRoom(proxyRoom, { proxyListen: '127.0.0.1:0', proxyOrigin: origin.url, proxyRoutesFile: join(dir, 'strict.json') });
    const status = async (path: string): Promise<number> => (await fetch(`http://${other.opened[0]?.address}${path}`)).status;
    expect(await status('/other')).toBe(403);
    expect(await status('/api/x')).toBe(200);
    await other.stop();
  });
});

describe('ambiguous heads are refused, and nothing reaches the application', () => {
  const HEAD = 'POST /upload HTTP/1.1\r\nHost: a\r\nContent-Type: image/jpeg\r\n';
  it.each([
    ['length and chunks', `${HEAD}Content-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\nGET /x HTTP/1.1\r\nHost: a\r\n\r\n`],
    ['chunks and length', `${HEAD}Transfer-Encoding: chunked\r\nContent-Length: 5\r\n\r\n5\r\nclear\r\n0\r\n\r\n`],
    ['two lengths', `${HEAD}Content-Length: 5\r\nContent-Length: 6\r\n\r\nclearX`],
    ['two equal lengths', `${HEAD}Content-Length: 5\r\nContent-Length: 5\r\n\r\nclear`],
    ['a length with a sign', `${HEAD}Content-Length: +5\r\n\r\nclear`],
    ['a list of lengths', `${HEAD}Content-Length: 5, 5\r\n\r\nclear`],
    ['another coding before the chunks', `${HEAD}Transfer-Encoding: gzip, chunked\r\n\r\n5\r\nclear\r\n0\r\n\r\n`],
    ['a coding that is no coding', `${HEAD}Transfer-Encoding: xchunked\r\n\r\n5\r\nclear\r\n0\r\n\r\n`],
    ['two codings', `${HEAD}Transfer-Encoding: chunked\r\nTransfer-Encoding: identity\r\n\r\n5\r\nclear\r\n0\r\n\r\n`],
    ['a folded head', `${HEAD}X-A: 1\r\n Content-Length: 5\r\n\r\nclear`],
    ['a space before the colon', `${HEAD}Content-Length : 5\r\n\r\nclear`],
    ['an underscore', `${HEAD}Content_Length: 3\r\nContent-Length: 5\r\n\r\nclear`],
    ['bare line feeds', `${HEAD}Content-Length: 5\n\nclear`],
    ['two types', `${HEAD}content-type: text/plain\r\nContent-Length: 5\r\n\r\nclear`],
    ['a chunk length with a sign', `${HEAD}Transfer-Encoding: chunked\r\n\r\n-5\r\nclear\r\n0\r\n\r\n`],
    ['a chunk that is too short', `${HEAD}Transfer-Encoding: chunked\r\n\r\n9\r\nclear\r\n0\r\n\r\n`],
    ['another expectation', `${HEAD}Expect: 200-ok\r\nConnection: close\r\nContent-Length: 5\r\n\r\nclear`],
    ['a whole address', `POST http://elsewhere/upload HTTP/1.1\r\nHost: a\r\nContent-Type: image/jpeg\r\nContent-Length: 5\r\n\r\nclear`],
    ['a fragment', `POST /upload#x HTTP/1.1\r\nHost: a\r\nContent-Type: image/jpeg\r\nContent-Length: 5\r\n\r\nclear`],
    ['a type that is of the connection', `${HEAD}Connection: close\r\nConnection: x, Content-Type\r\nContent-Length: 5\r\n\r\nclear`],
    ['a dot for a hyphen', `${HEAD}Content.Type: text/plain\r\nContent-Length: 5\r\n\r\nclear`],
    ['TRACE', `TRACE / HTTP/1.1\r\nHost: a\r\n\r\n`],
    ['no host', `POST /upload HTTP/1.1\r\nContent-Length: 5\r\n\r\nclear`],
    ['a zero byte', `${HEAD}X-A: a\0b\r\nContent-Length: 5\r\n\r\nclear`],
  ])('%s', async (_name, text) => {
    expect(await raw(text)).toMatch(/^HTTP\/1\.1 4(00|17) /);
    expect(origin.received).toEqual([]);
    await CLEAN();
  });

  it('CONNECT is no way past, and an upgrade is not passed on', async () => {
    expect(await raw('CONNECT elsewhere:443 HTTP/1.1\r\nHost: elsewhere\r\n\r\n')).toMatch(/^HTTP\/1\.1 405 /);
    expect(await raw('GET /ws HTTP/1.1\r\nHost: a\r\nConnection: Upgrade, close\r\nUpgrade: websocket\r\n\r\n')).toMatch(/^HTTP\/1\.1 200 /);
    expect(origin.received[0]?.headers.upgrade).toBeUndefined();
  });

  it('a client that asks for a tunnel and breaks off ends nothing', async () => {
    const uncaught = await collectUncaught(async () => {
      const socket = dial(proxy);
      socket.write('CONNECT elsewhere:443 HTTP/1.1\r\nHost: elsewhere\r\n\r\n');
      socket.once('data', () => socket.resetAndDestroy());
      await untilClosed(socket);
      // By then the break was seen there, too.
      expect(await raw('GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n')).toMatch(/^HTTP\/1\.1 200 /);
    });
    expect(uncaught).toEqual([]);
  });

  it('what follows a request on its connection is a request of its own', async () => {
    const one = (content: string): string => `${HEAD}Content-Length: ${content.length}\r\n\r\n${content}`;
    const answers = await raw(`${one('clear 1')}${one('match')}${one('clear 2')}GET /end HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n`);
    expect(answers.match(/HTTP\/1\.1 (\d+)/g)).toEqual(['HTTP/1.1 200', 'HTTP/1.1 422', 'HTTP/1.1 200', 'HTTP/1.1 200']);
    // Answered in order; asked of the application side by side.
    expect(origin.received.map(({ body }) => body.toString()).toSorted()).toEqual(['', 'clear 1', 'clear 2']);
  });

  it('an old client without keep-alive is served', async () => {
    expect(await raw('POST /upload HTTP/1.0\r\nHost: a\r\nContent-Type: image/jpeg\r\nContent-Length: 5\r\n\r\nclear')).toMatch(/^HTTP\/1\.1 200 /);
  });
});

describe('faults', () => {
  it('a client that asks first is told to go on only when its head is fine', async () => {
    const ask = (path: string): Promise<string[]> =>
      new Promise((resolve, reject) => {
        const said: string[] = [];
        const outgoing = request(`http://${proxy}${path}`, { method: 'POST', headers: { ...JPEG, expect: '100-continue', 'content-length': 5 } });
        outgoing.on('continue', () => {
          said.push('continue');
          outgoing.end('clear');
        });
        outgoing.on('response', (reply) => {
          said.push(String(reply.statusCode));
          reply.resume().on('end', () => {
            outgoing.destroy();
            resolve(said);
          });
        });
        outgoing.on('error', reject);
        outgoing.flushHeaders();
      });
    expect(await ask('/upload')).toEqual(['continue', '200']);
    expect(await ask('/other')).toEqual(['403']);
  });

  it('a client that goes away in the middle leaves nothing', async () => {
    const socket = dial(proxy);
    socket.write(`POST /upload HTTP/1.1\r\nHost: a\r\nContent-Type: image/jpeg\r\nContent-Length: 190000\r\n\r\n${'clear '.repeat(20_000)}`);
    await expect.poll(() => room.intake.service.waitingBytes()).toBeGreaterThan(0);
    socket.destroy();
    await CLEAN();
    expect(origin.received).toEqual([]);
  });

  it('an application that breaks off in its answer is seen as broken off', async () => {
    await expect(send('/break', 'clear')).rejects.toThrow();
  });

  it('an application that is away is 502, and nothing is kept', async () => {
    const other = await startRoom(proxyRoom, { proxyListen: '127.0.0.1:0', proxyOrigin: 'http://127.0.0.1:9', proxyRoutesFile: join(dir, 'routes.json') });
    const address = other.opened[0]?.address;
    expect((await fetch(`http://${address}/upload`, { method: 'POST', headers: JPEG, body: 'clear' })).status).toBe(502);
    expect((await fetch(`http://${address}/`)).status).toBe(502);
    await expect.poll(() => other.intake.service.waitingBytes()).toBe(0);
    await other.stop();
  });

  it('a client that says nothing is ended, but not one that waits for the verdict or for the application', async () => {
    const slow = await startOrigin(1500);
    await writeFile(join(dir, 'slow.json'), JSON.stringify({ routes: [{ path: '/slow' }] }));
    const settings = { proxyListen: '127.0.0.1:0', proxyOrigin: slow.url, proxyRoutesFile: join(dir, 'slow.json'), surfaceIdleSeconds: 1 };
    const other = await startRoom(proxyRoom, settings);
    const address = other.opened[0]?.address ?? '';
    const head = 'POST /slow HTTP/1.1\r\nHost: a\r\nContent-Type: image/jpeg\r\nContent-Length: 5\r\n\r\n';
    expect((await exchange(address, `${head}cle`, { isLeftOpen: true })).toString()).toBe('');
    other.intake.screening.answer = async () => {
      await new Promise((resolve) => setTimeout(resolve, 1500));
      return {};
    };
    const reply = await fetch(`http://${address}/slow`, { method: 'POST', headers: JPEG, body: 'clear' });
    expect([reply.status, await reply.text()]).toEqual([200, 'stored 5']);
    await other.stop();
    await slow.stop();
  });

  it('a screening that throws, and a spool that is full, are 503', async () => {
    room.intake.screening.answer = () => Promise.reject(new Error('boom'));
    expect((await send('/upload', 'clear')).status).toBe(503);
    const other = await startRoom(proxyRoom, {
      proxyListen: '127.0.0.1:0',
      proxyOrigin: origin.url,
      proxyRoutesFile: join(dir, 'routes.json'),
      spoolMaxBytes: 1024 * 1024,
    });
    const reply = await fetch(`http://${other.opened[0]?.address}/upload`, { method: 'POST', headers: JPEG, body: 'x'.repeat(1024 * 1024 + 1) }).catch(
      () => undefined,
    );
    expect(reply?.status ?? 503).toBe(503);
    expect(origin.received).toEqual([]);
    await other.stop();
  });
});

describe('the file of routes', () => {
  it.each([
    ['a name that nobody knows', { routes: [{ path: '/a', size: 1 }] }, /routes\.0/],
    ['a path that is none', { routes: [{ path: 'a' }] }, /routes\.0\.path/],
    ['stars in the middle of a segment', { routes: [{ path: '/a*b' }] }, /routes\.0\.path/],
    ['a list', [], /the file/],
  ])('with %s is refused with its place', async (_name, file, expected) => {
    const path = join(dir, 'bad.json');
    await writeFile(path, JSON.stringify(file));
    await expect(startRoom(proxyRoom, { proxyListen: '127.0.0.1:0', proxyOrigin: origin.url, proxyRoutesFile: path })).rejects.toThrow(expected);
  });

  it('that is not there is told from one that is no JSON', async () => {
    const start = (path: string): Promise<unknown> => startRoom(proxyRoom, { proxyListen: '127.0.0.1:0', proxyOrigin: origin.url, proxyRoutesFile: path });
    await expect(start(join(dir, 'none.json'))).rejects.toThrow(/none\.json is not there, or may not be read\. Nothing was started/);
    await writeFile(join(dir, 'words.json'), 'routes');
    await expect(start(join(dir, 'words.json'))).rejects.toThrow(/words\.json is not JSON/);
  });

  it('names no address that is another one for the application', () => {
    const routes = RoutesFileSchema.parse({ routes: [{ path: '/a/**' }, { path: '/b/*' }] });
    const bad = [
      '/a/../x',
      '/a/./x',
      '/a/..',
      '/a/%2e%2E/x',
      '/a/.%2e/x',
      '/a/%252e%252e/x',
      '/a/x%2f..%2f..%2fx',
      '/a/..%5cx',
      '/a/..\\x',
      '/a/..;/x',
      '/a/..%3bp/x',
      '/b/..',
    ];
    expect(bad.filter((path) => findRoute(routes, 'POST', path) !== undefined || isNamed(routes, path))).toEqual([]);
    const good = ['/a/..x', '/a/.well-known/x', '/a/x..', '/a/...', '/a/b%2Fc', '/b/x;v=1'];
    expect(good.filter((path) => findRoute(routes, 'POST', path) === undefined)).toEqual([]);
  });

  it('names paths by segments', () => {
    const routes = RoutesFileSchema.parse({ routes: [{ path: '/a/*/c' }, { path: '/b/**' }, { path: '/' }] });
    const found = (path: string): string | undefined => findRoute(routes, 'POST', path)?.path;
    expect(['/a/x/c', '/a//c', '/a/x/d', '/a/x/c/', '/b/', '/b/x/y', '/b', '/', '//'].map(found)).toEqual([
      '/a/*/c',
      '/a/*/c',
      undefined,
      undefined,
      '/b/**',
      '/b/**',
      undefined,
      '/',
      undefined,
    ]);
  });
});
