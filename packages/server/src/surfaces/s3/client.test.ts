/** A store that is broken or hostile, below the level of S3: whatever it answers, nothing is believed that was not asked, and the key goes nowhere else. */
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { Readable } from 'node:stream';
import { inspect } from 'node:util';
import { afterAll, beforeAll, beforeEach, expect, it } from 'vitest';
import { NEVER } from '../../../test/support/intake.ts';
import { collectUncaught } from '../../../test/support/faults.ts';
import { systemClock } from '../../platform/clock.ts';
import { createOutbound } from '../../platform/outbound.ts';
import { createClient, type S3Client } from './client.ts';
import { encodeKey, type EncodedKey } from './key-rules.ts';

const SECRET = 'a-secret-that-is-told-to-nobody';
const outbound = createOutbound([]);
let answer: (incoming: IncomingMessage, outgoing: ServerResponse) => void;
let asked: string[] = [];
let askedElsewhere = 0;
const store = createServer((incoming, outgoing) => {
  asked.push(`${incoming.method} ${incoming.url}`);
  incoming.resume().once('end', () => answer(incoming, outgoing));
});
const elsewhere = createServer((_incoming, outgoing) => {
  askedElsewhere += 1;
  outgoing.end();
});
let client: S3Client;
let other = '';

const open = (server: typeof store): Promise<string> =>
  new Promise((resolve) => void server.listen(0, '127.0.0.1', () => resolve(`http://127.0.0.1:${(server.address() as AddressInfo).port}`)));

beforeAll(async () => {
  const credentials = { accessKeyId: 'AKIDTEST', secretAccessKey: SECRET, region: 'eu-west-2' };
  client = createClient({ endpoint: await open(store), isPathStyle: true, credentials, clock: systemClock, outbound });
  other = await open(elsewhere);
});
afterAll(async () => {
  await client.close();
  await outbound.close();
  for (const server of [store, elsewhere]) {
    server.closeAllConnections();
    server.close();
  }
});
beforeEach(() => {
  asked = [];
});

const key = encodeKey('one') as EncodedKey;
const name = { bucket: 'quarantine', key };
const object = { ...name, sha256: '0'.repeat(64), sizeBytes: 3, mediaType: 'a/b', metadata: {} };
const bytes = (): Readable => Readable.from([Buffer.from('abc')]);
const reply =
  (status: number, body = '', headers: Record<string, string | number> = {}): typeof answer =>
  (_incoming, outgoing) =>
    void outgoing.writeHead(status, headers).end(body);

const CALLS = {
  get: () => client.get(name, NEVER),
  put: () => client.put(object, bytes(), NEVER),
  copy: () => client.copy(name, object, NEVER),
  list: () => client.list({ bucket: 'quarantine', prefix: '', areVersions: true }, NEVER),
  versioning: () => client.readVersioning('quarantine', NEVER),
  parts: () => client.putInParts(object, bytes(), NEVER),
};

it.each([301, 302, 307, 308])('%i: nobody is sent elsewhere, and the signature neither', async (status) => {
  answer = reply(status, '', { location: `${other}/quarantine/one` });
  for (const [call, run] of Object.entries(CALLS)) await expect(run(), call).rejects.toMatchObject({ name: 'S3Fault' });
  await expect(client.head(name, NEVER)).rejects.toMatchObject({ name: 'S3Fault' });
  await expect(client.remove(name, NEVER)).rejects.toMatchObject({ name: 'S3Fault' });
  expect(await client.askAsStranger(name, NEVER)).toBe(status);
  expect(askedElsewhere).toBe(0);
});

it('200 is no success of a copy, nor of parts, when the body says otherwise, says nothing, or is none of theirs', async () => {
  const bodies = ['<Error><Code>InternalError</Code></Error>', '', 'OK', '<html/>', '<ListBucketResult/>', '<CopyObjectResult>'];
  for (const body of bodies) {
    answer = reply(200, body);
    await expect(client.copy(name, object, NEVER), body).rejects.toMatchObject({ name: 'S3Fault' });
    answer = (incoming, outgoing) =>
      incoming.url?.endsWith('?uploads=') === true
        ? void outgoing.end('<InitiateMultipartUploadResult><UploadId>u</UploadId></InitiateMultipartUploadResult>')
        : void outgoing.writeHead(200, { etag: '"a"' }).end(incoming.method === 'POST' ? body : '');
    const whole = { ...object, sha256: 'ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad' };
    asked = [];
    await expect(client.putInParts(whole, bytes(), NEVER), body).rejects.toMatchObject({ name: 'S3Fault' });
    // What was sent of it is let go.
    expect(asked.at(-1)).toBe('DELETE /quarantine/one?uploadId=u');
  }
  answer = reply(200, '<CopyObjectResult/>');
  await client.copy(name, object, NEVER);
});

