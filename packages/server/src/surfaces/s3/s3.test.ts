/** The contract of the room against the store in this process, and the faults that only it can make. */
import { setTimeout as sleep } from 'node:timers/promises';
import { sql } from 'kysely';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { NEVER, PERSON } from '../../../test/support/intake.ts';
import { describeS3Contract, readHinted, sendForm } from '../../../test/support/s3-contract.ts';
import { openS3Scene, type S3Scene } from '../../../test/support/s3-scene.ts';
import { openInProcess, type S3Server } from '../../../test/support/s3-server.ts';
import { leaseDue } from './store.ts';

describeS3Contract('in this process', openInProcess);

describe('faults of the store', () => {
  let store: Awaited<ReturnType<typeof openInProcess>>;
  let server: S3Server;
  let scene: S3Scene;
  let tests = 0;
  beforeAll(async () => {
    store = await openInProcess();
    ({ server } = store);
    // Time is moved here, and stores look at it.
    server.skewMs = Infinity;
    scene = await openS3Scene(store);
  });
  afterAll(async () => {
    await scene.stop();
    await store.close();
  });
  let content: string;
  beforeEach(async () => {
    server.fault = () => undefined;
    // Connections that were cut before are noticed, and not used again.
    await sleep(20);
    tests += 1;
    content = `clear ${tests}`;
  });
  const send = async (): Promise<string> => {
    const upload = await scene.service.createUpload({ method: 'POST' }, PERSON);
    expect(await sendForm(upload, content)).toBe(204);
    return upload.id;
  };
  const released = async (id: string): Promise<string | undefined> => (await scene.readReleased()).get(id)?.toString();
  const later = async (): Promise<void> => {
    scene.intake.clock.advance(600_000);
    await scene.settle();
  };

  it.each([
    ['connection cut in mid-read', 'cut'],
    ['truncated GET', 'truncate'],
    ['store down while it is read', 'unavailable'],
  ] as const)('%s: nothing of it is taken, and it is read again', async (_name, fault) => {
    const id = await send();
    server.fault = ({ method, key }, isDone) => (method === 'GET' && key !== '' && isDone === (fault !== 'unavailable') ? fault : undefined);
    await scene.service.reconcile(NEVER);
    await scene.service.drain(NEVER);
    expect(await scene.service.findObject(id)).toMatchObject({ state: 'found', fault: expect.stringMatching(/length_mismatch|unavailable/) });
    expect((await scene.service.status()).failing).toBe(1);
    server.fault = () => undefined;
    await later();
    expect(await released(id)).toBe(content);
    expect((await scene.service.status()).failing).toBe(0);
  });

  it.each([
    ['refused', 'unavailable', false],
    ['cut before', 'cut', false],
    ['cut after it took effect', 'cut', true],
  ] as const)('the write to the released bucket %s: written once, when it can be', async (_name, fault, isDone) => {
    const id = await send();
    server.fault = ({ method, bucket }, done) => (method === 'PUT' && bucket === scene.buckets.released && done === isDone ? fault : undefined);
    await scene.settle();
    // Where its decision woke it meanwhile, it was looked at once more at once, and what was written was found although the answer was lost.
    const { state } = await scene.service.findObject(id);
    expect(isDone ? ['promoted', 'received'] : ['received']).toContain(state);
    expect(server.buckets.get(scene.buckets.quarantine)?.objects.size).toBe(state === 'promoted' ? 0 : 1);
    server.fault = () => undefined;
    await later();
    expect(
      server.buckets
        .get(scene.buckets.released)
        ?.objects.get(id)
        ?.map(({ bytes }) => bytes.toString()),
    ).toEqual([content]);
    expect(server.buckets.get(scene.buckets.quarantine)?.objects.size).toBe(0);
  });

  it('deletion from quarantine refused: tried again, written once', async () => {
    const id = await send();
    server.fault = ({ method }, isDone) => (method === 'DELETE' && !isDone ? 'unavailable' : undefined);
    await scene.settle();
    expect(await scene.service.findObject(id)).toMatchObject({ state: 'promoted', fault: 'unavailable' });
    server.fault = () => undefined;
    await later();
    expect(server.buckets.get(scene.buckets.released)?.objects.get(id)).toHaveLength(1);
    expect(server.buckets.get(scene.buckets.quarantine)?.objects.size).toBe(0);
  });

  it('clearance withdrawn while it was written: out again', async () => {
    const id = await send();
    server.fault = ({ method, bucket }, isDone) => {
      if (method === 'PUT' && bucket === scene.buckets.released && isDone) {
        server.fault = () => undefined;
        scene.intake.screening.answer = async () => ({ verdict: 'unscannable', reason: 'undecodable' });
        withdrawn = scene.intake.service.rescreen(id, { principal: PERSON, waitS: 5, signal: NEVER });
        // It is waited for only later, and whoever waits is told.
        withdrawn.catch(() => undefined);
      }
      return undefined;
    };
    let withdrawn: Promise<unknown> | undefined;
    await scene.settle();
    await later();
    await withdrawn;
    await later();
    scene.intake.screening.answer = undefined;
    expect(withdrawn).toBeDefined();
    expect(await released(id)).toBeUndefined();
    expect((await scene.service.findObject(id)).state).toBe('kept');
  });

  it('pages, and a delete marker at the end of one', async () => {
    const { objects } = server.addBucket(scene.buckets.quarantine);
    for (const key of ['p1', 'p2', 'p3', 'p4']) await scene.put(key, `clear ${key}`);
    await scene.put('p2', 'clear p2 again');
    await scene.client.remove({ bucket: scene.buckets.quarantine, key: 'p2' as never }, NEVER);
    server.pageKeys = 2;
    expect(objects.get('p2')).toHaveLength(3);
    expect(await scene.service.reconcile(NEVER)).toEqual({ listed: 3, found: 3 });
    server.pageKeys = 1000;
    await scene.settle();
    // The service's own versions under its delete marker stay: they are its to remove.
    expect([...objects.keys()]).toEqual(['p2']);
    objects.clear();
  });

  it('a store that keeps the bytes and drops what they are for: taken out again, and tried again', async () => {
    const id = await send();
    const objects = server.buckets.get(scene.buckets.released)?.objects;
    server.fault = ({ method, bucket }, isDone) => {
      if (method === 'PUT' && bucket === scene.buckets.released && isDone)
        objects?.set(
          id,
          (objects.get(id) ?? []).map((version) => ({ ...version, headers: {} })),
        );
      return undefined;
    };
    await scene.settle();
    expect(await scene.service.findObject(id)).toMatchObject({ state: 'received', fault: 'bytes_differ' });
    expect(objects?.has(id)).toBe(false);
    server.fault = () => undefined;
    await later();
    await isOnce(id);
  });

  it('a listing that goes in a circle ends, and is a fault', async () => {
    for (const key of ['circle', 'circle-2', 'circle-3']) await scene.put(key, content);
    server.goesInCircles = true;
    for (const pageKeys of [1000, 1, 2]) {
      server.pageKeys = pageKeys;
      await expect(scene.service.reconcile(NEVER)).rejects.toMatchObject({ code: 'storage_failed' });
    }
    server.pageKeys = 1000;
    server.goesInCircles = false;
    expect((await scene.service.status()).lastListingFault).toBe('malformed');
    await scene.settle();
    expect((await scene.service.status()).lastListingFault).toBeUndefined();
  });

  /** The store copies whatever is newest, and a newer version came after the one that was taken up. */
  const beginFalseCopy = async () => {
    const copying = await openS3Scene(store, { config: { s3Promote: 'copy-version' } });
    const upload = await copying.service.createUpload({ method: 'POST' }, PERSON);
    await sendForm(upload, content);
    await copying.service.reconcile(NEVER);
    // As long as the other one, so that only its bytes tell.
    await sendForm(upload, content.replace('clear', 'match'));
    server.copiesNewest = true;
    return { copying, upload };
  };

  it('a store that copies another version than was asked for: what it copied is taken out again, and tried again', async () => {
    const { copying, upload } = await beginFalseCopy();
    await copying.settle({ lists: false });
    expect(await copying.service.findObject(upload.id)).toMatchObject({ state: 'received', fault: 'bytes_differ' });
    expect((await copying.readReleased()).size).toBe(0);
    server.copiesNewest = false;
    copying.intake.clock.advance(600_000);
    await copying.settle();
    expect([...(await copying.readReleased())].map(String)).toEqual([`${upload.id},${content}`]);
    await copying.stop();
  });

  it('copied, and the store gone before that was read again: nothing counts as there that nobody compared', async () => {
    const { copying, upload } = await beginFalseCopy();
    // Neither read again nor taken out.
    const isReleased = (bucket: string): boolean => bucket === copying.buckets.released;
    server.fault = ({ method, bucket, key }) => (isReleased(bucket) && (method === 'DELETE' || (method === 'GET' && key !== '')) ? 'cut' : undefined);
    await copying.settle({ lists: false });
    expect(server.buckets.get(copying.buckets.released)?.objects.get(upload.id)).toHaveLength(1);
    expect((await copying.service.findObject(upload.id)).state).toBe('received');
    server.fault = () => undefined;
    server.copiesNewest = false;
    copying.intake.clock.advance(600_000);
    await copying.settle({ lists: false });
    expect([...(await copying.readReleased())].map(String)).toEqual([`${upload.id},${content}`]);
    await copying.stop();
  });

  it('a lease that another node took meanwhile: what the first one wrote late is looked for, and taken out', async () => {
    const id = await send();
    const { sql: db } = scene.intake.context.database;
    let isTaken = false;
    server.fault = async ({ method, bucket }, isDone) => {
      if (method !== 'PUT' || bucket !== scene.buckets.released || !isDone || isTaken) return undefined;
      isTaken = true;
      // As the other node leaves it: deleted here, its object kept, nothing due.
      await scene.intake.service.remove(id, 'test');
      await sql`update surfaces.s3_object set state = 'kept', lease_node = null, lease_until = null, next_at = null where upload_id = ${id}`.execute(db);
      return undefined;
    };
    await scene.settle();
    expect(isTaken).toBe(true);
    expect(await released(id)).toBeUndefined();
    expect((await scene.service.findObject(id)).state).toBe('kept');
  });

  it('a lease that is lost while an object is read: it is left to the other node', async () => {
    const id = await send();
    const { sql: db } = scene.intake.context.database;
    server.fault = async ({ method, key }, isDone) => {
      if (method !== 'GET' || key === '' || isDone) return undefined;
      await sql`update surfaces.s3_object set lease_node = 'other', lease_until = 'infinity' where object_key = ${key}`.execute(db);
      scene.intake.clock.advance(20_001);
      // For the renewal, which finds that the lease is another's.
      await sleep(200);
      return undefined;
    };
    await scene.settle();
    expect((await scene.service.findObject(id)).state).toBe('found');
    expect((await scene.intake.service.get(id, { principal: PERSON, waitS: 0, signal: NEVER })).state).not.toMatch(/released|received/);
    server.fault = () => undefined;
    await sql`update surfaces.s3_object set lease_until = ${scene.intake.clock.now()} where lease_node = 'other'`.execute(db);
    await scene.settle({ lists: false });
    await isOnce(id);
  });

  it('versions of one key are taken up one after the other, the oldest first; one that fails holds up no other', async () => {
    const upload = await scene.service.createUpload({ method: 'POST' }, PERSON);
    await sendForm(upload, content);
    await sleep(5);
    await sendForm(upload, `${content} again`);
    await scene.service.reconcile(NEVER);
    const { sql: db } = scene.intake.context.database;
    const now = scene.intake.clock.now();
    const versions = server.buckets.get(scene.buckets.quarantine)?.objects.get(upload.fields['key'] ?? '') ?? [];
    const lease = async (): Promise<(string | null)[]> =>
      (await leaseDue(db, { node: 'other', now, until: now, limit: 10 })).map(({ version_id: versionId }) => versionId);
    expect(await lease()).toEqual([versions[1]?.versionId]);
    const retry = new Date(now.getTime() + 1000);
    await sql`update surfaces.s3_object set attempts = 1, next_at = ${retry} where version_id = ${versions[1]?.versionId}`.execute(db);
    expect(await lease()).toEqual([versions[0]?.versionId]);
    await sql`update surfaces.s3_object set attempts = 0, next_at = ${now} where version_id = ${versions[1]?.versionId}`.execute(db);
    await scene.settle({ lists: false });
    await isOnce(upload.id);
  });

  it('without versions: what was stored again after it was read is not deleted, also when it has the same bytes', async () => {
    const flat = await openS3Scene(store, { isVersioned: false });
    await flat.put('same', content);
    await flat.service.reconcile(NEVER);
    const objects = server.buckets.get(flat.buckets.quarantine)?.objects;
    server.fault = ({ method, bucket }, isDone) => {
      if (method === 'PUT' && bucket === flat.buckets.released && isDone)
        objects?.set(
          'same',
          (objects.get('same') ?? []).map((version) => ({ ...version, at: new Date(version.at.getTime() + 5000) })),
        );
      return undefined;
    };
    await flat.settle({ lists: false });
    expect(objects?.has('same')).toBe(true);
    server.fault = () => undefined;
    await flat.settle();
    expect(objects?.has('same')).toBe(false);
    expect([...(await flat.readReleased()).values()].map(String)).toEqual([content, content]);
    await flat.stop();
  });

  it('an event is looked at while its sender waits; when the store is away or many keys are named, a job does it', async () => {
    const record = (key: string): object => ({ eventName: 's3:ObjectCreated:Put', s3: { bucket: { name: scene.buckets.quarantine }, object: { key } } });
    const jobs = (): number => scene.intake.collected.filter(({ name }) => name === 'surfaces.s3_look').length;
    const before = jobs();
    await scene.put('told', content);
    await scene.service.takeHints({ Records: [record('told')] }, NEVER);
    await scene.settle({ lists: false });
    expect([...(await scene.readReleased()).values()].map(String)).toContain(content);
    expect(jobs()).toBe(before);
    server.fault = () => 'unavailable';
    expect(await scene.service.takeHints({ Records: [record('away')] }, NEVER)).toBe(1);
    expect(readHinted(scene)).toEqual(['away']);
    server.fault = () => undefined;
    expect(await scene.service.takeHints({ Records: [record('not-listed-yet')] }, NEVER)).toBe(1);
    expect(readHinted(scene)).toEqual(['not-listed-yet']);
    const many = Array.from({ length: 9 }, (_none, at) => `many-${at}`);
    const asked = server.seen.length;
    expect(await scene.service.takeHints({ Records: many.map(record) }, NEVER)).toBe(9);
    expect(readHinted(scene)).toEqual(many);
    expect(server.seen.length).toBe(asked);
  });

  it('more versions of a released object than one page names: all are taken out', async () => {
    const id = await send();
    await scene.settle();
    const bucket = server.buckets.get(scene.buckets.released);
    const [version] = bucket?.objects.get(id) ?? [];
    bucket?.objects.set(
      id,
      ['1', '2', '3', '4', '5'].flatMap((versionId) => (version === undefined ? [] : [{ ...version, versionId }])),
    );
    server.pageKeys = 2;
    await scene.intake.service.remove(id, 'test');
    await scene.settle({ lists: false });
    server.pageKeys = 1000;
    expect(bucket?.objects.has(id)).toBe(false);
  });

  it('a store that knows no versions: listed by pages all the same', async () => {
    const flat = await openS3Scene(store, { isVersioned: false });
    server.hasVersions = false;
    server.pageKeys = 2;
    for (const key of ['f1', 'f2', 'f3']) await flat.put(key, `clear ${key}`);
    expect(await flat.service.reconcile(NEVER)).toEqual({ listed: 3, found: 3 });
    await flat.settle();
    server.pageKeys = 1000;
    expect(server.buckets.get(flat.buckets.released)?.objects.size).toBe(3);
    expect(server.buckets.get(flat.buckets.quarantine)?.objects.size).toBe(0);
    server.hasVersions = true;
    await flat.stop();
  });

  it('list-after-write lag: what an event named and is not listed yet, the next listing finds', async () => {
    await scene.service.lookAt(['lagging'], NEVER);
    await scene.put('lagging', content);
    await scene.settle();
    expect([...(await scene.readReleased()).values()].map(String)).toContain(content);
  });

  it('event for a foreign bucket or key, or none at all: nothing is asked', async () => {
    const record = (bucket: string, key: string, eventName = 's3:ObjectCreated:Put') => ({
      Records: [{ eventName, s3: { bucket: { name: bucket }, object: { key } } }],
    });
    const hints = (message: unknown): Promise<number> => scene.service.takeHints(message, NEVER);
    const { quarantine } = scene.buckets;
    expect(await hints(record('another', 'a'))).toBe(0);
    expect(await hints(record(quarantine, 'a', 'ObjectRemoved:Delete'))).toBe(0);
    for (const other of [null, 7, 'text', {}, { Records: 'x' }, { Records: [null, { s3: 1 }] }, { Type: 'Notification', Message: '{' }])
      expect(await hints(other)).toBe(0);
    expect(await hints(record(quarantine, 'a'))).toBe(1);
    expect(await hints({ Type: 'Notification', Message: JSON.stringify(record(quarantine, 'a')) })).toBe(1);
    expect(await hints({ 'detail-type': 'Object Created', detail: { bucket: { name: quarantine }, object: { key: 'a' } } })).toBe(1);
    // Somebody else's address is never called.
    expect(await hints({ Type: 'SubscriptionConfirmation', SubscribeURL: `${server.url.replace('http', 'https')}/x` })).toBe(0);
  });

  it('a quarantine bucket that strangers can read is a failure of the check', async () => {
    const bucket = server.buckets.get(scene.buckets.quarantine);
    Object.assign(bucket ?? {}, { isPublic: true });
    expect((await scene.service.review()).items.find(({ name }) => name === 'strangers')).toMatchObject({
      status: 'fail',
      finding: expect.stringContaining('list it'),
    });
    Object.assign(bucket ?? {}, { isPublic: false });
  });

  it('the store lost at any request: afterwards each object is where it belongs, once', async () => {
    for (let at = 1; at <= 8; at += 1) {
      for (const isDone of [false, true]) {
        const id = await send();
        await scene.service.reconcile(NEVER);
        const before = server.seen.length;
        server.fault = (_request, done) => {
          const number = server.seen.length - before;
          return number > at || (number === at && done === isDone) ? 'cut' : undefined;
        };
        await scene.settle({ lists: false });
        server.fault = () => undefined;
        await later();
        await isOnce(id);
        content += '.';
      }
    }
  });

  it('kill -9 after any step took effect and before it was noted: the next holder ends it, once', async () => {
    const { sql: db } = scene.intake.context.database;
    for (let at = 1; at <= 4; at += 1) {
      const id = await send();
      await scene.service.reconcile(NEVER);
      await sql`create sequence surfaces.kill_count`.execute(db);
      await sql`create function surfaces.kill() returns trigger language plpgsql as $$
        begin if nextval('surfaces.kill_count') = ${sql.lit(at)} then raise 'killed'; end if; return new; end $$`.execute(db);
      await sql`create trigger kill before update of state on surfaces.s3_object for each row execute function surfaces.kill()`.execute(db);
      await scene.settle({ lists: false });
      const { rows } = await sql<{ count: number }>`select last_value as count from surfaces.kill_count`.execute(db);
      expect(rows[0]?.count).toBeGreaterThanOrEqual(at === 4 ? 3 : at);
      await sql`drop trigger kill on surfaces.s3_object`.execute(db);
      await sql`drop function surfaces.kill(); drop sequence surfaces.kill_count`.execute(db);
      scene.intake.clock.advance(61_000);
      await scene.settle({ lists: false });
      await isOnce(id);
      content += '.';
    }
  });

  it('killed after it was read and before that was noted, and the object is gone by then: what was read is released all the same', async () => {
    const id = await send();
    const { sql: db } = scene.intake.context.database;
    await scene.service.reconcile(NEVER);
    await sql`create function surfaces.kill() returns trigger language plpgsql as $$ begin raise 'killed'; end $$`.execute(db);
    await sql`create trigger kill before update of state on surfaces.s3_object for each row execute function surfaces.kill()`.execute(db);
    await scene.settle({ lists: false });
    await sql`drop trigger kill on surfaces.s3_object`.execute(db);
    await sql`drop function surfaces.kill()`.execute(db);
    server.buckets.get(scene.buckets.quarantine)?.objects.clear();
    scene.intake.clock.advance(61_000);
    await scene.settle({ lists: false });
    await isOnce(id);
  });

  it('a clock that is wrong is named', async () => {
    server.skewMs = -1;
    expect((await scene.service.review()).items.find(({ name }) => name === 'quarantine')).toMatchObject({
      status: 'fail',
      remedy: expect.stringContaining('clock'),
    });
    server.skewMs = Infinity;
  });

  async function isOnce(id: string): Promise<void> {
    expect(await released(id)).toBe(content);
    expect(server.buckets.get(scene.buckets.released)?.objects.get(id)).toHaveLength(1);
    expect(server.buckets.get(scene.buckets.quarantine)?.objects.size).toBe(0);
  }
});
