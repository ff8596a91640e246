/** What the OpenID facade refuses, and how. The way that succeeds is walked by a real client in test/openid-client.test.ts. */
import { createHash, generateKeyPairSync } from 'node:crypto';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { createAgeDatabase, startAge, type TestAge } from '../../../test/support/age.ts';
import type { TestDatabase } from '../../../test/support/database.ts';
import { FORM, startTestServer, type TestReply, type TestServer } from '../../../test/support/http.ts';
import { ageDomain } from '../index.ts';
import type { AgeOutcome } from '../sessions/schema.ts';
import { openOpenIdSigner } from './openid-key.ts';
import { readClientProof } from './openid-rules.ts';
import { ClientSchema } from './schema.ts';

const BACK = 'https://forum.example/cb?tenant=1';
const VERIFIER = 'v'.repeat(43);
const CHALLENGE = createHash('sha256').update(VERIFIER).digest('base64url');
const ADULT: AgeOutcome = { result: 'true', grade: 3, method: 'wallet', kind: 'verified', generation: 1 };
const ISSUER = 'http://127.0.0.1:8080';

let db: TestDatabase;
let test: TestAge;
let server: TestServer;
let secret = '';
beforeAll(async () => {
  db = await createAgeDatabase();
});
afterAll(() => db.drop());
beforeEach(async () => {
  test = await startAge({ db });
  const routes = [...(ageDomain.routes?.(test.age, test.context) ?? []), ...(ageDomain.pages?.(test.age, test.context) ?? [])];
  server = await startTestServer({ routes, clock: test.clock, authenticator: { authenticate: async () => undefined } });
  const put = { service: 'forum', redirectUris: [BACK, 'https://forum.example/other'], isPublic: false, newSecret: true, minGrade: 2 };
  secret = (await test.age.enforcement.clients.put(put)).clientSecret ?? '';
});
afterEach(async () => {
  await test.dispose();
  await server.close();
});

const QUERY = {
  client_id: 'forum',
  redirect_uri: BACK,
  response_type: 'code',
  scope: 'openid age_over:18',
  state: 'a state',
  nonce: 'a nonce',
  code_challenge: CHALLENGE,
  code_challenge_method: 'S256',
};
type Change = Readonly<Record<string, string | readonly string[] | undefined>>;

function toQuery(change: Change): string {
  const query = new URLSearchParams();
  for (const [name, value] of Object.entries({ ...QUERY, ...change })) for (const one of [value].flat()) if (one !== undefined) query.append(name, one);
  return query.toString();
}
const authorize = (change: Change = {}): Promise<TestReply> => server.send('GET', `/age/oidc/authorize?${toQuery(change)}`);
const toLocation = (reply: TestReply): URL => new URL(String(reply.headers['location']));

interface Begun {
  readonly id: string;
  readonly cookie: string;
}

async function begin(change: Change = {}): Promise<Begun> {
  const reply = await authorize(change);
  expect(reply.status).toBe(303);
  const cookie = [reply.headers['set-cookie'] ?? []].flat()[0]?.split(';')[0] ?? '';
  return { id: toLocation(reply).pathname.split('/').at(-1) ?? '', cookie };
}
const comeBack = ({ id, cookie }: Begun): Promise<TestReply> => server.send('GET', `/age/oidc/return?age_session=${id}&age_return=0`, { headers: { cookie } });

async function takeCode(change: Change = {}): Promise<string> {
  const begun = await begin(change);
  await test.age.sessions.complete(begun.id, ADULT);
  return toLocation(await comeBack(begun)).searchParams.get('code') ?? '';
}

function redeem(code: string, change: Change = {}, headers: Record<string, string> = {}): Promise<TestReply> {
  const form = { grant_type: 'authorization_code', code, redirect_uri: BACK, code_verifier: VERIFIER, client_id: 'forum', client_secret: secret, ...change };
  const body = new URLSearchParams(Object.entries(form).flatMap(([name, value]) => [value].flat().flatMap((one) => (one === undefined ? [] : [[name, one]]))));
  return server.send('POST', '/age/oidc/token', { headers: { ...FORM, ...headers }, body: body.toString() });
}

