/** Stub mode in a whole application: outcomes on demand, and never beside real lists. */
import { createHash } from 'node:crypto';
import { chmod, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { startApp, type App } from '../src/app.ts';
import { verifyReceiptOffline, type Feed, type Jwks, type ScanReply, type UploadView } from '../src/intake/index.ts';
import { systemClock } from '../src/platform/clock.ts';
import { loadConfig } from '../src/platform/config.ts';
import { LOCAL_PRINCIPAL } from '../src/platform/http/rights.ts';
import { silentLog, type Log } from '../src/platform/log.ts';
import { startTestApp, type TestApp } from './support/app.ts';
import { createTestDatabase } from './support/database.ts';

const sha = (content: string): string => createHash('sha256').update(content).digest('hex');

describe('a whole application in stub mode', () => {
  let app: TestApp;
  const warnings: string[] = [];
  beforeAll(async () => {
    const log: Log = { ...silentLog, warn: (_fields, message) => void warnings.push(message), child: () => log };
    app = await startTestApp({ config: { stubMode: true }, log });
  });
  afterAll(() => app.stop());
  const scan = async (content: string, headers: Record<string, string> = {}): Promise<ScanReply> =>
    (await app.call('/v1/scan?receipt=1', { method: 'POST', body: content, headers })).json() as Promise<ScanReply>;
  const list = (name: string): Promise<unknown> => app.app.services.lists.create({ name }, 'test');

  it.each([
    ['gatehouse-clear.x', 'clear', 'release'],
    ['gatehouse-match.x', 'match', 'hold'],
    ['gatehouse-refuse.x', 'match', 'refuse'],
    ['gatehouse-unscannable.x', 'unscannable', 'hold'],
    ['gatehouse-error.x', 'error', 'hold'],
  ])('%s: %s, %s', async (name, verdict, disposition) => expect(await scan(name, { 'x-filename': name })).toMatchObject({ verdict, disposition }));

  it('a file in a form names it, too, and uploads that are screened later', async () => {
    const form = new FormData();
    form.set('file', new File(['refused'], 'gatehouse-refuse.jpg'));
    const { id } = (await (
      await app.call('/v1/uploads', { method: 'POST', body: '{}', headers: { 'content-type': 'application/json' } })
    ).json()) as UploadView;
    const sent = (await (await app.call(`/v1/uploads/${id}/content`, { method: 'PUT', body: form })).json()) as UploadView;
    expect(sent).toMatchObject({ state: 'refused' });
    // By then it is a property of the content.
    expect(await scan('refused')).toMatchObject({ verdict: 'match' });
    expect(JSON.stringify(sent)).not.toContain('gatehouse-refuse');
  });

  it('outcomes can be forced, listed and forgotten', async () => {
    const body = JSON.stringify({ sha256: sha('forced'), verdict: 'unscannable', reason: 'encrypted' });
    const answer = await app.call('/v1/stub/outcomes', { method: 'POST', body, headers: { 'content-type': 'application/json' } });
    expect([answer.status, answer.headers.get('gatehouse-stub')]).toEqual([200, '1']);
    expect(await scan('forced')).toMatchObject({ verdict: 'unscannable', reason: 'encrypted' });
    await app.call(`/v1/stub/outcomes?sha256=${sha('forced')}`, { method: 'DELETE' });
    expect(await scan('forced')).toMatchObject({ verdict: 'unscannable', reason: 'unsupported_type' });
  });

  it('receipts are marked, good here and nowhere else', async () => {
    const { receipt = '' } = await scan('clear', { 'x-filename': 'gatehouse-clear.x' });
    const check = { sha256: sha('clear'), size: 5 };
    expect(await app.app.services.intake.verifyReceipt({ receipt, ...check })).toMatchObject({ valid: true, claims: { stub: true } });
    const jwks = (await (await app.call('/.well-known/gatehouse-receipts.json')).json()) as Jwks;
    expect(await verifyReceiptOffline(receipt, jwks, { ...check, now: new Date() })).toMatchObject({ valid: false, reason: 'stub' });
    expect(await verifyReceiptOffline(receipt, jwks, { ...check, now: new Date(), acceptsStub: true })).toMatchObject({ valid: true });
  });

  it('every page and every answer says so', async () => {
    const page = await fetch(`${app.url}/sign-in`, { headers: { accept: 'text/html' } });
    expect(await page.text()).toContain('Stub mode is on');
    expect(page.headers.get('gatehouse-stub')).toBe('1');
    expect((await fetch(`${app.url}/nowhere`)).headers.get('gatehouse-stub')).toBe('1');
    expect((await app.call('/readyz')).status).toBe(200);
    expect(warnings.join()).toContain('stub mode is on');
  });

  it('no list but the demonstration can be made, filled, renamed or enabled', async () => {
    await expect(list('Real')).rejects.toMatchObject({ code: 'conflict' });
    const { id } = (await list('Demonstration')) as { id: string };
    const { lists } = app.app.services;
    await lists.addEntries(id, [{ type: 'sha256', value: sha('listed') }], LOCAL_PRINCIPAL.id);
    expect(await scan('listed')).toMatchObject({ verdict: 'match' });
    await expect(lists.update(id, { name: 'Real' }, 'test')).rejects.toMatchObject({ code: 'conflict' });
    const many = Array.from({ length: 500 }, (_, i) => ({ type: 'sha256' as const, value: sha(`real ${i}`) }));
    await lists.addEntries(id, many, 'test');
    expect(await scan('anything', { 'x-filename': 'gatehouse-clear.x' })).toMatchObject({ verdict: 'error', reason: 'stub_with_lists' });
  });
});

it('on one data directory: what stub mode released is not served by the real service, and with a real list stub mode does not start', async () => {
  const dataDir = await mkdtemp(join(tmpdir(), 'gatehouse-stub-'));
  await chmod(dataDir, 0o711);
  const { target, drop } = await createTestDatabase();
  const start = async (stubMode: boolean): Promise<App> => {
    const loaded = loadConfig({ env: {}, overrides: { dataDir, port: 0, stubMode, onUnscannable: stubMode ? 'release' : 'hold' } });
    return startApp({ loaded, log: silentLog, clock: systemClock, listen: 'all', database: target });
  };
  const named = (content: string, fileName: string): Feed => {
    return (sink) => sink(Readable.from([Buffer.from(content)]), { fileName });
  };
  const feed = named('content', 'gatehouse-clear.x');
  const waiting = { principal: LOCAL_PRINCIPAL, waitS: 20, signal: new AbortController().signal };
  let app = await start(true);
  try {
    const { id, state } = await app.services.intake.submit({}, { ...waiting, feed });
    expect(state).toBe('released');
    const unscanned = await app.services.intake.submit({}, { ...waiting, feed: named('more', 'gatehouse-unscannable.x') });
    expect(unscanned.state).toBe('released');
    for (const one of [id, unscanned.id]) await expect(app.services.intake.openContent(one).then(({ stream }) => stream.destroy())).resolves.toBeDefined();
    await app.stop();
    app = await start(false);
    expect((await fetch(`${app.url}/v1/stub/outcomes`)).headers.get('gatehouse-stub')).toBeNull();
    for (const one of [id, unscanned.id]) await expect(app.services.intake.openContent(one)).rejects.toMatchObject({ code: 'conflict' });
    const { lists } = app.services;
    await lists.addEntries((await lists.create({ name: 'Real' }, 'test')).id, [{ type: 'sha256', value: sha('listed') }], 'test');
    expect((await app.services.intake.submit({}, { ...waiting, waitS: 5, feed })).state).not.toBe('released');
    await app.stop();
    await expect(start(true)).rejects.toMatchObject({ code: 'config_invalid' });
  } finally {
    await app.stop();
    await drop();
    await rm(dataDir, { recursive: true, force: true });
  }
});
