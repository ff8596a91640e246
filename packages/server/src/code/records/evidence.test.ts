/** What the records show, read through the sources that the domain registers. */
import { sql } from 'kysely';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { createFakeClock, type FakeClock } from '../../../test/support/clock.ts';
import { createRecordsDatabase, SIGNER, startRecords, wholeDraft, type TestRecords } from '../../../test/support/code-records.ts';
import type { TestDatabase } from '../../../test/support/database.ts';
import type { EvidenceReading } from '../../platform/evidence.ts';
import { measureRecords } from './evidence-sources.ts';
import type { SignInput } from './schema.ts';

const DAY_MS = 86_400_000;
const NEVER = new AbortController().signal;

let db: TestDatabase;
let clock: FakeClock;
let test: TestRecords;
beforeAll(async () => {
  db = await createRecordsDatabase();
});
afterAll(() => db.drop());
beforeEach(async () => {
  for (const state of ['disable', 'enable']) {
    for (const table of ['record', 'record_pruned']) await run(`alter table code.${table} ${state} trigger user`);
    if (state === 'disable') await run('truncate code.record, code.record_pruned, code.assessment_draft');
  }
  clock = createFakeClock();
  test = await startRecords(db, clock);
  measureRecords(test, test.context.evidence);
});
afterEach(() => test.dispose());

async function run(text: string): Promise<void> {
  await sql.raw(text).execute(db.database.sql);
}

async function read(metric: string, days = 30): Promise<EvidenceReading> {
  const source = test.context.evidence.sources().find((one) => one.metric === metric);
  if (source === undefined) throw new Error(`nobody measures ${metric}`);
  const to = clock.now();
  return source.read({ from: new Date(to.getTime() - days * DAY_MS), to }, NEVER);
}
const figure = async (metric: string, days?: number): Promise<EvidenceReading['figure']> => (await read(metric, days)).figure;
const sign = async (input: SignInput): Promise<void> => void (await test.records.sign(input, SIGNER));
const assess = async (subject: 'illegal_content' | 'children'): Promise<void> => {
  const kinds = subject === 'children' ? ['ppc'] : ['imageCsam', 'grooming', 'fraud'];
  const nextReview = new Date(clock.now().getTime() + 300 * DAY_MS).toISOString().slice(0, 10);
  const id = await test.records.saveDraft(undefined, wholeDraft(subject, { kinds, nextReview }), 'per_ada');
  await test.records.signAssessment(id, SIGNER);
};

const METRICS = [
  'record_complete_ratio',
  'record_superseded_kept_ratio',
  'risk_assessment_age_days',
  'change_without_assessment_total',
  'board_review_age_days',
  'assurance_review_age_days',
  'accountable_person_current',
  'policy_current',
  'training_current_ratio',
  'report_registration_valid',
];

describe('without records', () => {
  it('nothing can be concluded', async () => {
    test.facts.outcomes = [{ control: 'icu-c1', outcome: 'undecided' }];
    expect(test.context.evidence.sources().map(({ metric }) => metric)).toEqual(METRICS);
    for (const metric of METRICS) {
      const { figure: found, finding } = await read(metric);
      expect([metric, found]).toEqual([metric, null]);
      expect(finding).toMatch(/\.$/);
    }
  });
});

