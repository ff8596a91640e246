/** What the guarded client refuses, and what it bounds. Nothing here leaves the machine: names are resolved by a stub. */
import type dns from 'node:dns';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { createOutbound, isPublicAddress, type Outbound } from './outbound.ts';

const names = vi.hoisted(() => ({ addresses: {} as Record<string, readonly string[]>, asked: [] as string[] }));

vi.mock('node:dns', async (importOriginal) => ({
  ...(await importOriginal<typeof dns>()),
  lookup: (host: string, _options: object, callback: (error: Error | null, found: { address: string; family: number }[]) => void) => {
    names.asked.push(host);
    const found = names.addresses[host];
    if (found === undefined) callback(Object.assign(new Error('not found'), { code: 'ENOTFOUND' }), []);
    else
      callback(
        null,
        found.map((address) => ({ address, family: address.includes(':') ? 6 : 4 })),
      );
  },
}));

let outbound: Outbound;
let server: Server;
let port: number;
let seen: { readonly method: string; readonly path: string; readonly body: string }[];
let respond: (incoming: IncomingMessage, outgoing: ServerResponse) => void;

beforeEach(async () => {
  seen = [];
  names.asked.length = 0;
  names.addresses = {};
  respond = (_incoming, outgoing) => outgoing.end('ok');
  server = createServer((incoming, outgoing) => {
    let body = '';
    incoming.on('data', (chunk: Buffer) => (body += chunk.toString()));
    incoming.on('end', () => {
      seen.push({ method: incoming.method ?? '', path: incoming.url ?? '', body });
      respond(incoming, outgoing);
    });
  });
  await new Promise<void>((done) => server.listen(0, '127.0.0.1', done));
  port = (server.address() as AddressInfo).port;
  outbound = createOutbound([`127.0.0.1:${port}`]);
});

afterEach(async () => {
  await outbound.close();
  server.closeAllConnections();
  await new Promise((done) => server.close(done));
});

const refused = (url: string): unknown => {
  try {
    return outbound.checkUrl(url);
  } catch (error) {
    return Reflect.get(Object(error), 'code');
  }
};

describe('addresses', () => {
  it.each([
    '127.0.0.1',
    '127.255.255.255',
    '0.0.0.0',
    '10.0.0.1',
    '172.16.0.1',
    '172.31.255.255',
    '192.168.1.1',
    '169.254.169.254',
    '100.64.0.1',
    '100.127.255.255',
    '192.0.0.1',
    '192.0.2.1',
    '198.18.0.1',
    '198.51.100.1',
    '203.0.113.1',
    '224.0.0.1',
    '240.0.0.1',
    '255.255.255.255',
    '::',
    '::1',
    '::127.0.0.1',
    '::ffff:127.0.0.1',
    '::ffff:7f00:1',
    '::ffff:10.0.0.1',
    '::ffff:8.8.8.8',
    '64:ff9b::7f00:1',
    '64:ff9b::10.0.0.1',
    '64:ff9b:1::1',
    '2002:7f00:1::',
    '2001::1',
    '2001:db8::1',
    '3fff::1',
    '5f00::1',
    '100::1',
    'fc00::1',
    'fdff::1',
    'fe80::1',
    'febf::1',
    'fec0::1',
    'ff02::1',
    '',
    'localhost',
    'example.org',
  ])('%s is not public', (address) => {
    expect(isPublicAddress(address)).toBe(false);
  });

  it.each([
    '1.1.1.1',
    '9.255.255.255',
    '11.0.0.0',
    '172.15.255.255',
    '172.32.0.0',
    '100.63.255.255',
    '100.128.0.0',
    '169.253.255.255',
    '169.255.0.0',
    '192.167.255.255',
    '192.169.0.0',
    '223.255.255.255',
    '2606:4700::1111',
    '2a00::1',
    '2001:200::1',
  ])('%s is public', (address) => {
    expect(isPublicAddress(address)).toBe(true);
  });
});

