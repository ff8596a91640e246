/**
 * A week of a small service, with the real intake, lists, log, age checks and decoders on one database, and time held in the hand. Every measure that is
 * measured here is seen without data, kept and failing; the state says so each time, and nothing else changes with it.
 */
import { readdir, readFile, writeFile } from 'node:fs/promises';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { z } from 'zod';
import { ageDomain, type AgeService } from '../../src/age/index.ts';
import { transform } from '../../src/code/evidence/canary-edit-rules.ts';
import { drawPicture } from '../../src/code/evidence/canary-picture-rules.ts';
import { encodePng } from '../../src/code/evidence/canary-png.ts';
import { STATES } from '../../src/code/evidence/schema.ts';
import { codeDomain, type CodeService } from '../../src/code/index.ts';
import { renderMeasure } from '../../src/code/pages/measure-page.tsx';
import { viewMeasure } from '../../src/code/pages/views.ts';
import { STATE_WORDS } from '../../src/code/pages/word-rules.ts';
import { intakeDomain, type IntakeService, type UploadView } from '../../src/intake/index.ts';
import { listsDomain, type ListsService } from '../../src/lists/index.ts';
import { logDomain, type LogService } from '../../src/log/index.ts';
import type { AppContext } from '../../src/platform/context.ts';
import type { Principal } from '../../src/platform/http/rights.ts';
import { screeningDomain } from '../../src/screening/index.ts';
import { createFakeClock, type FakeClock } from '../support/clock.ts';
import { createTestContext } from '../support/context.ts';
import { createTestDatabase, type TestDatabase } from '../support/database.ts';
import { feedOf, NEVER, PERSON } from '../support/intake.ts';
import { importText, valueOf, type TestNode } from '../support/lists.ts';

const MINUTE_MS = 60_000;
const HOUR_MS = 60 * MINUTE_MS;
const DOMAINS = [logDomain, listsDomain, screeningDomain, intakeDomain, ageDomain, codeDomain];
const K = 50;
const StateSchema = z.enum(STATES);
const READER: Principal = { kind: 'session', id: 'per_reader', name: 'reader', rights: new Set(['code:read']) };

let db: TestDatabase;
let clock: FakeClock;
let context: AppContext;
let log: LogService;
let lists: ListsService;
let intake: IntakeService;
let age: AgeService;
let code: CodeService;
let site: Server;
let isSiteUp = true;
let title = 'Terms';
const stops: (() => Promise<unknown>)[] = [];
let dispose: () => Promise<void>;

const page = (): string =>
  `<!doctype html><html lang="en"><head><title>${title}</title></head><body><main><h1>Terms</h1><h2>How to complain</h2>${'<p>You can ask us to look at a post. We will tell you what we did.</p>'.repeat(20)}</main></body></html>`;

beforeAll(async () => {
  site = createServer((_request, reply) => reply.writeHead(isSiteUp ? 200 : 503, { 'content-type': 'text/html' }).end(page()));
  await new Promise<void>((resolve) => site.listen(0, '127.0.0.1', resolve));
  const host = `127.0.0.1:${(site.address() as AddressInfo).port}`;
  db = await createTestDatabase(DOMAINS.map(({ name, migrations }) => ({ domain: name, migrations })));
  clock = createFakeClock(new Date('2026-11-02T08:00:00Z'));
  const made = await createTestContext({
    database: db.database,
    clock,
    config: {
      ageEvidenceMinCount: K,
      decodeProcesses: 2,
      outboundAllow: [host],
      codeTermsUrl: `http://${host}/terms`,
      codeTermsHeadings: ['complain'],
      codeComplaintsUrl: `http://${host}/complain`,
      codeFeatureUrls: [`http://${host}/block`],
    },
  });
  dispose = () => made.dispose();
  context = made.context;
  const open = async <Service, Needs extends object>(
    domain: {
      create(context: AppContext, needs: Needs): Promise<{ service: Service; start?(): Promise<void>; stop?(): Promise<void> }>;
      metrics?(service: Service, context: AppContext): void;
    },
    needs: Needs,
  ): Promise<Service> => {
    const created = await domain.create(context, needs);
    domain.metrics?.(created.service, context);
    stops.push(async () => created.stop?.());
    await created.start?.();
    return created.service;
  };
  log = await open(logDomain, {});
  lists = await open(listsDomain, {});
  const screening = await open(screeningDomain, { lists });
  intake = await open(intakeDomain, { lists, screening });
  age = await open(ageDomain, { intake });
  code = await open(codeDomain, { age, intake, lists, log });
}, 120_000);

