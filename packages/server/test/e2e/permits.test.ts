/** Uploads from a real browser on a page of another origin: what is listed never leaves the device, what is clear is published with its receipt. */
import { readFileSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { createHash } from 'node:crypto';
import express from 'express';
import type { Browser, Page, Route } from 'playwright-core';
import { rolldown } from 'rolldown';
import sharp, { type Sharp } from 'sharp';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { createReceiptGate, readReceipt, toExpress, type ReceiptGate } from '@gatehouse/client/uploads';
import { hammingDistance, pdqForms } from '@gatehouse/pdq';
import { systemClock } from '../../src/platform/clock.ts';
import { startTestApp, type TestApp } from '../support/app.ts';
import { openLine, type Line } from '../support/line.ts';
import { generatePicture } from '../support/pictures.ts';
import { findFlaws, launchBrowser, openContext, saveScreenshot } from './browser.ts';

const ROOT = join(import.meta.dirname, '../../../..');
let app: TestApp;
let server: Server;
let site: string;
let browser: Browser;
let page: Page;
let gate: ReceiptGate;
let line: Line;
let listId: string;
/** Of the gate's clock. */
let aheadMs = 0;
const published: { readonly sha256: string; readonly by: string }[] = [];
/** Bytes that left the page, by path. */
let left: Map<string, number>;
/** Methods of the requests for tus. */
let sent: string[];

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
  const head = `<!doctype html><html lang="en" data-gatehouse="${app.url}" data-line="${line.url}"><meta name="viewport" content="width=device-width">
    <meta name="color-scheme" content="light dark"><title>Forum</title><script type="module" src="/page.js"></script>`;
  answers.get('/', (_request, response) => {
    response.send(
      `${head}<link rel="stylesheet" href="/uppy.css"><h1>Send a picture</h1><label for="other">Picture</label> <input id="other" type="file"><div id="files"></div></html>`,
    );
  });
  answers.get('/form', (_request, response) => {
    response.send(`${head}<main><h1>Send a picture</h1>
      <form action="/done"><p><label>Picture <input id="plain" type="file" ${_request.query['required'] === undefined ? '' : 'required'}></label></p>
        <p><button>Publish</button> <button type="reset">Start again</button></p></form>
      <form id="late" action="/done" novalidate><p><button>Publish all</button></p></form>
      <p><label for="several">Several pictures</label> <input id="several" type="file" multiple form="late"></p></main></html>`);
  });
  const styles = ['core/dist/style.min.css', 'dashboard/dist/style.min.css'].map((file) => readFileSync(join(ROOT, 'node_modules/@uppy', file), 'utf8'));
  answers.get('/uppy.css', (_request, response) => void response.type('css').send(styles.join('\n')));
  answers.get('/page.js', (_request, response) => void response.type('js').send(script));
  answers.get('/hash-worker.js', (_request, response) => void response.type('js').send(worker));
  answers.get('/done', (request, response) => void response.send(`done with ${[request.query['gatehouse-receipt'] ?? []].flat().length} receipts`));
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
  app = await startTestApp({
    clock: { ...systemClock, now: () => new Date(systemClock.now().getTime() + aheadMs) },
    config: { permitsRequired: true, permitsFloorMs: 20, permitsPerSubjectHour: 1000, surfaceOrigins: [site] },
  });
  gate = createReceiptGate({ gatehouseUrl: app.url, apiKey: app.key });
  line = await openLine(Number(new URL(app.url).port));
  await serveSite();
  const listed = await draw(1).jpeg().toBuffer();
  const { data, info } = await sharp(listed).raw().toBuffer({ resolveWithObject: true });
  const { full } = pdqForms({ data: new Uint8Array(data), width: info.width, height: info.height, channels: 3 });
  const made = (await (
    await app.call('/v1/lists', { method: 'POST', body: '{"name":"Known","disposition":"hold"}', headers: { 'content-type': 'application/json' } })
  ).json()) as { id: string };
  listId = made.id;
  const body = `type,value\nsha256,${sha256(listed)}\npdq,${full.hashes[0]}\n`;
  await app.call(`/v1/lists/${made.id}/import?format=csv`, { method: 'POST', body, headers: { 'content-type': 'application/octet-stream' } });
  browser = await launchBrowser();
  page = await (await openContext(browser)).newPage();
  page.on('request', (request) => {
    const { pathname } = new URL(request.url());
    // Of a piece of a file the debugger does not tell the bytes: that there was one is enough.
    left.set(pathname, (left.get(pathname) ?? 0) + (request.postDataBuffer()?.length ?? 0));
    if (pathname.startsWith('/v1/tus')) sent.push(request.method());
  });
}, 120_000);
afterAll(async () => {
  await browser.close();
  line.server.close();
  server.closeAllConnections();
  server.close();
  await app.stop();
});
beforeEach(async () => {
  left = new Map();
  sent = [];
  published.length = 0;
  await open('/');
});

