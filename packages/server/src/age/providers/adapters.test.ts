import { createHmac } from 'node:crypto';
import { createServer, type IncomingMessage, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { exportJWK, generateKeyPair, SignJWT } from 'jose';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { describeFormProvider, describeRedirectProvider, makeStart, type Scripted } from '../../../test/support/age-provider-contract.ts';
import { createOutbound } from '../../platform/outbound.ts';
import { createContactProvider } from './contact-provider.ts';
import { createOidcProvider, OidcSettingsSchema } from './oidc-provider.ts';
import { createSandboxProvider, signChoice } from './sandbox-provider.ts';
import { DeclarationSchema, type ProviderTools } from './schema.ts';
import { createSessionProvider, fillIn, SessionSettingsSchema } from './session-provider.ts';

const declaration = DeclarationSchema.parse({ title: 'Tested', kind: 'digital_id', basis: 'verifies', canSayUnder: true });
const NOW = new Date('2026-11-25T12:00:00Z');

interface Call {
  readonly method: string;
  readonly path: string;
  readonly headers: IncomingMessage['headers'];
  readonly body: string;
}

let server: Server;
let base = '';
let answer: (call: Call) => { readonly status?: number; readonly body: unknown } | Promise<{ readonly status?: number; readonly body: unknown }> = () => ({
  body: {},
});
const calls: Call[] = [];
const outbound = createOutbound(['127.0.0.1']);
const tools: ProviderTools = { send: (call) => outbound.send(call), now: () => NOW };

beforeAll(async () => {
  server = createServer((request, response) => {
    const parts: Buffer[] = [];
    request.on('data', (part: Buffer) => parts.push(part));
    request.on('end', () => {
      const call = { method: request.method ?? '', path: request.url ?? '', headers: request.headers, body: Buffer.concat(parts).toString() };
      calls.push(call);
      Promise.resolve(call)
        .then((called) => answer(called))
        .then(({ status = 200, body }) => {
          response.writeHead(status, { 'content-type': 'application/json' });
          response.end(typeof body === 'string' ? body : JSON.stringify(body));
        })
        // What a script throws ends the call, and with it the test that waits for it.
        .catch(() => response.destroy());
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  base = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
});

afterAll(async () => {
  await outbound.close();
  await new Promise((resolve) => server.close(resolve));
});

describeRedirectProvider('sandbox', () => ({
  provider: createSandboxProvider({ id: 'sandbox', declaration }),
  async visit(redirectUrl, scripted) {
    const state = new URL(redirectUrl).searchParams.get('state') ?? '';
    const choice = scripted.says === 'unclear' ? 'inconclusive' : scripted.says;
    // It runs in this process: the only fault that it can have is a forged signature.
    if (scripted.says === 'fault') throw new Error('not for the sandbox');
    return new URLSearchParams({ state, choice, years: '', signature: signChoice(state, `${choice}:`) });
  },
  forge: ({ state }) => new URLSearchParams({ state, choice: 'over', years: '', signature: signChoice('another state', 'over:') }),
  skips: ['nonsense', 'fault'],
}));

function openSession(): Parameters<typeof createSessionProvider>[0]['settings'] {
  return SessionSettingsSchema.parse({
    createUrl: `${base}/sessions`,
    createBody: {
      type: 'OVER',
      threshold: '{threshold}',
      reference: 'gatehouse-{state}',
      callback: { url: '{callbackUrl}' },
      notification_url: '{webhookUrl}',
    },
    resultUrl: `${base}/sessions/{id}/result`,
    apiKey: 'key-of-the-operator',
    pageUrl: `${base}/page?session={id}`,
    answer: { kind: 'flag', path: 'result.over' },
    webhookSecret: 'a secret of the webhook',
  });
}

const RESULTS = {
  over: { status: 'COMPLETE', result: { over: true } },
  under: { status: 'COMPLETE', result: { over: false } },
  declined: { status: 'CANCELLED' },
  unclear: { status: 'COMPLETE', result: {} },
  nonsense: { status: 'COMPLETE', result: { over: 'yes' } },
} as const;

function scriptSession(scripted: Scripted): void {
  answer = ({ method }) => {
    if (method === 'POST') return { status: 201, body: { id: 'session/1' } };
    return scripted.says === 'fault' ? { status: scripted.status, body: {} } : { body: RESULTS[scripted.says] };
  };
}

describeRedirectProvider('session with an API', () => {
  let opened = 0;
  answer = () => ({ status: 201, body: { id: `session/${++opened}` } });
  return {
    provider: createSessionProvider({ id: 'hosted', declaration, settings: openSession(), tools }),
    async visit(_url, scripted) {
      scriptSession(scripted);
      return new URLSearchParams({ state: makeStart().state, result: 'over' });
    },
    forge: () => new URLSearchParams({ result: 'over', session: 'session/1' }),
  };
});

describe('session with an API', () => {
  it('asks with the key, fills in what is asked, and quotes ids into addresses', async () => {
    scriptSession({ says: 'over' });
    const provider = createSessionProvider({ id: 'hosted', declaration, settings: openSession(), tools });
    calls.length = 0;
    const start = makeStart();
    const { redirectUrl, reference } = await provider.start(start);
    await provider.finish({ query: new URLSearchParams(), start, reference });
    expect(redirectUrl).toBe(`${base}/page?session=session%2F1`);
    expect(calls.map(({ method, path, headers }) => [method, path, headers.authorization])).toEqual([
      ['POST', '/sessions', 'Bearer key-of-the-operator'],
      ['GET', '/sessions/session%2F1/result', 'Bearer key-of-the-operator'],
    ]);
    expect(JSON.parse(calls[0]?.body ?? '')).toEqual({
      type: 'OVER',
      threshold: 18,
      reference: `gatehouse-${start.state}`,
      callback: { url: start.callbackUrl },
      notification_url: start.webhookUrl,
    });
    expect(fillIn(['{constructor}', '{unknown}', 3, undefined], start)).toEqual(['{constructor}', '{unknown}', 3, undefined]);
  });

  it('takes estimates as estimates, and waits while the provider does', async () => {
    const settings = { ...openSession(), answer: { kind: 'years', path: 'age' } as const };
    const estimator = DeclarationSchema.parse({ title: 'Face', kind: 'facial_estimation', basis: 'estimates' });
    const provider = createSessionProvider({ id: 'face', declaration: estimator, settings, tools });
    answer = () => ({ body: { status: 'COMPLETE', age: 27.4 } });
    expect(await provider.finish({ query: new URLSearchParams(), start: makeStart(), reference: 'x' })).toEqual({ outcome: 'estimated', years: 27.4 });
    answer = () => ({ body: { status: 'PENDING' } });
    expect(await provider.finish({ query: new URLSearchParams(), start: makeStart(), reference: 'x' })).toEqual({ outcome: 'pending' });
  });

  it('takes a credit card for an adult only when it is a credit card and its owner was authenticated', async () => {
    const settings = SessionSettingsSchema.parse({
      createUrl: `${base}/checkout`,
      createBody: { mode: 'setup', amount: 0, metadata: { state: '{state}' }, success_url: '{callbackUrl}' },
      resultUrl: `${base}/checkout/{id}`,
      apiKey: 'key',
      conditions: { 'card.funding': 'credit', 'card.three_d_secure.result': 'authenticated' },
    });
    const card = DeclarationSchema.parse({ title: 'Credit card', kind: 'credit_card', basis: 'verifies', thresholds: [18] });
    const provider = createSessionProvider({ id: 'card', declaration: card, settings, tools });
    const ask = async (details: object): Promise<string> => {
      answer = () => ({ body: { status: 'complete', card: details } });
      return (await provider.finish({ query: new URLSearchParams(), start: makeStart(), reference: 'x' })).outcome;
    };
    expect(await ask({ funding: 'credit', three_d_secure: { result: 'authenticated' } })).toBe('verified');
    expect(await ask({ funding: 'debit', three_d_secure: { result: 'authenticated' } })).toBe('inconclusive');
    expect(await ask({ funding: 'prepaid', three_d_secure: { result: 'authenticated' } })).toBe('inconclusive');
    expect(await ask({ funding: 'credit', three_d_secure: { result: 'attempted' } })).toBe('inconclusive');
    expect(await ask({ funding: 'credit' })).toBe('inconclusive');
  });

  const sign = (
    body: string,
    options: { readonly secret?: string; readonly at?: Date } = {},
  ): { body: string; header: (name: string) => string | undefined } => {
    const time = Math.floor((options.at ?? NOW).getTime() / 1000);
    const signature = createHmac('sha256', options.secret ?? 'a secret of the webhook')
      .update(`${time}.${body}`)
      .digest('hex');
    return { body, header: (name) => (name === 'x-signature' ? `t=${time},v1=${signature}` : undefined) };
  };

  it('believes a webhook only with its signature, and not for long', async () => {
    const provider = createSessionProvider({ id: 'hosted', declaration, settings: openSession(), tools });
    const read = provider.readWebhook?.bind(provider);
    if (read === undefined) throw new Error('it has webhooks');
    const body = JSON.stringify({ id: 'session/1', status: 'COMPLETE', result: { over: true } });
    // The answer is fetched: the webhook is only the bell.
    expect(await read(sign(body))).toEqual({ reference: 'session/1', answer: undefined });
    const refused = { code: 'answer_not_authentic' };
    await expect(read(sign(body, { secret: 'another secret here' }))).rejects.toMatchObject(refused);
    await expect(read({ ...sign(body), body: body.replace('1', '2') })).rejects.toMatchObject(refused);
    await expect(read(sign(body, { at: new Date(NOW.getTime() - 301_000) }))).rejects.toMatchObject(refused);
    await expect(read(sign(body, { at: new Date(NOW.getTime() + 301_000) }))).rejects.toMatchObject(refused);
    for (const header of [undefined, '', 't=1', `t=1,v1=${'0'.repeat(64)}`, 't=1,v1=zz'])
      await expect(read({ body, header: () => header })).rejects.toMatchObject(refused);
    await expect(read(sign('not json'))).rejects.toMatchObject({ code: 'answer_not_understood' });
  });
});

describeFormProvider('e-mail check', () => {
  let next: Scripted = { says: 'over' };
  answer = ({ path, body }) => {
    if (next.says === 'fault') return { status: next.status, body: {} };
    if (path === '/start') return { body: { id: 'check-1' } };
    const { code } = JSON.parse(body) as { code: string };
    if (code !== '123456') return { status: 422, body: {} };
    return { body: next.says === 'unclear' ? {} : { adult: next.says === 'over' } };
  };
  return {
    provider: createContactProvider({
      id: 'email',
      declaration: { ...declaration, kind: 'email' },
      settings: {
        field: 'email',
        startUrl: `${base}/start`,
        confirmUrl: `${base}/confirm`,
        apiKey: 'key',
        idPath: 'id',
        answer: { kind: 'flag', path: 'adult' },
      },
      tools,
    }),
    value: 'person@example.org',
    code: '123456',
    script: (scripted) => (next = scripted),
  };
});

describe('OpenID Connect', () => {
  let keys: Awaited<ReturnType<typeof generateKeyPair>>;
  let other: Awaited<ReturnType<typeof generateKeyPair>>;
  beforeAll(async () => {
    keys = await generateKeyPair('ES256', { extractable: true });
    other = await generateKeyPair('ES256', { extractable: true });
  });

  interface Twist {
    readonly claims?: Record<string, unknown>;
    readonly drop?: readonly string[];
    readonly key?: 'other';
    readonly token?: string;
    readonly userinfo?: Record<string, unknown>;
    readonly status?: number;
  }

  const open = (twist: Twist = {}, settings: Record<string, unknown> = {}): ReturnType<typeof createOidcProvider> => {
    answer = async ({ path }) => {
      if (path === '/.well-known/openid-configuration')
        return {
          body: {
            issuer: base,
            authorization_endpoint: `${base}/auth`,
            token_endpoint: `${base}/token`,
            jwks_uri: `${base}/jwks`,
            userinfo_endpoint: `${base}/me`,
          },
        };
      if (path === '/jwks') return { body: { keys: [{ ...(await exportJWK(keys.publicKey)), alg: 'ES256', kid: '1', use: 'sig' }] } };
      if (path === '/me') return { body: twist.userinfo ?? { sub: 'pairwise' } };
      if (twist.status !== undefined) return { status: twist.status, body: {} };
      const nowS = NOW.getTime() / 1000;
      const claims: Record<string, unknown> = {
        iss: base,
        aud: 'client',
        sub: 'pairwise',
        iat: nowS,
        exp: nowS + 300,
        nonce: makeStart().nonce,
        age_over_18: true,
        ...twist.claims,
      };
      for (const name of twist.drop ?? []) delete claims[name];
      const token = await new SignJWT(claims).setProtectedHeader({ alg: 'ES256', kid: '1' }).sign((twist.key === 'other' ? other : keys).privateKey);
      return { body: { access_token: 'access', token_type: 'Bearer', id_token: twist.token ?? token } };
    };
    return createOidcProvider({
      id: 'bank',
      declaration,
      settings: OidcSettingsSchema.parse({
        issuer: base,
        clientId: 'client',
        clientSecret: 's:e c',
        scope: 'openid age_over_{threshold}',
        answer: { kind: 'flag', path: 'age_over_{threshold}' },
        ...settings,
      }),
      tools,
    });
  };
  const back = (change: Record<string, string> = {}): Parameters<ReturnType<typeof open>['finish']>[0] => ({
    query: new URLSearchParams({ state: makeStart().state, code: 'code', ...change }),
    start: makeStart(),
    reference: undefined,
  });

  it('asks with PKCE, nonce and state, and with the secret in the header', async () => {
    calls.length = 0;
    const provider = open();
    const url = new URL((await provider.start(makeStart())).redirectUrl);
    expect(Object.fromEntries(url.searchParams)).toMatchObject({
      response_type: 'code',
      scope: 'openid age_over_18',
      state: makeStart().state,
      nonce: makeStart().nonce,
      code_challenge_method: 'S256',
    });
    expect(await provider.finish(back())).toEqual({ outcome: 'verified', isOver: true });
    const token = calls.find(({ path }) => path === '/token');
    expect(token?.headers.authorization).toBe(`Basic ${Buffer.from('client:s%3Ae+c').toString('base64')}`);
    expect(Object.fromEntries(new URLSearchParams(token?.body))).toMatchObject({
      grant_type: 'authorization_code',
      code: 'code',
      code_verifier: makeStart().codeVerifier,
    });
  });

  const nowS = NOW.getTime() / 1000;
  it.each<[string, Twist]>([
    ['another issuer', { claims: { iss: 'https://elsewhere.example' } }],
    ['another audience', { claims: { aud: 'somebody' } }],
    ['another nonce', { claims: { nonce: 'x' } }],
    ['no nonce', { drop: ['nonce'] }],
    ['no expiry', { drop: ['exp'] }],
    ['no subject', { drop: ['sub'] }],
    ['an expiry that has passed', { claims: { exp: nowS - 61 } }],
    ['a start that is to come', { claims: { nbf: nowS + 61 } }],
    ['another authorised party', { claims: { azp: 'somebody' } }],
    ['another key', { key: 'other' }],
    ['no signature', { token: `${Buffer.from('{"alg":"none"}').toString('base64url')}.${Buffer.from('{}').toString('base64url')}.` }],
    ['no token at all', { token: '' }],
    ['userinfo of somebody else', { drop: ['age_over_18'], userinfo: { sub: 'another', age_over_18: true } }],
  ])('refuses %s', async (_name, twist) => {
    await expect(open(twist).finish(back())).rejects.toMatchObject({ code: 'answer_not_authentic' });
  });

  it('takes what the person or the provider refuses for no answer', async () => {
    expect(await open().finish(back({ error: 'access_denied' }))).toEqual({ outcome: 'declined' });
    expect(await open().finish(back({ error: 'login_required' }))).toEqual({ outcome: 'inconclusive' });
    await expect(open().finish(back({ iss: 'https://mixed-up.example' }))).rejects.toMatchObject({ code: 'answer_not_authentic' });
    await expect(open().finish({ ...back(), query: new URLSearchParams({ state: 'x' }) })).rejects.toMatchObject({ code: 'answer_not_authentic' });
    await expect(open({ status: 400 }).finish(back())).rejects.toMatchObject({ code: 'provider_refused' });
    await expect(open({ status: 503 }).finish(back())).rejects.toMatchObject({ code: 'provider_unavailable' });
  });

  it('needs the assurance that it asked for, and looks into userinfo when the token says nothing', async () => {
    expect(await open({}, { acrValues: ['high'] }).finish(back())).toEqual({ outcome: 'inconclusive' });
    expect(await open({ claims: { acr: 'high' } }, { acrValues: ['high'] }).finish(back())).toEqual({ outcome: 'verified', isOver: true });
    expect(await open({ drop: ['age_over_18'], userinfo: { sub: 'pairwise', age_over_18: false } }).finish(back())).toEqual({
      outcome: 'verified',
      isOver: false,
    });
    expect(await open({ drop: ['age_over_18'] }).finish(back())).toEqual({ outcome: 'inconclusive' });
    await expect(open({ claims: { age_over_18: 'true' } }).finish(back())).rejects.toMatchObject({ code: 'answer_not_understood' });
  });

  it.each([
    ['2008-11-25', true],
    ['2008-11-26', false],
    ['2008', false],
    ['2007', true],
  ])('reads a date of birth, %s: over 18 is %s', async (birthdate, isOver) => {
    expect(await open({ claims: { birthdate } }, { answer: { kind: 'birthdate', path: 'birthdate' } }).finish(back())).toEqual({ outcome: 'verified', isOver });
  });

  it.each(['2008-02-30', '1700-01-01', '08-01-01', 'unknown'])('does not take %s for a date of birth', async (birthdate) => {
    await expect(open({ claims: { birthdate } }, { answer: { kind: 'birthdate', path: 'birthdate' } }).finish(back())).rejects.toMatchObject({
      code: 'answer_not_understood',
    });
  });
});
