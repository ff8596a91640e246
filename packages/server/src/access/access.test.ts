/** Access through the real frame, a real listener and a real database. */
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { sql } from 'kysely';
import { createFakeClock, type FakeClock } from '../../test/support/clock.ts';
import { createTestContext, type TestContext } from '../../test/support/context.ts';
import { createTestDatabase, type TestDatabase } from '../../test/support/database.ts';
import { cookieOf, FORM, startTestServer, type TestReply, type TestServer } from '../../test/support/http.ts';
import { ALL_RIGHTS, LOCAL_PRINCIPAL, type Principal, type Right } from '../platform/http/rights.ts';
import { json } from '../platform/http/reply.ts';
import { defineRoute } from '../platform/http/route.ts';
import { accessDomain, type AccessService } from './index.ts';
import { CreatedKeySchema, CreatedLinkSchema, KeyListSchema } from './schema.ts';

let db: TestDatabase;
let test: TestContext;
let clock: FakeClock;
let service: AccessService;
let server: TestServer;
const events: unknown[] = [];

const HOUR_MS = 3_600_000;
const KEEPER: Principal = { kind: 'key', id: 'key_keeper', name: 'keeper', rights: new Set<Right>(['keys:manage', 'scan']) };

beforeAll(async () => {
  db = await createTestDatabase([{ domain: 'access', migrations: accessDomain.migrations }]);
});

beforeEach(async () => {
  await sql`truncate access.person, access.api_key, access.session, access.sign_in_link cascade`.execute(db.database.sql);
  await server?.close();
  await test?.dispose();
  clock = createFakeClock();
  test = await createTestContext({ database: db.database, clock });
  events.length = 0;
  test.context.events.on('access.changed', (event) => void events.push(event));
  ({ service } = await accessDomain.create(test.context, {}));
  const probe = defineRoute({ method: 'post', path: '/v1/probe', right: 'scan', summary: 'needs a right', handle: async () => json({ ok: true }) });
  server = await startTestServer({
    clock,
    authenticator: service,
    routes: [probe, ...(accessDomain.routes?.(service, test.context) ?? []), ...(accessDomain.pages?.(service, test.context) ?? [])],
  });
});

afterAll(async () => {
  await server?.close();
  await test?.dispose();
  await db.drop();
});

const bearer = (secret: string): Record<string, string> => ({ authorization: `Bearer ${secret}` });
const codeOf = (reply: TestReply): unknown => Reflect.get(Object(reply.json), 'code');
const pathOf = (url: string): string => new URL(url).pathname;

async function makeKey(rights: Right[] = ['keys:manage', 'scan'], expiresInDays?: number): Promise<{ id: string; secret: string }> {
  const { key, secret } = await service.createKey({ name: 'test', rights, ...(expiresInDays === undefined ? {} : { expiresInDays }) }, LOCAL_PRINCIPAL);
  return { id: key.id, secret };
}

async function signIn(name = 'Ada', rights: Right[] = [...ALL_RIGHTS]): Promise<{ cookie: string; csrf: string }> {
  const link = await service.createSignInLink({ name, rights }, LOCAL_PRINCIPAL);
  const cookie = cookieOf(await server.send('POST', pathOf(link.url)));
  const page = await server.send('GET', '/console/account', { headers: { cookie } });
  return { cookie, csrf: /name="_csrf" value="([^"]+)"/.exec(page.text)?.[1] ?? '' };
}

