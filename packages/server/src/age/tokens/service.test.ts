/** Issue and redemption over HTTP, with our own client, and everything that must be refused. */
import { randomBytes } from 'node:crypto';
import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { sql } from 'kysely';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { createFakeClock, type FakeClock } from '../../../test/support/clock.ts';
import { createTestContext, type TestContext } from '../../../test/support/context.ts';
import { createTestDatabase, type TestDatabase } from '../../../test/support/database.ts';
import { createFakeSessions, createFakeTrust, createKeySource, OWN, type FakeSessions, type FakeTrust } from '../../../test/support/reuse.ts';
import { makeChallenge, requestToken } from '../../../web/age-token-client.ts';
import { fromBase64Url, type Bytes } from '../../../web/age-bytes.ts';
import { createMetrics } from '../../platform/metrics.ts';
import { generateSigningKey } from './blind-rsa.ts';
import { checks } from './checks.ts';
import { openKeyVault, type KeyVault } from './key-vault.ts';
import { migrations } from './migrations.ts';
import { EPOCH_DAYS, TOKENS_PER_CHECK } from './rules.ts';
import type { Band, Directory, TokenGrade, TokenQuestion, VerdictForToken } from './schema.ts';
import { createTokenService, type TokenService } from './service.ts';

const HOST = '127.0.0.1:8080';
const DAY_MS = 86_400_000;
const OVER_18: TokenQuestion = { threshold: 18, direction: 'over' };

let database: TestDatabase;
let context: TestContext | undefined;
let clock: FakeClock;
let vault: KeyVault;
let sessions: FakeSessions;
let trust: FakeTrust;
let service: TokenService;
let count = 0;
const keySource = createKeySource();

const nextId = (): string => `age_${(count += 1)}`;

beforeAll(async () => {
  database = await createTestDatabase([{ domain: 'age', migrations }]);
});
beforeEach(async () => {
  await context?.dispose();
  // A day into an epoch, so that a test may let some days pass.
  const epochMs = EPOCH_DAYS * DAY_MS;
  clock = createFakeClock(new Date(Math.floor(Date.parse('2026-11-25T12:00:00Z') / epochMs) * epochMs + DAY_MS));
  await sql`truncate age.token_key cascade`.execute(database.database.sql);
  context = await createTestContext({ database: database.database, clock });
  vault = await openKeyVault(join(own().dataDir, 'keys', 'age-token.key'), true);
  sessions = createFakeSessions();
  trust = createFakeTrust();
  keySource.restart();
  service = createTokenService({ context: own().context, vault, sessions, trust, generateKey: keySource.generate });
});
afterAll(async () => {
  await context?.dispose();
  await database.drop();
});

function own(): TestContext {
  if (context === undefined) throw new Error('there is no context');
  return context;
}

function finishCheck(change: Partial<VerdictForToken> = {}): string {
  const sessionId = nextId();
  const verdict: VerdictForToken = {
    sessionId,
    question: OVER_18,
    result: 'true',
    grade: 3,
    kind: 'verified',
    method: 'wallet',
    checkedAt: clock.now(),
    generation: 1,
    ...change,
  };
  sessions.finish(verdict);
  return sessionId;
}

function openSession(question: TokenQuestion = OVER_18, minGrade: TokenGrade = 2): string {
  const id = nextId();
  sessions.open(id, { question, minGrade });
  return id;
}

type Listed = Directory['token-keys'][number];

async function findKey(question: TokenQuestion, band: Band): Promise<Listed> {
  const { 'token-keys': keys } = await service.directory();
  const nowS = clock.now().getTime() / 1000;
  const key = keys.find(
    ({ gatehouse: each }) => each.threshold === question.threshold && each.direction === question.direction && each.band === band && each['issue-until'] > nowS,
  );
  if (key === undefined) throw new Error('no such key is published');
  return key;
}

async function getToken(sessionId: string, question = OVER_18, band: Band = 3, host = HOST): Promise<Bytes> {
  const key = await findKey(question, band);
  const pending = await requestToken(fromBase64Url(key['token-key']), await makeChallenge(host, { ...question, band, epoch: key.gatehouse.epoch }));
  return pending.finish(Uint8Array.from(await service.issue({ sessionId, proof: OWN }, pending.request)));
}

const redeem = (sessionId: string, token: Uint8Array): ReturnType<TokenService['redeem']> => service.redeem({ sessionId, proof: OWN }, token);

