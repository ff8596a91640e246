/** A whole application with everything that the page of an age check can show: wallets, providers, a service with a place for children. */
import { X509Certificate } from 'node:crypto';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { EU_AGE } from '@gatehouse/credential';
import { createTestAuthority, issueMdoc, SimulatedWallet } from '@gatehouse/credential/simulator';
import type { Page } from 'playwright-core';
import { systemClock, type Clock } from '../../src/platform/clock.ts';
import { startTestApp, type TestApp } from '../support/app.ts';

export interface AskedSession {
  readonly id: string;
  readonly url: string;
  readonly clientToken: string;
}

export interface AgeScene {
  readonly app: TestApp;
  /** http://localhost:<port>: passkeys need a name. */
  readonly origin: string;
  /** Where the services are. */
  readonly site: string;
  readonly clock: { offsetMs: number };
  /** Asks "18 or older?" for `forum`, which has a place for children, unless told otherwise. */
  ask(change?: object): Promise<AskedSession>;
  cancel(session: AskedSession): Promise<void>;
  /** The signed result, decoded and not verified. */
  readResult(session: AskedSession): Promise<Record<string, unknown>>;
  /** What a wallet does with a link: where it sends the person. */
  answerLink(link: string, answer?: 'true' | 'false' | 'forged' | 'declined'): Promise<string>;
  /** What the page's code says: a camera would read it. */
  readLandingUrl(): string;
  stop(): Promise<void>;
}

/** A title of the operator's: it stays as it is in every language. */
export const DOCUMENT_TITLE = 'Photo of an identity document';
export const EMAIL_TITLE = 'E-mail address';
export const PHONE_TITLE = 'Mobile number';
export const PROVIDER_DATA = ['picture of the document', 'picture of the face'] as const;
export const PROVIDER_RETENTION = '28 days';

export async function startAgeScene(): Promise<AgeScene> {
  const now = systemClock.now();
  const authority = createTestAuthority({ now });
  const clock = { offsetMs: 0 };
  const own: Clock = { ...systemClock, now: () => new Date(systemClock.now().getTime() + clock.offsetMs) };
  const site = await listen(
    createServer((_request, response) => response.setHeader('content-type', 'text/html').end('<!DOCTYPE html><title>Site</title><h1>Site</h1>')),
  );
  const contact = await listen(createServer((_request, response) => response.setHeader('content-type', 'application/json').end('{"id":"c-1","adult":true}')));
  const port = await findPort();
  const folder = await writeProviders(contact.host);
  const origin = `http://localhost:${port}`;
  const app = await startTestApp({
    config: { port, publicUrl: origin, ageProvidersFile: join(folder, 'providers.json'), outboundAllow: [contact.host], ageAttempts: 3 },
    clock: own,
  });
  let landingUrl = '';
  const { wallet } = app.app.services.age;
  const begin = wallet.begin.bind(wallet);
  Object.assign(wallet, {
    async begin(...asked: Parameters<typeof begin>) {
      const begun = await begin(...asked);
      ({ landingUrl } = begun);
      return begun;
    },
  });
  const send = async (path: string, body: object): Promise<Response> =>
    app.call(path, { method: 'POST', headers: { 'content-type': 'application/json' }, body: JSON.stringify(body) });
  await send('/v1/age/trust/lists', {
    name: 'simulated',
    content: Buffer.from(new X509Certificate(authority.root.certificate).toString()).toString('base64'),
    assurance: 'high',
  });
  const siteUrl = `http://${site.host}`;
  const named = { name: 'The Forum', returnOrigins: [siteUrl] };
  await send('/v1/age/services', { id: 'forum', ...named, underUrl: `${siteUrl}/children?from=age`, helpUrl: 'https://forum.example/help' });
  await send('/v1/age/services', { id: 'plain', ...named });
  const read = async ({ id, clientToken }: AskedSession): Promise<{ result: string }> =>
    (await (await app.call(`/v1/age/sessions/${id}`, { headers: { 'gatehouse-client-token': clientToken } })).json()) as { result: string };
  return {
    app,
    origin,
    site: siteUrl,
    clock,
    ask: async (change = {}) =>
      (await (
        await send('/v1/age/sessions', { threshold: 18, service: 'forum', returnUrl: `${siteUrl}/back?own=1`, locale: 'en', ...change })
      ).json()) as AskedSession,
    async cancel({ id, clientToken }) {
      await app.call(`/v1/age/sessions/${id}`, { method: 'DELETE', headers: { 'gatehouse-client-token': clientToken } });
    },
    async readResult(session) {
      const { result } = await read(session);
      return JSON.parse(Buffer.from(result.split('.')[1] ?? '', 'base64url').toString()) as Record<string, unknown>;
    },
    async answerLink(link, answer = 'true') {
      if (answer === 'declined') return decline(link);
      const signer = answer === 'forged' ? createTestAuthority({ now }).signer : authority.signer;
      const mdoc = issueMdoc({ signer, documentType: EU_AGE, namespace: EU_AGE, elements: { age_over_18: answer !== 'false' }, now: own.now() });
      const phone = new SimulatedWallet({ mdocs: [mdoc], now: own.now });
      const post = await phone.answerLink(link, async (uri, nonce) =>
        (await fetch(uri, { method: 'POST', body: new URLSearchParams({ wallet_nonce: nonce }) })).text(),
      );
      const reply = await fetch(post.url, { method: 'POST', body: new URLSearchParams(post.form) });
      return reply.ok ? ((await reply.json()) as { redirect_uri: string }).redirect_uri : '';
    },
    readLandingUrl: () => landingUrl,
    async stop() {
      await app.stop();
      site.server.close();
      contact.server.close();
      await rm(folder, { recursive: true, force: true });
    },
  };
}

