/** Every page, light and dark, wide and narrow: nothing for axe, nothing sideways, no complaint in the browser's console. */
import { createTestAuthority } from '@gatehouse/credential/simulator';
import type { Browser, BrowserContext, Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { systemClock } from '../../src/platform/clock.ts';
import { findFlaws, launchBrowser, openContext, signIn, watchFaults } from './browser.ts';
import { HOSTILE, LOOKED_UP, setScene, type Scene } from './scene.ts';

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
  ['match', () => '/console/match'],
  ['age-trust', () => '/console/age/trust'],
  ['age-trust-import', () => '/console/age/trust/import'],
  ['age-issuer', ({ issuers }) => `/console/age/trust/anchors/${issuers[0]}`],
  ['age-issuer-muted', ({ issuers }) => `/console/age/trust/anchors/${issuers[1]}`],
  ['age-trust-remove', () => '/console/age/trust/lists/scene/remove'],
  ['age-status-remove', ({ statusListId }) => `/console/age/trust/status/${statusListId}/remove`],
  ['log', () => '/console/log'],
  ['ways in', () => '/console/surfaces'],
  ['age-evidence', () => '/console/age/evidence'],
  ['age-statement', () => '/age/statement'],
  ['code', () => '/console/code'],
  ['code-binds', () => '/console/code?outcome=binds&state=fail'],
  ['code-measure', () => '/console/code/measures/icu-c9'],
  ['code-measure-attested', () => '/console/code/measures/icu-a2'],
  ['code-measure-anyway', () => '/console/code/measures/vp-01'],
  ['code-gaps', () => '/console/code/gaps'],
  ['code-amendments', () => '/console/code/amendments'],
  ['code-evaluation', ({ evaluationId }) => `/console/code/evaluations/${evaluationId}`],
  ['code-statement', () => '/code/statement'],
  ['code-exports', () => '/console/code/exports'],
  ['code-questions', () => '/console/code/questions'],
  ['code-questions-service', () => '/console/code/questions/service'],
  ['hosting', () => '/console/international/hosting'],
  ['figures', () => '/console/international/figures'],
  ['figures-treaty', () => '/console/international/figures?layer=treaty&sort=layer'],
  ['figures-public', () => '/international/figures'],
  // One region: axe looks at every cell, and there are two thousand.
  ['countries', () => '/console/international/countries?region=Western+Europe&sort=statements'],
  ['country', () => '/console/international/countries/GB'],
  ['country-say', () => '/console/international/countries/GB/say'],
  ['country-assess', () => '/console/international/countries/GB/assess/12'],
  ['country-history', () => '/console/international/countries/GB/statements/opsc'],
  ['register-edit', () => '/console/register'],
  ['register-edit-one', () => '/console/register/recommendations/iicsa-internet-2020/2'],
  ['register-review', () => '/console/register/review'],
  ['register-change', ({ registerChangeId }) => `/console/register/changes/${registerChangeId}`],
  ['register-form', () => '/console/register/new/status?about=iicsa-internet-2020/4'],
  ['register-exchange', () => '/console/register/exchange'],
  ['register-checks', () => '/console/register/checks'],
  ['register-public', () => '/register'],
  ['register-public-list', () => '/register/iicsa-internet-2020?order=late&direction=desc'],
  ['register-public-none', () => '/register/iicsa-internet-2020?text=nothing-has-this'],
  ['register-public-one', () => '/register/iicsa-internet-2020/1'],
  ['register-public-claims', () => '/register/iicsa-internet-2020/2'],
  ['register-public-checks', () => '/register/_checks'],
  ['notices', () => '/console/international/notices'],
  ['notices-none', () => '/console/international/notices?country=QQ'],
  ['notices-new', () => '/console/international/notices/new'],
  ['notices-report', ({ reportId }) => `/console/international/notices/${reportId}`],
  ['notices-reply', ({ replyId }) => `/console/international/notices/replies/${replyId}`],
  ['keys', () => '/console/keys'],
  ['account', () => '/console/account'],
  ['settings', () => '/console/settings'],
  ['health', () => '/console/health'],
  ['docs', () => '/docs'],
  ['docs-errors', () => '/docs/errors'],
  ['sign-in', () => '/sign-in'],
];

