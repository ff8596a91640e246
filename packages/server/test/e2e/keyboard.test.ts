/** The main job with the keyboard alone, and with JavaScript's live parts. */
import { readFileSync } from 'node:fs';
import type { Browser, BrowserContext, Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { startTestApp, type TestApp } from '../support/app.ts';
import { launchBrowser, openContext, runAxe, saveScreenshot, signIn, tabTo, watchFaults } from './browser.ts';
import { createUpload, HOSTILE, putContent, samplePath } from './scene.ts';

let browser: Browser;
let app: TestApp;
let context: BrowserContext;
let page: Page;
let faults: string[];

beforeAll(async () => {
  app = await startTestApp();
  browser = await launchBrowser();
  context = await openContext(browser, { cookies: await signIn(browser, app) });
  page = await context.newPage();
  faults = watchFaults(page);
});

afterAll(async () => {
  await browser.close();
  await app.stop();
});

describe('a newcomer, by keyboard', () => {
  it('skips to the content first', async () => {
    await page.goto(app.url);
    await page.keyboard.press('Tab');
    await expect.poll(() => page.evaluate(() => document.activeElement?.textContent)).toBe('Skip to main content');
    await page.keyboard.press('Enter');
    await expect.poll(() => page.evaluate(() => document.activeElement?.id)).toBe('main');
  });

  it('sees where the focus is, on every control of the page', async () => {
    await page.goto(`${app.url}/try`);
    const unmarked: string[] = [];
    for (let presses = 0; presses < 60; presses++) {
      await page.keyboard.press('Tab');
      const state = await page.evaluate(() => {
        const element = document.activeElement;
        if (element === null || element === document.body) return 'end';
        const style = getComputedStyle(element);
        return (style.outlineStyle !== 'none' && style.outlineWidth !== '0px') || style.boxShadow !== 'none'
          ? 'marked'
          : (element.textContent ?? element.tagName);
      });
      if (state === 'end') break;
      if (state !== 'marked') unmarked.push(state);
    }
    expect(unmarked).toEqual([]);
  });

  it('loads the demonstration list', async () => {
    await page.goto(app.url);
    await tabTo(page, 'Load the demonstration list');
    await page.keyboard.press('Enter');
    await page.getByRole('heading', { name: 'Try it', level: 1 }).waitFor();
    await tabTo(page, 'Load the demonstration list');
    await page.keyboard.press('Enter');
    await page.getByText('The demonstration list is in force').waitFor();
  });

  it('tries all samples and hears what would become of them', async () => {
    await tabTo(page, /^Try all/);
    await page.keyboard.press('Enter');
    await page.getByText(/^Finished:/).waitFor();
    expect(await page.locator('#try-status').textContent()).toBe('Finished: 5 would be held, 1 would be published');
    await expect.poll(() => page.evaluate(() => document.activeElement?.textContent)).toBe('Results');
    const cards = page.locator('#result-cards > li');
    expect(await cards.count()).toBe(6);
    for (const words of ['Demonstration', 'Distance', 'Orientation', 'List-set version', 'Signal']) expect(await cards.nth(1).textContent()).toContain(words);
    expect(await page.locator('#result-cards > li[data-outcome="would be published"] h3').first().textContent()).toBe('Unrelated');
    expect(await runAxe(page)).toEqual([]);
    await saveScreenshot(page, 'try-all-light-1280');
    expect(faults).toEqual([]);
  });
});

describe('own pictures', () => {
  it('dropped together get a card each, with a thumbnail from memory', async () => {
    await page.goto(`${app.url}/try`);
    const bytes = [...readFileSync(samplePath('flipped'))];
    const transfer = await page.evaluateHandle(
      ({ picture, hostile }) => {
        const data = new DataTransfer();
        data.items.add(new File([new Uint8Array(picture)], hostile, { type: 'image/jpeg' }));
        data.items.add(new File(['not a picture'], 'notes.txt', { type: 'text/plain' }));
        return data;
      },
      { picture: bytes, hostile: HOSTILE },
    );
    await page.dispatchEvent('.drop', 'drop', { dataTransfer: transfer });
    await page.getByText(/^Finished:/).waitFor();
    const cards = page.locator('#result-cards > li');
    expect(await cards.count()).toBe(2);
    expect(await cards.first().locator('h3').first().textContent()).toContain('<img src=x onerror=alert(2)>');
    expect(await cards.first().getAttribute('data-outcome')).toBe('would be held');
    await page.locator('#result-cards > li:first-child img[src^="blob:"]').waitFor();
    expect(await cards.nth(1).textContent()).toContain('Could not be screened');
    expect(await runAxe(page)).toEqual([]);
    await saveScreenshot(page, 'try-dropped-light-1280');
    expect(faults).toEqual([]);
  });

  it('chosen with the file input are sent by the button', async () => {
    await page.goto(`${app.url}/try`);
    await page.locator('input[type="file"]').setInputFiles([samplePath('unrelated')]);
    await page.getByRole('button', { name: 'Try these pictures' }).click();
    await page.locator('#result-cards > li[data-outcome="would be published"]').waitFor();
  });
});

describe('live parts', () => {
  it('an upload that waits brings itself up to date', async () => {
    const id = await createUpload(app, 'live');
    await page.goto(`${app.url}/console/uploads/${id}`);
    expect(await page.locator('[data-live]').textContent()).toContain('Waiting for content');
    await putContent(app, id, readFileSync(samplePath('original')));
    await page.locator('[data-live="final"]').waitFor();
    expect(await page.locator('[data-live]').textContent()).toContain('Held');
    expect(await page.locator('#live-status').textContent()).toBe('The state is now: Held');
    expect(faults).toEqual([]);
  });

  it('an import shows its progress and its report', async () => {
    await page.goto(`${app.url}/console/lists/import`);
    await page.getByLabel('Name of the new list').fill('Imported live');
    const good = Array.from({ length: 500 }, (_, index) => index.toString(16).padStart(32, '0').replace(/^../, 'a7'));
    await page
      .locator('input[type="file"]')
      .setInputFiles([{ name: 'hashes.txt', mimeType: 'text/plain', buffer: Buffer.from([...good, 'zz-not-a-hash'].join('\n')) }]);
    await page.getByRole('button', { name: 'Import', exact: true }).click();
    await page.getByText(/500 new entries/).waitFor();
    await saveScreenshot(page, 'import-live-light-1280');
    expect(await page.locator('#import-result').textContent()).toContain('line 501');
    expect(await runAxe(page)).toEqual([]);
    await page.getByRole('link', { name: 'Go to the list' }).click();
    await page.getByRole('heading', { name: 'Imported live', level: 1 }).waitFor();
    expect(faults).toEqual([]);
  });
});