describe('API keys', () => {
  it('are shown once, listed without their secret, and open what their rights allow', async () => {
    const keeper = await makeKey();
    const reply = await server.send('POST', '/v1/keys', {
      headers: { ...bearer(keeper.secret), 'content-type': 'application/json' },
      body: JSON.stringify({ name: 'web shop', rights: ['scan'] }),
    });
    expect(reply.status).toBe(201);
    expect(reply.headers['cache-control']).toBe('no-store');
    const { key, secret } = CreatedKeySchema.parse(reply.json);
    expect(secret.startsWith(`${key.prefix}_`)).toBe(true);
    const list = await server.send('GET', '/v1/keys', { headers: bearer(keeper.secret) });
    expect(KeyListSchema.parse(list.json).keys.map(({ name, state, createdBy }) => ({ name, state, createdBy }))).toContainEqual({
      name: 'web shop',
      state: 'active',
      createdBy: keeper.id,
    });
    expect(list.text).not.toContain(secret.slice(-64));
    expect((await server.send('POST', '/v1/probe', { headers: bearer(secret) })).status).toBe(200);
    const refused = await server.send('GET', '/v1/keys', { headers: bearer(secret) });
    expect([refused.status, Reflect.get(Object(refused.json), 'right')]).toEqual([403, 'keys:manage']);
  });

  it('are refused from the request after their revocation on, by every node; revoking twice changes nothing', async () => {
    const keeper = await makeKey();
    const { id, secret } = await makeKey(['scan']);
    const other = await createTestContext({ database: db.database, clock });
    const { service: otherNode } = await accessDomain.create(other.context, {});
    const credentials = { authorization: `Bearer ${secret}`, sessionCookie: undefined, ip: '192.0.2.1' };
    expect(await otherNode.authenticate(credentials)).toMatchObject({ kind: 'key', id });
    expect((await server.send('DELETE', `/v1/keys/${id}`, { headers: bearer(keeper.secret) })).status).toBe(204);
    expect((await server.send('POST', '/v1/probe', { headers: bearer(secret) })).status).toBe(401);
    expect(await otherNode.authenticate(credentials)).toBeUndefined();
    await otherNode.settle();
    await other.dispose();
    events.length = 0;
    expect((await server.send('DELETE', `/v1/keys/${id}`, { headers: bearer(keeper.secret) })).status).toBe(204);
    expect(events).toEqual([]);
    expect((await server.send('DELETE', `/v1/keys/key_${'0'.repeat(26)}`, { headers: bearer(keeper.secret) })).status).toBe(404);
    expect((await server.send('DELETE', '/v1/keys/nonsense', { headers: bearer(keeper.secret) })).status).toBe(400);
  });

  it('stop working at their expiry', async () => {
    const { secret } = await makeKey(['scan'], 1);
    clock.advance(24 * HOUR_MS - 1);
    expect((await server.send('POST', '/v1/probe', { headers: bearer(secret) })).status).toBe(200);
    clock.advance(1);
    expect((await server.send('POST', '/v1/probe', { headers: bearer(secret) })).status).toBe(401);
    expect((await service.listKeys()).map(({ state }) => state)).toEqual(['expired']);
  });

  it('end the tickets that they made', async () => {
    const { id, secret } = await makeKey(['uploads:write'], 1);
    const rest = { kind: 'key', name: 'test', rights: new Set<Right>(['uploads:write']) } as const;
    clock.advance(24 * HOUR_MS - 60_000);
    const { ticket } = await service.tickets.issue({ subject: 'a', maxUploads: 1, maxBytes: 1, minutes: 15 }, { ...rest, id });
    const status = async (bearing: string): Promise<number> => (await server.send('POST', '/v1/probe', { headers: bearer(bearing) })).status;
    expect([await status(secret), await status(ticket)]).toEqual([403, 403]);
    clock.advance(60_000);
    expect([await status(secret), await status(ticket)]).toEqual([401, 401]);
  });

  it('cannot make a key or a link with rights that they do not have', async () => {
    const keeper = await makeKey(['keys:manage', 'scan']);
    const post = (path: string, body: object): Promise<TestReply> =>
      server.send('POST', path, { headers: { ...bearer(keeper.secret), 'content-type': 'application/json' }, body: JSON.stringify(body) });
    expect((await post('/v1/keys', { name: 'more', rights: ['scan', 'held:view'] })).status).toBe(403);
    expect((await post('/v1/sign-in-links', { name: 'Eve', rights: ['held:view'] })).status).toBe(403);
    await service.createFirstSignInLink();
    // Without rights of its own, the link would be the administrator's.
    expect((await post('/v1/sign-in-links', { name: 'administrator' })).status).toBe(403);
    expect((await post('/v1/sign-in-links', { name: 'administrator', rights: ['scan'] })).status).toBe(403);
    const { rows } = await sql<{ name: string; rights: string[] }>`select name, rights from access.person`.execute(db.database.sql);
    expect(rows).toEqual([{ name: 'administrator', rights: [...ALL_RIGHTS] }]);
    expect((await service.listKeys()).length).toBe(1);
    const fresh = await post('/v1/sign-in-links', { name: 'Bob' });
    expect(fresh.status).toBe(201);
    expect((await post('/v1/sign-in-links', { name: 'Bob', rights: ['scan', 'held:view'] })).status).toBe(403);
    const signedIn = await server.send('POST', pathOf(CreatedLinkSchema.parse(fresh.json).url));
    const me = await server.send('GET', '/v1/me', { headers: { cookie: cookieOf(signedIn) } });
    expect(me.json).toMatchObject({ kind: 'session', name: 'Bob', rights: ['keys:manage', 'scan'] });
  });

  it.each([
    ['another secret', (secret: string) => `Bearer ${secret.slice(0, -1)}${secret.endsWith('0') ? '1' : '0'}`],
    ['a secret that is too short', (secret: string) => `Bearer ${secret.slice(0, -1)}`],
    ['something behind it', (secret: string) => `Bearer ${secret}0`],
    ['capitals', (secret: string) => `Bearer ${secret.toUpperCase()}`],
    ['two keys', (secret: string) => `Bearer ${secret} ${secret}`],
    ['no scheme', (secret: string) => secret],
    ['another scheme', (secret: string) => `Basic ${secret}`],
    ['only the id', (secret: string) => `Bearer ${secret.slice(0, 29)}`],
    ['another id', (secret: string) => `Bearer gh_${'0'.repeat(26)}_${secret.slice(-64)}`],
  ])('are refused with %s', async (_what, spoil) => {
    const { secret } = await makeKey(['scan']);
    expect((await server.send('POST', '/v1/probe', { headers: { authorization: `bearer  ${secret}` } })).status).toBe(200);
    const reply = await server.send('POST', '/v1/probe', { headers: { authorization: spoil(secret) } });
    expect([reply.status, codeOf(reply), reply.headers['www-authenticate']]).toEqual([401, 'unauthenticated', 'Bearer']);
  });

  it('do not fall back to the cookie of a browser', async () => {
    const { cookie } = await signIn();
    const reply = await server.send('GET', '/v1/me', { headers: { cookie, authorization: 'Bearer wrong' } });
    expect(reply.status).toBe(401);
  });

  it('note their last use to the minute, at most once a minute, off the request path', async () => {
    const { id, secret } = await makeKey(['scan']);
    clock.advance(61_500);
    await server.send('POST', '/v1/probe', { headers: bearer(secret) });
    await service.settle();
    expect((await service.readKey(id)).lastUsedAt).toBe('2026-11-25T12:01:00.000Z');
    await sql`update access.api_key set last_used_at = null`.execute(db.database.sql);
    clock.advance(30_000);
    await server.send('POST', '/v1/probe', { headers: bearer(secret) });
    await service.settle();
    expect((await service.readKey(id)).lastUsedAt).toBeNull();
    clock.advance(30_000);
    await server.send('POST', '/v1/probe', { headers: bearer(secret) });
    await service.settle();
    expect((await service.readKey(id)).lastUsedAt).toBe('2026-11-25T12:02:00.000Z');
  });
});

