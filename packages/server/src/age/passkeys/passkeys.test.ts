/** Registration and assertion with a software authenticator, and everything that must be refused. */
import { createHash, randomBytes } from 'node:crypto';
import { sql } from 'kysely';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { SoftAuthenticator, type Kind, type Twist } from '../../../test/support/authenticator.ts';
import { decodeTestCbor } from '../../../test/support/cbor.ts';
import { createFakeClock, type FakeClock } from '../../../test/support/clock.ts';
import { createTestContext, type TestContext } from '../../../test/support/context.ts';
import { createTestDatabase, type TestDatabase } from '../../../test/support/database.ts';
import { startTestServer } from '../../../test/support/http.ts';
import { createFakeSessions, createFakeTrust, OWN, type FakeSessions, type FakeTrust } from '../../../test/support/reuse.ts';
import { createMetrics } from '../../platform/metrics.ts';
import type { RecheckReason } from '../tokens/recheck-rules.ts';
import type { TokenGrade, TokenQuestion, VerdictForToken } from '../tokens/schema.ts';
import { checks } from './checks.ts';
import { migrations } from './migrations.ts';
import { routes } from './routes.ts';
import type { PasskeyRefusal } from './schema.ts';
import { createPasskeyService, type PasskeyService } from './service.ts';

const ORIGIN = 'https://age.example';
const DAY_MS = 86_400_000;
const OVER_18: TokenQuestion = { threshold: 18, direction: 'over' };

let database: TestDatabase;
let context: TestContext;
let clock: FakeClock;
let sessions: FakeSessions;
let trust: FakeTrust;
let service: PasskeyService;
let count = 0;

const nextId = (): string => `age_${(count += 1)}`;

beforeAll(async () => {
  database = await createTestDatabase([{ domain: 'age', migrations }]);
  context = await createTestContext({ database: database.database });
});
beforeEach(() => {
  clock = createFakeClock();
  sessions = createFakeSessions();
  trust = createFakeTrust();
  service = makeService(ORIGIN);
});
afterAll(async () => {
  await context.dispose();
  await database.drop();
});

function makeService(publicUrl: string): PasskeyService {
  const own = { ...context.context, clock, metrics: createMetrics(), publicUrl: () => publicUrl };
  return createPasskeyService({ context: own, sessions, trust, decodeCbor: decodeTestCbor });
}

function finishCheck(change: Partial<VerdictForToken> = {}): { sessionId: string; proof: typeof OWN } {
  const sessionId = nextId();
  sessions.finish({
    sessionId,
    question: OVER_18,
    result: 'true',
    grade: 4,
    kind: 'verified',
    method: 'wallet',
    checkedAt: clock.now(),
    generation: 1,
    ...change,
  });
  return { sessionId, proof: OWN };
}

function openSession(question = OVER_18, minGrade: TokenGrade = 2): { sessionId: string; proof: typeof OWN } {
  const sessionId = nextId();
  sessions.open(sessionId, { question, minGrade });
  return { sessionId, proof: OWN };
}

async function register(change: Partial<VerdictForToken> = {}, kind: Kind = 'es256', twist: Twist = {}): Promise<SoftAuthenticator> {
  const asked = finishCheck(change);
  const authenticator = new SoftAuthenticator(ORIGIN, kind);
  await service.register(asked, authenticator.create(await service.beginRegistration(asked), twist));
  return authenticator;
}

async function show(authenticator: SoftAuthenticator, asked = openSession(), twist: Twist = {}): Promise<string> {
  await service.assert(asked, authenticator.get(await service.beginAssertion(asked), twist));
  return asked.sessionId;
}

const refusal = (reason: PasskeyRefusal | RecheckReason): object => ({ code: 'forbidden', extras: { members: { reason } } });

