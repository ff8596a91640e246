import { createHash } from 'node:crypto';
import { parseProofFile } from '@gatehouse/tlog';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { createFakeClock, type FakeClock } from '../../../test/support/clock.ts';
import { createTestContext, type TestContext } from '../../../test/support/context.ts';
import { createTestDatabase, type TestDatabase } from '../../../test/support/database.ts';
import { logDomain, toCanonicalText, type LogService } from '../../log/index.ts';
import { migrations } from './migrations.ts';
import { CheckRunSchema, type CheckFinding, type ChecksService, type RegisterCheck } from './schema.ts';
import { createChecksService, type ChecksParts } from './service.ts';

const HOUR_MS = 3_600_000;
let db: TestDatabase;
let base: TestContext;
let clock: FakeClock;
let log: LogService;
let found: Map<string, () => Promise<CheckFinding>>;
let checks: ChecksService;

const never: Pick<ChecksParts, 'code' | 'international'> = {
  code: { evidence: { last: async () => undefined } },
  international: { figures: { byCountry: async () => [] }, profiles: { procedure: () => Promise.reject(new Error('nobody asks')) } },
};
const check = (name: string): RegisterCheck => ({
  name,
  title: `Check ${name}`,
  expected: 'It holds.',
  maxAgeHours: 24,
  run: () => (found.get(name) ?? (async () => ({ isPassed: true, finding: 'It held.' })))(),
});

beforeAll(async () => {
  db = await createTestDatabase([
    { domain: 'log', migrations: logDomain.migrations },
    { domain: 'register', migrations },
  ]);
});
afterAll(() => db.drop());

beforeEach(async () => {
  await db.database.pool.query('truncate register.check_run cascade');
  clock = createFakeClock();
  base = await createTestContext({ database: db.database, clock });
  const created = await logDomain.create(base.context, {});
  log = created.service;
  found = new Map();
  checks = await createChecksService({ ...never, context: base.context, log, suite: [check('one'), check('two')] });
  return async () => {
    await created.stop?.();
    await base.dispose();
  };
});

const results = async (): Promise<unknown> => (await checks.all()).map(({ name, result }) => [name, result]);

describe('a run', () => {
  test('is kept, logged and provable by anybody who has its text', async () => {
    expect(await checks.all()).toMatchObject([{ result: 'never_run', lastRunAt: null, runId: null, logIndex: null }, {}]);
    found.set('two', async () => ({ isPassed: false, finding: 'It did not hold.' }));
    expect(await checks.run()).toMatchObject([
      { name: 'one', result: 'pass', finding: 'It held.' },
      { name: 'two', result: 'fail', finding: 'It did not hold.' },
    ]);
    const runId = (await checks.all())[0]?.runId ?? '';
    const file = await checks.file(runId);
    expect(createHash('sha256').update(file.text).digest('hex')).toBe(file.digest);
    expect(toCanonicalText(CheckRunSchema.parse(JSON.parse(file.text)))).toBe(file.text);
    const proof = await checks.proof(runId);
    expect(JSON.parse(proof.entry)).toMatchObject({ kind: 'register.checked', fields: { runId, digest: file.digest, checks: 2, passed: 1 } });
    expect(parseProofFile(proof.proof)).toMatchObject({ index: proof.index });
    expect(await checks.all()).toMatchObject([{ logIndex: proof.index }, { logIndex: proof.index }]);
  });

  test('goes with its event: without the one there is not the other', async () => {
    base.context.events.on('register.checked', () => {
      throw new Error('the log is away');
    });
    await expect(checks.run()).rejects.toThrow('the log is away');
    expect(await results()).toEqual([
      ['one', 'never_run'],
      ['two', 'never_run'],
    ]);
  });

  test('a check that throws has failed, says nothing of why, and disturbs no other', async () => {
    found.set('one', () => Promise.reject(new Error('secret of the machine')));
    expect(await checks.run()).toMatchObject([{ result: 'fail', finding: 'It could not be run: what it reads did not answer.' }, { result: 'pass' }]);
  });

  test('ends when it is told to', async () => {
    const abort = new AbortController();
    found.set('one', async () => {
      abort.abort();
      return { isPassed: true, finding: 'It held.' };
    });
    await expect(checks.run(abort.signal)).rejects.toThrow();
    expect(await results()).toContainEqual(['one', 'never_run']);
  });

  test('a result that passed is out of date after its time', async () => {
    await checks.run();
    clock.advance(24 * HOUR_MS);
    expect(await results()).toContainEqual(['one', 'pass']);
    clock.advance(1);
    expect((await checks.all())[0]).toMatchObject({
      result: 'stale',
      finding: expect.stringMatching(/^The last result is of 25 November 2026, .* It was: passed\. It held\.$/),
    });
    await checks.run();
    expect(await results()).toContainEqual(['one', 'pass']);
    expect((await checks.history('one', 10)).map(({ isPassed }) => isPassed)).toEqual([true, true]);
  });

  test('the newest counts, and old ones are removed after three years', async () => {
    await checks.run();
    found.set('one', async () => ({ isPassed: false, finding: 'No more.' }));
    clock.advance(HOUR_MS);
    await checks.run();
    expect((await checks.history('one', 10)).map(({ isPassed }) => isPassed)).toEqual([false, true]);
    expect((await checks.history('one', 1)).map(({ isPassed }) => isPassed)).toEqual([false]);
    expect(await checks.prune()).toBe(0);
    clock.advance(3 * 366 * 24 * HOUR_MS);
    expect(await checks.prune()).toBe(1);
    await expect(checks.file('chk_none')).rejects.toMatchObject({ code: 'not_found' });
    await expect(checks.proof('chk_none')).rejects.toMatchObject({ code: 'not_found' });
  });
});

