/** Asking witnesses: what becomes of their answers, good and bad, and how often they are asked. The witness is a small server that says what the test wants. */
import { createServer, type Server } from 'node:http';
import { mkdtemp, rm } from 'node:fs/promises';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import {
  cosign,
  createSignerKey,
  formatVerifierKey,
  openCheckpoint,
  parseAddCheckpoint,
  parseVerifierKey,
  peekCheckpoint,
  type SignerKey,
} from '@gatehouse/tlog';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { createFakeClock, type FakeClock } from '../../test/support/clock.ts';
import { createTestContext, type TestContext } from '../../test/support/context.ts';
import { createTestDatabase, type TestDatabase } from '../../test/support/database.ts';
import { auditLogFolder } from './audit.ts';
import { planRetry } from './cosign-rules.ts';
import { migrations } from './migrations.ts';
import { createLogService, type LogService } from './service.ts';

type Says = { readonly status: number; readonly body: string } | 'hang up';

const never = new AbortController().signal;
let database: TestDatabase;
let clock: FakeClock;
let test: TestContext;
let service: LogService;
let witness: SignerKey;
let server: Server;
let url = '';
let requests: { readonly path: string; readonly oldSize: number; readonly proof: number; readonly size: number }[] = [];
let say: (oldSize: number, checkpoint: string) => Says | Promise<Says>;

const sign = async (_oldSize: number, checkpoint: string, key = witness): Promise<Says> => ({
  status: 200,
  body: await cosign(checkpoint, key, Math.floor(clock.now().getTime() / 1000)),
});