describe('a passkey', () => {
  it.each(['es256', 'edDsa', 'rs256'] as const)('%s: registered after a check, it answers later sessions', async (kind) => {
    const authenticator = await register({}, kind);
    const session = await show(authenticator);
    // Grade 4 was checked; what comes back is the device, not the wallet.
    expect(sessions.outcomes.get(session)).toEqual({ result: 'true', grade: 3, method: 'passkey', kind: 'verified' });
    await show(authenticator);
    await show(authenticator, openSession({ threshold: 16, direction: 'over' }, 3));
  });

  it('of an estimate says no more than an estimate', async () => {
    const authenticator = await register({ grade: 2, kind: 'estimated', method: 'provider:face' });
    expect(sessions.outcomes.get(await show(authenticator))).toEqual({ result: 'true', grade: 2, method: 'passkey', kind: 'estimated' });
    await expect(show(authenticator, openSession(OVER_18, 3))).rejects.toMatchObject(refusal('grade_too_low'));
  });

  it('answers what follows, and nothing else', async () => {
    const authenticator = await register();
    for (const question of [
      { threshold: 21, direction: 'over' },
      { threshold: 18, direction: 'under' },
      { threshold: 13, direction: 'under' },
    ] as const)
      await expect(show(authenticator, openSession(question))).rejects.toMatchObject(refusal('wrong_question'));
    const young = await register({ result: 'false' });
    await show(young, openSession({ threshold: 18, direction: 'under' }));
    // A kept no is held against nobody.
    await expect(show(young)).rejects.toMatchObject(refusal('wrong_question'));
  });

  it('ends with its check, "under" much earlier', async () => {
    const [over, under] = [await register({ grade: 3 }), await register({ question: { threshold: 13, direction: 'under' } })];
    const ask = (): ReturnType<typeof openSession> => openSession({ threshold: 13, direction: 'under' });
    clock.advance(29 * DAY_MS);
    await show(under, ask());
    clock.advance(DAY_MS);
    await expect(show(under, ask())).rejects.toMatchObject(refusal('too_old'));
    clock.advance(149 * DAY_MS);
    await show(over);
    clock.advance(DAY_MS);
    await expect(show(over)).rejects.toMatchObject(refusal('too_old'));
    expect(await service.prune()).toBeGreaterThanOrEqual(2);
    await expect(show(over)).rejects.toMatchObject(refusal('unknown_passkey'));
  });

  it('is void at once when an issuer is muted', async () => {
    const authenticator = await register();
    trust.mute();
    await expect(show(authenticator)).rejects.toMatchObject(refusal('voided'));
  });

  it('keeps the answer and its day, and nothing of the person, the session or the device', async () => {
    const authenticator = await register();
    const { rows } = await sql<Record<string, unknown>>`select * from age.passkey where id_hash = ${hashOf(authenticator)}`.execute(database.database.sql);
    expect(Object.keys(rows[0] ?? {}).toSorted()).toEqual(
      ['algorithm', 'checked_at', 'direction', 'generation', 'grade', 'id_hash', 'public_key', 'result', 'sign_count', 'threshold', 'valid_until'].toSorted(),
    );
    expect(rows[0]?.['checked_at']).toEqual(new Date('2026-11-25T00:00:00.000Z'));
  });
});

function hashOf({ credentialId }: SoftAuthenticator): Buffer {
  return createHash('sha256').update(credentialId).digest();
}

