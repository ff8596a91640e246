import { createHash } from 'node:crypto';
import { mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { request as openRequest, type ClientRequest } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { z } from 'zod';
import type { TestDatabase } from '../../test/support/database.ts';
import { startTestServer, type TestServer } from '../../test/support/http.ts';
import { createIntakeDatabase, emptyIntake, PERSON, startIntake, type TestIntake } from '../../test/support/intake.ts';
import type { CommandContext } from '../platform/cli/command.ts';
import type { Principal } from '../platform/http/rights.ts';
import { silentLog } from '../platform/log.ts';
import { commands } from './commands.ts';
import { JwksSchema, ReceiptCheckSchema, ScanReplySchema, UploadViewSchema, type UploadView } from './index.ts';
import { routes } from './routes.ts';

let db: TestDatabase;
let intake: TestIntake;
let server: TestServer;
let principal: Principal;
const MAX_BYTES = 200_000;

beforeAll(async () => {
  db = await createIntakeDatabase();
});
afterAll(() => db.drop());
beforeEach(async () => {
  await emptyIntake(db);
  principal = PERSON;
  intake = await startIntake({ db, config: { maxUploadBytes: MAX_BYTES, maxScanBytes: 1_000 } });
  server = await startTestServer({
    routes: routes(intake.service, intake.context),
    authenticator: { authenticate: async () => principal },
    clock: intake.clock,
  });
});
afterEach(async () => {
  await server.close();
  await intake.stop();
});

const AUTH = { authorization: 'Bearer test' };
const call = (path: string, init: RequestInit = {}): Promise<Response> =>
  fetch(`http://${server.host}${path}`, { ...init, headers: { ...AUTH, ...Object.fromEntries(new Headers(init.headers)) } });
const sha = (content: string): string => createHash('sha256').update(content).digest('hex');
const spooled = (): Promise<string[]> => readdir(join(intake.context.config.dataDir, 'spool'));
const codeOf = async (response: Response): Promise<unknown> => Reflect.get(Object(await response.json()), 'code');

async function announce(body: object = {}, headers: Record<string, string> = {}): Promise<UploadView> {
  const response = await call('/v1/uploads', { method: 'POST', body: JSON.stringify(body), headers: { 'content-type': 'application/json', ...headers } });
  expect(response.status).toBe(201);
  return UploadViewSchema.parse(await response.json());
}

const put = (view: UploadView, body: BodyInit, init: RequestInit & { readonly query?: string } = {}): Promise<Response> =>
  call(`${view.links.content}${init.query ?? ''}`, { method: 'PUT', body, ...init });

/** A PUT of which the test writes every byte itself. */
function openPut(view: UploadView, headers: Record<string, string>): ClientRequest {
  const [hostname, port] = server.host.split(':');
  const outgoing = openRequest({ hostname, port, method: 'PUT', path: view.links.content, headers: { ...AUTH, ...headers } });
  outgoing.on('error', () => undefined);
  return outgoing;
}

describe('the five-minute way', () => {
  it('announce, send, publish with the receipt', async () => {
    const view = await announce({ reference: 'post 7' }, { 'idempotency-key': 'abc' });
    expect(view.state).toBe('created');
    expect((await announce({ reference: 'post 7' }, { 'idempotency-key': 'abc' })).id).toBe(view.id);
    const sent = await put(view, 'clear picture');
    expect(sent.status).toBe(200);
    const released = UploadViewSchema.parse(await sent.json());
    expect(released).toMatchObject({ state: 'released', receipt: expect.any(String) });
    const content = await call(view.links.content);
    expect(await content.text()).toBe('clear picture');
    expect(Object.fromEntries(content.headers)).toMatchObject({
      'content-type': 'image/png',
      'x-content-type-options': 'nosniff',
      'content-disposition': `attachment; filename="${view.id}"`,
      'content-length': '13',
      'cache-control': 'no-store',
      'content-digest': `sha-256=:${Buffer.from(sha('clear picture'), 'hex').toString('base64')}:`,
    });
    const verified = await call('/v1/receipts/verify', {
      method: 'POST',
      body: JSON.stringify({ receipt: released.receipt, sha256: released.sha256, size: 13 }),
      headers: { 'content-type': 'application/json' },
    });
    expect(ReceiptCheckSchema.parse(await verified.json())).toMatchObject({ valid: true });
    expect((await call(view.links.self, { method: 'DELETE' })).status).toBe(204);
    expect((await call(view.links.content)).status).toBe(410);
  });

  it('says that a reference cannot be stored, and does not call it a fault of its own', async () => {
    const init = { method: 'POST', body: JSON.stringify({ reference: 'a\0b' }), headers: { 'content-type': 'application/json' } };
    const [made, asked] = [await call('/v1/uploads', init), await call('/v1/uploads?reference=a%00b')];
    expect([made.status, asked.status]).toEqual([400, 400]);
    expect(await made.json()).toMatchObject({ code: 'invalid_request', detail: expect.stringContaining('U+0000') as string });
  });

  it('held content is a 200 of the transport and no clearance; its bytes stay', async () => {
    const view = await announce();
    const sent = await put(view, 'match');
    expect(sent.status).toBe(200);
    expect(UploadViewSchema.parse(await sent.json())).toMatchObject({ state: 'held', message: `This file could not be published. Reference ${view.id}.` });
    expect((await call(view.links.content)).status).toBe(409);
  });
});

describe('receiving', () => {
  it.each([
    ['?wait=0', {}],
    ['', { prefer: 'respond-async' }],
    ['', { prefer: 'return=minimal, respond-async' }],
  ])('answers at once with %s %j, when the bytes are durable', async (query, headers) => {
    intake.screening.answer = () => new Promise(() => undefined);
    const view = await announce();
    const sent = await put(view, 'slow', { query, headers });
    expect([sent.status, sent.headers.get('preference-applied')]).toEqual([202, 'respond-async']);
    expect(UploadViewSchema.parse(await sent.json()).sha256).toBe(sha('slow'));
    expect(await intake.context.blobs.quarantine.has(sha('slow'))).toBe(true);
  });

  it('takes one file of a form, and nothing of a form with two, with none, with anything else in it or around it, or cut off', async () => {
    const form = (...names: readonly string[]): FormData => {
      const data = new FormData();
      for (const name of names) data.append('file', new Blob(['clear form']), name);
      return data;
    };
    const view = await announce();
    const withField = form('a.png');
    withField.append('other', 'clear form');
    for (const bad of [form('a.png', 'b.png'), form(), withField]) expect(await codeOf(await put(view, bad))).toBe('invalid_request');
    const whole = '--x\r\ncontent-disposition: form-data; name="file"; filename="a"\r\n\r\nclear form\r\n--x--\r\n';
    for (const bad of [`picture\r\n${whole}`, `${whole}picture`, `--x\r\n\r\npicture\r\n${whole}`])
      expect(await codeOf(await put(view, bad, { headers: { 'content-type': 'multipart/form-data; boundary=x' } }))).toBe('invalid_request');
    const cut = '--x\r\ncontent-disposition: form-data; name="file"; filename="a"\r\n\r\nclear f';
    expect([400, 422]).toContain((await put(view, cut, { headers: { 'content-type': 'multipart/form-data; boundary=x' } })).status);
    // The answer may be out before the file is gone.
    await expect.poll(spooled).toEqual([]);
    expect(UploadViewSchema.parse(await (await call(view.links.self)).json()).state).toBe('created');
    expect(UploadViewSchema.parse(await (await put(view, form('a.png'))).json())).toMatchObject({ state: 'released', sha256: sha('clear form') });
  });

  it('refuses a content coding', async () => {
    const view = await announce();
    expect(await codeOf(await put(view, 'x', { headers: { 'content-encoding': 'gzip' } }))).toBe('unsupported_media_type');
    expect((await put(view, 'clear', { headers: { 'content-encoding': 'identity' } })).status).toBe(200);
  });

  it('checks a digest that came with the content', async () => {
    const view = await announce();
    const digest = (content: string): string => `sha-512=:AAAA:, sha-256=:${Buffer.from(sha(content), 'hex').toString('base64')}:`;
    expect(await codeOf(await put(view, 'clear', { headers: { 'content-digest': digest('other') } }))).toBe('digest_mismatch');
    expect(await codeOf(await put(view, 'clear', { headers: { 'content-digest': 'sha-256=zz' } }))).toBe('invalid_request');
    expect((await put(view, 'clear', { headers: { 'content-digest': digest('clear') } })).status).toBe(200);
  });

  it('answers too much with 413 and closes nothing before the answer is out', async () => {
    const view = await announce();
    expect(await codeOf(await put(view, 'x'.repeat(MAX_BYTES + 1)))).toBe('too_large');
    // Chunked: the size is not known beforehand.
    const outgoing = openPut(view, {});
    const status = new Promise((resolve) => outgoing.once('response', (response) => resolve(response.statusCode)));
    for (let count = 0; count < 4; count++) outgoing.write(Buffer.alloc(MAX_BYTES / 2));
    expect(await status).toBe(413);
    outgoing.destroy();
    await expect.poll(spooled).toEqual([]);
    expect((await put(view, 'clear')).status).toBe(200);
  });

  it('keeps nothing of a sender that goes away, who may send again', async () => {
    const view = await announce();
    const outgoing = openPut(view, { 'content-length': '1000' });
    outgoing.write(Buffer.alloc(500));
    await expect.poll(spooled).toHaveLength(1);
    outgoing.destroy();
    await expect.poll(spooled).toEqual([]);
    await expect.poll(async () => UploadViewSchema.parse(await (await call(view.links.self)).json()).state).toBe('created');
    expect((await put(view, 'clear')).status).toBe(200);
  });

  it('takes content that is empty as what it is', async () => {
    intake.screening.answer = async ({ sizeBytes }) => (sizeBytes === 0 ? { verdict: 'unscannable', reason: 'empty' } : {});
    const view = await announce();
    expect(UploadViewSchema.parse(await (await put(view, '')).json())).toMatchObject({ state: 'held', sizeBytes: 0, screening: { reason: 'empty' } });
  });
});

describe('rights', () => {
  it.each([
    ['POST', '/v1/scan', 'scan'],
    ['GET', '/v1/uploads', 'uploads:read'],
    ['POST', `/v1/uploads/upl_${'0'.repeat(26)}/view`, 'held:view'],
    ['GET', '/v1/callbacks', 'callbacks:manage'],
    ['GET', '/v1/callbacks/secret', 'callbacks:manage'],
    ['POST', '/v1/receipts/verify', 'receipts:verify'],
    ['DELETE', `/v1/uploads/upl_${'0'.repeat(26)}`, 'uploads:write'],
  ])('%s %s needs %s', async (method, path, right) => {
    principal = { ...PERSON, rights: new Set([...PERSON.rights].filter((each) => each !== right)) };
    const response = await call(path, { method });
    expect([response.status, Reflect.get(Object(await response.json()), 'right')]).toEqual([403, right]);
  });

  it('the public keys need none and may be cached', async () => {
    const response = await fetch(`http://${server.host}/.well-known/gatehouse-receipts.json`);
    expect(response.headers.get('cache-control')).toBe('public, max-age=300');
    expect(JwksSchema.parse(await response.json()).keys).toHaveLength(1);
  });
});

describe('POST /v1/scan', () => {
  it.each([
    ['clear', 200],
    ['match', 422],
    ['unscannable undecodable', 415],
    ['error lists_stale', 503],
  ])('%s -> %i', async (content, status) => {
    const response = await call('/v1/scan', { method: 'POST', body: content });
    expect(response.status).toBe(status);
    const reply = ScanReplySchema.parse(await response.json());
    expect(reply.receipt === undefined).toBe(status !== 200);
    expect(response.headers.get('retry-after')).toBe(status === 503 ? '5' : null);
    expect(reply.message).toBe(status === 200 ? 'The file was accepted.' : `This file could not be published. Reference ${reply.id}.`);
    await expect.poll(spooled).toEqual([]);
  });

  it('gives no receipt when none is wanted, and has a limit of its own', async () => {
    expect(ScanReplySchema.parse(await (await call('/v1/scan?receipt=0', { method: 'POST', body: 'clear' })).json()).receipt).toBeUndefined();
    expect((await call('/v1/scan', { method: 'POST', body: 'x'.repeat(1_001) })).status).toBe(413);
  });
});

describe('held content', () => {
  it('is drawn on demand and is never the original', async () => {
    const view = await announce();
    await put(view, 'match');
    intake.screening.renderPreview = async ({ isBlurred }) => ({ bytes: Buffer.from(isBlurred ? 'blurred' : 'plain'), mediaType: 'image/png' });
    const look = (query = ''): Promise<Response> => call(`${view.links.self}/view${query}`, { method: 'POST' });
    expect(await (await look()).text()).toBe('blurred');
    expect(await (await look('?clear=1')).text()).toBe('plain');
    expect((await look()).headers.get('cache-control')).toBe('no-store');
    expect((await call(`${view.links.self}/view`)).status).toBe(405);
  });
});

describe('the commands', () => {
  let dir = '';
  beforeEach(async () => {
    dir = await mkdtemp(join(tmpdir(), 'gatehouse-commands-'));
  });
  afterEach(() => rm(dir, { recursive: true, force: true }));

  async function run(
    name: string,
    positional: readonly string[],
    options: Record<string, string> = {},
  ): Promise<{ readonly code: number; readonly out: string }> {
    let out = '';
    const context: CommandContext = {
      terminal: { out: (text) => void (out += text), err: () => undefined, isInteractive: false },
      log: silentLog,
      clock: intake.clock,
      isJson: false,
      signal: new AbortController().signal,
      config: () => {
        throw new Error('not needed');
      },
      api: async () => ({
        async send({ method, path, json }) {
          const response = await call(path, {
            method,
            ...(json === undefined ? {} : { body: JSON.stringify(json), headers: { 'content-type': 'application/json' } }),
          });
          return { status: response.status, headers: {}, body: response.status === 204 ? '' : await response.json() };
        },
        close: async () => undefined,
      }),
    };
    const command = commands.find((each) => each.name === name);
    if (command === undefined) throw new Error(`there is no command ${name}`);
    return { code: await command.run(context, { positional, options }), out };
  }

  it('verify a receipt, with the server and without it', async () => {
    const view = await announce();
    const released = UploadViewSchema.parse(await (await put(view, 'clear picture')).json());
    const [receipt, content, other, keys] = ['receipt.jws', 'a.png', 'b.png', 'keys.json'].map((name) => join(dir, name)) as [string, string, string, string];
    await writeFile(receipt, `${released.receipt}\n`);
    await writeFile(content, 'clear picture');
    await writeFile(other, 'clear pictures');
    await writeFile(keys, JSON.stringify(await intake.service.jwks()));
    for (const options of [{}, { jwks: keys }]) {
      expect(await run('receipt verify', [receipt], { file: content, ...options })).toMatchObject({
        code: 0,
        out: expect.stringContaining('Valid for this content.'),
      });
      expect(await run('receipt verify', [released.receipt ?? ''], { file: other, ...options })).toMatchObject({
        code: 1,
        out: expect.stringContaining('NOT VALID: digest_differs'),
      });
      expect((await run('receipt verify', [receipt], options)).out).toContain('no content was compared');
    }
    await intake.service.remove(view.id, 'per_1');
    expect(await run('receipt verify', [receipt], { file: content })).toMatchObject({ code: 1, out: expect.stringContaining('revoked') });
    await expect(run('receipt verify', [join(dir, 'missing')])).rejects.toMatchObject({ code: 'invalid_request' });
  });

  it('list, show, screen again and delete uploads', async () => {
    const view = await announce({ reference: 'post 7' });
    await put(view, 'match');
    expect((await run('upload list', [], { state: 'held' })).out).toContain(view.id);
    expect((await run('upload list', [], { state: 'released' })).out).toBe('There is none.\n');
    expect((await run('upload show', [view.id])).out).toMatch(/post 7[\s\S]*match[\s\S]*demonstration, entry 1: sha256, distance 0/);
    intake.screening.answer = async () => ({});
    expect((await run('upload rescreen', [view.id])).out).toContain('released');
    expect((await run('upload delete', [view.id])).out).toContain('has ended');
    expect((await run('callback list', [], { state: 'dead' })).out).toBe('There is none.\n');
    expect(
      z
        .string()
        .startsWith('whsec_')
        .safeParse((await run('callback secret', [])).out).success,
    ).toBe(true);
  });
});
