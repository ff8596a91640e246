import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { asBrowser, createAgeDatabase, NOBODY, RETURN_URL, SERVICE, startAge, type TestAge } from '../../../test/support/age.ts';
import type { TestDatabase } from '../../../test/support/database.ts';
import { OpenSessionSchema, type AgeOutcome } from './schema.ts';

const VERIFIED: AgeOutcome = { result: 'true', grade: 3, method: 'wallet', kind: 'verified', generation: 1 };
const NEVER = new AbortController().signal;

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

const claimsOf = (jws: string | undefined): Record<string, unknown> =>
  JSON.parse(Buffer.from(jws?.split('.')[1] ?? '', 'base64url').toString()) as Record<string, unknown>;

describe('opening', () => {
  it('gives the address, a token and an end', async () => {
    const opened = await test.open();
    expect(opened.url).toBe(`http://127.0.0.1:8080/age/${opened.id}`);
    expect(opened.clientToken).toMatch(/^agc_[0-9a-f]{64}$/);
    expect(opened.expiresAt).toBe('2026-11-25T12:15:00.000Z');
  });

  it.each([
    ['another site', 'https://evil.example/welcome'],
    ['a sub-domain', 'https://a.forum.example/'],
    ['a longer name', 'https://forum.example.evil.example/'],
    ['another port', 'https://forum.example:8443/'],
    ['another scheme', 'http://forum.example/'],
    ['a user name that looks like the site', 'https://forum.example@evil.example/'],
    ['a user name', 'https://me@forum.example/'],
  ])('sends nobody to %s', async (_name, returnUrl) => {
    await expect(test.open({ returnUrl })).rejects.toMatchObject({ code: 'invalid_request', extras: { errors: [{ at: '/returnUrl' }] } });
  });

  it('is for registered services only', async () => {
    await expect(test.open({ service: 'other' })).rejects.toMatchObject({ code: 'invalid_request', extras: { errors: [{ at: '/service' }] } });
  });

  it('calls no private address', async () => {
    await expect(test.open({ callbackUrl: 'http://10.0.0.1/hook' })).rejects.toMatchObject({ code: 'outbound_refused' });
  });
});

describe('the two secrets', () => {
  it('the service needs its token', async () => {
    const { id, clientToken } = await test.open();
    const { sessions } = test.age;
    expect(await sessions.read(id, clientToken)).toMatchObject({ id, state: 'open', threshold: 18, direction: 'over' });
    const other = await test.open();
    for (const token of [undefined, '', 'agc_', other.clientToken, clientToken.toUpperCase()])
      await expect(sessions.read(id, token)).rejects.toMatchObject({ code: 'not_found' });
    await expect(sessions.cancel(id, other.clientToken)).rejects.toMatchObject({ code: 'not_found' });
  });

  it('the first browser is the one', async () => {
    const { id } = await test.open();
    const { sessions } = test.age;
    const browser = await test.enter(id);
    expect(await sessions.enter(id, browser, { isSecure: true, mayBind: true })).toMatchObject({ kind: 'own', session: { id } });
    expect(await sessions.enter(id, NOBODY, { isSecure: true, mayBind: true })).toEqual({ kind: 'other_browser' });
    await expect(sessions.findOwn(id, NOBODY)).rejects.toMatchObject({ code: 'not_found' });
    expect(await sessions.findOwn(id, browser)).toMatchObject({ id });
  });

  it('of browsers that come at once, one is bound', async () => {
    const { id } = await test.open();
    const entries = await Promise.all(Array.from({ length: 8 }, () => test.age.sessions.enter(id, NOBODY, { isSecure: true, mayBind: true })));
    expect(entries.filter(({ kind }) => kind === 'bound')).toHaveLength(1);
  });

  it('a look ahead binds nobody', async () => {
    const { id } = await test.open();
    expect(await test.age.sessions.enter(id, NOBODY, { isSecure: true, mayBind: false })).toEqual({ kind: 'other_browser' });
    expect(await test.enter(id)).toBeDefined();
  });

  it('cookies are for the page and its API, out of reach of scripts', async () => {
    const { id } = await test.open();
    const entry = await test.age.sessions.enter(id, NOBODY, { isSecure: true, mayBind: true });
    const cookies = entry.kind === 'bound' ? entry.cookies : [];
    expect(cookies.map((cookie) => cookie.replace(/=[0-9a-f]{64};/, '=…;'))).toEqual(
      ['/age', '/v1/age'].map((path) => `gatehouse_age_${id.slice(-12)}=…; Path=${path}; HttpOnly; SameSite=Lax; Max-Age=1500; Secure`),
    );
  });

  it('the cookie of one session opens no other', async () => {
    const [a, b] = [await test.open(), await test.open()];
    const browser = await test.enter(a.id);
    const secret = browser.header('cookie')?.split(/[=;]/)[1] ?? '';
    await test.enter(b.id);
    const forged = asBrowser([`gatehouse_age_${b.id.slice(-12)}=${secret}`]);
    await expect(test.age.sessions.findOwn(b.id, forged)).rejects.toMatchObject({ code: 'not_found' });
  });

  it('only hashes are stored', async () => {
    const { id, clientToken } = await test.open();
    const cookie = (await test.enter(id)).header('cookie') ?? '';
    const { rows } = await db.database.pool.query('select * from age.session where id = $1', [id]);
    const stored = JSON.stringify(rows);
    for (const secret of [clientToken, clientToken.slice(4), cookie.split(/[=;]/)[1] ?? 'none']) expect(stored).not.toContain(secret);
  });
});

