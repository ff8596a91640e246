/** Tokens and passkeys of the age check in a real browser: the islands as they are built, WebCrypto, and Chromium's virtual authenticator. */
import { join } from 'node:path';
import type { Browser, BrowserContext, CDPSession, Page } from 'playwright-core';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { migrations as passkeyMigrations } from '../../src/age/passkeys/migrations.ts';
import { routes as passkeyRoutes } from '../../src/age/passkeys/routes.ts';
import { createPasskeyService } from '../../src/age/passkeys/service.ts';
import { openKeyVault } from '../../src/age/tokens/key-vault.ts';
import { migrations as tokenMigrations } from '../../src/age/tokens/migrations.ts';
import { routes as tokenRoutes } from '../../src/age/tokens/routes.ts';
import type { VerdictForToken } from '../../src/age/tokens/schema.ts';
import { createTokenService } from '../../src/age/tokens/service.ts';
import { systemClock } from '../../src/platform/clock.ts';
import { html } from '../../src/platform/http/reply.ts';
import { definePage, type Route } from '../../src/platform/http/route.ts';
import { loadAssets } from '../../src/platform/ui/assets.ts';
import { decodeTestCbor } from '../support/cbor.ts';
import { createTestContext, type TestContext } from '../support/context.ts';
import { createTestDatabase, type TestDatabase } from '../support/database.ts';
import { startTestServer, type TestServer } from '../support/http.ts';
import { createFakeSessions, createFakeTrust, type FakeSessions, type FakeTrust } from '../support/reuse.ts';
import { launchBrowser, openContext, watchFaults } from './browser.ts';

const OVER_18 = { threshold: 18, direction: 'over' } as const;
const STORE = 'gatehouse-age-tokens';

let database: TestDatabase;
let context: TestContext;
let server: TestServer;
let browser: Browser;
let sessions: FakeSessions;
let trust: FakeTrust;
let origin = '';
let parts = '';
let count = 0;

let own: BrowserContext;
let page: Page;
let faults: string[];
let requests: { readonly path: string; readonly cookie: string | undefined; readonly body: Buffer | null; readonly authorization: string | undefined }[];

/** Where the parts will stand: the hosted page is tested with the domain. */
const testPage: Route = definePage({
  method: 'get',
  path: '/age-parts',
  right: 'public',
  summary: 'Parts of the age page',
  handle: async () =>
    html(
      `<!DOCTYPE html><html lang="en"><title>Age</title><link rel="icon" href="/assets/icon.svg"><main>${parts}</main>` +
        `<script type="module" src="/assets/age-token.js"></script><script type="module" src="/assets/age-passkey.js"></script></html>`,
    ),
});
const donePage: Route = definePage({
  method: 'get',
  path: '/age-done',
  right: 'public',
  summary: 'Where a completed check leads',
  handle: async () => html('<!DOCTYPE html><html lang="en"><title>Done</title><link rel="icon" href="/assets/icon.svg"><h1>Done</h1></html>'),
});

beforeAll(async () => {
  database = await createTestDatabase([{ domain: 'age', migrations: [...tokenMigrations, ...passkeyMigrations] }]);
  context = await createTestContext({ database: database.database });
  sessions = createFakeSessions();
  trust = createFakeTrust();
  const shared = { context: { ...context.context, publicUrl: () => origin }, sessions, trust };
  const tokens = createTokenService({ ...shared, vault: await openKeyVault(join(context.dataDir, 'keys', 'age-token.key'), true) });
  await tokens.prepare(OVER_18);
  const passkeys = createPasskeyService({ ...shared, decodeCbor: decodeTestCbor });
  server = await startTestServer({
    routes: [...loadAssets(), ...tokenRoutes(tokens, context.context), ...passkeyRoutes(passkeys, context.context), testPage, donePage],
    authenticator: { authenticate: async () => undefined },
    clock: systemClock,
  });
  origin = `http://localhost:${server.port}`;
  browser = await launchBrowser();
});
afterAll(async () => {
  await browser.close();
  await server.close();
  await context.dispose();
  await database.drop();
});