describe('authorize', () => {
  it.each([
    ['an unknown client', { client_id: 'nobody' }],
    ['no client', { client_id: undefined }],
    ['a client twice', { client_id: ['forum', 'forum'] }],
    ['a client that is no word', { client_id: "forum' or 1=1" }],
    ['no address', { redirect_uri: undefined }],
    ['two addresses', { redirect_uri: [BACK, 'https://evil.example'] }],
    ['another host', { redirect_uri: 'https://evil.example/cb?tenant=1' }],
    ['another path', { redirect_uri: 'https://forum.example/cb/../evil?tenant=1' }],
    ['more path', { redirect_uri: 'https://forum.example/cb/x?tenant=1' }],
    ['more query', { redirect_uri: `${BACK}&next=https://evil.example` }],
    ['less query', { redirect_uri: 'https://forum.example/cb' }],
    ['another case', { redirect_uri: 'https://FORUM.example/cb?tenant=1' }],
    ['a name before the host', { redirect_uri: 'https://forum.example@evil.example/cb?tenant=1' }],
    ['a fragment', { redirect_uri: `${BACK}#x` }],
    ['a script', { redirect_uri: 'javascript:alert(1)' }],
    ['a prefix', { redirect_uri: 'https://forum.example.evil.example/cb?tenant=1' }],
  ] as const)('sends nobody anywhere for %s', async (_name, change) => {
    const reply = await authorize(change);
    expect([reply.status, reply.headers['location'], reply.headers['set-cookie']]).toEqual([400, undefined, undefined]);
  });

  it.each([
    [{ response_type: 'token' }, 'unsupported_response_type'],
    [{ response_type: 'id_token' }, 'unsupported_response_type'],
    [{ response_type: undefined }, 'unsupported_response_type'],
    [{ response_mode: 'fragment' }, 'invalid_request'],
    [{ response_mode: 'form_post' }, 'invalid_request'],
    [{ scope: undefined }, 'invalid_scope'],
    [{ scope: 'openid' }, 'invalid_scope'],
    [{ scope: 'age_over:18' }, 'invalid_scope'],
    [{ scope: 'openid age_over:0' }, 'invalid_scope'],
    [{ scope: 'openid age_over:100' }, 'invalid_scope'],
    [{ scope: 'openid age_over:018' }, 'invalid_scope'],
    [{ scope: 'openid age_over:18 age_under:13' }, 'invalid_scope'],
    [{ scope: ['openid age_over:18', 'openid age_over:1'] }, 'invalid_request'],
    [{ code_challenge: undefined }, 'invalid_request'],
    [{ code_challenge_method: 'plain' }, 'invalid_request'],
    [{ code_challenge_method: undefined }, 'invalid_request'],
    [{ code_challenge: 'short' }, 'invalid_request'],
    [{ nonce: 'n'.repeat(513) }, 'invalid_request'],
    [{ nonce: ['a', 'b'] }, 'invalid_request'],
    [{ prompt: 'none' }, 'interaction_required'],
    [{ request: 'eyJ.eyJ.' }, 'request_not_supported'],
    [{ request_uri: 'https://evil.example/r' }, 'request_uri_not_supported'],
  ] as const)('tells the client of %o', async (change, error) => {
    const location = toLocation(await authorize(change));
    expect(location.origin + location.pathname).toBe('https://forum.example/cb');
    expect(Object.fromEntries(location.searchParams)).toMatchObject({ tenant: '1', error, state: 'a state', iss: ISSUER });
    expect(location.searchParams.get('code')).toBeNull();
  });

  it('gives back no state that is none', async () => {
    for (const state of ['\r\nx', ['a', 'b']]) {
      const { searchParams } = toLocation(await authorize({ state }));
      expect([searchParams.get('error'), searchParams.get('state')]).toEqual(['invalid_request', null]);
    }
  });

  it('ends with its client and its service', async () => {
    const begun = await begin();
    await test.age.sessions.complete(begun.id, ADULT);
    await test.age.enforcement.clients.remove('forum');
    expect((await comeBack(begun)).status).toBe(410);
  });

  it('opens a check that only the browser which was sent can answer', async () => {
    const { id, cookie } = await begin();
    expect((await server.send('GET', `/age/${id}`)).status).toBe(409);
    expect((await server.send('GET', `/age/${id}`, { headers: { cookie } })).status).toBe(200);
  });
});