describe('completing', () => {
  it('gives the signed result, with nothing but the answer', async () => {
    const { id, clientToken } = await test.open({ nonce: 'my-session-1' });
    expect(await test.age.sessions.complete(id, VERIFIED)).toBe(true);
    const view = await test.age.sessions.read(id, clientToken);
    expect(view.state).toBe('completed');
    const iat = Date.parse('2026-11-25T12:00:00Z') / 1000;
    expect(claimsOf(view.result)).toEqual({
      iss: 'http://127.0.0.1:8080',
      aud: 'forum',
      sid: id,
      over: 18,
      result: 'true',
      grade: 3,
      method: 'wallet',
      iat,
      exp: iat + 600,
      nonce: 'my-session-1',
    });
  });

  it('happens once', async () => {
    const { id } = await test.open();
    const outcomes = ['true', 'false'] as const;
    const done = await Promise.all(
      Array.from({ length: 8 }, (_none, index) => test.age.sessions.complete(id, { ...VERIFIED, result: outcomes[index % 2] ?? 'true' })),
    );
    expect(done.filter(Boolean)).toHaveLength(1);
    expect(await test.age.sessions.complete(id, VERIFIED)).toBe(false);
  });

  it('does not happen when cancelled or expired', async () => {
    const [a, b] = [await test.open(), await test.open()];
    await test.age.sessions.cancel(a.id, a.clientToken);
    expect(await test.age.sessions.complete(a.id, VERIFIED)).toBe(false);
    expect((await test.age.sessions.read(a.id, a.clientToken)).state).toBe('cancelled');
    test.clock.advance(15 * 60_000);
    expect(await test.age.sessions.complete(b.id, VERIFIED)).toBe(false);
    expect((await test.age.sessions.read(b.id, b.clientToken)).state).toBe('expired');
  });

  it('tells of the answer, not of the session', async () => {
    const heard: unknown[] = [];
    test.context.events.on('age.result', (event) => void heard.push(event));
    const { id } = await test.open({ threshold: 13, direction: 'under' });
    await test.age.sessions.complete(id, { result: 'true', grade: 2, method: 'provider:bank', kind: 'verified', provider: 'bank' });
    expect(heard).toEqual([{ service: 'forum', threshold: 13, direction: 'under', result: 'true', grade: 2, methodKind: 'provider' }]);
  });

  it('undoes all of it when the caller does', async () => {
    const { id, clientToken } = await test.open();
    await expect(
      db.database.transact(async (tx) => {
        expect(await test.age.sessions.complete(id, VERIFIED, tx)).toBe(true);
        throw new Error('no');
      }),
    ).rejects.toThrow('no');
    expect((await test.age.sessions.read(id, clientToken)).state).toBe('open');
  });
});

