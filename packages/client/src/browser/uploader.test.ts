/** What a page does when Gatehouse, the line or the site's own server fail in the middle. The browser's part is in packages/server/test/e2e. */
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it, vi } from 'vitest';
import { whole } from '../../test/stub.ts';
import { createUploader, type Uploader } from './uploader.ts';

const UPLOAD = `upl_${'0'.repeat(26)}`;
const FILE = new Blob(['the bytes of a picture']);

interface Asked {
  readonly path: string;
  readonly ticket: string;
  readonly permit: string | undefined;
  readonly bytes: number;
}
type Answer = { readonly status: number; readonly body?: object } | 'cut' | 'silence';

/** Answers in turn; the last one stays. */
let answers: Record<string, Answer[]>;
let asked: Asked[];
let tickets: number;
let permits: number;
const server = createServer(
  whole((body, request, response) => {
    const path = (request.url ?? '').split('?')[0] ?? '';
    const { authorization, 'gatehouse-permit': permit } = request.headers;
    asked.push({ path, ticket: authorization?.replace('Bearer ', '') ?? '', permit: permit === undefined ? undefined : String(permit), bytes: body.length });
    const list = answers[path] ?? [{ status: 404 }];
    const answer = list.length > 1 ? list.shift() : list[0];
    if (answer === 'silence') return;
    if (answer === undefined || answer === 'cut') return void request.socket.destroy();
    const reply =
      path === '/v1/permits' && answer.status === 200 ? { permitted: true, permit: `ghp_${(permits += 1)}`, message: 'yes', ...answer.body } : answer.body;
    response.writeHead(answer.status, { 'content-type': 'application/json' }).end(JSON.stringify(reply ?? {}));
  }),
);
let gatehouseUrl: string;
beforeAll(async () => {
  await new Promise<void>((done) => void server.listen(0, '127.0.0.1', done));
  gatehouseUrl = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
});
afterAll(() => {
  server.closeAllConnections();
  server.close();
});
beforeEach(() => {
  asked = [];
  tickets = 0;
  permits = 0;
  answers = { '/v1/permits': [{ status: 200 }], '/v1/send': [released] };
});

const released = { status: 200, body: { id: UPLOAD, state: 'released', receipt: 'a.b.c', message: 'ok' } };
const pending = { status: 202, body: { id: UPLOAD, state: 'pending', message: 'wait' } };
const problem = (status: number, code: string): Answer => ({ status, body: { code } });
const make = (changed: { readonly retries?: number; readonly getTicket?: () => Promise<string> } = {}): Uploader =>
  createUploader({ gatehouseUrl, getTicket: async () => `ght_${(tickets += 1)}`, createWorker: false, ...changed });
const sends = (): Asked[] => asked.filter(({ path }) => path === '/v1/send');

