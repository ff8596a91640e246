/** Routes, pages and commands over one service, behind the real frame. */
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createFakeClock, type FakeClock } from '../../../test/support/clock.ts';
import { createTestContext, type TestContext } from '../../../test/support/context.ts';
import { createTestDatabase, type TestDatabase } from '../../../test/support/database.ts';
import { startTestServer, type TestReply, type TestServer } from '../../../test/support/http.ts';
import { createApiClient } from '../../platform/cli/api.ts';
import { EXIT, type CommandArguments } from '../../platform/cli/command.ts';
import { loadConfig } from '../../platform/config.ts';
import type { Right } from '../../platform/http/rights.ts';
import { silentLog } from '../../platform/log.ts';
import { commands } from './commands.ts';
import { migrations } from './migrations.ts';
import { pages } from './pages.tsx';
import { routes } from './routes.ts';
import { createProfilesService } from './service.ts';

const READER: readonly Right[] = ['international:read'];
const KEEPER: readonly Right[] = ['international:read', 'international:manage'];
const SOURCE = { url: 'https://example.org/', publisher: 'Example', title: 'A page', licence: null, retrievedAt: '2026-11-01', sha256: null, quote: null };
const FORM = { 'content-type': 'application/x-www-form-urlencoded' };

let db: TestDatabase;
let base: TestContext;
let clock: FakeClock;
let server: TestServer;
let folder: string;

beforeAll(async () => {
  db = await createTestDatabase([{ domain: 'international', migrations }]);
  clock = createFakeClock(new Date('2026-11-30T12:00:00.000Z'));
  base = await createTestContext({ database: db.database, clock });
  folder = await mkdtemp(join(tmpdir(), 'gatehouse-country-'));
  const profiles = await createProfilesService({ context: base.context });
  await profiles.start();
  server = await startTestServer({
    routes: [...routes(profiles), ...pages(profiles)],
    clock,
    authenticator: {
      async authenticate({ authorization }) {
        const rights = authorization === 'Bearer keeper' ? KEEPER : READER;
        return authorization === undefined ? undefined : { kind: 'key', id: 'key_test', name: 'Test', rights: new Set(rights) };
      },
    },
  });
});
afterAll(async () => {
  await server.close();
  await base.dispose();
  await db.drop();
  await rm(folder, { recursive: true });
});

const call = (method: string, path: string, json?: unknown, who = 'keeper'): Promise<TestReply> =>
  server.send(method, path, {
    headers: { authorization: `Bearer ${who}`, ...(json === undefined ? {} : { 'content-type': 'application/json' }) },
    ...(json === undefined ? {} : { body: JSON.stringify(json) }),
  });
const view = (path: string, who = 'keeper'): Promise<TestReply> =>
  server.send('GET', `/console/international${path}`, { headers: { authorization: `Bearer ${who}` } });
const submit = (path: string, fields: Readonly<Record<string, string>>): Promise<TestReply> =>
  server.send('POST', `/console/international${path}`, { headers: { authorization: 'Bearer keeper', ...FORM }, body: new URLSearchParams(fields).toString() });

const ASSESSMENT = {
  country: 'MT',
  framework: 'mnr-2016',
  capability: 16,
  phase: 0,
  assessor: { kind: 'self', organisation: 'Ministry' },
  method: 'survey',
  coverage: 1,
  claims: [{ text: 'There is a procedure.', verdict: 'no', evidence: [SOURCE] }],
};

async function run(
  name: string,
  positional: string[] = [],
  options: CommandArguments['options'] & { json?: true } = {},
): Promise<{ code: number | undefined; text: string }> {
  const lines: string[] = [];
  const code = await commands
    .find((one) => one.name === name)
    ?.run(
      {
        terminal: { out: (text: string) => void lines.push(text), err: () => undefined, isInteractive: false },
        log: silentLog,
        clock,
        isJson: options.json === true,
        signal: new AbortController().signal,
        config: () => loadConfig({ env: {} }),
        api: async () => createApiClient({ url: `http://${server.host}`, apiKey: 'keeper' }),
      },
      { positional, options },
    );
  return { code, text: lines.join('') };
}