afterAll(async () => {
  // As the application does it: everybody is told first.
  await dispose();
  for (const stop of stops.toReversed()) await stop();
  await db.drop();
  await new Promise((resolve) => site.close(resolve));
});

const query = (text: string, values: unknown[] = []) => db.database.pool.query(text, values);

async function pass(hours: number): Promise<void> {
  clock.advance(hours * HOUR_MS);
  // Nodes look for changes; with time held they are told.
  await lists.refresh();
}

async function upload(seed: number, how: 'unchanged' | 'halved' = 'unchanged'): Promise<UploadView> {
  return intake.submit({}, { principal: PERSON, feed: feedOf(await encodePng(transform(drawPicture(seed), how))), waitS: 60, signal: NEVER });
}

async function lookUp(): Promise<(control: string, metric?: string) => string> {
  const { evaluation } = await code.evidence.evaluate(NEVER);
  return (control, metric) => {
    const measure = evaluation.measures.find((one) => one.control === control);
    return (metric === undefined ? measure?.state : measure?.items.find((item) => item.metric === metric)?.state) ?? 'unknown';
  };
}

/** Which control is asked about each metric that has a source here. */
const ASKED: Readonly<Record<string, string>> = {
  upload_screen_coverage_ratio: 'iicsa-1',
  upload_visible_unscreened_total: 'iicsa-1',
  upload_type_gap_ratio: 'gw-5',
  screen_latency_p95_ms: 'gw-6',
  screen_fail_closed_ratio: 'gw-6',
  match_block_p95_seconds: 'icu-c2',
  match_total: 'trust-01',
  match_review_sample_ratio: 'icu-c9-review',
  match_seed_recall_ratio: 'icu-c9-perf',
  match_benign_false_rate: 'icu-c9-perf',
  hashlist_age_hours: 'ic-01.2',
  hashlist_integrity_ok: 'icu-c9-db',
  hashlist_removed_applied_p95_hours: 'icu-c9-db',
  log_checkpoint_age_minutes: 'gw-1',
  log_witness_age_hours: 'gw-2',
  log_selfcheck_ok: 'gw-3',
  age_gate_coverage_ratio: 'iicsa-3',
  age_selfdeclared_accept_total: 'iicsa-3',
  age_method_recognised_ratio: 'pcu-b1',
  age_bypass_probe_success_total: 'pcu-b1',
  terms_probe_ok: 'icu-g3',
  page_accessibility_faults_total: 'icu-g3',
  complaint_route_available_ratio: 'vp-08',
  feature_probe_ok: 'icu-j1',
};

type States = Readonly<Record<string, string>>;
const seen = new Map<string, Set<string>>();

/** Evaluates, notes every state, and compares those that are named; `rest`: what every other metric must be. */
async function expectStates(expected: States, rest?: string): Promise<(control: string, metric?: string) => string> {
  const find = await lookUp();
  const found = Object.fromEntries(Object.entries(ASKED).map(([metric, control]) => [metric, find(control, metric)]));
  for (const [metric, state] of Object.entries(found)) seen.set(metric, (seen.get(metric) ?? new Set()).add(state));
  const named = rest === undefined ? Object.keys(expected) : Object.keys(ASKED);
  expect(Object.fromEntries(named.map((metric) => [metric, found[metric]]))).toEqual(
    Object.fromEntries(named.map((metric) => [metric, expected[metric] ?? rest])),
  );
  await expectPages(found);
  return find;
}

/** The page of each measure says so: in the row of the evidence stands its state, and no other. */
async function expectPages(found: States): Promise<void> {
  const titles = new Map(code.catalogue.current().catalogue.metrics.map((metric) => [metric.id, metric.title]));
  for (const control of new Set(Object.values(ASKED))) {
    const html = renderMeasure(await viewMeasure(code, control, { clock, isPlanned: false }), READER);
    const rows = [...html.matchAll(/<tr[^>]*>([\s\S]*?)<\/tr>/g)].map(([, row = '']) => row);
    for (const [metric, of] of Object.entries(ASKED)) {
      if (of !== control) continue;
      const row = rows.find((one) => one.includes('Threshold') && one.includes(titles.get(metric) ?? metric)) ?? '';
      const said = Object.values(STATE_WORDS).flatMap(({ text, colour }) => (row.includes(`tag-${colour}">${text}<`) ? [text] : []));
      expect([metric, said]).toEqual([metric, [STATE_WORDS[StateSchema.parse(found[metric])].text]]);
    }
  }
}

