/** Signals of devices over HTTP: an app, a service, and those who try to be one. */
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { createAgeDatabase, RETURN_URL, startAge, type TestAge, type TestAgeOptions } from '../../../test/support/age.ts';
import type { TestDatabase } from '../../../test/support/database.ts';
import { startTestServer, type TestReply, type TestServer } from '../../../test/support/http.ts';
import type { Right } from '../../platform/http/rights.ts';
import { toProviderSessions } from '../adapters.ts';
import { ageDomain } from '../index.ts';
import { CLIENT_TOKEN_HEADER } from '../sessions/routes.ts';
import type { AgeOutcome, OpenedSession, OpenSessionInput } from '../sessions/schema.ts';
import { commands } from './commands.ts';
import { LABEL_TARGETS, writeLabel } from './label-rules.ts';

let db: TestDatabase;
let test: TestAge;
let server: TestServer;
beforeAll(async () => {
  db = await createAgeDatabase();
});
afterAll(() => db.drop());
beforeEach(() => start());
afterEach(stop);

async function start(config: TestAgeOptions['config'] = {}, anonymousPerMinute = 10_000): Promise<void> {
  test = await startAge({ db, config });
  const routes = [...(ageDomain.routes?.(test.age, test.context) ?? []), ...(ageDomain.pages?.(test.age, test.context) ?? [])];
  const rights = new Set<Right>(['age:ask']);
  server = await startTestServer({
    routes,
    clock: test.clock,
    limits: { requestsPerMinute: 10_000, anonymousPerMinute },
    authenticator: { authenticate: async ({ authorization }) => (authorization === undefined ? undefined : { kind: 'key', id: 'key', name: 'key', rights }) },
  });
}

async function stop(): Promise<void> {
  await test.dispose();
  await server.close();
}

const asService = (clientToken: string): Record<string, string> => ({ authorization: 'Bearer key', [CLIENT_TOKEN_HEADER]: clientToken });
const askNonce = ({ id, clientToken }: OpenedSession): Promise<TestReply> =>
  server.send('GET', `/v1/age/sessions/${id}/signal-nonce`, { headers: asService(clientToken) });
const nonceOf = async (session: OpenedSession): Promise<string> => {
  const reply = await askNonce(session);
  expect([reply.status, reply.headers['cache-control']]).toEqual([200, 'no-store']);
  return (reply.json as { nonce: string }).nonce;
};
const post = (body: unknown): Promise<TestReply> =>
  server.send('POST', '/v1/age/signals', { headers: { 'content-type': 'application/json' }, body: typeof body === 'string' ? body : JSON.stringify(body) });
const CHILD = { source: 'play', range: { lower: 0, upper: 12 }, provenance: 'TIER_B' } as const;
const ADULT = { source: 'apple', range: { lower: 18 }, provenance: 'governmentIDChecked' } as const;

async function signal(session: OpenedSession, change: object): Promise<TestReply> {
  return post({ nonce: await nonceOf(session), ...change });
}

const open = (change: Partial<OpenSessionInput> = {}): Promise<OpenedSession> => test.open(change);
const stateOf = async ({ id, clientToken }: OpenedSession): Promise<string> => (await test.age.sessions.read(id, clientToken)).state;
const resultOf = ({ id }: OpenedSession) => test.age.sessions.findResult(id);
const metrics = async (name: string): Promise<string[]> =>
  [...(await test.context.metrics.render()).body.matchAll(new RegExp(`^gatehouse_age_${name}\\{(.*)\\} (\\d+)$`, 'gm'))].map(
    ([, labels, count]) => `${labels} ${count}`,
  );

