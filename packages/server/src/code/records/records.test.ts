/** Signed records on a real database: what supersedes what, what cannot be undone, and what the log knows. */
import { sql } from 'kysely';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { createFakeClock, type FakeClock } from '../../../test/support/clock.ts';
import { createRecordsDatabase, SIGNER, startRecords, wholeDraft, type TestRecords } from '../../../test/support/code-records.ts';
import type { TestDatabase } from '../../../test/support/database.ts';
import { GatehouseError } from '../../platform/errors.ts';
import { digestRecord } from './digest.ts';
import { verifyRecordFile } from './record-file.ts';
import type { MeasureRecord, RecordFile, SignInput } from './schema.ts';

const DAY_MS = 86_400_000;
const MEASURE: MeasureRecord = { control: 'icu-c1', description: 'Uploads are screened.', effectiveFrom: '2026-01-01', owner: 'Head of safety' };
const ALTERNATIVE = {
  control: 'icu-c2',
  notAdopted: 'Nothing is hashed.',
  doneInstead: 'People look at everything before it is published.',
  whyEnough: 'Nothing is published unseen.',
  regardToRights: 'The same people look at appeals.',
  effectiveFrom: '2026-01-01',
  owner: 'Head of safety',
};

let db: TestDatabase;
let clock: FakeClock;
let test: TestRecords;
beforeAll(async () => {
  db = await createRecordsDatabase();
});
afterAll(() => db.drop());
beforeEach(async () => {
  await run('alter table code.record disable trigger user; alter table code.record_pruned disable trigger user');
  await run('truncate code.record, code.record_pruned, code.assessment_draft, log.pending');
  await run('alter table code.record enable trigger user; alter table code.record_pruned enable trigger user');
  await begin(createFakeClock());
});
afterEach(() => test.dispose());

async function begin(at: FakeClock): Promise<void> {
  clock = at;
  test = await startRecords(db, clock);
}
async function run(text: string): Promise<unknown[]> {
  return (await sql.raw(text).execute(db.database.sql)).rows;
}
const caught = async (work: Promise<unknown>): Promise<GatehouseError> => {
  const error: unknown = await work.then(
    () => undefined,
    (reason: unknown) => reason,
  );
  if (!(error instanceof GatehouseError)) throw error instanceof Error ? error : new Error('nothing was refused');
  return error;
};
const pending = (): Promise<unknown[]> => run('select kind, body from log.pending order by id');

