import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { createAgeDatabase } from '../../../test/support/age.ts';
import type { TestDatabase } from '../../../test/support/database.ts';
import type { ProviderFact } from './facts-schema.ts';
import type { CountRow, TallyRow } from './schema.ts';
import { readChallengeMargin, readDataMinimal, readGateCoverage, readRecognised, readSelfDeclared } from './source-rules.ts';
import { readColumnNames } from './store-counts.ts';

const K = 50;
const cell = (method: string, sessions: number, more: Partial<CountRow> = {}): CountRow => ({
  method,
  kind: 'verified',
  outcome: 'true',
  locale: 'en',
  device: 'phone',
  isAssisted: false,
  duration: 'under_30s',
  sessions,
  presentations: 0,
  refusals: 0,
  ...more,
});
const tally = (word: string, count: number): TallyRow => ({ day: '2026-11-25', method: 'gate', word, count });

function provider(kind: string, challenges: ProviderFact['challenges'] = []): ProviderFact {
  // Only these members are read.
  return { id: kind, declaration: { kind }, mode: 'redirect', grade: 2, isOffered: true, challenges } as unknown as ProviderFact;
}

describe('what age checks measure', () => {
  test('the gate', () => {
    expect(readGateCoverage([], { k: K }).figure).toBeNull();
    expect(readGateCoverage([tally('gate_passed', K - 1)], { k: K }).figure).toBeNull();
    // Who is asked or refused did not get in.
    expect(readGateCoverage([tally('gate_asked', 900), tally('gate_no', 900)], { k: K }).figure).toBeNull();
    expect(readGateCoverage([tally('gate_passed', 90), tally('gate_asked', 10)], { k: K })).toMatchObject({ figure: 1, denominator: 90 });
    expect(readGateCoverage([tally('gate_passed', 90), tally('gate_passed_without', 10)], { k: K })).toMatchObject({ figure: 0.9 });
  });

  test('answers by what they rest on', () => {
    const providers = [provider('open_banking'), provider('sandbox')];
    const good = [cell('wallet', 40), cell('provider:open_banking', 60), cell('token', 20)];
    expect(readSelfDeclared(good, { k: K })).toMatchObject({ figure: 0, denominator: 120 });
    expect(readRecognised(good, { k: K, providers })).toMatchObject({ figure: 1 });
    // A "no" lets nobody in.
    expect(readSelfDeclared([...good, cell('declared_under', 99, { kind: 'declared', outcome: 'false' })], { k: K })).toMatchObject({
      figure: 0,
      denominator: 120,
    });
    const bad = [...good, cell('signal', 30, { kind: 'declared' }), cell('provider:sandbox', 30), cell('provider:gone', 20)];
    expect(readSelfDeclared(bad, { k: K })).toMatchObject({ figure: 30, denominator: 200 });
    expect(readRecognised(bad, { k: K, providers })).toMatchObject({ figure: 0.6 });
    expect(readSelfDeclared([cell('wallet', K - 1)], { k: K }).figure).toBeNull();
    expect(readRecognised([], { k: K, providers }).figure).toBeNull();
  });

  test('the margin of estimators of faces', () => {
    const challenge = (threshold: number, challengeAge: number | null) => ({ threshold, challengeAge, predictedWrongAccept: null });
    expect(readChallengeMargin({ providers: [provider('open_banking', [challenge(18, 18)])] }).figure).toBeNull();
    expect(readChallengeMargin({ providers: [provider('facial_estimation', [challenge(18, 25), challenge(16, 20)])] })).toMatchObject({ figure: 4 });
    expect(readChallengeMargin({ providers: [provider('facial_estimation', [challenge(18, null)])] }).figure).toBeNull();
  });

  test('what must not be kept', () => {
    expect(readDataMinimal([]).figure).toBeNull();
    for (const name of ['birth_date', 'dob', 'portrait', 'face_image', 'document_number', 'family_name', 'passport_number'])
      expect([name, readDataMinimal(['session.id', `session.${name}`]).figure]).toEqual([name, false]);
  });
});

describe('the tables as they are', () => {
  let db: TestDatabase;
  beforeAll(async () => {
    db = await createAgeDatabase();
  });
  afterAll(() => db.drop());

  test('hold none of it', async () => {
    const columns = await readColumnNames(db.database.sql);
    expect(columns.length).toBeGreaterThan(50);
    expect(readDataMinimal(columns)).toMatchObject({ figure: true, rows: [] });
  });
});
