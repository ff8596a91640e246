/** Resumable uploads over HTTP with real decoders, by hand and with tus-js-client. Each trap that was measured on other servers is a test here. */
import { createHash, randomBytes } from 'node:crypto';
import { mkdir, readdir, readFile, rmdir, stat, writeFile } from 'node:fs/promises';
import { request } from 'node:http';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { sql } from 'kysely';
import sharp from 'sharp';
import { Upload, type UploadOptions } from 'tus-js-client';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { startTestApp, type TestApp } from '../../../test/support/app.ts';
import { generatePicture } from '../../../test/support/pictures.ts';
import { systemClock } from '../../platform/clock.ts';
import { GatehouseError } from '../../platform/errors.ts';
import type { TusOutcome } from './schema.ts';

const ORIGIN = 'https://forum.example';
const MAX_BYTES = 400_000;
const TUS = { 'tus-resumable': '1.0.0' };
const PIECE = { ...TUS, 'content-type': 'application/offset+octet-stream' };
let app: TestApp;
let picture: Buffer<ArrayBuffer>;
let listed: Buffer<ArrayBuffer>;
let aheadMs = 0;
/** Bytes that wait somewhere else. */
let elsewhereBytes = 0;
const begun: string[] = [];

async function draw(seed: number): Promise<Buffer<ArrayBuffer>> {
  const { data, width, height, channels } = generatePicture({ seed, width: 320, height: 240 });
  return Buffer.from(await sharp(data, { raw: { width, height, channels } }).jpeg().toBuffer());
}
/** Bytes after its end change the digests of a picture and nothing else. */
const makeClear = (): Buffer<ArrayBuffer> => Buffer.concat([picture, randomBytes(8)]);
const makeListed = (): Buffer<ArrayBuffer> => Buffer.concat([listed, randomBytes(8)]);
const digest = (algorithm: string, bytes: Uint8Array): string => createHash(algorithm).update(bytes).digest('base64');
const digestHex = (bytes: Uint8Array): string => createHash('sha256').update(bytes).digest('hex');

beforeAll(async () => {
  const clock = { ...systemClock, now: () => new Date(Date.now() + aheadMs) };
  const config = {
    maxUploadBytes: MAX_BYTES,
    tusWaitSeconds: 20,
    tusMaxOpen: 6,
    tusExpiryMinutes: 60,
    surfaceOrigins: [ORIGIN],
    outboundAllow: ['127.0.0.1:9'],
  };
  app = await startTestApp({ config, clock });
  app.app.services.intake.countElsewhere(() => elsewhereBytes);
  [picture, listed] = await Promise.all([draw(11), draw(12)]);
  const made = (await (await app.call('/v1/lists', { method: 'POST', body: '{"name":"Known"}', headers: { 'content-type': 'application/json' } })).json()) as {
    id: string;
  };
  const { pdqForms } = await import('@gatehouse/pdq');
  const { data, info } = await sharp(listed).raw().toBuffer({ resolveWithObject: true });
  const pdq = pdqForms({ data: new Uint8Array(data), width: info.width, height: info.height, channels: 3 }).full.hashes[0];
  const init = { method: 'POST', body: `type,value\npdq,${pdq}\n`, headers: { 'content-type': 'application/octet-stream' } };
  expect((await app.call(`/v1/lists/${made.id}/import?format=csv`, init)).status).toBe(200);
});
afterAll(() => app.stop());

const mends: (() => void)[] = [];
afterEach(async () => {
  for (const mend of mends.splice(0)) mend();
  aheadMs = 0;
  elsewhereBytes = 0;
  // Nothing is left that would count against the next test.
  for (const path of begun.splice(0)) await ask('DELETE', path);
});

interface Asking {
  readonly headers?: Record<string, string>;
  readonly body?: Uint8Array<ArrayBuffer>;
  readonly key?: string;
}

function ask(method: string, path: string, { headers = {}, body, key = app.key }: Asking = {}): Promise<Response> {
  const init = { method, headers: { authorization: `Bearer ${key}`, ...TUS, ...headers }, ...(body === undefined ? {} : { body }) };
  return fetch(new URL(path, app.url), init).then((reply) => {
    const made = reply.headers.get('location');
    if (made !== null) begun.push(made);
    return reply;
  });
}

async function create(length: number, more: Asking = {}): Promise<string> {
  const made = await ask('POST', '/v1/tus', { ...more, headers: { 'upload-length': String(length), ...more.headers } });
  expect([made.status, await made.text()]).toEqual([201, '']);
  return made.headers.get('location') ?? '';
}

function patch(path: string, offset: number, body: Uint8Array<ArrayBuffer>, more: Asking = {}): Promise<Response> {
  return ask('PATCH', path, { ...more, body, headers: { ...PIECE, 'upload-offset': String(offset), ...more.headers } });
}

const partNames = (): Promise<string[]> => readdir(join(app.dataDir, 'tus'));
const offsetOf = (reply: Response): number => Number(reply.headers.get('upload-offset') ?? Number.NaN);
const where = async (path: string): Promise<[number, number]> => {
  const reply = await ask('HEAD', path);
  return [reply.status, offsetOf(reply)];
};
const outcomeOf = async (path: string, key = app.key): Promise<TusOutcome> =>
  (await (await ask('GET', `${path}/outcome?wait=20`, { key })).json()) as TusOutcome;
const codeOf = async (reply: Response): Promise<unknown[]> => [reply.status, ((await reply.json()) as { code: string }).code];

