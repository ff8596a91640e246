/**
 * Shapes and messages are written by hand after the source of HMA (facebook/ThreatExchange, hasher-matcher-actioner/src/OpenMediaMatch:
 * blueprints/matching.py, hashing.py, curation.py, app.py, schemas/matching.py, utils/flask_utils.py) and its tests/test_matching.py.
 */
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { createHash } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { startTestApp, type TestApp } from '../../../test/support/app.ts';
import { LOCAL_PRINCIPAL } from '../../platform/http/rights.ts';
import { toContentId } from './naming-rules.ts';

const SAMPLES = join(import.meta.dirname, '../../console/data');
const PDQ_ZERO = '0'.repeat(64);
let app: TestApp;
let listed: Buffer<ArrayBuffer>;
let unrelated: Buffer<ArrayBuffer>;
let listId: string;
let pdq: string;
let bank: string;

const get = async (path: string): Promise<{ status: number; body: unknown }> => {
  const response = await app.call(`/hma${path}`);
  return { status: response.status, body: await response.json() };
};
const send = async (path: string, field: string, bytes: Uint8Array<ArrayBuffer>, more?: string): Promise<{ status: number; body: Record<string, unknown> }> => {
  const form = new FormData();
  form.append(field, new Blob([bytes]), 'file');
  if (more !== undefined) form.append(more, new Blob([bytes]), 'file');
  const response = await app.call(`/hma${path}`, { method: 'POST', body: form });
  return { status: response.status, body: (await response.json()) as Record<string, unknown> };
};
const md5 = (bytes: Uint8Array): string => createHash('md5').update(bytes).digest('hex');
const video = Buffer.from('\0\0\0\x18ftypmp42 no film at all');

beforeAll(async () => {
  app = await startTestApp({ config: { hmaApi: true, maxUploadBytes: 2_000_000 } });
  [listed, unrelated] = (await Promise.all([readFile(join(SAMPLES, 'original.jpg')), readFile(join(SAMPLES, 'unrelated.jpg'))])) as [
    Buffer<ArrayBuffer>,
    Buffer<ArrayBuffer>,
  ];
  const { lists } = app.app.services;
  const empty = await lists.create({ name: 'Second bank' }, 'test');
  await lists.addEntries(empty.id, [{ type: 'md5', value: md5(video), reference: 'case 1' }], 'test');
  ({ id: listId } = await lists.create({ name: 'sample', disposition: 'refuse' }, 'test'));
  pdq = String((await send('/h/hash', 'photo', listed)).body['pdq']);
  await lists.addEntries(listId, [{ type: 'pdq', value: pdq, reference: 'source 7' }], 'test');
  bank = `SECOND_BANK_${empty.id.slice(-6).toUpperCase()}`;
});
afterAll(() => app.stop());

describe('hashing', () => {
  it('POST /h/hash: by signal type', async () => {
    expect(pdq).toMatch(/^[0-9a-f]{64}$/);
    expect(await send('/h/hash', 'photo', unrelated)).toMatchObject({ status: 200, body: { pdq: expect.stringMatching(/^[0-9a-f]{64}$/) } });
    expect(await send('/h/hash', 'video', video)).toEqual({ status: 200, body: { video_md5: md5(video) } });
    expect(await send('/h/hash?types=video_md5', 'photo', listed)).toEqual({ status: 200, body: { video_md5: md5(listed) } });
  });

  it('refuses as HMA does, in its shape', async () => {
    expect(await send('/h/hash', 'file', listed)).toEqual({ status: 400, body: { message: "no such content_type: 'file'" } });
    expect(await send('/h/hash?types=nope', 'photo', listed)).toEqual({ status: 400, body: { message: "signal type 'nope' doesn't exist or is disabled" } });
    expect((await send('/h/hash', 'photo', listed, 'video')).status).toBe(400);
    expect((await send('/h/hash', 'photo', Buffer.alloc(3_000_000))).status).toBe(413);
    const none = await app.call('/hma/h/hash', { method: 'POST', body: 'x' });
    expect([none.status, await none.json()]).toEqual([400, { message: 'Missing multipart/form-data file upload' }]);
    expect(await get('/h/hash')).toEqual({ status: 400, body: { message: 'url is required' } });
    expect((await send('/h/hash', 'photo', Buffer.from('no picture'))).status).toBe(400);
  });

  it('fetches no address', async () => {
    for (const path of ['/h/hash?url=http://127.0.0.1:9/a.jpg', '/m/lookup?url=http://127.0.0.1:9/a.jpg'])
      expect(await get(path)).toEqual({ status: 403, body: { message: expect.stringContaining('not fetched') } });
  });
});