const node = (): TestNode => ({ service: lists, context }) as unknown as TestNode;
const hashes = (...seeds: readonly string[]): string => seeds.map((seed) => valueOf('pdq', seed)).join('\n');
const importList = (id: string, text: string, mode?: 'replace') => importText(node(), id, text, { type: 'pdq', ...(mode === undefined ? {} : { mode }) });
const many = Array.from({ length: 3000 }, (_none, i) => `known ${i}`);

/** Counts of ended age checks as the day has them: the counting itself has its own tests. */
async function countChecks(method: string, kind: string, sessions: number): Promise<void> {
  await query(
    `insert into age.evidence_count (period, day, method, kind, outcome, locale, device, is_assisted, duration, sessions, presentations, refusals)
     values ('day', $1, $2, $3, 'true', 'en', 'phone', false, 'under_1m', $4, 0, 0)`,
    [clock.now().toISOString().slice(0, 10), method, kind, sessions],
  );
}

async function probeRow(subject: string, isThrough: boolean): Promise<void> {
  await query(`insert into code.probe (kind, subject, at, is_ok, finding, figures) values ('gate', $1, $2, $3, 'x', $4)`, [
    subject,
    new Date(clock.now().getTime() - 1),
    subject === 'control' ? isThrough : !isThrough,
    JSON.stringify({ through: isThrough ? 1 : 0, answered: 1 }),
  ]);
}

let listId = '';

test('Monday, first hour: nothing has happened, and nothing passes', async () => {
  const find = await expectStates({ log_checkpoint_age_minutes: 'not_evaluated' }, 'not_evaluated');
  for (const control of ['iicsa-1', 'iicsa-3', 'gw-1', 'gw-2', 'gw-3', 'gw-6', 'icu-g3', 'icu-j1'])
    expect([control, find(control)]).toEqual([control, 'not_evaluated']);
});

test('Monday: a list, uploads, test pictures, pages: what has data is kept, the rest is not evaluated', async () => {
  ({ id: listId } = await lists.create({ name: 'known' }, 'x'));
  await importList(listId, hashes(...many));
  await code.probes.canaries.run(NEVER);
  await code.probes.probe(NEVER);
  for (let seed = 2001; seed < 2005; seed++) expect((await upload(seed)).state).toBe('released');
  await log.checkpoint();
  await lists.verifyFiles(NEVER);
  await log.checks.tree.run({ entries: 1_000_000, signal: NEVER });
  clock.advance(1);
  const find = await expectStates(
    {
      upload_screen_coverage_ratio: 'pass',
      upload_visible_unscreened_total: 'pass',
      upload_type_gap_ratio: 'pass',
      match_total: 'pass',
      screen_fail_closed_ratio: 'pass',
      match_block_p95_seconds: 'pass',
      // All were found; of so few that says little.
      match_seed_recall_ratio: 'attention',
      hashlist_age_hours: 'pass',
      hashlist_integrity_ok: 'pass',
      log_checkpoint_age_minutes: 'pass',
      log_selfcheck_ok: 'pass',
      terms_probe_ok: 'pass',
      page_accessibility_faults_total: 'pass',
      complaint_route_available_ratio: 'pass',
      feature_probe_ok: 'pass',
    },
    'not_evaluated',
  );
  expect([find('iicsa-1'), find('gw-1'), find('gw-3'), find('icu-g3'), find('icu-j1')]).toEqual(Array(5).fill('pass'));
  // One of its two items has no target yet.
  expect(find('gw-6')).toBe('not_evaluated');
});