describe('routes', () => {
  it('say, show and remember', async () => {
    const statement = {
      country: 'FR',
      topic: 'law',
      key: 'possession',
      value: true,
      text: 'Possession is an offence.',
      asOf: null,
      source: SOURCE,
      caveat: 'One reading.',
    };
    expect(await call('POST', '/v1/international/statements', statement)).toMatchObject({
      status: 201,
      json: { ...statement, isStale: false, supersededAt: null },
    });
    const shown = await call('GET', '/v1/international/countries/FR', undefined, 'reader');
    expect(shown.json).toMatchObject({
      code: 'FR',
      statements: expect.arrayContaining([expect.objectContaining({ key: 'possession', caveat: 'One reading.' })]) as unknown,
    });
    expect((await call('GET', '/v1/international/countries/FR/statements/possession')).json).toMatchObject({ history: [{ keptBy: 'key_test' }] });
    expect((await call('GET', '/v1/international/countries/FR/procedure')).json).toMatchObject({ policeFirst: 'unknown', hotline: null });
    expect((await call('GET', '/v1/international/countries')).json).toMatchObject({
      countries: expect.arrayContaining([expect.objectContaining({ code: 'FR' })]) as unknown,
    });
    expect((await call('GET', '/v1/international/references')).json).toMatchObject({
      references: expect.arrayContaining([expect.objectContaining({ id: 'gsr' })]) as unknown,
    });
  });

  it('refuse who may only read, a source that is a script, and a country that is none', async () => {
    const statement = { country: 'FR', topic: 'law', key: 'x1', value: 1, text: 'x', asOf: null, source: SOURCE, caveat: null };
    expect((await call('POST', '/v1/international/statements', statement, 'reader')).status).toBe(403);
    expect((await call('POST', '/v1/international/statements', { ...statement, source: { ...SOURCE, url: 'javascript:alert(1)' } })).status).toBe(400);
    expect((await call('POST', '/v1/international/statements', { ...statement, country: 'QQ' })).status).toBe(404);
    expect((await call('GET', '/v1/international/countries/QQ')).status).toBe(404);
    expect((await call('GET', '/v1/international/countries/fr')).status).toBe(400);
  });

  it('take an assessment through its states, with the reply beside it', async () => {
    const made = await call('POST', '/v1/international/assessments', ASSESSMENT);
    expect(made).toMatchObject({ status: 201, json: { state: 'draft', phase: 0, reply: null } });
    const path = `/v1/international/assessments/${String(Reflect.get(Object(made.json), 'id'))}`;
    expect((await call('PUT', `${path}/state`, { state: 'published' })).status).toBe(409);
    for (const state of ['reviewed', 'published']) expect((await call('PUT', `${path}/state`, { state })).json).toMatchObject({ state });
    expect((await call('POST', `${path}/reply`, { text: 'We are at it.', by: 'Ministry' })).json).toMatchObject({ reply: { by: 'Ministry' } });
    expect((await call('GET', '/v1/international/countries/MT/capabilities/16')).json).toMatchObject({ assessments: [{ state: 'published' }] });
    expect((await call('GET', '/v1/international/countries/MT')).json).toMatchObject({
      phases: ['nothing found', 'phase 1', 'phase 2', 'phase 3', 'phase 4'],
      capabilities: expect.arrayContaining([
        expect.objectContaining({ capability: 16, assessment: expect.objectContaining({ phase: 0 }) as unknown }),
        expect.objectContaining({ capability: 17, assessment: null }),
      ]) as unknown,
    });
    expect((await call('PUT', '/v1/international/assessments/asm_none/state', { state: 'reviewed' })).status).toBe(404);
  });
});