describe('a signed record', () => {
  it('is kept with what it was signed over, and the log learns of it', async () => {
    const record = await test.records.signMeasure(MEASURE, SIGNER);
    expect(record).toMatchObject({
      kind: 'measure',
      subject: 'icu-c1',
      version: 1,
      body: MEASURE,
      signedBy: 'per_ada',
      signedName: 'Ada Example',
      supersededAt: null,
    });
    expect(await test.records.find(record.id)).toEqual(record);
    expect(test.records.isIntact(record)).toBe(true);
    expect(await pending()).toEqual([
      { kind: 'code.record_signed', body: { recordId: record.id, kind: 'measure', version: 1, digest: record.digest, actor: 'per_ada' } },
    ]);
  });

  it('has a digest that every member changes', async () => {
    const { supersededAt: _1, ...record } = await test.records.signMeasure(MEASURE, SIGNER);
    const members = { ...record, signedAt: record.signedAt.toISOString() };
    const others = {
      kind: 'alternative',
      subject: 'icu-c2',
      version: 2,
      body: { ...MEASURE, owner: 'Somebody else' },
      signedBy: 'per_bob',
      signedName: 'Bob Example',
      signedAt: '2026-11-25T12:00:00.001Z',
    };
    const digests = Object.entries(others).map(([member, other]) => digestRecord({ ...members, [member]: other }));
    expect(new Set([record.digest, ...digests]).size).toBe(8);
    expect(digestRecord({ ...members, body: Object.fromEntries(Object.entries(MEASURE).toReversed()) })).toBe(record.digest);
  });

  it('keeps texts of any alphabet, and characters that a database does not', async () => {
    const record = await test.records.signMeasure({ ...MEASURE, description: 'Ünïcode \u202E right-to-left \u0000 \uD800 🙂' }, SIGNER);
    expect(test.records.isIntact(await test.records.find(record.id))).toBe(true);
  });

  it('is superseded by the next version, and stays readable as it was', async () => {
    const first = await test.records.signMeasure(MEASURE, SIGNER);
    clock.advance(DAY_MS);
    const second = await test.records.signMeasure({ ...MEASURE, owner: 'Somebody else' }, SIGNER);
    clock.advance(DAY_MS);
    await test.records.signMeasure({ ...MEASURE, control: 'icu-c3' }, SIGNER);
    expect((await test.records.list({ kind: 'measure' })).map(({ subject, version }) => `${subject} ${version}`)).toEqual(['icu-c3 1', 'icu-c1 2']);
    const all = await test.records.list({ subject: 'icu-c1', withSuperseded: true });
    expect(all.map(({ version }) => version)).toEqual([2, 1]);
    expect(all[1]).toMatchObject({ id: first.id, supersededAt: second.signedAt, keepUntil: new Date('2029-11-26T12:00:00.000Z') });
    expect((await test.records.list({ at: first.signedAt })).map(({ id }) => id)).toEqual([first.id]);
    expect((await test.records.list({ at: second.signedAt })).map(({ id }) => id)).toEqual([second.id]);
  });

  it('gets one number each when two are signed at once', async () => {
    const signed = await Promise.all(Array.from({ length: 6 }, (_none, i) => test.records.signMeasure({ ...MEASURE, owner: `Owner ${i}` }, SIGNER)));
    expect(signed.map(({ version }) => version).toSorted()).toEqual([1, 2, 3, 4, 5, 6]);
    expect((await test.records.list()).map(({ version }) => version)).toEqual([6]);
  });

  it('is not kept when the log cannot learn of it', async () => {
    test.context.events.on('code.record_signed', () => {
      throw new Error('the log is away');
    });
    await expect(test.records.signMeasure(MEASURE, SIGNER)).rejects.toThrow('the log is away');
    expect(await test.records.list({ withSuperseded: true })).toEqual([]);
    expect(await pending()).toEqual([]);
  });

  it('is withdrawn once, with a reason', async () => {
    const record = await test.records.signMeasure(MEASURE, SIGNER);
    clock.advance(DAY_MS);
    await test.records.withdraw(record.id, 'The feature was closed.', SIGNER);
    expect(await test.records.list()).toEqual([]);
    expect(await test.records.find(record.id)).toMatchObject({ withdrawnReason: 'The feature was closed.', keepUntil: new Date('2029-11-26T12:00:00.000Z') });
    expect((await caught(test.records.withdraw(record.id, 'Again.', SIGNER))).code).toBe('conflict');
    expect((await caught(test.records.withdraw('rec_unknown', 'Again.', SIGNER))).code).toBe('not_found');
    expect((await pending()).at(-1)).toEqual({ kind: 'code.changed', body: { change: 'record_withdrawn', subject: record.id, actor: 'per_ada' } });
    expect(await test.records.signMeasure(MEASURE, SIGNER)).toMatchObject({ version: 2 });
  });
});

