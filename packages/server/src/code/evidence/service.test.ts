import { createHash } from 'node:crypto';
import { parseProofFile } from '@gatehouse/tlog';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { createFakeClock, type FakeClock } from '../../../test/support/clock.ts';
import { createTestContext, type TestContext } from '../../../test/support/context.ts';
import { createTestDatabase, type TestDatabase } from '../../../test/support/database.ts';
import { logDomain, toCanonicalText, type LogService } from '../../log/index.ts';
import type { EvidenceReading } from '../../platform/evidence.ts';
import type { LoadedCatalogue } from '../catalogue/schema.ts';
import type { Outcome } from '../facts/schema.ts';
import type { SignedRecord } from '../records/schema.ts';
import { codeDomain } from '../index.ts';
import { makeCatalogue } from '../../../test/support/code-catalogue.ts';
import type { EvidenceService } from './schema.ts';
import { createEvidenceService } from './service.ts';

const HOUR_MS = 3_600_000;
let db: TestDatabase;
let base: TestContext;
let clock: FakeClock;
let log: LogService;
let stopLog: () => Promise<void>;
let evidence: EvidenceService;
let readings: Map<string, () => Promise<EvidenceReading>>;
let outcomes: Map<string, Outcome>;
let records: SignedRecord[];
let asked: string[];

const figure = (value: number | boolean | null, more: Partial<EvidenceReading> = {}): (() => Promise<EvidenceReading>) => {
  return async () => ({ figure: value, finding: `Found ${String(value)}.`, ...more });
};

beforeAll(async () => {
  db = await createTestDatabase([
    { domain: 'log', migrations: logDomain.migrations },
    { domain: 'code', migrations: codeDomain.migrations },
  ]);
});
afterAll(() => db.drop());

beforeEach(async () => {
  await db.database.pool.query('truncate code.evaluation, code.state_now, code.figure_point, code.target cascade');
  clock = createFakeClock();
  base = await createTestContext({ database: db.database, clock });
  const created = await logDomain.create(base.context, {});
  log = created.service;
  stopLog = async () => {
    await created.stop?.();
    await base.dispose();
  };
  readings = new Map([
    ['upload_screen_coverage_ratio', figure(1, { numerator: 9, denominator: 9 })],
    ['hashlist_age_hours', figure(3, { rows: [{ label: 'worst', figure: 3 }] })],
  ]);
  outcomes = new Map();
  records = [];
  asked = [];
  for (const metric of ['upload_screen_coverage_ratio', 'hashlist_age_hours', 'match_block_p95_seconds']) {
    base.context.evidence.measure({
      metric,
      method: `Counts ${metric}.`,
      async read(window) {
        asked.push(`${metric} ${window.from.toISOString()} ${window.to.toISOString()}`);
        return (readings.get(metric) ?? figure(null))();
      },
    });
  }
  const loaded: LoadedCatalogue = makeCatalogue();
  evidence = await createEvidenceService({
    context: base.context,
    log,
    catalogue: { current: () => loaded },
    facts: {
      read: async () => ({ said: [], values: new Map(), digest: 'f'.repeat(64) }),
      applicability: async () =>
        ['one', 'two', 'three'].map((control) => ({
          control,
          outcome: outcomes.get(control) ?? 'binds',
          reason: '',
          decidedBy: [],
          missing: [],
          wouldBind: [],
          from: null,
        })),
    },
    records: { list: async () => records },
  });
  return stopLog;
});

const stateOf = async (control: string): Promise<string | undefined> =>
  (await evidence.last())?.evaluation.measures.find((measure) => measure.control === control)?.state;

