/** Statements of reasons: field rules, neutral words, names that lead nowhere, batches, and the shares that evidence reads. */
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { listRestrictions } from '../../../test/support/code-exports.ts';
import { createFakeClock } from '../../../test/support/clock.ts';
import { createTestContext, type TestContext } from '../../../test/support/context.ts';
import { createTestDatabase, type TestDatabase } from '../../../test/support/database.ts';
import { intakeDomain, type Restriction } from '../../intake/index.ts';
import { findStatementFaults, toBatches, toStatement } from './dsa-rules.ts';
import { StatementSchema, type Statement } from './dsa-schema.ts';
import { createStatements, type Statements } from './dsa.ts';
import { migrations } from './migrations.ts';

const RESTRICTION: Restriction = {
  id: `upl_${'0'.repeat(26)}`,
  createdAt: new Date('2026-11-20T23:59:00Z'),
  decidedAt: new Date('2026-11-21T00:01:00Z'),
  verdict: 'match',
  disposition: 'refuse',
  mediaType: 'image/jpeg',
};
const made = (change: Partial<Restriction> = {}): Statement => toStatement({ ...RESTRICTION, ...change, puid: 'g-x', decidedBy: 'rule' });
const fieldsOf = (statement: object): string[] => findStatementFaults(statement).map((fault) => fault.split(':')[0] ?? '');

describe('a statement', () => {
  it.each([
    ['a match that was refused', {}],
    ['a match that was held', { disposition: 'hold' }],
    ['what could not be read', { verdict: 'unscannable', mediaType: null }],
    ['a video', { mediaType: 'video/mp4' }],
    ['a text', { mediaType: 'text/plain' }],
    ['something else', { mediaType: 'application/zip' }],
  ] as const)('for %s passes every field rule', (_name, change) => {
    expect(findStatementFaults(made(change))).toEqual([]);
  });

  it('says what was decided, by what and when', () => {
    expect(made()).toMatchObject({
      decision_visibility: ['DECISION_VISIBILITY_CONTENT_REMOVED'],
      decision_ground: 'DECISION_GROUND_ILLEGAL_CONTENT',
      category: 'STATEMENT_CATEGORY_PROTECTION_OF_MINORS',
      category_specification: ['KEYWORD_CHILD_SEXUAL_ABUSE_MATERIAL'],
      content_date: '2026-11-20',
      application_date: '2026-11-21',
      automated_detection: 'Yes',
      automated_decision: 'AUTOMATED_DECISION_FULLY',
      source_type: 'SOURCE_VOLUNTARY',
    });
    expect(made({ disposition: 'hold' }).decision_visibility).toEqual(['DECISION_VISIBILITY_CONTENT_DISABLED']);
    expect(toStatement({ ...RESTRICTION, puid: 'g-x', decidedBy: 'person' }).automated_decision).toBe('AUTOMATED_DECISION_NOT_AUTOMATED');
    expect(toStatement({ ...RESTRICTION, puid: 'g-x', decidedBy: 'person_after_rule' }).automated_decision).toBe('AUTOMATED_DECISION_PARTIALLY');
  });

  it('calls nothing illegal that nobody looked into', () => {
    const unscannable = made({ verdict: 'unscannable' });
    expect(unscannable).toMatchObject({ decision_ground: 'DECISION_GROUND_INCOMPATIBLE_CONTENT', category: 'STATEMENT_CATEGORY_OTHER_VIOLATION_TC' });
    expect(unscannable).not.toHaveProperty('category_specification');
    expect(unscannable).not.toHaveProperty('illegal_content_explanation');
  });

  it('holds nothing of ours but the name made for it', () => {
    expect(JSON.stringify(made())).not.toContain(RESTRICTION.id);
  });

  it.each<[string, Partial<Record<keyof Statement, unknown>>, string]>([
    ['no restriction at all', { decision_visibility: undefined }, 'decision_visibility'],
    ['an empty restriction', { decision_visibility: [] }, 'decision_visibility'],
    ['another restriction that is not named', { decision_visibility: ['DECISION_VISIBILITY_OTHER'] }, 'decision_visibility_other'],
    ['no ground', { decision_ground: undefined }, 'decision_ground'],
    ['illegal, and no law', { illegal_content_legal_ground: undefined }, 'illegal_content_legal_ground'],
    ['a law of 501 characters', { illegal_content_legal_ground: 'x'.repeat(501) }, 'illegal_content_legal_ground'],
    ['an explanation of 2,001', { illegal_content_explanation: 'x'.repeat(2001) }, 'illegal_content_explanation'],
    ['facts of 5,001', { decision_facts: 'x'.repeat(5001) }, 'decision_facts'],
    ['blank facts', { decision_facts: '  ' }, 'decision_facts'],
    ['both grounds', { incompatible_content_ground: 'x', incompatible_content_explanation: 'x' }, 'incompatible_content_ground'],
    [
      'another ground without words',
      { decision_ground: 'DECISION_GROUND_INCOMPATIBLE_CONTENT', illegal_content_legal_ground: undefined, illegal_content_explanation: undefined },
      'incompatible_content_ground',
    ],
    ['no type of content', { content_type: [] }, 'content_type'],
    ['another type that is not named', { content_type: ['CONTENT_TYPE_OTHER'] }, 'content_type_other'],
    ['a type named that is none', { content_type_other: 'x' }, 'content_type_other'],
    ['a category that is not there', { category: 'STATEMENT_CATEGORY_CHILD_SAFETY' }, 'category'],
    ['a country outside', { territorial_scope: ['GB'] }, 'territorial_scope.0'],
    ['no country', { territorial_scope: [] }, 'territorial_scope'],
    ['a day that is none', { content_date: '2026-02-30' }, 'content_date'],
    ['a day with a time', { application_date: '2026-11-21T00:00:00Z' }, 'application_date'],
    ['a day before the law', { application_date: '2019-12-31' }, 'application_date'],
    ['a source that is none', { source_type: 'VOLUNTARY' }, 'source_type'],
    ['a notifier of an own initiative', { source_identity: 'x' }, 'source_identity'],
    ['detection maybe', { automated_detection: 'maybe' }, 'automated_detection'],
    ['a decision Yes', { automated_decision: 'Yes' }, 'automated_decision'],
    ['a name with a space', { puid: 'a b' }, 'puid'],
    ['a name of 501', { puid: 'x'.repeat(501) }, 'puid'],
    ['an end before the beginning', { end_date_visibility_restriction: '2026-11-20' }, 'end_date_visibility_restriction'],
    ['a keyword of its own without KEYWORD_OTHER', { category_specification_other: 'x' }, 'category_specification_other'],
    ['a field that is not there', { ['url' as keyof Statement]: 'x' }, ''],
  ])('with %s does not pass', (_name, change, field) => {
    expect(fieldsOf({ ...made(), ...change })).toContain(field);
  });

  it('batches hold at most 100', () => {
    const sizes = (n: number): number[] => toBatches(Array.from({ length: n }, () => made())).map(({ statements }) => statements.length);
    expect([sizes(0), sizes(1), sizes(100), sizes(201)]).toEqual([[], [1], [100], [100, 100, 1]]);
  });
});

