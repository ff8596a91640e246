/** "Try an age check", as a newcomer walks it in a real browser: every way to the pretend phone, by keyboard, without JavaScript; every trick refused. */
import type { Browser, BrowserContext, Page } from 'playwright-core';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { TRICK_WORDS, WAY_WORDS } from '../../src/age/demo/words.ts';
import { startTestApp, type TestApp } from '../support/app.ts';
import { findFlaws, launchBrowser, openContext, signIn, tabTo, watchFaults } from './browser.ts';

let browser: Browser;
let app: TestApp;
let own: BrowserContext;
let page: Page;

beforeAll(async () => {
  app = await startTestApp();
  browser = await launchBrowser();
});
afterAll(async () => {
  await browser.close();
  await app.stop();
});
beforeEach(async () => {
  own = await openContext(browser, { hasJavaScript: false });
  page = await own.newPage();
});
afterEach(() => own.close());

const press = (name: string | RegExp): Promise<void> => page.getByRole('button', { name }).click();
const follow = (name: string | RegExp): Promise<void> => page.getByRole('link', { name }).first().click();
const heading = (name: string | RegExp): Promise<void> => page.getByRole('heading', { level: 1, name }).waitFor();

async function ask(question = '18 or older'): Promise<void> {
  await page.goto(`${app.url}/age/try`);
  await page.getByLabel(question, { exact: true }).check();
  await press('Start the age check');
  await page.getByRole('link', { name: 'Use the simulated wallet on this device' }).waitFor();
}

/** On the page of the check: to the phone, by this way. */
async function reach(way: keyof typeof WAY_WORDS): Promise<void> {
  await follow('Use the simulated wallet on this device');
  await page.getByLabel(WAY_WORDS[way].title, { exact: true }).check();
  await press('Open the pretend phone');
}

async function backToService(): Promise<void> {
  await follow(/^Back to the (browser|check)$/);
  await heading('Thank you');
  await follow('Continue to Demonstration');
  await heading('What the service learned');
}

const readAnswer = (): Promise<string | null> => page.locator('main .lead').first().textContent();

describe('a newcomer', () => {
  it('goes from the overview to the answer with the keyboard alone', async () => {
    await own.close();
    own = await openContext(browser, { hasJavaScript: false, cookies: await signIn(browser, app) });
    page = await own.newPage();
    const faults = watchFaults(page);
    const go = async (name: string | RegExp): Promise<void> => {
      await tabTo(page, name);
      await page.keyboard.press('Enter');
    };
    await page.goto(app.url);
    await go('Try an age check');
    await heading('Try an age check');
    await go('Start the age check');
    await heading('Are you 18 or older?');
    await go('Use the simulated wallet on this device');
    await heading('How is the wallet reached?');
    await go('Open the pretend phone');
    await heading('Demonstration asks: Are you 18 or older?');
    expect(await page.locator('main').textContent()).toContain('age_over_18: true');
    await go('Share');
    await heading('The gate took the answer');
    await go('Back to the browser');
    await heading('Thank you');
    expect(await page.locator('main').textContent()).toContain('Demonstration is told that you are 18 or older');
    await go('Continue to Demonstration');
    await heading('What the service learned');
    expect(await readAnswer()).toBe('Yes to “18 or older”.');
    const shown = (await page.locator('main').textContent()) ?? '';
    for (const words of ['grade 3 of 4', '"aud": "demo"', '"over": 18', 'name, date of birth', 'POST /v1/age/results/verify', 'The same result again'])
      expect(shown).toContain(words);
    expect(faults).toEqual([]);
  });

  it('finds it in the overview only where it is on', async () => {
    const off = await startTestApp({ config: { ageDemo: 'off' } });
    try {
      for (const path of ['', '/result', '/adults', '/skip', `/phone/${'0'.repeat(40)}`, `/wallet/age_${'0'.repeat(26)}`, `/browser/age_${'0'.repeat(26)}`])
        expect([path, (await fetch(`${off.url}/age/try${path}`)).status]).toEqual([path, 404]);
      expect((await fetch(`${off.url}/age/try`, { method: 'POST', body: new URLSearchParams() })).status).toBe(404);
      expect(await (await off.call('/')).text()).not.toContain('/age/try');
      expect(await (await app.call('/')).text()).toContain('href="/age/try"');
    } finally {
      await off.stop();
    }
  });

  it('who comes by the other name of this machine is led to the address that the cookies are for', async () => {
    await page.goto(`${app.url.replace('127.0.0.1', 'localhost')}/age/try`);
    expect(page.url()).toBe(`${app.url}/age/try`);
  });
});