describe('matching', () => {
  it('GET /m/lookup: banks with ids and distances; nothing is {}', async () => {
    expect(await get(`/m/lookup?signal_type=pdq&signal=${pdq}`)).toEqual({
      status: 200,
      body: { SAMPLE: [{ bank_content_id: toContentId(listId, 1), distance: '0' }] },
    });
    expect(await get(`/m/lookup?signal_type=pdq&signal=${PDQ_ZERO}`)).toEqual({ status: 200, body: {} });
    expect(await get(`/m/lookup?signal_type=pdq&signal=${pdq}&banks=${bank}&seed=1&bypass_coinflip=true`)).toEqual({ status: 200, body: {} });
    expect(await get(`/m/lookup?signal_type=video_md5&signal=${md5(video)}`)).toMatchObject({ status: 200, body: { [bank]: [{ distance: '' }] } });
  });

  it('GET /m/raw_lookup: ids, and distances when they are asked for', async () => {
    const id = toContentId(listId, 1);
    expect(await get(`/m/raw_lookup?signal_type=pdq&signal=${pdq}`)).toEqual({ status: 200, body: { matches: [id] } });
    expect(await get(`/m/raw_lookup?signal_type=pdq&signal=${pdq}&include_distance=True`)).toEqual({
      status: 200,
      body: { matches: [{ bank_content_id: id, distance: '0' }] },
    });
    expect(await get(`/m/raw_lookup?signal_type=pdq&signal=${PDQ_ZERO}`)).toEqual({ status: 200, body: { matches: [] } });
  });

  it('what is asked wrongly is never "nothing found"', async () => {
    const asked = [
      ['/m/lookup', 'Either url or both signal and signal_type are required'],
      ['/m/lookup?signal_type=pdq&signal=', 'Either url or both signal and signal_type are required'],
      ['/m/lookup?signal_type=pdq&signal=00', 'invalid signal: must be 64 hexadecimal digits'],
      [`/m/lookup?signal_type=nope&signal=${pdq}`, "No such SignalType 'nope'"],
      ['/m/raw_lookup?signal_type=pdq', 'signal is required'],
      [`/m/raw_lookup?signal=${pdq}`, 'signal_type is required'],
      [`/m/lookup?signal_type=pdq&signal=${pdq}&banks=sample`, "no such bank 'sample': nothing was compared with it"],
      [`/m/raw_lookup?signal_type=pdq&signal=${pdq}&banks=${bank},OTHER`, "no such bank 'OTHER': nothing was compared with it"],
      [`/m/lookup?signal_type=pdq&signal=${pdq}&banks=,`, "no such bank '': nothing was compared with it"],
      ['/m/index/status?signal_type=nope', "No such signal type 'nope'"],
    ] as const;
    for (const [path, message] of asked) expect(await get(path)).toEqual({ status: 400, body: { message } });
  });

  it('POST /m/lookup: a match, a picture without one, a film by its MD5', async () => {
    expect(await send('/m/lookup', 'photo', listed)).toEqual({
      status: 200,
      body: { pdq: { SAMPLE: [{ bank_content_id: toContentId(listId, 1), distance: '0' }] } },
    });
    expect(await send('/m/lookup', 'photo', unrelated)).toEqual({ status: 200, body: { pdq: {} } });
    expect(await send('/m/lookup', 'video', video)).toMatchObject({ status: 200, body: { video_md5: { [bank]: [{ distance: '' }] } } });
    // Sent as a photo it is a match all the same: none is lost because of a field's name.
    expect(await send('/m/lookup', 'photo', video)).toMatchObject({ status: 200, body: { pdq: {}, video_md5: { [bank]: [{ distance: '' }] } } });
  });

  it('POST /m/lookup: what could not be compared whole is an error', async () => {
    const bodies = [Buffer.from('no picture'), Buffer.alloc(0), listed.subarray(0, 2_000), Buffer.concat([video, Buffer.from('x')])] as Buffer<ArrayBuffer>[];
    for (const bytes of bodies)
      for (const field of ['photo', 'video'])
        expect(await send('/m/lookup', field, bytes)).toEqual({ status: 400, body: { message: expect.stringContaining('not the same as no match') } });
  });

  it('POST /m/compare', async () => {
    const response = await app.call('/hma/m/compare', {
      method: 'POST',
      body: JSON.stringify({ pdq: [pdq, pdq] }),
      headers: { 'content-type': 'application/json' },
    });
    expect([response.status, await response.json()]).toEqual([200, { pdq: [true, { distance: 0 }] }]);
  });

  it('GET /m/index/status', async () => {
    expect(await get('/m/index/status')).toEqual({
      status: 200,
      body: {
        pdq: { present: true, built_to: expect.any(Number), size: 1 },
        video_md5: { present: true, built_to: expect.any(Number), size: 1 },
        sha1: { present: true, built_to: expect.any(Number), size: 0 },
        sha256: { present: true, built_to: expect.any(Number), size: 0 },
      },
    });
    expect(Object.keys((await get('/m/index/status?signal_type=pdq')).body as object)).toEqual(['pdq']);
  });
});

