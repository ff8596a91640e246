/** The programs of `examples/`, started as their READMEs say and driven against a real Gatehouse. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { chmod, mkdtemp, readdir, readFile, writeFile } from 'node:fs/promises';
import { createServer, request as openRequest, type OutgoingHttpHeaders } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { LONG_BYTES, startOrigin, type OriginServer } from '../support/origin-server.ts';
import { EXAMPLES, findFreePort, openExampleScene, requireProgram, type ExampleScene } from '../support/example-scene.ts';

/** Without waiting for a server that is away: nothing listens on port 9 of loopback. */
const NOBODY = 'http://127.0.0.1:9';

let scene: ExampleScene;
let origin: OriginServer;
beforeAll(async () => {
  origin = await startOrigin();
  scene = await openExampleScene({
    config: { proxyListen: '127.0.0.1:0', proxyOrigin: origin.url, proxyRoutesFile: join(EXAMPLES, 'nginx/routes.json'), icapListen: '127.0.0.1:0' },
  });
});
afterAll(async () => {
  await scene.close();
  await origin.stop();
});

interface Said {
  readonly status: number;
  /** A text is none of Gatehouse's answers. */
  readonly body: object | string;
  readonly headers?: OutgoingHttpHeaders;
}

/** Something that answers in the place of Gatehouse. */
async function openStranger(say: (turn: number) => Said): Promise<{ readonly url: string; readonly keys: unknown[]; close(): Promise<void> }> {
  const keys: unknown[] = [];
  const server = createServer((incoming, response) => {
    keys.push(incoming.headers['idempotency-key']);
    const { status, body, headers } = say(keys.length);
    incoming.resume().once('end', () => response.writeHead(status, { 'content-type': 'application/json', ...headers }).end(JSON.stringify(body)));
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    keys,
    async close() {
      server.closeAllConnections();
      server.close();
      await once(server, 'close');
    },
  };
}
const STUB: Said = {
  status: 200,
  body: { id: 'upl_1', state: 'released', verdict: 'clear', receipt: 'a.b.c', valid: true, isContentChecked: true, message: 'yes' },
  headers: { 'gatehouse-stub': '1' },
};

const namesIn = (folder: string): Promise<string[]> => readdir(folder).catch(() => []);

describe('python-requests', () => {
  const run = async (
    folder: string,
    files: readonly string[],
    from: { readonly url?: string; readonly key?: string } = {},
  ): Promise<{ code: number | null; lines: Record<string, unknown>[] }> => {
    requireProgram('python3');
    const { url = scene.app.url, key = await scene.createKey(['uploads:write', 'uploads:read', 'receipts:verify']) } = from;
    const child = spawn('python3', [join(EXAMPLES, 'python-requests/upload.py'), '--publish', folder, '--attempts', '2', ...files], {
      env: { PATH: process.env['PATH'], GATEHOUSE_URL: url, GATEHOUSE_KEY: key },
    });
    let out = '';
    let faults = '';
    child.stdout.on('data', (text: Buffer) => void (out += text.toString()));
    child.stderr.on('data', (text: Buffer) => void (faults += text.toString()));
    const [code] = (await once(child, 'close')) as [number | null];
    expect(faults).not.toContain('Traceback');
    return {
      code,
      lines: out
        .trim()
        .split('\n')
        .filter((line) => line !== '')
        .map((line) => JSON.parse(line) as Record<string, unknown>),
    };
  };

  it('publishes what is clear, byte for byte and with its receipt, and nothing else', async () => {
    const folder = join(scene.dir, 'python');
    const { code, lines } = await run(folder, [scene.clear.path, scene.listed.path]);
    expect(code).toBe(1);
    expect((await namesIn(folder)).toSorted()).toEqual([`${scene.clear.sha256}.jpg`, `${scene.clear.sha256}.receipt`]);
    expect((await readFile(join(folder, `${scene.clear.sha256}.jpg`))).equals(scene.clear.bytes)).toBe(true);
    expect(lines[0]).toMatchObject({ message: 'The file was accepted.' });
    expect(lines[1]).toMatchObject({ published: null, message: expect.stringMatching(/^This file could not be published\. Reference upl_/) });
    // The same file again is the same upload.
    expect(await run(folder, [scene.clear.path])).toMatchObject({ code: 0 });
  });

  it('publishes nothing that could not be screened, nor without an answer', async () => {
    const folder = join(scene.dir, 'python-none');
    const text = join(scene.dir, 'words.txt');
    await writeFile(text, 'no picture');
    expect(await run(folder, [text])).toMatchObject({ code: 1 });
    expect(await run(folder, [scene.clear.path], { url: NOBODY })).toMatchObject({ code: 2 });
    expect(await run(folder, [scene.clear.path], { key: '' })).toMatchObject({ code: 2, lines: [] });
    // An application, which says 200 to everything.
    expect(await run(folder, [scene.clear.path], { url: origin.url })).toMatchObject({ code: 2 });
    expect(await namesIn(folder)).toEqual([]);
  });

  it("names what it publishes by its content: the end of a name is the sender's", async () => {
    const folder = join(scene.dir, 'python-names');
    const files = ['a.html', 'b.receipt', 'c.part', 'd'].map((name) => join(scene.dir, name));
    for (const file of files) await writeFile(file, Buffer.concat([scene.clear.bytes, Buffer.from(file)]));
    expect(await run(folder, files)).toMatchObject({ code: 0 });
    const names = await namesIn(folder);
    expect(names.map((name) => name.replace(/^[0-9a-f]{64}/, '')).toSorted()).toEqual(['.jpg', '.jpg', '.jpg', '.jpg', ...Array<string>(4).fill('.receipt')]);
    for (const name of names.filter((one) => one.endsWith('.receipt'))) expect(await readFile(join(folder, name), 'utf8')).toMatch(/^[\w-]+\.[\w-]+\.[\w-]+$/);
  });

  it('does not blame the file for an answer that did not come, believes no stub mode, and sends again what is no longer stored', async () => {
    const folder = join(scene.dir, 'python-answers');
    const files = [scene.clear.path];
    const undecided = await openStranger(() => ({ status: 200, body: { id: 'upl_1', state: 'held', screening: { verdict: 'error' }, message: 'no' } }));
    expect(await run(folder, files, undecided)).toMatchObject({ code: 2 });
    const stub = await openStranger(() => STUB);
    expect(await run(folder, files, stub)).toMatchObject({ code: 2 });
    const forgetful = await openStranger((turn) =>
      turn === 1 ? { status: 410, body: {} } : { status: 200, body: { state: turn === 2 ? 'expired' : 'refused', message: 'no' } },
    );
    expect(await run(folder, files, forgetful)).toMatchObject({ code: 1 });
    expect(new Set(forgetful.keys).size).toBe(3);
    // A receipt, and then an answer about it that is none: not known is not "may not be published".
    const odd = await openStranger((turn) => ({ status: 200, body: turn === 1 ? STUB.body : [] }));
    expect(await run(folder, files, odd)).toMatchObject({ code: 2, lines: [{ published: null }] });
    expect(await namesIn(folder)).toEqual([]);
    // What was published is not called "not published" for want of a text.
    const terse = await openStranger(() => ({ status: 200, body: { state: 'released', receipt: 'a.b.c', valid: true, isContentChecked: true } }));
    expect(await run(folder, files, terse)).toMatchObject({ code: 0, lines: [{ published: expect.any(String) }] });
    for (const stranger of [undecided, stub, forgetful, odd, terse]) await stranger.close();
  });
});

describe('php', () => {
  const open = async (folder: string, url: string): Promise<string> => {
    const port = await findFreePort();
    const key = await scene.createKey(['scan', 'receipts:verify']);
    await scene.start('php', ['-S', `127.0.0.1:${port}`, join(EXAMPLES, 'php/index.php')], {
      port,
      env: { GATEHOUSE_URL: url, GATEHOUSE_KEY: key, PUBLISH_DIR: folder },
    });
    return `http://127.0.0.1:${port}/`;
  };
  const send = async (page: string, bytes: Buffer): Promise<{ status: number; text: string }> => {
    const form = new FormData();
    form.set('picture', new Blob([new Uint8Array(bytes)], { type: 'image/jpeg' }), 'holiday.jpg');
    const answer = await fetch(page, { method: 'POST', body: form });
    return { status: answer.status, text: await answer.text() };
  };

  it('publishes what is clear and shows the neutral text for what is listed', async () => {
    const folder = join(scene.dir, 'php');
    const page = await open(folder, scene.app.url);
    expect(await send(page, scene.clear.bytes)).toMatchObject({ status: 201 });
    const refused = await send(page, scene.listed.bytes);
    expect(refused.status).toBe(422);
    expect(refused.text).toMatch(/This file could not be published\. Reference scn_/);
    expect((await namesIn(folder)).toSorted()).toEqual([`${scene.clear.sha256}.jpg`, `${scene.clear.sha256}.jpg.receipt`]);
    expect((await readFile(join(folder, `${scene.clear.sha256}.jpg`))).equals(scene.clear.bytes)).toBe(true);
  });

  it('tells what is too large, and does not call published what could not be stored', async () => {
    const folder = join(scene.dir, 'php-file');
    await writeFile(folder, 'a file, where the folder should be');
    const page = await open(folder, scene.app.url);
    // PHP's own limits, as they are unless set: of a file, and of a form.
    for (const size of [3_000_000, 9_000_000])
      expect(await send(page, Buffer.alloc(size))).toMatchObject({ status: 413, text: expect.stringContaining('too large') });
    expect(await send(page, scene.clear.bytes)).toMatchObject({ status: 500, text: expect.stringContaining('was not published') });
  });

  it('publishes nothing when Gatehouse does not answer, or is in stub mode, and knows what is final', async () => {
    const folder = join(scene.dir, 'php-none');
    // As a proxy in front of Gatehouse says it.
    const small = await openStranger(() => ({ status: 413, body: 'Request Entity Too Large' }));
    expect(await send(await open(folder, small.url), scene.clear.bytes)).toMatchObject({ status: 422 });
    await small.close();
    const stub = await openStranger(() => STUB);
    expect(await send(await open(folder, stub.url), scene.clear.bytes)).toMatchObject({ status: 503 });
    await stub.close();
    const page = await open(folder, NOBODY);
    expect(await send(page, scene.clear.bytes)).toMatchObject({ status: 503 });
    expect(await namesIn(folder)).toEqual([]);
  });
});

const portOf = (address: string | undefined): string => address?.split(':').at(-1) ?? '';
const upload = async (url: string, bytes: Buffer, isForm: boolean): Promise<{ status: number; text: string }> => {
  const form = new FormData();
  form.set('file', new Blob([new Uint8Array(bytes)], { type: 'image/jpeg' }), 'a.jpg');
  const how = isForm ? { body: form } : { body: new Uint8Array(bytes), headers: { 'content-type': 'image/jpeg' } };
  const reply = await fetch(url, { method: 'POST', ...how }).catch(() => undefined);
  return { status: reply?.status ?? 0, text: (await reply?.text()) ?? '' };
};

describe.each(['nginx', 'squid'] as const)('%s', (name) => {
  let url: string;
  let away: string;
  beforeAll(async () => {
    const { surfaces } = scene.app.app.services;
    const start = async (env: Record<string, string>): Promise<string> => {
      const port = await findFreePort();
      const dir = await mkdtemp(join(scene.dir, `${name}-`));
      await chmod(scene.dir, 0o755);
      await scene.start('bash', [join(EXAMPLES, name, 'run.sh')], { env: { PORT: String(port), DIR: dir, ...env }, port });
      return `http://127.0.0.1:${port}/upload`;
    };
    requireProgram(name);
    const originPort = portOf(origin.url);
    url = await start(
      name === 'nginx'
        ? { PROXY_PORT: portOf(surfaces.proxy.address()) }
        : { ORIGIN_PORT: originPort, ICAP_PORT: portOf(surfaces.icap.addresses().get('icap')) },
    );
    away = await start(name === 'nginx' ? { PROXY_PORT: '9' } : { ORIGIN_PORT: originPort, ICAP_PORT: '9' });
  });

  it.each([true, false])('passes what is clear byte for byte, and nothing that is listed (as a form: %s)', async (isForm) => {
    origin.received.length = 0;
    expect(await upload(url, scene.clear.bytes, isForm)).toMatchObject({ status: 200 });
    const sent = origin.received.find(({ method }) => method === 'POST')?.body ?? Buffer.alloc(0);
    expect(isForm ? sent.includes(scene.clear.bytes) : sent.equals(scene.clear.bytes)).toBe(true);
    origin.received.length = 0;
    const refused = await upload(url, scene.listed.bytes, isForm);
    expect(refused.status).toBe(name === 'nginx' ? 422 : 403);
    expect(refused.text).toMatch(/This file could not be published\. Reference/);
    expect(origin.received).toEqual([]);
  });

  it('passes a long answer whole to whoever reads slowly', async () => {
    const reader = (await fetch(url.replace('/upload', '/long'))).body?.getReader();
    await sleep(1_000);
    let size = 0;
    for (let read = await reader?.read(); read?.done === false; read = await reader?.read()) size += read.value.length;
    expect(size).toBe(LONG_BYTES);
  });

  it('passes nothing without Gatehouse', async () => {
    origin.received.length = 0;
    expect((await upload(away, scene.clear.bytes, false)).status).toBeGreaterThanOrEqual(500);
    expect(origin.received).toEqual([]);
  });
});

it('squid tells nobody of itself, and sends nothing back', async () => {
  const port = await findFreePort();
  const icap = portOf(scene.app.app.services.surfaces.icap.addresses().get('icap'));
  const dir = await mkdtemp(join(scene.dir, 'squid-own-'));
  await chmod(scene.dir, 0o755);
  await scene.start('bash', [join(EXAMPLES, 'squid/run.sh')], {
    env: { PORT: String(port), DIR: dir, ORIGIN_PORT: portOf(origin.url), ICAP_PORT: icap },
    port,
  });
  const ask = (method: string, path: string): Promise<number | undefined> =>
    new Promise((resolve, reject) => {
      const asked = openRequest({ port, host: '127.0.0.1', method, path }, (reply) => void reply.resume().once('end', () => resolve(reply.statusCode)));
      asked.on('error', reject).end();
    });
  for (const path of ['mgr/info', 'mgr/menu', 'dynamic/netdb']) expect([path, await ask('GET', `/squid-internal-${path}`)]).toEqual([path, 403]);
  expect([await ask('TRACE', '/upload'), await ask('PURGE', '/upload')]).toEqual([403, 403]);
  expect(await ask('GET', '/page')).toBe(200);
});
