/** Tickets, permits and uploads with them, over HTTP, with real lists, a real matcher and real decoders. */
import { createHash } from 'node:crypto';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { pdqForms } from '@gatehouse/pdq';
import sharp, { type Sharp } from 'sharp';
import { startTestApp, type TestApp } from '../../../test/support/app.ts';
import { generatePicture } from '../../../test/support/pictures.ts';
import type { Outcome, PermitReply } from './schema.ts';
import { REPLY_BYTES } from './rules.ts';

const ORIGIN = 'https://forum.example';
let app: TestApp;
let listed: Sample;
let fresh: Sample;

interface Sample {
  readonly bytes: Buffer<ArrayBuffer>;
  readonly sha256: string;
  readonly pictures: readonly { readonly form: string; readonly quality: number; readonly pdq: readonly string[] }[];
}

async function toSample(bytes: Buffer): Promise<Sample> {
  const { data, info } = await sharp(bytes).raw().toBuffer({ resolveWithObject: true });
  const { full } = pdqForms({ data: new Uint8Array(data), width: info.width, height: info.height, channels: 3 });
  return {
    bytes: Buffer.from(bytes),
    sha256: createHash('sha256').update(bytes).digest('hex'),
    pictures: [{ form: 'full', quality: full.quality, pdq: full.hashes }],
  };
}

function draw(seed: number): Sharp {
  const { data, width, height, channels } = generatePicture({ seed, width: 320, height: 240 });
  return sharp(data, { raw: { width, height, channels } });
}

beforeAll(async () => {
  app = await startTestApp({
    config: {
      permitsRequired: true,
      permitsFloorMs: 20,
      permitsPerTicket: 9,
      permitsPerSubjectHour: 24,
      surfaceOrigins: [ORIGIN],
      outboundAllow: ['127.0.0.1:9'],
    },
  });
  listed = await toSample(await draw(1).jpeg().toBuffer());
  fresh = await toSample(await draw(2).jpeg().toBuffer());
  const made = (await (await post(app.key, '/v1/lists', { name: 'Known', disposition: 'hold' })).json()) as { id: string };
  const body = `type,value\nsha256,${listed.sha256}\npdq,${listed.pictures[0]?.pdq[0]}\n`;
  const init = { method: 'POST', body, headers: { 'content-type': 'application/octet-stream' } };
  expect((await app.call(`/v1/lists/${made.id}/import?format=csv`, init)).status).toBe(200);
});
afterAll(() => app.stop());

let ticket: string;
let tests = 0;
beforeEach(async () => {
  ticket = await takeTicket({ subject: `someone ${(tests += 1)}` });
});

const post = (key: string, path: string, value: unknown): Promise<Response> =>
  fetch(`${app.url}${path}`, { method: 'POST', body: JSON.stringify(value), headers: { authorization: `Bearer ${key}`, 'content-type': 'application/json' } });

async function takeTicket(changed: object = {}): Promise<string> {
  const reply = await post(app.key, '/v1/tickets', { subject: 'someone', maxUploads: 5, maxBytes: 10_000_000, minutes: 5, ...changed });
  expect(reply.status).toBe(201);
  return ((await reply.json()) as { ticket: string }).ticket;
}

const question = ({ sha256, bytes, pictures }: Sample): object => ({ sha256, sizeBytes: bytes.length, pictures, clientVersion: 'test' });

async function ask(sample: Sample, key = ticket): Promise<PermitReply> {
  const reply = await post(key, '/v1/permits', question(sample));
  expect(reply.status).toBe(200);
  return (await reply.json()) as PermitReply;
}

interface Sending {
  readonly permit?: string | null;
  readonly key?: string;
  /** Announced instead of the right one. */
  readonly sha256?: string;
}

function send({ bytes, sha256 }: Sample, { permit, key = ticket, sha256: announced = sha256 }: Sending = {}): Promise<Response> {
  return fetch(`${app.url}/v1/send?wait=30`, {
    method: 'POST',
    body: bytes,
    headers: {
      authorization: `Bearer ${key}`,
      'content-type': 'application/octet-stream',
      'content-digest': `sha-256=:${Buffer.from(announced, 'hex').toString('base64')}:`,
      ...(typeof permit === 'string' ? { 'gatehouse-permit': permit } : {}),
    },
  });
}

async function read(reply: Promise<Response>): Promise<Record<string, unknown> & { status: number }> {
  const response = await reply;
  return { ...((await response.json()) as object), status: response.status };
}

async function metric(name: string): Promise<number> {
  const text = await (await app.call('/metrics')).text();
  return Number(new RegExp(`^${name.replaceAll(/[{}"]/g, String.raw`\$&`)} (\\d+)`, 'm').exec(text)?.[1] ?? 0);
}