describe('on a database', () => {
  let test: TestDatabase;
  let scene: TestContext;
  let statements: Statements;
  const clock = createFakeClock(new Date('2026-11-30T00:00:00Z'));
  const WINDOW = { from: new Date('2026-11-01T00:00:00Z'), to: new Date('2026-12-01T00:00:00Z') };
  const INPUT = { from: WINDOW.from.toISOString(), to: WINDOW.to.toISOString() };
  const query = (text: string): Promise<unknown> => test.database.pool.query(text);

  beforeAll(async () => {
    test = await createTestDatabase([
      { domain: 'intake', migrations: intakeDomain.migrations },
      { domain: 'code', migrations },
    ]);
    scene = await createTestContext({ database: test.database, clock });
    const restrictions = (page: Parameters<typeof listRestrictions>[1]) => listRestrictions(test.database.sql, page);
    statements = createStatements({ context: scene.context, intake: { restrictions } });
  });
  afterAll(async () => {
    await scene.dispose();
    await test.drop();
  });
  beforeEach(() => query('delete from intake.upload; delete from code.dsa_statement'));

  /** Their content is gone already; what was decided is still there. */
  const add = (n: number, columns: { verdict?: string; disposition?: string; by?: string; at?: string } = {}): Promise<unknown> => {
    const { verdict = 'match', disposition = 'hold', by = 'key_1', at = "timestamptz '2026-11-10' + i * interval '1 second'" } = columns;
    return query(
      `insert into intake.upload (id, state, created_by, created_at, decided_at, expires_at, verdict, disposition, media_type, policy_version)
       select 'upl_' || '${verdict}${disposition}${by}' || lpad(i::text, 6, '0'), 'expired', '${by}', timestamptz '2026-11-09', ${at}, timestamptz '2027-01-01', '${verdict}', '${disposition}', 'image/png', 'p'
       from generate_series(1, ${n}) i`,
    );
  };

  it('one for each restriction, and none for anything else', async () => {
    await add(3);
    await add(2, { disposition: 'refuse' });
    await add(1, { verdict: 'unscannable' });
    await add(4, { verdict: 'clear', disposition: 'release' });
    await add(5, { verdict: 'error' });
    await add(6, { by: 'canary' });
    const result = await statements.make(INPUT, 'key_1');
    expect([result.restrictions, result.isComplete, result.invalid]).toEqual([6, true, []]);
    const all = result.batches.flatMap((batch) => batch.statements);
    expect(new Set(all.map(({ puid }) => puid)).size).toBe(6);
    for (const one of all) expect(StatementSchema.safeParse(one).success).toBe(true);
    expect(JSON.stringify(result)).not.toContain('upl_');
    expect(await statements.make(INPUT, 'key_1')).toEqual(result);
  });

  it('shares: nothing without data, less than all while some are missing', async () => {
    expect((await statements.readCoverage(WINDOW)).figure).toBeNull();
    expect((await statements.readValidity(WINDOW)).figure).toBeNull();
    await add(3);
    expect(await statements.readCoverage(WINDOW)).toMatchObject({ figure: 0, numerator: 0, denominator: 3 });
    await statements.make(INPUT, 'key_1');
    await add(1, { verdict: 'unscannable' });
    expect(await statements.readCoverage(WINDOW)).toMatchObject({ figure: 0.75, numerator: 3, denominator: 4 });
    expect(await statements.readValidity(WINDOW)).toMatchObject({ figure: 1, denominator: 3 });
  });

  it('one that does not pass is kept, counted and left out', async () => {
    await add(2, { at: "timestamptz '2019-06-01' + i * interval '1 second'" });
    const old = { from: new Date('2019-01-01T00:00:00Z'), to: new Date('2020-01-01T00:00:00Z') };
    // Younger than three years, as far as the clock of this test goes.
    await query(`update intake.upload set decided_at = timestamptz '2026-11-10', created_at = timestamptz '1999-01-01' where id like '%000001'`);
    const result = await statements.make(INPUT, 'key_1');
    expect(result).toMatchObject({ restrictions: 1, batches: [], invalid: [{ faults: [expect.stringContaining('content_date')] }] });
    expect(await statements.readValidity(WINDOW)).toMatchObject({ figure: 0, denominator: 1 });
    expect(await statements.readCoverage(WINDOW)).toMatchObject({ figure: 0, denominator: 1 });
    expect((await statements.readCoverage(old)).denominator).toBe(1);
  });

  it('more than 10,000 in calls that follow each other, none twice and none left out', async () => {
    await add(10_003, { at: "timestamptz '2026-11-10' + (i / 2) * interval '1 second'" });
    const first = await statements.make(INPUT, 'key_1');
    const second = await statements.make({ ...INPUT, from: first.to }, 'key_1');
    expect([first.isComplete, second.isComplete]).toEqual([false, true]);
    const puids = [first, second].flatMap(({ batches }) => batches.flatMap((batch) => batch.statements.map(({ puid }) => puid)));
    expect([puids.length, new Set(puids).size]).toEqual([10_003, 10_003]);
  });

  it('are forgotten after three years', async () => {
    await add(1);
    await statements.make(INPUT, 'key_1');
    clock.advance(3.1 * 365 * 86_400_000);
    await statements.make({ from: '2029-01-01T00:00:00Z', to: '2029-02-01T00:00:00Z' }, 'key_1');
    expect((await statements.readValidity(WINDOW)).denominator).toBe(0);
  });

  it('a time that ends before it begins makes nothing', async () => {
    await expect(statements.make({ from: INPUT.to, to: INPUT.from }, 'key_1')).rejects.toThrow('Nothing was made');
  });
});
