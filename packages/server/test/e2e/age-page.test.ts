/**
 * The hosted page of an age check, in every state: nothing for axe, nothing sideways, no complaint in the browser's console, nothing from elsewhere;
 * by keyboard, without JavaScript, in every language.
 */
import type { Browser, BrowserContext, Page } from 'playwright-core';
import { encode } from 'uqr';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { en } from '../../src/age/page/messages/en.ts';
import { LANGUAGE_NAMES, LANGUAGES } from '../../src/age/page/messages/languages.ts';
import {
  DOCUMENT_TITLE,
  EMAIL_TITLE,
  PHONE_TITLE,
  PROVIDER_DATA,
  PROVIDER_RETENTION,
  readLink,
  startAgeScene,
  type AgeScene,
  type AskedSession,
} from './age-scene.ts';
import { findFlaws, launchBrowser, measureOverflow, openContext, runAxe, saveScreenshot, tabTo, watchFaults } from './browser.ts';

let browser: Browser;
let scene: AgeScene;

beforeAll(async () => {
  scene = await startAgeScene();
  browser = await launchBrowser();
});
afterAll(async () => {
  await browser.close();
  await scene.stop();
});

/** Opens a check, in this language. */
async function enter(page: Page, change: object = {}): Promise<AskedSession> {
  const session = await scene.ask(change);
  await page.goto(session.url);
  return session;
}

async function press(page: Page, selector: string): Promise<void> {
  await Promise.all([page.waitForEvent('load'), page.locator(selector).first().click()]);
}

/** Through the form, as a browser without scripts would. */
async function askWallet(page: Page, channel: 'redirect' | 'qr'): Promise<void> {
  await press(page, `form:has(input[value="${channel}"]) button`);
}

async function openProvider(page: Page, id: 'document' | 'mail' | 'mobile', change: object): Promise<AskedSession> {
  // What is known of an e-mail address has a low grade.
  const session = await enter(page, id === 'mail' ? { ...change, minGrade: 1 } : change);
  await press(page, `a[href$="/provider/${id}"]`);
  return session;
}

async function typeMail(page: Page, typed: string): Promise<void> {
  await page.locator('#value').fill(typed);
  await press(page, 'main form button');
}

async function answerWallet(page: Page, change: object, answer: 'true' | 'false' | 'forged' | 'declined'): Promise<AskedSession> {
  const session = await enter(page, change);
  await askWallet(page, 'redirect');
  const to = await scene.answerLink(await readLink(page), answer);
  await page.goto(to === '' ? session.url : to);
  return session;
}

async function landOn(page: Page, change: object, choice?: 'yes' | 'no'): Promise<void> {
  await enter(page, change);
  await askWallet(page, 'qr');
  const { locale = 'en' } = change as { locale?: string };
  await page.goto(`${scene.readLandingUrl()}?lang=${locale}`);
  if (choice !== undefined) await press(page, `main a[href*="same=${choice}"]`);
}

type Travel = (page: Page, change: object) => Promise<unknown>;