/** Decoders that do not answer before they are let go. */
function holdDecoders(): () => void {
  const { pool } = app.app.services.screening;
  const decode = pool.decode.bind(pool);
  let letGo = (): void => undefined;
  const held = new Promise<void>((resolve) => void (letGo = resolve));
  Object.assign(pool, { decode: (...asked: Parameters<typeof decode>) => held.then(() => decode(...asked)) });
  mends.push(() => {
    letGo();
    Object.assign(pool, { decode });
  });
  return letGo;
}

/** Answers come with what is known at once. */
function stopWaiting(): void {
  const { intake } = app.app.services;
  const { get } = intake;
  Object.assign(intake, { get: (...[id, waiting]: Parameters<typeof get>) => get(id, { ...waiting, waitS: 0 }) });
  mends.push(() => Object.assign(intake, { get }));
}

/** Intake fails `times` times, then works. */
function breakIntake(times: number, call: 'receive' | 'get' = 'receive'): { readonly failed: () => number } {
  const { intake } = app.app.services;
  const whole: (...asked: never[]) => unknown = intake[call];
  let failed = 0;
  Object.assign(intake, {
    [call]: (...asked: never[]) =>
      failed < times && (failed += 1) > 0 ? Promise.reject(new GatehouseError('queue_full', 'Full.', { retryAfterS: 1 })) : whole(...asked),
  });
  mends.push(() => Object.assign(intake, { [call]: whole }));
  return { failed: () => failed };
}

/** A PATCH that sends `bytes` of a longer body and stays, until `abort`. */
function beginPatch(
  path: string,
  offset: number,
  { bytes, length }: { readonly bytes: Uint8Array; readonly length: number },
): { abort(): void; done: Promise<number> } {
  const headers = { authorization: `Bearer ${app.key}`, ...PIECE, 'upload-offset': offset, 'content-length': length };
  let finish = (_status: number): void => undefined;
  const done = new Promise<number>((resolve) => void (finish = resolve));
  const asked = request(new URL(path, app.url), { method: 'PATCH', headers, agent: false }, (reply) => {
    reply.resume().once('end', () => finish(reply.statusCode ?? 0));
  });
  // Not `once`: the server may end it, and what is still sent then fails as well.
  asked.on('error', () => finish(0));
  asked.write(bytes);
  return { abort: () => void asked.destroy(), done };
}

interface ClientEnd {
  readonly kind: 'success' | 'error';
  readonly status: number;
  readonly body: string;
  readonly header: (name: string) => string | undefined;
  readonly requests: readonly string[];
}

function runClient(bytes: Buffer, options: UploadOptions = {}): Promise<ClientEnd> {
  const requests: string[] = [];
  return new Promise((resolve) => {
    const upload = new Upload(bytes, {
      endpoint: `${app.url}/v1/tus`,
      headers: { authorization: `Bearer ${app.key}` },
      retryDelays: [20, 100, 300, 500, 1000],
      ...options,
      onAfterResponse: (sent, reply) => void requests.push(`${sent.getMethod()} ${reply.getStatus()}`),
      onSuccess: ({ lastResponse }) =>
        resolve({
          kind: 'success',
          status: lastResponse.getStatus(),
          body: lastResponse.getBody(),
          header: (name) => lastResponse.getHeader(name),
          requests,
        }),
      onError: (error) => {
        const reply = 'originalResponse' in error ? error.originalResponse : undefined;
        resolve({
          kind: 'error',
          status: reply?.getStatus() ?? 0,
          body: reply?.getBody() ?? error.message,
          header: (name) => reply?.getHeader(name),
          requests,
        });
      },
    });
    upload.start();
  });
}

const BAD_PIECES: readonly (readonly [string, Record<string, string>, number])[] = [
  ['another version', { 'tus-resumable': '2.0.0' }, 412],
  ['another content type', { 'content-type': 'application/octet-stream' }, 415],
  ['a hole', { 'upload-offset': '11' }, 409],
  ['what was sent already', { 'upload-offset': '9' }, 409],
  ['an offset that is no number', { 'upload-offset': 'ten' }, 400],
  ['another length than announced', { 'upload-length': '99' }, 400],
  ['an algorithm that is not offered', { 'upload-checksum': 'crc32 AAAAAA==' }, 400],
  ['a digest of the wrong length', { 'upload-checksum': 'sha1 AAAA' }, 400],
  ['a digest of other bytes', { 'upload-checksum': `sha1 ${digest('sha1', Buffer.from('other'))}` }, 460],
];