describe('every way to the phone', () => {
  it.each(['haip', 'eu', 'org-iso-mdoc', 'openid4vp-v1-signed', 'openid4vp-v1-unsigned'] as const)('%s', async (way) => {
    const faults = watchFaults(page);
    await ask();
    await reach(way);
    await press('Share');
    await heading('The gate took the answer');
    await backToService();
    expect(await readAnswer()).toBe('Yes to “18 or older”.');
    expect(await page.locator('main').textContent()).toContain('grade 3 of 4');
    expect(faults).toEqual([]);
  });

  it.each(['haip', 'openid4vp-v1-signed', 'openid4vp-v1-unsigned'] as const)('%s, with an SD-JWT', async (way) => {
    await ask();
    await reach(way);
    await follow('Identity card');
    await press('Share');
    await backToService();
    expect(await readAnswer()).toBe('Yes to “18 or older”.');
  });

  it('a way that takes no SD-JWT offers no button to send one', async () => {
    await ask();
    await reach('eu');
    await follow('Identity card');
    expect(await page.locator('main').textContent()).toContain('cannot be answered with an SD-JWT');
    expect(await page.getByRole('button').allTextContents()).toEqual(['Decline']);
  });

  it('on another device: the code of the page of the check, the number, and a second browser', async () => {
    await ask();
    await press('Use a wallet on another device');
    const number = await page.locator('.match').textContent();
    const href = await page.getByRole('link', { name: 'Open in the pretend phone' }).getAttribute('href');
    const rid = /\/phone\/([0-9a-f]{40})/.exec(href ?? '')?.[1] ?? '';
    const elsewhere = await openContext(browser, { hasJavaScript: false });
    const second = await elsewhere.newPage();
    await second.goto(`${app.url}/age/w/${rid}`);
    expect(await second.locator('.match').textContent()).toBe(number);
    await second.getByRole('link', { name: 'Yes, it shows the same number' }).click();
    await second.getByRole('link', { name: 'Open in the pretend phone' }).click();
    await second.getByRole('button', { name: 'Share' }).click();
    await second.getByText('Go back to the screen on which you began.').waitFor();
    expect(await second.content()).not.toMatch(/age_[0-9a-z]{26}/);
    await elsewhere.close();
    await follow('I have answered on the other device');
    await heading('Thank you');
    await follow('Continue to Demonstration');
    expect(await readAnswer()).toBe('Yes to “18 or older”.');
    expect(await page.locator('main').textContent()).toContain('grade 2 of 4');
  });

  it('on another device, without leaving this one', async () => {
    await ask();
    await reach('qr');
    await heading('Another device');
    await follow('Open its wallet');
    await press('Share');
    await backToService();
    expect(await page.locator('main').textContent()).toContain('wallet_other_device');
  });

  it('from the links of the page of the check', async () => {
    await ask();
    await press('Use a wallet on this device');
    await follow('Open in the pretend phone');
    await press('Share');
    await backToService();
    expect(await readAnswer()).toBe('Yes to “18 or older”.');
  });

  it('without a wallet: the pretend provider', async () => {
    await ask();
    await follow('Pretend provider (demonstration)');
    await press('Continue');
    await page.locator('main a[href*="/age/sandbox"]').click();
    await page.locator('input[value="over"]').check();
    await page.locator('main button[type="submit"]').click();
    await heading('Thank you');
    await follow('Continue to Demonstration');
    expect(await readAnswer()).toBe('Yes to “18 or older”.');
    expect(await page.locator('main').textContent()).toContain('provider:demo');
  });
});

describe('the answers', () => {
  it.each([
    ['18 or older', 'A 15-year-old', 'No to “18 or older”.'],
    ['16 or older', 'A 15-year-old', 'No to “16 or older”.'],
    ['Under 13', 'A 12-year-old', 'Yes to “under 13”.'],
    ['Under 13', 'An adult, born in 1990', 'No to “under 13”.'],
  ])('%s, asked of: %s', async (question, person, expected) => {
    await ask(question);
    await reach('eu');
    await follow(person);
    await press('Share');
    await backToService();
    expect(await readAnswer()).toBe(expected);
  });

  it('any other age, and a number that is none is refused beside its field', async () => {
    await page.goto(`${app.url}/age/try`);
    await page.getByLabel('Another age, below').check();
    await page.getByLabel('Another age, in years').fill('100');
    await press('Start the age check');
    expect(await page.title()).toContain('Error:');
    expect(await page.locator('#threshold-error').textContent()).toContain('1 to 99');
    await page.getByLabel('Another age, in years').fill('14');
    await press('Start the age check');
    await reach('eu');
    await follow('A 15-year-old');
    await press('Share');
    await backToService();
    expect(await readAnswer()).toBe('Yes to “14 or older”.');
  });

  it('no answer is no answer', async () => {
    await ask();
    await follow(/without an answer$/);
    await heading('What the service learned');
    expect(await readAnswer()).toMatch(/^No answer .* it lets nobody in\.$/);
  });

  it('who declines sends nothing, and can go on', async () => {
    await ask();
    await reach('haip');
    await press('Decline');
    await heading('You declined');
    await follow('Back to the browser');
    await page.getByText('You stopped in your wallet. Nothing was sent.').waitFor();
    await reach('haip');
    await press('Share');
    await backToService();
  });
});

