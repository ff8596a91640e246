import { createHmac, timingSafeEqual } from 'node:crypto';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { text } from 'node:stream/consumers';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { CALLBACK_SECRET, createAgeDatabase, startAge, type TestAge } from '../../../test/support/age.ts';
import type { TestDatabase } from '../../../test/support/database.ts';
import { DELIVER_JOB } from './announce.ts';

const NEVER = new AbortController().signal;

interface Delivery {
  readonly headers: IncomingMessage['headers'];
  readonly body: string;
}

let server: Server;
let url = '';
let deliveries: Delivery[] = [];
let answer: (response: ServerResponse) => void = (response) => response.writeHead(204).end();
let db: TestDatabase;
let test: TestAge;
beforeAll(async () => {
  db = await createAgeDatabase();
  server = createServer((request, response) => {
    text(request)
      .then((body) => {
        deliveries.push({ headers: request.headers, body });
        answer(response);
      })
      // Whoever called went away while it was speaking.
      .catch(() => response.destroy());
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/hook`;
});
afterAll(async () => {
  server.closeAllConnections();
  server.close();
  await db.drop();
});
beforeEach(async () => {
  deliveries = [];
  answer = (response) => response.writeHead(204).end();
  test = await startAge({ db, config: { outboundAllow: [new URL(url).host] } });
});
afterEach(() => test.dispose());

async function complete(): Promise<string> {
  const { id } = await test.open({ callbackUrl: url });
  await test.age.sessions.complete(id, { result: 'true', grade: 3, method: 'wallet', kind: 'verified', generation: 1 });
  return id;
}

/** Runs what is enqueued now, with the clock moved to where its delay ends. */
async function attempt(): Promise<string> {
  const [job] = test.collected.splice(0, 1);
  test.clock.advance((job?.options.delayS ?? 0) * 1000);
  const callbackId = String(Reflect.get(job?.data ?? {}, 'callbackId'));
  await test.age.announcer.deliver(callbackId, NEVER);
  return callbackId;
}

/** As a receiver does it (Standard Webhooks): its own computation, over exactly what came. */
function isGenuine({ headers, body }: Delivery): boolean {
  const key = Buffer.from(CALLBACK_SECRET.slice('whsec_'.length), 'base64');
  const own = createHmac('sha256', key)
    .update(`${String(headers['webhook-id'])}.${String(headers['webhook-timestamp'])}.${body}`)
    .digest();
  const sent = Buffer.from(String(headers['webhook-signature']).slice('v1,'.length), 'base64');
  return sent.length === own.length && timingSafeEqual(own, sent);
}

describe('the callback', () => {
  it('announces the completed check with its signed result', async () => {
    const id = await complete();
    expect(test.collected).toMatchObject([{ name: DELIVER_JOB }]);
    const callbackId = await attempt();
    expect(deliveries).toHaveLength(1);
    const [delivery] = deliveries;
    const body = JSON.parse(delivery?.body ?? '') as { type: string; data: { id: string; result: string } };
    expect(body).toMatchObject({ type: 'age.session.completed', timestamp: '2026-11-25T12:00:00.000Z', data: { id, service: 'forum' } });
    expect(delivery?.headers['webhook-id']).toBe(callbackId);
    expect(await test.age.results.verify({ result: body.data.result, service: 'forum', once: true })).toMatchObject({ valid: true });
    expect(delivery !== undefined && isGenuine(delivery)).toBe(true);
  });

  it('tampering shows: body, id and time are signed, and the result itself is', async () => {
    await complete();
    await attempt();
    const [delivery] = deliveries;
    if (delivery === undefined) throw new Error('nothing came');
    const { headers, body } = delivery;
    expect(isGenuine({ headers, body: body.replace('age_', 'agf_') })).toBe(false);
    expect(isGenuine({ headers: { ...headers, 'webhook-id': 'msg_other' }, body })).toBe(false);
    expect(isGenuine({ headers: { ...headers, 'webhook-timestamp': '1' }, body })).toBe(false);
    const { result } = (JSON.parse(body) as { data: { result: string } }).data;
    const [head = '', payload = '', signature = ''] = result.split('.');
    const claims = JSON.parse(Buffer.from(payload, 'base64url').toString()) as object;
    const changed = Buffer.from(JSON.stringify({ ...claims, grade: 4 })).toString('base64url');
    expect(await test.age.results.verify({ result: `${head}.${changed}.${signature}`, service: 'forum', once: true })).toEqual({
      valid: false,
      reason: 'bad_signature',
    });
  });

  it('is tried again with growing delays, the same body each time, until it is taken', async () => {
    answer = (response) => response.writeHead(500).end();
    await complete();
    await attempt();
    await attempt();
    answer = (response) => response.writeHead(204).end();
    await attempt();
    expect(test.collected).toEqual([]);
    expect(new Set(deliveries.map(({ body }) => body)).size).toBe(1);
    expect(deliveries.map(({ headers }) => Number(headers['webhook-timestamp']) - 1_795_608_000)).toEqual([0, 5, 17]);
    expect(deliveries.every(isGenuine)).toBe(true);
  });

  it('ends when the result cannot be used any more', async () => {
    answer = (response) => response.writeHead(500).end();
    await complete();
    let attempts = 0;
    while (test.collected.length > 0 && attempts < 30) {
      await attempt();
      attempts += 1;
    }
    expect(test.collected).toEqual([]);
    expect(deliveries.length).toBeGreaterThan(4);
    expect(test.clock.now().getTime()).toBeLessThanOrEqual(Date.parse('2026-11-25T12:10:00Z'));
    expect((await test.context.metrics.render()).body).toContain('gatehouse_age_callbacks_total{outcome="dead"} 1');
  });

  it('whose job was lost is found again', async () => {
    await complete();
    test.collected.length = 0;
    test.clock.advance(61_000);
    await test.age.announcer.recover();
    await attempt();
    expect(deliveries).toHaveLength(1);
  });
});
