/** The age check in the whole application, as it is started for everybody: trust list, service, page, simulated wallet, signed callback. */
import { X509Certificate } from 'node:crypto';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { text } from 'node:stream/consumers';
import { EU_AGE } from '@gatehouse/credential';
import { createTestAuthority, issueMdoc, SimulatedWallet } from '@gatehouse/credential/simulator';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { verifyAgeResultOffline } from '../src/age/index.ts';
import { systemClock } from '../src/platform/clock.ts';
import { startTestApp, type TestApp } from './support/app.ts';

const authority = createTestAuthority({ now: systemClock.now() });
const proof = issueMdoc({ signer: authority.signer, documentType: EU_AGE, namespace: EU_AGE, elements: { age_over_18: true }, now: systemClock.now() });
const wallet = new SimulatedWallet({ mdocs: [proof], now: systemClock.now });

let app: TestApp;
let receiver: Server;
let hook = '';
let onCallback: (body: string) => void = () => undefined;
beforeAll(async () => {
  receiver = createServer((request, response) => {
    text(request)
      .then((body) => {
        onCallback(body);
        response.writeHead(204).end();
      })
      // Whoever called went away while it was speaking.
      .catch(() => response.destroy());
  });
  await new Promise<void>((resolve) => receiver.listen(0, '127.0.0.1', resolve));
  hook = `http://127.0.0.1:${(receiver.address() as AddressInfo).port}/hook`;
  app = await startTestApp({ config: { outboundAllow: [new URL(hook).host] } });
});
afterAll(async () => {
  await app.stop();
  receiver.close();
});

async function send<T>(path: string, body: object, headers: Record<string, string> = {}): Promise<T> {
  const reply = await app.call(path, { method: 'POST', body: JSON.stringify(body), headers: { 'content-type': 'application/json', ...headers } });
  expect([path, reply.status < 300]).toEqual([path, true]);
  return (reply.status === 204 ? undefined : await reply.json()) as T;
}

/** A person with a browser and a wallet on it. */
async function answer(url: string): Promise<void> {
  const page = await fetch(url);
  const headers = { cookie: page.headers.getSetCookie()[0]?.split(';')[0] ?? '' };
  const asked = await fetch(`${url}/wallet`, { method: 'POST', headers, body: new URLSearchParams({ channel: 'redirect' }) });
  const link = /href="(openid4vp:[^"]+)"/.exec(await asked.text())?.[1]?.replaceAll('&amp;', '&') ?? '';
  const post = await wallet.answerLink(link, async (uri, nonce) =>
    (await fetch(uri, { method: 'POST', body: new URLSearchParams({ wallet_nonce: nonce }) })).text(),
  );
  const taken = (await (await fetch(post.url, { method: 'POST', body: new URLSearchParams(post.form) })).json()) as { redirect_uri: string };
  expect((await fetch(taken.redirect_uri, { headers })).url).toBe(url);
}

it('a service asks, a person answers, the service learns it and nothing else; a muted issuer takes it back', async () => {
  const list = new X509Certificate(authority.root.certificate).toString();
  const { added } = await send<{ added: string[] }>('/v1/age/trust/lists', {
    name: 'simulated',
    content: Buffer.from(list).toString('base64'),
    assurance: 'high',
  });
  await send('/v1/age/services', { id: 'forum', name: 'The Forum', returnOrigins: ['https://forum.example'], callbackUrl: hook });
  const question = { threshold: 18, service: 'forum', returnUrl: 'https://forum.example/', minGrade: 3 };
  const { id, url, clientToken } = await send<{ id: string; url: string; clientToken: string }>('/v1/age/sessions', question);
  const called = new Promise<string>((resolve) => {
    onCallback = resolve;
  });
  await answer(url);
  const view = (await (await app.call(`/v1/age/sessions/${id}`, { headers: { 'gatehouse-client-token': clientToken } })).json()) as {
    state: string;
    result: string;
  };
  expect(view.state).toBe('completed');
  const { data } = JSON.parse(await called) as { data: { id: string; result: string } };
  expect(data).toEqual({ id, service: 'forum', result: view.result });
  const jwks = (await (await fetch(`${app.url}/.well-known/gatehouse-age.json`)).json()) as Parameters<typeof verifyAgeResultOffline>[1];
  const checked = await verifyAgeResultOffline(view.result, jwks, { now: systemClock.now(), audience: 'forum', session: id });
  expect(checked).toMatchObject({ valid: true, claims: { over: 18, result: 'true', grade: 3, method: 'wallet' } });
  await send(`/v1/age/trust/anchors/${added[0]}/mute`, { reason: 'drill' });
  expect(await send('/v1/age/results/verify', { result: view.result, service: 'forum' })).toEqual({ valid: false, reason: 'voided' });
});