/** Pages that only a form or a link of one use leads to. Each returns the status that is no fault here. */
const JOURNEYS: readonly (readonly [name: string, travel: (page: Page, scene: Scene) => Promise<number>])[] = [
  [
    'not-found',
    async (page, { app }) => {
      await page.goto(`${app.url}/console/nowhere`);
      return 404;
    },
  ],
  [
    'results',
    async (page, { app }) => {
      await page.goto(`${app.url}/try`);
      await submit(page, 'form[data-island="try-sample"]', { sample: 'all' });
      await page.getByRole('heading', { name: 'Results', level: 1 }).waitFor();
      return 200;
    },
  ],
  [
    'try-nothing-chosen',
    async (page, { app }) => {
      await page.goto(`${app.url}/try`);
      await submit(page, 'form[data-island="try-files"]', {});
      await page.getByText('There is a problem').waitFor();
      return 400;
    },
  ],
  [
    'import-report',
    async (page, { app, listId }) => {
      await page.goto(`${app.url}/console/lists/import?list=${listId}`);
      await page
        .locator('input[type="file"]')
        .setInputFiles([{ name: 'a.csv', mimeType: 'text/csv', buffer: Buffer.from(`md5\n${'a1'.repeat(16)}\nnonsense\n`) }]);
      await submit(page, 'form[data-island="import"]', {});
      await page.getByRole('heading', { name: 'Demonstration', level: 1 }).waitFor();
      return 200;
    },
  ],
  [
    'import-errors',
    async (page, { app }) => {
      await page.goto(`${app.url}/console/lists/import`);
      await submit(page, 'form[data-island="import"]', {});
      await page.getByText('There is a problem').waitFor();
      return 400;
    },
  ],
  [
    'match-answer',
    async (page, { app }) => {
      await page.goto(`${app.url}/console/match`);
      await page.getByLabel('Hashes, one a line').fill(LOOKED_UP.join('\n'));
      await page.getByRole('button', { name: 'Look up' }).click();
      await page.getByRole('heading', { name: '1 of 3 hashes matched', level: 2 }).waitFor();
      return 200;
    },
  ],
  [
    'match-errors',
    async (page, { app }) => {
      await page.goto(`${app.url}/console/match`);
      await page.getByLabel('Hashes, one a line').fill('nonsense');
      await page.getByRole('button', { name: 'Look up' }).click();
      await page.getByText('There is a problem').waitFor();
      return 400;
    },
  ],
  [
    'hosting-claim',
    async (page, { app }) => {
      const headers = { 'content-type': 'application/octet-stream' };
      await app.call('/v1/international/datasets/scene-2026-11.csv', { method: 'PUT', body: '1.1.1.0/24,AU\n', headers });
      await page.goto(`${app.url}/console/international/hosting`);
      await page.getByLabel('IP address').check();
      await page.getByLabel('URL, name, address or number').fill('1.1.1.1');
      await page.getByRole('button', { name: 'Ask' }).click();
      await page.getByRole('heading', { name: '1.1.1.1', level: 1 }).waitFor();
      return 200;
    },
  ],
  [
    'hosting-errors',
    async (page, { app }) => {
      await page.goto(`${app.url}/console/international/hosting`);
      await page.getByLabel('URL, name, address or number').fill('nonsense');
      await page.getByRole('button', { name: 'Ask' }).click();
      await page.getByText('There is a problem').waitFor();
      return 400;
    },
  ],
  [
    'notices-report-address',
    async (page, { app, reportId }) => {
      await page.goto(`${app.url}/console/international/notices/${reportId}`);
      await page.getByRole('button', { name: 'Show the address (this is recorded)' }).click();
      await page.getByText('hxxp://1.1.1.1/scene').waitFor();
      return 200;
    },
  ],
  [
    'notices-sheet',
    async (page, { app, reportId }) => {
      await page.goto(`${app.url}/console/international/notices/${reportId}`);
      await page.getByRole('button', { name: 'Read (this is recorded)' }).click();
      await page.getByRole('heading', { name: 'Hand-over to a hotline', level: 1 }).waitFor();
      return 200;
    },
  ],
  [
    'notices-reply-text',
    async (page, { app, replyId }) => {
      await page.goto(`${app.url}/console/international/notices/replies/${replyId}`);
      await page.getByRole('button', { name: 'Read it (this is recorded)' }).click();
      await page.getByText('Text of a stranger').waitFor();
      return 200;
    },
  ],
  [
    'notices-new-errors',
    async (page, { app }) => {
      await page.goto(`${app.url}/console/international/notices/new`);
      await page.getByRole('button', { name: 'Report', exact: true }).click();
      await page.getByText('There is a problem').waitFor();
      return 400;
    },
  ],
  [
    'notices-bulk-errors',
    async (page, { app }) => {
      await page.goto(`${app.url}/console/international/notices`);
      await page.getByRole('button', { name: 'Change the chosen' }).click();
      await page.getByText('There is a problem').waitFor();
      return 400;
    },
  ],
  [
    'age-trust-errors',
    async (page, { app }) => {
      await page.goto(`${app.url}/console/age/trust`);
      await page.getByLabel('Address').fill('nonsense');
      await page.getByRole('button', { name: 'Register and fetch' }).click();
      await page.getByText('There is a problem').waitFor();
      return 400;
    },
  ],
  [
    'age-trust-import-errors',
    async (page, { app }) => {
      await page.goto(`${app.url}/console/age/trust/import`);
      await page.getByRole('button', { name: 'Import' }).click();
      await page.getByText('There is a problem').waitFor();
      return 400;
    },
  ],
  [
    'age-trust-report',
    async (page, { app }) => {
      await page.goto(`${app.url}/console/age/trust/import`);
      await page.getByLabel('Name', { exact: true }).fill('by-form');
      await page.getByLabel('Only say what would change').check();
      const list = createTestAuthority({ now: systemClock.now() }).root.certificate;
      const pem = `-----BEGIN CERTIFICATE-----\n${Buffer.from(list).toString('base64')}\n-----END CERTIFICATE-----\n`;
      await page.locator('input[type="file"]').setInputFiles([{ name: 'list.pem', mimeType: 'text/plain', buffer: Buffer.from(pem) }]);
      await page.getByRole('button', { name: 'Import' }).click();
      await page.getByRole('heading', { name: 'by-form', level: 1 }).waitFor();
      return 200;
    },
  ],
  [
    'age-review-errors',
    async (page, { app }) => {
      await page.goto(`${app.url}/console/age/evidence`);
      await page.getByRole('button', { name: 'Add the review' }).click();
      await page.getByText('There is a problem').waitFor();
      return 400;
    },
  ],
  [
    'code-plan-errors',
    async (page, { app }) => {
      await page.goto(`${app.url}/console/code/measures/icu-c2`);
      await page.getByLabel('Owner').fill(HOSTILE);
      await page.getByRole('button', { name: 'Keep the plan' }).click();
      await page.getByText('Enter a day as year-month-day').waitFor();
      return 400;
    },
  ],
  [
    'held-blurred',
    async (page, { app, held }) => {
      await page.goto(`${app.url}/console/uploads/${held}`);
      await page.getByRole('button', { name: 'Show it blurred and grey' }).click();
      await page.getByRole('heading', { name: 'Blurred and grey', level: 1 }).waitFor();
      // With the picture.
      await page.waitForLoadState('load');
      return 200;
    },
  ],
  [
    'key-made',
    async (page, { app }) => {
      await page.goto(`${app.url}/console/keys`);
      await page.getByLabel('Name').fill('web shop');
      await page.getByLabel('scan', { exact: true }).check();
      await page.getByRole('button', { name: 'Make the key' }).click();
      await page.getByRole('heading', { name: 'Your new key', level: 1 }).waitFor();
      return 200;
    },
  ],
  [
    'sign-in-link',
    async (page, { app }) => {
      await page.goto(await app.createSignInLink());
      await page.getByRole('button', { name: 'Sign in' }).waitFor();
      return 200;
    },
  ],
];

