/**
 * The Digital Credentials API in a real browser: Chromium's virtual wallet (CDP) hands over what a simulated wallet answers. First the hosted page with
 * its own button; then each protocol, with the part of the page played by the test. What no test here can show: real wallets, and the link to another
 * device (CTAP hybrid).
 */
import { EU_AGE } from '@gatehouse/credential';
import { createTestAuthority, issueMdoc, SimulatedWallet } from '@gatehouse/credential/simulator';
import type { Browser, BrowserContext, CDPSession, Page } from 'playwright-core';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { ageDomain } from '../../src/age/index.ts';
import { en } from '../../src/age/page/messages/en.ts';
import { loadAssets } from '../../src/platform/ui/assets.ts';
import { createAgeDatabase, startAge, type TestAge } from '../support/age.ts';
import type { TestDatabase } from '../support/database.ts';
import { startTestServer, type TestServer } from '../support/http.ts';
import { launchBrowser, openContext, runAxe } from './browser.ts';

const NOW = new Date('2026-11-25T12:00:00Z');
const authority = createTestAuthority({ now: NOW });
const proof = issueMdoc({ signer: authority.signer, documentType: EU_AGE, namespace: EU_AGE, elements: { age_over_18: true }, now: NOW });
const wallet = new SimulatedWallet({ mdocs: [proof], now: () => NOW });
const PROTOCOLS = ['org-iso-mdoc', 'openid4vp-v1-signed', 'openid4vp-v1-unsigned'] as const;

interface Asked {
  readonly request: string;
  readonly requests: { readonly protocol: string; readonly data: Record<string, unknown> }[];
}

let db: TestDatabase;
let test: TestAge;
let server: TestServer;
let origin = '';
let browser: Browser;
let own: BrowserContext;
let page: Page;
let cdp: CDPSession;
let id = '';

beforeAll(async () => {
  db = await createAgeDatabase();
  test = await startAge({ db, anchors: [authority.anchor] });
  const routes = [...loadAssets(), ...(ageDomain.routes?.(test.age, test.context) ?? []), ...(ageDomain.pages?.(test.age, test.context) ?? [])];
  server = await startTestServer({ routes, clock: test.clock, authenticator: { authenticate: async () => undefined } });
  origin = `http://${server.host}`;
  browser = await launchBrowser();
});
afterAll(async () => {
  await browser.close();
  await server.close();
  await test.dispose();
  await db.drop();
});
beforeEach(async () => {
  own = await openContext(browser);
  page = await own.newPage();
  cdp = await own.newCDPSession(page);
  ({ id } = await test.open({ minGrade: 3 }));
  await page.goto(`${origin}/age/${id}`);
});
afterEach(() => own.close());

const post = (path: string, body?: object): Promise<{ status: number; body: unknown }> =>
  page.evaluate(
    async ([target, json]) => {
      const reply = await fetch(target, { method: 'POST', ...(json === undefined ? {} : { body: json, headers: { 'content-type': 'application/json' } }) });
      return { status: reply.status, body: await reply.json() };
    },
    [`/age/${id}/${path}`, body === undefined ? undefined : JSON.stringify(body)] as const,
  );
const ask = async (): Promise<Asked> => (await post('dc/request')).body as Asked;

async function behave(behaviour: { readonly action: string; readonly protocol?: string; readonly response?: object }): Promise<void> {
  const { frameTree } = await cdp.send('Page.getFrameTree');
  // The domain is younger than the types of playwright-core.
  await cdp.send('DigitalCredentials.setVirtualWalletBehavior' as never, { ...behaviour, frameId: frameTree.frame.id } as never);
}

/** `navigator.credentials.get()` as the page does it: all protocols in one call. */
const get = (requests: Asked['requests'], timeoutMs = 10_000): Promise<{ protocol: string; data: unknown } | { fault: string }> =>
  page.evaluate(
    async ([digital, ms]) => {
      try {
        const credential = await navigator.credentials.get({ digital: { requests: digital }, signal: AbortSignal.timeout(ms) } as never);
        return { protocol: Reflect.get(Object(credential), 'protocol') as string, data: Reflect.get(Object(credential), 'data') as unknown };
      } catch (error) {
        return { fault: Reflect.get(Object(error), 'name') as string };
      }
    },
    [requests, timeoutMs] as const,
  );