describe('a ticket', () => {
  it('sends and asks, and opens nothing else', async () => {
    for (const path of ['/v1/uploads', '/v1/lists', '/v1/keys', '/v1/age/evidence'])
      expect((await fetch(`${app.url}${path}`, { headers: { authorization: `Bearer ${ticket}` } })).status).toBe(403);
    expect((await post(ticket, '/v1/tickets', { subject: 'other', maxBytes: 1 })).status).toBe(403);
    expect((await post(ticket, '/v1/uploads', {})).status).toBe(403);
    expect((await post(ticket, '/v1/scan', {})).status).toBe(403);
  });

  it('ends when it is ended, and with the key that made it', async () => {
    const made = (await (await post(app.key, '/v1/tickets', { subject: 'a', maxBytes: 1000 })).json()) as { id: string; ticket: string };
    const status = async (key: string): Promise<number> => (await post(key, '/v1/permits', question(fresh))).status;
    expect(await status(made.ticket)).toBe(200);
    expect((await app.call(`/v1/tickets/${made.id}`, { method: 'DELETE' })).status).toBe(204);
    expect(await status(made.ticket)).toBe(401);
    const key = (await (await post(app.key, '/v1/keys', { name: 'site', rights: ['uploads:write'] })).json()) as { secret: string; key: { id: string } };
    const own = (await (await post(key.secret, '/v1/tickets', { subject: 'a', maxBytes: 1000 })).json()) as { id: string; ticket: string };
    expect(await status(own.ticket)).toBe(200);
    expect((await fetch(`${app.url}/v1/tickets/${made.id}`, { method: 'DELETE', headers: { authorization: `Bearer ${key.secret}` } })).status).toBe(404);
    await app.call(`/v1/keys/${key.key.id}`, { method: 'DELETE' });
    expect(await status(own.ticket)).toBe(401);
  });

  it('tells the service what becomes of its uploads, at the address that the service gave', async () => {
    const callbackUrl = 'https://127.0.0.1:9/gatehouse';
    expect((await post(app.key, '/v1/tickets', { subject: 'a', maxBytes: 1, callbackUrl: 'http://169.254.1.1/' })).status).toBe(422);
    const own = await takeTicket({ subject: 'a', callbackUrl });
    const sent = await read(send(fresh, { key: own, permit: (await ask(fresh, own)).permit }));
    await read(send(fresh, { permit: (await ask(fresh)).permit }));
    const { items } = (await (await app.call('/v1/callbacks')).json()) as { items: { uploadId: string; type: string; url: string }[] };
    expect(items).toMatchObject([{ uploadId: sent['id'], type: 'upload.decided', url: callbackUrl }]);
  });

  it('allows so many uploads of so many bytes', async () => {
    const one = await takeTicket({ maxUploads: 1 });
    expect(await read(send(fresh, { key: one, permit: (await ask(fresh, one)).permit }))).toMatchObject({ status: 200, state: 'released' });
    expect(await read(send(fresh, { key: one, permit: (await ask(fresh, one)).permit }))).toMatchObject({ status: 403, code: 'ticket_spent' });
    const small = await takeTicket({ maxBytes: 100 });
    const { permit } = await ask(fresh, small);
    expect(await read(send(fresh, { key: small, permit }))).toMatchObject({ status: 403, code: 'ticket_spent' });
  });
});