describe('a file', () => {
  it('is not sent again because the line breaks while its decision is awaited', async () => {
    answers['/v1/send'] = [pending];
    answers[`/v1/outcomes/${UPLOAD}`] = ['cut', problem(503, 'database_unavailable'), pending, released];
    expect(await make().upload(FILE)).toMatchObject({ kind: 'released', receipt: 'a.b.c' });
    expect(sends()).toHaveLength(1);
    answers[`/v1/outcomes/${UPLOAD}`] = [problem(404, 'not_found')];
    expect(await make().upload(FILE)).toMatchObject({ kind: 'failed' });
    expect(sends()).toHaveLength(2);
  });

  it('is sent again, with another permit, when nobody knows what became of it', async () => {
    answers['/v1/send'] = ['cut', problem(503, 'busy'), released];
    expect(await make().upload(FILE)).toMatchObject({ kind: 'released' });
    expect(sends().map(({ permit }) => permit)).toEqual(['ghp_1', 'ghp_2', 'ghp_3']);
  });

  it.each([
    [413, 'too_large', 'The file is too large.'],
    [422, 'digest_mismatch', 'The file was changed while it was sent. Please choose it again.'],
    [400, 'invalid_request', 'The file could not be sent at the moment. Please try again later.'],
  ])('is sent once when the answer would be the same: %s %s', async (status, code, message) => {
    answers['/v1/send'] = [problem(status, code)];
    expect(await make().upload(FILE)).toEqual({ kind: 'failed', message });
    expect(sends()).toHaveLength(1);
  });

  it('goes with the ticket that its permit is for, also when that one is used up', async () => {
    answers['/v1/send'] = [problem(403, 'ticket_spent'), released];
    expect(await make({ retries: 0 }).upload(FILE)).toMatchObject({ kind: 'released' });
    expect(asked.map(({ path, ticket, permit }) => [path, ticket, permit])).toEqual([
      ['/v1/permits', 'ght_1', undefined],
      ['/v1/send', 'ght_1', 'ghp_1'],
      ['/v1/permits', 'ght_2', undefined],
      ['/v1/send', 'ght_2', 'ghp_2'],
    ]);
    answers['/v1/send'] = [problem(403, 'ticket_spent')];
    expect(await make().upload(FILE)).toMatchObject({ kind: 'failed', message: expect.stringContaining('as much as is allowed') });
  });

  it('is not sent without a yes', async () => {
    for (const answer of [
      { status: 200, body: { permitted: false, permit: null, message: 'no' } },
      { status: 200, body: { permit: null } },
    ]) {
      answers['/v1/permits'] = [answer];
      expect(await make().upload(FILE)).toMatchObject({ kind: 'refused', id: undefined });
    }
    for (const answer of [{ status: 200, body: { permitted: 'yes' } }, { status: 503 }, 'cut'] as const) {
      answers['/v1/permits'] = [answer];
      expect(await make({ retries: 0 }).upload(FILE)).toMatchObject({ kind: 'failed' });
    }
    expect(await make({ retries: 0, getTicket: () => Promise.reject(new Error('signed out')) }).upload(FILE)).toMatchObject({ kind: 'failed' });
    expect(sends()).toEqual([]);
  });

  it('that is not what it was when it was chosen is not asked about', async () => {
    const changed = new (class extends Blob {
      override stream(): ReturnType<Blob['stream']> {
        return new Blob(['shorter']).stream();
      }
    })(['the bytes of a picture']);
    expect(await make().upload(changed)).toEqual({ kind: 'failed', message: 'The file could not be read. Please choose it again.' });
    expect(asked).toEqual([]);
  });

  describe('of which nothing is heard', () => {
    beforeEach(() => void vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] }));
    afterEach(() => void vi.useRealTimers());

    for (const path of ['/v1/permits', `/v1/outcomes/${UPLOAD}`])
      it(`has failed after some minutes: ${path}`, async () => {
        answers['/v1/send'] = [pending];
        answers[path] = ['silence'];
        const result = make({ retries: 0 }).upload(FILE);
        while (!asked.some((one) => one.path === path)) await new Promise((done) => void setImmediate(done));
        await vi.advanceTimersByTimeAsync(119_000);
        expect(await Promise.race([result, Promise.resolve('waits')])).toBe('waits');
        await vi.advanceTimersByTimeAsync(2_000);
        expect(await result).toMatchObject({ kind: 'failed' });
      });
  });

  it('is given up when the page says so', async () => {
    const stop = new AbortController();
    answers['/v1/send'] = ['cut'];
    const result = make().upload(FILE, { signal: stop.signal });
    setTimeout(() => stop.abort(new Error('enough')), 100);
    await expect(result).rejects.toThrow('enough');
  });
});

describe('headers for another transport', () => {
  it('are those of the check once, and of another question afterwards', async () => {
    const uploader = make();
    const check = await uploader.check(FILE);
    expect(await uploader.headersFor(check)).toEqual({ authorization: 'Bearer ght_1', 'gatehouse-permit': 'ghp_1' });
    answers['/v1/permits'] = [problem(401, 'unauthenticated'), { status: 200 }];
    expect(await uploader.headersFor(check)).toEqual({ authorization: 'Bearer ght_2', 'gatehouse-permit': 'ghp_2' });
    answers['/v1/permits'] = [{ status: 200, body: { permitted: false, permit: null, message: 'not any more' } }];
    await expect(uploader.headersFor(check)).rejects.toMatchObject({ name: 'NotPermitted', message: 'not any more' });
    await expect(make().headersFor(check)).rejects.toThrow(TypeError);
  });

  it('are not those of a check that was denied', async () => {
    answers['/v1/permits'] = [{ status: 200, body: { permitted: false, permit: null, message: 'no' } }];
    const uploader = make();
    await expect(uploader.headersFor(await uploader.check(FILE))).rejects.toMatchObject({ name: 'NotPermitted' });
  });

  it('have a new ticket after the one before ended, and can be renewed for nothing else', async () => {
    const uploader = make();
    expect(await uploader.headersToResume({ isFresh: true })).toEqual({ authorization: 'Bearer ght_1' });
    expect([uploader.canRenew({ status: 404, code: 'not_found' }), uploader.canRenew({ status: 422, code: 'not_published' })]).toEqual([false, false]);
    expect(uploader.canRenew({ status: 422, code: 'permit_invalid' })).toBe(true);
    expect(await uploader.headersToResume()).toEqual({ authorization: 'Bearer ght_1' });
    expect(uploader.canRenew({ status: 401, code: undefined })).toBe(true);
    await new Promise((done) => setTimeout(done));
    expect(await uploader.headersToResume()).toEqual({ authorization: 'Bearer ght_2' });
  });
});
