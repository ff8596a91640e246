/** The pages of access as a person without JavaScript meets them. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createFakeClock } from '../../test/support/clock.ts';
import { createTestContext, type TestContext } from '../../test/support/context.ts';
import { createTestDatabase, type TestDatabase } from '../../test/support/database.ts';
import { cookieOf, FORM, startTestServer, type TestReply, type TestServer } from '../../test/support/http.ts';
import { LOCAL_PRINCIPAL, type Right } from '../platform/http/rights.ts';
import { accessDomain, type AccessService } from './index.ts';

let db: TestDatabase;
let test: TestContext;
let service: AccessService;
let server: TestServer;
let cookie: string;

beforeAll(async () => {
  db = await createTestDatabase([{ domain: 'access', migrations: accessDomain.migrations }]);
  test = await createTestContext({ database: db.database, clock: createFakeClock() });
  ({ service } = await accessDomain.create(test.context, {}));
  server = await startTestServer({ clock: test.context.clock, authenticator: service, routes: accessDomain.pages?.(service, test.context) ?? [] });
  cookie = await signIn('Ada', ['keys:manage', 'scan']);
});

afterAll(async () => {
  await server.close();
  await test.dispose();
  await db.drop();
});

async function signIn(name: string, rights: Right[]): Promise<string> {
  const link = await service.createSignInLink({ name, rights }, LOCAL_PRINCIPAL);
  return cookieOf(await server.send('POST', new URL(link.url).pathname));
}

/** Sends the form at `action` of a page as a browser would, with its hidden fields. */
async function submit(page: TestReply, action: string, fields: Readonly<Record<string, string | readonly string[]>>): Promise<TestReply> {
  const form = page.text.split('<form').find((part) => part.includes(`action="${action}"`)) ?? '';
  const token = /name="_csrf" value="([^"]+)"/.exec(form)?.[1] ?? '';
  const body = new URLSearchParams({ _csrf: token });
  for (const [name, value] of Object.entries(fields)) for (const one of [value].flat()) body.append(name, one);
  return server.send('POST', action, { headers: { ...FORM, cookie, origin: `http://${server.host}` }, body: body.toString() });
}

const open = (path: string, as = cookie): Promise<TestReply> => server.send('GET', path, { headers: { cookie: as } });

describe('the sign-in page', () => {
  it('explains how to get a link and asks for nothing', async () => {
    const page = await server.send('GET', '/sign-in');
    expect(page.status).toBe(200);
    expect(page.text).toContain('gatehouse access sign-in-link');
    expect(page.text).not.toContain('<form');
    expect(page.text).not.toContain('<input');
  });

  it('of a link says whose it is and has one button', async () => {
    const link = await service.createSignInLink({ name: '<b>Bob</b>', rights: ['scan'] }, LOCAL_PRINCIPAL);
    const page = await server.send('GET', new URL(link.url).pathname);
    expect(page.text).toContain('&lt;b&gt;Bob&lt;/b&gt;');
    expect(page.text.match(/<button/g)?.length).toBe(1);
    expect(page.text).toContain(`action="${new URL(link.url).pathname}"`);
  });
});

describe('signing in', () => {
  it('opens a page that the person may see', async () => {
    const first = async (name: string, rights: Right[]): Promise<string | string[] | undefined> => {
      const link = await service.createSignInLink({ name, rights }, LOCAL_PRINCIPAL);
      return (await server.send('POST', new URL(link.url).pathname)).headers['location'];
    };
    expect(await first('Screener', ['scan'])).toBe('/');
    expect(await first('Keeper of keys', ['keys:manage'])).toBe('/console/account');
  });
});

describe('the keys page', () => {
  it('makes a key and shows it once, on the answer to the form', async () => {
    const list = await open('/console/keys');
    const made = await submit(list, '/console/keys', { name: 'web <shop>', rights: ['scan', 'keys:manage'], expiresInDays: ' 30 ' });
    expect([made.status, made.headers['cache-control']]).toEqual([200, 'no-store']);
    const secret = /gh_[0-9a-z]{26}_[0-9a-f]{64}/.exec(made.text)?.[0] ?? '';
    expect(await service.authenticate({ authorization: `Bearer ${secret}`, sessionCookie: undefined, ip: '' })).toMatchObject({
      kind: 'key',
      name: 'web <shop>',
    });
    const after = await open('/console/keys');
    expect(after.text).toContain('web &lt;shop&gt;');
    expect(after.text).not.toContain(secret.slice(-64));
    expect(after.text).toContain('25 December 2026');
  });

  it('offers only rights that the person has', async () => {
    const { text } = await open('/console/keys');
    expect([...text.matchAll(/name="rights" type="checkbox" value="([^"]+)"/g)].map((match) => match[1])).toEqual(['scan', 'keys:manage']);
    const before = (await service.listKeys()).length;
    expect((await submit(await open('/console/keys'), '/console/keys', { name: 'x', rights: 'held:view' })).status).toBe(403);
    expect((await service.listKeys()).length).toBe(before);
  });

  it('shows what is wrong beside the field, keeps what was typed and makes nothing', async () => {
    const before = (await service.listKeys()).length;
    const page = await submit(await open('/console/keys'), '/console/keys', { name: ' ', expiresInDays: 'soon' });
    expect(page.status).toBe(400);
    expect(page.text).toContain('<title>Error: API keys');
    for (const [id, message] of [
      ['name', 'Name: must not be empty'],
      ['rights', 'Rights: at least one right'],
      ['expiresInDays', 'Days until it expires: must be a whole number from 1 to 3650'],
    ] as const) {
      expect(page.text).toContain(`<a href="#${id}">${message}</a>`);
      expect(page.text).toContain(`id="${id}"`);
    }
    expect(page.text).toContain('value="soon"');
    expect((await service.listKeys()).length).toBe(before);
  });

  it('revokes in two steps: opening the first changes nothing', async () => {
    const { key } = await service.createKey({ name: 'old', rights: ['scan'] }, LOCAL_PRINCIPAL);
    const path = `/console/keys/${key.id}/revoke`;
    expect((await open('/console/keys')).text).toContain(`href="${path}"`);
    const confirm = await open(path);
    expect(confirm.text).toContain('Revoke “old”?');
    expect((await service.readKey(key.id)).state).toBe('active');
    const done = await submit(confirm, path, {});
    expect([done.status, done.headers['location']]).toEqual([303, '/console/keys?revoked=1']);
    expect((await service.readKey(key.id)).state).toBe('revoked');
    const list = await open('/console/keys?revoked=1');
    expect(list.text).toContain('The key is revoked');
    expect(list.text).not.toContain(`href="${path}"`);
  });

  it('is closed to those without the right', async () => {
    expect((await open('/console/keys', await signIn('Bob', ['scan']))).status).toBe(403);
  });
});

describe('every page', () => {
  it('has no inline script or style and one heading', async () => {
    for (const path of ['/sign-in', '/console/account', '/console/keys']) {
      const { text } = await open(path);
      expect(text).not.toMatch(/<script(?![^>]*\bsrc=)|<style|\sstyle=|\son\w+=/);
      expect(text.match(/<h1/g)?.length).toBe(1);
    }
  });
});