describe('a permit', () => {
  it('is given for what matches nothing, and the file is released with a receipt', async () => {
    const reply = await ask(fresh);
    expect(reply).toMatchObject({ permitted: true, message: 'This file can be sent.' });
    const sent = await read(send(fresh, { permit: reply.permit }));
    expect(sent).toMatchObject({ status: 200, state: 'released', message: 'The file was accepted.' });
    const check = (await (await post(app.key, '/v1/receipts/verify', { receipt: sent['receipt'], sha256: fresh.sha256 })).json()) as object;
    expect(check).toMatchObject({ valid: true, isContentChecked: true });
  });

  it('is not given for a listed picture, a copy of it, or one that says too little; the answers look alike', async () => {
    const copy = await toSample(await draw(1).rotate(90).resize(200, 267).jpeg({ quality: 60 }).toBuffer());
    const flat = await toSample(
      await sharp({ create: { width: 300, height: 300, channels: 3, background: '#777' } })
        .png()
        .toBuffer(),
    );
    const replies = [];
    for (const sample of [fresh, listed, copy, { ...listed, pictures: [] }, flat]) replies.push(await post(ticket, '/v1/permits', question(sample)));
    const texts = await Promise.all(replies.map((reply) => reply.text()));
    const parsed = texts.map((text) => JSON.parse(text) as PermitReply);
    expect(parsed.map(({ permitted }) => permitted)).toEqual([true, false, false, false, false]);
    expect(new Set(texts.map((text) => text.length))).toEqual(new Set([REPLY_BYTES]));
    expect(new Set(parsed.map((reply) => Object.keys(reply).join()))).toHaveLength(1);
    expect(new Set(replies.map(({ headers }) => [...headers.keys()].join()))).toHaveLength(1);
    expect(replies[0]?.headers.get('cache-control')).toBe('no-store, no-transform');
    for (const { reference, ...reply } of parsed.slice(1))
      expect(reply).toEqual({ permitted: false, permit: null, expiresAt: null, message: `This file cannot be sent. Reference ${reference}.` });
  });

  it('is given for what a browser cannot decode: the gate decides', async () => {
    expect(await ask({ ...fresh, pictures: [] })).toMatchObject({ permitted: true });
  });

  it('is needed, once, for exactly these bytes, by the same ticket, in time', async () => {
    expect(await read(send(fresh))).toMatchObject({ status: 422, code: 'permit_invalid' });
    const { permit } = await ask(fresh);
    expect(await read(send(listed, { permit }))).toMatchObject({ status: 422, code: 'permit_invalid' });
    expect(await read(send(fresh, { permit, key: await takeTicket({ subject: 'somebody else' }) }))).toMatchObject({ status: 422, code: 'permit_invalid' });
    expect(await read(send(fresh, { permit: permit?.replace(/.$/, (last) => (last === '0' ? '1' : '0')) ?? '' }))).toMatchObject({
      status: 422,
      code: 'permit_invalid',
    });
    expect(await read(send(fresh, { permit }))).toMatchObject({ status: 200, state: 'released' });
    expect(await read(send(fresh, { permit }))).toMatchObject({ status: 422, code: 'permit_invalid' });
  });

  it('is not used up by what is no sending of it, and the answer says what is wrong', async () => {
    const { permit } = await ask(fresh);
    const headers = { authorization: `Bearer ${ticket}`, 'gatehouse-permit': permit ?? '' };
    const sendRaw = (body: BodyInit): Promise<Response> => fetch(`${app.url}/v1/send`, { method: 'POST', body, headers });
    expect(await read(sendRaw(fresh.bytes))).toMatchObject({ status: 422, code: 'permit_invalid', detail: expect.stringContaining('Content-Digest') });
    const form = new FormData();
    form.set('file', new Blob([fresh.bytes]), 'a.jpg');
    expect(await read(sendRaw(form))).toMatchObject({ status: 415, code: 'unsupported_media_type' });
    expect(await read(send(fresh, { permit }))).toMatchObject({ status: 200, state: 'released' });
  });

  it('does not let other bytes in under an announced digest', async () => {
    const { permit } = await ask(fresh);
    const swapped = {
      ...listed,
      bytes: Buffer.concat([listed.bytes, Buffer.alloc(Math.max(0, fresh.bytes.length - listed.bytes.length))]).subarray(0, fresh.bytes.length),
    };
    expect(await read(send(swapped, { permit, sha256: fresh.sha256 }))).toMatchObject({ status: 422, code: 'digest_mismatch' });
    // Whole bytes came, and other ones: neither the permit nor the room on the ticket comes back.
    expect(await read(send(fresh, { permit }))).toMatchObject({ status: 422, code: 'permit_invalid' });
  });

  it('from a device that lied does not help: the gate finds the match, and it is counted', async () => {
    const before = await metric('gatehouse_permits_contradicted_total');
    const copy = await toSample(await draw(1).jpeg({ quality: 50 }).toBuffer());
    const { permit } = await ask({ ...copy, pictures: fresh.pictures });
    expect(permit).toEqual(expect.any(String));
    const sent = await read(send(copy, { permit }));
    expect(sent).toMatchObject({ status: 200, state: 'not_released' });
    expect(sent['receipt']).toBeUndefined();
    expect(JSON.stringify(sent)).not.toMatch(/match|held|Known/);
    expect(await metric('gatehouse_permits_contradicted_total')).toBe(before + 1);
  });

  it('is asked for so many times, and a "no" counts twice', async () => {
    const replies = [];
    for (const sample of [listed, listed, listed, listed, fresh, fresh]) replies.push((await ask(sample)).permitted);
    // Twice four and one of nine, then none.
    expect(replies).toEqual([false, false, false, false, true, false]);
  });

  it('costs as many questions as pictures are asked about in one', async () => {
    const others = await Promise.all(
      [11, 12, 13, 14, 15, 16, 17].map(async (seed) => (await toSample(await draw(seed).jpeg().toBuffer())).pictures[0]?.pdq[0] ?? ''),
    );
    const eight = { ...fresh, pictures: [{ form: 'full', quality: 100, pdq: [fresh.pictures[0]?.pdq[0] ?? '', ...others] }] };
    // Eight of nine, then the ninth.
    expect([(await ask(eight)).permitted, (await ask(fresh)).permitted, (await ask(fresh)).permitted]).toEqual([true, true, false]);
    // Ten of nine.
    const own = await takeTicket({ subject: 'in a hurry' });
    const ten = {
      ...eight,
      pictures: [...eight.pictures, { form: 'full', quality: 100, pdq: listed.pictures[0]?.pdq ?? [] }, { form: 'full', quality: 100, pdq: ['0f'.repeat(32)] }],
    };
    const deniedBefore = await metric('gatehouse_permits_total{outcome="denied"}');
    expect((await ask(ten, own)).permitted).toBe(false);
    expect(await metric('gatehouse_permits_total{outcome="denied"}')).toBe(deniedBefore);
  });

  it('costs the same when many are asked for at once', async () => {
    const deniedBefore = await metric('gatehouse_permits_total{outcome="denied"}');
    const replies = await Promise.all(Array.from({ length: 12 }, () => ask(listed)));
    expect(replies.map(({ permitted }) => permitted)).not.toContain(true);
    // Five of nine: what was not looked at is counted as such.
    expect(await metric('gatehouse_permits_total{outcome="denied"}')).toBe(deniedBefore + 5);
  });

  it('counts over all tickets of one end user, and not over others', async () => {
    const other = await takeTicket({ subject: 'other' });
    for (let round = 0; round < 12; round++) await ask(listed, await takeTicket({ subject: 'eager' }));
    expect((await ask(fresh, await takeTicket({ subject: 'eager' }))).permitted).toBe(false);
    expect((await ask(fresh, other)).permitted).toBe(true);
  });
});

