/** One contract for both senders; then what only SMTP has: TLS, passwords, the phases of a session, and a server of other people. */
import { spawn } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { createServer as createTcp, type AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it, vi } from 'vitest';
import { makeMailCertificate, type MailCertificate } from '../../../../test/support/mail-certificate.ts';
import { makeContent } from '../../../../test/support/notices.ts';
import { startSmtpServer, type TestSmtpOptions, type TestSmtpServer } from '../../../../test/support/smtp-server.ts';
import { loadConfig } from '../../../platform/config.ts';
import { createOutbound, type Outbound } from '../../../platform/outbound.ts';
import { createFormats } from '../formats/formats.ts';
import { createHttpSender } from './http.ts';
import { readMailServer } from './mail-server.ts';
import { judgeHttp, judgeSmtp, readEnhanced } from './result-rules.ts';
import type { OutgoingMessage, Sender } from './schema.ts';
import { createSender } from './senders.ts';
import { createSmtpSender } from './smtp.ts';

const FROM = 'notices@hotline.example.org';
const never = new AbortController().signal;
let message: OutgoingMessage;
let folder: string;
let certificate: MailCertificate;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'gatehouse-mail-'));
  certificate = await makeMailCertificate(folder, 'mail.example.org');
});
afterAll(() => rm(folder, { recursive: true, force: true }));
beforeEach(async () => {
  message = await createFormats().compose('arf', makeContent());
});

type Way = 'accept' | 'refuse' | 'later' | 'hang_up' | 'silent';

/** Where silence is waited out; others have as long as a busy machine may need. */
const SHORT_MS = 1_500;

interface Bench {
  readonly sender: Sender;
  readonly received: readonly { readonly from: string; readonly to: readonly string[]; readonly raw: Buffer }[];
  behave(way: Way): void;
  /** Nobody listens any more. */
  close(): Promise<void>;
}

async function startSmtpBench(): Promise<Bench> {
  const server = await startSmtpServer();
  const outbound = createOutbound([`127.0.0.1:${server.port}`]);
  const options = {
    server: readMailServer(`smtp://127.0.0.1:${server.port}`),
    outbound,
    credentials: undefined,
    from: FROM,
    ca: undefined,
    timeoutMs: SHORT_MS,
  };
  const ways = { accept: {}, refuse: { recipient: 550 }, later: { recipient: 450 }, hang_up: { message: 'hang_up' }, silent: { message: 'silent' } } as const;
  return {
    sender: createSmtpSender(options),
    received: server.received,
    behave: (way) => server.behave({ ...ways[way], words: message.messageId }),
    async close() {
      await server.close();
      await outbound.close();
    },
  };
}