describe('records that must be kept', () => {
  it('are the assessments, and a measure or an alternative for each measure of a code that binds', async () => {
    test.facts.outcomes = [
      { control: 'icu-c1', outcome: 'binds' },
      { control: 'icu-c2', outcome: 'binds' },
      { control: 'icu-c3', outcome: 'not_asked' },
      { control: 'law-s9', outcome: 'binds' },
    ];
    test.facts.values.set('childrenLikely', true);
    expect(await read('record_complete_ratio')).toMatchObject({ figure: 0, numerator: 0, denominator: 4 });
    await assess('illegal_content');
    await sign({ kind: 'measure', body: { control: 'icu-c1', description: 'Done.', effectiveFrom: '2026-01-01', owner: 'Ada' } });
    // Does not bind: it fills no gap.
    await sign({ kind: 'measure', body: { control: 'icu-c3', description: 'Done anyway.', effectiveFrom: '2026-01-01', owner: 'Ada' } });
    expect(await read('record_complete_ratio')).toMatchObject({ figure: 0.5, numerator: 2, denominator: 4 });
    const text = 'Said.';
    const alternative = {
      control: 'icu-c2',
      notAdopted: text,
      doneInstead: text,
      whyEnough: text,
      regardToRights: text,
      effectiveFrom: '2026-01-01',
      owner: 'Ada',
    };
    await sign({ kind: 'alternative', body: alternative });
    await assess('children');
    expect(await figure('record_complete_ratio')).toBe(1);
    test.facts.values.set('childrenLikely', false);
    expect(await read('record_complete_ratio')).toMatchObject({ figure: 1, denominator: 3 });
  });

  it('are there when they were superseded, and unchanged', async () => {
    const policy = (version: string): SignInput => ({
      kind: 'policy',
      body: { name: 'moderation', version, about: 'All of it.', inForceFrom: '2026-01-01', reviewBy: '2027-01-01', documentSha256: 'a'.repeat(64) },
    });
    for (const version of ['1', '2', '3', '4']) await sign(policy(version));
    expect(await read('record_superseded_kept_ratio')).toMatchObject({ figure: 1, numerator: 3, denominator: 3 });
    await run(
      `alter table code.record disable trigger user; update code.record set signed_name = 'Bob' where version = 1; delete from code.record where version = 2`,
    );
    expect(await read('record_superseded_kept_ratio')).toMatchObject({
      figure: 1 / 3,
      numerator: 1,
      denominator: 3,
      finding: expect.stringContaining('1 are missing, 1 were changed'),
    });
  });
});

describe('ages', () => {
  it('of the oldest assessment, when all that are needed are signed', async () => {
    await assess('illegal_content');
    clock.advance(40 * DAY_MS);
    expect(await figure('risk_assessment_age_days')).toBe(40);
    test.facts.values.set('childrenLikely', true);
    expect(await read('risk_assessment_age_days')).toMatchObject({ figure: null, finding: 'No risk assessment of children was signed.' });
    await assess('children');
    expect(await read('risk_assessment_age_days')).toMatchObject({ figure: 40, finding: expect.stringContaining('signed by Ada Example on 2026-11-25') });
    await assess('illegal_content');
    expect(await figure('risk_assessment_age_days')).toBe(0);
  });

  it.each(['board', 'assurance'] as const)('of the last review: %s', async (review) => {
    await sign({ kind: 'review', body: { review, by: 'The board', heldOn: '2026-11-15', findings: 'Fine.', nextBy: '2027-11-15', documentSha256: null } });
    const other = review === 'board' ? 'assurance' : 'board';
    expect([await figure(`${review}_review_age_days`), await figure(`${other}_review_age_days`)]).toEqual([10, null]);
  });
});

describe('significant changes', () => {
  const change = (name: string, changesOn: string, assessedOn: string | null): SignInput => ({
    kind: 'change',
    body: { name, what: 'Live video.', changesOn, assessedOn, assessment: assessedOn === null ? '' : 'rec_1' },
  });

  it('count when they took effect in the window and were not assessed before', async () => {
    await sign(change('assessed', '2026-11-20', '2026-11-01'));
    expect(await figure('change_without_assessment_total')).toBe(0);
    await sign(change('not-assessed', '2026-11-20', null));
    await sign(change('assessed-too-late', '2026-11-20', '2026-11-21'));
    await sign(change('still-to-come', '2026-12-24', null));
    await sign(change('long-ago', '2026-01-01', null));
    expect(await read('change_without_assessment_total')).toMatchObject({ figure: 2, denominator: 3 });
    expect(await figure('change_without_assessment_total', 365)).toBe(3);
    await sign(change('not-assessed', '2026-11-20', '2026-11-19'));
    expect(await figure('change_without_assessment_total')).toBe(1);
  });

  it('say nothing when nobody has kept the register for a year', async () => {
    await sign({ kind: 'review', body: { review: 'changes', by: 'Ada', heldOn: '2026-11-25', findings: 'None.', nextBy: '2027-02-25', documentSha256: null } });
    expect(await figure('change_without_assessment_total')).toBe(0);
    clock.advance(366 * DAY_MS);
    expect(await figure('change_without_assessment_total')).toBeNull();
  });
});

