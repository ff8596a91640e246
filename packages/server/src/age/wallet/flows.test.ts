/** Simulated wallets through the real frame and the real verifier: every way, and what must not pass on each. */
import { X509Certificate } from 'node:crypto';
import { Socket } from 'node:net';
import { EU_AGE, MDL, x509HashClientId } from '@gatehouse/credential';
import { createTestAuthority, issueMdoc, issueSdJwt, SimulatedWallet, type Mdoc, type WalletTwist } from '@gatehouse/credential/simulator';
import { decodeJwt, decodeProtectedHeader, jwtVerify } from 'jose';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, inject, it, vi } from 'vitest';
import { createAgeDatabase, startAge, type TestAge } from '../../../test/support/age.ts';
import type { TestDatabase } from '../../../test/support/database.ts';
import { FORM, startTestServer, type TestReply, type TestServer } from '../../../test/support/http.ts';
import { ageDomain } from '../index.ts';
import type { AgeResult } from '../sessions/schema.ts';

const NOW = new Date('2026-11-25T12:00:00Z');
const SD_JWT_TYPE = 'https://issuer.example/age';
const JSON_TYPE = { 'content-type': 'application/json' };
const authority = createTestAuthority({ now: NOW });
const issue = (documentType: string, elements: Record<string, boolean>): Mdoc =>
  issueMdoc({ signer: authority.signer, documentType, namespace: documentType === MDL ? 'org.iso.18013.5.1' : documentType, elements, now: NOW });
const proof = issue(EU_AGE, { age_over_18: true });
const licence = issue(MDL, { age_over_18: true, age_over_21: false });
const sdJwt = { ...issueSdJwt({ signer: authority.signer, type: SD_JWT_TYPE, claims: { age_over_18: true }, now: NOW }), type: SD_JWT_TYPE };

let db: TestDatabase;
let test: TestAge;
let server: TestServer;
beforeAll(async () => {
  db = await createAgeDatabase();
});
afterAll(() => db.drop());
beforeEach(async () => {
  test = await startAge({ db, anchors: [authority.anchor], config: { ageSdJwtTypes: SD_JWT_TYPE } });
  const routes = [...(ageDomain.routes?.(test.age, test.context) ?? []), ...(ageDomain.pages?.(test.age, test.context) ?? [])];
  server = await startTestServer({ routes, clock: test.clock, authenticator: { authenticate: async () => undefined } });
});
afterEach(async () => {
  await test.dispose();
  await server.close();
});

const BASE = 'http://127.0.0.1:8080';
const pathOf = (url: string): string => url.slice(BASE.length);
const createWallet = (held: { mdocs?: readonly Mdoc[]; sdJwts?: readonly (typeof sdJwt)[] }, twist: WalletTwist = {}): SimulatedWallet =>
  new SimulatedWallet({ ...held, now: () => test.clock.now(), twist });

interface Scene {
  readonly id: string;
  readonly browser: Record<string, string>;
}

async function enter(input: Parameters<TestAge['open']>[0] = {}): Promise<Scene> {
  const { id } = await test.open(input);
  const page = await server.send('GET', `/age/${id}`);
  const cookie = [page.headers['set-cookie'] ?? []].flat()[0]?.split(';')[0] ?? '';
  return { id, browser: { cookie, 'sec-fetch-site': 'same-origin', origin: `http://${server.host}` } };
}

/** The links that the page holds, as a wallet gets them from the browser. */
async function press({ id, browser }: Scene): Promise<{ readonly eu: string; readonly haip: string }> {
  const page = await server.send('POST', `/age/${id}/wallet`, { headers: { ...browser, ...FORM }, body: 'channel=redirect' });
  const links = [...page.text.matchAll(/href="((?:av|openid4vp):[^"]+)"/g)].map(([, link]) => (link ?? '').replaceAll('&amp;', '&').replaceAll('&#39;', "'"));
  return { eu: links.find((link) => link.startsWith('av:')) ?? '', haip: links.find((link) => link.startsWith('openid4vp:')) ?? '' };
}

const fetchRequest = async (url: string, walletNonce: string): Promise<string> =>
  (await server.send('POST', pathOf(url), { headers: FORM, body: new URLSearchParams({ wallet_nonce: walletNonce }).toString() })).text;

async function answerLink(link: string, wallet: SimulatedWallet): Promise<TestReply> {
  const { url, form } = await wallet.answerLink(link, fetchRequest);
  return server.send('POST', pathOf(url), { headers: FORM, body: new URLSearchParams(form).toString() });
}