describe('what is refused', () => {
  it('a measure and an alternative to it at once', async () => {
    const alternative = await test.records.signAlternative(ALTERNATIVE, SIGNER);
    const refused = await caught(test.records.signMeasure({ ...MEASURE, control: 'icu-c2' }, SIGNER));
    expect([refused.code, refused.message]).toEqual(['conflict', expect.stringContaining(alternative.id)]);
    await test.records.withdraw(alternative.id, 'We hash now.', SIGNER);
    await test.records.signMeasure({ ...MEASURE, control: 'icu-c2' }, SIGNER);
    expect((await caught(test.records.signAlternative(ALTERNATIVE, SIGNER))).code).toBe('conflict');
  });

  const ATTESTATION = { metric: 'policy_current', control: null, figure: true, statement: 'They are.', validUntil: '2027-01-01', documentSha256: null };
  it.each<[string, SignInput]>([
    ['control', { kind: 'measure', body: { ...MEASURE, control: 'icu-zz' } }],
    ['control', { kind: 'alternative', body: { ...ALTERNATIVE, control: 'icu-zz' } }],
    ['metric', { kind: 'attestation', body: { ...ATTESTATION, metric: 'unknown_metric' } }],
    ['figure', { kind: 'attestation', body: { ...ATTESTATION, figure: 1 } }],
    ['figure', { kind: 'attestation', body: { ...ATTESTATION, metric: 'training_current_ratio' } }],
    ['figure', { kind: 'attestation', body: { ...ATTESTATION, metric: 'training_current_ratio', figure: 1.01 } }],
    ['control', { kind: 'attestation', body: { ...ATTESTATION, control: 'icu-zz' } }],
    ['validUntil', { kind: 'attestation', body: { ...ATTESTATION, validUntil: '2026-11-24' } }],
    ['current', { kind: 'training', body: { group: 'moderators', content: 'All of it.', due: 3, current: 4, heldOn: '2026-11-01', nextBy: '2027-11-01' } }],
    ['assessment', { kind: 'change', body: { name: 'live', what: 'Live video.', changesOn: '2026-12-01', assessedOn: '2026-11-01', assessment: '' } }],
  ])('a wrong %s', async (at, input) => {
    const refused = await caught(test.records.sign(input, SIGNER));
    expect([refused.code, refused.extras.errors?.map((error) => error.at)]).toEqual(['record_invalid', [at]]);
    expect(await test.records.list({ withSuperseded: true })).toEqual([]);
  });

  it('nothing that is right', async () => {
    await test.records.attest(ATTESTATION, SIGNER);
    await test.records.attest({ ...ATTESTATION, control: 'icu-c1' }, SIGNER);
    await test.records.attest({ ...ATTESTATION, metric: 'training_current_ratio', figure: 1 }, SIGNER);
    expect((await test.records.list()).map(({ subject }) => subject).toSorted()).toEqual(['policy_current', 'policy_current/icu-c1', 'training_current_ratio']);
    expect((await test.records.list({ subject: 'policy_current' }))[0]?.reviewDue).toEqual(new Date('2027-01-01T23:59:59.999Z'));
  });
});