describe('the protocol', () => {
  it('says what it can do, and wants no key for that', async () => {
    const reply = await fetch(`${app.url}/v1/tus`, { method: 'OPTIONS' });
    expect(reply.status).toBe(204);
    expect(Object.fromEntries([...reply.headers].filter(([name]) => name.startsWith('tus-')))).toEqual({
      'tus-resumable': '1.0.0',
      'tus-version': '1.0.0',
      'tus-max-size': String(MAX_BYTES),
      'tus-extension': 'creation,creation-with-upload,creation-defer-length,expiration,checksum,termination',
      'tus-checksum-algorithm': 'sha256,sha1,md5',
    });
  });

  it('creates, says where it is, adds, and ends with the decision', async () => {
    const bytes = makeClear();
    const path = await create(bytes.length, { headers: { 'upload-metadata': `filename ${Buffer.from('a.jpg').toString('base64')},empty` } });
    expect(path).toMatch(/^\/v1\/tus\/tus_\w{26}$/);
    const first = await ask('HEAD', path);
    expect([first.status, offsetOf(first), first.headers.get('upload-length'), first.headers.get('cache-control')]).toEqual([
      200,
      0,
      String(bytes.length),
      'no-store',
    ]);
    expect(first.headers.get('upload-metadata')).toBe('filename YS5qcGc=,empty');
    const half = await patch(path, 0, bytes.subarray(0, 1000));
    expect([half.status, offsetOf(half), half.headers.get('tus-resumable'), half.headers.get('gatehouse-state')]).toEqual([204, 1000, '1.0.0', null]);
    expect(Date.parse(half.headers.get('upload-expires') ?? '')).toBeGreaterThan(Date.now());
    const part = await stat(join(app.dataDir, 'tus', path.slice('/v1/tus/'.length)));
    expect(part.mode & 0o777).toBe(0o600);
    expect(app.app.services.intake.waitingBytes()).toBe(1000);
    expect(await outcomeOf(path)).toMatchObject({ state: 'waiting', offsetBytes: 1000, sizeBytes: bytes.length });
    const last = await patch(path, 1000, bytes.subarray(1000));
    expect([last.status, offsetOf(last), last.headers.get('gatehouse-state')]).toEqual([204, bytes.length, 'released']);
    const id = last.headers.get('gatehouse-upload') ?? '';
    const receipt = last.headers.get('gatehouse-receipt') ?? '';
    expect(Buffer.from(await (await app.call(`/v1/uploads/${id}/content`)).arrayBuffer())).toEqual(bytes);
    const check = await app.call('/v1/receipts/verify', { method: 'POST', body: JSON.stringify({ receipt }), headers: { 'content-type': 'application/json' } });
    expect(await check.json()).toMatchObject({ valid: true });
    expect(await where(path)).toEqual([200, bytes.length]);
    expect(await outcomeOf(path)).toMatchObject({ state: 'released', uploadId: id, receipt: expect.stringContaining('.') as string });
    // It is the same file, by another name: nothing was copied.
    const names = await readdir(app.dataDir, { recursive: true });
    const stored = names.find((name) => name.endsWith(digestHex(bytes))) ?? '';
    expect((await stat(join(app.dataDir, stored))).ino).toBe(part.ino);
    // Nothing of it stays here.
    expect([await partNames(), app.app.services.intake.waitingBytes()]).toEqual([[], 0]);
    // The answer may have been lost: the same again is the same answer, and more is none of it.
    expect((await patch(path, bytes.length, Buffer.alloc(0))).status).toBe(204);
    expect(await codeOf(await patch(path, bytes.length, Buffer.from('x')))).toEqual([409, 'conflict']);
  });

  it.each([
    ['another version', 'POST', { 'tus-resumable': '0.2.2', 'upload-length': '5' }, 412],
    ['no length', 'POST', {}, 400],
    ['length and deferral', 'POST', { 'upload-length': '5', 'upload-defer-length': '1' }, 400],
    ['a deferral that is none', 'POST', { 'upload-defer-length': '2' }, 400],
    ['a length below zero', 'POST', { 'upload-length': '-1' }, 400],
    ['a length in another notation', 'POST', { 'upload-length': '1e3' }, 400],
    ['a length that no number can hold', 'POST', { 'upload-length': '9007199254740993' }, 400],
    ['nothing to send', 'POST', { 'upload-length': '0' }, 400],
    ['too much', 'POST', { 'upload-length': String(MAX_BYTES + 1) }, 413],
    ['concatenation', 'POST', { 'upload-length': '5', 'upload-concat': 'partial' }, 400],
    ['metadata that are no base64', 'POST', { 'upload-length': '5', 'upload-metadata': 'a !' }, 400],
    ['a key twice', 'POST', { 'upload-length': '5', 'upload-metadata': 'a YQ==,a YQ==' }, 400],
    ['an empty key', 'POST', { 'upload-length': '5', 'upload-metadata': ',a YQ==' }, 400],
    ['too many pairs', 'POST', { 'upload-length': '5', 'upload-metadata': Array.from({ length: 33 }, (_, i) => `k${i}`).join(',') }, 400],
    ['metadata that are too long', 'POST', { 'upload-length': '5', 'upload-metadata': `a ${'YWFh'.repeat(1200)}` }, 400],
    ['a digest that is none', 'POST', { 'upload-length': '5', 'upload-metadata': `sha256 ${Buffer.from('no').toString('base64')}` }, 400],
    // Found out at the hand-over, it would cost the whole file.
    ['a reference that no database holds', 'POST', { 'upload-length': '5', 'upload-metadata': `reference ${Buffer.from('a\0b').toString('base64')}` }, 400],
  ])('refuses %s and makes nothing', async (_what, method, headers, status) => {
    const before = await partNames();
    const reply = await ask(method, '/v1/tus', { headers });
    expect([reply.status, reply.headers.get('tus-resumable'), reply.headers.get('location')]).toEqual([status, '1.0.0', null]);
    if (status === 412) expect(reply.headers.get('tus-version')).toBe('1.0.0');
    expect(await partNames()).toEqual(before);
  });

  it('refuses a piece that does not fit and keeps what it has', async () => {
    const path = await create(100);
    expect((await patch(path, 0, Buffer.alloc(10))).status).toBe(204);
    for (const [what, headers, status] of BAD_PIECES) {
      const reply = await patch(path, 10, Buffer.alloc(10), { headers });
      expect([reply.status, reply.headers.get('tus-resumable')], what).toEqual([status, '1.0.0']);
      if (status === 409) expect(offsetOf(reply)).toBe(10);
    }
    expect(await where(path)).toEqual([200, 10]);
  });

  it('checks a piece with each of the algorithms that it offers', async () => {
    const path = await create(100);
    const bytes = Uint8Array.from(randomBytes(20));
    for (const [at, algorithm] of ['sha256', 'sha1', 'md5'].entries())
      expect((await patch(path, 20 * at, bytes, { headers: { 'upload-checksum': `${algorithm} ${digest(algorithm, bytes)}` } })).status).toBe(204);
    expect(await where(path)).toEqual([200, 60]);
  });

  it('takes the first piece, or all, with the creation', async () => {
    const bytes = makeClear();
    const some = await ask('POST', '/v1/tus', { headers: { ...PIECE, 'upload-length': String(bytes.length) }, body: bytes.subarray(0, 500) });
    expect([some.status, offsetOf(some)]).toEqual([201, 500]);
    const all = await ask('POST', '/v1/tus', { headers: { ...PIECE, 'upload-length': String(bytes.length) }, body: bytes });
    expect([all.status, offsetOf(all), all.headers.get('gatehouse-state')]).toEqual([201, bytes.length, 'released']);
    const bad = makeListed();
    const refused = await ask('POST', '/v1/tus', { headers: { ...PIECE, 'upload-length': String(bad.length) }, body: bad });
    expect(await codeOf(refused)).toEqual([422, 'not_published']);
    // Nobody knows the address of one whose first piece failed: nothing of it stays.
    const before = await partNames();
    const headers = { ...PIECE, 'upload-length': '100', 'upload-checksum': `md5 ${digest('md5', Buffer.from('other'))}` };
    expect((await ask('POST', '/v1/tus', { headers, body: Buffer.alloc(50) })).status).toBe(460);
    expect(await partNames()).toEqual(before);
  });

  it('takes the length later, once', async () => {
    const bytes = makeClear();
    const made = await ask('POST', '/v1/tus', { headers: { 'upload-defer-length': '1' } });
    const path = made.headers.get('location') ?? '';
    const unknown = await ask('HEAD', path);
    expect([unknown.headers.get('upload-defer-length'), unknown.headers.get('upload-length')]).toEqual(['1', null]);
    expect((await patch(path, 0, bytes.subarray(0, 100))).status).toBe(204);
    expect((await patch(path, 100, bytes.subarray(100, 200), { headers: { 'upload-length': String(MAX_BYTES + 1) } })).status).toBe(413);
    expect((await patch(path, 100, bytes.subarray(100, 200), { headers: { 'upload-length': '50' } })).status).toBe(413);
    // Alone, with no bytes.
    expect((await patch(path, 100, Buffer.alloc(0), { headers: { 'upload-length': String(bytes.length) } })).status).toBe(204);
    expect((await patch(path, 100, bytes.subarray(100), { headers: { 'upload-length': '150' } })).status).toBe(400);
    expect((await patch(path, 100, bytes.subarray(100))).headers.get('gatehouse-state')).toBe('released');
  });

  it('takes the end of the last piece for the end of the file, in the draft of the IETF', async () => {
    const send = (method: string, path: string, { body, headers = {} }: Asking): Promise<Response> => {
      const stream = new ReadableStream({ start: (controller) => (body !== undefined && controller.enqueue(body), controller.close()) });
      return app.call(path, { method, body: stream, duplex: 'half', headers: { 'upload-draft-interop-version': '6', ...headers } } as RequestInit);
    };
    const bytes = makeClear();
    const all = await send('POST', '/v1/tus', { body: bytes, headers: { 'upload-complete': '?1' } });
    expect([all.status, all.headers.get('upload-complete'), all.headers.get('gatehouse-state')]).toEqual([201, '?1', 'released']);
    const some = await send('POST', '/v1/tus', { body: bytes.subarray(0, 500), headers: { 'upload-complete': '?0' } });
    expect([some.status, some.headers.get('upload-complete')]).toEqual([201, '?0']);
    const more = { 'content-type': 'application/partial-upload', 'upload-offset': '500', 'upload-complete': '?1' };
    const rest = await send('PATCH', some.headers.get('location') ?? '', { body: bytes.subarray(500), headers: more });
    expect([rest.status, rest.headers.get('upload-complete'), rest.headers.get('gatehouse-state')]).toEqual([204, '?1', 'released']);
    const before = await partNames();
    const none = await send('POST', '/v1/tus', { headers: { 'upload-complete': '?1' } });
    expect([none.status, await partNames()]).toEqual([400, before]);
  });

  it('never keeps more than was announced, whether it is announced or not', async () => {
    const path = await create(100);
    expect((await patch(path, 0, Buffer.alloc(101))).status).toBe(413);
    const stream = new ReadableStream({
      start: (controller) => (controller.enqueue(Buffer.alloc(60)), controller.enqueue(Buffer.alloc(60)), controller.close()),
    });
    const init = { method: 'PATCH', body: stream, duplex: 'half', headers: { ...PIECE, 'upload-offset': '0' } } as RequestInit;
    expect((await app.call(path, init)).status).toBe(413);
    expect(await where(path)).toEqual([200, 0]);
  });

  it('works for clients that have no PATCH and DELETE', async () => {
    const path = await create(100);
    const headers = { ...PIECE, 'upload-offset': '0', 'x-http-method-override': 'PATCH' };
    expect((await ask('POST', path, { headers, body: Buffer.alloc(10) })).status).toBe(204);
    expect(await where(path)).toEqual([200, 10]);
    expect((await ask('POST', path)).status).toBe(405);
    expect((await ask('POST', path, { headers: { 'x-http-method-override': 'DELETE' } })).status).toBe(204);
    expect((await ask('HEAD', path)).status).toBe(410);
  });

  it('is open to the pages of an origin that was named, without cookies', async () => {
    const headers = { origin: ORIGIN, 'access-control-request-method': 'HEAD', 'access-control-request-headers': 'tus-resumable,upload-offset' };
    const path = await create(100);
    const flight = await fetch(new URL(path, app.url), { method: 'OPTIONS', headers });
    expect(flight.headers.get('access-control-allow-origin')).toBe(ORIGIN);
    for (const method of ['HEAD', 'PATCH', 'DELETE']) expect(flight.headers.get('access-control-allow-methods')?.split(', ')).toContain(method);
    expect(flight.headers.get('access-control-allow-credentials')).toBeNull();
    const reply = await ask('HEAD', path, { headers: { origin: ORIGIN } });
    expect([reply.status, reply.headers.get('access-control-allow-origin')]).toEqual([200, ORIGIN]);
    expect(reply.headers.get('access-control-expose-headers')).toContain('upload-offset');
    const other = await ask('HEAD', path, { headers: { origin: 'https://other.example' } });
    expect(other.headers.get('access-control-allow-origin')).toBeNull();
  });
});

