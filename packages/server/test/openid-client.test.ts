/** The OpenID facade as a service meets it: the whole application over loopback, and the certified client library `openid-client`. */
import * as client from 'openid-client';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import type { AgeOutcome } from '../src/age/index.ts';
import { startTestApp, type TestApp } from './support/app.ts';

const REDIRECT_URI = 'https://forum.example/auth/age/callback';
const ADULT: AgeOutcome = { result: 'true', grade: 3, method: 'wallet', kind: 'verified' };

let app: TestApp;
let secret = '';
beforeAll(async () => {
  app = await startTestApp();
  await app.app.services.age.services.add({ id: 'forum', name: 'The Forum', returnOrigins: ['https://forum.example'] });
  const made = await app.app.services.age.enforcement.clients.put({
    service: 'forum',
    redirectUris: [REDIRECT_URI],
    isPublic: false,
    newSecret: false,
    minGrade: 2,
  });
  secret = made.clientSecret ?? '';
  await app.app.services.age.enforcement.clients.put({
    id: 'forum-app',
    service: 'forum',
    redirectUris: [REDIRECT_URI],
    isPublic: true,
    newSecret: false,
    minGrade: 2,
  });
});
afterAll(() => app.stop());

async function discover(id = 'forum', authentication: client.ClientAuth = client.ClientSecretBasic(secret)): Promise<client.Configuration> {
  return client.discovery(new URL(app.url), id, undefined, authentication, { execute: [client.allowInsecureRequests] });
}

interface Walk {
  readonly config: client.Configuration;
  readonly scope?: string;
  readonly outcome?: AgeOutcome | undefined;
}

interface Walked {
  readonly callback: URL;
  readonly checks: { readonly pkceCodeVerifier: string; readonly expectedState: string; readonly expectedNonce: string; readonly idTokenExpected: true };
}

/** A browser that is sent to us, answers (or not) and is sent back. */
async function walk({ config, scope = 'openid age_over:18', outcome }: Walk): Promise<Walked> {
  const pkceCodeVerifier = client.randomPKCECodeVerifier();
  const [expectedState, expectedNonce] = [client.randomState(), client.randomNonce()];
  const begun = await fetch(
    client.buildAuthorizationUrl(config, {
      redirect_uri: REDIRECT_URI,
      scope,
      code_challenge: await client.calculatePKCECodeChallenge(pkceCodeVerifier),
      code_challenge_method: 'S256',
      state: expectedState,
      nonce: expectedNonce,
    }),
    { redirect: 'manual' },
  );
  expect(begun.status).toBe(303);
  const page = begun.headers.get('location') ?? '';
  const cookie = begun.headers.getSetCookie()[0]?.split(';')[0] ?? '';
  expect((await fetch(page, { headers: { cookie } })).status).toBe(200);
  // Who only knows the address of the page is somebody else.
  expect((await fetch(page)).status).toBe(409);
  const id = page.split('/').at(-1) ?? '';
  if (outcome !== undefined) await app.app.services.age.sessions.complete(id, outcome);
  const left = await fetch(`${page}/return`, { headers: { cookie }, redirect: 'manual' });
  const back = await fetch(left.headers.get('location') ?? '', { headers: { cookie }, redirect: 'manual' });
  expect(back.status).toBe(303);
  const callback = new URL(back.headers.get('location') ?? '');
  return { callback, checks: { pkceCodeVerifier, expectedState, expectedNonce, idTokenExpected: true } };
}

