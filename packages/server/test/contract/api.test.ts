/**
 * Every operation of the OpenAPI document, called for real; every answer is held against the document. The document that is checked in
 * is the one that the routes give.
 */
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { describeRoutes } from '../../src/app.ts';
import { systemClock } from '../../src/platform/clock.ts';
import { loadConfig } from '../../src/platform/config.ts';
import { buildOpenApi } from '../../src/platform/http/openapi.ts';
import { VERSION } from '../../src/platform/version.ts';
import { startTestApp, type TestApp } from '../support/app.ts';
import { createContractChecker, type ContractChecker, type OpenApiDocument } from '../support/openapi.ts';

const SAMPLES = join(import.meta.dirname, '../../src/console/data');
const OCTETS = { 'content-type': 'application/octet-stream' };

let app: TestApp;
let contract: ContractChecker;
let document: OpenApiDocument;

async function call(
  method: string,
  path: string,
  options: { json?: unknown; body?: BodyInit; headers?: Record<string, string> } = {},
): Promise<{ status: number; body: Record<string, unknown>; response: Response }> {
  const response = await app.call(path, {
    method,
    ...(options.json === undefined ? {} : { body: JSON.stringify(options.json) }),
    ...(options.body === undefined ? {} : { body: options.body }),
    headers: { ...(options.json === undefined ? {} : { 'content-type': 'application/json' }), ...options.headers },
  });
  await contract.check(method, new URL(path, app.url).pathname, response);
  const isJson = (response.headers.get('content-type') ?? '').includes('json') && !(response.headers.get('content-type') ?? '').includes('ndjson');
  return { status: response.status, body: isJson ? ((await response.json()) as Record<string, unknown>) : {}, response };
}

const readSample = async (name: string): Promise<Uint8Array<ArrayBuffer>> => new Uint8Array(await readFile(join(SAMPLES, name)));

const text = (value: unknown): string => (typeof value === 'string' ? value : '');

beforeAll(async () => {
  app = await startTestApp();
  document = (await (await fetch(`${app.url}/openapi.json`)).json()) as OpenApiDocument;
  contract = createContractChecker(document);
});

afterAll(() => app.stop());

describe('the document', () => {
  it('is the one that is checked in', async () => {
    const checkedIn: unknown = JSON.parse(await readFile(join(import.meta.dirname, '../../../../docs/openapi.json'), 'utf8'));
    const routes = describeRoutes(loadConfig({ env: {} }), systemClock);
    expect(checkedIn).toEqual(JSON.parse(JSON.stringify(buildOpenApi(routes, VERSION))));
  });

  it('describes routes of which only health and documentation are public', () => {
    const open = describeRoutes(loadConfig({ env: {} }), systemClock).filter((route) => route.right === 'public');
    expect(open.map((route) => `${route.method} ${route.path}`).toSorted()).toMatchSnapshot();
  });
});