async function comeBack({ browser }: Scene, reply: TestReply): Promise<void> {
  expect(reply.status).toBe(200);
  const { redirect_uri: back } = reply.json as { redirect_uri: string };
  expect((await server.send('GET', pathOf(back), { headers: browser })).status).toBe(303);
}

const resultOf = ({ id }: Scene): Promise<AgeResult | undefined> => test.age.sessions.findResult(id);
const refusals = async (): Promise<string[]> =>
  [...(await test.context.metrics.render()).body.matchAll(/gatehouse_age_refusals_total\{code="(\w+)"\} 1/g)].map(([, code]) => code ?? '');

describe('links on this device', () => {
  it.each([
    ['the EU profile, by value', 'eu', { mdocs: [proof] }],
    ['the EU profile with a driving licence', 'eu', { mdocs: [licence] }],
    ['HAIP, signed, encrypted', 'haip', { mdocs: [proof] }],
    ['HAIP with a driving licence', 'haip', { mdocs: [licence] }],
    ['HAIP with an SD-JWT', 'haip', { sdJwts: [sdJwt] }],
  ] as const)('%s', async (_name, profile, held) => {
    const scene = await enter({ minGrade: 3 });
    const links = await press(scene);
    await comeBack(scene, await answerLink(links[profile], createWallet(held)));
    expect(await resultOf(scene)).toMatchObject({ result: 'true', grade: 3, method: 'wallet', kind: 'verified' });
    expect((await server.send('GET', `/age/${scene.id}`, { headers: scene.browser })).text).toContain('Continue to The Forum');
  });

  it('both profiles are one request: the first answer ends it', async () => {
    const scene = await enter();
    const links = await press(scene);
    const wallet = createWallet({ mdocs: [proof] });
    const [eu, haip] = [await wallet.answerLink(links.eu, fetchRequest), await wallet.answerLink(links.haip, fetchRequest)];
    expect(eu.url).toBe(haip.url);
    const post = ({ url, form }: typeof eu): Promise<TestReply> =>
      server.send('POST', pathOf(url), { headers: FORM, body: new URLSearchParams(form).toString() });
    expect((await Promise.all([post(eu), post(haip)])).map(({ status }) => status).toSorted()).toEqual([200, 410]);
    expect((await post(haip)).status).toBe(410);
  });

  it.each([
    [21, 'over', { age_over_18: true, age_over_21: false }, 'false'],
    [16, 'over', { age_over_18: true }, 'true'],
    [18, 'under', { age_over_18: false }, 'true'],
    [13, 'under', { age_over_16: true }, 'false'],
    [21, 'over', { age_over_18: true }, undefined],
  ] as const)('%i %s of %j is %s', async (threshold, direction, elements, result) => {
    const scene = await enter({ threshold, direction });
    const { eu } = await press(scene);
    const reply = await answerLink(eu, createWallet({ mdocs: [issue(EU_AGE, elements)] }));
    if (result !== undefined) await comeBack(scene, reply);
    expect((await resultOf(scene))?.result).toBe(result);
    if (result === undefined) expect((await server.send('GET', `/age/${scene.id}`, { headers: scene.browser })).text).toContain('could not answer');
  });
});

describe('a QR code', () => {
  it('leads another device to the same request; the grade is lower', async () => {
    const scene = await enter();
    const page = await server.send('POST', `/age/${scene.id}/wallet`, { headers: { ...scene.browser, ...FORM }, body: 'channel=qr' });
    const matchCode = /<strong class="match">(\d\d)<\/strong>/.exec(page.text)?.[1] ?? 'none';
    // The code of the page, as a camera would read it, is known to the service of this test only.
    const begun = await test.age.wallet.begin(scene.id, { header: (name) => scene.browser[name] }, 'qr');
    const landing = await server.send('GET', pathOf(begun.landingUrl));
    expect([matchCode.length, landing.text.includes(begun.matchCode), landing.headers['set-cookie']]).toEqual([2, true, undefined]);
    const reply = await answerLink(begun.links.haip, createWallet({ mdocs: [proof] }));
    expect([reply.status, reply.json]).toEqual([200, { redirect_uri: `${BASE}/age/done` }]);
    expect(await resultOf(scene)).toMatchObject({ result: 'true', grade: 2, method: 'wallet_other_device' });
  });
});