describe('who cheats', () => {
  it.each(Object.entries(TRICK_WORDS))('%s: is refused, by every way', async (_trick, { title }) => {
    await ask();
    for (const way of ['haip', 'eu', 'org-iso-mdoc', 'openid4vp-v1-unsigned'] as const) {
      await reach(way);
      await page.getByText('Misbehave').click();
      await press(title);
      await heading('The gate refused the answer');
      expect(await page.locator('[role="status"]').textContent()).toMatch(/^422: This proof of age was not accepted/);
      await follow('Back to the check');
      await page.getByText('Your proof was not accepted.').waitFor();
    }
  });

  it('an answer that is sent twice is not taken twice', async () => {
    await ask();
    await reach('haip');
    const address = page.url();
    await press('Share');
    const again = await page.request.post(`${address}&person=adult&document=eu`, { form: { act: 'share' } });
    expect(again.status()).toBe(410);
    await backToService();
  });

  it('skips the page: 401, whatever is made up', async () => {
    const reply = await page.goto(`${app.url}/age/try/adults`);
    expect(reply?.status()).toBe(401);
    await heading('Nothing here without an answer');
    await page.goto(`${app.url}/age/try/skip`);
    expect(await page.locator('tbody tr').count()).toBe(4);
    expect(await page.locator('tbody td .tag').allTextContents()).toEqual(['401', '401', '401', '401']);
  });

  it('with an answer: in with a yes, 403 with a no, and only in this browser', async () => {
    for (const [person, status] of [
      ['An adult, born in 1990', 200],
      ['A 15-year-old', 403],
    ] as const) {
      await own.clearCookies();
      await page.goto(`${app.url}/age/try/adults`);
      await follow('Begin the age check');
      await reach('haip');
      await follow(person);
      await press('Share');
      await follow('Back to the browser');
      await follow('Continue to Demonstration');
      expect(new URL(page.url()).pathname).toBe('/age/try/adults');
      expect((await page.reload())?.status()).toBe(status);
      expect((await fetch(`${app.url}/age/try/adults`)).status).toBe(401);
    }
  });
});

describe('a wallet that dies', () => {
  it.each(['haip', 'org-iso-mdoc'] as const)('%s: leaves the check open, and another way goes on', async (way) => {
    await ask();
    await reach(way);
    await heading(/^Demonstration asks/);
    const check = page.url();
    await page.close();
    page = await own.newPage();
    const id = /age_[0-9a-z]{26}/.exec(check)?.[0] ?? (await lastSession());
    await page.goto(`${app.url}/age/${id}`);
    await heading('Are you 18 or older?');
    await reach('eu');
    await press('Share');
    await backToService();
    expect(await readAnswer()).toBe('Yes to “18 or older”.');
  });

  /** From the cookie of the check. */
  async function lastSession(): Promise<string> {
    await page.goto(`${app.url}/age/try/result`);
    return /age_[0-9a-z]{26}/.exec((await page.locator('main').textContent()) ?? '')?.[0] ?? '';
  }
});

type Visit = readonly [name: string, travel: () => Promise<void>];
const VISITS: readonly Visit[] = [
  ['try', async () => void (await page.goto(`${app.url}/age/try`))],
  [
    'try-wrong',
    async () => {
      await page.goto(`${app.url}/age/try`);
      await page.getByLabel('Another age, below').check();
      await press('Start the age check');
    },
  ],
  ['check', async () => ask()],
  [
    'reach',
    async () => {
      await ask();
      await follow('Use the simulated wallet on this device');
    },
  ],
  [
    'other-device',
    async () => {
      await ask();
      await reach('qr');
    },
  ],
  [
    'phone',
    async () => {
      await ask();
      await reach('haip');
      await follow('Driving licence');
      for (const summary of await page.locator('summary').all()) await summary.click();
    },
  ],
  [
    'phone-nothing',
    async () => {
      await ask();
      await reach('org-iso-mdoc');
      await follow('Identity card');
    },
  ],
  [
    'phone-refused',
    async () => {
      await ask();
      await reach('openid4vp-v1-signed');
      await page.getByText('Misbehave').click();
      await press('Change the answer');
      for (const summary of await page.locator('summary').all()) await summary.click();
    },
  ],
  [
    'result',
    async () => {
      await ask();
      await reach('haip');
      await press('Share');
      await backToService();
      for (const summary of await page.locator('summary').all()) await summary.click();
    },
  ],
  [
    'result-none',
    async () => {
      await ask();
      await follow(/without an answer$/);
    },
  ],
  ['adults', async () => void (await page.goto(`${app.url}/age/try/adults`))],
  ['skip', async () => void (await page.goto(`${app.url}/age/try/skip`))],
];

describe('light and dark, wide and narrow', () => {
  it.each(VISITS)('%s: nothing for axe, nothing sideways', async (name, travel) => {
    await own.close();
    // With JavaScript: axe waits for timers, which a browser without it never runs.
    own = await openContext(browser);
    page = await own.newPage();
    await travel();
    expect(await findFlaws(page, `age-demo-${name}`)).toEqual([]);
  });
});
