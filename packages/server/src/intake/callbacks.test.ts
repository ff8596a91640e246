import { createHmac, timingSafeEqual } from 'node:crypto';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { text } from 'node:stream/consumers';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import type { TestDatabase } from '../../test/support/database.ts';
import { createIntakeDatabase, emptyIntake, feedOf, NEVER, PERSON, startIntake, type TestIntake } from '../../test/support/intake.ts';
import { signCallback } from '../platform/webhooks.ts';
import { CallbackBodySchema, type CallbackBody, type UploadView } from './index.ts';

interface Delivery {
  readonly headers: IncomingMessage['headers'];
  readonly body: string;
}

/** A receiver on the loopback that answers what the test says. */
let server: Server;
let url = '';
let deliveries: Delivery[] = [];
let answer: (response: ServerResponse) => void = (response) => response.writeHead(204).end();
let db: TestDatabase;
let intake: TestIntake;

beforeAll(async () => {
  db = await createIntakeDatabase();
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
  await emptyIntake(db);
  intake = await startIntake({ db, config: { outboundAllow: [new URL(url).host] } });
});
afterEach(() => intake.stop());

const waiting = { principal: PERSON, waitS: 20, signal: NEVER };
const submit = (content: string, reference?: string): Promise<UploadView> =>
  intake.service.submit({ callbackUrl: url, ...(reference === undefined ? {} : { reference }) }, { ...waiting, feed: feedOf(content) });
const list = async (state?: 'pending' | 'delivered' | 'dead'): ReturnType<TestIntake['service']['listCallbacks']> =>
  intake.service.listCallbacks({ limit: 50, ...(state === undefined ? {} : { state }) });
/** Runs what is enqueued now, with the clock moved to where its delay ends. */
async function attempt(): Promise<void> {
  const delayS = intake.collected[0]?.options.delayS ?? 0;
  intake.clock.advance(delayS * 1000);
  const [job] = intake.collected.splice(0, 1);
  if (job !== undefined) await intake.service.upkeep.deliver(String(Reflect.get(job.data, 'callbackId')), NEVER);
}

/** Standard Webhooks 1.0, written from its text: base64 secret after `whsec_`, HMAC-SHA256 over `id.timestamp.payload`, `v1,` + base64. */
function isGenuine({ headers, body }: Delivery, secret: string): boolean {
  const signed = `${String(headers['webhook-id'])}.${String(headers['webhook-timestamp'])}.${body}`;
  const expected = createHmac('sha256', Buffer.from(secret.replace(/^whsec_/, ''), 'base64'))
    .update(signed)
    .digest();
  return String(headers['webhook-signature'])
    .split(' ')
    .some((part) => {
      const [version, value = ''] = part.split(',');
      const given = Buffer.from(value, 'base64');
      return version === 'v1' && given.length === expected.length && timingSafeEqual(given, expected);
    });
}

describe('the signature', () => {
  it('is that of the example in the specification', () => {
    // standard-webhooks/spec: secret, id, timestamp and payload of the reference libraries' own test.
    const signature = signCallback('whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw', {
      id: 'msg_p5jXN8AQM9LWM0D4loKWxJek',
      timestampS: 1614265330,
      body: '{"test": 2432232314}',
    });
    expect(signature).toBe('v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=');
  });

  it('can be checked by the receiver, with the secret of the installation', async () => {
    await submit('clear', 'post 7');
    await attempt();
    const secret = await intake.service.callbackSecret();
    expect(secret).toMatch(/^whsec_[A-Za-z0-9+/]{43}=$/);
    expect(await intake.service.callbackSecret()).toBe(secret);
    const [delivery] = deliveries;
    if (delivery === undefined) throw new Error('nothing was delivered');
    expect(isGenuine(delivery, secret)).toBe(true);
    expect(isGenuine({ ...delivery, body: delivery.body.replace('released', 'held') }, secret)).toBe(false);
    expect(isGenuine(delivery, `whsec_${Buffer.alloc(32).toString('base64')}`)).toBe(false);
    expect(Number(delivery.headers['webhook-timestamp'])).toBe(Math.floor(intake.clock.now().getTime() / 1000));
  });
});

describe('the body', () => {
  const received = (): CallbackBody => CallbackBodySchema.parse(JSON.parse(deliveries.at(-1)?.body ?? ''));

  it('of a release says what to publish, with its receipt', async () => {
    const view = await submit('clear', 'post 7');
    await attempt();
    expect(received()).toEqual({
      type: 'upload.decided',
      timestamp: view.decidedAt,
      data: {
        id: view.id,
        reference: 'post 7',
        state: 'released',
        sha256: view.sha256,
        size: 5,
        mediaType: 'image/png',
        receipt: view.receipt,
        message: 'The file was accepted.',
      },
    });
  });

  it('of a match names no list, no hit and no reason', async () => {
    await submit('match');
    await attempt();
    expect(received().data).toMatchObject({ state: 'held' });
    expect(deliveries[0]?.body).not.toMatch(/demonstration|hit|distance|verdict|match|list/);
  });

  it('of a withdrawal carries no receipt', async () => {
    const view = await submit('clear');
    await attempt();
    intake.screening.known.add(view.sha256 ?? '');
    intake.screening.version += 1;
    await intake.service.upkeep.recheck(0, NEVER);
    await attempt();
    expect(received()).toMatchObject({ type: 'receipt.revoked', data: { id: view.id, state: 'held' } });
    expect(received().data.receipt).toBeUndefined();
  });
});

