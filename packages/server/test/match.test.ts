/** Look-ups over HTTP, with the whole application behind them: real lists, real match threads. */
import { request } from 'node:http';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { ALL_RIGHTS, LOCAL_PRINCIPAL, type Right } from '../src/platform/http/rights.ts';
import type { LookUpReply } from '../src/screening/index.ts';
import { startTestApp, type TestApp } from './support/app.ts';
import { flipBits, valueOf } from './support/lists.ts';

/** 32 signals times so many rows is more than the calling thread compares itself: the threads do it. */
const ENTRIES = 40_000;
const HASHES = Array.from({ length: ENTRIES }, (_none, i) => valueOf('pdq', `entry ${i}`));

const WORDS = HASHES.map(toWords);

function toWords(hash: string): Uint32Array {
  return new Uint32Array(new Uint8Array(Buffer.from(hash, 'hex')).buffer);
}

/** Brute force: no structure of any kind. */
function findAll(query: string): { readonly entry: number; readonly distance: number }[] {
  const words = toWords(query);
  return WORDS.map((other, i) => ({ entry: i + 1, distance: other.reduce((sum, word, at) => sum + countOnes(word ^ (words[at] ?? 0)), 0) }))
    .filter(({ distance }) => distance <= 31)
    .toSorted((a, b) => a.distance - b.distance);
}

function countOnes(word: number): number {
  let [rest, ones] = [word >>> 0, 0];
  for (; rest !== 0; rest = (rest & (rest - 1)) >>> 0) ones += 1;
  return ones;
}

let app: TestApp;
let listId: string;

beforeAll(async () => {
  app = await startTestApp();
  const made = (await (await post('/v1/lists', { name: 'Threads', disposition: 'refuse' })).json()) as { id: string };
  listId = made.id;
  const body = `type,value,reference\n${HASHES.map((hash, i) => `pdq,${hash},case-${i + 1}`).join('\n')}\nmd5,${valueOf('md5', 'a')},case-md5\n`;
  const imported = await app.call(`/v1/lists/${listId}/import?format=csv`, { method: 'POST', body, headers: { 'content-type': 'application/octet-stream' } });
  expect(imported.status).toBe(200);
});
afterAll(() => app.stop());

const post = (path: string, json: unknown, headers: Record<string, string> = {}): Promise<Response> =>
  app.call(path, { method: 'POST', body: JSON.stringify(json), headers: { 'content-type': 'application/json', ...headers } });
const bearer = async (rights: readonly Right[]): Promise<Record<string, string>> => {
  const { secret } = await app.app.services.access.createKey({ name: 'a', rights: [...rights] }, LOCAL_PRINCIPAL);
  return { authorization: `Bearer ${secret}` };
};
const pdq = (value: string): object => ({ type: 'pdq', value });