/** Every state of the page, with the status that is no fault there. */
const STATES: Readonly<Record<string, readonly [Travel, status?: number]>> = {
  open: [(page, change) => enter(page, change)],
  'open-under': [(page, change) => enter(page, { ...change, direction: 'under', threshold: 13 })],
  'open-no-ways': [(page, change) => enter(page, { ...change, service: 'plain', methods: ['declared_under'] })],
  'notice-refused': [(page, change) => answerWallet(page, change, 'forged')],
  'notice-declined': [(page, change) => answerWallet(page, change, 'declined')],
  'attempts-used': [
    async (page, change) => {
      const session = await enter(page, change);
      for (let attempt = 0; attempt < 3; attempt++) {
        await askWallet(page, 'redirect');
        await scene.answerLink(await readLink(page), 'forged');
        await page.goto(session.url);
      }
    },
  ],
  links: [
    async (page, change) => {
      await enter(page, change);
      await askWallet(page, 'redirect');
    },
  ],
  code: [
    async (page, change) => {
      await enter(page, change);
      await askWallet(page, 'qr');
    },
  ],
  landing: [(page, change) => landOn(page, change)],
  'landing-same': [(page, change) => landOn(page, change, 'yes')],
  'landing-other': [(page, change) => landOn(page, change, 'no')],
  sent: [async (page, change) => page.goto(`${scene.origin}/age/done?lang=${(change as { locale?: string }).locale ?? 'en'}`)],
  provider: [(page, change) => openProvider(page, 'document', change)],
  'provider-mail': [(page, change) => openProvider(page, 'mail', change)],
  'provider-phone-wrong': [
    async (page, change) => {
      await openProvider(page, 'mobile', change);
      await typeMail(page, '07700 900123');
    },
    400,
  ],
  'provider-mail-wrong': [
    async (page, change) => {
      await openProvider(page, 'mail', change);
      await typeMail(page, 'nobody');
    },
    400,
  ],
  'provider-code': [
    async (page, change) => {
      await openProvider(page, 'mail', change);
      await typeMail(page, 'somebody@example.org');
    },
  ],
  'provider-code-missing': [
    async (page, change) => {
      await openProvider(page, 'mail', change);
      await typeMail(page, 'somebody@example.org');
      await press(page, 'main form button');
    },
    400,
  ],
  'provider-leave': [
    async (page, change) => {
      await openProvider(page, 'document', change);
      await press(page, 'main form button');
    },
  ],
  sandbox: [
    async (page, change) => {
      await openProvider(page, 'document', change);
      await press(page, 'main form button');
      const to = (await page.locator('main a.button').getAttribute('href')) ?? '';
      await page.goto(`${to}&lang=${(change as { locale?: string }).locale ?? 'en'}`);
    },
  ],
  'provider-end': [
    async (page, change) => {
      await openProvider(page, 'document', change);
      await press(page, 'main form button');
      await press(page, 'main a.button');
      await page.locator('#inconclusive').check();
      await press(page, 'main form button');
    },
  ],
  under: [
    async (page, change) => {
      await enter(page, change);
      await press(page, 'a[href$="/under"]');
    },
  ],
  'end-yes': [(page, change) => answerWallet(page, change, 'true')],
  'end-no': [(page, change) => answerWallet(page, change, 'false')],
  'end-no-plain': [(page, change) => answerWallet(page, { ...change, service: 'plain' }, 'false')],
  'end-unclear': [
    async (page, change) => {
      const session = await enter(page, { ...change, minGrade: 3 });
      await scene.app.app.services.age.sessions.complete(session.id, { result: 'true', grade: 1, method: 'provider:document', kind: 'estimated' });
      await page.goto(session.url);
    },
  ],
  expired: [
    async (page, change) => {
      const session = await enter(page, change);
      scene.clock.offsetMs = 16 * 60_000;
      await page.goto(session.url).finally(() => {
        scene.clock.offsetMs = 0;
      });
    },
  ],
  'other-browser': [
    async (page, change) => {
      const session = await scene.ask(change);
      await fetch(session.url);
      await page.goto(`${session.url}?lang=${(change as { locale?: string }).locale ?? 'en'}`);
    },
    409,
  ],
  'not-found': [async (page, change) => page.goto(`${scene.origin}/age/age_${'0'.repeat(26)}?lang=${(change as { locale?: string }).locale ?? 'en'}`), 404],
  gone: [
    async (page, change) => {
      const session = await enter(page, change);
      await askWallet(page, 'redirect');
      await scene.cancel(session);
      await page.goto(`${session.url}/under`);
    },
    410,
  ],
  conflict: [
    async (page, change) => {
      const session = await enter(page, { ...change, methods: ['wallet'] });
      await page.goto(`${session.url}/under`);
    },
    409,
  ],
};

describe('light and dark, wide and narrow', () => {
  let context: BrowserContext;
  beforeAll(async () => {
    context = await openContext(browser);
  });
  afterAll(() => context.close());

  it.each(Object.entries(STATES))('%s', async (name, [travel, status]) => {
    const page = await context.newPage();
    const faults = watchFaults(page);
    const elsewhere: string[] = [];
    page.on('request', (request) => {
      if (new URL(request.url()).origin !== scene.origin) elsewhere.push(request.url());
    });
    await travel(page, {});
    await page.waitForLoadState('load');
    expect(await findFlaws(page, `age-${name}`)).toEqual([]);
    expect(await page.locator('h1').count()).toBe(1);
    expect(faults.filter((fault) => !fault.includes(` ${status} `) && !fault.startsWith(`${status} `))).toEqual([]);
    expect(elsewhere).toEqual([]);
    await page.close();
  });
});

