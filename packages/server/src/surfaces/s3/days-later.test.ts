/** What becomes of objects when the store is away, or does less than it should, for longer than receipts and uploads last. */
import { createHash } from 'node:crypto';
import { afterAll, beforeAll, beforeEach, expect, it, vi } from 'vitest';
import { NEVER, PERSON } from '../../../test/support/intake.ts';
import { sendForm } from '../../../test/support/s3-contract.ts';
import { openS3Scene, type S3Scene } from '../../../test/support/s3-scene.ts';
import { openInProcess, type S3Server } from '../../../test/support/s3-server.ts';
import { GatehouseError } from '../../platform/errors.ts';

const DAY_MS = 86_400_000;
let store: Awaited<ReturnType<typeof openInProcess>>;
let server: S3Server;
let scene: S3Scene;
let content: string;
let tests = 0;

beforeAll(async () => {
  store = await openInProcess();
  ({ server } = store);
  server.skewMs = Infinity;
  // A service that wants list changes to count for longer than Gatehouse keeps the content.
  scene = await openS3Scene(store, { config: { receiptTtlMinutes: 90 * 1440 } });
});
afterAll(async () => {
  await scene.stop();
  await store.close();
});
beforeEach(() => {
  server.fault = () => undefined;
  tests += 1;
  content = `clear ${tests}`;
});

async function send(at = scene): Promise<string> {
  const upload = await at.service.createUpload({ method: 'POST', reference: content }, PERSON);
  expect(await sendForm(upload, content)).toBe(204);
  return upload.id;
}

const readAll = async (at = scene): Promise<string[]> => [...(await at.readReleased()).values()].map(String);
const isReleased = (bucket: string, at = scene): boolean => bucket === at.buckets.released;

/** Uploads that are over end, and are forgotten when they have been over for long. */
async function pass(days: number, at = scene): Promise<void> {
  at.intake.clock.advance(days * DAY_MS);
  await at.intake.service.upkeep.sweep(NEVER);
  await at.settle({ lists: false });
}

/** From now on the lists hold it. */
async function learn(): Promise<void> {
  const { screening, service } = scene.intake;
  screening.known.add(createHash('sha256').update(content).digest('hex'));
  screening.version += 1;
  await service.upkeep.recheck(screening.version, NEVER);
}

it('a list change after Gatehouse let its own copy go: the object is taken out of the released bucket', async () => {
  const id = await send();
  await scene.settle();
  await pass(2);
  expect(await readAll()).toContain(content);
  await learn();
  await scene.settle({ lists: false });
  expect(await readAll()).not.toContain(content);
  expect((await scene.service.findObject(id)).state).toBe('kept');
});

it('the same, and the upload is forgotten before the store can be asked', async () => {
  await send();
  await scene.settle();
  await pass(2);
  server.fault = () => 'unavailable';
  await learn();
  await scene.settle({ lists: false });
  await pass(40);
  server.fault = () => undefined;
  await pass(1);
  expect(await readAll()).not.toContain(content);
});

it('the same, while a step of the object is under way', async () => {
  const id = await send();
  const isDeletion = (method: string, bucket: string): boolean => method === 'DELETE' && bucket === scene.buckets.quarantine;
  server.fault = ({ method, bucket }) => (isDeletion(method, bucket) ? 'unavailable' : undefined);
  await scene.settle();
  let learnt = 0;
  server.fault = async ({ method, bucket }) => {
    if (!isDeletion(method, bucket) || (await scene.intake.service.get(id, { principal: PERSON, waitS: 0, signal: NEVER })).state !== 'expired')
      return undefined;
    if (learnt === 0) await learn();
    learnt += 1;
    return undefined;
  };
  await pass(2);
  expect(learnt).toBeGreaterThan(0);
  expect(await readAll()).not.toContain(content);
});

it('deleted while the store is away for so long that the upload is forgotten: taken out, and not taken in again', async () => {
  const id = await send();
  await scene.settle();
  server.fault = ({ bucket }) => (isReleased(bucket) ? 'denied' : undefined);
  await scene.intake.service.remove(id, 'test');
  await scene.settle({ lists: false });
  await pass(40);
  server.fault = () => undefined;
  await pass(1);
  await scene.settle();
  expect(await readAll()).not.toContain(content);
});