describe('return', () => {
  it('gives a code to the browser that was asked, once', async () => {
    const begun = await begin();
    await test.age.sessions.complete(begun.id, ADULT);
    expect((await comeBack({ ...begun, cookie: '' })).status).toBe(404);
    expect((await comeBack({ ...begun, cookie: (await begin()).cookie })).status).toBe(404);
    const location = toLocation(await comeBack(begun));
    expect(Object.fromEntries(location.searchParams)).toEqual({ tenant: '1', state: 'a state', iss: ISSUER, code: expect.stringMatching(/^[0-9a-f]{64}$/) });
    expect((await comeBack(begun)).status).toBe(410);
  });

  it('ends the request of somebody who goes back without an answer', async () => {
    const begun = await begin();
    expect(toLocation(await comeBack(begun)).searchParams.get('error')).toBe('access_denied');
    await test.age.sessions.complete(begun.id, ADULT);
    expect((await comeBack(begun)).status).toBe(410);
  });

  it('gives no code for a proof whose issuer was muted', async () => {
    const begun = await begin();
    await test.age.sessions.complete(begun.id, ADULT);
    test.trust.generation = 2;
    expect(toLocation(await comeBack(begun)).searchParams.get('error')).toBe('access_denied');
  });
});

describe('token', () => {
  it('gives the ID token to whoever the code is for', async () => {
    const reply = await redeem(await takeCode());
    expect([reply.status, reply.headers['cache-control'], reply.json]).toEqual([
      200,
      'no-store',
      { access_token: expect.any(String), token_type: 'Bearer', expires_in: 300, id_token: expect.any(String), scope: 'openid age_over:18' },
    ]);
  });

  it.each([
    ['no code', { code: undefined }, 400, 'invalid_request'],
    ['a made-up code', { code: '0'.repeat(64) }, 400, 'invalid_grant'],
    ['a code twice', { code: ['a', 'b'] }, 400, 'invalid_request'],
    ['another kind of grant', { grant_type: 'client_credentials' }, 400, 'unsupported_grant_type'],
    ['no kind of grant', { grant_type: undefined }, 400, 'invalid_request'],
    ['another registered address', { redirect_uri: 'https://forum.example/other' }, 400, 'invalid_grant'],
    ['no address', { redirect_uri: undefined }, 400, 'invalid_request'],
    ['no verifier', { code_verifier: undefined }, 400, 'invalid_request'],
    ['the challenge for the verifier', { code_verifier: CHALLENGE }, 400, 'invalid_grant'],
    ['a wrong secret', { client_secret: 'ags_1' }, 401, 'invalid_client'],
    ['an empty secret', { client_secret: '' }, 401, 'invalid_client'],
    ['no client', { client_id: undefined }, 401, 'invalid_client'],
  ] as const)('refuses %s', async (_name, change, status, error) => {
    const code = await takeCode();
    const reply = await redeem(code, change);
    expect([reply.status, (reply.json as { error: string }).error]).toEqual([status, error]);
  });

  it('refuses two proofs of the client, and one that is not understood', async () => {
    const basic = `Basic ${Buffer.from(`forum:${secret}`).toString('base64')}`;
    expect((await redeem(await takeCode(), {}, { authorization: basic })).json).toMatchObject({ error: 'invalid_request' });
    expect((await redeem(await takeCode(), { client_secret: undefined }, { authorization: 'Bearer x' })).json).toMatchObject({ error: 'invalid_client' });
    expect((await redeem(await takeCode(), { client_secret: undefined, client_id: 'other' }, { authorization: basic })).status).toBe(400);
    expect((await redeem(await takeCode(), { client_secret: undefined }, { authorization: basic })).status).toBe(200);
  });

  it('refuses a body that is no form', async () => {
    const reply = await server.send('POST', '/age/oidc/token', { headers: { 'content-type': 'application/json' }, body: '{}' });
    expect([reply.status, reply.json]).toEqual([400, { error: 'invalid_request', error_description: expect.any(String) }]);
  });

  it('refuses a code after 60 seconds', async () => {
    const [early, late] = [await takeCode(), await takeCode()];
    test.clock.advance(59_999);
    expect((await redeem(early)).status).toBe(200);
    test.clock.advance(1);
    expect((await redeem(late)).json).toMatchObject({ error: 'invalid_grant' });
  });

  it('refuses a code whose proof is no longer trusted', async () => {
    const code = await takeCode();
    test.trust.generation = 2;
    expect((await redeem(code)).json).toMatchObject({ error: 'invalid_grant' });
  });

  it('gives one token for a code, whoever is first', async () => {
    const code = await takeCode();
    const replies = await Promise.all([redeem(code), redeem(code), redeem(code), redeem(code)]);
    expect(replies.map(({ status }) => status).toSorted()).toEqual([200, 400, 400, 400]);
  });
});