describe('the page', () => {
  let context: BrowserContext;
  let page: Page;
  let faults: string[];
  const reopen = async (options: Parameters<typeof openContext>[1] = {}): Promise<void> => {
    context = await openContext(browser, options);
    page = await context.newPage();
    faults = watchFaults(page);
  };
  beforeEach(() => reopen());
  afterEach(() => context.close());

  it('asks for nothing but itself, its style, its icon and its scripts', async () => {
    const requests: string[] = [];
    page.on('request', (request) => requests.push(request.url()));
    const response = await page.goto((await scene.ask()).url);
    await page.waitForLoadState('networkidle');
    const own = requests.map((url) => new URL(url));
    expect(own.map(({ origin }) => origin)).toEqual(own.map(() => scene.origin));
    expect(own.map(({ pathname }) => pathname).filter((path) => !/^\/age\/age_|^\/assets\/(age[a-z-]*\.(css|js)|dom\.js|icon\.svg)$/.test(path))).toEqual([]);
    // Nobody keeps tokens here: what they need is not loaded.
    expect(own.map(({ pathname }) => pathname)).not.toContain('/assets/age-token.js');
    const policy = (await response?.allHeaders())?.['content-security-policy'] ?? '';
    expect(policy).toContain("default-src 'none'");
    expect(policy).not.toContain('unsafe');
    expect(await page.locator('[style], style, script:not([src])').count()).toBe(0);
    expect(await context.cookies()).toHaveLength(2);
    expect(faults).toEqual([]);
  });

  it('with a place for children leads there after "I am under 18", asked once, and the service knows that they came back', async () => {
    const session = await enter(page);
    await page.getByRole('link', { name: 'I am under 18' }).click();
    await page.getByRole('heading', { name: 'You are under 18: is that right?' }).waitFor();
    await page.getByRole('link', { name: 'No, go back' }).click();
    expect(await scene.app.app.services.age.sessions.findResult(session.id)).toBeUndefined();
    await page.getByRole('link', { name: 'I am under 18' }).click();
    await page.getByRole('button', { name: 'Yes, I am under 18' }).click();
    await page.getByText('has something for people under 18').waitFor();
    await page.getByRole('link', { name: 'Continue to The Forum' }).click();
    await page.getByRole('heading', { name: 'Site' }).waitFor();
    const address = new URL(page.url());
    expect([address.origin, address.pathname, address.searchParams.get('from'), address.searchParams.get('age_session')]).toEqual([
      scene.site,
      '/children',
      'age',
      session.id,
    ]);
    expect(await scene.readResult(session)).toMatchObject({ result: 'false', grade: 0, method: 'declared_under' });
    expect(await verify(session, address.searchParams.get('age_return') ?? '')).toMatchObject({ valid: true });
  });

  it.each([
    ['a proof that says so', 'false', '/children'],
    ['a proof that says 18 or older', 'true', '/back'],
  ] as const)('after %s leads to the right place', async (_name, answer, path) => {
    await answerWallet(page, {}, answer);
    await page.getByRole('link', { name: 'Continue to The Forum' }).click();
    await page.getByRole('heading', { name: 'Site' }).waitFor();
    expect(new URL(page.url()).pathname).toBe(path);
  });

  it('without a place for children leads back all the same', async () => {
    await answerWallet(page, { service: 'plain' }, 'false');
    expect(await page.getByText('has something for people under 18').count()).toBe(0);
    await page.getByRole('link', { name: 'Continue to The Forum' }).click();
    await page.getByRole('heading', { name: 'Site' }).waitFor();
    expect(new URL(page.url()).pathname).toBe('/back');
  });

  it('offers no word of the person where it would open something', async () => {
    const session = await enter(page, { direction: 'under', threshold: 13 });
    expect(await page.getByRole('link', { name: 'I am under 13' }).count()).toBe(0);
    expect((await page.goto(`${session.url}/under`))?.status()).toBe(409);
    const free = await enter(page, { direction: 'under', threshold: 13, minGrade: 0 });
    await page.getByRole('link', { name: 'I am under 13' }).click();
    await page.getByRole('button', { name: 'Yes, I am under 13' }).click();
    await page.getByRole('heading', { name: 'Thank you' }).waitFor();
    expect(await scene.readResult(free)).toMatchObject({ result: 'true', grade: 0 });
  });

  it('tells of a refused proof first, and has the focus there', async () => {
    await answerWallet(page, {}, 'forged');
    expect(await page.title()).toBe('Not answered yet: Are you 18 or older?');
    await expect.poll(() => page.evaluate(() => document.activeElement?.textContent?.trim())).toBe(en.noticeRefused);
    await expect.poll(() => page.evaluate(() => document.activeElement?.getAttribute('role'))).toBe('alert');
  });

  it('gives help where the operator has some, else names the service', async () => {
    await enter(page);
    expect(await page.getByRole('link', { name: 'Get help from The Forum, or complain' }).getAttribute('href')).toBe('https://forum.example/help');
    await enter(page, { service: 'plain' });
    await page.getByText('ask The Forum.').waitFor();
  });

  it('marks what was typed wrongly, keeps it, and takes numbers as people write them', async () => {
    await openProvider(page, 'mobile', {});
    await typeMail(page, '07700 900123');
    expect(await page.title()).toBe(`Error: ${PHONE_TITLE}`);
    await page.getByRole('link', { name: en.phoneWrong }).click();
    await expect.poll(() => page.evaluate(() => document.activeElement?.id)).toBe('value');
    expect(await page.locator('#value').inputValue()).toBe('07700 900123');
    expect(await page.locator('#value').getAttribute('aria-invalid')).toBe('true');
    await typeMail(page, '+44 (7700) 900-123');
    await press(page, 'main form button');
    expect(await page.title()).toBe(`Error: ${en.codeTitle}`);
    await page.locator('#code').fill('123456');
    await page.getByRole('button', { name: 'Continue' }).click();
    await page.getByRole('heading', { name: 'Thank you' }).waitFor();
  });
});

