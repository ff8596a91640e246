/** A risk assessment from the first step to the printed page, in a browser that runs no script. */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Browser, BrowserContext, Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { startTestApp, type TestApp } from '../support/app.ts';
import { readPdf } from '../support/pdf.ts';
import { findFlaws, launchBrowser, openContext, signIn } from './browser.ts';
import { HOSTILE } from './scene.ts';

const LONG = `Pictures can be shared with strangers. ${'Each of them is looked at. '.repeat(400)}\n${HOSTILE}`;
const REASON = 'Three reports in a year, all of them old pictures.';

let app: TestApp;
let browser: Browser;
let cookies: Awaited<ReturnType<typeof signIn>>;
let context: BrowserContext;
let page: Page;
let draft = '';

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
const press = (name: string | RegExp): Promise<void> => page.getByRole('button', { name }).click();
const title = (): Promise<string | null> => page.locator('h1').textContent();

describe('a risk assessment', () => {
  it('begins as a draft with four steps', async () => {
    await go('/console/code/records');
    await press('Assess illegal content');
    expect(await title()).toBe('Illegal content risk assessment');
    draft = new URL(page.url()).pathname;
    expect(await page.locator('table').first().locator('.tag').allTextContents()).toEqual(['Not begun', 'Not begun', 'Not begun', 'Not begun']);
    expect(await page.getByRole('button', { name: 'Sign the assessment' }).count()).toBe(0);
  });

  it('keeps a long text when something else is wrong', async () => {
    await go(`${draft}/review`);
    await page.getByLabel('What makes you assess again').fill(LONG);
    await page.getByLabel('To whom was it reported?').fill('x'.repeat(121));
    await press('Save and go on');
    expect(await page.title()).toContain('Error: Step 4');
    expect(await page.getByLabel('What makes you assess again').inputValue()).toBe(LONG);
    await go(`${draft}/kinds/fraud`);
    await page.getByLabel('Why this level?').fill(LONG);
    await page.getByLabel('What (1)').fill('Complaints');
    await press('Save and go on');
    expect(await page.locator('.error-summary').textContent()).toContain('Choose a level');
    expect([await page.getByLabel('Why this level?').inputValue(), await page.getByLabel('What (1)').inputValue()]).toEqual([LONG, 'Complaints']);
  });

  it('is filled in, step by step', async () => {
    await go(`${draft}/understanding`);
    await page.getByLabel('Which risk factors').fill(LONG);
    await page.getByLabel('What was read').fill('The risk profiles.');
    await press('Save and go on');
    await go(`${draft}/measures`);
    await page.getByLabel('Further measures').fill('icu-zz');
    await press('Save and go on');
    expect(await page.locator('.error-summary').textContent()).toContain('no measure icu-zz');
    await page.getByLabel('Further measures').fill('icu-c1, icu-c2');
    await press('Save and go on');
    await go(`${draft}/review`);
    await page.getByLabel('To whom was it reported?').fill('The board');
    await page.getByLabel('Next review by').fill(new Date(Date.now() + 300 * 86_400_000).toISOString().slice(0, 10));
    await page.getByLabel('What makes you assess again').fill('A new way to share pictures.');
    await press('Save and go on');
    await page.getByRole('link', { name: 'Terrorism' }).click();
    // Each leads to the next one that has no level, and the last one back.
    for (let left = 21; left > 0; left--) {
      await page.getByLabel(left === 1 ? 'High' : 'Low', { exact: true }).check();
      await page.getByLabel('Why this level?').fill(REASON);
      await page.getByLabel('What (1)').fill('Three reports');
      await page.getByLabel('Where it comes from (1)').fill('Complaints log');
      await press('Save and go on');
    }
    expect(await title()).toBe('Illegal content risk assessment');
  });

  it('is signed by name, with the box, and becomes a record', async () => {
    // Images, links and grooming are parts of the whole: one of them was the last and high.
    const missing = await page.locator('.details').first().textContent();
    if (missing?.includes('as a whole') === true) {
      await page.getByRole('link', { name: 'Child sexual exploitation and abuse' }).click();
      await page.getByLabel('High', { exact: true }).check();
      await press('Save and go on');
    }
    await page.getByLabel('Your name').fill('Ada Example');
    await press('Sign the assessment');
    expect(await page.locator('.error-summary').textContent()).toContain('Tick the box');
    expect(await page.getByLabel('Your name').inputValue()).toBe('Ada Example');
    await page.getByLabel('I am responsible').check();
    await press('Sign the assessment');
    expect(await title()).toBe('Illegal content risk assessment');
    expect(await page.locator('.banner-success').textContent()).toContain('signed');
    expect(await page.locator('main').textContent()).toContain(HOSTILE);
  });

  it('is printed with its text and digest', async () => {
    const path = new URL(page.url()).pathname;
    const printer = await openContext(browser, { cookies });
    const printed = await printer.newPage();
    await printed.goto(new URL(path, app.url).href);
    const digest = (await printed.locator('code.digest').textContent()) ?? '';
    await printed.emulateMedia({ media: 'print' });
    expect(await printed.locator('.nav, .subnav, .button, .no-print').evaluateAll((all) => all.some((one) => one.getClientRects().length > 0))).toBe(false);
    const pdf = await printed.pdf({ format: 'A4' });
    const folder = process.env['GATEHOUSE_TEST_SCREENSHOTS'];
    if (folder !== undefined && folder !== '') writeFileSync(join(folder, 'code-record.pdf'), pdf);
    const { pages, text } = readPdf(pdf);
    expect(pages).toBeGreaterThan(2);
    for (const part of [digest, REASON, 'Signed by', 'Ada Example', 'Entry of the log', 'Animal cruelty: high', HOSTILE])
      expect(text).toContain(part.replaceAll(/\s/g, ''));
    for (const part of ['Sign out', 'Download', 'Withdraw this record']) expect(text).not.toContain(part.replaceAll(/\s/g, ''));
    await printer.close();
  });
});