describe('the Digital Credentials API', () => {
  async function ask({ id, browser }: Scene): Promise<{ request: string; requests: { protocol: string; data: Record<string, unknown> }[] }> {
    return (await server.send('POST', `/age/${id}/dc/request`, { headers: browser })).json as {
      request: string;
      requests: { protocol: string; data: Record<string, unknown> }[];
    };
  }
  const give = ({ id, browser }: Scene, body: object): Promise<TestReply> =>
    server.send('POST', `/age/${id}/dc/response`, { headers: { ...browser, ...JSON_TYPE }, body: JSON.stringify(body) });

  it.each(['org-iso-mdoc', 'openid4vp-v1-signed', 'openid4vp-v1-unsigned'])('%s is offered and answered', async (protocol) => {
    const scene = await enter({ minGrade: 3 });
    const { request, requests } = await ask(scene);
    expect(requests.map((one) => one.protocol)).toEqual(['org-iso-mdoc', 'openid4vp-v1-signed', 'openid4vp-v1-unsigned']);
    const chosen = requests.filter((one) => one.protocol === protocol);
    const answer = await createWallet({ mdocs: [proof] }).answerDcApi(chosen, scene.browser['origin'] ?? '');
    expect((await give(scene, { request, ...answer })).json).toEqual({ status: 'completed' });
    expect(await resultOf(scene)).toMatchObject({ result: 'true', grade: 3, method: 'wallet' });
  });

  it.each(['org-iso-mdoc', 'openid4vp-v1-signed', 'openid4vp-v1-unsigned'])('%s: an answer for another origin is refused, and used up', async (protocol) => {
    const scene = await enter();
    const { request, requests } = await ask(scene);
    const chosen = requests.filter((one) => one.protocol === protocol);
    const answer = await createWallet({ mdocs: [proof] }).answerDcApi(chosen, 'https://evil.example');
    expect((await give(scene, { request, ...answer })).status).toBe(422);
    const good = await createWallet({ mdocs: [proof] }).answerDcApi(chosen, scene.browser['origin'] ?? '');
    expect((await give(scene, { request, ...good })).status).toBe(410);
    expect(await resultOf(scene)).toBeUndefined();
  });

  it('an old answer to a new request is refused', async () => {
    const scene = await enter();
    const first = await ask(scene);
    const answer = await createWallet({ mdocs: [proof] }).answerDcApi(first.requests, scene.browser['origin'] ?? '');
    const { request } = await ask(scene);
    expect((await give(scene, { request, ...answer })).status).toBe(422);
    expect(await refusals()).toEqual(['response_decryption']);
  });

  it('answers that are none are refused', async () => {
    const scene = await enter();
    const first = await ask(scene);
    expect((await give(scene, { request: first.request, protocol: 'org-iso-mdoc', data: { response: 'a'.repeat(70_000) } })).status).toBe(400);
    for (const data of [{}, { response: 'x' }, 'text', { response: 1 }]) {
      const { request } = await ask(scene);
      expect((await give(scene, { request, protocol: 'org-iso-mdoc', data })).status).toBe(422);
    }
  });
});