async function verify({ id, clientToken }: AskedSession, returnCode: string): Promise<unknown> {
  const view = (await (await scene.app.call(`/v1/age/sessions/${id}`, { headers: { 'gatehouse-client-token': clientToken } })).json()) as { result: string };
  const reply = await scene.app.call('/v1/age/results/verify', {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ result: view.result, service: 'forum', session: id, returnCode }),
  });
  return reply.json();
}

describe('another device', () => {
  let context: BrowserContext;
  let page: Page;
  beforeEach(async () => {
    context = await openContext(browser);
    page = await context.newPage();
  });
  afterEach(() => context.close());

  it('reads a code that says where to go, and no more', async () => {
    await enter(page, { locale: 'pl' });
    await askWallet(page, 'qr');
    const drawn = await page.locator('svg.qr path').getAttribute('d');
    const { data, size } = encode(`${scene.readLandingUrl()}?lang=pl`, { border: 4 });
    const dark = data.map((row) => row.map(() => false));
    for (const [, x, y, run] of (drawn ?? '').matchAll(/M(\d+) (\d+)h(\d+)v1h-\d+z/g))
      for (let at = 0; at < Number(run); at++) dark[Number(y)]?.splice(Number(x) + at, 1, true);
    expect(dark).toEqual(data);
    expect(await page.locator('svg.qr').getAttribute('viewBox')).toBe(`0 0 ${size} ${size}`);
  });

  it('shows the same number, asks whether it is, and only then the wallets; the first page goes on by itself', async () => {
    await enter(page);
    await askWallet(page, 'qr');
    const number = await page.locator('.match').textContent();
    const phone = await (await openContext(browser, { width: 320 })).newPage();
    await phone.goto(scene.readLandingUrl());
    expect(await phone.locator('.match').textContent()).toBe(number);
    expect(await phone.locator('a[href^="openid4vp:"], a[href^="av:"]').count()).toBe(0);
    await phone.getByRole('link', { name: 'Yes, it shows the same number' }).click();
    await phone.getByRole('heading', { name: 'Are you 18 or older?' }).waitFor();
    const done = await scene.answerLink(await readLink(phone));
    await phone.goto(done);
    await phone.getByRole('heading', { name: en.sentTitle }).waitFor();
    await phone.context().close();
    // Nobody touched it.
    await page.getByRole('heading', { name: 'Thank you' }).waitFor();
    expect(page.url()).toMatch(/\/age\/age_[0-9a-z]{26}$/);
  });

  it('that was stopped or refused brings the first page back with a word', async () => {
    for (const [answer, text] of [
      ['declined', en.noticeDeclined],
      ['forged', en.noticeRefused],
    ] as const) {
      await enter(page);
      await askWallet(page, 'qr');
      const phone = await context.newPage();
      await phone.goto(`${scene.readLandingUrl()}?same=yes`);
      await scene.answerLink(await readLink(phone), answer);
      await phone.close();
      await page.getByRole('alert').filter({ hasText: text }).waitFor();
    }
  });

  it('a code after a refusal stays until it is answered', async () => {
    await answerWallet(page, {}, 'forged');
    await page.getByRole('alert').waitFor();
    await askWallet(page, 'qr');
    const state = await page.evaluate(async () =>
      (await fetch(`${document.querySelector('form')?.getAttribute('action')?.replace('/wallet', '/state')}`)).json(),
    );
    expect(state).toMatchObject({ state: 'open', notice: 'refused' });
    await page.waitForLoadState('networkidle').catch(() => undefined);
    expect(await page.locator('svg.qr').count()).toBe(1);
    const phone = await context.newPage();
    await phone.goto(`${scene.readLandingUrl()}?same=yes`);
    await scene.answerLink(await readLink(phone));
    await page.getByRole('heading', { name: 'Thank you' }).waitFor();
  });

  it('somebody else’s code leads to no wallet', async () => {
    await landOn(page, {}, 'no');
    await page.getByRole('heading', { name: en.stopTitle }).waitFor();
    expect(await page.locator('main a').count()).toBe(0);
  });

  it('the seconds run down, are said aloud twice, and then a new code is a button away', async () => {
    await page.clock.install();
    await enter(page);
    await askWallet(page, 'qr');
    // From here on the time is the test's alone, however slow the machine is.
    await page.clock.pauseAt((await page.evaluate(() => Date.now())) + 1000);
    const status = page.getByRole('status');
    const left = page.locator('[data-left]');
    expect(await left.textContent()).toMatch(/: 1[12]\d$/);
    expect(await status.textContent()).toBe('');
    await page.clock.fastForward(50_000);
    expect(await left.textContent()).toMatch(/: [67]\d$/);
    expect(await status.textContent()).toBe('');
    await page.clock.fastForward(15_000);
    expect(await status.textContent()).toMatch(/: [56]\d$/);
    const said = await status.textContent();
    await page.clock.fastForward(20_000);
    expect(await status.textContent()).toBe(said);
    await page.clock.fastForward(26_000);
    expect(await status.textContent()).toMatch(/: \d$/);
    await page.clock.fastForward(10_000);
    expect(await status.textContent()).toBe(en.qrExpired);
    expect(await page.locator('svg.qr').count()).toBe(0);
    // axe waits for timers.
    await page.clock.resume();
    expect(await runAxe(page)).toEqual([]);
    await saveScreenshot(page, 'age-code-expired-light-1280');
    await page.getByRole('button', { name: en.qrNew }).click();
    await page.locator('svg.qr').waitFor();
  });

  it('a page that was left is asked again when the person comes back to it', async () => {
    const session = await enter(page);
    await scene.app.app.services.age.sessions.complete(session.id, { result: 'true', grade: 3, method: 'wallet', kind: 'verified', generation: 1 });
    await page.evaluate(() => document.dispatchEvent(new Event('visibilitychange')));
    await page.getByRole('heading', { name: 'Thank you' }).waitFor();
  });

  it('a server without a free stream is asked in turns', async () => {
    await page.route('**/events', (route) => route.fulfill({ status: 503 }));
    const session = await enter(page);
    await askWallet(page, 'qr');
    await scene.app.app.services.age.sessions.complete(session.id, {
      result: 'true',
      grade: 2,
      method: 'wallet_other_device',
      kind: 'verified',
      generation: 1,
    });
    await page.getByRole('heading', { name: 'Thank you' }).waitFor();
  });
});