describe('nothing is fetched, and nobody else comes in', () => {
  it('refuses GET of an unfinished, a released, a refused and an unknown upload', async () => {
    const clear = makeClear();
    const bad = makeListed();
    const [open, released, refused] = [await create(100), await create(clear.length), await create(bad.length)];
    await patch(open, 0, Buffer.alloc(10));
    expect((await patch(released, 0, clear)).status).toBe(204);
    expect((await patch(refused, 0, bad)).status).toBe(422);
    for (const path of [open, released, refused, `/v1/tus/tus_${'0'.repeat(26)}`]) {
      const reply = await ask('GET', path);
      expect([reply.status, reply.headers.get('allow'), reply.headers.get('content-type')]).toEqual([
        405,
        expect.stringContaining('HEAD'),
        'application/problem+json',
      ]);
    }
  });

  it('belongs to who began it', async () => {
    const path = await create(100);
    const made = await app.call('/v1/keys', {
      method: 'POST',
      body: JSON.stringify({ name: 'other', rights: ['uploads:send'] }),
      headers: { 'content-type': 'application/json' },
    });
    const { secret } = (await made.json()) as { secret: string };
    const statuses = [
      await ask('HEAD', path, { key: secret }),
      await patch(path, 0, Buffer.alloc(10), { key: secret }),
      await ask('DELETE', path, { key: secret }),
      await ask('GET', `${path}/outcome`, { key: secret }),
    ].map(({ status }) => status);
    expect(statuses).toEqual([404, 404, 404, 404]);
    expect((await ask('HEAD', path, { key: 'nobody' })).status).toBe(401);
    expect(await where(path)).toEqual([200, 0]);
  });

  it('goes on with the next ticket of the same person, within what the first one allows', async () => {
    const bytes = makeClear();
    const takeTicket = async (subject: string): Promise<string> => {
      const init = {
        method: 'POST',
        body: JSON.stringify({ subject, maxUploads: 1, maxBytes: 300_000, callbackUrl: 'https://127.0.0.1:9/done' }),
        headers: { 'content-type': 'application/json' },
      };
      return ((await (await app.call('/v1/tickets', init)).json()) as { ticket: string }).ticket;
    };
    const [first, second, other] = [await takeTicket('a person'), await takeTicket('a person'), await takeTicket('another')];
    expect((await ask('POST', '/v1/tus', { key: first, headers: { 'upload-defer-length': '1' } })).status).toBe(411);
    expect((await ask('POST', '/v1/tus', { key: first, headers: { 'upload-length': '300001' } })).status).toBe(403);
    const path = await create(bytes.length, { key: first, headers: { 'upload-metadata': `reference ${Buffer.from('not theirs').toString('base64')}` } });
    expect((await ask('POST', '/v1/tus', { key: first, headers: { 'upload-length': '5' } })).status).toBe(403);
    expect((await ask('HEAD', path, { key: other })).status).toBe(404);
    expect((await patch(path, 0, bytes.subarray(0, 100), { key: first })).status).toBe(204);
    const last = await patch(path, 100, bytes.subarray(100), { key: second });
    expect([last.status, last.headers.get('gatehouse-state')]).toEqual([204, 'released']);
    const view = (await (await app.call(`/v1/uploads/${last.headers.get('gatehouse-upload')}`)).json()) as Record<string, unknown>;
    expect(view['reference']).toBeUndefined();
    // The service hears of it where it said when it made the ticket.
    expect(await (await app.call('/v1/callbacks')).json()).toMatchObject({ items: [{ uploadId: view['id'], url: 'https://127.0.0.1:9/done' }] });
    // Taken back before its end, the upload costs the ticket nothing.
    const again = await create(10, { key: other });
    expect((await ask('DELETE', again, { key: other })).status).toBe(204);
    const third = await create(10, { key: other });
    expect((await ask('DELETE', third, { key: other })).status).toBe(204);
  });
});