describe('results', () => {
  const complete = async (outcome: AgeOutcome = VERIFIED) => {
    const opened = await test.open({ nonce: 'my-session-1' });
    const browser = await test.enter(opened.id);
    await test.age.sessions.complete(opened.id, outcome);
    const { result = '' } = await test.age.sessions.read(opened.id, opened.clientToken);
    return { ...opened, browser, result };
  };

  it('are used once', async () => {
    const { result, id } = await complete();
    const input = { result, service: SERVICE.id, session: id, nonce: 'my-session-1', once: true };
    expect(await test.age.results.verify({ ...input, once: false })).toMatchObject({ valid: true, claims: { sid: id } });
    const checks = await Promise.all(Array.from({ length: 6 }, () => test.age.results.verify(input)));
    expect(checks.filter(({ valid }) => valid)).toHaveLength(1);
    expect(checks.filter(({ reason }) => reason === 'used')).toHaveLength(5);
  });

  it.each([
    ['another service', { service: 'other' }, 'wrong_audience'],
    ['another session', { session: 'age_00000000000000000000000000' }, 'wrong_session'],
    ['another nonce', { nonce: 'my-session-2' }, 'wrong_nonce'],
    ['a return code that nobody got', { returnCode: '0'.repeat(64) }, 'not_returned'],
  ])('are refused for %s, and not used up', async (_name, change, reason) => {
    const { result } = await complete();
    expect(await test.age.results.verify({ result, service: SERVICE.id, once: true, ...change })).toEqual({ valid: false, reason });
    expect(await test.age.results.verify({ result, service: SERVICE.id, once: true })).toMatchObject({ valid: true });
  });

  it('are void when an issuer was muted since, unless they rest on none', async () => {
    const [wallet, provider] = [await complete(), await complete({ result: 'true', grade: 3, method: 'provider:bank', kind: 'verified' })];
    test.trust.generation = 2;
    expect(await test.age.results.verify({ result: wallet.result, service: SERVICE.id, once: true })).toEqual({ valid: false, reason: 'voided' });
    expect(await test.age.results.verify({ result: provider.result, service: SERVICE.id, once: true })).toMatchObject({ valid: true });
  });

  it('end after ten minutes', async () => {
    const { result, id, clientToken } = await complete();
    test.clock.advance(10 * 60_000);
    expect(await test.age.results.verify({ result, service: SERVICE.id, once: true })).toEqual({ valid: false, reason: 'expired' });
    expect((await test.age.sessions.read(id, clientToken)).result).toBeUndefined();
  });

  it('show that the browser came back', async () => {
    const { result, id, browser } = await complete();
    const address = new URL(await test.age.sessions.returnAddress(id, browser));
    expect(`${address.origin}${address.pathname}?from=${address.searchParams.get('from')}`).toBe(RETURN_URL);
    expect(address.searchParams.get('age_session')).toBe(id);
    const returnCode = address.searchParams.get('age_return') ?? '';
    expect(await test.age.results.verify({ result, service: SERVICE.id, returnCode, once: true })).toMatchObject({ valid: true });
    await expect(test.age.sessions.returnAddress(id, NOBODY)).rejects.toMatchObject({ code: 'not_found' });
  });
});