describe('languages', () => {
  let context: BrowserContext;
  let page: Page;
  beforeEach(async () => {
    context = await browser.newContext({ locale: 'pl-PL', viewport: { width: 320, height: 800 } });
    page = await context.newPage();
  });
  afterEach(() => context.close());
  const lang = (): Promise<string | null> => page.locator('html').getAttribute('lang');

  it('without a word of the service it is the one of the browser, and the session keeps it', async () => {
    const session = await enter(page, { locale: undefined });
    expect(await lang()).toBe('pl');
    expect(await scene.app.app.services.age.sessions.findOpen(session.id)).toMatchObject({ locale: 'pl' });
  });

  it('can be changed on the page, and stays on the way to a provider and back', async () => {
    const session = await enter(page);
    expect(await lang()).toBe('en');
    const other = page.getByRole('navigation', { name: 'Language' }).getByRole('link', { name: 'Cymraeg' });
    expect([await other.getAttribute('lang'), await other.getAttribute('hreflang')]).toEqual(['cy', 'cy']);
    await other.click();
    await page.getByRole('heading', { name: 'Ydych chi’n 18 oed neu’n hŷn?' }).waitFor();
    expect(await lang()).toBe('cy');
    expect(await page.getByRole('navigation', { name: 'Iaith' }).locator('[aria-current]').textContent()).toBe('Cymraeg');
    await page.getByRole('link', { name: DOCUMENT_TITLE }).click();
    await page.getByRole('button', { name: 'Ymlaen' }).click();
    await page.getByRole('link', { name: /^Mynd i localhost/ }).click();
    // The provider is another service: it speaks as the browser does.
    expect(await lang()).toBe('pl');
    await page.getByLabel('Osoba jest za młoda').check();
    await page.getByRole('button', { name: 'Dalej' }).click();
    await page.getByRole('heading', { name: 'Diolch' }).waitFor();
    expect(page.url()).toBe(session.url);
    await page.getByRole('link', { name: 'Deutsch' }).click();
    await page.getByRole('heading', { name: 'Vielen Dank' }).waitFor();
  });

  it('nonsense for a language changes nothing', async () => {
    const session = await enter(page, { locale: 'de' });
    for (const query of ['lang=xx', 'lang=', 'lang=__proto__', 'lang=fr&lang=es', `lang=${'a'.repeat(2000)}`]) {
      expect((await page.goto(`${session.url}?${query}`))?.status()).toBe(200);
      expect(await lang()).toBe('de');
    }
  });

  /** German, whose words are long, in every state; the others take turns: a text that is not of the message files would show in any of them. */
  const statesIn = (code: string): (readonly [string, (typeof STATES)[string]])[] => {
    const others = Object.keys(LANGUAGES).filter((one) => one !== 'en' && one !== 'de');
    return Object.entries(STATES).filter((_state, at) => code === 'de' || others[at % others.length] === code);
  };

  /** What does not come from the message files. */
  const FOREIGN = ['The Forum', DOCUMENT_TITLE, EMAIL_TITLE, PHONE_TITLE, PROVIDER_DATA.join(', '), PROVIDER_RETENTION, ...Object.values(LANGUAGE_NAMES)];
  const escape = (text: string): string => text.replaceAll(/[.*+?^${}()|[\]\\/]/g, String.raw`\$&`);

  describe.each(Object.keys(LANGUAGES).filter((code) => code !== 'en'))('%s', (code) => {
    const texts = Object.values(LANGUAGES[code] ?? {});
    // A text may stand beside another one in its element: "Error: " and what is wrong.
    const patterns = texts.map(
      (text) =>
        new RegExp(
          `^${text
            .split(/\{\w+\}/)
            .map(escape)
            .join('(?:The Forum|\\d+|localhost:\\d+)')}:?$`,
        ),
    );
    const isKnown = (text: string): boolean => /^\d+$/.test(text) || FOREIGN.includes(text) || patterns.some((pattern) => pattern.test(text));

    it.each(statesIn(code))('%s: every text is of the message file; twice as big it still fits', async (_name, [travel]) => {
      await travel(page, { locale: code });
      expect(await lang()).toBe(code);
      const found = await page.evaluate(() => {
        const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
        const seen: string[] = [];
        for (let node = walker.nextNode(); node !== null; node = walker.nextNode()) seen.push(node.textContent ?? '');
        for (const element of document.querySelectorAll<HTMLElement>('*')) {
          for (const name of ['aria-label', 'alt', 'title', 'placeholder']) seen.push(element.getAttribute(name) ?? '');
          for (const [name, value] of Object.entries(element.dataset)) if (name.startsWith('text')) seen.push(value ?? '');
        }
        return seen.map((text) => text.trim().replaceAll(/\s+/g, ' ')).filter((text) => text !== '');
      });
      expect(found.length).toBeGreaterThan(3);
      expect(found.filter((text) => !isKnown(text) && !isKnown(text.replace('{seconds}', '1')))).toEqual([]);
      const title = (await page.title()).split(': ');
      expect(title.every((part, at) => isKnown(part) || isKnown(title.slice(at).join(': ')) || isKnown(title.slice(0, at + 1).join(': ')))).toBe(true);
      await page.evaluate(() => {
        document.documentElement.style.fontSize = '200%';
      });
      expect(await measureOverflow(page)).toBeLessThanOrEqual(0);
      await saveScreenshot(page, `age-big-${_name}-${code}`);
    });
  });
});

