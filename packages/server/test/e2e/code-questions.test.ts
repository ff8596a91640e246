/** The questionnaire about the service, in a browser that runs no script. */
import type { Browser, BrowserContext, Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { startTestApp, type TestApp } from '../support/app.ts';
import { findFlaws, launchBrowser, openContext, signIn, watchFaults } from './browser.ts';
import { HOSTILE } from './scene.ts';

const HERE = '/console/code/questions';
const LONG = `mean of July to December, ${'own analytics '.repeat(30)}${HOSTILE}`;

let app: TestApp;
let browser: Browser;
let cookies: Awaited<ReturnType<typeof signIn>>;
let context: BrowserContext;
let page: Page;

beforeAll(async () => {
  app = await startTestApp();
  browser = await launchBrowser();
  cookies = await signIn(browser, app);
  context = await openContext(browser, { hasJavaScript: false, cookies });
  page = await context.newPage();
});
afterAll(async () => {
  await browser.close();
  await app.stop();
});

const go = (address: string): Promise<unknown> => page.goto(new URL(address, app.url).href);
const press = (name: string): Promise<void> => page.getByRole('button', { name, exact: true }).click();
const title = (): Promise<string | null> => page.locator('h1').textContent();
const choose = (question: string, answer: string): Promise<void> => page.getByRole('group', { name: question }).getByLabel(answer, { exact: true }).check();
const figure = (label: string): Promise<string | null> => page.locator('.figure', { hasText: label }).locator('.figure-value').textContent();

describe('the questionnaire', () => {
  it('begins with the section that decides most', async () => {
    await go(HERE);
    expect(await figure('Answered')).toBe('1');
    await page
      .getByRole('link', { name: 'Begin' })
      .or(page.getByRole('link', { name: 'Go on' }))
      .click();
    expect(await title()).toBe('The service');
  });

  it('keeps what was answered, and goes on to the next section', async () => {
    await choose('What kind of service is it?', 'User-to-user');
    await choose('Does the service have links with the United Kingdom?', 'Yes');
    await press('Save and go on');
    expect(await title()).toBe('Users');
    expect(await page.getByRole('alert').textContent()).toContain('2 answers kept');
  });

  it('says at the field what is wrong, and keeps what was written', async () => {
    await page.getByLabel('How many people in the UK use the service in a month?').fill('twenty');
    await page.getByLabel('How was the number found?').fill(LONG);
    await press('Save');
    expect(await page.title()).toContain('Error: Users');
    await page.locator('.error-summary a').click();
    expect(new URL(page.url()).hash).toBe('#ukMau');
    expect(await page.locator('#ukMau-error').textContent()).toContain('Enter a number');
    expect(await page.getByLabel('How was the number found?').inputValue()).toBe(LONG);
    await page.getByLabel('How many people in the UK use the service in a month?').fill('20,000');
    await press('Save');
    expect(await title()).toBe('Users');
    const before = await page.locator('.question').textContent();
    expect(before).toContain('Answered “20,000” by');
  });

  it('says nothing anew when nothing was changed', async () => {
    await press('Save');
    expect(await page.getByRole('alert').textContent()).toContain('Nothing was changed');
    await page.getByRole('link', { name: 'History' }).click();
    expect(await page.locator('tbody tr').count()).toBe(1);
    expect(await page.locator('tbody').textContent()).toContain(HOSTILE);
  });

  it('shows what Gatehouse found beside the answer that counts before it', async () => {
    await go(`${HERE}/technology`);
    const question = page.locator('.question', { hasText: 'automatic tools' });
    expect(await question.textContent()).toContain('Gatehouse found: yes');
    expect(await question.getByLabel('Leave it to what Gatehouse found: yes').isChecked()).toBe(true);
    await question.getByLabel('No', { exact: true }).check();
    await press('Save');
    expect(await question.textContent()).toContain('Your answer counts before it');
    await question.getByRole('link', { name: 'History' }).click();
    expect(await page.locator('tbody').textContent()).toContain('found by Gatehouse');
  });

  it('takes an answer back with “I do not know”', async () => {
    await go(`${HERE}/functions`);
    await choose('Can people stream live?', 'Yes');
    await press('Save');
    await choose('Can people stream live?', 'I do not know');
    await press('Save');
    expect(await page.locator('.question', { hasText: 'stream live' }).textContent()).toContain('Left open by');
  });

  it('folds away what nothing waits for', async () => {
    await go(`${HERE}/children`);
    await choose('Are children likely to use the service?', 'No');
    await press('Save');
    expect(await page.locator('details summary').textContent()).toContain('that nothing waits for');
    await go(`${HERE}/child_risks`);
    expect(await page.locator('main').textContent()).toContain('No measure waits for an answer of this section');
  });

  it('leads from the overview to what decides most, and says what follows', async () => {
    await go(HERE);
    expect(await page.getByRole('row', { name: 'Is it a large service?' }).textContent()).toContain('no');
    await page.locator('ol a').first().click();
    expect(new URL(page.url()).hash).not.toBe('');
  });

  it('is 404 for a section or a question that is not there', async () => {
    for (const address of [`${HERE}/nothing`, `${HERE}/size/nothing`, `${HERE}/size/kind`])
      expect((await context.request.get(new URL(address, app.url).href)).status()).toBe(404);
  });
});

it.each(Object.entries({ questions: '', section: '/illegal_risks', number: '/size', folded: '/children', history: '/size/ukMau' }))(
  'light and dark, wide and narrow: %s',
  async (name, address) => {
    const looking = await openContext(browser, { cookies });
    const shown = await looking.newPage();
    const faults = watchFaults(shown);
    await shown.goto(new URL(`${HERE}${address}`, app.url).href);
    expect(await findFlaws(shown, `code-${name}`)).toEqual([]);
    expect(faults).toEqual([]);
    await looking.close();
  },
);
