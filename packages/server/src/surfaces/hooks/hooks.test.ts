import { createCipheriv, createHash, randomBytes } from 'node:crypto';
import { readdir } from 'node:fs/promises';
import { createServer, request, type IncomingMessage, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { startTestServer, type TestServer } from '../../../test/support/http.ts';
import { emptyIntake, PERSON } from '../../../test/support/intake.ts';
import { startRoom, type TestRoom } from '../../../test/support/surface-room.ts';
import { encryptForScanner } from '../../../test/support/surfaces/matrix-client.ts';
import { hooksRoom, type HooksService } from './index.ts';

const KEY = 'gh_key';
const MAX_BYTES = 500_000;

let room: TestRoom<HooksService>;
let server: TestServer;
let homeserver: Server;
/** What the homeserver has, by media id, and what it was asked. */
const media = new Map<string, { readonly bytes: Buffer; readonly status?: number; readonly breaksOff?: true }>();
const asked: { readonly url: string; readonly authorization: string | undefined }[] = [];

beforeAll(async () => {
  homeserver = createServer((incoming, outgoing) => {
    asked.push({ url: incoming.url ?? '', authorization: incoming.headers.authorization });
    const found = media.get(/\/([\w-]+)(?:\?.*)?$/.exec(incoming.url ?? '')?.[1] ?? '');
    if (found === undefined) return void outgoing.writeHead(404).end('{"errcode":"M_NOT_FOUND"}');
    outgoing.writeHead(found.status ?? 200, { 'content-type': 'text/html', 'content-length': found.bytes.length, location: 'http://127.0.0.1:1/' });
    if (found.breaksOff) return void outgoing.write(found.bytes.subarray(0, 10), () => outgoing.destroy());
    outgoing.end(found.bytes);
  });
  await new Promise<void>((done) => void homeserver.listen(0, '127.0.0.1', () => done()));
  const address = `127.0.0.1:${(homeserver.address() as AddressInfo).port}`;
  room = await startRoom(hooksRoom, {
    hooksMatrixHomeserver: `http://${address}/`,
    hooksMatrixToken: 'operator',
    outboundAllow: [address],
    maxUploadBytes: MAX_BYTES,
    passDeadlineMs: 700,
  });
  server = await startTestServer({
    routes: hooksRoom.routes?.(room.service, room.intake.context) ?? [],
    authenticator: { authenticate: async ({ authorization }) => (authorization === `Bearer ${KEY}` ? PERSON : undefined) },
    clock: room.intake.clock,
  });
});
afterAll(async () => {
  await server.close();
  await room.stop();
  homeserver.close();
});
beforeEach(async () => {
  await emptyIntake(room.intake.db);
  room.intake.screening.answer = undefined;
  room.intake.screening.version += 1;
  media.clear();
  asked.length = 0;
});

const call = (path: string, init: RequestInit = {}): Promise<Response> => fetch(`http://${server.host}${path}`, init);
const ask = (path: string, body: BodyInit, headers: Record<string, string> = {}): Promise<Response> =>
  call(path, { method: 'POST', body, headers: { authorization: `Bearer ${KEY}`, ...headers } });
const spooled = (): Promise<string[]> => readdir(join(room.intake.context.config.dataDir, 'spool'));
const isEmptyAgain = async (): Promise<void> => {
  await expect.poll(spooled).toEqual([]);
};
const read = async (response: Response): Promise<Record<string, unknown>> => (await response.json()) as Record<string, unknown>;

/** As pict-rs does (its src/ingest.rs): the stored media as a chunked body with its type, and the key from the address. */
function askAsPictrs(content: string | Buffer, userInfo = `pictrs:${KEY}`): Promise<{ readonly status: number; readonly text: string }> {
  return new Promise((resolve, reject) => {
    const outgoing = request(
      `http://${server.host}/v1/hooks/pictrs`,
      { method: 'POST', auth: userInfo, headers: { 'content-type': 'image/webp' } },
      (incoming: IncomingMessage) => {
        let text = '';
        incoming.on('data', (chunk: Buffer) => void (text += chunk.toString()));
        incoming.on('end', () => resolve({ status: incoming.statusCode ?? 0, text }));
        incoming.on('error', reject);
      },
    );
    outgoing.on('error', reject);
    outgoing.write(content);
    outgoing.end();
  });
}

describe.each([
  ['/v1/hooks/raw', 422],
  ['/v1/hooks/pictrs', 406],
])('%s', (path, stopped) => {
  it('says yes to what is released and no to all else, in the same words', async () => {
    const texts = [];
    for (const [content, status] of [
      ['clear', 200],
      ['match', stopped],
      ['match refuse', stopped],
      ['unscannable', stopped],
      ['error', 503],
    ] as const) {
      const answer = await ask(path, content);
      expect([content, answer.status]).toEqual([content, status]);
      const body = await read(answer);
      expect(body).toMatchObject({ released: status === 200, id: answer.headers.get('gatehouse-reference') });
      texts.push(String(body['message']).replace(String(body['id']), '<id>'));
      expect(JSON.stringify(body)).not.toMatch(/match|unscannable|hit|list|hold|refuse/i);
    }
    expect(new Set(texts.slice(1)).size).toBe(1);
    await isEmptyAgain();
  });

  it('keeps a match for a person, under the name of the surface', async () => {
    const { id } = await read(await ask(path, 'match'));
    expect(String(id)).toMatch(/^upl_/);
    expect(await room.intake.service.get(String(id), { principal: PERSON, waitS: 0, signal: AbortSignal.timeout(1_000) })).toMatchObject({
      state: 'held',
      surface: path.endsWith('raw') ? 'hook' : 'pictrs',
    });
  });

  it('never says yes when it cannot know: each of these was a yes in pictrs-safety', async () => {
    const answers: Record<string, number> = {};
    const { screening } = room.intake;
    // A worker that is away, a queue that is full, a fault.
    for (const reason of ['worker_died', 'queue_full', 'internal']) {
      screening.answer = async () => ({ verdict: 'error', reason });
      answers[reason] = (await ask(path, reason)).status;
    }
    screening.answer = async () => {
      throw new Error('something else');
    };
    answers['exception'] = (await ask(path, 'exception')).status;
    screening.answer = ({ signal }) => new Promise((_, reject) => signal?.addEventListener('abort', () => reject(new Error('late'))));
    answers['timeout'] = (await ask(path, 'timeout')).status;
    expect(answers).toEqual({ worker_died: 503, queue_full: 503, internal: 503, exception: 503, timeout: 503 });
    await isEmptyAgain();
  });

  it('asks for a key, as bearer or as the password in the address, and takes no other', async () => {
    const basic = (text: string): Record<string, string> => ({ authorization: `Basic ${Buffer.from(text).toString('base64')}` });
    expect((await ask(path, 'clear', basic(`pictrs:${KEY}`))).status).toBe(200);
    for (const wrong of [basic(`${KEY}:`), basic(KEY.slice(1)), basic('pictrs:other'), { authorization: 'Basic !' }, { authorization: KEY }])
      expect((await ask(path, 'clear', wrong)).status).toBe(401);
    expect((await call(`${path}?token=${KEY}`, { method: 'POST', body: 'clear' })).status).toBe(401);
  });

  it('refuses what is empty, too large, encoded or cut off', async () => {
    room.intake.screening.answer = async ({ sizeBytes }) => (sizeBytes === 0 ? { verdict: 'unscannable', reason: 'empty' } : {});
    expect((await ask(path, '')).status).toBe(stopped);
    expect((await ask(path, Buffer.alloc(MAX_BYTES + 1))).status).toBe(413);
    expect((await ask(path, 'clear', { 'content-encoding': 'gzip' })).status).toBe(415);
    await new Promise<void>((done) => {
      const outgoing = request(`http://${server.host}${path}`, { method: 'POST', auth: `x:${KEY}`, headers: { 'content-length': 1_000 } });
      outgoing.on('error', () => done());
      outgoing.write('clear', () => outgoing.destroy(new Error('gone')));
    });
    await isEmptyAgain();
  });
});

describe('pict-rs', () => {
  it('is answered as it asks', async () => {
    expect((await askAsPictrs('clear')).status).toBe(200);
    expect((await askAsPictrs('match')).status).toBe(406);
    expect((await askAsPictrs('clear', 'pictrs:no')).status).toBe(401);
  });
});

describe('the raw hook', () => {
  const form = (parts: readonly (readonly [string, string, string?])[]): FormData => {
    const data = new FormData();
    for (const [name, value, fileName] of parts) {
      if (fileName === undefined) data.append(name, value);
      else data.append(name, new Blob([value]), fileName);
    }
    return data;
  };

  it('takes one file in a form, and nothing beside it', async () => {
    const path = '/v1/hooks/raw';
    expect((await ask(path, form([['file', 'clear', 'a.jpg']]))).status).toBe(200);
    expect((await ask(path, form([['any', 'match', 'a.jpg']]))).status).toBe(422);
    for (const parts of [
      [['file', 'match']],
      [
        ['file', 'clear', 'a.jpg'],
        ['more', 'match'],
      ],
      [
        ['more', 'match'],
        ['file', 'clear', 'a.jpg'],
      ],
      [
        ['file', 'clear', 'a.jpg'],
        ['file', 'match', 'b.jpg'],
      ],
    ] as const)
      expect((await ask(path, form(parts as never))).status).toBe(400);
    expect((await ask(path, 'clear', { 'content-type': 'multipart/mixed; boundary=x' })).status).toBe(415);
    expect(
      (await ask(path, '--x\r\nContent-Disposition: form-data; name="f"; filename="a"\r\n\r\nclear', { 'content-type': 'multipart/form-data; boundary=x' })).ok,
    ).toBe(false);
    await isEmptyAgain();
  });

  it.each<[string, string, number]>([
    ['a form', '--x\r\n<file>\r\n\r\nclear\r\n--x--\r\n', 200],
    ['a form without a last line break', '--x\r\n<file>\r\n\r\nclear\r\n--x--', 200],
    ['bytes before it', 'match\r\n--x\r\n<file>\r\n\r\nclear\r\n--x--\r\n', 400],
    ['bytes after it', '--x\r\n<file>\r\n\r\nclear\r\n--x--\r\nmatch', 400],
    ['a part without a name', '--x\r\n<file>\r\n\r\nclear\r\n--x\r\ncontent-type: image/jpeg\r\n\r\nmatch\r\n--x--\r\n', 400],
    ['such a part first', '--x\r\ncontent-type: image/jpeg\r\n\r\nmatch\r\n--x\r\n<file>\r\n\r\nclear\r\n--x--\r\n', 400],
  ])('looks at all that it was sent: %s', async (_name, body, status) => {
    const sent = body.replace('<file>', 'content-disposition: form-data; name="f"; filename="a"');
    for (const type of ['boundary=x', 'boundary="x"; charset=utf-8'])
      expect((await ask('/v1/hooks/raw', sent, { 'content-type': `multipart/form-data; ${type}` })).status).toBe(status);
    await isEmptyAgain();
  });

  it('gives a receipt when it is asked for one, for clear content only', async () => {
    const clear = await ask('/v1/hooks/raw?receipt=1', 'clear');
    const { receipt, sha256, sizeBytes } = await read(clear);
    expect(clear.headers.get('gatehouse-receipt')).toBe(receipt);
    expect(await room.intake.service.verifyReceipt({ receipt: String(receipt), sha256: String(sha256), size: Number(sizeBytes) })).toMatchObject({
      valid: true,
    });
    expect((await read(await ask('/v1/hooks/raw?receipt=1', 'match')))['receipt']).toBeUndefined();
    expect((await read(await ask('/v1/hooks/raw', 'clear')))['receipt']).toBeUndefined();
  });
});

const BASE = '/_matrix/media_proxy/unstable';
const post = (path: string, body: unknown, headers: Record<string, string> = {}): Promise<Response> =>
  call(`${BASE}/${path}`, { method: 'POST', body: JSON.stringify(body), headers: { 'content-type': 'application/json', ...headers } });

/** What Element sends about an attachment of an encrypted room. */
function encrypt(content: string, id = 'secret', iv: Buffer = Buffer.concat([randomBytes(8), Buffer.alloc(8)])): { file: Record<string, unknown> } {
  const key = randomBytes(32);
  const cipher = createCipheriv('aes-256-ctr', key, iv);
  const bytes = Buffer.concat([cipher.update(content), cipher.final()]);
  media.set(id, { bytes });
  const sha256 = createHash('sha256').update(bytes).digest('base64').replace(/=+$/, '');
  const k = { alg: 'A256CTR', ext: true, k: key.toString('base64url'), key_ops: ['encrypt', 'decrypt'], kty: 'oct' };
  return { file: { v: 'v2', key: k, iv: iv.toString('base64').replace(/=+$/, ''), hashes: { sha256 }, url: `mxc://matrix.example/${id}` } };
}

/** As it stands: `fetch` resolves steps in a path. */
const askPath = (path: string): Promise<number> =>
  new Promise((resolve, reject) => {
    const [hostname = '', port = ''] = server.host.split(':');
    request({ hostname, port, path }, (incoming) => {
      incoming.resume();
      resolve(incoming.statusCode ?? 0);
    })
      .on('error', reject)
      .end();
  });

describe('matrix-content-scanner', () => {
  it('scans what the homeserver has, and says so in its words', async () => {
    for (const [content, clean] of [
      ['clear', true],
      ['match', false],
      ['unscannable', false],
    ] as const) {
      media.set('one', { bytes: Buffer.from(content) });
      const answer = await call(`${BASE}/scan/matrix.example:8448/one`);
      expect([answer.status, (await read(answer))['clean']]).toEqual([200, clean]);
    }
    expect(asked[0]).toEqual({ url: '/_matrix/media/v3/download/matrix.example%3A8448/one', authorization: undefined });
    await isEmptyAgain();
  });

  it('hands out the bytes of released media only, with their true type', async () => {
    media.set('one', { bytes: Buffer.from('clear picture') });
    const clear = await call(`${BASE}/download/matrix.example/one`);
    expect([clear.status, await clear.text()]).toEqual([200, 'clear picture']);
    expect(Object.fromEntries(clear.headers)).toMatchObject({
      'content-type': 'image/png',
      'content-disposition': 'inline',
      'content-security-policy': "sandbox; default-src 'none'",
      'x-content-type-options': 'nosniff',
      'access-control-allow-origin': '*',
    });
    room.intake.screening.answer = async () => ({ media: { type: 'text/html' } });
    media.set('page', { bytes: Buffer.from('clear page') });
    expect((await call(`${BASE}/download/matrix.example/page`)).headers.get('content-disposition')).toBe('attachment');
    room.intake.screening.answer = undefined;
    for (const content of ['match', 'unscannable']) {
      media.set('two', { bytes: Buffer.from(content) });
      const stopped = await call(`${BASE}/download/matrix.example/two`);
      const body = await read(stopped);
      expect([stopped.status, body['reason']]).toEqual([403, 'MCS_MEDIA_NOT_CLEAN']);
      expect(body['info']).toMatch(/^This file could not be published\. Reference (?:upl|scn)_\w+\.$/);
    }
    await isEmptyAgain();
  });

  it('holds no room in the spool for who takes no bytes', async () => {
    media.set('one', { bytes: Buffer.from('clear '.repeat(80_000)) });
    const head = await call(`${BASE}/download/matrix.example/one`, { method: 'HEAD' });
    expect([head.status, head.headers.get('content-length')]).toEqual([200, '480000']);
    await new Promise<void>((done) => {
      const outgoing = request(`http://${server.host}${BASE}/download/matrix.example/one`, (incoming) => {
        incoming.destroy();
        done();
      });
      outgoing.on('error', () => done());
      outgoing.end();
    });
    await isEmptyAgain();
    await expect.poll(() => room.intake.service.waitingBytes()).toBe(0);
  });

  it('screens thumbnails as they are, with the parameters of the specification only', async () => {
    media.set('one', { bytes: Buffer.from('clear small') });
    expect((await call(`${BASE}/thumbnail/matrix.example/one?width=32&height=32&method=crop&url=x`)).status).toBe(200);
    expect(asked[0]?.url).toBe('/_matrix/media/v3/thumbnail/matrix.example/one?width=32&height=32&method=crop');
    expect((await call(`${BASE}/thumbnail/matrix.example/one?width=0&height=32`)).status).toBe(400);
    expect((await call(`${BASE}/thumbnail/matrix.example/one`)).status).toBe(400);
  });

  it('shows the homeserver whose token it is', async () => {
    media.set('one', { bytes: Buffer.from('clear') });
    const url = `${BASE}/scan/matrix.example/one`;
    await call(url, { headers: { authorization: 'Bearer syt_client' } });
    await call(url, { headers: { authorization: `Bearer ${KEY}` } });
    // Revoked or mistyped: a key of ours goes nowhere, and opens nothing.
    await call(url, { headers: { authorization: 'Bearer gh_revoked' } });
    expect(asked.map(({ url: path, authorization }) => [path.split('/download')[0], authorization])).toEqual([
      ['/_matrix/client/v1/media', 'Bearer syt_client'],
      ['/_matrix/client/v1/media', 'Bearer operator'],
      ['/_matrix/media/v3', undefined],
    ]);
  });

  it('decrypts, and screens what the client would show', async () => {
    expect(await read(await post('scan_encrypted', encrypt('clear')))).toMatchObject({ clean: true });
    expect(await read(await post('scan_encrypted', encrypt('match')))).toMatchObject({ clean: false });
    const shown = await post('download_encrypted', encrypt('clear words'));
    expect([shown.status, await shown.text()]).toEqual([200, 'clear words']);
    expect((await post('download_encrypted', encrypt('match'))).status).toBe(403);
    await isEmptyAgain();
  });

  it('checks the digest of what was fetched before anything else', async () => {
    const screened = room.intake.screening.requests.length;
    const asking = encrypt('clear');
    media.set('secret', { bytes: Buffer.from('other bytes') });
    const answer = await post('download_encrypted', asking);
    expect([answer.status, (await read(answer))['reason']]).toEqual([400, 'MCS_MEDIA_FAILED_TO_DECRYPT']);
    expect(room.intake.screening.requests).toHaveLength(screened);
    await isEmptyAgain();
  });

  it('refuses what a client would decrypt to other bytes than were screened', async () => {
    // Clear in the first block; from the second on it depends on how far a counter carries.
    const iv = (end: string): Buffer => Buffer.from(`0000000000000000${end}`, 'hex');
    const scanWith = async (end: string): Promise<unknown[]> => {
      const answer = await post('scan_encrypted', encrypt('clear and twenty more bytes', 'secret', iv(end)));
      return [answer.status, await read(answer)];
    };
    expect(await scanWith('fffffffffffffffe')).toEqual([200, expect.objectContaining({ clean: true })]);
    expect(await scanWith('ffffffffffffffff')).toEqual([400, expect.objectContaining({ reason: 'MCS_MEDIA_FAILED_TO_DECRYPT' })]);
    await isEmptyAgain();
  });

  it('reads bodies that were encrypted for its key, and no others', async () => {
    const { public_key: publicKey } = await read(await call(`${BASE}/public_key`));
    expect(publicKey).toMatch(/^[A-Za-z0-9+/]{43}$/);
    const encrypted = encryptForScanner(String(publicKey), JSON.stringify(encrypt('clear')));
    expect(await read(await post('scan_encrypted', { encrypted_body: encrypted }))).toMatchObject({ clean: true });
    for (const wrong of [{ ...encrypted, mac: 'AAAAAAAAAAA' }, { ...encrypted, ephemeral: 'AAAA' }, { ...encrypted, ephemeral: 'A'.repeat(43) }, 'x']) {
      const answer = await post('scan_encrypted', { encrypted_body: wrong, ...encrypt('clear') });
      expect([answer.status, (await read(answer))['reason']]).toEqual([403, 'MCS_BAD_DECRYPTION']);
    }
  });

  it('asks nobody but its homeserver, for nothing but media', async () => {
    const { file } = encrypt('clear');
    for (const url of [
      'https://elsewhere.example/x',
      'mxc://matrix.example/../../admin',
      'mxc://../secret',
      'mxc://.:80/secret',
      'mxc://a@b/secret',
      'mxc://matrix.example/se%2Fcret',
      'mxc://matrix.example',
    ])
      expect((await post('scan_encrypted', { file: { ...file, url } })).status).toBe(400);
    for (const wrong of [
      {},
      { file: { ...file, v: 'v1' } },
      { file: { ...file, iv: 'short' } },
      { file: { ...file, iv: `${String(file['iv']).slice(0, 9)}*${String(file['iv']).slice(9)}` } },
      { file: { ...file, key: { ...(file['key'] as object), k: 'AA' } } },
    ])
      expect(await read(await post('download_encrypted', wrong))).toMatchObject({ reason: 'MCS_MALFORMED_JSON' });
    expect((await call(`${BASE}/scan/matrix.example%2F..%2Fx/one`)).status).toBe(400);
    for (const step of ['..', '%2e%2e', '.']) expect(await askPath(`${BASE}/scan/${step}/one`)).toBeGreaterThanOrEqual(400);
    expect(asked).toEqual([]);
  });

  it('shows nothing when it cannot know', async () => {
    media.set('moved', { bytes: Buffer.from('clear'), status: 307 });
    media.set('denied', { bytes: Buffer.from('clear'), status: 401 });
    media.set('cut', { bytes: Buffer.from('clear but not whole'), breaksOff: true });
    media.set('large', { bytes: Buffer.alloc(MAX_BYTES + 1, 'clear ') });
    media.set('error', { bytes: Buffer.from('error') });
    const answers: Record<string, unknown> = {};
    for (const id of ['moved', 'denied', 'cut', 'large', 'error', 'none']) {
      const answer = await call(`${BASE}/download/matrix.example/${id}`);
      answers[id] = [answer.status, (await read(answer))['reason']];
    }
    expect(answers).toEqual({
      moved: [502, 'MCS_MEDIA_REQUEST_FAILED'],
      denied: [502, 'MCS_MEDIA_REQUEST_FAILED'],
      cut: [502, 'MCS_MEDIA_REQUEST_FAILED'],
      large: [403, 'MCS_MEDIA_NOT_CLEAN'],
      error: [503, 'M_UNKNOWN'],
      none: [404, 'M_NOT_FOUND'],
    });
    expect((await call(`${BASE}/scan/matrix.example/error`)).status).toBe(503);
    await isEmptyAgain();
  });

  it('remembers an answer about the same bytes until the lists are others', async () => {
    const { screening } = room.intake;
    media.set('one', { bytes: Buffer.from('clear again') });
    const before = screening.requests.length;
    for (let i = 0; i < 3; i += 1) expect(await read(await call(`${BASE}/scan/matrix.example/one`))).toMatchObject({ clean: true });
    expect(screening.requests.length - before).toBe(1);
    // What was said before counts only while it could be said now.
    const { rematch } = screening;
    screening.rematch = async (signals) => ({ ...(await rematch(signals)), verdict: 'error', reason: 'lists_stale' });
    expect((await call(`${BASE}/scan/matrix.example/one`)).status).toBe(503);
    screening.rematch = rematch;
    // Other bytes under the same address.
    media.set('one', { bytes: Buffer.from('match now') });
    expect(await read(await call(`${BASE}/scan/matrix.example/one`))).toMatchObject({ clean: false });
    media.set('one', { bytes: Buffer.from('clear again') });
    screening.known.add(createHash('sha256').update('clear again').digest('hex'));
    screening.version += 1;
    expect(await read(await call(`${BASE}/scan/matrix.example/one`))).toMatchObject({ clean: false });
    screening.known.clear();
    // Others between the look into the memory and the answer.
    for (const [text, change] of [
      ['clear, then known', (digest: string) => void screening.known.add(digest)],
      ['clear, then like another', () => void ((screening.version += 1), (screening.answer = async () => ({ verdict: 'match' })))],
    ] as const) {
      media.set('one', { bytes: Buffer.from(text) });
      expect(await read(await call(`${BASE}/scan/matrix.example/one`))).toMatchObject({ clean: true });
      screening.rematch = async (signals) => {
        change(signals.digests.sha256);
        return rematch(signals);
      };
      expect(await read(await call(`${BASE}/scan/matrix.example/one`))).toMatchObject({ clean: false });
      screening.rematch = rematch;
    }
    screening.answer = undefined;
    screening.known.clear();
  });
});

describe('without a homeserver', () => {
  it('is not offered', async () => {
    const off = await startTestServer({
      routes: hooksRoom.routes?.({ ...room.service, matrix: undefined }, room.intake.context) ?? [],
      authenticator: { authenticate: async () => undefined },
      clock: room.intake.clock,
    });
    for (const path of ['public_key', 'scan/matrix.example/one', 'download/matrix.example/one'])
      expect((await fetch(`http://${off.host}${BASE}/${path}`)).status).toBe(404);
    await off.close();
  });
});