describe('an outcome', () => {
  it('is for whoever sent it, and for nobody else', async () => {
    const { permit } = await ask(fresh);
    const sent = (await read(send(fresh, { permit }))) as unknown as Outcome;
    const get = (key: string): Promise<Response> => fetch(`${app.url}/v1/outcomes/${sent.id}?wait=1`, { headers: { authorization: `Bearer ${key}` } });
    expect(await read(get(ticket))).toMatchObject({ status: 200, state: 'released', receipt: expect.any(String) });
    // A decision can take longer than a ticket lasts.
    expect(await read(get(await takeTicket({ subject: `someone ${tests}` })))).toMatchObject({ status: 200, state: 'released' });
    expect((await get(await takeTicket({ subject: 'somebody else' }))).status).toBe(404);
    expect((await get(app.key)).status).toBe(404);
  });
});

describe('pages of other origins', () => {
  const preflight = (origin: string, path = '/v1/permits'): Promise<Response> =>
    fetch(`${app.url}${path}`, {
      method: 'OPTIONS',
      headers: { origin, 'access-control-request-method': 'POST', 'access-control-request-headers': 'authorization' },
    });

  it('may ask and send when the operator named them, without cookies', async () => {
    const allowed = await preflight(ORIGIN);
    expect([allowed.status, allowed.headers.get('access-control-allow-origin'), allowed.headers.get('access-control-allow-credentials')]).toEqual([
      204,
      ORIGIN,
      null,
    ]);
    expect(allowed.headers.get('access-control-allow-headers')).toContain('gatehouse-permit');
    const asked = await fetch(`${app.url}/v1/outcomes/upl_${'0'.repeat(26)}`, { headers: { origin: ORIGIN, authorization: `Bearer ${ticket}` } });
    expect([asked.status, asked.headers.get('access-control-allow-origin')]).toEqual([404, ORIGIN]);
  });

  it('may not otherwise', async () => {
    for (const [origin, path] of [
      ['https://other.example', '/v1/permits'],
      [`${ORIGIN}.evil.example`, '/v1/permits'],
      ['null', '/v1/send'],
      [ORIGIN, '/v1/keys'],
      [ORIGIN, '/v1/tickets'],
    ] as const)
      expect((await preflight(origin, path)).headers.get('access-control-allow-origin')).toBeNull();
  });
});

it('gives no permit, and says so, when no list can answer', async () => {
  const { lists } = (await (await app.call('/v1/lists')).json()) as { lists: { id: string }[] };
  for (const { id } of lists)
    expect(
      (await app.call(`/v1/lists/${id}/disable`, { method: 'POST', body: '{"reason":"test"}', headers: { 'content-type': 'application/json' } })).status,
    ).toBeLessThan(300);
  const reply = await post(ticket, '/v1/permits', question(fresh));
  expect([reply.status, ((await reply.json()) as { code: string }).code]).toEqual([503, 'lists_unavailable']);
});