beforeEach(async () => {
  clock = createFakeClock(new Date('2026-11-25T12:00:30.000Z'));
  requests = [];
  say = sign;
  witness = await createSignerKey('witness.example/w', new Uint8Array(32).fill(5), 'cosignature');
  server = createServer((incoming, outgoing) => {
    void (async () => {
      const chunks: Buffer[] = [];
      for await (const chunk of incoming) chunks.push(chunk as Buffer);
      const { oldSize, proof, checkpoint } = parseAddCheckpoint(Buffer.concat(chunks).toString('utf8'));
      requests.push({ path: incoming.url ?? '', oldSize, proof: proof.length, size: peekCheckpoint(checkpoint).size });
      const said = await say(oldSize, checkpoint);
      if (said === 'hang up') incoming.socket.destroy();
      else outgoing.writeHead(said.status).end(said.body);
    })().catch(() => outgoing.destroy());
  });
  await new Promise<void>((resolve) => void server.listen(0, '127.0.0.1', resolve));
  url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/w`;
  database = await createTestDatabase([{ domain: 'log', migrations }]);
  test = await createTestContext({ database: database.database, clock, config: { outboundAllow: '127.0.0.1' } });
  service = await createLogService(test.context);
});
afterEach(async () => {
  await test.dispose();
  await service.stop();
  await database.drop();
  await new Promise((resolve) => void server.close(resolve));
});

const cosigners = () => service.outside.cosigners;
const add = () => cosigners().add({ url, verifierKey: formatVerifierKey(witness) }, 'per_1');
const happen = async (n = 1): Promise<void> => {
  for (let i = 0; i < n; i++) await test.context.events.emit('access.changed', { change: 'key.created', subject: `key_${i}`, actor: 'local' });
};
const ask = async () => (await cosigners().askAll(never))[0];

describe('a witness of this log', () => {
  it('cosigns the published checkpoint; who did and when is kept, shown, exported and counts', async () => {
    await happen(3);
    await add();
    expect(await ask()).toMatchObject({ name: witness.name, size: 4, cosignedAt: '2026-11-25T12:00:30.000Z', failure: null, failingSince: null });
    await happen(2);
    expect(await ask()).toMatchObject({ size: 6 });
    expect(requests).toEqual([
      { path: '/w/add-checkpoint', oldSize: 0, proof: 0, size: 4 },
      { path: '/w/add-checkpoint', oldSize: 4, proof: expect.any(Number) as number, size: 6 },
    ]);
    expect(requests[1]?.proof).toBeGreaterThan(0);
    const own = parseVerifierKey((await service.status()).verifierKey);
    const { signed } = await openCheckpoint(await service.lastNote(), own.name, [own, witness]);
    expect(signed.map(({ key }) => key.name)).toEqual([own.name, witness.name]);
    // A proof that is handed out now convinces whoever knows the witness alone.
    expect((await service.prove(2)).proof).toContain(`— ${witness.name} `);
    expect(await service.anchors()).toEqual({ lastWitnessAt: clock.now(), lastStampAt: null, anchoredUpTo: 6 });
    await happen();
    const folder = await mkdtemp(join(tmpdir(), 'gatehouse-cosigned-'));
    await service.export(folder);
    const report = await auditLogFolder(folder, { key: own, witnesses: [witness] });
    await rm(folder, { recursive: true });
    expect(report).toMatchObject({ isIntact: true, entries: 7, anchoredUpTo: 6, anchors: [{ size: 4 }, { size: 6 }] });
    expect(report.ranges).toEqual([
      { from: 0, to: 5, by: [{ kind: 'witness', by: witness.name, at: '2026-11-25T12:00:30.000Z' }] },
      { from: 6, to: 6, by: [] },
    ]);
    const { rows } = await database.database.pool.query('select size, verifier_key as key, line from log.cosignature order by size');
    expect(rows).toMatchObject([
      { size: 4, key: formatVerifierKey(witness) },
      { size: 6, line: expect.stringMatching(/^— witness\.example\/w /) },
    ]);
  });

  it('is asked at most once a minute, and not again for what it has cosigned', async () => {
    await add();
    await cosigners().askDue(never);
    await happen();
    await cosigners().askDue(never);
    expect(requests).toHaveLength(1);
    clock.advance(29_999);
    await cosigners().askDue(never);
    expect(requests).toHaveLength(1);
    clock.advance(1);
    await Promise.all([cosigners().askDue(never), (await createLogService(test.context)).outside.cosigners.askDue(never)]);
    expect(requests).toHaveLength(2);
    clock.advance(60_000);
    await cosigners().askDue(never);
    expect(requests).toHaveLength(2);
  });

  it('that knows another size is asked again from there', async () => {
    await happen(2);
    await add();
    say = async (oldSize, checkpoint) => (oldSize === 2 ? sign(oldSize, checkpoint) : { status: 409, body: '2\n' });
    expect(await ask()).toMatchObject({ size: 3, failure: null });
    expect(requests.map(({ oldSize }) => oldSize)).toEqual([0, 2]);
  });

  it.each([
    ['unknown_log', { status: 404, body: '' }],
    ['unknown_key', { status: 403, body: '' }],
    ['refused', { status: 400, body: '' }],
    ['forked', { status: 422, body: '' }],
    ['rolled_back', { status: 409, body: '99\n' }],
    ['status', { status: 503, body: '' }],
    ['status', { status: 409, body: 'later\n' }],
    ['status', { status: 302, body: '' }],
    ['bad_answer', { status: 200, body: '' }],
    ['bad_answer', { status: 200, body: 'hello\n' }],
    ['bad_answer', { status: 200, body: 'x'.repeat(70_000) }],
    ['no_connection', 'hang up'],
  ] as const)('that does not cosign is shown with why (%s) and since when', async (failure, says) => {
    await happen();
    await add();
    say = () => says;
    const since = clock.now().toISOString();
    expect(await ask()).toMatchObject({ failure, failingSince: since, size: null });
    const note = await service.lastNote();
    clock.advance(60_000);
    expect(await ask()).toMatchObject({ failure, failingSince: since });
    expect(await service.lastNote()).toBe(note);
    expect((await service.status()).outside).toMatchObject({ anchoredUpTo: 0, cosigners: [{ failure, failingSince: since }] });
    say = sign;
    expect(await ask()).toMatchObject({ failure: null, failingSince: null, size: 2 });
  });

  it('whose answer another key signed, or that signs another checkpoint, adds nothing', async () => {
    await happen();
    await add();
    const stranger = await createSignerKey(witness.name, new Uint8Array(32).fill(6), 'cosignature');
    say = (oldSize, checkpoint) => sign(oldSize, checkpoint, stranger);
    expect(await ask()).toMatchObject({ failure: 'bad_answer' });
    say = (oldSize, checkpoint) => sign(oldSize, checkpoint.replace(/^/, 'x'));
    expect(await ask()).toMatchObject({ failure: 'bad_answer' });
    expect(await service.anchors()).toMatchObject({ anchoredUpTo: 0 });
  });

  it('that agrees about the size and not about the root has seen another history', async () => {
    await happen();
    await add();
    await ask();
    say = () => ({ status: 409, body: '2\n' });
    expect(await ask()).toMatchObject({ failure: 'forked' });
  });

  it('that names one size after the other is left for later', async () => {
    await happen(5);
    await add();
    let named = 0;
    say = () => ({ status: 409, body: `${(named += 1)}\n` });
    expect(await ask()).toMatchObject({ failure: 'busy' });
    expect(requests).toHaveLength(3);
  });

  it('that fails is asked less and less often', async () => {
    const now = new Date('2026-11-25T12:00:30.000Z');
    expect([1, 2, 3, 6, 7, 50].map((failures) => planRetry(now, failures).toISOString().slice(11, 16))).toEqual([
      '12:01',
      '12:02',
      '12:04',
      '12:32',
      '13:00',
      '13:00',
    ]);
    await add();
    say = () => ({ status: 500, body: '' });
    for (let minute = 0; minute < 16; minute++) {
      await cosigners().askDue(never);
      clock.advance(60_000);
    }
    // At 0, 1, 3, 7, 15.
    expect(requests).toHaveLength(5);
  });

  it('does not keep the others from cosigning', async () => {
    const second = await createSignerKey('second.example/w', new Uint8Array(32).fill(7), 'cosignature');
    await add();
    await cosigners().add({ url: 'http://127.0.0.1:9/', verifierKey: formatVerifierKey(second) }, 'per_1');
    await happen();
    expect((await cosigners().askAll(never)).map(({ name, failure }) => [name, failure])).toEqual([
      ['second.example/w', 'no_connection'],
      ['witness.example/w', null],
    ]);
  });

  it('is an outsider, at an address that may be called, once', async () => {
    await expect(cosigners().add({ url: 'http://10.0.0.1/', verifierKey: formatVerifierKey(witness) }, 'per_1')).rejects.toMatchObject({
      code: 'outbound_refused',
    });
    await expect(cosigners().add({ url, verifierKey: (await service.status()).verifierKey }, 'per_1')).rejects.toMatchObject({ code: 'invalid_request' });
    const other = await createSignerKey('other.example/log', new Uint8Array(32).fill(8));
    await service.outside.witness.add({ verifierKey: formatVerifierKey(other) }, 'per_1');
    const own = (await service.outside.witness.describe()).verifierKey ?? '';
    await expect(cosigners().add({ url, verifierKey: own }, 'per_1')).rejects.toMatchObject({ code: 'conflict' });
    await add();
    await expect(add()).rejects.toMatchObject({ code: 'conflict' });
    await cosigners().remove(witness.name, 'per_1');
    await expect(cosigners().remove(witness.name, 'per_1')).rejects.toMatchObject({ code: 'not_found' });
    expect(await cosigners().list()).toEqual([]);
  });
});