describe('openid-client', () => {
  let config: client.Configuration;
  beforeEach(async () => {
    config = await discover();
  });

  it.each([
    ['a secret in the header', () => discover()],
    ['a secret in the form', () => discover('forum', client.ClientSecretPost(secret))],
    ['no secret', () => discover('forum-app', client.None())],
  ] as const)('learns an age with %s, and nothing else', async (_name, configure) => {
    const own = await configure();
    const { callback, checks } = await walk({ config: own, outcome: ADULT });
    const tokens = await client.authorizationCodeGrant(own, callback, checks);
    const claims = tokens.claims();
    expect(claims).toEqual({
      iss: app.url,
      aud: own.clientMetadata().client_id,
      sub: expect.stringMatching(/^[0-9a-f]{32}$/),
      nonce: checks.expectedNonce,
      iat: expect.any(Number),
      exp: expect.any(Number),
      auth_time: expect.any(Number),
      age_over_18: true,
      method_grade: 3,
      method: 'wallet',
    });
    expect((claims?.exp ?? 0) - (claims?.iat ?? 0)).toBe(300);
  });

  it('checks the signature with the keys that are published', async () => {
    client.enableNonRepudiationChecks(config);
    const { callback, checks } = await walk({ config, outcome: ADULT });
    expect((await client.authorizationCodeGrant(config, callback, checks)).claims()?.['age_over_18']).toBe(true);
  });

  it.each([
    ['openid age_over:18', { ...ADULT, result: 'false' }, 'age_over_18', false],
    ['openid profile age_over:21', ADULT, 'age_over_21', true],
    ['openid age_under:13', ADULT, 'age_under_13', true],
    ['openid age_over:18', { result: 'false', grade: 0, method: 'declared_under', kind: 'declared' }, 'age_over_18', false],
  ] as const)('%s, answered %o', async (scope, outcome, claim, expected) => {
    const { callback, checks } = await walk({ config, scope, outcome });
    const claims = (await client.authorizationCodeGrant(config, callback, checks)).claims();
    expect(claims?.[claim]).toBe(expected);
    expect(Object.keys(claims ?? {}).filter((name) => name.startsWith('age_'))).toEqual([claim]);
  });

  it('gives another subject each time', async () => {
    const subjects = new Set<string | undefined>();
    for (let n = 0; n < 3; n++) {
      const { callback, checks } = await walk({ config, outcome: ADULT });
      subjects.add((await client.authorizationCodeGrant(config, callback, checks)).claims()?.sub);
    }
    expect(subjects.size).toBe(3);
  });

  it.each([
    ['no answer', undefined, 'the person did not answer'],
    ['no clear answer', { ...ADULT, result: 'inconclusive' }, 'the age check gave no clear answer'],
    ['an answer of too low a grade', { ...ADULT, grade: 1 }, 'the age check gave no clear answer'],
  ] as const)('is told of %s', async (_name, outcome, description) => {
    const { callback, checks } = await walk({ config, outcome });
    await expect(client.authorizationCodeGrant(config, callback, checks)).rejects.toMatchObject({ error: 'access_denied', error_description: description });
  });

  it('uses a code once', async () => {
    const { callback, checks } = await walk({ config, outcome: ADULT });
    await client.authorizationCodeGrant(config, callback, checks);
    await expect(client.authorizationCodeGrant(config, callback, checks)).rejects.toMatchObject({ error: 'invalid_grant' });
  });

  it('cannot use the code of another one, nor without its verifier, and the code is used up by the attempt', async () => {
    const stolen = await walk({ config, outcome: ADULT });
    const other = await discover('forum-app', client.None());
    await expect(client.authorizationCodeGrant(other, stolen.callback, stolen.checks)).rejects.toMatchObject({ error: 'invalid_grant' });
    await expect(client.authorizationCodeGrant(config, stolen.callback, stolen.checks)).rejects.toMatchObject({ error: 'invalid_grant' });
    const guessed = await walk({ config, outcome: ADULT });
    const wrong = { ...guessed.checks, pkceCodeVerifier: client.randomPKCECodeVerifier() };
    await expect(client.authorizationCodeGrant(config, guessed.callback, wrong)).rejects.toMatchObject({ error: 'invalid_grant' });
    await expect(client.authorizationCodeGrant(config, guessed.callback, guessed.checks)).rejects.toMatchObject({ error: 'invalid_grant' });
  });

  it.each([
    ['a wrong secret', 'forum', () => client.ClientSecretBasic('ags_0')],
    ['no secret where there is one', 'forum', () => client.None()],
    ['a secret where there is none', 'forum-app', () => client.ClientSecretPost(secret)],
    ['an unknown name', 'nobody', () => client.None()],
  ] as const)('gets nothing with %s, and the code stays for its owner', async (_name, id, authenticate) => {
    const { callback, checks } = await walk({ config, outcome: ADULT });
    await expect(client.authorizationCodeGrant(await discover(id, authenticate()), callback, checks)).rejects.toMatchObject({ status: 401 });
    expect((await client.authorizationCodeGrant(config, callback, checks)).claims()?.['age_over_18']).toBe(true);
  });
});