describe('a signal alone', () => {
  it('is noted, and the check stays open: grade 1 is never enough for the default', async () => {
    const session = await open();
    const reply = await signal(session, { ...ADULT, conclude: true });
    expect([reply.status, reply.json]).toEqual([200, { status: 'noted', answer: 'true', grade: 1 }]);
    expect([await stateOf(session), await resultOf(session)]).toEqual(['open', undefined]);
    expect(await metrics('signals_total')).toEqual(['source="apple",outcome="noted" 1']);
  });

  it('completes with grade 1 at most where the service asked for no more, and only when told to', async () => {
    const session = await open({ minGrade: 1 });
    expect((await signal(session, ADULT)).json).toMatchObject({ status: 'noted' });
    expect(await stateOf(session)).toBe('open');
    expect((await signal(session, { ...ADULT, conclude: true })).json).toMatchObject({ status: 'completed' });
    expect(await resultOf(session)).toMatchObject({ result: 'true', grade: 1, method: 'signal', kind: 'declared', generation: undefined });
  });

  it.each([
    ['TIER_A', 0, 'completed', 'noted'],
    ['TIER_D', 1, 'completed', 'completed'],
  ] as const)('%s counts for grade %i', async (provenance, grade, atZero, atOne) => {
    for (const [minGrade, status] of [
      [0, atZero],
      [1, atOne],
      [2, 'noted'],
    ] as const) {
      const reply = await signal(await open({ minGrade }), { source: 'play', range: { lower: 18 }, provenance, conclude: true });
      expect([minGrade, reply.json]).toEqual([minGrade, { status, answer: 'true', grade }]);
    }
  });

  it('"too young" may end a check at any grade: it opens nothing, and the service can show what is for children', async () => {
    const session = await open({ minGrade: 4 });
    expect((await signal(session, { ...CHILD, conclude: true })).json).toEqual({ status: 'completed', answer: 'false', grade: 1 });
    expect(await resultOf(session)).toMatchObject({ result: 'false', grade: 1, method: 'signal' });
  });

  it('"too young" does not end it unless told to: the person may have another device', async () => {
    const session = await open();
    expect((await signal(session, CHILD)).json).toMatchObject({ status: 'noted', answer: 'false' });
    expect(await stateOf(session)).toBe('open');
  });

  it.each([
    ['under 13, and it is', { threshold: 13, direction: 'under' }, CHILD, 'true'],
    ['under 13, and it is not', { threshold: 13, direction: 'under' }, ADULT, 'false'],
    ['over 16, and the range straddles it', { threshold: 16 }, { source: 'os', range: { lower: 13, upper: 17 }, provenance: 'guardianDeclared' }, 'unknown'],
  ] as const)('%s: does not end a check that asks for more', async (_name, question, given, answer) => {
    const session = await open({ ...question, minGrade: 2 });
    expect((await signal(session, { ...given, conclude: true })).json).toMatchObject({ status: 'noted', answer });
    expect(await stateOf(session)).toBe('open');
  });

  it('does not end a check whose service did not offer this way', async () => {
    const session = await open({ minGrade: 0, methods: ['wallet'] });
    expect((await signal(session, { ...ADULT, conclude: true })).json).toMatchObject({ status: 'noted' });
    expect((await signal(await open({ minGrade: 0, methods: ['signal'] }), { ...ADULT, conclude: true })).json).toMatchObject({ status: 'completed' });
  });

  it('leaves no range and no platform behind', async () => {
    await signal(await open(), CHILD);
    const { rows } = await db.database.pool.query('select * from age.signal order by session_id desc limit 1');
    expect(Object.keys(rows[0] as object)).toEqual(['session_id', 'direction', 'says_over', 'says_under']);
    expect(
      (await db.database.pool.query('select 1 from age.signal_nonce where session_id = $1', [(rows[0] as { session_id: string }).session_id])).rowCount,
    ).toBe(0);
  });
});

