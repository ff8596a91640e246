/** Uploads from a real browser on a page of another origin: what is listed never leaves the device, what is clear is published with its receipt. */
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { createHash } from 'node:crypto';
import express from 'express';
import type { Browser, Page } from 'playwright-core';
import { rolldown } from 'rolldown';
import sharp, { type Sharp } from 'sharp';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { createReceiptGate, readReceipt, toExpress, type ReceiptGate } from '@gatehouse/client/uploads';
import { hammingDistance, pdqForms } from '@gatehouse/pdq';
import { startTestApp, type TestApp } from '../support/app.ts';
import { generatePicture } from '../support/pictures.ts';
import { launchBrowser, openContext, saveScreenshot } from './browser.ts';

const ROOT = join(import.meta.dirname, '../../../..');
let app: TestApp;
let server: Server;
let site: string;
let browser: Browser;
let page: Page;
let gate: ReceiptGate;
const published: { readonly sha256: string; readonly by: string }[] = [];
/** Bytes that left the page, by path. */
let left: Map<string, number>;

const draw = (seed: number): Sharp => {
  const { data, width, height, channels } = generatePicture({ seed, width: 640, height: 480 });
  return sharp(data, { raw: { width, height, channels } });
};
const sha256 = (bytes: Buffer): string => createHash('sha256').update(bytes).digest('hex');

async function bundle(input: string, dir: string): Promise<string> {
  const built = await rolldown({
    input: join(ROOT, input),
    cwd: dir,
    resolve: { conditionNames: ['source', 'browser', 'import', 'default'] },
    platform: 'browser',
    logLevel: 'silent',
  });
  const { output } = await built.generate({ format: 'esm', codeSplitting: false });
  await built.close();
  return output[0].code;
}

async function listen(): Promise<void> {
  server = createServer();
  await new Promise<void>((done) => void server.listen(0, '127.0.0.1', done));
  site = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
}

/** The site's own server: a page, tickets for whoever is signed in, and a handler that publishes. */
async function serveSite(): Promise<void> {
  const [script, worker] = await Promise.all([
    bundle('packages/server/test/support/uploads-page.ts', join(ROOT, 'packages/server')),
    bundle('packages/client/src/browser/hash-worker.ts', join(ROOT, 'packages/client')),
  ]);
  const answers = express();
  answers.get('/', (_request, response) => {
    response.send(`<!doctype html><html lang="en" data-gatehouse="${app.url}"><title>Forum</title><h1>Send a picture</h1>
      <form id="form" action="/done"><label for="plain">Picture</label> <input id="plain" type="file"> <button>Publish</button></form>
      <label for="other">Another</label> <input id="other" type="file"><script type="module" src="/page.js"></script></html>`);
  });
  answers.get('/page.js', (_request, response) => void response.type('js').send(script));
  answers.get('/hash-worker.js', (_request, response) => void response.type('js').send(worker));
  answers.get('/done', (request, response) => void response.send(`done ${request.query['gatehouse-receipt'] === undefined ? 'without' : 'with'} a receipt`));
  answers.post(
    '/ticket',
    toExpress((request, native) => gate.ticketEndpoint({ subject: () => 'person 1', maxBytes: 50_000_000, maxUploads: 50 })(request, native)),
  );
  answers.post(
    '/publish',
    express.raw({ type: '*/*', limit: '20mb' }),
    toExpress(gate.protect<express.Request>({ content: (_request, native) => native.body as Buffer })),
    (request, response) => {
      published.push({ sha256: sha256(request.body as Buffer), by: readReceipt(request)?.sub ?? '' });
      response.send('published');
    },
  );
  server.on('request', answers);
}

beforeAll(async () => {
  await listen();
  app = await startTestApp({ config: { permitsRequired: true, permitsFloorMs: 20, permitsPerSubjectHour: 1000, surfaceOrigins: [site] } });
  gate = createReceiptGate({ gatehouseUrl: app.url, apiKey: app.key });
  await serveSite();
  const listed = await draw(1).jpeg().toBuffer();
  const { data, info } = await sharp(listed).raw().toBuffer({ resolveWithObject: true });
  const { full } = pdqForms({ data: new Uint8Array(data), width: info.width, height: info.height, channels: 3 });
  const made = (await (
    await app.call('/v1/lists', { method: 'POST', body: '{"name":"Known","disposition":"hold"}', headers: { 'content-type': 'application/json' } })
  ).json()) as { id: string };
  const body = `type,value\nsha256,${sha256(listed)}\npdq,${full.hashes[0]}\n`;
  await app.call(`/v1/lists/${made.id}/import?format=csv`, { method: 'POST', body, headers: { 'content-type': 'application/octet-stream' } });
  browser = await launchBrowser();
  page = await (await openContext(browser)).newPage();
  page.on('request', (request) => {
    const { pathname } = new URL(request.url());
    left.set(pathname, (left.get(pathname) ?? 0) + (request.postDataBuffer()?.length ?? 0));
  });
}, 120_000);
afterAll(async () => {
  await browser.close();
  server.closeAllConnections();
  server.close();
  await app.stop();
});
beforeEach(async () => {
  left = new Map();
  published.length = 0;
  await page.goto(site);
  await page.waitForFunction(() => Reflect.has(globalThis, 'sendByUppy'));
});