describe('POST /v1/match', () => {
  it('answers in order, as a comparison of all with all, from the threads', async () => {
    const queries = Array.from({ length: 256 }, (_none, i) =>
      i % 2 === 0
        ? valueOf('pdq', `unknown ${i}`)
        : flipBits(
            HASHES[i * 150] ?? '',
            Array.from({ length: i % 36 }, (_bit, at) => at * 7),
          ),
    );
    // First: it keeps this process, and with it the server's connections, busy for seconds on a slow machine.
    const expected = new Map<number, ReturnType<typeof findAll>>();
    for (const [index, query] of queries.entries()) {
      if (index % 4 < 2) expected.set(index, findAll(query));
      // The runner, and the database's connections, are answered meanwhile.
      await nextTurn();
    }
    const before = await searches();
    const response = await post('/v1/match', { signals: queries.map(pdq) });
    expect(response.status).toBe(200);
    const reply = (await response.json()) as LookUpReply;
    expect(reply).toMatchObject({ complete: true, activeLists: 1, listSetVersion: app.app.services.lists.freshness().listSetVersion });
    expect(reply.results.map(({ index }) => index)).toEqual(queries.map((_query, index) => index));
    for (const [index, hits] of expected) {
      expect(reply.results[index]?.hits.map(({ entry, distance }) => ({ entry, distance }))).toEqual(hits);
      expect(reply.results[index]?.outcome).toBe(hits.length > 0 ? 'match' : 'no_match');
    }
    expect(reply.results.filter(({ outcome }) => outcome === 'match').length).toBeGreaterThan(90);
    // Eight parts: no comparison keeps a thread busy with more than 32 queries.
    expect((await searches()) - before).toBe(8);
  });

  const searches = async (): Promise<number> =>
    Number(/^gatehouse_lists_search_seconds_count (\d+)$/m.exec(await (await app.call('/metrics')).text())?.[1] ?? 0);

  it('needs the right to match, and shows references only with the right to read lists', async () => {
    const body = { signals: [{ type: 'md5', value: valueOf('md5', 'a') }, pdq(HASHES[4] ?? '')] };
    const others = await bearer(ALL_RIGHTS.filter((right) => right !== 'match'));
    const refused = await post('/v1/match', body, others);
    expect([refused.status, await refused.json()]).toEqual([403, expect.objectContaining({ code: 'forbidden', right: 'match' })]);
    expect((await fetch(`${app.url}/v1/match`, { method: 'POST', body: JSON.stringify(body) })).status).toBe(401);
    const plain = (await (await post('/v1/match', body, await bearer(['match']))).json()) as LookUpReply;
    expect(plain.results.map(({ hits }) => hits[0])).toEqual([
      { listId, listName: 'Threads', entry: ENTRIES + 1, distance: 0, disposition: 'refuse' },
      { listId, listName: 'Threads', entry: 5, distance: 0, disposition: 'refuse' },
    ]);
    const reader = (await (await post('/v1/match', body, await bearer(['match', 'lists:read']))).json()) as LookUpReply;
    expect(reader.results.map(({ hits }) => hits[0]?.reference)).toEqual(['case-md5', 'case-5']);
  });

  it('refuses what it does not understand, by field and without the value', async () => {
    const secret = 'abcdef0123456789';
    const answer = await post('/v1/match', { signals: [pdq(HASHES[0] ?? ''), pdq(secret), { type: 'md5', value: valueOf('md5', 'a'), quality: 3 }] });
    const text = await answer.text();
    expect([answer.status, JSON.parse(text)]).toEqual([
      400,
      expect.objectContaining({ errors: [expect.objectContaining({ at: '/signals/1/value' }), expect.objectContaining({ at: '/signals/2' })] }),
    ]);
    expect(text).not.toContain(secret);
    expect((await post('/v1/match', { signals: Array.from({ length: 257 }, () => pdq(HASHES[0] ?? '')) })).status).toBe(400);
    expect((await app.call('/v1/match', { method: 'POST', body: '{', headers: { 'content-type': 'application/json' } })).status).toBe(400);
    expect((await app.call('/v1/match', { method: 'POST', body: '{}', headers: { 'content-type': 'text/plain' } })).status).toBe(415);
    const long = await app.call('/v1/match', {
      method: 'POST',
      body: `{"signals":"${'a'.repeat(1_048_577)}"}`,
      headers: { 'content-type': 'application/json' },
    });
    expect(long.status).toBe(413);
  });

  it('a disabled entry does not match from the next look-up on', async () => {
    const body = { signals: [pdq(HASHES[9] ?? '')] };
    const outcome = async (): Promise<unknown> => ((await (await post('/v1/match', body)).json()) as LookUpReply).results[0]?.outcome;
    expect(await outcome()).toBe('match');
    await app.call(`/v1/lists/${listId}/entries/10/disable`, { method: 'POST' });
    expect(await outcome()).toBe('no_match');
    await app.call(`/v1/lists/${listId}/entries/10/enable`, { method: 'POST' });
    expect(await outcome()).toBe('match');
  });

  it('a list that is disabled leaves nothing to compare with: 503, not an empty answer', async () => {
    await app.call(`/v1/lists/${listId}/disable`, { method: 'POST' });
    const answer = await post('/v1/match', { signals: [pdq(HASHES[0] ?? '')] });
    expect([answer.status, answer.headers.get('retry-after'), await answer.json()]).toEqual([
      503,
      '5',
      expect.objectContaining({ code: 'lists_unavailable', reason: 'no_lists' }),
    ]);
    await app.call(`/v1/lists/${listId}/enable`, { method: 'POST' });
  });

  it('clients that go away take their comparisons with them', async () => {
    const { lists } = app.app.services;
    const headers = { authorization: `Bearer ${app.key}`, 'content-type': 'application/json' };
    const body = JSON.stringify({ signals: Array.from({ length: 256 }, (_none, i) => pdq(valueOf('pdq', `gone ${i}`))) });
    // More than the threads can answer before the first of them is seen to be under way.
    const all = Array.from({ length: 40 }, () => request(`${app.url}/v1/match`, { method: 'POST', headers, agent: false }));
    for (const outgoing of all) outgoing.on('error', () => undefined).end(body);
    while (lists.matchQueueLength() < 4) await nextTurn();
    for (const outgoing of all) outgoing.destroy();
    await vi.waitFor(
      async () => expect(await (await app.call('/metrics')).text()).toMatch(/gatehouse_look_up_failures_total\{reason="cancelled"\} [1-9]/),
      10_000,
    );
    await vi.waitFor(() => expect(lists.matchQueueLength()).toBe(0), 10_000);
    expect((await post('/v1/match', { signals: [pdq(HASHES[0] ?? '')] })).status).toBe(200);
  });
});