describe('issue', () => {
  it('gives a few tokens for one check, also when all are asked for at once', async () => {
    const sessionId = finishCheck();
    await service.prepare(OVER_18);
    const results = await Promise.allSettled(Array.from({ length: 3 * TOKENS_PER_CHECK }, () => getToken(sessionId)));
    expect(results.filter(({ status }) => status === 'fulfilled').length).toBe(TOKENS_PER_CHECK);
    expect((await service.summarise()).map(({ issued }) => issued).toSorted()).toEqual([0, TOKENS_PER_CHECK]);
    await expect(getToken(sessionId)).rejects.toMatchObject({ code: 'conflict' });
  });

  it('gives none to another browser, none without a check', async () => {
    await service.prepare(OVER_18);
    const sessionId = finishCheck();
    const stranger = { sessionId, proof: { header: () => 'other' } };
    await expect(service.issue(stranger, Buffer.alloc(259, 1).fill(Buffer.of(0, 2), 0, 2))).rejects.toMatchObject({ code: 'not_found' });
    await expect(getToken('age_unknown')).rejects.toMatchObject({ code: 'not_found' });
    await expect(getToken(openSession())).rejects.toMatchObject({ code: 'not_found' });
  });

  it.each([
    ['a no', { result: 'false' }, 'answer_no'],
    ['a claim', { kind: 'declared', grade: 0 }, 'declared'],
    // One check would otherwise become five, then twenty-five, for ever.
    ['a result that came from a token', { method: 'token' }, 'reused_before'],
    ['a result that came from a passkey', { method: 'passkey' }, 'reused_before'],
    ['a check whose issuer was muted since', { generation: 0 }, 'issuer_muted'],
  ] as const)('gives none for %s', async (_, change, reason) => {
    await service.prepare(OVER_18);
    await expect(getToken(finishCheck(change))).rejects.toMatchObject({ code: 'forbidden', extras: { members: { reason } } });
  });

  it('signs nothing for another grade or question than the check had', async () => {
    await service.prepare(OVER_18);
    const low = finishCheck({ grade: 2 });
    await expect(getToken(low, OVER_18, 3)).rejects.toMatchObject({ code: 'conflict' });
    expect((await getToken(low, OVER_18, 2)).byteLength).toBe(354);
  });

  it.each([
    ['nothing', Buffer.alloc(0)],
    ['a byte too many', Buffer.concat([Buffer.of(0, 2), Buffer.alloc(258)])],
    ['another type', Buffer.concat([Buffer.of(0, 1), Buffer.alloc(257)])],
  ])('refuses %s as a request', async (_, bytes) => {
    await expect(service.issue({ sessionId: finishCheck(), proof: OWN }, bytes)).rejects.toMatchObject({ code: 'invalid_request' });
  });

  it('refuses a message that is larger than the modulus, and counts it', async () => {
    await service.prepare(OVER_18);
    const sessionId = finishCheck();
    const key = await findKey(OVER_18, 3);
    const { request } = await requestToken(fromBase64Url(key['token-key']), new Uint8Array());
    const large = Buffer.concat([request.subarray(0, 3), Buffer.alloc(256, 0xff)]);
    await expect(service.issue({ sessionId, proof: OWN }, large)).rejects.toMatchObject({ code: 'invalid_request' });
    await Promise.all(Array.from({ length: TOKENS_PER_CHECK - 1 }, () => getToken(sessionId)));
    await expect(getToken(sessionId)).rejects.toMatchObject({ code: 'conflict' });
  });
});

