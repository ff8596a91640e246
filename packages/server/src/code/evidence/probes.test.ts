/** The whole application: test pictures through the real path with real decoder processes, the gate through the real listener, pages of a real server. */
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { startTestApp, type TestApp } from '../../../test/support/app.ts';
import type { EvidenceReading } from '../../platform/evidence.ts';
import { transform } from './canary-edit-rules.ts';
import { drawPicture } from './canary-picture-rules.ts';
import { encodePng } from './canary-png.ts';

const NEVER = new AbortController().signal;
const OCTETS = { 'content-type': 'application/octet-stream' };
let app: TestApp;
let site: Server;
let answer: { status: number; type: string; body: string };

const page = (heading: string): string => `<!doctype html><html lang="en"><head><title>x</title></head><body><main><h1>Terms</h1><h2>${heading}</h2>
  ${'<p>You can ask us to take a thing down. We will look at it soon.</p>'.repeat(20)}</main></body></html>`;

beforeAll(async () => {
  answer = { status: 200, type: 'text/html', body: page('Complaints') };
  site = createServer((_request, reply) => reply.writeHead(answer.status, { 'content-type': answer.type, location: '/elsewhere' }).end(answer.body));
  await new Promise<void>((resolve) => site.listen(0, '127.0.0.1', resolve));
  const host = `127.0.0.1:${(site.address() as AddressInfo).port}`;
  app = await startTestApp({
    config: {
      requireLists: false,
      outboundAllow: [host],
      codeTermsUrl: `http://${host}/terms`,
      codeTermsHeadings: ['complaint'],
      codeReadingAge: 13,
      codeComplaintsUrl: `http://${host}/complain`,
    },
  });
});
afterAll(async () => {
  await app.stop();
  await new Promise((resolve) => site.close(resolve));
});

function read(metric: string): Promise<EvidenceReading> {
  const source = app.app.context.evidence.sources().find((one) => one.metric === metric);
  if (source === undefined) throw new Error(`no source ${metric}`);
  const to = new Date(app.app.context.clock.now().getTime() + 1);
  return source.read({ from: new Date(to.getTime() - 3_600_000), to }, NEVER);
}

async function scan(bytes: Uint8Array<ArrayBuffer>): Promise<Record<string, unknown>> {
  return (await (await app.call('/v1/scan', { method: 'POST', body: bytes, headers: OCTETS })).json()) as Record<string, unknown>;
}

describe('test pictures', () => {
  test('are found in every transform, and benign ones are not; nothing of them stays', async () => {
    const { probes } = app.app.services.code;
    const { results } = await probes.canaries.run(NEVER);
    const listed = results.filter(({ isListed }) => isListed);
    expect(listed.length).toBeGreaterThan(10);
    for (const one of listed) expect(one).toMatchObject({ sent: 2, found: 2, released: 0, undecided: 0 });
    expect(results.filter(({ isListed }) => !isListed)).toMatchObject([
      { transform: 'unchanged', sent: 10, found: 0, undecided: 0 },
      { transform: 'damaged', sent: 1, released: 0, undecided: 0 },
    ]);
    expect(await read('match_seed_recall_ratio')).toMatchObject({ figure: 1, denominator: 2 * listed.length });
    expect(await read('match_benign_false_rate')).toMatchObject({ figure: 0, denominator: 10 });
    expect(await read('screen_fail_closed_ratio')).toMatchObject({ figure: 1, numerator: 1 });
    expect(await probes.canaries.isDue()).toBe(false);
    const { rows } = await app.app.context.database.pool.query<{ state: string; receipts: string; callbacks: string }>(
      `select distinct state, (select count(*) from intake.receipt) as receipts, (select count(*) from intake.callback) as callbacks from intake.upload where created_by = 'canary'`,
    );
    expect(rows).toEqual([{ state: 'deleted', receipts: 0, callbacks: 0 }]);
    const doctor = (await (await app.call('/v1/health')).json()) as { checks: { name: string; status: string }[] };
    expect(doctor.checks.find(({ name }) => name === 'code.canaries')).toMatchObject({ status: 'ok' });
  });

  test("a user's upload is never compared with them, and their list allows no clearance", async () => {
    const known = new Uint8Array(await encodePng(drawPicture(1)));
    // There is no other list: with lists required it could not be cleared either.
    expect(await scan(known)).toMatchObject({ verdict: 'clear', hitCount: 0 });
    const lists = (await (await app.call('/v1/lists')).json()) as { lists: unknown[] };
    expect(lists.lists).toEqual([]);
    const uploads = (await (await app.call('/v1/uploads')).json()) as { items: unknown[] };
    expect(uploads.items).toEqual([]);
  });

  test('one that is not found fails at once, in the measure and in the check', async () => {
    const { database } = app.app.context;
    const { rows } = await database.pool.query<{ id: string }>('select id from lists.list where is_canary');
    const { lists, code } = app.app.services;
    // As if the index had lost them.
    await lists.disable(rows[0]?.id ?? '', 'x');
    const { results } = await code.probes.canaries.run(NEVER);
    expect(results.find(({ isListed, transform: how }) => isListed && how === 'mirrored')).toMatchObject({ sent: 2, found: 0, released: 2 });
    expect(await read('match_seed_recall_ratio')).toMatchObject({ figure: 0 });
    const doctor = (await (await app.call('/v1/health')).json()) as { checks: { name: string; status: string; finding: string }[] };
    expect(doctor.checks.find(({ name }) => name === 'code.canaries')).toMatchObject({ status: 'fail' });
    await lists.enable(rows[0]?.id ?? '', 'x');
    await code.probes.canaries.run(NEVER);
    expect((await read('match_seed_recall_ratio')).figure).toBeCloseTo(2 / 3);
  });

  test('a file is a picture for everybody', async () => {
    const halved = transform(drawPicture(5), 'halved');
    expect(await scan(new Uint8Array(await encodePng(halved)))).toMatchObject({ media: { type: 'image/png', width: halved.width, height: halved.height } });
  });
});