describe('by keyboard alone', () => {
  it('from the question to the children’s place, and the focus is always to be seen', async () => {
    const context = await openContext(browser);
    const page = await context.newPage();
    await enter(page);
    await page.keyboard.press('Tab');
    await expect.poll(() => page.evaluate(() => document.activeElement?.textContent?.trim())).toBe(en.skip);
    await page.keyboard.press('Enter');
    await expect.poll(() => page.evaluate(() => document.activeElement?.id)).toBe('main');
    const unmarked: string[] = [];
    for (let presses = 0; presses < 60; presses++) {
      await page.keyboard.press('Tab');
      const state = await page.evaluate(() => {
        const element = document.activeElement;
        if (element === null || element === document.body) return 'end';
        const style = getComputedStyle(element);
        return (style.outlineStyle !== 'none' && style.outlineWidth !== '0px') || style.boxShadow !== 'none' ? 'marked' : (element.textContent ?? '');
      });
      if (state === 'end') break;
      if (state !== 'marked') unmarked.push(state);
    }
    expect(unmarked).toEqual([]);
    await tabTo(page, 'I am under 18');
    await page.keyboard.press('Enter');
    await page.getByRole('heading', { name: 'You are under 18: is that right?' }).waitFor();
    await tabTo(page, 'Yes, I am under 18');
    await page.keyboard.press('Space');
    await page.getByRole('heading', { name: 'Thank you' }).waitFor();
    await tabTo(page, 'Continue to The Forum');
    await page.keyboard.press('Enter');
    await page.getByRole('heading', { name: 'Site' }).waitFor();
    await context.close();
  });
});

