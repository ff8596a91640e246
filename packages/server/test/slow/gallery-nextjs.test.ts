/** `examples/gallery-nextjs`, installed and built as its README says, and used in a browser with and without scripts. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readdir, readFile, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Browser, Page } from 'playwright-core';
import sharp from 'sharp';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createReceiptGate } from '@gatehouse/client/uploads';
import { launchBrowser, measureOverflow, openContext, runAxe, saveScreenshot, SCHEMES, watchFaults, WIDTHS } from '../e2e/browser.ts';
import { EXAMPLES, findFreePort, openExampleScene, type ExampleScene } from '../support/example-scene.ts';

const FOLDER = join(EXAMPLES, 'gallery-nextjs');
/** Nothing listens on port 9 of loopback. */
const NOBODY = 'http://127.0.0.1:9';
const TEXTS = { title: 'The harbour', alt: 'Boats in the evening' };

interface Site {
  readonly url: string;
  readonly folder: string;
}

let scene: ExampleScene;
let browser: Browser;
let site: Site;
/** The same site; its Gatehouse is away. */
let alone: Site;

async function run(args: readonly string[]): Promise<void> {
  const child = spawn('npm', args, { cwd: FOLDER, env: { ...process.env, NODE_ENV: 'production' }, stdio: ['ignore', 'pipe', 'pipe'] });
  let said = '';
  for (const stream of [child.stdout, child.stderr]) stream.on('data', (text: Buffer) => void (said += text.toString()));
  const [code] = (await once(child, 'close')) as [number | null];
  if (code !== 0) throw new Error(`npm ${args.join(' ')} ended with ${code}: ${said.slice(-4000)}`);
}

const changedMs = (name: string): Promise<number> =>
  stat(join(FOLDER, name)).then(
    ({ mtimeMs }) => mtimeMs,
    () => 0,
  );

async function start(port: number, gatehouseUrl: string, name: string): Promise<Site> {
  const folder = join(scene.dir, name);
  const key = await scene.createKey(['uploads:write', 'uploads:read', 'receipts:verify']);
  const env = { NODE_ENV: 'production', PUBLISH_DIR: folder, GATEHOUSE_URL: gatehouseUrl, GATEHOUSE_PUBLIC_URL: scene.app.url, GATEHOUSE_KEY: key };
  // Not through npm, which would leave it behind when it is ended.
  const program = join(FOLDER, 'node_modules/next/dist/bin/next');
  await scene.start(process.execPath, [program, 'start', '--hostname', '127.0.0.1', '--port', String(port)], {
    env: { ...env, NEXT_TELEMETRY_DISABLED: '1' },
    port,
    cwd: FOLDER,
  });
  return { url: `http://127.0.0.1:${port}`, folder };
}

beforeAll(async () => {
  // Twice: a package mirror that answers badly once is not a fault of this repository.
  if ((await changedMs('node_modules/.package-lock.json')) < (await changedMs('package-lock.json'))) await run(['ci']).catch(() => run(['ci']));
  await run(['run', 'build']);
  const [port, other] = [await findFreePort(), await findFreePort()];
  scene = await openExampleScene({
    config: { surfaceOrigins: [`http://127.0.0.1:${port}`, `http://127.0.0.1:${other}`], permitsRequired: true, permitsFloorMs: 20 },
  });
  [site, alone, browser] = await Promise.all([start(port, scene.app.url, 'gallery'), start(other, NOBODY, 'gallery-alone'), launchBrowser()]);
});
afterAll(async () => {
  await browser?.close();
  await scene?.close();
});

const namesIn = (folder: string): Promise<string[]> => readdir(folder).catch(() => []);

interface Visit {
  readonly page: Page;
  /** Paths to which something was sent, and how many bytes, as the browser announced them. */
  readonly left: Map<string, Promise<number>>;
  readonly faults: readonly string[];
}

async function visit(url: string, hasJavaScript: boolean): Promise<Visit> {
  const page = await (await openContext(browser, { hasJavaScript })).newPage();
  const left: Visit['left'] = new Map();
  page.on('request', (request) => {
    if (request.method() === 'POST') left.set(new URL(request.url()).pathname, request.headerValue('content-length').then(Number));
  });
  const faults = watchFaults(page);
  await page.goto(`${url}/new`);
  // The input gives its name away when the script looks after it.
  if (hasJavaScript) await page.locator('#picture:not([name])').waitFor();
  await page.getByLabel('Title').fill(TEXTS.title);
  await page.getByLabel('Description').fill(TEXTS.alt);
  return { page, left, faults };
}