describe('sign-in links', () => {
  it('are used by exactly one of 20 simultaneous requests', async () => {
    const link = await service.createSignInLink({ name: 'Ada', rights: ['scan'] }, LOCAL_PRINCIPAL);
    const replies = await Promise.all(Array.from({ length: 20 }, () => server.send('POST', pathOf(link.url))));
    expect(replies.filter(({ status }) => status === 303).length).toBe(1);
    expect(replies.filter(({ status }) => status === 401).length).toBe(19);
    const { rows } = await sql<{ count: number }>`select count(*) as count from access.session`.execute(db.database.sql);
    expect(rows[0]?.count).toBe(1);
  });

  it('are not used up by opening them, and their address does not travel on', async () => {
    const link = await service.createSignInLink({ name: 'Ada', rights: ['scan'] }, LOCAL_PRINCIPAL);
    for (const method of ['GET', 'HEAD', 'GET']) {
      const page = await server.send(method, pathOf(link.url));
      expect(page.status).toBe(200);
      expect(page.headers['referrer-policy']).toBe('strict-origin');
      expect(page.headers['cache-control']).toBe('no-store');
      expect(page.headers['set-cookie']).toBeUndefined();
    }
    expect((await server.send('POST', pathOf(link.url))).status).toBe(303);
    expect((await server.send('GET', pathOf(link.url))).status).toBe(401);
  });

  it('expire', async () => {
    const link = await service.createSignInLink({ name: 'Ada', rights: ['scan'] }, LOCAL_PRINCIPAL);
    expect(link.expiresAt).toBe('2026-11-25T12:30:00.000Z');
    clock.advance(30 * 60_000);
    expect((await server.send('GET', pathOf(link.url))).status).toBe(401);
    const reply = await server.send('POST', pathOf(link.url));
    expect([reply.status, reply.headers['set-cookie']]).toEqual([401, undefined]);
    expect(reply.text).toContain('sign_in_link_invalid');
    expect(await service.needsFirstSignIn()).toBe(true);
  });

  it('are needed until the first person has signed in', async () => {
    const link = await service.createFirstSignInLink();
    expect(await service.needsFirstSignIn()).toBe(true);
    const reply = await server.send('POST', pathOf(link.url), { headers: { origin: `http://${server.host}`, 'sec-fetch-site': 'same-origin' } });
    expect([reply.status, reply.headers['location']]).toEqual([303, '/']);
    expect(reply.headers['set-cookie']?.[0]).toMatch(/^gatehouse_session=[0-9a-z]{26}\.[0-9a-f]{64}; Path=\/; HttpOnly; SameSite=Strict; Max-Age=43200$/);
    expect(await service.needsFirstSignIn()).toBe(false);
    const me = await server.send('GET', '/v1/me', { headers: { cookie: cookieOf(reply) } });
    expect(me.json).toMatchObject({ kind: 'session', name: 'administrator', rights: [...ALL_RIGHTS] });
  });

  it('cannot be sent by another site: nobody is signed in as somebody else', async () => {
    const link = await service.createSignInLink({ name: 'Eve', rights: ['scan'] }, LOCAL_PRINCIPAL);
    for (const headers of [{ 'sec-fetch-site': 'cross-site' }, { 'sec-fetch-site': 'same-site' }, { origin: 'https://evil.example' }, { origin: 'null' }]) {
      const reply = await server.send('POST', pathOf(link.url), { headers });
      expect([reply.status, reply.headers['set-cookie']]).toEqual([403, undefined]);
    }
    expect((await server.send('POST', pathOf(link.url))).status).toBe(303);
  });

  it('work for somebody who is signed in already: the former session ends, the new one is another', async () => {
    const { cookie } = await signIn('Ada');
    const link = await service.createSignInLink({ name: 'Bob', rights: ['scan'] }, LOCAL_PRINCIPAL);
    const reply = await server.send('POST', pathOf(link.url), { headers: { cookie, 'sec-fetch-site': 'same-origin' } });
    expect(reply.status).toBe(303);
    expect(cookieOf(reply)).not.toBe(cookie);
    expect((await server.send('GET', '/v1/me', { headers: { cookie } })).status).toBe(401);
    expect((await server.send('GET', '/v1/me', { headers: { cookie: cookieOf(reply) } })).json).toMatchObject({ name: 'Bob' });
  });

  it('never make a cookie that came with the request into a session (fixation)', async () => {
    const planted = `gatehouse_session=${'0'.repeat(26)}.${'a'.repeat(64)}`;
    const link = await service.createSignInLink({ name: 'Ada', rights: ['scan'] }, LOCAL_PRINCIPAL);
    const reply = await server.send('POST', pathOf(link.url), { headers: { cookie: planted } });
    expect(reply.status).toBe(303);
    expect(cookieOf(reply)).not.toBe(planted);
    expect((await server.send('GET', '/v1/me', { headers: { cookie: planted } })).status).toBe(401);
  });

  it('change what a person may do at once when they name rights, and leave it when they do not', async () => {
    const { cookie } = await signIn('Ada', ['scan', 'lists:read']);
    await service.createSignInLink({ name: 'Ada' }, LOCAL_PRINCIPAL);
    expect((await server.send('GET', '/v1/me', { headers: { cookie } })).json).toMatchObject({ rights: ['scan', 'lists:read'] });
    await service.createSignInLink({ name: 'Ada', rights: ['lists:read'] }, LOCAL_PRINCIPAL);
    expect((await server.send('GET', '/v1/me', { headers: { cookie } })).json).toMatchObject({ rights: ['lists:read'] });
    expect(events).toContainEqual(expect.objectContaining({ change: 'person.rights_changed', actor: 'local' }));
  });
});