beforeEach(async () => {
  own = await openContext(browser);
  await own.addCookies([{ name: 'browser', value: 'own', url: origin }]);
  page = await own.newPage();
  faults = watchFaults(page);
  requests = [];
  page.on('request', (request) => {
    const { pathname } = new URL(request.url());
    void request
      .allHeaders()
      .then((headers) => requests.push({ path: pathname, cookie: headers['cookie'], body: request.postDataBuffer(), authorization: headers['authorization'] }))
      // Of a page that is closed by then nobody asks.
      .catch(() => undefined);
  });
});
afterEach(() => own.close());

function finishCheck(change: Partial<VerdictForToken> = {}): string {
  const sessionId = `done_${(count += 1)}`;
  sessions.finish({
    sessionId,
    question: OVER_18,
    result: 'true',
    grade: 3,
    kind: 'verified',
    method: 'wallet',
    checkedAt: systemClock.now(),
    generation: 1,
    ...change,
  });
  return sessionId;
}

function openSession(): string {
  const id = `open_${(count += 1)}`;
  sessions.open(id, { question: OVER_18, minGrade: 2 });
  return id;
}

function part(kind: 'token' | 'passkey', action: string, session: string): string {
  return (
    `<div data-age-${kind}="${action}" data-session="${session}" data-threshold="18" data-direction="over" data-band="${action === 'issue' ? 3 : 2}" data-next="/age-done"` +
    ` data-text-busy="Busy" data-text-done="Kept" data-text-failed="Failed" data-text-cancelled="Cancelled" hidden><button type="button">${action}</button><p role="status"></p></div>`
  );
}

async function visit(...shown: readonly string[]): Promise<void> {
  parts = shown.join('');
  await page.goto(`${origin}/age-parts`);
}

const press = (name: string): Promise<void> => page.getByRole('button', { name }).click();
const readStatus = (text: string): Promise<void> => page.getByRole('status').filter({ hasText: text }).waitFor();
const readKept = (): Promise<{ token: string; band: number }[]> => page.evaluate((name) => JSON.parse(localStorage.getItem(name) ?? '[]'), STORE);

describe('tokens', () => {
  it('are kept after a check, answer later ones, and nothing that was sent at the first comes again', async () => {
    await visit(part('token', 'issue', finishCheck()));
    await press('issue');
    await readStatus('Kept');
    const kept = await readKept();
    expect(kept.map(({ band }) => band)).toEqual([3, 3, 3, 3, 3]);
    const issued = requests.filter(({ path }) => path === '/v1/age/tokens').map(({ body }) => body ?? Buffer.alloc(0));
    expect(issued.length).toBe(5);
    // The directory is asked for as nobody.
    expect(requests.find(({ path }) => path.includes('issuer-directory'))?.cookie).toBeUndefined();

    const session = openSession();
    await visit(part('token', 'redeem', session));
    await press('redeem');
    await page.getByRole('heading', { name: 'Done' }).waitFor();
    expect(sessions.outcomes.get(session)).toEqual({ result: 'true', grade: 3, method: 'token', kind: 'verified' });
    expect((await readKept()).length).toBe(4);
    const shown = Buffer.from(/token="([\w-]+)"/.exec(requests.find(({ path }) => path.endsWith('/redeem'))?.authorization ?? '')?.[1] ?? '', 'base64url');
    expect(shown.byteLength).toBe(354);
    // No eight bytes of the token (but its type and key, which all share) stand in any request.
    const [nonce, signature] = [shown.subarray(2, 34), shown.subarray(98)];
    for (const bytes of [nonce, signature])
      for (let at = 0; at + 8 <= bytes.byteLength; at++) expect(issued.some((body) => body.includes(bytes.subarray(at, at + 8)))).toBe(false);
    expect(faults).toEqual([]);
  });

  it('that were voided are dropped before they are shown', async () => {
    await visit(part('token', 'issue', finishCheck()));
    await press('issue');
    await readStatus('Kept');
    trust.mute();
    await visit(part('token', 'redeem', openSession()), part('token', 'forget', ''));
    await press('redeem');
    await readStatus('Failed');
    expect(await readKept()).toEqual([]);
    expect(requests.filter(({ path }) => path.endsWith('/redeem'))).toEqual([]);
  });

  it('a part without use stays hidden; what is kept can be forgotten; nonsense in the store does no harm', async () => {
    await visit(part('token', 'redeem', openSession()), part('token', 'forget', ''));
    expect(await page.locator('[data-age-token]:visible').count()).toBe(0);
    await page.evaluate(
      (name) => localStorage.setItem(name, '[1,{"token":"AA"},null,{"token":"AAAA","threshold":18,"direction":"over","band":3,"epoch":1}]'),
      STORE,
    );
    await visit(part('token', 'forget', ''));
    await press('forget');
    await readStatus('Kept');
    expect(await readKept()).toEqual([]);
    await page.evaluate((name) => localStorage.setItem(name, '{'), STORE);
    await visit(part('token', 'redeem', openSession()));
    expect(await page.locator('[data-age-token]:visible').count()).toBe(0);
    expect(faults).toEqual([]);
  });

  it('none are kept for a result that earns none', async () => {
    await visit(part('token', 'issue', finishCheck({ method: 'token' })));
    await press('issue');
    await readStatus('Failed');
    expect(await readKept()).toEqual([]);
  });
});