describe('what must not pass', () => {
  const stranger = createTestAuthority({ now: NOW, name: 'Stranger' });
  const untrusted = issueMdoc({ signer: stranger.signer, documentType: EU_AGE, namespace: EU_AGE, elements: { age_over_18: true }, now: NOW });
  const contradiction = issue(EU_AGE, { age_over_16: false, age_over_25: true });

  it.each([
    ['another nonce', proof, { session: { nonce: 'AAAAAAAAAAAAAAAAAAAAAA' } }, 'device_signature'],
    ['another client', proof, { session: { clientId: 'redirect_uri:https://evil.example' } }, 'device_signature'],
    ['another address', proof, { session: { responseUri: 'https://evil.example' } }, 'device_signature'],
    ['a payload that comes along', proof, { mdoc: { isAttached: true } }, 'device_payload_attached'],
    ['another device', proof, { mdoc: { deviceKey: licence.deviceKey.privateKey } }, 'device_signature'],
    ['an issuer that nobody trusts', untrusted, {}, 'chain_untrusted'],
    ['a contradiction', contradiction, {}, 'age_contradiction'],
    ['another state', proof, { answer: (answer: Record<string, unknown>) => void (answer['state'] = 'x') }, 'response_state'],
  ] as const)('%s', async (_name, held, twist, code) => {
    const scene = await enter();
    const { eu } = await press(scene);
    const reply = await answerLink(eu, createWallet({ mdocs: [held] }, twist));
    expect([reply.status, Reflect.get(Object(reply.json), 'code')]).toEqual([422, 'age_not_accepted']);
    expect(JSON.stringify(reply.json)).not.toContain(code);
    expect(await refusals()).toEqual([code]);
    expect(await resultOf(scene)).toBeUndefined();
    expect((await server.send('GET', `/age/${scene.id}`, { headers: scene.browser })).text).toContain('Your proof was not accepted.');
  });

  it('what was asked encrypted comes encrypted: the clear answer of one profile is none to the other', async () => {
    const scene = await enter();
    const { haip } = await press(scene);
    const token = await fetchRequest(new URL(haip).searchParams.get('request_uri') ?? '', 'abc');
    const clear = await createWallet({ mdocs: [proof] }).answerRequest({ ...decodeJwt(token), response_mode: 'direct_post' });
    expect((await server.send('POST', pathOf(clear.url), { headers: FORM, body: new URLSearchParams(clear.form).toString() })).status).toBe(422);
  });

  it('a replay in a session of its own', async () => {
    const [victim, thief] = [await enter(), await enter()];
    const wallet = createWallet({ mdocs: [proof] });
    const seen = await wallet.answerLink((await press(victim)).eu, fetchRequest);
    const own = await wallet.answerLink((await press(thief)).eu, fetchRequest);
    const stolen = new URLSearchParams({ ...seen.form, state: own.form['state'] ?? '' });
    expect((await server.send('POST', pathOf(own.url), { headers: FORM, body: stolen.toString() })).status).toBe(422);
    expect(await resultOf(thief)).toBeUndefined();
  });
});

/**
 * The verifier modules of the OpenID conformance suite for OpenID4VP 1.0, by name, re-created with the simulated wallet (the suite itself needs
 * Docker). HAIP: signed request by reference, direct_post.jwt. Accepted means 200 and a result; refused a 4xx and none.
 */
describe('the modules of the conformance suite', () => {
  type Forge = NonNullable<WalletTwist['sdJwt']>;
  const flip = (text: string): string => `${text.startsWith('A') ? 'B' : 'A'}${text.slice(1)}`;
  const badlySigned = { ...sdJwt, jwt: sdJwt.jwt.replace(/[^.]+$/, flip) };
  const nowS = NOW.getTime() / 1000;
  const change = (payload: (claims: Record<string, unknown>) => void): WalletTwist => ({ sdJwt: { payload } });

  async function run(
    held: { mdocs?: readonly Mdoc[]; sdJwts?: readonly (typeof sdJwt)[] },
    twist: WalletTwist = {},
  ): Promise<[status: number, result: string | undefined]> {
    const scene = await enter();
    const { haip } = await press(scene);
    const reply = await answerLink(haip, createWallet(held, twist));
    if (reply.status === 200) await comeBack(scene, reply);
    return [reply.status, (await resultOf(scene))?.result];
  }

  it.each([
    ['happy-flow (SD-JWT VC)', { sdJwts: [sdJwt] }],
    ['happy-flow (mdoc)', { mdocs: [proof] }],
  ] as const)('%s', async (_name, held) => {
    expect(await run(held)).toEqual([200, 'true']);
  });

  it('minimal-cnf-jwk: the holder’s key without kid, use and alg', async () => {
    const { cnf } = decodeJwt<{ cnf: { jwk: object } }>(sdJwt.jwt);
    expect(Object.keys(cnf.jwk).toSorted()).toEqual(['crv', 'kty', 'x', 'y']);
    expect(await run({ sdJwts: [sdJwt] })).toEqual([200, 'true']);
  });

  it('request-uri-method-post: the nonce of the wallet is in the request', async () => {
    const { haip } = await press(await enter());
    const token = await fetchRequest(new URL(haip).searchParams.get('request_uri') ?? '', 'of-the-wallet');
    expect(decodeJwt(token)['wallet_nonce']).toBe('of-the-wallet');
  });

  it('request-uri-fetched-twice', async () => {
    const scene = await enter();
    const { haip } = await press(scene);
    await fetchRequest(new URL(haip).searchParams.get('request_uri') ?? '', 'first');
    await comeBack(scene, await answerLink(haip, createWallet({ mdocs: [proof] })));
    expect((await resultOf(scene))?.result).toBe('true');
  });

  it.each<[string, object, WalletTwist, string]>([
    ['invalid-session-transcript', { mdocs: [proof] }, { mdoc: { transcript: Buffer.from('83f6f6f6', 'hex') } }, 'device_signature'],
    ['invalid-sd-hash', { sdJwts: [sdJwt] }, change((claims) => void (claims['sd_hash'] = flip(String(claims['sd_hash'])))), 'kb_sd_hash'],
    ['invalid-kb-jwt-signature', { sdJwts: [sdJwt] }, { sdJwt: { text: (text: string) => text.replace(/[^.]+$/, flip) } satisfies Forge }, 'kb_signature'],
    ['invalid-kb-jwt-nonce', { sdJwts: [sdJwt] }, change((claims) => void (claims['nonce'] = 'another')), 'kb_nonce'],
    ['invalid-kb-jwt-aud', { sdJwts: [sdJwt] }, change((claims) => void (claims['aud'] = 'x509_hash:another')), 'kb_audience'],
    ['invalid-credential-signature', { sdJwts: [badlySigned] }, {}, 'issuer_signature'],
    ['kb-jwt-iat-in-past', { sdJwts: [sdJwt] }, change((claims) => void (claims['iat'] = nowS - 86_400)), 'kb_stale'],
    ['kb-jwt-iat-in-future', { sdJwts: [sdJwt] }, change((claims) => void (claims['iat'] = nowS + 86_400)), 'kb_future'],
  ])('%s', async (_name, held, twist, code) => {
    expect(await run(held, twist)).toEqual([422, undefined]);
    expect(await refusals()).toEqual([code]);
  });
});