describe('sessions', () => {
  it('end after the configured hours', async () => {
    const { cookie } = await signIn();
    clock.advance(12 * HOUR_MS - 1);
    expect((await server.send('GET', '/v1/me', { headers: { cookie } })).status).toBe(200);
    clock.advance(1);
    expect((await server.send('GET', '/v1/me', { headers: { cookie } })).status).toBe(401);
    const page = await server.send('GET', '/console/keys', { headers: { cookie } });
    expect([page.status, page.headers['location']]).toEqual([303, '/sign-in']);
  });

  it('end by signing out, on the server too', async () => {
    const { cookie, csrf } = await signIn();
    const reply = await server.send('POST', '/sign-out', { headers: { ...FORM, cookie }, body: `_csrf=${csrf}` });
    expect([reply.status, reply.headers['location']]).toEqual([303, '/sign-in']);
    expect(reply.headers['set-cookie']?.[0]).toContain('Max-Age=0');
    expect((await server.send('GET', '/v1/me', { headers: { cookie } })).status).toBe(401);
  });

  it('all end by signing out everywhere, with the unused links of the person', async () => {
    const first = await signIn('Ada');
    const second = await signIn('Ada');
    const other = await signIn('Bob');
    const link = await service.createSignInLink({ name: 'Ada' }, LOCAL_PRINCIPAL);
    await server.send('POST', '/sign-out/everywhere', { headers: { ...FORM, cookie: second.cookie }, body: `_csrf=${second.csrf}` });
    for (const { cookie } of [first, second]) expect((await server.send('GET', '/v1/me', { headers: { cookie } })).status).toBe(401);
    expect((await server.send('GET', '/v1/me', { headers: { cookie: other.cookie } })).status).toBe(200);
    expect((await server.send('POST', pathOf(link.url))).status).toBe(401);
  });

  it('cannot be ended or used by whoever knows only their id', async () => {
    const { cookie, csrf } = await signIn();
    const forged = `${cookie.slice(0, -64)}${'0'.repeat(64)}`;
    await service.signOut(forged.slice(forged.indexOf('=') + 1));
    expect((await server.send('POST', '/sign-out', { headers: { ...FORM, cookie: forged }, body: `_csrf=${csrf}` })).status).toBe(303);
    expect((await server.send('GET', '/v1/me', { headers: { cookie: forged } })).status).toBe(401);
    expect((await server.send('GET', '/v1/me', { headers: { cookie } })).status).toBe(200);
  });

  it.each([
    ['no token', {}, ''],
    ['a wrong token', {}, '_csrf=AAAA'],
    ['the right token from another site', { 'sec-fetch-site': 'cross-site' }, 'right'],
    ['the right token from another origin', { origin: 'https://evil.example' }, 'right'],
  ])('change nothing with %s', async (_what, headers, token) => {
    const { cookie, csrf } = await signIn();
    const reply = await server.send('POST', '/console/keys', {
      headers: { ...FORM, cookie, ...headers },
      body: `name=x&rights=scan&${token === 'right' ? `_csrf=${csrf}` : token}`,
    });
    expect([reply.status, reply.text.includes('csrf_failed')]).toEqual([403, true]);
    expect(await service.listKeys()).toEqual([]);
  });

  it('do not accept the token of another session', async () => {
    const first = await signIn('Ada');
    const second = await signIn('Bob');
    expect(first.csrf).not.toBe(second.csrf);
    const reply = await server.send('POST', '/sign-out', { headers: { ...FORM, cookie: first.cookie }, body: `_csrf=${second.csrf}` });
    expect(reply.status).toBe(403);
  });

  it('need the token as a header on the API', async () => {
    const { cookie, csrf } = await signIn();
    expect((await server.send('POST', '/v1/probe', { headers: { cookie } })).status).toBe(403);
    expect((await server.send('POST', '/v1/probe', { headers: { cookie, 'x-csrf-token': csrf } })).status).toBe(200);
  });
});

