/** Routes, pages and commands over one service, behind the real frame. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createFakeClock } from '../../../test/support/clock.ts';
import { createTestContext, type TestContext } from '../../../test/support/context.ts';
import { createTestDatabase, type TestDatabase } from '../../../test/support/database.ts';
import { fillFigures } from '../../../test/support/figures.ts';
import { startTestServer, type TestReply, type TestServer } from '../../../test/support/http.ts';
import { createApiClient } from '../../platform/cli/api.ts';
import { EXIT, type CommandArguments } from '../../platform/cli/command.ts';
import { loadConfig } from '../../platform/config.ts';
import type { Right } from '../../platform/http/rights.ts';
import { silentLog } from '../../platform/log.ts';
import { migrations as hostingMigrations } from '../hosting/migrations.ts';
import { migrations as noticesMigrations } from '../notices/migrations.ts';
import type { NoticesService } from '../notices/schema.ts';
import { migrations as profilesMigrations } from '../profiles/migrations.ts';
import { createProfilesService } from '../profiles/service.ts';
import { commands } from './commands.ts';
import { migrations as figuresMigrations } from './migrations.ts';
import { pages } from './pages.tsx';
import { routes } from './routes.ts';
import { createFiguresService } from './service.ts';

const clock = createFakeClock(new Date('2026-11-30T12:00:00.000Z'));
const RIGHTS: Readonly<Record<string, readonly Right[]>> = {
  'Bearer reader': ['international:read'],
  'Bearer keeper': ['international:read', 'international:manage'],
  'Bearer other': ['scan'],
};
let db: TestDatabase;
let base: TestContext;
let server: TestServer;

beforeAll(async () => {
  db = await createTestDatabase([
    { domain: 'international', migrations: [...hostingMigrations, ...profilesMigrations, ...noticesMigrations, ...figuresMigrations] },
  ]);
  base = await createTestContext({ database: db.database, clock, config: { internationalPublic: true } });
  await fillFigures(db.database.sql, clock.now());
  const profiles = await createProfilesService({ context: base.context });
  const figures = await createFiguresService({ context: base.context, notices: {} as NoticesService, profiles });
  server = await startTestServer({
    routes: [...routes(figures, base.context), ...pages(figures, base.context)],
    clock,
    authenticator: {
      async authenticate({ authorization }) {
        return authorization === undefined ? undefined : { kind: 'key', id: 'key_test', name: 'Test', rights: new Set(RIGHTS[authorization]) };
      },
    },
  });
});
afterAll(async () => {
  await server.close();
  await base.dispose();
  await db.drop();
});

const get = (path: string, who = 'reader'): Promise<TestReply> => server.send('GET', path, { headers: { authorization: `Bearer ${who}` } });

describe('over HTTP', () => {
  it('figures are for who may read reports, and looking changes something', async () => {
    expect((await get('/v1/international/figures')).status).toBe(200);
    expect((await get('/v1/international/figures', 'other')).status).toBe(403);
    const look = (who: string): Promise<TestReply> => server.send('POST', '/v1/international/displacements', { headers: { authorization: `Bearer ${who}` } });
    expect((await look('reader')).status).toBe(403);
    expect((await look('keeper')).json).toEqual({ found: 2 });
  });

  it('public ones are for everybody, under the address of a quarter', async () => {
    const { status, text } = await server.send('GET', '/international/figures.csv?quarter=2026-Q2');
    expect([status, text.split('\r\n')[1]]).toEqual([200, 'NL,180,0.5505,180,180,0,180,29,29,false']);
    expect((await server.send('GET', '/international/figures?quarter=2026-Q3')).status).toBe(404);
    expect((await server.send('GET', '/international/figures?quarter=2026-Q2&layer=nonsense&sort=nonsense')).status).toBe(200);
  });

  it('the page with anything in its address', async () => {
    for (const query of ['', '?from=2026-05-01&to=2026-04-01', '?sort=%3Cscript%3E&layer=mnr&about=99&order=x', '?layer=published&sort=layer'])
      expect([query, (await get(`/console/international/figures${query}`)).status]).toEqual([query, 200]);
  });
});

describe('on the command line', () => {
  async function run(name: string, options: CommandArguments['options'] = {}): Promise<{ code: number | undefined; out: string }> {
    const lines: string[] = [];
    const code = await commands
      .find((one) => one.name === name)
      ?.run(
        {
          terminal: { out: (text: string) => void lines.push(text), err: () => undefined, isInteractive: false },
          log: silentLog,
          clock,
          isJson: false,
          signal: new AbortController().signal,
          config: () => loadConfig({ env: {} }),
          api: async () => createApiClient({ url: `http://${server.host}`, apiKey: 'reader' }),
        },
        { positional: [], options },
      );
    return { code, out: lines.join('') };
  }

  it('figures of a period, and what moved', async () => {
    const { code, out } = await run('notice figures', { from: '2026-04-01', to: '2026-07-01' });
    expect([code, out]).toEqual([EXIT.ok, expect.stringMatching(/NL +180 +55(\.1)?% +180 +0 +180 +29 hours/)]);
    expect((await run('notice displacements')).out).toMatch(/HK .*2026-10/);
  });
});
