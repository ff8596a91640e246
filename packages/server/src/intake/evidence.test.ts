/** What intake measures about itself, on real uploads: each figure passes, fails and is missing when it should. */
import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from 'vitest';
import { createIntakeDatabase, emptyIntake, feedOf, NEVER, PERSON, startIntake, type TestIntake } from '../../test/support/intake.ts';
import type { TestDatabase } from '../../test/support/database.ts';
import type { EvidenceReading } from '../platform/evidence.ts';
import type { Principal } from '../platform/http/rights.ts';
import { bandOf } from './band-rules.ts';
import { CANARY } from './canary.ts';
import { measureIntake } from './evidence-sources.ts';

const HOUR_MS = 3_600_000;
let db: TestDatabase;
let intake: TestIntake;

beforeAll(async () => {
  db = await createIntakeDatabase();
});
afterAll(() => db.drop());
beforeEach(async () => {
  await emptyIntake(db);
  await db.database.pool.query('truncate intake.list_change');
  intake = await startIntake({ db });
  measureIntake(intake.context);
});
afterEach(() => intake.stop());

async function submit(content: string, principal: Principal = PERSON): Promise<string> {
  const view = await intake.service.submit({}, { principal, feed: feedOf(content), waitS: 30, signal: NEVER });
  return view.id;
}

function read(metric: string, hours = 720): Promise<EvidenceReading> {
  const source = intake.context.evidence.sources().find((one) => one.metric === metric);
  const to = new Date(intake.clock.now().getTime() + 1);
  if (source === undefined) throw new Error(`no source ${metric}`);
  return source.read({ from: new Date(to.getTime() - hours * HOUR_MS), to }, NEVER);
}

test('without uploads there is no figure', async () => {
  for (const { metric } of intake.context.evidence.sources()) expect([metric, (await read(metric)).figure]).toEqual([metric, null]);
  // What is under way is not decided.
  intake.screening.answer = () => new Promise(() => undefined);
  await intake.service.submit({}, { principal: PERSON, feed: feedOf('clear'), waitS: 0, signal: NEVER });
  expect((await read('upload_visible_unscreened_total')).figure).toBeNull();
});

test('coverage and what was released unscreened', async () => {
  await submit('clear 1');
  await submit('match');
  await submit('unscannable unsupported_type');
  expect(await read('upload_screen_coverage_ratio')).toMatchObject({ figure: 1, numerator: 3, denominator: 3 });
  expect(await read('upload_visible_unscreened_total')).toMatchObject({ figure: 0, denominator: 3 });
  expect(await read('upload_type_gap_ratio')).toMatchObject({ figure: 1 / 3, numerator: 1 });
  expect(await read('screen_fail_closed_ratio')).toMatchObject({ figure: 1, denominator: 1 });
});

test('a release without a receipt is found, however the row came to be', async () => {
  const id = await submit('clear 1');
  await submit('clear 2');
  await db.database.pool.query('delete from intake.receipt where upload_id = $1', [id]);
  expect(await read('upload_visible_unscreened_total')).toMatchObject({ figure: 1 });
  expect(await read('upload_screen_coverage_ratio')).toMatchObject({ figure: 0.5 });
  // Also when it is gone: a day later, and for as long as its row is kept.
  intake.clock.advance(48 * HOUR_MS);
  await intake.service.upkeep.sweep(NEVER);
  expect((await intake.service.get(id, { principal: PERSON, waitS: 0, signal: NEVER })).state).toBe('expired');
  expect(await read('upload_visible_unscreened_total')).toMatchObject({ figure: 1 });
});

test('a receipt of an earlier decision is none for this one', async () => {
  const id = await submit('clear 1');
  intake.clock.advance(HOUR_MS);
  await intake.service.rescreen(id, { principal: PERSON, waitS: 30, signal: NEVER });
  expect(await read('upload_visible_unscreened_total')).toMatchObject({ figure: 0 });
  await db.database.pool.query('delete from intake.receipt where upload_id = $1 and revoked_at is null', [id]);
  expect(await read('upload_visible_unscreened_total')).toMatchObject({ figure: 1 });
});

test('content that the policy releases unscanned counts as unscreened, and as not held back', async () => {
  await intake.stop();
  intake = await startIntake({ db, config: { onUnscannable: 'release' } });
  measureIntake(intake.context);
  await submit('unscannable undecodable');
  await submit('clear');
  expect(await read('upload_visible_unscreened_total')).toMatchObject({ figure: 1, rows: [{ figure: 1 }, { figure: 0 }] });
  expect(await read('screen_fail_closed_ratio')).toMatchObject({ figure: 0 });
});

test('latency counts from complete content, and from being sent back', async () => {
  let release: (() => void) | undefined;
  intake.screening.answer = async () => {
    await new Promise<void>((resolve) => (release = resolve));
    return {};
  };
  const wait = async (ms: number): Promise<void> => {
    while (release === undefined) await new Promise((resolve) => setImmediate(resolve));
    intake.clock.advance(ms);
    release();
    release = undefined;
  };
  const [id] = await Promise.all([submit('clear'), wait(250)]);
  expect(await read('screen_latency_p95_ms')).toMatchObject({ figure: 250, denominator: 1 });
  intake.clock.advance(100 * HOUR_MS);
  await Promise.all([intake.service.rescreen(id, { principal: PERSON, waitS: 30, signal: NEVER }).catch(() => undefined), wait(400)]);
  expect(await read('screen_latency_p95_ms')).toMatchObject({ figure: 400, denominator: 1 });
});