describe('the network', () => {
  it('is not used: no issuer and no list learns that its credential was shown', async () => {
    const connect = vi.spyOn(Socket.prototype, 'connect');
    try {
      const scene = await enter();
      for (const held of [{ mdocs: [proof] }, { sdJwts: [sdJwt] }]) await answerLink((await press(scene)).haip, createWallet(held));
      // Our own two ends: the server of this test, and PostgreSQL.
      const { host, port } = inject('postgres');
      const own = new Set([String(server.port), String(port), [host, '/.s.PGSQL.', port].join('')]);
      const targets = connect.mock.calls.flat(2).flatMap((target: unknown) => {
        if (typeof target === 'string' || typeof target === 'number') return [String(target)];
        const found: unknown = Reflect.get(Object(target), 'path') ?? Reflect.get(Object(target), 'port');
        return found === undefined ? [] : [String(found)];
      });
      expect(targets.length).toBeGreaterThan(3);
      expect(targets.filter((target) => !own.has(target) && target !== host)).toEqual([]);
    } finally {
      connect.mockRestore();
    }
  });
});

describe('the signed request', () => {
  it('is what HAIP asks for', async () => {
    const { haip } = await press(await enter());
    const parameters = new URL(haip).searchParams;
    expect(parameters.get('request_uri_method')).toBe('post');
    const token = await fetchRequest(parameters.get('request_uri') ?? '', 'wallet-nonce-1');
    const { alg, typ, x5c = [] } = decodeProtectedHeader(token);
    expect([alg, typ, x5c.length]).toEqual(['ES256', 'oauth-authz-req+jwt', 1]);
    const raw = Buffer.from(x5c[0] ?? '', 'base64');
    const { payload } = await jwtVerify(token, new X509Certificate(raw).publicKey, { audience: 'https://self-issued.me/v2', currentDate: test.clock.now() });
    expect(payload).toMatchObject({
      client_id: x509HashClientId({ chain: [raw] }),
      response_mode: 'direct_post.jwt',
      response_type: 'vp_token',
      wallet_nonce: 'wallet-nonce-1',
      exp: NOW.getTime() / 1000 + 120,
    });
    expect(payload['nonce']).toMatch(/^[\w-]{22}$/);
    expect(parameters.get('client_id')).toBe(payload['client_id']);
  });

  it('can be fetched again until it is answered', async () => {
    const { haip } = await press(await enter());
    const uri = new URL(haip).searchParams.get('request_uri') ?? '';
    const nonces = [decodeJwt(await fetchRequest(uri, 'a'))['nonce'], decodeJwt((await server.send('GET', pathOf(uri))).text)['nonce']];
    expect(nonces[0]).toBe(nonces[1]);
    await answerLink(haip, createWallet({ mdocs: [proof] }));
    expect((await server.send('GET', pathOf(uri))).status).toBe(410);
  });
});