describe('the nonce', () => {
  it('is given to the service alone, which has both secrets', async () => {
    const session = await open();
    const path = `/v1/age/sessions/${session.id}/signal-nonce`;
    expect((await server.send('GET', path, { headers: { [CLIENT_TOKEN_HEADER]: session.clientToken } })).status).toBe(401);
    expect((await server.send('GET', path, { headers: { authorization: 'Bearer key' } })).status).toBe(404);
    expect((await askNonce({ ...session, clientToken: (await open()).clientToken })).status).toBe(404);
    await test.age.sessions.cancel(session.id, session.clientToken);
    expect((await askNonce(session)).status).toBe(410);
  });

  it('can be used once, also by two at the same time', async () => {
    const nonce = await nonceOf(await open());
    const both = await Promise.all([post({ nonce, ...ADULT }), post({ nonce, ...CHILD })]);
    expect(both.map(({ status }) => status).toSorted()).toEqual([200, 410]);
    expect((await post({ nonce, ...ADULT })).status).toBe(410);
  });

  it('of another check says nothing about this one, and is not used up by the mistake', async () => {
    const [session, other] = [await open(), await open()];
    const nonce = await nonceOf(other);
    expect((await post({ nonce, session: session.id, ...CHILD })).status).toBe(410);
    expect((await post({ nonce, session: other.id, ...CHILD })).status).toBe(200);
    const { rows } = await db.database.pool.query('select session_id from age.signal where session_id = any($1)', [[session.id, other.id]]);
    expect(rows).toEqual([{ session_id: other.id }]);
  });

  it('lives five minutes, a newer one kills it, and no check outlives its end', async () => {
    const session = await open();
    const old = await nonceOf(session);
    test.clock.advance(300_001);
    expect((await post({ nonce: old, ...CHILD })).status).toBe(410);
    const [first, second] = [await nonceOf(session), await nonceOf(session)];
    expect([(await post({ nonce: first, ...CHILD })).status, (await post({ nonce: second, ...CHILD })).status]).toEqual([410, 200]);
    const last = await nonceOf(session);
    await test.age.sessions.cancel(session.id, session.clientToken);
    expect((await post({ nonce: last, ...CHILD })).status).toBe(410);
    expect((await post({ nonce: '0'.repeat(64), ...CHILD })).status).toBe(410);
  });

  it('is not used up by a body that cannot be read', async () => {
    const session = await open();
    const nonce = await nonceOf(session);
    const hostile: readonly unknown[] = [
      '',
      'null',
      '[]',
      '{"nonce":',
      '{"__proto__":{"source":"apple"}}',
      '['.repeat(50_000),
      { nonce, ...ADULT, source: 'amazon' },
      { nonce, ...ADULT, provenance: 'TIER_D' },
      { nonce, ...CHILD, provenance: 'governmentIDChecked' },
      { nonce, ...ADULT, grade: 4 },
      { nonce, ...ADULT, attestation: 'x' },
      { nonce, ...ADULT, range: { lower: 18, upper: 17 } },
      { nonce, ...ADULT, range: {} },
      { nonce, ...ADULT, range: { lower: '18' } },
      { nonce, ...ADULT, range: { lower: 1e9 } },
      { nonce, ...ADULT, range: [18] },
      { nonce, ...ADULT, conclude: 'yes' },
      { nonce: [nonce], ...ADULT },
      { nonce: nonce.toUpperCase(), ...ADULT },
      { nonce: `${nonce}0`, ...ADULT },
      { nonce, ...ADULT, session: 'x' },
    ];
    for (const body of hostile) expect([body, (await post(body)).status]).toEqual([body, 400]);
    expect((await server.send('POST', '/v1/age/signals', { headers: { 'content-type': 'text/plain' }, body: '{}' })).status).toBe(415);
    expect((await post(`{"nonce":"${nonce}","pad":"${'a'.repeat(1_100_000)}"}`)).status).toBe(413);
    expect((await post({ nonce, ...ADULT })).status).toBe(200);
  });

  it('guessing is limited by address, whatever key comes along', async () => {
    await stop();
    await start({}, 3);
    const guess = (): Promise<TestReply> =>
      server.send('POST', '/v1/age/signals', {
        headers: { 'content-type': 'application/json', authorization: 'Bearer key' },
        body: JSON.stringify({ nonce: '1'.repeat(64), ...ADULT }),
      });
    const statuses = [];
    for (let count = 0; count < 5; count++) statuses.push((await guess()).status);
    expect(statuses).toEqual([410, 410, 410, 429, 429]);
  });
});

