/** Drills on the wallet flows, with a protocol that is plain to see through: replay, relay, fixation, crash, concurrency. */
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { createAgeDatabase, NOBODY, startAge, type TestAge } from '../../../test/support/age.ts';
import type { TestDatabase } from '../../../test/support/database.ts';
import { isGatehouseError } from '../../platform/errors.ts';
import type { BrowserProof } from '../sessions/schema.ts';
import type { Begun, WalletAnswer } from './schema.ts';

let db: TestDatabase;
let test: TestAge;
beforeAll(async () => {
  db = await createAgeDatabase();
});
afterAll(() => db.drop());
beforeEach(async () => {
  test = await startAge({ db });
});
afterEach(() => test.dispose());

interface Scene {
  readonly id: string;
  readonly clientToken: string;
  readonly browser: BrowserProof;
}

async function begin(input: Parameters<TestAge['open']>[0] = {}): Promise<Scene> {
  const { id, clientToken } = await test.open(input);
  return { id, clientToken, browser: await test.enter(id) };
}

/** What an honest wallet answers: it knows the request from its link. */
async function answerTo(begun: Begun, answer: 'true' | 'false' | 'unknown' = 'true', change: object = {}): Promise<WalletAnswer> {
  const signed = JSON.parse(await test.age.wallet.readRequest(begun.requestId, undefined)) as { memory: string };
  const { nonce, origin } = JSON.parse(signed.memory) as { nonce: string; origin: string };
  return { kind: 'direct_post', vpToken: JSON.stringify({ nonce, origin, answer, ...change }), state: undefined };
}

const stateOf = async ({ id, clientToken }: Scene): Promise<string> => (await test.age.sessions.read(id, clientToken)).state;
const codeOf = (redirectUri: string | undefined): string => new URL(redirectUri ?? '').searchParams.get('response_code') ?? '';
const metrics = async (): Promise<string> => (await test.context.metrics.render()).body;

describe('a wallet on the same device', () => {
  it('answers, and the browser comes back with the code', async () => {
    const scene = await begin({ minGrade: 3 });
    const begun = await test.age.wallet.begin(scene.id, scene.browser, 'redirect');
    const { redirectUri } = await test.age.wallet.answer(begun.requestId, await answerTo(begun));
    expect(redirectUri).toMatch(new RegExp(`^http://127.0.0.1:8080/age/${scene.id}/back\\?response_code=[0-9a-f]{64}$`));
    expect(await stateOf(scene)).toBe('open');
    expect(await test.age.wallet.comeBack(scene.id, scene.browser, codeOf(redirectUri))).toBe(true);
    expect(await test.age.sessions.findResult(scene.id)).toMatchObject({ result: 'true', grade: 3, method: 'wallet', kind: 'verified', generation: 1 });
  });

  it('fixation: a link that was sent on ends in a browser without the session, and the session gets nothing', async () => {
    const attacker = await begin();
    const begun = await test.age.wallet.begin(attacker.id, attacker.browser, 'redirect');
    // The victim follows the link; their wallet answers and leads their own browser back.
    const { redirectUri } = await test.age.wallet.answer(begun.requestId, await answerTo(begun));
    await expect(test.age.wallet.comeBack(attacker.id, NOBODY, codeOf(redirectUri))).rejects.toMatchObject({ code: 'not_found' });
    // The attacker, who never sees the code, waits in vain.
    expect(await test.age.wallet.comeBack(attacker.id, attacker.browser, '0'.repeat(64))).toBe(false);
    expect(await stateOf(attacker)).toBe('open');
  });

  it('the code is used once, and only by its session', async () => {
    const [scene, other] = [await begin(), await begin()];
    const begun = await test.age.wallet.begin(scene.id, scene.browser, 'redirect');
    const code = codeOf((await test.age.wallet.answer(begun.requestId, await answerTo(begun))).redirectUri);
    expect(await test.age.wallet.comeBack(other.id, other.browser, code)).toBe(false);
    const backs = await Promise.all([1, 2, 3].map(() => test.age.wallet.comeBack(scene.id, scene.browser, code)));
    expect(backs.filter(Boolean)).toHaveLength(1);
  });

  it('the code lives five minutes', async () => {
    const scene = await begin();
    const begun = await test.age.wallet.begin(scene.id, scene.browser, 'redirect');
    const code = codeOf((await test.age.wallet.answer(begun.requestId, await answerTo(begun))).redirectUri);
    test.clock.advance(300_000);
    expect(await test.age.wallet.comeBack(scene.id, scene.browser, code)).toBe(false);
  });
});

