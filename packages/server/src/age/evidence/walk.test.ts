/** The evidence in the whole application: people check their age, somebody reads the figures, the command line and the statement a month later. */
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { startTestApp, type TestApp } from '../../../test/support/app.ts';
import { createApiClient } from '../../platform/cli/api.ts';
import { EXIT, type CommandArguments } from '../../platform/cli/command.ts';
import { systemClock } from '../../platform/clock.ts';
import { loadConfig } from '../../platform/config.ts';
import { silentLog } from '../../platform/log.ts';
import { commands } from './commands.ts';
import { EvidenceSchema, type EvidenceView } from './metric-schema.ts';
import { RecordSchema } from './record-schema.ts';
import { StatementSchema } from './statement-schema.ts';

const DAY_MS = 86_400_000;
const PHONE = 'Mozilla/5.0 (iPhone; CPU iPhone OS 26_0 like Mac OS X)';
const CHECKS = 120;
const ANSWERED = 60;

let app: TestApp;
let folder: string;
/** On the tenth of a month, so that no month ends while this runs. */
const TENTH = new Date(systemClock.now());
TENTH.setUTCMonth(TENTH.getUTCMonth() + 1, 10);
TENTH.setUTCHours(12);
const BEGIN_MS = TENTH.getTime() - systemClock.now().getTime();
let aheadMs = BEGIN_MS;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'gatehouse-statement-'));
  const words = { operator: 'Example <b>Ltd</b>', preface: 'One.\n\nTwo.', contact: { text: 'Write to us.', email: 'help@example.org' } };
  await writeFile(join(folder, 'statement.json'), JSON.stringify(words));
  const clock = { ...systemClock, now: () => new Date(systemClock.now().getTime() + aheadMs) };
  app = await startTestApp({ clock, config: { ageStatementFile: join(folder, 'statement.json') } });
});
afterAll(async () => {
  await app.stop();
  await rm(folder, { recursive: true });
});

async function send(path: string, body: object): Promise<Record<string, unknown>> {
  const reply = await app.call(path, { method: 'POST', body: JSON.stringify(body), headers: { 'content-type': 'application/json' } });
  expect([path, reply.status < 300]).toEqual([path, true]);
  return (await reply.json()) as Record<string, unknown>;
}

async function open(): Promise<{ readonly url: string; readonly cookie: string }> {
  const { url } = (await send('/v1/age/sessions', { threshold: 18, service: 'forum', returnUrl: 'https://forum.example/' })) as { url: string };
  const page = await fetch(url, { headers: { 'user-agent': PHONE, 'accept-language': 'cy' } });
  return {
    url,
    cookie: page.headers
      .getSetCookie()
      .map((cookie) => cookie.split(';')[0])
      .join('; '),
  };
}

const readEvidence = async (): Promise<EvidenceView> => EvidenceSchema.parse(await (await app.call('/v1/age/evidence')).json()) as EvidenceView;
const stateOf = ({ metrics }: EvidenceView, id: string) => metrics.find((metric) => metric.id === id);

async function run(name: string, args: Partial<CommandArguments> = {}): Promise<{ readonly code: number; readonly out: string }> {
  let out = '';
  const command = commands.find((one) => one.name === name);
  const client = createApiClient({ socketPath: app.socketPath });
  try {
    const code = await command?.run(
      {
        terminal: { out: (text) => void (out += text), err: () => undefined, isInteractive: false },
        log: silentLog,
        clock: systemClock,
        isJson: false,
        signal: new AbortController().signal,
        config: () => loadConfig({ env: {} }),
        api: async () => client,
      },
      { positional: args.positional ?? [], options: args.options ?? {} },
    );
    return { code: code ?? -1, out };
  } finally {
    await client.close();
  }
}

it('the record begins with the start, and a change is written down with its author', async () => {
  await send('/v1/age/services', { id: 'forum', name: 'The Forum', returnOrigins: ['https://forum.example'] });
  await expect
    .poll(async () =>
      ((await (await app.call('/v1/age/evidence/record')).json()) as { entries: unknown[] }).entries.map((one) => RecordSchema.parse(one).cause),
    )
    .toEqual(['start', 'service: put']);
});

it('people check their age: nothing shows before there are enough, and then no small number does', async () => {
  await Promise.all(Array.from({ length: 49 }, open));
  const before = await readEvidence();
  expect(before.metrics.filter(({ window, state }) => window.startsWith('the last 28') && state !== 'not_evaluated')).toEqual([]);
  const others = await Promise.all(Array.from({ length: CHECKS - 49 }, open));
  const said = await Promise.all(
    others
      .slice(0, ANSWERED)
      .map(({ url, cookie }) => fetch(`${url}/under`, { method: 'POST', body: new URLSearchParams(), headers: { cookie }, redirect: 'manual' })),
  );
  expect(new Set(said.map(({ status }) => status))).toEqual(new Set([303]));
  aheadMs = BEGIN_MS + 20 * 60_000;
  const after = await readEvidence();
  expect(stateOf(after, 'age.fairness.some_way')).toMatchObject({ state: 'attention', value: 0.5, numerator: ANSWERED, denominator: CHECKS });
  expect(stateOf(after, 'age.accessibility.time')).toMatchObject({ state: 'pass', value: 30 });
  const byDevice = stateOf(after, 'age.fairness.by_device');
  expect(byDevice).toMatchObject({ state: 'not_evaluated', rows: [{ label: 'phone', numerator: ANSWERED, denominator: CHECKS }] });
  expect(JSON.stringify(after)).not.toMatch(/age_[0-9a-z]{26}|forum/);
}, 180_000);