describe('the gate of age checks', () => {
  test('nothing gets past it, and a good pass does', async () => {
    const { probes } = app.app.services.code;
    await probes.probe(NEVER);
    expect((await read('age_bypass_probe_success_total')).figure).toBeNull();
    await app.app.services.age.services.add({ id: 'forum', name: 'The Forum', returnOrigins: ['https://forum.example'] });
    const found = await read('age_bypass_probe_success_total');
    expect(found).toMatchObject({ figure: 0, rows: [] });
    expect(found.denominator).toBeGreaterThanOrEqual(20);
    const { rows } = await app.app.context.database.pool.query<{ subject: string; finding: string }>(
      `select subject, finding from code.probe where kind = 'gate' and not is_ok`,
    );
    expect(rows).toEqual([]);
    // What was sent ourselves is in no count of requests.
    expect((await read('age_gate_coverage_ratio')).figure).toBeNull();
    expect(
      (await app.app.services.age.evidence.countIn({ from: new Date(0), to: new Date('2100-01-01') })).tallies.filter(({ method }) => method === 'gate'),
    ).toEqual([]);
  });

  test('one that got through is named', async () => {
    const { age } = app.app.services;
    const { probeGate } = await import('./bypass.ts');
    // As if the gate did not look at the end of a pass: one that holds in place of an expired one.
    const probes = async () => {
      const made = await age.enforcement.probes();
      const control = made.find(({ name }) => name === 'control');
      return made.map((one) => (one.name === 'cookie_expired' ? { ...one, headers: control?.headers ?? {} } : one));
    };
    await probeGate({ context: app.app.context, probes }, NEVER);
    expect(await read('age_bypass_probe_success_total')).toMatchObject({ figure: 1, rows: [{ label: 'cookie_expired', figure: 1 }] });
  });
});

describe('public pages', () => {
  const probe = (): Promise<void> => app.app.services.code.probes.probe(NEVER);

  test('reachable, with the headings and within the reading age', async () => {
    expect(await read('terms_probe_ok')).toMatchObject({ figure: true });
    expect((await read('terms_probe_ok')).rows?.[0]?.figure).toBeLessThan(13);
    expect(await read('complaint_route_available_ratio')).toMatchObject({ figure: 1 });
    expect(await read('page_accessibility_faults_total')).toMatchObject({ figure: 0, denominator: 2 });
    // No page is named in the settings.
    expect((await read('feature_probe_ok')).figure).toBeNull();
  });

  test.each([
    ['a heading is missing', { body: page('Other') }],
    ['a redirection, such as to a sign-in', { status: 302 }],
    ['no page', { type: 'application/json' }],
    [
      'too hard to read',
      {
        body: page('Complaints').replaceAll(
          'You can ask us to take a thing down.',
          'Notwithstanding applicable provisions, organisational responsibilities necessitate prioritisation.',
        ),
      },
    ],
  ])(
    'not when %s',
    async (_name, change) => {
      const before = answer;
      answer = { ...answer, ...change };
      await probe();
      answer = before;
      expect(await read('terms_probe_ok')).toMatchObject({ figure: false });
      await probe();
      expect(await read('terms_probe_ok')).toMatchObject({ figure: true });
    },
    60_000,
  );
});

test('an evaluation over the API, with its proof, and every measure in a state', async () => {
  const made = (await (await app.call('/v1/code/evaluations', { method: 'POST' })).json()) as { id: string; counts: Record<string, number>; digest: string };
  expect(made.digest).toMatch(/^[0-9a-f]{64}$/);
  const { measures } = (await (await app.call('/v1/code/measures')).json()) as { measures: { state: string }[] };
  expect(measures.length).toBeGreaterThan(150);
  const proof = (await (await app.call(`/v1/code/evaluations/${made.id}/proof`)).json()) as { entry: string };
  expect(proof.entry).toContain(made.digest);
  expect(
    (
      await app.call('/v1/code/targets/screen-latency-ms', {
        method: 'PUT',
        body: JSON.stringify({ value: 5000, reason: 'x' }),
        headers: { 'content-type': 'application/json' },
      })
    ).status,
  ).toBe(200);
  expect(
    (
      await app.call('/v1/code/targets/nothing', {
        method: 'PUT',
        body: JSON.stringify({ value: 5000, reason: 'x' }),
        headers: { 'content-type': 'application/json' },
      })
    ).status,
  ).toBe(422);
});
