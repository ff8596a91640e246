/** What quarantine and promotion keep, whatever the store: run against the one in this process and against Ceph. */
import { createHash, randomBytes } from 'node:crypto';
import { connect } from 'node:net';
import { Readable } from 'node:stream';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { S3Upload } from '../../src/surfaces/s3/schema.ts';
import { LOCAL_PRINCIPAL } from '../../src/platform/http/rights.ts';
import { feedOf, NEVER, PERSON } from './intake.ts';
import { openS3Scene, toKey, type S3Scene, type Store } from './s3-scene.ts';

export interface OpenStore extends Store {
  close(): Promise<void>;
}

const clear = (): string => `clear ${randomBytes(8).toString('hex')}`;

/** What the last event put on the queue. */
export function readHinted({ intake }: S3Scene): readonly string[] {
  const job = intake.collected.findLast(({ name }) => name === 'surfaces.s3_look');
  return (job?.data as { readonly keys: string[] } | undefined)?.keys ?? [];
}

export async function sendForm(upload: S3Upload, content: string | Buffer, changed: Record<string, string> = {}): Promise<number> {
  const form = new FormData();
  for (const [name, value] of Object.entries({ ...upload.fields, ...changed })) form.set(name, value);
  form.set('file', new Blob([new Uint8Array(Buffer.from(content))]));
  const response = await fetch(upload.url, { method: 'POST', body: form });
  await response.arrayBuffer();
  return response.status;
}

export async function sendPut(upload: S3Upload, content: string, more: Record<string, string> = {}): Promise<number> {
  const { 'content-length': _, ...headers } = upload.headers;
  const response = await fetch(upload.url, { method: 'PUT', body: content, headers: { ...headers, ...more } });
  await response.arrayBuffer();
  return response.status;
}

/** @param headers in their order and as they are written, which no client of HTTP would send */
function sendRaw(url: string, headers: readonly string[], content: string): Promise<string> {
  const { hostname, port, pathname, search } = new URL(url);
  const lines = headers.flatMap((name, at) => (at % 2 === 0 ? [`${name}: ${headers[at + 1] ?? ''}`] : []));
  return new Promise((resolve, reject) => {
    let answer = '';
    const socket = connect(Number(port), hostname, () =>
      socket.write(`PUT ${pathname}${search} HTTP/1.1\r\n${lines.join('\r\n')}\r\nconnection: close\r\n\r\n${content}`),
    );
    socket.on('data', (chunk: Buffer) => {
      answer += chunk.toString('latin1');
    });
    socket.on('error', reject);
    socket.on('close', () => resolve(answer.split('\r\n')[0] ?? ''));
  });
}

