/** The register on a real database: who may do what, what cannot be undone, and what the log knows. */
import { sql } from 'kysely';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { createFakeClock, type FakeClock } from '../../../test/support/clock.ts';
import type { TestDatabase } from '../../../test/support/database.ts';
import { createRegisterDatabase, EDITOR, makeCheck, REVIEWER, startRegister, type TestRegister } from '../../../test/support/register.ts';
import { GatehouseError } from '../../platform/errors.ts';
import { digestChange } from './digest.ts';
import type { Change } from './schema.ts';
import { logSources } from './store-log.ts';

const ID = 'iicsa-internet-2020';
const MINUTE_MS = 60_000;

let db: TestDatabase;
let clock: FakeClock;
let test: TestRegister;
beforeAll(async () => {
  db = await createRegisterDatabase();
});
afterAll(() => db.drop());
beforeEach(async () => {
  await run('alter table register.change disable trigger user; alter table register.change_step disable trigger user');
  await run('truncate register.change, register.change_step, register.seed, log.pending');
  await run('alter table register.change enable trigger user; alter table register.change_step enable trigger user');
  clock = createFakeClock();
  test = await startRegister(db, { clock });
  await test.register.start();
  clock.advance(MINUTE_MS);
});
afterEach(() => test.dispose());

async function run(text: string): Promise<Record<string, unknown>[]> {
  return (await sql.raw<Record<string, unknown>>(text).execute(db.database.sql)).rows;
}
const refused = (work: Promise<unknown>): Promise<string> =>
  work.then(
    () => 'done',
    (error: unknown) => (error instanceof GatehouseError ? error.code : String(error)),
  );
const response = (text: string, recommendation = `${ID}/1`): Change => ({
  kind: 'response',
  recommendation,
  body: { by: 'UK Government', date: '2026-11-01', class: 'accepted', classAsPublished: 'Accepted', text, source: null },
});
const claim = (status: 'complete' | 'ongoing', check: string | null): Change => ({
  kind: 'status',
  recommendation: `${ID}/4`,
  body: {
    by: 'register',
    claimant: 'Gatehouse',
    status,
    asOf: '2026-12-01',
    text: 'x',
    basis: check === null ? [] : [{ kind: 'check', shows: 'effect', text: 'x', source: null, check }],
  },
});

describe('what comes with Gatehouse', () => {
  it('is published once, by seed, with the dates of the data and no claim of the government', async () => {
    await test.register.start();
    expect(await test.register.registers()).toMatchObject([{ id: ID, recommendations: 4, responseDueAt: '2020-09-12' }]);
    const all = await test.register.list();
    expect(all.map(({ id, responses, lateness }) => [id, responses.map(({ date }) => date), lateness.responseDaysLate])).toEqual([
      [`${ID}/1`, ['2020-11-10', '2021-05-12', '2025-04-09'], 59],
      [`${ID}/2`, ['2020-11-10'], 59],
      [`${ID}/3`, ['2020-11-10'], 59],
      [`${ID}/4`, ['2020-11-10', '2020-12-15'], 59],
    ]);
    expect(all.flatMap(({ statuses }) => statuses.map(({ by }) => by)).toSorted()).toEqual(['independent', 'register', 'register', 'register', 'register']);
    expect(all.flatMap(({ responses }) => responses).every((one) => one.class === 'not_classified' && one.classAsPublished === null)).toBe(true);
    const timeline = await test.register.timeline(`${ID}/1`);
    expect(timeline).toHaveLength(6);
    expect(timeline.every(({ madeBy, state, reviewedBy }) => madeBy === 'seed' && state === 'published' && reviewedBy === 'seed')).toBe(true);
  });

  it('names only measures of the catalogue', async () => {
    const { readFile } = await import('node:fs/promises');
    const catalogue = await readFile(new URL('../../code/catalogue/data/catalogue-1.0.0.json', import.meta.url), 'utf8');
    const measures = (await test.register.list()).flatMap(({ recommendation }) => recommendation.gatehouse?.measures ?? []);
    expect(measures.length).toBeGreaterThan(8);
    expect(measures.filter((id) => !catalogue.includes(`"id": "${id}"`))).toEqual([]);
  });

  it('is loaded by one of two nodes that start at once', async () => {
    const other = await createRegisterDatabase();
    const nodes = await Promise.all([startRegister(other, { clock }), startRegister(other, { clock })]);
    await Promise.all(nodes.map(({ register }) => register.start()));
    expect(await nodes[0]?.register.list()).toHaveLength(4);
    await Promise.all(nodes.map((node) => node.dispose()));
    await other.drop();
  });
});