describe('the database', () => {
  it('holds no secret in any form but its hash', async () => {
    const key = await makeKey();
    const { cookie } = await signIn();
    const link = await service.createSignInLink({ name: 'Bob', rights: ['scan'] }, LOCAL_PRINCIPAL);
    const secrets = [key.secret.slice(-64), cookie.slice(-64), link.url.slice(-64)];
    const dump: string[] = [];
    for (const table of ['person', 'api_key', 'session', 'sign_in_link']) {
      const { rows } = await sql<{ row: string }>`select t::text as row from ${sql.table(`access.${table}`)} t`.execute(db.database.sql);
      expect(rows.length).toBeGreaterThan(0);
      dump.push(...rows.map(({ row }) => row));
    }
    const all = dump.join('\n').toLowerCase();
    for (const secret of secrets) {
      expect(secret).toMatch(/^[0-9a-f]{64}$/);
      for (const form of [secret, Buffer.from(secret).toString('hex'), Buffer.from(secret, 'hex').toString('base64')])
        expect(all).not.toContain(form.toLowerCase());
    }
  });

  it('records who did what as events, without secrets', async () => {
    const { id } = await makeKey();
    await service.revokeKey(id, KEEPER);
    expect(events).toEqual([
      { change: 'key.created', subject: id, actor: 'local' },
      { change: 'key.revoked', subject: id, actor: 'key_keeper' },
    ]);
  });

  it('undoes a change whose event is refused', async () => {
    test.context.events.on('access.changed', () => {
      throw new Error('the log is full');
    });
    await expect(makeKey()).rejects.toThrow('the log is full');
    expect(await service.listKeys()).toEqual([]);
  });

  it('is rid of expired sessions and links by the job', async () => {
    await signIn();
    await service.createSignInLink({ name: 'Bob', rights: ['scan'], minutes: 1440 }, LOCAL_PRINCIPAL);
    clock.advance(12 * HOUR_MS);
    expect(await service.removeExpired()).toEqual({ sessions: 1, links: 1 });
    const [job] = accessDomain.jobs?.(service, test.context) ?? [];
    clock.advance(12 * HOUR_MS);
    await job?.run({}, test.context.stopping);
    const { rows } = await sql<{ count: number }>`select count(*) as count from access.sign_in_link`.execute(db.database.sql);
    expect(rows[0]?.count).toBe(0);
  });

  it('knows for a day whose an ended ticket was: a decision can take longer than a ticket lasts', async () => {
    const { tickets } = service;
    const { id, ticket } = await tickets.issue({ subject: 'a', maxUploads: 1, maxBytes: 1, minutes: 15 }, KEEPER);
    clock.advance(23 * HOUR_MS);
    await service.removeExpired();
    expect((await server.send('POST', '/v1/probe', { headers: bearer(ticket) })).status).toBe(401);
    expect(await tickets.read(id)).toBeDefined();
    clock.advance(2 * HOUR_MS);
    await service.removeExpired();
    expect(await tickets.read(id)).toBeUndefined();
  });
});

