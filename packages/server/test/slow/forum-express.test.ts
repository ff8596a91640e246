/** `examples/forum-express`, started as its README says and used in Chromium by people with and without JavaScript. */
import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Browser, BrowserContext, Page } from 'playwright-core';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { launchBrowser, measureOverflow, openContext, runAxe, saveScreenshot, SCHEMES, tabTo, watchFaults, WIDTHS, type ViewOptions } from '../e2e/browser.ts';
import { EXAMPLES, findFreePort, openExampleScene, type ExampleScene } from '../support/example-scene.ts';

const NOBODY = 'http://127.0.0.1:9';

let scene: ExampleScene;
let browser: Browser;
let forum: Forum;
let contexts: BrowserContext[] = [];

interface Forum {
  readonly url: string;
  readonly dir: string;
}
interface Stored {
  readonly id: string;
  readonly title: string;
  readonly picture?: { readonly uploadId: string; readonly receipt?: string; readonly isRemoved?: true };
}

async function startForum(port: number, gatehouseUrl: string): Promise<Forum> {
  const dir = join(scene.dir, `forum-${port}`);
  const secret = ((await (await scene.app.call('/v1/callbacks/secret')).json()) as { secret: string }).secret;
  const env = {
    PORT: String(port),
    FORUM_DIR: dir,
    GATEHOUSE_URL: gatehouseUrl,
    GATEHOUSE_PUBLIC_URL: scene.app.url,
    GATEHOUSE_KEY: await scene.createKey(['uploads:write', 'uploads:read', 'receipts:verify']),
    GATEHOUSE_CALLBACK_SECRET: secret,
  };
  await scene.start(process.execPath, ['server.mjs'], { env, port, cwd: join(EXAMPLES, 'forum-express') });
  return { url: `http://127.0.0.1:${port}`, dir };
}

beforeAll(async () => {
  const port = await findFreePort();
  const site = `127.0.0.1:${port}`;
  scene = await openExampleScene({ config: { permitsRequired: true, permitsFloorMs: 20, surfaceOrigins: [`http://${site}`], outboundAllow: [site] } });
  forum = await startForum(port, scene.app.url);
  browser = await launchBrowser();
});
afterEach(async () => {
  for (const context of contexts) await context.close();
  contexts = [];
});
afterAll(async () => {
  await browser.close();
  await scene.close();
});

async function open(path: string, view: ViewOptions = {}): Promise<Page> {
  const context = await openContext(browser, view);
  contexts.push(context);
  const page = await context.newPage();
  await page.goto(`${forum.url}${path}`);
  return page;
}

async function fillIn(page: Page, picture: 'clear' | 'listed' | undefined, title: string): Promise<void> {
  await page.getByLabel('Title').fill(title);
  await page.getByLabel('Text').fill('Two lines\nof <b>text</b>.');
  await page.getByLabel('What the picture shows').fill('Coloured shapes');
  if (picture !== undefined) await page.getByLabel('Picture (if you like)').setInputFiles(scene[picture].path);
}

const publish = (page: Page): Promise<void> => page.getByRole('button', { name: 'Publish' }).click();

async function stored({ dir } = forum): Promise<Stored[]> {
  const names = await readdir(join(dir, 'posts'));
  return Promise.all(names.map(async (name) => JSON.parse(await readFile(join(dir, 'posts', name), 'utf8')) as Stored));
}
const find = async (title: string): Promise<Stored | undefined> => (await stored()).find((post) => post.title === title);

async function expectPublished(page: Page, title: string): Promise<Stored> {
  await page.getByRole('heading', { name: title, level: 1 }).waitFor();
  const post = await find(title);
  if (post?.picture === undefined) throw new Error(`${title} has no picture`);
  expect(await readFile(join(forum.dir, 'pictures', post.id))).toEqual(scene.clear.bytes);
  const reply = await fetch(`${forum.url}/pictures/${post.id}`);
  expect([reply.status, reply.headers.get('content-type'), reply.headers.get('x-content-type-options')]).toEqual([200, 'image/jpeg', 'nosniff']);
  expect(Buffer.from(await reply.arrayBuffer()).equals(scene.clear.bytes)).toBe(true);
  const checked = await scene.app.call('/v1/receipts/verify', {
    method: 'POST',
    body: JSON.stringify({ receipt: post.picture.receipt, sha256: scene.clear.sha256, size: scene.clear.bytes.length }),
    headers: { 'content-type': 'application/json' },
  });
  expect(await checked.json()).toMatchObject({ valid: true, isContentChecked: true });
  return post;
}

