import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { Readable } from 'node:stream';
import { pdq } from '@gatehouse/pdq';
import sharp, { type Sharp } from 'sharp';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { generatePicture } from '../../test/support/pictures.ts';
import { createOfflineMatcher, readWholeList, type ListSettings, type Matcher } from '../lists/index.ts';
import { systemClock } from '../platform/clock.ts';
import { loadConfig, type SettingKey } from '../platform/config.ts';
import { PACKAGE_DIR } from '../platform/entry.ts';
import { silentLog } from '../platform/log.ts';
import { createMetrics } from '../platform/metrics.ts';
import { createScreeningChecks } from './checks.ts';
import { DecoderPool } from './decoder-pool.ts';
import { digestFile } from './digests.ts';
import { createScreeningMeter } from './metrics.ts';
import { ScreeningSchema, type ScreenRequest, type ScreenResult, type ScreeningService } from './schema.ts';
import { createScreening, openDecoderPool, type ListsInForce, type ScreeningOptions } from './service.ts';

const configOf = (overrides: Partial<Record<SettingKey, unknown>> = {}): ReturnType<typeof loadConfig>['config'] => loadConfig({ env: {}, overrides }).config;
const shared = openDecoderPool(configOf({ decodeProcesses: 1 }), systemClock);
const pools: DecoderPool[] = [];
let dir = '';

beforeAll(async () => {
  dir = await mkdtemp(join(tmpdir(), 'gatehouse-screening-'));
});
afterEach(() => Promise.all(pools.splice(0).map((pool) => pool.stop())));
afterAll(async () => {
  await shared.stop();
  await rm(dir, { recursive: true, force: true });
});

async function matcherOf(lines: readonly string[], settings: ListSettings = {}): Promise<Matcher> {
  const { entries } = await readWholeList({ stream: Readable.from([Buffer.from(`type,value\n${lines.join('\n')}\n`)]), name: 'list.csv' });
  return createOfflineMatcher([{ name: 'North', settings, entries }]);
}
const inForce = (matcher: Matcher, state: 'loading' | 'fresh' | 'stale' = 'fresh'): ListsInForce => ({ matcher: () => matcher, freshness: () => ({ state }) });
const UNRELATED = ['pdq,0f1e2d3c4b5a69788796a5b4c3d2e1f00f1e2d3c4b5a69788796a5b4c3d2e1f0', `md5,${'1'.repeat(32)}`];

function open(lists: ListsInForce, options: Partial<ScreeningOptions> = {}): ScreeningService {
  return createScreening({ config: configOf(), clock: systemClock, log: silentLog, lists, pool: shared, ...options });
}

function fakePool(options: { readonly path?: string; readonly queueLimit?: number } = {}): DecoderPool {
  const program = resolve(PACKAGE_DIR, `test/fixtures/decoders/${options.path ?? 'fake'}-decoder.mjs`);
  const pool = new DecoderPool({
    program,
    processes: 1,
    timeoutMs: 300,
    memoryMib: 512,
    queueLimit: options.queueLimit ?? 10,
    limits: { maxPixels: 1e6, maxFrames: 10 },
    clock: systemClock,
  });
  pools.push(pool);
  return pool;
}

let files = 0;
async function requestFor(content: Uint8Array, extras: Partial<ScreenRequest> = {}): Promise<ScreenRequest> {
  const path = join(dir, `upload-${(files += 1)}`);
  await writeFile(path, content);
  return { path, ...(await digestFile(path)), key: 'test', ...extras };
}
async function screen(service: ScreeningService, content: Uint8Array): Promise<ScreenResult> {
  const result = await service.screen(await requestFor(content));
  expect(ScreeningSchema.parse(result.screening)).toEqual(result.screening);
  return result;
}

const picture = generatePicture({ seed: 21, width: 300, height: 200 });
const image = (): Sharp => sharp(Buffer.from(picture.data), { raw: { width: 300, height: 200, channels: 3 } });
const pdqLine = `pdq,${pdq(picture).hash}`;