it('a file that breaks before its first part is read is a fault, and ends nothing', async () => {
  const stream = bytes();
  answer = (_incoming, outgoing) => {
    stream.destroy(new Error('the file is gone'));
    setImmediate(() => outgoing.end('<InitiateMultipartUploadResult><UploadId>u</UploadId></InitiateMultipartUploadResult>'));
  };
  const uncaught = await collectUncaught(() => expect(client.putInParts(object, stream, NEVER)).rejects.toThrow('the file is gone'));
  expect(uncaught).toEqual([]);
});

it('an object whose length is not said, or is not kept, is not whole', async () => {
  answer = (_incoming, outgoing) => {
    outgoing.writeHead(200, { 'transfer-encoding': 'chunked' });
    outgoing.end('abc');
  };
  await expect(client.get(name, NEVER)).rejects.toMatchObject({ reason: 'malformed' });
  answer = (incoming, outgoing) => {
    outgoing.writeHead(200, { 'content-length': 10 });
    outgoing.write('abc', () => incoming.socket.destroy());
  };
  const { stream } = await client.get(name, NEVER);
  await expect(stream.toArray()).rejects.toThrow();
  answer = reply(206, 'abc', { 'content-length': 3 });
  await expect(client.get(name, NEVER)).rejects.toMatchObject({ name: 'S3Fault' });
});

it('a listing that breaks off, or is longer than is read, is none', async () => {
  answer = (incoming, outgoing) => {
    outgoing.writeHead(200, { 'content-length': 1000 });
    outgoing.write('<ListVersionsResult>', () => incoming.socket.destroy());
  };
  await expect(CALLS.list()).rejects.toMatchObject({ reason: 'unavailable' });
  answer = reply(200, `<ListVersionsResult>${' '.repeat(9_000_000)}</ListVersionsResult>`);
  await expect(CALLS.list()).rejects.toMatchObject({ reason: 'malformed' });
});

it('uses connections again, also after HEAD: with TLS each would cost a handshake', async () => {
  let connections = 0;
  const count = (): void => void (connections += 1);
  store.on('connection', count);
  answer = reply(200, '', { 'content-length': 0, etag: '"a"' });
  for (let turn = 0; turn < 8; turn += 1) {
    await client.head(name, NEVER);
    await client.remove(name, NEVER);
    await (await client.get(name, NEVER)).stream.toArray();
  }
  store.off('connection', count);
  // An answer without content may not be over yet when the next request begins.
  expect(connections).toBeLessThanOrEqual(2);
});

it('a body after HEAD is not taken for the next answer', async () => {
  answer = (incoming, outgoing) => {
    if (incoming.method !== 'HEAD') return void outgoing.writeHead(404, { 'content-length': 0 }).end();
    const smuggled = 'HTTP/1.1 200 OK\r\nContent-Length: 3\r\nETag: "x"\r\n\r\nabc';
    outgoing.socket?.write(`HTTP/1.1 200 OK\r\nContent-Length: ${smuggled.length}\r\nETag: "a"\r\n\r\n${smuggled}`);
  };
  expect((await client.head(name, NEVER))?.etag).toBe('a');
  await expect(client.get(name, NEVER)).rejects.toMatchObject({ name: 'S3Fault' });
});

it('a connection that was closed meanwhile: what changes nothing is asked once more, a write is not', async () => {
  let cuts = 1;
  answer = (incoming, outgoing) => {
    cuts -= 1;
    if (cuts >= 0) return void incoming.socket.destroy();
    outgoing.writeHead(200, { 'content-length': 0, etag: '"a"' }).end();
  };
  expect((await client.head(name, NEVER))?.etag).toBe('a');
  expect(asked).toHaveLength(2);
  cuts = 2;
  await expect(client.head(name, NEVER)).rejects.toMatchObject({ reason: 'unavailable' });
  for (const write of [() => client.put(object, bytes(), NEVER), () => client.copy(name, object, NEVER)]) {
    cuts = 1;
    asked = [];
    await expect(write()).rejects.toMatchObject({ reason: 'unavailable' });
    expect(asked).toHaveLength(1);
  }
});

it('no fault tells the key, its secret or a signature', async () => {
  const faults: unknown[] = [];
  for (const status of [301, 403, 404, 500]) {
    answer = (incoming, outgoing) =>
      void outgoing.writeHead(status).end(`<Error><Code>Bad</Code><Message>${incoming.headers.authorization} ${SECRET}</Message></Error>`);
    for (const run of Object.values(CALLS)) faults.push(await run().catch((error: unknown) => error));
  }
  answer = (incoming) => void incoming.socket.destroy();
  for (const run of Object.values(CALLS)) faults.push(await run().catch((error: unknown) => error));
  expect(faults).toHaveLength(30);
  for (const fault of faults) expect(inspect(fault, { depth: 6 })).not.toMatch(/AKIDTEST|Signature|a-secret-that/);
});
