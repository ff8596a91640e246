/** Over HTTP: headers, media types, other sites; and another implementation of Privacy Pass as client, issuer and origin. */
import { randomBytes } from 'node:crypto';
import { join } from 'node:path';
import {
  AuthorizationHeader,
  MediaType,
  PRIVATE_TOKEN_ISSUER_DIRECTORY,
  publicVerif,
  TOKEN_TYPES,
  TokenChallenge,
  WWWAuthenticateHeader,
} from '@cloudflare/privacypass-ts';
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createTestContext, type TestContext } from '../../../test/support/context.ts';
import { createTestDatabase, type TestDatabase } from '../../../test/support/database.ts';
import { startTestServer, type TestServer } from '../../../test/support/http.ts';
import { createFakeSessions, createFakeTrust, type FakeSessions } from '../../../test/support/reuse.ts';
import { blind, finalize } from '../../../web/age-blind-rsa.ts';
import { fromBase64Url, toBase64Url } from '../../../web/age-bytes.ts';
import { makeChallenge, readTokenKey, requestToken } from '../../../web/age-token-client.ts';
import { systemClock } from '../../platform/clock.ts';
import { generateSigningKey, importTokenKey, isSignedBy, signBlinded } from './blind-rsa.ts';
import { openKeyVault } from './key-vault.ts';
import { migrations } from './migrations.ts';
import { routes } from './routes.ts';
import { DirectorySchema, type Directory } from './schema.ts';
import { createTokenService } from './service.ts';
import { decodeToken, encodeClassChallenge } from './wire.ts';

const OVER_18 = { threshold: 18, direction: 'over' } as const;
const HOST = '127.0.0.1:8080';

let database: TestDatabase;
let context: TestContext;
let server: TestServer;
let url: string;
let sessions: FakeSessions;
let count = 0;

beforeAll(async () => {
  database = await createTestDatabase([{ domain: 'age', migrations }]);
  context = await createTestContext({ database: database.database });
  const vault = await openKeyVault(join(context.dataDir, 'keys', 'age-token.key'), true);
  sessions = createFakeSessions();
  const service = createTokenService({ context: context.context, vault, sessions, trust: createFakeTrust() });
  await service.prepare(OVER_18);
  server = await startTestServer({ routes: routes(service, context.context), authenticator: { authenticate: async () => undefined }, clock: systemClock });
  url = `http://${server.host}`;
});
afterAll(async () => {
  await server.close();
  await context.dispose();
  await database.drop();
});

function finishCheck(): string {
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
  });
  return sessionId;
}

function openSession(minGrade: 2 | 3 | 4 = 3): string {
  const id = `open_${(count += 1)}`;
  sessions.open(id, { question: OVER_18, minGrade });
  return id;
}

const call = (path: string, headers: Record<string, string> = {}, body?: Uint8Array): Promise<Response> =>
  fetch(url + path, { method: 'POST', headers: { 'x-browser': 'own', ...headers }, ...(body === undefined ? {} : { body: Uint8Array.from(body) }) });

async function readDirectory(): Promise<Directory> {
  const response = await fetch(url + PRIVATE_TOKEN_ISSUER_DIRECTORY);
  expect(response.headers.get('content-type')).toBe(MediaType.PRIVATE_TOKEN_ISSUER_DIRECTORY);
  expect(response.headers.get('cache-control')).toContain('public');
  return DirectorySchema.parse(await response.json());
}