describe('a file that is looked up ends where every upload does', () => {
  const form = (...parts: readonly (readonly [string, Uint8Array<ArrayBuffer>])[]): FormData => {
    const data = new FormData();
    for (const [field, bytes] of parts) data.append(field, new Blob([bytes]), 'file');
    return data;
  };
  const lookUp = (body: BodyInit, path = '/hma/m/lookup'): Promise<Response> => app.call(path, { method: 'POST', body });
  const kept = async (): Promise<readonly { id: string }[]> => (await app.app.services.intake.list({ limit: 200 }, LOCAL_PRINCIPAL)).items;
  const counts = (): Readonly<Record<string, number>> => ({ ...app.app.services.intake.passCounts()['hma'] });
  const logged = async (kind: 'upload.decided' | 'scan.decided', id: string): Promise<number | undefined> => {
    await app.app.services.log.drain();
    return app.app.services.log.find(kind, id);
  };

  it('a match is kept as its list says, is in the log, and is counted', async () => {
    const before = counts();
    const answer = await lookUp(form(['photo', listed]));
    const id = answer.headers.get('gatehouse-reference') ?? '';
    expect(id).toMatch(/^upl_/);
    expect(answer.headers.get('gatehouse-outcome')).toBe('stop');
    const view = await app.app.services.intake.get(id, { principal: LOCAL_PRINCIPAL, waitS: 0, signal: AbortSignal.timeout(5_000) });
    expect(view).toMatchObject({ state: 'refused', surface: 'hma', disposition: 'refuse', screening: { verdict: 'match', hits: [{ listId }] } });
    expect(await logged('upload.decided', id)).toBeTypeOf('number');
    const film = await lookUp(form(['video', video]));
    expect((await kept()).find((upload) => upload.id === film.headers.get('gatehouse-reference'))).toMatchObject({ state: 'held', surface: 'hma' });
    expect(counts()).toEqual({ ...before, match: (before['match'] ?? 0) + 2 });
    const { items } = (await (await app.call('/v1/surfaces')).json()) as { items: object[] };
    expect(items).toContainEqual(expect.objectContaining({ name: 'hma', counts: { clear: 0, unscannable: 0, error: 0, ...counts() } }));
  });

  it('and is decided about whole, whichever banks are asked about', async () => {
    const answer = await lookUp(form(['photo', listed]), `/hma/m/lookup?banks=${bank}`);
    expect([answer.status, await answer.json(), answer.headers.get('gatehouse-outcome')]).toEqual([200, { pdq: {} }, 'stop']);
    expect(answer.headers.get('gatehouse-reference')).toMatch(/^upl_/);
  });

  it('what is clear leaves an entry of the log and nothing else', async () => {
    const before = await kept();
    const answer = await lookUp(form(['photo', unrelated]));
    const id = answer.headers.get('gatehouse-reference') ?? '';
    expect([id.slice(0, 4), answer.headers.get('gatehouse-outcome')]).toEqual(['scn_', 'release']);
    expect(await logged('scan.decided', id)).toBeTypeOf('number');
    expect(await kept()).toEqual(before);
  });

  it('hashing decides nothing', async () => {
    const [before, counted] = [await kept(), counts()];
    expect((await lookUp(form(['photo', listed]), '/hma/h/hash')).status).toBe(200);
    expect([await kept(), counts()]).toEqual([before, counted]);
  });

  it('a form that is no question leaves nothing, whatever its file is', async () => {
    const [before, counted] = [await kept(), counts()];
    const cut = `--x\r\nContent-Disposition: form-data; name="photo"; filename="a"\r\n\r\n${listed.toString('latin1')}\r\n--x\r\n`;
    const type = { 'content-type': 'multipart/form-data; boundary=x' };
    const coded = { ...type, 'content-encoding': 'gzip' };
    const answers = [
      await lookUp(form(['photo', listed], ['photo', unrelated])),
      await lookUp(form(['file', listed])),
      await app.call('/hma/m/lookup', { method: 'POST', body: Buffer.from(cut, 'latin1'), headers: type }),
      await app.call('/hma/m/lookup', { method: 'POST', body: Buffer.from(`${cut.slice(0, -2)}--\r\n`, 'latin1'), headers: coded }),
    ];
    expect(answers.map(({ status }) => status)).toEqual([400, 400, 400, 415]);
    expect([await kept(), counts()]).toEqual([before, counted]);
    await expect.poll(() => app.app.services.intake.waitingBytes()).toBe(0);
  });

  it('counts against the limits of the spool', async () => {
    let elsewhere = Number.MAX_SAFE_INTEGER;
    app.app.services.intake.countElsewhere(() => elsewhere);
    const full = [await lookUp(form(['photo', unrelated])), await lookUp(form(['photo', unrelated]), '/hma/h/hash')];
    expect(full.map(({ status, headers }) => [status, headers.get('retry-after')])).toEqual([
      [503, '30'],
      [503, '30'],
    ]);
    elsewhere = 0;
    expect((await lookUp(form(['photo', unrelated]))).status).toBe(200);
  });
});