describe('redemption', () => {
  it('completes a session with the grade of the key, once', async () => {
    await service.prepare(OVER_18);
    const token = await getToken(finishCheck({ grade: 4 }));
    const session = openSession();
    expect(await redeem(session, token)).toEqual({ kind: 'completed' });
    expect(sessions.outcomes.get(session)).toEqual({ result: 'true', grade: 3, method: 'token', kind: 'verified' });
    expect(await redeem(openSession(), token)).toEqual({ kind: 'refused', reason: 'spent' });
    await expect(redeem(session, token)).rejects.toMatchObject({ code: 'not_found' });
  });

  it('double spending: of twenty at once, one is taken', async () => {
    await service.prepare(OVER_18);
    const token = await getToken(finishCheck());
    const results = await Promise.all(Array.from({ length: 20 }, () => redeem(openSession(), token)));
    expect(results.filter(({ kind }) => kind === 'completed').length).toBe(1);
    expect(results.filter((result) => result.kind === 'refused' && result.reason === 'spent').length).toBe(19);
    expect(sessions.outcomes.size).toBe(1);
  });

  it('gives the token back when the session was completed meanwhile', async () => {
    await service.prepare(OVER_18);
    const [first, second] = [await getToken(finishCheck()), await getToken(finishCheck())];
    const session = openSession();
    const both = await Promise.allSettled([redeem(session, first), redeem(session, second)]);
    expect(both.map(({ status }) => status).toSorted()).toEqual(['fulfilled', 'rejected']);
    const unused = both[0].status === 'fulfilled' ? second : first;
    expect(await redeem(openSession(), unused)).toEqual({ kind: 'completed' });
  });

  it('is only for the browser of the session', async () => {
    await service.prepare(OVER_18);
    const token = await getToken(finishCheck());
    const stranger = { sessionId: openSession(), proof: { header: () => 'other' } };
    await expect(service.redeem(stranger, token)).rejects.toMatchObject({ code: 'not_found' });
    expect(await redeem(openSession(), token)).toEqual({ kind: 'completed' });
  });

  it.each([
    ['another threshold', { threshold: 16, direction: 'over' }, 2, 'wrong_question'],
    ['a higher threshold', { threshold: 21, direction: 'over' }, 2, 'wrong_question'],
    ['the other direction', { threshold: 18, direction: 'under' }, 2, 'wrong_question'],
    ['a higher grade', OVER_18, 3, 'grade_too_low'],
    ['the highest grade', OVER_18, 4, 'grade_too_low'],
  ] as const)('a token does not answer %s', async (_, question, minGrade, reason) => {
    await service.prepare(OVER_18);
    const token = await getToken(finishCheck({ grade: 2 }), OVER_18, 2);
    expect(await redeem(openSession(question, minGrade), token)).toEqual({ kind: 'refused', reason });
    // It was not used up by that.
    expect(await redeem(openSession(), token)).toEqual({ kind: 'completed' });
  });

  it('a token of another site is refused, whoever signed it', async () => {
    await service.prepare(OVER_18);
    const token = await getToken(finishCheck(), OVER_18, 3, 'elsewhere.example');
    expect(await redeem(openSession(), token)).toEqual({ kind: 'refused', reason: 'wrong_challenge' });
  });

  it('a challenge of another class or epoch, replayed into this one, is refused', async () => {
    await service.prepare(OVER_18);
    const key = await findKey(OVER_18, 3);
    const { epoch } = key.gatehouse;
    const others = [
      { ...OVER_18, band: 2, epoch },
      { ...OVER_18, band: 3, epoch: epoch + 1 },
      { threshold: 21, direction: 'over' as const, band: 3, epoch },
      { threshold: 18, direction: 'under' as const, band: 3, epoch },
    ];
    for (const other of others) {
      const pending = await requestToken(fromBase64Url(key['token-key']), await makeChallenge(HOST, other));
      const token = await pending.finish(Uint8Array.from(await service.issue({ sessionId: finishCheck(), proof: OWN }, pending.request)));
      expect(await redeem(openSession(), token)).toEqual({ kind: 'refused', reason: 'wrong_challenge' });
    }
  });

  it('forged ones are refused: every byte counts', async () => {
    await service.prepare(OVER_18);
    const token = await getToken(finishCheck());
    const [otherKey] = [await findKey(OVER_18, 2)];
    const swapped = Buffer.from(token);
    swapped.set(Buffer.from(await crypto.subtle.digest('SHA-256', fromBase64Url(otherKey['token-key']))), 66);
    expect(await redeem(openSession(), swapped)).toEqual({ kind: 'refused', reason: 'wrong_challenge' });
    const reasons = new Set<string>();
    for (let index = 0; index < token.byteLength; index += 7) {
      const changed = Buffer.from(token);
      changed[index] = (changed[index] ?? 0) ^ 0x40;
      const result = await redeem(openSession(), changed);
      reasons.add(result.kind === 'refused' ? result.reason : 'ACCEPTED');
    }
    expect([...reasons].toSorted()).toEqual(['bad_signature', 'malformed', 'unknown_key', 'wrong_challenge']);
    for (const bytes of [Buffer.alloc(0), token.subarray(1), Buffer.concat([token, Buffer.of(0)])])
      expect(await redeem(openSession(), bytes)).toEqual({ kind: 'refused', reason: 'malformed' });
    expect(await redeem(openSession(), token)).toEqual({ kind: 'completed' });
  });

  it('lasts to the end of the window and no longer', async () => {
    await service.prepare(OVER_18);
    const [one, two] = [await getToken(finishCheck()), await getToken(finishCheck())];
    clock.advance((2 * EPOCH_DAYS - 1) * DAY_MS - 1);
    await service.rotate(new AbortController().signal);
    expect(await redeem(openSession(), one)).toEqual({ kind: 'completed' });
    clock.advance(1);
    expect(await redeem(openSession(), two)).toEqual({ kind: 'refused', reason: 'unknown_key' });
    await service.rotate(new AbortController().signal);
    const { rows } = await sql<{ count: number }>`select count(*) as count from age.token_spent`.execute(database.database.sql);
    expect(rows[0]?.count).toBe(0);
  });

  it('is void at once when an issuer is muted, and starts anew', async () => {
    await service.prepare(OVER_18);
    const token = await getToken(finishCheck());
    trust.mute();
    expect(await redeem(openSession(), token)).toEqual({ kind: 'refused', reason: 'voided' });
    expect((await service.directory())['token-keys']).toEqual([]);
    await service.prepare(OVER_18);
    const fresh = await getToken(finishCheck({ generation: 2 }));
    expect(await redeem(openSession(), fresh)).toEqual({ kind: 'completed' });
    await service.rotate(new AbortController().signal);
    expect(await redeem(openSession(), token)).toEqual({ kind: 'refused', reason: 'unknown_key' });
  });
});