async function startHttpBench(): Promise<Bench> {
  const received: { from: string; to: string[]; raw: Buffer }[] = [];
  let way: Way = 'accept';
  const answer = (incoming: IncomingMessage, outgoing: ServerResponse, body: string): void => {
    if (incoming.headers.authorization !== 'Bearer secret' || incoming.headers['idempotency-key'] !== message.messageId)
      return void outgoing.writeHead(401).end();
    if (way === 'refuse') return void outgoing.writeHead(422).end(message.messageId);
    if (way === 'later') return void outgoing.writeHead(503).end();
    const { from, to, raw } = JSON.parse(body) as Record<'from' | 'to' | 'raw', string>;
    received.push({ from, to: [to], raw: Buffer.from(raw, 'base64') });
    if (way === 'hang_up') incoming.socket.destroy();
    else if (way === 'accept') outgoing.writeHead(202).end();
  };
  const server = createServer((incoming, outgoing) => {
    const chunks: Buffer[] = [];
    incoming.on('data', (chunk: Buffer) => chunks.push(chunk));
    incoming.on('end', () => answer(incoming, outgoing, Buffer.concat(chunks).toString()));
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const host = `127.0.0.1:${(server.address() as AddressInfo).port}`;
  const outbound = createOutbound([host]);
  return {
    sender: createHttpSender({ url: `http://${host}/send`, token: 'secret', outbound, from: FROM, timeoutMs: SHORT_MS }),
    received,
    behave: (next) => void (way = next),
    async close() {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

describe.each([
  ['smtp', startSmtpBench],
  ['http', startHttpBench],
] as const)('a sender: %s', (kind, start) => {
  let bench: Bench;
  beforeEach(async () => {
    bench = await start();
  });
  afterEach(() => bench.close().catch(() => undefined));

  it('hands the whole message to one recipient, byte for byte', async () => {
    expect(bench.sender.kind).toBe(kind);
    expect(await bench.sender.send(message, never)).toMatchObject({ outcome: 'accepted', accepted: true });
    expect(bench.received.map(({ from, to }) => ({ from, to }))).toEqual([{ from: FROM, to: ['abuse@host.example.net'] }]);
    expect(bench.received[0]?.raw.equals(Buffer.from(message.raw))).toBe(true);
  });

  it('keeps lines that begin with a dot', async () => {
    const raw = Buffer.from('Subject: x\r\n\r\n.\r\n..\r\n.x\r\n');
    expect((await bench.sender.send({ ...message, raw }, never)).outcome).toBe('accepted');
    expect(bench.received[0]?.raw.toString()).toBe(raw.toString());
  });

  it.each([
    ['refuse', 'permanent', 0],
    ['later', 'temporary', 0],
    ['hang_up', 'unknown', 1],
    ['silent', 'unknown', 1],
  ] as const)('%s: %s', async (way, outcome, count) => {
    bench.behave(way);
    const result = await bench.sender.send(message, never);
    expect(result).toMatchObject({ outcome, accepted: false });
    expect(bench.received).toHaveLength(count);
    // What the other side writes may quote the notice.
    expect(result.reply).not.toContain(message.messageId);
    expect(result.reply).toMatch(/^[\x20-\x7e]{3,80}$/);
  });

  it('nobody there: temporary, and certainly not sent', async () => {
    await bench.close();
    expect(await bench.sender.send(message, never)).toMatchObject({ outcome: 'temporary', reply: expect.stringMatching(/nothing was sent/) });
  });

  it('stopped before: not sent; stopped while the answer is awaited: unknown', async () => {
    const stop = new AbortController();
    bench.behave('silent');
    const sending = bench.sender.send(message, stop.signal);
    await vi.waitFor(() => expect(bench.received).toHaveLength(1));
    stop.abort();
    expect((await sending).outcome).toBe('unknown');
    expect((await bench.sender.send(message, stop.signal)).outcome).toBe('temporary');
    expect(bench.received).toHaveLength(1);
  });

  it.each(['a@example.org\r\nRCPT TO:<b@example.org>', 'a@example.org, b@example.org', '<a@example.org>', ''])('sends nothing to %j', async (to) => {
    expect((await bench.sender.send({ ...message, to }, never)).outcome).toBe('permanent');
    expect(bench.received).toHaveLength(0);
  });
});

describe('SMTP', () => {
  const open: TestSmtpServer[] = [];
  afterEach(async () => {
    for (const server of open.splice(0)) await server.close();
  });
  const start = async (options: TestSmtpOptions = {}): Promise<TestSmtpServer> => {
    const server = await startSmtpServer(options);
    open.push(server);
    return server;
  };
  /** A public host, as far as the sender knows. */
  const stranger = (isAllowed = false, address = '127.0.0.1'): Outbound => ({ ...createOutbound([]), resolveHost: async () => ({ address, isAllowed }) });
  const senderTo = (server: TestSmtpServer, change: Partial<Parameters<typeof createSmtpSender>[0]> = {}, scheme = 'smtp'): Sender =>
    createSmtpSender({
      server: readMailServer(`${scheme}://mail.example.org:${server.port}`),
      outbound: stranger(),
      credentials: undefined,
      from: FROM,
      ca: certificate.cert,
      timeoutMs: 15_000,
      ...change,
    });
  const login = { user: 'gatehouse', password: 'pass-word' };

  it('STARTTLS or nothing, with the name of the certificate', async () => {
    const [plain, secure, implicit] = [await start(), await start({ tls: certificate, login }), await start({ tls: certificate, isImplicitTls: true })];
    expect(await senderTo(plain).send(message, never)).toMatchObject({ outcome: 'temporary' });
    expect(plain.received).toHaveLength(0);
    expect(await senderTo(secure, { credentials: login }).send(message, never)).toMatchObject({ outcome: 'accepted' });
    expect(secure.received).toMatchObject([{ isSecure: true, user: 'gatehouse' }]);
    expect(await senderTo(implicit, {}, 'smtps').send(message, never)).toMatchObject({ outcome: 'accepted' });
    expect(implicit.received).toMatchObject([{ isSecure: true }]);
  });

  it('a certificate of somebody else, or for another name: not sent', async () => {
    const server = await start({ tls: certificate });
    expect((await senderTo(server, { ca: undefined }).send(message, never)).outcome).toBe('temporary');
    const other = createSmtpSender({
      server: readMailServer(`smtp://other.example.org:${server.port}`),
      outbound: stranger(),
      credentials: undefined,
      from: FROM,
      ca: certificate.cert,
      timeoutMs: 15_000,
    });
    expect((await other.send(message, never)).outcome).toBe('temporary');
    expect(server.received).toHaveLength(0);
  });

  it('a host of the operator: TLS when it is offered, and no password without it', async () => {
    // An address that is loopback for the kernel and not for `isLoopback`: a host of the operator that is not this machine.
    const [plain, secure] = [await start({ login }), await start({ tls: certificate, login })];
    const own = { outbound: stranger(true, '::ffff:127.0.0.1'), credentials: login };
    expect(await senderTo(plain, own).send(message, never)).toMatchObject({ outcome: 'temporary', reply: expect.stringContaining('NO_TLS') });
    expect(await senderTo(secure, own).send(message, never)).toMatchObject({ outcome: 'accepted' });
    expect(secure.received).toMatchObject([{ isSecure: true }]);
    // This machine: no TLS is asked for.
    expect(await senderTo(plain, { ...own, outbound: stranger(true) }).send(message, never)).toMatchObject({ outcome: 'accepted' });
  });

  it('a wrong password is about us, not about the notice', async () => {
    const server = await start({ tls: certificate, login });
    const result = await senderTo(server, { credentials: { ...login, password: 'other-word' } }).send(message, never);
    expect(result).toMatchObject({ outcome: 'temporary', reply: expect.stringMatching(/^535/) });
    expect(result.reply).not.toContain('word');
  });

  it.each([
    [{ greeting: 554 }, 'temporary'],
    [{ greeting: 421 }, 'temporary'],
    [{ sender: 550 }, 'permanent'],
    [{ sender: 451 }, 'temporary'],
    [{ recipient: 550 }, 'permanent'],
    [{ message: 554 }, 'permanent'],
    [{ message: 452 }, 'temporary'],
  ] as const)('%j: %s', async (behaviour, outcome) => {
    const server = await start({ tls: certificate });
    server.behave(behaviour);
    expect(await senderTo(server).send(message, never)).toMatchObject({ outcome, reply: expect.stringMatching(/^\d{3}/) });
    expect(server.received).toHaveLength(0);
  });

  it('addresses that are not public are refused, and the server is not even called', async () => {
    const server = await start();
    for (const host of ['127.0.0.1', '[::1]', '[::ffff:127.0.0.1]', '10.0.0.1', '169.254.169.254']) {
      const sender = createSmtpSender({
        server: readMailServer(`smtp://${host}:${server.port}`),
        outbound: createOutbound([]),
        credentials: undefined,
        from: FROM,
        ca: undefined,
        timeoutMs: SHORT_MS,
      });
      expect(await sender.send(message, never)).toMatchObject({ outcome: 'temporary', reply: expect.stringContaining('outbound_refused') });
    }
    expect(server.received).toHaveLength(0);
  });

  it('stopped while the resolver was asked: not sent, and no connection is opened', async () => {
    const server = await start();
    const stop = new AbortController();
    const sender = createSmtpSender({
      server: readMailServer(`smtp://127.0.0.1:${server.port}`),
      outbound: {
        ...createOutbound([]),
        resolveHost: async () => {
          stop.abort();
          return { address: '127.0.0.1', isAllowed: true };
        },
      },
      credentials: undefined,
      from: FROM,
      ca: undefined,
      timeoutMs: SHORT_MS,
    });
    expect(await sender.send(message, stop.signal)).toEqual({ outcome: 'temporary', accepted: false, reply: 'nothing was sent (stopped)' });
    expect(server.received).toHaveLength(0);
  });

  /** A server that says what it is told, line by line, and then hangs up. */
  async function startRude(
    script: (line: string, say: (text: string) => void, hangUp: () => void) => void,
    greeting = '220 x\r\n',
  ): Promise<{ readonly port: number; close(): void }> {
    const server = createTcp((socket) => {
      socket.on('error', () => undefined);
      socket.write(greeting);
      socket.on('data', (chunk) => {
        for (const line of chunk.toString('latin1').split('\r\n'))
          if (line !== '')
            script(
              line,
              (text) => void socket.write(text),
              () => void socket.destroy(),
            );
      });
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    return { port: (server.address() as AddressInfo).port, close: () => void server.close() };
  }
  const rudeSender = (port: number): Sender =>
    createSmtpSender({
      server: readMailServer(`smtp://127.0.0.1:${port}`),
      outbound: createOutbound([`127.0.0.1:${port}`]),
      credentials: undefined,
      from: FROM,
      ca: undefined,
      timeoutMs: SHORT_MS,
    });

  it.each([
    ['EHLO', 'hang up', 'temporary'],
    ['MAIL', 'hang up', 'temporary'],
    ['RCPT', 'hang up', 'temporary'],
    ['DATA', 'hang up', 'temporary'],
    // The server asked for the content: from here on it may have it.
    ['.', 'hang up', 'unknown'],
    ['.', 'half an answer', 'unknown'],
    ['.', '999 nonsense\r\n', 'unknown'],
    ['.', '451 4.3.0 later\r\n', 'temporary'],
    ['EHLO', 'x'.repeat(100_000), 'temporary'],
  ] as const)('at %s: %.20s -> %s', async (at, what, outcome) => {
    const server = await startRude((line, say, hangUp) => {
      if (line === at || (at !== '.' && line.startsWith(at))) {
        if (what === 'half an answer') say('250 2.0.0 O');
        if (what.length > 20 || /^\d/.test(what)) say(what);
        else hangUp();
      } else if (/^(EHLO|HELO|MAIL|RCPT|RSET|QUIT)/.test(line)) say('250 ok\r\n');
      else if (line.startsWith('DATA')) say('354 go on\r\n');
    });
    const result = await rudeSender(server.port).send(message, never);
    expect(result).toMatchObject({ outcome, accepted: false });
    server.close();
  });

  it('a server that says nothing does not hold us', async () => {
    const server = await startRude(() => undefined, '');
    expect((await rudeSender(server.port).send(message, never)).outcome).toBe('temporary');
    server.close();
  });
});

describe('a server of other people (aiosmtpd)', () => {
  it('takes a notice over STARTTLS with a password, unchanged', async () => {
    const script = `
import asyncio, ssl, sys, base64
from aiosmtpd.controller import Controller
from aiosmtpd.smtp import AuthResult
class Handler:
    async def handle_DATA(self, server, session, envelope):
        print('mail', envelope.mail_from, ','.join(envelope.rcpt_tos), session.ssl is not None, base64.b64encode(envelope.original_content).decode(), flush=True)
        return '250 2.0.0 kept'
def login(server, session, envelope, mechanism, data):
    return AuthResult(success=data.login == b'gatehouse' and data.password == b'pass-word')
context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
context.load_cert_chain(sys.argv[1], sys.argv[2])
import socket
free = socket.socket(); free.bind(('127.0.0.1', 0)); port = free.getsockname()[1]; free.close()
controller = Controller(Handler(), hostname='127.0.0.1', port=port, tls_context=context, require_starttls=True, authenticator=login, auth_required=True)
controller.start()
print('port', port, flush=True)
sys.stdin.read()
controller.stop()`;
    const server = spawn('/usr/bin/python3', ['-c', script, certificate.certFile, certificate.keyFile], { stdio: ['pipe', 'pipe', 'pipe'] });
    let output = '';
    let errors = '';
    // Without Python, or when it ended early: what it said fails the test.
    server.on('error', (error) => (errors += error.message));
    server.stdin.on('error', () => undefined);
    server.stderr.on('data', (chunk: Buffer) => (errors += chunk.toString()));
    server.stdout.on('data', (chunk: Buffer) => (output += chunk.toString()));
    // Whole lines only: half of a port is another port.
    const lines = (): string[] => output.split('\n').slice(0, -1);
    try {
      await vi.waitFor(() => expect([lines()[0], errors]).toEqual([expect.stringMatching(/^port \d+$/), expect.anything()]), { timeout: 20_000 });
      const port = Number(lines()[0]?.slice(5));
      const options = {
        outbound: { ...createOutbound([]), resolveHost: async () => ({ address: '127.0.0.1', isAllowed: false }) },
        from: FROM,
        ca: certificate.cert,
      };
      const sender = createSmtpSender({
        ...options,
        server: readMailServer(`smtp://mail.example.org:${port}`),
        credentials: { user: 'gatehouse', password: 'pass-word' },
      });
      expect(await sender.send(message, never)).toEqual({ outcome: 'accepted', accepted: true, reply: '250 2.0.0' });
      await vi.waitFor(() => expect(lines()).toHaveLength(2));
      const [, from, to, isSecure, raw] = (lines()[1] ?? '').split(' ');
      expect([from, to, isSecure]).toEqual([FROM, 'abuse@host.example.net', 'True']);
      expect(Buffer.from(raw ?? '', 'base64').equals(Buffer.from(message.raw))).toBe(true);
    } finally {
      server.stdin.end();
      await new Promise((resolve) => (server.exitCode === null ? server.once('exit', resolve) : resolve(undefined)));
    }
  }, 60_000);
});

describe('rules', () => {
  it('when in doubt it may have arrived', () => {
    const fault = { code: undefined, enhanced: undefined, command: undefined, cause: 'x' };
    expect(judgeSmtp({ ...fault, isTaking: true }).outcome).toBe('unknown');
    expect(judgeSmtp({ ...fault, isTaking: true, code: 354 }).outcome).toBe('unknown');
    expect(judgeSmtp({ ...fault, isTaking: false, code: 535, command: 'AUTH PLAIN' }).outcome).toBe('temporary');
    expect([200, 202, 301, 400, 401, 404, 413, 429, 500, 502, 503, 504].map((status) => judgeHttp(status).outcome)).toEqual([
      'accepted',
      'accepted',
      'permanent',
      'permanent',
      'temporary',
      'permanent',
      'permanent',
      'temporary',
      'unknown',
      'unknown',
      'temporary',
      'unknown',
    ]);
    expect(readEnhanced('550 5.1.1 no such user <a@example.org> https://x')).toBe('5.1.1');
    expect(readEnhanced('550 see https://x')).toBeUndefined();
  });

  it.each([
    ['smtp://mail.example.org', { host: 'mail.example.org', port: 587, isImplicitTls: false }],
    ['smtps://mail.example.org/', { host: 'mail.example.org', port: 465, isImplicitTls: true }],
    ['imaps://mail.example.org', { host: 'mail.example.org', port: 993, isImplicitTls: true }],
    ['imap://[::1]:2143', { host: '[::1]', port: 2143, isImplicitTls: false }],
    ['smtp://mail.example.org:443', { host: 'mail.example.org', port: 443, isImplicitTls: false }],
  ])('%s', (url, expected) => {
    expect(readMailServer(url)).toEqual(expected);
  });

  it('the settings name one sender, or none', async () => {
    const outbound = createOutbound([]);
    const make = (overrides: Record<string, unknown>) => createSender({ config: loadConfig({ env: {}, overrides }).config, outbound }, FROM);
    expect(await make({})).toBeNull();
    expect((await make({ noticesSmtpUrl: 'smtps://mail.example.org' }))?.kind).toBe('smtp');
    expect((await make({ noticesApiUrl: 'https://mail.example.org/send', noticesApiToken: 'x' }))?.kind).toBe('http');
    await expect(make({ noticesApiUrl: 'https://mail.example.org/', noticesSmtpUrl: 'smtp://mail.example.org' })).rejects.toMatchObject({
      code: 'config_invalid',
    });
    await expect(make({ noticesSmtpUrl: 'smtp://mail.example.org', noticesSmtpUser: 'x' })).rejects.toMatchObject({ code: 'config_invalid' });
    expect(() => loadConfig({ env: {}, overrides: { noticesSmtpUrl: 'smtp://user:pass@mail.example.org' } })).toThrow();
    await outbound.close();
  });

  it('passwords are secrets', async () => {
    const { views } = loadConfig({ env: {}, overrides: { noticesSmtpPassword: 'a', noticesApiToken: 'b', noticesImapPassword: 'c' } });
    for (const key of ['noticesSmtpPassword', 'noticesApiToken', 'noticesImapPassword'])
      expect(JSON.stringify(views.find((view) => view.key === key))).toContain('(set)');
  });
});