it('no object is called promoted once its clearance is withdrawn, also while the store is away', async () => {
  const id = await send();
  await scene.settle();
  server.fault = () => 'unavailable';
  scene.intake.screening.answer = async () => ({ verdict: 'unscannable', reason: 'undecodable' });
  await scene.intake.service.rescreen(id, { principal: PERSON, waitS: 5, signal: NEVER });
  await scene.settle({ lists: false });
  expect(await scene.service.findObject(id)).toEqual({ id, state: 'received', fault: 'unavailable' });
  scene.intake.screening.answer = undefined;
  await scene.intake.service.rescreen(id, { principal: PERSON, waitS: 5, signal: NEVER });
  expect(await scene.service.findObject(id)).toEqual({ id, state: 'received', fault: 'unavailable' });
  server.fault = () => undefined;
  await pass(0.1);
  expect(await scene.service.findObject(id)).toMatchObject({ state: 'promoted' });
  server.fault = () => 'unavailable';
  await learn();
  const told = await scene.service.findObject(id);
  expect([told.state, told.released]).toEqual(['kept', undefined]);
  await scene.settle({ lists: false });
  expect((await scene.service.findObject(id)).released).toBeUndefined();
});

it('a key that may not delete from quarantine: what was published stays, also when its upload is forgotten', async () => {
  server.fault = ({ method, bucket }) => (method === 'DELETE' && bucket === scene.buckets.quarantine ? 'denied' : undefined);
  const id = await send();
  await scene.settle();
  for (const days of [2, 40, 40]) await pass(days);
  server.fault = () => undefined;
  expect(await readAll()).toContain(content);
  expect(await scene.service.findObject(id)).toMatchObject({ state: 'promoted', fault: 'denied' });
  await pass(1);
  expect(await scene.listQuarantine()).toEqual([]);
});

it.each([
  ['its receipt has run out', 60, 90 * 1440],
  ['its upload has ended', 90 * 1440, 60],
])('cleared, and the released bucket refuses it until %s: it is published when it can be', async (_what, receiptTtlMinutes, uploadTtlMinutes) => {
  const own = await openS3Scene(store, { config: { receiptTtlMinutes, uploadTtlMinutes } });
  server.fault = ({ method, bucket }) => (method === 'PUT' && isReleased(bucket, own) ? 'denied' : undefined);
  await send(own);
  await own.settle();
  await pass(2, own);
  server.fault = () => undefined;
  await pass(0.1, own);
  await pass(0.1, own);
  expect(await readAll(own)).toEqual([content]);
  expect(await own.listQuarantine()).toEqual([]);
  await own.stop();
});

it.each(['database_unavailable', 'storage_failed'] as const)(
  'cleared, its receipt has run out, and when that is looked at: %s. It is published',
  async (code) => {
    const own = await openS3Scene(store, { config: { receiptTtlMinutes: 60, uploadTtlMinutes: 90 * 1440 } });
    server.fault = ({ method, bucket }) => (method === 'PUT' && isReleased(bucket, own) ? 'denied' : undefined);
    const id = await send(own);
    await own.settle();
    server.fault = () => undefined;
    vi.spyOn(own.intake.service, 'openContent').mockRejectedValueOnce(new GatehouseError(code, 'for a moment'));
    await pass(2, own);
    expect(await own.service.findObject(id)).toEqual({ id, state: 'received', fault: code });
    await pass(0.1, own);
    await pass(0.1, own);
    expect(await readAll(own)).toEqual([content]);
    await own.stop();
  },
);