const choose = (bytes: Buffer, id = 'other', name = 'picture.jpg'): Promise<void> =>
  page.locator(`#${id}`).setInputFiles({ name, mimeType: name.endsWith('.jpg') ? 'image/jpeg' : 'application/octet-stream', buffer: bytes });
const call = <T>(name: string, value?: unknown): Promise<T> =>
  page.evaluate(([what, given]) => (Reflect.get(globalThis, what) as (given: unknown) => unknown)(given), [name, value] as const) as Promise<T>;
const publish = async (bytes: Buffer, receipt: string): Promise<number> =>
  (await fetch(`${site}/publish`, { method: 'POST', body: new Uint8Array(bytes), headers: { 'gatehouse-receipt': receipt, 'content-type': 'image/jpeg' } }))
    .status;

interface Result {
  readonly kind: string;
  readonly id?: string;
  readonly receipt?: string;
  readonly message: string;
}

async function countUploads(): Promise<number> {
  return ((await (await app.call('/v1/uploads?limit=200')).json()) as { items: unknown[] }).items.length;
}

it('hashes beside the page, and as Node does', async () => {
  const bytes = await draw(3).jpeg({ quality: 90 }).toBuffer();
  await choose(bytes);
  const found = await call<{ sha256: string; sizeBytes: number; pictures: { form: string; quality: number; pdq: string[] }[] }>('hash');
  expect(page.workers()).toHaveLength(1);
  const { data, info } = await sharp(bytes).raw().toBuffer({ resolveWithObject: true });
  const { full, nearest512 } = pdqForms({ data: new Uint8Array(data), width: info.width, height: info.height, channels: 3 });
  expect([found.sha256, found.sizeBytes, found.pictures.map(({ form }) => form)]).toEqual([sha256(bytes), bytes.length, ['full', 'nearest512']]);
  for (const [at, hashes] of [full.hashes, nearest512?.hashes ?? []].entries())
    for (const [index, hash] of hashes.entries()) expect(hammingDistance(hash, found.pictures[at]?.pdq[index] ?? '')).toBeLessThanOrEqual(10);
});

it.each([
  ['as it is', () => draw(1).jpeg()],
  ['compressed again and smaller', () => draw(1).resize(400).jpeg({ quality: 50 })],
  ['turned', () => draw(1).rotate(90).jpeg({ quality: 80 })],
  ['as WebP', () => draw(1).webp({ quality: 70 })],
])('a listed picture never leaves the device: %s', async (_name, make) => {
  const before = await countUploads();
  await choose(await make().toBuffer());
  const result = await call<Result>('upload');
  expect([result.kind, result.id, /^This file cannot be sent\. Reference prm_[0-9a-z]{26}\.$/.test(result.message)]).toEqual(['refused', undefined, true]);
  expect([...left.keys()].filter((path) => path.startsWith('/v1/'))).toEqual(['/v1/permits']);
  expect(left.get('/v1/permits')).toBeLessThan(4000);
  expect(await countUploads()).toBe(before);
});

it('a clear one is sent, and published only with its receipt, and only as it is', async () => {
  const bytes = await draw(4).jpeg().toBuffer();
  await choose(bytes);
  const result = await call<Result>('upload');
  expect(result).toMatchObject({ kind: 'released', message: 'The file was accepted.', sha256: sha256(bytes) });
  const receipt = result.receipt ?? '';
  expect(await publish(Buffer.concat([bytes, Buffer.alloc(1)]), receipt)).toBe(422);
  expect(await publish(bytes, '')).toBe(422);
  expect(await publish(bytes, receipt.slice(0, -8))).toBe(422);
  expect(published).toEqual([]);
  expect(await publish(bytes, receipt)).toBe(200);
  expect(published).toEqual([{ sha256: sha256(bytes), by: result.id }]);
  // Deleted at Gatehouse: the receipt is withdrawn, which only asking can tell.
  expect((await app.call(`/v1/uploads/${result.id}`, { method: 'DELETE' })).status).toBe(204);
  expect(await publish(bytes, receipt)).toBe(422);
});