describe('without JavaScript', () => {
  let context: BrowserContext;
  let page: Page;
  beforeEach(async () => {
    context = await openContext(browser, { hasJavaScript: false });
    page = await context.newPage();
  });
  afterEach(() => context.close());

  it('a provider', async () => {
    const session = await enter(page);
    await page.getByRole('link', { name: DOCUMENT_TITLE }).click();
    await page.getByText(PROVIDER_RETENTION).waitFor();
    await page.getByRole('button', { name: 'Continue' }).click();
    await page.getByRole('link', { name: /^Go to localhost/ }).click();
    await page.getByLabel('No clear answer').check();
    await page.getByRole('button', { name: 'Continue' }).click();
    await page.getByText(en.endNext).waitFor();
    await page.getByRole('link', { name: en.backToCheck }).click();
    await page.getByRole('heading', { name: 'Are you 18 or older?' }).waitFor();
    // Somebody that cannot say is not asked again and again.
    expect(await page.getByRole('link', { name: PHONE_TITLE }).count()).toBe(1);
    await page.getByRole('link', { name: PHONE_TITLE }).click();
    await page.getByLabel(en.phone).fill('+447700900123');
    await page.getByRole('button', { name: 'Continue' }).click();
    await page.getByLabel('Code').fill('1234');
    await page.getByRole('button', { name: 'Continue' }).click();
    await page.getByRole('heading', { name: 'Thank you' }).waitFor();
    expect(await scene.readResult(session)).toMatchObject({ result: 'true', method: 'provider:mobile' });
  });

  it('a wallet on this device', async () => {
    const session = await enter(page);
    expect(await page.locator('[data-age-dc]:visible, [data-age-token]:visible, [data-age-passkey]:visible').count()).toBe(0);
    expect(await page.getByRole('heading', { name: en.reuseTitle }).count()).toBe(0);
    await page.getByRole('button', { name: en.walletHere }).click();
    await page.goto(await scene.answerLink(await readLink(page)));
    await page.getByRole('heading', { name: 'Thank you' }).waitFor();
    expect(await scene.readResult(session)).toMatchObject({ result: 'true', grade: 3, method: 'wallet' });
    await page.getByRole('link', { name: 'Continue to The Forum' }).click();
    await page.getByRole('heading', { name: 'Site' }).waitFor();
  });

  it('a wallet on another device: a link goes on, a button makes a new code', async () => {
    const session = await enter(page);
    await page.getByRole('button', { name: en.walletOther }).click();
    expect(await page.getByText(en.qrFollows).isVisible()).toBe(false);
    const first = scene.readLandingUrl();
    await page.getByRole('button', { name: en.qrNew }).click();
    await page.locator('svg.qr').waitFor();
    expect(scene.readLandingUrl()).not.toBe(first);
    const phone = await context.newPage();
    expect((await phone.goto(first))?.status()).toBe(410);
    await phone.goto(scene.readLandingUrl());
    await phone.getByRole('link', { name: en.landingYes }).click();
    await phone.goto(await scene.answerLink(await readLink(phone)));
    await phone.close();
    await page.getByRole('link', { name: en.qrDone }).click();
    await page.getByRole('heading', { name: 'Thank you' }).waitFor();
    expect(await scene.readResult(session)).toMatchObject({ grade: 2, method: 'wallet_other_device' });
  });

  it('has the focus on what went wrong', async () => {
    await answerWallet(page, {}, 'forged');
    // Scripts of the page do not run; the debugger's do.
    await expect.poll(() => page.evaluate(() => document.activeElement?.getAttribute('role'))).toBe('alert');
  });
});