describe('an evaluation', () => {
  test('reads each metric once for each window, and is kept, logged and provable', async () => {
    const { evaluation, digest } = await evidence.evaluate();
    expect(asked.toSorted()).toEqual([
      'hashlist_age_hours 2026-10-26T12:00:00.000Z 2026-11-25T12:00:00.000Z',
      'match_block_p95_seconds 2026-11-18T12:00:00.000Z 2026-11-25T12:00:00.000Z',
      'upload_screen_coverage_ratio 2026-10-26T12:00:00.000Z 2026-11-25T12:00:00.000Z',
    ]);
    expect(evaluation.measures.map(({ control, state }) => [control, state])).toEqual([
      ['one', 'pass'],
      ['two', 'not_evaluated'],
      ['three', 'not_evaluated'],
    ]);
    // As anybody would do it who has the text and the log.
    const kept = await evidence.find(evaluation.id);
    expect(createHash('sha256').update(toCanonicalText(kept.evaluation)).digest('hex')).toBe(digest);
    const proof = await evidence.proof(evaluation.id);
    expect(JSON.parse(proof.entry)).toMatchObject({
      kind: 'code.evaluated',
      fields: { evaluationId: evaluation.id, digest, measures: 3, catalogueVersion: '1.0.0' },
    });
    expect(parseProofFile(proof.proof)).toMatchObject({ index: proof.index });
    expect(await evidence.find(evaluation.id)).toMatchObject({ logIndex: proof.index });
  });

  test('goes with its event: without the one there is not the other', async () => {
    base.context.events.on('code.evaluated', () => {
      throw new Error('the log is away');
    });
    await expect(evidence.evaluate()).rejects.toThrow('the log is away');
    expect(await evidence.last()).toBeUndefined();
  });

  test('says pass, fail and not evaluated in turn, and since when', async () => {
    await evidence.evaluate();
    const began = clock.now();
    clock.advance(HOUR_MS);
    await evidence.evaluate();
    expect((await evidence.stateSince()).get('one')).toEqual(began);
    readings.set('upload_screen_coverage_ratio', figure(0.99, { numerator: 99, denominator: 100 }));
    clock.advance(HOUR_MS);
    await evidence.evaluate();
    expect(await stateOf('one')).toBe('fail');
    expect((await evidence.stateSince()).get('one')).toEqual(clock.now());
    readings.set('upload_screen_coverage_ratio', figure(null));
    clock.advance(HOUR_MS);
    await evidence.evaluate();
    expect(await stateOf('one')).toBe('not_evaluated');
    expect((await evidence.states('one', began)).map(({ state }) => state)).toEqual(['pass', 'pass', 'fail', 'not_evaluated']);
    expect((await evidence.figures('upload_screen_coverage_ratio', '30d', began)).map((point) => point.figure)).toEqual([1, 1, 0.99, null]);
    const [newest] = await evidence.list({ limit: 1 });
    expect(newest?.counts).toMatchObject({ pass: 0, not_evaluated: 3 });
  });

  test('a source that throws, or that does not answer, is not evaluated and disturbs no other', async () => {
    readings.set('upload_screen_coverage_ratio', () => Promise.reject(new Error('broken')));
    const { evaluation } = await evidence.evaluate();
    const [one] = evaluation.measures;
    expect(one?.items.map(({ metric, state }) => [metric, state])).toEqual([
      ['upload_screen_coverage_ratio', 'not_evaluated'],
      ['hashlist_age_hours', 'pass'],
    ]);
    expect(one?.items[0]?.reason).toContain('The source failed');
    expect(JSON.stringify(evaluation)).not.toContain('broken');

    let isAsked: () => void = () => undefined;
    const waiting = new Promise<void>((resolve) => (isAsked = resolve));
    readings.set('upload_screen_coverage_ratio', () => {
      isAsked();
      return new Promise(() => undefined);
    });
    const running = evidence.evaluate();
    await waiting;
    // The other source has answered at some point; time passes only for the one that has not.
    for (let i = 0; i < 3; i++) {
      await new Promise((resolve) => setImmediate(resolve));
      clock.advance(10_000);
    }
    expect((await running).evaluation.measures[0]?.items[0]?.reason).toContain('did not answer within 10 seconds');
  });

  test('two at once take turns', async () => {
    let running = 0;
    let most = 0;
    readings.set('hashlist_age_hours', async () => {
      running += 1;
      most = Math.max(most, running);
      await new Promise((resolve) => setTimeout(resolve, 5));
      running -= 1;
      return { figure: 1, finding: 'Found.' };
    });
    await Promise.all([evidence.evaluate(), evidence.evaluate(), evidence.evaluate()]);
    expect(most).toBe(1);
    expect(await evidence.list({ limit: 10 })).toHaveLength(3);
  });

  test('a signed alternative and an attestation count as what they are', async () => {
    const sign = (kind: SignedRecord['kind'], body: unknown): SignedRecord => ({
      id: `rec_${kind}`,
      kind,
      subject: 'x',
      version: 1,
      body,
      digest: 'd'.repeat(64),
      signedBy: 'per_1',
      signedName: 'A. Person',
      signedAt: clock.now(),
      reviewDue: null,
      supersededAt: null,
      withdrawnReason: null,
      keepUntil: null,
    });
    const texts = { notAdopted: 'x', doneInstead: 'x', whyEnough: 'x', regardToRights: 'x', owner: 'x' };
    records = [
      sign('alternative', { control: 'two', effectiveFrom: '2026-11-01', ...texts }),
      sign('attestation', {
        metric: 'training_current_ratio',
        control: null,
        figure: 1,
        statement: 'I looked.',
        validUntil: '2027-06-01',
        documentSha256: null,
      }),
      // It is measured: nobody's word stands for it.
      sign('attestation', { metric: 'hashlist_age_hours', control: 'one', figure: 1, statement: 'I looked.', validUntil: '2027-06-01', documentSha256: null }),
    ];
    readings.set('hashlist_age_hours', figure(null));
    await evidence.evaluate();
    expect(await stateOf('one')).toBe('not_evaluated');
    expect(await stateOf('two')).toBe('alternative_measure');
    expect(await stateOf('three')).toBe('pass');
    const three = (await evidence.last())?.evaluation.measures[2]?.items[0];
    expect(three).toMatchObject({ mode: 'attested', attestation: { by: 'A. Person' } });
    // The next version supersedes it.
    records = records.map((record) => ({ ...record, supersededAt: clock.now() }));
    await evidence.evaluate();
    expect(await stateOf('three')).toBe('not_evaluated');
  });
});