describe('pages', () => {
  it('list countries, filtered and sorted by the address alone', async () => {
    const all = await view('/countries', 'reader');
    expect(all.text).toContain('253 places, by name');
    expect(all.text.indexOf('>Afghanistan<')).toBeLessThan(all.text.indexOf('>Zimbabwe<'));
    const some = await view('/countries?search=united&sort=statements');
    expect(some.text).toMatch(/\d places of 253, by most statements/);
    expect(some.text).not.toContain('>Afghanistan<');
    const positions = ['United Kingdom', 'United States', 'United Arab Emirates', 'United States Minor Outlying Islands'].map((name) =>
      some.text.indexOf(`>${name}<`),
    );
    expect(positions.every((position) => position > 0)).toBe(true);
    // Most first, names among equals.
    expect(positions[0]).toBe(Math.min(...positions));
    expect(positions[3]).toBe(Math.max(...positions));
    expect((await view('/countries?search=gb')).text).toContain('1 place of 253');
    expect((await view('/countries?region=Polynesia&show=said')).text).toContain('>Samoa<');
    expect((await view('/countries?show=assessed')).text).toContain('1 of 21');
    // Nonsense is the default, not a fault.
    expect((await view('/countries?sort=phase&show=best')).text).toContain('253 places, by name');
  });

  it('show a country with the age and the caveat of what is said', async () => {
    const { text } = await view('/countries/GB', 'reader');
    for (const part of ['Not known; Monday', 'not a measure of how much abuse', 'tag-yellow', 'Not assessed', 'Apache-2.0']) expect(text).toContain(part);
    expect(text).not.toContain('Add a statement');
    expect((await view('/countries/XK')).text).toContain('Not in ISO 3166-1');
    expect((await view('/countries/GB/statements/opsc')).text).toContain('in effect');
    expect((await view('/countries/QQ')).status).toBe(404);
  });

  it('keep a statement from a form, and say at the fields what is missing', async () => {
    expect((await view('/countries/ES/say')).status).toBe(200);
    expect((await view('/countries/ES/say', 'reader')).status).toBe(403);
    const bad = await submit('/countries/ES/say', { topic: 'procedure', key: 'police_first', value: 'perhaps', text: '<b>bold</b>' });
    expect(bad.status).toBe(400);
    for (const part of ['Enter the publisher of the source', 'Enter the day on which you read the source', 'href="#publisher"', '&lt;b&gt;bold'])
      expect(bad.text).toContain(part);
    const fields = {
      topic: 'procedure',
      key: 'police_first',
      value: 'perhaps',
      text: 'The police come first.',
      publisher: 'P',
      title: 'T',
      retrievedAt: '2026-11-30',
      caveat: 'Only one page.',
    };
    expect((await submit('/countries/ES/say', fields)).text).toContain('The value of police_first must be true or false');
    const kept = await submit('/countries/ES/say', { ...fields, value: 'true' });
    expect([kept.status, kept.headers['location']]).toEqual([303, '/console/international/countries/ES?kept=1']);
    const { text } = await view('/countries/ES?kept=1');
    expect(text).toContain('It was kept.');
    expect(text.split('Mind: Only one page.')).toHaveLength(3);
  });

  it('assess a capability from a form, step by step', async () => {
    expect((await view('/countries/ES/assess/12')).text).toContain('Assess: CSEA Hotline');
    expect((await view('/countries/ES/assess/22')).status).toBe(400);
    const bad = await submit('/countries/ES/assess/12', {});
    for (const part of ['Enter the phase', 'Enter who assesses', 'Enter the claim', 'Enter the share', 'href="#claim0-text"']) expect(bad.text).toContain(part);
    const claim = (row: number, verdict: string) => ({
      [`claim${row}-text`]: `Claim of row ${row}`,
      [`claim${row}-verdict`]: verdict,
      [`claim${row}-publisher`]: 'P',
      [`claim${row}-title`]: 'T',
      [`claim${row}-retrievedAt`]: '2026-11-30',
    });
    const fields = { phase: '2', kind: 'desk', organisation: 'Example', method: 'reading', coverage: '40', ...claim(0, 'no'), ...claim(2, 'unknown') };
    expect((await submit('/countries/ES/assess/12', fields)).text).toContain('The phase above 0 needs a claim that holds');
    // The third row is the second claim: what is missing is said at the third row.
    expect((await submit('/countries/ES/assess/12', { ...fields, 'claim2-publisher': '' })).text).toContain('href="#claim2-publisher"');
    const made = await submit('/countries/ES/assess/12', { ...fields, 'claim0-verdict': 'partly' });
    expect(made.status).toBe(303);
    const path = String(made.headers['location']).replace('/console/international', '');
    expect((await view(path)).text).toContain('40% of the indicators answered');
    expect((await submit(`${path}/state`, {})).text).toContain('Choose what comes next');
    expect((await submit(`${path}/state`, { state: 'disputed' })).text).toContain('The assessment is draft');
    expect((await submit(`${path}/state`, { state: 'reviewed' })).status).toBe(303);
    expect((await submit(`${path}/reply`, { by: 'Ministry' })).text).toContain('Enter the reply');
    expect((await submit(`${path}/reply`, { by: 'Ministry', text: 'Not so.' })).status).toBe(303);
    for (const state of ['published', 'disputed']) await submit(`${path}/state`, { state });
    const { text } = await view('/countries/ES', 'reader');
    expect(text).toContain('Disputed');
    expect(text).toContain('phase 2');
    expect((await view(path, 'reader')).text).toContain('Not so.');
  });
});