/** The whole of it: a wallet that signs for `signedFor` answers, and the page hands it in. */
async function present(asked: Asked, protocol: string, signedFor = origin): Promise<{ status: number; body: unknown }> {
  const answer = await wallet.answerDcApi(
    asked.requests.filter((one) => one.protocol === protocol),
    signedFor,
  );
  await behave({ action: 'respond', protocol: answer.protocol, response: answer.data });
  const given = await get(asked.requests);
  expect(given).toEqual(answer);
  return post('dc/response', { request: asked.request, ...given });
}

describe('the button of the page', () => {
  const button = (): ReturnType<Page['getByRole']> => page.getByRole('button', { name: en.digitalCredential });
  const status = (text: string): Promise<void> => page.getByRole('status').filter({ hasText: text }).waitFor();

  /** What the wallet says once the page has asked. */
  async function answerWith(make: (asked: Asked) => Promise<{ readonly protocol: string; readonly data: Record<string, unknown> }>): Promise<void> {
    await page.route('**/dc/request', async (route) => {
      const response = await route.fetch();
      const answer = await make((await response.json()) as Asked);
      await behave({ action: 'respond', protocol: answer.protocol, response: answer.data });
      await route.fulfill({ response });
    });
  }

  /** The person can go on: the button works again, and the other ways never went. */
  async function isNoDeadEnd(): Promise<void> {
    expect(await button().isEnabled()).toBe(true);
    expect(await page.getByRole('button', { name: en.walletHere }).isVisible()).toBe(true);
    expect(await test.age.sessions.findOpen(id)).toMatchObject({ state: 'open' });
    expect(await runAxe(page)).toEqual([]);
  }

  it.each(PROTOCOLS)('%s: asks, hands over and goes on', async (protocol) => {
    await answerWith(({ requests }) =>
      wallet.answerDcApi(
        requests.filter((one) => one.protocol === protocol),
        origin,
      ),
    );
    await button().click();
    await page.getByRole('heading', { name: 'Thank you' }).waitFor();
    expect(await test.age.sessions.findResult(id)).toMatchObject({ result: 'true', grade: 3, method: 'wallet' });
  });

  it('offers all protocols in one call', async () => {
    let asked: Asked | undefined;
    await answerWith((seen) => wallet.answerDcApi((asked = seen).requests, origin));
    await button().click();
    await page.getByRole('heading', { name: 'Thank you' }).waitFor();
    expect(asked?.requests.map(({ protocol }) => protocol).toSorted()).toEqual([...PROTOCOLS].toSorted());
  });

  it.each(PROTOCOLS)('%s: an answer for another origin is refused, and the page says so', async (protocol) => {
    await answerWith(({ requests }) =>
      wallet.answerDcApi(
        requests.filter((one) => one.protocol === protocol),
        'https://evil.example',
      ),
    );
    await button().click();
    await page.getByRole('alert').filter({ hasText: en.noticeRefused }).waitFor();
    await expect.poll(() => page.evaluate(() => document.activeElement?.getAttribute('role'))).toBe('alert');
    await isNoDeadEnd();
  });

  it('an answer to an old nonce is refused, and the next try works', async () => {
    const old = await ask();
    await answerWith(() => wallet.answerDcApi(old.requests, origin));
    await button().click();
    await page.getByRole('alert').filter({ hasText: en.noticeRefused }).waitFor();
    await isNoDeadEnd();
    await page.unroute('**/dc/request');
    await answerWith(({ requests }) => wallet.answerDcApi(requests, origin));
    await button().click();
    await page.getByRole('heading', { name: 'Thank you' }).waitFor();
  });

  it('a person who declines sends nothing, and reads so', async () => {
    await behave({ action: 'decline' });
    await button().click();
    await status(en.digitalDeclined);
    await isNoDeadEnd();
    expect(await test.age.sessions.findOpen(id)).toMatchObject({ attempts: 0, notice: undefined });
  });

  it('a wallet that never answers is given up after the time of the request', async () => {
    await behave({ action: 'wait' });
    expect(await page.locator('[data-age-dc]').getAttribute('data-seconds')).toBe('120');
    await page.locator('[data-age-dc]').evaluate((part: HTMLElement) => part.setAttribute('data-seconds', '0.5'));
    await button().click();
    await status(en.digitalBusy);
    await status(en.digitalLate);
    await isNoDeadEnd();
  });

  it('an answer that cannot be handed over is not called unsent', async () => {
    await answerWith(({ requests }) => wallet.answerDcApi(requests, origin));
    await page.route('**/dc/response', (route) => route.abort());
    await button().click();
    await status(en.digitalLost);
    await isNoDeadEnd();
  });

  it('a request that is not given is said', async () => {
    await page.route('**/dc/request', (route) => route.fulfill({ status: 503 }));
    await button().click();
    await status(en.digitalFailed);
    await isNoDeadEnd();
  });

  it('is not there where the browser has no such thing', async () => {
    await page.addInitScript(() => Reflect.deleteProperty(globalThis, 'DigitalCredential'));
    await page.reload();
    await page.waitForLoadState('networkidle');
    expect(await page.locator('[data-age-dc]').isVisible()).toBe(false);
  });
});