describe('targets', () => {
  test('decide from the next evaluation on; older ones are kept', async () => {
    readings.set('match_block_p95_seconds', figure(4));
    await evidence.evaluate();
    expect(await stateOf('two')).toBe('not_evaluated');
    await evidence.setTarget({ id: 'block-seconds', value: 5, reason: 'Measured for a month.' }, 'per_1');
    await evidence.evaluate();
    expect(await stateOf('two')).toBe('pass');
    await evidence.setTarget({ id: 'block-seconds', value: 2, reason: 'Better is possible.' }, 'per_1');
    await evidence.evaluate();
    expect(await stateOf('two')).toBe('fail');
    expect((await evidence.targets()).map(({ id, value }) => [id, value])).toEqual([['block-seconds', 2]]);
    expect((await evidence.targetHistory('block-seconds')).map(({ value }) => value)).toEqual([2, 5]);
  });

  test.each([
    [{ id: 'nothing', value: 1, reason: 'x' }],
    [{ id: 'block-seconds', value: -1, reason: 'x' }],
    [{ id: 'block-seconds', value: Number.NaN, reason: 'x' }],
    [{ id: 'block-seconds', value: 1, reason: ' ' }],
  ])('%j is refused', async (target) => {
    await expect(evidence.setTarget(target, 'per_1')).rejects.toMatchObject({ code: 'target_invalid' });
    expect(await evidence.targets()).toEqual([]);
  });
});

test('the schedule leaves a start alone, then evaluates once an hour', async () => {
  const count = async (): Promise<number> => (await evidence.list({ limit: 50 })).length;
  await evidence.upkeep(base.context.stopping);
  expect(await count()).toBe(0);
  for (let i = 0; i < 24; i++) {
    clock.advance(HOUR_MS / 12);
    await evidence.upkeep(base.context.stopping);
  }
  expect(await count()).toBe(2);
});

test('evaluations go after three years, and not before', async () => {
  const { evaluation } = await evidence.evaluate();
  clock.advance(3 * 365 * 24 * HOUR_MS);
  expect(await evidence.prune()).toBe(0);
  await evidence.evaluate();
  clock.advance(4 * 24 * HOUR_MS);
  expect(await evidence.prune()).toBe(1);
  await expect(evidence.find(evaluation.id)).rejects.toMatchObject({ code: 'not_found' });
  expect(await evidence.list({ limit: 10 })).toHaveLength(1);
});