describe('what is not released is never a success', () => {
  it('tells a refused sender a neutral text and a reference, and says 410 ever after', async () => {
    const bytes = makeListed();
    const path = await create(bytes.length);
    await patch(path, 0, bytes.subarray(0, 100));
    const last = await patch(path, 100, bytes.subarray(100));
    const text = await last.text();
    const problem = JSON.parse(text) as Record<string, string>;
    expect([last.status, problem['code'], last.headers.get('gatehouse-state')]).toEqual([422, 'not_published', 'not_released']);
    expect(problem['message']).toBe(`This file could not be published. Reference ${last.headers.get('gatehouse-upload')}.`);
    expect(text).not.toMatch(/known|match|list|pdq|distance|held/i);
    for (const reply of [await ask('HEAD', path), await ask('HEAD', path)]) expect([reply.status, reply.headers.get('upload-offset')]).toEqual([410, null]);
    expect((await patch(path, bytes.length, Buffer.alloc(0))).status).toBe(422);
    expect(await outcomeOf(path)).toMatchObject({ state: 'not_released', message: problem['message'] });
  });

  it('says the same of what could not be screened', async () => {
    const bytes = Uint8Array.from(randomBytes(5000));
    const path = await create(bytes.length);
    const last = await patch(path, 0, bytes);
    expect(last.status).toBe(422);
    expect(((await last.json()) as { message: string }).message).toMatch(/^This file could not be published\. Reference upl_\w+\.$/);
  });

  it('holds bytes against the digest that was announced, and ends', async () => {
    const bytes = makeClear();
    const sha256 = createHash('sha256').update('others').digest('hex');
    const path = await create(bytes.length, { headers: { 'upload-metadata': `sha256 ${Buffer.from(sha256).toString('base64')}` } });
    expect(await codeOf(await patch(path, 0, bytes))).toEqual([422, 'digest_mismatch']);
    expect([(await ask('HEAD', path)).status, await partNames()]).toEqual([410, []]);
  });

  it('is 423 to HEAD and PATCH while it is being checked, and 204 at last', async () => {
    const letGo = holdDecoders();
    const bytes = makeClear();
    const path = await create(bytes.length);
    stopWaiting();
    const last = await patch(path, 0, bytes);
    expect([last.status, last.headers.get('retry-after'), last.headers.get('upload-offset')]).toEqual([423, '2', null]);
    const head = await ask('HEAD', path);
    expect([head.status, head.headers.get('upload-offset')]).toEqual([423, null]);
    expect((await patch(path, bytes.length, Buffer.alloc(0))).status).toBe(423);
    expect(await outcomeOf(path)).toMatchObject({ state: 'pending' });
    letGo();
    for (const mend of mends.splice(0)) mend();
    expect(await where(path)).toEqual([200, bytes.length]);
    // The address ends; what was handed over is not the sender's to take back.
    const id = (await outcomeOf(path)).uploadId;
    expect([(await ask('DELETE', path)).status, (await ask('HEAD', path)).status]).toEqual([204, 410]);
    expect(await (await app.call(`/v1/uploads/${id}`)).json()).toMatchObject({ state: 'released' });
  });

  it('does not make a success of an outage: 503 twice, then the same bytes are screened', async () => {
    const bytes = makeClear();
    const path = await create(bytes.length);
    const broken = breakIntake(2);
    expect(await codeOf(await patch(path, 0, bytes))).toEqual([503, 'queue_full']);
    expect((await ask('HEAD', path)).status).toBe(423);
    expect(await codeOf(await ask('DELETE', path))).toEqual([423, 'upload_locked']);
    expect([broken.failed(), await where(path)]).toEqual([2, [200, bytes.length]]);
    expect(await outcomeOf(path)).toMatchObject({ state: 'released' });
  });

  it.each(['receive', 'get'] as const)('makes one upload of one file that came whole with its creation, and is paid for once (fault of %s)', async (call) => {
    const made = await app.call('/v1/tickets', {
      method: 'POST',
      body: JSON.stringify({ subject: `with creation ${call}`, maxUploads: 1, maxBytes: MAX_BYTES }),
      headers: { 'content-type': 'application/json' },
    });
    const { ticket } = (await made.json()) as { ticket: string };
    const broken = breakIntake(1, call);
    const end = await runClient(makeClear(), { headers: { authorization: `Bearer ${ticket}` }, uploadDataDuringCreation: true });
    expect([end.kind, end.header('gatehouse-state'), broken.failed()]).toEqual(['success', 'released', 1]);
    expect(end.requests.filter((line) => line.startsWith('POST'))).toEqual(['POST 201']);
  });

  it('makes one upload of one file when a fault comes after the hand-over', async () => {
    const { intake } = app.app.services;
    const { receive } = intake;
    const ids: string[] = [];
    const faulty: typeof receive = async (...asked) => {
      ids.push(asked[0]);
      const view = await receive(...asked);
      if (ids.length === 1) throw new GatehouseError('database_unavailable', 'Away.', { retryAfterS: 1 });
      return view;
    };
    Object.assign(intake, { receive: faulty });
    mends.push(() => Object.assign(intake, { receive }));
    const bytes = makeClear();
    const path = await create(bytes.length);
    expect((await patch(path, 0, bytes)).status).toBe(503);
    expect(await where(path)).toEqual([200, bytes.length]);
    expect([ids.length, new Set(ids).size, (await outcomeOf(path)).uploadId]).toEqual([2, 1, ids[0]]);
  });
});

