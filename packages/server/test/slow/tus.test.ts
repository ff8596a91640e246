/** Resumable uploads where the server is killed in the middle, and from Uppy in a real Chromium on a page of another origin. */
import { spawn, type ChildProcess } from 'node:child_process';
import { createHash, randomBytes } from 'node:crypto';
import { chmod, mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { createServer as createHttpServer, request, type Server as HttpServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Browser, Page } from 'playwright-core';
import { rolldown } from 'rolldown';
import sharp from 'sharp';
import { DetailedError, Upload } from 'tus-js-client';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { z } from 'zod';
import { createApiClient } from '../../src/platform/cli/api.ts';
import { childEnvironment } from '../../src/platform/config.ts';
import { resolveEntry } from '../../src/platform/entry.ts';
import { controlSocketPath } from '../../src/platform/http/server.ts';
import { launchBrowser, openContext, saveScreenshot } from '../e2e/browser.ts';
import { startTestApp, type TestApp } from '../support/app.ts';
import { openLine, type Line } from '../support/line.ts';
import { generatePicture } from '../support/pictures.ts';

const TUS = { 'tus-resumable': '1.0.0' };

async function draw(seed: number, width = 640): Promise<Buffer> {
  const { data, height, channels } = generatePicture({ seed, width, height: (width * 3) / 4 });
  return sharp(data, { raw: { width, height, channels } }).png().toBuffer();
}
const sha256 = (bytes: Uint8Array): string => createHash('sha256').update(bytes).digest('hex');
const md5 = (bytes: Uint8Array): string => createHash('md5').update(bytes).digest('hex');

describe('a server that is killed', () => {
  let dataDir: string;
  let running: { readonly child: ChildProcess; readonly url: string; readonly exited: Promise<void> };
  let key: string;
  let listed: Buffer;

  async function launch(port: string): Promise<void> {
    const child = spawn(process.execPath, [resolveEntry('cli'), 'serve', '--json'], {
      stdio: ['ignore', 'pipe', 'inherit'],
      env: { ...childEnvironment(), GATEHOUSE_DATA_DIR: dataDir, GATEHOUSE_PORT: port, GATEHOUSE_LOG_LEVEL: 'error', GATEHOUSE_DECODE_PROCESSES: '1' },
    });
    const exited = new Promise<void>((resolve) => void child.once('exit', () => resolve()));
    const url = await new Promise<string>((resolve, reject) => {
      createInterface({ input: child.stdout }).once('line', (line) => resolve(z.object({ url: z.string() }).parse(JSON.parse(line)).url));
      void exited.then(() => reject(new Error('the server did not start')));
    });
    running = { child, url, exited };
  }

  async function killAndStart(): Promise<void> {
    const { port } = new URL(running.url);
    running.child.kill('SIGKILL');
    await running.exited;
    await launch(port);
  }

  const call = (path: string, init: RequestInit = {}): Promise<Response> =>
    fetch(new URL(path, running.url), { ...init, headers: { authorization: `Bearer ${key}`, ...TUS, ...Object.fromEntries(new Headers(init.headers)) } });

  beforeAll(async () => {
    dataDir = await mkdtemp(join(tmpdir(), 'gatehouse-tus-'));
    // Started as root, PostgreSQL runs as another user, who must be able to reach its folder.
    await chmod(dataDir, 0o711);
    await launch('0');
    const api = createApiClient({ socketPath: controlSocketPath(dataDir) });
    const made = await api.send({ method: 'POST', path: '/v1/keys', json: { name: 'tus', rights: ['uploads:send', 'uploads:read'] } });
    key = z.object({ secret: z.string() }).parse(made.body).secret;
    const list = z.object({ id: z.string() }).parse((await api.send({ method: 'POST', path: '/v1/lists', json: { name: 'tus' } })).body);
    listed = await draw(2);
    await api.send({ method: 'POST', path: `/v1/lists/${list.id}/entries`, json: { entries: [{ signal: 'md5', value: md5(listed) }] } });
    await api.close();
  }, 120_000);
  afterAll(async () => {
    running.child.kill('SIGKILL');
    await running.exited;
    // The embedded PostgreSQL of a killed server ends by itself.
    for (let tries = 0; tries < 50; tries++) {
      if (
        await rm(dataDir, { recursive: true, force: true }).then(
          () => true,
          () => sleep(200, false),
        )
      )
        break;
    }
  });

  it('goes on where tus-js-client was, twice, and sends exactly these bytes', async () => {
    const content = await draw(1, 1200);
    const kills = [0.3, 0.7].map((part) => part * content.length);
    const offsets: [number, number][] = [];
    let upload: Upload | undefined;
    const id = await new Promise<string>((resolve, reject) => {
      upload = new Upload(content, {
        endpoint: `${running.url}/v1/tus`,
        headers: { authorization: `Bearer ${key}` },
        chunkSize: 64 * 1024,
        retryDelays: Array<number>(150).fill(200),
        onChunkComplete(_bytes, acknowledged) {
          if (kills[0] === undefined || acknowledged < kills[0]) return;
          kills.shift();
          void killAndStart().then(async () => {
            const head = await call(new URL(upload?.url ?? '').pathname, { method: 'HEAD' });
            offsets.push([acknowledged, Number(head.headers.get('upload-offset'))]);
          }, reject);
        },
        onSuccess: ({ lastResponse }) => resolve(lastResponse.getHeader('gatehouse-upload') ?? ''),
        onError: reject,
      });
      upload.start();
    });
    expect(offsets).toHaveLength(2);
    // What was acknowledged is there.
    for (const [acknowledged, offset] of offsets) expect(offset).toBeGreaterThanOrEqual(acknowledged);
    expect(sha256(Buffer.from(await (await call(`/v1/uploads/${id}/content`)).arrayBuffer()))).toBe(sha256(content));
    expect(await readdir(join(dataDir, 'tus'))).toEqual([]);
  });

  it('keeps most of one long request', async () => {
    const made = await call('/v1/tus', { method: 'POST', headers: { 'upload-length': String(40 * 1024 ** 2) } });
    const path = made.headers.get('location') ?? '';
    const headers = {
      authorization: `Bearer ${key}`,
      ...TUS,
      'content-type': 'application/offset+octet-stream',
      'upload-offset': 0,
      'content-length': 40 * 1024 ** 2,
    };
    const asked = request(new URL(path, running.url), { method: 'PATCH', headers, agent: false });
    asked.on('error', () => undefined);
    const chunk = randomBytes(1024 ** 2);
    for (let sent = 0; sent < 20; sent++) if (!asked.write(chunk)) await new Promise((resolve) => void asked.once('drain', resolve));
    await sleep(500);
    await killAndStart();
    const offset = Number((await call(path, { method: 'HEAD' })).headers.get('upload-offset'));
    expect(offset).toBeGreaterThanOrEqual(8 * 1024 ** 2);
    expect(offset).toBeLessThanOrEqual(20 * 1024 ** 2);
    expect((await call(path, { method: 'DELETE' })).status).toBe(204);
    expect(await readdir(join(dataDir, 'tus'))).toEqual([]);
  });

  it('does not forget that a file was refused', async () => {
    const send = (uploadUrl?: string): Promise<{ status: number; url: string | null; methods: string[] }> =>
      new Promise((resolve) => {
        const methods: string[] = [];
        const upload = new Upload(listed, {
          endpoint: `${running.url}/v1/tus`,
          headers: { authorization: `Bearer ${key}` },
          ...(uploadUrl === undefined ? {} : { uploadUrl }),
          onAfterResponse: (sent, reply) => void methods.push(`${sent.getMethod()} ${reply.getStatus()}`),
          onSuccess: () => resolve({ status: 200, url: upload.url, methods }),
          onError: (error) => resolve({ status: error instanceof DetailedError ? (error.originalResponse?.getStatus() ?? 0) : 0, url: upload.url, methods }),
        });
        upload.start();
      });
    const first = await send();
    expect([first.status, first.methods]).toEqual([422, ['POST 201', 'PATCH 422']]);
    await killAndStart();
    const again = await send(first.url ?? '');
    expect([again.status, again.methods]).toEqual([422, ['HEAD 410', 'POST 201', 'PATCH 422']]);
  });
});

describe('Uppy in Chromium', () => {
  let app: TestApp;
  let site: HttpServer;
  let line: Line;
  let browser: Browser;
  let page: Page;

  beforeAll(async () => {
    const root = join(import.meta.dirname, '../../../..');
    const built = await rolldown({
      input: join(root, 'packages/server/test/support/tus-page.ts'),
      resolve: { conditionNames: ['source', 'browser', 'import', 'default'] },
      platform: 'browser',
      logLevel: 'silent',
    });
    const { output } = await built.generate({ format: 'esm', codeSplitting: false });
    await built.close();
    site = createHttpServer();
    await new Promise<void>((done) => void site.listen(0, '127.0.0.1', done));
    const origin = `http://127.0.0.1:${(site.address() as AddressInfo).port}`;
    app = await startTestApp({ config: { surfaceOrigins: [origin], requireLists: false } });
    line = await openLine(Number(new URL(app.url).port));
    const json = { 'content-type': 'application/json' };
    const ticketBody = JSON.stringify({ subject: 'person 1', maxUploads: 100, maxBytes: 100_000_000 });
    const { ticket } = (await (await app.call('/v1/tickets', { method: 'POST', body: ticketBody, headers: json })).json()) as { ticket: string };
    const { id } = (await (await app.call('/v1/lists', { method: 'POST', body: '{"name":"Known"}', headers: json })).json()) as { id: string };
    const entries = { entries: [{ signal: 'md5', value: md5(await draw(2)) }] };
    expect((await app.call(`/v1/lists/${id}/entries`, { method: 'POST', body: JSON.stringify(entries), headers: json })).ok).toBe(true);
    const styles = await readStyles(root);
    site.on('request', (asked, reply) => {
      const [type, text] =
        asked.url === '/page.js'
          ? ['text/javascript', output[0].code]
          : asked.url === '/page.css'
            ? ['text/css', styles]
            : [
                'text/html',
                `<!doctype html><html lang="en" data-gatehouse="${line.url}" data-ticket="${ticket}"><title>Forum</title><link rel="stylesheet" href="/page.css">
                 <h1>Send a picture</h1><div id="files"></div><script type="module" src="/page.js"></script></html>`,
              ];
      reply.setHeader('content-type', `${type}; charset=utf-8`);
      reply.end(text);
    });
    browser = await launchBrowser();
    page = await (await openContext(browser)).newPage();
    await page.goto(origin);
    await page.waitForFunction(() => Reflect.has(globalThis, 'sendFiles'));
  }, 120_000);
  afterAll(async () => {
    await browser.close();
    line.server.close();
    site.closeAllConnections();
    site.close();
    await app.stop();
  });
  beforeEach(() => page.evaluate(() => (Reflect.get(globalThis, 'clearFiles') as () => void)()));

  async function send(name: string, bytes: Buffer): Promise<Sent> {
    await page.locator('input.uppy-Dashboard-input').first().setInputFiles({ name, mimeType: 'image/png', buffer: bytes });
    return page.evaluate(() => (Reflect.get(globalThis, 'sendFiles') as () => Promise<Sent>)());
  }
  interface Sent {
    readonly released: readonly { readonly id: string; readonly receipt: string }[];
    readonly said: readonly string[];
    readonly seen: readonly string[];
  }

  it('sends a clear file and gets its receipt', async () => {
    const bytes = await draw(3);
    const { released, said } = await send('holiday.png', bytes);
    expect([released.length, said]).toEqual([1, []]);
    expect(sha256(Buffer.from(await (await app.call(`/v1/uploads/${released[0]?.id}/content`)).arrayBuffer()))).toBe(sha256(bytes));
    const check = await app.call('/v1/receipts/verify', {
      method: 'POST',
      body: JSON.stringify({ receipt: released[0]?.receipt, sha256: sha256(bytes), size: bytes.length }),
      headers: { 'content-type': 'application/json' },
    });
    expect(await check.json()).toMatchObject({ valid: true });
  });

  it('shows the neutral text for a refused file and offers no retry', async () => {
    const { released, said, seen } = await send('known.png', await draw(2));
    expect([released, said]).toEqual([[], [expect.stringMatching(/^This file could not be published\. Reference upl_\w{26}\.$/)]]);
    expect(seen.at(-1)).toBe('PATCH 422');
    await page
      .getByText(said[0] ?? '')
      .first()
      .waitFor();
    await saveScreenshot(page, 'tus-uppy-refused');
    expect(await page.getByRole('button', { name: /retry/i }).count()).toBe(0);
  });

  it('goes on over a new line when one breaks', async () => {
    const bytes = await draw(4);
    line.cutAfter(bytes.length / 2);
    const { released, seen } = await send('cut.png', bytes);
    expect([released.length, line.cuts()]).toEqual([1, 1]);
    expect(seen.filter((entry) => entry.startsWith('POST'))).toEqual(['POST 201']);
    expect(seen).toContain('HEAD 200');
    expect(sha256(Buffer.from(await (await app.call(`/v1/uploads/${released[0]?.id}/content`)).arrayBuffer()))).toBe(sha256(bytes));
  });
});

/** The stylesheets that Uppy brings, for the screenshot. */
async function readStyles(root: string): Promise<string> {
  const files = ['core/dist/style.min.css', 'dashboard/dist/style.min.css'];
  return (await Promise.all(files.map((file) => readFile(join(root, 'node_modules/@uppy', file), 'utf8')))).join('\n');
}