describe('in Chromium', () => {
  it.each(PROTOCOLS)('%s completes the check', async (protocol) => {
    expect(await present(await ask(), protocol)).toEqual({ status: 200, body: { status: 'completed' } });
    expect(await test.age.sessions.findResult(id)).toMatchObject({ result: 'true', grade: 3, method: 'wallet' });
    await page.reload();
    await page.getByRole('link', { name: 'Continue to The Forum' }).waitFor();
  });

  it.each(PROTOCOLS)('%s: an answer for another origin is refused', async (protocol) => {
    expect((await present(await ask(), protocol, 'https://evil.example')).status).toBe(422);
    expect(await test.age.sessions.findResult(id)).toBeUndefined();
  });

  it.each(PROTOCOLS)('%s: an answer to an old nonce is refused', async (protocol) => {
    const old = await ask();
    const fresh = await ask();
    expect((await present({ ...old, request: fresh.request }, protocol)).status).toBe(422);
    expect(await test.age.sessions.findResult(id)).toBeUndefined();
  });

  it('a person who declines sends nothing', async () => {
    const { requests } = await ask();
    await behave({ action: 'decline' });
    expect(await get(requests)).toEqual({ fault: 'NotAllowedError' });
    expect(await test.age.sessions.findOpen(id)).toMatchObject({ state: 'open', attempts: 0 });
  });

  it('a wallet that never answers is given up', async () => {
    const { requests } = await ask();
    await behave({ action: 'wait' });
    expect(await get(requests, 500)).toEqual({ fault: 'TimeoutError' });
    expect(await test.age.sessions.findOpen(id)).toMatchObject({ state: 'open', attempts: 0 });
  });

  it('an answer in a browser that is not the first is not taken', async () => {
    const asked = await ask();
    const answer = await wallet.answerDcApi(asked.requests, origin);
    const other = await openContext(browser);
    const second = await other.newPage();
    await second.goto(`${origin}/age/done`);
    const status = await second.evaluate(
      async ([path, json]) => (await fetch(path, { method: 'POST', body: json, headers: { 'content-type': 'application/json' } })).status,
      [`/age/${id}/dc/response`, JSON.stringify({ request: asked.request, ...answer })] as const,
    );
    await other.close();
    expect(status).toBe(404);
    expect(await post('dc/response', { request: asked.request, ...answer })).toMatchObject({ status: 200 });
  });
});