describe('a client’s name and secret in the header', () => {
  it.each([
    ['forum', 'a b:ö%'],
    ['forum', ''],
  ])('are read as RFC 6749 writes them: %s, %s', (id, given) => {
    const encode = (text: string): string => new URLSearchParams({ x: text }).toString().slice(2);
    const header = `Basic ${Buffer.from(`${encode(id)}:${encode(given)}`).toString('base64')}`;
    expect(readClientProof(header, {})).toEqual({ clientId: id, secret: given });
  });

  it.each(['Basic', 'Basic !', `Basic ${Buffer.from('nocolon').toString('base64')}`, `Basic ${Buffer.from('%zz:x').toString('base64')}`])(
    'or not: %s',
    (header) => {
      expect(readClientProof(header, {})).toMatchObject({ fault: ['invalid_client', expect.any(String)] });
    },
  );
});

describe('clients', () => {
  it.each(['http://forum.example/cb', 'https://forum.example/cb#x', 'https://u:p@forum.example/cb', 'app:/cb', 'forum.example', 'javascript:alert(1)'])(
    'cannot be sent codes at %s',
    (uri) => {
      expect(ClientSchema.safeParse({ service: 'forum', redirectUris: [uri] }).success).toBe(false);
    },
  );

  it('keep their secret until they want another one', async () => {
    const { clients } = test.age.enforcement;
    const put = { service: 'forum', redirectUris: [BACK], isPublic: false, newSecret: false, minGrade: 3 };
    expect((await clients.put(put)).clientSecret).toBeUndefined();
    expect((await redeem(await takeCode())).status).toBe(200);
    const { clientSecret = '' } = await clients.put({ ...put, newSecret: true });
    expect((await redeem(await takeCode())).status).toBe(401);
    expect((await redeem(await takeCode(), { client_secret: clientSecret })).status).toBe(200);
    // What is public has none, and what was public gets one.
    expect(await clients.put({ ...put, isPublic: true })).toMatchObject({ isPublic: true });
    expect((await redeem(await takeCode(), { client_secret: clientSecret })).status).toBe(401);
    expect((await redeem(await takeCode(), { client_secret: undefined })).status).toBe(200);
    expect(await clients.put(put)).toMatchObject({ isPublic: false, clientSecret: expect.stringMatching(/^ags_[0-9a-f]{64}$/) });
    expect(JSON.stringify(await clients.list())).not.toContain('ecret');
  });

  it('belong to one service', async () => {
    const { clients } = test.age.enforcement;
    await test.age.services.add({ id: 'shop', name: 'Shop', returnOrigins: ['https://shop.example'] });
    const put = { id: 'forum', service: 'shop', redirectUris: [BACK], isPublic: false, newSecret: false, minGrade: 2 };
    await expect(clients.put(put)).rejects.toMatchObject({ code: 'conflict' });
    await expect(clients.put({ ...put, id: 'new', service: 'nowhere' })).rejects.toMatchObject({ code: 'invalid_request' });
    await expect(clients.remove('nobody')).rejects.toMatchObject({ code: 'not_found' });
  });
});

describe('the key', () => {
  it('is on P-256, and no other is taken', async () => {
    const path = join(test.dataDir, 'other.pem');
    await writeFile(path, generateKeyPairSync('ed25519').privateKey.export({ format: 'pem', type: 'pkcs8' }));
    await expect(openOpenIdSigner(path, false)).rejects.toMatchObject({ code: 'config_invalid' });
    await expect(openOpenIdSigner(join(test.dataDir, 'none.pem'), false)).rejects.toMatchObject({ code: 'config_invalid' });
  });
});