describe('the check', () => {
  it('asks for attention when nobody can enter and when a key ends soon', async () => {
    const [check] = accessDomain.checks?.(service, test.context) ?? [];
    expect(await check?.run()).toMatchObject({ status: 'attention', remedy: expect.stringContaining('sign-in-link') });
    await makeKey(['scan'], 30);
    expect(await check?.run()).toMatchObject({ status: 'ok' });
    clock.advance(17 * 24 * HOUR_MS);
    expect(await check?.run()).toMatchObject({ status: 'attention', finding: expect.stringContaining('2026-12-25') });
  });
});

describe('who asks', () => {
  it('is answered for any credentials and refused without', async () => {
    const { id, secret } = await makeKey(['lists:read']);
    expect((await server.send('GET', '/v1/me', { headers: bearer(secret) })).json).toEqual({ kind: 'key', id, name: 'test', rights: ['lists:read'] });
    const reply = await server.send('GET', '/v1/me');
    expect([reply.status, codeOf(reply)]).toEqual([401, 'unauthenticated']);
  });
});

describe('routes', () => {
  it('have one right each; only signing in and out and "who am I" are open', () => {
    const routes = [...(accessDomain.routes?.(service, test.context) ?? []), ...(accessDomain.pages?.(service, test.context) ?? [])];
    const open = routes.filter(({ right }) => right === 'public').map(({ method, path }) => `${method} ${path}`);
    expect(open.toSorted()).toEqual([
      'get /console/account',
      'get /sign-in',
      'get /sign-in/{link}',
      'get /v1/me',
      'post /sign-in/{link}',
      'post /sign-out',
      'post /sign-out/everywhere',
    ]);
    for (const route of routes) if (route.right !== 'public') expect(route.right).toBe('keys:manage');
  });

  it('refuse everybody who shows nothing', async () => {
    for (const [method, path] of [
      ['GET', '/v1/keys'],
      ['POST', '/v1/keys'],
      ['DELETE', `/v1/keys/key_${'0'.repeat(26)}`],
      ['POST', '/v1/sign-in-links'],
    ] as const) {
      expect((await server.send(method, path)).status).toBe(401);
    }
    for (const path of ['/console/keys', '/console/account', `/console/keys/key_${'0'.repeat(26)}/revoke`]) {
      const reply = await server.send('GET', path);
      expect([reply.status, reply.headers['location']]).toEqual([303, '/sign-in']);
    }
    expect((await server.send('POST', '/sign-out/everywhere', { headers: FORM })).status).toBe(401);
  });
});