describe('a change', () => {
  it('is seen by nobody before somebody else has published it', async () => {
    const kept = await test.register.propose(response('Later news'), { actor: EDITOR });
    expect(kept).toMatchObject({ subject: `${ID}/1`, state: 'draft', madeBy: EDITOR, replaces: null, digest: digestChange(kept) });
    expect((await test.register.find(`${ID}/1`)).responses).toHaveLength(3);
    expect(await refused(test.register.publish(kept.id, REVIEWER))).toBe('conflict');
    expect(await test.register.submit(kept.id, EDITOR)).toMatchObject({ state: 'in_review' });
    expect(await test.register.drafts()).toMatchObject([{ id: kept.id, state: 'in_review' }]);
    expect(await refused(test.register.publish(kept.id, EDITOR))).toBe('conflict');
    expect(await test.register.publish(kept.id, REVIEWER)).toMatchObject({ state: 'published', reviewedBy: REVIEWER, publishedAt: clock.now() });
    expect((await test.register.find(`${ID}/1`)).responses.at(-1)).toMatchObject({ text: 'Later news', isOnTime: null });
    expect(await refused(test.register.publish(kept.id, 'per_third'))).toBe('conflict');
    expect(await refused(test.register.reject(kept.id, 'no', REVIEWER))).toBe('conflict');
    expect(await test.register.drafts()).toEqual([]);
  });

  it('that is rejected or withdrawn says why and is seen by nobody', async () => {
    const first = await test.register.propose(response('One'), { actor: EDITOR });
    const second = await test.register.propose(response('Two'), { actor: EDITOR });
    expect(await refused(test.register.withdraw(first.id, 'mine', REVIEWER))).toBe('forbidden');
    await test.register.withdraw(first.id, 'a slip', EDITOR);
    await test.register.reject(second.id, 'no source', REVIEWER);
    expect(await test.register.change(first.id)).toMatchObject({ state: 'rejected', reason: 'a slip', reviewedBy: EDITOR });
    expect(await test.register.change(second.id)).toMatchObject({ state: 'rejected', reason: 'no source' });
    expect(await refused(test.register.submit(first.id, EDITOR))).toBe('conflict');
    expect((await test.register.find(`${ID}/1`)).responses).toHaveLength(3);
  });

  it('that replaces another keeps both, and is refused when something else was faster', async () => {
    const id = (await test.register.find(`${ID}/1`)).responses[0]?.id ?? '';
    const slow = await test.register.propose(response('Slow'), { actor: EDITOR, replaces: id });
    await test.register.submit(slow.id, EDITOR);
    const fast = await test.publish(response('Fast'), id);
    expect(await refused(test.register.publish(slow.id, REVIEWER))).toBe('conflict');
    const { responses } = await test.register.find(`${ID}/1`);
    expect(responses.map((one) => one.id === id && one.text === 'Fast')).toContain(true);
    expect(responses).toHaveLength(3);
    const timeline = await test.register.timeline(`${ID}/1`);
    expect(timeline.map((one) => one.id)).toEqual(expect.arrayContaining([id, fast]));
    // Whatever version is named, the newest is what is replaced.
    expect(await test.register.propose(response('Third'), { actor: EDITOR, replaces: id })).toMatchObject({ replaces: fast });
  });

  it('that does not fit is not kept', async () => {
    expect(await refused(test.register.propose(response('x', `${ID}/9`), { actor: EDITOR }))).toBe('invalid_request');
    expect(await refused(test.register.propose(response('x'), { actor: EDITOR, replaces: 'chg_none' }))).toBe('invalid_request');
    expect(await refused(test.register.change('chg_none'))).toBe('not_found');
    expect(await refused(test.register.submit('chg_none', EDITOR))).toBe('not_found');
    expect(await test.register.drafts()).toEqual([]);
  });

  it('is refused by the database itself when it is altered, deleted or published by its maker', async () => {
    const { id } = await test.register.propose(response('x'), { actor: EDITOR });
    for (const statement of [
      `update register.change set body = '{}'`,
      'delete from register.change',
      'truncate register.change cascade',
      `update register.change_step set step = 'rejected', reason = 'x'`,
      'delete from register.change_step',
      'truncate register.change_step',
    ])
      await expect(run(statement), statement).rejects.toThrow(/append-only/);
    await expect(run(`insert into register.change_step (change_id, step, made_by, made_at) values ('${id}', 'published', '${EDITOR}', now())`)).rejects.toThrow(
      /somebody else/,
    );
  });
});

