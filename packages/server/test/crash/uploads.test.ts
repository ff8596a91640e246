/**
 * The whole server is killed (SIGKILL) at random points of 200 uploads, and started again. Whatever was acknowledged must be there with its
 * digest and end decided; nothing may be fetched without a receipt that verifies. Real HTTP, embedded PostgreSQL, real decoders. Run alone:
 * `npx tsc -b && npx vitest run --config vitest.slow.config.ts packages/server/test/crash/uploads.test.ts`
 */
import { spawn, type ChildProcess } from 'node:child_process';
import { createHash } from 'node:crypto';
import { chmod, mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import sharp from 'sharp';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { z } from 'zod';
import { JwksSchema, UploadViewSchema, verifyReceiptOffline, type UploadView } from '../../src/intake/index.ts';
import { createApiClient } from '../../src/platform/cli/api.ts';
import { childEnvironment } from '../../src/platform/config.ts';
import { resolveEntry } from '../../src/platform/entry.ts';
import { controlSocketPath } from '../../src/platform/http/server.ts';
import { ALL_RIGHTS } from '../../src/platform/http/rights.ts';
import { generatePicture } from '../support/pictures.ts';

const UPLOADS = 200;
const KILLS = 10;
const SENDERS = 6;
/** Every so many contents: on the list, not a picture. */
const LISTED_EVERY = 7;
const BROKEN_EVERY = 11;
const DECIDED: readonly string[] = ['released', 'held', 'refused'];

interface Content {
  readonly bytes: Buffer;
  readonly sha256: string;
  readonly expected: 'released' | 'held';
}

interface Server {
  readonly child: ChildProcess;
  readonly url: string;
  readonly exited: Promise<void>;
}

const seed = Number(process.env['GATEHOUSE_TEST_SEED'] ?? Math.floor(Math.random() * 2 ** 31));
let state = seed;
/** mulberry32: a failure can be repeated with its seed. */
function random(): number {
  state = (state + 0x6d2b79f5) | 0;
  let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
  mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
  return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
}
const sleep = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));
const digest = (name: string, bytes: Uint8Array): string => createHash(name).update(bytes).digest('hex');

let dataDir = '';
let contents: Content[] = [];
let key = '';
let running: Server | undefined;
/** Resolves with the server that answers now. */
let ready: Promise<Server>;
const log: string[] = [];

async function draw(index: number): Promise<Content> {
  const isBroken = index % BROKEN_EVERY === 5;
  const picture = isBroken ? undefined : generatePicture({ seed: index + 1, width: 160, height: 120 });
  const bytes =
    picture === undefined
      ? Buffer.from(`not a picture ${index}`)
      : await sharp(picture.data, { raw: { width: 160, height: 120, channels: 3 } })
          .jpeg()
          .toBuffer();
  return { bytes, sha256: digest('sha256', bytes), expected: isBroken || isListed(index) ? 'held' : 'released' };
}

function isListed(index: number): boolean {
  return index % LISTED_EVERY === 3;
}

async function launch(): Promise<Server> {
  const child = spawn(process.execPath, [resolveEntry('cli'), 'serve', '--json'], {
    stdio: ['ignore', 'pipe', 'pipe'],
    env: {
      ...childEnvironment(),
      GATEHOUSE_DATA_DIR: dataDir,
      GATEHOUSE_PORT: '0',
      GATEHOUSE_REQUESTS_PER_MINUTE: '1000000',
      GATEHOUSE_LOG_LEVEL: 'warn',
      GATEHOUSE_DECODE_PROCESSES: '2',
      GATEHOUSE_ON_LOW_QUALITY: 'hold',
    },
  });
  const exited = new Promise<void>((resolve) => void child.once('exit', () => resolve()));
  child.stderr.on('data', (chunk: Buffer) => void log.push(chunk.toString()));
  const url = await new Promise<string>((resolve, reject) => {
    createInterface({ input: child.stdout }).once('line', (line) => resolve(z.object({ url: z.string() }).parse(JSON.parse(line)).url));
    void exited.then(() => reject(new Error(`the server did not start:\n${log.slice(-20).join('')}`)));
  });
  running = { child, url, exited };
  return running;
}