describe('every operation', () => {
  it('health, settings and documentation', async () => {
    for (const path of ['/livez', '/readyz', '/metrics', '/openapi.json', '/v1/health', '/v1/settings', '/v1/me', '/.well-known/gatehouse-receipts.json'])
      await call('GET', path);
  });

  it('keys and sign-in links', async () => {
    const made = await call('POST', '/v1/keys', { json: { name: 'contract', rights: ['scan'] } });
    expect(made.status).toBe(201);
    await call('GET', '/v1/keys');
    const { id } = made.body['key'] as { id: string };
    expect((await call('DELETE', `/v1/keys/${id}`)).status).toBe(204);
    expect((await call('POST', '/v1/sign-in-links', { json: { name: 'somebody', rights: ['scan'] } })).status).toBe(201);
    expect((await call('POST', '/v1/keys', { json: {} })).status).toBe(400);
    expect((await call('POST', '/v1/backups', { json: { folder: '/nowhere' } })).status).toBe(403);
  });

  it('a scan without lists is an error with Retry-After, never a clearance', async () => {
    const answer = await call('POST', '/v1/scan', { body: await readSample('unrelated.jpg'), headers: OCTETS });
    expect(answer.status).toBe(503);
    expect(answer.response.headers.get('retry-after')).not.toBeNull();
    expect(answer.body).toMatchObject({ verdict: 'error', reason: 'no_lists' });
    expect(answer.body['receipt']).toBeUndefined();
  });

  it('lists, entries and versions', async () => {
    const made = await call('POST', '/v1/lists', { json: { name: 'Contract' } });
    expect(made.status).toBe(201);
    const id = text(made.body['id']);
    const imported = await call('POST', `/v1/lists/${id}/import?format=csv`, { body: await readSample('demo-list.csv'), headers: OCTETS });
    expect(imported.status).toBe(200);
    expect(imported.body).toMatchObject({ bad: 0 });
    await call('GET', '/v1/lists');
    await call('GET', `/v1/lists/${id}`);
    await call('PATCH', `/v1/lists/${id}`, { json: { radius: 30 } });
    await call('GET', `/v1/lists/${id}/entries`);
    expect((await call('POST', `/v1/lists/${id}/entries/find`, { json: { signal: 'md5', value: 'f'.repeat(32) } })).status).toBeLessThan(500);
    expect(
      (await call('POST', `/v1/lists/${id}/entries`, { json: { entries: [{ signal: 'md5', value: '0123456789abcdef0123456789abcdef' }] } })).status,
    ).toBeLessThan(300);
    expect((await call('POST', `/v1/lists/${id}/entries/1/disable`)).status).toBeLessThan(300);
    expect((await call('POST', `/v1/lists/${id}/entries/1/enable`)).status).toBeLessThan(300);
    expect((await call('POST', `/v1/lists/${id}/disable`)).status).toBeLessThan(300);
    expect((await call('POST', `/v1/lists/${id}/enable`)).status).toBeLessThan(300);
    await call('GET', '/v1/list-versions');
    await call('GET', '/v1/list-versions/1');
    await call('GET', '/v1/list-versions/diff?from=0&to=3');
    const other = await call('POST', '/v1/lists', { json: { name: 'To be removed' } });
    expect((await call('DELETE', `/v1/lists/${text(other.body['id'])}`)).status).toBeLessThan(300);
  });

  it('scans: clear, match, unscannable, each with its own status', async () => {
    const clear = await call('POST', '/v1/scan', { body: await readSample('unrelated.jpg'), headers: OCTETS });
    expect([clear.status, clear.body['verdict'], clear.body['disposition']]).toEqual([200, 'clear', 'release']);
    const checked = await call('POST', '/v1/receipts/verify', {
      json: { receipt: clear.body['receipt'], sha256: clear.body['sha256'], size: clear.body['sizeBytes'] },
    });
    expect(checked.body).toMatchObject({ valid: true });
    expect((await call('POST', '/v1/receipts/verify', { json: { receipt: clear.body['receipt'], sha256: '0'.repeat(64) } })).body).toMatchObject({
      valid: false,
      reason: 'digest_differs',
    });
    for (const [name, status] of [
      ['rotated.jpg', 422],
      ['README.md', 415],
    ] as const) {
      const answer = await call('POST', '/v1/scan', { body: await readSample(name), headers: OCTETS });
      expect(answer.status).toBe(status);
      expect(answer.body['receipt']).toBeUndefined();
    }
    expect((await call('POST', '/v1/scan', { body: new Uint8Array(0), headers: OCTETS })).body).toMatchObject({ verdict: 'unscannable', reason: 'empty' });
  });

  it('uploads from the announcement to the end', async () => {
    const made = await call('POST', '/v1/uploads', { json: { reference: 'contract' }, headers: { 'idempotency-key': 'contract-1' } });
    expect(made.status).toBe(201);
    const again = await call('POST', '/v1/uploads', { json: { reference: 'contract' }, headers: { 'idempotency-key': 'contract-1' } });
    expect(again.body['id']).toBe(made.body['id']);
    const id = text(made.body['id']);
    const sent = await call('PUT', `/v1/uploads/${id}/content`, { body: await readSample('unrelated.jpg'), headers: OCTETS });
    expect([sent.status, sent.body['state']]).toEqual([200, 'released']);
    expect((await call('GET', `/v1/uploads/${id}?wait=1`)).body['receipt']).toBeTypeOf('string');
    expect((await call('GET', `/v1/uploads/${id}/content`)).status).toBe(200);
    const held = await call('POST', '/v1/uploads', { json: {} });
    const heldId = text(held.body['id']);
    expect((await call('PUT', `/v1/uploads/${heldId}/content`, { body: await readSample('original.jpg'), headers: OCTETS })).body['state']).toBe('held');
    expect((await call('GET', `/v1/uploads/${heldId}/content`)).status).toBeGreaterThanOrEqual(400);
    const original = await readFile(join(SAMPLES, 'original.jpg'));
    for (const query of ['', '?clear=1']) {
      const drawn = await call('POST', `/v1/uploads/${heldId}/view${query}`);
      expect([drawn.status, drawn.response.headers.get('content-type')]).toEqual([200, 'image/jpeg']);
      const bytes = Buffer.from(await drawn.response.arrayBuffer());
      expect([bytes.subarray(0, 3).toString('hex'), bytes.includes(original.subarray(-64))]).toEqual(['ffd8ff', false]);
    }
    const { screening } = (await call('GET', `/v1/uploads/${heldId}`)).body as { screening: { hits: { reference?: string }[] } };
    expect(screening.hits.map(({ reference }) => reference)).toContain('demo-original');
    const { looks } = (await call('GET', `/v1/uploads/${heldId}/looks`)).body as { looks: { isBlurred: boolean }[] };
    expect(looks.length).toBeGreaterThan(0);
    expect(looks.at(-1)?.isBlurred).toBe(true);
    expect((await call('POST', `/v1/uploads/${heldId}/rescreen`)).status).toBeLessThan(300);
    expect((await call('GET', '/v1/uploads?state=held')).body['items']).toHaveLength(1);
    expect((await call('DELETE', `/v1/uploads/${id}`)).status).toBe(204);
    expect((await call('POST', '/v1/receipts/verify', { json: { receipt: sent.body['receipt'] } })).body).toMatchObject({ valid: false, reason: 'revoked' });
    expect((await call('GET', '/v1/uploads/upl_00000000000000000000000000')).status).toBe(404);
  });

  it('callbacks', async () => {
    expect((await call('GET', '/v1/callbacks?state=dead')).body['items']).toEqual([]);
    await call('POST', '/v1/callbacks/msg_00000000000000000000000000/resend');
    await call('GET', '/v1/callbacks/secret');
  });

  it('has been called at least once', () => {
    const called = new Set([...contract.seen].map((name) => name.split(' ').slice(0, 2).join(' ')));
    const missing = Object.entries(document.paths)
      .flatMap(([path, methods]) => Object.keys(methods).map((method) => `${method.toUpperCase()} ${path}`))
      .filter((operation) => !called.has(operation));
    expect(missing).toEqual([]);
  });
});