describe('an answer that contradicts the device', () => {
  const ESTIMATE = { result: 'true', grade: 2, method: 'provider:face', kind: 'estimated', provider: 'face' } as const satisfies AgeOutcome;

  it('is taken only when it was verified; the check goes on, and nobody is named', async () => {
    const session = await open();
    await signal(session, CHILD);
    const providers = toProviderSessions(test.age.sessions);
    expect(await providers.complete(session.id, ESTIMATE)).toBe('held_back');
    expect(await stateOf(session)).toBe('open');
    await expect(test.age.sessions.complete(session.id, ESTIMATE)).rejects.toMatchObject({ code: 'conflict' });
    expect(await test.age.sessions.complete(session.id, { ...ESTIMATE, kind: 'verified', method: 'wallet' })).toBe(true);
    expect(await resultOf(session)).toMatchObject({ result: 'true', method: 'wallet' });
    expect((await metrics('signal_conflicts_total')).toSorted()).toEqual(['outcome="counted" 1', 'outcome="held_back" 2']);
  });

  it('a later signal of an adult does not take the first one back', async () => {
    const session = await open();
    await signal(session, CHILD);
    await signal(session, ADULT);
    await expect(test.age.sessions.complete(session.id, ESTIMATE)).rejects.toMatchObject({ code: 'conflict' });
  });

  it('nor does a signal complete against an earlier one', async () => {
    const session = await open({ minGrade: 0 });
    await signal(session, CHILD);
    expect((await signal(session, { ...ADULT, conclude: true })).json).toMatchObject({ status: 'noted' });
    expect(await stateOf(session)).toBe('open');
  });

  it('"too young" is taken from anybody, whatever the device says', async () => {
    const session = await open();
    await signal(session, ADULT);
    expect(await test.age.sessions.complete(session.id, { ...ESTIMATE, result: 'false' })).toBe(true);
    expect(await metrics('signal_conflicts_total')).toEqual(['outcome="counted" 1']);
  });

  it('is only counted when the operator says so', async () => {
    await stop();
    await start({ ageSignalConflict: 'count' });
    const session = await open();
    await signal(session, CHILD);
    expect(await test.age.sessions.complete(session.id, ESTIMATE)).toBe(true);
    expect(await metrics('signal_conflicts_total')).toEqual(['outcome="counted" 1']);
  });

  it('without a contradiction nothing is counted', async () => {
    const session = await open();
    await signal(session, ADULT);
    expect(await test.age.sessions.complete(session.id, ESTIMATE)).toBe(true);
    expect(await metrics('signal_conflicts_total')).toEqual([]);
  });
});

describe('labels', () => {
  const RTA = 'RTA-5042-1996-1400-1577-RTA';

  it('are told to services', async () => {
    const { json } = await server.send('GET', '/v1/age/labels', { headers: { authorization: 'Bearer key' } });
    expect(json).toEqual({ rta: { header: { name: 'Rating', value: RTA }, meta: `<meta name="rating" content="${RTA}">` } });
    expect(LABEL_TARGETS.map(writeLabel).every((line) => line.includes(RTA) && !line.includes('\n'))).toBe(true);
    expect(commands.map(({ name }) => name)).toEqual(['age label']);
  });

  it('are on no page of ours: the page of a check is for everybody', async () => {
    const { url } = await open({ returnUrl: RETURN_URL });
    const page = await server.send('GET', new URL(url).pathname);
    expect([page.status, page.headers['rating'], page.text.includes('RTA-'), /name="?rating/i.test(page.text)]).toEqual([200, undefined, false, false]);
  });
});