/** As a browser without JavaScript sends a form: `submit()` asks no script. */
async function submit(page: Page, selector: string, fields: Readonly<Record<string, string>>): Promise<void> {
  await page.evaluate(
    ({ of, values }) => {
      const form = document.querySelector<HTMLFormElement>(of);
      for (const [name, value] of Object.entries(values)) form?.append(Object.assign(document.createElement('input'), { type: 'hidden', name, value }));
      form?.submit();
    },
    { of: selector, values: fields },
  );
}

describe('light and dark, wide and narrow', () => {
  let context: BrowserContext;
  beforeAll(async () => {
    context = await openContext(browser, { cookies });
  });
  afterAll(() => context.close());

  async function look(page: Page, name: string): Promise<void> {
    await page.waitForLoadState('load');
    expect(await findFlaws(page, name)).toEqual([]);
    expect(await page.locator('h1').count()).toBe(1);
  }

  it.each(PAGES)('%s', async (name, address) => {
    const page = await context.newPage();
    const faults = watchFaults(page);
    const response = await page.goto(`${scene.app.url}${address(scene)}`);
    expect(response?.status()).toBe(200);
    await look(page, name);
    expect(faults).toEqual([]);
    await page.close();
  });

  it.each(JOURNEYS)('%s', async (name, travel) => {
    const page = await context.newPage();
    const faults = watchFaults(page);
    const expected = await travel(page, scene);
    await look(page, name);
    expect(faults.filter((fault) => !fault.includes(` ${expected} `) && !fault.startsWith(`${expected} `))).toEqual([]);
    await page.close();
  });
});

describe('without a session', () => {
  it.each([
    '/',
    '/try',
    '/console/uploads',
    '/console/lists',
    '/console/lists/import',
    '/console/match',
    '/console/age/evidence',
    '/console/age/trust',
    '/console/code',
    '/console/international/figures',
    '/console/code/measures/icu-c9',
    '/console/log',
    '/console/keys',
    '/console/settings',
    '/console/health',
  ])('%s leads to the sign-in page', async (address) => {
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
    expect(faults).toEqual([]);
    await context.close();
  });
});