describe('with @cloudflare/privacypass-ts as the client', () => {
  it('a whole round: 401, challenge, request, token, 200', async () => {
    const session = openSession();
    const first = await call(`/v1/age/tokens/redeem?session=${session}`);
    expect(first.status).toBe(401);
    const header = first.headers.get('www-authenticate') ?? '';
    const challenges = WWWAuthenticateHeader.parse(header);
    expect(challenges.length).toBe(1);
    const [offered] = challenges;
    if (offered === undefined) throw new Error('no challenge');
    expect(offered.challenge.issuerName).toBe(HOST);
    expect(offered.challenge.originInfo).toEqual([HOST]);

    const { 'issuer-request-uri': issuer } = await readDirectory();
    const client = new publicVerif.Client(publicVerif.BlindRSAMode.PSS);
    const request = await client.createTokenRequest(offered.challenge, offered.tokenKey);
    const response = await call(`${issuer}?session=${finishCheck()}`, { 'content-type': MediaType.PRIVATE_TOKEN_REQUEST }, request.serialize());
    expect(response.status).toBe(200);
    expect(response.headers.get('content-type')).toBe(MediaType.PRIVATE_TOKEN_RESPONSE);
    const token = await client.finalize(client.deserializeTokenResponse(new Uint8Array(await response.arrayBuffer())));

    const authorization = new AuthorizationHeader(token).toString(true);
    const redeemed = await call(`/v1/age/tokens/redeem?session=${session}`, { authorization });
    expect([redeemed.status, await redeemed.json()]).toEqual([200, { status: 'completed' }]);
    expect(sessions.outcomes.get(session)?.method).toBe('token');

    const again = await call(`/v1/age/tokens/redeem?session=${openSession()}`, { authorization });
    expect(again.status).toBe(401);
    expect(Reflect.get(Object(await again.json()), 'reason')).toBe('spent');
    expect(WWWAuthenticateHeader.parse(again.headers.get('www-authenticate') ?? '').length).toBe(1);
  });

  it('offers every band that is enough', async () => {
    const answer = await call(`/v1/age/tokens/redeem?session=${openSession(2)}`);
    expect(WWWAuthenticateHeader.parse(answer.headers.get('www-authenticate') ?? '').length).toBe(2);
    const none = await call(`/v1/age/tokens/redeem?session=${openSession(4)}`);
    expect([none.status, none.headers.get('www-authenticate')]).toEqual([401, null]);
  });
});

describe('with @cloudflare/privacypass-ts as issuer and origin', () => {
  it('our client makes tokens that it takes', async () => {
    const pair = await publicVerif.Issuer.generateKey(publicVerif.BlindRSAMode.PSS, { modulusLength: 2048, publicExponent: Uint8Array.of(1, 0, 1) });
    const issuer = new publicVerif.Issuer(publicVerif.BlindRSAMode.PSS, 'issuer.example', pair.privateKey, pair.publicKey);
    const publicKey = Uint8Array.from(await publicVerif.getPublicKeyBytes(pair.publicKey));
    const origin = new publicVerif.Origin(publicVerif.BlindRSAMode.PSS, ['origin.example']);
    const challenge = origin.createTokenChallenge('issuer.example', randomBytes(32));

    const pending = await requestToken(publicKey, Uint8Array.from(challenge.serialize()));
    const response = await issuer.issue(publicVerif.TokenRequest.deserialize(TOKEN_TYPES.BLIND_RSA, pending.request));
    const bytes = await pending.finish(Uint8Array.from(response.serialize()));
    const parsed = AuthorizationHeader.parse(TOKEN_TYPES.BLIND_RSA, `PrivateToken token="${toBase64Url(bytes)}"`);
    expect(await issuer.verify(parsed[0]?.token ?? Object.create(null))).toBe(true);
    expect(isSignedBy(importTokenKey(publicKey), decodeToken(bytes) ?? Object.create(null))).toBe(true);
  });

  it('both ends and the library write the same challenge', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.record({
          threshold: fc.integer({ min: 1, max: 99 }),
          direction: fc.constantFrom('over' as const, 'under' as const),
          band: fc.constantFrom(2 as const, 3 as const),
          epoch: fc.nat(10_000),
        }),
        fc.domain(),
        async (cls, host) => {
          const ours = encodeClassChallenge(host, cls);
          expect(Buffer.from(await makeChallenge(host, cls)).equals(ours)).toBe(true);
          // The library reads from the start of the underlying buffer, which for small Buffers is shared.
          const parsed = TokenChallenge.deserialize(Uint8Array.from(ours));
          expect([parsed.tokenType, parsed.issuerName, parsed.originInfo]).toEqual([2, host, [host]]);
          expect(Buffer.from(parsed.serialize()).equals(ours)).toBe(true);
        },
      ),
      { numRuns: 50 },
    );
  });
});