describe('with tus-js-client', () => {
  it('sends in pieces and reads the decision and the receipt', async () => {
    const bytes = makeClear();
    const end = await runClient(bytes, { chunkSize: 4000, metadata: { filename: 'a.jpg' } });
    expect([end.kind, end.status, end.header('gatehouse-state')]).toEqual(['success', 204, 'released']);
    expect(end.header('gatehouse-receipt')).toMatch(/^[\w-]+\.[\w-]+\.[\w-]+$/);
    expect(end.requests.length).toBeGreaterThan(3);
  });

  // `protocol` is not in its types.
  it.each(['tus-v1', 'ietf-draft-05'])('speaks %s', async (protocol) => {
    expect((await runClient(makeClear(), { ...{ protocol }, chunkSize: 9000 })).header('gatehouse-state')).toBe('released');
    const { kind, status } = await runClient(makeListed(), { ...{ protocol }, chunkSize: 9000 });
    expect([kind, status]).toEqual(['error', 422]);
  });

  it.each([{ uploadDataDuringCreation: true }, { overridePatchMethod: true }, { uploadLengthDeferred: true, chunkSize: 5000 }])(
    'works with %o',
    async (options) => {
      expect((await runClient(makeClear(), options)).header('gatehouse-state')).toBe('released');
    },
  );

  it('fails once for a refused file, without a retry', async () => {
    const end = await runClient(makeListed());
    expect([end.kind, end.status, end.requests]).toEqual(['error', 422, ['POST 201', 'PATCH 422']]);
    expect((JSON.parse(end.body) as { message: string }).message).toMatch(/^This file could not be published/);
  });

  it('never reports a refused upload as sent when it is resumed', async () => {
    const bytes = makeListed();
    const path = await create(bytes.length);
    await patch(path, 0, bytes);
    const end = await runClient(bytes, { uploadUrl: new URL(path, app.url).href });
    expect([end.kind, end.status, end.requests]).toEqual(['error', 422, ['HEAD 410', 'POST 201', 'PATCH 422']]);
  });

  it('waits while the decision is not there, and for an outage, and only then reports success', async () => {
    stopWaiting();
    const letGo = holdDecoders();
    const broken = breakIntake(1);
    setTimeout(letGo, 400);
    const end = await runClient(makeClear());
    expect([end.kind, end.status, end.header('gatehouse-state'), broken.failed()]).toEqual(['success', 200, 'released', 1]);
    expect(end.requests.filter((line) => line.startsWith('POST'))).toEqual(['POST 201']);
    expect(end.requests.filter((line) => line === 'HEAD 200')).toHaveLength(1);
    expect(end.requests).toContain('HEAD 423');
  });

  it.each([
    ['the database is away', new GatehouseError('database_unavailable', 'Away.', { retryAfterS: 1 })],
    ['there are too many requests', new GatehouseError('rate_limited', 'Too many.', { retryAfterS: 1 })],
  ])('goes on where it was when %s before anybody is recognised', async (_what, fault) => {
    const bytes = makeClear();
    const path = await create(bytes.length);
    expect((await patch(path, 0, bytes.subarray(0, 1000))).status).toBe(204);
    const { access } = app.app.services;
    const { authenticate } = access;
    let failed = 0;
    Object.assign(access, {
      authenticate: (...asked: Parameters<typeof authenticate>) => ((failed += 1) === 1 ? Promise.reject(fault) : authenticate(...asked)),
    });
    mends.push(() => Object.assign(access, { authenticate }));
    const end = await runClient(bytes, { uploadUrl: new URL(path, app.url).href });
    expect([end.kind, end.requests]).toEqual(['success', ['HEAD 423', 'HEAD 200', 'PATCH 204']]);
  });
});

