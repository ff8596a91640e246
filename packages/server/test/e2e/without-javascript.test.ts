/** The same jobs in a browser that runs no script. */
import { readFileSync } from 'node:fs';
import type { Browser, BrowserContext, Page } from 'playwright-core';
import sharp from 'sharp';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { launchBrowser, openContext, signIn } from './browser.ts';
import { HOSTILE, LOOKED_UP, samplePath, setScene, type Scene } from './scene.ts';

let browser: Browser;
let scene: Scene;
let context: BrowserContext;
let page: Page;

beforeAll(async () => {
  scene = await setScene();
  browser = await launchBrowser();
  context = await openContext(browser, { hasJavaScript: false, cookies: await signIn(browser, scene.app) });
  page = await context.newPage();
});

afterAll(async () => {
  await browser.close();
  await scene.app.stop();
});

const go = (address: string): Promise<unknown> => page.goto(`${scene.app.url}${address}`);

describe('try it', () => {
  it('own pictures give a page of results', async () => {
    await go('/try');
    await page.locator('input[type="file"]').setInputFiles([samplePath('rotated'), samplePath('unrelated')]);
    await page.getByRole('button', { name: 'Try these pictures' }).click();
    await page.getByRole('heading', { name: 'Results', level: 1 }).waitFor();
    expect(await page.locator('.card-outcome .tag').allTextContents()).toEqual(['Would be held', 'Would be published']);
    expect(await page.locator('.card').first().textContent()).toContain('turned by');
  });

  it('says what to do when nothing was chosen', async () => {
    await go('/try');
    await page.getByRole('button', { name: 'Try these pictures' }).click();
    expect(await page.title()).toBe('Error: Try it - Gatehouse');
    expect(await page.getByRole('link', { name: 'Choose at least one picture' }).getAttribute('href')).toBe('#files');
  });

  it('one sample', async () => {
    await go('/try');
    await page.getByRole('button', { name: 'Try resized' }).click();
    expect(await page.locator('.card h3').first().textContent()).toBe('Resized');
  });
});

describe('look up hashes', () => {
  const rows = (): Promise<string[]> => page.locator('tbody tr .tag').allTextContents();

  it('says of each hash what it matched, and leads to the entry', async () => {
    await go('/console/lists');
    await page.getByRole('navigation', { name: 'Main' }).getByRole('link', { name: 'Look up' }).click();
    await page.getByLabel('Hashes, one a line').fill(`${LOOKED_UP.join('\n')}\n\n`);
    await page.getByRole('button', { name: 'Look up' }).click();
    await page.getByRole('heading', { name: '1 of 3 hashes matched' }).waitFor();
    expect(await rows()).toEqual(['On a list', 'No match', 'Quality too low']);
    expect(await page.locator('main').textContent()).toContain('“Quality too low” is not the same as no match');
    expect(await page.getByLabel('Hashes, one a line').inputValue()).toContain(LOOKED_UP[0]);
    await page.locator('tbody tr').first().getByRole('link').last().click();
    await page.getByRole('heading', { name: 'Entries', level: 2 }).waitFor();
    expect(await page.locator('#entries ~ table tbody tr, section table tbody tr').first().textContent()).toContain('857b');
  });

  it('a picture in any of its hashes: 64 digits alone are PDQ unless said otherwise', async () => {
    const known = '25e18c5a3dbd5351f32a8b253a1774c32fac199ec85336d1852fd2566c9c2739';
    await go('/console/match');
    await page.getByLabel('Hashes, one a line').fill(known);
    await page.getByRole('button', { name: 'Look up' }).click();
    expect(await rows()).toEqual(['On a list']);
    expect(await page.locator('tbody').textContent()).toContain('0 of 256 bits');
    await page.getByLabel('SHA-256').check();
    await page.getByRole('button', { name: 'Look up' }).click();
    expect(await rows()).toEqual(['No match']);
  });

  it('names the line that is not understood, and keeps what was typed', async () => {
    await go('/console/match');
    await page.getByLabel('Hashes, one a line').fill(`${LOOKED_UP[0]}\nmd5:abc`);
    await page.getByRole('button', { name: 'Look up' }).click();
    expect(await page.title()).toBe('Error: Look up hashes - Gatehouse');
    expect(await page.locator('.error-summary a').allTextContents()).toEqual(['Line 2 needs 32 hexadecimal digits and has 3']);
    expect(await page.getByLabel('Hashes, one a line').inputValue()).toBe(`${LOOKED_UP[0]}\nmd5:abc`);
    await page.getByLabel('Hashes, one a line').fill('');
    await page.getByRole('button', { name: 'Look up' }).click();
    expect(await page.locator('.error-summary a').allTextContents()).toEqual(['Enter at least one hash']);
  });
});