async function decline(link: string): Promise<string> {
  const rid = /request(?:%2F|\/)([0-9a-f]{40})/.exec(link)?.[1] ?? '';
  const uri = new URL(link).searchParams.get('request_uri') ?? '';
  const reply = await fetch(`${new URL(uri).origin}/age/wallet/response/${rid}`, { method: 'POST', body: new URLSearchParams({ error: 'access_denied' }) });
  return ((await reply.json()) as { redirect_uri: string }).redirect_uri;
}

interface Listening {
  readonly server: Server;
  readonly host: string;
}

async function listen(server: Server): Promise<Listening> {
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return { server, host: `127.0.0.1:${(server.address() as AddressInfo).port}` };
}

async function findPort(): Promise<number> {
  const { server, host } = await listen(createServer());
  await new Promise((resolve) => server.close(resolve));
  return Number(host.split(':')[1]);
}

async function writeProviders(contactHost: string): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'gatehouse-providers-'));
  await writeFile(join(folder, 'key'), 'secret');
  const contact = (id: string, field: 'email' | 'phone', title: string): object => ({
    adapter: 'contact',
    id,
    declaration: { title, kind: field === 'email' ? 'email' : 'mobile_operator', basis: 'verifies' },
    settings: {
      field,
      startUrl: `http://${contactHost}/start`,
      confirmUrl: `http://${contactHost}/confirm`,
      apiKeyFile: 'key',
      answer: { kind: 'flag', path: 'adult' },
    },
  });
  const declaration = { title: DOCUMENT_TITLE, kind: 'photo_id', basis: 'verifies', data: PROVIDER_DATA, retention: PROVIDER_RETENTION, canSayUnder: true };
  const providers = [{ adapter: 'sandbox', id: 'document', declaration }, contact('mail', 'email', EMAIL_TITLE), contact('mobile', 'phone', PHONE_TITLE)];
  await writeFile(join(folder, 'providers.json'), JSON.stringify({ providers }));
  return folder;
}

/** The links of the page that opens wallets. */
export async function readLink(page: Page, scheme: 'openid4vp' | 'av' = 'openid4vp'): Promise<string> {
  return (await page.locator(`a[href^="${scheme}:"]`).getAttribute('href')) ?? '';
}