describe('registration', () => {
  it.each([
    ['a result that came from a passkey', { method: 'passkey' }, 'reused_before'],
    ['a result that came from a token', { method: 'token' }, 'reused_before'],
    ['a claim', { kind: 'declared' }, 'declared'],
    ['an inconclusive one', { result: 'inconclusive' }, 'not_conclusive'],
    ['a check whose issuer was muted since', { generation: 0 }, 'issuer_muted'],
  ] as const)('does not keep %s', async (_, change, reason) => {
    await expect(register(change)).rejects.toMatchObject(refusal(reason));
  });

  it('is for the browser of the check, and leaves one passkey', async () => {
    const asked = finishCheck();
    await expect(service.beginRegistration({ ...asked, proof: { header: () => 'other' } })).rejects.toMatchObject({ code: 'not_found' });
    await expect(service.beginRegistration(openSession())).rejects.toMatchObject({ code: 'not_found' });
    const [one, two] = [new SoftAuthenticator(ORIGIN), new SoftAuthenticator(ORIGIN)];
    await service.register(asked, one.create(await service.beginRegistration(asked)));
    await expect(service.beginRegistration(asked)).rejects.toMatchObject({ code: 'conflict' });
    const another = finishCheck();
    const foreign = two.create(await service.beginRegistration(another));
    await expect(service.register(asked, foreign)).rejects.toMatchObject(refusal('wrong_challenge'));
  });

  it('somebody who cancels or fails may try again', async () => {
    const asked = finishCheck();
    const authenticator = new SoftAuthenticator(ORIGIN);
    await service.beginRegistration(asked);
    await expect(service.register(asked, authenticator.create(await service.beginRegistration(asked), { flags: 0x41 }))).rejects.toMatchObject(
      refusal('not_verified'),
    );
    await service.register(asked, authenticator.create(await service.beginRegistration(asked)));
  });

  it('does not replace what is known', async () => {
    const authenticator = await register();
    const asked = finishCheck({ question: { threshold: 21, direction: 'over' } });
    await expect(service.register(asked, authenticator.create(await service.beginRegistration(asked)))).rejects.toMatchObject({ code: 'conflict' });
    await expect(show(authenticator, openSession({ threshold: 21, direction: 'over' }))).rejects.toMatchObject(refusal('wrong_question'));
  });

  it.each(['es256', 'edDsa'] as const)('takes %s with extensions behind the key, as security keys write them', async (kind) => {
    await show(await register({}, kind, { extensions: new Map([['credProtect', 2]]) }));
  });

  const TWISTS: readonly (readonly [string, Twist, PasskeyRefusal])[] = [
    ['of another site', { origin: 'https://elsewhere.example' }, 'wrong_origin'],
    ['of the same host without https', { origin: 'http://age.example' }, 'wrong_origin'],
    ['of another port', { origin: 'https://age.example:8443' }, 'wrong_origin'],
    ['in a frame of another site', { clientData: { crossOrigin: true } }, 'wrong_origin'],
    ['below another site', { clientData: { topOrigin: 'https://elsewhere.example' } }, 'wrong_origin'],
    ['for another relying party', { rpId: 'elsewhere.example' }, 'wrong_rp'],
    ['of an assertion', { type: 'webauthn.get' }, 'wrong_type'],
    ['with another challenge', { challenge: randomBytes(32).toString('base64url') }, 'wrong_challenge'],
    ['with an empty challenge', { challenge: '' }, 'wrong_challenge'],
    ['without the person', { flags: 0x44 }, 'not_present'],
    ['without a PIN', { flags: 0x41 }, 'not_verified'],
    ['without a key', { flags: 0x05 }, 'malformed'],
    ['backed up, but not eligible for it', { flags: 0x55 }, 'malformed'],
    ['with something behind the key', { tail: Buffer.of(0) }, 'malformed'],
    ['with extensions announced and missing', { flags: 0xc5 }, 'malformed'],
    ['with an id that is not its own', { credentialId: randomBytes(32) }, 'malformed'],
    ['with a length of the id that lies', { idLength: 60_000 }, 'malformed'],
    ['with no id', { credentialId: Buffer.alloc(0) }, 'malformed'],
    ['with an attestation', { format: 'packed' }, 'unsupported_attestation'],
    ['with a statement in spite of none', { statement: new Map([['x', 1]]) }, 'unsupported_attestation'],
    ['with another algorithm', { coseKey: (key) => void key.set(3, -35) }, 'unsupported_key'],
    ['with another curve', { coseKey: (key) => void key.set(-1, 2) }, 'unsupported_key'],
    ['with half a point', { coseKey: (key) => void key.delete(-3) }, 'unsupported_key'],
    ['with a point off the curve', { coseKey: (key) => void key.set(-3, Buffer.alloc(32, 1)) }, 'unsupported_key'],
    ['with a long coordinate', { coseKey: (key) => void key.set(-2, Buffer.alloc(33, 1)) }, 'unsupported_key'],
    ['with a type that does not fit', { coseKey: (key) => void key.set(1, 3) }, 'unsupported_key'],
  ];

  it.each(TWISTS)('an answer %s is refused', async (_, twist, reason) => {
    await expect(register({}, 'es256', twist)).rejects.toMatchObject(refusal(reason));
  });
});