describe('lists', () => {
  it('a list is imported, with a report of what was left out', async () => {
    await go('/console/lists/import');
    await page.getByLabel('Name of the new list').fill(HOSTILE);
    await page
      .locator('input[type="file"]')
      .setInputFiles([{ name: 'list.csv', mimeType: 'text/csv', buffer: Buffer.from(`md5,reference\n${'a1'.repeat(16)},one\nnonsense,two\n`) }]);
    await page.getByRole('button', { name: 'Import', exact: true }).click();
    await page.getByRole('heading', { level: 1 }).filter({ hasText: '<script>alert(1)</script>' }).waitFor();
    const report = await page.locator('main').textContent();
    expect(report).toContain('New entries1');
    expect(report).toContain('Lines left out1');
  });

  it('what is missing is named', async () => {
    await go('/console/lists/import');
    await page.getByRole('button', { name: 'Import', exact: true }).click();
    expect(await page.title()).toBe('Error: Import a list - Gatehouse');
    expect(await page.locator('.error-summary a').allTextContents()).toEqual(['Enter a name for the new list', 'Choose a file']);
  });

  it('settings are kept, and a wrong one is refused beside its field', async () => {
    await go(`/console/lists/${scene.listId}`);
    await page.getByLabel('Radius').fill('64');
    await page.getByRole('button', { name: 'Save settings' }).click();
    expect(await page.locator('#radius-error').textContent()).toContain('63');
    await page.getByLabel('Radius').fill('20');
    await page.getByRole('button', { name: 'Save settings' }).click();
    await page.getByText('The settings were saved').waitFor();
    expect(await page.locator('.summary-list').first().textContent()).toContain('20 of 256 bits may differ');
  });

  it('an entry is disabled and enabled again', async () => {
    await go(`/console/lists/${scene.listId}`);
    await page.getByRole('button', { name: 'Disable entry 1', exact: true }).click();
    await page.getByText('Entry 1 was disabled').waitFor();
    await page.getByRole('button', { name: 'Enable entry 1', exact: true }).click();
    await page.getByText('Entry 1 was enabled').waitFor();
  });

  it('a list is disabled only after a question, and what it held is then published', async () => {
    await go(`/console/lists/${scene.listId}`);
    await page.getByRole('link', { name: 'Disable this list' }).click();
    await page.getByRole('link', { name: 'Cancel' }).click();
    await page.getByRole('link', { name: 'Disable this list' }).click();
    await page.getByRole('button', { name: 'Disable this list' }).click();
    await page.getByText('The list was disabled').waitFor();
    await page.getByRole('link', { name: 'Enable this list' }).click();
    await page.getByRole('button', { name: 'Enable this list' }).click();
    await page.getByText('The list was enabled').waitFor();
  });

  it('versions are shown and compared', async () => {
    await go('/console/lists/versions');
    await page.getByLabel('From version').fill('0');
    await page.getByLabel('To version').fill('2');
    await page.getByRole('button', { name: 'Compare' }).click();
    await page.getByRole('heading', { name: 'From version 0 to 2', level: 1 }).waitFor();
    expect(await page.locator('table').first().textContent()).toContain('Demonstration');
  });
});

describe('uploads', () => {
  it('the filter leaves what fits', async () => {
    await go('/console/uploads');
    await page.getByLabel('Verdict').selectOption('match');
    await page.getByRole('button', { name: 'Filter' }).click();
    expect(await page.locator('tbody tr').count()).toBe(1);
    expect(await page.locator('tbody th').textContent()).toContain('<script>alert(1)</script>');
    await page.getByRole('link', { name: 'Clear the filter' }).click();
    expect(await page.locator('tbody tr').count()).toBe(4);
  });

  it('held content is shown blurred first, then clearly, each after a button', async () => {
    await go(`/console/uploads/${scene.held}`);
    expect(await page.locator('main img').count()).toBe(0);
    const blurred = page.waitForResponse((response) => response.url().includes('/preview?clarity=blurred'));
    await page.getByRole('button', { name: 'Show it blurred and grey' }).click();
    expect((await blurred).status()).toBe(200);
    expect((await blurred).headers()['cache-control']).toBe('no-store');
    const grey = await sharp(await (await blurred).body()).metadata();
    expect([grey.format, grey.channels, grey.width]).toEqual(['jpeg', 1, 320]);
    const clear = page.waitForResponse((response) => response.url().includes('/preview?clarity=clear'));
    await page.getByRole('button', { name: 'Show it clearly' }).click();
    expect((await clear).status()).toBe(200);
    const drawn = await (await clear).body();
    expect([(await sharp(drawn).metadata()).channels, drawn.equals(readFileSync(samplePath('original')))]).toEqual([3, false]);
  });

  it('the address of such a picture shows nothing by itself', async () => {
    const response = await page.goto(`${scene.app.url}/console/uploads/${scene.held}/preview?clarity=clear&ticket=guessed`);
    expect(response?.status()).toBe(403);
  });
});

describe('whom age checks believe', () => {
  const banner = (): Promise<string> => page.locator('.banner-success').innerText();

  it('an issuer is muted with a reason, by keyboard, and believed again', async () => {
    await go(`/console/age/trust/anchors/${scene.issuers[0]}`);
    await page.getByRole('button', { name: 'Mute this issuer' }).click();
    expect(await page.title()).toContain('Error: ');
    await page.getByLabel('Reason').focus();
    await page.keyboard.type('broken app');
    await page.keyboard.press('Enter');
    expect(await banner()).toContain('The issuer is muted');
    await page.getByRole('link', { name: /Unmute.*First/ }).click();
    expect(await page.locator('main').innerText()).toContain('broken app');
    await page.getByRole('button', { name: 'Believe it again' }).click();
    expect(await banner()).toContain('believed again');
  });

  it('a status list that cannot be fetched is registered, says why, and can be removed', async () => {
    await go('/console/age/trust');
    await page.getByLabel('Address').fill('http://127.0.0.1:9/another');
    await page.getByRole('button', { name: 'Register and fetch' }).click();
    expect(await page.locator('.error-summary').innerText()).toContain('could not be fetched (unreachable)');
    await page.getByRole('link', { name: 'Remove http://127.0.0.1:9/another' }).click();
    await page.getByRole('button', { name: 'Remove this list' }).click();
    expect(await banner()).toContain('removed');
    expect(await page.locator('main').innerText()).not.toContain('/another');
  });
});