describe('banks', () => {
  it('lists are banks, entries are contents without their hashes', async () => {
    expect(await get('/c/banks')).toEqual({
      status: 200,
      body: expect.arrayContaining([
        { name: 'SAMPLE', matching_enabled_ratio: 1 },
        { name: bank, matching_enabled_ratio: 1 },
      ]),
    });
    expect(await get('/c/bank/SAMPLE')).toEqual({ status: 200, body: { name: 'SAMPLE', matching_enabled_ratio: 1 } });
    expect(await get('/c/bank/NOPE')).toEqual({ status: 404, body: { message: "bank 'NOPE' not found" } });
    const id = toContentId(listId, 1);
    const content = await get(`/c/bank/SAMPLE/content/${id}`);
    expect(content).toEqual({
      status: 200,
      body: {
        id,
        disable_until_ts: 1,
        collab_metadata: { SAMPLE: ['source 7'] },
        original_media_uri: null,
        bank: { name: 'SAMPLE', matching_enabled_ratio: 1 },
      },
    });
    expect(JSON.stringify(content)).not.toContain(pdq.slice(0, 8));
    for (const wrong of [String(id + 1), '1', 'x'])
      expect(await get(`/c/bank/SAMPLE/content/${wrong}`)).toEqual({ status: 404, body: { message: `content '${wrong}' not found` } });
  });

  it('a disabled bank matches nothing and is still there', async () => {
    await app.app.services.lists.disable(listId, 'test');
    expect(await get('/c/bank/SAMPLE')).toEqual({ status: 200, body: { name: 'SAMPLE', matching_enabled_ratio: 0 } });
    expect(await get(`/m/lookup?signal_type=pdq&signal=${pdq}`)).toEqual({ status: 200, body: {} });
    await app.app.services.lists.enable(listId, 'test');
  });

  it('types, exchanges, and nothing to change', async () => {
    expect((await get('/c/signal_type')).body).toEqual(['pdq', 'video_md5', 'sha1', 'sha256'].map((name) => ({ name, enabled_ratio: 1 })));
    expect((await get('/c/content_type')).body).toEqual([
      { name: 'photo', enabled: true },
      { name: 'video', enabled: true },
    ]);
    expect((await get('/c/signal_type/index?signal_type=pdq')).body).toMatchObject({ pdq: { db_size: 1, index_size: 1, index_out_of_date: false } });
    expect((await get('/c/exchanges')).body).toEqual([]);
    expect(await get('/c/exchange/X/status')).toEqual({ status: 404, body: { message: "Exchange 'X' not found" } });
    const made = await app.call('/hma/c/banks', { method: 'POST', body: '{"name":"NEW"}', headers: { 'content-type': 'application/json' } });
    expect([made.status, await made.json()]).toEqual([403, { message: expect.stringContaining('Nothing was changed') }]);
  });
});