describe('three years', () => {
  it('nothing is deleted before they have passed, not by SQL either', async () => {
    // Later than any clock that this test will meet.
    await begin(createFakeClock(new Date('2126-01-01T00:00:00.000Z')));
    const first = await test.records.signMeasure(MEASURE, SIGNER);
    const second = await test.records.signMeasure({ ...MEASURE, owner: 'Somebody else' }, SIGNER);
    for (const { id } of [first, second]) await expect(run(`delete from code.record where id = '${id}'`)).rejects.toThrow(/must still be kept/);
    for (const table of ['record', 'record_pruned']) await expect(run(`truncate code.${table}`)).rejects.toThrow(/append-only/);
    expect(await test.records.prune('per_ada')).toBe(0);
    expect(await test.records.list({ withSuperseded: true })).toHaveLength(2);
  });

  it('nothing that was signed is changed, and no end is taken back', async () => {
    const first = await test.records.signMeasure(MEASURE, SIGNER);
    for (const change of [`body = '{}'`, `signed_name = 'Bob'`, `digest = repeat('0', 64)`, 'version = 9', `signed_at = now()`, 'review_due = now()'])
      await expect(run(`update code.record set ${change}`)).rejects.toThrow(/never changed/);
    await expect(run(`update code.record set superseded_at = signed_at, keep_until = signed_at + interval '2 years'`)).rejects.toThrow(/three years/);
    await expect(run(`update code.record set superseded_at = signed_at`)).rejects.toThrow(/check constraint/);
    await test.records.withdraw(first.id, 'Closed.', SIGNER);
    for (const change of ['superseded_at = null, keep_until = null', `keep_until = keep_until - interval '1 second'`, `withdrawn_reason = 'Other'`])
      await expect(run(`update code.record set ${change}`)).rejects.toThrow(/ends once/);
    expect(await run(`update code.record set keep_until = keep_until + interval '1 year' returning version`)).toEqual([{ version: 1 }]);
  });

  it('afterwards it may go, by command and with an event, and its number is not given again', async () => {
    await begin(createFakeClock(new Date('2016-02-29T12:00:00.000Z')));
    const first = await test.records.signMeasure(MEASURE, SIGNER);
    const second = await test.records.signMeasure({ ...MEASURE, owner: 'Somebody else' }, SIGNER);
    clock.advance(3 * 365 * DAY_MS - 2 * DAY_MS);
    expect(await test.records.prune('per_ada')).toBe(0);
    clock.advance(2 * DAY_MS);
    expect(await test.records.prune('per_ada')).toBe(1);
    expect((await caught(test.records.find(first.id))).code).toBe('not_found');
    expect((await pending()).at(-1)).toEqual({ kind: 'code.changed', body: { change: 'record_pruned', subject: first.id, actor: 'per_ada' } });
    expect(await test.records.pruned()).toMatchObject([{ kind: 'measure', subject: 'icu-c1', version: 1 }]);
    await test.records.withdraw(second.id, 'Closed.', SIGNER);
    clock.advance(4 * 365 * DAY_MS);
    expect(await test.records.prune('per_ada')).toBe(1);
    expect((await test.records.signMeasure(MEASURE, SIGNER)).version).toBe(3);
  });
});

describe('a record that is handed out', () => {
  it('is checked offline, with the key of the log', async () => {
    const record = await test.records.signMeasure(MEASURE, SIGNER);
    const file = await test.records.prove(record.id);
    expect(await test.records.logIndex(record)).toBe(file.log.index);
    const key = (await test.log.status()).verifierKey;
    expect(await verifyRecordFile(file, key)).toMatchObject({ isValid: true, faults: [] });
    const other = await test.records.prove((await test.records.signMeasure({ ...MEASURE, control: 'icu-c3' }, SIGNER)).id);
    const damaged: readonly [string, RecordFile][] = [
      ['the body', { ...file, record: { ...file.record, body: { ...file.record.body, owner: 'Somebody else' } } }],
      ['the name', { ...file, record: { ...file.record, signedName: 'Bob Example' } }],
      ['the digest that it names', { ...file, record: { ...file.record, digest: '0'.repeat(64) } }],
      ['a digest made anew', renew(file)],
      ['the entry', { ...file, log: { ...file.log, entry: file.log.entry.replace('"version":1', '"version":2') } }],
      ['the proof of another entry', { ...file, log: { ...file.log, proof: other.log.proof } }],
      ['the whole log part of another record', { ...file, log: other.log }],
      ['the place', { ...file, log: { ...file.log, index: file.log.index + 1 } }],
      ['no proof', { ...file, log: { ...file.log, proof: 'c2sp.org/tlog-proof@v1\n' } }],
      ['no entry', { ...file, log: { ...file.log, entry: 'x' } }],
    ];
    for (const [name, one] of damaged) expect([name, (await verifyRecordFile(one, key)).isValid]).toEqual([name, false]);
    expect((await verifyRecordFile(file, 'not a key')).isValid).toBe(false);
  });
});

function renew(file: RecordFile): RecordFile {
  const record = { ...file.record, signedName: 'Bob Example' };
  return { ...file, record: { ...record, digest: digestRecord(record) } };
}