describe('checkUrl', () => {
  it.each([
    ['decimal', 'https://2130706433/'],
    ['hexadecimal', 'https://0x7f000001/'],
    ['hexadecimal parts', 'https://0x7f.0.0.0x1/'],
    ['octal', 'https://0177.0.0.1/'],
    ['octal whole', 'https://017700000001/'],
    ['short', 'https://127.1/'],
    ['a closing dot', 'https://127.0.0.1./'],
    ['full-width digits', 'https://１２７.０.０.１/'],
    ['percent-encoded', 'https://%31%32%37.0.0.1/'],
    ['the metadata service', 'https://169.254.169.254/latest/meta-data/'],
    ['the metadata service, decimal', 'https://2852039166/'],
    ['zero', 'https://0/'],
    ['IPv6 loopback', 'https://[::1]/'],
    ['IPv6 loopback, long', 'https://[0:0:0:0:0:0:0:1]/'],
    ['IPv4-mapped', 'https://[::ffff:127.0.0.1]/'],
    ['IPv4-mapped, hexadecimal', 'https://[::ffff:a9fe:a9fe]/'],
    ['IPv4-compatible', 'https://[::127.0.0.1]/'],
    ['NAT64', 'https://[64:ff9b::169.254.169.254]/'],
    ['6to4', 'https://[2002:a9fe:a9fe::]/'],
    ['unique local', 'https://[fd00::1]/'],
    ['link-local with a zone', 'https://[fe80::1%25eth0]/'],
  ])('refuses %s', (_notation, url) => {
    expect(refused(url)).toBe('outbound_refused');
  });

  it.each([
    'http://example.org/',
    'ftp://example.org/',
    'file:///etc/passwd',
    'data:text/plain,x',
    'gopher://example.org/',
    'https://user@example.org/',
    'https://user:pass@example.org/',
    'https://:pass@example.org/',
    'example.org',
    '//example.org',
    '',
    'https://',
    'https://exa mple.org/',
    'javascript:1',
  ])('refuses %j', (url) => {
    expect(refused(url)).toBe('outbound_refused');
  });

  it.each(['https://example.org/hook?x=1', 'https://example.org:8443/', 'https://1.1.1.1/', 'https://[2606:4700::1111]/'])('accepts %s', (url) => {
    expect(refused(url)).toBeUndefined();
  });

  it('does not look names up: they are checked when they are used', () => {
    outbound.checkUrl('https://rebind.example/');
    expect(names.asked).toEqual([]);
  });
});

describe('the allow list', () => {
  const check = (allowed: string, url: string): boolean => {
    const guard = createOutbound([allowed]);
    try {
      guard.checkUrl(url);
      return true;
    } catch {
      return false;
    } finally {
      void guard.close();
    }
  };

  it.each([
    ['hooks.internal', 'http://hooks.internal:9000/x', true],
    ['HOOKS.internal', 'http://hooks.INTERNAL/x', true],
    ['hooks.internal:9000', 'http://hooks.internal:9000/x', true],
    ['hooks.internal:9000', 'http://hooks.internal:9001/x', false],
    ['hooks.internal:80', 'http://hooks.internal/', true],
    ['hooks.internal:443', 'https://hooks.internal/', true],
    ['hooks.internal:443', 'http://hooks.internal/', false],
    ['internal', 'http://hooks.internal/', false],
    ['hooks.internal', 'http://hooks.internal.evil.example/', false],
    ['hooks.internal', 'http://xhooks.internal/', false],
    ['10.0.0.5', 'http://10.0.0.5/', true],
    ['10.0.0.5', 'http://10.0.0.6/', false],
    ['127.0.0.1', 'http://2130706433/', true],
    ['[::1]:8080', 'http://[::1]:8080/', true],
    ['hooks.internal', 'http://user:pass@hooks.internal/', false],
    ['hooks.internal', 'ftp://hooks.internal/', false],
  ])('%s and %s: %s', (allowed, url, expected) => {
    expect(check(allowed, url)).toBe(expected);
  });
});