async function call(path: string, init: RequestInit = {}): Promise<Response> {
  const { url } = await ready;
  return fetch(new URL(path, url), { ...init, headers: { authorization: `Bearer ${key}`, ...Object.fromEntries(new Headers(init.headers)) } });
}

beforeAll(async () => {
  dataDir = await mkdtemp(join(tmpdir(), 'gatehouse-uploads-'));
  // Started as root, PostgreSQL runs as another user, who must be able to reach its folder.
  await chmod(dataDir, 0o711);
  contents = await Promise.all(Array.from({ length: UPLOADS }, (_none, index) => draw(index)));
  ready = launch();
  await ready;
  const api = createApiClient({ socketPath: controlSocketPath(dataDir) });
  key = z
    .object({ secret: z.string() })
    .parse((await api.send({ method: 'POST', path: '/v1/keys', json: { name: 'crash test', rights: ALL_RIGHTS } })).body).secret;
  const list = z.object({ id: z.string() }).parse((await api.send({ method: 'POST', path: '/v1/lists', json: { name: 'crash test' } })).body);
  const entries = contents.flatMap(({ bytes }, index) => (isListed(index) ? [{ signal: 'md5', value: digest('md5', bytes) }] : []));
  await api.send({ method: 'POST', path: `/v1/lists/${list.id}/entries`, json: { entries } });
  await api.close();
});

afterAll(async () => {
  running?.child.kill('SIGKILL');
  await running?.exited;
  // The embedded PostgreSQL of a killed server ends by itself; its folder can be removed when it has.
  for (let tries = 0; tries < 50; tries++) {
    try {
      await rm(dataDir, { recursive: true, force: true });
      break;
    } catch {
      await sleep(200);
    }
  }
});

interface Acknowledged {
  readonly view: UploadView;
  readonly content: Content;
}

/** Sends one content until it is acknowledged, through however many kills; `null` where the connection broke. */
async function sendOne(index: number, onStart: () => void): Promise<Acknowledged> {
  const content = contents[index];
  if (content === undefined) throw new RangeError('no such content');
  for (;;) {
    try {
      const created = await call('/v1/uploads', {
        method: 'POST',
        body: JSON.stringify({ reference: `content ${index}` }),
        headers: { 'content-type': 'application/json', 'idempotency-key': `content-${index}` },
      });
      if (created.status !== 201) throw new TypeError(`not created: ${created.status}`);
      const { links } = UploadViewSchema.parse(await created.json());
      onStart();
      const sent = await call(`${links.content}?wait=${random() < 0.5 ? 0 : 20}`, {
        method: 'PUT',
        body: toBody(content.bytes),
        duplex: 'half',
      } as RequestInit);
      if (sent.status !== 200 && sent.status !== 202) throw new TypeError(`not acknowledged: ${sent.status} ${await sent.text()}`);
      return { view: UploadViewSchema.parse(await sent.json()), content };
    } catch (error) {
      // fetch and a body that breaks off throw TypeError; anything else is a fault of the server or of this test.
      if (!(error instanceof TypeError || (error instanceof Error && error.name === 'SyntaxError'))) throw error;
      await sleep(20);
    }
  }
}

/** In two parts with a pause, so that kills fall into the middle of a content, too. */
function toBody(bytes: Buffer): ReadableStream<Uint8Array> {
  const middle = Math.floor(bytes.length * random());
  const pauseMs = random() * 30;
  return new ReadableStream({
    async start(controller) {
      controller.enqueue(new Uint8Array(bytes.subarray(0, middle)));
      await sleep(pauseMs);
      controller.enqueue(new Uint8Array(bytes.subarray(middle)));
      controller.close();
    },
  });
}

