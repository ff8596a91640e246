/** Every page, light and dark, wide and narrow: nothing for axe, nothing sideways, no complaint in the browser's console. */
import type { Browser, BrowserContext } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { launchBrowser, measureOverflow, openContext, runAxe, saveScreenshot, SCHEMES, signIn, watchFaults, WIDTHS } from './browser.ts';
import { setScene, type Scene } from './scene.ts';

let browser: Browser;
let scene: Scene;
let cookies: Awaited<ReturnType<typeof signIn>>;

beforeAll(async () => {
  scene = await setScene();
  browser = await launchBrowser();
  cookies = await signIn(browser, scene.app);
});

afterAll(async () => {
  await browser.close();
  await scene.app.stop();
});

const PAGES: readonly (readonly [name: string, address: (scene: Scene) => string])[] = [
  ['overview', () => '/'],
  ['try', () => '/try'],
  ['try-loaded', () => '/try?loaded=1'],
  ['uploads', () => '/console/uploads'],
  ['uploads-none', () => '/console/uploads?reference=nobody-has-this'],
  ['upload-held', ({ held }) => `/console/uploads/${held}`],
  ['upload-released', ({ released }) => `/console/uploads/${released}`],
  ['upload-unscannable', ({ unscannable }) => `/console/uploads/${unscannable}`],
  ['upload-created', ({ created }) => `/console/uploads/${created}`],
  ['lists', () => '/console/lists'],
  ['list', ({ listId }) => `/console/lists/${listId}`],
  ['list-disable', ({ listId }) => `/console/lists/${listId}/disable`],
  ['import', () => '/console/lists/import'],
  ['versions', () => '/console/lists/versions'],
  ['versions-diff', ({ listId }) => `/console/lists/versions/diff?from=0&to=2&list=${listId}`],
  ['keys', () => '/console/keys'],
  ['account', () => '/console/account'],
  ['settings', () => '/console/settings'],
  ['health', () => '/console/health'],
  ['docs', () => '/docs'],
  ['docs-errors', () => '/docs/errors'],
  ['sign-in', () => '/sign-in'],
];

describe.each(SCHEMES.flatMap((scheme) => WIDTHS.map((width) => [scheme, width] as const)))('%s, %i pixels wide', (scheme, width) => {
  let context: BrowserContext;
  beforeAll(async () => {
    context = await openContext(browser, { scheme, width, cookies });
  });
  afterAll(() => context.close());

  it.each(PAGES)('%s', async (name, address) => {
    const page = await context.newPage();
    const faults = watchFaults(page);
    const response = await page.goto(`${scene.app.url}${address(scene)}`);
    expect(response?.status()).toBe(200);
    await page.waitForLoadState('load');
    expect(await runAxe(page)).toEqual([]);
    expect(await measureOverflow(page)).toBeLessThanOrEqual(0);
    expect(await page.locator('h1').count()).toBe(1);
    await saveScreenshot(page, `${name}-${scheme}-${width}`);
    expect(faults).toEqual([]);
    await page.close();
  });

  it('an address that leads nowhere', async () => {
    const page = await context.newPage();
    const response = await page.goto(`${scene.app.url}/console/nowhere`);
    expect(response?.status()).toBe(404);
    expect(await runAxe(page)).toEqual([]);
    expect(await measureOverflow(page)).toBeLessThanOrEqual(0);
    await saveScreenshot(page, `not-found-${scheme}-${width}`);
    await page.close();
  });

  it('the results of all samples, as a page of its own', async () => {
    const page = await context.newPage();
    const faults = watchFaults(page);
    await page.goto(`${scene.app.url}/try`);
    // As a browser without JavaScript sends it: `submit()` asks no script.
    await page.evaluate(() => {
      const form = document.querySelector<HTMLFormElement>('form[data-island="try-sample"]');
      const choice = document.createElement('input');
      choice.type = 'hidden';
      choice.name = 'sample';
      choice.value = 'all';
      form?.append(choice);
      form?.submit();
    });
    await page.getByRole('heading', { name: 'Results', level: 1 }).waitFor();
    await page.waitForLoadState('load');
    expect(await runAxe(page)).toEqual([]);
    expect(await measureOverflow(page)).toBeLessThanOrEqual(0);
    await saveScreenshot(page, `results-${scheme}-${width}`);
    expect(faults).toEqual([]);
    await page.close();
  });
});

describe('without a session', () => {
  it.each(['/', '/try', '/console/uploads', '/console/lists', '/console/lists/import', '/console/keys', '/console/settings', '/console/health'])('%s leads to the sign-in page', async (address) => {
    const context = await openContext(browser);
    const page = await context.newPage();
    await page.goto(`${scene.app.url}${address}`);
    expect(new URL(page.url()).pathname).toBe('/sign-in');
    await context.close();
  });

  it('the documentation is there, and leads nowhere that cannot be opened', async () => {
    const context = await openContext(browser);
    const page = await context.newPage();
    const faults = watchFaults(page);
    await page.goto(`${scene.app.url}/docs`);
    expect(await page.locator('a[href^="/console"]').count()).toBe(0);
    expect(await runAxe(page)).toEqual([]);
    expect(faults).toEqual([]);
    await context.close();
  });
});