describe('names', () => {
  it.each([
    ['loopback', ['127.0.0.1']],
    ['a private address', ['10.0.0.1']],
    ['the metadata service', ['169.254.169.254']],
    ['IPv6 loopback', ['::1']],
    ['an IPv4-mapped address', ['::ffff:127.0.0.1']],
    ['NAT64 of a private address', ['64:ff9b::a00:1']],
    ['a public and a private address', ['1.1.1.1', '10.0.0.1']],
    ['nothing', []],
  ])('that lead to %s are refused when the connection is made', async (_what, addresses) => {
    names.addresses = { 'rebind.example': addresses };
    await expect(outbound.send({ url: `https://rebind.example:${port}/`, method: 'GET' })).rejects.toMatchObject({ code: 'outbound_refused' });
    expect(names.asked).toEqual(['rebind.example']);
    expect(seen).toEqual([]);
  });

  it('are looked up for every new connection: a second answer is judged again', async () => {
    names.addresses = { 'rebind.example': ['10.0.0.1'] };
    for (let i = 0; i < 2; i++)
      await expect(outbound.send({ url: `https://rebind.example:${port}/`, method: 'GET' })).rejects.toMatchObject({ code: 'outbound_refused' });
    expect(names.asked).toEqual(['rebind.example', 'rebind.example']);
  });

  it('of this machine are refused like any other', async () => {
    names.addresses = { localhost: ['127.0.0.1'], 'localhost.': ['127.0.0.1'] };
    for (const host of ['localhost', 'localhost.', 'LOCALHOST'])
      await expect(outbound.send({ url: `https://${host}:${port}/`, method: 'GET' })).rejects.toMatchObject({ code: 'outbound_refused' });
    expect(seen).toEqual([]);
  });

  it('that do not exist fail as such', async () => {
    await expect(outbound.send({ url: 'https://missing.example/', method: 'GET' })).rejects.toMatchObject({ code: 'ENOTFOUND' });
  });
});

describe('a host for another protocol', () => {
  it('is resolved to an address that may be called', async () => {
    names.addresses = { 'mail.example': ['1.1.1.1'], 'inner.example': ['10.0.0.1'], 'rebind.example': ['1.1.1.1', '10.0.0.1'] };
    expect(await outbound.resolveHost('Mail.example', 587)).toEqual({ address: '1.1.1.1', isAllowed: false });
    expect(await outbound.resolveHost('1.1.1.1', 587)).toEqual({ address: '1.1.1.1', isAllowed: false });
    for (const host of ['inner.example', 'rebind.example', '10.0.0.1', '[::1]', '::1'])
      await expect(outbound.resolveHost(host, 587)).rejects.toMatchObject({ code: 'outbound_refused' });
    await expect(outbound.resolveHost('missing.example', 587)).rejects.toMatchObject({ code: 'ENOTFOUND' });
  });

  it('of the operator is called wherever it is, on its port', async () => {
    const own = createOutbound(['10.0.0.1:25', '[::1]:25']);
    expect(await own.resolveHost('10.0.0.1', 25)).toEqual({ address: '10.0.0.1', isAllowed: true });
    expect(await own.resolveHost('[::1]', 25)).toEqual({ address: '::1', isAllowed: true });
    await expect(own.resolveHost('10.0.0.1', 26)).rejects.toMatchObject({ code: 'outbound_refused' });
    await own.close();
  });
});