it('what the browser cannot decode is asked about by its digest, and decided at the gate', async () => {
  await choose(Buffer.from('%PDF-1.7 not a picture'), 'other', 'paper.bin');
  expect(await call<Result>('upload')).toMatchObject({ kind: 'refused', id: expect.stringMatching(/^upl_/) });
});

it('nothing is published while Gatehouse is away', async () => {
  const away = createReceiptGate({ gatehouseUrl: 'http://127.0.0.1:9', apiKey: app.key });
  const faults: string[] = [];
  const guarded = createReceiptGate({ gatehouseUrl: 'http://127.0.0.1:9', apiKey: app.key, onFault: ({ code }) => void faults.push(code) });
  await expect(away.screenUpload(new Uint8Array(3))).rejects.toMatchObject({ code: 'gatehouse_away' });
  const reply = await guarded.protect({ content: () => new Uint8Array(3) })(new Request(site, { headers: { 'gatehouse-receipt': 'a.b.c' } }));
  expect([reply?.status, faults]).toEqual([503, ['gatehouse_away']]);
  await page.route('**/v1/permits', (route) => route.abort());
  await choose(await draw(5).jpeg().toBuffer());
  expect(await call<Result>('upload')).toMatchObject({ kind: 'failed' });
  await page.unroute('**/v1/permits');
  expect(left.get('/v1/send')).toBeUndefined();
});

describe('a plain input in a form', () => {
  it('says what becomes of the file, and the form carries its receipt', async () => {
    await choose(await draw(6).jpeg().toBuffer(), 'plain', 'holiday.jpg');
    await page.getByRole('status').filter({ hasText: 'holiday.jpg: accepted.' }).waitFor();
    await saveScreenshot(page, 'uploads-input');
    await page.getByRole('button', { name: 'Publish' }).press('Enter');
    await page.getByText('done with a receipt').waitFor();
  });

  it('keeps the form back for a file that may not be sent, and forgets the file', async () => {
    await choose(await draw(1).jpeg({ quality: 60 }).toBuffer(), 'plain', 'known.jpg');
    await page.getByRole('status').filter({ hasText: 'known.jpg: This file cannot be sent.' }).waitFor();
    await page.getByRole('button', { name: 'Publish' }).press('Enter');
    expect(
      await page.evaluate(() => [
        location.pathname,
        document.querySelector<HTMLInputElement>('#plain')?.files?.length,
        document.querySelector<HTMLInputElement>('#plain')?.validationMessage.startsWith('known.jpg'),
      ]),
    ).toEqual(['/', 0, true]);
    expect(left.get('/v1/send')).toBeUndefined();
  });
});

describe('Uppy', () => {
  it('sends a clear file and hands its receipt on', async () => {
    await choose(await draw(7).jpeg().toBuffer());
    expect(await call('sendByUppy')).toMatchObject({ failed: [], successful: [{ kind: 'released', receipt: expect.any(String) }] });
  });

  it('shows the neutral text for a listed one, whose bytes stay', async () => {
    await choose(await draw(1).jpeg({ quality: 70 }).toBuffer(), 'other', 'known.jpg');
    const neutral = expect.stringMatching(/This file cannot be sent\. Reference prm_/);
    expect(await call('sendByUppy')).toMatchObject({ successful: [], failed: [neutral], said: expect.arrayContaining([neutral]) });
    expect(left.get('/v1/send')).toBeUndefined();
  });
});

it('a large picture is hashed without the page noticing', async (context) => {
  const { data, width, height, channels } = generatePicture({ seed: 9, width: 1000, height: 750 });
  await choose(await sharp(data, { raw: { width, height, channels } }).resize(4000, 3000).jpeg({ quality: 92 }).toBuffer());
  // Times are told, not judged.
  const beside = await call<{ longestMs: number; tookMs: number }>('measureHashing', 'worker');
  const inside = await call<{ longestMs: number; tookMs: number }>('measureHashing', 'page');
  await context.annotate(`12 MP: worker ${JSON.stringify(beside)}, page ${JSON.stringify(inside)}`);
  expect(page.workers()).toHaveLength(1);
});