describe('our client', () => {
  it('every message, blinded, signed and unblinded, verifies; nothing that was signed with another key passes', async () => {
    const [own, other] = await Promise.all([generateSigningKey(), generateSigningKey()]);
    const key = readTokenKey(Uint8Array.from(own.publicKey));
    await fc.assert(
      fc.asyncProperty(fc.uint8Array({ maxLength: 200 }), fc.boolean(), async (bytes, isForged) => {
        const message = Uint8Array.from(bytes);
        const { blindedMessage, inverse } = await blind(key, message);
        const signature = signBlinded((isForged ? other : own).privateKey, blindedMessage);
        // One key's value may be too large for the other's modulus.
        if (signature === undefined) return;
        const finished = finalize(key, message, { blindSignature: Uint8Array.from(signature), inverse });
        if (isForged) await expect(finished).rejects.toThrow();
        else expect(isSignedBy(importTokenKey(own.publicKey), { authenticated: message, authenticator: await finished })).toBe(true);
      }),
      { numRuns: 40 },
    );
  });

  it('the same message blinded twice is two unlike messages, and takes a new nonce for each token', async () => {
    const { publicKey } = await generateSigningKey();
    const key = readTokenKey(Uint8Array.from(publicKey));
    const [a, b] = [await blind(key, Uint8Array.of(1)), await blind(key, Uint8Array.of(1))];
    expect(Buffer.from(a.blindedMessage).equals(b.blindedMessage)).toBe(false);
    const challenge = await makeChallenge('a.example', { ...OVER_18, band: 3, epoch: 1 });
    const requests = [await requestToken(Uint8Array.from(publicKey), challenge), await requestToken(Uint8Array.from(publicKey), challenge)];
    expect(Buffer.from(requests[0]?.request ?? []).equals(requests[1]?.request ?? Buffer.alloc(0))).toBe(false);
  });

  it('takes no key of another kind', async () => {
    const { publicKey } = await generateSigningKey();
    expect(() => readTokenKey(Uint8Array.from(publicKey.subarray(1)))).toThrow(/type 2/);
    const small = Uint8Array.from(publicKey);
    // The highest bit of the modulus: 2047 bits.
    small[81] = (small[81] ?? 0) & 0x7f;
    expect(() => readTokenKey(small)).toThrow(/type 2/);
  });
});

describe('what the frame refuses', () => {
  it.each([
    ['another site', { 'sec-fetch-site': 'cross-site' }],
    ['a sibling of the site', { 'sec-fetch-site': 'same-site' }],
    ['another origin, from a browser that sends no more', { origin: 'https://elsewhere.example' }],
  ])('%s cannot use up a token or ask for one', async (_, headers) => {
    for (const path of ['/v1/age/tokens/redeem', '/v1/age/tokens']) {
      const response = await call(`${path}?session=${openSession()}`, headers);
      expect([response.status, Reflect.get(Object(await response.json()), 'code')]).toEqual([403, 'csrf_failed']);
    }
  });

  it.each([
    ['no session', '/v1/age/tokens/redeem', {}, 400],
    ['an unknown session', '/v1/age/tokens/redeem?session=x', {}, 404],
    ['an unknown session, with a token', '/v1/age/tokens/redeem?session=x', { authorization: 'PrivateToken token="AAI="' }, 404],
    ['a request of another type', '/v1/age/tokens?session=x', { 'content-type': 'application/json' }, 415],
  ])('%s', async (_, path, headers, status) => expect((await call(path, headers)).status).toBe(status));

  it('a request that is too long', async () => {
    const response = await call('/v1/age/tokens?session=x', { 'content-type': MediaType.PRIVATE_TOKEN_REQUEST }, new Uint8Array(300));
    expect(response.status).toBe(413);
  });

  it.each(['Bearer abc', 'PrivateToken', 'PrivateToken token=""', 'PrivateToken token="AAI="'])(
    'Authorization: %s is malformed, and answers with the challenges',
    async (authorization) => {
      const response = await call(`/v1/age/tokens/redeem?session=${openSession()}`, { authorization });
      expect([response.status, Reflect.get(Object(await response.json()), 'reason')]).toEqual([401, 'malformed']);
      expect(response.headers.get('www-authenticate')).toContain('PrivateToken challenge=');
    },
  );

  it('the directory is the same for everybody', async () => {
    const all = await Promise.all([1, 2, 3].map(() => readDirectory()));
    expect(new Set(all.map((each) => JSON.stringify(each))).size).toBe(1);
    expect(fromBase64Url(all[0]?.['token-keys'][0]?.['token-key'] ?? '').byteLength).toBe(342);
  });
});
