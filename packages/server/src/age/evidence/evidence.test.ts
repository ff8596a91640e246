/** Counting, folding, the written record and the self-test on a real database. */
import { sql } from 'kysely';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { asBrowser, createAgeDatabase, startAge, type TestAge } from '../../../test/support/age.ts';
import type { TestDatabase } from '../../../test/support/database.ts';
import { GatehouseError } from '../../platform/errors.ts';
import type { AgeOutcome, BrowserProof } from '../sessions/schema.ts';
import type { TokenService } from '../tokens/service.ts';
import { createCounting } from './counting.ts';
import type { EvidenceMetric } from './metric-schema.ts';
import { watchPasskeys, watchTokens } from './observe.ts';
import { GENESIS } from './record-rules.ts';
import type { CountRow } from './schema.ts';
import { createEvidence, RECORD_JOB, type EvidenceParts } from './service.ts';

const VERIFIED: AgeOutcome = { result: 'true', grade: 3, method: 'wallet', kind: 'verified', generation: 1 };
const NEVER = new AbortController().signal;

let db: TestDatabase;
let test: TestAge;
beforeAll(async () => {
  db = await createAgeDatabase();
});
afterAll(() => db.drop());
beforeEach(async () => {
  await run(
    `alter table age.evidence_record disable trigger all; truncate age.evidence_record; alter table age.evidence_record enable trigger all; update age.evidence_head set sequence = 0, hash = repeat('0', 64);`,
  );
  await run('truncate age.evidence_count, age.evidence_tally, age.evidence_self_test, age.session cascade');
  test = await startAge({ db });
});
afterEach(() => test.dispose());

const run = async (text: string): Promise<unknown[]> => (await sql.raw(text).execute(db.database.sql)).rows;
const counts = async (): Promise<Partial<CountRow>[]> =>
  (await run(
    `select day, method, kind, outcome, locale, device, is_assisted as "isAssisted", duration, sessions, presentations, refusals from age.evidence_count order by method, outcome`,
  )) as Partial<CountRow>[];
const metric = async (id: EvidenceMetric['id']): Promise<EvidenceMetric> => {
  const found = (await test.age.evidence.read()).metrics.find((one) => one.id === id);
  if (found === undefined) throw new Error(id);
  return found;
};

async function enter(agent: string | undefined, input: { locale?: string } = {}): Promise<{ id: string; proof: BrowserProof }> {
  const { id } = await test.open(input);
  const header = (name: string): string | undefined => (name === 'user-agent' ? agent : undefined);
  const entry = await test.age.sessions.enter(id, { header }, { isSecure: true, mayBind: true });
  if (entry.kind !== 'bound') throw new Error(entry.kind);
  return { id, proof: asBrowser(entry.cookies) };
}

async function answer(id: string, proof: BrowserProof, origin?: string): Promise<void> {
  const request = await test.age.wallet.beginDcApi(id, proof, 'https://age.example');
  const nonce: unknown = Reflect.get(Object(request.requests[0]?.data), 'nonce');
  const data = { nonce, origin: origin ?? 'https://age.example', answer: 'true' };
  await test.age.wallet.answerDcApi(id, proof, { request: request.request, protocol: 'org-iso-mdoc', data });
}