describe('broken lines', () => {
  it('keeps what arrived, and HEAD ends a request that hangs', async () => {
    const bytes = makeClear();
    const path = await create(bytes.length);
    const hanging = beginPatch(path, 0, { bytes: bytes.subarray(0, 3000), length: bytes.length });
    while (app.app.services.intake.waitingBytes() < 3000) await sleep(5);
    // A second piece is turned away meanwhile.
    expect((await patch(path, 0, bytes)).status).toBe(423);
    expect(await where(path)).toEqual([200, 3000]);
    expect(await hanging.done).toBe(0);
    const gone = beginPatch(path, 3000, { bytes: bytes.subarray(3000, 5000), length: bytes.length - 3000 });
    while (app.app.services.intake.waitingBytes() < 5000) await sleep(5);
    gone.abort();
    expect(await where(path)).toEqual([200, 5000]);
    expect((await patch(path, 5000, bytes.subarray(5000))).headers.get('gatehouse-state')).toBe('released');
  });

  it('keeps nothing of a piece whose checksum could not be checked', async () => {
    const path = await create(100);
    const { done, abort } = beginPatchWithChecksum(path);
    while (app.app.services.intake.waitingBytes() < 50) await sleep(5);
    abort();
    await done;
    expect(await where(path)).toEqual([200, 0]);
  });

  function beginPatchWithChecksum(path: string): { abort(): void; done: Promise<void> } {
    const headers = {
      authorization: `Bearer ${app.key}`,
      ...PIECE,
      'upload-offset': 0,
      'content-length': 100,
      'upload-checksum': `md5 ${digest('md5', Buffer.alloc(100))}`,
    };
    const asked = request(new URL(path, app.url), { method: 'PATCH', headers, agent: false });
    const done = new Promise<void>((resolve) => void asked.on('error', () => resolve()));
    asked.write(Buffer.alloc(50));
    return { abort: () => void asked.destroy(), done };
  }

  it('hands over what nobody cuts or writes any more, when the answer of the database was lost', async () => {
    const bytes = makeClear();
    const path = await create(bytes.length);
    const id = path.slice('/v1/tus/'.length);
    const part = join(app.dataDir, 'tus', id);
    // The last piece again, by a sender who does not say where it ends: one byte more, and it would be cut off.
    const headers = { authorization: `Bearer ${app.key}`, ...PIECE, 'upload-offset': 0 };
    const again = request(new URL(path, app.url), { method: 'PATCH', headers, agent: false });
    const done = new Promise<void>((resolve) => void again.on('error', () => resolve()).on('response', () => resolve()));
    again.write(bytes);
    while ((await stat(part).catch(() => undefined))?.size !== bytes.length) await sleep(5);
    // What was sent first counts only now.
    await sql`update surfaces.tus_upload set state = 'whole', offset_bytes = size_bytes where id = ${id}`.execute(app.app.context.database.sql);
    const letGo = holdDecoders();
    expect(await app.app.services.surfaces.tus.sweep()).toMatchObject({ handedOver: 1 });
    again.write('x');
    await done;
    again.destroy();
    const stored = (await readdir(app.dataDir, { recursive: true })).find((name) => name.endsWith(digestHex(bytes))) ?? '';
    expect(await readFile(join(app.dataDir, stored))).toEqual(bytes);
    letGo();
    expect(await outcomeOf(path)).toMatchObject({ state: 'released' });
  });

  it('of two pieces at once takes one', async () => {
    const path = await create(100_000);
    const statuses = await Promise.all([1, 2, 3, 4].map(async () => (await patch(path, 0, Buffer.alloc(50_000))).status));
    expect(statuses.filter((status) => status === 204)).toHaveLength(1);
    expect(statuses.every((status) => [204, 409, 423].includes(status))).toBe(true);
    expect(await where(path)).toEqual([200, 50_000]);
  });
});