describe('screen', () => {
  test('clear: nothing matches', async () => {
    const { screening, signals } = await screen(open(inForce(await matcherOf(UNRELATED))), await image().jpeg().toBuffer());
    expect(screening).toMatchObject({
      verdict: 'clear',
      hits: [],
      hitCount: 0,
      media: { type: 'image/jpeg', width: 300, height: 200, frames: 1, isPartial: false },
    });
    expect(screening.reason).toBeUndefined();
    expect(signals?.pictures).toHaveLength(1);
  });

  test('a match by PDQ says list, entry, distance, quality and orientation, also when the picture was turned', async () => {
    const service = open(inForce(await matcherOf([...UNRELATED, pdqLine])));
    const { screening } = await screen(service, await image().rotate(90).jpeg().toBuffer());
    expect(screening).toMatchObject({
      verdict: 'match',
      hitCount: 1,
      hits: [{ listName: 'North', entry: 4, signal: 'pdq', orientation: 'rot90', disposition: 'hold' }],
    });
    expect(screening.hits[0]?.distance).toBeLessThan(10);
    expect(screening.explanation).toMatch(
      /^Entry 4 of the list “North” looks the same: the PDQ hash of the picture, turned by 90 degrees anticlockwise, differs in \d of 256 bits \(quality \d+ of 100\)\.$/,
    );
  });

  test.each(['md5', 'sha1', 'sha256'] as const)('a match by %s alone, of what cannot be decoded', async (type) => {
    const content = Buffer.from('%PDF-1.7 something');
    const { digests } = await requestFor(content);
    const { screening, signals } = await screen(open(inForce(await matcherOf([...UNRELATED, `${type},${digests[type]}`]))), content);
    expect(screening).toMatchObject({ verdict: 'match', hits: [{ signal: type, distance: 0 }], media: { type: 'application/pdf' } });
    expect(signals).toBeUndefined();
  });

  test('a match by digest stands when the decoder breaks', async () => {
    const content = await image().png().toBuffer();
    const { digests } = await requestFor(content);
    const service = open(inForce(await matcherOf([`sha256,${digests.sha256}`])), { pool: fakePool({ path: 'broken' }) });
    expect((await screen(service, content)).screening).toMatchObject({ verdict: 'match' });
  });

  test('empty, although the digest of nothing is on the list', async () => {
    const service = open(inForce(await matcherOf(['md5,d41d8cd98f00b204e9800998ecf8427e'])));
    expect((await screen(service, Buffer.alloc(0))).screening).toMatchObject({ verdict: 'unscannable', reason: 'empty', hits: [], hitCount: 0 });
  });

  test('a plain picture has no reliable perceptual hash, and that is said', async () => {
    const plain = await sharp({ create: { width: 200, height: 200, channels: 3, background: 'teal' } })
      .png()
      .toBuffer();
    const { screening, signals } = await screen(open(inForce(await matcherOf(UNRELATED))), plain);
    expect(screening).toMatchObject({ verdict: 'unscannable', reason: 'no_reliable_perceptual_hash', quality: 0 });
    expect(screening.explanation).toContain('no reliable perceptual hash');
    expect(signals?.pictures).toHaveLength(1);
    // Lists without perceptual hashes do not need one.
    expect((await screen(open(inForce(await matcherOf([`md5,${'1'.repeat(32)}`]))), plain)).screening).toMatchObject({ verdict: 'clear' });
  });

  test('a picture that ends early: what can be seen is compared, and it is never clear', async () => {
    const jpeg = await image().jpeg().toBuffer();
    const { screening, signals } = await screen(open(inForce(await matcherOf(UNRELATED))), jpeg.subarray(0, -40));
    expect(screening).toMatchObject({ verdict: 'unscannable', reason: 'truncated', media: { isPartial: true } });
    // Or a later comparison of the part could clear the whole.
    expect(signals).toBeUndefined();
    expect((await screen(open(inForce(await matcherOf([pdqLine]))), jpeg.subarray(0, -40))).screening).toMatchObject({ verdict: 'match' });
  });

  test.each([
    ['lists_loading', 'loading', UNRELATED],
    ['lists_stale', 'stale', UNRELATED],
  ] as const)('error: %s', async (reason, state, lines) => {
    expect((await screen(open(inForce(await matcherOf(lines), state)), await image().png().toBuffer())).screening).toMatchObject({ verdict: 'error', reason });
  });

  test('error: no list, without decoding; and clear when lists are not required', async () => {
    const content = await image().png().toBuffer();
    const none = inForce(createOfflineMatcher([]));
    // This pool cannot decode: it is not asked.
    expect((await screen(open(none, { pool: fakePool({ path: 'broken' }) }), content)).screening).toMatchObject({
      verdict: 'error',
      reason: 'no_lists',
      timings: { decodeMs: 0 },
    });
    expect((await screen(open(none, { config: configOf({ requireLists: false }) }), content)).screening).toMatchObject({ verdict: 'clear' });
  });

  test('error: the decoder cannot be started', async () => {
    const service = open(inForce(await matcherOf(UNRELATED)), { pool: fakePool({ path: 'broken' }) });
    expect((await screen(service, await image().png().toBuffer())).screening).toMatchObject({ verdict: 'error', reason: 'decoder_unavailable' });
  });

  test('error: queue full, cancelled, stopping', async () => {
    const lists = inForce(await matcherOf(UNRELATED));
    const content = await image().png().toBuffer();
    const pool = fakePool({ queueLimit: 1 });
    const service = open(lists, { pool });
    const abort = new AbortController();
    const running = service.screen(await requestFor(content));
    const waiting = service.screen(await requestFor(content, { signal: abort.signal }));
    const refused = service.screen(await requestFor(content));
    expect((await refused).screening).toMatchObject({ verdict: 'error', reason: 'queue_full' });
    expect(service.queueLength()).toBe(2);
    abort.abort();
    expect((await waiting).screening).toMatchObject({ verdict: 'error', reason: 'cancelled' });
    await pool.stop();
    expect((await running).screening.verdict).not.toBe('clear');
    expect((await screen(open(lists, { stopping: AbortSignal.abort() }), content)).screening).toMatchObject({ verdict: 'error', reason: 'stopping' });
  });

  test('error: storage, when the file is gone', async () => {
    const request = await requestFor(await image().png().toBuffer());
    await rm(request.path);
    expect((await open(inForce(await matcherOf(UNRELATED))).screen(request)).screening).toMatchObject({ verdict: 'error', reason: 'storage' });
  });

  test('error: internal, when the lists themselves fail; nothing is thrown', async () => {
    const broken: Matcher = {
      listSetVersion: 3,
      matchEach: () => Promise.reject(new Error('not asked here')),
      match: () => {
        throw new Error('a fault');
      },
    };
    expect((await screen(open(inForce(broken)), await image().png().toBuffer())).screening).toMatchObject({
      verdict: 'error',
      reason: 'internal',
      listSetVersion: 0,
    });
  });

  test('the verdict uses the list set in force when it is made, not the one from before decoding', async () => {
    const [before, after] = [await matcherOf(UNRELATED), await matcherOf([pdqLine])];
    let asked = 0;
    const lists: ListsInForce = {
      matcher: () =>
        (asked += 1) === 1 ? before : { ...after, listSetVersion: 8, match: async (signals) => ({ ...(await after.match(signals)), listSetVersion: 8 }) },
      freshness: () => ({ state: 'fresh' }),
    };
    expect((await screen(open(lists), await image().png().toBuffer())).screening).toMatchObject({ verdict: 'match', listSetVersion: 8 });
  });

  test('timings add up and are measured', async () => {
    const { screening } = await screen(open(inForce(await matcherOf(UNRELATED))), await image().png().toBuffer());
    const { waitMs, decodeMs, hashMs, matchMs, totalMs } = screening.timings;
    expect(decodeMs).toBeGreaterThan(0);
    expect(hashMs).toBeGreaterThan(0);
    expect(totalMs).toBeGreaterThanOrEqual(waitMs + decodeMs + hashMs + matchMs - 0.05);
  });
});

