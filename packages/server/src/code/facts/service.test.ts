import { createHash } from 'node:crypto';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { createFakeClock, type FakeClock } from '../../../test/support/clock.ts';
import { createTestContext, type TestContext } from '../../../test/support/context.ts';
import { createTestDatabase, type TestDatabase } from '../../../test/support/database.ts';
import { toCanonicalText } from '../../log/index.ts';
import { GatehouseError } from '../../platform/errors.ts';
import type { EventMap } from '../../platform/events.ts';
import { createCatalogueService } from '../catalogue/service.ts';
import { migrations as catalogueMigrations } from '../catalogue/migrations.ts';
import { migrations } from './migrations.ts';
import type { QuestionsService } from './schema.ts';
import { createFactsService } from './service.ts';
import { logSources } from './store.ts';
import type { Inspect } from './installation.ts';

const ANNA = { id: 'person_1', name: 'Anna' };
const DAY_MS = 86_400_000;
let db: TestDatabase;
let base: TestContext;
let clock: FakeClock;
let facts: QuestionsService;
let ageServices: number;
let changes: EventMap['code.changed'][];

const inspect: Inspect = async (pending) => ({ ageServices: pending === undefined ? ageServices : ageServices + (pending.change === 'put' ? 1 : -1) });

beforeAll(async () => {
  db = await createTestDatabase([{ domain: 'code', migrations: [...catalogueMigrations, ...migrations] }]);
});
afterAll(() => db.drop());

beforeEach(async () => {
  // The rows cannot be changed, so that each test begins with a table of its own.
  await db.database.pool.query('alter table code.fact disable trigger all; truncate code.fact restart identity; alter table code.fact enable trigger all');
  clock = createFakeClock(new Date('2026-11-30T12:00:00.000Z'));
  base = await createTestContext({ database: db.database, clock });
  changes = [];
  ageServices = 0;
  const catalogue = await createCatalogueService({ context: base.context });
  base.context.events.on('code.changed', (event) => void changes.push(event));
  facts = await createFactsService({ context: base.context, catalogue, inspect });
});
afterEach(() => base.dispose());

const outcomeOf = async (control: string): Promise<string | undefined> => (await facts.applicability()).find((one) => one.control === control)?.outcome;

async function refused(promise: Promise<unknown>): Promise<GatehouseError> {
  const error: unknown = await promise.then(
    () => undefined,
    (cause: unknown) => cause,
  );
  if (error instanceof GatehouseError) return error;
  throw new Error('it was not refused');
}