describe('the checks of the four recommendations', () => {
  const make = (more: Partial<ChecksParts>): Promise<ChecksService> => createChecksService({ ...never, context: base.context, log, ...more });

  test('are seven, in order, and without data none passes', async () => {
    const suite = await make({});
    expect((await suite.run()).map(({ name, result }) => [name, result])).toEqual([
      ['iicsa-1.screening-recall', 'fail'],
      ['iicsa-1.coverage', 'fail'],
      ['iicsa-2.procedures', 'fail'],
      ['iicsa-2.removal-times', 'fail'],
      ['iicsa-3.age-configuration', 'fail'],
      ['iicsa-3.bypass', 'fail'],
      ['iicsa-4.measures', 'fail'],
    ]);
    for (const { finding } of await suite.all()) expect(finding).toMatch(/no data/);
  });

  test('ask about the countries of the last 90 days', async () => {
    const asked: unknown[] = [];
    const country = {
      reports: null,
      followed: null,
      closed: null,
      removed: null,
      p90Hours: null,
      open: null,
      share: null,
      isWithheld: true,
      medianHours: null,
    } as const;
    const suite = await make({
      international: {
        figures: {
          async byCountry(period) {
            asked.push(period);
            return [{ ...country, country: 'NL' }];
          },
        },
        profiles: {
          async procedure(code) {
            asked.push(code);
            return {
              country: code,
              policeFirst: 'unknown',
              hotline: { name: 'Example', url: null, email: null },
              police: null,
              regulator: null,
              fallback: null,
              formats: [],
              workingDays: [1, 2, 3, 4, 5],
              areWorkingDaysKnown: false,
              holidays: [],
              timeZone: null,
              legalBasis: null,
              staleKeys: [],
            };
          },
        },
      },
    });
    await suite.run();
    expect(asked).toEqual([
      { from: new Date('2026-08-27T12:00:00.000Z'), to: new Date('2026-11-25T12:00:00.000Z') },
      'NL',
      { from: new Date('2026-08-27T12:00:00.000Z'), to: new Date('2026-11-25T12:00:00.000Z') },
    ]);
    const all = await suite.all();
    expect(all.find(({ name }) => name === 'iicsa-2.procedures')).toMatchObject({ result: 'pass' });
    expect(all.find(({ name }) => name === 'iicsa-2.removal-times')).toMatchObject({ result: 'fail' });
  });
});