/** What a browser that is no browser sends. @returns where it was sent on to */
async function forge(
  fields: Readonly<Record<string, string | Buffer | readonly string[]>>,
  url = site.url,
  headers: Record<string, string> = {},
): Promise<string> {
  const form = new FormData();
  for (const [name, value] of Object.entries({ ...TEXTS, ...fields }))
    for (const one of typeof value === 'string' || Buffer.isBuffer(value) ? [value] : value)
      if (typeof one === 'string') form.append(name, one);
      else form.append(name, new Blob([new Uint8Array(one)], { type: 'image/jpeg' }), 'a.jpg');
  const reply = await fetch(`${url}/publish`, { method: 'POST', body: form, headers, redirect: 'manual' });
  return reply.headers.get('location') ?? String(reply.status);
}

describe('the gallery', () => {
  it.each([true, false])('publishes a clear picture byte for byte, with its receipt (JavaScript: %s)', async (hasJavaScript) => {
    const { page, left, faults } = await visit(site.url, hasJavaScript);
    await page.getByLabel('Picture').setInputFiles(scene.clear.path);
    if (hasJavaScript) await page.getByText('clear.jpg: accepted.').waitFor();
    await page.getByRole('button', { name: 'Publish' }).click();
    await page.waitForURL(/#upl_[0-9a-z]{26}$/);
    const id = new URL(page.url()).hash.slice(1);
    await page.locator(`#${id}`).getByRole('img', { name: TEXTS.alt }).waitFor();
    expect(await page.locator(`#${id}`).textContent()).toBe(TEXTS.title);
    expect(faults).toEqual([]);
    // With the script the form carries the receipt in place of the bytes.
    expect(((await left.get('/publish')) ?? 0) < 4000).toBe(hasJavaScript);
    expect(await left.get('/v1/send')).toBe(hasJavaScript ? scene.clear.bytes.length : undefined);
    expect((await namesIn(site.folder)).filter((name) => name.startsWith(id)).toSorted()).toEqual([`${id}.jpg`, `${id}.json`, `${id}.receipt`]);
    const served = await fetch(`${site.url}/pictures/${id}`);
    expect(Buffer.from(await served.arrayBuffer()).equals(scene.clear.bytes)).toBe(true);
    expect([served.headers.get('content-type'), served.headers.get('x-content-type-options')]).toEqual(['image/jpeg', 'nosniff']);
    const receipt = await readFile(join(site.folder, `${id}.receipt`), 'utf8');
    const gate = createReceiptGate({ gatehouseUrl: scene.app.url, apiKey: scene.app.key });
    expect(await gate.verify(receipt, scene.clear.bytes)).toMatchObject({ isValid: true, claims: { sub: id } });
    await page.context().close();
  });

  it('a listed picture never leaves the device, and the form is kept back', async () => {
    const before = await namesIn(site.folder);
    const { page, left } = await visit(site.url, true);
    await page.getByLabel('Picture').setInputFiles(scene.listed.path);
    await page.getByText(/^listed\.jpg: This file cannot be sent\. Reference prm_[0-9a-z]{26}\.$/).waitFor();
    await page.getByRole('button', { name: 'Publish' }).click();
    expect(new URL(page.url()).pathname).toBe('/new');
    expect([...left.keys()].toSorted()).toEqual(['/ticket', '/v1/permits']);
    expect(await left.get('/v1/permits')).toBeLessThan(4000);
    expect(await page.context().cookies()).toEqual([expect.objectContaining({ name: 'visitor', httpOnly: true, sameSite: 'Lax' })]);
    await saveScreenshot(page, 'gallery-refused-device');
    expect(await namesIn(site.folder)).toEqual(before);
    await page.context().close();
  });

  it('a picture that was chosen before the scripts came is looked after as well', async () => {
    const page = await (await openContext(browser)).newPage();
    let letThrough = (): void => undefined;
    const isTime = new Promise<void>((resolve) => (letThrough = resolve));
    await page.route('**/*.js', async (route) => {
      await isTime;
      await route.continue();
    });
    await page.goto(`${site.url}/new`, { waitUntil: 'commit' });
    await page.getByLabel('Picture').setInputFiles(scene.listed.path);
    letThrough();
    await page.getByText(/^listed\.jpg: This file cannot be sent\. Reference prm_/).waitFor();
    await page.context().close();
  });

  it('without JavaScript a listed picture is refused with a neutral text', async () => {
    const before = await namesIn(site.folder);
    const { page } = await visit(site.url, false);
    await page.getByLabel('Picture').setInputFiles(scene.listed.path);
    await page.getByRole('button', { name: 'Publish' }).click();
    expect(await page.locator('main').getByRole('alert').textContent()).toMatch(/^This file could not be published\. Reference upl_[0-9a-z]{26}\.$/);
    await saveScreenshot(page, 'gallery-refused-plain');
    expect(await namesIn(site.folder)).toEqual(before);
    // Only the picture has to be chosen once more, and what was published does not come back.
    const written = async (): Promise<string[]> => [await page.getByLabel('Title').inputValue(), await page.getByLabel('Description').inputValue()];
    expect(await written()).toEqual(Object.values(TEXTS));
    await page.getByLabel('Picture').setInputFiles(scene.clear.path);
    await page.getByRole('button', { name: 'Publish' }).click();
    await page.waitForURL(/#upl_[0-9a-z]{26}$/);
    await page.goto(`${site.url}/new?problem=incomplete`);
    expect(await written()).toEqual(['', '']);
    await page.context().close();
  });

  it.each([true, false])('publishes nothing while Gatehouse is away (JavaScript: %s)', async (hasJavaScript) => {
    const { page, left } = await visit(alone.url, hasJavaScript);
    await page.getByLabel('Picture').setInputFiles(scene.clear.path);
    if (hasJavaScript) await page.getByText(/^clear\.jpg: The file could not be sent at the moment\. Please try again later\.$/).waitFor();
    await page.getByRole('button', { name: 'Publish' }).click();
    if (!hasJavaScript)
      expect(await page.locator('main').getByRole('alert').textContent()).toBe(
        'This file cannot be checked at the moment. It was not published. Please try again later.',
      );
    expect(left.has('/publish')).toBe(!hasJavaScript);
    expect(new URL(page.url()).pathname).toBe('/new');
    expect(await namesIn(alone.folder)).toEqual([]);
    await page.context().close();
  });
});

describe('a forged form', () => {
  let receipt: string;
  let upload: string;
  beforeAll(async () => {
    const screened = await createReceiptGate({ gatehouseUrl: scene.app.url, apiKey: scene.app.key }).screenUpload(scene.clear.bytes);
    receipt = screened.receipt ?? '';
    upload = screened.id;
  });
  /** The same receipt, saying of itself that it is about another upload. */
  const tellOtherwise = (sub: string): string => {
    const [head, body = '', signature] = receipt.split('.');
    const claims = { ...(JSON.parse(Buffer.from(body, 'base64url').toString()) as object), sub };
    return [head, Buffer.from(JSON.stringify(claims)).toString('base64url'), signature].join('.');
  };
  const REFUSED = /^\/new\?problem=refused/;

  it('publishes nothing', async () => {
    const before = await namesIn(site.folder);
    const { clear, listed } = scene;
    const held = await (await scene.app.call('/v1/uploads?limit=200')).json();
    const refusedId = (held as { items: { id: string; state: string }[] }).items.find(({ state }) => state === 'refused')?.id ?? '';
    const cases: readonly (readonly [Parameters<typeof forge>[0], RegExp])[] = [
      [{}, /problem=incomplete/],
      [{ picture: Buffer.alloc(0) }, /problem=incomplete/],
      [{ picture: listed.bytes }, REFUSED],
      [{ picture: listed.bytes, 'gatehouse-receipt': receipt }, REFUSED],
      [{ picture: Buffer.concat([clear.bytes, Buffer.alloc(1)]), 'gatehouse-receipt': receipt }, REFUSED],
      [{ picture: listed.bytes, 'gatehouse-receipt': '' }, REFUSED],
      [{ picture: clear.bytes, 'gatehouse-receipt': 'a.b.c' }, REFUSED],
      [{ 'gatehouse-receipt': 'a.b.c' }, REFUSED],
      [{ 'gatehouse-receipt': tellOtherwise(refusedId) }, REFUSED],
      [{ 'gatehouse-receipt': tellOtherwise('../lists') }, REFUSED],
      [{ 'gatehouse-receipt': [receipt, receipt] }, /problem=incomplete/],
      [{ 'gatehouse-receipt': receipt, title: ' ' }, /problem=incomplete/],
      [{ 'gatehouse-receipt': receipt, alt: 'a'.repeat(301) }, /problem=incomplete/],
      [{ picture: Buffer.from('no picture') }, REFUSED],
      [{ picture: await sharp(clear.bytes).tiff().toBuffer() }, /problem=kind/],
      [{ picture: Buffer.alloc(20_000_001) }, /problem=size/],
    ];
    for (const [fields, outcome] of cases) expect(await forge(fields), Object.keys(fields).join()).toMatch(outcome);
    expect(await forge({ 'gatehouse-receipt': receipt }, site.url, { 'sec-fetch-site': 'cross-site' })).toBe('403');
    // Gatehouse cannot be asked whether the receipt was withdrawn.
    expect(await forge({ picture: clear.bytes, 'gatehouse-receipt': receipt }, alone.url)).toBe('/new?problem=later');
    expect(await forge({ 'gatehouse-receipt': receipt }, alone.url)).toBe('/new?problem=later');
    expect([await namesIn(site.folder), await namesIn(alone.folder)]).toEqual([before, []]);
  });

  it('publishes one that is valid once, and none that was withdrawn', async () => {
    expect(await forge({ picture: scene.clear.bytes, 'gatehouse-receipt': receipt })).toBe(`/#${upload}`);
    const after = await namesIn(site.folder);
    expect(await forge({ 'gatehouse-receipt': receipt, title: 'Another title' })).toBe(`/#${upload}`);
    expect(await (await fetch(site.url)).text()).not.toContain('Another title');
    const gate = createReceiptGate({ gatehouseUrl: scene.app.url, apiKey: scene.app.key });
    const other = await gate.screenUpload(scene.clear.bytes);
    expect((await scene.app.call(`/v1/uploads/${other.id}`, { method: 'DELETE' })).status).toBe(204);
    expect(await forge({ picture: scene.clear.bytes, 'gatehouse-receipt': other.receipt ?? '' })).toMatch(REFUSED);
    expect(await forge({ 'gatehouse-receipt': other.receipt ?? '' })).toMatch(REFUSED);
    expect((await namesIn(site.folder)).toSorted()).toEqual(after.toSorted());
  });

  it('and no address serves anything but published pictures', async () => {
    // Beside the folder, and of the same shape.
    await writeFile(join(scene.dir, 'outside.json'), JSON.stringify({ type: 'image/jpeg' }));
    await writeFile(join(scene.dir, 'outside.jpg'), scene.listed.bytes);
    for (const path of [
      '/pictures/%2e%2e%2foutside',
      '/pictures/..%2Foutside',
      `/pictures/${upload}.receipt`,
      `/pictures/${upload}.json`,
      `/pictures/upl_${'0'.repeat(26)}`,
      `/published/${upload}.jpg`,
      `/_next/image?url=%2Fpictures%2F${upload}&w=640&q=75`,
    ])
      expect((await fetch(`${site.url}${path}`, { redirect: 'manual' })).status, path).toBe(404);
  });
});

describe.each(WIDTHS)('at a width of %i', (width) => {
  it.each(SCHEMES)('every page can be used by everybody (%s)', async (scheme) => {
    const page = await (await openContext(browser, { width, scheme })).newPage();
    const faults = watchFaults(page);
    for (const [name, path] of [
      ['gallery', '/'],
      ['new', '/new'],
      ['problem', `/new?problem=refused&reference=upl_${'0'.repeat(26)}`],
    ] as const) {
      await page.goto(`${site.url}${path}`);
      await page.getByRole('heading', { level: 1 }).waitFor();
      expect(await runAxe(page), path).toEqual([]);
      expect(await measureOverflow(page), path).toBeLessThanOrEqual(0);
      await saveScreenshot(page, `gallery-${name}-${width}-${scheme}`);
    }
    expect(faults).toEqual([]);
    await page.context().close();
  });
});