describe('passkeys', () => {
  let devtools: CDPSession;
  let authenticatorId: string;

  beforeEach(async () => {
    devtools = await own.newCDPSession(page);
    await devtools.send('WebAuthn.enable');
    ({ authenticatorId } = await devtools.send('WebAuthn.addVirtualAuthenticator', {
      options: {
        protocol: 'ctap2',
        transport: 'internal',
        hasResidentKey: true,
        hasUserVerification: true,
        isUserVerified: true,
        automaticPresenceSimulation: true,
      },
    }));
  });

  const generation = async (): Promise<number> => trust.generation();

  it('are made after a check and answer later ones, again and again', async () => {
    await visit(part('passkey', 'register', finishCheck({ generation: await generation() })));
    await press('register');
    await readStatus('Kept');
    const { credentials } = await devtools.send('WebAuthn.getCredentials', { authenticatorId });
    expect(credentials.map(({ isResidentCredential, rpId }) => [isResidentCredential, rpId])).toEqual([[true, 'localhost']]);
    for (let times = 0; times < 2; times++) {
      const session = openSession();
      await visit(part('passkey', 'show', session));
      await press('show');
      await page.getByRole('heading', { name: 'Done' }).waitFor();
      expect(sessions.outcomes.get(session)).toEqual({ result: 'true', grade: 3, method: 'passkey', kind: 'verified' });
    }
    expect(faults).toEqual([]);
  });

  it('a copy with an older counter is refused', async () => {
    await visit(part('passkey', 'register', finishCheck({ generation: await generation() })));
    await press('register');
    await readStatus('Kept');
    const { credentials } = await devtools.send('WebAuthn.getCredentials', { authenticatorId });
    const [copy] = credentials;
    if (copy === undefined) throw new Error('no passkey');
    await visit(part('passkey', 'show', openSession()));
    await press('show');
    await page.getByRole('heading', { name: 'Done' }).waitFor();
    await devtools.send('WebAuthn.removeCredential', { authenticatorId, credentialId: copy.credentialId });
    await devtools.send('WebAuthn.addCredential', { authenticatorId, credential: copy });
    const session = openSession();
    await visit(part('passkey', 'show', session));
    await press('show');
    await readStatus('Failed');
    expect(await page.locator('[data-age-passkey]').getAttribute('data-reason')).toBe('counter');
    expect(sessions.outcomes.has(session)).toBe(false);
  });

  it('without the person’s PIN or finger nothing is sent', async () => {
    await devtools.send('WebAuthn.setUserVerified', { authenticatorId, isUserVerified: false });
    await visit(part('passkey', 'register', finishCheck({ generation: await generation() })));
    await press('register');
    await readStatus('Cancelled');
    expect(requests.filter(({ path }) => path === '/v1/age/passkeys')).toEqual([]);
  });
});