it('a backup takes the counts and not the visits', async () => {
  await open();
  const { body } = await createApiClient({ socketPath: app.socketPath }).send({
    method: 'POST',
    path: '/v1/backups',
    json: { folder: join(folder, 'backup') },
  });
  expect(body).toBeTypeOf('object');
  const manifest = await readFile(join(folder, 'backup', 'manifest.json'), 'utf8');
  expect([manifest.includes('evidence_count'), manifest.includes('evidence_record'), manifest.includes('evidence_visit')]).toEqual([true, true, false]);
});

it('the command line shows, tests, reviews, verifies and exports', async () => {
  expect(await run('age evidence self-test')).toMatchObject({ code: EXIT.ok, out: expect.stringContaining('Passed.') as string });
  const shown = await run('age evidence show');
  // An installation without trust lists and providers has no way in for most people, and says so.
  expect(shown.code).toBe(EXIT.finding);
  expect(shown.out).toMatch(/age\.robustness\.hostile_accepted +pass +0 /);
  expect(shown.out).toMatch(/age\.accessibility\.ways_per_device +fail +0 /);
  const review = { reviewer: 'DPO', text: 'Looked at it.', next: '2099-01-01', dpia: 'https://example.org/dpia' };
  expect((await run('age evidence review', { options: review })).code).toBe(EXIT.ok);
  await expect(run('age evidence review', { options: { ...review, next: 'soon' } })).rejects.toMatchObject({ code: 'invalid_request' });
  expect((await run('age evidence record')).out).toMatch(/3 +\S+ +review +local +review/);
  const verified = await run('age evidence verify');
  const head = /head (3:[0-9a-f]{64})/.exec(verified.out)?.[1] ?? '';
  expect([verified.code, head.length]).toEqual([EXIT.ok, 66]);
  expect((await run('age evidence verify', { options: { head } })).code).toBe(EXIT.ok);
  expect(await run('age evidence verify', { options: { head: head.replace(/.$/, (last) => (last === '0' ? '1' : '0')) } })).toMatchObject({
    code: EXIT.finding,
    out: expect.stringContaining('expected_head') as string,
  });
  expect((await run('age evidence export')).out).toContain('## Written record');
  const file = join(folder, 'evidence.json');
  await run('age evidence export', { positional: [file], options: { format: 'json' } });
  expect(JSON.parse(await readFile(file, 'utf8'))).toMatchObject({ verification: { isIntact: true, entries: 3 } });
});

it('everybody can read the statement; a month later it has figures; markup of the operator is text', async () => {
  const now = await (await fetch(`${app.url}/age/statement.json`)).json();
  expect(StatementSchema.parse(now)).toMatchObject({ figures: null, operator: 'Example <b>Ltd</b>', preface: ['One.', 'Two.'], services: ['The Forum'] });
  aheadMs = BEGIN_MS + 25 * DAY_MS;
  // Counts the check of the backup's test, which ended meanwhile.
  await readEvidence();
  const statement = StatementSchema.parse(await (await fetch(`${app.url}/age/statement.json`)).json());
  expect(statement.figures).toMatchObject({
    checks: CHECKS + 1,
    answeredShare: 0.5,
    ways: [
      { label: 'No answer', checks: CHECKS - ANSWERED + 1 },
      { label: 'Saying that you are too young', checks: 60 },
    ],
  });
  const page = await fetch(`${app.url}/age/statement`);
  const markup = await page.text();
  expect(page.status).toBe(200);
  for (const text of [
    'Example &lt;b&gt;Ltd&lt;/b&gt;',
    'help@example.org',
    'claims no compliance',
    'Write to us.',
    'https://example.org/dpia',
    'nothing is left',
  ])
    expect(markup).toContain(text);
  // Nothing from elsewhere is loaded: links lead there, resources do not.
  expect(
    [...markup.matchAll(/<(?:script|img|link|iframe)[^>]*(?:src|href)="([^"]+)"/g)]
      .map(([, address]) => address)
      .filter((address) => !address?.startsWith('/')),
  ).toEqual([]);
  expect(markup).not.toContain('<script');
});

it('the page of evidence is for people with the right; the others are told', async () => {
  const anonymous = await fetch(`${app.url}/console/age/evidence`, { redirect: 'manual' });
  expect([301, 302, 303, 401, 403]).toContain(anonymous.status);
  const page = await (await app.call('/console/age/evidence')).text();
  for (const text of ['Technical accuracy', 'Not evaluated', 'Written record', 'Add a review']) expect(page).toContain(text);
  const wrong = await app.call('/console/age/evidence/reviews', { method: 'POST', body: new URLSearchParams({ reviewer: 'DPO' }) });
  expect(wrong.status).toBe(400);
  expect(await wrong.text()).toContain('There is a problem');
});