describe('a record of a measure', () => {
  it('is written from the page of the measure, and what is wrong is said at the field', async () => {
    await go('/console/code/records/new/measure?control=icu-c2');
    expect(await page.getByLabel('Measure', { exact: true }).inputValue()).toBe('icu-c2');
    await page.getByLabel('What the service does').fill(LONG);
    await press('Sign the record');
    expect(await page.locator('.error-summary li').allTextContents()).toEqual([
      'In effect from: enter a day as year-month-day, such as 2027-03-31',
      'Owner: enter it, on one line of at most 120 characters',
      'Tick the box if you are responsible for what this says. Otherwise somebody else must sign.',
    ]);
    expect(await page.getByLabel('What the service does').inputValue()).toBe(LONG);
    await page.getByLabel('In effect from').fill('2026-11-25');
    await page.getByLabel('Owner').fill('Head of safety');
    await page.getByLabel('I am responsible').check();
    await press('Sign the record');
    expect(await title()).toBe('Measure in effect: icu-c2');
    await page.getByRole('link', { name: 'Write a new version' }).click();
    expect(await page.getByLabel('What the service does').inputValue()).toBe(LONG.trim());
    await page.getByLabel('Owner').fill('Somebody else');
    await page.getByLabel('I am responsible').check();
    await press('Sign the record');
    expect(await page.locator('#versions + table .tag').allTextContents()).toEqual(['In effect', 'Superseded']);
  });

  it('can be downloaded with its proof', async () => {
    const path = new URL(page.url()).pathname;
    const proof = await app.call(`${path}/proof`);
    expect(await proof.text()).toMatch(/^c2sp\.org\/tlog-proof@v1\n/);
    const file: unknown = await (await app.call(`${path}/file`)).json();
    expect(file).toMatchObject({ format: 'gatehouse.record/1', record: { subject: 'icu-c2', version: 2 } });
  });

  it('is refused while an alternative would contradict it, and withdrawn with a reason', async () => {
    const path = new URL(page.url()).pathname;
    await go('/console/code/records/new/alternative?control=icu-c2');
    for (const label of ['What of the measure', 'What is done in place', 'Why that meets', 'How freedom']) await page.getByLabel(label).fill('Said.');
    await page.getByLabel('In effect from').fill('2026-11-25');
    await page.getByLabel('Owner').fill('Ada');
    await page.getByLabel('I am responsible').check();
    await press('Sign the record');
    expect(await page.locator('.error-summary').textContent()).toContain('Withdraw it first');
    await go(path);
    await page.locator('summary').click();
    await press('Withdraw');
    expect(await page.locator('.error-summary').textContent()).toContain('Say why');
    await page.getByLabel('Why it is withdrawn').fill('We do something else now.');
    await press('Withdraw');
    expect(await page.locator('.banner-success').textContent()).toContain('kept for three years');
    await go(path);
    expect(await page.locator('.tag').first().textContent()).toBe('Withdrawn');
  });
});

describe('every page about records', () => {
  it('light and dark, wide and narrow', async () => {
    await go('/console/code/records');
    await press('Assess illegal content');
    const copy = new URL(page.url()).pathname;
    const record = (await app.app.services.code.records.list({ kind: 'assessment_illegal' }))[0]?.id ?? '';
    const measure = (await app.app.services.code.records.list({ kind: 'measure', withSuperseded: true }))[0]?.id ?? '';
    const view = await openContext(browser, { cookies });
    const looked = await view.newPage();
    const addresses = {
      records: '/console/code/records?superseded=true',
      record: `/console/code/records/${record}`,
      'record-measure': `/console/code/records/${measure}`,
      'record-new': '/console/code/records/new/appointment',
      assessment: copy,
      understanding: `${copy}/understanding`,
      kind: `${copy}/kinds/fraud`,
      measures: `${copy}/measures`,
      review: `${copy}/review`,
    };
    for (const [name, address] of Object.entries(addresses)) {
      await looked.goto(new URL(address, app.url).href);
      expect([name, await findFlaws(looked, `code-${name}`)]).toEqual([name, []]);
    }
    await view.close();
  });
});