describe('a wallet on another device', () => {
  it('answers for the browser that shows the code, at a lower grade', async () => {
    const scene = await begin();
    const begun = await test.age.wallet.begin(scene.id, scene.browser, 'qr');
    expect(begun.matchCode).toMatch(/^[1-9][0-9]$/);
    expect(await test.age.wallet.land(begun.requestId)).toMatchObject({ matchCode: begun.matchCode, serviceName: 'The Forum', question: { threshold: 18 } });
    const { redirectUri } = await test.age.wallet.answer(begun.requestId, await answerTo(begun, 'false'));
    expect(redirectUri).toBe('http://127.0.0.1:8080/age/done');
    expect(await test.age.sessions.findResult(scene.id)).toMatchObject({ result: 'false', grade: 2, method: 'wallet_other_device' });
  });

  it('is not offered when a higher grade is asked', async () => {
    const scene = await begin({ minGrade: 3 });
    await expect(test.age.wallet.begin(scene.id, scene.browser, 'qr')).rejects.toMatchObject({ code: 'conflict' });
  });

  it('relay: the code of a second browser cannot be had', async () => {
    const scene = await begin();
    await expect(test.age.wallet.begin(scene.id, NOBODY, 'qr')).rejects.toMatchObject({ code: 'not_found' });
  });

  it('the code is dead after 120 s, and as soon as there is a newer one', async () => {
    const scene = await begin();
    const old = await test.age.wallet.begin(scene.id, scene.browser, 'qr');
    const answer = await answerTo(old);
    const fresh = await test.age.wallet.begin(scene.id, scene.browser, 'qr');
    await expect(test.age.wallet.answer(old.requestId, answer)).rejects.toMatchObject({ code: 'gone' });
    const late = await answerTo(fresh);
    test.clock.advance(120_000);
    await expect(test.age.wallet.readRequest(fresh.requestId, undefined)).rejects.toMatchObject({ code: 'gone' });
    await expect(test.age.wallet.land(fresh.requestId)).rejects.toMatchObject({ code: 'gone' });
    await expect(test.age.wallet.answer(fresh.requestId, late)).rejects.toMatchObject({ code: 'gone' });
    expect(await stateOf(scene)).toBe('open');
    expect(test.wallet.seen).toEqual([]);
  });
});