describe('rematch', () => {
  test('compares kept signals with the lists of now', async () => {
    const first = open(inForce(await matcherOf(UNRELATED)));
    const { signals } = await screen(first, await image().jpeg().toBuffer());
    if (signals === undefined) throw new Error('the signals are missing');
    expect(await first.rematch(signals)).toMatchObject({ verdict: 'clear' });
    const later = open(inForce(await matcherOf([pdqLine], { disposition: 'refuse' })));
    expect(await later.rematch(signals)).toMatchObject({ verdict: 'match', hits: [{ disposition: 'refuse' }] });
    expect(await open(inForce(await matcherOf(UNRELATED), 'stale')).rematch(signals)).toMatchObject({ verdict: 'error', reason: 'lists_stale' });
  });

  test('digests alone never become a clearance', async () => {
    const { digests } = await requestFor(Buffer.from('bytes'));
    expect(await open(inForce(await matcherOf([`md5,${'1'.repeat(32)}`]))).rematch({ digests, pictures: [] })).toMatchObject({
      verdict: 'unscannable',
      reason: 'undecodable',
    });
  });
});

describe('metrics and checks', () => {
  test('verdicts, reasons and stages are counted; nothing names a file or a list', async () => {
    const metrics = createMetrics();
    const service = open(inForce(await matcherOf([pdqLine])), { observe: createScreeningMeter(metrics, () => 3) });
    await screen(service, await image().png().toBuffer());
    await screen(service, Buffer.alloc(0));
    const { body } = await metrics.render();
    expect(body).toContain('gatehouse_screenings_total{verdict="match"} 1');
    expect(body).toContain('gatehouse_screening_reasons_total{verdict="unscannable",reason="empty"} 1');
    expect(body).toContain('gatehouse_screening_seconds_count{stage="decode"} 2');
    expect(body).toContain('gatehouse_screening_queue 3');
    expect(body).not.toMatch(/North|upload-/);
  });

  test('the decoders are proved by a picture with a known hash, and the isolation is told', async () => {
    const pool = openDecoderPool(configOf({ decodeProcesses: 1 }), systemClock);
    pools.push(pool);
    const [decoders, isolation] = createScreeningChecks(pool, systemClock);
    expect(decoders).toMatchObject({ name: 'screening.decoders', isReadiness: true });
    expect(await decoders?.run()).toMatchObject({ status: 'ok', finding: expect.stringContaining('has the right hash') });
    expect(await decoders?.run()).toMatchObject({ status: 'ok', finding: expect.stringContaining('within the last') });
    const { network } = pool.state.isolation;
    expect(await isolation?.run()).toMatchObject(
      network === 'cut_off' ? { status: 'ok', finding: expect.stringContaining('without network') } : { status: 'attention' },
    );
  });

  test('a broken installation and a decoder that hashes wrongly fail, with a remedy', async () => {
    const [broken] = createScreeningChecks(fakePool({ path: 'broken' }), systemClock);
    expect(await broken?.run()).toMatchObject({
      status: 'fail',
      finding: expect.stringContaining('Could not load the "sharp" module'),
      remedy: expect.stringContaining('npm ci'),
    });
    // The fake program gives every picture the same hash.
    const [wrong] = createScreeningChecks(fakePool(), systemClock);
    expect(await wrong?.run()).toMatchObject({ status: 'fail', finding: expect.stringContaining('has a wrong hash') });
  });
});