describe('what nobody goes on with', () => {
  it('is taken back by its sender', async () => {
    const path = await create(100);
    await patch(path, 0, Buffer.alloc(10));
    expect([(await ask('DELETE', path)).status, (await ask('HEAD', path)).status, (await ask('DELETE', path)).status]).toEqual([204, 410, 410]);
    expect((await patch(path, 10, Buffer.alloc(10))).status).toBe(410);
    expect([await partNames(), app.app.services.intake.waitingBytes()]).toEqual([[], 0]);
  });

  it('expires with its bytes, later when pieces come, and so do files that no row knows', async () => {
    const { tus } = app.app.services.surfaces;
    const [idle, busy] = [await create(100), await create(100)];
    await patch(idle, 0, Buffer.alloc(10));
    aheadMs = 40 * 60_000;
    await patch(busy, 0, Buffer.alloc(10));
    aheadMs = 70 * 60_000;
    await writeFile(join(app.dataDir, 'tus', `tus_${'1'.repeat(26)}`), 'left by a process that was killed');
    // Of a volume of its own.
    const foreign = join(app.dataDir, 'tus', 'lost+found');
    await mkdir(foreign);
    expect(await tus.sweep()).toEqual({ expired: 1, handedOver: 0, orphans: 1 });
    await rmdir(foreign);
    expect(await partNames()).toEqual([busy.slice('/v1/tus/'.length)]);
    expect([(await ask('HEAD', idle)).status, await where(busy)]).toEqual([410, [200, 10]]);
    expect(app.app.services.intake.waitingBytes()).toBe(10);
  });

  it('is handed over by the janitor when the sender does not come back', async () => {
    const bytes = makeClear();
    const path = await create(bytes.length);
    breakIntake(1);
    expect((await patch(path, 0, bytes)).status).toBe(503);
    expect(await app.app.services.surfaces.tus.sweep()).toMatchObject({ handedOver: 1 });
    expect(await outcomeOf(path)).toMatchObject({ state: 'released' });
  });

  it('is limited in number, also for requests at once', async () => {
    const made = await Promise.all(Array.from({ length: 12 }, () => ask('POST', '/v1/tus', { headers: { 'upload-length': '5' } })));
    expect(made.map(({ status }) => status).toSorted()).toEqual([...Array<number>(6).fill(201), ...Array<number>(6).fill(429)]);
    for (const reply of made) if (reply.status === 201) await ask('DELETE', reply.headers.get('location') ?? '');
  });

  it('is limited in bytes together with the spool', async () => {
    elsewhereBytes = app.app.context.config.spoolMaxBytes - 1000;
    const path = await create(3000);
    expect((await patch(path, 0, Buffer.alloc(900))).status).toBe(204);
    const reply = await patch(path, 900, Buffer.alloc(900));
    expect([reply.status, reply.headers.get('retry-after')]).toEqual([503, '30']);
    expect(await where(path)).toEqual([200, 900]);
    elsewhereBytes = 0;
    expect((await patch(path, 900, Buffer.alloc(900))).status).toBe(204);
  });

  it('that was lost from the disk begins again', async () => {
    const path = await create(100);
    await patch(path, 0, Buffer.alloc(10));
    await writeFile(join(app.dataDir, 'tus', path.slice('/v1/tus/'.length)), 'short');
    expect((await patch(path, 10, Buffer.alloc(10))).status).toBe(410);
    expect((await ask('HEAD', path)).status).toBe(410);
  });
});