describe('with JavaScript', () => {
  it('a clear picture goes to Gatehouse, and the forum publishes it by its receipt', async () => {
    const page = await open('/new');
    const faults = watchFaults(page);
    const toForum: Promise<{ requestBodySize: number }>[] = [];
    page.on('requestfinished', (request) => {
      if (request.url() === `${forum.url}/posts`) toForum.push(request.sizes());
    });
    await fillIn(page, 'clear', 'A walk');
    await page.getByText('clear.jpg: accepted.').waitFor();
    await publish(page);
    await expectPublished(page, 'A walk');
    // The bytes went one way.
    const [sent] = await Promise.all(toForum);
    expect(sent?.requestBodySize).toBeGreaterThan(500);
    expect(sent?.requestBodySize).toBeLessThan(5000);
    expect(faults).toEqual([]);
  });

  it('a listed one never leaves the device, and the form waits with what was written', async () => {
    const page = await open('/new');
    const asked: string[] = [];
    page.on('request', (request) => void asked.push(new URL(request.url()).pathname));
    await fillIn(page, 'listed', 'Not this');
    await page.getByText(/listed\.jpg: This file cannot be sent\. Reference prm_/).waitFor();
    await saveScreenshot(page, 'forum-refused');
    expect(await runAxe(page)).toEqual([]);
    await publish(page);
    await sleep(200);
    expect([asked.includes('/v1/permits'), asked.includes('/v1/send'), asked.includes('/posts')]).toEqual([true, false, false]);
    expect([await page.getByLabel('Title').inputValue(), await find('Not this')]).toEqual(['Not this', undefined]);
  });

  it('can be used with the keyboard alone', async () => {
    const page = await open('/');
    await tabTo(page, 'New post');
    await page.keyboard.press('Enter');
    await page.getByRole('heading', { name: 'New post', level: 1 }).waitFor();
    await page.getByLabel('Title').focus();
    await page.keyboard.type('By keyboard');
    await page.keyboard.press('Tab');
    await page.keyboard.type('Text');
    await tabTo(page, 'Publish');
    await page.keyboard.press('Enter');
    await page.getByRole('heading', { name: 'By keyboard', level: 1 }).waitFor();
  });
});

describe('without JavaScript', () => {
  it('the forum sends the picture to Gatehouse, and publishes what is clear', async () => {
    const page = await open('/new', { hasJavaScript: false });
    await fillIn(page, 'clear', 'Without a script');
    await publish(page);
    await expectPublished(page, 'Without a script');
  });

  it('shows the neutral text for what is listed, and what was written', async () => {
    const page = await open('/new', { hasJavaScript: false });
    await fillIn(page, 'listed', 'Nor this');
    await publish(page);
    await page
      .getByRole('alert')
      .filter({ hasText: /This file could not be published\. Reference upl_/ })
      .waitFor();
    expect([await page.getByLabel('Title').inputValue(), await find('Nor this')]).toEqual(['Nor this', undefined]);
    await saveScreenshot(page, 'forum-not-published');
  });

  it('publishes no picture while Gatehouse is away', async () => {
    const away = await startForum(await findFreePort(), NOBODY);
    const context = await openContext(browser, { hasJavaScript: false });
    contexts.push(context);
    const page = await context.newPage();
    await page.goto(`${away.url}/new`);
    await fillIn(page, 'clear', 'Now?');
    await publish(page);
    await page.getByRole('alert').filter({ hasText: 'could not be checked at the moment' }).waitFor();
    expect([await stored(away), await readdir(join(away.dir, 'pictures'))]).toEqual([[], []]);
  });
});