describe('assertion', () => {
  const TWISTS: readonly (readonly [string, Twist, PasskeyRefusal])[] = [
    ['of another site', { origin: 'https://elsewhere.example' }, 'wrong_origin'],
    ['in a frame of another site', { clientData: { crossOrigin: true } }, 'wrong_origin'],
    ['for another relying party', { rpId: 'elsewhere.example' }, 'wrong_rp'],
    ['of a registration', { type: 'webauthn.create' }, 'wrong_type'],
    ['with another challenge', { challenge: randomBytes(32).toString('base64url') }, 'wrong_challenge'],
    ['without the person', { flags: 4 }, 'not_present'],
    ['without a PIN', { flags: 1 }, 'not_verified'],
    ['that claims to hold a key', { flags: 0x45 }, 'malformed'],
    ['with something behind it', { tail: Buffer.of(0) }, 'malformed'],
    ['with an unknown id', { credentialId: randomBytes(32) }, 'unknown_passkey'],
    [
      'with a forged signature',
      { signature: (signature) => Buffer.concat([signature.subarray(0, -1), Buffer.of((signature.at(-1) ?? 0) ^ 1)]) },
      'bad_signature',
    ],
    ['with no signature to speak of', { signature: () => Buffer.of(1) }, 'bad_signature'],
  ];

  it.each(TWISTS)('an answer %s is refused and completes nothing', async (_, twist, reason) => {
    const authenticator = await register();
    await expect(show(authenticator, openSession(), twist)).rejects.toMatchObject(refusal(reason));
    expect(sessions.outcomes.size).toBe(0);
  });

  it('another passkey’s signature under this one’s id is refused', async () => {
    const [victim, thief] = [await register(), await register()];
    await expect(show(thief, openSession(), { credentialId: victim.credentialId })).rejects.toMatchObject(refusal('bad_signature'));
  });

  it('a replayed answer is refused, in its session and in another one', async () => {
    const authenticator = await register();
    const asked = openSession();
    const answer = authenticator.get(await service.beginAssertion(asked));
    await expect(service.assert(openSession(), answer)).rejects.toMatchObject(refusal('wrong_challenge'));
    const both = await Promise.allSettled([service.assert(asked, answer), service.assert(asked, answer)]);
    expect(both.map(({ status }) => status).toSorted()).toEqual(['fulfilled', 'rejected']);
    await expect(service.assert(openSession(), answer)).rejects.toMatchObject(refusal('wrong_challenge'));
    expect(sessions.outcomes.size).toBe(1);
  });

  it('an answer has one try, and five minutes', async () => {
    const authenticator = await register();
    const asked = openSession();
    const options = await service.beginAssertion(asked);
    await expect(service.assert(asked, authenticator.get(options, { flags: 1 }))).rejects.toMatchObject(refusal('not_verified'));
    await expect(service.assert(asked, authenticator.get(options))).rejects.toMatchObject(refusal('wrong_challenge'));
    const late = authenticator.get(await service.beginAssertion(asked));
    clock.advance(5 * 60_000);
    await expect(service.assert(asked, late)).rejects.toMatchObject(refusal('wrong_challenge'));
  });

  it('is for the browser of the session', async () => {
    const asked = { ...openSession(), proof: { header: () => 'other' } };
    await expect(service.beginAssertion(asked)).rejects.toMatchObject({ code: 'not_found' });
  });

  it('a counter that stands still or goes back is a copy', async () => {
    const authenticator = await register({}, 'es256', { counter: 5 });
    for (const counter of [0, 4, 5]) await expect(show(authenticator, openSession(), { counter })).rejects.toMatchObject(refusal('counter'));
    await show(authenticator, openSession(), { counter: 6 });
    const at = await Promise.allSettled([7, 7].map((counter) => show(authenticator, openSession(), { counter })));
    expect(at.map(({ status }) => status).toSorted()).toEqual(['fulfilled', 'rejected']);
  });

  it('a counter of 0 means that there is none', async () => {
    const authenticator = await register();
    await show(authenticator);
    await show(authenticator);
  });
});

describe('the address', () => {
  it.each([
    ['https://age.example', true],
    ['http://localhost:8080', true],
    ['http://127.0.0.1:8080', false],
    ['https://[::1]:8080', false],
    ['http://age.example', false],
  ])('%s', async (address, isAvailable) => {
    const other = makeService(address);
    expect(other.isAvailable()).toBe(isAvailable);
    expect((await checks(other)[0]?.run())?.status).toBe(isAvailable ? 'ok' : 'attention');
    if (!isAvailable) await expect(other.beginRegistration(finishCheck())).rejects.toMatchObject({ code: 'conflict' });
  });
});

describe('over HTTP', () => {
  it('a whole round; other sites and broken bodies are refused', async () => {
    const server = await startTestServer({ routes: routes(service, context.context), authenticator: { authenticate: async () => undefined }, clock });
    try {
      const send = (path: string, body?: object, headers = {}): Promise<Response> =>
        fetch(`http://${server.host}${path}`, {
          method: 'POST',
          headers: { 'x-browser': 'own', 'content-type': 'application/json', ...headers },
          ...(body === undefined ? {} : { body: JSON.stringify(body) }),
        });
      const authenticator = new SoftAuthenticator(ORIGIN);
      const done = finishCheck().sessionId;
      const creation = await (await send(`/v1/age/passkeys/options?session=${done}`)).json();
      expect((await send(`/v1/age/passkeys?session=${done}`, { ...authenticator.create(creation), clientExtensionResults: {} })).status).toBe(204);
      const open = openSession().sessionId;
      const request = await (await send(`/v1/age/passkeys/assertion-options?session=${open}`)).json();
      expect((await send(`/v1/age/passkeys/assertions?session=${open}`, authenticator.get(request), { 'sec-fetch-site': 'cross-site' })).status).toBe(403);
      expect((await send(`/v1/age/passkeys/assertions?session=${open}`, { id: '+/=' })).status).toBe(400);
      const answer = await send(`/v1/age/passkeys/assertions?session=${open}`, authenticator.get(request));
      expect([answer.status, await answer.json()]).toEqual([200, { status: 'completed' }]);
    } finally {
      await server.close();
    }
  });
});