test('Tuesday: targets, a witness, age checks, probes of the gate, a match', async () => {
  await pass(20);
  await code.evidence.setTarget({ id: 'screen-latency-ms', value: 5000, reason: 'x' }, 'x');
  await code.evidence.setTarget({ id: 'match-review-share', value: 0.5, reason: 'x' }, 'x');
  await code.evidence.setTarget({ id: 'match-benign-false-rate', value: 1_000_000, reason: 'x' }, 'x');
  await importList(listId, hashes(...many.slice(1)), 'replace');
  await lists.addEntries(listId, [{ type: 'pdq', value: valueOf('pdq', 'more') }], 'x');
  // A picture that people know: its hash is in the list now, and it comes halved.
  const { pdq } = await import('@gatehouse/pdq');
  const { rgb, width, height } = drawPicture(2500);
  await lists.addEntries(listId, [{ type: 'pdq', value: pdq({ data: rgb, width, height, channels: 3 }).hash }], 'x');
  expect(await upload(2500, 'halved')).toMatchObject({ state: 'held' });
  await query(
    `insert into intake.look (upload_id, at, actor, is_blurred) select id, $1, 'per_1', true from intake.upload where verdict = 'match' and created_by <> 'canary'`,
    [clock.now()],
  );
  await age.services.add({ id: 'forum', name: 'The Forum', returnOrigins: ['https://forum.example'] });
  for (const subject of ['control', 'nothing', 'cookie_forged']) await probeRow(subject, subject === 'control');
  for (let i = 0; i < K; i++) age.counting.tally('gate', 'gate_passed');
  await countChecks('wallet', 'verified', 60);
  const { size } = await log.checkpoint();
  // As a time-stamping authority would have it: stamps have their own tests.
  await query(`insert into log.stamp (size, at, authority, policy, serial, note, response) values ($1, $2, 'x', '1.2.3', '1', '', '')`, [size, clock.now()]);
  await code.probes.canaries.run(NEVER);
  title = '';
  await code.probes.probe(NEVER);
  title = 'Terms';
  clock.advance(1);
  const find = await expectStates({
    page_accessibility_faults_total: 'fail',
    terms_probe_ok: 'pass',
    screen_latency_p95_ms: 'pass',
    match_review_sample_ratio: 'pass',
    match_benign_false_rate: 'pass',
    match_total: 'pass',
    hashlist_removed_applied_p95_hours: 'pass',
    age_gate_coverage_ratio: 'pass',
    age_selfdeclared_accept_total: 'pass',
    age_method_recognised_ratio: 'pass',
    age_bypass_probe_success_total: 'pass',
    log_witness_age_hours: 'pass',
  });
  expect([find('gw-6'), find('iicsa-3')]).toEqual(['pass', 'pass']);
});

test('Wednesday: nobody has done anything, and what must be fresh is not', async () => {
  await pass(26);
  await expectStates({
    hashlist_age_hours: 'fail',
    log_witness_age_hours: 'fail',
    // What is probed no longer says nothing about now.
    match_seed_recall_ratio: 'not_evaluated',
    terms_probe_ok: 'not_evaluated',
    complaint_route_available_ratio: 'not_evaluated',
    feature_probe_ok: 'not_evaluated',
    page_accessibility_faults_total: 'not_evaluated',
    age_bypass_probe_success_total: 'not_evaluated',
    hashlist_integrity_ok: 'pass',
    upload_screen_coverage_ratio: 'pass',
  });
  await pass(30);
  await expectStates({ hashlist_integrity_ok: 'not_evaluated', log_selfcheck_ok: 'not_evaluated', log_checkpoint_age_minutes: 'fail' });
});