describe('send', () => {
  const url = (path = '/'): string => `http://127.0.0.1:${port}${path}`;

  it('calls an allowed address with method, headers and body', async () => {
    respond = (incoming, outgoing) => outgoing.writeHead(201).end(String(incoming.headers['x-test']));
    expect(await outbound.send({ url: url('/hook?x=1'), method: 'POST', headers: { 'x-test': 'yes' }, body: '{"a":1}' })).toEqual({ status: 201, body: 'yes' });
    expect(seen).toEqual([{ method: 'POST', path: '/hook?x=1', body: '{"a":1}' }]);
  });

  it('does not call what may not be called', async () => {
    await expect(outbound.send({ url: `http://localhost:${port}/`, method: 'GET' })).rejects.toMatchObject({ code: 'outbound_refused' });
    await expect(createOutbound([]).send({ url: url(), method: 'GET' })).rejects.toMatchObject({ code: 'outbound_refused' });
    expect(seen).toEqual([]);
  });

  it.each([301, 302, 303, 307, 308])('does not follow a redirect (%i)', async (status) => {
    respond = (_incoming, outgoing) => outgoing.writeHead(status, { location: url('/secret') }).end();
    expect((await outbound.send({ url: url('/hook'), method: 'POST', body: 'x' })).status).toBe(status);
    expect(seen.map(({ path }) => path)).toEqual(['/hook']);
  });

  it('takes no proxy from the environment', async () => {
    vi.stubEnv('http_proxy', 'http://127.0.0.1:9');
    vi.stubEnv('HTTP_PROXY', 'http://127.0.0.1:9');
    try {
      expect((await outbound.send({ url: url(), method: 'GET' })).status).toBe(200);
    } finally {
      vi.unstubAllEnvs();
    }
  });

  it('reads at most 64 KiB of an answer and hangs up on the rest', async () => {
    let isClosed = false;
    respond = (_incoming, outgoing) => {
      outgoing.once('close', () => (isClosed = true));
      const more = (): void => {
        while (!outgoing.destroyed && outgoing.write('x'.repeat(16_384)));
      };
      outgoing.on('drain', more);
      more();
    };
    const { body } = await outbound.send({ url: url(), method: 'GET' });
    expect(body).toBe('x'.repeat(65_536));
    await vi.waitFor(() => expect(isClosed).toBe(true));
  });

  it('does not wait for ever: no answer, or one that never ends', async () => {
    respond = () => undefined;
    await expect(outbound.send({ url: url(), method: 'GET', timeoutMs: 30 })).rejects.toThrow(/timeout/i);
    respond = (_incoming, outgoing) => void outgoing.writeHead(200).write('a');
    await expect(outbound.send({ url: url(), method: 'GET', timeoutMs: 30 })).rejects.toThrow(/timeout/i);
  });

  it('stops when it is told to', async () => {
    const stop = new AbortController();
    respond = () => stop.abort();
    await expect(outbound.send({ url: url(), method: 'GET', signal: stop.signal })).rejects.toThrow(/abort/i);
  });

  it('lets no header of ours be split', async () => {
    await expect(outbound.send({ url: url(), method: 'GET', headers: { 'x-test': 'a\r\nx-other: b' } })).rejects.toThrow();
    expect(seen).toEqual([]);
  });
});

describe('a download', () => {
  const url = (): string => `http://127.0.0.1:${port}/list`;

  it('gives bytes as they came, with their type, and follows no redirect', async () => {
    respond = (_incoming, outgoing) => outgoing.writeHead(200, { 'content-type': 'application/x' }).end(Buffer.from([0, 255, 128]));
    expect(await outbound.download({ url: url(), method: 'GET', maxBytes: 3 })).toEqual({
      status: 200,
      contentType: 'application/x',
      bytes: Buffer.from([0, 255, 128]),
    });
    respond = (_incoming, outgoing) => outgoing.writeHead(302, { location: 'http://169.254.169.254/' }).end();
    expect(await outbound.download({ url: url(), method: 'GET', maxBytes: 3 })).toMatchObject({ status: 302, contentType: '' });
    expect(seen).toHaveLength(2);
  });

  it('is whole or refused', async () => {
    respond = (_incoming, outgoing) => outgoing.end('abcd');
    await expect(outbound.download({ url: url(), method: 'GET', maxBytes: 3 })).rejects.toMatchObject({ code: 'too_large' });
    respond = (incoming, outgoing) => {
      outgoing.writeHead(200, { 'content-length': '9' }).write('a');
      setTimeout(() => incoming.socket.destroy(), 10);
    };
    await expect(outbound.download({ url: url(), method: 'GET', maxBytes: 9 })).rejects.toThrow();
    await expect(outbound.download({ url: 'http://169.254.169.254/', method: 'GET', maxBytes: 9 })).rejects.toMatchObject({ code: 'outbound_refused' });
  });
});