describe('several changes at once', () => {
  const rec = (number: string): Change => ({
    kind: 'recommendation',
    body: { register: ID, number, title: `R ${number}`, text: 'x', isVerbatim: false, addressees: ['M'], themes: [], gatehouse: null, relatedTo: [] },
  });
  const parts = (number: string): Parameters<TestRegister['register']['proposeAll']>[0] => [
    { ref: 'r', change: rec(number) },
    {
      ref: 'a',
      change: {
        kind: 'action',
        recommendation: `${ID}/${number}`,
        body: { owner: 'M', kind: 'law', title: 'A', from: null, to: null, legislation: null, source: null },
      },
    },
    { ref: 'm', change: { kind: 'milestone', recommendation: `${ID}/${number}`, body: { action: 'a', title: 'S', dueAt: '2026-01-01', doneAt: null } } },
    {
      ref: 'n',
      change: { kind: 'milestone', recommendation: `${ID}/${number}`, body: { action: 'a', title: 'S', dueAt: '2026-02-01', doneAt: null } },
      replaces: 'm',
    },
  ];

  it('are decided together', async () => {
    const { batch, changes } = await test.register.proposeAll(parts('5'), EDITOR);
    expect(changes).toHaveLength(4);
    expect(await refused(test.register.submit(changes[0]?.id ?? '', EDITOR))).toBe('conflict');
    await test.register.submit(batch, EDITOR);
    expect(await refused(test.register.publish(batch, EDITOR))).toBe('conflict');
    await test.register.publish(batch, REVIEWER);
    expect((await test.register.find(`${ID}/5`)).actions).toMatchObject([
      { id: changes[1]?.id, milestones: [{ id: changes[2]?.id, history: ['2026-01-01'], slipDays: 31 }] },
    ]);
  });

  it('are kept all or none', async () => {
    const broken = [...parts('6'), { ref: 'x', change: response('x', `${ID}/99`) }];
    expect(await test.register.findFaults(broken)).toEqual([{ ref: 'x', message: `There is no recommendation ${ID}/99.` }]);
    expect(await refused(test.register.proposeAll(broken, EDITOR))).toBe('invalid_request');
    expect(await test.register.drafts()).toEqual([]);
    expect(await refused(test.register.proposeAll([], EDITOR))).toBe('invalid_request');
  });
});

describe('the status of the register', () => {
  it('changes by itself when its evidence starts to fail, and comes back', async () => {
    await test.publish(claim('complete', 'iicsa-4.measures'));
    const status = async (): Promise<unknown> => (await test.register.find(`${ID}/4`)).registerStatus;
    expect(await status()).toMatchObject({ status: 'under_way', claimed: 'complete', reason: expect.stringMatching(/not run here/) });
    test.checks.set('iicsa-4.measures', makeCheck('iicsa-4.measures', 'pass'));
    expect(await status()).toMatchObject({ status: 'complete', claimed: 'complete' });
    test.checks.set('iicsa-4.measures', makeCheck('iicsa-4.measures', 'fail', '3 of 7 were evaluated.'));
    expect(await status()).toMatchObject({ status: 'under_way', reason: expect.stringMatching(/fails: 3 of 7 were evaluated\.$/) });
    expect(await test.register.list({ status: 'complete' })).toEqual([]);
    test.checks.set('iicsa-4.measures', makeCheck('iicsa-4.measures', 'stale'));
    expect(await status()).toMatchObject({ status: 'under_way' });
    test.checks.set('iicsa-4.measures', makeCheck('iicsa-4.measures', 'pass'));
    expect(await status()).toMatchObject({ status: 'complete' });
  });
});

it('filters by register, status, theme, addressee and words', async () => {
  const ids = async (filter: Parameters<TestRegister['register']['list']>[0]): Promise<string[]> =>
    (await test.register.list(filter)).map(({ id }) => id.slice(-1));
  expect(await ids({ register: 'other' })).toEqual([]);
  expect(await ids({ register: ID, status: '', theme: undefined })).toEqual(['1', '2', '3', '4']);
  expect(await ids({ theme: 'age' })).toEqual(['3']);
  expect(await ids({ addressee: 'UK Government' })).toHaveLength(4);
  expect(await ids({ text: 'WeProtect board' })).toEqual(['2']);
  expect(await ids({ status: 'under_way' })).toHaveLength(4);
});

it('is in the log, entry for entry', async () => {
  await test.publish(response('x'));
  const pending = await run(`select kind, body from log.pending order by id`);
  const changes = pending
    .filter(({ kind }) => kind === 'register.changed')
    .map(({ body }) => body as { changeId: string; change: string; digest: string; actor: string });
  expect(changes.slice(0, 19).every(({ change, actor }) => change === 'published' && actor === 'seed')).toBe(true);
  expect(changes.slice(19).map(({ change, actor }) => [change, actor])).toEqual([
    ['proposed', EDITOR],
    ['submitted', EDITOR],
    ['published', REVIEWER],
  ]);
  const counts = new Map<string, number>();
  for (const { changeId } of changes) counts.set(changeId, (counts.get(changeId) ?? 0) + 1);
  const rows = await db.database.transact(async (tx) => {
    const found = [];
    for (const source of logSources) for await (const row of source.rows(tx, new Date(0))) found.push(row);
    return found;
  });
  expect(rows).toEqual([...counts].toSorted(([a], [b]) => (a < b ? -1 : 1)).map(([id, count]) => ({ id, count, isAtLeast: false })));
});