describe('what is counted', () => {
  it('a check that was answered, with the coarse facts about it and nothing else', async () => {
    const { id, proof } = await enter('Mozilla/5.0 (iPhone; CPU iPhone OS 26_0)', { locale: 'cy-GB' });
    test.clock.advance(45_000);
    await answer(id, proof);
    expect(await test.age.counting.collect()).toBe(1);
    expect(await counts()).toEqual([
      {
        day: '2026-11-25',
        method: 'wallet',
        kind: 'verified',
        outcome: 'true',
        locale: 'cy',
        device: 'phone',
        isAssisted: false,
        duration: 'under_1m',
        sessions: 1,
        presentations: 1,
        refusals: 0,
      },
    ]);
    // Once.
    expect(await test.age.counting.collect()).toBe(0);
    expect(await run('select * from age.evidence_visit')).toEqual([]);
  });

  it('a refusal, and a check that ended without an answer after it', async () => {
    const { id, proof } = await enter('Mozilla/5.0 (X11; Linux x86_64)');
    await expect(answer(id, proof, 'https://evil.example')).rejects.toMatchObject({ code: 'age_not_accepted' });
    const other = await enter(undefined);
    await test.age.counting.collect();
    expect(await counts()).toEqual([]);
    test.clock.advance(16 * 60_000);
    // The sweep counts before it deletes.
    await test.age.prune();
    expect(await counts()).toMatchObject([
      { method: 'none', outcome: 'abandoned', device: 'unknown', duration: 'none', refusals: 0 },
      { method: 'wallet', outcome: 'refused', device: 'desktop', presentations: 1, refusals: 1 },
    ]);
    await test.age.counting.flush();
    expect(await run('select day, method, word, count from age.evidence_tally order by word')).toEqual([
      { day: '2026-11-25', method: 'wallet', word: 'presented_refused', count: 1 },
      { day: '2026-11-25', method: 'wallet', word: 'refused_origin_wrong', count: 1 },
    ]);
    expect(other.id).not.toBe(id);
  });

  it('a cancelled check, an assisted one, and one whose answer is of too low a grade', async () => {
    const { id } = await enter(undefined, { locale: 'kw' });
    test.age.counting.noteAssisted(id);
    await test.age.sessions.complete(id, { ...VERIFIED, grade: 1, method: 'provider:bank' });
    const { id: cancelled, clientToken } = await test.open();
    await test.enter(cancelled);
    await test.age.sessions.cancel(cancelled, clientToken);
    await test.age.counting.collect();
    expect(await counts()).toMatchObject([
      { method: 'none', outcome: 'abandoned' },
      { method: 'provider:bank', outcome: 'inconclusive', isAssisted: true, locale: 'other' },
    ]);
  });

  it('an answer of an app without a page', async () => {
    const { id } = await test.open({ minGrade: 1 });
    await test.age.sessions.complete(id, { result: 'true', grade: 1, method: 'signal', kind: 'declared' });
    await test.age.counting.collect();
    expect(await counts()).toMatchObject([{ method: 'signal', outcome: 'true', device: 'unknown' }]);
  });

  it('tokens and passkeys that are refused', async () => {
    const { id, proof } = await enter(undefined);
    const refused: Pick<TokenService, 'redeem'> = { redeem: async () => ({ kind: 'refused', reason: 'spent' }) };
    await watchTokens(refused as TokenService, test.age.counting).redeem({ sessionId: id, proof }, new Uint8Array());
    const passkeys = {
      assert: async () => {
        throw new GatehouseError('forbidden', 'No.', { members: { reason: 'counter' } });
      },
    };
    const watched = watchPasskeys(passkeys as never, test.age.counting);
    await expect(watched.assert({ sessionId: id, proof }, {} as never)).rejects.toMatchObject({ code: 'forbidden' });
    await test.age.counting.flush();
    expect(await run('select method, word from age.evidence_tally order by word, method')).toEqual([
      { method: 'passkey', word: 'presented_refused' },
      { method: 'token', word: 'presented_refused' },
      { method: 'passkey', word: 'refused_counter' },
      { method: 'token', word: 'refused_spent' },
    ]);
    expect(await run('select refusals from age.evidence_visit')).toEqual([{ refusals: 2 }]);
  });

  it('a fault in counting fails no check', async () => {
    const counting = createCounting({ context: test.context, languages: ['en'] });
    counting.enter('age_00000000000000000000000000', () => undefined);
    counting.tally('wallet', 'presented_true');
    await counting.flush();
    expect(await run('select count from age.evidence_tally')).toEqual([{ count: 1 }]);
  });

  it('is written when the node stops, and at intervals', async () => {
    const counting = createCounting({ context: test.context, languages: ['en'] });
    counting.start();
    counting.tally('wallet', 'presented_true');
    counting.tally('wallet', 'presented_true');
    await counting.stop();
    expect(await run('select count from age.evidence_tally')).toEqual([{ count: 2 }]);
  });

  it('days become months: sums stay, rare groups are merged', async () => {
    const insert = (day: string, locale: string, sessions: number): Promise<unknown[]> =>
      run(
        `insert into age.evidence_count values ('day', '${day}', 'wallet', 'verified', 'true', '${locale}', 'phone', false, 'under_1m', ${sessions}, ${sessions}, 0)`,
      );
    await insert('2026-07-03', 'en', 40);
    await insert('2026-07-20', 'en', 40);
    await insert('2026-07-21', 'cy', 3);
    await insert('2026-08-31', 'cy', 2);
    await run(
      `insert into age.evidence_tally values ('day', '2026-07-03', 'wallet', 'refused_expired', 2), ('day', '2026-07-04', 'wallet', 'refused_expired', 3)`,
    );
    await test.age.counting.fold();
    expect(await run('select period, day, locale, device, duration, sessions from age.evidence_count order by day, locale')).toEqual([
      { period: 'month', day: '2026-07-01', locale: 'en', device: 'phone', duration: 'under_1m', sessions: 80 },
      { period: 'month', day: '2026-07-01', locale: 'other', device: 'unknown', duration: 'none', sessions: 3 },
      // 100 days ago is 17 August: that month is not over yet.
      { period: 'day', day: '2026-08-31', locale: 'cy', device: 'phone', duration: 'under_1m', sessions: 2 },
    ]);
    expect(await run('select period, day, count from age.evidence_tally')).toEqual([{ period: 'month', day: '2026-07-01', count: 5 }]);
  });

  it('no column holds a person, a check, a service or a time', async () => {
    const columns = await run(
      `select table_name || '.' || column_name as name from information_schema.columns where table_schema = 'age' and table_name in ('evidence_count', 'evidence_tally') order by 1`,
    );
    expect(columns.map((one) => (one as { name: string }).name)).toEqual([
      'evidence_count.day',
      'evidence_count.device',
      'evidence_count.duration',
      'evidence_count.is_assisted',
      'evidence_count.kind',
      'evidence_count.locale',
      'evidence_count.method',
      'evidence_count.outcome',
      'evidence_count.period',
      'evidence_count.presentations',
      'evidence_count.refusals',
      'evidence_count.sessions',
      'evidence_tally.count',
      'evidence_tally.day',
      'evidence_tally.method',
      'evidence_tally.period',
      'evidence_tally.word',
    ]);
  });
});