describe('who may ask, and when', () => {
  it('words for load balancers, without a key', async () => {
    const words = await Promise.all(['/status', '/status/live', '/livez', '/readyz'].map(async (path) => (await fetch(`${app.url}/hma${path}`)).text()));
    expect(words).toEqual(['I-AM-ALIVE', 'I-AM-ALIVE', 'OK', 'READY']);
  });

  it('everything else needs a key with its right', async () => {
    expect((await fetch(`${app.url}/hma/m/lookup?signal_type=pdq&signal=${pdq}`)).status).toBe(401);
    const { secret } = await app.app.services.access.createKey({ name: 'hasher', rights: ['scan'] }, LOCAL_PRINCIPAL);
    const headers = { authorization: `Bearer ${secret}` };
    expect((await fetch(`${app.url}/hma/m/lookup?signal_type=pdq&signal=${pdq}`, { headers })).status).toBe(403);
    expect((await fetch(`${app.url}/hma/c/banks`, { headers })).status).toBe(403);
    // Who may only look hashes up makes no upload that somebody has to look at.
    const { secret: other } = await app.app.services.access.createKey({ name: 'matcher', rights: ['match'] }, LOCAL_PRINCIPAL);
    const body = new FormData();
    body.append('photo', new Blob([unrelated]), 'file');
    const sendAs = (authorization: string): Promise<Response> =>
      fetch(`${app.url}/hma/m/lookup`, { method: 'POST', body, headers: { authorization: `Bearer ${authorization}` } });
    expect([(await sendAs(other)).status, (await sendAs(secret)).status]).toEqual([403, 200]);
  });

  it('without lists nothing is "not found"', async () => {
    const { lists } = app.app.services;
    const all = await lists.list();
    for (const list of all) await lists.disable(list.id, 'test');
    expect((await get(`/m/lookup?signal_type=pdq&signal=${pdq}`)).status).toBe(503);
    expect(await send('/m/lookup', 'photo', unrelated)).toEqual({ status: 503, body: { message: expect.stringContaining('not the same as no match') } });
    for (const list of all) await lists.enable(list.id, 'test');
  });
});
