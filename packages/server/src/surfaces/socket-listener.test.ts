import { once } from 'node:events';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { createServer, Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { connect as connectTls } from 'node:tls';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { makeMailCertificate } from '../../test/support/mail-certificate.ts';
import { dial, untilClosed } from '../../test/support/surface-room.ts';
import { createLog, silentLog } from '../platform/log.ts';
import { bearSilence, createSocketListener, listenOn, splitHostPort, type SocketOptions } from './socket-listener.ts';

let dir: string;
let tls: NonNullable<SocketOptions['tls']>;
beforeAll(async () => {
  dir = await mkdtemp(join(tmpdir(), 'gatehouse-listener-'));
  const { certFile, keyFile } = await makeMailCertificate(dir, 'localhost');
  tls = { cert: await readFile(certFile), key: await readFile(keyFile) };
});
afterAll(() => rm(dir, { recursive: true, force: true }));

const open = (options: Partial<SocketOptions> = {}): ReturnType<ReturnType<typeof createSocketListener>['open']> =>
  createSocketListener({
    name: 'test',
    where: { host: '127.0.0.1', port: 0 },
    tls,
    allow: ['loopback'],
    maxConnections: 2,
    idleMs: 60_000,
    log: createLog('silent'),
    busy: 'busy',
    handle: async ({ socket }) => void (await once(socket.end('hello').resume(), 'close')),
    ...options,
  }).open();

const greet = async (address: string): Promise<string> => {
  const socket = connectTls({ ...splitHostPort(address), rejectUnauthorized: false });
  // `once` listens no longer when the answer is here; the connection can still break before this goes on.
  socket.on('error', () => undefined);
  try {
    return String((await once(socket, 'data'))[0]);
  } finally {
    socket.destroy();
  }
};

// A test that hangs here fails by its time: Node itself bears a silent handshake for two minutes.
describe('connections that never shake hands', () => {
  it('do not hold up a stop', async () => {
    const listener = await open();
    const silent = dial(listener.address);
    const ended = untilClosed(silent);
    await once(silent, 'connect');
    await listener.close(100);
    await ended;
  });

  it('are closed at once when their address may not speak, without a handshake', async () => {
    const listener = await open({ allow: ['192.0.2.0/24'] });
    await once(dial(listener.address).resume(), 'close');
    await listener.close(100);
  });

  it('are ended when their time is over', async () => {
    const listener = await open({ tls: { ...tls, handshakeTimeout: 50 } });
    await once(dial(listener.address).resume(), 'close');
    await listener.close(100);
  });

  it('are no more than twice the limit, and others are served meanwhile', async () => {
    const listener = await open();
    const silent = Array.from({ length: 3 }, () => dial(listener.address));
    await Promise.all(silent.map((socket) => once(socket, 'connect')));
    expect(await greet(listener.address)).toBe('hello');
    const more = [dial(listener.address), dial(listener.address)];
    await Promise.race(more.map((socket) => once(socket.resume(), 'close')));
    // What is no handshake ends there, and makes room.
    const ended = silent.map((socket) => once(socket.resume(), 'close'));
    for (const socket of [...silent, ...more]) socket.write('GET / HTTP/1.1\r\n\r\n');
    await Promise.all(ended);
    for (let i = 0; i < 8; i += 1) await expect.poll(() => greet(listener.address).catch(() => '')).toBe('hello');
    await listener.close(100);
  });
});

it('connections that cannot be accepted end nothing, however many', async () => {
  const warnings: string[] = [];
  const server = createServer();
  const log = { ...silentLog, warn: (_fields: object, message: string) => void warnings.push(message) };
  await listenOn(server, { name: 'test', log }, { host: '127.0.0.1', port: 0 });
  // As Node does when there are no file descriptors left.
  for (let count = 0; count < 2; count += 1) server.emit('error', Object.assign(new Error('accept EMFILE'), { code: 'EMFILE' }));
  expect(warnings).toEqual(['a connection could not be accepted', 'a connection could not be accepted']);
  await new Promise((done) => server.close(done));
});

it('the limit on silence is off until the last of those who wait on one connection is done, and then as before', async () => {
  const socket = new Socket().setTimeout(5000);
  const ends: (() => void)[] = [];
  const wait = (): Promise<void> => bearSilence(socket, () => new Promise((done) => void ends.push(done)));
  const [first, second] = [wait(), wait()];
  const seen = [socket.timeout];
  for (const [at, waiting] of [first, second].entries()) {
    ends[at]?.();
    await waiting;
    seen.push(socket.timeout);
  }
  expect(seen).toEqual([0, 0, 5000]);
  socket.destroy();
});