describe('metrics', () => {
  it('appear with the fiftieth check, and show nothing before', async () => {
    for (let at = 0; at < 49; at++) await test.age.sessions.complete((await enter(undefined)).id, VERIFIED);
    const before = await metric('age.accessibility.time');
    expect([before.state, before.value, before.isWithheld]).toEqual(['not_evaluated', null, true]);
    await test.age.sessions.complete((await enter(undefined)).id, VERIFIED);
    expect(await metric('age.accessibility.time')).toMatchObject({ state: 'pass', value: 30 });
    // Nobody failed: fewer than 50 on that side, so that no share is shown; the limit is kept all the same.
    expect(await metric('age.fairness.some_way')).toMatchObject({ state: 'pass', value: null, denominator: 50, isWithheld: true });
  });
});

describe('the self-test', () => {
  const parts = (verify: NonNullable<EvidenceParts['verify']>): EvidenceParts => {
    const { counting, providers, services, trust, status, passkeys } = test.age;
    return { context: test.context, counting, languages: ['en'], providers, services, trust, status, passkeys, verify };
  };

  it('is kept with its version, and passes', async () => {
    expect((await metric('age.robustness.hostile_accepted')).state).toBe('not_evaluated');
    expect(await test.age.evidence.runSelfTest()).toMatchObject({ isPassed: true, version: '0.1.0' });
    expect(await metric('age.robustness.hostile_accepted')).toMatchObject({ state: 'pass', numerator: 0, denominator: 204 });
    expect((await metric('age.accuracy.lab_wrong_refuse')).state).toBe('pass');
    test.clock.advance(31 * 86_400_000);
    expect((await metric('age.robustness.hostile_accepted')).state).toBe('attention');
  });

  it('a broken verifier shows in the metrics', async () => {
    const evidence = await createEvidence(
      parts(async (one) => (one.id === 'wrong-nonce' ? 'accepted_true' : one.expect === 'accepted' ? `accepted_${one.answer}` : one.expect)),
    );
    expect(await evidence.runSelfTest()).toMatchObject({ isPassed: false, report: { hostileAccepted: 1, faults: ['mdoc/wrong-nonce: accepted_true'] } });
    const states = new Map((await evidence.read()).metrics.map(({ id, state }) => [id, state]));
    expect([states.get('age.robustness.hostile_accepted'), states.get('age.accuracy.lab_wrong_accept'), states.get('age.accuracy.lab_wrong_refuse')]).toEqual([
      'fail',
      'fail',
      'pass',
    ]);
  });

  it('upkeep runs it once a week', async () => {
    let runs = 0;
    const evidence = await createEvidence(
      parts(async (one) => {
        if (one.id === 'wrong-nonce') runs++;
        return one.expect === 'accepted' ? `accepted_${one.answer}` : one.expect;
      }),
    );
    await evidence.upkeep(NEVER);
    test.clock.advance(6 * 86_400_000);
    await evidence.upkeep(NEVER);
    expect(runs).toBe(2);
    test.clock.advance(86_400_000);
    await evidence.upkeep(NEVER);
    expect(runs).toBe(4);
  });
});