describe('answers', () => {
  it('are kept with who said them and when, older ones included, and logged each', async () => {
    await facts.answer([{ fact: 'ukMau', value: 20_000, method: 'own analytics' }], ANNA);
    clock.advance(DAY_MS);
    await facts.answer([{ fact: 'ukMau', value: 30_000 }], 'key_1');
    expect(await facts.history('ukMau')).toEqual([
      { fact: 'ukMau', value: 30_000, origin: 'answer', saidBy: 'key_1', saidName: null, saidAt: new Date('2026-12-01T12:00:00.000Z'), method: null },
      {
        fact: 'ukMau',
        value: 20_000,
        origin: 'answer',
        saidBy: 'person_1',
        saidName: 'Anna',
        saidAt: new Date('2026-11-30T12:00:00.000Z'),
        method: 'own analytics',
      },
    ]);
    expect((await facts.read()).values.get('ukMau')).toBe(30_000);
    expect((await facts.read(new Date('2026-11-30T13:00:00.000Z'))).values.get('ukMau')).toBe(20_000);
    expect((await facts.read(new Date('2026-11-29T13:00:00.000Z'))).values.size).toBe(0);
    expect(changes.map(({ change, subject, actor }) => [change, subject, actor])).toEqual([
      ['fact', 'ukMau', 'person_1'],
      ['fact', 'ukMau', 'key_1'],
    ]);
  });

  it('give a digest of the values, derived ones included', async () => {
    await facts.answer([{ fact: 'ukMau', value: 8_000_000 }], ANNA);
    const { values, digest } = await facts.read();
    expect(Object.fromEntries(values)).toEqual({ ukMau: 8_000_000, large: true, highRiskOrOver700k: true });
    expect(digest).toBe(
      createHash('sha256')
        .update(toCanonicalText({ highRiskOrOver700k: true, large: true, ukMau: 8_000_000 }))
        .digest('hex'),
    );
  });

  it('are taken as people write them', async () => {
    const given = { ukMau: '20,000', mediaUploads: 'Yes', 'risk.fraud': 'Medium', kind: 'u2u', accounts: 'false', search: 'unknown', comments: false };
    await facts.answer(
      Object.entries(given).map(([fact, value]) => ({ fact, value })),
      ANNA,
    );
    const { values } = await facts.read();
    expect(['ukMau', 'mediaUploads', 'risk.fraud', 'kind', 'accounts', 'search', 'comments'].map((fact) => values.get(fact))).toEqual([
      20_000,
      true,
      'medium',
      'u2u',
      false,
      undefined,
      false,
    ]);
  });

  it('are refused all together, with every fault', async () => {
    const error = await refused(
      facts.answer(
        [
          { fact: 'mediaUploads', value: true },
          { fact: 'ukMau', value: 'many' },
          { fact: 'ukProvider', value: 3 },
          { fact: 'kind', value: 'forum' },
          { fact: 'risk.fraud', value: 'medum' },
          { fact: 'large', value: true },
          { fact: 'nothing', value: true },
          { fact: 'mediaUploads', value: false },
          { fact: 'ukMau', value: -1 },
        ],
        ANNA,
      ),
    );
    expect(error.code).toBe('fact_invalid');
    expect(error.extras.errors?.map(({ at }) => at)).toEqual(['ukMau', 'ukProvider', 'kind', 'risk.fraud', 'large', 'nothing', 'mediaUploads', 'ukMau']);
    expect(error.extras.errors?.[2]?.message).toContain('u2u (User-to-user)');
    expect((await facts.read()).said).toEqual([]);
    expect(changes).toEqual([]);
    expect((await refused(facts.answer([{ fact: 'ukMau', value: 1e12 }], ANNA))).extras.errors?.[0]?.message).toContain('100,000,000');
  });

  it('can be taken back: then it is unknown again, and the history says so', async () => {
    await facts.answer([{ fact: 'livestream', value: true }], ANNA);
    await facts.answer([{ fact: 'livestream', value: null }], ANNA);
    expect((await facts.read()).values.has('livestream')).toBe(false);
    expect((await facts.historyView('livestream')).map(({ text }) => text)).toEqual(['not answered', 'yes']);
  });

  it('cannot be changed or removed in the database', async () => {
    await facts.answer([{ fact: 'livestream', value: true }], ANNA);
    for (const statement of ['update code.fact set value = null', 'delete from code.fact', 'truncate code.fact'])
      await expect(db.database.pool.query(statement)).rejects.toThrow('append-only');
  });

  it('undo with the transaction of the assessment', async () => {
    await expect(
      db.database.transact(async (tx) => {
        await facts.set([{ fact: 'risk.csea', value: 'high', origin: 'assessment', saidBy: 'person_1', method: 'assessment' }], tx);
        throw new Error('not signed');
      }),
    ).rejects.toThrow('not signed');
    expect((await facts.read()).said).toEqual([]);
    await facts.set([{ fact: 'risk.csea', value: 'high', origin: 'assessment', saidBy: 'person_1', method: 'assessment' }]);
    expect((await facts.read()).said[0]).toMatchObject({ value: 'high', origin: 'assessment' });
  });

  it('are what the log is held against', async () => {
    await facts.answer(
      [
        { fact: 'ukMau', value: 1 },
        { fact: 'search', value: true },
      ],
      ANNA,
    );
    await facts.answer([{ fact: 'ukMau', value: 2 }], ANNA);
    const rows = await db.database.transact(async (tx) => {
      const found = [];
      for await (const row of logSources[0]?.rows(tx, new Date(0)) ?? []) found.push(row);
      return found;
    });
    expect(rows).toEqual([
      { id: 'search', count: 1, isAtLeast: false },
      { id: 'ukMau', count: 2, isAtLeast: false },
    ]);
  });
});

describe('what Gatehouse finds', () => {
  it('counts until a person answers, and is shown beside the answer', async () => {
    await facts.start();
    const find = async (): ReturnType<typeof questionOf> => questionOf('proactiveTech');
    expect(await find()).toMatchObject({ value: true, said: null, found: { origin: 'system', saidBy: 'gatehouse', value: true } });
    await facts.answer([{ fact: 'proactiveTech', value: false }], ANNA);
    expect(await find()).toMatchObject({ value: false, said: { value: false, saidName: 'Anna' }, found: { value: true } });
    await facts.answer([{ fact: 'proactiveTech', value: null }], ANNA);
    expect(await find()).toMatchObject({ value: true, said: { value: null }, found: { value: true } });
  });

  it('follows the age gate, once for each change, and never says no', async () => {
    await facts.start();
    expect((await facts.read()).values.has('usesHeaa')).toBe(false);
    await db.database.transact((tx) => base.context.events.emit('age.service_changed', { service: 'shop', change: 'put' }, tx));
    expect((await facts.read()).values.get('usesHeaa')).toBe(true);
    ageServices = 1;
    await facts.start();
    await db.database.transact((tx) => base.context.events.emit('age.service_changed', { service: 'shop', change: 'removed' }, tx));
    expect((await facts.read()).values.has('usesHeaa')).toBe(false);
    expect((await facts.history('usesHeaa')).map(({ value }) => value)).toEqual([null, true]);
  });
});