export function describeS3Contract(name: string, openStore: () => Promise<OpenStore>): void {
  describe(`${name}: quarantine and promotion`, () => {
    let store: OpenStore;
    let scene: S3Scene;
    const opened: S3Scene[] = [];
    const open = async (options: Parameters<typeof openS3Scene>[1] = {}): Promise<S3Scene> => {
      const made = await openS3Scene(store, options);
      opened.push(made);
      return made;
    };
    beforeAll(async () => {
      store = await openStore();
      scene = await open({ config: { s3MaxObjectBytes: 4096 } });
    });
    afterAll(async () => {
      for (const made of opened) await made.stop();
      await store?.close();
    });
    const begin = (input: object = {}): Promise<S3Upload> => scene.service.createUpload({ method: 'POST', ...input }, PERSON);
    const stateOf = async (id: string, at = scene): Promise<string> => (await at.intake.service.get(id, { principal: PERSON, waitS: 0, signal: NEVER })).state;
    const findByReference = async (reference: string, at = scene): Promise<string[]> =>
      (await at.intake.service.list({ reference, limit: 10 }, LOCAL_PRINCIPAL)).items.map(({ id }) => id);

    it('a form stores one file, which is promoted with its receipt, and leaves quarantine', async () => {
      const upload = await begin({ reference: 'mine' });
      expect((await scene.service.findObject(upload.id)).state).toBe('waiting');
      const content = clear();
      expect(await sendForm(upload, content)).toBe(204);
      await scene.settle();
      expect((await scene.readReleased()).get(upload.id)?.toString()).toBe(content);
      const view = await scene.intake.service.get(upload.id, { principal: PERSON, waitS: 0, signal: NEVER });
      expect(view).toMatchObject({ state: 'released', reference: 'mine' });
      const { released } = await scene.service.findObject(upload.id);
      expect(released).toMatchObject({ bucket: scene.buckets.released, key: upload.id });
      const head = await scene.client.head({ bucket: scene.buckets.released, key: toKey(upload.id) }, NEVER);
      expect(head?.metadata).toEqual({ 'gatehouse-upload': upload.id, 'gatehouse-sha256': view.sha256, 'gatehouse-receipt': view.receipt });
      expect(head?.versionId).toBe(released?.versionId);
      expect(await scene.listQuarantine()).not.toContain(upload.fields['key']);
    });

    it('an address for PUT takes exactly the announced number of bytes', async () => {
      const content = clear();
      const upload = await begin({ method: 'PUT', sizeBytes: content.length });
      expect(await sendPut(upload, `${content} and more`)).toBe(403);
      expect(await sendPut(upload, content)).toBe(200);
      await scene.settle();
      expect((await scene.readReleased()).get(upload.id)?.toString()).toBe(content);
      await expect(begin({ method: 'PUT' })).rejects.toMatchObject({ code: 'invalid_request' });
      await expect(begin({ method: 'PUT', sizeBytes: 4097 })).rejects.toMatchObject({ code: 'invalid_request' });
    });

    it('a form takes no empty file, none that is too big, no other key and no field besides', async () => {
      const upload = await begin();
      expect(await sendForm(upload, '')).toBe(400);
      expect(await sendForm(upload, 'x'.repeat(4097))).toBe(400);
      expect(await sendForm(upload, 'x', { key: 'another' })).toBe(403);
      expect(await sendForm(upload, 'x', { acl: 'public-read' })).toBe(403);
      await scene.settle();
      expect(await stateOf(upload.id)).toBe('created');
    });

    it('object swapped after the scan: the policy used again changes nothing that was released', async () => {
      const upload = await begin();
      const content = clear();
      await sendForm(upload, content);
      await scene.settle();
      expect(await sendForm(upload, 'match swapped')).toBe(204);
      await scene.settle();
      expect((await scene.readReleased()).get(upload.id)?.toString()).toBe(content);
      expect([...(await scene.readReleased()).values()].map(String)).not.toContain('match swapped');
      // It is not lost either: it was screened, and is held as an upload of its own.
      const { items } = await scene.intake.service.list({ state: 'held', limit: 50 }, LOCAL_PRINCIPAL);
      expect(items.length).toBeGreaterThan(0);
    });

    it('object swapped between scan and promotion: what was scanned is released', async () => {
      const upload = await begin();
      const content = clear();
      await sendForm(upload, content);
      await scene.service.reconcile(NEVER);
      const { answer } = scene.intake.screening;
      scene.intake.screening.answer = async () => {
        await sendForm(upload, 'match while it was screened');
        scene.intake.screening.answer = answer;
        return {};
      };
      await scene.settle({ lists: false });
      await scene.settle();
      expect((await scene.readReleased()).get(upload.id)?.toString()).toBe(content);
    });

    it('reused policy before the scan: the first of the two is the content, the other is screened and never promoted', async () => {
      const upload = await begin();
      const contents = [clear(), clear()];
      for (const content of contents) await sendForm(upload, content);
      await scene.settle();
      const released = [...(await scene.readReleased())].filter(([, bytes]) => contents.includes(bytes.toString()));
      expect(released.map(([key, bytes]) => [key, bytes.toString()])).toEqual([[upload.id, contents[0]]]);
      expect(await scene.listQuarantine()).not.toContain(upload.fields['key']);
    });

    it.each(['match', 'match refuse', 'unscannable'])('%s: never in the released bucket, and gone from quarantine once it is held here', async (verdict) => {
      const upload = await begin();
      const content = `${verdict} ${clear()}`;
      await sendForm(upload, content);
      await scene.settle();
      expect(await stateOf(upload.id)).toBe(verdict === 'match refuse' ? 'refused' : 'held');
      expect((await scene.service.findObject(upload.id)).state).toBe('kept');
      expect((await scene.readReleased()).has(upload.id)).toBe(false);
      expect(await scene.listQuarantine()).not.toContain(upload.fields['key']);
    });

    it('held, and clear when it is screened again: promoted then; found later in a list: withdrawn from the released bucket', async () => {
      const upload = await begin();
      const content = `match ${clear()}`;
      await sendForm(upload, content);
      await scene.settle();
      scene.intake.screening.answer = async () => ({});
      await scene.intake.service.rescreen(upload.id, { principal: PERSON, waitS: 0, signal: NEVER });
      await scene.settle({ lists: false });
      expect((await scene.readReleased()).get(upload.id)?.toString()).toBe(content);
      scene.intake.screening.answer = undefined;
      await scene.intake.service.rescreen(upload.id, { principal: PERSON, waitS: 0, signal: NEVER });
      await scene.settle({ lists: false });
      expect(await stateOf(upload.id)).toBe('held');
      expect((await scene.readReleased()).has(upload.id)).toBe(false);
    });

    it('sent back to be screened again: out of the released bucket before that is decided, and in again after it', async () => {
      const upload = await begin();
      const content = clear();
      await sendForm(upload, content);
      await scene.settle();
      let decide: (part: object) => void = () => undefined;
      const decision = new Promise<object>((resolve) => {
        decide = resolve;
      });
      scene.intake.screening.answer = () => decision;
      await scene.intake.service.rescreen(upload.id, { principal: PERSON, waitS: 0, signal: NEVER });
      await scene.service.drain(NEVER);
      expect((await scene.readReleased()).has(upload.id)).toBe(false);
      scene.intake.screening.answer = undefined;
      decide({});
      await scene.settle({ lists: false });
      expect((await scene.readReleased()).get(upload.id)?.toString()).toBe(content);
    });

    it('screened again, and cleared before anybody looked: it carries the receipt in force', async () => {
      const upload = await begin();
      await sendForm(upload, clear());
      await scene.settle();
      const readReceipt = async (): Promise<string | undefined> =>
        (await scene.client.head({ bucket: scene.buckets.released, key: toKey(upload.id) }, NEVER))?.metadata['gatehouse-receipt'];
      const before = await readReceipt();
      const view = await scene.intake.service.rescreen(upload.id, { principal: PERSON, waitS: 5, signal: NEVER });
      await scene.settle({ lists: false });
      expect([view.state, await readReceipt()]).toEqual(['released', view.receipt]);
      expect(before).not.toBe(view.receipt);
    });

    it('an upload that is deleted is withdrawn from the released bucket', async () => {
      const upload = await begin();
      await sendForm(upload, clear());
      await scene.settle();
      expect((await scene.readReleased()).has(upload.id)).toBe(true);
      await scene.intake.service.remove(upload.id, 'test');
      await scene.settle({ lists: false });
      expect([...(await scene.readReleased()).keys()].filter((key) => key.startsWith(upload.id))).toEqual([]);
    });

    it('deleted object and delete marker: nothing is taken that the service took back', async () => {
      await scene.put('taken-back', clear());
      await scene.client.remove({ bucket: scene.buckets.quarantine, key: toKey('taken-back') }, NEVER);
      await scene.settle();
      expect(await findByReference('taken-back')).toEqual([]);
      // Listed, and then deleted before it is read.
      await scene.put('taken-back-later', clear());
      await scene.service.reconcile(NEVER);
      await scene.client.remove({ bucket: scene.buckets.quarantine, key: toKey('taken-back-later') }, NEVER);
      await scene.settle();
      expect(await findByReference('taken-back-later')).toEqual([]);
    });

    it('sent again after a delete marker: the version that was taken back stays taken back', async () => {
      const upload = await begin();
      const [first, second] = [clear(), clear()];
      await sendForm(upload, first);
      await scene.client.remove({ bucket: scene.buckets.quarantine, key: toKey(upload.fields['key'] ?? '') }, NEVER);
      await sendForm(upload, second);
      await scene.settle();
      const released = await scene.readReleased();
      expect(released.get(upload.id)?.toString()).toBe(second);
      expect([...released.values()].map(String)).not.toContain(first);
    });

    it('object that vanishes: its upload ends, and the key that was given out may be used again', async () => {
      const upload = await begin();
      await sendForm(upload, clear());
      await scene.service.reconcile(NEVER);
      const { items } = await scene.client.list({ bucket: scene.buckets.quarantine, prefix: upload.fields['key'] ?? '', areVersions: true }, NEVER);
      for (const { key, versionId } of items) await scene.client.remove({ bucket: scene.buckets.quarantine, key, versionId }, NEVER);
      await scene.settle({ lists: false });
      expect(await stateOf(upload.id)).toBe('created');
      const content = clear();
      await sendForm(upload, content);
      await scene.settle();
      expect((await scene.readReleased()).get(upload.id)?.toString()).toBe(content);
    });

    it('empty object: held, not released', async () => {
      await scene.put('empty', '');
      scene.intake.screening.answer = async () => ({ verdict: 'unscannable', reason: 'empty' });
      await scene.settle();
      scene.intake.screening.answer = undefined;
      const [id = ''] = await findByReference('empty');
      expect(await stateOf(id)).toBe('held');
    });

    it('too big object: never read, and left to the operator', async () => {
      await scene.put('big', 'x'.repeat(4097));
      await scene.settle();
      expect(await scene.listQuarantine()).toContain('big');
      expect((await scene.service.status()).objects.rejected).toBeGreaterThan(0);
      expect((await scene.service.review()).items.find(({ name: one }) => one === 'objects')).toMatchObject({ status: 'attention' });
    });

    it('not what was announced: rejected', async () => {
      const upload = await begin({ sha256: '0'.repeat(64) });
      await sendForm(upload, clear());
      await scene.settle();
      expect(await stateOf(upload.id)).toBe('deleted');
      expect((await scene.readReleased()).has(upload.id)).toBe(false);
    });

    it.each(['a b+c%20d&e=f.jpg', 'ünï/ćödé/日本.png', 'dots/../up/./here', 'quote\'"<>(*)!~', 'line\nbreak', '/slash//first', 'upl_'])(
      'key with odd characters: %j',
      async (key) => {
        const content = clear();
        await scene.put(key, content);
        // An event for it, encoded as AWS does.
        const record = {
          eventName: 'ObjectCreated:Put',
          s3: { bucket: { name: scene.buckets.quarantine }, object: { key: encodeURIComponent(key).replaceAll('%20', '+') } },
        };
        // Stores may list what was stored a moment later; then an event finds it when it comes again.
        const countFound = async (): Promise<number> => {
          expect(await scene.service.takeHints({ Records: [record] }, NEVER)).toBeGreaterThan(0);
          return (await scene.service.status()).objects.found;
        };
        await expect.poll(countFound, { timeout: 10_000 }).toBe(1);
        await scene.settle({ lists: false });
        const [id = ''] = await findByReference(key);
        expect((await scene.readReleased()).get(id)?.toString()).toBe(content);
        expect(await scene.listQuarantine()).not.toContain(key);
      },
    );

    it('event lost: the listing finds it; event twice, and listing besides: one upload', async () => {
      await scene.put('lost', clear());
      expect((await scene.service.reconcile(NEVER)).found).toBe(1);
      expect((await scene.service.reconcile(NEVER)).found).toBe(0);
      await scene.service.lookAt([toKey('lost'), toKey('lost')], NEVER);
      await scene.settle();
      expect(await findByReference('lost')).toHaveLength(1);
    });

    it('in parts: with the same digest, and none when the bytes are others', async () => {
      const parts = await open({ config: { s3PartsAboveBytes: 5 * 1024 ** 2 } });
      const content = Buffer.concat([Buffer.from('clear '), randomBytes(20 * 1024 ** 2)]);
      await parts.put('large', content);
      await parts.settle();
      const [id = ''] = await findByReference('large', parts);
      expect((await parts.readReleased()).get(id)?.equals(content)).toBe(true);
      const object = { bucket: parts.buckets.released, key: toKey('other'), sha256: '0'.repeat(64), sizeBytes: content.length, mediaType: 'a/b', metadata: {} };
      await expect(parts.client.putInParts(object, Readable.from([content]), NEVER)).rejects.toMatchObject({ reason: 'bytes_differ' });
      expect((await parts.readReleased()).has('other')).toBe(false);
    });

    it('the store itself refuses other bytes than the receipt is about', async () => {
      const object = { bucket: scene.buckets.released, key: toKey('forged'), sha256: '0'.repeat(64), sizeBytes: 3, mediaType: 'a/b', metadata: {} };
      await expect(scene.client.put(object, Readable.from([Buffer.from('abc')]), NEVER)).rejects.toMatchObject({ reason: 'bytes_differ' });
      expect(await scene.client.head(object, NEVER)).toBeUndefined();
    });

    it('copied by version: the version that was scanned, read again', async () => {
      const copying = await open({ config: { s3Promote: 'copy-version' } });
      const upload = await copying.service.createUpload({ method: 'POST' }, PERSON);
      const content = clear();
      await sendForm(upload, content);
      await copying.service.reconcile(NEVER);
      await sendForm(upload, 'match swapped');
      await copying.settle();
      expect((await copying.readReleased()).get(upload.id)?.toString()).toBe(content);
      expect((await copying.readReleased()).size).toBe(1);
    });

    it('kept in quarantine when the operator wants it', async () => {
      const keeping = await open({ config: { s3KeepQuarantined: true, s3KeyPrefix: 'in/' } });
      const record = { eventName: 'ObjectCreated:Put', s3: { bucket: { name: keeping.buckets.quarantine }, object: { key: 'elsewhere/one' } } };
      expect(await keeping.service.takeHints({ Records: [record] }, NEVER)).toBe(0);
      await keeping.put('in/one', clear());
      await keeping.put('elsewhere/one', clear());
      await keeping.settle();
      expect((await keeping.readReleased()).size).toBe(1);
      expect(await keeping.listQuarantine()).toEqual(['elsewhere/one', 'in/one']);
      await keeping.settle();
      expect((await keeping.readReleased()).size).toBe(1);
    });

    it('without versions: what was swapped before it was read is another object, and what was swapped after stays to be read', async () => {
      const flat = await open({ isVersioned: false });
      await flat.put('one', clear());
      await flat.service.reconcile(NEVER);
      const second = clear();
      await flat.put('one', second);
      await flat.settle({ lists: false });
      expect((await flat.readReleased()).size).toBe(0);
      await flat.settle();
      expect([...(await flat.readReleased()).values()].map(String)).toEqual([second]);
      expect(await flat.listQuarantine()).toEqual([]);
      expect((await flat.service.review()).items.find(({ name: one }) => one === 'versions')).toMatchObject({ status: 'attention' });
    });

    it('without versions, stored in parts, and the same bytes again under the same key: an object of its own', async () => {
      const flat = await open({ isVersioned: false });
      const content = Buffer.from(clear());
      const sha256 = createHash('sha256').update(content).digest('hex');
      const object = { bucket: flat.buckets.quarantine, key: toKey('again'), sha256, sizeBytes: content.length, mediaType: 'a/b', metadata: {} };
      for (const count of [1, 2]) {
        await flat.client.putInParts(object, Readable.from([content]), NEVER);
        // The entity tag of parts is no digest of the content.
        expect((await flat.client.head(object, NEVER))?.etag).toMatch(/-1$/);
        await flat.settle();
        expect(await findByReference('again', flat)).toHaveLength(count);
        expect([...(await flat.readReleased()).values()].map(String)).toEqual(Array.from({ length: count }, () => String(content)));
        expect(await flat.listQuarantine()).toEqual([]);
      }
    });

    it('with an address for PUT nobody opens the object in quarantine to others, and takes no other object in', async () => {
      const content = clear();
      await scene.put('of-another', `${content} of another`);
      const upload = await begin({ method: 'PUT', sizeBytes: content.length });
      const everybody = 'uri="http://acs.amazonaws.com/groups/global/AllUsers"';
      expect(await sendPut(upload, content, { 'x-amz-acl': 'public-read' })).toBe(403);
      expect((await fetch(upload.url, { method: 'PUT', body: content })).status).toBe(403);
      expect(await sendPut(upload, content, { 'x-amz-grant-read': everybody })).toBeGreaterThanOrEqual(400);
      // Ceph copies without a word; the size is not the announced one then.
      await sendPut(upload, content, { 'x-amz-copy-source': `/${scene.buckets.quarantine}/of-another` });
      await scene.settle();
      expect([...(await scene.readReleased())].filter(([key]) => key.startsWith(upload.id))).toEqual([]);
      const own = await begin({ method: 'PUT', sizeBytes: content.length });
      expect(await sendPut(own, content)).toBe(200);
      const key = toKey(own.fields['key'] ?? new URL(own.url).pathname.split('/').at(-1) ?? '');
      expect(await scene.client.askAsStranger({ bucket: scene.buckets.quarantine, key }, NEVER)).toBe(403);
      await scene.settle();
      expect((await scene.readReleased()).get(own.id)?.toString()).toBe(content);
    });

    it('with a form nobody opens the object in quarantine to others, and names no other key', async () => {
      const everybody = 'uri="http://acs.amazonaws.com/groups/global/AllUsers"';
      const attempts: [header: Record<string, string>, fields: [string, string][]][] = [
        [{ 'x-amz-acl': 'public-read' }, []],
        [{ 'x-amz-grant-read': everybody }, []],
        [{}, [['x-amz-acl', 'public-read']]],
        [{}, [['x-amz-grant-read', everybody]]],
        [{}, [['Acl', 'public-read']]],
        [{}, [['key', 'of-the-sender']]],
        [{}, [['bucket', scene.buckets.released]]],
        [{}, [['x-amz-copy-source', `/${scene.buckets.quarantine}/of-another`]]],
      ];
      for (const [headers, more] of attempts) {
        for (const isFirst of [true, false]) {
          const upload = await begin();
          const key = upload.fields['key'] ?? '';
          const content = clear();
          const form = new FormData();
          const fields = Object.entries(upload.fields);
          for (const [field, value] of isFirst ? [...more, ...fields] : [...fields, ...more]) form.append(field, value);
          form.set('file', new Blob([content]));
          const response = await fetch(upload.url, { method: 'POST', body: form, headers });
          await response.arrayBuffer();
          const what = JSON.stringify([headers, more, isFirst, response.status]);
          expect(await scene.client.askAsStranger({ bucket: scene.buckets.quarantine, key: toKey(key) }, NEVER), what).toBeGreaterThanOrEqual(403);
          expect(
            (await scene.listQuarantine()).filter((one) => one === 'of-the-sender'),
            what,
          ).toEqual([]);
          expect([...(await scene.readReleased()).values()].map(String), what).not.toContain(content);
        }
      }
      await scene.settle();
    });

    it('an access that is named twice, one of them signed, opens nothing', async () => {
      for (const more of [
        ['x-amz-acl', 'public-read'],
        ['X_Amz_Acl', 'public-read'],
        ['x-amz-acl ', 'public-read'],
      ] as const) {
        for (const isFirst of [true, false]) {
          const content = clear();
          const upload = await begin({ method: 'PUT', sizeBytes: content.length });
          const signed = ['content-length', String(content.length), 'x-amz-acl', upload.headers['x-amz-acl'] ?? ''];
          const headers = ['host', new URL(upload.url).host, ...(isFirst ? [...more, ...signed] : [...signed, ...more])];
          const status = await sendRaw(upload.url, headers, content);
          const key = toKey(new URL(upload.url).pathname.split('/').at(-1) ?? '');
          expect(await scene.client.askAsStranger({ bucket: scene.buckets.quarantine, key }, NEVER), `${more[0]} ${isFirst} ${status}`).toBeGreaterThanOrEqual(
            403,
          );
        }
      }
      await scene.settle();
    });

    it('two workers at once: each object once', async () => {
      const contents = Array.from({ length: 12 }, clear);
      const before = (await scene.readReleased()).size;
      for (const [at, content] of contents.entries()) await scene.put(`at-once-${at}`, content);
      await scene.service.reconcile(NEVER);
      await Promise.all([1, 2, 3].map(() => scene.settle({ lists: false })));
      // Two writes of one would be two versions, which `readReleased` tells apart.
      const released = [...(await scene.readReleased()).values()].map(String);
      expect(released.length - before).toBe(contents.length);
      expect(contents.filter((content) => !released.includes(content))).toEqual([]);
    });

    it('an upload that got its content over HTTP is not replaced by an object', async () => {
      const upload = await begin();
      const content = clear();
      await scene.intake.service.receive(upload.id, { feed: feedOf(content), principal: PERSON, waitS: 5, signal: NEVER });
      await sendForm(upload, clear());
      await scene.settle();
      expect((await scene.readReleased()).has(upload.id)).toBe(false);
    });

    it('wrong credentials: the check says so, and nothing is lost', async () => {
      const locked = await openS3Scene({ ...store, credentials: { ...store.credentials, secretAccessKey: 'wrong' } }, {});
      opened.push(locked);
      const findings = (await locked.service.review()).items;
      expect(findings.find(({ name: one }) => one === 'quarantine')).toMatchObject({
        status: 'fail',
        remedy: expect.stringContaining('does not accept the key'),
      });
      await expect(locked.service.reconcile(NEVER)).rejects.toMatchObject({ code: 'storage_failed' });
      expect((await locked.service.status()).lastListingFault).toBe('credentials');
    });

    it('a store that is set up well has only good findings', async () => {
      const fresh = await open();
      expect((await fresh.service.review()).items.map(({ name: one, status }) => `${one} ${status}`)).toEqual([
        'quarantine ok',
        'released ok',
        'versions ok',
        'strangers ok',
        'connection ok',
        'objects ok',
      ]);
    });

    it('the released bucket holds nothing but what has a receipt', async () => {
      for (const [key, bytes] of await scene.readReleased()) {
        const view = await scene.intake.service.get(key, { principal: PERSON, waitS: 0, signal: NEVER });
        const check = await scene.intake.service.verifyReceipt({
          receipt: view.receipt ?? '',
          size: bytes.length,
          ...(view.sha256 === undefined ? {} : { sha256: view.sha256 }),
        });
        expect(check.valid).toBe(true);
      }
    });
  });
}
