import { mkdtemp, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { createConnection, Server } from 'node:net';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { text } from 'node:stream/consumers';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { loadConfig } from '../config.ts';
import { silentLog } from '../log.ts';
import type { Fetch } from './frame.ts';
import { controlSocketPath, listenControl, listenTcp, type Listening } from './server.ts';

let folder: string;
let listening: Listening | undefined;
const answer: Fetch = async (_request, { isControl }) => new Response(isControl ? 'control' : 'tcp');

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'gatehouse-socket-'));
});

afterEach(async () => {
  await listening?.close(0);
  listening = undefined;
  await rm(folder, { recursive: true, force: true });
});

async function ask(path: string): Promise<string> {
  const socket = createConnection(path);
  socket.write('GET / HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n');
  return text(socket);
}

describe('the control socket', () => {
  it('is only for its owner and replaces one that was left behind', async () => {
    await writeFile(join(folder, 'control.sock'), 'left behind');
    listening = await listenControl(answer, folder, silentLog);
    const path = controlSocketPath(folder);
    expect(path).toBe(join(folder, 'control.sock'));
    expect(((await stat(path)).mode & 0o777).toString(8)).toBe('600');
    expect(await ask(path)).toMatch(/control$/);
  });

  it('of a deep data directory is in a private folder and differs for each', async () => {
    const deep = join(folder, 'x'.repeat(120));
    const path = controlSocketPath(deep);
    expect(Buffer.byteLength(path)).toBeLessThanOrEqual(103);
    expect(path).not.toBe(controlSocketPath(`${deep}y`));
    listening = await listenControl(answer, deep, silentLog);
    expect(((await stat(dirname(path))).mode & 0o777).toString(8)).toBe('700');
    expect(await ask(path)).toMatch(/control$/);
    await listening.close(0);
    listening = undefined;
    await rm(dirname(path), { recursive: true });
  });
});

describe('the listener', () => {
  const config = (settings: Record<string, unknown>): Parameters<typeof listenTcp>[1] => loadConfig({ env: {}, overrides: { port: 0, ...settings } }).config;

  it('never takes a request for one of the control socket', async () => {
    listening = await listenTcp(answer, config({}), silentLog);
    const reply = await fetch(`http://127.0.0.1:${listening.port}/`, { headers: { 'x-control': 'true' } });
    expect(await reply.text()).toBe('tcp');
  });

  it('goes on when connections cannot be accepted, however often', async () => {
    const listen = vi.spyOn(Server.prototype, 'listen');
    const warn = vi.fn<(fields: object, what: string) => void>();
    try {
      listening = await listenTcp(answer, config({}), { warn });
      const server = listen.mock.contexts[0] as Server | undefined;
      // For want of file descriptors; an event without a listener would end the process.
      for (let n = 0; n < 3; n++) expect(server?.emit('error', Object.assign(new Error('accept EMFILE'), { code: 'EMFILE' }))).toBe(true);
    } finally {
      listen.mockRestore();
    }
    expect(warn.mock.calls.map(([, what]) => what)).toEqual(Array.from({ length: 3 }, () => 'a connection could not be accepted'));
    expect((await fetch(`http://127.0.0.1:${listening.port}/`)).status).toBe(200);
  });

  it('says which port is taken', async () => {
    listening = await listenTcp(answer, config({}), silentLog);
    await expect(listenTcp(answer, config({ port: listening.port }), silentLog)).rejects.toMatchObject({
      code: 'config_invalid',
      message: expect.stringContaining('another program'),
    });
  });

  it('does not fall back to plain HTTP when the TLS files cannot be used', async () => {
    const broken = join(folder, 'broken.pem');
    await writeFile(broken, 'not a certificate');
    for (const file of [join(folder, 'missing.pem'), broken]) {
      await expect(listenTcp(answer, config({ tlsCertFile: file, tlsKeyFile: file }), silentLog)).rejects.toMatchObject({ code: 'config_invalid' });
    }
    expect(await readFile(broken, 'utf8')).toBe('not a certificate');
  });
});