test('matches by band, without any list, and who looked', async () => {
  const hit = { listId: 'list_1', listName: 'secret', entry: 1, disposition: 'hold' as const };
  intake.screening.answer = async () => ({ verdict: 'match', hitCount: 1, hits: [{ ...hit, signal: 'pdq' as const, distance: 12 }] });
  const id = await submit('match 1');
  intake.screening.answer = async () => ({ verdict: 'match', hitCount: 1, hits: [{ ...hit, signal: 'sha256' as const, distance: 0 }] });
  await submit('match 2');
  const bands = await read('match_total');
  expect(bands).toMatchObject({
    figure: 2,
    rows: [
      { label: 'pdq 9 to 16', figure: 1 },
      { label: 'sha256', figure: 1 },
    ],
  });
  expect(JSON.stringify(bands)).not.toContain('secret');
  expect(await read('match_review_sample_ratio')).toMatchObject({ figure: 0, denominator: 2 });
  intake.screening.renderPreview = async () => ({ bytes: new Uint8Array(1), mediaType: 'image/jpeg' });
  await intake.service.view(id, { isBlurred: true, principal: PERSON, signal: NEVER });
  expect(await read('match_review_sample_ratio')).toMatchObject({ figure: 0.5, numerator: 1 });
});

test('blocking: from the change of the lists to the end of the receipt, at the first change that it had not seen', async () => {
  const id = await submit('clear');
  const { sha256 } = await intake.service.get(id, { principal: PERSON, waitS: 0, signal: NEVER });
  await intake.context.events.emit('list.changed', { listId: 'list_1', listSetVersion: 2, change: 'import', added: 1, removed: 0, actor: 'x' });
  intake.clock.advance(3000);
  await intake.context.events.emit('list.changed', { listId: 'list_1', listSetVersion: 3, change: 'import', added: 1, removed: 0, actor: 'x' });
  intake.clock.advance(4000);
  intake.screening.known.add(sha256 ?? '');
  intake.screening.version = 3;
  await intake.runJobs();
  expect(await read('match_block_p95_seconds')).toMatchObject({ figure: 7, denominator: 1, rows: [{ figure: 0 }, { figure: 1 }, { figure: 0 }] });
});

test('a slow match of a user does not drown in our own test pictures', async () => {
  for (let i = 0; i < 30; i++) await submit(`match ${i}`, CANARY);
  expect(await read('match_block_p95_seconds')).toMatchObject({ figure: 0, denominator: 30 });
  await submit('match');
  await db.database.pool.query(`update intake.upload set received_at = received_at - interval '9 seconds' where created_by <> 'canary'`);
  expect(await read('match_block_p95_seconds')).toMatchObject({ figure: 9, denominator: 1, rows: [{ figure: 1 }, { figure: 0 }, { figure: 30 }] });
});

test('own test pictures are in no list and no count of uploads, and get no receipt', async () => {
  const clear = await submit('clear', CANARY);
  await submit('match', CANARY);
  await submit('unscannable undecodable', CANARY);
  expect(intake.screening.requests.map(({ isCanary }) => isCanary)).toEqual([true, true, true]);
  expect((await intake.service.list({ limit: 50 }, PERSON)).items).toEqual([]);
  expect((await intake.service.summarise()).byState).toMatchObject({ released: 0, held: 0 });
  expect((await intake.service.get(clear, { principal: PERSON, waitS: 0, signal: NEVER })).receipt).toBeUndefined();
  await expect(intake.service.openContent(clear)).rejects.toMatchObject({ code: 'gone' });
  expect(intake.emitted.filter(({ name }) => name === 'receipt.issued')).toEqual([]);
  for (const metric of ['upload_screen_coverage_ratio', 'upload_visible_unscreened_total', 'match_total', 'screen_latency_p95_ms', 'match_review_sample_ratio'])
    expect([metric, (await read(metric)).figure]).toEqual([metric, null]);
  // These are about the way through the gate, and say whose pictures they were.
  expect(await read('screen_fail_closed_ratio')).toMatchObject({ figure: 1, rows: [{ label: 'own test pictures held back', figure: 1 }] });
  expect(await read('match_block_p95_seconds')).toMatchObject({ denominator: 1, rows: [{ figure: 0 }, { figure: 0 }, { figure: 1 }] });
  await submit('clear');
  expect(intake.screening.requests.at(-1)?.isCanary).toBe(false);
});

test('bands', () => {
  const pdq = (distance: number): string | undefined => bandOf([{ signal: 'pdq', distance }]);
  expect([0, 1, 8, 9, 31, 32].map(pdq)).toEqual(['pdq 0', 'pdq 1 to 8', 'pdq 1 to 8', 'pdq 9 to 16', 'pdq 25 to 31', 'pdq over 31']);
  expect(
    bandOf([
      { signal: 'pdq', distance: 30 },
      { signal: 'md5', distance: 0 },
    ]),
  ).toBe('md5');
  expect(bandOf([])).toBeUndefined();
});