it.each([false, true])('screened again and held, and the store is away until the upload has expired: it is taken out (during a step: %s)', async (isDuring) => {
  const own = await openS3Scene(store, { config: { heldTtlDays: 1 } });
  const isDeletion = (method: string, bucket: string): boolean => method === 'DELETE' && bucket === own.buckets.quarantine;
  if (isDuring) server.fault = ({ method, bucket }) => (isDeletion(method, bucket) ? 'unavailable' : undefined);
  const id = await send(own);
  await own.settle();
  expect(await readAll(own)).toEqual([content]);
  own.intake.screening.answer = async () => ({ verdict: 'unscannable', reason: 'undecodable' });
  const hold = async (): Promise<void> => {
    server.fault = () => 'unavailable';
    await own.intake.service.rescreen(id, { principal: PERSON, waitS: 5, signal: NEVER });
  };
  if (isDuring)
    server.fault = async ({ method, bucket }) => {
      if (isDeletion(method, bucket)) await hold();
      return undefined;
    };
  else await hold();
  await pass(0.01, own);
  await pass(2, own);
  expect((await own.intake.service.get(id, { principal: PERSON, waitS: 0, signal: NEVER })).state).toBe('expired');
  expect((await own.service.findObject(id)).released).toBeUndefined();
  server.fault = () => undefined;
  await pass(0.1, own);
  expect(await readAll(own)).toEqual([]);
  await own.stop();
});

it('a key that may not delete from quarantine: what was held is not read again as another upload when it has expired', async () => {
  const own = await openS3Scene(store, { config: { heldTtlDays: 1 } });
  content = `match ${tests}`;
  server.fault = ({ method, bucket }) => (method === 'DELETE' && bucket === own.buckets.quarantine ? 'denied' : undefined);
  await send(own);
  await own.settle();
  for (const days of [2, 2]) await pass(days, own);
  expect((await own.intake.service.list({ limit: 10 }, PERSON)).items).toHaveLength(1);
  server.fault = () => undefined;
  await pass(1, own);
  expect(await own.listQuarantine()).toEqual([]);
  await own.stop();
});

it('screened again, cleared, and the released bucket refuses it until that receipt has run out: it is published again when it can be', async () => {
  const own = await openS3Scene(store, { config: { receiptTtlMinutes: 60, uploadTtlMinutes: 90 * 1440 } });
  const id = await send(own);
  await own.settle();
  server.fault = ({ method, bucket }) => (method === 'PUT' && isReleased(bucket, own) ? 'denied' : undefined);
  await own.intake.service.rescreen(id, { principal: PERSON, waitS: 0, signal: NEVER });
  await own.settle({ lists: false });
  await pass(2, own);
  server.fault = () => undefined;
  await pass(0.1, own);
  await pass(0.1, own);
  expect(await readAll(own)).toEqual([content]);
  await own.stop();
});

it('released by the policy without a receipt: kept, also after its upload ended, and never in the released bucket', async () => {
  const own = await openS3Scene(store, { config: { onUnscannable: 'release' } });
  content = `unscannable ${tests}`;
  const id = await send(own);
  await own.settle();
  expect(await own.service.findObject(id)).toEqual({ id, state: 'kept', fault: 'no_receipt' });
  await pass(2, own);
  expect(await readAll(own)).toEqual([]);
  expect((await own.intake.service.list({ limit: 10 }, PERSON)).items).toHaveLength(1);
  await own.stop();
});

it('a store that does not list yet what it holds: an object is taken out all the same', async () => {
  const id = await send();
  await scene.settle();
  server.unlisted.add(id);
  await scene.intake.service.remove(id, 'test');
  await scene.settle({ lists: false });
  server.unlisted.delete(id);
  expect(await readAll()).not.toContain(content);
});

it('a store that lists no versions, and 404 to HEAD of something that stands before it: an object is taken out all the same', async () => {
  const own = await openS3Scene(store, { isVersioned: false });
  const id = await send(own);
  await own.settle();
  server.hasVersions = false;
  server.fault = ({ method, bucket }) => (method === 'HEAD' && isReleased(bucket, own) ? 'elsewhere' : undefined);
  await own.intake.service.remove(id, 'test');
  await own.settle({ lists: false });
  server.hasVersions = true;
  server.fault = () => undefined;
  expect(await readAll(own)).toEqual([]);
  await own.stop();
});

it('404 of something that stands before the store is not the word of the store: nothing is given up', async () => {
  const id = await send();
  await scene.service.reconcile(NEVER);
  server.fault = () => 'elsewhere';
  await scene.settle({ lists: false });
  expect((await scene.service.findObject(id)).state).toBe('found');
  server.fault = ({ method }) => (method === 'DELETE' ? 'elsewhere' : undefined);
  await pass(0.01);
  server.fault = () => undefined;
  await pass(0.01);
  expect(await readAll()).toContain(content);
  expect(await scene.listQuarantine()).toEqual([]);
});