describe('a risk assessment', () => {
  const KINDS = ['imageCsam', 'grooming', 'fraud'];
  const DRAFT = wholeDraft('illegal_content', { kinds: KINDS, nextReview: '2027-05-25' });
  const save = (): Promise<string> => test.records.saveDraft(undefined, DRAFT, 'per_ada');

  it('grows step by step; steps of two people do not undo each other', async () => {
    const id = await test.records.saveDraft(undefined, { subject: 'illegal_content' }, 'per_ada');
    const { understanding, kinds, measures, measuresNote, review, subject } = DRAFT;
    await Promise.all([
      test.records.saveDraft(id, { subject, understanding }, 'per_ada'),
      test.records.saveDraft(id, { subject, kinds }, 'per_bob'),
      test.records.saveDraft(id, { subject, measures, measuresNote }, 'per_cyd'),
      test.records.saveDraft(id, { subject, review }, 'per_dan'),
    ]);
    expect((await test.records.draft(id)).draft).toEqual(DRAFT);
    expect(await test.records.drafts()).toMatchObject([{ id, subject: 'illegal_content' }]);
    expect((await caught(test.records.saveDraft(id, { subject: 'children' }, 'per_ada'))).code).toBe('conflict');
    expect((await caught(test.records.saveDraft('asm_unknown', { subject }, 'per_ada'))).code).toBe('not_found');
  });

  it('says what is missing, and is not signed before', async () => {
    const id = await test.records.saveDraft(undefined, { subject: 'illegal_content' }, 'per_ada');
    const refused = await caught(test.records.signAssessment(id, SIGNER));
    expect([refused.code, refused.extras.errors]).toEqual(['record_incomplete', await test.records.findMissing(id)]);
    expect((await test.records.findMissing(id)).map(({ at }) => at)).toEqual([
      'understanding',
      'understanding',
      ...KINDS.map((kind) => `kinds/${kind}`),
      'measures',
      'review',
      'review',
      'review',
    ]);
    expect((await test.records.draft(id)).subject).toBe('illegal_content');
    expect(test.set).toEqual([]);
  });

  it('is signed, becomes a record, and its levels become facts', async () => {
    const id = await save();
    expect(await test.records.findMissing(id)).toEqual([]);
    const record = await test.records.signAssessment(id, SIGNER);
    expect(record).toMatchObject({ kind: 'assessment_illegal', subject: 'illegal_content', version: 1, reviewDue: new Date('2027-05-25T23:59:59.999Z') });
    expect(await test.records.find(record.id)).toEqual(record);
    expect(test.set.map(({ fact, value, origin, saidBy }) => [fact, value, origin, saidBy])).toEqual(
      KINDS.map((kind) => [`risk.${kind}`, 'medium', 'assessment', 'per_ada']),
    );
    expect((await caught(test.records.signAssessment(id, SIGNER))).code).toBe('not_found');
    const copy = await test.records.copyAssessment('illegal_content', 'per_bob');
    expect((await test.records.draft(copy)).draft).toEqual(DRAFT);
    await test.records.discardDraft(copy);
    expect((await caught(test.records.discardDraft(copy))).code).toBe('not_found');
  });

  it('is not signed when its levels cannot be kept, and loses nothing', async () => {
    const id = await save();
    test.facts.fail = true;
    await expect(test.records.signAssessment(id, SIGNER)).rejects.toThrow('cannot be kept');
    expect(await test.records.list({ withSuperseded: true })).toEqual([]);
    expect((await test.records.draft(id)).draft).toEqual(DRAFT);
    expect(await pending()).toEqual([]);
  });

  it('of children is another subject with kinds of its own', async () => {
    const id = await test.records.saveDraft(undefined, wholeDraft('children', { kinds: ['ppc'], nextReview: '2027-11-25' }), 'per_ada');
    expect(await test.records.signAssessment(id, SIGNER)).toMatchObject({ kind: 'assessment_children', subject: 'children' });
    expect(test.set).toMatchObject([{ fact: 'childRisk.ppc' }]);
  });
});
