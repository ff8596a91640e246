/** `gatehouse serve --public-only`: what is published can be read, and nothing else is there. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { describeRoutes } from '../src/app.ts';
import { systemClock } from '../src/platform/clock.ts';
import { createApiClient } from '../src/platform/cli/api.ts';
import { loadConfig } from '../src/platform/config.ts';
import type { Route } from '../src/platform/http/route.ts';
import { isPublished } from '../src/public-only.ts';
import { startTestApp, type TestApp } from './support/app.ts';

const ROUTES = describeRoutes(loadConfig({ env: {}, overrides: { logLevel: 'silent' } }), systemClock);
const fill = ({ path }: Route): string => path.replaceAll(/\{\w+\}/g, 'x');

describe('a server that only publishes', () => {
  let app: TestApp;
  let cookie: string;
  beforeAll(async () => {
    app = await startTestApp({ isPublicOnly: true, config: { codeStatement: true, internationalPublic: true } });
    await app.app.services.log.checkpoint();
    cookie = 'gatehouse_session=nonsense';
  });
  afterAll(() => app.stop());

  it.each([
    '/register',
    '/register/iicsa-internet-2020',
    '/register/iicsa-internet-2020.csv',
    '/register/iicsa-internet-2020.json',
    '/register/iicsa-internet-2020.jsonld',
    '/register/iicsa-internet-2020/1',
    '/register/iicsa-internet-2020/1.jsonld',
    '/register/iicsa-internet-2020/1/badge.svg',
    '/register/_checks',
    '/register/feed.atom',
    '/log/checkpoint',
    '/code/statement',
    '/code/statement.json',
    '/age/statement',
    '/livez',
    '/readyz',
    '/assets/console.css',
  ])('%s is there', async (path) => {
    const response = await fetch(`${app.url}${path}`, { headers: { cookie } });
    expect([path, response.status]).toEqual([path, 200]);
    expect(response.headers.get('set-cookie')).toBeNull();
    await response.arrayBuffer();
  });

  it('its start leads to the register', async () => {
    const response = await fetch(`${app.url}/`, { redirect: 'manual' });
    expect([response.status, response.headers.get('location')]).toEqual([303, '/register']);
  });

  const hidden = ROUTES.filter((route) => !isPublished(route) && !(route.method === 'get' && route.path === '/'));
  it('every other route answers 404, with a key that may do everything and without', async () => {
    expect(hidden.length).toBeGreaterThan(150);
    const found: string[] = [];
    for (const route of hidden) {
      for (const headers of [{}, { authorization: `Bearer ${app.key}` }]) {
        const response = await fetch(`${app.url}${fill(route)}`, { method: route.method.toUpperCase(), headers, redirect: 'manual' });
        await response.arrayBuffer();
        if (response.status !== 404) found.push(`${route.method} ${route.path} ${response.status}`);
      }
    }
    expect(found).toEqual([]);
  });

  it('nothing that is published changes anything, or asks for a right', () => {
    const published = ROUTES.filter(isPublished);
    expect(published.map(({ method, right }) => `${method} ${right}`)).toEqual(published.map(() => 'get public'));
    expect(published.map(({ path }) => path)).toContain('/register/{register}/{number}');
  });

  it('says what is not there without a way into a console', async () => {
    const response = await fetch(`${app.url}/console/lists`, { headers: { accept: 'text/html' } });
    const text = await response.text();
    expect(response.status).toBe(404);
    expect(text).not.toMatch(/href="\/(sign-in|docs|console)/);
    expect(text).toContain('href="/register"');
  });

  it('leaves no page with a link to what is not there', async () => {
    for (const path of ['/register', '/register/iicsa-internet-2020/1', '/register/_checks']) {
      const text = await (await fetch(`${app.url}${path}`)).text();
      const links = [...text.matchAll(/(?:href|src)="(\/[^"#]*)/g)].map((match) => (match[1] ?? '').replaceAll('&amp;', '&'));
      for (const link of new Set(links)) {
        const response = await fetch(`${app.url}${link}`);
        await response.arrayBuffer();
        expect([path, link, response.status]).toEqual([path, link, 200]);
      }
    }
  });

  it('is kept from the machine itself, over the control socket', async () => {
    const client = createApiClient({ socketPath: app.socketPath });
    try {
      expect((await client.send({ method: 'POST', path: '/v1/register/checks', json: {} })).status).toBe(201);
    } finally {
      await client.close();
    }
  });
});