describe('delivery', () => {
  it('is tried again with growing delays until the receiver recovers, with the same id and body', async () => {
    let failures = 3;
    answer = (response) => response.writeHead(failures-- > 0 ? 500 : 200).end('x'.repeat(100_000));
    await submit('clear');
    const delays: number[] = [];
    for (let count = 0; count < 4; count++) {
      delays.push(intake.collected[0]?.options.delayS ?? 0);
      await attempt();
    }
    expect(delays).toEqual([0, 5, 12, 31]);
    expect(new Set(deliveries.map(({ headers }) => headers['webhook-id'])).size).toBe(1);
    expect(new Set(deliveries.map(({ body }) => body)).size).toBe(1);
    expect((await list()).items).toMatchObject([{ state: 'delivered', attempts: 4, lastStatus: 200 }]);
    expect(intake.collected).toEqual([]);
  });

  it('follows no redirect', async () => {
    answer = (response) => response.writeHead(302, { location: url }).end();
    await submit('clear');
    await attempt();
    expect(deliveries).toHaveLength(1);
    expect((await list('pending')).items).toMatchObject([{ lastStatus: 302, lastFault: 'redirect' }]);
  });

  it('ends an attempt that breaks off, and names no more than a word', async () => {
    answer = (response) => void response.socket?.destroy();
    await submit('clear');
    await attempt();
    expect((await list('pending')).items).toMatchObject([{ lastFault: 'no_connection', attempts: 1 }]);
  });

  it('to a receiver that hangs is given up when the job is ended, and made again', async () => {
    answer = () => undefined;
    await submit('clear');
    const abort = new AbortController();
    const [job] = intake.collected.splice(0, 1);
    const id = String(Reflect.get(job?.data ?? {}, 'callbackId'));
    const hanging = intake.service.upkeep.deliver(id, abort.signal);
    await expect.poll(() => deliveries.length).toBe(1);
    // While it hangs nobody else delivers it too.
    await intake.service.upkeep.deliver(id, NEVER);
    expect(deliveries).toHaveLength(1);
    abort.abort();
    await hanging;
    expect((await list('pending')).items).toHaveLength(1);
    answer = (response) => response.writeHead(204).end();
    intake.clock.advance(300_000);
    await intake.service.upkeep.recover();
    await attempt();
    expect((await list('delivered')).items).toMatchObject([{ id, attempts: 2 }]);
  });

  it('goes to the dead letters after 24 hours, stays there to be seen, and can be sent again', async () => {
    answer = (response) => response.writeHead(503).end();
    const { id: uploadId } = await submit('clear');
    const startMs = intake.clock.now().getTime();
    while (intake.collected.length > 0) await attempt();
    const tookHours = (intake.clock.now().getTime() - startMs) / 3_600_000;
    expect(tookHours).toBeGreaterThan(22.9);
    expect(tookHours).toBeLessThanOrEqual(24);
    const [dead] = (await list('dead')).items;
    expect(dead).toMatchObject({ uploadId, state: 'dead', lastStatus: 503 });
    expect((await intake.service.summarise()).deadCallbacks).toBe(1);
    answer = (response) => response.writeHead(204).end();
    expect(await intake.service.resendCallback(dead?.id ?? '')).toMatchObject({ state: 'pending' });
    await attempt();
    expect((await list('delivered')).items).toMatchObject([{ id: dead?.id }]);
    await expect(intake.service.resendCallback(dead?.id ?? '')).rejects.toMatchObject({ code: 'conflict' });
    await expect(intake.service.resendCallback(`msg_${'0'.repeat(26)}`)).rejects.toMatchObject({ code: 'not_found' });
  });

  it('ends at once for a receiver that says it is gone', async () => {
    answer = (response) => response.writeHead(410).end();
    await submit('clear');
    await attempt();
    expect((await list('dead')).items).toMatchObject([{ attempts: 1, lastStatus: 410 }]);
  });

  it('survives a kill between the decision and the job', async () => {
    const { state } = await submit('clear');
    expect(state).toBe('released');
    intake.collected.splice(0);
    const again = await intake.restart();
    again.clock.advance(300_000);
    await again.service.upkeep.recover();
    await again.runJobs();
    expect(deliveries).toHaveLength(1);
  });
});

describe('an address', () => {
  it.each(['http://192.0.2.1/', 'https://127.0.0.1:1/', 'https://[::1]/', 'https://user:secret@example.org/', 'ftp://example.org/'])(
    '%s is refused when the upload is announced',
    async (callbackUrl) => {
      await expect(intake.service.create({ callbackUrl }, { principal: PERSON, idempotencyKey: undefined })).rejects.toMatchObject({
        code: 'outbound_refused',
        status: 422,
      });
      expect((await intake.service.summarise()).byState.created).toBe(0);
    },
  );
});