/** What may be fetched must carry a receipt over exactly these bytes. @returns true when it could be fetched */
async function checkContent(id: string): Promise<boolean> {
  const response = await call(`/v1/uploads/${id}/content`);
  if (response.status !== 200) return false;
  const bytes = Buffer.from(await response.arrayBuffer());
  const view = UploadViewSchema.parse(await (await call(`/v1/uploads/${id}`)).json());
  const jwks = JwksSchema.parse(await (await call('/.well-known/gatehouse-receipts.json')).json());
  const check = await verifyReceiptOffline(view.receipt ?? '', jwks, { sha256: digest('sha256', bytes), size: bytes.length, now: new Date() });
  expect(check, `upload ${id}, seed ${seed}`).toMatchObject({ valid: true, isContentChecked: true, claims: { sub: id } });
  return true;
}

describe('200 uploads through kills', () => {
  it(`lose nothing that was acknowledged and release nothing without a receipt (seed ${seed})`, async () => {
    const acknowledged = new Map<number, Acknowledged>();
    const share = Math.ceil(UPLOADS / (KILLS + 1));
    let round = 0;
    let started = 0;
    let next = 0;
    let isOver = false;
    const send = async (): Promise<void> => {
      while (next < UPLOADS) {
        // Each round has its share, so that every kill meets uploads under way.
        if (next >= (round + 1) * share) {
          await sleep(10);
          continue;
        }
        const index = next++;
        acknowledged.set(index, await sendOne(index, () => (started += 1)));
      }
    };
    const kill = async (): Promise<void> => {
      for (let count = 0; count < KILLS; count++) {
        const at = round * share + 1 + Math.floor(random() * share * 0.8);
        while (started < at && next < UPLOADS) await sleep(2);
        await sleep(random() * 60);
        const server = await ready;
        let goOn = (_server: Server): void => undefined;
        ready = new Promise((resolve) => {
          goOn = resolve;
        });
        server.child.kill('SIGKILL');
        await server.exited;
        goOn(await launch());
        round += 1;
      }
    };
    const watch = async (): Promise<void> => {
      while (!isOver) {
        const views = [...acknowledged.values()];
        const one = views[Math.floor(random() * views.length)];
        // Connections break while the server is killed; what was fetched whole is what counts.
        try {
          if (one !== undefined) await checkContent(one.view.id);
        } catch (error) {
          if (!(error instanceof TypeError)) throw error;
        }
        await sleep(15);
      }
    };
    const watching = watch();
    await Promise.all([kill(), ...Array.from({ length: SENDERS }, send)]);
    isOver = true;
    await watching;

    expect(acknowledged.size).toBe(UPLOADS);
    let released = 0;
    for (const [index, { view, content }] of acknowledged) {
      const now = UploadViewSchema.parse(await (await call(`/v1/uploads/${view.id}?wait=60`)).json());
      const about = `content ${index}, seed ${seed}: ${JSON.stringify({ ...now, receipt: undefined })}`;
      expect([now.sha256, now.sizeBytes], about).toEqual([content.sha256, content.bytes.length]);
      expect(DECIDED, about).toContain(now.state);
      expect(now.state, about).toBe(content.expected);
      expect(await checkContent(view.id), about).toBe(now.state === 'released');
      // A verdict that was told before a kill is the verdict after it.
      if (DECIDED.includes(view.state)) expect([now.state, now.receipt], about).toEqual([view.state, view.receipt]);
      if (now.state === 'released') released += 1;
    }
    expect(released).toBe(contents.filter(({ expected }) => expected === 'released').length);
    expect(await readdir(join(dataDir, 'spool'))).toEqual([]);
    const server = await ready;
    server.child.kill('SIGTERM');
    await server.exited;
    expect(server.child.exitCode).toBe(0);
  }, 240_000);
});