describe('an answer', () => {
  it('uses its request up, whatever the verdict', async () => {
    const scene = await begin();
    const begun = await test.age.wallet.begin(scene.id, scene.browser, 'qr');
    const good = await answerTo(begun);
    await expect(test.age.wallet.answer(begun.requestId, await answerTo(begun, 'true', { nonce: 'nonce-0' }))).rejects.toMatchObject({
      code: 'age_not_accepted',
    });
    await expect(test.age.wallet.answer(begun.requestId, good)).rejects.toMatchObject({ code: 'gone' });
    expect(await stateOf(scene)).toBe('open');
    expect(await test.age.sessions.findOwn(scene.id, scene.browser)).toMatchObject({ notice: 'refused', attempts: 1 });
  });

  it('uses it up before it is verified: a crash in between leaves nothing to try again', async () => {
    const scene = await begin();
    const begun = await test.age.wallet.begin(scene.id, scene.browser, 'qr');
    const answer = await answerTo(begun);
    // The node dies here: the verdict never comes.
    const reached = new Promise<void>((resolve) => {
      test.wallet.beforeVerdict = () => {
        resolve();
        return new Promise<void>(() => undefined);
      };
    });
    // Whatever ends it before that fails here, and not outside of the test.
    await Promise.race([reached, test.age.wallet.answer(begun.requestId, answer).then(() => expect.fail('there was a verdict'))]);
    const again = await startAge({ db });
    await expect(again.age.wallet.answer(begun.requestId, answer)).rejects.toMatchObject({ code: 'gone' });
    expect(again.wallet.seen).toEqual([]);
    expect((await db.database.pool.query('select 1 from age.wallet_request where session_id = $1', [scene.id])).rows).toEqual([]);
    await again.dispose();
  });

  it('is taken once when it comes ten times at once', async () => {
    const scene = await begin();
    const begun = await test.age.wallet.begin(scene.id, scene.browser, 'qr');
    const answer = await answerTo(begun);
    const ends = await Promise.allSettled(Array.from({ length: 10 }, () => test.age.wallet.answer(begun.requestId, answer)));
    expect(ends.filter(({ status }) => status === 'fulfilled')).toHaveLength(1);
    expect(ends.every((end) => end.status === 'fulfilled' || isGatehouseError(end.reason, 'gone'))).toBe(true);
    expect(test.wallet.seen).toHaveLength(1);
    expect(await test.age.sessions.findOwn(scene.id, scene.browser)).toMatchObject({ attempts: 1, state: 'completed' });
  });

  it('to one session says nothing in another', async () => {
    const [scene, other] = [await begin(), await begin()];
    const begun = await test.age.wallet.begin(scene.id, scene.browser, 'qr');
    const stolen = await answerTo(begun);
    const own = await test.age.wallet.begin(other.id, other.browser, 'qr');
    await expect(test.age.wallet.answer(own.requestId, stolen)).rejects.toMatchObject({ code: 'age_not_accepted' });
    expect(await stateOf(other)).toBe('open');
  });

  it.each([
    ['the nonce', { nonce: 'nonce-0' }, 'nonce_wrong'],
    ['the origin', { origin: 'https://evil.example' }, 'origin_wrong'],
  ])('is refused for %s with one message; only the counter knows why', async (_name, change, code) => {
    const scene = await begin();
    const begun = await test.age.wallet.begin(scene.id, scene.browser, 'qr');
    await expect(test.age.wallet.answer(begun.requestId, await answerTo(begun, 'true', change))).rejects.toMatchObject({
      code: 'age_not_accepted',
      message: 'The proof was not accepted. Nothing of it was kept.',
    });
    expect(await metrics()).toContain(`gatehouse_age_refusals_total{code="${code}"} 1`);
  });

  it('that breaks the verifier is refused', async () => {
    const scene = await begin();
    const begun = await test.age.wallet.begin(scene.id, scene.browser, 'qr');
    await expect(test.age.wallet.answer(begun.requestId, { kind: 'direct_post', vpToken: 'no JSON', state: undefined })).rejects.toMatchObject({
      code: 'age_not_accepted',
    });
    expect(await metrics()).toContain('gatehouse_age_refusals_total{code="internal"} 1');
  });

  it('can be given five times', async () => {
    const scene = await begin();
    const wrong = { kind: 'direct_post', vpToken: '{}', state: undefined } as const;
    for (let attempt = 0; attempt < 5; attempt++) {
      const begun = await test.age.wallet.begin(scene.id, scene.browser, 'qr');
      await expect(test.age.wallet.answer(begun.requestId, wrong)).rejects.toMatchObject({ code: 'age_not_accepted' });
    }
    await expect(test.age.wallet.begin(scene.id, scene.browser, 'qr')).rejects.toMatchObject({ code: 'conflict' });
    await expect(test.age.wallet.beginDcApi(scene.id, scene.browser, 'http://127.0.0.1:8080')).rejects.toMatchObject({ code: 'conflict' });
    expect(await stateOf(scene)).toBe('open');
  });

  it('that says nothing about this age leaves other ways open', async () => {
    const scene = await begin();
    const begun = await test.age.wallet.begin(scene.id, scene.browser, 'redirect');
    const { redirectUri } = await test.age.wallet.answer(begun.requestId, await answerTo(begun, 'unknown'));
    expect(redirectUri).toBe(`http://127.0.0.1:8080/age/${scene.id}`);
    expect(await test.age.sessions.findOwn(scene.id, scene.browser)).toMatchObject({ state: 'open', notice: 'inconclusive' });
  });

  it('can be no', async () => {
    const scene = await begin();
    const begun = await test.age.wallet.begin(scene.id, scene.browser, 'qr');
    expect(await test.age.wallet.answer(begun.requestId, { kind: 'declined' })).toEqual({ redirectUri: 'http://127.0.0.1:8080/age/done' });
    expect(await test.age.sessions.findOwn(scene.id, scene.browser)).toMatchObject({ state: 'open', notice: 'declined', attempts: 1 });
  });

  it('comes too late when the session was cancelled', async () => {
    const scene = await begin();
    const begun = await test.age.wallet.begin(scene.id, scene.browser, 'qr');
    const answer = await answerTo(begun);
    await test.age.sessions.cancel(scene.id, scene.clientToken);
    await expect(test.age.wallet.answer(begun.requestId, answer)).rejects.toMatchObject({ code: 'gone' });
    expect(test.wallet.seen).toEqual([]);
  });

  it('falls with an issuer that is muted while it is verified', async () => {
    const scene = await begin();
    const begun = await test.age.wallet.begin(scene.id, scene.browser, 'qr');
    test.wallet.beforeVerdict = async () => void (test.trust.generation = 2);
    await test.age.wallet.answer(begun.requestId, await answerTo(begun));
    const { result = '' } = await test.age.sessions.read(scene.id, scene.clientToken);
    expect(await test.age.results.verify({ result, service: 'forum', once: true })).toEqual({ valid: false, reason: 'voided' });
  });
});