describe('somebody who makes requests of their own', () => {
  async function send(fields: Record<string, string | Blob>, headers: Record<string, string> = {}): Promise<{ status: number; text: string }> {
    const guest = (await fetch(`${forum.url}/new`)).headers.getSetCookie()[0]?.split(';')[0] ?? '';
    const form = new FormData();
    for (const [name, value] of Object.entries({ title: 'Forged', text: 'x', ...fields })) form.append(name, value);
    const reply = await fetch(`${forum.url}/posts`, { method: 'POST', body: form, headers: { cookie: guest, ...headers }, redirect: 'manual' });
    return { status: reply.status, text: await reply.text() };
  }
  const file = (bytes: Buffer): Blob => new Blob([new Uint8Array(bytes)], { type: 'image/jpeg' });

  it('publishes nothing with a receipt that is none, with two pictures, or from another site', async () => {
    const { picture } = (await find('A walk')) ?? {};
    const [head = '', body = '', tag = ''] = (picture?.receipt ?? '').split('.');
    for (const receipt of ['', 'a.b.c', `${head}.${body}.${tag.slice(0, -4)}AAAA`]) expect((await send({ 'gatehouse-receipt': receipt })).status).toBe(422);
    // Good as it is, but of another service of the same Gatehouse, which alone would hear of its withdrawal.
    const { id } = (await (await scene.app.call('/v1/uploads', { method: 'POST', body: '{}', headers: { 'content-type': 'application/json' } })).json()) as {
      id: string;
    };
    const elsewhere = await scene.app.call(`/v1/uploads/${id}/content?wait=30`, {
      method: 'PUT',
      body: new Uint8Array(scene.clear.bytes),
      headers: { 'content-type': 'application/octet-stream' },
    });
    const { receipt: foreign } = (await elsewhere.json()) as { receipt: string };
    expect(foreign).toMatch(/^[\w-]+\.[\w-]+\.[\w-]+$/);
    expect((await send({ 'gatehouse-receipt': foreign })).status).toBe(422);
    expect((await send({ 'gatehouse-receipt': picture?.receipt ?? '', picture: file(scene.listed.bytes) })).status).toBe(422);
    expect((await send({ picture: file(scene.clear.bytes) }, { 'sec-fetch-site': 'cross-site' })).status).toBe(403);
    expect((await send({ picture: file(scene.clear.bytes) }, { cookie: '' })).status).toBe(403);
    expect((await send({ picture: file(Buffer.from('<script>alert(1)</script>')) })).status).toBe(422);
    expect((await send({ picture: file(Buffer.alloc(21_000_000)) })).status).toBe(413);
    expect((await send({ text: 'x'.repeat(5001) })).status).toBe(422);
    expect(await find('Forged')).toBeUndefined();
  });

  it('takes nothing down without the signature of Gatehouse', async () => {
    const { picture } = (await find('A walk')) ?? {};
    const body = JSON.stringify({ type: 'receipt.revoked', timestamp: new Date().toISOString(), data: { id: picture?.uploadId } });
    const headers = {
      'webhook-id': 'msg_1',
      'webhook-timestamp': String(Math.floor(Date.now() / 1000)),
      'webhook-signature': `v1,${Buffer.alloc(32).toString('base64')}`,
    };
    expect((await fetch(`${forum.url}/gatehouse`, { method: 'POST', body, headers })).status).toBe(400);
    expect((await find('A walk'))?.picture?.isRemoved).toBeUndefined();
  });
});

it('does not start without a key, or without the secret of callbacks', async () => {
  const server = join(EXAMPLES, 'forum-express/server.mjs');
  for (const [key, secret, lack] of [
    ['', 'whsec_x', 'GATEHOUSE_KEY'],
    ['gh_x', '', 'GATEHOUSE_CALLBACK_SECRET'],
  ] as const) {
    const env = { ...process.env, PORT: '0', GATEHOUSE_KEY: key, GATEHOUSE_CALLBACK_SECRET: secret };
    const { status, stderr } = spawnSync(process.execPath, [server], { env, encoding: 'utf8' });
    expect([status, stderr]).toEqual([1, expect.stringMatching(new RegExp(`^${lack} is not set.*The forum was not started\\.\\s*$`))]);
  }
});

describe.each(SCHEMES)('looks right, %s', (scheme) => {
  it.each(WIDTHS)('%d wide', async (width) => {
    const page = await open('/', { width, scheme });
    const faults = watchFaults(page);
    const { id } = (await find('A walk')) ?? { id: '' };
    for (const [name, path] of [
      ['list', '/'],
      ['new', '/new'],
      ['post', `/posts/${id}`],
    ] as const) {
      await page.goto(`${forum.url}${path}`);
      await saveScreenshot(page, `forum-${name}-${scheme}-${width}`);
      expect([name, await runAxe(page), await measureOverflow(page)]).toEqual([name, [], 0]);
    }
    expect(faults).toEqual([]);
  });
});

it('takes every post with a picture down when a list names the picture later, and publishes it no more', async () => {
  const { lists } = (await (await scene.app.call('/v1/lists')).json()) as { lists: { id: string }[] };
  const body = `type,value\nsha256,${scene.clear.sha256}\n`;
  const headers = { 'content-type': 'application/octet-stream' };
  expect((await scene.app.call(`/v1/lists/${lists[0]?.id}/import?format=csv`, { method: 'POST', body, headers })).status).toBe(200);
  const isDown = async (): Promise<boolean> => (await stored()).every((post) => post.picture === undefined || post.picture.isRemoved === true);
  for (let attempt = 0; attempt < 300 && !(await isDown()); attempt += 1) await sleep(100);
  const posts = (await stored()).filter((post) => post.picture !== undefined);
  expect(posts.map(({ title, picture }) => [title, picture?.isRemoved, picture?.receipt]).toSorted()).toEqual([
    ['A walk', true, undefined],
    ['Without a script', true, undefined],
  ]);
  for (const { id } of posts) {
    expect(existsSync(join(forum.dir, 'pictures', id))).toBe(false);
    expect((await fetch(`${forum.url}/pictures/${id}`)).status).toBe(404);
  }
  const page = await open(`/posts/${posts[0]?.id}`);
  await page.getByText('The picture of this post was removed.').waitFor();
  await saveScreenshot(page, 'forum-taken-down');
  await page.goto(`${forum.url}/new`);
  await fillIn(page, 'clear', 'Again');
  await page.getByText(/clear\.jpg: This file cannot be sent/).waitFor();
});