describe('the written record', () => {
  const REVIEW = { reviewer: 'Data protection officer', reviewedOn: '2026-11-25', text: 'Looked at gaps.', nextReviewOn: '2027-05-25' };
  const author = { actor: 'system', cause: 'test' };
  /** Three configurations and a review. */
  const write = async (): Promise<void> => {
    const { evidence, services } = test.age;
    await evidence.noteConfiguration(author);
    await services.add({ id: 'shop', name: 'The Shop', returnOrigins: ['https://shop.example'] });
    await evidence.noteConfiguration({ actor: 'key_1', cause: 'service: put' });
    await evidence.record.addReview(REVIEW, 'key_2');
    await services.remove('shop');
    await evidence.noteConfiguration(author);
  };
  afterEach(async () => {
    await test.age.services.remove('shop').catch(() => undefined);
  });

  it('has one entry for each change, says what changed and who did it, and holds no secret', async () => {
    await write();
    const { record } = test.age.evidence;
    expect(await test.age.evidence.noteConfiguration(author)).toBeUndefined();
    const entries = await record.list({ after: 0, limit: 10 });
    expect(entries.map(({ sequence, kind, actor, cause, changed }) => [sequence, kind, actor, cause, changed])).toEqual([
      [1, 'configuration', 'system', 'test', ['']],
      [2, 'configuration', 'key_1', 'service: put', ['/services/1']],
      [3, 'review', 'key_2', 'review', []],
      [4, 'configuration', 'system', 'test', ['/services/1']],
    ]);
    expect(entries[0]?.previousHash).toBe(GENESIS.hash);
    // Changes are told from page to page, too.
    expect((await record.list({ after: 2, limit: 10 })).map(({ changed }) => changed)).toEqual([[], ['/services/1']]);
    expect(await record.verify()).toMatchObject({ isIntact: true, entries: 4 });
    const content = entries[0]?.content ?? '';
    expect(content).not.toContain(test.dataDir);
    expect(JSON.parse(content)).toMatchObject({ version: '0.1.0', thresholds: { k: 50 }, services: [{ id: 'forum', hasCallback: false }] });
  });

  it.each([
    ['a content', `update age.evidence_record set content = replace(content, '"k":50', '"k":51') where sequence = 2`, 2, 'hash'],
    ['an author', `update age.evidence_record set actor = 'somebody' where sequence = 3`, 3, 'hash'],
    ['a time', `update age.evidence_record set at = at - interval '1 day' where sequence = 1`, 1, 'hash'],
    ['a hash', `update age.evidence_record set hash = repeat('a', 64) where sequence = 2`, 2, 'hash'],
    ['an entry away', 'delete from age.evidence_record where sequence = 2', 2, 'sequence'],
    ['the first entry away', 'delete from age.evidence_record where sequence = 1', 1, 'sequence'],
    ['the last entry away', 'delete from age.evidence_record where sequence = 4', 3, 'head'],
    ['all entries away', 'delete from age.evidence_record', 0, 'head'],
    ['the order', 'update age.evidence_record set sequence = case sequence when 2 then 30 when 3 then 2 else sequence end', 2, 'previous_hash'],
  ])('finds it when somebody changes %s', async (_what, statement, sequence, reason) => {
    await write();
    await expect(run(statement)).rejects.toThrow('append-only');
    await run(`alter table age.evidence_record disable trigger all; ${statement}; alter table age.evidence_record enable trigger all;`);
    expect(await test.age.evidence.record.verify()).toMatchObject({ isIntact: false, fault: { sequence, reason } });
    expect(await metric('age.records.chain')).toMatchObject({ state: 'fail' });
  });

  it('a head that was noted finds a record that was cut and mended, or written anew', async () => {
    await write();
    const { record } = test.age.evidence;
    const noted = await record.head();
    const [, second] = await record.list({ after: 0, limit: 2 });
    await run(
      `alter table age.evidence_record disable trigger all; delete from age.evidence_record where sequence > 2; alter table age.evidence_record enable trigger all; update age.evidence_head set sequence = 2, hash = '${second?.hash}'`,
    );
    expect(await record.verify()).toMatchObject({ isIntact: true, entries: 2 });
    expect(await record.verify(noted)).toMatchObject({ isIntact: false, fault: { sequence: 2, reason: 'expected_head' } });
    // The record goes on, and a head in its middle is still found.
    await record.addReview(REVIEW, 'key_2');
    expect(await record.verify({ sequence: 2, hash: second?.hash ?? '' })).toMatchObject({ isIntact: true, entries: 3 });
  });

  it('two writers at once take turns', async () => {
    const { record } = test.age.evidence;
    await Promise.all(Array.from({ length: 8 }, () => record.addReview(REVIEW, 'key_2')));
    expect(await record.verify()).toMatchObject({ isIntact: true, entries: 8 });
  });

  it('reviews say when the next one is due', async () => {
    expect((await metric('age.records.review')).state).toBe('attention');
    await test.age.evidence.record.addReview(REVIEW, 'key_2');
    expect(await metric('age.records.review')).toMatchObject({ state: 'pass', value: 181 });
    test.clock.advance(182 * 86_400_000);
    expect((await metric('age.records.review')).state).toBe('fail');
  });

  it('exports as JSON and as Markdown that content cannot break out of', async () => {
    await test.age.evidence.record.addReview({ ...REVIEW, text: 'A ``` fence\n# and a heading | and a bar' }, 'key_2');
    const markdown = await test.age.evidence.export('markdown');
    expect(markdown).toContain('Gatehouse supplies evidence and claims no compliance.');
    expect(markdown).toContain('````json');
    expect(markdown.split('\n').filter((line) => line === '# and a heading')).toEqual([]);
    const whole = JSON.parse(await test.age.evidence.export('json')) as { entries: unknown[]; verification: object };
    expect([whole.entries.length, whole.verification]).toMatchObject([1, { isIntact: true }]);
  });

  it('changes of trust and of services cause an entry, in their transaction', async () => {
    await test.age.evidence.start();
    await test.age.services.add({ id: 'shop', name: 'The Shop', returnOrigins: ['https://shop.example'] });
    await test.context.events.emit('age.trust_changed', { change: 'muted', subject: 'a', actor: 'key_9' });
    expect(test.collected.filter(({ name }) => name === RECORD_JOB).map(({ data, options }) => [data, options.tx !== undefined])).toEqual([
      [{ actor: 'api', cause: 'service: put' }, true],
      [{ actor: 'key_9', cause: 'trust: muted' }, false],
    ]);
  });
});