test('Thursday: faults', async () => {
  // The list lost the test pictures, the pages are away, a gate lets an expired pass through.
  const { rows } = await query('select id from lists.list where is_canary');
  await lists.disable(String(rows[0]?.id), 'x');
  await code.probes.canaries.run(NEVER);
  isSiteUp = false;
  await code.probes.probe(NEVER);
  for (const subject of ['control', 'cookie_expired']) await probeRow(subject, true);
  // A file of the list has another byte; a record of the log was changed.
  const [name] = (await readdir(join(context.config.dataDir, 'segments'), { recursive: true })).filter((path) => /[0-9a-f]{64}$/.test(path));
  const path = join(context.config.dataDir, 'segments', name ?? '');
  const bytes = await readFile(path);
  await writeFile(path, Buffer.from([0]), { flag: 'r+' });
  await lists.verifyFiles(NEVER);
  await writeFile(path, bytes);
  await query(
    `update log.entry set leaf = replace(leaf, 'list.changed', 'list.chanGed') where index = (select min(index) from log.entry where kind = 'list.changed')`,
  );
  await log.checks.tree.run({ entries: 1_000_000, signal: NEVER });
  // A release whose receipt was never issued; one that came in ten hours before it was decided; unscannable content that was let out.
  await query(`delete from intake.receipt where upload_id = (select min(upload_id) from intake.receipt)`);
  await query(`update intake.upload set received_at = received_at - interval '10 hours' where created_by <> 'canary'`);
  await query(`update intake.upload set disposition = 'release' where id = (select min(id) from intake.upload where verdict = 'unscannable')`);
  await query('delete from intake.look');
  await importList(listId, hashes('only this one is left'), 'replace');
  for (let i = 0; i < K; i++) age.counting.tally('gate', 'gate_passed_without');
  await countChecks('signal', 'declared', 5);
  await query(`update code.canary set found = 1 where not is_listed and transform = 'unchanged'`);
  await code.evidence.setTarget({ id: 'match-benign-false-rate', value: 10, reason: 'x' }, 'x');
  clock.advance(1);
  const find = await expectStates({
    upload_screen_coverage_ratio: 'fail',
    upload_visible_unscreened_total: 'fail',
    screen_latency_p95_ms: 'fail',
    screen_fail_closed_ratio: 'fail',
    match_block_p95_seconds: 'fail',
    match_review_sample_ratio: 'fail',
    match_seed_recall_ratio: 'fail',
    match_benign_false_rate: 'fail',
    hashlist_integrity_ok: 'fail',
    hashlist_removed_applied_p95_hours: 'fail',
    log_selfcheck_ok: 'fail',
    age_gate_coverage_ratio: 'fail',
    age_selfdeclared_accept_total: 'fail',
    age_method_recognised_ratio: 'fail',
    age_bypass_probe_success_total: 'fail',
    terms_probe_ok: 'fail',
    complaint_route_available_ratio: 'fail',
    feature_probe_ok: 'fail',
    // The pages did not come: their faults are those of the last time, and that is too long ago.
    page_accessibility_faults_total: 'not_evaluated',
    hashlist_age_hours: 'pass',
  });
  for (const control of ['iicsa-1', 'iicsa-3', 'gw-3', 'gw-6', 'icu-j1', 'icu-g3', 'vp-01']) expect([control, find(control)]).toEqual([control, 'fail']);
});

test('Friday: what can be mended is mended at once; what happened stays for its window', async () => {
  await pass(18);
  isSiteUp = true;
  const { rows } = await query('select id from lists.list where is_canary');
  await lists.enable(String(rows[0]?.id), 'x');
  await code.probes.canaries.run(NEVER);
  await code.probes.probe(NEVER);
  await importList(listId, hashes('only this one is left'), 'replace');
  await log.checkpoint().catch(() => undefined);
  clock.advance(1);
  await expectStates({
    terms_probe_ok: 'pass',
    feature_probe_ok: 'pass',
    page_accessibility_faults_total: 'pass',
    hashlist_age_hours: 'pass',
    // One in the window was not let in.
    complaint_route_available_ratio: 'fail',
    upload_visible_unscreened_total: 'fail',
    match_seed_recall_ratio: 'fail',
    log_selfcheck_ok: 'fail',
  });
});

test('the week shows each state of each measure; what is only reported cannot fail', () => {
  const REPORTED = new Set(['upload_type_gap_ratio', 'match_total']);
  const missing = Object.keys(ASKED).flatMap((metric) => {
    const states = seen.get(metric) ?? new Set();
    const isKept = states.has('pass') || states.has('attention');
    return [
      ...(isKept ? [] : [`${metric}: never kept`]),
      ...(states.has('not_evaluated') ? [] : [`${metric}: never without data`]),
      ...(states.has('fail') || REPORTED.has(metric) ? [] : [`${metric}: never failing`]),
    ];
  });
  expect(missing).toEqual([]);
});

test('three months later the windows are empty again, and nothing passes by that', async () => {
  await pass(24 * 100);
  await expectStates({
    upload_screen_coverage_ratio: 'not_evaluated',
    upload_visible_unscreened_total: 'not_evaluated',
    screen_fail_closed_ratio: 'not_evaluated',
    match_block_p95_seconds: 'not_evaluated',
    match_seed_recall_ratio: 'not_evaluated',
    age_gate_coverage_ratio: 'not_evaluated',
    terms_probe_ok: 'not_evaluated',
    hashlist_age_hours: 'fail',
  });
});