async function open(path: string): Promise<void> {
  await page.goto(`${site}${path}`);
  await page.waitForFunction(() => Reflect.has(globalThis, 'sendByUppy'));
}

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
  const status = (text: string): Promise<void> => page.getByRole('status').filter({ hasText: text }).waitFor();
  const press = (name: string): Promise<void> => page.getByRole('button', { name, exact: true }).press('Enter');
  const read = (id: string): Promise<unknown> =>
    page.evaluate((name) => {
      const input = document.querySelector<HTMLInputElement>(`#${name}`);
      const fields = input?.form?.querySelectorAll('[name=gatehouse-receipt]').length;
      return [location.pathname, input?.files?.length, fields, input?.getAttribute('aria-invalid'), input?.validationMessage.split(':')[0]];
    }, id);
  /** Holds questions back until the returned function is called. */
  async function hold(): Promise<() => void> {
    let letGo = (): void => undefined;
    const isOver = new Promise<void>((done) => (letGo = done));
    await page.route('**/v1/permits', async (route) => {
      await isOver;
      // Of a question that was given up nothing is left to go on.
      await route.continue().catch(() => undefined);
    });
    return letGo;
  }
  afterEach(() => page.unrouteAll());
  beforeEach(() => open('/form'));

  it('says what becomes of the file, and the form carries its receipt', async () => {
    await choose(await draw(6).jpeg().toBuffer(), 'plain', 'holiday.jpg');
    await status('holiday.jpg: accepted.');
    await press('Publish');
    await page.getByText('done with 1 receipts').waitFor();
  });

  it('keeps the form back while it checks, also one that is not validated, and starts again with another choice', async () => {
    const letGo = await hold();
    for (const [id, button] of [
      ['plain', 'Publish'],
      ['several', 'Publish all'],
    ] as const) {
      await choose(await draw(1).jpeg().toBuffer(), id, 'first.jpg');
      await status('first.jpg: being checked.');
      await press(button);
      expect(await read(id)).toEqual(['/form', 1, 0, null, 'first.jpg']);
      await page.locator('h1').click();
      await choose(await draw(6).jpeg().toBuffer(), id, 'second.jpg');
      await press(button);
      expect(await read(id)).toEqual(['/form', 1, 0, null, 'second.jpg']);
    }
    letGo();
    await page.getByRole('status').filter({ hasText: 'second.jpg: accepted.' }).nth(1).waitFor();
    expect([await read('plain'), await read('several')]).toEqual([
      ['/form', 1, 1, null, ''],
      ['/form', 1, 1, null, ''],
    ]);
    await choose(await draw(6).png().toBuffer(), 'plain', 'third.jpg');
    await status('third.jpg: accepted.');
    expect(await read('plain')).toEqual(['/form', 1, 1, null, '']);
  });

  it('keeps the form back for a file that may not be sent, forgets the file, and lets go once that was told', async () => {
    await choose(await draw(1).jpeg({ quality: 60 }).toBuffer(), 'plain', 'known.jpg');
    await status('known.jpg: This file cannot be sent.');
    await press('Publish');
    expect(await read('plain')).toEqual(['/form', 0, 0, 'true', 'known.jpg']);
    expect(await page.locator('#plain').getAttribute('aria-describedby')).toBe(await page.getByRole('status').first().getAttribute('id'));
    expect(left.get('/v1/send')).toBeUndefined();
    await press('Publish');
    await page.getByText('done with 0 receipts').waitFor();
  });

  it('takes no file for accepted that nothing can be published by', async () => {
    // Released by policy, without having been found clear.
    const body = { id: `upl_${'0'.repeat(26)}`, state: 'released', message: 'The file was accepted.' };
    await page.route('**/v1/send*', (route) => route.fulfill({ json: body, headers: { 'access-control-allow-origin': site } }));
    await choose(await draw(6).jpeg().toBuffer(), 'plain', 'plain.jpg');
    await status(`plain.jpg: This file could not be published. Reference ${body.id}.`);
    expect(await read('plain')).toEqual(['/form', 0, 0, 'true', 'plain.jpg']);
  });

  it('is given up when nothing is heard any more', async () => {
    await page.clock.install();
    await open('/form');
    let isAsked = (): void => undefined;
    const asking = new Promise<void>((done) => (isAsked = done));
    await page.route('**/v1/send*', () => isAsked());
    await choose(await draw(6).jpeg().toBuffer(), 'plain', 'silent.jpg');
    await asking;
    // The page's clock goes on meanwhile, on a busy machine for seconds: the exact limit is in the client's own tests.
    await page.clock.fastForward(60_000);
    await status('silent.jpg: being checked.');
    await page.clock.fastForward(61_000);
    await status('silent.jpg: The file could not be sent at the moment.');
    expect(await read('plain')).toEqual(['/form', 0, 0, 'true', 'silent.jpg']);
  });

  it('keeps back a form that needs a file', async () => {
    await open('/form?required=');
    await choose(await draw(1).jpeg({ quality: 60 }).toBuffer(), 'plain', 'known.jpg');
    await status('known.jpg: This file cannot be sent.');
    for (let presses = 0; presses < 3; presses++) await press('Publish');
    expect(new URL(page.url()).pathname).toBe('/form');
  });

  it('keeps all of several files or none', async () => {
    const files = await Promise.all([draw(6).jpeg(), draw(1).jpeg({ quality: 60 }), draw(7).jpeg()].map((one) => one.toBuffer()));
    const named = files.map((buffer, index) => ({ name: `${index}.jpg`, mimeType: 'image/jpeg', buffer }));
    await page.locator('#several').setInputFiles(named);
    await status('1.jpg: This file cannot be sent.');
    await status('None of the files was kept.');
    expect(await read('several')).toEqual(['/form', 0, 0, 'true', '1.jpg']);
    await press('Publish all');
    expect(await read('several')).toEqual(['/form', 0, 0, 'true', '1.jpg']);
    await page.locator('#several').setInputFiles(named.filter((_file, index) => index !== 1));
    await status('2.jpg: accepted.');
    await press('Publish all');
    await page.getByText('done with 2 receipts').waitFor();
  });

  it('forgets everything when the form is reset', async () => {
    const startAgain = async (): Promise<void> => {
      await press('Start again');
      await page.waitForFunction(() => document.querySelector('output')?.textContent === '');
    };
    await choose(await draw(6).jpeg().toBuffer(), 'plain', 'holiday.jpg');
    await status('holiday.jpg: accepted.');
    await startAgain();
    expect(await read('plain')).toEqual(['/form', 0, 0, null, '']);
    await choose(await draw(1).jpeg().toBuffer(), 'plain', 'known.jpg');
    await status('known.jpg: This file cannot be sent.');
    await startAgain();
    await press('Publish');
    await page.getByText('done with 0 receipts').waitFor();
  });

  it('takes up what was chosen before the script came', async () => {
    await page.route('**/page.js', async (route) => {
      await page.locator('#plain').setInputFiles({ name: 'early.jpg', mimeType: 'image/jpeg', buffer: await draw(6).jpeg().toBuffer() });
      await route.continue();
    });
    await open('/form');
    await page.unroute('**/page.js');
    await status('early.jpg: accepted.');
  });

  it('has nothing for axe and nothing sideways in any state', async () => {
    const look = async (state: string): Promise<void> => expect([state, await findFlaws(page, `uploads-input-${state}`)]).toEqual([state, []]);
    const letGo = await hold();
    // Wider than the page, were it not broken.
    const long = `${'holiday'.repeat(12)}.jpg`;
    await choose(await draw(6).jpeg().toBuffer(), 'plain', long);
    await status(`${long}: being checked.`);
    await look('checking');
    letGo();
    await status(`${long}: accepted.`);
    await look('accepted');
    await choose(await draw(1).jpeg().toBuffer(), 'plain', long);
    await status(`${long}: This file cannot be sent.`);
    await look('refused');
    await page.setViewportSize({ width: 1280, height: 900 });
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

describe('Uppy beside tus', () => {
  const neutral = expect.stringMatching(/^This file cannot be sent\. Reference prm_\w{26}\.$/);
  interface Told {
    readonly successful: readonly { readonly id: string; readonly receipt: string }[];
    readonly failed: readonly string[];
    readonly said: readonly string[];
  }
  /** Answers the first request with this method in another way. */
  async function meddle(method: string, how: (route: Route) => Promise<void>): Promise<void> {
    let isDone = false;
    await page.route('**/v1/tus**', async (route) => {
      if (isDone || route.request().method() !== method) return route.fallback();
      isDone = true;
      await how(route);
    });
  }
  const count = (method: string): number => sent.filter((one) => one === method).length;
  afterEach(async () => {
    await call('clearTus');
    await page.unrouteAll();
  });

  it('sends a large file in pieces, goes on after a cut, and hands the receipt on', async () => {
    const bytes = await draw(10).png().toBuffer();
    line.cutAfter(bytes.length / 2);
    await choose(bytes, 'other', 'large.png');
    const told = await call<Told>('sendByTus');
    expect(told).toMatchObject({ failed: [], successful: [{ kind: 'released', id: expect.stringMatching(/^upl_/), receipt: expect.any(String) }] });
    const pieces = Math.ceil(bytes.length / 100_000);
    // At most the piece that was cut, and one that came too early, are sent again.
    expect([line.cuts(), count('POST'), pieces > 4, count('PATCH') > pieces + 2]).toEqual([1, 1, true, false]);
    expect(await publish(bytes, told.successful[0]?.receipt ?? '')).toBe(200);
    expect(published.at(-1)).toEqual({ sha256: sha256(bytes), by: told.successful[0]?.id });
  });

  it('sends nothing of a listed file, says so in neutral words, and no retry changes that', async () => {
    await choose(await draw(1).png().toBuffer(), 'other', 'known.png');
    expect(await call<Told>('sendByTus')).toMatchObject({ successful: [], failed: [neutral] });
    await page
      .getByText(/^known\.png: This file cannot be sent\. Reference/)
      .first()
      .waitFor();
    await saveScreenshot(page, 'uploads-uppy-refused');
    expect(await call<Told>('retryByTus')).toMatchObject({ successful: [], failed: [neutral] });
    expect(sent).toEqual([]);
  });

  it('shows the neutral text when the gate finds what the device could not, and no retry changes that', async () => {
    const bytes = await draw(11).png().toBuffer();
    const entries = [{ signal: 'md5', value: createHash('md5').update(bytes).digest('hex') }];
    const init = { method: 'POST', body: JSON.stringify({ entries }), headers: { 'content-type': 'application/json' } };
    expect((await app.call(`/v1/lists/${listId}/entries`, init)).ok).toBe(true);
    await choose(bytes, 'other', 'found.png');
    const refused = { successful: [], failed: [expect.stringMatching(/^This file could not be published\. Reference upl_\w{26}\.$/)] };
    expect(await call<Told>('sendByTus')).toMatchObject(refused);
    const before = sent.length;
    expect(await call<Told>('retryByTus')).toMatchObject(refused);
    expect([sent.length, count('POST')]).toEqual([before, 1]);
  });

  it('asks again when the permit was used up by a request whose answer was lost', async () => {
    await meddle('POST', async (route) => {
      expect((await route.fetch()).status()).toBe(201);
      await route.abort();
    });
    await choose(await draw(12).png().toBuffer(), 'other', 'lost.png');
    expect(await call<Told>('sendByTus')).toMatchObject({ failed: [], successful: [{ kind: 'released' }] });
    expect(count('POST')).toBe(2);
  });

  it('asks again when the permit has expired, and sends nothing when the answer is no by now', async () => {
    const bytes = await draw(13).png().toBuffer();
    try {
      await meddle('POST', async (route) => {
        aheadMs = 11 * 60_000;
        const body = `type,value\nsha256,${sha256(bytes)}\n`;
        await app.call(`/v1/lists/${listId}/import?format=csv`, { method: 'POST', body, headers: { 'content-type': 'application/octet-stream' } });
        await route.continue();
      });
      await choose(bytes, 'other', 'late.png');
      expect(await call<Told>('sendByTus')).toMatchObject({ successful: [], failed: [neutral] });
      expect(sent).toEqual(['POST']);
    } finally {
      aheadMs = 0;
    }
  });

  it('goes on with another ticket when the one that began ends', async () => {
    await meddle('PATCH', async (route) => {
      const ticket = /^Bearer ght_([^_]+)_/.exec(route.request().headers()['authorization'] ?? '')?.[1] ?? '';
      expect((await app.call(`/v1/tickets/tkt_${ticket}`, { method: 'DELETE' })).status).toBe(204);
      await route.continue();
    });
    await choose(await draw(14).png().toBuffer(), 'other', 'long.png');
    expect(await call<Told>('sendByTus')).toMatchObject({ failed: [], successful: [{ kind: 'released' }] });
    expect(count('POST')).toBe(1);
  });

  it('takes no answer for success that is none of the gate', async () => {
    await meddle('PATCH', (route) =>
      route.fulfill({
        status: 204,
        headers: { 'upload-offset': '999', 'access-control-allow-origin': site, 'access-control-expose-headers': 'upload-offset' },
      }),
    );
    await choose(Buffer.alloc(999), 'other', 'other.bin');
    expect(await call<Told>('sendByTus')).toMatchObject({ successful: [], failed: ['The file could not be sent at the moment. Please try again later.'] });
  });
});

it('what a form or Uppy lets go of is not sent on', async () => {
  await choose(await draw(8).jpeg().toBuffer());
  expect(await call('removeInUppy')).toMatchObject({ successful: [{ kind: 'released' }], failed: ['Only files of this device can be sent.'] });
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