describe('what was checked once', () => {
  let context: BrowserContext;
  let page: Page;
  beforeEach(async () => {
    context = await openContext(browser);
    page = await context.newPage();
  });
  afterEach(() => context.close());
  const status = (text: string): Promise<void> => page.getByRole('status').filter({ hasText: text }).waitFor();

  it('is kept in the browser, answers the next question, and can be forgotten', async () => {
    await enter(page);
    expect(await page.getByRole('button', { name: en.reuseToken }).isVisible()).toBe(false);
    await answerWallet(page, {}, 'true');
    await page.getByRole('heading', { name: en.keepTitle }).waitFor();
    await page.getByRole('button', { name: en.keepToken }).click();
    await status(en.kept);
    const session = await enter(page);
    await page.getByRole('button', { name: en.reuseToken }).click();
    await page.getByRole('heading', { name: 'Thank you' }).waitFor();
    expect(await scene.readResult(session)).toMatchObject({ result: 'true', grade: 3, method: 'token' });
    // What was reused is not kept again.
    expect(await page.getByRole('heading', { name: en.keepTitle }).isVisible()).toBe(false);
    await enter(page);
    await page.getByRole('button', { name: en.forget }).click();
    await status(en.forgotten);
    await enter(page);
    expect(await page.getByRole('button', { name: en.reuseToken }).isVisible()).toBe(false);
  });

  it('is kept with a passkey and answers with it', async () => {
    const devtools = await context.newCDPSession(page);
    await devtools.send('WebAuthn.enable');
    await devtools.send('WebAuthn.addVirtualAuthenticator', {
      options: {
        protocol: 'ctap2',
        transport: 'internal',
        hasResidentKey: true,
        hasUserVerification: true,
        isUserVerified: true,
        automaticPresenceSimulation: true,
      },
    });
    await answerWallet(page, {}, 'true');
    await page.getByRole('button', { name: en.keepPasskey }).click();
    await status(en.kept);
    const session = await enter(page);
    await page.getByRole('button', { name: en.reusePasskey }).click();
    await page.getByRole('heading', { name: 'Thank you' }).waitFor();
    expect(await scene.readResult(session)).toMatchObject({ result: 'true', grade: 3, method: 'passkey' });
  });

  it('is not offered to be kept when it says no', async () => {
    await answerWallet(page, {}, 'false');
    expect(await page.getByRole('heading', { name: en.keepTitle }).count()).toBe(0);
  });
});
