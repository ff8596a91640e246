/** A status of the register that changes by itself, in the whole application: evidence, checks, log, page, badge, feed. */
import { createHash } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { createApiClient } from '../src/platform/cli/api.ts';
import { EXIT } from '../src/platform/cli/command.ts';
import { systemClock, type Clock } from '../src/platform/clock.ts';
import { loadConfig } from '../src/platform/config.ts';
import { silentLog } from '../src/platform/log.ts';
import { commands } from '../src/register/checks/commands.ts';
import { startTestApp, type TestApp } from './support/app.ts';

const HOUR_MS = 3_600_000;
const ONE = '/register/iicsa-internet-2020/1';
let app: TestApp;
let ahead = 0;
const clock: Clock = { ...systemClock, now: () => new Date(systemClock.now().getTime() + ahead) };

/** What the evaluation of the code says, in place of what this installation measured. */
function evaluate(figures: Readonly<Record<string, number | null>>): void {
  const items = Object.entries(figures).map(([metric, figure]) => ({
    metric,
    title: metric,
    unit: 'ratio' as const,
    mode: 'measured' as const,
    window: '30d' as const,
    from: null,
    to: null,
    threshold: { kind: 'reported' as const },
    thresholdText: '',
    basis: 'proposal' as const,
    note: null,
    state: figure === null ? ('not_evaluated' as const) : ('pass' as const),
    reason: '',
    figure,
    numerator: null,
    denominator: null,
    interval: null,
    rows: [],
    method: null,
    attestation: null,
  }));
  const evaluation = {
    id: 'eva_fake',
    at: clock.now().toISOString(),
    catalogueVersion: '1.0.0',
    catalogueDigest: '',
    factsDigest: '',
    measures: [{ control: 'icu-c9', outcome: 'binds' as const, state: 'pass' as const, reason: '', isDoneAnyway: false, items }],
  };
  vi.spyOn(app.app.services.code.evidence, 'last').mockResolvedValue({ evaluation, digest: '', logIndex: undefined });
}

const GOOD = { match_seed_recall_ratio: 0.995, upload_screen_coverage_ratio: 1, upload_visible_unscreened_total: 0 };

async function runChecks(): Promise<void> {
  const response = await app.call('/v1/register/checks', { method: 'POST', headers: { 'content-type': 'application/json' }, body: '{}' });
  expect(response.status).toBe(201);
}

async function read(path: string): Promise<string> {
  const response = await fetch(`${app.url}${path}`);
  expect([path, response.status]).toEqual([path, 200]);
  return response.text();
}

async function shown(): Promise<{ readonly page: string; readonly badge: string; readonly text: string }> {
  const text = await read(ONE);
  const badge = await read(`${ONE}/badge.svg`);
  return {
    text,
    page: /This register: <strong class="tag tag-\w+">([^<]*)/.exec(text)?.[1] ?? '',
    badge: /<title>Recommendation 1: ([^<]*)/.exec(badge)?.[1] ?? '',
  };
}

beforeAll(async () => {
  app = await startTestApp({ clock });
});
afterAll(async () => {
  vi.restoreAllMocks();
  await app.stop();
});

async function command(name: string): Promise<{ readonly code: number | undefined; readonly text: string }> {
  const lines: string[] = [];
  const api = createApiClient({ socketPath: app.socketPath });
  try {
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
          api: async () => api,
        },
        { positional: [], options: {} },
      );
    return { code, text: lines.join('') };
  } finally {
    await api.close();
  }
}

describe('a claim of the register that rests on checks', () => {
  it('is not believed before a check was run', async () => {
    const { page, badge, text } = await shown();
    expect([page, badge]).toEqual(['under way', 'under way']);
    expect(text).toContain('never run');
  });

  it('stands while the checks pass, and falls by itself when the evidence begins to fail', async () => {
    evaluate(GOOD);
    await runChecks();
    expect(await shown()).toMatchObject({ page: 'ongoing', badge: 'ongoing' });
    evaluate({ ...GOOD, upload_screen_coverage_ratio: 0.98 });
    await runChecks();
    const { page, badge, text } = await shown();
    expect([page, badge]).toEqual(['under way', 'under way']);
    expect(text).toContain('It is shown as “under way”, because the check “Every upload is screened before it can be seen” (iicsa-1.coverage) fails');
    expect(text).toContain('Uploads screened before they could be seen: 98.0 % in the last 30 days.');
    expect(await read('/register/feed.atom')).toContain('began to fail');
    expect(JSON.parse(await read(`${ONE}.jsonld`))['@graph'][1]['gh:registerStatus']).toMatchObject({ 'gh:status': 'under_way' });
    evaluate({ ...GOOD, match_seed_recall_ratio: null });
    expect((await command('register checks')).text).toMatch(/^pass +iicsa-1\.screening-recall .*\nfail +iicsa-1\.coverage +Uploads screened .* 98\.0 %/);
    const { code, text: said } = await command('register check');
    expect([code, said]).toEqual([
      EXIT.finding,
      expect.stringMatching(/^fail +iicsa-1\.screening-recall +Planted test pictures found: there are no data in the last 30 days\.\npass/),
    ]);
    expect((await shown()).text).toContain('there are no data');
  });

  it('falls when the evaluation behind it is old, and when nobody runs the checks any more', async () => {
    evaluate(GOOD);
    await runChecks();
    expect(await shown()).toMatchObject({ page: 'ongoing' });
    ahead += 25 * HOUR_MS;
    const stale = await shown();
    expect([stale.page, stale.badge]).toEqual(['under way', 'under way']);
    expect(stale.text).toContain('out of date');
    await runChecks();
    expect((await shown()).text).toContain('The last evaluation is 25 hours old, and counts for 24.');
    evaluate(GOOD);
    await runChecks();
    expect(await shown()).toMatchObject({ page: 'ongoing' });
  });

  it('every run is in the log, as anybody can check', async () => {
    await app.app.services.log.checkpoint();
    const path = /href="(\/register\/_checks\/chk_[0-9a-z]{26})\/run\.json"/.exec(await read('/register/_checks'))?.[1] ?? '';
    const run = await read(`${path}/run.json`);
    const { entry } = JSON.parse(await read(`${path}/proof.json`)) as { entry: string };
    expect(JSON.parse(entry)).toMatchObject({ kind: 'register.checked', fields: { checks: 7, digest: createHash('sha256').update(run).digest('hex') } });
    const response = await app.call('/v1/log/completeness', { method: 'POST' });
    expect(await response.json()).toMatchObject({ isComplete: true });
  });
});