describe('the Digital Credentials API', () => {
  const dcAnswer = (request: { request: string; requests: readonly { data: object }[] }, change: object = {}) => ({
    request: request.request,
    protocol: 'org-iso-mdoc',
    data: { ...request.requests[0]?.data, origin: 'http://127.0.0.1:8080', answer: 'true', ...change },
  });

  it.each([
    [false, 3],
    [true, 4],
  ])('answers in one go (high assurance: %s)', async (isHighAssurance, grade) => {
    test.trust.isHighAssurance = isHighAssurance;
    const scene = await begin();
    const request = await test.age.wallet.beginDcApi(scene.id, scene.browser, 'http://127.0.0.1:8080');
    expect(await test.age.wallet.answerDcApi(scene.id, scene.browser, dcAnswer(request))).toBe('completed');
    expect(await test.age.sessions.findResult(scene.id)).toMatchObject({ result: 'true', grade, method: 'wallet' });
    await expect(test.age.wallet.answerDcApi(scene.id, scene.browser, dcAnswer(request))).rejects.toMatchObject({ code: 'gone' });
  });

  it('is bound to the origin, to the browser and to the session', async () => {
    const [scene, other] = [await begin(), await begin()];
    const request = await test.age.wallet.beginDcApi(scene.id, scene.browser, 'http://127.0.0.1:8080');
    await expect(test.age.wallet.answerDcApi(scene.id, NOBODY, dcAnswer(request))).rejects.toMatchObject({ code: 'not_found' });
    await expect(test.age.wallet.answerDcApi(other.id, other.browser, dcAnswer(request))).rejects.toMatchObject({ code: 'gone' });
    const next = await test.age.wallet.beginDcApi(scene.id, scene.browser, 'http://127.0.0.1:8080');
    await expect(test.age.wallet.answerDcApi(scene.id, scene.browser, dcAnswer(next, { origin: 'https://evil.example' }))).rejects.toMatchObject({
      code: 'age_not_accepted',
    });
    expect(await stateOf(scene)).toBe('open');
  });

  it('a request of one way is no request of the other', async () => {
    const scene = await begin();
    const request = await test.age.wallet.beginDcApi(scene.id, scene.browser, 'http://127.0.0.1:8080');
    await expect(test.age.wallet.answer(request.request, { kind: 'direct_post', vpToken: '{}', state: undefined })).rejects.toMatchObject({ code: 'gone' });
    await expect(
      test.age.wallet.readRequest((await test.age.wallet.beginDcApi(scene.id, scene.browser, 'http://127.0.0.1:8080')).request, undefined),
    ).rejects.toMatchObject({ code: 'gone' });
    const begun = await test.age.wallet.begin(scene.id, scene.browser, 'qr');
    await expect(test.age.wallet.answerDcApi(scene.id, scene.browser, { request: begun.requestId, protocol: 'p', data: {} })).rejects.toMatchObject({
      code: 'gone',
    });
    expect(test.wallet.seen).toEqual([]);
  });
});

describe('at rest', () => {
  it('no nonce, no id, no key lies open', async () => {
    const scene = await begin();
    const begun = await test.age.wallet.begin(scene.id, scene.browser, 'qr');
    const { rows } = await db.database.pool.query<{ id_hash: Buffer; sealed: Buffer }>('select * from age.wallet_request where session_id = $1', [scene.id]);
    expect(rows).toHaveLength(1);
    const text = [rows[0]?.id_hash, rows[0]?.sealed].map((bytes) => `${bytes?.toString('latin1')} ${bytes?.toString('hex')}`).join(' ');
    for (const secret of ['nonce-', begun.requestId, begun.requestId.slice(0, 12)]) expect(text).not.toContain(secret);
  });

  it('nothing of a presentation is kept', async () => {
    const scene = await begin();
    const begun = await test.age.wallet.begin(scene.id, scene.browser, 'qr');
    await test.age.wallet.answer(begun.requestId, await answerTo(begun, 'true', { marker: 'a-part-of-the-presentation' }));
    for (const table of ['session', 'result', 'callback', 'wallet_request', 'wallet_answer'])
      expect(JSON.stringify((await db.database.pool.query(`select * from age.${table}`)).rows)).not.toContain('a-part-of-the-presentation');
  });
});