describe('commands', () => {
  it('list, say, show and remember', async () => {
    expect((await run('country list', [], { known: true })).text).toMatch(/^CODE +COUNTRY +HOTLINE/);
    expect((await run('country list')).text).toMatch(/^DE +Germany +unknown +unknown +\d+ +\d+ +0 of 21 +budapest, crc, lanzarote, op_ic, opsc$/m);
    const said = await run('country say', ['DE', 'hotline', 'hotline', 'Example Line'], {
      publisher: 'P',
      title: 'T',
      asOf: '2026-11-01',
      caveat: 'Ask them.',
    });
    expect(said).toMatchObject({ code: EXIT.ok, text: expect.stringMatching(/^Kept sta_\w+: DE hotline = Example Line\.\n$/) as unknown });
    const shown = (await run('country show', ['DE'])).text;
    for (const part of ['Hotline: Example Line', '  Mind: Ask them.', 'treaty opsc = party STALE', 'Capabilities: 0 of 21 assessed'])
      expect(shown).toContain(part);
    expect((await run('country history', ['DE', 'hotline'])).text).toContain('Example Line');
    await expect(run('country say', ['DE', 'law', 'x1', 'y'])).rejects.toMatchObject({ code: 'invalid_request' });
    expect(JSON.parse((await run('country show', ['DE'], { json: true })).text)).toMatchObject({ code: 'DE' });
  });

  it('read a table, and end with 2 when rows could not be taken', async () => {
    const path = join(folder, 'a.csv');
    await writeFile(path, 'state,iso2,status,date_note,source\nMalta,MT,ratified,1.1.,A\nNowhere,QQ,ratified,,A\n');
    const result = await run('country import', ['lanzarote', path], { publisher: 'P', title: 'T' });
    expect(result).toEqual({
      code: EXIT.incomplete,
      text: 'Kept 1; 0 were said already; 1 could not be taken.\n  line 3: the country Nowhere (QQ) is not known\n',
    });
  });

  it('assess, review and reply', async () => {
    const path = join(folder, 'a.json');
    await writeFile(path, JSON.stringify({ ...ASSESSMENT, country: 'IT' }));
    const [, id = ''] = /^(asm_\w+): IT, capability 16, phase 0, draft\.\n$/.exec((await run('country assess', [path])).text) ?? [];
    expect((await run('country state', [id, 'reviewed'])).text).toContain('reviewed');
    expect((await run('country reply', [id], { by: 'Ministry', text: 'x' })).text).toContain('with a reply of Ministry');
    await writeFile(path, 'nonsense');
    await expect(run('country assess', [path])).rejects.toMatchObject({ code: 'invalid_request' });
  });
});