describe('the statement', () => {
  it('is made of the record, and of figures of the last whole month', async () => {
    const { evidence } = test.age;
    expect(await evidence.stateHow()).toMatchObject({ ways: [], figures: null, inForceSince: null });
    await evidence.noteConfiguration({ actor: 'system', cause: 'test' });
    await run(`insert into age.evidence_count values ('day', '2026-10-03', 'wallet', 'verified', 'true', 'en', 'phone', false, 'under_1m', 60, 60, 0)`);
    await run(`insert into age.evidence_count values ('day', '2026-11-03', 'wallet', 'verified', 'true', 'en', 'phone', false, 'under_1m', 60, 60, 0)`);
    const statement = await evidence.stateHow();
    expect(statement.figures).toMatchObject({ month: '2026-10', checks: 60, medianSeconds: 60 });
    expect(statement.ways.map(({ id }) => id)).toEqual(['token', 'signal', 'declared_under']);
    expect(statement).toMatchObject({ services: ['The Forum'], inForceSince: '2026-11-25T12:00:00.000Z', record: { sequence: 1 } });
    expect(statement.about).toBe('Gatehouse supplies evidence and claims no compliance.');
  });

  it('can be switched off', async () => {
    await test.dispose();
    test = await startAge({ db, config: { ageStatement: false } });
    await expect(test.age.evidence.stateHow()).rejects.toMatchObject({ code: 'not_found' });
    expect(test.age.evidence.hasStatement).toBe(false);
  });

  it('refuses a file that it cannot use', async () => {
    await expect(startAge({ db, config: { ageStatementFile: '/nowhere.json' } })).rejects.toMatchObject({ code: 'config_invalid' });
  });
});