describe('keys', () => {
  it('are the same for everybody in an epoch, and on every node', async () => {
    const node = { ...own().context, metrics: createMetrics() };
    const other = createTokenService({ context: node, vault, sessions, trust, generateKey: generateSigningKey });
    await Promise.all([service.prepare(OVER_18), other.prepare(OVER_18), service.prepare(OVER_18)]);
    expect(await other.directory()).toEqual(await service.directory());
    expect((await service.directory())['token-keys'].length).toBe(2);
    expect((await getToken(finishCheck())).subarray(66, 98)).toEqual((await getToken(finishCheck())).subarray(66, 98));
  });

  it('of the next epoch are made ahead, for questions that somebody got tokens for; private parts of the past go', async () => {
    await service.prepare(OVER_18);
    await service.prepare({ threshold: 21, direction: 'over' });
    await getToken(finishCheck());
    await getToken(finishCheck({ grade: 2 }), OVER_18, 2);
    const { signal } = new AbortController();
    expect(await service.rotate(signal)).toBe(0);
    clock.advance((EPOCH_DAYS - 3) * DAY_MS);
    expect(await service.rotate(signal)).toBe(2);
    expect(await service.rotate(signal)).toBe(0);
    clock.advance(2 * DAY_MS);
    await service.rotate(signal);
    const { rows } = await sql<{ name: string }>`
      select concat_ws(' ', threshold, epoch - min(epoch) over (), case when private_key is null then 'public' else 'private' end) as name from age.token_key
    `.execute(database.database.sql);
    expect(rows.map(({ name }) => name).toSorted()).toEqual(['18 0 public', '18 0 public', '18 1 private', '18 1 private', '21 0 public', '21 0 public']);
  });

  it('are sealed: the database alone signs nothing, and no other secret opens them', async () => {
    await service.prepare(OVER_18);
    const { rows } = await sql<{ id: Buffer; sealed: Buffer }>`select key_id as id, private_key as sealed from age.token_key limit 1`.execute(
      database.database.sql,
    );
    const [row] = rows;
    if (row === undefined) throw new Error('no key');
    expect(vault.unseal(row.id, row.sealed).asymmetricKeyType).toBe('rsa');
    expect(() => vault.unseal(randomBytes(32), row.sealed)).toThrow(/sealed/);
    const dir = await mkdtemp(join(tmpdir(), 'gatehouse-vault-'));
    try {
      const path = join(dir, 'keys', 'age-token.key');
      const stranger = await openKeyVault(path, true);
      expect(() => stranger.unseal(row.id, row.sealed)).toThrow(/Give every node the same file/);
      const text = await readFile(path, 'utf8');
      await openKeyVault(path, true);
      expect(await readFile(path, 'utf8')).toBe(text);
      expect(await readdir(join(dir, 'keys'))).toEqual(['age-token.key']);
      await writeFile(path, 'short');
      await expect(openKeyVault(path, true)).rejects.toMatchObject({ code: 'config_invalid' });
      await expect(openKeyVault(join(dir, 'missing'), false)).rejects.toMatchObject({ code: 'config_invalid' });
    } finally {
      await rm(dir, { recursive: true });
    }
  });

  it('with few tokens are pointed out when they issue no more', async () => {
    const [check] = checks(service);
    await service.prepare(OVER_18);
    await getToken(finishCheck());
    expect((await check?.run())?.status).toBe('ok');
    clock.advance(EPOCH_DAYS * DAY_MS);
    expect((await check?.run())?.status).toBe('attention');
  });
});

describe('what is stored', () => {
  it('links no token to a check: no session, no time, and nothing that stands in a request', async () => {
    await service.prepare(OVER_18);
    const sessionId = finishCheck();
    const token = await getToken(sessionId);
    await redeem(openSession(), token);
    const { rows } = await sql<object>`select * from age.token_spent`.execute(database.database.sql);
    expect(Object.keys(rows[0] ?? {}).toSorted()).toEqual(['nonce_hash', 'token_key']);
    clock.advance(2 * DAY_MS);
    await service.prune();
    const left = await sql<object>`select * from age.token_allowance`.execute(database.database.sql);
    expect(left.rows).toEqual([]);
  });
});