describe('a place for who is too young', () => {
  const UNDER_URL = 'https://forum.example/young?from=age';
  const addService = (change: object = {}): Promise<unknown> =>
    test.age.services.add({ id: 'young', name: 'Young', returnOrigins: ['https://forum.example'], underUrl: UNDER_URL, ...change });
  const leave = async (change: object, result: 'true' | 'false' | 'inconclusive' | undefined, options?: { readonly returnsHere: true }): Promise<string> => {
    const asked = { threshold: 18, direction: 'over', service: 'young', returnUrl: RETURN_URL, minGrade: 2, locale: 'en', ...change } as const;
    const { id } = await test.age.sessions.open(asked, options);
    const browser = await test.enter(id);
    if (result !== undefined) await test.age.sessions.complete(id, { ...VERIFIED, result });
    return new URL(await test.age.sessions.returnAddress(id, browser)).pathname;
  };

  it.each([
    ['over', 'false', '/young'],
    ['over', 'true', '/welcome'],
    ['over', 'inconclusive', '/welcome'],
    ['over', undefined, '/welcome'],
    ['under', 'true', '/young'],
    ['under', 'false', '/welcome'],
    ['under', 'inconclusive', '/welcome'],
  ] as const)('"%s" and %s leads to %s', async (direction, result, path) => {
    await addService();
    expect(await leave({ direction }, result)).toBe(path);
  });

  it('carries the proof that the person came back', async () => {
    await addService();
    const { id } = await test.open({ service: 'young' });
    const browser = await test.enter(id);
    await test.age.sessions.complete(id, { ...VERIFIED, result: 'false' });
    const address = new URL(await test.age.sessions.returnAddress(id, browser));
    expect([address.searchParams.get('from'), address.searchParams.get('age_session')]).toEqual(['age', id]);
    expect(address.searchParams.get('age_return')).toMatch(/^[0-9a-f]{64}$/);
  });

  it('is the one of the time of the question, and never for what returns to a part of ours', async () => {
    await addService();
    const { id } = await test.open({ service: 'young' });
    const browser = await test.enter(id);
    await addService({ underUrl: undefined });
    await test.age.sessions.complete(id, { ...VERIFIED, result: 'false' });
    expect(new URL(await test.age.sessions.returnAddress(id, browser)).pathname).toBe('/young');
    expect(await leave({}, 'false')).toBe('/welcome');
    await addService();
    expect(await leave({ returnUrl: 'http://127.0.0.1:8080/age/gate/return' }, 'false', { returnsHere: true })).toBe('/age/gate/return');
  });
});

describe('the language', () => {
  it('is not decided by us, and can be settled later without waking anybody', async () => {
    const { id } = await test.open({ locale: OpenSessionSchema.parse({ threshold: 18, service: SERVICE.id, returnUrl: RETURN_URL }).locale });
    const before = await test.age.sessions.findOpen(id);
    expect(before?.locale).toBe('und');
    await test.age.sessions.setLocale(id, 'cy');
    expect(await test.age.sessions.findOpen(id)).toEqual({ ...before, locale: 'cy' });
  });
});

describe('what is kept', () => {
  it('goes: the result at its end, the session a little later', async () => {
    const { id, clientToken } = await test.open();
    const left = await test.open();
    await test.age.sessions.complete(id, VERIFIED);
    const rows = async (table: string): Promise<number> =>
      (await db.database.pool.query(`select 1 from age.${table} where ${table === 'session' ? 'id' : 'session_id'} in ($1, $2)`, [id, left.id])).rows.length;
    await test.age.prune();
    expect([await rows('session'), await rows('result')]).toEqual([2, 1]);
    test.clock.advance(10 * 60_000);
    await test.age.prune();
    expect([await rows('session'), await rows('result')]).toEqual([2, 0]);
    expect((await test.age.sessions.read(id, clientToken)).state).toBe('completed');
    test.clock.advance(10 * 60_000);
    await test.age.prune();
    expect((await test.age.sessions.read(left.id, left.clientToken)).state).toBe('expired');
    expect(await rows('session')).toBe(1);
    test.clock.advance(20 * 60_000);
    await test.age.prune();
    expect(await rows('session')).toBe(0);
  });
});

describe('watching', () => {
  it('wakes at a change and at the end', async () => {
    const { id } = await test.open();
    const watch = (sinceVersion: number) => test.age.sessions.watch(id, { sinceVersion, waitMs: 10_000, signal: NEVER });
    const first = await watch(0);
    expect(first).toMatchObject({ version: 1, view: { state: 'open' } });
    const next = watch(first.version);
    await test.age.sessions.note(id, 'refused');
    expect(await next).toMatchObject({ version: 2, view: { state: 'open' } });
    const last = watch(2);
    await test.age.sessions.complete(id, VERIFIED);
    expect(await last).toMatchObject({ version: 3, view: { state: 'completed' } });
  });

  it('sees that the time is up, once', async () => {
    const { id, clientToken } = await test.open();
    test.clock.advance(15 * 60_000);
    expect(await test.age.sessions.watch(id, { sinceVersion: 1, waitMs: 0, signal: NEVER })).toMatchObject({ version: 2, view: { state: 'expired' } });
    await test.age.prune();
    expect(await test.age.sessions.watch(id, { sinceVersion: 1, waitMs: 0, signal: NEVER })).toMatchObject({ version: 2 });
    expect((await test.age.sessions.read(id, clientToken)).state).toBe('expired');
  });
});