describe('people', () => {
  const appoint = (
    role: 'accountable_person' | 'accountable_person_children' | 'reporting_administrator' | 'reporting_replacement',
    person: string,
    acceptedOn: string | null = '2026-11-01',
  ): Promise<void> => sign({ kind: 'appointment', body: { role, person, position: 'Director', acceptedOn, reviewBy: '2027-11-01' } });

  it('are accountable once they accept, until they must be reviewed', async () => {
    await appoint('accountable_person_children', 'Cyd');
    expect(await figure('accountable_person_current')).toBeNull();
    await appoint('accountable_person', 'Bob', null);
    expect(await figure('accountable_person_current')).toBe(false);
    await appoint('accountable_person', 'Bob', '2026-12-01');
    expect(await figure('accountable_person_current')).toBe(false);
    clock.advance(10 * DAY_MS);
    expect(await read('accountable_person_current')).toMatchObject({ figure: true, finding: expect.stringContaining('Bob, accepted on 2026-12-01') });
    clock.advance(365 * DAY_MS);
    expect(await figure('accountable_person_current')).toBe(false);
  });

  it('report when the service is registered, tested, and two of them are named', async () => {
    await sign({ kind: 'registration', body: { authority: 'nca', registeredOn: '2026-04-07', testedOn: '2026-11-01', nextTestBy: '2027-02-01', note: '' } });
    expect(await figure('report_registration_valid')).toBe(false);
    await appoint('reporting_administrator', 'Ada');
    await appoint('reporting_replacement', 'ada');
    expect(await figure('report_registration_valid')).toBe(false);
    await appoint('reporting_replacement', 'Bob');
    expect(await figure('report_registration_valid')).toBe(true);
    clock.advance(69 * DAY_MS);
    expect(await figure('report_registration_valid')).toBe(false);
  });

  it('are trained as far as the training is not out of date', async () => {
    await sign({ kind: 'training', body: { group: 'moderators', content: 'All.', due: 10, current: 10, heldOn: '2026-11-01', nextBy: '2027-11-01' } });
    await sign({ kind: 'training', body: { group: 'volunteers', content: 'All.', due: 10, current: 5, heldOn: '2026-11-01', nextBy: '2026-12-01' } });
    expect(await read('training_current_ratio')).toMatchObject({ figure: 0.75, numerator: 15, denominator: 20 });
    clock.advance(7 * DAY_MS);
    expect(await figure('training_current_ratio')).toBe(0.5);
  });

  it('keep policies in date', async () => {
    const policy = (name: string, inForceFrom: string, reviewBy: string): SignInput => ({
      kind: 'policy',
      body: { name, version: '1', about: 'All.', inForceFrom, reviewBy, documentSha256: 'a'.repeat(64) },
    });
    await sign(policy('moderation', '2026-01-01', '2027-01-01'));
    expect(await figure('policy_current')).toBe(true);
    await sign(policy('complaints', '2026-12-01', '2027-01-01'));
    expect(await read('policy_current')).toMatchObject({ figure: false, numerator: 1, denominator: 2 });
    clock.advance(6 * DAY_MS);
    expect(await figure('policy_current')).toBe(true);
    clock.advance(33 * DAY_MS);
    expect(await figure('policy_current')).toBe(false);
  });
});