async function questionOf(fact: string): Promise<Awaited<ReturnType<QuestionsService['questionnaire']>>['questions'][number] | undefined> {
  return (await facts.questionnaire()).questions.find((one) => one.fact === fact);
}

describe('the questionnaire', () => {
  it('begins with what decides most, and asks nothing that no measure waits for', async () => {
    const first = await facts.questionnaire();
    expect(first.next.slice(0, 2).toSorted()).toEqual(['kind', 'ukLinks']);
    await facts.answer([{ fact: 'ukLinks', value: false }], ANNA);
    const second = await facts.questionnaire();
    expect(second.next).not.toContain('ukMau');
    expect(second.next).toContain('livestream');
    expect(second.questions.find(({ fact }) => fact === 'ukMau')?.decides).toBe(0);
    expect(second.decided).toBeGreaterThan(first.decided);
    expect(second.decided + second.undecided).toBe(180);
    const size = second.sections.find(({ id }) => id === 'size');
    expect(size).toMatchObject({ answered: 0, open: 0, notNeeded: 1 });
  });

  it('ends: whoever answers what comes next is done, and only texts that are not final stay open', async () => {
    for (let round = 0; round < 100; round += 1) {
      const { next, questions } = await facts.questionnaire();
      const question = questions.find(({ fact }) => fact === next[0]);
      if (question === undefined) break;
      await facts.answer(
        [
          {
            fact: question.fact,
            value: question.type === 'number' ? 1000 : question.type === 'yes_no' ? question.fact === 'ukLinks' : (question.options[0]?.value ?? ''),
          },
        ],
        ANNA,
      );
    }
    const { next } = await facts.questionnaire();
    expect(next).toEqual([]);
    expect((await facts.applicability()).filter(({ outcome }) => outcome === 'undecided').map(({ control }) => control)).toEqual(['asm-terror-hash']);
  });
});

describe('what follows', () => {
  it('changes with the answers, and with the day', async () => {
    await facts.answer(
      Object.entries({ ukLinks: true, kind: 'u2u', ukMau: 20_000, accounts: true }).map(([fact, value]) => ({ fact, value })),
      ANNA,
    );
    expect(await outcomeOf('icu-a1')).toBe('not_asked');
    expect(await outcomeOf('icu-a2')).toBe('binds');
    expect(await outcomeOf('icu-a3')).toBe('undecided');
    expect(await outcomeOf('icu-h1')).toBe('binds');
    const before = await facts.applicability(new Date('2025-01-01T00:00:00.000Z'));
    expect(before.find(({ control }) => control === 'icu-a2')?.outcome).toBe('will_bind');
    await facts.answer([{ fact: 'ukMau', value: 7_000_001 }], ANNA);
    expect(await outcomeOf('icu-a1')).toBe('binds');
    const a1 = (await facts.applicability()).find(({ control }) => control === 'icu-a1');
    expect(a1?.decidedBy).toContainEqual({
      fact: 'ukMau',
      question: expect.any(String),
      value: '7,000,001',
      saidBy: 'Anna',
      saidAt: '2026-11-30T12:00:00.000Z',
    });
  });

  it('can be asked without keeping anything', async () => {
    await facts.answer(
      Object.entries({ ukLinks: true, kind: 'u2u', ukMau: 20_000 }).map(([fact, value]) => ({ fact, value })),
      ANNA,
    );
    const { differences, unchanged } = await facts.whatIf({ ukMau: '8,000,000' });
    expect(differences).toContainEqual(expect.objectContaining({ control: 'icu-a1', before: 'not_asked', after: 'binds' }));
    expect(differences.length + unchanged).toBe(180);
    expect((await facts.read()).values.get('ukMau')).toBe(20_000);
    expect((await facts.whatIf({ ukMau: null })).differences).toContainEqual(expect.objectContaining({ control: 'icu-a1', after: 'undecided' }));
    expect((await facts.whatIf({})).differences).toEqual([]);
    expect((await refused(facts.whatIf({ large: true }))).code).toBe('fact_invalid');
  });
});
